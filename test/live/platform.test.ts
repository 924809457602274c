import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, DeleteBucketCommand } from "@aws-sdk/client-s3";
import {
  ApiException,
  ApiextensionsV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  type V1JSONSchemaProps,
} from "@kubernetes/client-node";
import { connect } from "../../sandbox/plugins/minio/client.ts";
import {
  authorizationPolicies,
  can,
  claims,
  environment,
  finishFirstLogin,
  keycloakAdmin,
  logIn,
  mayStore,
  rootStorage,
  storageFor,
  userId,
} from "./support/platform.ts";

/** The local platform alone, without anything that the program makes: its servers take one token of its realm. */
const user = "platform-probe";
const email = `${user}@example.com`;
const whole = "platform-probe:whole";
const part = "platform-probe:part";
const throughGroup = "platform-probe:through-group";
const bucket = "platform-probe";
const levels = ["admin", "edit", "view"] as const;
type Level = (typeof levels)[number];
const namespaceOf = (level: Level) => `platform-probe-${level}`;

const kubernetes = new KubeConfig();
kubernetes.loadFromFile(environment("KUBECONFIG"));
const core = kubernetes.makeApiClient(CoreV1Api);
const objects = KubernetesObjectApi.makeApiClient(kubernetes);

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [part: string]: unknown;
}

async function create(object: Manifest, dryRun?: "All"): Promise<void> {
  await objects.create(object, undefined, dryRun);
}

async function minioAdmin() {
  const { admin } = await connect({
    minioServer: environment("MINIO_ENDPOINT").replace("https://", ""),
    minioUser: environment("MINIO_ROOT_USER"),
    minioPassword: environment("MINIO_ROOT_PASSWORD"),
    minioCacertFile: environment("MINIO_CACERT"),
    minioSsl: true,
  });
  return admin;
}

async function makeUser(): Promise<void> {
  const keycloak = await keycloakAdmin();
  for (const name of [whole, part, throughGroup]) await keycloak.roles.create({ name });
  const role = async (name: string) => {
    const { id = "" } = (await keycloak.roles.findOneByName({ name })) ?? {};
    return { id, name };
  };
  await keycloak.roles.createComposite({ roleId: (await role(whole)).id }, [await role(part)]);
  const group = await keycloak.groups.create({ name: user });
  await keycloak.groups.addRealmRoleMappings({ id: group.id, roles: [await role(throughGroup)] });
  const { id } = await keycloak.users.create({
    username: user,
    email,
    emailVerified: true,
    enabled: true,
    firstName: "Platform",
    lastName: "Probe",
  });
  await keycloak.users.addRealmRoleMappings({ id, roles: [await role(whole)] });
  await keycloak.users.addToGroup({ id, groupId: group.id });
  await finishFirstLogin(user);
}

async function makeNamespaces(): Promise<void> {
  for (const level of levels) {
    const namespace = namespaceOf(level);
    await create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await create({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "probe", namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `kubeflow-${level}` },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: part }],
    });
  }
}

async function makeStorage(): Promise<void> {
  await rootStorage().send(new CreateBucketCommand({ Bucket: bucket }));
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["s3:ListBucket"], Resource: [`arn:aws:s3:::${bucket}`] }],
  };
  const admin = await minioAdmin();
  await admin("PUT", `/add-canned-policy?name=${encodeURIComponent(part)}`, JSON.stringify(policy));
}

async function remove(): Promise<void> {
  const keycloak = await keycloakAdmin();
  await keycloak.users.del({ id: await userId(user) });
  for (const { id = "" } of await keycloak.groups.find({ search: user, exact: true }))
    await keycloak.groups.del({ id });
  for (const name of [whole, part, throughGroup]) await keycloak.roles.delByName({ name });
  for (const level of levels) await core.deleteNamespace({ name: namespaceOf(level) });
  await rootStorage().send(new DeleteBucketCommand({ Bucket: bucket }));
  await (
    await minioAdmin()
  )("DELETE", `/remove-canned-policy?name=${encodeURIComponent(part)}`);
}

function api(path: string, token?: string, body?: unknown): Promise<Response> {
  const server = kubernetes.getCurrentCluster()?.server ?? "";
  return fetch(server + path, {
    headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
  });
}

suite("the local platform", () => {
  let token: string;
  before(async () => {
    await makeUser();
    await makeNamespaces();
    await makeStorage();
    token = await logIn(user);
  });
  after(remove);

  test("a token says who somebody is, with the roles of composites and groups", () => {
    const said = claims(token);
    assert.equal(said["email"], email);
    assert.equal(said["email_verified"], true);
    assert.equal(said["preferred_username"], user);
    assert.deepEqual(said["groups"], [`/${user}`]);
    const roles = said["roles"] as string[];
    for (const role of [whole, part, throughGroup]) assert.ok(roles.includes(role), `${role} is in ${roles.join()}`);
    assert.ok([said["aud"]].flat().includes(environment("OIDC_CLIENT_ID")));
  });

  test("the API server knows the bearer by e-mail address and roles", async () => {
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const response = await api("/apis/authentication.k8s.io/v1/selfsubjectreviews", token, body);
    const { status } = (await response.json()) as { status: { userInfo: { username: string; groups: string[] } } };
    assert.equal(status.userInfo.username, email);
    assert.ok(status.userInfo.groups.includes(part));
  });

  test("the API server refuses who has no token, and a token that is not for it", async () => {
    assert.equal((await api("/api/v1/namespaces")).status, 401);
    const forOthers = await fetch(`${environment("OIDC_ISSUER_URL")}/protocol/openid-connect/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "password",
        client_id: "admin-cli",
        username: user,
        password: "Chosen-at-first-login-1",
      }),
    });
    const { access_token: other } = (await forOthers.json()) as { access_token: string };
    assert.ok(other);
    assert.equal((await api("/api/v1/namespaces", other)).status, 401);
  });

  test("a realm role cannot make anybody an administrator of the cluster", async () => {
    const keycloak = await keycloakAdmin();
    const name = "system:masters";
    await keycloak.roles.create({ name });
    const { id = "" } = (await keycloak.roles.findOneByName({ name })) ?? {};
    try {
      await keycloak.users.addRealmRoleMappings({ id: await userId(user), roles: [{ id, name }] });
      assert.equal((await api("/api/v1/namespaces", await logIn(user))).status, 401);
    } finally {
      await keycloak.roles.delByName({ name });
    }
  });

  const rights: readonly (readonly [verb: string, what: string, Record<Level, boolean>])[] = [
    ["list", "pods", { admin: true, edit: true, view: true }],
    ["list", "resourcequotas", { admin: true, edit: true, view: true }],
    ["get", "secrets", { admin: true, edit: true, view: false }],
    ["create", "pods", { admin: true, edit: true, view: false }],
    ["create", "notebooks.kubeflow.org", { admin: true, edit: true, view: false }],
    ["list", "notebooks.kubeflow.org", { admin: true, edit: true, view: true }],
    ["list", "authorizationpolicies.security.istio.io", { admin: true, edit: true, view: true }],
    ["create", "authorizationpolicies.security.istio.io", { admin: false, edit: false, view: false }],
    ["create", "rolebindings.rbac.authorization.k8s.io", { admin: true, edit: false, view: false }],
    ["delete", "resourcequotas", { admin: false, edit: false, view: false }],
    ["update", "limitranges", { admin: false, edit: false, view: false }],
  ];
  for (const [verb, what, expected] of rights) {
    test(`who may ${verb} ${what}`, async () => {
      for (const level of levels) {
        assert.equal(await can(token, verb, what, namespaceOf(level)), expected[level], `kubeflow-${level}`);
      }
    });
  }

  test("MinIO gives what the policy of a role allows, and no more", async () => {
    const storage = await storageFor(token);
    assert.ok(storage, "MinIO takes the token");
    assert.equal(await mayStore(storage, "list", bucket), true);
    assert.equal(await mayStore(storage, "put", bucket), false);
  });

  test("the API server checks Profiles and AuthorizationPolicies", async () => {
    const profile = { kind: "Profile", metadata: { name: "platform-probe" } };
    const policy = {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: "platform-probe", namespace: namespaceOf("edit") },
    };
    for (const version of ["v1", "v1beta1"]) {
      const versioned = { ...profile, apiVersion: `kubeflow.org/${version}` };
      await create({ ...versioned, spec: { owner: { kind: "User", name: email } } }, "All");
      await assert.rejects(create({ ...versioned, spec: { owner: { kind: "User" } } }, "All"), isInvalid);
    }
    const schema = await specSchema("profiles.kubeflow.org");
    assert.equal(schema?.["owner"]?.x_kubernetes_map_type, "atomic", "an owner is replaced as a whole");
    await create({ ...policy, spec: { action: "DENY", rules: [{}] } }, "All");
    await assert.rejects(create({ ...policy, spec: { action: "PERMIT" } }, "All"), isInvalid);
  });

  test("the gateway exempts the same paths from the login and from the check of it", async () => {
    const policies = (await authorizationPolicies()).filter(({ metadata }) => metadata.namespace === "istio-system");
    const exempt = (name: string) =>
      policies.find(({ metadata }) => metadata.name === name)?.spec?.rules?.[0]?.to?.[0]?.operation.notPaths;
    assert.ok(exempt("istio-ingressgateway-require-jwt")?.includes("/auth/*"));
    assert.deepEqual(exempt("istio-ingressgateway-oauth2-proxy"), exempt("istio-ingressgateway-require-jwt"));
  });

  test("a namespace that is deleted goes, with what is in it", { timeout: 60_000 }, async () => {
    const name = "platform-probe-gone";
    await create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    await create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "content", namespace: name } });
    await core.deleteNamespace({ name });
    while (await isThere(name)) await sleep(200);
  });
});

async function specSchema(name: string): Promise<Record<string, V1JSONSchemaProps> | undefined> {
  const { spec } = await kubernetes.makeApiClient(ApiextensionsV1Api).readCustomResourceDefinition({ name });
  return spec.versions[0]?.schema?.openAPIV3Schema?.properties?.["spec"]?.properties;
}

function isInvalid(error: unknown): boolean {
  return error instanceof ApiException && error.code === 422;
}

async function isThere(namespace: string): Promise<boolean> {
  try {
    await core.readNamespace({ name: namespace });
    return true;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return false;
    throw error;
  }
}
