import type { S3Client } from "@aws-sdk/client-s3";
import type { Action } from "../../support/intended.ts";
import { type AuthorizationPolicy, isAllowed } from "../../support/istio.ts";
import { authorizationPolicies, can, keycloakAdmin, mayStore, read, storageFor, tokenFor } from "./platform.ts";

const password = "Chosen-at-first-login-2";
const istioOwner = {
  gateway: "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account",
  pipelines: "cluster.local/ns/kubeflow/sa/ml-pipeline-ui",
};

/** Somebody who has tried to log in; without a token nothing but the mesh knows them. */
export interface Login {
  readonly token: string | undefined;
  readonly storage: S3Client | undefined;
}

/** What everybody does at the first login, for accounts that are new: a password, and nothing left to do. */
export async function finishFirstLogins(usernames: readonly string[]): Promise<void> {
  const { users } = await keycloakAdmin();
  for (const username of usernames) {
    const [account] = await users.find({ username, exact: true, briefRepresentation: false });
    const credentials = [{ type: "password", value: password, temporary: false }];
    await users.update({ id: account?.id ?? "" }, { ...account, requiredActions: [], credentials });
  }
}

/** Logs in once, in Keycloak and with its token at the object store. */
export async function tryLogIn(username: string): Promise<Login> {
  const { token } = await tokenFor(username, password);
  return { token, storage: token === undefined ? undefined : await storageFor(token) };
}

/** The mesh as it stands: what the cluster's policies say where there is a Profile. */
export class Mesh {
  readonly #policies: readonly AuthorizationPolicy[];
  readonly #profiles: ReadonlySet<string>;

  private constructor(policies: readonly AuthorizationPolicy[], profiles: ReadonlySet<string>) {
    this.#policies = policies;
    this.#profiles = profiles;
  }

  static async read(): Promise<Mesh> {
    const profiles = await read("kubeflow.org/v1", "Profile");
    const names = profiles.items.map(({ metadata }) => metadata.name ?? "");
    return new Mesh([...(await authorizationPolicies()), ...names.map(ownerPolicy)], new Set(names));
  }

  /** Whether a request on behalf of an address gets in: through the gateway, or by the Pipelines UI. */
  lets(email: string, workspace: string, through: "gateway" | "pipelines"): boolean {
    // Without a Profile there is nothing to get in to.
    return this.#profiles.has(workspace) && isAllowed(this.#policies, this.#request(email, workspace, through));
  }

  #request(email: string, namespace: string, through: "gateway" | "pipelines") {
    return {
      namespace,
      principal: istioOwner[through],
      headers: { "kubeflow-userid": email },
      path: `/notebook/${namespace}/nb/lab`,
    };
  }
}

/** What Kubeflow's Profile controller, which the local platform does not have, puts into every namespace. */
function ownerPolicy(namespace: string): AuthorizationPolicy {
  return {
    metadata: { name: "ns-owner-access-istio", namespace },
    spec: { action: "ALLOW", rules: [{ when: [{ key: "source.namespace", values: [namespace] }] }] },
  };
}

/** What the servers say to somebody who tries. */
export async function isLetThrough(action: Action, { token, storage }: Login, email: string, mesh: Mesh) {
  const { plane, workspace } = action;
  switch (plane) {
    case "kubernetes":
      return token !== undefined && (await can(token, action.verb, action.resource, workspace));
    case "storage":
      return mayStore(storage, action.verb, `${workspace}-${action.bucket}`);
    case "network":
      return mesh.lets(email, workspace, action.through);
  }
}
