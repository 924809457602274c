import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { can as answer } from "../access/can.ts";
import { alignedTable } from "../access/matrix.ts";
import { clusterRoles } from "../access/permissions.ts";
import { exactly, print, printJson, readState, stateOptions } from "./options.ts";
import { pathLine } from "./why.ts";

/**
 * Whether a user may do something; exit 0 yes, 1 no.
 *
 * @throws {RangeError} when called wrongly, or something in the question is not known
 */
export function can(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...stateOptions, roles: { type: "string" } },
  });
  const [user, verb, resource] = exactly(positionals, "user", "verb", "resource");
  const roles = values.roles === undefined ? undefined : clusterRoles(readText(values.roles), values.roles);
  const { desired, plan } = readState(values);
  const { allowed, reason, paths, unknown } = answer({ user, verb, resource }, desired, plan, roles);
  if (unknown !== undefined) throw new RangeError(unknown);
  if (values.json) printJson({ user, verb, resource, date: plan.date, allowed, reason, paths });
  else
    print(
      [`${allowed ? "yes" : "no"}: ${reason}`, ...alignedTable(paths.map(pathLine)).map((line) => `  ${line}`)].join(
        "\n",
      ),
    );
  return allowed ? 0 : 1;
}

/** @throws {RangeError} when there is no such file */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new RangeError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
