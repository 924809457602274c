import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { Login, openBrowser } from "../support/browser.ts";
import { MailServer } from "../support/mail.ts";
import { claims, environment, finishFirstLogin, keycloakAdmin, realm, tokenFor } from "../support/platform.ts";
import { person, platformOf, type Project, smallProject } from "../support/stack.ts";

const smtpPassword = "canary-smtp-c0de";
const chosen = "Chosen-after-the-reset-1";

let mail: MailServer;
let browser: Browser;
let project: Project;
before(async () => {
  mail = await MailServer.start("mailer", smtpPassword);
  browser = await openBrowser();
  project = await smallProject("credentials", {
    "platform.yaml": platformOf("credentials"),
    "users/rita.yaml": person("rita"),
    "users/ruth.yaml": person("ruth"),
    "users/rolf.yaml": person("rolf", "state: archived\n"),
  });
  for (const username of ["rita", "ruth"]) await finishFirstLogin(username);
});
after(async () => {
  await (await keycloakAdmin()).realms.update({ realm }, { smtpServer: {} });
  try {
    await project.destroy();
  } finally {
    await browser.close();
    await mail.stop();
  }
});

/** Runs the command as an administrator does, while the mail server in this process goes on. */
async function reset(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const command = [`${process.cwd()}/bin/access.ts`, "reset-credentials", ...args, "--stack", "credentials"];
  const child = spawn(process.execPath, command, { cwd: project.folder });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, "exit");
  return { code: child.exitCode, stdout, stderr };
}

async function works(refreshToken: string): Promise<boolean> {
  const response = await fetch(`${environment("OIDC_ISSUER_URL")}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      client_id: environment("OIDC_CLIENT_ID"),
      refresh_token: refreshToken,
    }),
  });
  return response.status === 200;
}

test("a new temporary password ends what the old one gave, and asks for another", async () => {
  const before = await Login.open(browser);
  assert.equal(await before.password("rita", "Chosen-at-first-login-1"), "done");
  const { refreshToken } = await before.tokens();
  assert.ok(await works(refreshToken));

  const { code, stdout, stderr } = await reset("rita");
  assert.equal(code, 0, stderr);
  const password = stdout.trim();
  assert.match(password, /^\S{20,}$/);
  assert.ok(!stderr.includes(password));
  assert.equal((await tokenFor("rita")).error, "Invalid user credentials");
  assert.equal(await works(refreshToken), false);
  await before.close();

  assert.match((await tokenFor("rita", password)).error ?? "", /not fully set up/);
  const login = await Login.open(browser);
  assert.equal(await login.password("rita", password), "new password");
  assert.equal(await login.newPassword(chosen), "done");
  await login.close();
  assert.ok((await tokenFor("rita", chosen)).token);
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});

test("a mail is refused while the realm cannot send one, and nothing changes", async () => {
  const { code, stderr } = await reset("ruth", "--email");
  assert.equal(code, 1);
  assert.match(stderr, /realm "prokube" cannot send mail\. Set it up/);
  assert.ok((await tokenFor("ruth")).token);
});

test("a mail brings a link that works once and lives as long as was asked for", async () => {
  await (
    await keycloakAdmin()
  ).realms.update(
    { realm },
    {
      smtpServer: {
        host: "127.0.0.1",
        port: String(mail.port),
        from: "keycloak@example.com",
        auth: "true",
        user: "mailer",
        password: smtpPassword,
      },
    },
  );
  const { code, stdout, stderr } = await reset("ruth", "--email", "--ttl", "30m", "--json");
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { username: "ruth", sentTo: "ruth@example.com", ttlSeconds: 1800 });
  const link = await mail.nextLink("ruth@example.com");
  const { exp = 0, iat = 0 } = claims(new URL(link).searchParams.get("key") ?? "") as { exp?: number; iat?: number };
  assert.ok(Math.abs(exp - iat - 1800) < 5, `it lives ${exp - iat} s`);

  const login = await Login.open(browser);
  await login.follow(link);
  if ((await login.where()) !== "new password") await login.press("#kc-info-message a");
  assert.equal(await login.where(), "new password");
  await login.newPassword(chosen);
  await login.close();
  assert.ok((await tokenFor("ruth", chosen)).token);
  assert.equal((await tokenFor("ruth")).error, "Invalid user credentials");

  const again = await Login.open(browser);
  await again.follow(link);
  assert.notEqual(await again.where(), "new password");
  await again.close();
});

test("a link that has outlived its time is refused", async () => {
  const { users } = await keycloakAdmin();
  const [{ id = "" } = {}] = await users.find({ username: "ruth", exact: true });
  const earlier = mail.to("ruth@example.com").length;
  await users.executeActionsEmail({ id, lifespan: 1, actions: ["UPDATE_PASSWORD"] });
  const link = await mail.nextLink("ruth@example.com", earlier);
  await new Promise((done) => setTimeout(done, 2000));
  const login = await Login.open(browser);
  assert.equal(await login.follow(link), "error");
  await login.close();
});

const refused: readonly (readonly [what: string, args: string[], code: number, message: RegExp])[] = [
  [
    "somebody who is not written down",
    ["rite"],
    1,
    /user "rite" is not in stacks\/credentials\/users\. Did you mean "rita"\?/,
  ],
  ["somebody archived", ["rolf"], 1, /user "rolf" is archived and has no account/],
  ["a time out of bounds", ["ruth", "--email", "--ttl", "90d"], 2, /--ttl is "90d"; write 5m to 30d/],
  ["a time without a link", ["ruth", "--ttl", "1h"], 2, /--ttl is how long a link lives, so it needs --email/],
  ["nobody", [], 2, /<user> is missing/],
];
for (const [what, args, code, message] of refused) {
  test(`refuses ${what}, without a stack trace`, async () => {
    const result = await reset(...args);
    assert.equal(result.code, code);
    assert.match(result.stderr, message);
    assert.doesNotMatch(result.stderr, /^\s+at /m);
    assert.equal(result.stdout, "");
  });
}

test("an account that another made is left alone", async () => {
  const { users } = await keycloakAdmin();
  const { id } = await users.create({ username: "rosa", email: "rosa@example.com", enabled: true });
  project.edit({ "users/rosa.yaml": person("rosa") });
  const { code, stderr } = await reset("rosa");
  assert.equal(code, 1);
  assert.match(stderr, /account "rosa" is not made by this program/);
  project.edit({ "users/rosa.yaml": undefined });
  await (await keycloakAdmin()).users.del({ id });
});

test("somebody who has no password here gets none, which would be a way round the provider", async () => {
  const { users, identityProviders } = await keycloakAdmin();
  await identityProviders.create({ alias: "elsewhere", providerId: "oidc", enabled: false, config: {} });
  const [{ id = "" } = {}] = await users.find({ username: "ruth", exact: true });
  await users.addToFederatedIdentity({
    id,
    federatedIdentityId: "elsewhere",
    federatedIdentity: { identityProvider: "elsewhere", userId: "1", userName: "ruth" },
  });
  for (const credential of await users.getCredentials({ id })) {
    await users.deleteCredential({ id, credentialId: credential.id ?? "" });
  }
  for (const args of [["ruth"], ["ruth", "--email"]]) {
    const { code, stderr } = await reset(...args);
    assert.equal(code, 1);
    assert.match(stderr, /account "ruth" has no password and logs in through identity provider "elsewhere"/);
  }
  assert.deepEqual(await users.getCredentials({ id }), []);
  await identityProviders.del({ alias: "elsewhere" });
});

test("says which settings are missing, and where Keycloak cannot be reached", () => {
  const command = [`${process.cwd()}/bin/access.ts`, "reset-credentials", "rita", "--stack", "credentials"];
  const run = (changes: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, command, {
      cwd: project.folder,
      env: { ...process.env, ...changes },
      encoding: "utf8",
    });
  const lost = run({ KEYCLOAK_URL: "", KEYCLOAK_PASSWORD: "" });
  assert.equal(lost.status, 2);
  assert.match(lost.stderr, /KEYCLOAK_URL\n.*KEYCLOAK_PASSWORD \(or KEYCLOAK_CLIENT_SECRET\)/);
  const away = run({ KEYCLOAK_URL: "https://127.0.0.1:9" });
  assert.equal(away.status, 3);
  assert.match(away.stderr, /^Keycloak at https:\/\/127\.0\.0\.1:9: /);
  const stranger = run({ KEYCLOAK_PASSWORD: "canary-wrong-91b2" });
  assert.equal(stranger.status, 3);
  assert.ok(!stranger.stderr.includes("canary-wrong-91b2"));
});
