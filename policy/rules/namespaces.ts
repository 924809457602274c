import { at, entries, expectValue, shown, text } from "../reading.ts";
import { resourceRule } from "../rule.ts";
import { namespace } from "../types.ts";

const podSecurity = "pod-security.kubernetes.io";

/** Kubeflow's own labels of a workspace, those of this program, and those that make pods safer. */
const known: readonly string[] = [
  "app.kubernetes.io/managed-by",
  "app.kubernetes.io/part-of",
  "istio-injection",
  "istio.io/rev",
  "katib.kubeflow.org/metrics-collector-injection",
  "prokube-access/stack",
  "serving.kubeflow.org/inferenceservice",
  ...["enforce", "audit", "warn"].flatMap((mode) => [`${podSecurity}/${mode}`, `${podSecurity}/${mode}-version`]),
];

/**
 * Labels of a namespace decide who guards it: without Istio's sidecars nobody asks who a request is from, and other
 * webhooks are told by a label to look away.
 */
export const namespaceLabels = resourceRule(
  {
    name: "namespace-labels",
    description:
      "A workspace is in the mesh, its pods have no more rights than others', and nothing looks away from it.",
    severity: "critical",
    remedy:
      'Change namespaceLabels in platform.yaml; one that is harmless goes into "labels" of namespace-labels in policy/<stack>.json.',
    types: [namespace],
    config: {
      schema: {
        properties: {
          labels: {
            type: "array",
            items: { type: "string" },
            description: "Further labels that a workspace's namespace may have.",
          },
        },
      },
      defaults: { labels: [] as readonly string[] },
    },
  },
  ({ props }, { labels }) => {
    const label = (name: string) => at(props, "metadata", "labels", name);
    const hasRevision = (text(props, "metadata", "labels", "istio.io/rev") ?? "") !== "";
    return [
      ...entries(props, "metadata", "labels")
        .filter(([name]) => !known.includes(name) && !labels.includes(name))
        .map(([name, value]) => `it has the label ${name}: ${shown(value)}, which this policy pack does not know`),
      ...(label("istio-injection") === "enabled" || (hasRevision && label("istio-injection") === undefined)
        ? []
        : [
            `the label istio-injection is ${shown(label("istio-injection"))}; allowed is "enabled", or istio.io/rev alone`,
          ]),
      ...expectValue(props, ["metadata", "labels", `${podSecurity}/enforce`], [undefined, "baseline", "restricted"]),
    ];
  },
);
