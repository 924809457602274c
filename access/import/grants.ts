import { compare } from "../diagnostic.ts";
import { type AccessLevel, workspaceRoles } from "../names.ts";
import type { NetworkAccess } from "../resolve.ts";
import { higher, isAbove, lower, type PlaneAccess, together } from "./planes.ts";

/** One line of members or storage. */
export interface MemberLine {
  readonly user?: string;
  readonly group?: string;
  readonly role: AccessLevel;
  readonly notebooksAccess: boolean;
}
export type StorageLine = Omit<MemberLine, "notebooksAccess">;

/** Somebody who may stand in the file, with what they have now. */
export interface Candidate {
  readonly username: string;
  readonly now: PlaneAccess;
  /** Realm roles that they hold directly. */
  readonly roles: readonly string[];
}

/** A group that may stand in the file. */
export interface CandidateGroup {
  readonly name: string;
  readonly roles: readonly string[];
  /** Those of its members who have a file and are enabled. */
  readonly members: readonly string[];
}

interface Grants {
  readonly members: readonly MemberLine[];
  readonly storage: readonly StorageLine[];
}

/**
 * The lines of a workspace's file: who holds its roles directly and through groups, as far as they have what the line
 * gives on every plane, and then whatever somebody has beyond that. No line gives anybody more than they have now.
 */
export function grantsOf(workspace: string, people: readonly Candidate[], groups: readonly CandidateGroup[]): Grants {
  const nowOf = new Map(people.map(({ username, now }) => [username, now]));
  const byGroup = groups.map((group) => {
    const reached = group.members.map((username) => nowOf.get(username) ?? {});
    return { ...group, ...written(heldLevels(workspace, group.roles), reached) };
  });
  const direct = people.map((person) => directGrant(workspace, person, byGroup));
  const open = opening(byGroup, direct, nowOf);
  const extra = direct.map(({ now, ...person }) => {
    const isOpen =
      person.notebooks || byGroup.some(({ name, members }) => open.has(name) && members.includes(person.username));
    return now.network !== "full" || isOpen || !hasMembership(person, byGroup)
      ? person
      : { ...person, member: person.member ?? ("view" as const), notebooks: true };
  });
  return {
    members: [
      ...extra.flatMap(({ username, member, notebooks }) =>
        member ? [{ user: username, role: member, notebooksAccess: notebooks }] : [],
      ),
      ...byGroup.flatMap(({ name, member }) =>
        member ? [{ group: name, role: member, notebooksAccess: open.has(name) }] : [],
      ),
    ],
    storage: [
      ...extra.flatMap(({ username, storage }) => (storage ? [{ user: username, role: storage }] : [])),
      ...byGroup.flatMap(({ name, storage }) => (storage ? [{ group: name, role: storage }] : [])),
    ],
  };
}

interface Levels {
  readonly member: AccessLevel | undefined;
  readonly storage: AccessLevel | undefined;
}

interface GroupGrant extends CandidateGroup, Levels {}

interface DirectGrant extends Levels {
  readonly username: string;
  readonly now: PlaneAccess;
  readonly notebooks: boolean;
}

function heldLevels(workspace: string, held: readonly string[]): Levels {
  const roles = workspaceRoles(workspace);
  const holds = (role: string) => held.includes(role);
  return {
    member: holds(roles.identity) || holds(roles.edit) ? "edit" : holds(roles.view) ? "view" : undefined,
    storage: holds(roles.s3Edit) ? "edit" : holds(roles.s3View) ? "view" : undefined,
  };
}

/** The most that a member line may say to somebody who has this. */
function mostMember({ kubernetes, network, storage }: PlaneAccess): AccessLevel | undefined {
  return network === undefined ? undefined : lower(kubernetes, storage);
}

/** The levels of a line for all of these people: none of them gets more than they have. */
function written({ member, storage }: Levels, reached: readonly PlaneAccess[]): Levels {
  let most = member;
  let stored = storage;
  for (const now of reached) {
    most = lower(most, mostMember(now));
    stored = lower(stored, now.storage);
  }
  // Where a membership cannot be said, what it gives in S3 may.
  if (most === undefined && member !== undefined) {
    stored = reached.reduce<AccessLevel | undefined>((all, now) => lower(all, now.storage), higher(member, storage));
  }
  return { member: most, storage: isAbove(stored, most) ? stored : undefined };
}

function directGrant(workspace: string, person: Candidate, groups: readonly GroupGrant[]): DirectGrant {
  const { username, now } = person;
  const held = written(heldLevels(workspace, person.roles), [now]);
  const throughGroups = groups
    .filter(({ members }) => members.includes(username))
    .reduce<PlaneAccess>((all, { member, storage }) => together(all, given(member, storage)), {});
  const most = mostMember(now);
  const member = isAbove(most, higher(held.member, throughGroups.kubernetes)) ? most : held.member;
  const have = higher(higher(member, held.storage), throughGroups.storage);
  const storage = isAbove(now.storage, have) ? now.storage : held.storage;
  return {
    username,
    now,
    member,
    storage: isAbove(storage, member) ? storage : undefined,
    notebooks: member !== undefined && now.network === "full",
  };
}

function given(member: AccessLevel | undefined, storage: AccessLevel | undefined): PlaneAccess {
  const stored = higher(member, storage);
  const network: NetworkAccess | undefined = member && "pipelines";
  return { ...(member && { kubernetes: member }), ...(network && { network }), ...(stored && { storage: stored }) };
}

function hasMembership({ username, member }: Pick<DirectGrant, "username" | "member">, groups: readonly GroupGrant[]) {
  return member !== undefined || groups.some((group) => group.member && group.members.includes(username));
}

/** Groups that open notebooks: those whose members all have them, as far as somebody has them through nothing else. */
function opening(
  groups: readonly GroupGrant[],
  direct: readonly DirectGrant[],
  nowOf: ReadonlyMap<string, PlaneAccess>,
): ReadonlySet<string> {
  const open = new Set<string>();
  const covered = new Set(direct.flatMap(({ username, notebooks }) => (notebooks ? [username] : [])));
  for (const { name, member, members } of groups.toSorted((a, b) => compare(a.name, b.name))) {
    if (!member || !members.every((username) => nowOf.get(username)?.network === "full")) continue;
    if (members.every((username) => covered.has(username))) continue;
    open.add(name);
    for (const username of members) covered.add(username);
  }
  return open;
}
