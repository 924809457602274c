import { at, expectValue, shown, text } from "../reading.ts";
import { kindOf, type Resource, resourceRule } from "../rule.ts";
import * as types from "../types.ts";
import { component } from "../types.ts";

const { workspace, user, application, realm, platformClients, directory, identityProvider, loginFlow } = component;
const root = types.stack;

/** Each resource type that the program makes, and what it may be a part of. */
const places: Readonly<Record<string, readonly string[]>> = {
  [component.realm]: [root],
  [directory]: [root],
  [identityProvider]: [root],
  [platformClients]: [root],
  [application]: [root],
  [component.groupsScope]: [root],
  [workspace]: [root, user],
  [user]: [root],
  [component.group]: [root],
  [component.clusterAccess]: [root],
  [loginFlow]: [realm, identityProvider, application],

  [types.role]: [workspace, realm],
  [types.group]: [component.group, realm],
  [types.groupRoles]: [component.group, realm],
  [types.account]: [user, realm],
  [types.userGroups]: [user],
  [types.userRoles]: [user],
  [types.genericRoleMapper]: [platformClients],
  [types.realm]: [realm],
  [types.userProfile]: [realm],
  "keycloak:index/realmEvents:RealmEvents": [realm],
  [types.flowBindings]: [realm],
  [types.flow]: [loginFlow],
  [types.subflow]: [loginFlow],
  [types.execution]: [loginFlow],
  [types.executionConfig]: [loginFlow],
  [types.client]: [platformClients, application],
  [types.clientScope]: [component.groupsScope, application],
  [types.defaultScopes]: [application],
  [types.optionalScopes]: [application],
  [types.audienceMapper]: [platformClients, application],
  [types.groupsMapper]: [platformClients, component.groupsScope],
  [types.rolesMapper]: [platformClients],
  [types.federation]: [directory],
  [types.ldapGroupMapper]: [directory],
  [types.ldapHardcodedGroup]: [directory],
  [types.ldapAttribute]: [directory],
  "keycloak:ldap/msadUserAccountControlMapper:MsadUserAccountControlMapper": [directory],
  [types.oidcProvider]: [identityProvider],
  [types.samlProvider]: [identityProvider],
  [types.providerHardcodedGroup]: [identityProvider],
  [types.providerMapping]: [identityProvider],
  [types.providerAttribute]: [identityProvider],

  [types.namespace]: [workspace],
  [types.secret]: [workspace, application],
  [types.configMap]: [workspace, application],
  [types.limitRange]: [workspace],
  [types.profile]: [workspace],
  [types.roleBinding]: [workspace],
  [types.clusterRoleBinding]: [component.clusterAccess],
  [types.authorizationPolicy]: [workspace],

  [types.bucket]: [workspace],
  [types.s3Policy]: [workspace],
  [types.s3User]: [workspace],
  [types.s3Account]: [workspace],
  [types.s3Attachment]: [workspace],

  [types.stash]: [root, application],
};
/** Types that some stack may use. */
export const knownTypes: readonly string[] = Object.keys(places);

const providers = ["pulumi:providers:keycloak", "pulumi:providers:kubernetes", "pulumi:providers:minio"];
const stashes = ["grants", "gateway-exemptions", "dex-clients"];

/** A right given in a way that no other rule looks at would go unseen, so no other way is open. */
export const knownResources = resourceRule(
  {
    name: "known-resources",
    description: "Only the kinds of resources that the other rules know, each where it belongs.",
    severity: "high",
    remedy: "Use the components, or extend this rule and those that look at such a resource.",
  },
  (resource) => [...place(resource), ...via(resource), ...kubernetesKind(resource), ...former(resource)],
);

function place({ type, name, parent }: Resource): string[] {
  if (type === types.stack || (type === "pulumi:providers:pulumi" && name === "default")) return [];
  if (type.startsWith("pulumi:providers:")) {
    const isOwn = providers.includes(type) && name === kindOf(type);
    return isOwn ? [] : [`a provider of type ${type} is none of this program's: ${providers.join(", ")}`];
  }
  const allowed = Object.hasOwn(places, type) ? places[type] : undefined;
  if (!allowed) return [`resources of type ${type} are not known to this policy pack`];
  if (!allowed.includes(parent?.type ?? "")) {
    const found = parent ? `${kindOf(parent.type)} "${parent.name}"` : "nothing";
    return [`it is part of ${found}; it may be part of ${allowed.map(kindOf).join(" or ")} only`];
  }
  if (type === types.stash && parent?.type === root && !stashes.includes(name)) {
    return [`a Stash may be called ${stashes.join(", ")} only`];
  }
  return [];
}

/** A provider of Pulumi's own making takes whatever cluster or server the machine happens to point at. */
function via({ type, provider }: Resource): string[] {
  const [system = ""] = type.split(":");
  if (!["keycloak", "kubernetes", "minio"].includes(system)) return [];
  return provider?.type === `pulumi:providers:${system}` && provider.name === system
    ? []
    : [`it goes through provider ${shown(provider?.name)}; allowed is "${system}", which the program configures`];
}

/** What the API server makes is what the object says, not what its type in Pulumi says. */
function kubernetesKind({ type, props }: Resource): string[] {
  const [system, version = "", kind] = type.split(":");
  if (system !== "kubernetes") return [];
  const group = version.startsWith("core/") ? version.slice("core/".length) : version;
  return [
    ...expectValue(props, ["apiVersion"], [group]),
    ...expectValue(props, ["kind"], [kind]),
    ...(text(props, "metadata", "name") === undefined || at(props, "metadata", "generateName") !== undefined
      ? [`metadata.name is ${shown(at(props, "metadata", "name"))}; every object needs a name of its own`]
      : []),
  ];
}

/** With an alias a resource takes over what another one has made. */
function former({ options }: Resource): string[] {
  return options.aliases.map((alias) => `it has the alias ${alias}; aliases are not used`);
}
