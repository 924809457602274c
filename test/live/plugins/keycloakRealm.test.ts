/** Realms and clients of Keycloak: the plugin in use with the real engine and a real server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import AdminClient from "@keycloak/keycloak-admin-client";
import type { Desired } from "./fixtures/keycloakRealm/index.ts";
import { Project, setting } from "./project.ts";

const realm = `smoke-${randomBytes(4).toString("hex")}`;
const secret = `canary-${randomBytes(8).toString("hex")}`;
const first: Desired = {
  realm: {
    realm,
    displayName: "Smoke",
    loginWithEmailAllowed: true,
    resetPasswordAllowed: true,
    sslRequired: "all",
    passwordPolicy: "length(12) and notUsername(undefined)",
    accessTokenLifespan: "5m",
    ssoSessionIdleTimeout: "1h30m",
    actionTokenGeneratedByAdminLifespan: "24h",
    loginTheme: "keycloak.v2",
    internationalization: { supportedLocales: ["en", "de"], defaultLocale: "de" },
    smtpServer: {
      host: "mail.example.com",
      port: "587",
      from: "smoke@example.com",
      starttls: true,
      auth: { username: "smoke", password: secret },
    },
    securityDefenses: { bruteForceDetection: { maxLoginFailures: 10 }, headers: { xFrameOptions: "DENY" } },
    otpPolicy: { digits: 8 },
    attributes: { frontendUrl: "https://smoke.example.com" },
    terraformDeletionProtection: true,
  },
  events: {
    eventsEnabled: true,
    eventsExpiration: 3600,
    eventsListeners: ["jboss-logging"],
    enabledEventTypes: ["LOGIN", "LOGOUT"],
  },
  web: {
    clientId: "smoke-web",
    name: "Web",
    accessType: "CONFIDENTIAL",
    standardFlowEnabled: true,
    serviceAccountsEnabled: true,
    validRedirectUris: ["https://b.example.com/*", "https://a.example.com/*"],
    webOrigins: ["+"],
    rootUrl: "https://a.example.com",
    fullScopeAllowed: false,
    extraConfig: { "acr.loa.map": "{}" },
    clientSecretRegenerateWhenChanged: { round: "1" },
  },
  spa: {
    clientId: "smoke-spa",
    name: "Spa",
    accessType: "PUBLIC",
    standardFlowEnabled: true,
    validRedirectUris: ["https://spa.example.com/*"],
    validPostLogoutRedirectUris: ["+"],
    pkceCodeChallengeMethod: "S256",
  },
  adopted: {
    pkceCodeChallengeMethod: "S256",
    clientId: "account-console",
    name: "Konto",
    accessType: "PUBLIC",
    standardFlowEnabled: true,
    validRedirectUris: ["/realms/x/account/*"],
    import: true,
  },
  scope: { name: "smoke", description: "groups and roles", consentScreenText: "who you are", guiOrder: 3 },
  defaultScopes: ["basic", "profile", "email", "roles", "web-origins", "acr"],
  optionalScopes: ["offline_access"],
  groups: { name: "groups", claimName: "groups", fullPath: false },
  roles: { name: "realm roles", claimName: "roles", multivalued: true },
  audience: { name: "audience", includedCustomAudience: "smoke" },
};
const second: Desired = {
  ...first,
  realm: {
    ...first.realm,
    displayName: "Smoke 2",
    resetPasswordAllowed: false,
    rememberMe: true,
    passwordPolicy: "length(14)",
    accessTokenLifespan: "300s",
    ssoSessionIdleTimeout: "2h",
    defaultSignatureAlgorithm: "ES256",
    organizationsEnabled: true,
    internationalization: { supportedLocales: ["fr", "en"], defaultLocale: "en" },
    smtpServer: {
      host: "mail2.example.com",
      from: "smoke@example.com",
      replyTo: "no-reply@example.com",
      auth: { username: "smoke", password: `${secret}-2` },
    },
    securityDefenses: { bruteForceDetection: { maxLoginFailures: 20 } },
    attributes: { frontendUrl: "https://smoke2.example.com", other: "x" },
    browserFlow: "direct grant",
  },
  events: {
    adminEventsEnabled: true,
    eventsListeners: ["email", "jboss-logging"],
    enabledEventTypes: ["LOGIN", "REGISTER"],
  },
  web: {
    ...first.web,
    description: "new",
    serviceAccountsEnabled: false,
    validRedirectUris: ["https://a.example.com/*", "https://c.example.com/*"],
    accessTokenLifespan: "60",
    extraConfig: { "other.key": "1" },
    clientSecretRegenerateWhenChanged: { round: "2" },
    backchannelLogoutUrl: "https://a.example.com/logout",
  },
  spa: { ...first.spa, clientId: "smoke-spa-2", consentRequired: true, directAccessGrantsEnabled: true },
  scope: { name: "smoke2", includeInTokenScope: false },
  defaultScopes: ["basic", "profile", "email"],
  optionalScopes: ["offline_access", "phone", "address"],
  groups: { name: "groups", claimName: "gruppen" },
  roles: { name: "realm roles", claimName: "rollen", realmRolePrefix: "r:" },
  audience: { name: "audience", includedClientAudience: "smoke-web", addToIdToken: false },
};
/** What the server has of the realm then. */
const expectedRealm = {
  displayName: "Smoke",
  enabled: true,
  sslRequired: "all",
  loginWithEmailAllowed: true,
  resetPasswordAllowed: true,
  registrationAllowed: false,
  rememberMe: false,
  verifyEmail: false,
  editUsernameAllowed: false,
  duplicateEmailsAllowed: false,
  passwordPolicy: "length(12) and notUsername(undefined)",
  accessTokenLifespan: 300,
  ssoSessionIdleTimeout: 5400,
  ssoSessionMaxLifespan: 36000,
  actionTokenGeneratedByAdminLifespan: 86400,
  loginTheme: "keycloak.v2",
  internationalizationEnabled: true,
  defaultLocale: "de",
  bruteForceProtected: true,
  failureFactor: 10,
  waitIncrementSeconds: 60,
  bruteForceStrategy: "MULTIPLE",
  browserSecurityHeaders: {
    contentSecurityPolicy: "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
    contentSecurityPolicyReportOnly: "",
    referrerPolicy: "no-referrer",
    strictTransportSecurity: "max-age=31536000; includeSubDomains",
    xContentTypeOptions: "nosniff",
    xFrameOptions: "DENY",
    xRobotsTag: "none",
    xXSSProtection: "1; mode=block",
  },
  smtpServer: {
    auth: "true",
    authType: "basic",
    from: "smoke@example.com",
    host: "mail.example.com",
    password: "**********",
    port: "587",
    starttls: "true",
    user: "smoke",
  },
  otpPolicyDigits: 8,
  otpPolicyPeriod: 30,
};
let project: Project<Desired>;
let admin: AdminClient;

before(async () => {
  admin = new AdminClient({ baseUrl: setting("KEYCLOAK_URL") });
  await admin.auth({
    grantType: "password",
    clientId: "admin-cli",
    username: setting("KEYCLOAK_USER"),
    password: setting("KEYCLOAK_PASSWORD"),
  });
  project = await Project.create("keycloakRealm");
  await project.want(first);
});

after(async () => {
  if (await admin.realms.findOne({ realm })) await admin.realms.del({ realm });
  await project.remove();
});

test("a preview of what is not there yet creates everything", async () => {
  assert.deepEqual(Object.keys(await project.changes()), [
    "create AudienceProtocolMapper audience",
    "create Client adopted",
    "create Client spa",
    "create Client web",
    "create ClientDefaultScopes web",
    "create ClientOptionalScopes web",
    "create ClientScope scope",
    "create GroupMembershipProtocolMapper groups",
    "create Realm realm",
    "create RealmEvents events",
    "create UserRealmRoleProtocolMapper roles",
  ]);
});

test("an update creates it, and then there is nothing left to do", async () => {
  await project.up();
  await project.up("--expect-no-changes");
  await project.expectNoChanges();
});

test("the server has it: what is left out is off, but for what has a default of its own", async () => {
  const found = await admin.realms.findOne({ realm });
  assert.deepEqual({ ...found, ...expectedRealm }, found, "settings of the realm");
  const events = await admin.realms.getConfigEvents({ realm });
  assert.deepEqual(
    { ...events, enabledEventTypes: events.enabledEventTypes?.sort() },
    {
      eventsEnabled: true,
      eventsExpiration: 3600,
      eventsListeners: ["jboss-logging"],
      enabledEventTypes: ["LOGIN", "LOGOUT"],
      adminEventsEnabled: false,
      adminEventsDetailsEnabled: false,
    },
  );
  const web = await theClient("smoke-web");
  assert.equal(web.fullScopeAllowed, false);
  assert.equal(web.attributes?.["acr.loa.map"], "{}");
  assert.deepEqual(web.redirectUris?.sort(), ["https://a.example.com/*", "https://b.example.com/*"]);
  const scopes = await admin.clients.listDefaultClientScopes({ realm, id: web.id });
  const names = ["acr", "basic", "email", "profile", "roles", "smoke", "web-origins"];
  assert.deepEqual(scopes.map(({ name }) => name).sort(), names);
  const adopted = await theClient("account-console");
  assert.equal(adopted.name, "Konto");
  assert.ok(adopted.redirectUris?.length);
});

test("passwords and secrets are encrypted in the state", async () => {
  const state = await project.state();
  const { secret: generated } = await theClient("smoke-web");
  assert.ok(generated);
  for (const value of [secret, generated]) assert.ok(!state.includes(value));
  assert.match(state, /"password": *\{/);
  assert.match(state, /"clientSecret": *\{/);
  assert.doesNotMatch(state, /"(password|clientSecret)": *"/);
  const { made } = await project.outputs<{ made: Record<string, string> }>();
  assert.equal(made["secret"], "[secret]");
});

test("everything is changed in place; a client's secret is renewed when it is said", async () => {
  const before = await theClient("smoke-web");
  const flows = await admin.authenticationManagement.getFlows({ realm });
  const browserId = flows.find(({ alias }) => alias === "browser")?.id ?? "";
  const changed = { ...second, web: { ...second.web, authenticationFlowBindingOverrides: { browserId } } };
  await project.want(changed);
  assert.deepEqual(await project.changes(), {
    "update AudienceProtocolMapper audience": {
      addToIdToken: "update",
      includedClientAudience: "add",
      includedCustomAudience: "delete",
    },
    "update Client spa": { clientId: "update", consentRequired: "update", directAccessGrantsEnabled: "update" },
    "update Client web": {
      accessTokenLifespan: "update",
      authenticationFlowBindingOverrides: "add",
      backchannelLogoutUrl: "update",
      clientSecret: "update",
      "clientSecretRegenerateWhenChanged.round": "update",
      description: "update",
      'extraConfig["acr.loa.map"]': "delete",
      'extraConfig["other.key"]': "add",
      serviceAccountUserId: "update",
      serviceAccountsEnabled: "update",
      "validRedirectUris[1]": "update",
    },
    "update ClientDefaultScopes web": {
      "defaultScopes[0]": "delete",
      "defaultScopes[3]": "add",
      "defaultScopes[4]": "delete",
      "defaultScopes[5]": "delete",
      "defaultScopes[6]": "delete",
    },
    "update ClientOptionalScopes web": { "optionalScopes[1]": "add", "optionalScopes[2]": "add" },
    "update ClientScope scope": {
      consentScreenText: "delete",
      guiOrder: "delete",
      includeInTokenScope: "update",
      name: "update",
    },
    "update GroupMembershipProtocolMapper groups": { claimName: "update", fullPath: "update" },
    "update Realm realm": {
      "attributes.frontendUrl": "update",
      "attributes.other": "add",
      browserFlow: "update",
      defaultSignatureAlgorithm: "update",
      displayName: "update",
      "internationalization.defaultLocale": "update",
      "internationalization.supportedLocales[0]": "update",
      organizationsEnabled: "update",
      passwordPolicy: "update",
      rememberMe: "update",
      resetPasswordAllowed: "update",
      "securityDefenses.bruteForceDetection.maxLoginFailures": "update",
      "securityDefenses.headers": "delete",
      "smtpServer.auth.password": "update",
      "smtpServer.host": "update",
      "smtpServer.port": "delete",
      "smtpServer.replyTo": "update",
      "smtpServer.starttls": "delete",
      ssoSessionIdleTimeout: "update",
    },
    "update RealmEvents events": {
      adminEventsEnabled: "update",
      "enabledEventTypes[1]": "update",
      eventsEnabled: "delete",
      eventsExpiration: "delete",
      "eventsListeners[0]": "add",
    },
    "update UserRealmRoleProtocolMapper roles": {
      claimName: "update",
      multivalued: "update",
      realmRolePrefix: "update",
    },
  });
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  await project.expectNoChanges();
  const renewed = await theClient("smoke-web");
  assert.equal(renewed.id, before.id);
  assert.ok(renewed.secret && renewed.secret !== before.secret);
  assert.equal(renewed.serviceAccountsEnabled, false);
  assert.equal((await theClient("smoke-spa-2")).directAccessGrantsEnabled, true);
  const found = await admin.realms.findOne({ realm });
  assert.equal(found?.browserFlow, "direct grant");
  assert.equal(found.browserSecurityHeaders?.["xFrameOptions"], "SAMEORIGIN");
  assert.equal(found.failureFactor, 20);
  assert.equal(found.smtpServer?.["replyTo"], "no-reply@example.com");
});

test("what is no longer asked for goes, or stays if the server has a say in it", async () => {
  await project.want(first);
  assert.deepEqual(await project.changes(), {
    "update AudienceProtocolMapper audience": {
      addToIdToken: "update",
      includedClientAudience: "delete",
      includedCustomAudience: "update",
    },
    "update Client spa": { clientId: "update" },
    "update Client web": {
      authenticationFlowBindingOverrides: "delete",
      clientSecret: "update",
      "clientSecretRegenerateWhenChanged.round": "update",
      'extraConfig["acr.loa.map"]': "add",
      'extraConfig["other.key"]': "delete",
      serviceAccountUserId: "update",
      serviceAccountsEnabled: "update",
      "validRedirectUris[0]": "add",
      "validRedirectUris[1]": "delete",
    },
    "update ClientDefaultScopes web": {
      "defaultScopes[3]": "update",
      "defaultScopes[4]": "add",
      "defaultScopes[5]": "add",
      "defaultScopes[6]": "add",
    },
    "update ClientOptionalScopes web": { "optionalScopes[0]": "delete", "optionalScopes[2]": "delete" },
    "update ClientScope scope": {
      consentScreenText: "update",
      guiOrder: "update",
      includeInTokenScope: "update",
      name: "update",
    },
    "update GroupMembershipProtocolMapper groups": { claimName: "update", fullPath: "update" },
    "update Realm realm": {
      "attributes.frontendUrl": "update",
      "attributes.other": "delete",
      defaultSignatureAlgorithm: "delete",
      displayName: "update",
      "internationalization.defaultLocale": "update",
      "internationalization.supportedLocales[1]": "update",
      organizationsEnabled: "update",
      passwordPolicy: "update",
      resetPasswordAllowed: "update",
      "securityDefenses.bruteForceDetection.maxLoginFailures": "update",
      "securityDefenses.headers": "add",
      "smtpServer.auth.password": "update",
      "smtpServer.host": "update",
      "smtpServer.port": "update",
      "smtpServer.replyTo": "delete",
      "smtpServer.starttls": "update",
      ssoSessionIdleTimeout: "update",
    },
    "update RealmEvents events": {
      adminEventsEnabled: "delete",
      "enabledEventTypes[1]": "update",
      eventsEnabled: "update",
      eventsExpiration: "update",
      "eventsListeners[0]": "delete",
    },
    "update UserRealmRoleProtocolMapper roles": {
      claimName: "update",
      multivalued: "update",
      realmRolePrefix: "delete",
    },
  });
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  const spa = await theClient("smoke-spa");
  assert.deepEqual([spa.consentRequired, spa.directAccessGrantsEnabled], [true, true]);
  assert.equal((await admin.realms.findOne({ realm }))?.browserFlow, "direct grant");
});

test("organizations can be turned on only: to turn them off is not sent, and a refresh shows it", async () => {
  const stays = { "update Realm realm": { organizationsEnabled: "update" } };
  assert.deepEqual(await project.changes("--refresh", "--run-program"), stays);
  await project.up("--refresh", "--run-program");
  assert.deepEqual(await project.changes("--refresh", "--run-program"), stays);
  await admin.realms.update({ realm }, { organizationsEnabled: false });
  await project.expectNoChanges();
});

test("a mapper keeps its name: a new one is never there", async () => {
  await project.want({ ...first, roles: { ...first.roles, name: "renamed" } });
  await project.up();
  assert.deepEqual(await project.changes(), { "update UserRealmRoleProtocolMapper roles": { name: "update" } });
  await project.want(first);
  await project.expectNoChanges();
});

test("another name of a mapper for groups is another mapper", async () => {
  await project.want({ ...first, groups: { ...first.groups, name: "other" } });
  assert.deepEqual(await project.changes(), {
    "replace GroupMembershipProtocolMapper groups": { name: "update-replace" },
  });
  await project.up();
  await project.want(first);
  await project.up();
  await project.expectNoChanges();
});

test("what was changed by hand is seen by a refresh, and put right; foreign attributes of the realm go with it", async () => {
  const found = await admin.realms.findOne({ realm });
  await admin.realms.update(
    { realm },
    {
      ...found,
      displayName: "by hand",
      passwordPolicy: "length(1)",
      accessTokenLifespan: 60,
      bruteForceProtected: false,
      browserSecurityHeaders: { ...found?.browserSecurityHeaders, xFrameOptions: "ALLOW" },
      smtpServer: { ...found?.smtpServer, host: "by hand", password: "by hand" },
      attributes: { ...found?.attributes, frontendUrl: "https://by.hand", foreign: "x" },
      internationalizationEnabled: false,
    },
  );
  await admin.realms.updateConfigEvents(
    { realm },
    { eventsEnabled: false, eventsExpiration: 3600, enabledEventTypes: ["LOGIN", "LOGOUT", "REGISTER"] },
  );
  const web = await theClient("smoke-web");
  const attributes = { ...web.attributes, "acr.loa.map": "", foreign: "x" };
  await admin.clients.update({ realm, id: web.id }, { ...web, webOrigins: ["*"], secret: "by hand", attributes });
  const phone = (await admin.clientScopes.find({ realm })).find(({ name }) => name === "phone");
  await admin.clients.delOptionalClientScope({ realm, id: web.id, clientScopeId: phone?.id ?? "" });
  await admin.clients.addDefaultClientScope({ realm, id: web.id, clientScopeId: phone?.id ?? "" });
  const mapper = await admin.clients.findProtocolMapperByName({ realm, id: web.id, name: "audience" });
  const config = { ...(mapper?.config as object), "included.custom.audience": "by hand" };
  const place = { realm, id: web.id, mapperId: mapper?.id ?? "" };
  await admin.clients.updateProtocolMapper(place, { ...mapper, config });
  await admin.clients.del({ realm, id: (await theClient("smoke-spa")).id });
  assert.deepEqual(await project.changes("--refresh", "--run-program"), {
    "create Client spa": {},
    "update AudienceProtocolMapper audience": { includedCustomAudience: "update" },
    "update Client web": { 'extraConfig["acr.loa.map"]': "add", "webOrigins[0]": "update" },
    "update ClientDefaultScopes web": { "defaultScopes[3]": "delete", "defaultScopes[6]": "delete" },
    "update Realm realm": {
      accessTokenLifespan: "update",
      "attributes.frontendUrl": "update",
      displayName: "update",
      internationalization: "add",
      passwordPolicy: "update",
      "securityDefenses.bruteForceDetection": "add",
      "securityDefenses.headers.xFrameOptions": "update",
      "smtpServer.host": "update",
    },
    "update RealmEvents events": { "enabledEventTypes[2]": "delete", eventsEnabled: "update" },
  });
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
  const now = await admin.realms.findOne({ realm });
  // Once on, and then left out, a switch stays.
  assert.deepEqual({ ...now, ...expectedRealm, rememberMe: true }, now);
  assert.ok(!("foreign" in (now?.attributes ?? {})));
  assert.equal((await theClient("smoke-web")).attributes?.["foreign"], "x");
});

test("what would not work is refused before it is sent", async () => {
  await project.want({ ...first, groups: { ...first.groups, clientId: "x" } });
  await assert.rejects(project.preview(), /only one of `client_id,client_scope_id` can be specified/);
  await project.want({
    ...first,
    web: { ...first.web, standardFlowEnabled: false },
    spa: { ...first.spa, serviceAccountsEnabled: true },
    optionalScopes: ["nowhere"],
    audience: { name: "audience", includedClientAudience: "nowhere" },
  });
  await assert.rejects(project.up("--continue-on-error"), (error: Error) => {
    assert.match(error.message, /valid_redirect_uris cannot be set when standard or implicit flow is not enabled/);
    assert.match(error.message, /service accounts \(client credentials flow\) cannot be enabled on public clients/);
    return true;
  });
  await project.want({
    ...first,
    optionalScopes: ["nowhere"],
    audience: { name: "audience", includedClientAudience: "nowhere" },
  });
  await assert.rejects(project.up("--continue-on-error"), (error: Error) => {
    assert.match(error.message, /validation error: scope nowhere does not exist/);
    assert.match(error.message, /validation error: generic client with name nowhere does not exist/);
    return true;
  });
  await project.want(first);
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
});

test("a failed update leaves what was wanted in the state: a switch that is then left out stays on", async () => {
  const error = /DuplicateEmailsAllowed cannot be true if LoginWithEmailAllowed is true/;
  await project.want({ ...first, realm: { ...first.realm, duplicateEmailsAllowed: true } });
  await assert.rejects(project.up(), error);
  await project.want(first);
  assert.deepEqual(await project.changes(), { "update Realm realm": {} });
  await assert.rejects(project.up(), error);
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
});

test("all is imported that can be; what is not read is written once more", async () => {
  const { imports } = await project.outputs<{ imports: Record<string, string> }>();
  const twin = await Project.create<Desired>("keycloakRealm");
  await twin.want({ ...first, imports });
  assert.deepEqual(await twin.changes(), {
    "create Client adopted": {},
    "create ClientDefaultScopes web": {},
    "create ClientOptionalScopes web": {},
    "create RealmEvents events": {},
    "import AudienceProtocolMapper audience": {},
    "import Client spa": {},
    "import Client web": {},
    "import ClientScope scope": {},
    "import GroupMembershipProtocolMapper groups": {},
    "import Realm realm": {},
    "import UserRealmRoleProtocolMapper roles": {},
    "update Client web": {
      clientSecret: "update",
      clientSecretRegenerateWhenChanged: "add",
      'extraConfig["acr.loa.map"]': "add",
    },
    "update Realm realm": {
      "attributes.frontendUrl": "add",
      securityDefenses: "add",
      terraformDeletionProtection: "update",
    },
  });
  await twin.up();
  await twin.expectNoChanges();
  const auth = { username: "smoke", password: "another" };
  await twin.want({ ...first, realm: { ...first.realm, smtpServer: { host: "mail.example.com", from: "x", auth } } });
  const { "smtpServer.auth.password": password } = (await twin.changes())["update Realm realm"] ?? {};
  assert.equal(password, undefined, "after an import, another password is no change");
  await twin.remove();
});

/** What an import of a realm does not see. */
const unread = ["attributes", "securityDefenses", "terraformDeletionProtection"];

test("an imported realm that nothing more is said of is not changed", async () => {
  const before = await admin.realms.findOne({ realm });
  const twin = await Project.create<Desired>("keycloakRealm");
  const said = Object.entries(first.realm).filter(([name]) => !unread.includes(name));
  const wanted = { ...first, realm: { realm, ...Object.fromEntries(said) }, only: "realm" as const };
  await twin.want({ ...wanted, imports: { realm } });
  assert.deepEqual(await twin.changes(), { "import Realm realm": {} });
  await twin.up();
  await twin.want(wanted);
  await twin.expectNoChanges();
  assert.deepEqual(await admin.realms.findOne({ realm }), before);
  await twin.remove();
});

test("a destroy stops at the protected realm, when all that is in it has gone but the adopted client", async () => {
  await assert.rejects(
    project.pulumi("destroy", "--yes", "--skip-preview"),
    /Deletion protection is enabled for keycloak_realm resource with realm smoke-/,
  );
  assert.deepEqual(await admin.clients.find({ realm, clientId: "smoke-web" }), []);
  assert.equal((await theClient("account-console")).name, "Konto");
  await project.want({ ...first, realm: { ...first.realm, terraformDeletionProtection: false } });
  await project.up();
  await project.pulumi("destroy", "--yes", "--skip-preview");
  assert.equal(await admin.realms.findOne({ realm }), null);
});

async function theClient(clientId: string) {
  const [found] = await admin.clients.find({ realm, clientId });
  assert.ok(found?.id);
  return { ...found, id: found.id };
}
