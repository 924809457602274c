import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import analyzerGrpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzer from "@pulumi/pulumi/proto/analyzer_pb.js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type { RunPluginResponse, RunResponse } from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";

const repository = join(import.meta.dirname, "../../..");

/** Writes down how it was called and ends as the configuration says. */
const recordingSdk = `
  const { writeFileSync } = require("node:fs");
  const { argv, env, execArgv, pid } = process;
  const config = JSON.parse(env.PULUMI_CONFIG);
  const secrets = JSON.parse(env.PULUMI_CONFIG_SECRET_KEYS);
  const typescript = env.PULUMI_NODEJS_TYPESCRIPT ?? "unset";
  writeFileSync("called.json", JSON.stringify({ args: argv.slice(2), execArgv, config, secrets, typescript, pid }));
  const end = config["project:config:end"];
  if (end === "never") setInterval(() => {}, 1000);
  else process.exitCode = Number(end ?? 0);
`;

interface Call {
  args: string[];
  execArgv: string[];
  config: Record<string, string>;
  secrets: string[];
  typescript: string;
  pid: number;
}

test("a program is run by this Node, with its options, arguments and configuration", async (context) => {
  const folder = await program(context);
  const host = await startHost(context, folder);
  const response = await run(host, folder, { "project:name": "value", "other:config:name": "2" });
  assert.deepEqual([response.getError(), response.getBail()], ["", false]);
  const { args, execArgv, config, secrets, typescript } = await called(folder);
  assert.deepEqual(execArgv, ["--stack-trace-limit=3"]);
  assert.equal(typescript, "unset");
  assert.deepEqual(config, { "project:config:name": "value", "other:config:name": "2" });
  assert.deepEqual(secrets, ["project:config:name"]);
  const flags = { "--monitor": "127.0.0.1:1", "--project": "project", "--stack": "stack", "--pwd": folder };
  for (const [flag, value] of Object.entries(flags)) assert.equal(args[args.indexOf(flag) + 1], value, flag);
  assert.deepEqual(args.slice(-2), ["--dry-run", "index.ts"]);
});

test("how the program ended is told, but not again what it has told itself", async (context) => {
  const folder = await program(context);
  const host = await startHost(context, folder);
  const bailed = await run(host, folder, { "project:end": "32" });
  assert.deepEqual([bailed.getError(), bailed.getBail()], ["", true]);
  const failed = await run(host, folder, { "project:end": "7" });
  assert.deepEqual([failed.getError(), failed.getBail()], ["the program ended with exit code 7", false]);
});

test("a cancel ends the program", async (context) => {
  const folder = await program(context);
  const host = await startHost(context, folder);
  const running = run(host, folder, { "project:end": "never" });
  const { pid } = await called(folder);
  await promisify(host.client.cancel.bind(host.client))(new empty.Empty());
  assert.match((await running).getError(), /exit code none/);
  assert.equal(isAlive(pid), false);
});

test("the program does not outlive the engine", async (context) => {
  const folder = await program(context);
  const host = await startHost(context, folder);
  run(host, folder, { "project:end": "never" }).catch(() => undefined);
  const { pid } = await called(folder);
  const left = once(host.process, "exit");
  host.engine.kill();
  await left;
  await untilDead(pid);
});

test("the plugins and the packages of a program are found in what is installed", async (context) => {
  const folder = await program(context);
  await writeAll(folder, {
    "package.json": JSON.stringify({ dependencies: { "@pulumi/cloud": "*", plain: "*" } }),
    "node_modules/@pulumi/cloud/package.json": JSON.stringify({ version: "1.2.3", pulumi: { resource: true } }),
    "node_modules/plain/package.json": JSON.stringify({ version: "4.5.6" }),
  });
  const { client } = await startHost(context, folder);
  const info = programInfo(folder);
  const needs = (request: InstanceType<typeof language.GetRequiredPackagesRequest>) =>
    promisify<typeof request, InstanceType<typeof language.GetRequiredPackagesResponse>>(
      client.getRequiredPackages.bind(client),
    )(request);
  const plugins = await needs(new language.GetRequiredPackagesRequest().setInfo(info));
  assert.deepEqual(
    plugins.getPackagesList().map((plugin) => [plugin.getKind(), plugin.getName(), plugin.getVersion()]),
    [["resource", "cloud", "v1.2.3"]],
  );
  const lists = (request: InstanceType<typeof language.GetProgramDependenciesRequest>) =>
    promisify<typeof request, InstanceType<typeof language.GetProgramDependenciesResponse>>(
      client.getProgramDependencies.bind(client),
    )(request);
  const packages = await lists(new language.GetProgramDependenciesRequest().setInfo(info));
  assert.deepEqual(
    packages.getDependenciesList().map((one) => `${one.getName()} ${one.getVersion()}`),
    ["@pulumi/cloud 1.2.3", "plain 4.5.6"],
  );
});

test("a policy pack serves once it knows the stack, and may print before", async (context) => {
  const folder = await policyPack(
    context,
    `import * as pulumi from "@pulumi/pulumi";
     import { PolicyPack } from "@pulumi/policy";
     console.log("stack " + pulumi.getStack());
     new PolicyPack("pack", { policies: [] });`,
  );
  const pack = await startPack(context, folder);
  await pack.configure();
  assert.equal((await pack.info()).getName(), "pack");
  assert.match(pack.output(), /stack dev/);
});

test("a policy pack does not outlive its host", async (context) => {
  const folder = await policyPack(
    context,
    `import { PolicyPack } from "@pulumi/policy";
     console.log("process " + process.pid);
     new PolicyPack("pack", { policies: [] });`,
  );
  const pack = await startPack(context, folder);
  await pack.configure();
  await pack.info();
  pack.host.kill();
  await untilDead(Number(/process (\d+)/.exec(pack.output())?.[1]));
});

test("a policy pack that breaks says so, and how it ended", async (context) => {
  const folder = await policyPack(context, `throw new Error("broken pack");`);
  const pack = await startPack(context, folder);
  await pack.configure();
  await assert.rejects(pack.info(), /the policy pack ended with exit code 32 before it served/);
  assert.match(pack.output(), /broken pack/);
});

test("a plugin that is no policy pack is refused", async (context) => {
  const folder = await program(context);
  const { client } = await startHost(context, folder);
  const stream = client.runPlugin(new language.RunPluginRequest().setKind("resource").setInfo(programInfo(folder)));
  const [error] = (await once(stream.resume(), "error")) as [grpc.ServiceError];
  assert.match(error.details, /runs policy packs only, not a plugin of kind "resource"/);
});

/** A program whose SDK only records how it is run. */
async function program(context: TestContext): Promise<string> {
  const folder = await temporaryFolder(context);
  await writeAll(folder, {
    "package.json": "{}",
    "node_modules/@pulumi/pulumi/package.json": "{}",
    "node_modules/@pulumi/pulumi/cmd/run/index.js": recordingSdk,
  });
  return folder;
}

/** A policy pack with the real SDK. */
async function policyPack(context: TestContext, code: string): Promise<string> {
  const folder = await temporaryFolder(context);
  await writeAll(folder, {
    "package.json": JSON.stringify({ name: "pack", version: "1.0.0", type: "module", main: "index.js" }),
    "PulumiPolicy.yaml": "runtime: nodejs",
    "index.js": code,
  });
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "language-host-"));
  context.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function writeAll(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

interface Host {
  client: InstanceType<typeof languageGrpc.LanguageRuntimeClient>;
  process: ChildProcess;
  engine: Engine;
}

/** Starts the language host as the engine does. */
async function startHost(context: TestContext, folder: string): Promise<Host> {
  const engine = await startEngine(context);
  const main = join(repository, "sandbox/plugins/nodejs/main.ts");
  const host = spawn(process.execPath, ["--no-warnings", main, engine.address], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => host.kill());
  const [port] = (await once(createInterface(host.stdout), "line")) as [string];
  const client = new languageGrpc.LanguageRuntimeClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  context.after(() => {
    client.close();
  });
  return { client, process: host, engine };
}

interface Engine {
  address: string;
  kill: () => void;
}

/** An engine that only listens: that is what its plugins watch. */
async function startEngine(context: TestContext): Promise<Engine> {
  const sessions = new Set<{ destroy: () => void }>();
  const server = createServer().on("session", (session) => sessions.add(session));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const kill = () => {
    server.close();
    for (const session of sessions) session.destroy();
  };
  context.after(kill);
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, kill };
}

function programInfo(folder: string) {
  const options = struct.Struct.fromJavaScript({ typescript: false, nodeargs: "--stack-trace-limit=3" });
  return new language.ProgramInfo()
    .setProgramDirectory(folder)
    .setRootDirectory(folder)
    .setEntryPoint("index.ts")
    .setOptions(options);
}

function run({ client }: Host, folder: string, config: Record<string, string>): Promise<RunResponse> {
  const request = new language.RunRequest()
    .setInfo(programInfo(folder))
    .setMonitorAddress("127.0.0.1:1")
    .setProject("project")
    .setStack("stack")
    .setPwd(folder)
    .setDryrun(true)
    .setConfigsecretkeysList(["project:name"]);
  for (const [key, value] of Object.entries(config)) request.getConfigMap().set(key, value);
  return promisify<typeof request, RunResponse>(client.run.bind(client))(request);
}

/** How the program was called, as soon as it was. */
async function called(folder: string): Promise<Call> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const text = await readFile(join(folder, "called.json"), "utf8").catch(() => "");
    if (text.endsWith("}")) return JSON.parse(text) as Call;
    await sleep(100);
  }
  throw new Error("the program was not run");
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function untilDead(pid: number): Promise<void> {
  assert.ok(pid > 0, "a process was started");
  for (let attempt = 0; isAlive(pid) && attempt < 50; attempt++) await sleep(100);
  assert.equal(isAlive(pid), false);
}

/** A policy pack as the engine starts it, and the calls of the engine. */
async function startPack(context: TestContext, folder: string) {
  const { client, engine, process: host } = await startHost(context, folder);
  const environment = Object.entries(process.env).map(([name, value = ""]) => `${name}=${value}`);
  const stream = client.runPlugin(
    new language.RunPluginRequest()
      .setKind("analyzer")
      .setPwd(folder)
      .setInfo(programInfo(folder))
      .setArgsList([engine.address])
      .setEnvList(environment),
  );
  const texts: string[] = [];
  const first = Promise.withResolvers<string>();
  stream.on("data", (response: RunPluginResponse) => {
    const text = Buffer.from([...response.getStdout_asU8(), ...response.getStderr_asU8()]).toString("utf8");
    texts.push(text);
    first.resolve(text.trim());
  });
  stream.on("error", () => undefined);
  const address = `127.0.0.1:${await first.promise}`;
  const pack = new analyzerGrpc.AnalyzerClient(address, grpc.credentials.createInsecure());
  context.after(() => {
    stream.cancel();
    pack.close();
  });
  const stack = new analyzer.AnalyzerStackConfigureRequest().setStack("dev").setProject("project");
  return {
    host,
    configure: () => promisify(pack.configureStack.bind(pack))(stack),
    info: () =>
      promisify<InstanceType<typeof empty.Empty>, InstanceType<typeof analyzer.AnalyzerInfo>>(
        pack.getAnalyzerInfo.bind(pack),
      )(new empty.Empty()),
    output: () => texts.join(""),
  };
}
