import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { Login, openBrowser } from "../support/browser.ts";
import {
  claims,
  create,
  environment,
  exists,
  finishFirstLogin,
  keycloakAdmin,
  kubernetes,
  listStatus,
  remove,
  storageFor,
} from "../support/platform.ts";
import { RelyingParty, secretValues, type Tokens } from "../support/relyingParty.ts";
import { person, type Project, smallProject } from "../support/stack.ts";

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: charts }\n";
const password = "Chosen-at-first-login-1";
const file = "applications/charts.yaml";
const application = (redirectUri: string, more: string) =>
  [
    "name: charts",
    "auth: keycloak",
    "namespace: charts",
    `redirectUris: ["${redirectUri}"]`,
    "environment: true",
    more,
    "",
  ].join("\n");
const allow = (...entries: string[]) => `allow: [${entries.join(", ")}]`;
const [painters, charterRole] = ["{ group: painters }", "{ role: chart-reader }"];

let browser: Browser;
let party: RelyingParty;
let project: Project;
before(async () => {
  browser = await openBrowser();
  party = await RelyingParty.listen();
  await create(namespace);
  project = await smallProject("charts", {
    "platform.yaml": [
      "domain: cluster.example.com",
      "masterAdmins: [root-1, root-2]",
      "owner: charts.owner@example.com",
      `keycloakAddress: ${environment("KEYCLOAK_URL")}`,
      "realmRoles: [{ name: chart-reader }]",
      "",
    ].join("\n"),
    "users/paula.yaml": person("paula"),
    "users/rita.yaml": person("rita", "roles: [chart-reader]\n"),
    "users/olga.yaml": person("olga"),
    "groups/painters.yaml": "name: painters\nmembers: [paula]\n",
    [file]: application(party.redirectUri, allow(painters, charterRole)),
  });
  for (const user of ["paula", "rita", "olga"]) await finishFirstLogin(user);
  await party.configure("charts", "charts-oidc-secret");
});
after(async () => {
  party.close();
  await browser.close();
  await project.destroy();
  await remove(namespace);
});

async function logIn(username: string): Promise<Tokens> {
  const login = await party.open(browser);
  await login.password(username, password);
  assert.equal(await login.refusal(), "", `${username} gets in`);
  const tokens = await login.tokens();
  await login.close();
  return tokens;
}

async function refusalOf(username: string): Promise<string> {
  const login = await party.open(browser);
  await login.password(username, password);
  const refusal = await login.refusal();
  await login.close();
  return refusal;
}

const turnedAway = "Your account may not use charts. Ask an administrator of the platform.";

test("a member of an allowed group gets a token shaped as in seed 004", async () => {
  const { id_token: idToken = "", access_token: accessToken } = await logIn("paula");
  const { iss, sub, aud, exp, iat, email, email_verified, groups, preferred_username, given_name, family_name } =
    claims(idToken);
  assert.deepEqual(
    { iss, aud, email, email_verified, groups, preferred_username, given_name, family_name },
    {
      iss: environment("OIDC_ISSUER_URL"),
      aud: "charts-client",
      email: "paula@example.com",
      email_verified: true,
      groups: ["/painters", "/pk-user"],
      preferred_username: "paula",
      given_name: "paula",
      family_name: "Test",
    },
  );
  assert.match(String(sub), /^[0-9a-f-]{36}$/);
  assert.ok(Number(exp) > Number(iat));
  assert.deepEqual(
    [claims(accessToken)["aud"], claims(accessToken)["groups"]],
    ["charts-client", ["/painters", "/pk-user"]],
  );
});

test("its tokens open nothing else of the platform", async () => {
  const { access_token: token } = await logIn("paula");
  const { realm_access, resource_access, roles } = claims(token);
  assert.deepEqual([realm_access, resource_access, roles], [undefined, undefined, undefined]);
  assert.equal(await listStatus(token, "/api/v1/namespaces"), 401);
  await assert.rejects(storageFor(token), /JWT|token|audience|AccessDenied|access key/i);
});

test("a holder of an allowed role gets in", async () => {
  assert.deepEqual(claims((await logIn("rita")).id_token ?? "")["groups"], ["/pk-user"]);
});

test("anybody else is turned away, with and without a session at the platform", async () => {
  assert.equal(await refusalOf("olga"), turnedAway);
  const elsewhere = await Login.open(browser);
  assert.equal(await elsewhere.password("olga", password), "done");
  const second = await party.open(browser, elsewhere.page);
  assert.equal(await second.refusal(), turnedAway);
  await elsewhere.close();
});

test("somebody with a session at the platform gets in without another login", async () => {
  const elsewhere = await Login.open(browser);
  assert.equal(await elsewhere.password("paula", password), "done");
  const second = await party.open(browser, elsewhere.page);
  assert.equal(claims((await second.tokens()).id_token ?? "")["email"], "paula@example.com");
  await elsewhere.close();
});

test("a redirect address that is not registered is refused", async () => {
  const login = await party.open(browser, undefined, `${party.redirectUri}/other`);
  assert.match(await login.refusal(), /redirect_uri/);
  await login.close();
});

test("the application finds its settings in its namespace", async () => {
  const found = await kubernetes().read({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "charts", name: "charts-oidc" },
  });
  const { data } = found as { data?: Record<string, string> };
  const discovery = (await (
    await fetch(`${environment("OIDC_ISSUER_URL")}/.well-known/openid-configuration`)
  ).json()) as Record<string, string>;
  assert.deepEqual(data, {
    OIDC_ISSUER_URL: discovery["issuer"],
    OIDC_DISCOVERY_URL: `${environment("OIDC_ISSUER_URL")}/.well-known/openid-configuration`,
    OIDC_AUTHORIZATION_URL: discovery["authorization_endpoint"],
    OIDC_TOKEN_URL: discovery["token_endpoint"],
    OIDC_USERINFO_URL: discovery["userinfo_endpoint"],
    OIDC_JWKS_URL: discovery["jwks_uri"],
    OIDC_REDIRECT_URI: party.redirectUri,
    OIDC_SCOPES: "openid,profile,email,groups",
  });
});

test("the secret stays the same over updates and is nowhere in the state in plain text", async () => {
  assert.match(await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes"), /unchanged/);
  const output = await project.up();
  assert.deepEqual(await secretValues("charts", "charts-oidc-secret", ["client-secret"]), [party.secret]);
  for (const text of [output, await project.pulumi("stack", "export")]) {
    assert.ok(!text.includes(party.secret) && !text.includes(Buffer.from(party.secret).toString("base64")));
  }
});

test("another version of the keys is another secret, and the old one stops working", async () => {
  const [before, tokens] = [party.secret, await logIn("paula")];
  project.edit({ [file]: application(party.redirectUri, `${allow(painters, charterRole)}\nkeyVersion: 2`) });
  await project.up();
  const stale = await party.open(browser);
  await stale.password("paula", password);
  await assert.rejects(stale.tokens(before), { error: "unauthorized_client" });
  await stale.close();
  await party.configure("charts", "charts-oidc-secret");
  assert.notEqual(party.secret, before);
  assert.ok(await party.canRefresh(tokens), "people stay logged in");
});

test("who leaves the group is out at once, whatever was given before", async () => {
  const tokens = await logIn("paula");
  assert.ok(await party.canRefresh(tokens));
  project.edit({ "groups/painters.yaml": "name: painters\nmembers: []\n" });
  await project.up();
  assert.equal(await party.canRefresh(tokens), false);
  assert.equal(await refusalOf("paula"), turnedAway);
});

test("a role that is allowed no more lets nobody in, whatever was given before", async () => {
  const tokens = await logIn("rita");
  project.edit({ [file]: application(party.redirectUri, `${allow(painters)}\nkeyVersion: 2`) });
  await project.up();
  assert.equal(await party.canRefresh(tokens), false);
  assert.equal(await refusalOf("rita"), turnedAway);
});

test("without allow everybody with an account gets in, and with it again only some", async () => {
  project.edit({ [file]: application(party.redirectUri, "keyVersion: 2") });
  await project.up();
  const tokens = await logIn("olga");
  project.edit({ [file]: application(party.redirectUri, `${allow(charterRole)}\nkeyVersion: 2`) });
  await project.up();
  assert.equal(await party.canRefresh(tokens), false);
  assert.equal(await refusalOf("olga"), turnedAway);
  await logIn("rita");
});

test("a role that somebody deletes opens nothing", async () => {
  await (await keycloakAdmin()).roles.delByName({ name: "chart-reader" });
  assert.equal(await refusalOf("rita"), turnedAway);
  assert.equal(await refusalOf("olga"), turnedAway);
});

test("an application that goes takes its client, its Secret and its settings with it", async () => {
  project.edit({ [file]: undefined });
  await project.up();
  const { clients, clientScopes, authenticationManagement } = await keycloakAdmin();
  assert.deepEqual(await clients.find({ clientId: "charts-client" }), []);
  const scopes = (await clientScopes.find()).map(({ name }) => name);
  assert.ok(!scopes.includes("prokube-access-charts") && !scopes.includes("groups"));
  const flows = (await authenticationManagement.getFlows()).map(({ alias }) => alias);
  assert.ok(!flows.includes("prokube-access application charts"));
  for (const path of ["secrets/charts-oidc-secret", "configmaps/charts-oidc"]) {
    assert.equal(await exists(`/api/v1/namespaces/charts/${path}`), false, path);
  }
});
