/** The Kubernetes plugin in use, stand-in or official, with the real engine and a real API server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiException, KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import type { Desired } from "./fixtures/kubernetes/index.ts";
import { Project, setting, type Step } from "./project.ts";

const run = randomBytes(4).toString("hex");
const namespace = `smoke-${run}`;
const password = `secret-${run}`;
const first: Desired = {
  namespace,
  labels: { "example.com/team": "smoke", purpose: "test" },
  cpu: "0.5",
  role: "view",
  member: "alice@example.com",
  clusterRole: "view",
  principals: ["cluster.local/ns/a/sa/a", "cluster.local/ns/b/sa/b"],
  password,
};
const apiGroup = "rbac.authorization.k8s.io";
const namespaces = { apiVersion: "v1", kind: "Namespace" };
const configMaps = { apiVersion: "v1", kind: "ConfigMap" };
const profiles = { apiVersion: "kubeflow.org/v1", kind: "Profile" };
const clusterRoleBindings = { apiVersion: `${apiGroup}/v1`, kind: "ClusterRoleBinding" };
const members = { apiVersion: `${apiGroup}/v1`, kind: "RoleBinding", metadata: { name: "members", namespace } };
const network = {
  apiVersion: "security.istio.io/v1",
  kind: "AuthorizationPolicy",
  metadata: { name: "network", namespace },
};
let project: Project<Desired>;
let api: KubernetesObjectApi;

before(async () => {
  const config = new KubeConfig();
  config.loadFromFile(setting("KUBECONFIG"));
  api = KubernetesObjectApi.makeApiClient(config);
  project = await Project.create("kubernetes");
  await project.want(first);
});

after(async () => {
  await project.remove();
});

test("a preview of what is not there yet creates everything", async () => {
  assert.deepEqual((await changes()).map(({ op, resource }) => `${op} ${resource}`).sort(), [
    "create AuthorizationPolicy network",
    "create ClusterRoleBinding readers",
    "create ConfigMap notes",
    "create LimitRange limits",
    "create Namespace team",
    "create Profile profile",
    "create RoleBinding members",
    "create Secret credentials",
  ]);
});

test("an update creates it, and then there is nothing left to do", async () => {
  await project.up();
  await project.up("--expect-no-changes");
  await project.pulumi("refresh", "--yes", "--skip-preview");
  await project.pulumi("preview", "--expect-no-changes");
  const { outputs } = await project.outputs<{ outputs: { notes: string; uid: string } }>();
  assert.match(outputs.notes, /^notes-[0-9a-f]{8}$/);
  assert.equal(outputs.uid, (await live({ ...namespaces, metadata: { name: namespace } })).metadata.uid);
});

test("the server's spelling of a quantity is no change, another quantity is", async () => {
  const limits = await live({ apiVersion: "v1", kind: "LimitRange", metadata: { name: "limits", namespace } });
  assert.match(JSON.stringify(limits.spec), /"cpu":"500m","memory":"1Gi"/);
  await project.want({ ...first, cpu: "0.25" });
  assert.deepEqual(await changes(), [
    { op: "update", resource: "LimitRange limits", diff: { "spec.limits[0].default.cpu": "update" } },
    { op: "update", resource: "Profile profile", diff: { "spec.resourceQuotaSpec.hard.cpu": "update" } },
  ]);
  await project.want(first);
});

test("the data of a Secret and secret values of others are encrypted in the state", async () => {
  const state = await project.state();
  assert.match(state, /"kind": *"Secret"/);
  assert.ok(!state.includes(password), "no plain text");
  assert.ok(!state.includes(Buffer.from(password).toString("base64")), "no base64");
});

test("what was changed by hand is seen by a refresh, and repaired", async () => {
  await byHand({ ...members, subjects: [{ apiGroup, kind: "User", name: "mallory@example.com" }] });
  await byHand({ ...namespaces, metadata: { name: namespace, labels: { purpose: "other" } } });
  assert.deepEqual(await changes("--refresh", "--run-program"), [
    { op: "update", resource: "Namespace team", diff: { "metadata.labels.purpose": "update" } },
    { op: "update", resource: "RoleBinding members", diff: { "subjects[0].name": "update" } },
  ]);
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
  assert.deepEqual(await subjects(), ["alice@example.com"]);
});

test("what another controller has changed is a conflict; what was deleted is made again", async () => {
  await byHand({ ...network, spec: { action: "DENY" } }, "controller");
  await assert.rejects(project.up("--refresh", "--run-program"), /conflict with "controller"/);
  await api.delete(network);
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
});

test("a change is made in place, and what is asked for no more goes away", async () => {
  const [principal = ""] = first.principals;
  await project.want({
    ...first,
    labels: { purpose: "change", added: "yes" },
    member: "bob@example.com",
    principals: [principal],
    password: `other-${run}`,
  });
  assert.deepEqual(await changes(), [
    {
      op: "update",
      resource: "AuthorizationPolicy network",
      diff: { "spec.rules[0].from[0].source.principals[1]": "delete" },
    },
    { op: "update", resource: "ClusterRoleBinding readers", diff: { "subjects[0].name": "update" } },
    { op: "update", resource: "ConfigMap notes", diff: { "data.hidden": "update" } },
    {
      op: "update",
      resource: "Namespace team",
      diff: {
        'metadata.labels["example.com/team"]': "delete",
        "metadata.labels.added": "add",
        "metadata.labels.purpose": "update",
      },
    },
    { op: "update", resource: "RoleBinding members", diff: { "subjects[0].name": "update" } },
    { op: "update", resource: "Secret credentials", diff: { "data.password": "update" } },
  ]);
  await project.up();
  await project.expectNoChanges();
  const { metadata } = await live({ ...namespaces, metadata: { name: namespace } });
  assert.deepEqual(metadata.labels, { purpose: "change", added: "yes", "kubernetes.io/metadata.name": namespace });
  assert.deepEqual(await subjects(), ["bob@example.com"]);
  await project.want(first);
  await project.up();
});

test("a subject that was added by hand is not seen", async () => {
  const added = ["alice@example.com", "mallory@example.com"];
  await byHand({ ...members, subjects: added.map((name) => ({ apiGroup, kind: "User", name })) });
  await project.expectNoChanges();
  assert.deepEqual(await subjects(), added);
});

test("another role is another binding, the old one deleted first", async () => {
  await project.want({ ...first, role: "edit" });
  assert.deepEqual(await changes(), [
    { op: "replace", resource: "RoleBinding members", diff: { "roleRef.name": "update-replace" } },
  ]);
  assert.match(await project.up(), /deleting original.*creating replacement/s);
  assert.equal((await live(members)).roleRef?.name, "edit");
  assert.deepEqual(await subjects(), ["alice@example.com"]);
  await project.want(first);
  await project.up();
});

test("an existing object is not taken over, but imported", async () => {
  const existing = { name: `smoke-${run}-existing`, data: { key: "value" } };
  await api.create({ ...configMaps, metadata: { name: existing.name, namespace: "default" }, data: existing.data });
  await project.want({ ...first, imported: { ...existing, import: false } });
  await assert.rejects(project.up(), new RegExp(`"${existing.name}" already exists`));
  await project.want({ ...first, imported: { ...existing, import: true } });
  await project.up();
  await project.want({ ...first, imported: { ...existing, import: false } });
  await project.expectNoChanges();
});

test("a mandatory policy stops a preview", async () => {
  await changes("--policy-pack", "policy");
  await project.want({ ...first, clusterRole: "cluster-admin" });
  await assert.rejects(
    project.pulumi("preview", "--policy-pack", "policy"),
    /mandatory.*a binding to cluster-admin is not allowed/s,
  );
  await project.want(first);
});

test("the command line imports an existing object", async () => {
  const name = `smoke-${run}-imported`;
  await api.create({ ...namespaces, metadata: { name } });
  const flags = ["--yes", "--skip-preview", "--generate-code=false", "--protect=false"];
  await project.pulumi("import", "kubernetes:core/v1:Namespace", "taken", name, ...flags);
  assert.match(await project.state(), /kubernetes:core\/v1:Namespace::taken"/);
});

test("a destroy waits for an object that is held, and removes everything", async () => {
  const profile = { ...profiles, metadata: { name: `${namespace}-profile` } };
  await byHand({ ...profile, metadata: { ...profile.metadata, finalizers: ["example.com/held"] } });
  const destroyed = project.pulumi("destroy", "--yes", "--skip-preview");
  while ((await live(profile)).metadata.deletionTimestamp === undefined) await sleep(200);
  assert.equal(await Promise.race([destroyed, sleep(3000, "waits")]), "waits");
  await byHand({ ...profile, metadata: { ...profile.metadata, finalizers: [] } });
  await destroyed;
  for (const name of [namespace, `smoke-${run}-imported`]) {
    assert.equal(await exists({ ...namespaces, metadata: { name } }), false, name);
  }
  assert.equal(await exists(profile), false);
  assert.equal(await exists({ ...clusterRoleBindings, metadata: { name: namespace } }), false);
  assert.equal(
    await exists({ ...configMaps, metadata: { name: `smoke-${run}-existing`, namespace: "default" } }),
    false,
  );
});

/** An object, with what these tests look at. */
interface Thing {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    finalizers?: string[];
    uid?: string;
    deletionTimestamp?: Date;
  };
  roleRef?: { name: string };
  subjects?: { apiGroup: string; kind: string; name: string }[];
  spec?: unknown;
  data?: Record<string, string>;
}

/** The steps of a preview that change something, in an order of their own. */
async function changes(...flags: string[]): Promise<Step[]> {
  const steps = (await project.preview(...flags)).filter(({ op }) => op !== "refresh");
  return steps.sort((a, b) => a.resource.localeCompare(b.resource));
}

function live(object: Thing): Promise<Thing> {
  return api.read<Thing>(object);
}

async function exists(object: Thing): Promise<boolean> {
  try {
    await live(object);
    return true;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return false;
    throw error;
  }
}

async function subjects(): Promise<string[]> {
  return (await live(members)).subjects?.map(({ name }) => name) ?? [];
}

/** Changes an object as kubectl, or another program, would. */
async function byHand(change: Thing, manager = "kubectl-edit"): Promise<void> {
  await api.patch(change, undefined, undefined, manager, undefined, PatchStrategy.MergePatch);
}
