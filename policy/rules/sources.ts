import { at, expectValue, shown, text } from "../reading.ts";
import { type Resource, resourceRule } from "../rule.ts";
import {
  federation,
  ldapGroupMapper,
  ldapHardcodedGroup,
  oidcProvider,
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
      'Add a source that verifies addresses itself to "trusted" of sources in policy/<stack>.json, or do not trust it.',
    types: [
      federation,
      oidcProvider,
      samlProvider,
      ldapGroupMapper,
      ldapHardcodedGroup,
      providerHardcodedGroup,
      providerMapping,
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
      default:
        // Whoever comes that way is put there, whoever they are.
        return groupFindings(resource, ["group"], (path) => path === `/${userGroup}`, `/${userGroup}`);
    }
  },
);

function trustFindings({ props, parent }: Resource, trusted: readonly string[]): string[] {
  return trusted.includes(parent?.name ?? "") ? [] : expectValue(props, ["trustEmail"], [undefined, false]);
}

function federationFindings({ props }: Resource): string[] {
  const url = text(props, "connectionUrl") ?? "";
  return [
    ...expectValue(props, ["editMode"], ["READ_ONLY"]),
    ...expectValue(props, ["syncRegistrations"], [undefined, false]),
    ...(url.startsWith("ldaps://") || at(props, "startTls") === true
      ? []
      : [`it asks ${shown(at(props, "connectionUrl"))} in plain text; allowed are ldaps:// and startTls`]),
  ];
}

function providerFindings({ type, props }: Resource): string[] {
  const isPlainOauth = type === oidcProvider && text(props, "providerId") === "oauth2";
  return [
    ...(isPlainOauth ? [] : expectValue(props, ["validateSignature"], [true])),
    ...(type === samlProvider ? expectValue(props, ["wantAssertionsSigned"], [true]) : []),
    // What a source says later of somebody's address changes nothing: access hangs on it.
    ...expectValue(props, ["syncMode"], ["IMPORT"]),
    ...expectValue(props, ["storeToken"], [undefined, false]),
    ...expectValue(props, ["linkOnly"], [undefined, false]),
  ];
}

function groupMapperFindings({ props }: Resource, adminGroup: string): string[] {
  return [
    ...expectValue(props, ["mode"], ["READ_ONLY"]),
    ...expectValue(props, ["preserveGroupInheritance"], [false]),
    ...groupFindings(
      { props },
      ["groupsPath"],
      (path) => /^\/[^/]+$/.test(path) && path !== `/${adminGroup}`,
      `the path of one group other than /${adminGroup}`,
    ),
  ];
}

function mappingFindings({ props }: Resource, adminGroup: string): string[] {
  return [
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
      (path) => /^\/[^/]+\/[^/]+$/.test(path) && !path.startsWith(`/${adminGroup}/`),
      `a group inside one other than /${adminGroup}`,
    ),
  ];
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
