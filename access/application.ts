import type { Application } from "./applicationSchema.ts";
import type { Location } from "./diagnostic.ts";
import { applicationRole, dexVariables, groupsScope } from "./names.ts";
import type { Platform } from "./schema.ts";

/** A path as an application's file has it. */
export interface PlannedPath {
  readonly path: string;
  readonly at: Location;
}

interface Common {
  readonly name: string;
  readonly description: string | undefined;
  readonly at: Location;
  /** What it is served under; exempted at the gateway unless the gateway logs its people in. */
  readonly paths: readonly PlannedPath[];
}

/** An application whose people the gateway logs in. */
export interface HeadersApplication extends Common {
  readonly auth: "headers";
  readonly namespace: string | undefined;
}

interface Registered extends Common {
  readonly namespace: string;
  readonly namespaceAt: Location;
  readonly adopt: boolean;
  readonly clientId: string;
  readonly redirectUris: readonly string[];
  readonly secret: { readonly name: string; readonly idKey: string; readonly secretKey: string };
  /** Name of the ConfigMap with its environment; absent without one. */
  readonly environment: string | undefined;
  readonly keyVersion: number;
}

/** Who may log in to an application. */
export interface Allowed {
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly at: Location;
}

/** An application that logs people in at Keycloak. */
export interface KeycloakApplication extends Registered {
  readonly auth: "keycloak";
  readonly webOrigins: readonly string[];
  /** Exactly where people may be sent after a logout; empty for the redirect addresses. */
  readonly logoutUris: readonly string[];
  /** Absent where everybody with an account may log in. */
  readonly allow: Allowed | undefined;
}

/** A part of the platform that logs people in at Dex. */
export interface DexApplication extends Registered {
  readonly auth: "dex";
  readonly displayName: string;
  /** Variables of Dex's environment with the client's id and secret. */
  readonly variables: { readonly id: string; readonly secret: string };
}

export type RegisteredApplication = KeycloakApplication | DexApplication;
export type PlannedApplication = HeadersApplication | RegisteredApplication;

/** The application of a file, with what the file leaves to defaults. */
export function plannedApplication(
  file: Application,
  at: (...path: PropertyKey[]) => Location,
  { domain }: Pick<Platform, "domain">,
): PlannedApplication {
  const { name, description } = file;
  const common = {
    name,
    description,
    at: at("name"),
    paths: file.paths.map((path, index) => ({ path, at: at("paths", index) })),
  };
  if (file.auth === "headers") return { ...common, auth: "headers", namespace: file.namespace };
  const registered = {
    ...common,
    namespace: file.namespace,
    namespaceAt: at("namespace"),
    adopt: file.adopt,
    redirectUris: file.redirectUris,
    secret: { ...file.secret, name: file.secret.name ?? `${name}-oidc-secret` },
    environment: file.environment === false ? undefined : file.environment === true ? `${name}-oidc` : file.environment,
    keyVersion: file.keyVersion,
  };
  if (file.auth === "dex") {
    return {
      ...registered,
      auth: "dex",
      clientId: file.clientId ?? `${name}-oidc-client`,
      displayName: file.displayName ?? name,
      variables: dexVariables(name),
    };
  }
  return {
    ...registered,
    auth: "keycloak",
    clientId: file.clientId ?? `${name}-client`,
    webOrigins: file.webOrigins ?? [`https://${domain}`],
    logoutUris: file.logoutUris,
    allow: file.allow && {
      groups: file.allow.flatMap(({ group }) => group ?? []),
      roles: file.allow.flatMap(({ role }) => role ?? []),
      at: at("allow"),
    },
  };
}

/** Applications with a client, and so with something to keep. */
export function registeredApplications(applications: readonly PlannedApplication[]): RegisteredApplication[] {
  return applications.filter((application) => application.auth !== "headers");
}

/** Paths that the gateway lets through without a login, with whose they are. */
export function exemptedPaths(
  applications: readonly PlannedApplication[],
): (PlannedPath & { readonly application: string })[] {
  return registeredApplications(applications).flatMap(({ name, paths }) =>
    paths.map((path) => ({ ...path, application: name })),
  );
}

/** Names of the realm roles that open an application with `allow:`. */
export function openingRoles({
  name,
  allow,
}: {
  readonly name: string;
  readonly allow?: Pick<Allowed, "groups" | "roles"> | undefined;
}): string[] {
  if (!allow) return [];
  return [...(allow.groups.length > 0 ? [applicationRole(name)] : []), ...allow.roles];
}

/** Roles that a group gets by the applications that allow it. */
export function applicationRolesOf(group: string, applications: readonly PlannedApplication[]): string[] {
  return applications.flatMap((application) =>
    application.auth === "keycloak" && application.allow?.groups.includes(group)
      ? [applicationRole(application.name)]
      : [],
  );
}

/** Whether the client scope of groups is this program's to make. */
export function makesGroupsScope(
  applications: readonly PlannedApplication[],
  { clients }: Pick<Platform, "clients">,
): boolean {
  return clients.groupsScope === "create" && applications.some(({ auth }) => auth === "keycloak");
}

/** Addresses of the system that logs an application's people in (seed 004). */
export interface Endpoints {
  readonly issuer: string;
  readonly discovery: string;
  readonly authorization: string;
  readonly token: string;
  readonly userInfo: string;
  readonly jwks: string;
}

/** Where an application finds Keycloak or Dex. */
export function endpoints(
  { domain, realm, keycloakAddress, dex }: Platform,
  { auth }: Pick<RegisteredApplication, "auth">,
): Endpoints {
  if (auth === "dex") {
    const issuer = dex.address ?? `https://${domain}/dex`;
    return {
      issuer,
      discovery: `${issuer}/.well-known/openid-configuration`,
      authorization: `${issuer}/auth`,
      token: `${issuer}/token`,
      userInfo: `${issuer}/userinfo`,
      jwks: `${issuer}/keys`,
    };
  }
  const issuer = `${keycloakAddress ?? `https://${domain}/auth`}/realms/${realm}`;
  const protocol = `${issuer}/protocol/openid-connect`;
  return {
    issuer,
    discovery: `${issuer}/.well-known/openid-configuration`,
    authorization: `${protocol}/auth`,
    token: `${protocol}/token`,
    userInfo: `${protocol}/userinfo`,
    jwks: `${protocol}/certs`,
  };
}

/** What an application asks for (seed 004); Dex gives refresh tokens only with offline_access. */
export function scopesOf({ auth }: Pick<RegisteredApplication, "auth">): string[] {
  return ["openid", "profile", "email", groupsScope, ...(auth === "dex" ? ["offline_access"] : [])];
}

/** The environment of an application, but for its secret, which is in the Secret. */
export function environmentOf(platform: Platform, application: RegisteredApplication): Record<string, string> {
  const { issuer, discovery, authorization, token, userInfo, jwks } = endpoints(platform, application);
  return {
    OIDC_ISSUER_URL: issuer,
    OIDC_DISCOVERY_URL: discovery,
    OIDC_AUTHORIZATION_URL: authorization,
    OIDC_TOKEN_URL: token,
    OIDC_USERINFO_URL: userInfo,
    OIDC_JWKS_URL: jwks,
    OIDC_REDIRECT_URI: application.redirectUris[0] ?? "",
    OIDC_SCOPES: scopesOf(application).join(","),
  };
}
