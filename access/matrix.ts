import { compare } from "./diagnostic.ts";
import type { EffectiveAccess, Plan, PlannedSource } from "./resolve.ts";

/**
 * Who may do what, as a table: a line for every user, a column for every workspace.
 * Users without any access are listed too: that they have none is an answer. So is, with a plus sign, what each group
 * gives to people who have no file, because a directory or an identity provider says who is in it.
 */
export function renderMatrix(plan: Plan): string {
  const workspaces = [
    ...plan.workspaces.map(({ name }) => name),
    ...plan.users.flatMap(({ personalWorkspace }) => (personalWorkspace ? [personalWorkspace.name] : [])),
  ].toSorted(compare);
  const cells = new Map(plan.access.map((entry) => [`${entry.user}\n${entry.workspace}`, describe(entry)]));
  const everywhere = new Map(plan.clusterAccess.map(({ user, level }) => [user, `kubeflow-${level}`]));
  const isAsked = everywhere.size > 0 || plan.outside.some(({ cluster }) => cluster !== undefined);
  const rows = plan.users.map(({ username, enabled }) => [
    enabled ? username : `${username} (disabled)`,
    ...(isAsked ? [everywhere.get(username) ?? "-"] : []),
    ...workspaces.map((workspace) => cells.get(`${username}\n${workspace}`) ?? "-"),
  ]);
  const outside = plan.outside.map(({ group, access, cluster }) => {
    const given = new Map(access.map((entry) => [entry.workspace, describe(entry)]));
    return [
      `+ ${group}`,
      ...(isAsked ? [cluster === undefined ? "-" : `kubeflow-${cluster}`] : []),
      ...workspaces.map((workspace) => given.get(workspace) ?? "-"),
    ];
  });
  const head = ["user", ...(isAsked ? ["(every namespace)"] : []), ...workspaces];
  return [...table([head, ...rows, ...outside]), "", ...legend(plan)].join("\n");
}

/** One cell: the Kubernetes level, and what differs from what that level usually brings. */
export function describe({ kubernetes, network, storage }: EffectiveAccess): string {
  if (!kubernetes) return `s3:${storage ?? "none"}`;
  const marks = [
    ...(network === "pipelines" ? ["no notebooks"] : []),
    ...(storage !== undefined && storage !== kubernetes ? [`s3:${storage}`] : []),
  ];
  return marks.length > 0 ? `${kubernetes} (${marks.join(", ")})` : kubernetes;
}

function legend(plan: Plan): string[] {
  const used = new Set([...plan.access, ...plan.outside.flatMap(({ access }) => access)].map(describe));
  const explained: readonly [string, string][] = [
    ["edit", "create, change and delete workloads; read and write both buckets; notebooks"],
    ["view", "read only; read both buckets; notebooks"],
    ["s3:edit", "read and write both buckets, nothing else"],
    ["s3:view", "read both buckets, nothing else"],
    ["no notebooks", "may not open notebooks and other applications of the workspace"],
    ["-", "no access"],
  ];
  const shown = explained.filter(([word]) => word === "-" || [...used].some((cell) => cell.includes(word)));
  const { users, workspaces } = plan.archived;
  const archived = [...users.map((name) => `user ${name}`), ...workspaces.map((name) => `workspace ${name}`)];
  return [
    ...shown.map(([word, meaning]) => `${word.padEnd(12)} ${meaning}`),
    ...plan.outside.map(
      ({ group, sources }) => `${`+ ${group}`.padEnd(12)} whoever is in ${sources.map(place).join(", or ")}`,
    ),
    ...(archived.length > 0 ? [`archived, without any access: ${archived.join(", ")}`] : []),
    `as of ${plan.date} (UTC)`,
  ];
}

/** A group elsewhere, for people. */
function place({ from }: PlannedSource): string {
  return "directory" in from
    ? `group "${from.group}" of directory ${from.directory}`
    : `"${from.value}" in ${from.claim} of identity provider ${from.identityProvider}`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
