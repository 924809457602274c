import { compare, type Location } from "./diagnostic.ts";
import { accessEntries, type AccessEntry, type AccessPath, everybody, type Place } from "./entries.ts";
import { beforeAll } from "./fields.ts";
import { allWorkspaces } from "./ledger.ts";
import type { DesiredState } from "./load.ts";
import { type Plan, resolve } from "./resolve.ts";
import { didYouMean } from "./suggest.ts";

/** Why somebody can, or cannot, do something in a place. */
export interface Explanation {
  readonly user: string;
  readonly place: Place;
  /** Effective access there; absent for none. */
  readonly access?: string;
  /** First day (UTC) on which it becomes less. */
  readonly until?: string;
  /** Every path, shortest first: direct grants, then those through groups, then what holds in the whole cluster. */
  readonly paths: readonly AccessPath[];
  /** What would give access and does not, with the line that says so. */
  readonly obstacles: readonly Obstacle[];
}

export interface Obstacle {
  readonly reason: string;
  readonly at: Location;
}

/**
 * Everything that gives a user access to a place, and what would but does not.
 *
 * @throws {RangeError} when no such user or place is written down
 */
export function explain(username: string, placeName: string, desired: DesiredState, plan: Plan): Explanation[] {
  requireUser(username, desired);
  const entries = accessEntries(desired, plan);
  const ever = accessEntries(desired, resolve(desired, beforeAll));
  return placesNamed(placeName, desired, plan).map((place) => {
    const here = entriesOf(username, entries, plan).filter((entry) => reaches(entry.place, place));
    const own = here.find(({ place: { kind } }) => kind === place.kind);
    const paths = shortestFirst(here);
    return {
      user: username,
      place,
      ...(own && { access: own.access, ...(own.until !== undefined && { until: own.until }) }),
      paths,
      obstacles: obstacles(username, place, desired, plan, entriesOf(username, ever, plan)),
    };
  });
}

/** Who can do what in a place: every entry that reaches it, those of the whole cluster included. */
export function whoCan(
  placeName: string,
  desired: DesiredState,
  plan: Plan,
): { place: Place; entries: AccessEntry[] }[] {
  const entries = accessEntries(desired, plan);
  return placesNamed(placeName, desired, plan).map((place) => ({
    place,
    entries: entries.filter((entry) => reaches(entry.place, place)),
  }));
}

/** The user of that name. @throws {RangeError} when no file defines it */
export function requireUser(username: string, { users }: Pick<DesiredState, "users">): void {
  if (users.has(username)) return;
  throw new RangeError(`there is no user "${username}".${didYouMean(username, users.keys())}`);
}

/**
 * Workspaces, applications, realm roles, the group of administrators and the cluster, by name.
 *
 * @throws {RangeError} when nothing is called so
 */
export function placesNamed(name: string, desired: DesiredState, plan: Plan): Place[] {
  const known: Place[] = [
    ...[...new Set([...allWorkspaces(plan).map((workspace) => workspace.name), ...desired.workspaces.keys()])].map(
      (workspace) => ({ kind: "workspace" as const, name: workspace }),
    ),
    ...plan.applications.map((application) => ({ kind: "application" as const, name: application.name })),
    ...plan.realmRoles.map((role) => ({ kind: "realm role" as const, name: role.name })),
    { kind: "platform", name: plan.platform.platformGroups.admin },
    { kind: "cluster", name: "every namespace" },
  ];
  const found = known.filter((place) => place.name === name || (place.kind === "cluster" && name === "cluster"));
  if (found.length > 0) return found;
  const names = known.map((place) => place.name);
  throw new RangeError(
    `there is no workspace, application or realm role "${name}".${didYouMean(name, names)} ` +
      `The platform's administrators are ${plan.platform.platformGroups.admin}, every namespace is cluster.`,
  );
}

/** The entries that concern a user: those of everybody with an account only where there is one that may log in. */
export function entriesOf(username: string, entries: readonly AccessEntry[], { users }: Plan): AccessEntry[] {
  const isActive = users.some((user) => user.username === username && user.enabled);
  return entries.filter(({ who, isOutside }) => (isOutside ? who === everybody && isActive : who === username));
}

/** What holds in every namespace holds in each workspace. */
function reaches(held: Place, place: Place): boolean {
  return (
    (held.kind === place.kind && held.name === place.name) || (held.kind === "cluster" && place.kind === "workspace")
  );
}

function shortestFirst(entries: readonly AccessEntry[]): AccessPath[] {
  const length = (path: AccessPath, entry: AccessEntry) =>
    (path.group === undefined ? 0 : 1) + (entry.place.kind === "cluster" ? 2 : 0);
  return entries
    .flatMap((entry) => entry.paths.map((path) => ({ path, length: length(path, entry) })))
    .toSorted((a, b) => a.length - b.length)
    .map(({ path }) => path);
}

/** @param ever the user's entries from all grants that were ever written */
function obstacles(
  username: string,
  place: Place,
  desired: DesiredState,
  { date }: Plan,
  ever: readonly AccessEntry[],
): Obstacle[] {
  const user = desired.users.get(username);
  const workspace = place.kind === "workspace" ? desired.workspaces.get(place.name) : undefined;
  const expired = ever
    .filter((entry) => reaches(entry.place, place))
    .flatMap(({ paths }) => paths)
    .filter(({ expires }) => expires !== undefined && expires <= date)
    .toSorted((a, b) => compare(b.expires ?? "", a.expires ?? ""));
  return [
    ...(user?.value.state === "archived"
      ? [{ reason: `user "${username}" is archived`, at: user.at("state") }]
      : user?.value.enabled === false
        ? [{ reason: `user "${username}" is disabled`, at: user.at("enabled") }]
        : []),
    ...(workspace?.value.state === "archived"
      ? [{ reason: `workspace "${place.name}" is archived`, at: workspace.at("state") }]
      : []),
    ...expired.map(({ access, via, group, expires, at }) => ({
      reason: `${access} (${viaOf({ via, group })}) expired on ${expires ?? ""}`,
      at,
    })),
  ];
}

/** How somebody comes by access, for people: `member, through group data-science`. */
export function viaOf({ via, group }: { readonly via: string; readonly group?: string | undefined }): string {
  return group === undefined ? via : `${via}, through group ${group}`;
}
