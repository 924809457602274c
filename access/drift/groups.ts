import { stackInAttributes } from "../inventory.ts";
import type { Location } from "../diagnostic.ts";
import type { PlannedGroup, PlannedUser } from "../resolve.ts";
import type { RealmGroup, RealmUser } from "../snapshot.ts";
import { actorOf, type Context } from "./context.ts";
import { type Difference, few, markedAgain, repairedByUpdate, takenByUpdate } from "./difference.ts";
import { everybodyIn } from "./holders.ts";

/** Groups that are missing or too many, who is in them and should not be, and the other way round. */
export function groupDifferences(context: Context): Difference[] {
  const { plan, snapshot } = context;
  const { user, admin } = plan.platform.platformGroups;
  const byPath = new Map(snapshot.realm.groups.map((group) => [group.path, group]));
  const listed = [
    { name: user, at: undefined, planned: undefined },
    { name: admin, at: undefined, planned: undefined },
    ...plan.groups.map((planned) => ({ name: planned.name, at: planned.at, planned })),
  ];
  return [
    ...listed.flatMap(({ name, at, planned }) => {
      const group = byPath.get(`/${name}`);
      if (!group) return [missingGroup(name, at)];
      return [
        ...memberDifferences(context, group, at),
        ...(planned ? markDifference(context, group, planned) : []),
        ...(planned ? sourceDifferences(context, planned, byPath) : []),
        ...innerGroups(context, group, planned),
      ];
    }),
    ...strayGroups(context),
  ];
}

function missingGroup(name: string, where: Location | undefined): Difference {
  const what = `group "${name}" is missing, so nobody has what it gives`;
  return { class: "missing access", plane: "identity", what, where, remedy: repairedByUpdate };
}

function memberDifferences(context: Context, group: RealmGroup, at: Location | undefined): Difference[] {
  const { plan, users, accounts, allAccounts } = context;
  const wanted = plan.users.filter(({ groups }) => groups.includes(group.name));
  const missing = wanted.flatMap((user) => {
    const account = accounts.get(user.username);
    return account && !group.members.includes(account.username) ? [missingMember(context, group, user, account)] : [];
  });
  const extra = group.members
    .filter((username) => {
      const user = users.get(username);
      return user ? !user.groups.includes(group.name) : !mayBeIn(context, group, allAccounts.get(username));
    })
    .map((username) => extraMember(context, group, username, users.get(username)?.at ?? at));
  return [...missing, ...extra];
}

/** Whether somebody without a file belongs in the users' group: people of directories, of identity providers, of others. */
function mayBeIn({ plan, stack }: Context, group: RealmGroup, account: RealmUser | undefined): boolean {
  const made = account && stackInAttributes(account.attributes);
  // An account that is left of this stack is told as a whole.
  if (made === stack) return true;
  if (made !== undefined) return plan.groups.every(({ name }) => name !== group.name);
  if (group.name !== plan.platform.platformGroups.user) return false;
  // Where that is the realm's default group, the account that holds the owner's address is in it as well.
  if (account?.email === plan.platform.owner) return true;
  if (account?.directoryId !== undefined) return true;
  return plan.identityProviders.some(({ unknownUsers }) => unknownUsers === "create");
}

function missingMember(context: Context, group: RealmGroup, user: PlannedUser, account: RealmUser): Difference {
  return {
    class: "missing access",
    plane: "identity",
    what: `user "${user.username}" is not in group "${group.name}"`,
    where: user.at,
    ...actorOf(context, [`users/${account.id}/groups/${group.id}`]),
    remedy: repairedByUpdate,
  };
}

function extraMember(context: Context, group: RealmGroup, username: string, where: Location | undefined): Difference {
  const { plan, allAccounts, users } = context;
  const { user, admin } = plan.platform.platformGroups;
  const who = users.has(username) ? `user "${username}"` : `account "${username}", which has no file,`;
  const file =
    group.name === admin
      ? `write admin: true in users/${username}.yaml`
      : group.name === user
        ? users.has(username)
          ? "enable the user"
          : `add users/${username}.yaml`
        : `list the user in groups/${group.name}.yaml`;
  return {
    class: "extra access",
    plane: "identity",
    what: `${who} is in group "${group.name}", which nothing here asks for`,
    where,
    ...actorOf(context, [`users/${allAccounts.get(username)?.id ?? ""}/groups/${group.id}`]),
    remedy: `${takenByUpdate}; otherwise take "${username}" out of group "${group.name}" in Keycloak, or ${file}`,
  };
}

function markDifference({ stack }: Context, group: RealmGroup, { at }: PlannedGroup): Difference[] {
  if (stackInAttributes(group.attributes) === stack) return [];
  const what = `group "${group.name}" does not say that stack ${stack} made it`;
  return [{ class: "cosmetic", plane: "identity", what, where: at, remedy: markedAgain.identity(stack) }];
}

/** A directory fills its group; whoever is there without being of a directory was put there. */
function sourceDifferences(
  context: Context,
  { name, sources }: PlannedGroup,
  byPath: ReadonlyMap<string, RealmGroup>,
): Difference[] {
  return sources.flatMap((source): Difference[] => {
    const inner = byPath.get(`/${name}/${source.name}`);
    if (!inner) return [missingGroup(`${name}/${source.name}`, source.at)];
    if (!("directory" in source.from)) return [];
    return inner.members
      .filter((username) => {
        const account = context.allAccounts.get(username);
        return account !== undefined && account.directoryId === undefined;
      })
      .map((username) => ({
        class: "extra access",
        plane: "identity",
        what: `account "${username}" is in group "${name}/${source.name}" and in no directory, so it was put there`,
        where: source.at,
        ...actorOf(context, [`users/${context.allAccounts.get(username)?.id ?? ""}/groups/${inner.id}`]),
        remedy: `take "${username}" out of the group in Keycloak`,
      }));
  });
}

/** Groups that others put inside ours: their members have all that ours gives. */
function innerGroups(context: Context, group: RealmGroup, planned: PlannedGroup | undefined): Difference[] {
  const known = (planned?.sources ?? []).map((source) => `${group.path}/${source.name}`);
  return context.snapshot.realm.groups
    .filter(({ path }) => path.startsWith(`${group.path}/`) && !known.includes(path))
    .filter(({ attributes }) => !isOurs(context, attributes))
    .map((inner) => ({
      class: inner.members.length > 0 ? "extra access" : "cosmetic",
      plane: "identity",
      what:
        `group "${inner.path}" is inside "${group.name}", which nothing here asks for; ` +
        (inner.members.length > 0
          ? `what that gives, ${few(inner.members)} ${inner.members.length === 1 ? "has" : "have"} too`
          : "nobody is in it"),
      where: planned?.at,
      ...actorOf(context, [`groups/${inner.id}`, `groups/${group.id}/children`]),
      remedy: "delete the group in Keycloak, or list its members in the file of the group around it",
    }));
}

function isOurs({ stack }: Context, attributes: RealmGroup["attributes"]): boolean {
  return stackInAttributes(attributes) === stack;
}

/** Groups of this stack without a file, and others that applications could take for one of ours. */
function strayGroups(context: Context): Difference[] {
  const { plan, snapshot } = context;
  const { groups } = snapshot.realm;
  const { user, admin } = plan.platform.platformGroups;
  const names = [admin, ...plan.groups.map(({ name }) => name)];
  const isInside = (path: string) => [user, ...names].some((name) => path.startsWith(`/${name}/`));
  const planned = new Set([
    ...[user, ...names].map((name) => `/${name}`),
    ...plan.groups.flatMap(({ name, sources }) => sources.map((source) => `/${name}/${source.name}`)),
  ]);
  return groups
    .filter(({ path }) => !planned.has(path))
    .flatMap((group): Difference[] => {
      const members = everybodyIn(group, groups);
      const common = {
        class: members.length > 0 ? "extra access" : "cosmetic",
        plane: "identity",
        where: undefined,
        ...actorOf(context, [`groups/${group.id}`]),
      } as const;
      const inside = members.length > 0 ? few(members) : "nobody";
      if (isOurs(context, group.attributes)) {
        const what = `group "${group.path}" was made by stack ${context.stack}, but no file has it; in it: ${inside}`;
        return [{ ...common, what, remedy: "delete the group in Keycloak" }];
      }
      if (members.length === 0 || isInside(group.path)) return [];
      const alike = names.find((name) => group.name === name);
      const parts = group.name.split(",").map((part) => part.trim());
      if (alike !== undefined) {
        const what = `group "${group.path}" (${inside}) is "${alike}" for applications that hear names without paths`;
        return [{ ...common, what, remedy: "give the group another name in Keycloak" }];
      }
      if (parts.length > 1) {
        const what = `group "${group.path}" (${inside}) counts as ${few(parts)} where groups are a list with commas`;
        return [{ ...common, what, remedy: "give the group another name in Keycloak, without commas" }];
      }
      return [];
    });
}
