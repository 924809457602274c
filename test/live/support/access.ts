import { isAllowed } from "../../support/istio.ts";
import { authorizationPolicies, can, logIn, mayStore, storageFor } from "./platform.ts";

/** What somebody can do in a workspace, tried on every plane after a fresh login. */
export interface Access {
  readonly "list pods": boolean;
  readonly "create pods": boolean;
  readonly "read objects": boolean;
  readonly "write objects": boolean;
  readonly network: boolean;
}

export const nothing: Access = {
  "list pods": false,
  "create pods": false,
  "read objects": false,
  "write objects": false,
  network: false,
};
export const everything: Access = {
  "list pods": true,
  "create pods": true,
  "read objects": true,
  "write objects": true,
  network: true,
};
export const reading: Access = { ...everything, "create pods": false, "write objects": false };

const gateway = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";

/**
 * Uses the access: a token, reviews by the API server, S3 calls, and the network policies. `seed` must be in the data
 * bucket.
 *
 * @param token one that the person has; by default a fresh one for the password that tests give
 */
export async function accessOf(username: string, workspace: string, token?: string): Promise<Access> {
  return accessWith(token ?? (await logIn(username)), username, workspace);
}

async function accessWith(token: string, username: string, workspace: string): Promise<Access> {
  const client = await storageFor(token);
  return {
    "list pods": await can(token, "list", "pods", workspace),
    "create pods": await can(token, "create", "pods", workspace),
    "read objects": await mayStore(client, "get", `${workspace}-data`),
    "write objects": await mayStore(client, "put", `${workspace}-data`),
    network: await isLetIn(`${username}@example.com`, workspace),
  };
}

/** Whether the mesh lets somebody through the gateway into a workspace. */
export async function isLetIn(email: string, workspace: string): Promise<boolean> {
  const request = { namespace: workspace, principal: gateway, headers: { "kubeflow-userid": email } };
  return isAllowed(await authorizationPolicies(), request);
}
