import { at, expectValue, shown, text, texts } from "../reading.ts";
import { resourceRule } from "../rule.ts";
import { client, component } from "../types.ts";

/** A token with all of a person's realm roles opens Kubernetes and S3: only kubectl's client gets such. */
export const clients = resourceRule(
  {
    name: "clients",
    description: "Clients log people in by page, send them to addresses written out, and see no roles of workspaces.",
    severity: "high",
    remedy: "Change the application's file.",
    types: [client],
  },
  ({ props, parent }) => {
    const isDirect = parent?.type === component.platformClients && text(props, "accessType") === "PUBLIC";
    return [
      ...expectValue(props, ["accessType"], [isDirect ? "PUBLIC" : "CONFIDENTIAL"]),
      ...(isDirect ? expectValue(props, ["pkceCodeChallengeMethod"], ["S256"]) : []),
      ...expectValue(props, ["fullScopeAllowed"], [isDirect]),
      ...[
        "directAccessGrantsEnabled",
        "implicitFlowEnabled",
        "serviceAccountsEnabled",
        "oauth2DeviceAuthorizationGrantEnabled",
        "import",
      ].flatMap((key) => expectValue(props, [key], [undefined, false])),
      ...(at(props, "authorization") === undefined ? [] : ["it has authorization services of its own"]),
      ...texts(props, "validRedirectUris")
        .filter((uri) => !isNarrow(uri))
        .map((uri) => `it sends people to ${shown(uri)}; allowed are addresses with a host, wild only at the end`),
      ...texts(props, "webOrigins")
        .filter((origin) => origin.includes("*"))
        .map((origin) => `pages of ${shown(origin)} may use its tokens`),
    ];
  },
);

/** Plain http is for programs on a person's own machine, such as kubectl. */
function isNarrow(uri: string): boolean {
  const secure = /^https:\/\/[a-z0-9.-]+(?::\d+)?(?:\/[^*]*\*?)?$/i;
  const local = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?(?:\/[^*]*\*?)?$/;
  return secure.test(uri) || local.test(uri);
}
