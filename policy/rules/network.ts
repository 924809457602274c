import { expectKeys, expectValue, list, shown, text } from "../reading.ts";
import { resourceRule } from "../rule.ts";
import { isPlainAddress } from "../seeds.ts";
import { authorizationPolicy } from "../types.ts";

/** How the mesh knows who passes a request on, and for whom (Kubeflow's own values, unless configured). */
const kubeflow = {
  gatewayPrincipal: "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account",
  pipelinesPrincipal: "cluster.local/ns/kubeflow/sa/ml-pipeline-ui",
  userIdHeader: "kubeflow-userid",
  userIdPrefix: "",
};

/**
 * An ALLOW policy lets in whatever one of its rules matches, and a rule matches whatever it does not restrict: an empty
 * rule is everybody, a rule without principals everybody in the mesh who writes the header.
 */
export const networkPolicies = resourceRule(
  {
    name: "network-policies",
    description:
      "A workspace lets in named persons only, and only as the gateway or Kubeflow Pipelines passes them on.",
    severity: "critical",
    remedy: "Write the member into the workspace's file; the program makes the policy.",
    types: [authorizationPolicy],
    config: {
      schema: {
        properties: {
          gatewayPrincipal: { type: "string", description: "The gateway's identity in the mesh." },
          pipelinesPrincipal: { type: "string", description: "The identity of Kubeflow Pipelines' UI in the mesh." },
          userIdHeader: { type: "string", description: "The header with a person's e-mail address." },
          userIdPrefix: { type: "string", description: "What stands before the address in it." },
        },
      },
      defaults: kubeflow,
    },
  },
  ({ props, parent }, mesh) => {
    const principals: Readonly<Record<string, readonly string[]>> = {
      "pk-members": [mesh.gatewayPrincipal, mesh.pipelinesPrincipal],
      "pk-members-without-notebooks": [mesh.pipelinesPrincipal],
    };
    const allowed = principals[text(props, "metadata", "name") ?? ""] ?? [];
    const rules = list(props, "spec", "rules") ?? [];
    return [
      ...expectValue(props, ["metadata", "name"], Object.keys(principals)),
      ...expectValue(props, ["metadata", "namespace"], [parent?.name ?? ""]),
      ...expectKeys(props, [], ["apiVersion", "kind", "metadata", "spec"]),
      ...expectKeys(props, ["spec"], ["action", "rules"]),
      ...expectValue(props, ["spec", "action"], ["ALLOW"]),
      ...(rules.length > 0 ? [] : ["it has no rules, so it lets nobody in"]),
      ...rules.flatMap((rule) => [...sourceFindings(rule, allowed), ...personFindings(rule, mesh)]),
    ];
  },
);

function sourceFindings(rule: unknown, allowed: readonly string[]): string[] {
  const sources = list(rule, "from") ?? [];
  return [
    ...expectKeys(rule, [], ["from", "when"]),
    ...(sources.length > 0 ? [] : ["a rule does not say from where, so anybody in the mesh may write the header"]),
    ...sources.flatMap((source) => {
      const principals = list(source, "source", "principals") ?? [];
      return [
        ...expectKeys(source, [], ["source"]),
        ...expectKeys(source, ["source"], ["principals"]),
        ...(principals.length > 0 ? [] : ["a rule's source names no principals, so it is everybody in the mesh"]),
        ...principals
          .filter((principal) => typeof principal !== "string" || !allowed.includes(principal))
          .map((principal) => `it lets in what ${shown(principal)} passes on; allowed is ${allowed.join(", ")}`),
      ];
    }),
  ];
}

function personFindings(rule: unknown, { userIdHeader, userIdPrefix }: typeof kubeflow): string[] {
  const conditions = list(rule, "when") ?? [];
  return [
    ...(conditions.length === 1
      ? []
      : [`a rule has ${conditions.length} conditions; allowed is one, which names persons`]),
    ...conditions.flatMap((condition) => {
      const values = list(condition, "values") ?? [];
      return [
        ...expectKeys(condition, [], ["key", "values"]),
        ...expectValue(condition, ["key"], [`request.headers[${userIdHeader}]`]),
        ...(values.length > 0 ? [] : ["a condition names nobody"]),
        ...values
          .filter(
            (value) =>
              typeof value !== "string" ||
              !value.startsWith(userIdPrefix) ||
              !isPlainAddress(value.slice(userIdPrefix.length)),
          )
          .map((value) => `it lets in ${shown(value)}, which is no plain lower-case e-mail address`),
      ];
    }),
  ];
}
