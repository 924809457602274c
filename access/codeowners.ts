import { compare, type Diagnostic, InputError, type Location } from "./diagnostic.ts";
import type { DesiredState } from "./load.ts";

/** Where the list of approvers lies; it is generated, and whoever owns code owns it. */
export const codeownersFile = ".github/CODEOWNERS";

const heading = [
  "# Generated from the approvers in stacks/: node bin/access.ts codeowners",
  "# The last line that matches a file decides, and one of the people on it is enough.",
];

/**
 * Who must approve a change of which file, as GitHub and GitLab read it.
 *
 * A stack's files are its platform's approvers' own, but for the file of a workspace or a group that names approvers:
 * there these will do as well. Code, policy and workflows run on every stack, so they are for those alone whom every
 * stack trusts that trusts anybody.
 *
 * @param stacks the desired state of every stack, by its name
 * @throws {InputError} where approvers would protect less than they seem to
 */
export function codeowners(stacks: ReadonlyMap<string, DesiredState>): string {
  const problems = [...stacks.values()].flatMap(unguardedStack);
  const guarded = [...stacks].filter(([, { platform }]) => platform.value.approvers.length > 0);
  const common = approversOfAll(guarded.map(([, { platform }]) => platform.value.approvers));
  const [, last] = guarded.at(-1) ?? [];
  if (last && common.length === 0)
    problems.push(
      nobodyInCommon(
        guarded.map(([stack]) => stack),
        last,
      ),
    );
  if (problems.length > 0) throw new InputError(problems);
  const lines = guarded.toSorted(([a], [b]) => compare(a, b)).flatMap(([stack, desired]) => linesOf(stack, desired));
  return `${[...heading, ...(common.length > 0 ? [line("*", common)] : []), ...lines].join("\n")}\n`;
}

function approversOfAll(lists: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...others] = lists;
  return first.filter((name) => others.every((list) => list.includes(name)));
}

function linesOf(stack: string, { platform, groups, workspaces }: DesiredState): string[] {
  const all = platform.value.approvers;
  const inCluster = new Set(platform.value.clusterAccess.map(({ group }) => group));
  const own = [
    ...[...groups.values()].map(({ value: { name, approvers, roles } }) => ({
      path: `groups/${name}.yaml`,
      // Whoever decides on the members, or writes the roles, would give away more than workspaces that chose the group.
      approvers: roles.length > 0 || inCluster.has(name) ? [] : approvers,
    })),
    ...[...workspaces.values()].map(({ value: { name, approvers } }) => ({
      path: `workspaces/${name}.yaml`,
      approvers,
    })),
  ];
  return [
    line(`/stacks/Pulumi.${stack}.yaml`, all),
    line(`/stacks/${stack}/`, all),
    ...own
      .filter(({ approvers }) => approvers.length > 0)
      .toSorted((a, b) => compare(a.path, b.path))
      .map(({ path, approvers }) => line(`/stacks/${stack}/${path}`, [...approvers, ...all])),
  ];
}

function line(pattern: string, approvers: readonly string[]): string {
  return `${pattern} ${[...new Set(approvers)].toSorted(compare).join(" ")}`;
}

/** Approvers of one file are worth nothing while everything around it is anybody's to change. */
function unguardedStack({ platform, groups, workspaces }: DesiredState): Diagnostic[] {
  if (platform.value.approvers.length > 0) return [];
  return [...groups.values(), ...workspaces.values()]
    .filter(({ value }) => value.approvers.length > 0)
    .map(({ at }) =>
      problem(
        at("approvers"),
        "missing-key",
        `approvers are named here but not in ${platform.file}, so anybody could change users and code. Name the platform's approvers there, or remove these.`,
      ),
    );
}

function nobodyInCommon(stacks: readonly string[], { platform }: DesiredState): Diagnostic {
  return problem(
    platform.at("approvers"),
    "not-allowed",
    `no approver is named by all of the stacks ${stacks.join(", ")}, so nobody could approve code, which runs on all of them. Name at least one in each.`,
  );
}

function problem(at: Location, code: "missing-key" | "not-allowed", message: string): Diagnostic {
  return { ...at, code, message };
}
