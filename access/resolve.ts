import { compare, type Location } from "./diagnostic.ts";
import type { DesiredState } from "./load.ts";
import { type AccessLevel, workspaceRoles } from "./names.ts";
import { limitsCompute } from "./quantity.ts";
import { isDay, type Limits, type Platform, type User, type Workspace } from "./schema.ts";

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

/** A member as the Kubernetes plane knows them: one contributor binding. */
export interface Contributor {
  readonly username: string;
  readonly email: string;
  readonly level: AccessLevel;
}

export interface PlannedWorkspace {
  readonly name: string;
  readonly description: string | undefined;
  /** E-mail address that owns the Profile. */
  readonly owner: string;
  /** Hard limits for the namespace as a whole; empty for none. */
  readonly quota: Readonly<Record<string, string>>;
  /** Defaults for containers; absent for none. */
  readonly limits: Limits | undefined;
  readonly contributors: readonly Contributor[];
  /** E-mail addresses by what the network plane lets through. */
  readonly network: Readonly<Record<NetworkAccess, readonly string[]>>;
}

export interface PlannedUser extends Omit<User, "workspace" | "admin"> {
  /** Groups the user is in, the platform's included. */
  readonly groups: readonly string[];
  /** Realm roles assigned to the user directly: only the topmost of each composite. */
  readonly roles: readonly string[];
  readonly personalWorkspace: PlannedWorkspace | undefined;
}

export interface PlannedGroup {
  readonly name: string;
  readonly description: string | undefined;
  /** Realm roles assigned to the group: only the topmost of each composite. */
  readonly roles: readonly string[];
}

/** Who may do what, decided: plain data, the same for the same files and date. */
export interface Plan {
  /** The day (UTC) the plan was made for: grants that expire on it or before are gone. */
  readonly date: string;
  readonly platform: Platform;
  readonly groups: readonly PlannedGroup[];
  readonly users: readonly PlannedUser[];
  /** Shared workspaces; personal ones are with their users. */
  readonly workspaces: readonly PlannedWorkspace[];
  readonly access: readonly EffectiveAccess[];
}

/** LimitRange values of seed 002, for workspaces whose quota makes values necessary. */
export const defaultLimits: Limits = {
  default: { cpu: "800m", memory: "512Mi" },
  defaultRequest: { cpu: "500m", memory: "256Mi" },
};

/** Today in UTC, as YYYY-MM-DD. */
export function today(): string {
  return new Date().toISOString().slice(0, "YYYY-MM-DD".length);
}

/**
 * Decides who may do what: groups are expanded, expired grants fall out, and the highest level wins on each plane.
 *
 * @param date the day (UTC, YYYY-MM-DD) to plan for
 * @throws {RangeError} when the date is not a day
 */
export function resolve(desired: DesiredState, date: string): Plan {
  if (!isDay(date))
    throw new RangeError(`${JSON.stringify(date)} is not a day; write it as YYYY-MM-DD, such as 2027-03-31.`);
  const platform = desired.platform.value;
  const users = byName(desired.users);
  const groups = byName(desired.groups);
  const workspaces = byName(desired.workspaces);

  const groupsOf = (username: string) =>
    groups.filter(({ members }) => members.includes(username)).map(({ name }) => name);
  const listed = listedGrants(desired, date);
  const isEnabled = new Map(users.map((user) => [user.username, user.enabled]));
  const grants = [...personalGrants(desired), ...expandGroups(listed, groups)].filter(({ user }) =>
    isEnabled.get(user),
  );
  const access = effectiveAccess(grants);
  const emails = new Map(users.map((user) => [user.username, user.email]));

  const planWorkspace = (workspace: Pick<Workspace, "name" | "description" | "quota" | "limits">): PlannedWorkspace => {
    const inside = access.filter((entry) => entry.workspace === workspace.name);
    const addresses = (network: NetworkAccess) =>
      inside.filter((entry) => entry.network === network).map((entry) => emails.get(entry.user) ?? "");
    const quota = workspace.quota ?? {};
    return {
      name: workspace.name,
      description: workspace.description,
      owner: platform.owner,
      quota,
      limits: workspace.limits ?? (Object.keys(quota).some(limitsCompute) ? defaultLimits : undefined),
      contributors: inside.flatMap(({ user, kubernetes }) =>
        kubernetes === undefined ? [] : [{ username: user, email: emails.get(user) ?? "", level: kubernetes }],
      ),
      network: { full: addresses("full").toSorted(compare), pipelines: addresses("pipelines").toSorted(compare) },
    };
  };

  return {
    date,
    platform,
    groups: groups.map(({ name, description }) => ({
      name,
      description,
      roles: topmostRoles(listed.filter((grant) => grant.subject.group === name)),
    })),
    users: users.map(({ workspace, admin, ...user }) => ({
      ...user,
      groups: user.enabled ? platformGroups(platform, admin).concat(groupsOf(user.username)) : [],
      roles: user.enabled
        ? topmostRoles(listed.filter((grant) => grant.subject.user === user.username)).concat(
            workspace ? [workspaceRoles(user.username).identity] : [],
          )
        : [],
      personalWorkspace: workspace
        ? planWorkspace({ name: user.username, description: `Personal workspace of ${user.username}` })
        : undefined,
    })),
    workspaces: workspaces.map(planWorkspace),
    access,
  };
}

function byName<T>(entities: ReadonlyMap<string, { readonly value: T }>): T[] {
  return [...entities].toSorted(([a], [b]) => compare(a, b)).map(([, { value }]) => value);
}

function platformGroups({ platformGroups: { user, admin } }: Platform, isAdmin: boolean): string[] {
  return isAdmin ? [user, admin] : [user];
}

/** A grant as it is written: to a user or to a group. */
interface ListedGrant extends Omit<Grant, "user" | "group"> {
  readonly subject: { readonly user?: string; readonly group?: string };
}

function listedGrants({ workspaces }: DesiredState, date: string): ListedGrant[] {
  return [...workspaces.values()]
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

function personalGrants({ users }: DesiredState): Grant[] {
  return [...users.values()].flatMap(({ value: { username, workspace }, at }) =>
    workspace
      ? [
          {
            user: username,
            workspace: username,
            source: "personal" as const,
            level: "edit" as const,
            notebooksAccess: true,
            at: at("workspace"),
          },
        ]
      : [],
  );
}

function expandGroups(
  grants: readonly ListedGrant[],
  groups: readonly { readonly name: string; readonly members: readonly string[] }[],
): Grant[] {
  const members = new Map(groups.map((group) => [group.name, group.members]));
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
function combine(grants: readonly Grant[]): EffectiveAccess {
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
