import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type KubernetesObject, Watch, KubeConfig } from "@kubernetes/client-node";
import { change, create, environment, kubernetes, remove } from "../support/platform.ts";
import { platformOf, type Project, smallProject } from "../support/stack.ts";

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: boards }\n";
const policies = ["istio-ingressgateway-require-jwt", "istio-ingressgateway-oauth2-proxy"] as const;
const platformsOwn = "/dex/* /dex/** /auth/* /oauth2/* /minio/* /argocd/* /mlflow/* /serving/*".split(" ");

const application = (name: string, paths: readonly string[], more = "") =>
  [
    `name: ${name}`,
    "auth: keycloak",
    "namespace: boards",
    `redirectUris: ["https://cluster.example.com${(paths[0] ?? "").replace("/*", "")}/callback"]`,
    `paths: ${JSON.stringify(paths)}`,
    more,
  ].join("\n");
const file = (name: string) => `applications/${name}.yaml`;

let project: Project;
let untouched: string[][];
before(async () => {
  untouched = await lists();
  await create(namespace);
  project = await smallProject("boards", { [file("board")]: application("board", ["/board/*"]) });
});
after(async () => {
  project.edit({ [file("board")]: undefined });
  await project.up();
  await project.destroy();
  await remove(namespace);
  assert.deepEqual(await lists(), untouched, "the gateway is as it was");
});

type Policy = KubernetesObject & {
  spec: { rules: { to: { operation: { notPaths: string[] } }[] }[] };
};

async function policy(name: string): Promise<Policy> {
  const metadata = { namespace: "istio-system", name };
  return kubernetes().read<Policy>({
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata,
  });
}

function notPaths({ spec }: Policy): string[] {
  return spec.rules.flatMap(({ to }) => to.flatMap(({ operation }) => operation.notPaths));
}

/** What each of the two policies exempts. */
async function lists(): Promise<string[][]> {
  return Promise.all(policies.map(async (name) => notPaths(await policy(name))));
}

/** Changes the exemptions of one policy by hand. */
async function edit(name: string, to: (paths: string[]) => string[]): Promise<void> {
  const found = await policy(name);
  const operation = found.spec.rules[0]?.to[0]?.operation;
  assert.ok(operation);
  operation.notPaths = to(operation.notPaths);
  const { apiVersion, kind, spec } = found;
  const metadata = { namespace: "istio-system", name };
  const changed = { apiVersion, kind, metadata, spec };
  await change(changed);
}

const both = (...paths: string[]) => [
  [...platformsOwn, ...paths],
  [...platformsOwn, ...paths],
];

test("an application's path is exempted in both policies", async () => {
  assert.deepEqual(await lists(), both("/board/*"));
});

test("a second run changes nothing", async () => {
  assert.match(await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes"), /unchanged/);
});

test("added, changed and removed, with nothing of one policy ahead of the other for longer than one write", async () => {
  const config = new KubeConfig();
  config.loadFromFile(environment("KUBECONFIG"));
  const seen: { name: string; paths: string }[] = [];
  const watch = await new Watch(config).watch(
    "/apis/security.istio.io/v1/namespaces/istio-system/authorizationpolicies",
    {},
    (type, object: Policy) => {
      const name = object.metadata?.name ?? "";
      if (type === "MODIFIED" && policies.some((one) => one === name)) {
        seen.push({ name, paths: notPaths(object).join(" ") });
      }
    },
    () => undefined,
  );
  project.edit({ [file("pad")]: application("pad", ["/pad/*", "/pad"]) });
  await project.up();
  assert.deepEqual(await lists(), both("/board/*", "/pad/*", "/pad"));
  project.edit({ [file("pad")]: application("pad", ["/notes/*"]) });
  await project.up();
  assert.deepEqual(await lists(), both("/board/*", "/notes/*"));
  project.edit({ [file("pad")]: undefined });
  await project.up();
  assert.deepEqual(await lists(), both("/board/*"));
  watch.abort();
  assert.ok(seen.length >= 6);
  for (let index = 0; index < seen.length; index += 2) {
    const [one, other] = seen.slice(index, index + 2);
    assert.notEqual(one?.name, other?.name, "each write of one policy is followed by the same of the other");
    assert.equal(one?.paths, other?.paths);
  }
});

test("what somebody takes away is put right, and what others add stays", async () => {
  await edit(policies[0], (paths) => ["/theirs/*", ...paths.filter((path) => path !== "/board/*")]);
  const output = await project.up();
  assert.match(output, /\/theirs\/\*/, "an administrator is told of the exemption that no file knows");
  assert.deepEqual(await lists(), [
    ["/theirs/*", ...platformsOwn, "/board/*"],
    [...platformsOwn, "/board/*"],
  ]);
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
  await edit(policies[0], (paths) => paths.filter((path) => path !== "/theirs/*"));
});

test("what somebody exempted by hand is taken over when asked for only", async () => {
  for (const name of policies) await edit(name, (paths) => [...paths, "/pad/*"]);
  project.edit({ [file("pad")]: application("pad", ["/pad/*"]) });
  const refused = await project.tryPulumi("preview");
  assert.equal(refused.code, 1);
  assert.match(
    refused.output,
    /applications\/pad\.yaml:5:9 foreign-object: path "\/pad\/\*" is exempted at the gateway already/,
  );
  project.edit({ [file("pad")]: application("pad", ["/pad/*"], "adopt: true") });
  await project.up();
  project.edit({ [file("pad")]: undefined });
  await project.up();
  assert.deepEqual(await lists(), both("/board/*"), "and goes with the application");
});

test("where somebody else writes the policies, what is missing is told and nothing written", async () => {
  project.edit({
    "platform.yaml": platformOf("boards", "gateway: { policies: check }\n"),
    [file("pad")]: application("pad", ["/pad/*"]),
  });
  const output = await project.up();
  assert.match(
    output,
    /application "pad": "\/pad\/\*" is not exempted in istio-ingressgateway-require-jwt: users get 403 Forbidden/,
  );
  const now = await lists();
  assert.ok(now.every((paths) => !paths.includes("/pad/*")));
  project.edit({ "platform.yaml": platformOf("boards"), [file("pad")]: undefined });
  await project.up();
});

test("a missing policy stops the preview", async () => {
  project.edit({ "platform.yaml": platformOf("boards", "gateway: { namespace: boards }\n") });
  const { code, output } = await project.tryPulumi("preview");
  assert.equal(code, 1);
  assert.match(
    output,
    /platform\.yaml:\d+:\d+ gateway-policy: AuthorizationPolicy "istio-ingressgateway-require-jwt" is missing/,
  );
  project.edit({ "platform.yaml": platformOf("boards") });
});
