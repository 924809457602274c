import type { HardcodedGroupIdentityProviderMapperArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";
import { identityProviderMapper, shared } from "./mapper.ts";

type State = Unwrap<HardcodedGroupIdentityProviderMapperArgs>;

const schema = {
  ...shared,
  group: { type: "string" },
} satisfies Record<keyof HardcodedGroupIdentityProviderMapperArgs, Property>;

/** Puts everybody who comes from the identity provider into a group. */
export const hardcodedGroupIdentityProviderMapper = identityProviderMapper<State>({
  schema,
  describe: (_, plan) => ({ mapper: "oidc-hardcoded-group-idp-mapper", config: { group: plan.group ?? "" } }),
  fromServer: (config) => ({ group: config["group"] ?? "" }),
});
