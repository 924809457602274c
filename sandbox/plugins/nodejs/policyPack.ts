import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import * as grpc from "@grpc/grpc-js";
import type { IAnalyzerServer } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzerGrpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import type { AnalyzerStackConfigureRequest } from "@pulumi/pulumi/proto/analyzer_pb.js";
import analyzer from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { RunPluginRequest } from "@pulumi/pulumi/proto/language_pb.js";
import { handler } from "../plugin.ts";
import type { Write } from "./install.ts";

type Pack = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Runs a policy pack for the engine. The pack reads what stack it is about from its environment when it starts, but
 * the engine tells only afterwards: so a server of ours takes that call, starts the pack, and passes on all others.
 *
 * @returns the pack's exit code
 */
export async function runPolicyPack(request: RunPluginRequest, signal: AbortSignal, write: Write): Promise<number> {
  const started = Promise.withResolvers<Pack>();
  const client = started.promise.then((pack) => connect(pack, write));
  client.catch(() => undefined);
  const server = new grpc.Server();
  server.addService(
    analyzerGrpc.AnalyzerService,
    proxy(client, (stack) => {
      started.resolve(startPack(request, stack));
    }),
  );
  const port = await listen(server);
  // The engine reads the first line of a plugin's output as the port to call.
  write("stdout", Buffer.from(`${port}\n`));
  const pack = await started.promise;
  signal.addEventListener("abort", () => pack.kill("SIGINT"));
  const kill = () => pack.kill("SIGKILL");
  process.once("exit", kill);
  const [code] = (await once(pack, "close")) as [number | null];
  process.removeListener("exit", kill);
  // Not at once: the engine is to hear of calls that failed because the pack has ended.
  server.tryShutdown(() => undefined);
  return code ?? 1;
}

function startPack(request: RunPluginRequest, stack: AnalyzerStackConfigureRequest): Pack {
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const entry = createRequire(join(directory, "package.json")).resolve("@pulumi/pulumi/cmd/run-policy-pack");
  const pack = spawn(process.execPath, [entry, ...request.getArgsList(), directory], {
    cwd: directory,
    env: { ...fromList(request.getEnvList()), ...stackFacts(stack) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return pack;
}

function fromList(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function stackFacts(stack: AnalyzerStackConfigureRequest): Record<string, string> {
  return {
    PULUMI_NODEJS_ORGANIZATION: stack.getOrganization(),
    PULUMI_NODEJS_PROJECT: stack.getProject(),
    PULUMI_NODEJS_STACK: stack.getStack(),
    PULUMI_NODEJS_DRY_RUN: String(stack.getDryRun()),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(stack.getConfigMap().toArray())),
  };
}

type AnalyzerClient = InstanceType<typeof analyzerGrpc.AnalyzerClient>;

/** The pack prints the port of its own server on a line of its own; all else that it prints is for the user. */
async function connect(pack: Pack, write: Write): Promise<AnalyzerClient> {
  pack.stderr.on("data", (text: Buffer) => {
    write("stderr", text);
  });
  const port = await new Promise<string>((done, fail) => {
    let serves = false;
    createInterface(pack.stdout).on("line", (line) => {
      if (serves || !/^\d+$/.test(line)) {
        write("stdout", Buffer.from(`${line}\n`));
        return;
      }
      serves = true;
      done(line);
    });
    pack.on("close", (code) => {
      fail(new Error(`the policy pack ended with exit code ${code ?? "none"} before it served`));
    });
  });
  return new analyzerGrpc.AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.enable_http_proxy": 0,
  });
}

type Call<Request, Response> = (
  client: AnalyzerClient,
  request: Request,
  callback: (error: grpc.ServiceError | null, response: Response) => void,
) => unknown;

function proxy(
  client: Promise<AnalyzerClient>,
  configure: (stack: AnalyzerStackConfigureRequest) => void,
): IAnalyzerServer {
  const forward = <Request, Response>(call: Call<Request, Response>): grpc.handleUnaryCall<Request, Response> =>
    handler(async (request) => {
      const connected = await client;
      return new Promise<Response>((done, fail) => {
        call(connected, request, (error, response) => {
          if (error) fail(error);
          else done(response);
        });
      });
    });
  return {
    handshake: handler(() => new analyzer.AnalyzerHandshakeResponse()),
    configureStack: handler((stack) => {
      configure(stack);
      return new analyzer.AnalyzerStackConfigureResponse();
    }),
    analyze: forward((to, request, done) => to.analyze(request, done)),
    analyzeStack: forward((to, request, done) => to.analyzeStack(request, done)),
    remediate: forward((to, request, done) => to.remediate(request, done)),
    getAnalyzerInfo: forward((to, request, done) => to.getAnalyzerInfo(request, done)),
    getPluginInfo: forward((to, request, done) => to.getPluginInfo(request, done)),
    configure: forward((to, request, done) => to.configure(request, done)),
    cancel: forward((to, request, done) => to.cancel(request, done)),
  };
}

function listen(server: grpc.Server): Promise<number> {
  return new Promise((done, fail) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error) fail(error);
      else done(port);
    });
  });
}
