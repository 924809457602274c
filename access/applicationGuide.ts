import { stringify } from "yaml";
import {
  endpoints,
  environmentOf,
  type HeadersApplication,
  type KeycloakApplication,
  type PlannedApplication,
  type RegisteredApplication,
  scopesOf,
} from "./application.ts";
import { plain } from "./markdown.ts";
import type { Plan } from "./resolve.ts";
import type { Platform } from "./schema.ts";

/** The header in which the gateway lists a person's groups. */
export const groupsHeader = "kubeflow-groups";

/** What the people who build an application have to know of its login, as Markdown. */
export function applicationGuide(plan: Plan, application: PlannedApplication): string {
  const { name, description } = application;
  const parts = application.auth === "headers" ? headersParts(plan, application) : registeredParts(plan, application);
  const title = description === undefined || description === "" ? [] : [paragraph(description)];
  const help = `When something does not work: \`access doctor ${name} --user <username>\`.`;
  return `${[`# ${name}`, ...title, ...parts, help].join("\n\n")}\n`;
}

/** The same as data: what is registered, where people log in, who may, and the guide itself. */
export function applicationFacts(plan: Plan, application: PlannedApplication): object {
  const { name, description, auth, paths } = application;
  const served = paths.map(({ path }) => path);
  const common = { name, ...(description !== undefined && { description }), auth, paths: served };
  const guide = applicationGuide(plan, application);
  if (application.auth === "headers") {
    const { userIdHeader, userIdPrefix, gatewayPrincipal } = plan.platform.istio;
    const { namespace } = application;
    return {
      ...common,
      ...(namespace !== undefined && { namespace }),
      headers: { user: userIdHeader, userPrefix: userIdPrefix, groups: groupsHeader },
      gatewayPrincipal,
      guide,
    };
  }
  const { namespace, clientId, secret, environment, redirectUris } = application;
  return {
    ...common,
    namespace,
    clientId,
    endpoints: endpoints(plan.platform, application),
    scopes: scopesOf(application),
    secret,
    ...(environment !== undefined && { configMap: environment }),
    environment: environmentOf(plan.platform, application),
    redirectUris,
    ...(application.auth === "keycloak" && loginFacts(application)),
    guide,
  };
}

function loginFacts({ webOrigins, logoutUris, allow }: KeycloakApplication): object {
  return {
    webOrigins,
    logoutUris,
    // Absent where everybody with an account may log in.
    ...(allow && { allow: { groups: allow.groups, roles: allow.roles } }),
  };
}

function headersParts({ platform }: Plan, { name, namespace, paths }: HeadersApplication): string[] {
  const { userIdHeader, userIdPrefix, gatewayPrincipal } = platform.istio;
  const served = paths.map(({ path }) => path);
  return [
    "The gateway logs people in (oauth2-proxy, Dex, Keycloak) and tells the application by headers who they are. " +
      "Nothing is registered, and the application needs no secret.",
    table([
      ["header", "content", "example"],
      [
        code(userIdHeader),
        userIdPrefix === "" ? "the e-mail address" : `${code(userIdPrefix)} and the e-mail address`,
        code(`${userIdPrefix}user@example.com`),
      ],
      [
        code(groupsHeader),
        "the groups, separated by commas, without a leading slash; absent or empty for whoever has none",
        code("kubeflow-user,monitor-viewer"),
      ],
    ]),
    "## Trust nothing else",
    "The headers mean something only on requests that came through the gateway: anybody else can write what they like. " +
      "So let nobody but the gateway reach the application" +
      (namespace === undefined ? "" : ` in namespace ${code(namespace)}`) +
      ", and give it a selector of its own:",
    yamlBlock({
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: `${name}-from-gateway`, namespace: namespace ?? "<namespace>" },
      spec: {
        selector: { matchLabels: { app: name } },
        action: "ALLOW",
        rules: [{ from: [{ source: { principals: [gatewayPrincipal] } }] }],
      },
    }),
    "A request without the first header is nobody's: refuse it. Compare whole group names, never parts of the header. " +
      "No path of the application may be exempted at the gateway, because whoever comes by it brings their own headers.",
    ...(served.length === 0
      ? []
      : [
          "## Where it is served",
          `Under ${listOf(served)}, by a VirtualService at the gateway ${code("kubeflow/kubeflow-gateway")}.`,
        ]),
    "## Reading them",
    fenced("python", pythonReader(platform)),
    fenced("go", goReader(platform)),
    "A change of somebody's groups arrives with the next login: the platform's session keeps what it was told.",
  ];
}

/** JSON's texts are texts of Python and Go as well. */
function pythonReader({ istio: { userIdHeader, userIdPrefix } }: Platform): string {
  return `from typing import Mapping, NamedTuple, Optional

USER_HEADER = ${JSON.stringify(userIdHeader)}
USER_PREFIX = ${JSON.stringify(userIdPrefix)}
GROUPS_HEADER = ${JSON.stringify(groupsHeader)}


class Caller(NamedTuple):
    email: str
    groups: frozenset[str]


def caller(headers: Mapping[str, str]) -> Optional[Caller]:
    """Who sent the request, or None for nobody. Frameworks' own mappings ignore the case of names."""
    value = headers.get(USER_HEADER, "")
    if not value.startswith(USER_PREFIX) or value == USER_PREFIX:
        return None
    names = (name.strip() for name in headers.get(GROUPS_HEADER, "").split(","))
    return Caller(value[len(USER_PREFIX):], frozenset(name for name in names if name))`;
}

function goReader({ istio: { userIdHeader, userIdPrefix } }: Platform): string {
  return `package login

import (
	"net/http"
	"strings"
)

const (
	userHeader   = ${JSON.stringify(userIdHeader)}
	userPrefix   = ${JSON.stringify(userIdPrefix)}
	groupsHeader = ${JSON.stringify(groupsHeader)}
)

// Caller is who sent a request.
type Caller struct {
	Email  string
	Groups map[string]bool
}

// From tells who sent a request; false for nobody.
func From(request *http.Request) (Caller, bool) {
	email, found := strings.CutPrefix(request.Header.Get(userHeader), userPrefix)
	if !found || email == "" {
		return Caller{}, false
	}
	groups := map[string]bool{}
	for _, name := range strings.Split(request.Header.Get(groupsHeader), ",") {
		if name = strings.TrimSpace(name); name != "" {
			groups[name] = true
		}
	}
	return Caller{Email: email, Groups: groups}, true
}`;
}

function registeredParts(plan: Plan, application: RegisteredApplication): string[] {
  const { platform } = plan;
  const { auth, clientId, namespace, redirectUris, secret, environment, paths } = application;
  const addresses = endpoints(platform, application);
  const system = auth === "keycloak" ? "Keycloak" : "Dex";
  return [
    `The application logs people in at ${system} by itself, with the authorization code flow, as a confidential client.`,
    table([
      ["what", "value"],
      ["client id", code(clientId)],
      ["issuer", code(addresses.issuer)],
      ["discovery", code(addresses.discovery)],
      ["authorization", code(addresses.authorization)],
      ["token", code(addresses.token)],
      ["user info", code(addresses.userInfo)],
      ["JWKS", code(addresses.jwks)],
      ["scopes", code(scopesOf(application).join(" "))],
      [
        "Secret",
        `${code(secret.name)} in namespace ${code(namespace)}: ${code(secret.idKey)} is the client id, ` +
          `${code(secret.secretKey)} the client secret`,
      ],
      ...(environment === undefined
        ? []
        : [["ConfigMap", `${code(environment)} in the same namespace: the endpoints as environment`]]),
      ["redirect addresses", listOf(redirectUris)],
      ...(application.auth === "keycloak" ? keycloakRows(application) : []),
    ]),
    `${system} takes these redirect addresses and no others, letter for letter: no wildcard, no other final slash.`,
    "## Settings of the Deployment",
    yamlBlock(deploymentSettings(platform, application)),
    "The client secret is read when a container starts: after `keyVersion` has changed, restart the Deployment.",
    "## Groups",
    groupsText(plan, application),
    "## Who may log in",
    allowText(application),
    "## Refresh tokens",
    refreshText(plan, application),
    "## At the gateway",
    paths.length === 0
      ? "No path is exempted from the platform's own login. If the application is behind the gateway, people log in " +
        `twice; add ${code("paths")} to its file.`
      : `${listOf(paths.map(({ path }) => path))}: exempted from the platform's own login in both policies of the ` +
        "gateway. Everybody in the world reaches these paths, so the application itself has to ask for a login on " +
        "each, and must not read the platform's headers there.",
  ];
}

function keycloakRows({ webOrigins, logoutUris }: KeycloakApplication): string[][] {
  return [
    ["after a logout", logoutUris.length === 0 ? "the redirect addresses" : listOf(logoutUris)],
    ["web origins", webOrigins.length === 0 ? "none" : listOf(webOrigins)],
  ];
}

function deploymentSettings(platform: Platform, application: RegisteredApplication): unknown {
  const { secret, environment } = application;
  const fromSecret = (name: string, key: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret.name, key } },
  });
  const credentials = [fromSecret("OIDC_CLIENT_ID", secret.idKey), fromSecret("OIDC_CLIENT_SECRET", secret.secretKey)];
  if (environment !== undefined) return { envFrom: [{ configMapRef: { name: environment } }], env: credentials };
  const settings = Object.entries(environmentOf(platform, application)).map(([name, value]) => ({ name, value }));
  return { env: [...credentials, ...settings] };
}

function groupsText({ platform }: Plan, { auth }: RegisteredApplication): string {
  if (auth === "keycloak") {
    return (
      `The claim ${code("groups")} lists a person's groups with a leading slash, such as ${code("/pk-user")}; a group ` +
      `inside another has the path, ${code("/group/inner")}. Compare with the slash.`
    );
  }
  const whose =
    platform.clients.dex === undefined
      ? "What they are, Dex's connector to Keycloak says."
      : `They are the free realm roles of a person (${code("realmRoles")} in platform.yaml).`;
  return `The claim ${code("groups")} lists names without a leading slash, such as ${code("kubeflow-user")}. ${whose}`;
}

function allowText(application: RegisteredApplication): string {
  if (application.auth === "dex") {
    return "Everybody who may log in to the platform. What they may do, the application decides by their groups.";
  }
  const { allow } = application;
  if (!allow) return "Everybody with an account. What they may do, the application decides by their groups.";
  const parts = [
    ...(allow.groups.length > 0 ? [`members of ${listOf(allow.groups)}`] : []),
    ...(allow.roles.length > 0 ? [`holders of the realm roles ${listOf(allow.roles)}`] : []),
  ];
  return `Only ${parts.join(", and ")}. Keycloak refuses everybody else after the password.`;
}

function refreshText({ realmSettings }: Plan, { auth }: RegisteredApplication): string {
  const late =
    "Renew the access token when it has expired, and when that is refused, send the person to the login again.";
  if (auth === "dex") {
    return `Dex gives a refresh token only to whoever asks for the scope ${code("offline_access")}. ${late}`;
  }
  const { accessToken, sessionIdle, sessionMax, offlineIdle } = realmSettings?.tokens ?? {};
  const lives = [
    ...(accessToken === undefined ? [] : [`an access token lives ${accessToken}`]),
    ...(sessionIdle === undefined ? [] : [`an idle session ${sessionIdle}`]),
    ...(sessionMax === undefined ? [] : [`any session at most ${sessionMax}`]),
    ...(offlineIdle === undefined ? [] : [`an idle offline token ${offlineIdle}`]),
  ];
  return (
    "A refresh token comes with every login and lives as long as the session. For work that goes on without the " +
    `person, ask for the scope ${code("offline_access")} as well: that token outlives the session.` +
    (lives.length === 0 ? "" : ` On this platform ${lives.join(", ")}.`) +
    ` ${late}`
  );
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body]
    .map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

function listOf(values: readonly string[]): string {
  return values.map(code).join(", ");
}

/** Literally, whatever backticks are inside. */
function code(text: string): string {
  const runs = text.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const padding = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${padding}${text}${padding}${fence}`;
}

/** A paragraph of somebody's: nothing in it is Markdown or a link, and it begins no list. */
function paragraph(text: string): string {
  return plain(text.trim()).replaceAll(
    /^[-+=]|(?<=^\d+)[.)]|:(?=\/\/)|(?<=\bwww)\./gi,
    (mark) => `&#${mark.charCodeAt(0)};`,
  );
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

function yamlBlock(value: unknown): string {
  return fenced("yaml", stringify(value, { lineWidth: 0 }));
}
