import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatLocation } from "../access/diagnostic.ts";
import {
  endOf,
  type GrantEdit,
  grantEdit,
  type GrantRequest,
  lastDay,
  otherDay,
  reasonLine,
} from "../access/edit/grant.ts";
import { EditRefused } from "../access/edit/refusal.ts";
import { hunkOf } from "../access/edit/text.ts";
import { accessEntries, subjectOf } from "../access/entries.ts";
import { type DesiredState, parseDesiredState, readSources } from "../access/load.ts";
import { resolve, today } from "../access/resolve.ts";
import { didYouMean, listed } from "../access/suggest.ts";
import { dayOf, exactly, folderOf, print, printJson, stateOptions } from "./options.ts";
import { writeFiles } from "./writeFiles.ts";

const roles = ["edit", "view", "s3:edit", "s3:view"] as const;

/**
 * Writes a grant into the file of its workspace, as small an edit as there is.
 *
 * @returns the exit code: 0 done or nothing to do, 1 refused
 * @throws {RangeError} when called wrongly
 * @throws {InputError} when the desired state is unsound, or would be; nothing is written then
 */
export function grant(args: string[]): number {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...stateOptions,
      for: { type: "string" },
      until: { type: "string" },
      group: { type: "boolean", default: false },
      "no-notebooks": { type: "boolean", default: false },
      reason: { type: "string" },
    },
  });
  const date = dayOf(values);
  const request = requestOf(positionals, {
    isGroup: values.group,
    notebooks: !values["no-notebooks"],
    expires: endOf({ lasting: values.for, until: values.until }, date),
    reason: values.reason === undefined ? undefined : reasonLine(values.reason),
  });

  const warnings = otherDay(request.expires, date, today());

  const folder = folderOf(values.stack);
  const texts = readSources(folder);
  const before = parseDesiredState(folder, texts);
  try {
    const found = grantEdit(before, texts, request, date);
    const edit = { ...found, notes: [...found.notes, ...warnings] };
    const after = parseDesiredState(folder, new Map([...texts, [edit.path, edit.text]]));
    if (edit.outcome !== "kept") writeFiles(folder, new Map([[edit.path, edit.text]]));
    const access = changesFor(request, before, after, date);
    if (values.json) {
      const { subject, workspace, list, level, expires } = request;
      const asked = { ...subject, workspace, list, level, ...(expires !== undefined && { expires }) };
      const { outcome, notes } = edit;
      printJson({ stack: values.stack, date, ...asked, outcome, at: placeOf(request, edit, after), notes, access });
    } else {
      print(report(request, edit, access, { before: texts.get(edit.path) ?? "", after, folder }).join("\n"));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    process.stderr.write(`${error.message}\nnothing was changed\n`);
    return 1;
  }
}

function requestOf(
  positionals: readonly string[],
  options: {
    readonly isGroup: boolean;
    readonly notebooks: boolean;
    readonly expires: string | undefined;
    readonly reason: string | undefined;
  },
): GrantRequest {
  const { isGroup, notebooks, expires, reason } = options;
  const [name, role, workspace] = exactly(positionals, isGroup ? "group" : "user", "role", "workspace");
  const known = roles.find((one) => one === role);
  if (known === undefined) {
    throw new RangeError(`role "${role}" is not known.${didYouMean(role, roles)} Allowed: ${listed(roles)}`);
  }
  const list = known.startsWith("s3:") ? "storage" : "members";
  if (list === "storage" && !notebooks)
    throw new RangeError(`--no-notebooks is for edit and view; ${known} opens none`);
  return {
    subject: isGroup ? { group: name } : { user: name },
    workspace,
    list,
    level: known.endsWith("edit") ? "edit" : "view",
    notebooks,
    ...(expires !== undefined && { expires }),
    ...(reason !== undefined && { reason }),
  };
}

interface Change {
  readonly who: string;
  readonly before: string;
  readonly after: string;
}

/** What those whom the grant is for have in the workspace, before and after. */
function changesFor(
  { subject, workspace }: GrantRequest,
  before: DesiredState,
  after: DesiredState,
  date: string,
): Change[] {
  const accessOf = (desired: DesiredState) =>
    new Map(
      accessEntries(desired, resolve(desired, date))
        .filter(({ place }) => place.kind === "workspace" && place.name === workspace)
        .map((entry) => [subjectOf(entry), entry.access]),
    );
  const [was, now] = [accessOf(before), accessOf(after)];
  const people =
    "user" in subject
      ? [subject.user]
      : [...(after.groups.get(subject.group)?.value.members ?? []), `+ ${subject.group}`].filter((who) => now.has(who));
  return people.map((who) => ({ who, before: was.get(who) ?? "no access", after: now.get(who) ?? "no access" }));
}

function placeOf({ workspace, list }: GrantRequest, { index }: GrantEdit, { workspaces }: DesiredState): string {
  const at = workspaces.get(workspace)?.at(list, index);
  return at ? formatLocation(at) : "";
}

function report(
  request: GrantRequest,
  edit: GrantEdit,
  access: readonly Change[],
  files: { readonly before: string; readonly after: DesiredState; readonly folder: string },
): string[] {
  const { subject, workspace, expires } = request;
  const who = "user" in subject ? subject.user : subject.group;
  const effect =
    access.length === 0
      ? [`nobody gets anything by it now: group ${who} has no members with access`]
      : access.map(({ who, before, after }) =>
          before === after
            ? `${who} in ${workspace}: ${after}${edit.outcome === "kept" ? "" : ", as before"}`
            : `${who} in ${workspace}: ${before} -> ${after}`,
        );
  if (edit.outcome === "kept") return [...edit.notes, ...effect, "nothing to do"];
  const { removed, added } = hunkOf(files.before, edit.text);
  const role = request.list === "storage" ? `s3:${request.level}` : request.level;
  const end = expires === undefined ? "" : ` until ${expires}`;
  return [
    `${placeOf(request, edit, files.after)} ${edit.outcome}`,
    ...removed.map((line) => `- ${line}`),
    ...added.map((line) => `+ ${line}`),
    ...edit.notes,
    "",
    ...effect,
    expires === undefined
      ? "holds without an end"
      : `holds through ${lastDay(expires)} (UTC): expires is the first day without it`,
    "",
    `next: git commit -m "${who}: ${role} in ${workspace}${end}" ${join(files.folder, edit.path)}`,
    "      and open a pull request; the update after the merge gives the access",
  ];
}
