import { canonical } from "./inventory.ts";
import type { Ledger } from "./ledger.ts";
import { workspaceRoleNames } from "./names.ts";
import type { Plan } from "./resolve.ts";

/** Names of what has other rights than before. */
export interface Changed {
  /** Shared and personal ones. */
  readonly workspaces: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly users: ReadonlySet<string>;
}

export const nothingChanged: Changed = { workspaces: new Set(), groups: new Set(), users: new Set() };

/** What is new in the later ledger or reads otherwise there. */
export function changedIn(before: Ledger, after: Ledger): Changed {
  return {
    workspaces: changedKeys(before.workspaces, after.workspaces),
    groups: changedKeys(before.groups, after.groups),
    users: changedKeys(before.users, after.users),
  };
}

function changedKeys(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Set<string> {
  return new Set(
    Object.entries(after).flatMap(([name, now]) =>
      Object.hasOwn(before, name) && canonical(before[name]) === canonical(now) ? [] : [name],
    ),
  );
}

/** A part of a plan that uses nothing but itself and the parts before it. */
export type Round = Pick<Plan, "workspaces" | "groups" | "users">;

/**
 * The plan in two rounds: first what has changed, with all that it uses, then everything else. The engine takes
 * resources one by one, so on a large platform what comes first works a minute before the last.
 *
 * @param isLate whether a user has to wait for what stands between the rounds
 */
export function inRounds(
  { workspaces, groups, users }: Round,
  changed: Changed,
  isLate: (username: string) => boolean,
): readonly [Round, Round] {
  const soonUsers = users.filter(
    ({ username, personalWorkspace }) =>
      !isLate(username) &&
      (changed.users.has(username) || (personalWorkspace && changed.workspaces.has(personalWorkspace.name))),
  );
  const groupNames = new Set([...changed.groups, ...soonUsers.flatMap((user) => user.groups)]);
  const soonGroups = groups.filter(({ name }) => groupNames.has(name));
  const roles = new Set([...soonUsers, ...soonGroups].flatMap((holder) => holder.roles));
  const isUsed = (workspace: string) => workspaceRoleNames(workspace).some((role) => roles.has(role));
  const isChanged = ({ name }: { readonly name: string }) => changed.workspaces.has(name);
  const soonWorkspaces = [
    ...workspaces.filter(isChanged),
    ...workspaces.filter((workspace) => !isChanged(workspace) && isUsed(workspace.name)),
  ];
  return [
    { workspaces: soonWorkspaces, groups: soonGroups, users: soonUsers },
    {
      workspaces: without(workspaces, soonWorkspaces),
      groups: without(groups, soonGroups),
      users: without(users, soonUsers),
    },
  ];
}

function without<Item>(all: readonly Item[], some: readonly Item[]): Item[] {
  const left = new Set(some);
  return all.filter((item) => !left.has(item));
}
