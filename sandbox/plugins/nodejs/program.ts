import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import type { Map as ProtobufMap } from "google-protobuf";

/** The SDK's exit code for "the user has been told already". */
const alreadyReported = 32;

/** Runs a program against the engine's resource monitor and reports how it ended. */
export async function runProgram(request: RunRequest, engine: string, signal: AbortSignal): Promise<RunResponse> {
  const options = optionsOf(request);
  const code = await nodeProcess(
    [...options.nodeArgs, entryPoint(request, "@pulumi/pulumi/cmd/run"), ...programArguments(request, engine)],
    {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(configOf(request.getConfigMap())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList().map(legacyKey)),
      ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
    },
    signal,
  );
  const response = new language.RunResponse();
  if (code === 0) return response;
  return code === alreadyReported
    ? response.setBail(true)
    : response.setError(`the program ended with exit code ${code ?? "none"}`);
}

interface Options {
  readonly typescript: boolean;
  readonly nodeArgs: readonly string[];
}

/** `runtime.options` of Pulumi.yaml. Transpiling is left to Pulumi's own host: this one says so. */
function optionsOf(request: RunRequest): Options {
  const options = (request.getInfo()?.getOptions()?.toJavaScript() ?? {}) as {
    typescript?: boolean;
    nodeargs?: string;
  };
  return {
    typescript: options.typescript ?? true,
    nodeArgs: (options.nodeargs ?? "").split(/\s+/).filter((word) => word !== ""),
  };
}

/** A module of the SDK that the program itself uses, not of ours. */
function entryPoint(request: RunRequest, module: string): string {
  return createRequire(join(programDirectory(request), "package.json")).resolve(module);
}

function programDirectory(request: RunRequest): string {
  return request.getInfo()?.getProgramDirectory() ?? request.getPwd();
}

function programArguments(request: RunRequest, engine: string): string[] {
  const flags: Record<string, string> = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": request.getInfo()?.getRootDirectory() ?? "",
    stack: request.getStack(),
    pwd: programDirectory(request),
    parallel: String(request.getParallel()),
  };
  return [
    ...Object.entries(flags).flatMap(([flag, value]) => (value === "" ? [] : [`--${flag}`, value])),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    request.getInfo()?.getEntryPoint() ?? request.getProgram(),
    ...request.getArgsList(),
  ];
}

function configOf(config: ProtobufMap<string, string>): Record<string, string> {
  return Object.fromEntries(config.toArray().map(([key, value]) => [legacyKey(key), value]));
}

/** The SDK reads keys as `project:config:name`. */
function legacyKey(key: string): string {
  return key.replace(/^([^:]+):(?!config:)/, "$1:config:");
}

function nodeProcess(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number | null> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "inherit", "inherit"] });
    const interrupt = () => child.kill("SIGINT");
    signal.addEventListener("abort", interrupt);
    // The engine may go without a word; the program must not outlive it.
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    child.on("error", fail);
    child.on("close", (code) => {
      signal.removeEventListener("abort", interrupt);
      process.removeListener("exit", kill);
      done(code);
    });
  });
}
