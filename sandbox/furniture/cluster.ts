import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ApiException,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  loadAllYaml,
  PatchStrategy,
  RbacAuthorizationV1Api,
} from "@kubernetes/client-node";
import type { Instance } from "../instance.ts";

import { Problem } from "../problem.ts";

/** What a cluster with Kubeflow and Istio has before this program: in this order, because the last needs the first. */
const manifests = ["crds.yaml", "namespaces.yaml", "roles.yaml", "ingress.yaml"];

const attempts = 150;
const pause = 200;

/** Applies the platform's own objects; a second time changes nothing. */
export async function furnishCluster(instance: Instance): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(instance.path("kubeconfig"));
  const api = KubernetesObjectApi.makeApiClient(config);
  for (const file of manifests) {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    // The client's own reader: what another one gives, the client sends without enum and x-kubernetes-*.
    for (const object of loadAllYaml(text) as KubernetesObject[]) await apply(api, object);
  }
  await Promise.all(["kubeflow-admin", "kubeflow-edit", "kubeflow-view"].map((role) => untilGathered(config, role)));
}

/** The controller manager fills the three roles from their parts; until then they give nothing. */
async function untilGathered(config: KubeConfig, name: string): Promise<void> {
  const api = config.makeApiClient(RbacAuthorizationV1Api);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const { rules } = await api.readClusterRole({ name });
    if (rules && rules.length > 0) return;
    await sleep(pause);
  }
  throw new Problem(`the ClusterRole ${name} has no rules yet: kube-controller-manager does not gather them`);
}

/** A kind is known to the API server a moment after its definition. */
async function apply(api: KubernetesObjectApi, object: KubernetesObject): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await api.patch(object, undefined, undefined, "local-platform", true, PatchStrategy.ServerSideApply);
      return;
    } catch (error) {
      const unknownKind = error instanceof ApiException ? error.code === 404 : /Unrecognized API/.test(String(error));
      if (!unknownKind || attempt === attempts) throw error;
      await sleep(pause);
    }
  }
}
