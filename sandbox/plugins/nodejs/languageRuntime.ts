import * as grpc from "@grpc/grpc-js";
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type {
  InstallDependenciesRequest,
  InstallDependenciesResponse,
  ProgramInfo,
  RunPluginRequest,
  RunPluginResponse,
} from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import { engineAddress, handler, messageOf } from "../plugin.ts";
import { installedPackages, pluginsOf } from "./dependencies.ts";
import { installDependencies } from "./install.ts";
import { runPolicyPack } from "./policyPack.ts";
import { runProgram } from "./program.ts";

/** The service the engine calls: everything that running, installing and describing a Node program needs. */
export function languageRuntime(): ILanguageRuntimeServer {
  const cancellation = new AbortController();
  let engine = engineAddress();
  return {
    handshake: handler((request) => {
      engine = request.getEngineAddress() || engine;
      return new language.LanguageHandshakeResponse();
    }),
    getPluginInfo: handler(() => new plugin.PluginInfo().setVersion("0.0.0")),
    getRequiredPlugins: handler(() => new language.GetRequiredPluginsResponse()),
    getRequiredPackages: handler((request) => {
      const packages = pluginsOf(directoryOf(request.getInfo())).map(({ name, version }) =>
        new plugin.PackageDependency().setName(name).setKind("resource").setVersion(version),
      );
      return new language.GetRequiredPackagesResponse().setPackagesList(packages);
    }),
    run: handler((request) => runProgram(request, engine ?? "", cancellation.signal)),
    installDependencies: streamed<InstallDependenciesRequest, InstallDependenciesResponse>((request, write) =>
      installDependencies(request.getDirectory(), (stream, text) => {
        const response = new language.InstallDependenciesResponse();
        write(stream === "stdout" ? response.setStdout(text) : response.setStderr(text));
      }),
    ),
    runtimeOptionsPrompts: handler(() => new language.RuntimeOptionsResponse()),
    about: handler(() => new language.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    getProgramDependencies: handler((request) => {
      const directory = directoryOf(request.getInfo());
      const dependencies = installedPackages(directory, request.getTransitivedependencies());
      return new language.GetProgramDependenciesResponse().setDependenciesList(
        dependencies.map(({ name, version }) => new language.DependencyInfo().setName(name).setVersion(version)),
      );
    }),
    runPlugin: streamed<RunPluginRequest, RunPluginResponse>(async (request, write) => {
      if (request.getKind() !== "analyzer") {
        throw new Error(`this stand-in runs policy packs only, not a plugin of kind "${request.getKind()}"`);
      }
      const code = await runPolicyPack(request, cancellation.signal, (stream, text) => {
        const response = new language.RunPluginResponse();
        write(stream === "stdout" ? response.setStdout(text) : response.setStderr(text));
      });
      write(new language.RunPluginResponse().setExitcode(code));
    }),
    cancel: handler((empty) => {
      cancellation.abort();
      return empty;
    }),
    template: unsupported("template"),
    generateProgram: unsupported("generateProgram"),
    generateProject: unsupported("generateProject"),
    generatePackage: unsupported("generatePackage"),
    pack: unsupported("pack"),
    link: unsupported("link"),
  };
}

function directoryOf(info: ProgramInfo | undefined): string {
  return info?.getProgramDirectory() ?? process.cwd();
}

function unsupported(call: string): grpc.handleUnaryCall<unknown, never> {
  return (_, callback) => {
    callback({ code: grpc.status.UNIMPLEMENTED, details: `this stand-in does not implement ${call}` });
  };
}

function streamed<Request, Response>(
  answer: (request: Request, write: (response: Response) => void) => Promise<void>,
): grpc.handleServerStreamingCall<Request, Response> {
  return (call) => {
    answer(call.request, (response) => {
      call.write(response);
    })
      .then(() => {
        call.end();
      })
      .catch((error: unknown) => {
        // Not `destroy`: a destroyed stream sends no status, and the engine would wait for ever.
        call.emit("error", { code: grpc.status.UNKNOWN, details: messageOf(error) });
      });
  };
}
