import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { nothingChanged } from "../../access/order.ts";
import { resolve } from "../../access/resolve.ts";
import { desired, soundFiles } from "../access/support.ts";
import { elsewhere } from "../support/elsewhere.ts";
import { isSecret, noActions, type Registered, recordRegistrations } from "../support/mocks.ts";

const recorder = await recordRegistrations();
const { createHooks } = await import("../../components/hooks.ts");
const { createPlatform } = await import("../../components/platform.ts");

const plan = resolve(
  desired({
    "platform.yaml": [
      soundFiles["platform.yaml"],
      "realmManagement: all",
      "realmSettings: { mail: { host: mail.example.com, from: k@example.com, username: mailer } }",
      "authentication: { otp: admins }",
      "realmRoles: [{ name: grafana-admin }]",
      "platformGroups: { create: true, adminRoles: [grafana-admin] }",
      "clients: { dex: {}, direct: { clientId: console, redirectUris: [https://console.example.com/callback] } }",
    ].join("\n"),
    ...elsewhere,
    "users/lars.yaml": "username: lars\nemail: lars@example.com\ndirectory: staff\nadmin: true\n",
    "users/orla.yaml": "username: orla\nemail: orla@example.com\nidentityProvider: corp\n",
    "workspaces/team-a.yaml":
      "name: team-a\nmembers: [{ user: lars, role: edit }, { group: guests, role: view }, { user: orla, role: view }]\n",
  }),
  "2026-11-23",
);
const secrets = { require: (name: string) => pulumi.secret(`value of ${name}`) };
await createPlatform(
  {
    plan,
    changed: nothingChanged,
    live: undefined,
    clientScopes: [],
    hooks: createHooks(noActions),
    secrets,
    found: {
      imports: new Map(),
      accounts: new Map(),
      usernames: new Map(),
      keys: new Map(plan.users.map(({ username }) => [username, username])),
      lookups: new Map([["lars", { id: "lars-id" }]]),
      holdsOwner: true,
      notices: [],
      gatewayRevision: 0,
      dexRevision: 0,
      applicationFindings: [],
      guardsResets: false,
      ownFlows: [],
      misnamed: [],
    },
  },
  {},
);
const all = await recorder.settle();

function only(type: string, name: string): Registered {
  const found = all.filter((resource) => resource.type.endsWith(`:${type}`) && resource.name === name);
  assert.equal(found.length, 1, `${type} ${name}`);
  const [resource] = found;
  assert.ok(resource);
  return resource;
}

/** Some of a resource's inputs. */
function inputs(type: string, name: string, ...keys: string[]): Record<string, unknown> {
  const { inputs: given } = only(type, name);
  return Object.fromEntries(keys.map((key) => [key, given[key]]));
}

const namesOf = (type: string) =>
  all.flatMap((resource) => (resource.type.endsWith(`:${type}`) ? [resource.name] : [])).toSorted();

test("a realm of ours is never deleted, and its themes and flows are nobody's business here", () => {
  const { options } = only("Realm", "prokube-realm");
  assert.equal(options["retainOnDelete"], true);
  const ignored = options["ignoreChanges"] as string[];
  for (const key of ["loginTheme", "browserFlow", "otpPolicy"]) assert.ok(ignored.includes(key), key);
  for (const key of ["verifyEmail", "passwordPolicy"]) assert.ok(!ignored.includes(key), key);
});

test("passwords and client secrets reach the engine as secrets", () => {
  const { smtpServer } = inputs("Realm", "prokube-realm", "smtpServer");
  assert.ok(isSecret((smtpServer as { auth: { password: unknown } }).auth.password) || isSecret(smtpServer));
  assert.ok(isSecret(only("UserFederation", "staff-federation").inputs["bindCredential"]));
  assert.ok(isSecret(only("IdentityProvider", "corp-provider").inputs["clientSecret"]));
});

test("whatever the source, people land in the users' group, and nobody without an address gets in", () => {
  assert.deepEqual(inputs("HardcodedGroupMapper", "staff-users", "group"), { group: "/pk-user" });
  for (const name of ["corp", "hub", "partner"]) {
    assert.deepEqual(inputs("HardcodedGroupIdentityProviderMapper", `${name}-users`, "group"), { group: "/pk-user" });
  }
  assert.deepEqual(
    inputs("UserFederation", "staff-federation", "customUserSearchFilter", "editMode", "trustEmail", "cache"),
    {
      customUserSearchFilter: "(&(mail=*)(active=yes))",
      editMode: "READ_ONLY",
      trustEmail: false,
      cache: { policy: "NO_CACHE" },
    },
  );
});

test("Active Directory has other names, and keeps disabled accounts out", () => {
  const keys = [
    "vendor",
    "userObjectClasses",
    "usernameLdapAttribute",
    "rdnLdapAttribute",
    "uuidLdapAttribute",
  ] as const;
  assert.deepEqual(inputs("UserFederation", "forest-federation", ...keys), {
    vendor: "AD",
    userObjectClasses: ["person", "organizationalPerson", "user"],
    usernameLdapAttribute: "sAMAccountName",
    rdnLdapAttribute: "cn",
    uuidLdapAttribute: "objectGUID",
  });
  assert.deepEqual(namesOf("MsadUserAccountControlMapper"), ["forest-account-control"]);
  assert.deepEqual(inputs("GroupMapper", "forest-group-guests/Data", "groupObjectClasses", "groupsLdapFilter"), {
    groupObjectClasses: ["group"],
    groupsLdapFilter: "(cn=Data)",
  });
});

test("a group elsewhere fills a group inside ours, looked at in each login", () => {
  assert.deepEqual(namesOf("GroupMapper"), ["forest-group-guests/Data", "staff-group-guests/ML Users"]);
  assert.deepEqual(
    inputs("CustomIdentityProviderMapping", "corp-group-guests/corp~data", "identityProviderMapper", "extraConfig"),
    {
      identityProviderMapper: "oidc-advanced-group-idp-mapper",
      extraConfig: {
        syncMode: "FORCE",
        group: "/guests/corp~data",
        claims: '[{"key":"groups","value":"data"}]',
        "are.claim.values.regex": "false",
      },
    },
  );
  const { extraConfig } = inputs("CustomIdentityProviderMapping", "partner-group-guests/partner~data", "extraConfig");
  assert.equal((extraConfig as Record<string, string>)["attributes"], '[{"key":"memberOf","value":"data"}]');
});

test("a provider proves who sends people, and an address stays what it was at the first login", () => {
  const oidc = inputs("IdentityProvider", "corp-provider", "providerId", "validateSignature", "syncMode", "trustEmail");
  assert.deepEqual(oidc, { providerId: "oidc", validateSignature: true, syncMode: "IMPORT", trustEmail: false });
  assert.deepEqual(inputs("IdentityProvider", "partner-provider", "validateSignature", "wantAssertionsSigned"), {
    validateSignature: true,
    wantAssertionsSigned: true,
  });
  const { extraConfig } = inputs("IdentityProvider", "hub-provider", "extraConfig");
  assert.equal((extraConfig as Record<string, string>)["userIDClaim"], "number");
});

test("who comes through a provider has no password here, and who lives in a directory no account of ours", () => {
  const { inputs: account } = only("User", "orla-account");
  assert.equal(account["initialPassword"], undefined);
  assert.deepEqual(account["requiredActions"], []);
  assert.ok(!namesOf("User").includes("lars-account"));
  const { inputs: groups, options } = only("UserGroups", "lars-groups");
  assert.deepEqual(groups["groupIds"], ["prokube-group-pk-admin-id"]);
  assert.equal(options["retainOnDelete"], true, "its directory is closed before the engine deletes");
});

test("administrators are told by a role which flows ask for a one-time password", () => {
  const { roleIds } = inputs("GroupRoles", "prokube-group-pk-admin-roles", "roleIds");
  assert.deepEqual(roleIds, ["prokube-role-grafana-admin-id", "prokube-role-prokube-access:otp-id"]);
  const conditions = all.filter(({ inputs: given }) => given["authenticator"] === "conditional-user-role");
  assert.equal(conditions.length, 4, "two in the browser, two for passwords alone");
});

test("Dex hears of free realm roles only; kubectl and S3 of all, by a public client with PKCE", () => {
  assert.equal(only("Client", "clients-dex").inputs["fullScopeAllowed"], false);
  assert.deepEqual(only("Client", "clients-dex").inputs["validRedirectUris"], [
    "https://cluster.example.com/dex/callback",
  ]);
  assert.deepEqual(namesOf("GenericRoleMapper"), ["clients-dex-role-grafana-admin"]);
  assert.deepEqual(inputs("Client", "clients-direct", "accessType", "pkceCodeChallengeMethod"), {
    accessType: "PUBLIC",
    pkceCodeChallengeMethod: "S256",
  });
  assert.equal(only("GroupMembershipProtocolMapper", "clients-direct-groups").inputs["fullPath"], true);
});
