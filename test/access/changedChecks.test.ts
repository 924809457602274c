import assert from "node:assert/strict";
import { test } from "node:test";
import { changedChecks } from "../../access/changedChecks.ts";

for (const path of [
  "policy/prod.json",
  "policy/rules/resources.ts",
  ".github/workflows/preview.yml",
  ".github/CODEOWNERS",
  "Makefile",
  "components/user.ts",
  "access/review.ts",
  "live/acts.ts",
  "bin/preview.ts",
  "index.ts",
  "package.json",
  "package-lock.json",
  ".npmrc",
  "Pulumi.yaml",
  "stacks/Pulumi.prod.yaml",
  "something-new/x.ts",
]) {
  test(`a change of ${path} is told`, () => {
    assert.deepEqual(changedChecks([path]), [`the checks themselves change: ${path}`]);
  });
}

for (const path of [
  "stacks/prod/users/alice.yaml",
  "stacks/schema/users.json",
  "docs/review.md",
  "README.md",
  "test/access/review.test.ts",
  "sandbox/main.ts",
  ".gitignore",
]) {
  test(`a change of ${path} is not`, () => {
    assert.deepEqual(changedChecks([path]), []);
  });
}

test("rules and workflows are named before the program, ten at most, and the rest is counted", () => {
  const program = Array.from({ length: 20 }, (_, index) => `access/file-${String(index).padStart(2, "0")}.ts`);
  const [text = "", ...more] = changedChecks([...program, "policy/dev.json", "policy/dev.json", ".github/CODEOWNERS"]);
  assert.deepEqual(more, []);
  assert.match(text, /^the checks themselves change: policy\/dev\.json, \.github\/CODEOWNERS, access\/file-00\.ts, /);
  assert.match(text, /, access\/file-07\.ts and 12 more in access$/);
});
