import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import type { Browser } from "playwright-core";
import { Login, openBrowser } from "../support/browser.ts";
import { MailServer } from "../support/mail.ts";
import { claims, environment, keycloakAdmin } from "../support/platform.ts";
import { person, platformOf, type Project, smallProject } from "../support/stack.ts";

const realm = "realm-of-ours";
const issuer = `${environment("KEYCLOAK_URL")}/realms/${realm}`;
const smtpPassword = "canary-smtp-4d1f";
const chosen = "Chosen-by-the-person-1";

const platform = (more = "", settings = "") =>
  platformOf(
    "realm",
    [
      `realm: ${realm}`,
      "realmManagement: all",
      "realmSettings:",
      "  tokens: { accessToken: 4m }",
      `  mail: { host: 127.0.0.1, port: ${mail.port}, encryption: none, from: "keycloak@example.com", username: mailer }`,
      settings,
      "realmRoles:",
      "  - { name: kubeflow-user }",
      "  - { name: monitor-viewer }",
      "  - { name: grafana-admin, description: Administrator of Grafana }",
      '  - { name: "s3:reports", description: Reads reports }',
      "platformGroups:",
      "  { user: pk-user, admin: pk-admin, create: true, userRoles: [kubeflow-user], adminRoles: [grafana-admin] }",
      "clients:",
      '  dex: { redirectUris: ["http://127.0.0.1/callback"] }',
      '  direct: { clientId: console, redirectUris: ["http://127.0.0.1/callback"] }',
      more,
    ].join("\n"),
  );

let mail: MailServer;
let browser: Browser;
let project: Project;
before(async () => {
  mail = await MailServer.start("mailer", smtpPassword);
  browser = await openBrowser();
  await (await keycloakAdmin()).realms.del({ realm }).catch(() => undefined);
  project = await smallProject(
    "realm",
    {
      "platform.yaml": platform(),
      "users/nina.yaml": person("nina", 'requiredActions: [CONFIGURE_TOTP]\nroles: [monitor-viewer, "s3:reports"]\n'),
      "users/ursa.yaml": person("ursa").replace("emailVerified: true", "emailVerified: false"),
      "users/adam.yaml": person("adam", "admin: true\n"),
      "groups/watchers.yaml": "name: watchers\nmembers: [ursa]\nroles: [monitor-viewer]\n",
    },
    { smtpPassword },
  );
});
after(async () => {
  await project.destroy();
  await (await admin()).realms.del({ realm });
  await browser.close();
  await mail.stop();
});

async function admin(): Promise<KeycloakAdminClient> {
  const client = await keycloakAdmin();
  client.setConfig({ realmName: realm });
  return client;
}

async function temporaryPassword(username: string): Promise<string> {
  const output = await project.pulumi("stack", "output", "temporaryPasswords", "--show-secrets", "--json");
  const password = (JSON.parse(output) as Record<string, string>)[username];
  assert.ok(password);
  return password;
}

/** Logs in by password alone, without pages, as a script does; the reason why not, or nothing. */
async function refusal(username: string, password: string): Promise<string | undefined> {
  const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "password", client_id: "admin-cli", username, password }),
  });
  return ((await response.json()) as { error_description?: string }).error_description;
}

const open = () => Login.open(browser, issuer, "console");

test("a realm of ours is set up safely, and what is written wins over the defaults", async () => {
  const found = await (await admin()).realms.findOne({ realm });
  assert.ok(found);
  const { smtpServer = {}, attributes, ...settings } = found;
  const expected = {
    enabled: true,
    sslRequired: "all",
    verifyEmail: true,
    registrationAllowed: false,
    loginWithEmailAllowed: true,
    duplicateEmailsAllowed: false,
    resetPasswordAllowed: true,
    rememberMe: false,
    bruteForceProtected: true,
    failureFactor: 10,
    accessTokenLifespan: 240,
    ssoSessionIdleTimeout: 1800,
    ssoSessionMaxLifespan: 36_000,
    actionTokenGeneratedByUserLifespan: 900,
    actionTokenGeneratedByAdminLifespan: 43_200,
    eventsEnabled: true,
    adminEventsEnabled: true,
    eventsExpiration: 90 * 86_400,
    passwordPolicy: "length(12) and notUsername(undefined) and notEmail(undefined) and passwordHistory(3)",
    browserFlow: "browser",
  };
  for (const [key, value] of Object.entries(expected))
    assert.deepEqual(settings[key as keyof typeof settings], value, key);
  assert.equal((smtpServer as Record<string, string>)["user"], "mailer");
  assert.equal(attributes?.["managed-by"], "prokube-access");
});

test("then there is nothing to do, with and without a look at Keycloak", async () => {
  await project.pulumi("preview", "--expect-no-changes");
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});

test("a new user with Configure OTP gets a token only after a new password and a second factor", async () => {
  const first = await temporaryPassword("nina");
  assert.match((await refusal("nina", first)) ?? "a token", /not fully set up/);

  const login = await open();
  assert.equal(await login.password("nina", first), "one-time password setup");
  const totp = await login.setUpOneTimePassword();
  assert.equal(await login.where(), "new password");
  assert.equal(await login.newPassword("short"), "new password", "the password policy holds");
  assert.equal(await login.newPassword(chosen), "done");
  const { accessToken, idToken } = await login.tokens();
  assert.deepEqual(claims(accessToken)["groups"], ["/pk-user"]);
  const roles = claims(idToken)["roles"] as string[];
  for (const role of ["kubeflow-user", "monitor-viewer", "s3:reports"]) assert.ok(roles.includes(role), role);
  assert.ok(!roles.includes("grafana-admin"));
  await login.close();

  assert.notEqual(await refusal("nina", chosen), undefined, "the password alone is not enough from now on");
  // Two failures within a second would lock the account for a minute.
  const [{ id = "" } = {}] = await (await admin()).users.find({ username: "nina", exact: true });
  await (await admin()).attackDetection.del({ id });
  const again = await open();
  assert.equal(await again.password("nina", chosen), "one-time password");
  assert.equal(await again.oneTimePassword("000000"), "one-time password", "a wrong code");
  // A code is good for one login; the next one is accepted a little early.
  assert.equal(await again.oneTimePassword(totp.generate({ timestamp: Date.now() + 30_000 })), "done");
  await again.close();
});

test("a user whose address is not verified gets no token before it is", async () => {
  const first = await temporaryPassword("ursa");
  const login = await open();
  assert.equal(await login.password("ursa", first), "verify mail");
  assert.equal(await login.follow(await mail.nextLink("ursa@example.com")), "new password");
  assert.match((await refusal("ursa", first)) ?? "a token", /not fully set up/);
  assert.equal(await login.newPassword(chosen), "done");
  const token = claims((await login.tokens()).accessToken);
  assert.equal(token["email_verified"], true);
  assert.deepEqual(token["groups"], ["/pk-user", "/watchers"]);
  await login.close();
});

test("what users have done is no change", async () => {
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});

test("Dex hears of free realm roles only, without a slash", async () => {
  const clients = await (await admin()).clients.find({ clientId: "dex" });
  const [{ id = "", secret = "" } = {}] = clients;
  const client = await admin();
  await client.clients.update({ id }, { clientId: "dex", directAccessGrantsEnabled: true });
  const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "dex",
      client_secret: secret,
      scope: "openid",
      username: "ursa",
      password: chosen,
    }),
  });
  const { id_token: token = "" } = (await response.json()) as { id_token?: string };
  assert.deepEqual((claims(token)["groups"] as string[]).toSorted(), ["kubeflow-user", "monitor-viewer"]);
  const output = await project.pulumi("stack", "output", "clientSecrets", "--show-secrets", "--json");
  assert.deepEqual(JSON.parse(output), { dex: secret });
});

test("what somebody changes by hand is taken back", async () => {
  const client = await admin();
  await client.realms.update({ realm }, { bruteForceProtected: false, verifyEmail: false, loginTheme: "keycloak" });
  await project.up();
  const { bruteForceProtected, verifyEmail, loginTheme } = (await (await admin()).realms.findOne({ realm })) ?? {};
  assert.deepEqual([bruteForceProtected, verifyEmail], [true, true]);
  assert.equal(loginTheme, "keycloak", "themes are left alone");
});

test("otp: admins asks administrators, and others only when they have set one up", async () => {
  project.edit({ "platform.yaml": platform("authentication: { otp: admins }") });
  await project.up();
  const first = await temporaryPassword("adam");
  const login = await open();
  assert.equal(await login.password("adam", first), "one-time password setup");
  await login.setUpOneTimePassword();
  assert.equal(await login.where(), "new password");
  assert.equal(await login.newPassword(chosen), "done");
  await login.close();
  assert.notEqual(await refusal("adam", chosen), undefined, "nor is there a way round by password alone");

  const other = await open();
  assert.equal(await other.password("ursa", chosen), "done");
  await other.close();
  assert.equal(await refusal("ursa", chosen), undefined);
});

test("otp: required asks everybody, whatever else changes in the realm", async () => {
  project.edit({ "platform.yaml": platform("authentication: { otp: required }") });
  await project.up();
  // Without a look at Keycloak: the official plugin then unbinds the flows with every change of the realm.
  project.edit({ "platform.yaml": platform("authentication: { otp: required }", "  displayName: Ours") });
  await project.pulumi("up", "--yes", "--skip-preview", "--suppress-progress");
  const login = await open();
  assert.equal(await login.password("ursa", chosen), "one-time password setup");
  await login.close();
  assert.notEqual(await refusal("ursa", chosen), undefined);
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");

  project.edit({ "platform.yaml": platform("authentication: { otp: conditional }") });
  await project.up();
  assert.equal(await refusal("ursa", chosen), undefined);
});

test("no secret stands in the state or in what is printed", async () => {
  const state = await project.pulumi("stack", "export");
  assert.ok(!state.includes(smtpPassword));
  const preview = await project.pulumi("preview", "--diff", "--refresh", "--run-program");
  assert.ok(!preview.includes(smtpPassword));
  const [{ secret = "?" } = {}] = await (await admin()).clients.find({ clientId: "dex" });
  assert.ok(!state.includes(secret) && !preview.includes(secret));
});
