import type * as k8s from "@pulumi/kubernetes";

/** A kind of Kubernetes object as the program and the API server know it. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Collection in the API server's addresses. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Properties a program may set, besides apiVersion, kind and metadata. */
  readonly properties: readonly string[];
  /** Paths whose change makes a new object, besides name and namespace. */
  readonly replacedBy?: readonly string[];
  /** Provider setting that lets all of `replacedBy` but `type` change in place. */
  readonly mutableWith?: "enableConfigMapMutable" | "enableSecretMutable";
  /** Below this path the server writes quantities in its own way. */
  readonly quantitiesIn?: string;
  /** Defined by the cluster itself: the server keeps such an object as it was written. */
  readonly custom?: true;
}

/** Every property that the SDK's arguments have, spelled out: a new SDK that has others does not compile. */
type Spelled<Args> = Record<Exclude<keyof Required<Args>, "apiVersion" | "kind" | "metadata">, true>;

function properties<Args>(spelled: Spelled<Args>): string[] {
  return Object.keys(spelled);
}

const rbac = "rbac.authorization.k8s.io/v1";

/** The kinds this program uses, by resource type. */
export const kinds: Readonly<Record<string, Kind>> = {
  "kubernetes:core/v1:Namespace": {
    apiVersion: "v1",
    kind: "Namespace",
    plural: "namespaces",
    namespaced: false,
    properties: properties<k8s.core.v1.NamespaceArgs>({ spec: true }),
  },
  "kubernetes:core/v1:LimitRange": {
    apiVersion: "v1",
    kind: "LimitRange",
    plural: "limitranges",
    namespaced: true,
    properties: properties<k8s.core.v1.LimitRangeArgs>({ spec: true }),
    quantitiesIn: "spec.limits",
  },
  "kubernetes:core/v1:ConfigMap": {
    apiVersion: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    namespaced: true,
    properties: properties<k8s.core.v1.ConfigMapArgs>({ binaryData: true, data: true, immutable: true }),
    replacedBy: ["binaryData", "data"],
    mutableWith: "enableConfigMapMutable",
  },
  "kubernetes:core/v1:Secret": {
    apiVersion: "v1",
    kind: "Secret",
    plural: "secrets",
    namespaced: true,
    properties: properties<k8s.core.v1.SecretArgs>({ data: true, immutable: true, stringData: true, type: true }),
    replacedBy: ["data", "stringData", "type"],
    mutableWith: "enableSecretMutable",
  },
  "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": {
    apiVersion: rbac,
    kind: "RoleBinding",
    plural: "rolebindings",
    namespaced: true,
    properties: properties<k8s.rbac.v1.RoleBindingArgs>({ roleRef: true, subjects: true }),
    replacedBy: ["roleRef"],
  },
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": {
    apiVersion: rbac,
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    namespaced: false,
    properties: properties<k8s.rbac.v1.ClusterRoleBindingArgs>({ roleRef: true, subjects: true }),
    replacedBy: ["roleRef"],
  },
  "kubernetes:kubeflow.org/v1:Profile": {
    apiVersion: "kubeflow.org/v1",
    kind: "Profile",
    plural: "profiles",
    namespaced: false,
    properties: ["spec"],
    custom: true,
  },
  "kubernetes:security.istio.io/v1:AuthorizationPolicy": {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    plural: "authorizationpolicies",
    namespaced: true,
    properties: ["spec"],
    custom: true,
  },
};
