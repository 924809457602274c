import { stringify } from "yaml";
import { platformOf } from "../live/support/stack.ts";
import { Random } from "../support/random.ts";

/** How large a platform is. */
export interface Size {
  readonly workspaces: number;
  readonly users: number;
}

/** A desired state of some size, the same for the same arguments. */
export interface Generated {
  readonly files: Readonly<Record<string, string>>;
  readonly workspaces: readonly string[];
  /** Somebody who has grants. */
  readonly member: string;
  /** Somebody without any. */
  readonly newcomer: string;
}

const grantsOfUser = 3;
const membersOfGroup = 10;
const withPersonalWorkspace = 10;

/**
 * Users have about three grants each: a third of them through groups, the rest directly. Every tenth has a personal
 * workspace.
 *
 * @param prefix what all names begin with, so that several can share a platform
 */
export function generate(stack: string, size: Size, prefix = ""): Generated {
  const random = new Random(size.workspaces * 10_000 + size.users);
  const named = (kind: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${prefix}${kind}-${index}`);
  const users = named("user", size.users);
  const [newcomer = "", ...members] = users.toReversed();
  const groups = named("group", Math.ceil(size.users / membersOfGroup));
  const workspaces = named("team", size.workspaces);

  const direct = Math.round((members.length * (grantsOfUser - 1)) / workspaces.length);
  const lines = (subjects: readonly { user?: string; group?: string }[]) =>
    subjects.map((subject) => ({
      ...subject,
      role: random.pick(["edit", "view"]),
      ...(random.chance(0.2) && { notebooksAccess: false }),
    }));
  const files = [
    ["platform.yaml", platformOf(stack)] as const,
    ...users.map((username, index) =>
      file("users", username, {
        username,
        email: `${username}@example.com`,
        emailVerified: true,
        firstName: "Benchmark",
        lastName: "User",
        ...(index % withPersonalWorkspace === 0 && { workspace: true }),
      }),
    ),
    ...groups.map((name) => file("groups", name, { name, members: random.some(members, membersOfGroup) })),
    ...workspaces.map((name) => {
      const people = random.some(members, direct).map((user) => ({ user }));
      return file("workspaces", name, {
        name,
        members: lines([...people, { group: groups[random.below(groups.length)] ?? "" }]),
        storage: random.some(members, 1).map((user) => ({ user, role: "view" })),
      });
    }),
  ];
  return { files: Object.fromEntries(files), workspaces, member: members.at(-1) ?? "", newcomer };
}

function file(folder: string, name: string, content: unknown): readonly [string, string] {
  return [`${folder}/${name}.yaml`, stringify(content)];
}
