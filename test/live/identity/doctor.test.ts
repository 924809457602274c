import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import type ClientRepresentation from "@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js";
import { KubeConfig, type KubernetesObject } from "@kubernetes/client-node";
import type { Browser } from "playwright-core";
import { parse, stringify } from "yaml";
import { Cluster } from "../../../live/cluster.ts";
import { openBrowser } from "../support/browser.ts";
import {
  create,
  environment,
  finishFirstLogin,
  keycloakAdmin,
  kubernetes,
  logIn,
  realm,
  remove,
  userId,
} from "../support/platform.ts";
import { RelyingParty, secretValues } from "../support/relyingParty.ts";
import { person, type Project, smallProject } from "../support/stack.ts";

const password = "Chosen-at-first-login-1";
const issuer = environment("OIDC_ISSUER_URL");
const callback = "https://cluster.example.com/chart-room/callback";

const variable = (name: string, value: string) => `            - { name: ${name}, value: "${value}" }`;
const keys = (secret: string, id: string, key: string) =>
  ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"].map(
    (name, index) =>
      `            - { name: ${name}, valueFrom: { secretKeyRef: { name: ${secret}, key: ${index === 0 ? id : key} } } }`,
  );
const deployment = (name: string, lines: readonly string[]) =>
  `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ward }
spec:
  replicas: 0
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: web
          image: example.com/${name}
${lines.join("\n")}
`;
const route = (name: string, path: string, namespace = "ward") =>
  `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  hosts: ["*"]
  gateways: [kubeflow/kubeflow-gateway]
  http: [{ match: [{ uri: { prefix: ${path} } }], route: [{ destination: { host: ${name} } }] }]
`;

/** Kinds of Istio that the local platform lacks. */
const kinds = [
  ["networking.istio.io", "VirtualService", "virtualservices"],
  ["security.istio.io", "RequestAuthentication", "requestauthentications"],
].map(([group, kind = "", plural]) =>
  [
    "apiVersion: apiextensions.k8s.io/v1",
    "kind: CustomResourceDefinition",
    `metadata: { name: ${plural ?? ""}.${group ?? ""} }`,
    "spec:",
    `  group: ${group ?? ""}`,
    `  names: { kind: ${kind}, plural: ${plural ?? ""}, singular: ${kind.toLowerCase()} }`,
    "  scope: Namespaced",
    "  versions:",
    "    - name: v1",
    "      served: true",
    "      storage: true",
    // By the name that the JavaScript client has for it.
    "      schema: { openAPIV3Schema: { type: object, x_kubernetes_preserve_unknown_fields: true } }",
    "",
  ].join("\n"),
);

const namespaces = ["ward", "elsewhere"].map(
  (name) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`,
);
const dexDocument = `issuer: https://cluster.example.com/dex
connectors:
  - type: oidc
    id: keycloak
    name: Keycloak
    config:
      issuer: ${issuer}
      clientID: clinic-dex
      clientSecret: $KEYCLOAK_SECRET
      redirectURI: https://cluster.example.com/dex/callback
      insecureEnableGroups: true
staticClients: []
`;
const dexObject = stringify({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "dex", namespace: "ward" },
  data: { "config.yaml": dexDocument },
});
const tokens = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: clinic-jwt, namespace: istio-system }
spec:
  selector: { matchLabels: { app: istio-ingressgateway } }
  jwtRules:
    - issuer: https://cluster.example.com/dex
      outputClaimToHeaders:
        - { header: kubeflow-userid, claim: email }
        - { header: kubeflow-groups, claim: groups }
`;
const workloads = [
  deployment("chart-room", [
    "          envFrom: [{ configMapRef: { name: chart-room-oidc } }]",
    "          env:",
    ...keys("chart-room-oidc-secret", "client-id", "client-secret"),
  ]),
  deployment("waiting-room", ["          env:", variable("USERID_HEADER", "kubeflow-userid")]),
  deployment("pharmacy", [
    "          env:",
    ...keys("pharmacy-oidc-secret", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"),
    variable("OIDC_ISSUER_URL", "https://cluster.example.com/dex"),
    variable("OIDC_REDIRECT_URI", "https://cluster.example.com/pharmacy/callback"),
    variable("OIDC_SCOPES", "openid profile email groups offline_access"),
  ]),
  deployment("dex", ["          envFrom: [{ secretRef: { name: dex-oidc-secrets } }]"]),
].join("---\n");
const applications = ["chart-room", "waiting-room", "pharmacy"];
const routes = applications.map((name) => route(name, `/${name}/`)).join("---\n");

let browser: Browser;
let party: RelyingParty;
let project: Project;
before(async () => {
  browser = await openBrowser();
  party = await RelyingParty.listen();
  await create([...kinds, ...namespaces].join("---\n"));
  await eventually(() => create(tokens));
  await create([dexObject, workloads, routes].join("---\n"));
  project = await smallProject("clinic", {
    "platform.yaml": [
      "domain: cluster.example.com",
      "masterAdmins: [root-1, root-2]",
      "owner: clinic.owner@example.com",
      `keycloakAddress: ${environment("KEYCLOAK_URL")}`,
      "realmRoles: [{ name: clinic-viewer }]",
      "clients: { dex: { clientId: clinic-dex } }",
      "dex: { namespace: ward }",
      "",
    ].join("\n"),
    "users/doris.yaml": person("doris", "roles: [clinic-viewer]\n"),
    "users/otto.yaml": person("otto"),
    "groups/patients.yaml": "name: patients\nmembers: [doris]\n",
    "applications/chart-room.yaml": [
      "name: chart-room",
      "auth: keycloak",
      "namespace: ward",
      `redirectUris: ["${callback}", "${party.redirectUri}"]`,
      'paths: ["/chart-room/*"]',
      "environment: true",
      "allow: [{ group: patients }]",
      "",
    ].join("\n"),
    "applications/waiting-room.yaml":
      'name: waiting-room\nauth: headers\nnamespace: ward\npaths: ["/waiting-room/*"]\n',
    "applications/pharmacy.yaml": [
      "name: pharmacy",
      "auth: dex",
      "namespace: ward",
      'redirectUris: ["https://cluster.example.com/pharmacy/callback"]',
      'paths: ["/pharmacy/*"]',
      "",
    ].join("\n"),
  });
  for (const username of ["doris", "otto"]) await finishFirstLogin(username);
  // Keycloak by itself keeps no events of refresh tokens.
  const enabledEventTypes = ["LOGIN_ERROR", "CODE_TO_TOKEN", "CODE_TO_TOKEN_ERROR", "REFRESH_TOKEN_ERROR"];
  await (
    await keycloakAdmin()
  ).realms.update({ realm }, { eventsEnabled: true, enabledEventTypes, adminEventsEnabled: true });
  await party.configure("ward", "chart-room-oidc-secret");
});
after(async () => {
  const { realms } = await keycloakAdmin();
  await realms.update({ realm }, { eventsEnabled: false, enabledEventTypes: [], adminEventsEnabled: false });
  await realms.clearEvents({ realm });
  await realms.clearAdminEvents({ realm });
  party.close();
  await browser.close();
  try {
    // What lies in documents of others goes with an update.
    for (const name of applications) project.edit({ [`applications/${name}.yaml`]: undefined });
    await project.up();
    await project.destroy();
  } finally {
    await remove([tokens, ...namespaces, ...kinds].join("---\n"));
  }
});

/** A new kind is served a moment after it was made, and others may write between two of our steps. */
async function eventually<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((done) => setTimeout(done, 250));
    }
  }
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as an administrator does. */
async function run(args: readonly string[], changes: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const command = [`${process.cwd()}/bin/access.ts`, "doctor", ...args, "--stack", "clinic"];
  const child = spawn(process.execPath, command, { cwd: project.folder, env: { ...process.env, ...changes } });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, "exit");
  return { code: child.exitCode, stdout, stderr };
}

interface Report {
  readonly problems: number;
  readonly applications: readonly {
    readonly application: string;
    readonly chapters: readonly {
      readonly chapter: string;
      readonly status: string;
      readonly findings: readonly { readonly severity: string; readonly cause: string; readonly fix: string }[];
    }[];
  }[];
}

/** What is told, one line for each finding. */
async function told(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run([...args, "--json"]);
  assert.ok(code === 0 || code === 1, stderr);
  const { problems, applications } = JSON.parse(stdout) as Report;
  assert.equal(code, problems === 0 ? 0 : 1);
  return applications.flatMap(({ application, chapters }) =>
    chapters.flatMap(({ chapter, findings }) =>
      findings.map(({ severity, cause, fix }) => [application, chapter, severity, cause, fix].join(" | ")),
    ),
  );
}

/** Spoils something, looks, and puts it right again. */
async function spoilt(spoil: () => Promise<() => Promise<unknown>>, ...args: string[]): Promise<string[]> {
  const restore = await spoil();
  try {
    return await told(...args);
  } finally {
    await restore();
  }
}

/** Changes an object by hand, and says how to put it back. */
async function edited(
  apiVersion: string,
  kind: string,
  name: string,
  edit: (object: Editable) => void,
  namespace = "ward",
): Promise<() => Promise<unknown>> {
  const client = kubernetes();
  const reference = { apiVersion, kind, metadata: { name, namespace } };
  const found = stringify(await client.read(reference));
  const changed = parse(found) as Editable;
  edit(changed);
  await client.replace(changed);
  return async () => {
    const { metadata } = await client.read(reference);
    const before = parse(found) as Editable;
    await client.replace({
      ...before,
      metadata: { ...before.metadata, resourceVersion: metadata?.resourceVersion ?? "" },
    });
  };
}

/** Changes one list of the gateway and no more of it: other stacks have their paths there. */
async function exempt(name: string, change: (paths: readonly string[]) => string[]): Promise<void> {
  await eventually(() =>
    edited(
      "security.istio.io/v1",
      "AuthorizationPolicy",
      `istio-ingressgateway-${name}`,
      ({ spec }) => {
        for (const { operation } of spec.rules.flatMap(({ to }) => to)) {
          operation.notPaths = change(operation.notPaths);
        }
      },
      "istio-system",
    ),
  );
}

/** What these tests change in objects. */
interface Editable extends KubernetesObject {
  metadata: Record<string, string>;
  data: Record<string, string>;
  spec: {
    rules: { to: { operation: { notPaths: string[] } }[] }[];
    jwtRules: { outputClaimToHeaders: unknown[] }[];
    template: { spec: { containers: { env: { name: string; value?: string; valueFrom?: unknown }[] }[] } };
  };
}

/** Changes the client by hand. */
async function client(change: (found: ClientRepresentation) => ClientRepresentation): Promise<() => Promise<unknown>> {
  const { clients } = await keycloakAdmin();
  const [found] = await clients.find({ clientId: "chart-room-client" });
  assert.ok(found?.id);
  const { id } = found;
  await clients.update({ id }, change(found));
  return async () => (await keycloakAdmin()).clients.update({ id }, found);
}

const up = "Run pulumi up --stack clinic --refresh --run-program.";
test("nothing is wrong with what the program has made", async () => {
  const { code, stdout, stderr } = await run([]);
  assert.equal(code, 0, stdout + stderr);
  const [chartRoom = "", pharmacy = "", waitingRoom = ""] = stdout.split("\n\n");
  assert.match(chartRoom, /^chart-room \(keycloak\)(\n {2}\S.* {2}ok){5}$/);
  assert.match(pharmacy, /^pharmacy \(dex\)(\n {2}\S.* {2}ok){5}$/);
  assert.match(waitingRoom, /^waiting-room \(headers\)(\n {2}\S.* {2}ok){3}$/);
});

test("says what a user is told where nothing is wrong", async () => {
  assert.deepEqual(await told("--user", "doris"), [
    'chart-room | groups in token | hint | the claim groups for doris would be ["/patients", "/pk-user"] | If the application does not see them: compare with the leading slash, and log out and in again.',
    'pharmacy | groups in token | hint | the claim groups for doris would be ["clinic-viewer"] | If the application does not see them: compare without a leading slash, and log out and in again.',
    'waiting-room | groups in headers | hint | the header kubeflow-groups for doris would be "clinic-viewer" | If the application does not see them: split at commas, and log out and in again.',
  ]);
});

test("a user whom allow does not name is told apart, and has no groups in headers", async () => {
  const lines = await told("--user", "otto");
  assert.deepEqual(
    lines.filter((line) => line.includes("| problem |")),
    [
      'chart-room | 403 after login | problem | otto may not log in to chart-room: allow names group "patients", and otto holds none of the realm roles "prokube-access:application:chart-room" (groups: "/pk-user") | Add otto to members in stacks/clinic/groups/patients.yaml, or name a group of otto under allow in stacks/clinic/applications/chart-room.yaml.',
      'pharmacy | groups in token | problem | otto has no groups that pharmacy would be told: the claim groups would be empty (groups in Keycloak: "/pk-user") | Give otto a free realm role: roles in stacks/clinic/users/otto.yaml or in the file of one of the groups.',
      'waiting-room | groups in headers | problem | otto has no groups that waiting-room would be told: the header kubeflow-groups would be empty (groups in Keycloak: "/pk-user") | Give otto a free realm role: roles in stacks/clinic/users/otto.yaml or in the file of one of the groups.',
    ],
  );
});

test("groups: a mapper without full paths, a client without the scope, Dex without groups", async () => {
  const { clientScopes } = await keycloakAdmin();
  const scope = (await clientScopes.find()).find(({ name }) => name === "groups");
  assert.ok(scope?.id);
  const { id } = scope;
  const [mapper] = scope.protocolMappers ?? [];
  assert.ok(mapper?.id);
  const { id: mapperId } = mapper;
  assert.deepEqual(
    await spoilt(async () => {
      const config = { ...(mapper.config as Record<string, string>), "full.path": "false" };
      await clientScopes.updateProtocolMapper({ id, mapperId }, { ...mapper, config });
      return async () => (await keycloakAdmin()).clientScopes.updateProtocolMapper({ id, mapperId }, mapper);
    }, "chart-room"),
    [
      `chart-room | groups in token | problem | mapper "groups" gives groups without the leading slash ("Full group path" is off): /pk-user arrives as pk-user | ${up}`,
    ],
  );
  assert.deepEqual(
    await spoilt(async () => {
      const admin = await keycloakAdmin();
      const [{ id: uuid = "" } = {}] = await admin.clients.find({ clientId: "chart-room-client" });
      await admin.clients.delDefaultClientScope({ id: uuid, clientScopeId: id });
      return async () => (await keycloakAdmin()).clients.addDefaultClientScope({ id: uuid, clientScopeId: id });
    }, "chart-room"),
    [
      `chart-room | groups in token | problem | client "chart-room-client" does not have the scope groups: no token lists groups | ${up}`,
    ],
  );
  const dropped = await spoilt(() =>
    edited("v1", "ConfigMap", "dex", ({ data }) => {
      data["config.yaml"] = data["config.yaml"]?.replace(/ *insecureEnableGroups: true\n/, "") ?? "";
    }),
  );
  assert.deepEqual(
    dropped.map((line) => line.split(" | ").slice(0, 3).join(" | ")),
    ["pharmacy | groups in token | problem", "waiting-room | groups in headers | problem"],
  );
  assert.match(dropped[0] ?? "", /has no insecureEnableGroups: true, so Dex drops the groups/);
});

test("headers: an exempted path, a header that nobody writes, an application that reads another", async () => {
  assert.deepEqual(
    await spoilt(async () => {
      await exempt("require-jwt", (paths) => [...paths, "/waiting-room/tv*"]);
      return () => exempt("require-jwt", (paths) => paths.filter((path) => path !== "/waiting-room/tv*"));
    }, "waiting-room"),
    [
      'waiting-room | groups in headers | problem | path "/waiting-room/*" is exempted by "/waiting-room/tv*" in AuthorizationPolicy istio-system/istio-ingressgateway-require-jwt: requests without a token get through, with whatever headers they bring | Remove "/waiting-room/tv*" from notPaths there: kubectl -n istio-system edit authorizationpolicy istio-ingressgateway-require-jwt',
    ],
  );
  assert.deepEqual(
    await spoilt(
      () =>
        edited(
          "security.istio.io/v1",
          "RequestAuthentication",
          "clinic-jwt",
          ({ spec }) => spec.jwtRules[0]?.outputClaimToHeaders.pop(),
          "istio-system",
        ),
      "waiting-room",
    ),
    [
      "waiting-room | groups in headers | problem | no RequestAuthentication writes the header kubeflow-groups | Add { header: kubeflow-groups, claim: groups } to outputClaimToHeaders of RequestAuthentication istio-system/clinic-jwt.",
    ],
  );
  assert.deepEqual(await spoilt(() => settingOf("waiting-room", "USERID_HEADER", "x-user"), "waiting-room"), [
    'waiting-room | groups in headers | problem | USERID_HEADER of container web in Deployment waiting-room is "x-user"; the gateway writes "kubeflow-userid" | Set USERID_HEADER of container web in Deployment waiting-room to "kubeflow-userid".',
  ]);
});

/** Sets an environment variable of a Deployment by hand. */
async function settingOf(name: string, variableName: string, value: string): Promise<() => Promise<unknown>> {
  return edited("apps/v1", "Deployment", name, ({ spec }) => {
    const [container] = spec.template.spec.containers;
    assert.ok(container);
    container.env = [...container.env.filter((one) => one.name !== variableName), { name: variableName, value }];
  });
}

test("redirect addresses: in a Deployment, in Keycloak, in Dex, and one that Keycloak refused", async () => {
  assert.deepEqual(await spoilt(() => settingOf("chart-room", "OIDC_REDIRECT_URI", `${callback}/`), "chart-room"), [
    `chart-room | redirect URI | problem | OIDC_REDIRECT_URI of container web in Deployment chart-room is "${callback}/" (one final slash too many), which is not registered (registered: "${party.redirectUri}", "${callback}") | Set OIDC_REDIRECT_URI of container web in Deployment chart-room to "${callback}". Or add the address to redirectUris in stacks/clinic/applications/chart-room.yaml.`,
  ]);
  assert.match(
    (
      await spoilt(async () => {
        const first = await settingOf("chart-room", "BASE", "https://cluster.example.com");
        await settingOf("chart-room", "OIDC_REDIRECT_URI", "$(BASE)/callback");
        return first;
      }, "chart-room")
    ).join("\n"),
    /is "https:\/\/cluster\.example\.com\/callback" \(the path lacks "\/chart-room"\), which is not registered/,
  );
  const lines = await spoilt(
    () => client((found) => ({ ...found, redirectUris: [party.redirectUri, "https://cluster.example.com/*"] })),
    "chart-room",
  );
  assert.deepEqual(
    lines.map((line) => line.split(" | ").slice(1, 3).join(" | ")),
    ["redirect URI | problem", "redirect URI | problem", "redirect URI | hint"],
  );
  assert.match(
    await spoilt(
      () =>
        edited("v1", "ConfigMap", "dex", ({ data }) => {
          data["config.yaml"] = data["config.yaml"]?.replace("/pharmacy/callback", "/pharmacy/cb") ?? "";
        }),
      "pharmacy",
    ).then((found) => found.join("\n")),
    /^pharmacy \| redirect URI \| problem \| client "pharmacy-oidc-client" in Dex does not have the redirect address "https:\/\/cluster\.example\.com\/pharmacy\/callback" \(it has: "https:\/\/cluster\.example\.com\/pharmacy\/cb"\)/m,
  );

  const query = new URLSearchParams({
    client_id: "chart-room-client",
    redirect_uri: callback.replace("https:", "http:"),
    response_type: "code",
    scope: "openid",
  });
  assert.equal((await fetch(`${issuer}/protocol/openid-connect/auth?${query.toString()}`)).status, 400);
  assert.match(
    (await told("chart-room")).join("\n"),
    /^chart-room \| redirect URI \| problem \| Keycloak refused the redirect address "http:\/\/cluster\.example\.com\/chart-room\/callback" \(http: instead of https:\) at 20\S+; registered: "http:\S+", "https:\/\/cluster\.example\.com\/chart-room\/callback" \| Let the application ask for a registered one, or add it to redirectUris in stacks\/clinic\/applications\/chart-room\.yaml\.$/,
  );
  await (await keycloakAdmin()).realms.clearEvents({ realm });
});

test("403: a path that one policy forgets, a Secret that is old, a login flow that is gone", async () => {
  const forget = (name: string) => async () => {
    await exempt(name, (paths) => paths.filter((path) => path !== "/chart-room/*"));
    return () => exempt(name, (paths) => [...paths, "/chart-room/*"]);
  };
  assert.deepEqual(await spoilt(forget("require-jwt")), [
    `chart-room | 403 after login | problem | path "/chart-room/*" is not among notPaths of AuthorizationPolicy istio-system/istio-ingressgateway-require-jwt: users get 403 Forbidden before they reach the application's login | ${up}`,
  ]);
  assert.deepEqual(await spoilt(forget("oauth2-proxy")), [
    `chart-room | wrong URL or issuer | problem | path "/chart-room/*" is not among notPaths of AuthorizationPolicy istio-system/istio-ingressgateway-oauth2-proxy: users get the platform's login page instead of the application's | ${up}`,
  ]);
  for (const [application, key] of [
    ["chart-room", "client-secret"],
    ["pharmacy", "OIDC_CLIENT_SECRET"],
  ] as const) {
    const [line = "", ...others] = await spoilt(
      () =>
        edited("v1", "Secret", `${application}-oidc-secret`, ({ data }) => {
          data[key] = Buffer.from("canary-old-7f3a").toString("base64");
        }),
      application,
    );
    assert.deepEqual(others, []);
    assert.match(
      line,
      /\| 403 after login \| problem \| key \S+ of Secret ward\/\S+ is not the secret that (Keycloak|Dex) has/,
    );
  }
  assert.deepEqual(
    await spoilt(
      () => client((found) => ({ ...found, authenticationFlowBindingOverrides: { browser: "" } })),
      "chart-room",
    ),
    [
      `chart-room | 403 after login | problem | client "chart-room-client" uses the realm's login flow, not "prokube-access application chart-room": others than allow names may be let in, or nobody | ${up}`,
    ],
  );
});

test("403: a container that is older than its Secret, as a kubelet would say it", async () => {
  const { core } = new Cluster({ kubeconfig: undefined, context: undefined });
  const address = { namespace: "ward", name: "chart-room-0" };
  const lines = await spoilt(async () => {
    await create(
      [
        "apiVersion: v1",
        "kind: Pod",
        `metadata: { ${Object.entries(address)
          .map(([key, value]) => `${key}: ${value}`)
          .join(", ")}, labels: { app: chart-room } }`,
        "spec: { containers: [{ name: web, image: example.com/chart-room }] }",
      ].join("\n"),
    );
    const started = new Date(Date.now() - 3_600_000);
    const web = { name: "web", image: "example.com/chart-room", imageID: "", ready: true, restartCount: 0 };
    const value = { phase: "Running", containerStatuses: [{ ...web, state: { running: { startedAt: started } } }] };
    await core.patchNamespacedPodStatus({ ...address, body: [{ op: "add", path: "/status", value }] });
    return () => core.deleteNamespacedPod({ ...address, gracePeriodSeconds: 0 });
  }, "chart-room");
  assert.deepEqual(
    lines.map((line) => line.replaceAll(/20[\dT:.-]+Z/g, "<time>")),
    ["Secret chart-room-oidc-secret", "ConfigMap chart-room-oidc"].map(
      (object) =>
        `chart-room | 403 after login | problem | Deployment chart-room has run since <time>, longer than ${object} is as it is (<time>): it uses what was there before | Restart it: kubectl -n ward rollout restart deployment/chart-room`,
    ),
  );
});

test("403: what a real login ends with", async () => {
  const refused = await party.open(browser);
  await refused.password("otto", password);
  assert.match(await refused.refusal(), /may not use chart-room/);
  await refused.close();
  const wrong = {
    grant_type: "authorization_code",
    code: "none",
    client_id: "chart-room-client",
    client_secret: "wrong",
  };
  const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({ ...wrong, redirect_uri: party.redirectUri }),
  });
  assert.equal(answer.status, 401);
  const lines = (await told("chart-room")).join("\n");
  assert.match(
    lines,
    /^chart-room \| 403 after login \| problem \| Keycloak refused to give "chart-room-client" tokens for a code \("\w+"\) at 20/m,
  );
  assert.match(lines, /^chart-room \| 403 after login \| hint \| Keycloak did not let "otto" in to chart-room at 20/m);

  const login = await party.open(browser);
  await login.password("doris", password);
  assert.equal(await login.refusal(), "");
  await login.tokens();
  await login.close();
  assert.match((await told("chart-room")).join("\n"), /\| hint \| Keycloak refused to give .*; later it went well/);
  await (await keycloakAdmin()).realms.clearEvents({ realm });
});

test("a session that began before groups changed is told", async () => {
  const { users, groups } = await keycloakAdmin();
  const { id } = await groups.create({ name: "clinic-visitors" });
  await users.addToGroup({ id: await userId("doris"), groupId: id });
  const lines = await told("chart-room", "--user", "doris");
  await (await keycloakAdmin()).groups.del({ id });
  assert.match(
    lines.join("\n"),
    /^chart-room \| groups in token \| hint \| an offline session of doris began at 20\S+, before groups or roles changed at 20\S+ \| doris logs out and in again\.$/m,
  );
});

test("addresses: an issuer of another realm, a path to somebody else, an application that is not served", async () => {
  assert.deepEqual(
    await spoilt(
      () =>
        edited("v1", "ConfigMap", "chart-room-oidc", ({ data }) => {
          data["OIDC_ISSUER_URL"] = issuer.replace(realm, "master");
        }),
      "chart-room",
    ),
    [
      `chart-room | wrong URL or issuer | problem | OIDC_ISSUER_URL in ConfigMap ward/chart-room-oidc is "${issuer.replace(realm, "master")}" (realm "master" instead of "prokube"), not "${issuer}" | ${up}`,
    ],
  );
  assert.deepEqual(
    await spoilt(async () => {
      await create(route("vault", "/chart-room/vault/", "elsewhere"));
      return () => remove(route("vault", "/chart-room/vault/", "elsewhere"));
    }),
    [
      'chart-room | wrong URL or issuer | problem | the exempted path "/chart-room/*" reaches VirtualService elsewhere/vault ("/chart-room/vault/*"), which sends requests to namespace "elsewhere": everybody gets in there without the platform\'s login | Write a narrower path in stacks/clinic/applications/chart-room.yaml, or move that VirtualService to another path.',
    ],
  );
  assert.deepEqual(
    await spoilt(async () => {
      await remove(route("waiting-room", "/waiting-room/"));
      return () => create(route("waiting-room", "/waiting-room/"));
    }),
    [
      'waiting-room | wrong URL or issuer | problem | no VirtualService at a gateway serves "/waiting-room/*" on "cluster.example.com", so requests end at the dashboard or nowhere | Write one with the gateway kubeflow/kubeflow-gateway and a match for "/waiting-room/*", or correct paths in stacks/clinic/applications/waiting-room.yaml.',
    ],
  );
});

test("expired tokens: offline_access that is gone, and a refresh token that Keycloak refused", async () => {
  const { clientScopes } = await keycloakAdmin();
  const offline = (await clientScopes.find()).find(({ name }) => name === "offline_access");
  assert.ok(offline?.id);
  const { id: clientScopeId } = offline;
  assert.deepEqual(
    await spoilt(async () => {
      const admin = await keycloakAdmin();
      const [{ id = "" } = {}] = await admin.clients.find({ clientId: "chart-room-client" });
      await admin.clients.delOptionalClientScope({ id, clientScopeId });
      return async () => (await keycloakAdmin()).clients.addOptionalClientScope({ id, clientScopeId });
    }, "chart-room"),
    [
      `chart-room | expired tokens | problem | client "chart-room-client" does not have the scope offline_access: no refresh token outlives the session | ${up}`,
    ],
  );
  assert.match(
    (await spoilt(() => settingOf("pharmacy", "OIDC_SCOPES", "openid,email,groups"), "pharmacy")).join("\n"),
    /^pharmacy \| expired tokens \| problem \| OIDC_SCOPES .*, without offline_access: Dex gives no refresh token.*"openid,profile,email,groups,offline_access"\.$/,
  );
  const [, value = ""] = await secretValues("ward", "chart-room-oidc-secret", ["client-id", "client-secret"]);
  await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: "old",
      client_id: "chart-room-client",
      client_secret: value,
    }),
  });
  assert.match(
    (await told("chart-room")).join("\n"),
    /^chart-room \| expired tokens \| hint \| Keycloak refused a refresh token of "chart-room-client" \(.*\) at 20/m,
  );
  await (await keycloakAdmin()).realms.clearEvents({ realm });
});

test("what may not be read is said in its place, and no secret is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "doctor-"));
  const config = new KubeConfig();
  config.loadFromFile(environment("KUBECONFIG"));
  const cluster = config.getCurrentCluster();
  assert.ok(cluster);
  const file = join(folder, "kubeconfig");
  writeFileSync(
    file,
    stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: cluster.server, "certificate-authority-data": cluster.caData } }],
      users: [{ name: "doris", user: { token: await logIn("doris") } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "doris" } }],
      "current-context": "c",
    }),
  );
  const stranger = {
    KUBECONFIG: file,
    KEYCLOAK_LOGIN_REALM: realm,
    KEYCLOAK_USER: "doris",
    KEYCLOAK_PASSWORD: password,
  };
  const { code, stdout, stderr } = await run(["--user", "doris"], stranger);
  rmSync(folder, { recursive: true });
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stderr, "");
  for (const what of [
    'client "chart-room-client" in Keycloak',
    "Secret ward/chart-room-oidc-secret",
    "the policies of the gateway",
    "Dex's configuration",
    "the account of doris",
    'settings of the workloads of "waiting-room"',
  ]) {
    assert.ok(stdout.includes(`hint: not checked: ${what} (`), what);
  }
  assert.match(stdout, /does not let this account look there/);
  assert.ok(!stdout.includes(password));
});

test("no secret value is in any output", async () => {
  const secrets = [
    ...(await secretValues("ward", "chart-room-oidc-secret", ["client-secret"])),
    ...(await secretValues("ward", "pharmacy-oidc-secret", ["OIDC_CLIENT_SECRET"])),
    environment("KEYCLOAK_PASSWORD"),
  ];
  const restore = await settingOf("chart-room", "OIDC_CLIENT_SECRET", secrets[0] ?? "");
  const outputs = [await run(["--user", "doris"]), await run(["--user", "doris", "--json"])];
  await restore();
  for (const { stdout, stderr } of outputs) {
    assert.match(stdout, /is written in the clear/);
    for (const secret of secrets) {
      assert.ok(secret.length > 10);
      assert.ok(!(stdout + stderr).includes(secret));
    }
  }
});

test("says what is missing and what cannot be reached, without a stack trace", async () => {
  const cases: readonly (readonly [string[], NodeJS.ProcessEnv, number, RegExp])[] = [
    [
      ["chart-rom"],
      {},
      2,
      /^application "chart-rom" is not in stacks\/clinic\/applications\. Did you mean "chart-room"\?/,
    ],
    [["one", "two"], {}, 2, /^access: unexpected "two"/],
    [[], { KEYCLOAK_URL: "" }, 2, /Missing:\n {2}KEYCLOAK_URL/],
    [[], { KUBECONFIG: "/nowhere" }, 2, /^the cluster's settings cannot be read \(KUBECONFIG\)/],
    [[], { KEYCLOAK_URL: "https://127.0.0.1:9/auth" }, 3, /^Keycloak cannot be reached: /],
    [[], { KEYCLOAK_PASSWORD: "canary-wrong-91b2" }, 3, /^Keycloak cannot be reached: Invalid user credentials/],
  ];
  for (const [args, changes, code, message] of cases) {
    const result = await run(args, changes);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
    assert.doesNotMatch(result.stderr, /^\s+at |canary/m);
    assert.equal(result.stdout, "");
  }
});

test("looking has changed nothing", async () => {
  const { code, stdout } = await run([]);
  assert.equal(code, 0, stdout);
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});
