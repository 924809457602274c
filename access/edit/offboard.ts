import { accessEntries, type AccessEntry } from "../entries.ts";
import { formatLocation, type Location } from "../diagnostic.ts";
import type { SourceFile } from "../document.ts";
import type { DesiredState } from "../load.ts";
import { workspaceBuckets } from "../names.ts";
import type { Plan } from "../resolve.ts";
import { didYouMean } from "../suggest.ts";
import { EditRefused } from "./refusal.ts";
import { type Path, removeEntry, setKey } from "./yaml.ts";

/** One thing that an offboarding takes out of the files. */
export interface Removal {
  readonly at: Location;
  readonly what: string;
}

export interface Offboarding {
  /** What each changed file is to hold, by path below the environment's folder; undefined for one that goes. */
  readonly changes: ReadonlyMap<string, string | undefined>;
  /** What was taken out, in the order of the files. */
  readonly removals: readonly Removal[];
}

/**
 * The edit after which a user has nothing and stands in no list: so that nobody gets anything back by making the user
 * active again.
 *
 * @param texts the environment's files, by path below its folder
 * @param fileGoes whether the user's file goes; otherwise it stays and says archived
 * @throws {RangeError} when there is no such user
 * @throws {EditRefused} when too few administrators would be left, or a file cannot be edited
 */
export function offboarding(
  desired: DesiredState,
  texts: ReadonlyMap<string, string>,
  username: string,
  { fileGoes }: { readonly fileGoes: boolean },
): Offboarding {
  const user = desired.users.get(username);
  if (!user) {
    throw new RangeError(
      `user "${username}" has no file in users/ and stands in no list, so there is nothing to do.${didYouMean(username, desired.users.keys())}`,
    );
  }
  enoughAdminsStay(desired, username);

  const changes = new Map<string, string | undefined>();
  const removals: Removal[] = [];
  const edit = (path: string, shownAs: string, change: (file: SourceFile) => string, ...removed: Removal[]) => {
    changes.set(path, change({ path: shownAs, text: changes.get(path) ?? texts.get(path) ?? "" }));
    removals.push(...removed);
  };
  const clear = (path: string, entity: Listing, list: Path, names: readonly (string | undefined)[], what: string) => {
    // From the last to the first: places stay right, and an alias goes before what it stands for.
    for (let index = names.length - 1; index >= 0; index -= 1) {
      if (names[index] !== username) continue;
      const removal = { at: entity.at(...list, index), what };
      edit(path, entity.file, (file) => removeEntry(file, list, index), removal);
    }
  };
  const usersOf = (entries: readonly { readonly user?: string | undefined }[]) => entries.map((entry) => entry.user);

  const { platform, groups, workspaces } = desired;
  clear("platform.yaml", platform, ["clusterAccess"], usersOf(platform.value.clusterAccess), "clusterAccess");
  for (const [name, group] of groups) {
    clear(`groups/${name}.yaml`, group, ["members"], group.value.members, `member of group ${name}`);
  }
  for (const [name, workspace] of workspaces) {
    const { members, storage } = workspace.value;
    clear(`workspaces/${name}.yaml`, workspace, ["members"], usersOf(members), `member of workspace ${name}`);
    clear(`workspaces/${name}.yaml`, workspace, ["storage"], usersOf(storage), `storage of workspace ${name}`);
  }

  const path = `users/${username}.yaml`;
  if (fileGoes) {
    changes.set(path, undefined);
    removals.push({ at: user.at("username"), what: "the user's file" });
  } else {
    const { roles, admin, state } = user.value;
    clear(
      path,
      user,
      ["roles"],
      roles.map(() => username),
      "realm role",
    );
    if (admin) {
      const removal = { at: user.at("admin"), what: "admin" };
      edit(path, user.file, (file) => setKey(file, [], "admin", false), removal);
    }
    if (state === "active") {
      const removal = { at: user.at("username"), what: "the account (state: archived)" };
      edit(path, user.file, (file) => setKey(file, [], "state", "archived"), removal);
    }
  }
  return { changes, removals: removals.toSorted(byPlace) };
}

interface Listing {
  readonly file: string;
  readonly at: (...path: PropertyKey[]) => Location;
}

function byPlace({ at: a }: Removal, { at: b }: Removal): number {
  return a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;
}

function enoughAdminsStay({ users, platform }: DesiredState, username: string): void {
  const fewest = platform.value.guards.minimumAdmins;
  const isAdmin = (name: string) => {
    const user = users.get(name)?.value;
    return user !== undefined && user.admin && user.enabled && user.state === "active";
  };
  if (!isAdmin(username)) return;
  const others = [...users.keys()].filter((name) => name !== username && isAdmin(name));
  if (others.length >= fewest) return;
  const left = others.length === 0 ? "nobody" : `only "${others.join(", ")}"`;
  throw new EditRefused(
    `${formatLocation(users.get(username)?.at("admin") ?? { file: "", line: 1, column: 1 })} user "${username}" administers the platform, and ${left} would be left to do it; ${fewest} must stay. Write admin: true for somebody else first.`,
  );
}

/** What somebody who takes leave of a user has to know. */
export interface Farewell {
  /** Everything the user has now. */
  readonly lost: readonly AccessEntry[];
  /** Buckets of the personal workspace: they stay, and nobody but the store's root reads them. */
  readonly archivedBuckets: readonly string[];
  /** What no file says and a person has to look after. */
  readonly openEnds: readonly string[];
  /** What changes for others. */
  readonly affected: readonly string[];
}

/** What an offboarding means, from the state before it and the plans before and after. */
export function farewell(desired: DesiredState, before: Plan, after: Plan, username: string): Farewell {
  const entries = accessEntries(desired, before);
  const lost = entries.filter(({ who, isOutside }) => who === username && !isOutside);
  const personal = before.users.find((user) => user.username === username)?.personalWorkspace?.name;
  const buckets = personal === undefined ? undefined : workspaceBuckets(personal);
  return {
    lost,
    archivedBuckets: buckets ? [buckets.data, buckets.mlpipeline] : [],
    openEnds: openEnds(desired, lost, username, personal),
    affected: affected(before, after),
  };
}

function openEnds(
  desired: DesiredState,
  lost: readonly AccessEntry[],
  username: string,
  personal: string | undefined,
): string[] {
  const { users, platform, directories, identityProviders } = desired;
  const user = users.get(username)?.value;
  if (!user || user.state === "archived") return [];
  const edited = lost.flatMap(({ place, access }) =>
    place.kind === "workspace" && place.name !== personal && access.startsWith("edit") ? [place.name] : [],
  );
  const everywhere = lost.some(({ place }) => place.kind === "cluster");
  const directory = user.directory === undefined ? undefined : directories.get(user.directory);
  const provider = user.identityProvider === undefined ? undefined : identityProviders.get(user.identityProvider);
  const masterAdmin = platform.value.masterAdmins.findIndex((name) => name === username || name === user.email);
  return [
    "tokens: one that is out keeps its roles until it expires; the update ends all sessions in Keycloak, not those that applications keep themselves",
    "S3 sessions: one that is open keeps its rights until it ends, at most the token's life",
    `S3 keys: keys that ${username} made in MinIO's console do not expire by themselves; remove them there`,
    ...(edited.length > 0
      ? [
          `keys of workspaces: ${username} could read those of ${edited.join(", ")} (Secret s3creds); raise keyVersion in ${edited.length === 1 ? "its file" : "their files"}`,
        ]
      : []),
    ...(everywhere
      ? [
          `keys of all workspaces: ${username} had rights in every namespace; raise objectStore.keyVersion in platform.yaml`,
        ]
      : []),
    ...(edited.length > 0
      ? [`workloads: notebooks and runs that ${username} started in ${edited.join(", ")} go on`]
      : []),
    ...(directory
      ? [
          `directory: ${directory.value.name} lets ${username} log in, without any access, until the account there is closed`,
        ]
      : []),
    ...(provider?.value.unknownUsers === "create"
      ? [
          `identity provider: a login through ${provider.value.name} would make a new account, without any access, until the account there is closed`,
        ]
      : []),
    ...(masterAdmin >= 0
      ? [
          `${formatLocation(platform.at("masterAdmins", masterAdmin))} masterAdmins names "${platform.value.masterAdmins[masterAdmin] ?? ""}": close that account in Keycloak's master realm and name another`,
        ]
      : []),
    ...approvals(desired, [`@${username}`, user.email]),
  ];
}

/** Who approves changes in Git is known there by another name, which is often the same. */
function approvals({ platform, groups, workspaces }: DesiredState, names: readonly string[]): string[] {
  return [platform, ...groups.values(), ...workspaces.values()].flatMap(({ value: { approvers }, at }) =>
    approvers.flatMap((name, index) =>
      names.includes(name)
        ? [
            `${formatLocation(at("approvers", index))} approvers names "${name}": whoever that is approves changes of access`,
          ]
        : [],
    ),
  );
}

function affected(before: Plan, after: Plan): string[] {
  const people = (plan: Plan, name: string) => plan.groups.find((group) => group.name === name);
  const emptied = before.groups.flatMap(({ name, members, sources, at }) =>
    members.length > 0 && sources.length === 0 && people(after, name)?.members.length === 0
      ? [`group ${name} has no members any more (${formatLocation(at)})`]
      : [],
  );
  const editors = (plan: Plan) =>
    new Set(
      [...plan.access, ...plan.outside.flatMap(({ access }) => access)].flatMap(({ workspace, kubernetes }) =>
        kubernetes === "edit" ? [workspace] : [],
      ),
    );
  const [had, has] = [editors(before), editors(after)];
  const orphaned = after.workspaces.flatMap(({ name, at }) =>
    had.has(name) && !has.has(name)
      ? [`workspace ${name} has nobody who may edit any more (${formatLocation(at)})`]
      : [],
  );
  return [...emptied, ...orphaned];
}
