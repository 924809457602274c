import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface Measured {
  readonly seconds: number;
  /** The most memory (resident, MB) that the process and all below it had together. */
  readonly megabytes: number;
  readonly output: string;
}

const samplingPeriod = 50;

/**
 * Runs a program and measures it.
 *
 * @throws {Error} with its output when it ends with a code that is not among those allowed
 */
export async function measured(
  program: string,
  args: readonly string[],
  { cwd, environment = {}, codes = [0] }: { cwd: string; environment?: NodeJS.ProcessEnv; codes?: readonly number[] },
): Promise<Measured> {
  const began = performance.now();
  const child = spawn(program, args, { cwd, env: { ...process.env, ...environment } });
  let output = "";
  let most = 0;
  const collect = (chunk: Buffer) => (output += chunk.toString("utf8"));
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const sampler = setInterval(() => {
    most = Math.max(most, residentMemory(child.pid ?? 0));
  }, samplingPeriod);
  try {
    const code = await new Promise<number>((done, fail) => {
      child.on("error", fail);
      child.on("close", (code) => {
        done(code ?? -1);
      });
    });
    if (!codes.includes(code)) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${output}`);
    return { seconds: (performance.now() - began) / 1000, megabytes: most / 1024, output };
  } finally {
    clearInterval(sampler);
  }
}

/** Kilobytes of a process and all below it. Pages that several share count for each. */
function residentMemory(pid: number): number {
  const own = Number(/^VmRSS:\s+(\d+)/m.exec(readProcess(`${pid}/status`))?.[1] ?? 0);
  return childrenOf(pid).reduce((sum, child) => sum + residentMemory(child), own);
}

/** Each thread has children of its own. */
function childrenOf(pid: number): number[] {
  return threadsOf(pid)
    .flatMap((thread) => readProcess(`${pid}/task/${thread}/children`).split(" "))
    .filter((child) => child !== "")
    .map(Number);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** A process may end at any moment. */
function readProcess(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}

/** The middle one of several runs; memory is the most of all. */
export function median(runs: readonly Measured[]): Measured {
  const sorted = runs.toSorted((a, b) => a.seconds - b.seconds);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (!middle) throw new RangeError("there is no run to take the median of");
  return { ...middle, megabytes: Math.max(...runs.map(({ megabytes }) => megabytes)) };
}

/** Runs something again and again, one after the other. */
export async function repeat<T>(times: number, run: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < times; index += 1) results.push(await run(index));
  return results;
}

/** Runs something with each of several things and adds the times. */
export async function oneAfterTheOther<T>(items: readonly T[], run: (item: T) => Promise<Measured>): Promise<Measured> {
  let [seconds, megabytes] = [0, 0];
  for (const item of items) {
    const measured = await run(item);
    seconds += measured.seconds;
    megabytes = Math.max(megabytes, measured.megabytes);
  }
  return { seconds, megabytes, output: "" };
}
