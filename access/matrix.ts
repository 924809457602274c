import { accessEntries, type AccessEntry, everybody, subjectOf } from "./entries.ts";
import { compare } from "./diagnostic.ts";
import { allWorkspaces } from "./ledger.ts";
import type { DesiredState } from "./load.ts";
import type { Plan, PlannedSource } from "./resolve.ts";

/**
 * Who may do what as a table: a line for every user, a column for every workspace. Users without any access are listed
 * too: that they have none is an answer. So is, with a plus sign, what each group gives to people who have no file,
 * because a directory or an identity provider says who is in it.
 */
export interface Matrix {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Who may log in to each application. */
  readonly applications: readonly (readonly [application: string, who: string])[];
  /** Who holds each realm role that is no workspace's. */
  readonly realmRoles: readonly (readonly [role: string, who: string])[];
  /** What the words mean, and for which day this holds. */
  readonly legend: readonly string[];
}

const none = "-";

export function matrixOf(desired: DesiredState, plan: Plan): Matrix {
  const entries = accessEntries(desired, plan);
  const workspaces = allWorkspaces(plan)
    .map(({ name }) => name)
    .toSorted(compare);
  const columns = [
    ...[column("(platform)", "platform", entries), column("(every namespace)", "cluster", entries)].filter(
      ({ cells }) => cells.size > 0,
    ),
    ...workspaces.map((name) => column(name, "workspace", entries, name)),
  ];
  const row = (subject: string, shown = subject) => [shown, ...columns.map(({ cells }) => cells.get(subject) ?? none)];
  return {
    head: ["user", ...columns.map(({ title }) => title)],
    rows: [
      ...plan.users.map(({ username, enabled }) => row(username, enabled ? username : `${username} (disabled)`)),
      ...plan.outside.map(({ group }) => row(`+ ${group}`)),
    ],
    applications: listsOf("application", plan.applications, entries).map(([name, who]) => [
      name,
      waysIn(plan, name, who),
    ]),
    realmRoles: listsOf(
      "realm role",
      [...new Set(entries.flatMap(({ place }) => (place.kind === "realm role" ? [place.name] : [])))].map((name) => ({
        name,
      })),
      entries,
    ),
    legend: legend(plan, entries),
  };
}

/** The matrix for a terminal. */
export function renderMatrix(desired: DesiredState, plan: Plan): string {
  const { head, rows, applications, realmRoles, legend } = matrixOf(desired, plan);
  const list = (title: string, lines: Matrix["applications"], what: string) =>
    lines.length > 0 ? [...alignedTable([[title, what], ...lines]), ""] : [];
  return [
    ...alignedTable([head, ...rows]),
    "",
    ...list("application", applications, "who may log in"),
    ...list("realm role", realmRoles, "who holds it"),
    ...legend,
  ].join("\n");
}

function column(
  title: string,
  kind: AccessEntry["place"]["kind"],
  entries: readonly AccessEntry[],
  name?: string,
): { title: string; cells: ReadonlyMap<string, string> } {
  const inside = entries.filter(({ place }) => place.kind === kind && (name === undefined || place.name === name));
  return { title, cells: new Map(inside.map((entry) => [subjectOf(entry), entry.access])) };
}

function listsOf(
  kind: AccessEntry["place"]["kind"],
  places: readonly { readonly name: string }[],
  entries: readonly AccessEntry[],
): [name: string, who: string][] {
  return places.map(({ name }) => {
    const inside = entries.filter(({ place }) => place.kind === kind && place.name === name);
    const isOpen = inside.some(({ who }) => who === everybody);
    return [name, isOpen ? everybody : inside.map(subjectOf).join(", ") || "nobody"];
  });
}

function waysIn({ applications }: Plan, name: string, who: string): string {
  const auth = applications.find((application) => application.name === name)?.auth;
  if (auth === "headers") return `${who}, at the gateway`;
  return auth === "dex" ? `${who}, at Dex` : who;
}

function legend(plan: Plan, entries: readonly AccessEntry[]): string[] {
  const used = entries.filter(({ place }) => place.kind !== "application").map(({ access }) => access);
  const explained: readonly [string, string][] = [
    ["admin", `in the group of platform administrators (${plan.platform.platformGroups.admin})`],
    ["edit", "create, change and delete workloads; read and write both buckets; notebooks"],
    ["view", "read only; read both buckets; notebooks"],
    ["s3:edit", "read and write both buckets, nothing else"],
    ["s3:view", "read both buckets, nothing else"],
    ["no notebooks", "may not open notebooks and other applications of the workspace"],
    [none, "no access"],
  ];
  const isUsed = (word: string) =>
    word === "admin" ? used.includes(word) : used.some((cell) => cell !== "admin" && cell.includes(word));
  const shown = explained.filter(([word]) => word === none || isUsed(word));
  const { users, workspaces } = plan.archived;
  const archived = [...users.map((name) => `user ${name}`), ...workspaces.map((name) => `workspace ${name}`)];
  return [
    ...shown.map(([word, meaning]) => `${word.padEnd(12)} ${meaning}`),
    ...plan.outside.map(
      ({ group, sources }) => `${`+ ${group}`.padEnd(12)} whoever is in ${sources.map(placeOf).join(", or ")}`,
    ),
    ...(archived.length > 0 ? [`archived, without any access: ${archived.join(", ")}`] : []),
    `as of ${plan.date} (UTC)`,
  ];
}

/** A group elsewhere, for people. */
export function placeOf({ from }: Pick<PlannedSource, "from">): string {
  return "directory" in from
    ? `group "${from.group}" of directory ${from.directory}`
    : `"${from.value}" in ${from.claim} of identity provider ${from.identityProvider}`;
}

/** Lines of a table whose columns stand under each other. */
export function alignedTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
