import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { diagnosticCodes } from "../../access/diagnostic.ts";
import { jsonSchemas } from "../../access/schema.ts";
import { desired } from "../access/support.ts";

const readme = readFileSync("README.md", "utf8");

/** The fenced block after a text. */
function blockAfter(text: string, mark: string): string {
  const [, block] = /```\w*\n([\s\S]*?)\n```/.exec(text.slice(text.indexOf(mark))) ?? [];
  assert.ok(block, `a block after ${mark}`);
  return block;
}

test("the README's matrix is what the command prints", () => {
  const printed = execFileSync(process.execPath, ["bin/access.ts", "matrix", "--date", "2026-11-23"], {
    encoding: "utf8",
  });
  assert.equal(blockAfter(readme, "<!-- matrix"), printed.trimEnd());
});

test("the README's grant is valid", () => {
  const grant = blockAfter(readme, "## Grant access");
  assert.equal(grant.split("\n").length, 6);
  const { workspaces } = desired({
    "users/dave.yaml": "username: dave\nemail: dave@example.com\n",
    "workspaces/team-d.yaml": `${grant}\n`,
  });
  assert.equal(workspaces.get("team-d")?.value.members[0]?.user, "dave");
});

test("every error code is documented, and no other", () => {
  const [, page = ""] = readFileSync("docs/desired-state.md", "utf8").split("## Error codes");
  const documented = [...page.matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, code]) => code);
  assert.deepEqual(documented, Object.keys(diagnosticCodes));
});

test("every key of every file is documented", () => {
  const page = readFileSync("docs/desired-state.md", "utf8");
  for (const [kind, schema] of Object.entries(jsonSchemas())) {
    const variants = (schema as { oneOf?: { properties: object }[] }).oneOf ?? [schema as { properties: object }];
    for (const key of variants.flatMap(({ properties }) => Object.keys(properties))) {
      assert.match(page, new RegExp(`^\\| \`${key}\``, "m"), `${kind}: ${key}`);
    }
  }
});

const pages = ["README.md", ...readdirSync("docs").map((page) => join("docs", page))];

test("links between documents lead somewhere", () => {
  for (const page of pages) {
    for (const [, target = ""] of readFileSync(page, "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(existsSync(join(dirname(page), target)), `${page}: ${target}`);
    }
  }
});

test("the project's files that documents name are there", () => {
  const named = pages.flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(/`((?:access|bin|components|live|sandbox|test)\/[^`]*)`/g)].map(
      ([, path = ""]) => ({ page, path }),
    ),
  );
  assert.ok(named.length > 30, `${named.length} are named`);
  const tests = named.filter(({ page, path }) => page === join("docs", "threat-model.md") && path.startsWith("test/"));
  assert.ok(new Set(tests.map(({ path }) => path)).size > 10, "the threat model names the tests that hold it");
  // Modules may stand without their ending, tests not.
  const isThere = (path: string) => existsSync(path) || (!path.startsWith("test/") && existsSync(`${path}.ts`));
  assert.deepEqual(
    named.filter(({ path }) => !isThere(path)),
    [],
  );
});
