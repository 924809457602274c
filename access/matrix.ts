import { openingRoles, type PlannedApplication } from "./application.ts";
import { compare } from "./diagnostic.ts";
import type { EffectiveAccess, Plan, PlannedSource } from "./resolve.ts";

/**
 * Who may do what, and who may log in to which application, as tables: a line for every user, a column for every workspace.
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
  return [...table([head, ...rows, ...outside]), "", ...applicationLines(plan), ...legend(plan)].join("\n");
}

/** Who may log in to each application. */
function applicationLines(plan: Plan): string[] {
  if (plan.applications.length === 0) return [];
  const rows = plan.applications.map((application) => [application.name, mayLogIn(plan, application)]);
  return [...table([["application", "who may log in"], ...rows]), ""];
}

function mayLogIn(plan: Plan, application: PlannedApplication): string {
  if (application.auth === "headers") return "everybody with an account, at the gateway";
  if (application.auth === "dex") return "everybody with an account, at Dex";
  if (!application.allow) return "everybody with an account";
  const opening = openingRoles(application);
  const rolesOf = new Map([
    ...Object.entries(plan.platformGroupRoles),
    ...plan.groups.map(({ name, roles }) => [name, roles] as const),
  ]);
  const opens = (roles: readonly string[]) => roles.some((role) => opening.includes(role));
  const people = plan.users.filter(
    ({ enabled, roles, groups }) =>
      enabled && (opens(roles) || groups.some((group) => opens(rolesOf.get(group) ?? []))),
  );
  const elsewhere = plan.outside.filter(({ group }) => opens(rolesOf.get(group) ?? []));
  const named = [...people.map(({ username }) => username), ...elsewhere.map(({ group }) => `+ ${group}`)];
  return named.length > 0 ? named.join(", ") : "nobody";
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
