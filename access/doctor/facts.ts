import type { LiveGateway } from "../gateway.ts";

/** What was read, or why it was not. */
export type Reading<T> = { readonly value: T } | { readonly unread: string };

/** Keycloak's realm. Lifetimes are in seconds. */
export interface RealmFacts {
  /** The issuer by Keycloak's own discovery document. */
  readonly issuer: Reading<string>;
  readonly enabled: boolean;
  readonly verifyEmail: boolean;
  readonly sslRequired: string;
  readonly accessToken: number;
  readonly sessionIdle: number;
  readonly sessionMax: number;
  readonly offlineIdle: number;
  /** Whether a refresh token works once only. */
  readonly refreshOnce: boolean;
}

/** Something that writes the claim `groups`. */
export interface GroupsMapper {
  readonly name: string;
  /** Keycloak's name of its kind. */
  readonly type: string;
  readonly fullPath: boolean;
  readonly idToken: boolean;
  readonly accessToken: boolean;
}

/** A client of Keycloak. */
export interface ClientFacts {
  readonly clientId: string;
  readonly enabled: boolean;
  readonly isPublic: boolean;
  readonly standardFlow: boolean;
  readonly redirectUris: readonly string[];
  readonly webOrigins: readonly string[];
  readonly defaultScopes: readonly string[];
  readonly optionalScopes: readonly string[];
  /** Alias of the browser login that is the client's own. */
  readonly browserFlow: string | undefined;
  /** What writes the claim `groups` when the client asks for it. */
  readonly groupsMappers: Reading<readonly GroupsMapper[]>;
}

/** What a RequestAuthentication makes of a token. */
export interface ClaimHeaders {
  /** `namespace/name`. */
  readonly policy: string;
  readonly issuer: string;
  /** Claims by header. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a VirtualService at a gateway takes. */
export interface RouteFacts {
  /** `namespace/name`. */
  readonly name: string;
  readonly hosts: readonly string[];
  /** As patterns of Istio's policies: `/x` for one page, `/x*` for a beginning. */
  readonly paths: readonly string[];
  /** Namespaces it sends requests to. */
  readonly namespaces: readonly string[];
}

/** Dex, without its secrets. */
export interface DexFacts {
  readonly issuer: string | undefined;
  /** What is wrong with its connectors, one text each. */
  readonly connectors: readonly string[];
  /** Its Deployment; undefined when there is none of that name. */
  readonly deployment:
    | {
        /** Whether it was started after the last change of what it reads. */
        readonly current: boolean;
        /** Variables that it takes from its Secret. */
        readonly reads: "all" | readonly string[];
      }
    | undefined;
}

/** What was read for all applications. */
export interface PlatformFacts {
  readonly realm: Reading<RealmFacts | undefined>;
  readonly gateway: Reading<LiveGateway>;
  readonly claimHeaders: Reading<readonly ClaimHeaders[]>;
  readonly routes: Reading<readonly RouteFacts[]>;
  readonly dex: Reading<DexFacts | undefined>;
  /** The client with which Dex logs people in at Keycloak. */
  readonly dexClient: Reading<ClientFacts | undefined>;
}

/** One environment variable of a workload that says something of the login. */
export interface Setting {
  /** Such as `Deployment myapp`. */
  readonly workload: string;
  readonly container: string;
  readonly variable: string;
  /** Absent where it is a secret, or made of one, or where what it comes from is not there. */
  readonly value: string | undefined;
  readonly from:
    | { readonly kind: "value" }
    | { readonly kind: "ConfigMap" | "Secret"; readonly name: string; readonly key: string; readonly missing: boolean };
}

/** A workload whose containers are older than what they have read. */
export interface StaleWorkload {
  readonly workload: string;
  readonly started: string;
  /** Such as `Secret myapp-oidc-secret`. */
  readonly object: string;
  readonly changed: string;
}

/** Something Keycloak noted of a login, without what it does not say. Times are ISO 8601. */
export interface LoginEvent {
  readonly type: string;
  readonly time: string;
  readonly error?: string;
  readonly redirectUri?: string;
  readonly userId?: string;
  readonly username?: string;
  readonly reason?: string;
}

/** What was read of one application. */
export interface ApplicationFacts {
  readonly namespace: Reading<boolean>;
  /** The client in Keycloak. */
  readonly client: Reading<ClientFacts | undefined>;
  /** The client in Dex. */
  readonly dexClient: Reading<{ readonly redirectUris: readonly string[] } | undefined>;
  /** The Secret, compared with what Keycloak or Dex has; its values are nowhere. */
  readonly secret: Reading<{ readonly idIsRight: boolean; readonly secretIsRight: Reading<boolean> } | undefined>;
  readonly environment: Reading<Readonly<Record<string, string>> | undefined>;
  readonly settings: Reading<readonly Setting[]>;
  readonly stale: Reading<readonly StaleWorkload[]>;
  /** Realm roles of the groups in `allow`, by group; undefined for a group that is not there. */
  readonly allowedGroups: Reading<Readonly<Record<string, readonly string[] | undefined>>>;
  /** The last day's, latest first. */
  readonly events: Reading<readonly LoginEvent[]>;
}

/** An account. */
export interface AccountFacts {
  readonly id: string;
  readonly enabled: boolean;
  readonly emailVerified: boolean;
  readonly requiredActions: readonly string[];
  /** With a leading slash. */
  readonly groups: readonly string[];
  /** Realm roles, those of groups and of other roles included. */
  readonly roles: readonly string[];
}

/** What was read of one user. Times are ISO 8601. */
export interface UserFacts {
  readonly username: string;
  readonly account: Reading<AccountFacts | undefined>;
  /** Whether Keycloak makes the user wait after wrong passwords. */
  readonly locked: Reading<boolean>;
  readonly sessions: Reading<readonly { readonly start: string; readonly clients: readonly string[] }[]>;
  /** When an administrator last changed groups or roles of the user or of one of the user's groups. */
  readonly changed: Reading<string | undefined>;
  /** When offline sessions with each application of Keycloak began, by its name. */
  readonly offline: Readonly<Record<string, Reading<readonly string[]>>>;
  /** What each application would be told, by its name: groups in the token, or in Dex's. */
  readonly groups: Readonly<Record<string, Reading<readonly string[]>>>;
}

/** Everything that was read. */
export interface Facts {
  /** The stack, for commands. */
  readonly stack: string;
  readonly platform: PlatformFacts;
  /** By name; applications without are not looked at. */
  readonly applications: Readonly<Record<string, ApplicationFacts>>;
  readonly user: UserFacts | undefined;
}

/** Keycloak's name of the mapper that lists a person's groups. */
export const groupMembership = "oidc-group-membership-mapper";
