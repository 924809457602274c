import type { ldap } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";
import { mapper, shared } from "./mapper.ts";

type State = Unwrap<ldap.MsadUserAccountControlMapperArgs>;

const hints = "ldap.password.policy.hints.enabled";

const schema = {
  ...shared,
  ldapPasswordPolicyHintsEnabled: { type: "boolean", default: false },
} satisfies Record<keyof ldap.MsadUserAccountControlMapperArgs, Property>;

/** Understands whether an account of Active Directory is enabled. */
export const msadUserAccountControlMapper = mapper<State>({
  schema,
  providerId: "msad-user-account-control-mapper",
  toConfig: (plan) => ({ [hints]: String(plan.ldapPasswordPolicyHintsEnabled ?? false) }),
  fromConfig: (config) => ({ ldapPasswordPolicyHintsEnabled: config[hints] === "true" }),
});
