import { applicationRolesOf, type PlannedApplication, plannedApplication } from "./application.ts";
import { compare, type Location } from "./diagnostic.ts";
import type { Directory } from "./directorySchema.ts";
import type { Sourced } from "./document.ts";
import type { DesiredState } from "./load.ts";
import {
  type AccessLevel,
  applicationRole,
  contributorBindingName,
  emailPattern,
  otpRole,
  workspaceRoles,
} from "./names.ts";
import { limitsCompute } from "./quantity.ts";
import { isDay } from "./fields.ts";
import type { IdentityProvider } from "./identityProviderSchema.ts";
import { type RealmSettings, withDefaults } from "./realmSchema.ts";
import type { Group, Limits, MemberSource, Platform, User, Workspace } from "./schema.ts";

/** What the network plane lets through to a member: everything, or only what the Kubeflow Pipelines UI fetches. */
export type NetworkAccess = "full" | "pipelines";

/** One line of desired state as it reaches one user. */
export interface Grant {
  readonly user: string;
  readonly workspace: string;
  /** Where the grant comes from: a workspace's members or storage list, or the user's own workspace. */
  readonly source: "members" | "storage" | "personal";
  readonly level: AccessLevel;
  readonly notebooksAccess: boolean;
  /** The group through which the user gets it; absent for a direct grant. */
  readonly group?: string;
  /** First day (UTC) on which it no longer holds. */
  readonly expires?: string;
  readonly at: Location;
}

/** What one user ends up with in one workspace: on each plane the highest of all grants. */
export interface EffectiveAccess {
  readonly user: string;
  readonly workspace: string;
  readonly kubernetes?: AccessLevel;
  readonly network?: NetworkAccess;
  readonly storage?: AccessLevel;
  /** Every grant that contributes, highest and most direct first. */
  readonly grants: readonly Grant[];
}

/** Kubeflow's ClusterRoles that can be held in the whole cluster. */
export type ClusterLevel = "admin" | "edit";

/** One line of `clusterAccess` as it reaches one user. */
export interface ClusterGrant {
  readonly level: ClusterLevel;
  /** The group through which the user gets it; absent for a direct grant. */
  readonly group?: string;
  /** First day (UTC) on which it no longer holds. */
  readonly expires?: string;
  readonly at: Location;
}

/** What one user ends up with in every namespace of the cluster: the higher of all cluster-wide grants. */
export interface ClusterAccess extends ClusterGrant {
  readonly user: string;
  readonly email: string;
  /** Every grant, highest and most direct first; the first says the rest of this. */
  readonly grants: readonly ClusterGrant[];
}

/** A member as the Kubernetes plane knows them: one contributor binding. */
export interface Contributor {
  readonly username: string;
  readonly email: string;
  readonly level: AccessLevel;
}

export interface PlannedWorkspace {
  readonly name: string;
  readonly description: string | undefined;
  /** Where the workspace is written down: its file, or the line of the user it belongs to. */
  readonly at: Location;
  /** Whether what is there already under its names is to be taken over. */
  readonly adopt: boolean;
  /** The user whose personal workspace it is; absent for a shared one. */
  readonly personalOf: Pick<User, "username" | "email"> | undefined;
  /** E-mail address that owns the Profile. */
  readonly owner: string;
  /** The owner until now, where a change is asked for. */
  readonly previousOwner: string | undefined;
  /** Changes when the service account is to have new keys. */
  readonly keyVersion: string;
  /** Hard limits for the namespace as a whole; empty for none. */
  readonly quota: Readonly<Record<string, string>>;
  /** Defaults for containers; absent for none. */
  readonly limits: Limits | undefined;
  readonly contributors: readonly Contributor[];
  /** Every grant as it reaches a user: what the above comes from. */
  readonly grants: readonly Omit<Grant, "at">[];
  /** E-mail addresses by what the network plane lets through. */
  readonly network: Readonly<Record<NetworkAccess, readonly string[]>>;
}

export interface PlannedUser extends Omit<User, "workspace" | "roles"> {
  readonly at: Location;
  /** Groups the user is in, the platform's included. */
  readonly groups: readonly string[];
  /** Realm roles assigned to the user directly: only the topmost of each composite. */
  readonly roles: readonly string[];
  readonly personalWorkspace: PlannedWorkspace | undefined;
}

export interface PlannedGroup {
  readonly name: string;
  readonly description: string | undefined;
  readonly at: Location;
  readonly adopt: boolean;
  readonly members: readonly string[];
  /** Groups inside it that hold the people who come from elsewhere. */
  readonly sources: readonly PlannedSource[];
  /** Realm roles assigned to the group: only the topmost of each composite. */
  readonly roles: readonly string[];
}

/** A group elsewhere whose people get what a group here gets, through a group inside it. */
export interface PlannedSource {
  readonly at: Location;
  /** Name of the group inside. */
  readonly name: string;
  readonly from:
    | { readonly directory: string; readonly group: string }
    | { readonly identityProvider: string; readonly claim: string; readonly value: string };
}

/** Somebody who is in a group through a directory or an identity provider, as Keycloak knows them now. */
export interface SeenMember {
  readonly group: string;
  readonly username: string;
  readonly email: string;
}

/** What everybody gets who is in a group through a directory or an identity provider; who that is, only these know. */
export interface OutsideAccess {
  readonly group: string;
  readonly sources: readonly PlannedSource[];
  /** What the group gives in each workspace; `user` is the group's name. */
  readonly access: readonly EffectiveAccess[];
  /** What the group gives in every namespace. */
  readonly cluster: ClusterLevel | undefined;
  /** The lines that give it, highest first. */
  readonly clusterGrants: readonly ClusterGrant[];
}

/** A realm role that is no workspace's. */
export interface PlannedRole {
  readonly name: string;
  readonly description: string | undefined;
  /** Whether the realm has it and somebody else manages it. */
  readonly existing: boolean;
  readonly at: Location;
}

/** A directory or an identity provider, with where it is written down. */
export type Placed<T> = T & { readonly at: Location };

/** Who may do what, decided: plain data, the same for the same files and date. */
export interface Plan {
  /** The day (UTC) the plan was made for: grants that expire on it or before are gone. */
  readonly date: string;
  readonly platform: Platform;
  /** Where keys of platform.yaml stand. */
  readonly platformAt: Readonly<
    Record<"realmManagement" | "otp" | "dex" | "direct" | "groupsScope" | "gateway" | "dexDocument", Location>
  >;
  /** What of the realm's settings is kept; absent where they are left alone. */
  readonly realmSettings: RealmSettings | undefined;
  readonly realmRoles: readonly PlannedRole[];
  /** Realm roles of the platform's two groups, by the group's name. */
  readonly platformGroupRoles: Readonly<Record<string, readonly string[]>>;
  readonly directories: readonly Placed<Directory>[];
  readonly identityProviders: readonly Placed<IdentityProvider>[];
  readonly applications: readonly PlannedApplication[];
  readonly groups: readonly PlannedGroup[];
  readonly users: readonly PlannedUser[];
  /** Shared workspaces; personal ones are with their users. */
  readonly workspaces: readonly PlannedWorkspace[];
  readonly access: readonly EffectiveAccess[];
  /** Who has Kubeflow's ClusterRoles everywhere. */
  readonly clusterAccess: readonly ClusterAccess[];
  /** Access of people who have no file. */
  readonly outside: readonly OutsideAccess[];
  /** What has a file but, being archived, nothing on any plane. */
  readonly archived: { readonly users: readonly string[]; readonly workspaces: readonly string[] };
}

/** LimitRange values of seed 002, for workspaces whose quota makes values necessary. */
export const defaultLimits: Limits = {
  default: { cpu: "800m", memory: "512Mi" },
  defaultRequest: { cpu: "500m", memory: "256Mi" },
};

/** The name of a user's personal workspace, or undefined for a user without one. */
export function personalWorkspaceOf({ username, workspace }: Pick<User, "username" | "workspace">): string | undefined {
  if (workspace === false) return undefined;
  return workspace === true ? username : (workspace.name ?? username);
}

/** Today in UTC, as YYYY-MM-DD. */
export function today(): string {
  return new Date().toISOString().slice(0, "YYYY-MM-DD".length);
}

/**
 * Decides who may do what: groups are expanded, expired grants fall out, and the highest level wins on each plane.
 *
 * @param date the day (UTC, YYYY-MM-DD) to plan for
 * @param seen who is in groups through directories and identity providers; the files alone do not say
 * @throws {RangeError} when the date is not a day
 */
export function resolve(desired: DesiredState, date: string, seen: readonly SeenMember[] = []): Plan {
  if (!isDay(date))
    throw new RangeError(`${JSON.stringify(date)} is not a day; write it as YYYY-MM-DD, such as 2027-03-31.`);
  const platform = desired.platform.value;
  const users = active(desired.users);
  const groups = byName(desired.groups);
  const workspaces = active(desired.workspaces);
  const applications = byName(desired.applications).map(({ value, at }) => plannedApplication(value, at, platform));

  const strangers = seen.filter((member) => isUsable(member, desired));
  const isEnabled = new Map([
    ...strangers.map(({ username }) => [username, true] as const),
    ...users.map(({ value }) => [value.username, value.enabled] as const),
  ]);
  const writtenMembersOf = new Map(
    groups.map(({ value }) => [value.name, value.members.filter((name) => isEnabled.has(name))]),
  );
  const membersOf = new Map(
    [...writtenMembersOf].map(([group, members]) => {
      const others = seen.filter((member) => member.group === group).map(({ username }) => username);
      return [group, [...new Set([...members, ...others.filter((name) => isEnabled.has(name))])]];
    }),
  );
  const memberships = Map.groupBy(
    [...writtenMembersOf].flatMap(([group, members]) => members.map((username) => ({ group, username }))),
    ({ username }) => username,
  );
  const groupsOf = (username: string) => (memberships.get(username) ?? []).map(({ group }) => group);
  const listed = listedGrants(workspaces, date);
  const listedByUser = Map.groupBy(listed, ({ subject }) => subject.user);
  const listedByGroup = Map.groupBy(listed, ({ subject }) => subject.group);
  const grants = [...personalGrants(users), ...expandGroups(listed, membersOf)].filter(({ user }) =>
    isEnabled.get(user),
  );
  const access = effectiveAccess(grants);
  const accessIn = Map.groupBy(access, ({ workspace }) => workspace);
  const emails = new Map([
    ...strangers.map(({ username, email }) => [username, email] as const),
    ...users.map(({ value: { username, email } }) => [username, email] as const),
  ]);
  const isWritten = new Set(users.map(({ value: { username } }) => username));
  const emailOf = (username: string) => emails.get(username) ?? "";

  const planWorkspace = (
    workspace: Pick<Workspace, "name" | "description" | "quota" | "limits" | "adopt" | "previousOwner" | "keyVersion">,
    at: Location,
    personalOf?: User,
  ): PlannedWorkspace => {
    const inside = accessIn.get(workspace.name) ?? [];
    const addresses = (network: NetworkAccess) =>
      inside.filter((entry) => entry.network === network).map((entry) => emailOf(entry.user));
    const quota = workspace.quota ?? platform.workspaceDefaults.quota ?? {};
    return {
      name: workspace.name,
      description: workspace.description,
      at,
      adopt: workspace.adopt,
      personalOf: personalOf && { username: personalOf.username, email: personalOf.email },
      owner: platform.owner,
      previousOwner: workspace.previousOwner ?? platform.previousOwner,
      keyVersion: `${platform.objectStore.keyVersion}.${workspace.keyVersion}`,
      quota,
      limits: limitsFor(workspace, platform, quota),
      contributors: distinctContributors(
        inside.flatMap(({ user, kubernetes }) =>
          kubernetes === undefined ? [] : [{ username: user, email: emailOf(user), level: kubernetes }],
        ),
        isWritten,
      ),
      grants: inside.flatMap((entry) => entry.grants.map(withoutPlace)),
      network: { full: addresses("full").toSorted(compare), pipelines: addresses("pipelines").toSorted(compare) },
    };
  };

  return {
    date,
    platform,
    platformAt: {
      realmManagement: desired.platform.at("realmManagement"),
      otp: desired.platform.at("authentication", "otp"),
      dex: desired.platform.at("clients", "dex"),
      direct: desired.platform.at("clients", "direct"),
      groupsScope: desired.platform.at("clients", "groupsScope"),
      gateway: desired.platform.at("gateway"),
      dexDocument: desired.platform.at("dex", "document"),
    },
    realmSettings: settingsOf(platform, desired.identityProviders.size === 0),
    realmRoles: [...realmRoles(desired.platform), ...openingRoles(applications)],
    platformGroupRoles: platformGroupRoles(platform, applications),
    directories: byName(desired.directories).map(({ value, at }) => ({ ...value, at: at("name") })),
    identityProviders: byName(desired.identityProviders).map(({ value, at }) => ({ ...value, at: at("name") })),
    applications,
    groups: groups.map(({ value: { name, description, adopt, from, roles }, at }) => ({
      name,
      description,
      at: at("name"),
      adopt,
      members: writtenMembersOf.get(name) ?? [],
      sources: plannedSources(from, at),
      roles: [...topmostRoles(listedByGroup.get(name) ?? []), ...roles, ...applicationRolesOf(name, applications)],
    })),
    users: users.map(({ value, at }) => {
      const { workspace, ...user } = value;
      const personal = personalWorkspaceOf(value);
      return {
        ...user,
        at: at("username"),
        groups: user.enabled ? platformGroups(platform, value).concat(groupsOf(user.username)) : [],
        roles: user.enabled
          ? [
              ...topmostRoles(listedByUser.get(user.username) ?? []),
              ...(personal === undefined ? [] : [workspaceRoles(personal).identity]),
              ...value.roles,
            ]
          : [],
        personalWorkspace:
          personal === undefined
            ? undefined
            : planWorkspace(
                {
                  ...(typeof workspace === "object" ? workspace : {}),
                  name: personal,
                  description: `Personal workspace of ${user.username}`,
                  adopt: user.adopt,
                  keyVersion: 1,
                },
                at("workspace"),
                value,
              ),
      };
    }),
    workspaces: workspaces.map(({ value, at }) => planWorkspace(value, at("name"))),
    access,
    clusterAccess: clusterAccess(desired.platform, membersOf, date).flatMap((grantee) =>
      isEnabled.get(grantee.user) ? [{ ...grantee, email: emailOf(grantee.user) }] : [],
    ),
    outside: outsideAccess(desired.platform, groups, listed, date),
    archived: {
      users: archived(desired.users),
      workspaces: archived(desired.workspaces),
    },
  };
}

function withoutPlace({ user, workspace, source, level, notebooksAccess, group, expires }: Grant): Omit<Grant, "at"> {
  return { user, workspace, source, level, notebooksAccess, group, expires };
}

function settingsOf({ realmManagement, realmSettings }: Platform, passwordsOnly: boolean): RealmSettings | undefined {
  if (realmManagement === "all") return withDefaults(realmSettings, passwordsOnly);
  return realmManagement === "none" ? undefined : (realmSettings ?? { tokens: {} });
}

/** Free realm roles, and the one that asks administrators for a one-time password. */
function realmRoles({ value: { realmRoles, authentication }, at }: Sourced<Platform>): PlannedRole[] {
  const otp = {
    name: otpRole,
    description: "Whoever holds it is asked for a one-time password",
    existing: false,
    at: at("authentication", "otp"),
  };
  return [
    ...realmRoles.map(({ name, description, existing }, index) => ({
      name,
      description,
      existing,
      at: at("realmRoles", index, "name"),
    })),
    ...(authentication?.otp === "admins" ? [otp] : []),
  ];
}

/** Roles that groups have so that applications let them in. */
function openingRoles(applications: readonly PlannedApplication[]): PlannedRole[] {
  return applications.flatMap((application) =>
    application.auth === "keycloak" && application.allow && application.allow.groups.length > 0
      ? [
          {
            name: applicationRole(application.name),
            description: `Whoever holds it may log in to ${application.name}`,
            existing: false,
            at: application.allow.at,
          },
        ]
      : [],
  );
}

function platformGroupRoles(
  { platformGroups, authentication }: Platform,
  applications: readonly PlannedApplication[],
): Record<string, readonly string[]> {
  const { user, admin, userRoles, adminRoles } = platformGroups;
  return {
    [user]: [...userRoles, ...applicationRolesOf(user, applications)],
    [admin]: [
      ...adminRoles,
      ...(authentication?.otp === "admins" ? [otpRole] : []),
      ...applicationRolesOf(admin, applications),
    ],
  };
}

/** A group inside is called like the one in the directory, because that is how Keycloak finds it. */
export function plannedSource({
  directory,
  group,
  identityProvider,
  claim,
  value,
}: MemberSource): Pick<PlannedSource, "name" | "from"> {
  return directory === undefined
    ? {
        name: `${identityProvider ?? ""}~${value ?? ""}`,
        from: { identityProvider: identityProvider ?? "", claim: claim ?? "", value: value ?? "" },
      }
    : { name: group ?? "", from: { directory, group: group ?? "" } };
}

/** Whether somebody who is not written down may be told apart from everybody else on every plane. */
function isUsable({ username, email }: SeenMember, { users, platform }: DesiredState): boolean {
  if (!emailPattern.test(email) || email === platform.value.owner) return false;
  return ![...users.values()].some(({ value }) => value.username === username || value.email === email);
}

/** Two strangers whose addresses meet in one KFAM name: nobody can tell who is meant, so the written one or neither. */
function distinctContributors(all: readonly Contributor[], isWritten: ReadonlySet<string>): Contributor[] {
  const byBinding = Map.groupBy(all, ({ email }) => contributorBindingName(email, "edit"));
  return all.filter(({ username, email }) => {
    const alike = byBinding.get(contributorBindingName(email, "edit")) ?? [];
    return alike.length === 1 || isWritten.has(username);
  });
}

/** What a workspace without limits of its own gets; none are needed as long as cpu and memory are free. */
function limitsFor(
  { limits }: Pick<Workspace, "limits">,
  { workspaceDefaults }: Platform,
  quota: Readonly<Record<string, string>>,
): Limits | undefined {
  return limits ?? workspaceDefaults.limits ?? (Object.keys(quota).some(limitsCompute) ? defaultLimits : undefined);
}

/** The higher level for each user, and of equal ones the most direct, with all the others. */
function clusterAccess(
  { value, at }: Sourced<Platform>,
  membersOf: ReadonlyMap<string, readonly string[]>,
  date: string,
): Omit<ClusterAccess, "email">[] {
  const held = value.clusterAccess.flatMap(({ user, group, role, expires }, index) => {
    if (expires !== undefined && date >= expires) return [];
    const grant = { level: role, at: at("clusterAccess", index), ...(expires !== undefined && { expires }) };
    return group === undefined
      ? [{ user: user ?? "", grant }]
      : (membersOf.get(group) ?? []).map((member) => ({ user: member, grant: { ...grant, group } }));
  });
  const rank = ({ level, group }: ClusterGrant) => (level === "admin" ? 0 : 2) + (group === undefined ? 0 : 1);
  return [...Map.groupBy(held, ({ user }) => user)]
    .flatMap(([user, own]) => {
      const grants = own.map(({ grant }): ClusterGrant => grant).toSorted((a, b) => rank(a) - rank(b));
      return grants.slice(0, 1).map((first) => ({ ...first, user, grants }));
    })
    .toSorted((a, b) => compare(a.user, b.user));
}

function outsideAccess(
  platform: Sourced<Platform>,
  groups: readonly Sourced<Group>[],
  listed: readonly ListedGrant[],
  date: string,
): OutsideAccess[] {
  return groups
    .filter(({ value }) => value.from.length > 0)
    .map(({ value: { name, from }, at }) => {
      const alone = new Map([[name, [name]]]);
      const given = listed.filter(({ subject }) => subject.group === name);
      const cluster = clusterAccess(platform, alone, date).find(({ group }) => group === name);
      return {
        group: name,
        sources: plannedSources(from, at),
        access: effectiveAccess(expandGroups(given, alone)),
        cluster: cluster?.level,
        clusterGrants: cluster?.grants ?? [],
      };
    });
}

function plannedSources(from: readonly MemberSource[], at: Sourced<Group>["at"]): PlannedSource[] {
  return from.map((source, index) => ({ at: at("from", index), ...plannedSource(source) }));
}

function active<T extends { readonly state: "active" | "archived" }>(
  entities: ReadonlyMap<string, Sourced<T>>,
): Sourced<T>[] {
  return byName(entities).filter(({ value }) => value.state === "active");
}

function archived<T extends { readonly state: "active" | "archived" }>(
  entities: ReadonlyMap<string, Sourced<T>>,
): string[] {
  return [...entities.keys()].filter((name) => entities.get(name)?.value.state === "archived").toSorted(compare);
}

function byName<T>(entities: ReadonlyMap<string, Sourced<T>>): Sourced<T>[] {
  return [...entities].toSorted(([a], [b]) => compare(a, b)).map(([, entity]) => entity);
}

/** Everybody of a directory is in the users' group by the directory. */
function platformGroups(
  { platformGroups: { user, admin } }: Platform,
  { admin: isAdmin, directory }: Pick<User, "admin" | "directory">,
): string[] {
  return [...(directory === undefined ? [user] : []), ...(isAdmin ? [admin] : [])];
}

/** A grant as it is written: to a user or to a group. */
interface ListedGrant extends Omit<Grant, "user" | "group"> {
  readonly subject: { readonly user?: string; readonly group?: string };
}

function listedGrants(workspaces: readonly Sourced<Workspace>[], date: string): ListedGrant[] {
  return workspaces
    .flatMap(({ value: workspace, at }) =>
      [
        ...workspace.members.map((member, index) => ({
          ...member,
          source: "members" as const,
          at: at("members", index),
        })),
        ...workspace.storage.map((grant, index) => ({
          ...grant,
          source: "storage" as const,
          notebooksAccess: false,
          at: at("storage", index),
        })),
      ].map(({ user, group, role, expires, ...rest }) => ({
        ...rest,
        workspace: workspace.name,
        level: role,
        subject: user === undefined ? { group: group ?? "" } : { user },
        ...(expires === undefined ? {} : { expires }),
      })),
    )
    .filter(({ expires }) => expires === undefined || date < expires);
}

function personalGrants(users: readonly Sourced<User>[]): Grant[] {
  return users.flatMap(({ value, at }) => {
    const workspace = personalWorkspaceOf(value);
    return workspace === undefined
      ? []
      : [
          {
            user: value.username,
            workspace,
            source: "personal" as const,
            level: "edit" as const,
            notebooksAccess: true,
            at: at("workspace"),
          },
        ];
  });
}

function expandGroups(grants: readonly ListedGrant[], members: ReadonlyMap<string, readonly string[]>): Grant[] {
  return grants.flatMap(({ subject: { user, group }, ...grant }) =>
    group === undefined
      ? [{ ...grant, user: user ?? "" }]
      : (members.get(group) ?? []).map((member) => ({ ...grant, user: member, group })),
  );
}

function effectiveAccess(grants: readonly Grant[]): EffectiveAccess[] {
  const bySubject = Map.groupBy(grants, ({ user, workspace }) => `${workspace}\n${user}`);
  return [...bySubject.values()]
    .map((own) => combine(own.toSorted(strongestFirst)))
    .toSorted((a, b) => compare(a.workspace, b.workspace) || compare(a.user, b.user));
}

/** Each plane by itself: a view with notebooks and an edit without make an edit with notebooks (deployKF). */
export function combine(grants: readonly Grant[]): EffectiveAccess {
  const [first] = grants;
  if (!first) throw new Error("combine() needs at least one grant; please report this");
  const memberships = grants.filter(({ source }) => source !== "storage");
  const kubernetes = highest(memberships);
  const storage = highest(grants);
  const network =
    memberships.length === 0 ? undefined : memberships.some((grant) => grant.notebooksAccess) ? "full" : "pipelines";
  return {
    user: first.user,
    workspace: first.workspace,
    ...(kubernetes && { kubernetes }),
    ...(network && { network }),
    ...(storage && { storage }),
    grants,
  };
}

function highest(grants: readonly { readonly level: AccessLevel }[]): AccessLevel | undefined {
  if (grants.length === 0) return undefined;
  return grants.some(({ level }) => level === "edit") ? "edit" : "view";
}

function strongestFirst(a: Grant, b: Grant): number {
  const rank = ({ source, level, group, notebooksAccess }: Grant) =>
    (source === "storage" ? 8 : 0) +
    (level === "edit" ? 0 : 4) +
    (group === undefined ? 0 : 2) +
    (notebooksAccess ? 0 : 1);
  return rank(a) - rank(b) || compare(a.group ?? "", b.group ?? "") || compare(a.expires ?? "~", b.expires ?? "~");
}

/**
 * The fewest realm roles that give what the grants give: a role brings its parts, and assigning both is a permanent
 * difference in the Keycloak provider.
 */
function topmostRoles(grants: readonly ListedGrant[]): string[] {
  return [...Map.groupBy(grants, ({ workspace }) => workspace)]
    .toSorted(([a], [b]) => compare(a, b))
    .flatMap(([workspace, own]) => {
      const roles = workspaceRoles(workspace);
      const member = highest(own.filter(({ source }) => source === "members"));
      const storage = highest(own.filter(({ source }) => source === "storage"));
      return [
        ...(member ? [roles[member]] : []),
        ...(storage && storage !== member && member !== "edit"
          ? [storage === "edit" ? roles.s3Edit : roles.s3View]
          : []),
      ];
    });
}
