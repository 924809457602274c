/** A stand-in for Pulumi's Node language host: runs programs and policy packs with the Node that runs this. */
import { serve } from "../plugin.ts";
import { languageRuntime } from "./languageRuntime.ts";
import grpc from "@pulumi/pulumi/proto/language_grpc_pb.js";

// Without this a signal ends the process at once, and what it runs would stay behind.
process.once("SIGTERM", () => process.exit(143));

await serve((server) => {
  server.addService(grpc.LanguageRuntimeService, languageRuntime());
});
