import type { openid } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";
import { protocolMapper, shared } from "./protocolMapper.ts";

type State = Unwrap<openid.UserRealmRoleProtocolMapperArgs>;

const valueTypes = ["JSON", "String", "long", "int", "boolean"];

const schema = {
  ...shared,
  addToUserinfo: { type: "boolean", default: true },
  claimName: { type: "string", required: true },
  claimValueType: { type: "string", default: "String", problem: notAValueType },
  multivalued: { type: "boolean", default: false },
  realmRolePrefix: { type: "string" },
} satisfies Record<keyof openid.UserRealmRoleProtocolMapperArgs, Property>;

/** Puts the realm roles of a user into tokens. */
export const userRealmRoleProtocolMapper = protocolMapper<State>({
  schema,
  mapper: "oidc-usermodel-realm-role-mapper",
  toConfig: (plan) => ({
    "claim.name": plan.claimName,
    "jsonType.label": plan.claimValueType ?? "",
    multivalued: String(plan.multivalued ?? false),
    "userinfo.token.claim": String(plan.addToUserinfo ?? false),
    "usermodel.realmRoleMapping.rolePrefix": plan.realmRolePrefix ?? "",
  }),
  fromConfig: (config) => ({
    addToUserinfo: config["userinfo.token.claim"] === "true",
    claimName: config["claim.name"] ?? "",
    claimValueType: config["jsonType.label"] ?? "",
    multivalued: config["multivalued"] === "true",
    realmRolePrefix: config["usermodel.realmRoleMapping.rolePrefix"] ?? "",
  }),
});

/** The official provider does not mind the case. */
function notAValueType(value: string): string | undefined {
  const isOne = valueTypes.some((type) => type.toLowerCase() === value.toLowerCase());
  return isOne ? undefined : `expected one of ${JSON.stringify(valueTypes)}, got ${value}`;
}
