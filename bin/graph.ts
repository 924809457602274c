import { parseArgs } from "node:util";
import { accessEntries } from "../access/entries.ts";
import { accessGraph, type Focus } from "../access/graph.ts";
import { renderMermaid } from "../access/graph/mermaid.ts";
import { renderGraphSvg } from "../access/graph/svg.ts";
import { allWorkspaces } from "../access/ledger.ts";
import type { Plan } from "../access/resolve.ts";
import { didYouMean } from "../access/suggest.ts";
import { exactly, printJson, readState, stateOptions } from "./options.ts";

const renderings = { svg: renderGraphSvg, mermaid: renderMermaid } as const;
const kinds = ["workspace", "user", "group"] as const;

/** A picture of who reaches which workspace, through which groups. */
export function graph(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...stateOptions,
      workspace: { type: "string" },
      user: { type: "string" },
      group: { type: "string" },
      format: { type: "string", default: "svg" },
    },
  });
  exactly(positionals);
  const { stack, workspace, user, group, format, json } = values;
  const focus: Focus = { workspace, user, group };
  if (kinds.filter((kind) => focus[kind] !== undefined).length > 1) {
    throw new RangeError("--workspace, --user and --group exclude each other; name one");
  }
  if (format !== "svg" && format !== "mermaid") {
    throw new RangeError(`--format is ${JSON.stringify(format)}; allowed: ${Object.keys(renderings).join(", ")}`);
  }
  const { desired, plan } = readState(values);
  for (const kind of kinds) refuseUnknown(kind, focus[kind], plan, stack);
  const picture = accessGraph(stack, accessEntries(desired, plan), plan, focus);
  if (json) printJson(picture);
  else process.stdout.write(renderings[format](picture));
  return 0;
}

function refuseUnknown(kind: (typeof kinds)[number], name: string | undefined, plan: Plan, stack: string): void {
  if (name === undefined) return;
  const known = {
    workspace: () => allWorkspaces(plan).map((workspace) => workspace.name),
    user: () => plan.users.map(({ username }) => username),
    group: () => plan.groups.map((group) => group.name),
  }[kind]();
  if (known.includes(name)) return;
  throw new RangeError(`stack ${stack} has no ${kind} ${JSON.stringify(name)}.${didYouMean(name, known)}`);
}
