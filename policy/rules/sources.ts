import { at, expectKeys, expectValue, shown, text, unknown } from "../reading.ts";
import { type Resource, resourceRule } from "../rule.ts";
import { hostOf } from "../seeds.ts";
import {
  component,
  execution,
  federation,
  ldapAttribute,
  ldapGroupMapper,
  ldapHardcodedGroup,
  oidcProvider,
  providerAttribute,
  providerHardcodedGroup,
  providerMapping,
  samlProvider,
} from "../types.ts";

/** People who come from a directory or an identity provider. */
export const sources = resourceRule(
  {
    name: "sources",
    description: "A directory or an identity provider is believed only what this environment's configuration says.",
    severity: "critical",
    remedy:
      'Change its file; a source that verifies addresses itself goes into "trusted" of sources in policy/<stack>.json.',
    types: [
      federation,
      oidcProvider,
      samlProvider,
      ldapGroupMapper,
      ldapHardcodedGroup,
      providerHardcodedGroup,
      providerMapping,
      ldapAttribute,
      providerAttribute,
      execution,
    ],
    config: {
      schema: {
        properties: {
          trusted: {
            type: "array",
            items: { type: "string" },
            description: "Names of directories and identity providers whose addresses count as verified.",
          },
          userGroup: { type: "string", description: "The group that everybody is in." },
          adminGroup: { type: "string", description: "The group of the platform's administrators." },
        },
      },
      defaults: { trusted: [] as readonly string[], userGroup: "pk-user", adminGroup: "pk-admin" },
    },
  },
  (resource, { trusted, userGroup, adminGroup }) => {
    switch (resource.type) {
      case federation:
        return [...trustFindings(resource, trusted), ...federationFindings(resource)];
      case oidcProvider:
      case samlProvider:
        return [...trustFindings(resource, trusted), ...providerFindings(resource)];
      case ldapGroupMapper:
        return groupMapperFindings(resource, adminGroup);
      case providerMapping:
        return mappingFindings(resource, adminGroup);
      case ldapAttribute:
      case providerAttribute:
        return attributeFindings(resource);
      case execution:
        return linkFindings(resource, trusted);
      default:
        // Whoever comes that way is put there, whoever they are.
        return groupFindings(resource, ["group"], (path) => path === `/${userGroup}`, `/${userGroup}`);
    }
  },
);

function trustFindings({ props, parent }: Resource, trusted: readonly string[]): string[] {
  return trusted.includes(parent?.name ?? "") ? [] : expectValue(props, ["trustEmail"], [undefined, false]);
}

/** A link to an account of the same address without any proof takes the source's word for who somebody is. */
function linkFindings({ props, parent }: Resource, trusted: readonly string[]): string[] {
  if (text(props, "authenticator") !== "idp-auto-link") return [];
  const isTrusted =
    parent?.within === component.identityProvider && trusted.includes(parent.name.replace(endOfFlow, ""));
  return isTrusted ? [] : ["it links people to accounts of the same address without proof"];
}

const endOfFlow = /-first-login$/;

function federationFindings({ props, parent }: Resource): string[] {
  const url = text(props, "connectionUrl") ?? "";
  return [
    ...expectValue(props, ["name"], [parent?.name ?? ""]),
    ...expectValue(props, ["importEnabled"], [true]),
    // Otherwise Keycloak's own mappers would write what ours read.
    ...expectValue(props, ["deleteDefaultMappers"], [true]),
    ...expectValue(props, ["cache", "policy"], ["NO_CACHE"]),
    ...expectValue(props, ["kerberos"], [undefined]),
    ...expectValue(props, ["usePasswordModifyExtendedOp"], [undefined, false]),
    ...expectValue(props, ["editMode"], ["READ_ONLY"]),
    ...expectValue(props, ["syncRegistrations"], [undefined, false]),
    ...(url.startsWith("ldaps://") || at(props, "startTls") === true
      ? []
      : [`it asks ${shown(at(props, "connectionUrl"))} in plain text; allowed are ldaps:// and startTls`]),
  ];
}

function providerFindings({ type, props, parent }: Resource): string[] {
  const isPlainOauth = type === oidcProvider && text(props, "providerId") === "oauth2";
  const name = parent?.name ?? "";
  return [
    ...expectValue(props, ["alias"], [name]),
    ...expectValue(props, ["providerId"], type === samlProvider ? [undefined, "saml"] : ["oidc", "oauth2"]),
    ...flowFindings(props, "firstBrokerLoginFlowAlias", [`prokube-access first login ${name}`]),
    ...flowFindings(props, "postBrokerLoginFlowAlias", [`prokube-access after login ${name}`, undefined, ""]),
    ...expectKeys(props, ["extraConfig"], ["managed-by", "stack", ...(extraConfig[kindOf(type, isPlainOauth)] ?? [])]),
    ...addresses.flatMap((key) => {
      const found = at(props, key);
      const isSafe = found === undefined || found === "" || (typeof found === "string" && hostOf(found) !== undefined);
      return isSafe ? [] : [`${key} is ${shown(found)}; allowed is an https address`];
    }),
    ...(type === oidcProvider && !isPlainOauth && text(props, "jwksUrl") === undefined
      ? ["it names no keys that signatures are held against (jwksUrl)"]
      : []),
    ...["addReadTokenRoleOnCreate", "authenticateByDefault", "disableTypeClaimCheck"].flatMap((key) =>
      expectValue(props, [key], [undefined, false]),
    ),
    // Whom an assertion is about would be what an attribute says.
    ...["principalType", "principalAttribute", "organizationId"].flatMap((key) =>
      expectValue(props, [key], [undefined, ""]),
    ),
    ...(isPlainOauth ? [] : expectValue(props, ["validateSignature"], [true])),
    ...(type === samlProvider ? expectValue(props, ["wantAssertionsSigned"], [true]) : []),
    // What a source says later of somebody's address changes nothing: access hangs on it.
    ...expectValue(props, ["syncMode"], ["IMPORT"]),
    ...expectValue(props, ["storeToken"], [undefined, false]),
    ...expectValue(props, ["linkOnly"], [undefined, false]),
  ];
}

const addresses = [
  "authorizationUrl",
  "tokenUrl",
  "jwksUrl",
  "userInfoUrl",
  "logoutUrl",
  "issuer",
  "singleSignOnServiceUrl",
  "singleLogoutServiceUrl",
];

/** Settings of identity providers that have no key of their own. */
const extraConfig: Readonly<Record<string, readonly string[]>> = {
  saml: ["idpEntityId"],
  oauth2: ["userIDClaim", "userNameClaim", "emailClaim", "givenNameClaim", "familyNameClaim"],
};

function kindOf(type: string, isPlainOauth: boolean): string {
  if (type === samlProvider) return "saml";
  return isPlainOauth ? "oauth2" : "oidc";
}

/** A flow that is made in this update is looked at again when it is there. */
function flowFindings(props: unknown, key: string, allowed: readonly unknown[]): string[] {
  return at(props, key) === unknown ? [] : expectValue(props, [key], allowed);
}

/** What a source says of people: who they are, once; never whether that is verified, nor who manages them. */
function attributeFindings({ type, name, props, parent }: Resource): string[] {
  const isLdap = type === ldapAttribute;
  const attributes = ["email", "firstName", "lastName", ...(isLdap ? ["username"] : [])];
  const key = isLdap ? "userModelAttribute" : "userAttribute";
  const own = text(props, key) ?? "";
  return [
    ...expectValue(props, [key], attributes),
    ...(name === `${parent?.name ?? ""}-${own}` ? [] : [`${key} is ${shown(at(props, key))}, not that of its name`]),
    ...(isLdap
      ? [
          ...expectValue(props, ["readOnly"], [true]),
          ...expectValue(props, ["attributeDefaultValue"], [undefined, ""]),
          ...expectValue(props, ["isBinaryAttribute"], [undefined, false]),
        ]
      : [
          ...expectKeys(props, ["extraConfig"], ["syncMode"]),
          // As the provider, so at the first login only: access hangs on the address.
          ...expectValue(props, ["extraConfig", "syncMode"], ["INHERIT"]),
        ]),
  ];
}

/** `<source>-group-<group>/<group inside it>`. */
function namedGroup({ name, parent }: Resource): { readonly group: string; readonly inner: string } {
  const [, group = "", inner = ""] = /^([^/]+)\/(.+)$/.exec(name.slice(`${parent?.name ?? ""}-group-`.length)) ?? [];
  return { group, inner };
}

function groupMapperFindings(resource: Resource, adminGroup: string): string[] {
  const { props } = resource;
  const { group, inner } = namedGroup(resource);
  const nameAttribute = text(props, "groupNameLdapAttribute") ?? "";
  return [
    // Only this one: other groups there mean nothing here.
    ...expectValue(props, ["groupsLdapFilter"], [`(${nameAttribute}=${inner})`]),
    ...(/^[^()*\\]+$/.test(inner) ? [] : [`it takes in ${shown(inner)}, which may mean several groups`]),
    ...(/^[a-zA-Z][a-zA-Z0-9-]*$/.test(nameAttribute) ? [] : ["groupNameLdapAttribute is no name of an attribute"]),
    ...expectValue(props, ["mappedGroupAttributes"], [undefined, []]),
    ...expectValue(props, ["mode"], ["READ_ONLY"]),
    ...expectValue(props, ["preserveGroupInheritance"], [false]),
    ...groupFindings(
      { props },
      ["groupsPath"],
      (path) => path === `/${group}` && group !== adminGroup,
      `the path of the group of its name, other than /${adminGroup}`,
    ),
  ];
}

function mappingFindings(resource: Resource, adminGroup: string): string[] {
  const { props } = resource;
  const { group, inner } = namedGroup(resource);
  return [
    ...conditionFindings(resource, inner),
    ...expectKeys(
      props,
      ["extraConfig"],
      ["syncMode", "group", "claims", "attributes", "are.claim.values.regex", "are.attribute.values.regex"],
    ),
    ...expectValue(
      props,
      ["identityProviderMapper"],
      ["oidc-advanced-group-idp-mapper", "oauth2-advanced-group-idp-mapper", "saml-advanced-group-idp-mapper"],
    ),
    // Looked at in each login: who has left a group there leaves it here.
    ...expectValue(props, ["extraConfig", "syncMode"], ["FORCE"]),
    ...["are.claim.values.regex", "are.attribute.values.regex"].flatMap((key) =>
      expectValue(props, ["extraConfig", key], [undefined, "false"]),
    ),
    ...groupFindings(
      { props },
      ["extraConfig", "group"],
      (path) => path === `/${group}/${inner}` && group !== adminGroup,
      `the group inside that of its name, other than /${adminGroup}`,
    ),
  ];
}

/** Without a condition everybody who comes that way would be in the group. */
function conditionFindings({ props, parent }: Resource, inner: string): string[] {
  const conditions = ["claims", "attributes"].flatMap((key) => {
    const found = text(props, "extraConfig", key);
    return found === undefined ? [] : [found];
  });
  const value = inner.slice(`${parent?.name ?? ""}~`.length);
  const isOwn = inner === `${parent?.name ?? ""}~${value}` && conditions.length === 1;
  return isOwn && conditions.every((condition) => asksFor(condition, value))
    ? []
    : [`it takes in whom ${shown(conditions.join())} says; allowed is one claim of the value ${shown(value)}`];
}

function asksFor(condition: string, value: string): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(condition);
  } catch {
    return false;
  }
  return Array.isArray(parsed) && parsed.length === 1 && value !== "" && text(parsed, 0, "value") === value;
}

/** A path that waits for its group is looked at again in the update, before anything is done. */
function groupFindings(
  { props }: Pick<Resource, "props">,
  path: readonly string[],
  isAllowed: (group: string) => boolean,
  allowed: string,
): string[] {
  const found = at(props, ...path);
  if (typeof found === "symbol") return [];
  return typeof found === "string" && isAllowed(found)
    ? []
    : [`${path.join(".")} is ${shown(found)}; allowed is ${allowed}`];
}
