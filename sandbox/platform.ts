import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { end, isHealthy, isRunning, launch, pidOf, requireFreePorts, untilHealthy } from "./daemon.ts";
import { furnishCluster } from "./furniture/cluster.ts";
import { furnishRealm } from "./furniture/realm.ts";
import type { Instance } from "./instance.ts";
import { installPlugins } from "./pluginSetup.ts";
import { Problem } from "./problem.ts";
import { etcd, keycloak, kubeApiserver, kubeControllerManager, minio, type Server, servers } from "./servers.ts";
import { buildTools, requireOnMachine, type Tools } from "./tools.ts";

type Say = (line: string) => void;

/**
 * Starts what does not run yet and returns when all of it works, with the platform's own furniture in place.
 * Nothing is lost when it is called again.
 *
 * @throws {Problem} when a port is taken, Java is missing, or a server does not become healthy
 */
export async function start(instance: Instance, say: Say): Promise<void> {
  if (await isUp(instance)) {
    say(`${instance.name}: already running`);
    return;
  }
  if (process.platform !== "linux") throw new Problem("the local platform runs on Linux only; use a virtual machine.");
  for (const server of servers.filter((server) => !isRunning(instance, server))) {
    // What a killed server has left behind keeps its ports.
    await end(instance, server);
    await requireFreePorts(instance, server);
  }
  await requireOnMachine(["java"]);
  const tools = await buildTools(say);
  const began = performance.now();
  await instance.prepare();
  const one = (server: Server) => startOne(instance, server, tools, say);
  await Promise.all([
    one(keycloak)
      .then(() => furnishRealm(instance))
      // MinIO reads the realm's addresses once, when it starts.
      .then(() => one(minio)),
    one(etcd)
      .then(() => one(kubeApiserver))
      .then(() => Promise.all([one(kubeControllerManager), furnishCluster(instance)])),
  ]);
  await installPlugins(instance, tools, say);
  say(`${instance.name}: running after ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

async function startOne(instance: Instance, server: Server, tools: Tools, say: Say): Promise<void> {
  if (await isHealthy(instance, server)) return;
  const began = performance.now();
  if (!isRunning(instance, server)) launch(instance, server, tools);
  await untilHealthy(instance, server);
  say(`${server.name}: ready after ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** Whether every server works. */
export async function isUp(instance: Instance): Promise<boolean> {
  if (!instance.exists) return false;
  const healthy = await Promise.all(
    servers.map(async (server) => isRunning(instance, server) && (await isHealthy(instance, server))),
  );
  return healthy.every(Boolean);
}

/** Ends every server, last started first, and removes everything the instance has written. */
export async function stop(instance: Instance, say: Say): Promise<void> {
  const ended = await Promise.all(servers.map((server) => end(instance, server)));
  rmSync(instance.folder, { recursive: true, force: true });
  removeIfEmpty(dirname(instance.folder));
  say(ended.some(Boolean) ? `${instance.name}: stopped; nothing is left` : `${instance.name}: was not running`);
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

/** One line for each server. */
export async function status(instance: Instance, say: Say): Promise<void> {
  for (const server of servers) {
    const pid = pidOf(instance, server);
    const state = pid === undefined ? "down" : (await isHealthy(instance, server)) ? "up" : "not ready";
    const ports = server.ports.map((name) => instance.ports[name]).join(", ");
    say(`${server.name.padEnd(24)} ${state.padEnd(10)} ${pid === undefined ? "" : `pid ${pid}, `}port ${ports}`);
  }
}

/** @throws {Problem} when the platform has not been started */
export function requireStarted(instance: Instance): void {
  if (!instance.exists)
    throw new Problem(`the local platform "${instance.name}" is not running; start it with: make up`);
}
