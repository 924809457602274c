import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import * as grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { kinds } from "../../../sandbox/plugins/kubernetes/kinds.ts";
import { askedFor, idOf, type KubernetesObject, parseId } from "../../../sandbox/plugins/kubernetes/object.ts";
import { isOwnedByCreation, takeOver } from "../../../sandbox/plugins/kubernetes/ownership.ts";
import { kubernetesProvider } from "../../../sandbox/plugins/kubernetes/provider.ts";
import { configChanges } from "../../../sandbox/plugins/kubernetes/settings.ts";
import { type Properties, Secret, UNKNOWN } from "../../../sandbox/plugins/plugin.ts";
import { Engine } from "./bridgedEngine.ts";

const NAMESPACE = "kubernetes:core/v1:Namespace";
const LIMIT_RANGE = "kubernetes:core/v1:LimitRange";
const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";
const SECRET = "kubernetes:core/v1:Secret";
const ROLE_BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding";
const PROFILE = "kubernetes:kubeflow.org/v1:Profile";
const POLICY = "kubernetes:security.istio.io/v1:AuthorizationPolicy";

const kubeconfig = (server: string, token = "token") =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server } }],
    users: [{ name: "u", user: { token } }],
  });

/** An engine with the provider behind it, and behind that no server. */
async function start(context: TestContext, config: Properties = {}): Promise<Engine> {
  const server = new grpc.Server();
  server.addService(service.ResourceProviderService, kubernetesProvider());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  const engine = new Engine(port);
  context.after(() => {
    engine.close();
    server.forceShutdown();
  });
  await engine.configure({ kubeconfig: kubeconfig("https://127.0.0.1:1"), ...config });
  return engine;
}

/** The diff between an object as it is on the server and what the program says now; before, it said `asked`. */
async function diffOf(engine: Engine, type: string, news: Properties, asked: Properties, live: Properties = asked) {
  const [before, now] = [await engine.check(type, asked), await engine.check(type, news, asked)];
  const outputs = { ...before.inputs, ...live, __inputs: before.inputs };
  return engine.diff(type, { id: "ns/it", inputs: before.inputs, outputs }, now.inputs);
}

const named = (more: Properties = {}) => ({ name: "it", namespace: "ns", ...more });
const user = (name: string) => ({ kind: "User", name, apiGroup: "rbac.authorization.k8s.io" });
const binding = (role: string, ...users: string[]) => ({
  metadata: named(),
  roleRef: { kind: "ClusterRole", name: role },
  subjects: users.map(user),
});

test("properties that a kind does not have are refused, and what this stand-in would not heed", async (context) => {
  const engine = await start(context);
  const { failures } = await engine.check(ROLE_BINDING, {
    metadata: { generateName: "x-", annotations: { "pulumi.com/waitFor": "condition=Ready", other: "fine" } },
    subject: [],
  });
  assert.deepEqual(failures.map((failure) => failure.split(": ")[0]).sort(), [
    'metadata.annotations["pulumi.com/waitFor"]',
    "metadata.generateName",
    "subject",
  ]);
  assert.deepEqual((await engine.check(PROFILE, { metadata: { name: "a" }, spec: {} })).failures, []);
  await assert.rejects(engine.check("kubernetes:apps/v1:Deployment", {}), /has no resource type/);
});

test("provider properties that this stand-in does not heed are refused", async (context) => {
  const engine = await start(context);
  const { failures } = await engine.checkConfig({ context: "a", clusterIdentifier: "b", namespace: "c", version: "4" });
  assert.deepEqual(failures, ['namespace: this stand-in has no provider property "namespace"']);
});

test("an object without a name gets one, and keeps it as long as it has none", async (context) => {
  const engine = await start(context);
  const { inputs } = await engine.check(CONFIG_MAP, { data: { a: "b" } });
  const metadata = { name: "it-01", annotations: { "pulumi.com/autonamed": "true" } };
  assert.deepEqual(inputs, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "b" } });
  const old = { ...inputs, metadata: { ...metadata, name: "it-old" } };
  const kept = await engine.check(CONFIG_MAP, { data: { a: "c" } }, old);
  assert.deepEqual(kept.inputs["metadata"], old.metadata);
  const chosen = await engine.check(CONFIG_MAP, { metadata: { name: "mine" } }, old);
  assert.deepEqual(chosen.inputs["metadata"], { name: "mine" });
  const unchosen = await engine.check(CONFIG_MAP, {}, { metadata: { name: "mine" } });
  assert.deepEqual(unchosen.inputs["metadata"], metadata);
});

test("an id is the name, with the namespace before it where there is one", () => {
  for (const [type, id, at] of [
    [NAMESPACE, "team", { name: "team", namespace: undefined }],
    [SECRET, "ns/it", { name: "it", namespace: "ns" }],
    [SECRET, "it", { name: "it", namespace: "default" }],
  ] as const) {
    assert.deepEqual(parseId(kind(type), id), at);
  }
  assert.equal(idOf(kind(PROFILE), { metadata: { name: "team" } }), "team");
  assert.equal(idOf(kind(SECRET), { metadata: { name: "it", namespace: "ns" } }), "ns/it");
  assert.equal(idOf(kind(SECRET), { metadata: { name: "it" } }), "default/it");
});

test("drift by removal and by change is seen, drift by addition is not", async (context) => {
  const engine = await start(context);
  const asked = binding("view", "alice", "bob");
  const now = async (...users: string[]) =>
    (await diffOf(engine, ROLE_BINDING, asked, asked, { subjects: users.map(user) })).changes;
  assert.deepEqual(await now("alice", "bob"), {});
  assert.deepEqual(await now("alice", "bob", "mallory"), {});
  assert.deepEqual(await now("alice"), { "subjects[1]": "ADD" });
  assert.deepEqual(await now("alice", "mallory"), { "subjects[1].name": "UPDATE" });
  assert.deepEqual(await now("mallory", "alice", "bob"), {
    "subjects[0].name": "UPDATE",
    "subjects[1].name": "UPDATE",
  });
  const labels = { metadata: { name: "it", labels: { a: "1" } } };
  const added = { metadata: { name: "it", labels: { a: "1", b: "2" }, uid: "u" } };
  assert.deepEqual((await diffOf(engine, NAMESPACE, labels, labels, added)).changes, {});
});

test("changes of the program are named by their paths", async (context) => {
  const engine = await start(context);
  const labelled = (labels: Properties) => ({ metadata: { name: "it", labels } });
  const before = labelled({ "a.b/c": "1", gone: "1", same: "1" });
  const { changes } = await diffOf(engine, NAMESPACE, labelled({ "a.b/c": "2", same: "1", new: "1" }), before);
  assert.deepEqual(changes, {
    'metadata.labels["a.b/c"]': "UPDATE",
    "metadata.labels.gone": "DELETE",
    "metadata.labels.new": "ADD",
  });
  const shorter = await diffOf(engine, ROLE_BINDING, binding("view", "bob"), binding("view", "alice", "bob"));
  assert.deepEqual(shorter.changes, { "subjects[0].name": "UPDATE", "subjects[1]": "DELETE" });
});

test("ignored paths are no change", async (context) => {
  const engine = await start(context);
  const asked = binding("view", "alice");
  const kept = { id: "ns/it", inputs: asked, outputs: { ...asked, __inputs: asked } };
  const news = { ...binding("view", "bob"), metadata: named({ labels: { a: "1" } }) };
  assert.deepEqual((await engine.diff(ROLE_BINDING, kept, news, ["subjects"])).changes, { "metadata.labels": "ADD" });
});

test("quantities are compared by what they say, other texts as they are", async (context) => {
  const engine = await start(context);
  const limits = (cpu: string, memory: string) => ({
    metadata: named(),
    spec: { limits: [{ type: "Container", default: { cpu, memory } }] },
  });
  const change = async (cpu: string, memory: string) => {
    const { changes } = await diffOf(engine, LIMIT_RANGE, limits(cpu, memory), limits("700m", "1Gi"));
    return Object.keys(changes).map((path) => path.split(".").at(-1));
  };
  assert.deepEqual(await change("0.7", "1024Mi"), []);
  assert.deepEqual(await change(".7", "1073741824"), []);
  assert.deepEqual(await change("0.70", "1G"), ["memory"]);
  assert.deepEqual(await change("7", "1Gi"), ["cpu"]);
  const data = (value: string) => ({ metadata: named(), data: { value } });
  assert.deepEqual((await diffOf(engine, CONFIG_MAP, data("1024"), data("1Ki"))).replaces, ["data"]);
  const profile = (cpu: string) => ({ metadata: { name: "it" }, spec: { resourceQuotaSpec: { hard: { cpu } } } });
  assert.deepEqual((await diffOf(engine, PROFILE, profile("0.5"), profile("500m"))).changes, {
    "spec.resourceQuotaSpec.hard.cpu": "UPDATE",
  });
});

test("what is empty is no change in a built-in kind, but a rule of a policy in a custom one", async (context) => {
  const engine = await start(context);
  const labelled = { metadata: { name: "it", labels: {}, annotations: { a: "1" } } };
  const bare = { metadata: { name: "it", annotations: { a: "1" } } };
  assert.deepEqual((await diffOf(engine, NAMESPACE, labelled, labelled, bare)).changes, {});
  const rules = (...list: Properties[]) => ({ metadata: named(), spec: { rules: list } });
  assert.deepEqual((await diffOf(engine, POLICY, rules(), rules({}))).changes, { "spec.rules[0]": "DELETE" });
  assert.deepEqual((await diffOf(engine, POLICY, rules({}), rules())).changes, { "spec.rules[0]": "ADD" });
});

test("what is not known yet is a change", async (context) => {
  const engine = await start(context);
  const before = binding("view", "alice");
  const news: Properties = { ...before, metadata: named({ labels: { a: UNKNOWN } }), subjects: [UNKNOWN] };
  assert.deepEqual((await diffOf(engine, ROLE_BINDING, news, before)).changes, {
    "metadata.labels": "ADD",
    "subjects[0]": "UPDATE",
  });
  for (const namespace of ["ns", "default"]) {
    const old = { ...before, metadata: named({ namespace }) };
    const moved = { ...before, metadata: named({ namespace: UNKNOWN }) };
    const { changes, deleteBeforeReplace } = await diffOf(engine, ROLE_BINDING, moved, old);
    assert.deepEqual(changes, { "metadata.namespace": "UPDATE_REPLACE" });
    assert.equal(deleteBeforeReplace, false);
  }
});

test("what the server cannot change in place is replaced, the old one first if the place stays", async (context) => {
  const engine = await start(context);
  const before = binding("view", "alice");
  const role = await diffOf(engine, ROLE_BINDING, binding("edit", "alice"), before);
  assert.deepEqual(role, {
    changes: { "roleRef.name": "UPDATE_REPLACE" },
    replaces: ["roleRef"],
    deleteBeforeReplace: true,
  });
  for (const metadata of [named({ name: "other" }), named({ namespace: "other" })]) {
    const moved = await diffOf(engine, ROLE_BINDING, { ...before, metadata }, before);
    assert.deepEqual([moved.replaces, moved.deleteBeforeReplace], [["metadata"], false]);
  }
  const unnamed = await diffOf(engine, CONFIG_MAP, { data: { a: "2" } }, { data: { a: "1" } });
  assert.deepEqual([unnamed.replaces, unnamed.deleteBeforeReplace], [["data"], false]);
  const inPlace = await diffOf(engine, ROLE_BINDING, binding("view", "bob"), before);
  assert.deepEqual([inPlace.replaces, inPlace.deleteBeforeReplace], [[], false]);
});

test("no namespace is the default one", async (context) => {
  const engine = await start(context);
  const spelled = { metadata: named({ namespace: "default" }) };
  assert.deepEqual((await diffOf(engine, CONFIG_MAP, spelled, { metadata: { name: "it" } })).changes, {});
});

test("data is replaced unless the provider says that it is mutable; a Secret's type always", async (context) => {
  const before = { metadata: named(), data: { a: "MQ==" }, type: "Opaque" };
  const after = { ...before, data: { a: "Mg==" } };
  const strict = await start(context);
  const mutable = await start(context, { enableSecretMutable: "true", enableConfigMapMutable: "true" });
  assert.deepEqual((await diffOf(strict, SECRET, after, before)).replaces, ["data"]);
  assert.deepEqual((await diffOf(mutable, SECRET, after, before)).replaces, []);
  assert.deepEqual((await diffOf(mutable, SECRET, { ...before, type: "other" }, before)).replaces, ["type"]);
  const immutable = { immutable: true };
  const frozen = await diffOf(mutable, SECRET, { ...after, ...immutable }, { ...before, ...immutable });
  assert.deepEqual(frozen.replaces, ["data"]);
  const map = (a: string) => ({ metadata: named(), data: { a } });
  assert.deepEqual((await diffOf(strict, CONFIG_MAP, map("2"), map("1"))).replaces, ["data"]);
  assert.deepEqual((await diffOf(mutable, CONFIG_MAP, map("2"), map("1"))).replaces, []);
});

test("the data of a Secret is secret, and so is what the program marked", async (context) => {
  const engine = await start(context);
  const { inputs } = await engine.check(SECRET, { metadata: named(), data: { a: "YQ==" }, stringData: { b: "b" } });
  assert.ok(inputs["data"] instanceof Secret, "hidden");
  assert.deepEqual(inputs["data"].value, { a: "YQ==", b: "Yg==" });
  assert.equal(inputs["stringData"], undefined);
  const asked = { metadata: named(), data: { open: "a", hidden: new Secret("b") } };
  const map = await engine.create(CONFIG_MAP, asked, true);
  const expected = { open: "a", hidden: new Secret("b") };
  assert.deepEqual(map.inputs["data"], expected);
  assert.deepEqual(map.outputs["data"], expected);
  assert.deepEqual((map.outputs["__inputs"] as Properties)["data"], expected);
});

test("a preview needs no server, an update does", async (context) => {
  const engine = await start(context);
  const { id, outputs } = await engine.create(NAMESPACE, { metadata: { name: "a" } }, true);
  assert.deepEqual([id, outputs["metadata"]], ["", { name: "a" }]);
  await assert.rejects(engine.create(NAMESPACE, { metadata: { name: "a" } }), /ECONNREFUSED/);
});

test("what an import asks for leaves out what the server and kubectl added", () => {
  const live = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...named({ uid: "u", resourceVersion: "1", managedFields: [] }),
      annotations: { kept: "1", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    },
    data: { a: "b" },
    status: {},
  };
  assert.deepEqual(askedFor(kind(CONFIG_MAP), live), {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: named({ annotations: { kept: "1" } }),
    data: { a: "b" },
  });
});

test("another cluster replaces the provider; a fixed identifier alone decides", async () => {
  const [here, there] = [kubeconfig("https://a"), kubeconfig("https://b")];
  const moves = async (olds: Properties, news: Properties) =>
    (await configChanges(olds, news)).map(({ path, replaces }) => `${path}${replaces ? "!" : ""}`);
  assert.deepEqual(await moves({ kubeconfig: here }, { kubeconfig: here }), []);
  assert.deepEqual(await moves({ kubeconfig: here }, { kubeconfig: there }), ["kubeconfig!"]);
  assert.deepEqual(await moves({ kubeconfig: here }, { kubeconfig: kubeconfig("https://a", "rotated") }), [
    "kubeconfig",
  ]);
  assert.deepEqual(await moves({ kubeconfig: here }, { kubeconfig: UNKNOWN }), ["kubeconfig!"]);
  assert.deepEqual(await moves({}, { kubeconfig: UNKNOWN }), ["kubeconfig!"]);
  const fixed = { clusterIdentifier: "one" };
  assert.deepEqual(await moves({ ...fixed, kubeconfig: here }, { ...fixed, kubeconfig: there }), ["kubeconfig"]);
  assert.deepEqual(await moves({ ...fixed, kubeconfig: here }, { ...fixed, kubeconfig: UNKNOWN }), ["kubeconfig"]);
  assert.deepEqual(await moves(fixed, { clusterIdentifier: "two" }), ["clusterIdentifier!"]);
  assert.deepEqual(await moves({ kubeconfig: here }, { ...fixed, kubeconfig: here }), ["clusterIdentifier"]);
  assert.deepEqual(await moves({ ...fixed, kubeconfig: here }, { kubeconfig: there }), [
    "kubeconfig!",
    "clusterIdentifier",
  ]);
  assert.deepEqual(await moves({}, { enableSecretMutable: "true" }), ["enableSecretMutable"]);
});

test("an update takes over what the creation and kubectl own, and nothing of others", () => {
  const entry = (manager: string, operation: string, fieldsV1: Properties, more: Properties = {}) => ({
    manager,
    operation,
    fieldsV1,
    ...more,
  });
  const live = (...managedFields: Properties[]): KubernetesObject => ({
    metadata: { name: "it", resourceVersion: "7", managedFields },
  });
  const controller = entry("controller", "Update", { "f:status": {} });
  const status = entry("kubectl", "Update", { "f:status": {} }, { subresource: "status" });
  const created = live(
    entry("pulumi-kubernetes", "Update", { "f:data": { "f:a": {} } }),
    entry("kubectl-edit", "Update", { "f:data": { "f:b": {} } }),
    controller,
    status,
  );
  const own = entry("pulumi-kubernetes-1", "Apply", { "f:data": { "f:a": {}, "f:b": {} } });
  assert.deepEqual(takeOver(created, "pulumi-kubernetes-1"), [
    { op: "replace", path: "/metadata/managedFields", value: [own, controller, status] },
    { op: "replace", path: "/metadata/resourceVersion", value: "7" },
  ]);
  assert.deepEqual(takeOver(live(own, controller), "pulumi-kubernetes-1"), []);
  assert.deepEqual([isOwnedByCreation(created), isOwnedByCreation(live(own, controller))], [true, false]);
});

function kind(type: string) {
  const known = kinds[type];
  assert.ok(known, type);
  return known;
}
