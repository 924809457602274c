import { compare } from "./diagnostic.ts";
import type { EffectiveAccess, Plan } from "./resolve.ts";

/**
 * Who may do what, as a table: a line for every user, a column for every workspace.
 * Users without any access are listed too: that they have none is an answer.
 */
export function renderMatrix(plan: Plan): string {
  const workspaces = [
    ...plan.workspaces.map(({ name }) => name),
    ...plan.users.flatMap(({ personalWorkspace }) => (personalWorkspace ? [personalWorkspace.name] : [])),
  ].toSorted(compare);
  const cells = new Map(plan.access.map((entry) => [`${entry.user}\n${entry.workspace}`, describe(entry)]));
  const everywhere = new Map(plan.clusterAccess.map(({ user, level }) => [user, `kubeflow-${level}`]));
  const rows = plan.users.map(({ username, enabled }) => [
    enabled ? username : `${username} (disabled)`,
    ...(everywhere.size > 0 ? [everywhere.get(username) ?? "-"] : []),
    ...workspaces.map((workspace) => cells.get(`${username}\n${workspace}`) ?? "-"),
  ]);
  const head = ["user", ...(everywhere.size > 0 ? ["(every namespace)"] : []), ...workspaces];
  return [...table([head, ...rows]), "", ...legend(plan)].join("\n");
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
  const used = new Set(plan.access.map(describe));
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
    ...(archived.length > 0 ? [`archived, without any access: ${archived.join(", ")}`] : []),
    `as of ${plan.date} (UTC)`,
  ];
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
