import assert from "node:assert/strict";
import { test } from "node:test";
import { dexFindings, dexRevision, gatewayFindings, gatewayRevision } from "../../access/applicationTakeover.ts";
import { InputError } from "../../access/diagnostic.ts";
import type { LiveDex } from "../../access/dexDocument.ts";
import type { GatewayPolicy, LiveGateway } from "../../access/gateway.ts";
import { type Inventory, type LiveObject, objectKey } from "../../access/inventory.ts";
import { builtInFlows, type LiveRealm } from "../../access/liveRealm.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { takeover } from "../../access/takeover.ts";
import { desired, soundFiles, soundRealm as realm } from "./support.ts";

const planOf = (files: Readonly<Record<string, string>>, platform = ""): Plan =>
  resolve(desired({ "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}${platform}\n`, ...files }), "2026-11-23");
const board = (more: string) => ({
  "applications/board.yaml": `name: board\nauth: keycloak\nnamespace: tools\nredirectUris: [https://board.example.com/callback]\n${more}`,
});
const charts = {
  "applications/charts.yaml":
    "name: charts\nauth: dex\nnamespace: tools\nredirectUris: [https://charts.example.com/callback]\n",
};

const policy = (paths: readonly string[], claims: GatewayPolicy["claims"] = {}, revision = 1): GatewayPolicy => ({
  resourceVersion: "1",
  notPaths: [{ pointer: "/spec/rules/0/to/0/operation/notPaths", paths: ["/dex/*", ...paths] }],
  claims,
  revision: { dev: revision },
});
const gatewayOf = (...args: Parameters<typeof policy>): LiveGateway => ({
  requireJwt: policy(...args),
  oauth2Proxy: policy(...args),
});
const tools: LiveObject = { kind: "namespace", name: "tools", id: "tools" };

function live(more: Partial<Omit<Inventory, "objects">> = {}, objects: readonly LiveObject[] = [tools]): Inventory {
  return {
    accounts: [],
    realm,
    seen: [],
    masterRealm: [],
    dropsAttributes: false,
    registrationFlow: false,
    target: {},
    administrators: [],
    yourself: undefined,
    gateway: gatewayOf([]),
    dex: undefined,
    ...more,
    objects: new Map(objects.map((object) => [objectKey(object.kind, object.name), object])),
  };
}

function refusals(plan: Plan, inventory: Inventory): string[] {
  try {
    takeover(plan, inventory, "dev");
  } catch (error) {
    if (error instanceof InputError) return error.message.split("\n").slice(0, -1);
    throw error;
  }
  return [];
}

test("an application's namespace must be there", () => {
  assert.deepEqual(refusals(planOf(board("")), live({}, [])), [
    'env/applications/board.yaml:3:12 missing-namespace: namespace "tools" of application "board" is not there. Create it, or name the one it runs in.',
  ]);
  assert.deepEqual(refusals(planOf(board("")), live()), []);
});

test("a client or a Secret of somebody else is not overwritten, and is taken over when asked for", () => {
  const there: LiveObject[] = [
    tools,
    { kind: "client", name: "board-client", id: "prokube/uuid" },
    { kind: "Secret", name: "tools/board-oidc-secret", id: "tools/board-oidc-secret" },
  ];
  assert.equal(refusals(planOf(board("")), live({}, there)).length, 2);
  const { imports } = takeover(planOf(board("adopt: true")), live({}, there), "dev");
  assert.deepEqual([...imports].toSorted(), [
    ["Secret tools/board-oidc-secret", "tools/board-oidc-secret"],
    ["client board-client", "prokube/uuid"],
  ]);
});

test("the scope of groups of another stack is used when that is said", () => {
  const scope: LiveObject = { kind: "client scope", name: "groups", id: "groups", stack: "prod" };
  assert.match(
    refusals(planOf(board("")), live({}, [tools, scope])).join(),
    /write groupsScope: existing in platform.yaml/,
  );
  const existing = planOf(board(""), "clients: { groupsScope: existing }");
  assert.deepEqual(refusals(existing, live({}, [tools, scope])), []);
  assert.match(refusals(existing, live()).join(), /realm-setting: realm "prokube" has no client scope "groups"/);
});

const gated = board("allow: [{ group: data-science }]");
const ways: readonly [string, Partial<LiveRealm>, RegExp | undefined][] = [
  ["nothing", {}, undefined],
  ["a foreign identity provider", { openProviders: ["corp"] }, /identity provider "corp", which is not this stack's/],
  ["a login flow of the realm's own", { flows: { ...builtInFlows, browserFlow: "theirs" } }, /by the flow "theirs"/],
  ["a second factor in Keycloak's own flow", { asksForMore: true }, /by the flow "browser", which asks, or may ask/],
  ["forgotten passwords", { resetsPasswords: true }, /Write realmManagement: settings/],
  ["registration", { registers: true }, /whoever registers/],
  ["invitations", { hasOrganizations: true }, /whoever is invited/],
];
for (const [what, more, wanted] of ways) {
  test(`allow and ${what}`, () => {
    const found = refusals(planOf(gated), live({ realm: { ...realm, ...more } }));
    if (!wanted) assert.deepEqual(found, []);
    else {
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", /^env\/applications\/board\.yaml:5:8 login-bypass: /);
      assert.match(found[0] ?? "", wanted);
    }
    assert.deepEqual(refusals(planOf(board("")), live({ realm: { ...realm, ...more } })), [], "without allow");
  });
}

test("forgotten passwords are guarded where the realm is managed, unless it has a flow of its own", () => {
  const plan = planOf(gated, "realmManagement: settings");
  const resets = { ...realm, resetsPasswords: true };
  assert.equal(takeover(plan, live({ realm: resets }), "dev").guardsResets, true);
  assert.equal(takeover(plan, live(), "dev").guardsResets, false);
  const theirs = { ...resets, flows: { ...builtInFlows, resetCredentialsFlow: "theirs" } };
  assert.match(refusals(plan, live({ realm: theirs })).join(), /by the flow "theirs"/);
});

const exempting = (more = "") => planOf(board(`paths: [/board/*]\n${more}`));
test("a path that somebody else has exempted, or something that meets it, is not taken for ours", () => {
  const refused = (gateway: LiveGateway, more = "") => refusals(exempting(more), live({ gateway }));
  assert.match(
    refused(gatewayOf(["/board/*"])).join(),
    /foreign-object: path "\/board\/\*" is exempted .* adopt: true/,
  );
  assert.deepEqual(refused(gatewayOf(["/board/*"]), "adopt: true"), []);
  assert.deepEqual(refused(gatewayOf(["/board/*"], { dev: ["/board/*"] })), []);
  assert.match(refused(gatewayOf(["/board/*"], { prod: ["/board/*"] }), "adopt: true").join(), /stack "prod" exempts/);
  assert.match(refused(gatewayOf(["/board/x/*"]), "adopt: true").join(), /path-taken: .* meets \/board\/x\/\*/);
  assert.match(
    refused({ ...gatewayOf([]), requireJwt: undefined }).join(),
    /gateway-policy: .*require-jwt" is missing/,
  );
});

test("the gateway's number changes when both policies have to be put right, and only then", () => {
  const revision = (gateway: LiveGateway) =>
    gatewayRevision({ plan: exempting(), live: live({ gateway }), stack: "dev" });
  const claims = { dev: ["/board/*"] };
  assert.equal(revision(gatewayOf(["/board/*"], claims, 7)), 7);
  assert.equal(revision(gatewayOf([], claims, 7)), 8);
  assert.equal(revision({ ...gatewayOf(["/board/*"], claims, 7), oauth2Proxy: policy([], claims, 7) }), 8);
});

test("a path that counts on headers and is exempted is told, and so is one that nobody knows", () => {
  const plan = planOf({ "applications/notes.yaml": "name: notes\nauth: headers\npaths: [/notes/*]\n" });
  const findings = gatewayFindings({ plan, live: live({ gateway: gatewayOf(["/notes/*"]) }), stack: "dev" });
  assert.match(
    findings.join("\n"),
    /application "notes" counts on the headers of the gateway, but \/notes\/\* is exempted/,
  );
  assert.deepEqual(
    gatewayFindings({ plan, live: live(), stack: "dev" }).filter((one) => one.includes("notes")),
    [],
  );
});

const dex = (more: Partial<LiveDex> = {}): LiveDex => ({
  text: "issuer: https://cluster.example.com/dex\nstaticClients:\n  - id: gateway\n    name: Gateway\n    redirectURIs: [/oauth2/callback]\n    secret: $X\n",
  revisions: {},
  variables: [],
  deployment: undefined,
  ...more,
});

test("Dex's document is not written where that would lose something or take a variable of others", () => {
  const refused = (more: Partial<LiveDex>) => refusals(planOf(charts), live({ dex: dex(more) }));
  assert.deepEqual(refused({}), []);
  assert.match(refused({ text: undefined }).join(), /dex-document: there is no ConfigMap "dex" with key "config.yaml"/);
  assert.match(refused({ text: "staticClients: [" }).join(), /dex-document: /);
  assert.match(
    refused({ variables: [{ name: "CHARTS_OIDC_CLIENT_ID" }] }).join(),
    /foreign-object: variable "CHARTS_OIDC_CLIENT_ID" in Secret "dex-oidc-secrets" is not this stack's/,
  );
});

test("a Deployment that does not take the variables is told", () => {
  const deployment = { current: true, reads: ["OIDC_CLIENT_ID", "CHARTS_OIDC_CLIENT_ID"] };
  const findings = dexFindings({ plan: planOf(charts), live: live({ dex: dex({ deployment }) }), stack: "dev" });
  assert.match(findings.join("\n"), /Deployment "dex" does not take CHARTS_OIDC_CLIENT_SECRET from Secret/);
  assert.ok(!findings.join("\n").includes("take CHARTS_OIDC_CLIENT_ID"));
});

test("where somebody else writes, what of ours is left there is told", () => {
  const block =
    "  # prokube-access/dev: applications, do not edit\n  - idEnv: GONE_OIDC_CLIENT_ID # gone-oidc-client\n    name: gone\n    redirectURIs: [https://gone.example.com/x]\n    secretEnv: GONE_OIDC_CLIENT_SECRET\n  # prokube-access/dev: end\n";
  const inventory = live({
    gateway: gatewayOf(["/gone/*"], { dev: ["/gone/*"] }),
    dex: dex({ text: `${dex().text ?? ""}${block}` }),
  });
  const plan = planOf({}, "gateway: { policies: check }\ndex: { document: { mode: check } }");
  const { applicationFindings } = takeover(plan, inventory, "dev");
  assert.match(applicationFindings.join("\n"), /"\/gone\/\*" .*no application/);
  assert.match(applicationFindings.join("\n"), /still has static client "gone-oidc-client", which no file names/);
});

test("a connector that asks for what its client may not have is told, because nobody could log in", () => {
  const connector =
    "connectors:\n  - type: oidc\n    id: keycloak\n    name: K\n    config: { insecureEnableGroups: true, scopes: [openid, groups] }\n";
  const inventory = live({ dex: dex({ text: `${dex().text ?? ""}${connector}` }) });
  const told = (platform: string) =>
    dexFindings({ plan: planOf(charts, platform), live: inventory, stack: "dev" }).join();
  assert.match(told("clients: { dex: {} }"), /asks Keycloak for the scope "groups"/);
  assert.equal(told(""), "");
});

test("Dex's number changes when its document, variables or start are not as they should be", () => {
  const plan = planOf(charts);
  assert.equal(dexRevision({ plan, live: live({ dex: dex({ revisions: { dev: "3" } }) }), stack: "dev" }), 4);
});
