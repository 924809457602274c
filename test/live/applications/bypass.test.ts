import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { openBrowser } from "../support/browser.ts";
import { MailServer } from "../support/mail.ts";
import { Partner, partnerPassword } from "../support/partner.ts";
import { create, finishFirstLogin, keycloakAdmin, realm, remove } from "../support/platform.ts";
import { type PartyLogin, RelyingParty } from "../support/relyingParty.ts";
import { person, platformOf, type Project, smallProject } from "../support/stack.ts";

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: vault }\n";
const secrets = { smtpPassword: "canary-smtp-71d0", "corp-client-secret": "canary-oidc-1c5e" };
const turnedAway = "Your account may not use vault. Ask an administrator of the platform.";

let browser: Browser;
let mail: MailServer;
let partner: Partner;
let party: RelyingParty;
let project: Project;
const platform = (management: string) =>
  platformOf(
    "vault",
    [
      `realmManagement: ${management}`,
      "realmSettings:",
      "  resetPasswordAllowed: true",
      `  mail: { host: 127.0.0.1, port: ${mail.port}, encryption: none, from: "k@example.com", username: mailer }`,
      "",
    ].join("\n"),
  );
before(async () => {
  mail = await MailServer.start("mailer", secrets.smtpPassword);
  browser = await openBrowser();
  party = await RelyingParty.listen();
  partner = await Partner.create({ keepers: ["kaya"], web: ["kurt"] }, secrets["corp-client-secret"]);
  await create(namespace);
  project = await smallProject(
    "vault",
    {
      "platform.yaml": platform("settings"),
      "identity-providers/corp.yaml": partner.oidc("corp", "trustEmail: true"),
      "groups/keepers.yaml":
        "name: keepers\nmembers: [kim]\nfrom: [{ identityProvider: corp, claim: groups, value: keepers }]\n",
      "users/kim.yaml": person("kim"),
      "users/kobe.yaml": person("kobe"),
      "applications/vault.yaml": [
        "name: vault",
        "auth: keycloak",
        "namespace: vault",
        `redirectUris: ["${party.redirectUri}"]`,
        "allow: [{ group: keepers }]",
      ].join("\n"),
    },
    secrets,
  );
  for (const user of ["kim", "kobe"]) await finishFirstLogin(user);
  await party.configure("vault", "vault-oidc-secret");
});
after(async () => {
  party.close();
  try {
    await project.destroy();
  } finally {
    const { users, realms } = await keycloakAdmin();
    for (const search of ["kaya", "kurt"]) {
      for (const { id = "" } of await users.find({ search })) await users.del({ id });
    }
    await realms.update({ realm }, { smtpServer: {}, resetPasswordAllowed: false });
    await partner.remove();
    await remove(namespace);
    await browser.close();
    await mail.stop();
  }
});

async function through(username: string): Promise<PartyLogin> {
  const login = await party.open(browser);
  await Promise.all([login.page.waitForEvent("load"), login.page.click("#social-corp")]);
  await login.password(username, partnerPassword);
  return login;
}

test("whoever comes through an identity provider is let in by its group, at the first login and later", async () => {
  for (const time of ["first", "later"]) {
    const login = await through("kaya");
    assert.equal(await login.refusal(), "", time);
    assert.ok((await login.tokens()).id_token);
    await login.close();
  }
});

test("and turned away without it, at the first login and later", async () => {
  for (const time of ["first", "later"]) {
    const login = await through("kurt");
    assert.equal(await login.refusal(), turnedAway, time);
    await login.close();
  }
});

test('whoever has "forgotten" the password gets a new one and has to log in with it, past the gate', async () => {
  for (const [username, refusal] of [
    ["kim", ""],
    ["kobe", turnedAway],
  ] as const) {
    const login = await party.open(browser);
    await login.page.click("a[href*=reset-credentials]");
    await login.page.fill("#username", username);
    await login.page.click("[type=submit]");
    await login.page.goto(await mail.nextLink(`${username}@example.com`));
    await login.page.fill("#password-new", "Another-password-2");
    await login.page.fill("#password-confirm", "Another-password-2");
    await Promise.all([login.page.waitForEvent("load"), login.page.locator("[type=submit]").first().click()]);
    await assert.rejects(login.tokens(), /the browser came back/, `${username} is not logged in by the reset`);
    const again = await party.open(browser, login.page);
    await again.password(username, "Another-password-2");
    assert.equal(await again.refusal(), refusal, username);
    if (refusal === "") assert.ok((await again.tokens()).id_token);
    await again.close();
  }
});

test("a way that this stack does not guard stops the preview", async () => {
  const { identityProviders } = await keycloakAdmin();
  await identityProviders.create({ alias: "foreign", providerId: "oidc", enabled: true, config: {} });
  const foreign = await project.tryPulumi("preview");
  await identityProviders.del({ alias: "foreign" });
  assert.equal(foreign.code, 1);
  assert.match(
    foreign.output,
    /applications\/vault\.yaml:5:8 login-bypass: allow of application "vault" would not hold: whoever comes through identity provider "foreign"/,
  );
  await (await keycloakAdmin()).realms.update({ realm }, { registrationAllowed: true });
  const open = await project.tryPulumi("preview");
  await (await keycloakAdmin()).realms.update({ realm }, { registrationAllowed: false });
  assert.match(open.output, /login-bypass: .*whoever registers in realm "prokube" goes past it/);
});

test("with the last such application all of its gates go, and everybody comes through the provider as before", async () => {
  project.edit({ "applications/vault.yaml": undefined });
  await project.up();
  const { authenticationManagement, realms, identityProviders } = await keycloakAdmin();
  const ours = (await authenticationManagement.getFlows()).flatMap(({ alias = "" }) =>
    alias.startsWith("prokube-access") ? [alias] : [],
  );
  assert.deepEqual(ours, ["prokube-access first login corp"]);
  assert.equal((await realms.findOne({ realm }))?.resetCredentialsFlow, "reset credentials");
  const [corp] = (await identityProviders.find()).filter(({ alias }) => alias === "corp");
  assert.ok(!corp?.postBrokerLoginFlowAlias);
  // What bound the flows goes one update later, so that it takes nobody else's from the realm.
  await project.up();
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});
