import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { clusterRoles, permissionChart } from "../access/permissions.ts";
import { readText } from "./can.ts";
import { print, printJson } from "./options.ts";

/** What Kubeflow's ClusterRoles allow, from a file or standard input. */
export function permissions(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
  });
  const [file, ...more] = positionals;
  if (more.length > 0) throw new RangeError(`unexpected "${more.join(" ")}"`);
  const manifests = file === undefined ? readFileSync(0, "utf8") : readText(file);
  if (values.json) printJson(clusterRoles(manifests, file));
  else print(permissionChart(manifests, file));
  return 0;
}
