import type { Location } from "../diagnostic.ts";
import { stackInAttributes } from "../inventory.ts";
import { workspaceRoles } from "../names.ts";
import type { PlannedUser } from "../resolve.ts";
import type { RealmGroup, RealmRole } from "../snapshot.ts";
import { actorOf, type Context, workspaceOfRole } from "./context.ts";
import { type Difference, few, markedAgain, repairedByUpdate, takenByUpdate } from "./difference.ts";
import { everybodyIn, holdersOf } from "./holders.ts";

/** Realm roles: whether they are there, what they are made of, and who holds them. */
export function roleDifferences(context: Context): Difference[] {
  const planned = plannedRoles(context);
  return [
    ...[...planned].flatMap(([name, role]) => {
      const live = context.roles.get(name);
      if (!live) return [missingRole(name, role)];
      return [
        ...partDifferences(context, live, role),
        ...holderDifferences(context, live, role),
        ...groupHolderDifferences(context, live, role),
        ...plainDifferences(context, live, role),
      ];
    }),
    ...containers(context, planned),
    ...strayRoles(context, planned),
    ...dangerousNames(context),
  ];
}

interface PlannedRealmRole {
  readonly at: Location;
  /** Names of its parts. */
  readonly parts: readonly string[];
  readonly description: string | undefined;
  /** Whether somebody else manages it, and gives it to whom they like. */
  readonly existing: boolean;
  readonly workspace?: string;
}

function plannedRoles({ plan, workspaces }: Context): Map<string, PlannedRealmRole> {
  const ofWorkspaces = [...workspaces.values()].flatMap(({ name, description, at }) => {
    const roles = workspaceRoles(name);
    const role = (key: keyof typeof roles, purpose: string, ...parts: string[]) =>
      [roles[key], { at, parts, description: purpose, existing: false, workspace: name }] as const;
    return [
      role("s3View", `S3 read-only access to ${name}`),
      role("s3Edit", `S3 read-write access to ${name}`),
      role("view", `View access to ${name}`, roles.s3View),
      role("edit", `Edit access to ${name}`, roles.s3Edit),
      role(
        "identity",
        description ? `Workspace ${name}: ${description}` : `Workspace ${name}`,
        roles.edit,
        roles.view,
        roles.s3Edit,
      ),
    ];
  });
  const free = plan.realmRoles.map(
    ({ name, description, existing, at }) => [name, { at, parts: [], description, existing }] as const,
  );
  return new Map<string, PlannedRealmRole>([...ofWorkspaces, ...free]);
}

function missingRole(name: string, { at }: PlannedRealmRole): Difference {
  const what = `realm role "${name}" is missing, so nobody has what it gives`;
  return { class: "missing access", plane: "identity", what, where: at, remedy: repairedByUpdate };
}

function composedBy(context: Context, { id, name }: RealmRole, part: string): { madeBy?: string } {
  return actorOf(context, [`roles-by-id/${id}/composites`, `roles/${name}/composites`, `roles-by-id/${id}`], part);
}

function partDifferences(context: Context, live: RealmRole, role: PlannedRealmRole): Difference[] {
  if (role.existing) return [];
  const { name, composites, clientRoles = [] } = live;
  const common = { plane: "identity", where: role.at } as const;
  const extra = [
    ...composites.filter((part) => !role.parts.includes(part)),
    ...clientRoles.map((part) => `${part} (of a client)`),
  ];
  return [
    ...extra.map((part): Difference => ({
      ...common,
      class: "extra access",
      what: `realm role "${name}" contains "${part}", which nothing here asks for`,
      ...composedBy(context, live, part),
      remedy: `${repairedByUpdate}; or remove the part in Keycloak`,
    })),
    ...role.parts
      .filter((part) => !composites.includes(part) && context.roles.has(part))
      .map((part): Difference => ({
        ...common,
        class: "missing access",
        what: `realm role "${name}" does not contain "${part}"`,
        ...composedBy(context, live, part),
        remedy: repairedByUpdate,
      })),
  ];
}

/** Roles that bring the role as one of their parts. */
function covering(context: Context, role: string): Set<string> {
  const all = new Set([role]);
  for (const part of all) {
    const workspace = workspaceOfRole(part);
    if (workspace === undefined || !context.workspaces.has(workspace)) continue;
    const { identity, edit, view, s3Edit, s3View } = workspaceRoles(workspace);
    // Writing in S3 includes reading, and editing viewing, though they are no parts of each other.
    const above = { [s3View]: [s3Edit, view], [s3Edit]: [edit], [view]: [edit], [edit]: [identity] }[part];
    for (const one of above ?? []) all.add(one);
  }
  return all;
}

/** Everything that a user is to hold, by the groups as well. */
function desiredRoles({ plan }: Context, user: PlannedUser): string[] {
  const ofGroups = plan.groups.filter(({ name }) => user.groups.includes(name)).flatMap(({ roles }) => roles);
  const ofPlatform = user.groups.flatMap((name) => plan.platformGroupRoles[name] ?? []);
  return [...user.roles, ...ofGroups, ...ofPlatform];
}

function holderDifferences(context: Context, live: RealmRole, role: PlannedRealmRole): Difference[] {
  const { plan, users, accounts, roles } = context;
  const { name } = live;
  const above = covering(context, name);
  const missing = plan.users
    .filter((user) => user.roles.includes(name))
    .flatMap((user): Difference[] => {
      const account = accounts.get(user.username);
      if (!account || [...above].some((one) => roles.get(one)?.users.includes(account.username))) return [];
      return [
        {
          class: "missing access",
          plane: "identity",
          what: `user "${user.username}" does not hold realm role "${name}"`,
          where: whereOf(context, user, role),
          ...actorOf(context, [`users/${account.id}/role-mappings/realm`], name),
          remedy: repairedByUpdate,
        },
      ];
    });
  if (role.existing) return missing;
  const extra = live.users
    .filter((username) => !users.get(username)?.roles.includes(name) && !isLeftover(context, username))
    .map((username) => extraHolder(context, role, { name, above, username }));
  return [...missing, ...extra];
}

/** An account of this stack that no file has is told as a whole. */
function isLeftover({ stack, users, allAccounts }: Context, username: string): boolean {
  return !users.has(username) && stackInAttributes(allAccounts.get(username)?.attributes) === stack;
}

/** The line of the grant for a workspace's role, the user's own for others. */
function whereOf(context: Context, user: PlannedUser, { workspace }: PlannedRealmRole): Location | undefined {
  return workspace === undefined ? user.at : context.grantAt(user.username, workspace);
}

function extraHolder(
  context: Context,
  role: PlannedRealmRole,
  { name, above, username }: { name: string; above: ReadonlySet<string>; username: string },
): Difference {
  const user = context.users.get(username);
  const account = context.allAccounts.get(username);
  const expired = role.workspace === undefined ? undefined : context.expired(username, role.workspace);
  const isCovered = user !== undefined && desiredRoles(context, user).some((one) => above.has(one));
  const who = user ? `user "${username}"` : `account "${username}", which has no file,`;
  return {
    class: isCovered ? "cosmetic" : "extra access",
    plane: "identity",
    what:
      `${who} holds realm role "${name}", which nothing here gives${expired?.note ?? ""}` +
      (isCovered ? "; it gives nothing more now, but would stay when the grant goes" : ""),
    where: expired?.at ?? role.at,
    ...actorOf(context, [`users/${account?.id ?? ""}/role-mappings/realm`], name),
    remedy: `${takenByUpdate}; otherwise take the role from "${username}" in Keycloak, or write the grant${fileOf(role)}`,
  };
}

function fileOf({ workspace }: PlannedRealmRole): string {
  return workspace === undefined ? "" : ` into the file of workspace "${workspace}"`;
}

function groupHolderDifferences(context: Context, live: RealmRole, role: PlannedRealmRole): Difference[] {
  const { plan, snapshot } = context;
  const { name } = live;
  const above = covering(context, name);
  const desired = new Map<string, { roles: readonly string[]; at: Location | undefined }>([
    ...Object.entries(plan.platformGroupRoles).map(([group, roles]) => [group, { roles, at: undefined }] as const),
    ...plan.groups.map(({ name: group, roles, at }) => [group, { roles, at }] as const),
  ]);
  const holding = (path: string) => snapshot.realm.groups.find((group) => group.path === path)?.roles;
  const missing = [...desired]
    .filter(([, { roles }]) => roles.includes(name))
    .flatMap(([group, { at }]): Difference[] => {
      const held = holding(`/${group}`);
      if (!held || held.some((one) => above.has(one))) return [];
      return [
        {
          class: "missing access",
          plane: "identity",
          what: `group "${group}" does not hold realm role "${name}"`,
          where: at ?? role.at,
          ...groupActor(context, `/${group}`, name),
          remedy: repairedByUpdate,
        },
      ];
    });
  if (role.existing) return missing;
  const extra = snapshot.realm.groups
    .filter(({ path, roles }) => roles.includes(name) && !desired.get(path.slice(1))?.roles.includes(name))
    .map((group) => extraGroup(context, role, name, group, desired.get(group.path.slice(1))?.at, above));
  return [...missing, ...extra];
}

function groupActor({ snapshot, ...context }: Context, path: string, role: string): { madeBy?: string } {
  const id = snapshot.realm.groups.find((group) => group.path === path)?.id ?? "";
  return actorOf({ snapshot, ...context }, [`groups/${id}/role-mappings/realm`], role);
}

function extraGroup(
  context: Context,
  role: PlannedRealmRole,
  name: string,
  group: RealmGroup,
  at: Location | undefined,
  above: ReadonlySet<string>,
): Difference {
  const members = everybodyIn(group, context.snapshot.realm.groups);
  const planned = context.plan.groups.find((one) => `/${one.name}` === group.path);
  const isCovered = planned?.roles.some((one) => above.has(one)) ?? false;
  const expired = role.workspace === undefined ? undefined : context.expired(group.name, role.workspace);
  return {
    class: isCovered ? "cosmetic" : "extra access",
    plane: "identity",
    what:
      `group "${group.path.slice(1)}" (${members.length > 0 ? few(members) : "nobody in it"}) holds realm role "${name}", ` +
      `which nothing here gives${expired?.note ?? ""}` +
      (isCovered ? "; it gives nothing more now, but would stay when the grant goes" : ""),
    where: expired?.at ?? at ?? role.at,
    ...groupActor(context, group.path, name),
    remedy: `${takenByUpdate}; otherwise take the role from the group in Keycloak, or write the grant${fileOf(role)}`,
  };
}

function plainDifferences({ stack }: Context, live: RealmRole, role: PlannedRealmRole): Difference[] {
  if (role.existing) return [];
  const common = { class: "cosmetic", plane: "identity", where: role.at, remedy: repairedByUpdate } as const;
  const named = `realm role "${live.name}"`;
  return [
    ...(role.description === undefined || live.description === role.description
      ? []
      : [{ ...common, what: `${named} has the description "${live.description}", not "${role.description}"` }]),
    ...(stackInAttributes(live.attributes) === stack
      ? []
      : [
          {
            ...common,
            what: `${named} does not say that stack ${stack} made it`,
            remedy: markedAgain.identity(stack),
          },
        ]),
  ];
}

/** Roles of others that bring one of ours to whoever holds them. */
function containers(context: Context, planned: ReadonlyMap<string, PlannedRealmRole>): Difference[] {
  const ours = (name: string) => planned.get(name)?.existing === false;
  return context.snapshot.realm.roles
    .filter(({ name }) => !ours(name))
    .flatMap((live) => {
      const { name } = live;
      return live.composites.filter(ours).map((part): Difference => {
        const holders = holdersOf(name, context.snapshot);
        return {
          class: "extra access",
          plane: "identity",
          what: `realm role "${name}" (${holders.length > 0 ? few(holders) : "held by nobody"}) contains "${part}", which nothing here asks for`,
          where: planned.get(part)?.at,
          ...composedBy(context, live, part),
          remedy: `remove "${part}" from the role in Keycloak`,
        };
      });
    });
}

/** Realm roles of this stack that are no workspace's and no longer asked for. */
function strayRoles(context: Context, planned: ReadonlyMap<string, PlannedRealmRole>): Difference[] {
  const { snapshot, stack } = context;
  return snapshot.realm.roles
    .filter(({ name, attributes }) => stackInAttributes(attributes) === stack && !planned.has(name))
    .filter(({ name }) => workspaceOfRole(name) === undefined)
    .map(({ id, name }) => {
      const holders = holdersOf(name, snapshot);
      return {
        class: holders.length > 0 ? "extra access" : "cosmetic",
        plane: "identity",
        what: `realm role "${name}" was made by stack ${stack}, but nothing asks for it; held by ${holders.length > 0 ? few(holders) : "nobody"}`,
        where: undefined,
        ...actorOf(context, [`roles-by-id/${id}`, `roles/${name}`]),
        remedy: "delete the role in Keycloak",
      } as const;
    });
}

/** Policies that every MinIO has, and those of newer ones. */
export const builtInPolicies = [
  "consoleAdmin",
  "consolereadonly",
  "diagnostics",
  "readonly",
  "readwrite",
  "tablesAdmin",
  "writeonly",
];

/** Role names that say more to other planes than to Keycloak, where somebody holds them. */
function dangerousNames(context: Context): Difference[] {
  return context.snapshot.realm.roles.flatMap(({ id, name }): Difference[] => {
    const parts = name.split(",").map((part) => part.trim());
    const builtIn = parts.filter((part) => builtInPolicies.includes(part));
    const why =
      builtIn.length > 0
        ? `MinIO takes it for its own policy ${few(builtIn)}`
        : parts.length > 1
          ? `wherever roles are a list with commas it counts as ${few(parts)}`
          : name.includes("*")
            ? "a star means everything in lists of allowed roles"
            : name.startsWith("system:")
              ? "Kubernetes gives groups of that prefix rights in the whole cluster"
              : undefined;
    const holders = why === undefined ? [] : holdersOf(name, context.snapshot);
    if (why === undefined || holders.length === 0) return [];
    return [
      {
        class: "extra access",
        plane: "identity",
        what: `realm role "${name}" is held by ${few(holders)}, and ${why}`,
        where: undefined,
        ...actorOf(context, [`roles-by-id/${id}`, `roles/${name}`]),
        remedy: "take the role from everybody, and give it another name in Keycloak",
      },
    ];
  });
}
