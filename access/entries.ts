import { openingRoles, type PlannedApplication } from "./application.ts";
import { compare, type Location } from "./diagnostic.ts";
import type { DesiredState } from "./load.ts";
import { applicationRole, otpRole } from "./names.ts";
import { type ClusterGrant, combine, type EffectiveAccess, type Grant, type Plan } from "./resolve.ts";

/** Where somebody can do something. */
export interface Place {
  readonly kind: "workspace" | "cluster" | "application" | "platform" | "realm role";
  /** The workspace's, application's or realm role's name; `every namespace` for the cluster, `pk-admin` for the platform. */
  readonly name: string;
}

/** One way in which somebody comes by access. */
export interface AccessPath {
  /** What it gives: `edit`, `view (no notebooks)`, `s3:view`, `kubeflow-admin`, `log in`, ... */
  readonly access: string;
  /** How: `member`, `storage`, `personal workspace`, `clusterAccess`, `admin`, `realm role x`, `everybody with an account`. */
  readonly via: string;
  /** The group through which it comes; absent for a direct grant. */
  readonly group?: string;
  /** First day (UTC) on which it no longer holds. */
  readonly expires?: string;
  /** The line that gives it. */
  readonly at: Location;
  /** The line that puts the user into the group, for a path through a written membership. */
  readonly memberAt?: Location;
}

/** One answer to "who can do what": a user (or whoever is in a group elsewhere) and a place, with all that leads there. */
export interface AccessEntry {
  /**
   * A username; for people who have no file the name of the group that a directory or identity provider fills, or
   * {@link everybody}.
   */
  readonly who: string;
  /** Whether `who` is no user. */
  readonly isOutside: boolean;
  readonly place: Place;
  /** Effective access in the words of the matrix: `edit`, `view (no notebooks)`, `edit (s3:edit)`, `s3:view`, ... */
  readonly access: string;
  /** First day (UTC) on which the access becomes less; absent when it stays. */
  readonly until?: string;
  /** What is left of it, and from which day (UTC), as grants end; empty when it stays. */
  readonly later: readonly Later[];
  /** Every path, strongest and most direct first. */
  readonly paths: readonly [AccessPath, ...AccessPath[]];
}

/** What is left of access from a day on. */
export interface Later {
  readonly from: string;
  /** Absent for none. */
  readonly access?: string;
}

/** Who has what needs nothing but an account. */
export const everybody = "everybody with an account";

const placeOrder: readonly Place["kind"][] = ["platform", "cluster", "workspace", "application", "realm role"];

/**
 * Who can do what, whole: in workspaces, in the cluster, in applications, as platform administrator, and by realm roles
 * that are no workspace's. By place, then by name. Nobody without access is in it.
 */
export function accessEntries(desired: DesiredState, plan: Plan): AccessEntry[] {
  const memberAt = membershipLines(desired);
  return [
    ...administrators(desired, plan),
    ...clusterEntries(plan, memberAt),
    ...workspaceEntries(plan, memberAt),
    ...plan.applications.flatMap((application) => applicationEntries(application, desired, plan, memberAt)),
    ...realmRoleEntries(desired, plan, memberAt),
  ].toSorted(
    (a, b) =>
      placeOrder.indexOf(a.place.kind) - placeOrder.indexOf(b.place.kind) ||
      compare(a.place.name, b.place.name) ||
      Number(a.isOutside) - Number(b.isOutside) ||
      compare(a.who, b.who),
  );
}

/** Whose access it is, for people: a plus sign for those who have no file. */
export function subjectOf({ who, isOutside }: Pick<AccessEntry, "who" | "isOutside">): string {
  return isOutside && who !== everybody ? `+ ${who}` : who;
}

/** A place in words: workspaces by their name, others with what they are. */
export function placeText({ kind, name }: Place): string {
  return kind === "workspace" ? name : `${kind} ${name}`;
}

/** Access in a workspace in words: the Kubernetes level, and what differs from what that level usually brings. */
export function describe({
  kubernetes,
  network,
  storage,
}: Pick<EffectiveAccess, "kubernetes" | "network" | "storage">): string {
  if (!kubernetes) return `s3:${storage ?? "none"}`;
  const marks = [
    ...(network === "pipelines" ? ["no notebooks"] : []),
    ...(storage !== undefined && storage !== kubernetes ? [`s3:${storage}`] : []),
  ];
  return marks.length > 0 ? `${kubernetes} (${marks.join(", ")})` : kubernetes;
}

/** How strong access is, for each thing it lets somebody do; 0 is none. Read from the words, which states remember. */
export function rightsIn(access: string | undefined): Readonly<Record<string, number>> {
  if (access === undefined) return {};
  const levels: Readonly<Record<string, number>> = { view: 1, edit: 2 };
  const [, base = "", marks = ""] = /^(edit|view)(?: \((.*)\))?$/.exec(access) ?? [];
  const [, s3] = /s3:(edit|view)/.exec(access) ?? [];
  if (base !== "") {
    const kubernetes = levels[base] ?? 0;
    return { kubernetes, network: marks.includes("no notebooks") ? 1 : 2, storage: levels[s3 ?? base] ?? 0 };
  }
  if (s3 !== undefined) return { storage: levels[s3] ?? 0 };
  const [, cluster] = /^kubeflow-(admin|edit)$/.exec(access) ?? [];
  return cluster === undefined ? { [access]: 1 } : { cluster: cluster === "admin" ? 2 : 1 };
}

/** Whether the place is the platform or the cluster as a whole. */
export function isAdministration({ kind }: Place): boolean {
  return kind === "platform" || kind === "cluster";
}

/** Whether access in a workspace lets somebody change something, in the namespace or in the buckets. */
export function letsEdit(access: string | undefined): boolean {
  const { kubernetes = 0, storage = 0 } = rightsIn(access);
  return kubernetes === 2 || storage === 2;
}

type MembershipLine = (group: string, user: string) => Location | undefined;

function membershipLines({ groups }: DesiredState): MembershipLine {
  const lines = new Map(
    [...groups].map(([name, { value, at }]) => [
      name,
      new Map(value.members.map((member, index) => [member, () => at("members", index)])),
    ]),
  );
  return (group, user) => lines.get(group)?.get(user)?.();
}

function path(
  parts: Omit<AccessPath, "group" | "expires" | "memberAt"> & {
    readonly group?: string | undefined;
    readonly expires?: string | undefined;
    readonly memberAt?: Location | undefined;
  },
): AccessPath {
  const { access, via, group, expires, at, memberAt } = parts;
  return {
    access,
    via,
    ...(group !== undefined && { group }),
    ...(expires !== undefined && { expires }),
    at,
    ...(memberAt !== undefined && { memberAt }),
  };
}

function entry(
  who: string,
  place: Place,
  access: string,
  paths: readonly AccessPath[],
  { later = [], isOutside = false }: { readonly later?: readonly Later[]; readonly isOutside?: boolean } = {},
): AccessEntry[] {
  const [first, ...rest] = paths;
  if (first === undefined) return [];
  const until = later[0]?.from;
  return [{ who, isOutside, place, access, ...(until !== undefined && { until }), later, paths: [first, ...rest] }];
}

/** What is left of the grants, from each day on which it gives something else than before. */
function endings<G extends { readonly expires?: string }>(
  grants: readonly G[],
  words: (left: readonly G[]) => string | undefined,
): Later[] {
  const days = [...new Set(grants.flatMap(({ expires }) => expires ?? []))].toSorted(compare);
  const steps = days.map((from) => ({
    from,
    access: words(grants.filter(({ expires }) => expires === undefined || from < expires)),
  }));
  return steps
    .filter(({ access }, index) => access !== (index === 0 ? words(grants) : steps[index - 1]?.access))
    .map(({ from, access }) => ({ from, ...(access !== undefined && { access }) }));
}

/** When access ends, in words: `2026-12-24`, or `2026-12-24, then view until 2027-01-15`; nothing when it stays. */
export function endText({ later }: Pick<AccessEntry, "later">): string | undefined {
  const [first] = later;
  if (first === undefined) return undefined;
  const rests = later.map(({ access }, index) => {
    const next = later[index + 1];
    return access === undefined ? "" : `, then ${access}${next ? ` until ${next.from}` : ""}`;
  });
  return first.from + rests.join("");
}

function administrators({ users }: DesiredState, { platform, users: planned }: Plan): AccessEntry[] {
  const place = { kind: "platform", name: platform.platformGroups.admin } as const;
  return planned.flatMap(({ username, admin, enabled, at }) =>
    admin && enabled
      ? entry(username, place, "admin", [
          path({ access: "admin", via: "admin", at: users.get(username)?.at("admin") ?? at }),
        ])
      : [],
  );
}

function clusterEntries({ clusterAccess, outside }: Plan, memberAt: MembershipLine): AccessEntry[] {
  const place = { kind: "cluster", name: "every namespace" } as const;
  const words = (grants: readonly ClusterGrant[]) => grants[0] && `kubeflow-${grants[0].level}`;
  const paths = (grants: readonly ClusterGrant[], user?: string) =>
    grants.map(({ level, group, expires, at }) =>
      path({
        access: `kubeflow-${level}`,
        via: "clusterAccess",
        group,
        expires,
        at,
        memberAt: group !== undefined && user !== undefined ? memberAt(group, user) : undefined,
      }),
    );
  return [
    ...clusterAccess.flatMap(({ user, level, grants }) =>
      entry(user, place, `kubeflow-${level}`, paths(grants, user), { later: endings(grants, words) }),
    ),
    ...outside.flatMap(({ group, cluster, clusterGrants }) =>
      entry(group, place, `kubeflow-${cluster ?? ""}`, paths(clusterGrants), {
        later: endings(clusterGrants, words),
        isOutside: true,
      }),
    ),
  ];
}

function workspaceEntries({ access, outside }: Plan, memberAt: MembershipLine): AccessEntry[] {
  const via = { members: "member", storage: "storage", personal: "personal workspace" } as const;
  const words = (grants: readonly Grant[]) => (grants.length === 0 ? undefined : describe(combine(grants)));
  const paths = (grants: readonly Grant[], isOutside: boolean) =>
    grants.map((grant) =>
      path({
        access: describe(combine([grant])),
        via: via[grant.source],
        group: grant.group,
        expires: grant.expires,
        at: grant.at,
        memberAt: grant.group === undefined || isOutside ? undefined : memberAt(grant.group, grant.user),
      }),
    );
  const toEntries = (effective: EffectiveAccess, isOutside: boolean) =>
    entry(
      effective.user,
      { kind: "workspace", name: effective.workspace },
      describe(effective),
      paths(effective.grants, isOutside),
      { later: endings(effective.grants, words), isOutside },
    );
  return [
    ...access.flatMap((effective) => toEntries(effective, false)),
    ...outside.flatMap((group) => group.access.flatMap((effective) => toEntries(effective, true))),
  ];
}

function applicationEntries(
  application: PlannedApplication,
  desired: DesiredState,
  plan: Plan,
  memberAt: MembershipLine,
): AccessEntry[] {
  const place = { kind: "application", name: application.name } as const;
  const allow = application.auth === "keycloak" ? application.allow : undefined;
  if (!allow) {
    return entry(everybody, place, "log in", [path({ access: "log in", via: everybody, at: application.at })], {
      isOutside: true,
    });
  }
  const opening = openingRoles({ name: application.name, allow });
  const file = desired.applications.get(application.name);
  const lineOf = ({ group }: AccessPath) => {
    const written = file?.value.auth === "keycloak" ? (file.value.allow ?? []) : [];
    const index = written.findIndex((one) => one.group === group);
    return file && index >= 0 ? file.at("allow", index) : allow.at;
  };
  const own = applicationRole(application.name);
  return holders(opening, desired, plan, memberAt, (role, at) =>
    path({ access: "log in", via: role === own ? "allow" : `realm role ${role}`, at }),
  ).flatMap(({ who, isOutside, paths }) =>
    entry(
      who,
      place,
      "log in",
      paths.map((found) => (found.via === "allow" ? { ...found, at: lineOf(found) } : found)),
      { isOutside },
    ),
  );
}

function realmRoleEntries(desired: DesiredState, plan: Plan, memberAt: MembershipLine): AccessEntry[] {
  const own = new Set([otpRole, ...plan.applications.map(({ name }) => applicationRole(name))]);
  return plan.realmRoles
    .filter(({ name }) => !own.has(name))
    .flatMap(({ name }) =>
      holders([name], desired, plan, memberAt, (role, at) =>
        path({ access: "held", via: `realm role ${role}`, at }),
      ).flatMap(({ who, isOutside, paths }) => entry(who, { kind: "realm role", name }, "held", paths, { isOutside })),
    );
}

interface Holder {
  readonly who: string;
  readonly isOutside: boolean;
  readonly paths: readonly AccessPath[];
}

/** Who holds one of some realm roles, by themselves and through groups. */
function holders(
  wanted: readonly string[],
  desired: DesiredState,
  plan: Plan,
  memberAt: MembershipLine,
  toPath: (role: string, at: Location) => AccessPath,
): Holder[] {
  const { user: userGroup, admin: adminGroup } = plan.platform.platformGroups;
  const held = (roles: readonly string[]) => roles.filter((role) => wanted.includes(role));
  const lineIn = (written: readonly string[], role: string, at: (...where: PropertyKey[]) => Location) => {
    const index = written.indexOf(role);
    return index < 0 ? at("name") : at("roles", index);
  };
  const platformAt = (group: string, role: string) => {
    const key = group === userGroup ? "userRoles" : "adminRoles";
    const index = plan.platform.platformGroups[key].indexOf(role);
    return desired.platform.at("platformGroups", key, ...(index < 0 ? [] : [index]));
  };
  const ofGroup = (name: string): AccessPath[] => {
    if (name === userGroup || name === adminGroup) {
      return held(plan.platformGroupRoles[name] ?? []).map((role) => ({
        ...toPath(role, platformAt(name, role)),
        group: name,
      }));
    }
    const written = desired.groups.get(name);
    const planned = groups.get(name);
    if (!written || !planned) return [];
    return held(planned.roles).map((role) => ({
      ...toPath(role, lineIn(written.value.roles, role, written.at)),
      group: name,
    }));
  };
  const groups = new Map(plan.groups.map((group) => [group.name, group]));
  const pathsOf = new Map(
    [userGroup, adminGroup, ...groups.keys()]
      .map((name) => [name, ofGroup(name)] as const)
      .filter(([, paths]) => paths.length > 0),
  );
  const everybodys = pathsOf.get(userGroup) ?? [];
  return [
    ...(everybodys.length > 0 ? [{ who: everybody, isOutside: true, paths: everybodys }] : []),
    ...plan.users.flatMap(({ username, enabled, roles, groups: memberships }): Holder[] => {
      const written = desired.users.get(username);
      if (!enabled || !written) return [];
      const direct = held(roles).map((role) => toPath(role, lineIn(written.value.roles, role, written.at)));
      const through = memberships
        .filter((group) => group !== userGroup)
        .flatMap((group) =>
          (pathsOf.get(group) ?? []).map((found) => {
            const line = group === adminGroup ? written.at("admin") : memberAt(group, username);
            return line ? { ...found, memberAt: line } : found;
          }),
        );
      return direct.length + through.length > 0
        ? [{ who: username, isOutside: false, paths: [...direct, ...through] }]
        : [];
    }),
    ...plan.outside.flatMap(({ group }): Holder[] => {
      const paths = pathsOf.get(group) ?? [];
      return paths.length > 0 ? [{ who: group, isOutside: true, paths }] : [];
    }),
  ];
}
