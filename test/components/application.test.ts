import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { nothingChanged } from "../../access/order.ts";
import { resolve } from "../../access/resolve.ts";
import { desired, soundFiles } from "../access/support.ts";
import { isSecret, noActions, recordRegistrations } from "../support/mocks.ts";

const recorder = await recordRegistrations();
const { createHooks } = await import("../../components/hooks.ts");
const { createPlatform } = await import("../../components/platform.ts");
const { createShared } = await import("../../components/shared.ts");

const attributes = { "managed-by": "prokube-access", stack: "dev" };
const labels = { "app.kubernetes.io/managed-by": "prokube-access", "prokube-access/stack": "dev" };
const plan = resolve(
  desired({
    "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}realmRoles: [{ name: "s3:reader" }]\n`,
    "applications/board.yaml": [
      "name: board",
      "auth: keycloak",
      "namespace: tools",
      "redirectUris: [https://cluster.example.com/board/callback]",
      "paths: [/board/*]",
      "environment: true",
      "keyVersion: 3",
      'allow: [{ group: data-science }, { group: pk-admin }, { role: "s3:reader" }]',
    ].join("\n"),
    "applications/charts.yaml": [
      "name: charts",
      "auth: dex",
      "namespace: team-a",
      "redirectUris: [https://charts.example.com/callback]",
    ].join("\n"),
    "applications/notes.yaml": "name: notes\nauth: headers\npaths: [/notes/*]\n",
  }),
  "2026-11-23",
);
const found = {
  imports: new Map([["client board-client", "prokube/board-uuid"]]),
  accounts: new Map(),
  usernames: new Map(),
  keys: new Map(plan.users.map(({ username }) => [username, username])),
  lookups: new Map(),
  holdsOwner: true,
  notices: [],
  gatewayRevision: 4,
  dexRevision: 2,
  applicationFindings: [],
  guardsResets: false,
  ownFlows: [],
  misnamed: [],
};
const { applications } = await createPlatform(
  {
    plan,
    changed: nothingChanged,
    live: undefined,
    clientScopes: [],
    hooks: createHooks(noActions),
    secrets: { require: (name) => pulumi.secret(name) },
    found,
  },
  {},
);
const nothing = () => Promise.resolve();
createShared(plan, found, applications, { exempt: nothing, registerAtDex: nothing }, {});
const all = await recorder.settle();

const of = (type: string, name: string) => {
  const matches = all.filter((one) => one.type.endsWith(`:${type}`) && one.name === name);
  assert.equal(matches.length, 1, `${type} ${name}`);
  return { inputs: matches[0]?.inputs ?? {}, options: matches[0]?.options ?? {} };
};
const plain = (inputs: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isSecret(value)));

test("an application of Keycloak has a confidential client with exact addresses and nothing but codes", () => {
  const { inputs, options } = of("Client", "board-client");
  assert.deepEqual(inputs, {
    realmId: "prokube",
    clientId: "board-client",
    name: "board",
    description: "Application board",
    enabled: true,
    accessType: "CONFIDENTIAL",
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    fullScopeAllowed: false,
    validRedirectUris: ["https://cluster.example.com/board/callback"],
    validPostLogoutRedirectUris: ["+"],
    webOrigins: ["https://cluster.example.com"],
    clientSecretRegenerateWhenChanged: { keyVersion: "3" },
    authenticationFlowBindingOverrides: { browserId: "board-login-flow-id" },
    extraConfig: { ...attributes, "oidc.ciba.grant.enabled": "false" },
  });
  assert.deepEqual(options, { import: "prokube/board-uuid" });
});

test("its scopes are all it has: no roles, groups with a leading slash, offline access when asked for", () => {
  assert.deepEqual(of("ClientDefaultScopes", "board-scopes").inputs["defaultScopes"], [
    "basic",
    "acr",
    "web-origins",
    "profile",
    "email",
    "groups",
    "prokube-access-board",
  ]);
  assert.deepEqual(of("ClientOptionalScopes", "board-optional-scopes").inputs["optionalScopes"], ["offline_access"]);
  const { claimName, fullPath } = of("GroupMembershipProtocolMapper", "groups-scope-mapper").inputs;
  assert.deepEqual([claimName, fullPath], ["groups", true]);
  assert.equal(of("AudienceProtocolMapper", "board-audience").inputs["includedCustomAudience"], "board-client");
});

test("whom it allows has a role that opens it, or one that the file names", () => {
  assert.equal(
    of("Role", "prokube-role-prokube-access:application:board").inputs["name"],
    "prokube-access:application:board",
  );
  const given = (name: string) => of("GroupRoles", name).inputs["roleIds"];
  assert.deepEqual(given("data-science-roles"), [
    "team-a-role-view-id",
    "prokube-role-prokube-access:application:board-id",
  ]);
  assert.deepEqual(given("prokube-group-pk-admin-roles"), ["prokube-role-prokube-access:application:board-id"]);
  const asked = all.flatMap(({ type, inputs }) => {
    const { config } = inputs as { config?: Record<string, string> };
    return type.endsWith(":ExecutionConfig") && config?.["condUserRole"] !== undefined ? [config["condUserRole"]] : [];
  });
  assert.deepEqual(asked.toSorted(), ["prokube-access:application:board", "s3:reader"]);
});

test("the namespace gets a Secret with both keys and, when asked for, the addresses", () => {
  const { inputs } = of("Secret", "board-keys");
  assert.deepEqual(plain(inputs)["metadata"], { name: "board-oidc-secret", namespace: "tools", labels });
  assert.ok(isSecret(inputs["stringData"]));
  const { data } = of("ConfigMap", "board-environment").inputs as { data: Record<string, string> };
  assert.equal(data["OIDC_ISSUER_URL"], "https://cluster.example.com/auth/realms/prokube");
  assert.equal(all.filter(({ name }) => name === "charts-environment").length, 0);
});

test("an application of Dex has a drawn secret that stays, and an application of headers has nothing", () => {
  const { inputs, options } = of("Stash", "charts-secret-1");
  assert.ok(isSecret(inputs["input"]));
  assert.deepEqual(options, { ignoreChanges: ["input"] });
  assert.deepEqual(
    all.filter(({ name }) => name.startsWith("notes")),
    [],
  );
});

test("paths at the gateway and clients of Dex are one part each, secrets inside", () => {
  assert.deepEqual(of("Stash", "gateway-exemptions").inputs, {
    input: { exempted: ["/board/*"], revision: 4 },
  });
  const { input } = of("Stash", "dex-clients").inputs as { input: { variables: Record<string, unknown> } };
  const { CHARTS_OIDC_CLIENT_SECRET: secret, ...variables } = input.variables;
  assert.ok(isSecret(secret));
  assert.deepEqual(
    { ...input, variables },
    {
      clients: [
        {
          id: "charts-oidc-client",
          name: "charts",
          redirectURIs: ["https://charts.example.com/callback"],
          idVariable: "CHARTS_OIDC_CLIENT_ID",
          secretVariable: "CHARTS_OIDC_CLIENT_SECRET",
        },
      ],
      variables: { CHARTS_OIDC_CLIENT_ID: "charts-oidc-client" },
      revision: 2,
    },
  );
});

test("what policies see of an application are its facts, without a secret", () => {
  assert.deepEqual(of("Application", "board").inputs, {
    application: "board",
    auth: "keycloak",
    clientId: "board-client",
    namespace: "tools",
    redirectUris: ["https://cluster.example.com/board/callback"],
    paths: ["/board/*"],
    allow: { groups: ["data-science", "pk-admin"], roles: ["s3:reader"] },
  });
});
