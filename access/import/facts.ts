import { workspaceRoles, type WorkspaceRoles } from "../names.ts";
import type { RealmGroup, RealmRole, RealmUser, Snapshot } from "../snapshot.ts";

/** The realm of a snapshot, with who holds what. */
export class RealmFacts {
  readonly users: readonly RealmUser[];
  readonly groups: readonly RealmGroup[];
  readonly roles: ReadonlyMap<string, RealmRole>;
  readonly #directRoles: ReadonlyMap<string, readonly string[]>;
  readonly #directGroups: ReadonlyMap<string, readonly RealmGroup[]>;

  constructor({ users, groups, roles }: Snapshot["realm"]) {
    this.users = users;
    this.groups = groups;
    this.roles = new Map(roles.map((role) => [role.name, role]));
    this.#directRoles = inverted(
      roles,
      ({ users: holders }) => holders,
      ({ name }) => name,
    );
    this.#directGroups = inverted(
      groups,
      ({ members }) => members,
      (group) => group,
    );
  }

  /** Realm roles that somebody holds directly. */
  directRoles(username: string): readonly string[] {
    return this.#directRoles.get(username) ?? [];
  }

  /** Groups that somebody is in directly, at any depth. */
  groupsOf(username: string): readonly RealmGroup[] {
    return this.#directGroups.get(username) ?? [];
  }

  /** Realm roles of a group, those of the groups around it included. */
  rolesOfGroup({ path }: RealmGroup): string[] {
    return this.groups.flatMap((group) => (isWithin(path, group.path) ? group.roles : []));
  }

  /** Realm roles that somebody holds, directly or through groups, without their parts. */
  heldRoles(username: string): string[] {
    return [...this.directRoles(username), ...this.groupsOf(username).flatMap((group) => this.rolesOfGroup(group))];
  }

  /** All realm roles in somebody's token. */
  tokenRoles(username: string): Set<string> {
    return closure(this.heldRoles(username), (name) => this.roles.get(name)?.composites ?? []);
  }
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}/`);
}

/** Names with all their parts, and the parts of these. */
export function closure(names: Iterable<string>, parts: (name: string) => readonly string[]): Set<string> {
  const all = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (all.has(name)) continue;
    all.add(name);
    open.push(...parts(name));
  }
  return all;
}

/** The parts of a workspace's roles, as seed 001 has them. */
export function canonicalParts({
  identity,
  edit,
  view,
  s3Edit,
  s3View,
}: WorkspaceRoles): ReadonlyMap<string, readonly string[]> {
  return new Map([
    [identity, [edit, view, s3Edit]],
    [edit, [s3Edit]],
    [view, [s3View]],
    [s3Edit, []],
    [s3View, []],
  ]);
}

/** Which workspace a realm role belongs to, for the workspaces that there are. */
export function roleOwners(workspaces: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    workspaces.flatMap((name) => Object.values({ ...workspaceRoles(name) }).map((role) => [role, name] as const)),
  );
}

function inverted<T, V>(
  items: readonly T[],
  keys: (item: T) => readonly string[],
  value: (item: T) => V,
): Map<string, V[]> {
  const found = new Map<string, V[]>();
  for (const item of items) {
    for (const key of keys(item)) {
      const values = found.get(key);
      if (values) values.push(value(item));
      else found.set(key, [value(item)]);
    }
  }
  return found;
}
