import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shellExports } from "../../sandbox/environment.ts";

test("a shell reads back exactly what was exported", () => {
  const hostile = `it's "quoted" $HOME \`id\` \\ ; #`;
  const script = `${shellExports({ PROBE: hostile, OTHER: "second" })}\nprintf '%s|%s' "$PROBE" "$OTHER"`;
  assert.equal(execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" }), `${hostile}|second`);
});
