import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { codeowners as render, codeownersFile } from "../access/codeowners.ts";
import { compare } from "../access/diagnostic.ts";
import { loadDesiredState } from "../access/load.ts";
import { checkOptions, printJson, say } from "./options.ts";

/**
 * Writes who approves changes of which file, or with `--check` tells whether that is current.
 *
 * @returns the exit code: 0 written or current, 1 stale
 * @throws {InputError} when a desired state is unsound, or its approvers would protect less than they seem to
 */
export function codeowners(args: string[]): number {
  const { values } = parseArgs({ args, options: checkOptions });
  const text = render(new Map(stackNames().map((stack) => [stack, loadDesiredState(join("stacks", stack))])));
  const found = existsSync(codeownersFile) ? readFileSync(codeownersFile, "utf8") : "";
  const isStale = found !== text;
  const differences = [
    ...missingIn(found, text).map((line) => `missing: ${line}`),
    ...missingIn(text, found).map((line) => `not from stacks/: ${line}`),
  ];
  if (values.json) printJson({ stale: isStale ? [codeownersFile] : [], differences, written: !values.check });
  if (!values.check) {
    mkdirSync(dirname(codeownersFile), { recursive: true });
    writeFileSync(codeownersFile, text);
    return 0;
  }
  if (isStale && !values.json) {
    for (const difference of differences) say(`${codeownersFile}: ${difference}`);
    say(`${codeownersFile} is out of date; run: access codeowners`);
  }
  return isStale ? 1 : 0;
}

/** Every stack that has a desired state, in order. */
export function stackNames(): string[] {
  return readdirSync("stacks")
    .filter((name) => existsSync(join("stacks", name, "platform.yaml")))
    .toSorted(compare);
}

function missingIn(text: string, other: string): string[] {
  const lines = new Set(text.split("\n"));
  return other.split("\n").filter((line) => !lines.has(line));
}
