import type { NetworkAccess } from "./resolve.ts";
import type { Platform } from "./schema.ts";

/**
 * The rules of a workspace's AuthorizationPolicy: requests that the gateway (for full access) or the Kubeflow Pipelines
 * UI passes on, with one of the addresses in the header. Without the principals anybody in the mesh could forge it.
 */
export function networkRules(istio: Platform["istio"], access: NetworkAccess, addresses: readonly string[]) {
  const principals = {
    full: [istio.gatewayPrincipal, istio.pipelinesPrincipal],
    pipelines: [istio.pipelinesPrincipal],
  };
  return {
    action: "ALLOW",
    rules: [
      {
        from: [{ source: { principals: principals[access] } }],
        when: [
          {
            key: `request.headers[${istio.userIdHeader}]`,
            values: addresses.map((address) => istio.userIdPrefix + address),
          },
        ],
      },
    ],
  };
}
