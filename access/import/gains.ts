import { allWorkspaces } from "../ledger.ts";
import { workspaceRoles } from "../names.ts";
import type { EffectiveAccess, Plan } from "../resolve.ts";
import type { RealmUser } from "../snapshot.ts";
import type { Draft, LeftOut } from "./draft.ts";
import { canonicalParts, closure, roleOwners } from "./facts.ts";
import { excess, inWords, isNothing, type PlaneAccess, together } from "./planes.ts";

/**
 * Workspaces in which somebody would have more after the first update than now: by the files, or because a realm role
 * that they hold comes to give what it is to give. Everybody in the realm is looked at, with or without a file.
 */
export function gains(draft: Draft, plan: Plan): LeftOut {
  const found = new Map<string, string>();
  const workspaces = allWorkspaces(plan);
  const personal = new Set(workspaces.filter(({ personalOf }) => personalOf).map(({ name }) => name));
  const given = new Afterwards(draft, plan);
  for (const user of draft.facts.users) {
    if (!user.enabled) continue;
    for (const [name, after] of given.of(user)) {
      const facts = draft.workspaces.get(name);
      const now = draft.access.get(name)?.get(user.username) ?? {};
      const more = excess(after, facts?.buckets.length === 0 ? { ...now, storage: "edit" } : now);
      const key = `${personal.has(name) ? "personal" : "workspace"} ${name}`;
      if (!isNothing(more) && !found.has(key)) {
        found.set(
          key,
          `account "${user.username}" would come by more: it has ${inWords(now)} and would have ${inWords(together(now, after))}. Make its roles, bindings and policies agree first.`,
        );
      }
    }
  }
  return found;
}

/** What people have after the first update by what it writes. */
class Afterwards {
  readonly #draft: Draft;
  readonly #owners: ReadonlyMap<string, string>;
  readonly #parts: ReadonlyMap<string, readonly string[]>;
  readonly #givenRoles: ReadonlyMap<string, readonly string[]>;
  readonly #access: ReadonlyMap<string, readonly EffectiveAccess[]>;

  constructor(draft: Draft, plan: Plan) {
    const names = allWorkspaces(plan).map(({ name }) => name);
    const rolesOf = new Map(plan.groups.map(({ name, roles }) => [name, roles]));
    this.#draft = draft;
    this.#owners = roleOwners(names);
    this.#parts = new Map(names.flatMap((name) => [...canonicalParts(workspaceRoles(name))]));
    this.#givenRoles = new Map(
      plan.users.map(({ username, roles, groups }) => [
        username,
        [...roles, ...groups.flatMap((group) => rolesOf.get(group) ?? [])],
      ]),
    );
    this.#access = Map.groupBy(plan.access, ({ user }) => user);
  }

  /** By the name of the workspace, for those that are written. */
  of({ username }: RealmUser): Map<string, PlaneAccess> {
    const { facts } = this.#draft;
    const found = new Map<string, PlaneAccess>();
    const add = (workspace: string, access: PlaneAccess) =>
      found.set(workspace, together(found.get(workspace) ?? {}, access));
    for (const entry of this.#access.get(username) ?? []) add(entry.workspace, entry);
    const held = [...facts.heldRoles(username), ...(this.#givenRoles.get(username) ?? [])];
    for (const role of closure(held, (name) => this.#parts.get(name) ?? facts.roles.get(name)?.composites ?? [])) {
      const workspace = this.#owners.get(role);
      if (workspace !== undefined) add(workspace, byItself(role, workspace));
    }
    return found;
  }
}

/** What carrying a workspace's role gives, without its parts. */
function byItself(role: string, workspace: string): PlaneAccess {
  const { edit, view, s3Edit, s3View } = workspaceRoles(workspace);
  const access: Readonly<Record<string, PlaneAccess>> = {
    [edit]: { kubernetes: "edit" },
    [view]: { kubernetes: "view" },
    [s3Edit]: { storage: "edit" },
    [s3View]: { storage: "view" },
  };
  return access[role] ?? {};
}
