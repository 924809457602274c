import { resolve } from "node:path";
import { type Measured, measured, median, oneAfterTheOther, repeat } from "./measure.ts";

/** The stack that is measured. */
export const stack = "bench";

/** The whole state is saved before and after every step otherwise, and after every resource of a refresh. */
export const unsaved: NodeJS.ProcessEnv = { PULUMI_SKIP_CHECKPOINTS: "true" };

const options = (name: string) => ["--suppress-progress", "--non-interactive", "--stack", name];

/** What a pull request's check runs. */
export function preview(cwd: string, name = stack, environment: NodeJS.ProcessEnv = {}): Promise<Measured> {
  return measured("pulumi", ["preview", ...options(name)], { cwd, environment });
}

/** What is enough for a grant that cannot wait (docs/operations.md). */
export function quickUpdate(cwd: string, environment: NodeJS.ProcessEnv = {}): Promise<Measured> {
  return measured("pulumi", ["up", "--yes", "--skip-preview", ...options(stack)], { cwd, environment });
}

/** What `make up-stack` runs after its preview. */
export function update(cwd: string, environment: NodeJS.ProcessEnv = {}): Promise<Measured> {
  return oneAfterTheOther([refresh, quickUpdate], (run) => run(cwd, environment));
}

function refresh(cwd: string, environment: NodeJS.ProcessEnv): Promise<Measured> {
  const args = ["refresh", "--yes", "--skip-preview", "--run-program", ...options(stack)];
  return measured("pulumi", args, { cwd, environment: { ...environment, ...unsaved } });
}

/** A first creation: there is nothing to refresh, and the state would be saved twice for every resource. */
export function create(cwd: string, name = stack): Promise<Measured> {
  return measured("pulumi", ["up", "--yes", "--skip-preview", ...options(name)], { cwd, environment: unsaved });
}

const program = resolve("bin/access.ts");

/** Runs a command of the command line. No difference, no path and no drift are answers as well. */
export function access(cwd: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Measured> {
  const all = [program, ...args, "--stack", stack];
  return measured(process.execPath, all, { cwd, environment, codes: [0, 1] });
}

/** The median of several runs of a command. */
export async function accessTime(cwd: string, runs: number, args: readonly string[]): Promise<Measured> {
  return median(await repeat(runs, () => access(cwd, args)));
}
