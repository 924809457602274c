import { at, entries, expectKeys, expectValue, list, shown, text } from "../reading.ts";
import { type Finding, type Outcome, type Resource, resourceRule, stackRule } from "../rule.ts";
import {
  authorizationPolicy,
  clusterRoleBinding,
  component,
  configMap,
  limitRange,
  namespace,
  profile,
  roleBinding,
  secret,
} from "../types.ts";
import { ledgerOf } from "./ledger.ts";

/** Labels by which the program knows its own objects. */
const ownership = (stack: string) => ({
  "app.kubernetes.io/managed-by": "prokube-access",
  "prokube-access/stack": stack,
});

/** What each kind of object may have as annotations. */
const annotations: Readonly<Record<string, readonly string[]>> = {
  [namespace]: ["owner", "description"],
  [secret]: ["serving.kserve.io/s3-endpoint", "serving.kserve.io/s3-region", "serving.kserve.io/s3-usehttps"],
  [configMap]: ["workflows.argoproj.io/default-artifact-repository"],
  [limitRange]: [],
  [profile]: ["pulumi.com/deletionPropagationPolicy"],
  [roleBinding]: ["user", "role"],
  [clusterRoleBinding]: [],
  [authorizationPolicy]: [],
};

/** What Kubeflow Pipelines, notebooks, Katib and KServe look for in a workspace, with the keys that they read. */
const workspaceObjects: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  [secret]: {
    "mlpipeline-minio-artifact": ["accesskey", "secretkey"],
    s3creds: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
  },
  [configMap]: {
    "kfp-launcher": ["defaultPipelineRoot", "providers"],
    "artifact-repositories": ["default-namespaced"],
  },
  [limitRange]: { "cpu-mem-limit-range": [] },
};

/**
 * The API server puts an object where its metadata says, whatever component it belongs to, and a Secret of the type of
 * a token is filled with the token of the account that an annotation names.
 */
export const objectsInPlace = resourceRule(
  {
    name: "objects-in-place",
    description:
      "An object is in its own workspace's or application's namespace, called and marked as such objects are.",
    severity: "critical",
    remedy: "Objects follow from the files of workspaces and applications; nothing else is written to a namespace.",
    types: Object.keys(annotations),
  },
  (resource) => [
    ...metadataFindings(resource),
    ...(Object.hasOwn(workspaceObjects, resource.type) ? contentFindings(resource) : []),
    ...(resource.parent?.type === component.application ? applicationFindings(resource) : workspaceFindings(resource)),
  ],
);

function metadataFindings({ type, props, stack }: Resource): string[] {
  // Labels of a namespace are looked at by the rule about namespaces.
  const labels = type === namespace ? [] : Object.keys(ownership(stack));
  return [
    ...expectKeys(props, ["metadata"], ["name", "namespace", "labels", "annotations"]),
    ...expectKeys(props, ["metadata", "annotations"], annotations[type] ?? []),
    ...(type === namespace ? [] : expectKeys(props, ["metadata", "labels"], labels)),
    ...Object.entries(ownership(stack)).flatMap(([label, value]) =>
      expectValue(props, ["metadata", "labels", label], [value]),
    ),
  ];
}

/** What is in an object with content. Keys of a value that only the update knows are looked at in the update. */
function contentFindings({ type, props }: Resource): string[] {
  const parts: Readonly<Record<string, readonly string[]>> = {
    [secret]: ["data", "stringData", "type"],
    [configMap]: ["data"],
    [limitRange]: ["spec"],
  };
  return [
    ...expectKeys(props, [], ["apiVersion", "kind", "metadata", ...(parts[type] ?? [])]),
    ...(type === secret ? expectValue(props, ["type"], [undefined, "Opaque"]) : []),
    ...(type === limitRange ? limitFindings(props) : []),
  ];
}

function limitFindings(props: unknown): string[] {
  const limits = list(props, "spec", "limits");
  return [
    ...expectKeys(props, ["spec"], ["limits"]),
    ...(limits?.length === 1 ? [] : [`it has ${limits?.length ?? "no list of"} limits; allowed is one`]),
    ...(limits ?? []).flatMap((one) => [
      ...expectKeys(one, [], ["type", "default", "defaultRequest"]),
      ...expectValue(one, ["type"], ["Container"]),
    ]),
  ];
}

function workspaceFindings({ type, props, parent }: Resource): string[] {
  const isCommon = [namespace, profile, clusterRoleBinding].includes(type);
  const known = Object.hasOwn(workspaceObjects, type) ? workspaceObjects[type] : undefined;
  const name = text(props, "metadata", "name") ?? "";
  const keys = known && Object.hasOwn(known, name) ? (known[name] ?? []) : [];
  return [
    ...expectValue(props, ["metadata", "namespace"], [isCommon ? undefined : (parent?.name ?? "")]),
    ...(known ? expectValue(props, ["metadata", "name"], Object.keys(known)) : []),
    ...(known ? ["data", "stringData"].flatMap((part) => expectKeys(props, [part], keys)) : []),
  ];
}

/** Its names are the file's to choose; the rule about the whole stack holds them against the ledger. */
function applicationFindings({ type, props }: Resource): string[] {
  const place = text(props, "metadata", "namespace");
  const name = text(props, "metadata", "name") ?? "";
  const taken = [...Object.keys(workspaceObjects[type] ?? {}), "istio-ca-root-cert", "kube-root-ca.crt"];
  const keys = ["data", "stringData"].flatMap((part) => entries(props, part).map(([key]) => key));
  const strange = type === configMap ? keys.filter((key) => !/^OIDC_[A-Z_]+$/.test(key)) : [];
  return [
    ...(place === undefined || /^(?:kube|istio)-/.test(place)
      ? [`metadata.namespace is ${shown(at(props, "metadata", "namespace"))}, where no application runs`]
      : []),
    ...(taken.includes(name) ? [`metadata.name is ${shown(name)}, which is an object of a workspace or of Istio`] : []),
    ...expectKeys(props, ["metadata", "annotations"], []),
    ...strange.map((key) => `data.${key} is set; allowed are the endpoints, OIDC_...`),
    ...(type === secret && keys.length > 2 ? [`it has ${keys.length} keys; allowed are two`] : []),
  ];
}

/** A client's secret in another application's Secret is another application's client. */
export const applicationObjects = stackRule(
  {
    name: "application-objects",
    description: "What an application is told of its client stands in its own namespace, in the Secret of its file.",
    severity: "critical",
    remedy: "Change namespace or secret in the application's file; the program follows.",
  },
  (resources) => {
    const applications = at(ledgerOf(resources)?.props, "input", "applications");
    return resources
      .filter(({ type, parent }) => [secret, configMap].includes(type) && parent?.type === component.application)
      .flatMap((one) => elsewhere(one, applications));
  },
);

function elsewhere(one: Outcome, applications: unknown): Finding[] {
  const nameOf = (key: string) => text(one.props, "metadata", key) ?? "?";
  const written = text(applications, one.parent?.name ?? "", "secret") ?? "nothing";
  // The ledger has no name for a ConfigMap.
  const wanted = one.type === secret ? written : `${written.split("/")[0] ?? ""}/${nameOf("name")}`;
  const found = `${nameOf("namespace")}/${nameOf("name")}`;
  return found === wanted ? [] : [{ of: one, what: `it is ${shown(found)}, and the ledger says ${shown(wanted)}` }];
}
