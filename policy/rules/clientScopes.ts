import { at, expectValue, shown, text, texts } from "../reading.ts";
import { type Finding, type Outcome, type Resource, resourceRule, stackRule } from "../rule.ts";
import {
  audienceMapper,
  client,
  clientScope,
  component,
  defaultScopes,
  genericRoleMapper,
  groupsMapper,
  optionalScopes,
  role,
  rolesMapper,
} from "../types.ts";

/** Scopes that say who somebody is; `roles` is left out on purpose. */
const common = ["basic", "acr", "web-origins", "profile", "email", "groups"];

/** What a client is told of a person, and for whom its tokens are. */
export const clientScopes = resourceRule(
  {
    name: "client-scopes",
    description: "Tokens of applications say who somebody is and which groups, and are for the application alone.",
    severity: "high",
    remedy: "Scopes and mappers are the same for every application; components/application.ts makes them.",
    types: [clientScope, defaultScopes, optionalScopes, audienceMapper, groupsMapper, rolesMapper],
  },
  (resource) => {
    const { type, props, parent } = resource;
    const own = `prokube-access-${parent?.name ?? ""}`;
    switch (type) {
      case clientScope:
        return expectValue(props, ["name"], [parent?.type === component.groupsScope ? "groups" : own]);
      case defaultScopes:
        return strangers(resource, "defaultScopes", [...common, own]);
      case optionalScopes:
        return strangers(resource, "optionalScopes", ["offline_access"]);
      case audienceMapper:
        return [
          ...expectValue(props, ["includedClientAudience"], [undefined, ""]),
          ...expectValue(props, ["clientScopeId"], [undefined]),
        ];
      case groupsMapper:
        // Without the slash a group could be called like a role.
        return expectValue(props, ["fullPath"], [true]);
      default:
        return [
          ...expectValue(props, ["clientScopeId"], [undefined]),
          ...expectValue(props, ["realmRolePrefix"], [undefined, ""]),
        ];
    }
  },
);

function strangers({ props }: Resource, key: string, allowed: readonly string[]): string[] {
  return texts(props, key)
    .filter((scope) => !allowed.includes(scope))
    .map((scope) => `${key} has ${shown(scope)}; allowed are ${allowed.join(", ")}`);
}

/** A client that does not see all roles sees those that a role mapper names. */
export const clientRoles = stackRule(
  {
    name: "client-roles",
    description: "Dex hears of the realm roles that are no workspace's, and no other client of any.",
    severity: "critical",
    remedy: "Give roles to users and groups through their files.",
  },
  (resources) => resources.filter(({ type }) => type === genericRoleMapper).flatMap((one) => heardOf(one, resources)),
);

function heardOf(one: Outcome, resources: readonly Outcome[]): Finding[] {
  const [, name = ""] = /-dex-role-(.+)$/.exec(one.name) ?? [];
  const made = (one.madeFrom["roleId"] ?? []).filter(({ type }) => type === role);
  const wanted = resources.filter(({ type, props }) => type === role && text(props, "name") === name);
  const isWorkspaces = name.startsWith("pk:") || name.startsWith("prokube-access:");
  const isNamed = made.length === wanted.length && made.every((source) => wanted.includes(source));
  const isDex = (one.madeFrom["clientId"] ?? []).some((source) => isClient(source) && source.name.endsWith("-dex"));
  return [
    ...(name === "" || isWorkspaces ? [{ of: one, what: `it lets a client hear of ${shown(name)}` }] : []),
    ...(isNamed ? [] : [{ of: one, what: `it lets a client hear of ${made.map(nameOf).join(", ") || "other roles"}` }]),
    ...(isDex ? [] : [{ of: one, what: "it is for another client than Dex's" }]),
  ];
}

const isClient = ({ type }: Outcome) => type === client;
const nameOf = ({ props }: Outcome) => shown(at(props, "name"));

/** MinIO and the API server take tokens by their audience. */
export const ownAudiences = stackRule(
  {
    name: "own-audiences",
    description: "A client's tokens are for the client itself.",
    severity: "critical",
    remedy: "The audience is the client's own id.",
  },
  (resources) =>
    resources
      .filter(({ type }) => type === audienceMapper)
      .flatMap((one): Finding[] => {
        const [own] = (one.madeFrom["clientId"] ?? []).filter(isClient);
        const audience = at(one.props, "includedCustomAudience");
        return own && own.parent === one.parent && audience === at(own.props, "clientId")
          ? []
          : [{ of: one, what: `its audience is ${shown(audience)}; allowed is ${shown(at(own?.props, "clientId"))}` }];
      }),
);
