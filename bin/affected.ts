import { parseArgs } from "node:util";
import { affectedStacks } from "../access/affected.ts";
import { stackNames } from "./codeowners.ts";
import { git } from "./revisions.ts";

/**
 * Prints the stacks that the commits since a base concern, as a JSON list.
 *
 * @returns the exit code: 0 printed, 1 Git does not know the base
 * @throws {RangeError} when called wrongly
 */
export function affected(args: string[]): number {
  const { values } = parseArgs({ args, options: { base: { type: "string" } } });
  const { base } = values;
  if (base === undefined || base === "") throw new RangeError("affected needs --base with a commit or a branch");
  // Git would take it for an option.
  if (base.startsWith("-")) throw new RangeError(`"${base}" is no commit or branch`);
  try {
    const changed = git(["diff", "--name-only", "--no-renames", "-z", `${base}...HEAD`, "--"]);
    const paths = changed.split("\0").filter((path) => path !== "");
    process.stdout.write(`${JSON.stringify(affectedStacks(paths, stackNames()))}\n`);
    return 0;
  } catch (error) {
    const said =
      error instanceof Error && "stderr" in error ? String(error.stderr).trim().split("\n").at(0) : undefined;
    if (said === undefined) throw error;
    process.stderr.write(
      `what changed since "${base}" cannot be told: ${said}. Fetch that commit, or name another with --base.\n`,
    );
    return 1;
  }
}
