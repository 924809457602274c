import KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { UnmanagedAttributePolicy } from "@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js";
import { type Account, accountOf, type LiveObject, stackInAttributes } from "../access/inventory.ts";
import { workspaceRoleNames } from "../access/names.ts";
import { allWorkspaces } from "../access/ledger.ts";
import type { LiveRealm } from "../access/liveRealm.ts";
import type { Plan, SeenMember } from "../access/resolve.ts";
import type { Connection } from "./connection.ts";
import { federationObjects, seenMembers } from "./federation.ts";
import { checkMasterRealm, readRealm } from "./realm.ts";

/** The identity plane, as administrators see it. */
export class Keycloak {
  readonly #connection: Connection["keycloak"];
  readonly #realm: string;
  #client: { readonly client: KeycloakAdminClient; readonly until: number } | undefined;

  constructor(connection: Connection["keycloak"], realm: string) {
    this.#connection = connection;
    this.#realm = realm;
  }

  /** A client for the platform's realm. An administrator's token lives a minute, so it is taken anew before that. */
  async client(): Promise<KeycloakAdminClient> {
    if (this.#client && Date.now() < this.#client.until) return this.#client.client;
    const { url, loginRealm, login } = this.#connection;
    const client = new KeycloakAdminClient({ baseUrl: url, realmName: loginRealm });
    await client.auth(
      "clientSecret" in login ? { grantType: "client_credentials", ...login } : { grantType: "password", ...login },
    );
    client.setConfig({ realmName: this.#realm });
    this.#client = { client, until: Date.now() + 30_000 };
    return client;
  }

  /** Accounts that the plan's usernames, earlier usernames and addresses lead to, and the Profile owner's. */
  async accounts({ users, platform }: Plan): Promise<Account[]> {
    const found = new Map<string, Account>();
    const keep = (accounts: readonly Representation[]) => {
      for (const account of accounts.map(toAccount)) found.set(account.id, account);
    };
    keep(
      await pages(async (first, max) =>
        (await this.client()).users.find({ q: "managed-by:prokube-access", briefRepresentation: false, first, max }),
      ),
    );
    const known = new Set([...found.values()].flatMap(({ username, email }) => [username, email]));
    const searches = [
      ...users.flatMap(({ username, was, email }) => [
        ...[username, was].flatMap((name) => (name === undefined || known.has(name) ? [] : [{ username: name }])),
        ...(known.has(email) ? [] : [{ email }]),
      ]),
      { email: platform.owner },
      { username: platform.owner },
    ];
    await inBatches(searches, async (search) => {
      keep(await (await this.client()).users.find({ ...search, exact: true, briefRepresentation: false }));
    });
    return [...found.values()];
  }

  /** The realm as it is, or undefined when there is none. */
  async realm(): Promise<LiveRealm | undefined> {
    return readRealm(await this.client(), this.#realm);
  }

  /** Members of the administrators' group who can log in. */
  async administrators({ platform }: Plan): Promise<string[]> {
    const { groups } = await this.client();
    const name = platform.platformGroups.admin;
    const found = await groups.find({ search: name, exact: true, max: pageSize });
    const id = found.find((group) => group.name === name)?.id;
    if (id === undefined) return [];
    const members = await pages<Representation>(async (first, max) =>
      (await this.client()).groups.listMembers({ id, first, max }),
    );
    return members.flatMap(({ enabled, username = "" }) => (enabled === true ? [username] : []));
  }

  /** The username in the platform's realm as which this is logged in. */
  async yourself(): Promise<string | undefined> {
    if (this.#connection.loginRealm !== this.#realm) return undefined;
    const token = await (await this.client()).getAccessToken();
    const claims = JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      preferred_username?: string;
    };
    return claims.preferred_username;
  }

  /** What is wrong with the accounts that may administer Keycloak itself. */
  async masterRealm({ platform }: Plan): Promise<string[]> {
    return checkMasterRealm(await this.client(), platform.masterAdmins);
  }

  /** Who is in groups through directories and identity providers. */
  async seen(plan: Plan): Promise<SeenMember[]> {
    return seenMembers(await this.client(), plan);
  }

  /** Whether attributes that the realm's user profile does not list are forgotten. */
  async dropsAttributes(): Promise<boolean> {
    const { unmanagedAttributePolicy } = await (await this.client()).users.getProfile();
    return (
      unmanagedAttributePolicy !== UnmanagedAttributePolicy.AdminEdit &&
      unmanagedAttributePolicy !== UnmanagedAttributePolicy.Enabled
    );
  }

  /** Roles and groups under names that the plan uses, and everything of the realm that is named by itself. */
  async objects(plan: Plan): Promise<LiveObject[]> {
    const wanted = new Set(allWorkspaces(plan).flatMap(({ name }) => workspaceRoleNames(name)));
    const roles = await pages<Named>(async (first, max) =>
      (await this.client()).roles.find({ search: "pk:", briefRepresentation: false, first, max }),
    );
    const groups = await pages<Named>(async (first, max) =>
      (await this.client()).groups.find({ briefRepresentation: false, first, max }),
    );
    const { user, admin, create } = plan.platform.platformGroups;
    const names = new Set([...plan.groups.map(({ name }) => name), ...(create ? [user, admin] : [])]);
    const free = await inBatches(
      plan.realmRoles.filter(({ existing }) => !existing),
      async ({ name }) => (await this.client()).roles.findOneByName({ name }),
    );
    return [
      ...(await federationObjects(await this.client(), this.#realm)),
      ...(await inBatches(
        free.filter((role) => Boolean(role)),
        async (role) => this.#role(role as Named, groups),
      )),
      ...(await inBatches(
        roles.filter(({ name }) => wanted.has(name ?? "")),
        async (role) => this.#role(role, groups),
      )),
      ...(await inBatches(
        groups.filter(({ name }) => names.has(name ?? "")),
        async (group) => this.#group(group),
      )),
    ];
  }

  async #role({ id = "", name = "", attributes }: Named, groups: readonly Named[]): Promise<LiveObject> {
    const stack = stackInAttributes(attributes);
    const object: LiveObject = { kind: "realm role", name, id: `${this.#realm}/${id}` };
    if (stack !== undefined) return { ...object, stack };
    const { roles } = await this.client();
    const users = await pages<Representation>(async (first, max) => roles.findUsersWithRole({ name, first, max }));
    const holders = groups.filter(({ realmRoles = [] }) => realmRoles.includes(name));
    return { ...object, members: [...usernames(users), ...holders.map((group) => `group ${group.name ?? ""}`)] };
  }

  async #group({ id = "", name = "", attributes }: Named): Promise<LiveObject> {
    const stack = stackInAttributes(attributes);
    const object: LiveObject = { kind: "group", name, id: `${this.#realm}/${id}` };
    if (stack !== undefined) return { ...object, stack };
    const members = await pages(async (first, max) => (await this.client()).groups.listMembers({ id, first, max }));
    return { ...object, members: usernames(members) };
  }
}

interface Named {
  id?: string;
  name?: string;
  attributes?: Readonly<Record<string, readonly string[]>>;
  /** Of a group: the names of the realm roles it holds. */
  realmRoles?: readonly string[];
}

interface Representation {
  id?: string;
  username?: string;
  email?: string;
  enabled?: boolean;
  federationLink?: string;
  attributes?: Record<string, string[]>;
}

function usernames(users: readonly Representation[]): string[] {
  return users.map(({ username = "" }) => `user ${username}`);
}

function toAccount(found: Representation): Account {
  const { id = "", username = "", email = "", enabled = false, attributes = {}, federationLink } = found;
  return accountOf({ id, username, email, enabled, attributes, directoryId: federationLink });
}

const pageSize = 500;

/** Everything that a paged search finds. */
export async function pages<T>(read: (first: number, max: number) => Promise<T[]>): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await read(all.length, pageSize);
    all.push(...page);
    if (page.length < pageSize) return all;
  }
}

/** A few requests at a time: enough to be quick, too few to be felt. */
export async function inBatches<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += 8) {
    results.push(...(await Promise.all(items.slice(start, start + 8).map(act))));
  }
  return results;
}
