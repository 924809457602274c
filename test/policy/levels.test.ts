import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, suite, test } from "node:test";
import { configurationProblems } from "../../policy/levels.ts";
import { resourceRules, stackRules } from "../../policy/rules/all.ts";

const rules = [...resourceRules, ...stackRules];
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), "prokube-policy-"));
  folders.push(folder);
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(folder, file), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

const problems = (config: unknown) => configurationProblems(folderWith({ "x.json": config }), rules);

test("no configuration of the repository switches off what must hold", () => {
  assert.deepEqual(configurationProblems("policy", rules), []);
});

suite("a configuration that switches off what must hold is refused", () => {
  const cases: readonly (readonly [what: string, config: unknown, message: RegExp])[] = [
    ["every rule", { all: "disabled" }, /policy\/x\.json: "all" sets the level of every rule/],
    ["every rule, as an object", { all: { enforcementLevel: "advisory" } }, /"all" sets the level/],
    ["every rule, to remarks", { all: "advisory" }, /"all" sets the level/],
    ["the last exception", { all: "mandatory" }, /"all" sets the level/],
    ["one rule", { "role-bindings": "disabled" }, /role-bindings is "disabled"; allowed is "mandatory"/],
    ["one rule, to remarks", { "role-bindings": "advisory" }, /role-bindings is "advisory"/],
    ["one rule beside its values", { sources: { trusted: [], enforcementLevel: "disabled" } }, /sources is "disabled"/],
    ["the rule that needs another level", { "secrets-are-marked": "mandatory" }, /allowed is "remediate"/],
    ["a rule of a name that is none", { "role-binding": "mandatory" }, /"role-binding" is no rule of this pack/],
    ["a level that is null", { "role-bindings": null }, /role-bindings is null/],
    ["no JSON", "{", /it is not JSON/],
    ["a list", "[]", /it is no object of rules/],
    ["nothing", "null", /it is no object of rules/],
    [
      "what stands before addresses, for one rule alone",
      { "network-policies": { userIdPrefix: "x:" } },
      /have different values of userIdPrefix/,
    ],
  ];
  for (const [what, config, message] of cases) {
    test(what, () => {
      assert.match(problems(config).join("\n"), message);
    });
  }
});

test("a configuration may set values, the levels that rules have anyway, and what environments may do without", () => {
  assert.deepEqual(
    problems({
      "owner-unchanged": { owner: "a@example.com", enforcementLevel: "mandatory", userIdPrefix: "x:" },
      "network-policies": { userIdPrefix: "x:" },
      "secrets-are-marked": "remediate",
      "viewers-without-notebooks": "disabled",
      "storage-grants-expire": "advisory",
      size: "mandatory",
    }),
    [],
  );
});

test("the pack does not start beside such a configuration, and says why", () => {
  const folder = folderWith({});
  const pack = join(folder, "policy");
  mkdirSync(pack);
  cpSync("policy", pack, { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  writeFileSync(join(pack, "dev.json"), '{ "all": "disabled" }');
  const { status, stderr, stdout } = spawnSync(process.execPath, ["index.js"], { cwd: pack, encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /^The policy pack does not start:\n {2}policy\/dev\.json: "all" sets the level of every rule\./);
  assert.doesNotMatch(stderr, / at .*\.ts:/);
  assert.equal(stdout, "");
});
