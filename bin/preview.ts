import { spawn } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { changedChecks } from "../access/changedChecks.ts";
import { renderComment } from "../access/comment.ts";
import { type PreviewSummary, summarize } from "../access/preview.ts";
import { resolve, today } from "../access/resolve.ts";
import { review } from "../access/review.ts";
import { renderReport } from "../access/report.ts";
import { statesOf } from "./diff.ts";
import { exactly, stateOptions } from "./options.ts";
import { changedSince, currentRevision } from "./revisions.ts";

const kept = ".preview";

/**
 * What a branch changes for one stack, as the comment for its pull request: effective access from the files, and where a
 * platform can be reached also what the engine and the policy pack say. Keeps the comment, all changes at any length, the
 * access review and the engine's log in `.preview/<stack>/`.
 *
 * @returns the exit code: 0 it may be merged, 1 a guard, a policy or the preview refuses it, or there is no engine
 */
export async function preview(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      stack: stateOptions.stack,
      date: stateOptions.date,
      base: { type: "string", default: "main" },
      files: { type: "boolean", default: false },
    },
  });
  exactly(positionals);
  const { stack, base, date = today() } = values;
  // Without one it would be compared with itself.
  if (base === "") throw new RangeError("--base is empty; name the branch that this one is to be merged into");
  const { before, after } = statesOf(`${base}...`, stack);
  const fromFiles = review(before, after, date);
  const found = { ...fromFiles, risks: [...changedChecks(changedSince(base)), ...fromFiles.risks] };
  const folder = emptied(stack);
  const [engine, drift] = values.files ? [] : await Promise.all([runEngine(stack, folder), countDrift(stack)]);
  const parts = { stack, review: found, preview: engine, drift };
  const comment = renderComment(parts);
  writeFileSync(join(folder, "comment.md"), comment);
  writeFileSync(join(folder, "changes.md"), renderComment(parts, Infinity));
  if (after) {
    const revision = currentRevision();
    const report = renderReport(stack, after, resolve(after, date), revision === undefined ? {} : { revision });
    writeFileSync(join(folder, "access.html"), report);
  }
  process.stdout.write(comment === "" ? `${stack}: nothing changes\n` : comment);
  const isRefused = engine?.violations.some(({ level }) => level === "mandatory") ?? false;
  return found.guards.length > 0 || isRefused || engine?.isComplete === false ? 1 : 0;
}

/** The folder of what is kept, with nothing in it. A link that a branch brought would lead to what is not ours. */
function emptied(stack: string): string {
  if (lstatSync(kept, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    throw new RangeError(`${kept} is a link; remove it: what is in the folder is replaced by every preview`);
  }
  const folder = join(kept, stack);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The engine's own preview, with the policy pack. Its events can hold secrets, so only the summary is kept. */
async function runEngine(stack: string, folder: string): Promise<PreviewSummary> {
  const config = join("policy", `${stack}.json`);
  const { output, errors } = await run("pulumi", [
    ...["preview", "--stack", stack, "--json", "--non-interactive", "--policy-pack", "policy"],
    ...(existsSync(config) ? ["--policy-pack-config", config] : []),
  ]);
  writeFileSync(join(folder, "pulumi.log"), errors);
  const events = output.split("\n").filter((line) => line.startsWith("{"));
  if (events.length === 0) process.stderr.write(`pulumi preview said nothing but:\n${errors}`);
  return summarize(events.join("\n"));
}

/** How many differences of each class the platform has already, or nothing where nobody can tell. */
async function countDrift(stack: string): Promise<Record<string, number> | undefined> {
  const command = join(import.meta.dirname, "access.ts");
  const { code, output } = await run(process.execPath, [command, "drift", "--stack", stack, "--json"]);
  if (code !== 0 && code !== 1) return undefined;
  const { differences } = JSON.parse(output) as { differences: readonly { readonly class: string }[] };
  const classes = Map.groupBy(differences, (difference) => difference.class);
  return Object.fromEntries([...classes].map(([name, all]) => [name, all.length]));
}

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      env: { ...process.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, errors]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.on("error", fail);
    child.on("close", (code) => {
      done({
        code: code ?? 1,
        output: Buffer.concat(output).toString("utf8"),
        errors: Buffer.concat(errors).toString("utf8"),
      });
    });
  });
}
