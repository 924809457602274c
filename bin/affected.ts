import { parseArgs } from "node:util";
import { affectedStacks } from "../access/affected.ts";
import { compare } from "../access/diagnostic.ts";
import { stackNames } from "./codeowners.ts";
import { mergeBase, paths } from "./revisions.ts";

/**
 * Prints the stacks that the commits since a base concern, as a JSON list.
 *
 * @returns the exit code: 0 printed
 * @throws {RangeError} when called wrongly, or the base is no revision
 */
export function affected(args: string[]): number {
  // There is no other form than JSON, so --json says nothing new.
  const { values } = parseArgs({ args, options: { base: { type: "string" }, json: { type: "boolean" } } });
  const { base } = values;
  if (base === undefined || base === "") throw new RangeError("affected needs --base with a commit or a branch");
  const changed = paths(["diff", "--name-only", "--no-renames", "-z", mergeBase(base, "HEAD"), "HEAD", "--"]);
  // A stack that goes takes all its access with it, and nobody would preview it.
  const gone = changed.flatMap((path) => /^stacks\/([^/]+)\/platform\.yaml$/.exec(path)?.[1] ?? []);
  const stacks = [...new Set([...stackNames(), ...gone])].toSorted(compare);
  process.stdout.write(`${JSON.stringify(affectedStacks(changed, stacks))}\n`);
  return 0;
}
