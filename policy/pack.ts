import { PolicyPack } from "@pulumi/policy";
import { configurationProblems } from "./levels.ts";
import { resourceRules, stackRules } from "./rules/all.ts";

const policies = [...resourceRules, ...stackRules];

const problems = configurationProblems(import.meta.dirname, policies);
if (problems.length > 0) {
  process.stderr.write(`The policy pack does not start:\n${problems.map((problem) => `  ${problem}\n`).join("")}`);
  process.exit(1);
}

/**
 * A second line of defence: what must hold whatever the program does, said by rules that look at the resources alone.
 * `pulumi preview --policy-pack policy --policy-pack-config policy/<stack>.json`
 */
new PolicyPack("prokube-access", {
  // Without it findings would be remarks.
  enforcementLevel: "mandatory",
  policies,
});
