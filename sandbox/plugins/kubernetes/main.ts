/** A stand-in for pulumi-kubernetes. */
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { serve } from "../plugin.ts";
import { kubernetesProvider } from "./provider.ts";

await serve((server) => {
  server.addService(service.ResourceProviderService, kubernetesProvider());
});
