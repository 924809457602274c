import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { GetObjectCommand, PutObjectCommand, S3ServiceException } from "@aws-sdk/client-s3";
import KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { KubeConfig } from "@kubernetes/client-node";
import { loadDesiredState } from "../../access/load.ts";
import { resolve, today } from "../../access/resolve.ts";
import type { Connection } from "../../live/connection.ts";
import { readSnapshot } from "../../live/snapshot.ts";
import { connect, survey, SurveyError } from "../../live/survey.ts";
import { connect as connectStore, Refusal } from "../../sandbox/plugins/minio/client.ts";
import { environment, exists, realm, s3Client, seedBucket } from "./support/platform.ts";
import { documentedRights, ReadOnlyIdentity, type Rights } from "./support/readOnlyIdentity.ts";
import { person, type Project, smallProject } from "./support/stack.ts";

/** The identity of previews, made as docs/threat-model.md says: it sees what updates see, and changes nothing. */
const stack = "readonly";
const rights = documentedRights();
const identity = new ReadOnlyIdentity();
let project: Project;

/** MinIO remembers whose buckets it keeps, so a second run on the same platform needs another name. */
const fresh = `ro-${Date.now().toString(36)}`;
const initial = {
  "users/ro-alice.yaml": person("ro-alice"),
  "users/ro-bob.yaml": person("ro-bob"),
  "workspaces/ro-team.yaml": "name: ro-team\nmembers:\n  - user: ro-alice\n    role: edit\n",
};
/** A workspace that was here; its buckets stay. */
const returning = { "workspaces/ro-back.yaml": "name: ro-back\n" };
/** Something new, something changed and something gone on every plane. */
const change = {
  [`workspaces/${fresh}.yaml`]: `name: ${fresh}\nmembers:\n  - user: ro-bob\n    role: view\n`,
  "workspaces/ro-team.yaml": "name: ro-team\nquota: { pods: 3 }\nmembers:\n  - user: ro-bob\n    role: edit\n",
};

before(async () => {
  project = await smallProject(stack, { ...initial, ...returning });
  project.edit({ "workspaces/ro-back.yaml": undefined });
  await project.up();
  await identity.make();
  await identity.grant(rights);
  await seedBucket("ro-team-data");
  project.edit(change);
});
after(async () => {
  await identity.remove();
  await project.destroy();
});

suite("a preview with the documented rights", () => {
  test("shows what an administrator's shows", async () => {
    const expected = await stepsOfPreview();
    assert.ok(expected.some((step) => step.startsWith("create kubernetes:kubeflow.org/v1:Profile")));
    assert.ok(expected.some((step) => step.startsWith("create minio:index/s3Bucket:S3Bucket")));
    assert.ok(expected.some((step) => step.startsWith("delete ")));
    assert.deepEqual(await identity.act(() => stepsOfPreview()), expected);
  });

  test("of buckets that come back, or with a refresh, needs s3:ListBucket as well", async () => {
    project.edit(returning);
    const refreshed = ["--refresh", "--run-program"];
    const expected = await stepsOfPreview(...refreshed);
    assert.ok(expected.includes("import minio:index/s3Bucket:S3Bucket ro-back-bucket-data"));
    await assert.rejects(() => identity.act(() => stepsOfPreview()), /'ro-back-(?:data|mlpipeline)' does not exist/);
    await identity.grant({ ...rights, storePolicy: withListing(rights.storePolicy) });
    assert.deepEqual(await identity.act(() => stepsOfPreview(...refreshed)), expected);
    project.edit({ "workspaces/ro-back.yaml": undefined });
    await identity.grant(rights);
  });

  test("needs each of Keycloak's roles", async () => {
    for (const role of rights.keycloakRoles) {
      const without = { ...rights, keycloakRoles: rights.keycloakRoles.filter((other) => other !== role) };
      assert.match(await refusalWith(without), /^Keycloak could not be read/, role);
    }
  });

  test("needs each of the cluster's rules", async () => {
    const { clusterRole, role } = rights;
    for (const [index, rule] of clusterRole.rules.entries()) {
      const rules = clusterRole.rules.toSpliced(index, 1);
      const told = await refusalWith({ ...rights, clusterRole: { ...clusterRole, rules } });
      assert.match(told, /^Kubernetes could not be read/, JSON.stringify(rule));
    }
    assert.match(await refusalWith({ ...rights, role: { ...role, rules: [] } }), /^Kubernetes could not be read/);
  });

  test("needs each of MinIO's actions, but for those that only a refresh needs, and groups that nobody is in", async () => {
    const { storePolicy } = rights;
    const needless = [];
    for (const action of storePolicy.Statement.flatMap(({ Action }) => Action)) {
      const Statement = storePolicy.Statement.map((one) => ({
        ...one,
        Action: one.Action.filter((other) => other !== action),
      })).filter(({ Action }) => Action.length > 0);
      const told = await refusalWith({ ...rights, storePolicy: { ...storePolicy, Statement } });
      if (told === "") needless.push(action);
      else assert.match(told, /^MinIO could not be read/);
    }
    assert.deepEqual(needless, ["admin:GetGroup", "admin:GetPolicy", "admin:ListServiceAccounts"]);
  });
});

suite("with the documented rights nobody can write", () => {
  before(() => identity.grant(rights));

  test("in Keycloak", async () => {
    const keycloak = await asIdentity();
    const [alice] = await keycloak.users.find({ username: "ro-alice", exact: true });
    const role = await keycloak.roles.findOneByName({ name: "pk:ro-team" });
    assert.ok(alice?.id && role?.id, "it may look");
    const { id } = alice;
    const roles = [{ id: role.id, name: "pk:ro-team" }];
    await denied(() => keycloak.users.create({ username: "ro-mallory" }));
    await denied(() => keycloak.users.update({ id }, { enabled: false }));
    await denied(() => keycloak.users.resetPassword({ id, credential: { type: "password", value: "x" } }));
    await denied(() => keycloak.users.addRealmRoleMappings({ id, roles }));
    await denied(() => keycloak.roles.create({ name: "ro-role" }));
    await denied(() => keycloak.groups.create({ name: "ro-group" }));
    await denied(() => keycloak.clients.create({ clientId: "ro-client" }));
    await denied(() => keycloak.realms.update({ realm }, { verifyEmail: false }));
  });

  test("and not look into the realm of administrators, where the client of updates belongs", async () => {
    const keycloak = await asIdentity();
    keycloak.setConfig({ realmName: "master" });
    await denied(() => keycloak.clients.find());
    await denied(() => keycloak.users.find());
    keycloak.setConfig({ realmName: realm });
    const [client] = await keycloak.clients.find({ clientId: environment("OIDC_CLIENT_ID") });
    assert.ok(client, "in the platform's realm it may");
  });

  test("in Kubernetes", async () => {
    const inTeam = "/api/v1/namespaces/ro-team";
    const bindings = "/apis/rbac.authorization.k8s.io/v1";
    const named = (name: string) => ({ metadata: { name } });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
    for (const [method, path, body] of [
      ["GET", "/api/v1/secrets"],
      ["GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dother"],
      ["GET", "/api/v1/namespaces/kube-system/secrets"],
      ["GET", "/api/v1/configmaps"],
      ["GET", `${inTeam}/pods`],
      ["POST", "/api/v1/namespaces", named("ro-other")],
      ["DELETE", inTeam],
      ["POST", `${inTeam}/secrets`, named("ro-secret")],
      ["POST", `${inTeam}/serviceaccounts/default/token`, { spec: { audiences: [] } }],
      ["POST", `${bindings}/namespaces/ro-team/rolebindings`, { ...named("ro-binding"), roleRef }],
      ["DELETE", `${bindings}/namespaces/ro-team/rolebindings/pk-edit`],
      ["POST", `${bindings}/clusterrolebindings`, { ...named("ro-binding"), roleRef }],
      ["DELETE", "/apis/kubeflow.org/v1/profiles/ro-team"],
      ["DELETE", "/apis/security.istio.io/v1/namespaces/ro-team/authorizationpolicies/pk-members"],
    ] as const) {
      assert.equal(await statusFor(method, path, body), 403, `${method} ${path}`);
    }
    for (const path of [inTeam, "/api/v1/secrets?fieldSelector=metadata.name%3Ds3creds", `${inTeam}/secrets/s3creds`]) {
      assert.equal(await statusFor("GET", path), 200, path);
    }
  });

  test("in MinIO, nor read an object", async () => {
    const { MINIO_ROOT_USER: user = "", MINIO_ROOT_PASSWORD: password = "" } = identity.variables;
    const { admin, adminSealed } = await connectStore({
      minioServer: environment("MINIO_ENDPOINT").replace("https://", ""),
      minioUser: user,
      minioPassword: password,
      minioCacertFile: environment("MINIO_CACERT"),
      minioSsl: true,
    });
    assert.match(await admin("GET", "/list-canned-policies"), /pk:s3:edit:ro-team/, "it may look");
    const all =
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]}';
    const accessDenied = (error: unknown) => error instanceof Refusal && error.code === "AccessDenied";
    await assert.rejects(() => admin("PUT", "/add-canned-policy?name=pk:s3:view:ro-team", all), accessDenied);
    await assert.rejects(() => admin("DELETE", "/remove-user?accessKey=pk-ro-team"), accessDenied);
    const body = { secretKey: "ro-mallory-secret", status: "enabled" };
    await assert.rejects(() => adminSealed("PUT", "/add-user?accessKey=ro-mallory", body), accessDenied);
    const attached = `policyName=consoleAdmin&userOrGroup=${user}&isGroup=false`;
    await assert.rejects(() => admin("PUT", `/set-user-or-group-policy?${attached}`), accessDenied);
    const s3 = s3Client(user, password);
    const put = new PutObjectCommand({ Bucket: "ro-team-data", Key: "probe", Body: "probe" });
    const isDenied = (error: unknown) => error instanceof S3ServiceException && error.name === "AccessDenied";
    await assert.rejects(() => s3.send(put), isDenied);
    await assert.rejects(() => s3.send(new GetObjectCommand({ Bucket: "ro-team-data", Key: "seed" })), isDenied);
  });

  test("an update with it fails and changes nothing, and the next one goes on", async () => {
    const up = ["up", "--yes", "--skip-preview", "--refresh", "--run-program", "--suppress-progress"];
    const { code, output } = await identity.act(() => project.tryPulumi(...up));
    assert.notEqual(code, 0, output);
    assert.equal(await exists(`/api/v1/namespaces/${fresh}`), false);
    assert.equal(await exists("/api/v1/namespaces/ro-team"), true);
    const bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/ro-team/rolebindings";
    assert.equal(await exists(`${bindings}/user-ro-alice-example-com-clusterrole-edit`), true);
    await project.up();
    assert.equal(await exists(`/api/v1/namespaces/${fresh}`), true);
    assert.equal(await exists(`${bindings}/user-ro-alice-example-com-clusterrole-edit`), false);
  });
});

/** What a preview would do, but for the providers: their credentials are others. */
async function stepsOfPreview(...options: readonly string[]): Promise<string[]> {
  const { steps } = JSON.parse(await project.pulumi("preview", "--json", ...options)) as {
    steps: { op: string; urn: string }[];
  };
  return steps
    .map(({ op, urn }) => {
      const [, , types = "", name = ""] = urn.split("::");
      return `${op} ${types.split("$").at(-1) ?? ""} ${name}`;
    })
    .filter((step) => !step.includes("pulumi:providers:") && !step.includes("pulumi:pulumi:Stack"))
    .toSorted();
}

function withListing(policy: Rights["storePolicy"]): Rights["storePolicy"] {
  const listing = { Effect: "Allow", Action: ["s3:ListBucket"], Resource: ["arn:aws:s3:::*"] };
  return { ...policy, Statement: [...policy.Statement, listing] };
}

/** What the program and the drift check say with other rights; empty when they can read all they need. */
async function refusalWith(other: Rights): Promise<string> {
  await identity.grant(other);
  const desired = loadDesiredState(join(project.folder, "stacks", stack));
  const plan = resolve(desired, today());
  const planes = connect(connection(), realm);
  try {
    await survey(plan, planes);
    await readSnapshot(planes);
    return "";
  } catch (error) {
    if (error instanceof SurveyError) return error.message;
    throw error;
  }
}

function connection(): Connection {
  const { KEYCLOAK_CLIENT_ID, KEYCLOAK_CLIENT_SECRET, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD } = identity.variables;
  const authority = { path: environment("MINIO_CACERT"), text: readFileSync(environment("MINIO_CACERT"), "utf8") };
  return {
    keycloak: {
      url: environment("KEYCLOAK_URL"),
      loginRealm: "master",
      login: { clientId: KEYCLOAK_CLIENT_ID ?? "", clientSecret: KEYCLOAK_CLIENT_SECRET ?? "" },
      authority,
    },
    kubernetes: { kubeconfig: readFileSync(identity.kubeconfig, "utf8"), context: undefined },
    minio: {
      endpoint: new URL(environment("MINIO_ENDPOINT")),
      user: MINIO_ROOT_USER ?? "",
      password: MINIO_ROOT_PASSWORD ?? "",
      authority,
    },
  };
}

async function asIdentity(): Promise<KeycloakAdminClient> {
  const { KEYCLOAK_CLIENT_ID: clientId = "", KEYCLOAK_CLIENT_SECRET: clientSecret = "" } = identity.variables;
  const client = new KeycloakAdminClient({ baseUrl: environment("KEYCLOAK_URL"), realmName: "master" });
  await client.auth({ grantType: "client_credentials", clientId, clientSecret });
  client.setConfig({ realmName: realm });
  return client;
}

/** What the API server answers the identity. */
async function statusFor(method: string, path: string, body?: object): Promise<number> {
  const config = new KubeConfig();
  config.loadFromFile(identity.kubeconfig);
  const headers = { authorization: `Bearer ${identity.token}`, "content-type": "application/json" };
  const url = `${config.getCurrentCluster()?.server ?? ""}${path}`;
  return (await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })).status;
}

/** That Keycloak refuses. */
async function denied(act: () => Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error: unknown) => {
    assert.equal((error as { response?: { status?: number } }).response?.status, 403, String(error));
    return true;
  });
}
