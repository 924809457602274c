import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import type { V1ConfigMap, V1Deployment, V1Secret } from "@kubernetes/client-node";
import { type DexClient, DocumentProblem, mergedDocument, staticClientsIn } from "../../../access/dexDocument.ts";
import { Cluster } from "../../../live/cluster.ts";
import { type DexPlace, type DexWish, readDex, writeDex } from "../../../live/dex.ts";
import { create, environment, exists, remove } from "../support/platform.ts";

const namespace = `dex-write-${randomBytes(3).toString("hex")}`;
const canary = "canary-5c1d";

const place: DexPlace = {
  namespace,
  document: { kind: "ConfigMap", name: "dex", key: "config.yaml" },
  environmentSecret: "dex-env",
  deployment: "dex",
  restart: true,
};

const document = `issuer: https://cluster.example.com/dex
staticClients:
- idEnv: OIDC_CLIENT_ID
  name: Login
  redirectURIs: ["/oauth2/callback"]
  secretEnv: OIDC_CLIENT_SECRET
`;

const indented = document.replaceAll(/^/gm, "    ").trimEnd();
const theNamespace = `{ apiVersion: v1, kind: Namespace, metadata: { name: ${namespace} } }`;
const objects = `
apiVersion: v1
kind: ConfigMap
metadata: { name: dex, namespace: ${namespace}, annotations: { theirs: "yes" } }
data:
  other: untouched
  config.yaml: |
${indented}
---
apiVersion: v1
kind: Secret
metadata: { name: dex-env, namespace: ${namespace} }
stringData: { OIDC_CLIENT_ID: login, OIDC_CLIENT_SECRET: ${canary}-theirs }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: dex, namespace: ${namespace}, annotations: { theirs: "no" } }
spec:
  replicas: 0
  selector: { matchLabels: { app: dex } }
  template:
    metadata: { labels: { app: dex } }
    spec:
      containers:
        - name: dex
          image: dex
          envFrom: [{ secretRef: { name: dex-env } }]
`;
const others = `{ apiVersion: v1, kind: Secret, metadata: { name: dex, namespace: ${namespace} } }`;

let cluster: Cluster;
/** What was written, in order. */
let written: string[];
/** What somebody else does before a call of this name, once. */
const meanwhile = new Map<string, () => Promise<unknown>>();

before(async () => {
  cluster = new Cluster({ kubeconfig: readFileSync(environment("KUBECONFIG"), "utf8"), context: undefined });
  await create(theNamespace);
});

beforeEach(async () => {
  await remove(`${objects}---\n${others}`);
  await create(objects);
  written = [];
  meanwhile.clear();
});

after(async () => {
  await remove(`${objects}---\n${others}\n---\n${theNamespace}`);
});

/** The cluster as the writer sees it: what it changes is noted, and others get in its way. */
function watched(): Cluster {
  const watch = <T extends object>(api: T): T =>
    new Proxy(api, {
      get: (target, name, receiver) => {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]): Promise<unknown> => {
          const key = String(name);
          const interference = meanwhile.get(key);
          meanwhile.delete(key);
          await interference?.();
          const answer: unknown = await (method as (...given: unknown[]) => Promise<unknown>).apply(target, args);
          if (!key.startsWith("read")) written.push(key);
          return answer;
        };
      },
    });
  return Object.assign(Object.create(cluster) as Cluster, { core: watch(cluster.core), apps: watch(cluster.apps) });
}

function client(name: string): DexClient {
  const variable = name.toUpperCase();
  return {
    id: `${name}-oidc-client`,
    name,
    redirectURIs: [`https://cluster.example.com/${name}/callback`],
    idVariable: `${variable}_OIDC_CLIENT_ID`,
    secretVariable: `${variable}_OIDC_CLIENT_SECRET`,
  };
}

/** A stack's applications, with secrets of a generation. */
function wish(stack: string, names: readonly string[], revision = 1, generation = 1): DexWish {
  const clients = names.map(client);
  return {
    text: (live) => mergedDocument(live ?? "", stack, clients),
    variables: Object.fromEntries(
      clients.flatMap(({ id, idVariable, secretVariable }) => [
        [idVariable, id],
        [secretVariable, `${canary}-${id}-${generation}`],
      ]),
    ),
    revision,
  };
}

const configMap = (name = "dex"): Promise<V1ConfigMap> => cluster.core.readNamespacedConfigMap({ namespace, name });
const secret = (name = "dex-env"): Promise<V1Secret> => cluster.core.readNamespacedSecret({ namespace, name });
const deployment = (): Promise<V1Deployment> => cluster.apps.readNamespacedDeployment({ namespace, name: "dex" });

async function variables(): Promise<Record<string, string>> {
  const { data = {} } = await secret();
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString("utf8")]),
  );
}

async function text(): Promise<string> {
  return (await configMap()).data?.["config.yaml"] ?? "";
}

async function started(): Promise<string | undefined> {
  return (await deployment()).spec?.template.metadata?.annotations?.["prokube-access/applications"];
}

const theirs = { OIDC_CLIENT_ID: "login", OIDC_CLIENT_SECRET: `${canary}-theirs` };

/** Somebody else adds a client by hand. */
async function editDocument(): Promise<void> {
  await cluster.core.patchNamespacedConfigMap({
    namespace,
    name: "dex",
    body: [
      {
        op: "replace",
        path: "/data/config.yaml",
        value: (await text()).replace("staticClients:\n", "$&- { id: by-hand, name: H }\n"),
      },
    ],
  });
}

test("variables come before the document and go after it; others' parts stay", async () => {
  const dex = watched();
  assert.deepEqual(await writeDex(dex, place, "dev", wish("dev", ["a"])), ["variables", "document", "restart"]);
  assert.deepEqual(written, ["patchNamespacedSecret", "patchNamespacedConfigMap", "patchNamespacedDeployment"]);
  assert.deepEqual(await variables(), { ...theirs, ...wish("dev", ["a"]).variables });
  assert.equal(await text(), mergedDocument(document, "dev", [client("a")]));
  const { data, metadata } = await configMap();
  assert.equal(data?.["other"], "untouched");
  assert.equal(metadata?.annotations?.["theirs"], "yes");
  assert.equal(metadata.annotations["prokube-access/revision.dev"], "1");
  const managers = [metadata, (await secret()).metadata, (await deployment()).metadata].map((one) =>
    one?.managedFields?.map(({ manager }) => manager),
  );
  for (const names of managers) assert.ok(names?.includes("prokube-access"), String(names));

  const first = await started();
  written = [];
  assert.deepEqual(await writeDex(dex, place, "dev", wish("dev", ["b"], 2)), [
    "variables",
    "document",
    "restart",
    "old variables",
  ]);
  assert.deepEqual(written, [
    "patchNamespacedSecret",
    "patchNamespacedConfigMap",
    "patchNamespacedDeployment",
    "patchNamespacedSecret",
  ]);
  assert.deepEqual(await variables(), { ...theirs, ...wish("dev", ["b"]).variables });
  assert.notEqual(await started(), first);

  await writeDex(dex, place, "dev", wish("dev", [], 0));
  assert.deepEqual(await variables(), theirs);
  assert.equal(await text(), document);
  assert.deepEqual(Object.keys((await secret()).metadata?.annotations ?? {}), []);
  assert.equal((await configMap()).metadata?.annotations?.["prokube-access/revision.dev"], undefined);
});

test("nothing is written twice, and others' changes restart nothing", async () => {
  const dex = watched();
  await writeDex(dex, place, "dev", wish("dev", ["a"]));
  await writeDex(dex, place, "prod", wish("prod", ["b"]));
  const running = await started();
  await editDocument();
  written = [];
  assert.deepEqual(await writeDex(dex, place, "dev", wish("dev", ["a"])), []);
  assert.deepEqual(await writeDex(dex, place, "prod", wish("prod", ["b"])), []);
  assert.deepEqual(written, []);
  assert.equal(await started(), running);
  assert.equal((await readDex(dex, place)).deployment?.current, true);
  assert.deepEqual(await writeDex(dex, place, "dev", wish("dev", ["a"], 2)), ["document"], "only the annotation");
  assert.deepEqual(
    await writeDex(dex, place, "dev", wish("dev", ["a"], 2, 2)),
    ["variables", "restart"],
    "a new secret",
  );
});

test("what was cut off is completed", async () => {
  const dex = watched();
  meanwhile.set("patchNamespacedDeployment", () => Promise.reject(new Error("cut off")));
  await assert.rejects(writeDex(dex, place, "dev", wish("dev", ["a"])), /cut off/);
  assert.equal((await readDex(cluster, place)).deployment?.current, false);
  assert.deepEqual(await writeDex(dex, place, "dev", wish("dev", ["a"])), ["restart"]);

  meanwhile.set("patchNamespacedConfigMap", () => Promise.reject(new Error("cut off")));
  await assert.rejects(writeDex(dex, place, "dev", wish("dev", ["b"])), /cut off/);
  assert.deepEqual(Object.keys(await variables()).toSorted(), [
    ...Object.keys({ ...wish("dev", ["a", "b"]).variables, ...theirs }).toSorted(),
  ]);
  assert.deepEqual(await writeDex(dex, place, "dev", wish("dev", ["b"])), ["document", "restart", "old variables"]);
});

test("whoever writes at the same time loses nothing", async () => {
  const dex = watched();
  meanwhile.set("patchNamespacedConfigMap", editDocument);
  meanwhile.set("patchNamespacedSecret", () => writeDex(cluster, place, "prod", wish("prod", ["b"])));
  meanwhile.set("patchNamespacedDeployment", () =>
    cluster.apps.patchNamespacedDeployment({
      namespace,
      name: "dex",
      body: [{ op: "add", path: "/metadata/annotations/theirs", value: "yes" }],
    }),
  );
  assert.deepEqual(await writeDex(dex, place, "dev", wish("dev", ["a"])), ["variables", "document", "restart"]);
  assert.deepEqual(
    staticClientsIn(await text()).map(({ id, idEnv, stack }) => [stack, id ?? idEnv]),
    [
      [undefined, "by-hand"],
      [undefined, "OIDC_CLIENT_ID"],
      ["prod", "b-oidc-client"],
      ["dev", "a-oidc-client"],
    ],
  );
  assert.deepEqual(await variables(), {
    ...theirs,
    ...wish("dev", ["a"]).variables,
    ...wish("prod", ["b"]).variables,
  });
  assert.equal((await deployment()).metadata?.annotations?.["theirs"], "yes");
  assert.equal((await readDex(cluster, place)).deployment?.current, true);
});

test("six stacks at once", async () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  await Promise.all(names.map((name) => writeDex(cluster, place, `s-${name}`, wish(`s-${name}`, [name]))));
  assert.deepEqual(
    staticClientsIn(await text())
      .flatMap(({ stack }) => stack ?? [])
      .toSorted(),
    names.map((name) => `s-${name}`),
  );
  const live = await readDex(cluster, place);
  assert.equal(live.variables.filter(({ stack }) => stack !== undefined).length, 2 * names.length);
  for (const name of names) await writeDex(cluster, place, `s-${name}`, wish(`s-${name}`, [name]));
  assert.equal((await readDex(cluster, place)).deployment?.current, true);
});

test("a variable of others is refused before anything is written", async () => {
  const dex = watched();
  await writeDex(dex, place, "prod", wish("prod", ["b"]));
  written = [];
  await assert.rejects(writeDex(dex, place, "dev", wish("dev", ["a", "b"])), {
    message:
      `Secret ${namespace}/dex-env has variables of others: B_OIDC_CLIENT_ID (prod), B_OIDC_CLIENT_SECRET (prod). ` +
      "Nothing was written for Dex. Remove them there, or give the application another name.",
  });
  const odd = { ...wish("dev", ["a"]), variables: { OIDC_CLIENT_SECRET: `${canary}-mine` } };
  await assert.rejects(writeDex(dex, place, "dev", odd), (error: Error) => {
    assert.match(error.message, /OIDC_CLIENT_SECRET \(not this program's\)/);
    assert.doesNotMatch(error.message, new RegExp(canary));
    return true;
  });
  assert.deepEqual(written, []);
});

test("a document that cannot be merged is refused before anything is written", async () => {
  const dex = watched();
  const collision = { ...client("a"), idVariable: "OIDC_CLIENT_ID" };
  const refused = { ...wish("dev", ["a"]), text: (live?: string) => mergedDocument(live ?? "", "dev", [collision]) };
  await assert.rejects(writeDex(dex, place, "dev", refused), DocumentProblem);
  assert.deepEqual(written, []);
});

test("no error quotes a secret", async () => {
  const bad = { ...wish("dev", ["a"]), variables: { "no variable": `${canary}-bad` } };
  await assert.rejects(writeDex(cluster, place, "dev", bad), (error: Error) => {
    assert.match(error.message, /^Secret \S+\/dex-env: the API server answers 422 Invalid$/);
    assert.doesNotMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), new RegExp(canary));
    assert.equal(error.cause, undefined);
    return true;
  });
});

test("a variable without a value keeps the one it has, so that others can be taken away", async () => {
  await writeDex(cluster, place, "dev", wish("dev", ["a", "b"]));
  const kept = wish("dev", ["a"]);
  const names = Object.fromEntries(Object.keys(kept.variables).map((name) => [name, undefined]));
  assert.deepEqual(await writeDex(cluster, place, "dev", { ...kept, variables: names }), [
    "document",
    "restart",
    "old variables",
  ]);
  assert.deepEqual(await variables(), { ...theirs, ...kept.variables });
});

test("what is there, and who made it", async () => {
  await writeDex(cluster, place, "dev", wish("dev", ["a"], 7));
  const live = await readDex(cluster, place);
  assert.equal(live.text, mergedDocument(document, "dev", [client("a")]));
  assert.deepEqual(live.revisions, { dev: "7" });
  assert.deepEqual(live.deployment, { current: true, reads: "all" });
  const hash = (value: string) => createHash("sha256").update(value).digest("hex");
  assert.deepEqual(
    live.variables.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { name: "A_OIDC_CLIENT_ID", stack: "dev", sha256: hash("a-oidc-client") },
      { name: "A_OIDC_CLIENT_SECRET", stack: "dev", sha256: hash(`${canary}-a-oidc-client-1`) },
      { name: "OIDC_CLIENT_ID" },
      { name: "OIDC_CLIENT_SECRET" },
    ],
  );
  assert.doesNotMatch(JSON.stringify(live), new RegExp(canary));

  const container = "/spec/template/spec/containers/0";
  const from = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: "dex-env", key } } });
  await cluster.apps.patchNamespacedDeployment({
    namespace,
    name: "dex",
    body: [
      { op: "remove", path: `${container}/envFrom` },
      { op: "add", path: `${container}/env`, value: [from("X_ID", "X_ID"), from("Y", "Z")] },
    ],
  });
  assert.deepEqual((await readDex(cluster, place)).deployment?.reads, ["X_ID"]);
});

test("a document in a Secret, and nothing there before", async () => {
  const elsewhere: DexPlace = {
    ...place,
    document: { kind: "Secret", name: "dex", key: "dex.yaml" },
    environmentSecret: "dex-env-2",
    deployment: "none",
  };
  assert.deepEqual(await readDex(cluster, elsewhere), {
    text: undefined,
    revisions: {},
    variables: [],
    deployment: undefined,
  });
  assert.deepEqual(await writeDex(cluster, elsewhere, "dev", { text: () => "", variables: {}, revision: 0 }), []);
  assert.equal(await exists(`/api/v1/namespaces/${namespace}/secrets/dex-env-2`), false);
  assert.deepEqual(await writeDex(cluster, elsewhere, "dev", wish("dev", ["a"])), ["variables", "document"]);
  assert.deepEqual(await writeDex(cluster, elsewhere, "dev", wish("dev", ["a"])), []);
  const live = await readDex(cluster, elsewhere);
  assert.equal(live.text, mergedDocument("", "dev", [client("a")]));
  assert.equal((await secret("dex-env-2")).data?.["A_OIDC_CLIENT_ID"], Buffer.from("a-oidc-client").toString("base64"));
  await remove(`{ apiVersion: v1, kind: Secret, metadata: { name: dex-env-2, namespace: ${namespace} } }`);
});

test("without a restart Dex keeps running as it is", async () => {
  const quiet = { ...place, restart: false };
  assert.deepEqual(await writeDex(cluster, quiet, "dev", wish("dev", ["a"])), ["variables", "document"]);
  assert.equal(await started(), undefined);
  assert.equal((await readDex(cluster, quiet)).deployment?.current, false);
});
