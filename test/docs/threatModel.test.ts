import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const page = readFileSync("docs/threat-model.md", "utf8");

test("it names every secret and variable of the workflows, and no other", () => {
  const folder = join(".github", "workflows");
  const workflows = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  const used = (kind: string) =>
    new Set(
      workflows.flatMap((text) => [...text.matchAll(new RegExp(`${kind}\\.([A-Z_]+)`, "g"))].map(([, name]) => name)),
    );
  const [, table = ""] = /\| secrets \| variables \|\n.*\n((?:\|.*\n)+)/.exec(page) ?? [];
  const columns = table
    .trimEnd()
    .split("\n")
    .map((row) => row.split("|").slice(1, 3));
  const named = (column: number) =>
    new Set(columns.flatMap((row) => [...(row[column] ?? "").matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name)));
  assert.deepEqual([...named(0)].toSorted(), [...used("secrets")].toSorted());
  assert.deepEqual([...named(1)].toSorted(), [...used("vars")].toSorted());
});
