import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { get } from "node:https";
import { get as getPlain } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Instance } from "./instance.ts";
import { Problem } from "./problem.ts";
import type { Server } from "./servers.ts";
import type { Tools } from "./tools.ts";

interface Recorded {
  readonly pid: number;
  /** When the process started, as the system counts: a process number is used again, this pair is not. */
  readonly started: string;
}

/** Whether the server's process is there. */
export function isRunning(instance: Instance, server: Server): boolean {
  const recorded = recordOf(instance, server);
  return recorded !== undefined && startOf(recorded.pid) === recorded.started;
}

/** The process number of a running server. */
export function pidOf(instance: Instance, server: Server): number | undefined {
  return isRunning(instance, server) ? recordOf(instance, server)?.pid : undefined;
}

/** @throws {Problem} when another program has a port that the server needs */
export async function requireFreePorts(instance: Instance, server: Server): Promise<void> {
  for (const name of server.ports) {
    const port = instance.ports[name];
    if (!(await isFree(port))) {
      throw new Problem(
        `port ${port} is in use by another program, but ${server.name} needs it; stop that program or choose other ports, such as SANDBOX_PORT_BASE=${instance.ports.etcd + 1000}.`,
      );
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => {
      done(false);
    });
    probe.listen(port, "127.0.0.1", () =>
      probe.close(() => {
        done(true);
      }),
    );
  });
}

/** Starts a server in a process group of its own, which outlives this one. */
export function launch(instance: Instance, server: Server, tools: Tools): void {
  const { program, args, environment } = server.command(instance, tools);
  const log = openSync(logOf(instance, server), "a", 0o600);
  const child = spawn(program, args, {
    cwd: instance.folder,
    env: { PATH: process.env["PATH"], HOME: instance.folder, LANG: "C.UTF-8", ...javaHome(), ...environment },
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  if (child.pid === undefined) throw new Problem(`${server.name} could not be started: ${program} is not a program.`);
  const record: Recorded = { pid: child.pid, started: startOf(child.pid) ?? "" };
  writeFileSync(recordFile(instance, server), JSON.stringify(record), { mode: 0o600 });
  child.unref();
}

function javaHome(): { JAVA_HOME?: string } {
  const home = process.env["JAVA_HOME"];
  return home === undefined ? {} : { JAVA_HOME: home };
}

/** @throws {Problem} with the end of the log when the server dies or does not become healthy in time */
export async function untilHealthy(instance: Instance, server: Server): Promise<void> {
  const deadline = performance.now() + server.patience * 1000;
  while (performance.now() < deadline) {
    if (await isHealthy(instance, server)) return;
    if (!isRunning(instance, server)) throw new Problem(`${server.name} ended${lastWords(instance, server)}`);
    await sleep(200);
  }
  throw new Problem(`${server.name} was not ready after ${server.patience} s${lastWords(instance, server)}`);
}

/** Asks as the administrator, whom every server trusts. */
export function isHealthy(instance: Instance, server: Server): Promise<boolean> {
  const url = server.health(instance);
  return new Promise((done) => {
    const answered = (response: { statusCode?: number; resume(): void }) => {
      response.resume();
      done(response.statusCode === 200);
    };
    const request = url.startsWith("https:")
      ? get(
          url,
          {
            ca: instance.authority,
            cert: readFileSync(instance.path("pki", "admin.crt")),
            key: readFileSync(instance.path("pki", "admin.key")),
            timeout: 2000,
          },
          answered,
        )
      : getPlain(url, { timeout: 2000 }, answered);
    request.on("timeout", () => request.destroy());
    request.on("error", () => {
      done(false);
    });
  });
}

/**
 * Ends the server's whole process group, also when its first process is gone already: politely, and after ten seconds
 * for good. Says whether there was anything to end.
 */
export async function end(instance: Instance, server: Server): Promise<boolean> {
  const group = recordOf(instance, server)?.pid;
  const lives = group !== undefined && groupLives(instance, group);
  if (lives) {
    signal(group, "SIGTERM");
    if (!(await hasEnded(instance, group, 10_000))) signal(group, "SIGKILL");
    await hasEnded(instance, group, 5_000);
  }
  rmSync(recordFile(instance, server), { force: true });
  return lives;
}

async function hasEnded(instance: Instance, group: number, patience: number): Promise<boolean> {
  const deadline = performance.now() + patience;
  while (groupLives(instance, group)) {
    if (performance.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Whether a process group has members of this instance. A number used again belongs to somebody with another home. */
function groupLives(instance: Instance, group: number): boolean {
  return readdirSync("/proc").some((entry) => {
    const pid = Number(entry);
    return Number.isInteger(pid) && statOf(pid)?.group === group && homeOf(pid) === instance.folder;
  });
}

function homeOf(pid: number): string | undefined {
  return readProcess(pid, "environ")
    ?.split("\0")
    .find((variable) => variable.startsWith("HOME="))
    ?.slice("HOME=".length);
}

/** The system's start time of a process, or undefined when there is none. */
function startOf(pid: number): string | undefined {
  return statOf(pid)?.started;
}

/** What the system says of a process; a finished one that nobody waited for counts as none. */
function statOf(pid: number): { group: number; started: string } | undefined {
  // The second field, the program's name, is in parentheses and may hold spaces.
  const [state, , group, ...rest] = readProcess(pid, "stat")
    ?.replace(/^.*\) /s, "")
    .split(" ") ?? ["Z"];
  return state === "Z" ? undefined : { group: Number(group), started: rest[16] ?? "" };
}

/** A process may end at any moment, and those of others are not for us to read. */
function readProcess(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

function recordOf(instance: Instance, server: Server): Recorded | undefined {
  const file = recordFile(instance, server);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Recorded) : undefined;
}

function recordFile(instance: Instance, server: Server): string {
  return instance.path("run", `${server.name}.json`);
}

function logOf(instance: Instance, server: Server): string {
  return instance.path("logs", `${server.name}.log`);
}

function lastWords(instance: Instance, server: Server): string {
  const log = logOf(instance, server);
  const lines = existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n").slice(-5) : [];
  return `; see ${log}. It ends:\n${lines.map((line) => `  ${line.slice(0, 300)}`).join("\n")}`;
}
