import { join } from "node:path";
import { isDay } from "../access/fields.ts";
import { type DesiredState, loadDesiredState } from "../access/load.ts";
import { type Plan, resolve, today } from "../access/resolve.ts";

/** Options that every command on the desired state has. */
export const stateOptions = {
  stack: { type: "string", default: "dev" },
  date: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** Options of the commands that write a file or, with `--check`, tell whether it is current. */
export const checkOptions = {
  check: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

/**
 * The folder of a stack's desired state.
 *
 * @throws {RangeError} when that is no name of a stack: a path would lead elsewhere
 */
export function folderOf(stack: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(stack)) return join("stacks", stack);
  throw new RangeError(`--stack is ${JSON.stringify(stack)}; write the name of a folder in stacks/, such as dev`);
}

/** The desired state of a stack and the plan for a day. @throws {InputError} when it is not sound */
export function readState({ stack, date = today() }: { readonly stack: string; readonly date?: string | undefined }): {
  readonly desired: DesiredState;
  readonly plan: Plan;
} {
  const desired = loadDesiredState(folderOf(stack));
  return { desired, plan: resolve(desired, date) };
}

/**
 * The day that a command is for.
 *
 * @throws {RangeError} when it is none
 */
export function dayOf({ date = today() }: { readonly date?: string | undefined }): string {
  if (isDay(date)) return date;
  throw new RangeError(`--date is ${JSON.stringify(date)}; write a day as YYYY-MM-DD, such as 2027-03-31`);
}

/**
 * Exactly these positional arguments, in order.
 *
 * @throws {RangeError} naming what is missing or too much
 */
export function exactly<const N extends readonly string[]>(
  given: readonly string[],
  ...names: N
): { -readonly [K in keyof N]: string } {
  const missing = names.slice(given.length);
  if (missing.length > 0) throw new RangeError(`${missing.map((name) => `<${name}>`).join(" ")} is missing`);
  const more = given.slice(names.length);
  if (more.length > 0) throw new RangeError(`unexpected ${more.map((one) => JSON.stringify(one)).join(" ")}`);
  return [...given] as { -readonly [K in keyof N]: string };
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line for people, where standard output is for the answer. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}
