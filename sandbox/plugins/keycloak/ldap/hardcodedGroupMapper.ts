import type { ldap } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";
import { mapper, shared } from "./mapper.ts";

type State = Unwrap<ldap.HardcodedGroupMapperArgs>;

const schema = {
  ...shared,
  group: { type: "string", required: true, replaces: true },
} satisfies Record<keyof ldap.HardcodedGroupMapperArgs, Property>;

/** Puts everybody who comes from the directory into a group. */
export const hardcodedGroupMapper = mapper<State>({
  schema,
  providerId: "hardcoded-ldap-group-mapper",

  toConfig({ group }) {
    if (group === "") throw new Error("validation error: hardcoded group name must not be empty");
    return { group };
  },

  fromConfig: (config) => ({ group: config["group"] ?? "" }),
});
