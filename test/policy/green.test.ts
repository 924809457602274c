import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { resourceRules, stackRules } from "../../policy/rules/all.ts";
import { knownTypes } from "../../policy/rules/resources.ts";
import { configured, judge, judgeStack, type Recorded, recorded, wide, wideConfig } from "./support.ts";

const stacks: Readonly<Record<string, readonly Recorded[]>> = {
  dev: recorded("dev"),
  prod: recorded("prod"),
  wide: recorded("wide", wide),
};

for (const [stack, resources] of Object.entries(stacks)) {
  const configOf = (rule: string) =>
    stack === "wide" ? (wideConfig[rule] ?? configured("dev", rule)) : configured(stack, rule);
  suite(`what the program makes of stack ${stack} breaks no rule`, () => {
    for (const rule of resourceRules) {
      test(rule.name, async () => {
        for (const resource of resources) assert.deepEqual(await judge(rule, resource, configOf(rule.name)), []);
      });
    }
    for (const rule of stackRules) {
      // Two rules are for prod alone.
      const isStrict = ["viewers-without-notebooks", "storage-grants-expire"].includes(rule.name);
      test(rule.name, { skip: isStrict && stack !== "prod" }, async () => {
        assert.deepEqual(await judgeStack(rule, resources, configOf(rule.name)), []);
      });
    }
  });
}

test("the list of known types has no type that no stack uses", () => {
  const used = new Set(Object.values(stacks).flatMap((resources) => resources.map(({ type }) => type)));
  assert.deepEqual(
    knownTypes.filter((type) => !used.has(type)),
    [],
  );
});

test("every rule says what it is about, how bad it is and what to do, and no two are called alike", () => {
  const rules = [...resourceRules, ...stackRules];
  assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
  for (const { name, description, severity, remediationSteps } of rules) {
    assert.match(name, /^[a-z0-9-]+$/);
    assert.match(description, /\.$/, name);
    assert.ok(severity, name);
    assert.ok(remediationSteps, name);
  }
});
