import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { type Access, accessOf, everything, nothing, reading } from "../support/access.ts";
import { Login, openBrowser } from "../support/browser.ts";
import { MailServer } from "../support/mail.ts";
import { Partner, partnerPassword } from "../support/partner.ts";
import { claims, keycloakAdmin, seedBucket } from "../support/platform.ts";
import { person, platformOf, type Project, smallProject } from "../support/stack.ts";

const secrets = { smtpPassword: "canary-smtp-2b9a", "corp-client-secret": "canary-oidc-9f3c" };

let mail: MailServer;
let partner: Partner;
let browser: Browser;
let project: Project;
before(async () => {
  mail = await MailServer.start("mailer", secrets.smtpPassword);
  browser = await openBrowser();
  partner = await Partner.create(
    { data: ["olga", "omar"], web: ["otto", "orla", "oleg", "ovid"] },
    secrets["corp-client-secret"],
  );
  project = await smallProject(
    "providers",
    {
      "platform.yaml": platformOf(
        "providers",
        [
          "realmManagement: settings",
          "realmSettings:",
          `  mail: { host: 127.0.0.1, port: ${mail.port}, encryption: none, from: "k@example.com", username: mailer }`,
        ].join("\n"),
      ),
      "identity-providers/corp.yaml": partner.oidc("corp"),
      "identity-providers/corp-saml.yaml": await partner.saml("corp-saml"),
      "identity-providers/closed.yaml": partner.oidc(
        "closed",
        "unknownUsers: refuse\nclientSecretName: corp-client-secret",
      ),
      "identity-providers/hub.yaml": partner.oauth2(
        "hub",
        "requireOtp: true\ntrustEmail: true\nclientSecretName: corp-client-secret",
      ),
      "users/orla.yaml": `${person("orla").replace("emailVerified: true\n", "")}identityProvider: corp\n`,
      "groups/guests.yaml": [
        "name: guests",
        "from:",
        "  - { identityProvider: corp, claim: groups, value: data }",
        "  - { identityProvider: corp-saml, claim: memberOf, value: data }",
      ].join("\n"),
      "workspaces/team-idp.yaml":
        "name: team-idp\nmembers:\n  - { group: guests, role: view }\n  - { user: orla, role: edit }\n",
    },
    secrets,
  );
  await seedBucket("team-idp-data");
});
after(async () => {
  try {
    await project.destroy();
  } finally {
    const { users } = await keycloakAdmin();
    for (const search of ["olga", "omar", "otto", "oleg", "ovid"]) {
      for (const { id = "" } of await users.find({ search })) await users.del({ id });
    }
    await (await keycloakAdmin()).realms.update({ realm: "prokube" }, { smtpServer: {} });
    await partner.remove();
    await browser.close();
    await mail.stop();
  }
});

/** Goes to an identity provider and logs in there. */
async function through(alias: string, username: string): Promise<Login> {
  const login = await Login.open(browser);
  assert.equal(await login.where(), "login");
  assert.equal(await login.through(alias), "login", "the page of the other realm");
  await login.password(username, partnerPassword);
  return login;
}

/** Logs in for the first time and verifies the address; what the token gives, by use. */
async function firstLogin(alias: string, username: string): Promise<{ groups: unknown; access: Access }> {
  const login = await through(alias, username);
  assert.equal(await login.where(), "verify mail", "no token for an address that nobody verified");
  assert.equal(await login.follow(await mail.nextLink(`${username}@example.com`)), "done");
  const { accessToken } = await login.tokens();
  await login.close();
  const { groups, email_verified: verified } = claims(accessToken);
  assert.equal(verified, true);
  return { groups, access: await accessOf(username, "team-idp", accessToken) };
}

test("a member of a group there gets through OIDC what the files say of the group", async () => {
  assert.deepEqual(await firstLogin("corp", "olga"), {
    groups: ["/guests/corp~data", "/pk-user"],
    access: { ...reading, network: false },
  });
});

test("the same through SAML", async () => {
  const { groups, access } = await firstLogin("corp-saml", "omar");
  assert.deepEqual(groups, ["/guests/corp-saml~data", "/pk-user"]);
  assert.deepEqual(access, { ...reading, network: false });
});

test("anybody else has an account and nothing more", async () => {
  assert.deepEqual(await firstLogin("corp", "otto"), { groups: ["/pk-user"], access: nothing });
});

test("somebody written down gets into the account that waits, by a mail to its address", async () => {
  assert.deepEqual(await firstLogin("corp", "orla"), { groups: ["/pk-user"], access: everything });
});

test("a provider for people who are written down lets nobody else in", async () => {
  const login = await through("closed", "oleg");
  assert.equal(await login.where(), "error");
  await login.close();
  assert.deepEqual(await (await keycloakAdmin()).users.find({ username: "oleg", exact: true }), []);
});

test("OAuth 2.0, with a one-time password of our own after each login", async () => {
  const login = await through("hub", "ovid");
  assert.equal(await login.where(), "one-time password setup");
  const totp = await login.setUpOneTimePassword();
  assert.equal(await login.where(), "done");
  const { accessToken } = await login.tokens();
  await login.close();
  const { groups, email, email_verified: verified } = claims(accessToken);
  assert.deepEqual({ groups, email, verified }, { groups: ["/pk-user"], email: "ovid@example.com", verified: true });
  assert.deepEqual(await accessOf("ovid", "team-idp", accessToken), nothing);

  const again = await through("hub", "ovid");
  assert.equal(await again.where(), "one-time password");
  assert.equal(await again.oneTimePassword("000000"), "one-time password", "a wrong code");
  assert.equal(await again.oneTimePassword(totp.generate({ timestamp: Date.now() + 30_000 })), "done");
  await again.close();
});

test("with the next update the mesh and the dashboard know the members of the group too", async () => {
  await project.up();
  const login = await through("corp", "olga");
  assert.equal(await login.where(), "done");
  assert.deepEqual(await accessOf("olga", "team-idp", (await login.tokens()).accessToken), reading);
  await login.close();
  await project.pulumi("preview", "--expect-no-changes");
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});

test("a change of the account keeps the link to the provider", async () => {
  project.edit({
    "users/orla.yaml": `${person("orla", "").replace("emailVerified: true\n", "").replace("lastName: Test", "lastName: Other")}identityProvider: corp\n`,
  });
  await project.pulumi("up", "--yes", "--skip-preview", "--suppress-progress");
  const { users } = await keycloakAdmin();
  const [{ id = "", lastName } = {}] = await users.find({ username: "orla", exact: true });
  assert.equal(lastName, "Other");
  assert.deepEqual(
    (await users.listFederatedIdentities({ id })).map(({ identityProvider }) => identityProvider),
    ["corp"],
  );
});

test("who leaves the group there loses at the next login what a token gives", async () => {
  await partner.removeFromGroup("olga", "data");
  const login = await through("corp", "olga");
  assert.equal(await login.where(), "done");
  const { accessToken } = await login.tokens();
  assert.deepEqual(claims(accessToken)["groups"], ["/pk-user"]);
  await login.close();
  await project.up();
  assert.deepEqual(await accessOf("olga", "team-idp", accessToken), nothing);
});

test("another address there does not become another's access here", async () => {
  await partner.changeAddress("otto", "orla@example.com").catch(() => undefined);
  await partner.changeAddress("otto", "admin-of-all@example.com");
  const login = await through("corp", "otto");
  assert.equal(await login.where(), "done");
  assert.equal(claims((await login.tokens()).accessToken)["email"], "otto@example.com");
  await login.close();
});

test("a mapping and a provider that go take their access with them", async () => {
  project.edit({
    "groups/guests.yaml": "name: guests\nfrom: [{ identityProvider: corp, claim: groups, value: data }]\n",
    "identity-providers/corp-saml.yaml": undefined,
  });
  await project.up();
  const { users } = await keycloakAdmin();
  const [{ id = "" } = {}] = await users.find({ email: "omar@example.com", exact: true });
  assert.deepEqual(await users.listGroups({ id }), []);
  const login = await Login.open(browser);
  assert.equal(await login.page.locator("#social-corp-saml").count(), 0);
  await login.close();
});

test("no secret of a provider stands in the state or in what is printed", async () => {
  const state = await project.pulumi("stack", "export");
  const preview = await project.pulumi("preview", "--diff", "--refresh", "--run-program");
  for (const secret of Object.values(secrets)) assert.ok(!state.includes(secret) && !preview.includes(secret));
});
