import { daysAfter } from "../../access/fields.ts";
import { stringify } from "yaml";
import type { Random } from "./random.ts";

/** Whether something has a file, and what the file says of it. */
type State = "active" | "archived" | "absent";

interface Person {
  readonly username: string;
  readonly email: string;
  readonly enabled: boolean;
  readonly state: State;
  /** Only one person of a world has one at times: buckets of a person with another address are refused. */
  readonly workspace: boolean | { readonly name: string };
}

interface Group {
  readonly name: string;
  readonly state: "active" | "absent";
  readonly members: readonly string[];
}

interface Grant {
  readonly user?: string;
  readonly group?: string;
  readonly role: "admin" | "edit" | "view";
  readonly notebooksAccess?: boolean;
  readonly expires?: string;
}

interface Workspace {
  readonly name: string;
  readonly state: State;
  readonly members: readonly Grant[];
  readonly storage: readonly Grant[];
}

/** A small desired state under names of its own, so that several can share a stack. */
export interface World {
  readonly name: string;
  readonly people: readonly Person[];
  readonly groups: readonly Group[];
  readonly workspaces: readonly Workspace[];
  /** Grants in every namespace of the cluster, those of other worlds included. */
  readonly cluster: readonly Grant[];
}

const firstNames = ["ann", "ben", "cat", "dan"] as const;

/** Its name cannot change later, so it depends on the world alone. */
function personalWorkspaceOf(world: string): Person["workspace"] {
  return /[02468]$/.test(world) ? { name: `${world}-home` } : true;
}

/** A world at its beginning: everybody and everything is there, and grants are as they come. */
export function newWorld(name: string, random: Random, day: string): World {
  const people = firstNames.map((first, index): Person => ({
    username: `${name}-${first}`,
    email: `${name}-${first}@example.com`,
    enabled: !random.chance(0.1),
    state: "active",
    workspace: index === 0 && random.chance(0.4) ? personalWorkspaceOf(name) : false,
  }));
  const usernames = people.map(({ username }) => username);
  const groups = ["makers", "readers"].map((kind): Group => ({
    name: `${name}-${kind}`,
    state: "active",
    members: random.some(usernames, 1 + random.below(2)),
  }));
  const empty: World = { name, people, groups, workspaces: [], cluster: [] };
  const workspaces = ["lab", ...(random.chance(0.3) ? ["lab-2"] : [])].map((kind): Workspace => {
    const grants = (levels: readonly ["edit", "view"], count: number) =>
      distinct(Array.from({ length: count }, () => newGrant(empty, random, day, levels)));
    return {
      name: `${name}-${kind}`,
      state: "active",
      members: grants(["edit", "view"], 1 + random.below(3)).map((grant) => withNotebooks(grant, random)),
      storage: grants(["edit", "view"], random.below(2)),
    };
  });
  return { ...empty, workspaces };
}

/** The same world after a few edits, as people make them from one day to the next. */
export function editedWorld(world: World, random: Random, day: string): World {
  const after = Array.from({ length: 3 + random.below(3) }).reduce<World>(
    (before) => oneOf(edits, random)(before, random, day),
    world,
  );
  return withoutSwaps(world, after);
}

/** A workspace that comes with the members of one that goes is refused as a rename, so nothing goes while one comes. */
function withoutSwaps(before: World, after: World): World {
  const [earlier, later] = [existingIn(before), existingIn(after)];
  if (later.every((name) => earlier.includes(name))) return after;
  const gone = earlier.filter((name) => !later.includes(name));
  const isShared = (name: string) => before.workspaces.some((workspace) => workspace.name === name);
  const [ownerBefore] = before.people;
  const [owner, ...others] = after.people;
  const isLosingHome = gone.some((name) => !isShared(name));
  return {
    ...after,
    people: [isLosingHome ? ownerBefore : owner, ...others].filter((person) => person !== undefined),
    workspaces: after.workspaces.map((workspace) =>
      gone.includes(workspace.name) ? { ...workspace, state: "active" } : workspace,
    ),
  };
}

function existingIn({ people, workspaces }: World): string[] {
  return [
    ...workspaces.flatMap(({ name, state }) => (state === "active" ? [name] : [])),
    ...people.flatMap(({ username, state, workspace }) =>
      state !== "active" || workspace === false ? [] : [workspace === true ? username : workspace.name],
    ),
  ];
}

type Edit = (world: World, random: Random, day: string) => World;

/** The rare ones stand once: what makes or removes a workspace takes longest. */
const edits: readonly Edit[] = [
  ...Array.from({ length: 4 }, () => [addMember, removeGrant, moveInGroup]).flat(),
  ...Array.from({ length: 2 }, () => [changeGrant, addStorageGrant, switchPerson]).flat(),
  changeStateOfPerson,
  changeStateOfGroup,
  changeStateOfWorkspace,
  changeAddress,
  changeClusterGrant,
  changePersonalWorkspace,
];

function newGrant<Level extends Grant["role"]>(
  { people, groups }: World,
  random: Random,
  day: string,
  levels: readonly [Level, ...Level[]],
): Grant {
  const subject = random.chance(0.4) ? { group: oneOf(groups, random).name } : { user: oneOf(people, random).username };
  return { ...subject, role: random.pick(levels), ...expiry(random, day) };
}

/** Passed, passing today (it no longer holds), tomorrow or later. */
function expiry(random: Random, day: string): { expires?: string } {
  return random.chance(0.4) ? { expires: daysAfter(day, random.pick([-1, 0, 1, 1, 2, 3])) } : {};
}

function withNotebooks(grant: Grant, random: Random): Grant {
  return random.chance(0.5) ? { ...grant, notebooksAccess: random.chance(0.3) } : grant;
}

function addMember(world: World, random: Random, day: string): World {
  return changeWorkspace(world, random, ({ members, ...rest }) => ({
    ...rest,
    members: distinct([...members, withNotebooks(newGrant(world, random, day, ["edit", "view"]), random)]),
  }));
}

function addStorageGrant(world: World, random: Random, day: string): World {
  return changeWorkspace(world, random, ({ storage, ...rest }) => ({
    ...rest,
    storage: distinct([...storage, newGrant(world, random, day, ["edit", "view"])]),
  }));
}

function removeGrant(world: World, random: Random): World {
  return changeWorkspace(world, random, ({ members, storage, ...rest }) => ({
    ...rest,
    ...(random.chance(0.7)
      ? { members: without(members, random), storage }
      : { members, storage: without(storage, random) }),
  }));
}

function changeGrant(world: World, random: Random, day: string): World {
  return changeWorkspace(world, random, ({ members, ...rest }) => {
    const changed = random.below(members.length);
    return {
      ...rest,
      members: distinct(
        members.map((grant, index) => {
          if (index !== changed) return grant;
          const { user, group, role } = grant;
          const subject = user === undefined ? { group: group ?? "" } : { user };
          const other = role === "edit" ? "view" : "edit";
          return withNotebooks({ ...subject, role: random.pick([role, other]), ...expiry(random, day) }, random);
        }),
      ),
    };
  });
}

function moveInGroup(world: World, random: Random): World {
  const { name } = oneOf(world.groups, random);
  const { username } = oneOf(world.people, random);
  const groups = world.groups.map((group) => {
    if (group.name !== name) return group;
    const { members } = group;
    const isIn = members.includes(username);
    return { ...group, members: isIn ? members.filter((one) => one !== username) : [...members, username] };
  });
  return { ...world, groups };
}

function switchPerson(world: World, random: Random): World {
  return changePerson(world, random, (person) => ({ ...person, enabled: !person.enabled }));
}

function changeStateOfPerson(world: World, random: Random): World {
  return changePerson(world, random, (person) => ({ ...person, state: otherState(person.state, random) }));
}

function changeStateOfWorkspace(world: World, random: Random): World {
  return changeWorkspace(world, random, (workspace) => ({
    ...workspace,
    state: otherState(workspace.state, random),
  }));
}

function changeStateOfGroup(world: World, random: Random): World {
  const { name } = oneOf(world.groups, random);
  const groups = world.groups.map((group): Group =>
    group.name === name ? { ...group, state: group.state === "active" ? "absent" : "active" } : group,
  );
  return { ...world, groups };
}

function otherState(state: State, random: Random): State {
  return state === "active" ? random.pick<State>(["archived", "absent"]) : "active";
}

/** Not of whoever has a personal workspace at times. */
function changeAddress(world: World, random: Random): World {
  const [owner, ...others] = world.people;
  if (!owner) return world;
  const { username } = oneOf(others, random);
  const people = world.people.map((person) =>
    person.username === username
      ? { ...person, email: `${username}${random.pick(["", ".new", ".married"])}@example.com` }
      : person,
  );
  return { ...world, people };
}

function changePersonalWorkspace(world: World): World {
  const [owner, ...others] = world.people;
  if (!owner) return world;
  const workspace = owner.workspace === false ? personalWorkspaceOf(world.name) : false;
  return { ...world, people: [{ ...owner, workspace }, ...others] };
}

function changeClusterGrant(world: World, random: Random, day: string): World {
  const cluster = world.cluster.length > 0 ? [] : [newGrant(world, random, day, ["admin", "edit"])];
  return { ...world, cluster };
}

function changePerson(world: World, random: Random, change: (person: Person) => Person): World {
  const { username } = oneOf(world.people, random);
  return { ...world, people: world.people.map((person) => (person.username === username ? change(person) : person)) };
}

function changeWorkspace(world: World, random: Random, change: (workspace: Workspace) => Workspace): World {
  const { name } = oneOf(world.workspaces, random);
  const workspaces = world.workspaces.map((workspace) => (workspace.name === name ? change(workspace) : workspace));
  return { ...world, workspaces };
}

function without<T>(items: readonly T[], random: Random): T[] {
  return items.toSpliced(random.below(items.length), 1);
}

function oneOf<T>(items: readonly T[], random: Random): T {
  return random.pick(items as readonly [T, ...T[]]);
}

/** The same subject with the same role twice in a list is refused as a slip. */
function distinct(grants: readonly Grant[]): Grant[] {
  const byMeaning = Map.groupBy(grants, ({ user, group, role }) => `${user ?? ""}/${group ?? ""}/${role}`);
  return [...byMeaning.values()].flatMap((alike) => alike.slice(-1));
}

/** The files of a world, by path. What is absent is not mentioned either: that would be an error. */
export function filesOf({ people, groups, workspaces, ...world }: World): Map<string, string> {
  const names = namesIn({ people, groups, workspaces, ...world });
  return new Map([
    ...people.flatMap(({ username, state, email, enabled, workspace }) =>
      state === "absent"
        ? []
        : [file("users", username, { username, email, emailVerified: true, ...fullName, enabled, workspace, state })],
    ),
    ...groups.flatMap(({ name, state, members }) =>
      state === "absent" ? [] : [file("groups", name, { name, members: members.filter((one) => names.has(one)) })],
    ),
    ...workspaces.flatMap(({ name, state, members, storage }) =>
      state === "absent"
        ? []
        : [file("workspaces", name, { name, state, members: known(members, names), storage: known(storage, names) })],
    ),
  ]);
}

const fullName = { firstName: "Oracle", lastName: "Test" };

function file(folder: string, name: string, content: unknown): [string, string] {
  return [`${folder}/${name}.yaml`, stringify(content, { lineWidth: 0 })];
}

/** The lines of `clusterAccess` in platform.yaml that worlds bring. */
export function clusterAccessOf(worlds: readonly World[]): string {
  const clusterAccess = worlds.flatMap((world) => known(world.cluster, namesIn(world)));
  return stringify({ clusterAccess }, { lineWidth: 0 });
}

/** Users and groups that have a file. */
function namesIn({ people, groups }: World): ReadonlySet<string> {
  return new Set([
    ...people.flatMap(({ username, state }) => (state === "absent" ? [] : [username])),
    ...groups.flatMap(({ name, state }) => (state === "absent" ? [] : [name])),
  ]);
}

function known(grants: readonly Grant[], names: ReadonlySet<string>): Grant[] {
  return grants.filter(({ user, group }) => names.has(user ?? group ?? ""));
}

/** Names of workspaces that a world has or may come to have. */
export function placesOf({ name, workspaces }: World): string[] {
  const personal = personalWorkspaceOf(name);
  return [
    ...workspaces.map((workspace) => workspace.name),
    typeof personal === "object" ? personal.name : `${name}-${firstNames[0]}`,
  ];
}
