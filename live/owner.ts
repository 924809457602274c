import { type Cluster, istioPolicies, unlessGone } from "./cluster.ts";

/** What Kubeflow's Profile controller makes for the owner (kubeflow/dashboard, profile_controller.go). */
export const ownersObjects = { roleBinding: "namespaceAdmin", authorizationPolicy: "ns-owner-access-istio" } as const;

/**
 * The last step of a change of owner (reference: kubeflow/kubeflow#6576): the controller rewrites the subjects of its
 * two objects but leaves their annotation `user`, by which KFAM and the dashboard tell who owns a namespace. Without a
 * controller there is nothing to do.
 */
export async function rewriteOwnerAnnotations(
  { rbac, custom }: Cluster,
  namespace: string,
  owner: string,
): Promise<void> {
  const body = [{ op: "add", path: "/metadata/annotations/user", value: owner }];
  await unlessGone(rbac.patchNamespacedRoleBinding({ namespace, name: ownersObjects.roleBinding, body }));
  await unlessGone(
    custom.patchNamespacedCustomObject({
      ...istioPolicies,
      namespace,
      name: ownersObjects.authorizationPolicy,
      body,
    }),
  );
}
