import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatLocation } from "../access/diagnostic.ts";
import { type Farewell, farewell, type Offboarding, offboarding } from "../access/edit/offboard.ts";
import { EditRefused } from "../access/edit/refusal.ts";
import type { AccessEntry } from "../access/entries.ts";
import { parseDesiredState, readSources } from "../access/load.ts";
import { resolve } from "../access/resolve.ts";
import { dayOf, exactly, folderOf, print, printJson, stateOptions } from "./options.ts";
import { writeFiles } from "./writeFiles.ts";

/**
 * Takes everything from a user in one edit of the files, and says what that means.
 *
 * @returns the exit code: 0 done or nothing to do, 1 refused
 * @throws {RangeError} when called wrongly
 * @throws {InputError} when the desired state is unsound, or would be; nothing is written then
 */
export function offboard(args: string[]): number {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...stateOptions,
      delete: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
    },
  });
  const [username] = exactly(positionals, "user");
  const date = dayOf(values);
  const isDryRun = values["dry-run"];

  const folder = folderOf(values.stack);
  const texts = readSources(folder);
  const before = parseDesiredState(folder, texts);
  try {
    const edit = offboarding(before, texts, username, { fileGoes: values.delete });
    const after = parseDesiredState(folder, changed(texts, edit.changes));
    const meaning = farewell(before, resolve(before, date), resolve(after, date), username);
    if (values.json) {
      const files = [...edit.changes.keys()].map((path) => join(folder, path));
      const removed = edit.removals.map(({ at, what }) => ({ at: formatLocation(at), what }));
      printJson({ stack: values.stack, date, user: username, dryRun: isDryRun, files, removed, ...meaning });
    } else {
      print(report(username, folder, edit, meaning, isDryRun).join("\n"));
    }
    if (!isDryRun) writeFiles(folder, edit.changes);
    return 0;
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    process.stderr.write(`${error.message}\nnothing was changed\n`);
    return 1;
  }
}

function changed(texts: ReadonlyMap<string, string>, changes: Offboarding["changes"]): Map<string, string> {
  const all = new Map(texts);
  for (const [path, text] of changes) {
    if (text === undefined) all.delete(path);
    else all.set(path, text);
  }
  return all;
}

function report(
  username: string,
  folder: string,
  { changes, removals }: Offboarding,
  { lost, archivedBuckets, openEnds, affected }: Farewell,
  isDryRun: boolean,
): string[] {
  if (changes.size === 0) return [`${username} is archived and stands in no list: nothing to do`];
  const block = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [title, ...lines.map((line) => `  ${line}`), ""] : [];
  const files = [...changes.keys()].map((path) => join(folder, path));
  return [
    ...(lost.length > 0 ? block(`${username} loses`, lost.flatMap(lossOf)) : [`${username} has no access now`, ""]),
    ...block(
      "taken out of the files",
      removals.map(({ at, what }) => `${formatLocation(at)} ${what}`),
    ),
    ...block(`buckets that stay, archived; only ${username} with the same address gets them back`, archivedBuckets),
    ...block("what changes for others", affected),
    ...block("to look after by hand", openEnds),
    ...(isDryRun
      ? ["dry run: nothing was changed"]
      : [
          `next: git commit -m "${username} leaves" ${files.join(" ")}`,
          "      and open a pull request; the update after the merge takes the access away",
        ]),
  ];
}

/** What goes in one place, with every path that leads there. */
function lossOf({ place, access, paths }: AccessEntry): string[] {
  const where = ["workspace", "cluster"].includes(place.kind) ? place.name : `${place.kind} ${place.name}`;
  const ways = paths.map(({ access, via, group, at }) => {
    const through = group === undefined ? via : `${via} through group ${group}`;
    return `${access}, ${through} (${formatLocation(at)})`;
  });
  return ways.length === 1 ? [`${where}: ${ways.join("")}`] : [`${where}: ${access}`, ...ways.map((way) => `  ${way}`)];
}
