import { at, expectKeys, expectValue, shown, texts } from "../reading.ts";
import { type Resource, resourceRule } from "../rule.ts";
import { hostOf, isLoopback } from "../seeds.ts";
import { client, component } from "../types.ts";

interface Hosts {
  /** What is absent may be any, but for the client with all roles. */
  readonly hosts?: readonly string[];
}

const defaults: Hosts = {};

/** A token with all of a person's realm roles opens Kubernetes and S3: only kubectl's client gets such. */
export const clients = resourceRule(
  {
    name: "clients",
    description: "Clients log people in by page, send them to addresses written out, and see no roles of workspaces.",
    severity: "high",
    remedy:
      'Change the application\'s file; a host that people may be sent to goes into "hosts" of clients in policy/<stack>.json.',
    types: [client],
    config: {
      schema: {
        properties: {
          hosts: {
            type: "array",
            items: { type: "string" },
            description:
              "Hosts that people may be sent to after a login. Any when absent, but the client with all roles sends " +
              "people only to these and to their own machine.",
          },
        },
      },
      defaults,
    },
  },
  (resource, { hosts }) => {
    const { name, props, parent } = resource;
    const isPlatforms = parent?.type === component.platformClients;
    const isDirect = isPlatforms && name === `${parent.name}-direct`;
    return [
      ...expectValue(props, ["accessType"], [isDirect ? "PUBLIC" : "CONFIDENTIAL"]),
      ...(isDirect ? expectValue(props, ["pkceCodeChallengeMethod"], ["S256"]) : []),
      ...expectValue(props, ["fullScopeAllowed"], [isDirect]),
      ...[
        "directAccessGrantsEnabled",
        "implicitFlowEnabled",
        "serviceAccountsEnabled",
        "oauth2DeviceAuthorizationGrantEnabled",
        "oauth2JwtAuthorizationGrantEnabled",
        "standardTokenExchangeEnabled",
        "import",
      ].flatMap((key) => expectValue(props, [key], [undefined, false])),
      ...expectValue(props, ["clientAuthenticatorType"], [undefined, "client-secret"]),
      ...["rootUrl", "adminUrl", "backchannelLogoutUrl"].flatMap((key) => expectValue(props, [key], [undefined, ""])),
      ...(at(props, "authorization") === undefined ? [] : ["it has authorization services of its own"]),
      ...expectKeys(props, ["extraConfig"], ["managed-by", "stack", "oidc.ciba.grant.enabled"]),
      ...expectValue(props, ["extraConfig", "oidc.ciba.grant.enabled"], [undefined, "false"]),
      ...addressFindings(resource, hosts ?? (isDirect ? [] : undefined)),
      ...flowFindings(resource, isPlatforms),
    ];
  },
);

function addressFindings({ props }: Resource, hosts: readonly string[] | undefined): string[] {
  const isAllowed = (address: string) => {
    const host = hostOf(address);
    return host !== undefined && (hosts === undefined || hosts.includes(host) || isLoopback(host));
  };
  const where = hosts ? `${hosts.join(", ") || "nowhere"} and the own machine` : "https addresses without wildcards";
  return [
    ...[
      ...texts(props, "validRedirectUris"),
      ...texts(props, "validPostLogoutRedirectUris").filter((uri) => uri !== "+"),
    ]
      .filter((uri) => !isAllowed(uri))
      .map((uri) => `it sends people to ${shown(uri)}; allowed are ${where}`),
    ...texts(props, "webOrigins")
      .filter((origin) => !isAllowed(origin))
      .map((origin) => `pages of ${shown(origin)} may use its tokens; allowed are ${where}`),
  ];
}

/** Which flow an application's logins go through is looked at with the whole stack. */
function flowFindings({ props }: Resource, isPlatforms: boolean): string[] {
  const found = at(props, "authenticationFlowBindingOverrides");
  if (found === undefined) return [];
  return isPlatforms
    ? ["it has a login flow of its own; allowed is the realm's"]
    : expectKeys(props, ["authenticationFlowBindingOverrides"], ["browserId"]);
}
