/** Flows and identity providers of Keycloak: the plugin in use with the real engine and a real server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import AdminClient from "@keycloak/keycloak-admin-client";
import type { Desired } from "./fixtures/keycloakIdentity/index.ts";
import { Project, setting } from "./project.ts";

const realm = `smoke-${randomBytes(4).toString("hex")}`;
const secret = `canary-${randomBytes(8).toString("hex")}`;
const idp = "https://idp.example.com";
const first: Desired = {
  realm,
  flow: { alias: "smoke flow", description: "what it is for" },
  subflow: { alias: "smoke subflow", requirement: "ALTERNATIVE", priority: 10 },
  form: { alias: "smoke form", providerId: "form-flow", authenticator: "registration-page-form", priority: 20 },
  execution: { authenticator: "conditional-user-role", requirement: "ALTERNATIVE", priority: 10 },
  executionConfig: { alias: "smoke config", config: { condUserRole: "smoke" } },
  bindings: {},
  oidc: {
    alias: "smoke-oidc",
    displayName: "Smoke",
    authorizationUrl: `${idp}/auth`,
    tokenUrl: `${idp}/token`,
    jwksUrl: `${idp}/jwks`,
    issuer: idp,
    clientId: "smoke",
    clientSecret: secret,
    defaultScopes: "openid profile",
    storeToken: false,
    syncMode: "FORCE",
    validateSignature: true,
    extraConfig: { clientAuthMethod: "client_secret_post", pkceEnabled: "true", pkceMethod: "S256" },
  },
  saml: {
    alias: "smoke-saml",
    entityId: "https://smoke.example.com",
    singleSignOnServiceUrl: `${idp}/saml`,
    storeToken: false,
    nameIdPolicyFormat: "Persistent",
    signatureAlgorithm: "RSA_SHA256",
    authnContextClassRefs: ["urn:a", "urn:b"],
    principalType: "SUBJECT",
  },
  group: { name: "group", extraConfig: { syncMode: "FORCE" } },
  claim: { name: "claim", userAttribute: "department", claimName: "dept", extraConfig: { syncMode: "FORCE" } },
  attribute: { name: "attribute", userAttribute: "department", attributeName: "dept" },
  custom: {
    name: "custom",
    identityProviderMapper: "oidc-user-attribute-idp-mapper",
    extraConfig: { syncMode: "INHERIT", claim: "phone", "user.attribute": "phone" },
  },
};
const second: Desired = {
  ...first,
  flow: { ...first.flow, description: "another use" },
  subflow: { ...first.subflow, description: "new", requirement: "REQUIRED", priority: 30 },
  form: { ...first.form, requirement: "REQUIRED" },
  execution: { ...first.execution, requirement: "REQUIRED" },
  executionConfig: { alias: "smoke config", config: { condUserRole: "other", negate: "true" } },
  bindings: { browserFlow: "smoke flow" },
  oidc: {
    ...first.oidc,
    displayName: "Smoke 2",
    clientSecret: `${secret}-2`,
    hideOnLoginPage: true,
    loginHint: "true",
    trustEmail: true,
    extraConfig: { clientAuthMethod: "client_secret_basic", prompt: "login" },
  },
  saml: {
    ...first.saml,
    displayName: "Saml",
    authnContextClassRefs: ["urn:c", "urn:a"],
    nameIdPolicyFormat: "Email",
    wantAssertionsSigned: true,
    extraConfig: { "my-key": "1" },
  },
  group: { name: "group", extraConfig: { syncMode: "IMPORT" } },
  claim: { name: "claim", userAttribute: "unit", claimName: "unit" },
  attribute: {
    name: "attribute",
    userAttribute: "unit",
    attributeFriendlyName: "unit",
    extraConfig: { syncMode: "FORCE" },
  },
  custom: { name: "custom", identityProviderMapper: "oidc-username-idp-mapper", extraConfig: { template: "x" } },
};
/** What the official plugin sends whatever the kind of identity provider. */
const otherSwitches = Object.fromEntries(
  [
    "acceptsPromptNoneForwardFromClient",
    "backchannelSupported",
    "disableTypeClaimCheck",
    "disableUserInfo",
    "forceAuthn",
    "githubJsonFormat",
    "kc.org.broker.redirect.mode.email-matches",
    "offlineAccess",
    "postBindingAuthnRequest",
    "postBindingLogout",
    "postBindingResponse",
    "uiLocales",
    "useJwksUrl",
    "userIp",
    "validateSignature",
    "wantAssertionsEncrypted",
    "wantAssertionsSigned",
    "wantAuthnRequestsSigned",
  ].map((name) => [name, "false"]),
);
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
  await admin.realms.create({ realm, enabled: true });
  project = await Project.create("keycloakIdentity");
  await project.want(first);
});

after(async () => {
  await admin.realms.del({ realm });
  await project.remove();
});

test("a preview of what is not there yet creates everything", async () => {
  const steps = await project.preview();
  assert.deepEqual(steps.map(({ op, resource }) => `${op} ${resource}`).sort(), [
    "create AttributeImporterIdentityProviderMapper attribute",
    "create AttributeImporterIdentityProviderMapper claim",
    "create Bindings bindings",
    "create CustomIdentityProviderMapping custom",
    "create Execution execution",
    "create ExecutionConfig config",
    "create Flow flow",
    "create Group staff",
    "create HardcodedGroupIdentityProviderMapper group",
    "create IdentityProvider oidc",
    "create IdentityProvider saml",
    "create Subflow form",
    "create Subflow subflow",
  ]);
});

test("an update creates it, and then there is nothing left to do", async () => {
  await project.up();
  await project.up("--expect-no-changes");
  const executions = await admin.authenticationManagement.getExecutions({ realm, flow: "smoke flow" });
  assert.deepEqual(
    executions.map(({ displayName, requirement, level }) => ({ displayName, requirement, level })),
    [
      { displayName: "smoke subflow", requirement: "ALTERNATIVE", level: 0 },
      { displayName: "Condition - user role", requirement: "ALTERNATIVE", level: 1 },
      { displayName: "smoke form", requirement: "DISABLED", level: 0 },
    ],
  );
  assert.equal((await admin.realms.findOne({ realm }))?.directGrantFlow, "smoke flow");
});

test("the server has the settings of an identity provider, and the switches of all the other kinds", async () => {
  const { internalId, config, ...rest } = await instance("smoke-oidc");
  assert.ok(internalId);
  assert.deepEqual(without(rest, "types"), {
    alias: "smoke-oidc",
    displayName: "Smoke",
    providerId: "oidc",
    enabled: true,
    trustEmail: false,
    storeToken: false,
    addReadTokenRoleOnCreate: false,
    authenticateByDefault: false,
    linkOnly: false,
    firstBrokerLoginFlowAlias: "first broker login",
  });
  assert.deepEqual(config, {
    ...otherSwitches,
    authorizationUrl: `${idp}/auth`,
    backchannelSupported: "true",
    clientAuthMethod: "client_secret_post",
    clientId: "smoke",
    clientSecret: "**********",
    defaultScope: "openid profile",
    issuer: idp,
    jwksUrl: `${idp}/jwks`,
    pkceEnabled: "true",
    pkceMethod: "S256",
    syncMode: "FORCE",
    tokenUrl: `${idp}/token`,
    useJwksUrl: "true",
    validateSignature: "true",
  });
  assert.deepEqual((await instance("smoke-saml")).config, {
    ...otherSwitches,
    authnContextClassRefs: '["urn:a","urn:b"]',
    entityId: "https://smoke.example.com",
    nameIDPolicyFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    principalType: "SUBJECT",
    signatureAlgorithm: "RSA_SHA256",
    singleSignOnServiceUrl: `${idp}/saml`,
    syncMode: "LEGACY",
    wantAuthnRequestsSigned: "true",
  });
  const { id, ...claim } = await mapper("smoke-oidc", "claim");
  assert.ok(id);
  assert.deepEqual(claim, {
    name: "claim",
    identityProviderAlias: "smoke-oidc",
    identityProviderMapper: "oidc-user-attribute-idp-mapper",
    config: { syncMode: "FORCE", claim: "dept", "user.attribute": "department" },
  });
  assert.deepEqual((await mapper("smoke-oidc", "group")).config, { syncMode: "FORCE", group: "/smoke-staff" });
});

test("the client's secret is encrypted in the state", async () => {
  const state = await project.state();
  assert.ok(!state.includes(secret));
  assert.match(state, /"clientSecret": *\{/);
  assert.doesNotMatch(state, /"clientSecret": *"/);
});

test("everything is changed in place", async () => {
  await project.want(second);
  assert.deepEqual(await project.changes(), {
    "update AttributeImporterIdentityProviderMapper attribute": {
      attributeFriendlyName: "update",
      attributeName: "delete",
      extraConfig: "add",
      userAttribute: "update",
    },
    "update AttributeImporterIdentityProviderMapper claim": {
      claimName: "update",
      "extraConfig.syncMode": "delete",
      userAttribute: "update",
    },
    "update Bindings bindings": { browserFlow: "update" },
    "update CustomIdentityProviderMapping custom": {
      "extraConfig.claim": "delete",
      "extraConfig.syncMode": "delete",
      "extraConfig.template": "add",
      'extraConfig["user.attribute"]': "delete",
      identityProviderMapper: "update",
    },
    "update Execution execution": { requirement: "update" },
    "update ExecutionConfig config": { "config.condUserRole": "update", "config.negate": "add" },
    "update Flow flow": { description: "update" },
    "update HardcodedGroupIdentityProviderMapper group": { "extraConfig.syncMode": "update" },
    "update IdentityProvider oidc": {
      clientSecret: "update",
      displayName: "update",
      "extraConfig.clientAuthMethod": "update",
      "extraConfig.pkceEnabled": "delete",
      "extraConfig.pkceMethod": "delete",
      "extraConfig.prompt": "add",
      hideOnLoginPage: "update",
      loginHint: "update",
      trustEmail: "update",
    },
    "update IdentityProvider saml": {
      "authnContextClassRefs[0]": "add",
      "authnContextClassRefs[1]": "delete",
      displayName: "update",
      extraConfig: "add",
      nameIdPolicyFormat: "update",
      wantAssertionsSigned: "update",
    },
    "update Subflow form": { requirement: "update" },
    "update Subflow subflow": { description: "update", priority: "update", requirement: "update" },
  });
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  await project.expectNoChanges();
  assert.equal((await instance("smoke-oidc")).config?.["prompt"], "login");
  assert.equal((await admin.realms.findOne({ realm }))?.browserFlow, "smoke flow");
});

test("what is no longer asked for goes; a flow stays bound", async () => {
  await project.want(first);
  assert.deepEqual(await project.changes(), {
    "update AttributeImporterIdentityProviderMapper attribute": {
      attributeFriendlyName: "delete",
      attributeName: "update",
      "extraConfig.syncMode": "delete",
      userAttribute: "update",
    },
    "update AttributeImporterIdentityProviderMapper claim": {
      claimName: "update",
      "extraConfig.syncMode": "add",
      userAttribute: "update",
    },
    "update CustomIdentityProviderMapping custom": {
      "extraConfig.claim": "add",
      "extraConfig.syncMode": "add",
      "extraConfig.template": "delete",
      'extraConfig["user.attribute"]': "add",
      identityProviderMapper: "update",
    },
    "update Execution execution": { requirement: "update" },
    "update ExecutionConfig config": { "config.condUserRole": "update", "config.negate": "delete" },
    "update Flow flow": { description: "update" },
    "update HardcodedGroupIdentityProviderMapper group": { "extraConfig.syncMode": "update" },
    "update IdentityProvider oidc": {
      clientSecret: "update",
      displayName: "update",
      "extraConfig.clientAuthMethod": "update",
      "extraConfig.pkceEnabled": "add",
      "extraConfig.pkceMethod": "add",
      "extraConfig.prompt": "delete",
      hideOnLoginPage: "update",
      loginHint: "delete",
      trustEmail: "update",
    },
    "update IdentityProvider saml": {
      "authnContextClassRefs[0]": "delete",
      "authnContextClassRefs[1]": "add",
      displayName: "update",
      'extraConfig["my-key"]': "delete",
      nameIdPolicyFormat: "update",
      wantAssertionsSigned: "delete",
    },
    "update Subflow form": { requirement: "update" },
    "update Subflow subflow": { description: "delete", priority: "update", requirement: "update" },
  });
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  await project.expectNoChanges();
  const { config = {} } = await instance("smoke-oidc");
  assert.ok(!("prompt" in config || "loginHint" in config));
  assert.equal((await admin.realms.findOne({ realm }))?.browserFlow, "smoke flow");
});

test("a setting that an execution does not know is masked by the server, and changes for ever", async () => {
  const config = { condUserRole: "smoke", unknown: "x" };
  await project.want({ ...first, executionConfig: { alias: "smoke config", config } });
  await project.up();
  assert.deepEqual(await project.changes(), { "update ExecutionConfig config": { "config.unknown": "update" } });
  await project.want(first);
  await project.up();
  await project.expectNoChanges();
});

test("what was changed by hand is seen by a refresh, and put right", async () => {
  const { authenticationManagement: flows, identityProviders, realms } = admin;
  const [subflow, execution] = await flows.getExecutions({ realm, flow: "smoke flow" });
  await flows.updateExecution({ realm, flow: "smoke flow" }, { ...subflow, requirement: "DISABLED" });
  const id = execution?.authenticationConfig ?? "";
  await flows.updateConfig({ realm, id, alias: "smoke config", config: { condUserRole: "by hand" } });
  await realms.update({ realm }, { directGrantFlow: "direct grant" });
  const oidc = await instance("smoke-oidc");
  await identityProviders.update({ realm, alias: "smoke-oidc" }, { ...oidc, enabled: false });
  const saml = await instance("smoke-saml");
  const foreign = { ...saml, config: { ...saml.config, wantAssertionsSigned: "true", foreign: "x" } };
  await identityProviders.update({ realm, alias: "smoke-saml" }, foreign);
  const claim = await mapper("smoke-oidc", "claim");
  const config = { ...(claim.config as object), syncMode: "IMPORT", claim: "by hand" };
  await identityProviders.updateMapper({ realm, alias: "smoke-oidc", id: claim.id ?? "" }, { ...claim, config });
  const gone = await mapper("smoke-oidc", "custom");
  await identityProviders.delMapper({ realm, alias: "smoke-oidc", id: gone.id ?? "" });
  assert.deepEqual(await project.changes("--refresh", "--run-program"), {
    "create CustomIdentityProviderMapping custom": {},
    "update AttributeImporterIdentityProviderMapper claim": { claimName: "update", "extraConfig.syncMode": "update" },
    "update Bindings bindings": { directGrantFlow: "update" },
    "update ExecutionConfig config": { "config.condUserRole": "update" },
    "update IdentityProvider oidc": { enabled: "update" },
    "update IdentityProvider saml": { wantAssertionsSigned: "delete" },
    "update Subflow subflow": { requirement: "update" },
  });
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
  assert.equal((await instance("smoke-oidc")).enabled, true);
  assert.equal((await instance("smoke-saml")).config?.["wantAssertionsSigned"], "false");
});

test("another alias or name is another thing, but for flows: they are renamed, and their steps replaced", async () => {
  const other: Desired = {
    ...first,
    subflow: { ...first.subflow, alias: "other subflow" },
    form: { ...first.form, alias: "other form" },
    execution: { ...first.execution, authenticator: "conditional-user-attribute" },
    executionConfig: { alias: "other config", config: { attribute_name: "x" } },
    oidc: { ...first.oidc, alias: "other-oidc" },
    saml: { ...first.saml, alias: "other-saml", addReadTokenRoleOnCreate: true },
    group: { ...first.group, name: "other group" },
    claim: { ...first.claim, name: "other claim" },
    attribute: { ...first.attribute, name: "other attribute" },
    custom: { ...first.custom, name: "other custom" },
  };
  await project.want(other);
  const moved = { identityProviderAlias: "update-replace", name: "update-replace" };
  assert.deepEqual(await project.changes(), {
    "replace AttributeImporterIdentityProviderMapper attribute": moved,
    "replace AttributeImporterIdentityProviderMapper claim": moved,
    "replace CustomIdentityProviderMapping custom": moved,
    "replace Execution execution": { authenticator: "update-replace", parentFlowAlias: "update-replace" },
    "replace ExecutionConfig config": {
      alias: "update-replace",
      "config.attribute_name": "add",
      "config.condUserRole": "delete",
      executionId: "update-replace",
    },
    "replace HardcodedGroupIdentityProviderMapper group": moved,
    "replace IdentityProvider oidc": { alias: "update-replace" },
    "replace IdentityProvider saml": { addReadTokenRoleOnCreate: "update-replace", alias: "update-replace" },
    "update Subflow form": { alias: "update" },
    "update Subflow subflow": { alias: "update" },
  });
  await project.up();
  await project.expectNoChanges();
  await project.want(first);
  await project.up();
  await project.expectNoChanges();
});

test("an identity provider has a secret, and no extra setting that has a property of its own", async () => {
  await project.want({ ...first, oidc: without(first.oidc, "clientSecret") });
  await assert.rejects(project.preview(), /one of `client_secret,client_secret_wo` must be specified/);
  await project.want({ ...first, oidc: { ...first.oidc, extraConfig: { issuer: "x" } } });
  await assert.rejects(project.preview(), /extra_config key .+issuer.+ is not allowed/);
  await project.want(first);
});

test("all is imported but bindings; what is not read is written once more", async () => {
  const { imports } = await project.outputs<{ imports: Record<string, string> }>();
  const twin = await Project.create<Desired>("keycloakIdentity");
  const importable = without(first, "bindings");
  await twin.want({ ...importable, imports });
  assert.deepEqual(await twin.changes(), {
    "import AttributeImporterIdentityProviderMapper attribute": {},
    "import AttributeImporterIdentityProviderMapper claim": {},
    "import CustomIdentityProviderMapping custom": {},
    "import Execution execution": {},
    "import ExecutionConfig config": {},
    "import Flow flow": {},
    "import Group staff": {},
    "import HardcodedGroupIdentityProviderMapper group": {},
    "import IdentityProvider oidc": {},
    "import IdentityProvider saml": {},
    "import Subflow form": {},
    "import Subflow subflow": {},
    "update AttributeImporterIdentityProviderMapper claim": { "extraConfig.syncMode": "add" },
    "update CustomIdentityProviderMapping custom": {
      "extraConfig.claim": "add",
      "extraConfig.syncMode": "add",
      'extraConfig["user.attribute"]': "add",
    },
    "update HardcodedGroupIdentityProviderMapper group": { "extraConfig.syncMode": "add" },
    "update IdentityProvider oidc": {
      acceptsPromptNoneForwardFromClient: "add",
      clientSecret: "add",
      defaultScopes: "add",
      "extraConfig.clientAuthMethod": "add",
      "extraConfig.pkceEnabled": "add",
      "extraConfig.pkceMethod": "add",
      providerId: "add",
    },
    "update IdentityProvider saml": { providerId: "add" },
  });
  await twin.up();
  await twin.expectNoChanges();
  await twin.want({ ...first, imports: { bindings: realm } });
  await assert.rejects(twin.up(), /does not exist/);
  await twin.remove();
});

test("a destroy removes it all, and binds what is built in", async () => {
  await project.pulumi("destroy", "--yes", "--skip-preview");
  assert.deepEqual(await admin.identityProviders.find({ realm }), []);
  const flows = await admin.authenticationManagement.getFlows({ realm });
  assert.ok(!flows.some(({ alias }) => alias?.startsWith("smoke")));
  const bound = await admin.realms.findOne({ realm });
  assert.deepEqual([bound?.browserFlow, bound?.directGrantFlow], ["browser", "direct grant"]);
});

async function instance(alias: string) {
  const found = await admin.identityProviders.findOne({ realm, alias });
  assert.ok(found);
  return found;
}

async function mapper(alias: string, name: string) {
  const found = (await admin.identityProviders.findMappers({ realm, alias })).find((one) => one.name === name);
  assert.ok(found);
  return found;
}

function without<Whole extends object, Name extends keyof Whole>(whole: Whole, name: Name): Omit<Whole, Name> {
  return Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name)) as Omit<Whole, Name>;
}
