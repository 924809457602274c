import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  can,
  create,
  environment,
  finishFirstLogin,
  keycloakAdmin,
  logIn,
  mayStore,
  read,
  remove,
  s3Client,
  seedBucket,
} from "../support/platform.ts";
import { person, platformOf, type Project, smallProject } from "../support/stack.ts";

const platform = (more: string) => platformOf("wide", more);
const team = (more = "") =>
  `name: team-w\nquota: { cpu: 8, memory: 16Gi, pods: 20 }\nmembers: [{ user: nora, role: edit }]\n${more}`;

let project: Project;
before(async () => {
  project = await smallProject("wide", {
    "platform.yaml": platform("clusterAccess: [{ user: ada, role: admin }, { group: eds, role: edit }]\n"),
    "users/ada.yaml": person("ada"),
    "users/nora.yaml": person("nora"),
    "users/eddy.yaml": person("eddy"),
    "groups/eds.yaml": "name: eds\nmembers: [eddy, ada]\n",
    "workspaces/team-w.yaml": team(),
    "workspaces/team-v.yaml": "name: team-v\n",
  });
  for (const user of ["ada", "nora", "eddy"]) await finishFirstLogin(user);
  for (const bucket of ["team-w-data", "team-w-mlpipeline", "team-v-data"]) await seedBucket(bucket);
});
after(async () => {
  await project.destroy();
});

test("cluster-wide grants hold in every namespace, the higher one of a person alone, and nobody else's", async () => {
  const [admin, editor, member] = [await logIn("ada"), await logIn("eddy"), await logIn("nora")];
  for (const namespace of ["team-w", "team-v", "kubeflow"]) {
    assert.ok(await can(admin, "create", "rolebindings.rbac.authorization.k8s.io", namespace), namespace);
    assert.equal(await can(editor, "create", "rolebindings.rbac.authorization.k8s.io", namespace), false, namespace);
    assert.ok(await can(editor, "create", "pods", namespace), namespace);
  }
  assert.equal(await can(member, "list", "pods", "team-v"), false);
  const { items } = await read("rbac.authorization.k8s.io/v1", "ClusterRoleBinding");
  const ours = items.filter(({ metadata }) => metadata.labels?.["prokube-access/stack"] === "wide");
  assert.deepEqual(ours.map(({ metadata }) => metadata.name).toSorted(), [
    "prokube-access:kubeflow-admin:ada@example.com",
    "prokube-access:kubeflow-edit:eddy@example.com",
  ]);
});

interface Keys {
  readonly id: string;
  readonly secret: string;
}

async function keysIn(secret: string, id: string, key: string): Promise<Keys> {
  const { items } = await read("v1", "Secret", "team-w");
  const found = items.find(({ metadata }) => metadata.name === secret) as { data?: Record<string, string> } | undefined;
  const text = (name: string) => Buffer.from(found?.data?.[name] ?? "", "base64").toString();
  return { id: text(id), secret: text(key) };
}
const artifactKeys = () => keysIn("mlpipeline-minio-artifact", "accesskey", "secretkey");
const workloadKeys = () => keysIn("s3creds", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");

test("the workspace's own keys open its buckets, no others, and stand in its two Secrets alone", async () => {
  const keys = await artifactKeys();
  assert.deepEqual(await workloadKeys(), keys);
  const client = s3Client(keys.id, keys.secret);
  for (const bucket of ["team-w-data", "team-w-mlpipeline"]) {
    for (const action of ["list", "get", "put", "delete"] as const) {
      assert.ok(await mayStore(client, action, bucket), `${action} ${bucket}`);
    }
  }
  for (const action of ["list", "get", "put", "delete"] as const) {
    assert.equal(await mayStore(client, action, "team-v-data"), false, action);
  }
  const backend = fileURLToPath(environment("PULUMI_BACKEND_URL"));
  const files = readdirSync(backend, { recursive: true, withFileTypes: true });
  // What another stack is about to write may be gone the next moment.
  for (const file of files.filter((entry) => entry.isFile() && !entry.name.endsWith(".tmp"))) {
    assert.ok(!readFileSync(join(file.parentPath, file.name), "utf8").includes(keys.secret), file.name);
  }
});

test("another keyVersion gives new keys; the old ones stop working", async () => {
  const old = await artifactKeys();
  project.edit({ "workspaces/team-w.yaml": team("keyVersion: 2\n") });
  const output = await project.up();
  const keys = await artifactKeys();
  assert.notEqual(keys.id, old.id);
  assert.deepEqual(await workloadKeys(), keys);
  assert.ok(await mayStore(s3Client(keys.id, keys.secret), "put", "team-w-data"));
  await assert.rejects(mayStore(s3Client(old.id, old.secret), "get", "team-w-data"), /does not exist|InvalidAccessKey/);
  assert.ok(!output.includes(keys.secret));
  await project.pulumi("preview", "--expect-no-changes");
});

test("a container that names no resources gets the defaults of seed 002", async () => {
  await create("apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: probe, namespace: team-w }\n");
  const pod =
    "apiVersion: v1\nkind: Pod\nmetadata: { name: probe, namespace: team-w }\nspec: { serviceAccountName: probe, containers: [{ name: main, image: none }] }\n";
  await create(pod);
  const { items } = await read("v1", "Pod", "team-w");
  const [probe] = items as { spec?: { containers: { resources: unknown }[] } }[];
  assert.deepEqual(
    { ...(probe?.spec?.containers[0]?.resources as object) },
    {
      limits: { cpu: "800m", memory: "512Mi" },
      requests: { cpu: "500m", memory: "256Mi" },
    },
  );
  await remove(pod);
});

/** What Kubeflow's Profile controller makes for the owner, which it does not annotate again. */
const ownersObjects = (owner: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: namespaceAdmin, namespace: team-w, annotations: { user: ${owner}, role: admin } }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubeflow-admin }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: ${owner} }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ns-owner-access-istio, namespace: team-w, annotations: { user: ${owner}, role: admin } }
spec: { rules: [{ when: [{ key: "source.namespace", values: [team-w] }] }] }
`;

test("nobody can log in as the owner of the Profiles, nor come by the address", async () => {
  const keycloak = await keycloakAdmin();
  const [holder] = await keycloak.users.find({ email: "wide.owner@example.com", exact: true });
  assert.equal(holder?.enabled, false);
  await assert.rejects(
    keycloak.users.create({ username: "impostor", email: "wide.owner@example.com", enabled: true }),
    /409|same email/,
  );
});

test("the owner changes only where that is asked for, and then for the dashboard too", async () => {
  await create(ownersObjects("wide.owner@example.com"));
  const files = (more = "") => ({
    "platform.yaml": platform(more).replace("owner: wide.owner@", "owner: second@"),
  });
  project.edit(files());
  const { output } = await project.tryPulumi("preview");
  assert.match(
    output,
    /workspaces\/team-w\.yaml:1:7 owner-change: Profile "team-w" is owned by wide\.owner@example\.com, not second@example\.com\./,
  );

  project.edit(files("previousOwner: wide.owner@example.com\n"));
  await project.up();
  const owner = async (version: string, kind: string, name: string) =>
    (await read(version, kind)).items.find(({ metadata }) => metadata.name === name);
  const namespace = await owner("v1", "Namespace", "team-w");
  const profile = (await owner("kubeflow.org/v1", "Profile", "team-w")) as { spec?: { owner: unknown } } | undefined;
  assert.equal(namespace?.metadata.annotations?.["owner"], "second@example.com");
  assert.deepEqual(profile?.spec?.owner, { kind: "User", name: "second@example.com" });
  for (const [version, kind, name] of [
    ["rbac.authorization.k8s.io/v1", "RoleBinding", "namespaceAdmin"],
    ["security.istio.io/v1", "AuthorizationPolicy", "ns-owner-access-istio"],
  ] as const) {
    assert.equal((await owner(version, kind, name))?.metadata.annotations?.["user"], "second@example.com", name);
  }
  const [holder] = await (await keycloakAdmin()).users.find({ email: "second@example.com", exact: true });
  assert.equal(holder?.enabled, false);
  project.edit(files());
  await project.pulumi("preview", "--expect-no-changes");
});

test("a dashboard that lets everybody make a Profile is told", async () => {
  const dashboard = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: centraldashboard, namespace: kubeflow }
spec:
  selector: { matchLabels: { app: centraldashboard } }
  template:
    metadata: { labels: { app: centraldashboard } }
    spec: { containers: [{ name: centraldashboard, image: none, env: [{ name: REGISTRATION_FLOW, value: "true" }] }] }
`;
  await create(dashboard);
  try {
    assert.match(await project.pulumi("preview"), /lets everybody who logs in make a Profile of their own/);
  } finally {
    await remove(dashboard);
  }
  assert.doesNotMatch(await project.pulumi("preview"), /make a Profile of their own/);
});
