import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { AuthenticationV1TokenRequest, CoreV1Api, KubeConfig, V1TokenRequestSpec } from "@kubernetes/client-node";
import { parse } from "yaml";
import { connect as connectStore } from "../../../sandbox/plugins/minio/client.ts";
import { create, environment, realm, remove } from "./platform.ts";

/** What docs/threat-model.md gives the identity of previews on each plane. */
export interface Rights {
  readonly keycloakRoles: readonly string[];
  /** Of the identity of updates. */
  readonly updateRoles: readonly string[];
  readonly clusterRole: { readonly rules: readonly object[] };
  readonly role: { readonly rules: readonly object[] };
  readonly storePolicy: { readonly Statement: readonly { readonly Action: readonly string[] }[] };
}

/** Reads the blocks of the document, so that what is tried is what people are told to make. */
export function documentedRights(): Rights {
  const page = readFileSync("docs/threat-model.md", "utf8");
  const [roles, clusterRole, role, storePolicy, updates, ...more] = [
    ...page.matchAll(/```(?:yaml|json)\n([\s\S]*?)```/g),
  ].map(([, block = ""]) => parse(block) as unknown);
  assert.deepEqual(more, []);
  const keycloakRoles = (roles as { roles: string[] }).roles;
  const updateRoles = (updates as { roles: string[] }).roles;
  return { keycloakRoles, updateRoles, clusterRole, role, storePolicy } as Rights;
}

const name = "prokube-access-preview";
const account = { name, namespace: "default" };

/** An identity with rights of its own on each plane, and the variables that let the program use it. */
export class ReadOnlyIdentity {
  readonly #folder = mkdtempSync(join(tmpdir(), "prokube-access-"));
  readonly #clientSecret = randomBytes(24).toString("hex");
  readonly #storeSecret = randomBytes(16).toString("hex");
  /** What it shows the API server. */
  token = "";
  readonly kubeconfig = join(this.#folder, "kubeconfig");

  /** Makes the identity, or gives it other rights than it had. */
  async grant({ keycloakRoles, clusterRole, role, storePolicy }: Rights): Promise<void> {
    await this.#removeFromCluster();
    await create(JSON.stringify(clusterRole));
    await create(JSON.stringify(role));
    await create(bindings);
    const { admin } = await administrator();
    await admin("PUT", `/add-canned-policy?name=${name}`, JSON.stringify(storePolicy));
    await giveRoles(name, keycloakRoles);
  }

  /** Makes the accounts, without rights. */
  async make(): Promise<void> {
    await makeServiceAccount(name, this.#clientSecret);
    await create(serviceAccount);
    await this.#writeKubeconfig();
    const { admin, adminSealed } = await administrator();
    await adminSealed("PUT", `/add-user?accessKey=${name}`, { secretKey: this.#storeSecret, status: "enabled" });
    await admin("PUT", `/add-canned-policy?name=${name}`, JSON.stringify(documentedRights().storePolicy));
    await admin("PUT", `/set-user-or-group-policy?policyName=${name}&userOrGroup=${name}&isGroup=false`);
  }

  async remove(): Promise<void> {
    await removeServiceAccount(name);
    await this.#removeFromCluster();
    await remove(serviceAccount);
    const { admin } = await administrator();
    await admin("DELETE", `/remove-user?accessKey=${name}`);
    await admin("DELETE", `/remove-canned-policy?name=${name}`);
    rmSync(this.#folder, { recursive: true });
  }

  /** What CI sets; what it does not set is undefined. */
  get variables(): Readonly<Record<string, string | undefined>> {
    return {
      KEYCLOAK_USER: undefined,
      KEYCLOAK_PASSWORD: undefined,
      KEYCLOAK_CLIENT_ID: name,
      KEYCLOAK_CLIENT_SECRET: this.#clientSecret,
      KUBECONFIG: this.kubeconfig,
      MINIO_ROOT_USER: name,
      MINIO_ROOT_PASSWORD: this.#storeSecret,
    };
  }

  /** Does something with this identity in place of the administrator's. */
  async act<T>(action: () => Promise<T>): Promise<T> {
    const before = Object.keys(this.variables).map((variable) => [variable, process.env[variable]] as const);
    const set = (variables: readonly (readonly [string, string | undefined])[]) => {
      for (const [variable, value] of variables) {
        if (value === undefined) Reflect.deleteProperty(process.env, variable);
        else process.env[variable] = value;
      }
    };
    set(Object.entries(this.variables));
    try {
      return await action();
    } finally {
      set(before);
    }
  }

  async #removeFromCluster(): Promise<void> {
    const { clusterRole, role } = documentedRights();
    await remove(bindings);
    await remove(JSON.stringify(role));
    await remove(JSON.stringify(clusterRole));
  }

  async #writeKubeconfig(): Promise<void> {
    const config = new KubeConfig();
    config.loadFromFile(environment("KUBECONFIG"));
    const cluster = config.getCurrentCluster();
    assert.ok(cluster);
    const body = new AuthenticationV1TokenRequest();
    body.spec = new V1TokenRequestSpec();
    body.spec.audiences = [];
    const core = config.makeApiClient(CoreV1Api);
    const { status } = await core.createNamespacedServiceAccountToken({ ...account, body });
    assert.ok(status?.token);
    this.token = status.token;
    const own = new KubeConfig();
    own.loadFromClusterAndUser(cluster, { name: account.name, token: status.token });
    writeFileSync(this.kubeconfig, own.exportConfig(), { mode: 0o600 });
  }
}

const serviceAccount = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${account.name}, namespace: ${account.namespace} }
`;

const bindings = ["ClusterRole", "Role"]
  .map(
    (kind) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
metadata: { name: ${name}${kind === "Role" ? ", namespace: kubeflow" : ""} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: ${name} }
subjects: [{ kind: ServiceAccount, name: ${account.name}, namespace: ${account.namespace} }]
`,
  )
  .join("---");

/** MinIO's administration API, for its root. */
function administrator() {
  return connectStore({
    minioServer: environment("MINIO_ENDPOINT").replace("https://", ""),
    minioUser: environment("MINIO_ROOT_USER"),
    minioPassword: environment("MINIO_ROOT_PASSWORD"),
    minioCacertFile: environment("MINIO_CACERT"),
    minioSsl: true,
  });
}

async function masterRealm(): Promise<KeycloakAdminClient> {
  const client = new KeycloakAdminClient({ baseUrl: environment("KEYCLOAK_URL"), realmName: "master" });
  await client.auth({
    grantType: "password",
    clientId: "admin-cli",
    username: environment("KEYCLOAK_USER"),
    password: environment("KEYCLOAK_PASSWORD"),
  });
  return client;
}

/** Makes a client of Keycloak's own realm that logs in as itself. */
export async function makeServiceAccount(clientId: string, secret: string): Promise<void> {
  const service = { publicClient: false, standardFlowEnabled: false, serviceAccountsEnabled: true };
  await (await masterRealm()).clients.create({ clientId, secret, ...service });
}

/** Gives it exactly these roles in the platform's realm. */
export async function giveRoles(clientId: string, names: readonly string[]): Promise<void> {
  const { clients, users } = await masterRealm();
  const [client] = await clients.find({ clientId });
  const [ofRealm] = await clients.find({ clientId: `${realm}-realm` });
  assert.ok(client?.id && ofRealm?.id);
  const { id = "" } = await clients.getServiceAccountUser({ id: client.id });
  const of = { id, clientUniqueId: ofRealm.id };
  const all = (await clients.listRoles({ id: ofRealm.id })).flatMap((one) =>
    one.id !== undefined && one.name !== undefined ? [{ id: one.id, name: one.name }] : [],
  );
  await users.delClientRoleMappings({ ...of, roles: all });
  const roles = all.filter((one) => names.includes(one.name));
  assert.equal(roles.length, names.length);
  await users.addClientRoleMappings({ ...of, roles });
}

export async function removeServiceAccount(clientId: string): Promise<void> {
  const { clients } = await masterRealm();
  const [client] = await clients.find({ clientId });
  if (client?.id !== undefined) await clients.del({ id: client.id });
}
