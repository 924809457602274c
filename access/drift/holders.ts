import type { RealmGroup, Snapshot } from "../snapshot.ts";

/** Everybody in a group or in a group inside it: these have what it has. */
export function everybodyIn({ path, members }: RealmGroup, groups: readonly RealmGroup[]): string[] {
  const inside = groups.filter((group) => group.path.startsWith(`${path}/`));
  return [...new Set([...members, ...inside.flatMap((group) => group.members)])];
}

/** Who holds a role: directly, through groups, and through roles that contain it. */
export function holdersOf(role: string, { realm }: Snapshot): string[] {
  const containing = new Set([role]);
  for (const name of containing) {
    for (const other of realm.roles) if (other.composites.includes(name)) containing.add(other.name);
  }
  const direct = realm.roles.filter(({ name }) => containing.has(name)).flatMap(({ users }) => users);
  const groups = realm.groups.filter(({ roles }) => roles.some((name) => containing.has(name)));
  return [...new Set([...direct, ...groups.flatMap((group) => everybodyIn(group, realm.groups))])].toSorted();
}
