import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  RbacAuthorizationV1Api,
  type V1ObjectMeta,
  type V1RoleBinding,
} from "@kubernetes/client-node";
import { registeredApplications } from "../access/application.ts";
import { canonical, type LiveObject, type ObjectKind, stackInLabels } from "../access/inventory.ts";
import { limitRangeName, pipelineObjects } from "../access/names.ts";
import { bindingAccess } from "../access/objects.ts";
import type { Plan } from "../access/resolve.ts";
import type { Connection } from "./connection.ts";

export const istioPolicies = { group: "security.istio.io", version: "v1", plural: "authorizationpolicies" } as const;
export const profiles = { group: "kubeflow.org", version: "v1", plural: "profiles" } as const;

/** The compute and network planes, as administrators see them. */
export class Cluster {
  readonly core: CoreV1Api;
  readonly rbac: RbacAuthorizationV1Api;
  readonly apps: AppsV1Api;
  readonly custom: CustomObjectsApi;

  constructor({ kubeconfig, context }: Connection["kubernetes"]) {
    const config = new KubeConfig();
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromString(kubeconfig);
    if (context !== undefined) config.setCurrentContext(context);
    this.core = config.makeApiClient(CoreV1Api);
    this.rbac = config.makeApiClient(RbacAuthorizationV1Api);
    this.apps = config.makeApiClient(AppsV1Api);
    this.custom = config.makeApiClient(CustomObjectsApi);
  }

  /** What no other cluster shares: the UID of the namespace that every cluster begins with. */
  async id(): Promise<string | undefined> {
    const { metadata } = await this.core.readNamespace({ name: "kube-system" });
    return metadata?.uid;
  }

  /** Every object of the kinds that the program makes, by a handful of lists. */
  async objects(plan: Plan): Promise<LiveObject[]> {
    const named = (name: string) => ({ fieldSelector: `metadata.name=${name}` });
    const { artifactSecret, workloadSecret, launcherConfig, artifactRepositories } = pipelineObjects;
    const lists: Promise<LiveObject[]>[] = [
      this.core.listNamespace().then(({ items }) =>
        items.map(({ metadata }) => ({
          ...toObject("namespace", metadata),
          ...ownedBy(metadata?.annotations?.["owner"]),
        })),
      ),
      this.#custom(profiles).then((items) =>
        items.map(({ metadata, spec }) => ({ ...toObject("Profile", metadata), ...ownedBy(spec?.owner?.name) })),
      ),
      this.core
        .listLimitRangeForAllNamespaces(named(limitRangeName))
        .then(({ items }) => items.map(({ metadata }) => toObject("LimitRange", metadata))),
      ...[artifactSecret, workloadSecret].map(async (name) =>
        this.core
          .listSecretForAllNamespaces(named(name))
          .then(({ items }) => items.map(({ metadata }) => toObject("Secret", metadata))),
      ),
      ...[launcherConfig, artifactRepositories].map(async (name) =>
        this.core
          .listConfigMapForAllNamespaces(named(name))
          .then(({ items }) => items.map(({ metadata }) => toObject("ConfigMap", metadata))),
      ),
      this.rbac.listRoleBindingForAllNamespaces().then(({ items }) => items.map((one) => binding("RoleBinding", one))),
      this.rbac.listClusterRoleBinding().then(({ items }) => items.map((one) => binding("ClusterRoleBinding", one))),
      this.#custom(istioPolicies).then((items) =>
        items.map(({ metadata, spec }) => ({
          ...toObject("AuthorizationPolicy", metadata),
          access: canonical(spec),
          people: addressesIn(spec),
        })),
      ),
    ];
    return (await Promise.all([...lists, this.#ofApplications(plan)])).flat();
  }

  /** What applications are told is found by its name: nobody reads all Secrets of a cluster. */
  async #ofApplications({ applications }: Plan): Promise<LiveObject[]> {
    const found = registeredApplications(applications).flatMap(({ namespace, secret, environment }) => [
      unlessGone(this.core.readNamespacedSecret({ namespace, name: secret.name })).then((one) =>
        one ? [toObject("Secret", one.metadata)] : [],
      ),
      ...(environment === undefined
        ? []
        : [
            unlessGone(this.core.readNamespacedConfigMap({ namespace, name: environment })).then((one) =>
              one ? [toObject("ConfigMap", one.metadata)] : [],
            ),
          ]),
    ]);
    return (await Promise.all(found)).flat();
  }

  /**
   * Whether Kubeflow's dashboard offers a Profile to everybody who logs in (seed 002 has it off): what its Deployment
   * says, and where that is silent its binary's own default, which is on.
   */
  async registrationFlow(): Promise<boolean> {
    const { items } = await this.apps.listNamespacedDeployment({ namespace: "kubeflow" });
    return items
      .filter(({ metadata }) => metadata?.name === "centraldashboard" || metadata?.name === "dashboard")
      .flatMap(({ spec }) => spec?.template.spec?.containers ?? [])
      .filter(({ name }) => name === "centraldashboard" || name === "dashboard")
      .some(({ env = [] }) => env.find(({ name }) => name === "REGISTRATION_FLOW")?.value !== "false");
  }

  async #custom(kind: { group: string; version: string; plural: string }): Promise<CustomObject[]> {
    const list: unknown = await unlessGone(this.custom.listClusterCustomObject(kind));
    if (list === undefined) throw new Error(`${kind.plural}.${kind.group} is not installed in the cluster`);
    return (list as { items: CustomObject[] }).items;
  }
}

/** The part of an object's metadata that is looked at. */
export type Metadata = Pick<V1ObjectMeta, "name" | "namespace" | "labels" | "resourceVersion">;

/** The parts of a Profile or an AuthorizationPolicy that are looked at. */
interface CustomObject {
  metadata?: Metadata;
  spec?: { owner?: { name?: string }; rules?: Rule[] };
}

/** A rule of an AuthorizationPolicy, as far as it names people. */
export interface Rule {
  when?: { key: string; values?: string[] }[];
}

function toObject(kind: ObjectKind, metadata: Metadata | undefined): LiveObject {
  const { name = "", namespace, labels } = metadata ?? {};
  const id = namespace === undefined ? name : `${namespace}/${name}`;
  const stack = stackInLabels(labels);
  return { kind, name: id, id, ...(stack !== undefined && { stack }) };
}

function ownedBy(owner: string | undefined): { owner?: string } {
  return owner === undefined ? {} : { owner };
}

function binding(
  kind: "RoleBinding" | "ClusterRoleBinding",
  { metadata, roleRef, subjects = [] }: Pick<V1RoleBinding, "metadata" | "roleRef" | "subjects">,
): LiveObject {
  return {
    ...toObject(kind, metadata),
    access: bindingAccess(
      roleRef.name,
      subjects.map((subject) => `${subject.kind} ${subject.name}`),
    ),
    people: subjects.filter((subject) => subject.kind === "User").map(({ name }) => name),
  };
}

function addressesIn(spec: CustomObject["spec"]): string[] {
  return (spec?.rules ?? []).flatMap(({ when = [] }) => when.flatMap(({ values = [] }) => values));
}

/** The answer about one object, or undefined when it is not there. */
export async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}
