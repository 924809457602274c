import type { CustomIdentityProviderMappingArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";
import { identityProviderMapper, shared } from "./mapper.ts";

type State = Unwrap<CustomIdentityProviderMappingArgs>;

const schema = {
  ...shared,
  identityProviderMapper: { type: "string", required: true },
} satisfies Record<keyof CustomIdentityProviderMappingArgs, Property>;

/** A mapper of any kind that the server knows, all of its settings given by name. */
export const customIdentityProviderMapping = identityProviderMapper<State>({
  schema,
  describe: (_, plan) => ({ mapper: plan.identityProviderMapper, config: {} }),
  fromServer: (_, mapper) => ({ identityProviderMapper: mapper }),
});
