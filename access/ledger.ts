import { exemptedPaths, openingRoles, registeredApplications } from "./application.ts";
import { type AccessRecord, type EndRecord, endsOf, recordOf, renames } from "./diff.ts";
import type { AccessEntry } from "./entries.ts";
import { type Limits, limitsOf, type Target } from "./guards.ts";
import { canonical } from "./inventory.ts";
import { type AccessLevel, clusterRoleBindingName, contributorBindingName } from "./names.ts";
import type { ClusterLevel, NetworkAccess, Plan, PlannedSource, PlannedWorkspace } from "./resolve.ts";

/**
 * Every right that the program gives, by whom it is given to: plain data, kept in the stack's state, so that an update
 * knows exactly what to take away before it gives anything. `pulumi preview --diff` shows its change.
 */
export interface Ledger {
  /** Groups and realm roles of each account, by username. */
  readonly users: Readonly<Record<string, UserLedger>>;
  /** Realm roles of each group. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Realm roles that were given to the platform's two groups. */
  readonly platformGroups: Readonly<Record<string, readonly string[]>>;
  /** Groups elsewhere that fill a group, by the group's name. */
  readonly sources: Readonly<Record<string, readonly Omit<PlannedSource, "at">[]>>;
  readonly directories: readonly string[];
  readonly identityProviders: readonly string[];
  readonly applications: Readonly<Record<string, ApplicationLedger>>;
  /** Paths that the gateway lets through for applications. */
  readonly exempted: readonly string[];
  readonly workspaces: Readonly<Record<string, WorkspaceLedger>>;
  /** Levels by e-mail address. */
  readonly cluster: Readonly<Record<string, ClusterLevel>>;
  /** Entities that are to be taken over although others made them. */
  readonly adopted: readonly string[];
  /** Effective access, by which a later update tells how much it would take away. */
  readonly access: AccessRecord;
  /** How that access ends by itself. */
  readonly ends: EndRecord;
  /** How much the next update may take away; absent where an earlier version of this program wrote it. */
  readonly limits?: Limits;
  /** The cluster and realm that all of it is given on. */
  readonly target: Target;
}

export interface UserLedger {
  readonly email: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  /** The directory that keeps the account; absent for one of this stack's. */
  readonly directory?: string;
}

export interface ApplicationLedger {
  readonly auth: "keycloak" | "dex";
  readonly clientId: string;
  /** The Secret with its keys, as `namespace/name`. */
  readonly secret: string;
  /** Who may log in; absent for everybody with an account. */
  readonly allow?: { readonly groups: readonly string[]; readonly roles: readonly string[] };
}

export interface WorkspaceLedger {
  /** Levels by e-mail address. */
  readonly contributors: Readonly<Record<string, AccessLevel>>;
  /** What the header must say, by what the mesh lets through. */
  readonly network: Readonly<Record<NetworkAccess, readonly string[]>>;
}

/**
 * What the plan gives.
 *
 * @param entries everybody's effective access
 * @param target the cluster and realm it is given on
 */
export function ledgerOf(plan: Plan, entries: readonly AccessEntry[] = [], target: Target = {}): Ledger {
  const writesAll = plan.platform.provisioning === "program";
  const header = (address: string) => plan.platform.istio.userIdPrefix + address;
  return {
    users: Object.fromEntries(
      plan.users.map(({ username, email, groups, roles, directory }) => [
        username,
        { email, groups, roles, ...(directory !== undefined && { directory }) },
      ]),
    ),
    groups: Object.fromEntries(plan.groups.map(({ name, roles }) => [name, roles])),
    platformGroups: plan.platformGroupRoles,
    sources: Object.fromEntries(
      plan.groups
        .filter(({ sources }) => sources.length > 0)
        .map(({ name, sources }) => [name, sources.map((source) => ({ name: source.name, from: source.from }))]),
    ),
    directories: plan.directories.map(({ name }) => name),
    identityProviders: plan.identityProviders.map(({ name }) => name),
    applications: Object.fromEntries(
      registeredApplications(plan.applications).map((application) => {
        const { name, auth, clientId, namespace } = application;
        const secret = `${namespace}/${application.secret.name}`;
        const allow = auth === "keycloak" ? application.allow : undefined;
        return [
          name,
          { auth, clientId, secret, ...(allow && { allow: { groups: allow.groups, roles: allow.roles } }) },
        ];
      }),
    ),
    exempted: exemptedPaths(plan.applications).map(({ path }) => path),
    workspaces: Object.fromEntries(
      allWorkspaces(plan).map(({ name, contributors, network }) => [
        name,
        {
          contributors: writesAll ? Object.fromEntries(contributors.map(({ email, level }) => [email, level])) : {},
          network: {
            full: writesAll ? network.full.map(header) : [],
            pipelines: writesAll ? network.pipelines.map(header) : [],
          },
        },
      ]),
    ),
    cluster: writesAll ? Object.fromEntries(plan.clusterAccess.map(({ email, level }) => [email, level])) : {},
    adopted: [
      ...plan.users.filter(({ adopt }) => adopt).map(({ username }) => `user ${username}`),
      ...plan.groups.filter(({ adopt }) => adopt).map(({ name }) => `group ${name}`),
      ...plan.workspaces.filter(({ adopt }) => adopt).map(({ name }) => `workspace ${name}`),
    ],
    access: recordOf(entries),
    ends: endsOf(entries),
    limits: limitsOf(plan.platform.guards),
    target,
  };
}

/** Usernames in the plan by those in an earlier ledger. */
export function renamesSince(before: Ledger, { users }: Pick<Plan, "users">): Map<string, string> {
  return renames(users, new Set(Object.keys(before.users)));
}

/** Shared and personal workspaces. */
export function allWorkspaces({ workspaces, users }: Plan): PlannedWorkspace[] {
  return [...workspaces, ...users.flatMap(({ personalWorkspace }) => personalWorkspace ?? [])];
}

/** What an update takes away, on every plane. */
export interface Revocations {
  /** Groups an account leaves and roles it loses; `gone` when the account itself goes. By the username it has now. */
  readonly users: readonly (Omit<UserLedger, "email"> & {
    readonly username: string;
    readonly gone: boolean;
    /** Applications that let the user in by what is lost: sessions with them end. */
    readonly applications: readonly string[];
  })[];
  readonly groups: readonly { readonly name: string; readonly roles: readonly string[] }[];
  readonly platformGroups: Revocations["groups"];
  /** Groups elsewhere that no longer fill a group. */
  readonly sources: readonly (Omit<PlannedSource, "at"> & { readonly group: string })[];
  /** Directories and identity providers that nobody comes through any more. */
  readonly directories: readonly string[];
  readonly identityProviders: readonly string[];
  /** Keycloak clients of applications that go: nobody logs in to them any more. */
  readonly clients: readonly string[];
  /** Dex clients of applications that go, and those that stay. */
  readonly dexClients: { readonly lost: readonly string[]; readonly kept: readonly string[] };
  /** Applications that let fewer people in. */
  readonly narrowed: readonly {
    readonly application: string;
    readonly clientId: string;
    /** Realm roles that open it no more. */
    readonly roles: readonly string[];
    /** Whether everybody could log in until now. */
    readonly wasOpen: boolean;
  }[];
  /** Whether the gateway lets less through, and what it goes on letting through. */
  readonly exempted: { readonly lost: readonly string[]; readonly kept: readonly string[] };
  /** Names of RoleBindings by namespace. */
  readonly roleBindings: readonly { readonly namespace: string; readonly name: string }[];
  readonly clusterRoleBindings: readonly string[];
  /** Header values that a workspace's network policy no longer lets in. */
  readonly network: readonly { namespace: string; access: NetworkAccess; values: readonly string[] }[];
  /** Workspaces that go: whoever still holds their roles or keys loses what these open. */
  readonly workspaces: readonly string[];
}

/**
 * What stands in the earlier ledger and not in the later one.
 *
 * @param renamed new usernames by the ones until now
 */
export function revocations(before: Ledger, after: Ledger, renamed: ReadonlyMap<string, string>): Revocations {
  const workspaces = Object.entries(before.workspaces).map(([name, old]) => ({
    name,
    old,
    now: after.workspaces[name] ?? { contributors: {}, network: { full: [], pipelines: [] } },
  }));
  const groups = lostRoles(before.groups, after.groups);
  const platformGroups = lostRoles(before.platformGroups, after.platformGroups);
  const sources = Object.entries(before.sources).flatMap(([group, all]) => {
    const kept = (after.sources[group] ?? []).map((source) => canonical(source));
    return all.filter((source) => !kept.includes(canonical(source))).map((source) => ({ ...source, group }));
  });
  // Who comes from elsewhere has no line of their own: what a group loses, everybody in it loses.
  const lostInGroups = [
    ...[...groups, ...platformGroups].flatMap(({ roles }) => roles),
    ...sources.flatMap(({ group }) => before.groups[group] ?? []),
  ];
  return {
    users: Object.entries(before.users)
      .map(([was, old]) => {
        const username = renamed.get(was) ?? was;
        const now = after.users[username];
        const lost = without(rolesHeld(before, old), now && rolesHeld(after, now));
        return {
          username,
          groups: without(old.groups, now?.groups),
          roles: without(old.roles, now?.roles),
          gone: now === undefined,
          applications: Object.entries(before.applications).flatMap(([name, application]) =>
            openingRoles({ name, ...application }).some((role) => lost.includes(role)) ? [application.clientId] : [],
          ),
          ...(old.directory !== undefined && { directory: old.directory }),
        };
      })
      .filter(
        ({ groups, roles, gone, applications }) => gone || groups.length + roles.length + applications.length > 0,
      ),
    groups,
    platformGroups,
    sources,
    directories: without(before.directories, after.directories),
    identityProviders: without(before.identityProviders, after.identityProviders),
    ...lostApplications(before.applications, after.applications, lostInGroups),
    exempted: {
      lost: without(before.exempted, after.exempted),
      kept: before.exempted.filter((path) => after.exempted.includes(path)),
    },
    roleBindings: workspaces.flatMap(({ name: namespace, old, now }) =>
      Object.entries(old.contributors)
        .filter(([email, level]) => now.contributors[email] !== level)
        .map(([email, level]) => ({ namespace, name: contributorBindingName(email, level) })),
    ),
    clusterRoleBindings: Object.entries(before.cluster)
      .filter(([email, level]) => after.cluster[email] !== level)
      .map(([email, level]) => clusterRoleBindingName(email, level)),
    network: workspaces.flatMap(({ name: namespace, old, now }) =>
      (["full", "pipelines"] as const)
        .map((access) => ({ namespace, access, values: without(old.network[access], now.network[access]) }))
        .filter(({ values }) => values.length > 0),
    ),
    workspaces: workspaces.flatMap(({ name }) => (name in after.workspaces ? [] : [name])),
  };
}

/** All realm roles that somebody holds, by themselves and through groups. */
function rolesHeld({ groups, platformGroups }: Ledger, user: UserLedger): string[] {
  return [...user.roles, ...user.groups.flatMap((name) => groups[name] ?? platformGroups[name] ?? [])];
}

function lostApplications(
  before: Ledger["applications"],
  after: Ledger["applications"],
  lostInGroups: readonly string[],
): Pick<Revocations, "clients" | "dexClients" | "narrowed"> {
  const clientsOf = (applications: Ledger["applications"], auth: ApplicationLedger["auth"]) =>
    Object.values(applications).flatMap((one) => (one.auth === auth ? [one.clientId] : []));
  const atDex = clientsOf(before, "dex");
  const lost = without(atDex, clientsOf(after, "dex"));
  return {
    clients: without(clientsOf(before, "keycloak"), clientsOf(after, "keycloak")),
    dexClients: { lost, kept: without(atDex, lost) },
    narrowed: Object.entries(before).flatMap(([application, { clientId, allow }]) => {
      const now = after[application];
      if (now?.allow === undefined) return [];
      const roles = without(allow?.roles ?? [], now.allow.roles);
      const groups = without(allow?.groups ?? [], now.allow.groups);
      const wasOpen = allow === undefined;
      const isLost = openingRoles({ name: application, allow }).some((role) => lostInGroups.includes(role));
      return wasOpen || isLost || roles.length + groups.length > 0 ? [{ application, clientId, roles, wasOpen }] : [];
    }),
  };
}

function lostRoles(
  before: Readonly<Record<string, readonly string[]>>,
  after: Readonly<Record<string, readonly string[]>>,
): { name: string; roles: readonly string[] }[] {
  return Object.entries(before)
    .map(([name, roles]) => ({ name, roles: without(roles, after[name]) }))
    .filter(({ roles }) => roles.length > 0);
}

/**
 * What passes from one application to another in one update, in words: the engine makes the new before it deletes the
 * old, so the one would be refused and the other would go.
 */
export function passedOn(before: Ledger, after: Ledger): string[] {
  return Object.entries(before.applications).flatMap(([was, old]) =>
    Object.entries(after.applications).flatMap(([name, now]) => {
      if (name === was) return [];
      return [
        ...(now.auth === "keycloak" && old.auth === "keycloak" && now.clientId === old.clientId
          ? [`client "${old.clientId}" of application "${was}" would pass to "${name}"`]
          : []),
        ...(now.secret === old.secret ? [`Secret ${old.secret} of application "${was}" would pass to "${name}"`] : []),
      ];
    }),
  );
}

/** Entities newly to be adopted that the stack already manages: an import would replace, and so delete, them. */
export function adoptedTwice(before: Ledger, after: Ledger): string[] {
  return without(after.adopted, before.adopted).filter((entity) => {
    const [kind, name = ""] = entity.split(" ");
    const managed = { user: before.users, group: before.groups, workspace: before.workspaces }[kind ?? ""] ?? {};
    return Object.hasOwn(managed, name);
  });
}

function without(all: readonly string[], kept: readonly string[] = []): string[] {
  return all.filter((one) => !kept.includes(one));
}
