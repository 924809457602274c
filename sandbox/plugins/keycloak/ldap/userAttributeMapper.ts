import type { ldap } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";
import { mapper, shared } from "./mapper.ts";

type State = Unwrap<ldap.UserAttributeMapperArgs>;

const schema = {
  ...shared,
  alwaysReadValueFromLdap: { type: "boolean", default: false },
  attributeDefaultValue: { type: "string", default: "" },
  attributeForceDefault: { type: "boolean", default: true },
  isBinaryAttribute: { type: "boolean", default: false },
  isMandatoryInLdap: { type: "boolean", default: false },
  ldapAttribute: { type: "string", required: true },
  readOnly: { type: "boolean", default: false },
  userModelAttribute: { type: "string", required: true },
} satisfies Record<keyof ldap.UserAttributeMapperArgs, Property>;

/** Takes an attribute of a user from the directory. */
export const userAttributeMapper = mapper<State>({
  schema,
  providerId: "user-attribute-ldap-mapper",
  toConfig: (plan) => ({
    "always.read.value.from.ldap": String(plan.alwaysReadValueFromLdap ?? false),
    "attribute.default.value": plan.attributeDefaultValue ?? "",
    "attribute.force.default": String(plan.attributeForceDefault ?? false),
    "is.binary.attribute": String(plan.isBinaryAttribute ?? false),
    "is.mandatory.in.ldap": String(plan.isMandatoryInLdap ?? false),
    "ldap.attribute": plan.ldapAttribute,
    "read.only": String(plan.readOnly ?? false),
    "user.model.attribute": plan.userModelAttribute,
  }),
  fromConfig: (config) => ({
    alwaysReadValueFromLdap: config["always.read.value.from.ldap"] === "true",
    attributeDefaultValue: config["attribute.default.value"] ?? "",
    attributeForceDefault: config["attribute.force.default"] === "true",
    isBinaryAttribute: config["is.binary.attribute"] === "true",
    isMandatoryInLdap: config["is.mandatory.in.ldap"] === "true",
    ldapAttribute: config["ldap.attribute"] ?? "",
    readOnly: config["read.only"] === "true",
    userModelAttribute: config["user.model.attribute"] ?? "",
  }),
});
