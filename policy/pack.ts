import { PolicyPack } from "@pulumi/policy";
import { resourceRules, stackRules } from "./rules/all.ts";

/**
 * A second line of defence: what must hold whatever the program does, said by rules that look at the resources alone.
 * `pulumi preview --policy-pack policy --policy-pack-config policy/<stack>.json`
 */
new PolicyPack("prokube-access", {
  // Without it findings would be remarks.
  enforcementLevel: "mandatory",
  policies: [...resourceRules, ...stackRules],
});
