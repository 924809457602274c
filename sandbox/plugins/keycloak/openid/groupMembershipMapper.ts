import type { openid } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";
import { protocolMapper, shared } from "./protocolMapper.ts";

type State = Unwrap<openid.GroupMembershipProtocolMapperArgs>;

const schema = {
  ...shared,
  addToTokenIntrospection: { type: "boolean", default: false },
  addToUserinfo: { type: "boolean", default: true },
  claimName: { type: "string", required: true },
  fullPath: { type: "boolean", default: true },
  name: { type: "string", autoName: true, replaces: true },
} satisfies Record<keyof openid.GroupMembershipProtocolMapperArgs, Property>;

/** Puts the groups of a user into tokens. */
export const groupMembershipProtocolMapper = protocolMapper<State>({
  schema,
  mapper: "oidc-group-membership-mapper",
  toConfig: (plan) => ({
    "claim.name": plan.claimName,
    "full.path": String(plan.fullPath ?? false),
    "userinfo.token.claim": String(plan.addToUserinfo ?? false),
  }),
  fromConfig: (config) => ({
    addToUserinfo: config["userinfo.token.claim"] === "true",
    claimName: config["claim.name"] ?? "",
    fullPath: config["full.path"] === "true",
  }),
});
