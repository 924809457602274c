import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import type ClientRepresentation from "@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js";
import type ProtocolMapperRepresentation from "@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js";
import type {
  AccountFacts,
  ClientFacts,
  GroupsMapper,
  LoginEvent,
  Reading,
  RealmFacts,
  UserFacts,
} from "../../access/doctor/facts.ts";
import type { Keycloak } from "../keycloak.ts";
import { reading, Unread } from "./reading.ts";

/** A client, and its secret for a comparison. */
export interface FoundClient {
  readonly id: string;
  readonly facts: ClientFacts;
  readonly secret: string | undefined;
}

const oneDay = 24 * 3600 * 1000;
const mostEvents = 500;

/** Reads what access doctor looks at in one realm. */
export class Identity {
  readonly #keycloak: Keycloak;
  readonly #realm: string;
  readonly #scopes: Promise<Reading<readonly { name: string; mappers: ProtocolMapperRepresentation[] }[]>>;

  constructor(keycloak: Keycloak, realm: string) {
    this.#keycloak = keycloak;
    this.#realm = realm;
    this.#scopes = reading("Keycloak", async () =>
      (await (await keycloak.client()).clientScopes.find()).map(({ name = "", protocolMappers = [] }) => ({
        name,
        mappers: protocolMappers,
      })),
    );
  }

  async #read<T>(read: (client: KeycloakAdminClient) => Promise<T>): Promise<Reading<T>> {
    return reading("Keycloak", async () => read(await this.#keycloak.client()));
  }

  /**
   * The realm.
   *
   * @param addresses where its discovery document may be, the likeliest first
   */
  async realm(addresses: readonly string[]): Promise<Reading<RealmFacts | undefined>> {
    const issuer = await realIssuer(addresses);
    return this.#read(async (client) => {
      const found = await client.realms.findOne({ realm: this.#realm });
      if (!found) return undefined;
      return {
        issuer,
        enabled: found.enabled ?? false,
        verifyEmail: found.verifyEmail ?? false,
        sslRequired: found.sslRequired ?? "",
        accessToken: found.accessTokenLifespan ?? 0,
        sessionIdle: found.ssoSessionIdleTimeout ?? 0,
        sessionMax: found.ssoSessionMaxLifespan ?? 0,
        offlineIdle: found.offlineSessionIdleTimeout ?? 0,
        refreshOnce: (found.revokeRefreshToken ?? false) && (found.refreshTokenMaxReuse ?? 0) === 0,
      };
    });
  }

  /**
   * A client, as it is when it asks for scopes.
   *
   * @param asked the scopes
   */
  async client(clientId: string, asked: readonly string[]): Promise<Reading<FoundClient | undefined>> {
    const scopes = await this.#scopes;
    return this.#read(async (client) => {
      const [found] = await client.clients.find({ clientId });
      if (found?.id === undefined) return undefined;
      const { id, secret, defaultClientScopes = [], optionalClientScopes = [], protocolMappers = [] } = found;
      const given = [...defaultClientScopes, ...optionalClientScopes.filter((scope) => asked.includes(scope))];
      const groupsMappers: Reading<GroupsMapper[]> =
        "unread" in scopes
          ? scopes
          : {
              value: [
                ...protocolMappers,
                ...scopes.value.filter(({ name }) => given.includes(name)).flatMap(({ mappers }) => mappers),
              ].flatMap(groupsMapperOf),
            };
      return {
        id,
        secret,
        facts: {
          clientId,
          enabled: found.enabled ?? false,
          isPublic: found.publicClient ?? false,
          standardFlow: found.standardFlowEnabled ?? false,
          // In no order of its own.
          redirectUris: (found.redirectUris ?? []).toSorted(),
          webOrigins: (found.webOrigins ?? []).toSorted(),
          defaultScopes: defaultClientScopes,
          optionalScopes: optionalClientScopes,
          browserFlow: await browserFlowOf(client, found),
          groupsMappers,
        },
      };
    });
  }

  /** Realm roles of groups, by name; undefined for a group that is not there. */
  async rolesOfGroups(
    names: readonly string[],
  ): Promise<Reading<Readonly<Record<string, readonly string[] | undefined>>>> {
    return this.#read(async (client) => {
      const found = await Promise.all(
        names.map(async (name) => {
          const groups = await client.groups.find({ search: name, exact: true, briefRepresentation: false });
          const own = groups.find((group) => group.name === name);
          return [name, own && (own.realmRoles ?? [])] as const;
        }),
      );
      return Object.fromEntries(found);
    });
  }

  /** What Keycloak noted of logins to a client in the last day, latest first. */
  async events(clientId: string): Promise<Reading<LoginEvent[]>> {
    return this.#read(async (client) => {
      const { eventsEnabled } = await client.realms.getConfigEvents({ realm: this.#realm });
      if (!eventsEnabled) throw new Unread("the realm keeps no events of logins");
      const events = await client.realms.findEvents({
        realm: this.#realm,
        client: clientId,
        type: ["LOGIN_ERROR", "CODE_TO_TOKEN", "CODE_TO_TOKEN_ERROR", "REFRESH_TOKEN_ERROR"],
        max: mostEvents,
      });
      const since = Date.now() - oneDay;
      return events
        .filter(({ time = 0 }) => time > since)
        .toSorted((a, b) => (b.time ?? 0) - (a.time ?? 0))
        .map(({ type = "", time = 0, error, userId, details }) => {
          const { redirect_uri, username, reason } = (details ?? {}) as Readonly<Record<string, string | undefined>>;
          return {
            type,
            time: new Date(time).toISOString(),
            ...(error !== undefined && { error }),
            ...(redirect_uri !== undefined && { redirectUri: redirect_uri }),
            ...(userId !== undefined && { userId }),
            ...(username !== undefined && { username }),
            ...(reason !== undefined && { reason }),
          };
        });
    });
  }

  /**
   * One user.
   *
   * @param clients by the application's name, the client by which it hears of groups, and the scopes it asks for
   * @param own names of applications that have a client of their own in Keycloak
   */
  async user(
    username: string,
    clients: Readonly<Record<string, Reading<{ readonly id: string; readonly scopes: readonly string[] }>>>,
    own: readonly string[],
  ): Promise<UserFacts> {
    const account = await this.#read((client) => accountOf(client, username));
    const id = "value" in account ? account.value?.id : undefined;
    const ofAccount = async <T>(read: (client: KeycloakAdminClient, id: string) => Promise<T>): Promise<Reading<T>> =>
      id === undefined ? { unread: "there is no account" } : this.#read((client) => read(client, id));
    const [locked, sessions, changed, ...groups] = await Promise.all([
      ofAccount(async (client, user) => {
        const status = (await client.attackDetection.findOne({ id: user })) as { disabled?: boolean } | undefined;
        return status?.disabled === true;
      }),
      ofAccount(async (client, user) =>
        (await client.users.listSessions({ id: user })).map(({ start = 0, clients: byId = {} }) => ({
          start: new Date(start).toISOString(),
          clients: Object.values(byId),
        })),
      ),
      ofAccount((client, user) => this.#lastChange(client, user)),
      ...Object.entries(clients).map(async ([name, found]): Promise<[string, Reading<readonly string[]>]> => [
        name,
        "unread" in found
          ? found
          : await ofAccount(async (client, userId) => {
              const token = await client.clients.evaluateGenerateIdToken({
                id: found.value.id,
                userId,
                scope: found.value.scopes.join(" "),
              });
              const { groups: listed } = token;
              return Array.isArray(listed) ? listed.filter((one) => typeof one === "string") : [];
            }),
      ]),
    ]);
    const offline = own.map(async (name): Promise<[string, Reading<readonly string[]>]> => {
      const found = clients[name] ?? { unread: "nothing was asked" };
      if ("unread" in found) return [name, found];
      const { id: clientId } = found.value;
      return [
        name,
        await ofAccount(async (client, user) =>
          (await client.users.listOfflineSessions({ id: user, clientId })).map(({ start = 0 }) =>
            new Date(start).toISOString(),
          ),
        ),
      ];
    });
    return {
      username,
      account,
      locked,
      sessions,
      changed,
      offline: Object.fromEntries(await Promise.all(offline)),
      groups: Object.fromEntries(groups),
    };
  }

  /** When an administrator last changed what groups and roles say of somebody. */
  async #lastChange(client: KeycloakAdminClient, id: string): Promise<string | undefined> {
    const realm = this.#realm;
    const { adminEventsEnabled } = await client.realms.getConfigEvents({ realm });
    if (!adminEventsEnabled) throw new Unread("the realm keeps no events of administrators");
    const groups = await client.users.listGroups({ id, briefRepresentation: true });
    const paths = [`users/${id}/*`, ...groups.map((group) => `groups/${group.id ?? ""}/role-mappings/*`)];
    const events = await Promise.all(
      paths.map(async (resourcePath) => client.realms.findAdminEvents({ realm, resourcePath, max: 100 })),
    );
    const times = events
      .flat()
      .filter(({ resourceType = "" }) => ["GROUP_MEMBERSHIP", "REALM_ROLE_MAPPING"].includes(resourceType))
      .map(({ time = 0 }) => time);
    return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
  }
}

/** As applications see it where their address can be reached from here, else as administrators do. */
async function realIssuer(addresses: readonly string[]): Promise<Reading<string>> {
  let unread = "";
  for (const address of addresses) {
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(5000), redirect: "error" });
      if (!response.ok) throw new Unread(`answers ${response.status}`);
      const { issuer } = (await response.json()) as { issuer?: unknown };
      if (typeof issuer === "string") return { value: issuer };
      unread = `${address} is no discovery document`;
    } catch {
      unread = `nobody answers at ${address}`;
    }
  }
  return { unread };
}

function groupsMapperOf({
  name = "",
  protocolMapper: type = "",
  config,
}: ProtocolMapperRepresentation): GroupsMapper[] {
  const settings = (config ?? {}) as Readonly<Record<string, string | undefined>>;
  if (settings["claim.name"] !== "groups") return [];
  return [
    {
      name,
      type,
      fullPath: settings["full.path"] === "true",
      idToken: settings["id.token.claim"] === "true",
      accessToken: settings["access.token.claim"] === "true",
    },
  ];
}

async function browserFlowOf(
  client: KeycloakAdminClient,
  { authenticationFlowBindingOverrides }: ClientRepresentation,
): Promise<string | undefined> {
  const { browser = "" } = (authenticationFlowBindingOverrides ?? {}) as Readonly<Record<string, string | undefined>>;
  if (browser === "") return undefined;
  const flows = await client.authenticationManagement.getFlows();
  return flows.find(({ id }) => id === browser)?.alias ?? browser;
}

async function accountOf({ users }: KeycloakAdminClient, username: string): Promise<AccountFacts | undefined> {
  const [found] = await users.find({ username, exact: true });
  if (found?.id === undefined) return undefined;
  const { id, enabled = false, emailVerified = false, requiredActions = [] } = found;
  const [groups, roles] = await Promise.all([
    users.listGroups({ id, briefRepresentation: true }),
    users.listCompositeRealmRoleMappings({ id }),
  ]);
  return {
    id,
    enabled,
    emailVerified,
    requiredActions,
    groups: groups.map(({ path = "" }) => path),
    roles: roles.map(({ name = "" }) => name),
  };
}
