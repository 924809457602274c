import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { documentProblems, staticClientsIn } from "../../../access/dexDocument.ts";
import { change, create, exists, kubernetes, remove } from "../support/platform.ts";
import { secretValues } from "../support/relyingParty.ts";
import { platformOf, type Project, smallProject } from "../support/stack.ts";

const namespaces = ["signin", "plots"]
  .map((name) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }`)
  .join("\n---\n");
// As prokube keeps it: templates, comments, and a client of the platform.
const document = `issuer: https://{{ .Env.DOMAIN }}/dex
storage:
  type: kubernetes
  config: { inCluster: true }
web: { http: 0.0.0.0:5556 }
connectors:
  - type: oidc
    id: keycloak
    name: Keycloak
    config:
      issuer: https://{{ .Env.DOMAIN }}/auth/realms/prokube
      clientID: dex
      clientSecret: $KEYCLOAK_CLIENT_SECRET
      redirectURI: https://{{ .Env.DOMAIN }}/dex/callback
      insecureEnableGroups: true
staticClients:
  # the gateway's own
  - id: {{ .Env.OIDC_CLIENT_ID }}
    name: 'Gateway'
    redirectURIs: ["/oauth2/callback"]
    secret: "{{ .Env.OIDC_CLIENT_SECRET }}"
`;
const furniture = `
apiVersion: v1
kind: ConfigMap
metadata: { name: dex, namespace: signin }
data: { config.yaml: ${JSON.stringify(document)} }
---
apiVersion: v1
kind: Secret
metadata: { name: dex-oidc-secrets, namespace: signin }
stringData: { OIDC_CLIENT_ID: gateway, OIDC_CLIENT_SECRET: theirs }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: dex, namespace: signin }
spec:
  selector: { matchLabels: { app: dex } }
  template:
    metadata: { labels: { app: dex } }
    spec:
      containers: [{ name: dex, image: dex, envFrom: [{ secretRef: { name: dex-oidc-secrets } }] }]
`;
const application = (name: string, more = "") =>
  `name: ${name}\nauth: dex\nnamespace: plots\nredirectUris: [https://${name}.example.com/callback]\n${more}\n`;
const [plots, tables] = ["applications/plots.yaml", "applications/tables.yaml"];

let project: Project;
before(async () => {
  await create(`${namespaces}\n---${furniture}`);
  project = await smallProject("plots", {
    "platform.yaml": platformOf("plots", "dex: { namespace: signin }\n"),
    [plots]: application("plots", "environment: true"),
  });
});
after(async () => {
  project.edit({ [plots]: undefined });
  await project.up();
  assert.equal(await text(), theirs(document), "Dex's document is as others have it");
  await project.destroy();
  await remove(namespaces);
});

async function text(): Promise<string> {
  const found = await kubernetes().read({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "signin", name: "dex" },
  });
  return (found as { data?: Record<string, string> }).data?.["config.yaml"] ?? "";
}

/** What somebody else changes meanwhile. */
function theirs(to: string): string {
  return to.replace("# the gateway's own", "# the gateway's own client");
}

async function overwrite(to: string): Promise<void> {
  const metadata = { namespace: "signin", name: "dex" };
  const changed = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "config.yaml": to } };
  await change(changed);
}

async function variables(): Promise<Record<string, string>> {
  const found = await kubernetes().read({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "signin", name: "dex-oidc-secrets" },
  });
  const { data = {} } = found as { data?: Record<string, string> };
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
  );
}

/** What changes when Dex is restarted. */
async function generation(): Promise<number> {
  const found = await kubernetes().read({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "signin", name: "dex" },
  });
  return found.metadata?.generation ?? 0;
}

const secretOf = async (name: string) =>
  secretValues("plots", `${name}-oidc-secret`, ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"]);

test("Dex has the client, its environment the secret, and the application both", async () => {
  const now = await text();
  assert.ok(now.startsWith(document), "what others wrote is there letter by letter");
  assert.deepEqual(documentProblems(now), []);
  const [ours] = staticClientsIn(now).filter(({ stack }) => stack === "plots");
  assert.deepEqual(ours?.redirectURIs, ["https://plots.example.com/callback"]);
  const [id = "", secret = ""] = await secretOf("plots");
  assert.equal(id, "plots-oidc-client");
  assert.match(secret, /^[\w-]{43}$/);
  assert.ok(!now.includes(secret), "the secret is not in the document");
  assert.deepEqual(await variables(), {
    OIDC_CLIENT_ID: "gateway",
    OIDC_CLIENT_SECRET: "theirs",
    PLOTS_OIDC_CLIENT_ID: id,
    PLOTS_OIDC_CLIENT_SECRET: secret,
  });
  const settings = await kubernetes().read({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "plots", name: "plots-oidc" },
  });
  const { data } = settings as { data?: Record<string, string> };
  assert.equal(data?.["OIDC_ISSUER_URL"], "https://cluster.example.com/dex");
  assert.equal(data["OIDC_SCOPES"], "openid,profile,email,groups,offline_access");
});

test("a second run changes nothing, restarts nothing, and the secret is nowhere in plain text", async () => {
  const [before, started] = [await secretOf("plots"), await generation()];
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
  const output = await project.up();
  assert.deepEqual([await secretOf("plots"), await generation()], [before, started]);
  for (const said of [output, await project.pulumi("stack", "export")]) assert.ok(!said.includes(before[1] ?? "-"));
});

test("what others change in the document stays, and what they break of ours is put right", async () => {
  const started = await generation();
  const edited = theirs(await text());
  const broken = edited.replace("https://plots.example.com/callback", "https://evil.example.com/callback");
  await overwrite(broken);
  await project.up();
  assert.equal(await text(), edited);
  assert.ok((await generation()) > started, "Dex reads it at its start");
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});

test("another version of the keys is another secret everywhere, and one more application leaves the first alone", async () => {
  const [, before] = await secretOf("plots");
  project.edit({ [plots]: application("plots", "environment: true\nkeyVersion: 2"), [tables]: application("tables") });
  await project.up();
  const [[, plotted], [, tabled]] = [await secretOf("plots"), await secretOf("tables")];
  assert.notEqual(plotted, before);
  const { PLOTS_OIDC_CLIENT_SECRET, TABLES_OIDC_CLIENT_SECRET } = await variables();
  assert.deepEqual([PLOTS_OIDC_CLIENT_SECRET, TABLES_OIDC_CLIENT_SECRET], [plotted, tabled]);
  project.edit({ [tables]: undefined });
  await project.up();
  assert.deepEqual(Object.keys(await variables()).toSorted(), [
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "PLOTS_OIDC_CLIENT_ID",
    "PLOTS_OIDC_CLIENT_SECRET",
  ]);
  assert.equal((await secretOf("plots"))[1], plotted);
  assert.equal(await exists("/api/v1/namespaces/plots/secrets/tables-oidc-secret"), false);
});

test("a document that cannot be read for certain stops the preview", async () => {
  const good = await text();
  await overwrite(good.replace("staticClients:", "staticClients: ["));
  const { code, output } = await project.tryPulumi("preview");
  await overwrite(good);
  assert.equal(code, 1);
  assert.match(output, /platform\.yaml:\d+:\d+ dex-document: /);
});
