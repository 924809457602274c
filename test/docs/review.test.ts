import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { renderComment } from "../../access/comment.ts";
import { loadDesiredState, parseDesiredState, readSources } from "../../access/load.ts";
import { review } from "../../access/review.ts";

const readme = readFileSync("README.md", "utf8");
const page = readFileSync("docs/review.md", "utf8");

test("the commands that the documents show print what they show", () => {
  const shown = [readme, page].flatMap((text) => [
    ...text.matchAll(/```\n\$ node (bin\/access\.ts .*)\n([\s\S]*?)\n```/g),
  ]);
  assert.ok(shown.length >= 2);
  for (const [, command = "", output] of shown) {
    const printed = execFileSync(process.execPath, command.split(" "), { encoding: "utf8" });
    assert.equal(printed.trimEnd(), output, command);
  }
});

test("the README's comment is made from stack dev with team-b changed", () => {
  const texts = readSources("stacks/dev");
  const teamB = (texts.get("workspaces/team-b.yaml") ?? "").replace("role: view", "role: edit");
  const members = (texts.get("groups/data-science.yaml") ?? "").replace(/members: \[(.*?)\]/, "members: [$1, dave]");
  const changed = new Map([...texts, ["workspaces/team-b.yaml", teamB], ["groups/data-science.yaml", members]]);
  const found = review(loadDesiredState("stacks/dev"), parseDesiredState("stacks/dev", changed), "2026-11-23");
  const [, block] = /<!-- comment:.*?-->\n([\s\S]*?)\n<!-- end of comment -->/.exec(readme) ?? [];
  assert.equal(block, renderComment({ stack: "dev", review: found }).trimEnd());
});
