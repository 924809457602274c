import type { ldap } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import { mapper, shared } from "./mapper.ts";

type State = Unwrap<ldap.GroupMapperArgs>;

const strategies = [
  "LOAD_GROUPS_BY_MEMBER_ATTRIBUTE",
  "GET_GROUPS_FROM_USER_MEMBEROF_ATTRIBUTE",
  "LOAD_GROUPS_BY_MEMBER_ATTRIBUTE_RECURSIVELY",
];

const schema = {
  ...shared,
  dropNonExistingGroupsDuringSync: { type: "boolean", default: false },
  groupNameLdapAttribute: { type: "string", required: true },
  groupObjectClasses: { type: "list", required: true },
  groupsLdapFilter: { type: "string", problem: notAFilter },
  groupsPath: { type: "string", computed: true },
  ignoreMissingGroups: { type: "boolean", default: false },
  ldapGroupsDn: { type: "string", required: true },
  mappedGroupAttributes: { type: "list" },
  memberofLdapAttribute: { type: "string", default: "memberOf" },
  membershipAttributeType: { type: "string", default: "DN", problem: oneOf("DN", "UID") },
  membershipLdapAttribute: { type: "string", required: true },
  membershipUserLdapAttribute: { type: "string", required: true },
  mode: { type: "string", default: "READ_ONLY", problem: oneOf("READ_ONLY", "LDAP_ONLY", "IMPORT") },
  preserveGroupInheritance: { type: "boolean", default: true },
  userRolesRetrieveStrategy: {
    type: "string",
    default: "LOAD_GROUPS_BY_MEMBER_ATTRIBUTE",
    problem: oneOf(...strategies),
  },
} satisfies Record<keyof ldap.GroupMapperArgs, Property>;

/** Takes groups and their members from the directory. */
export const groupMapper = mapper<State>({
  schema,
  providerId: "group-ldap-mapper",

  toConfig(plan) {
    if (plan.membershipAttributeType === "UID" && plan.preserveGroupInheritance) {
      throw new Error("validation error: group inheritance cannot be preserved while membership attribute type is UID");
    }
    return {
      "drop.non.existing.groups.during.sync": String(plan.dropNonExistingGroupsDuringSync ?? false),
      "group.name.ldap.attribute": plan.groupNameLdapAttribute,
      "group.object.classes": plan.groupObjectClasses.join(","),
      "groups.dn": plan.ldapGroupsDn,
      // Left out, what is there stays: the official provider cannot remove these two.
      "groups.ldap.filter": plan.groupsLdapFilter || undefined,
      "mapped.group.attributes": plan.mappedGroupAttributes?.join(",") || undefined,
      "groups.path": plan.groupsPath ?? "",
      "ignore.missing.groups": String(plan.ignoreMissingGroups ?? false),
      "memberof.ldap.attribute": plan.memberofLdapAttribute ?? "",
      "membership.attribute.type": plan.membershipAttributeType ?? "",
      "membership.ldap.attribute": plan.membershipLdapAttribute,
      "membership.user.ldap.attribute": plan.membershipUserLdapAttribute,
      mode: plan.mode ?? "",
      "preserve.group.inheritance": String(plan.preserveGroupInheritance ?? false),
      "user.roles.retrieve.strategy": plan.userRolesRetrieveStrategy ?? "",
    };
  },

  fromConfig: (config) => ({
    dropNonExistingGroupsDuringSync: config["drop.non.existing.groups.during.sync"] === "true",
    groupNameLdapAttribute: config["group.name.ldap.attribute"] ?? "",
    groupObjectClasses: listOf(config["group.object.classes"] ?? ""),
    groupsLdapFilter: config["groups.ldap.filter"] ?? "",
    ...(config["groups.path"] && { groupsPath: config["groups.path"] }),
    ignoreMissingGroups: config["ignore.missing.groups"] === "true",
    ldapGroupsDn: config["groups.dn"] ?? "",
    mappedGroupAttributes: config["mapped.group.attributes"] ? listOf(config["mapped.group.attributes"]) : [],
    memberofLdapAttribute: config["memberof.ldap.attribute"] ?? "",
    membershipAttributeType: config["membership.attribute.type"] ?? "",
    membershipLdapAttribute: config["membership.ldap.attribute"] ?? "",
    membershipUserLdapAttribute: config["membership.user.ldap.attribute"] ?? "",
    mode: config["mode"] ?? "",
    preserveGroupInheritance: config["preserve.group.inheritance"] === "true",
    userRolesRetrieveStrategy: config["user.roles.retrieve.strategy"] ?? "",
  }),
});

function listOf(text: string): string[] {
  return text.split(",").map((element) => element.trim());
}

function notAFilter(value: string): string | undefined {
  const problem = "validation error: groups ldap filter must start with '(' and end with ')'";
  return /\(.+\)/.test(value) ? undefined : problem;
}
