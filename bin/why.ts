import { parseArgs } from "node:util";
import { formatLocation } from "../access/diagnostic.ts";
import type { AccessPath } from "../access/entries.ts";
import { alignedTable } from "../access/matrix.ts";
import { explain, type Explanation, viaOf } from "../access/why.ts";
import { exactly, print, printJson, readState, stateOptions } from "./options.ts";

/** Every path that gives a user access to a workspace, an application or the cluster; exit 1 when there is none. */
export function why(args: string[]): number {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: stateOptions });
  const [user, place] = exactly(positionals, "user", "workspace");
  const { desired, plan } = readState(values);
  const explanations = explain(user, place, desired, plan);
  if (values.json) printJson(explanations);
  else print(explanations.map(render).join("\n\n"));
  return explanations.some(({ paths }) => paths.length > 0) ? 0 : 1;
}

function render({ user, place, access, until, paths, obstacles }: Explanation): string {
  const ending = until === undefined ? "" : `; less from ${until}`;
  const head =
    access === undefined
      ? `${user} has ${paths.length > 0 ? "nothing of its own" : "no access"} in ${place.kind} ${place.name}`
      : `${user} has ${access} in ${place.kind} ${place.name}${ending}`;
  const lines = obstacles.map(({ reason, at }) => `${formatLocation(at)} ${reason}`);
  return [
    head,
    ...alignedTable(paths.map(pathLine)).map((line) => `  ${line}`),
    ...lines.map((line) => `  ! ${line}`),
  ].join("\n");
}

/** The cells of one path. */
export function pathLine({ access, via, group, expires, at, memberAt }: AccessPath): string[] {
  const through = memberAt ? `(in the group by ${formatLocation(memberAt)})` : "";
  return [access, viaOf({ via, group }), expires === undefined ? "" : `until ${expires}`, formatLocation(at), through];
}
