import { parseArgs } from "node:util";
import { formatLocation } from "../access/diagnostic.ts";
import { type AccessEntry, letsEdit, subjectOf } from "../access/entries.ts";
import { alignedTable } from "../access/matrix.ts";
import { viaOf, whoCan } from "../access/why.ts";
import { exactly, print, printJson, readState, stateOptions } from "./options.ts";

/** Who has access to a workspace, an application, a realm role, the platform or the cluster. */
export function who(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...stateOptions, can: { type: "string" } },
  });
  const [place] = exactly(positionals, "workspace");
  const { can } = values;
  if (can !== undefined && can !== "edit" && can !== "view") {
    throw new RangeError(`--can is ${JSON.stringify(can)}; allowed: edit, view`);
  }
  const { desired, plan } = readState(values);
  const found = whoCan(place, desired, plan).map(({ place, entries }) => ({
    place,
    entries: entries.filter((entry) => can !== "edit" || !isReader(entry)),
  }));
  if (values.json) printJson(found);
  else {
    for (const { place, entries } of found) {
      if (found.length > 1) print(`${place.kind} ${place.name}`);
      print(entries.length === 0 ? "nobody" : alignedTable([head, ...entries.map(line)]).join("\n"));
    }
  }
  return 0;
}

const head = ["who", "access", "via", "less from", "where"];

function line(entry: AccessEntry): string[] {
  const [first, ...more] = entry.paths;
  const others = more.length > 0 ? ` (+${more.length})` : "";
  return [subjectOf(entry), entry.access, viaOf(first) + others, entry.until ?? "-", formatLocation(first.at)];
}

/** Whether somebody may view and change nothing, in the namespace and in the buckets. */
function isReader({ access, place }: AccessEntry): boolean {
  return place.kind === "workspace" && !letsEdit(access);
}
