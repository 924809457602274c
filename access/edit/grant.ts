import { formatLocation, type Location } from "../diagnostic.ts";
import type { Sourced } from "../document.ts";
import { daysAfter, isDay } from "../fields.ts";
import type { DesiredState } from "../load.ts";
import type { AccessLevel } from "../names.ts";
import { personalWorkspaceOf } from "../resolve.ts";
import type { Workspace } from "../schema.ts";
import { didYouMean, listed } from "../suggest.ts";
import { EditRefused } from "./refusal.ts";
import { addComment, appendEntry, type Fields, setKey } from "./yaml.ts";

/** What somebody is to have in a workspace. */
export interface GrantRequest {
  readonly subject: { readonly user: string } | { readonly group: string };
  readonly workspace: string;
  /** Membership, or its buckets only. */
  readonly list: "members" | "storage";
  readonly level: AccessLevel;
  /** Whether a member may open notebooks. */
  readonly notebooks: boolean;
  /** First day (UTC) on which it no longer holds; absent for a grant that stays. */
  readonly expires?: string;
  /** Why, for whoever reads the file: one line. */
  readonly reason?: string;
}

/** What becomes of a request. */
export interface GrantEdit {
  /** `kept`: nothing has to be written. */
  readonly outcome: "added" | "changed" | "kept";
  /** The file, as a path below the environment's folder. */
  readonly path: string;
  /** What it is to hold. */
  readonly text: string;
  /** Place of the entry in the request's list. */
  readonly index: number;
  /** What was done and what is worth knowing, one line each. */
  readonly notes: readonly string[];
}

type Entry = Workspace["members"][number] | Workspace["storage"][number];

/**
 * The smallest edit that gives what is asked for, and takes nothing from anybody. Other lines of the same subject
 * stay: an edit that ends beside a view that stays is how a temporary edit is written.
 *
 * @param texts the environment's files, by path below its folder
 * @param date today (UTC)
 * @throws {RangeError} when a name is not known
 * @throws {EditRefused} when it would give nothing, or cannot be written without giving more
 */
export function grantEdit(
  desired: DesiredState,
  texts: ReadonlyMap<string, string>,
  request: GrantRequest,
  date: string,
): GrantEdit {
  const workspace = workspaceIn(desired, request.workspace);
  subjectHasAccess(desired, request.subject);
  const path = `workspaces/${request.workspace}.yaml`;
  const text = texts.get(path) ?? "";
  const file = { path: workspace.file, text };
  const { list, expires, reason } = request;

  const enough = linesOf(desired, workspace, request).find((line) => gives(line, request));
  if (enough) {
    const through = enough.group === undefined ? "" : `, through group ${enough.group},`;
    const until = enough.entry.expires === undefined ? "without an end" : `until ${enough.entry.expires}`;
    return {
      outcome: "kept",
      path,
      text,
      index: enough.index,
      notes: [`${formatLocation(enough.at)}${through} gives this already, ${until}`],
    };
  }

  const index = workspace.value[list].findIndex(
    (entry) => isSame(entry, request.subject) && entry.role === request.level,
  );
  const own = workspace.value[list][index];
  if (own === undefined) {
    const added = appendEntry(file, list, fieldsOf(request), reason);
    return {
      outcome: "added",
      path,
      text: added,
      index: workspace.value[list].length,
      notes: superfluous(workspace, request),
    };
  }
  const at = formatLocation(workspace.at(list, index));
  const isOver = own.expires !== undefined && own.expires <= date;
  const hadNotebooks = "notebooksAccess" in own && own.notebooksAccess;
  let changed = file;
  const edit = (text: string) => {
    changed = { ...file, text };
  };
  if (list === "members" && hadNotebooks !== request.notebooks) {
    const isNoLess = expires === undefined || (own.expires !== undefined && own.expires <= expires);
    if (!isOver && !(request.notebooks && isNoLess)) throw notInOneLine(at, own, request);
    edit(setKey(changed, [list, index], "notebooksAccess", request.notebooks));
  }
  if (own.expires !== expires) edit(setKey(changed, [list, index], "expires", expires));
  if (reason !== undefined) edit(addComment(changed, [list, index], reason));
  const now = [
    ...(hadNotebooks || !request.notebooks || list === "storage" ? [] : ["with notebooks"]),
    ...(own.expires === expires ? [] : [expires === undefined ? "without an end" : `until ${expires}`]),
  ].join(", ");
  const end =
    own.expires === undefined ? "" : isOver ? ` ended on ${own.expires}` : ` would have ended on ${own.expires}`;
  return {
    outcome: "changed",
    path,
    text: changed.text,
    index,
    notes: [`${at}${end}${end === "" ? "" : ";"} now ${now}`, ...superfluous(workspace, request)],
  };
}

function workspaceIn({ workspaces, users }: DesiredState, name: string): Sourced<Workspace> {
  const workspace = workspaces.get(name);
  if (workspace?.value.state === "archived") {
    throw new EditRefused(
      `${formatLocation(workspace.at("state"))} workspace "${name}" is archived, so a grant would give nothing. Write state: active first.`,
    );
  }
  if (workspace) return workspace;
  for (const { value, at } of users.values()) {
    if (personalWorkspaceOf(value) !== name) continue;
    throw new EditRefused(
      `${formatLocation(at("workspace"))} "${name}" is the personal workspace of user "${value.username}": it has no file and no other members. Make a shared workspace, workspaces/<name>.yaml, for what several people work on.`,
    );
  }
  throw new RangeError(
    `workspace "${name}" is not known.${didYouMean(name, workspaces.keys())} There are: ${listed(workspaces.keys())}`,
  );
}

function subjectHasAccess({ users, groups, platform }: DesiredState, subject: GrantRequest["subject"]): void {
  if ("group" in subject) {
    const { group } = subject;
    if (groups.has(group)) return;
    const { user, admin } = platform.value.platformGroups;
    if (group === user || group === admin) {
      throw new RangeError(
        `group "${group}" is one of the platform's own, which get no grants. Name a group in groups/`,
      );
    }
    throw new RangeError(
      `group "${group}" is not known.${users.has(group) ? " It is a user: leave out --group." : didYouMean(group, groups.keys())} There are: ${listed(groups.keys())}`,
    );
  }
  const { user: name } = subject;
  const user = users.get(name);
  if (!user) {
    const byAddress = [...users.values()].find(({ value }) => value.email === name.toLowerCase());
    const meant = byAddress
      ? ` Did you mean "${byAddress.value.username}"?`
      : groups.has(name)
        ? " It is a group: add --group."
        : didYouMean(name, users.keys());
    throw new RangeError(`user "${name}" is not known.${meant} Users have a file in users/`);
  }
  if (user.value.state === "archived") {
    throw new EditRefused(
      `${formatLocation(user.at("state"))} user "${name}" is archived, so a grant would give nothing. Write state: active first.`,
    );
  }
  if (!user.value.enabled) {
    throw new EditRefused(
      `${formatLocation(user.at("enabled"))} user "${name}" is disabled and has nothing on any plane, so a grant would give nothing. Write enabled: true first.`,
    );
  }
}

interface Line {
  readonly list: "members" | "storage";
  readonly index: number;
  readonly entry: Entry;
  readonly at: Location;
  /** The group that the subject is in; absent for a line that names the subject. */
  readonly group: string | undefined;
}

/** The lines that give the subject something, those that name it first. */
function linesOf({ groups }: DesiredState, workspace: Sourced<Workspace>, { subject }: GrantRequest): Line[] {
  const isMember = (group: string) => "user" in subject && groups.get(group)?.value.members.includes(subject.user);
  const lines = (["members", "storage"] as const).flatMap((list) =>
    workspace.value[list].map((entry, index) => ({ list, index, entry, at: workspace.at(list, index) })),
  );
  return [
    ...lines.filter(({ entry }) => isSame(entry, subject)).map((line) => ({ ...line, group: undefined })),
    ...lines.flatMap((line) => {
      const { group } = line.entry;
      return group !== undefined && isMember(group) ? [{ ...line, group }] : [];
    }),
  ];
}

function isSame({ user, group }: Entry, subject: GrantRequest["subject"]): boolean {
  return "user" in subject ? user === subject.user : group === subject.group;
}

/** Whether a line alone gives as much, for as long. */
function gives({ list, entry }: Pick<Line, "list" | "entry">, asked: GrantRequest): boolean {
  const isLongEnough = entry.expires === undefined || (asked.expires !== undefined && asked.expires <= entry.expires);
  if (!isLongEnough || (entry.role === "view" && asked.level === "edit")) return false;
  if (asked.list === "storage") return true;
  return list === "members" && (!asked.notebooks || ("notebooksAccess" in entry && entry.notebooksAccess));
}

function fieldsOf({ subject, list, level, notebooks, expires }: GrantRequest): Fields {
  return {
    ...subject,
    role: level,
    ...(list === "members" && !notebooks && { notebooksAccess: false }),
    ...(expires !== undefined && { expires }),
  };
}

/** One line per subject and level, so one that differs in notebooks and ends at another time cannot stand beside it. */
function notInOneLine(at: string, own: Entry, { notebooks, level }: GrantRequest): EditRefused {
  const end = own.expires === undefined ? "without an end" : `until ${own.expires}`;
  return new EditRefused(
    notebooks
      ? `${at} gives ${level} without notebooks ${end}; opening notebooks in it would open them for as long. Ask for that end as well, or edit the line by hand.`
      : `${at} gives ${level} with notebooks ${end}; a later end would keep them open for as long. Ask without --no-notebooks, or edit the line by hand.`,
  );
}

/** Other lines of the subject that give nothing more beside the new one. */
function superfluous(workspace: Sourced<Workspace>, request: GrantRequest): string[] {
  const asLine = { list: request.list, entry: { ...fieldsOf(request), notebooksAccess: request.notebooks } as Entry };
  return (["members", "storage"] as const).flatMap((list) =>
    workspace.value[list].flatMap((entry, index) => {
      if (!isSame(entry, request.subject) || (list === request.list && entry.role === request.level)) return [];
      const notebooks = "notebooksAccess" in entry && entry.notebooksAccess;
      const asked: GrantRequest = {
        subject: request.subject,
        workspace: request.workspace,
        list,
        level: entry.role,
        notebooks,
      };
      const covered = gives(asLine, entry.expires === undefined ? asked : { ...asked, expires: entry.expires });
      return covered
        ? [
            `${formatLocation(workspace.at(list, index))} (${list === "storage" ? "s3:" : ""}${entry.role}) gives nothing more beside it; remove it if you like`,
          ]
        : [];
    }),
  );
}

const longestDays = 366;

/**
 * The first day on which a grant no longer holds, from `14d` or `2w` (that many days, today the first of them) or from
 * the day itself.
 *
 * @throws {RangeError} with what is allowed
 */
export function endOf(
  { lasting, until }: { readonly lasting?: string | undefined; readonly until?: string | undefined },
  date: string,
): string | undefined {
  if (lasting !== undefined && until !== undefined)
    throw new RangeError("--for and --until exclude each other; give one");
  if (lasting !== undefined) {
    const [, count, unit] = /^(\d{1,4})([dw])$/.exec(lasting) ?? [];
    const days = Number(count) * (unit === "w" ? 7 : 1);
    if (!(days >= 1 && days <= longestDays)) {
      throw new RangeError(
        `--for is ${JSON.stringify(lasting)}; write whole days or weeks from 1d to ${longestDays}d, such as 14d or 2w`,
      );
    }
    return daysAfter(date, days);
  }
  if (until === undefined) return undefined;
  if (!isDay(until))
    throw new RangeError(`--until is ${JSON.stringify(until)}; write a day as YYYY-MM-DD, such as 2027-03-31`);
  if (until <= date)
    throw new RangeError(`--until is ${until}, the first day without the grant; write a day after ${date}`);
  return until;
}

/**
 * What is worth knowing of a grant that is written as if it were another day.
 *
 * @param date the day it is written for
 * @param today the day it is
 * @throws {RangeError} when it would have ended already
 */
export function otherDay(expires: string | undefined, date: string, today: string): string[] {
  if (date === today) return [];
  if (expires !== undefined && expires <= today) {
    throw new RangeError(
      `the grant would be over: ${expires}, the first day without it, has come, and --date is ${date}. Leave out --date, or give a later end`,
    );
  }
  return [
    `--date is ${date} and not today: what is told holds for that day, but the grant begins with the next update`,
  ];
}

/** The last day on which a grant holds that ends on a day. */
export function lastDay(expires: string): string {
  return daysAfter(expires, -1);
}

const longestReason = 200;

/** A reason as a comment holds it: one line, nothing in it that does not show. */
export function reasonLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, " ").trim();
  if (line === "") throw new RangeError("--reason is empty; say in one line why");
  if (line.length > longestReason) {
    throw new RangeError(`--reason has ${line.length} characters; at most ${longestReason} are allowed`);
  }
  return line;
}
