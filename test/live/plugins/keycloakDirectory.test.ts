/** Directories of Keycloak: the plugin in use with the real engine and a real server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import AdminClient from "@keycloak/keycloak-admin-client";
import type { Desired } from "./fixtures/keycloakDirectory/index.ts";
import { Project, setting } from "./project.ts";

const realm = `smoke-${randomBytes(4).toString("hex")}`;
const secret = `canary-${randomBytes(8).toString("hex")}`;
const first: Desired = {
  realm,
  directory: {
    name: "ldap",
    connectionUrl: "ldaps://ldap.example.com",
    usersDn: "ou=people,dc=example,dc=com",
    userObjectClasses: ["person", "organizationalPerson", "user"],
    usernameLdapAttribute: "sAMAccountName",
    rdnLdapAttribute: "cn",
    uuidLdapAttribute: "objectGUID",
    vendor: "AD",
    bindDn: "cn=reader,dc=example,dc=com",
    bindCredential: secret,
    searchScope: "SUBTREE",
    customUserSearchFilter: "(mail=*)",
    connectionTimeout: "5s",
    readTimeout: "1m30s",
    fullSyncPeriod: 86400,
    deleteDefaultMappers: true,
  },
  attribute: { name: "email", ldapAttribute: "mail", userModelAttribute: "email", readOnly: true },
  groups: {
    name: "groups",
    ldapGroupsDn: "ou=groups,dc=example,dc=com",
    groupNameLdapAttribute: "cn",
    groupObjectClasses: ["group"],
    membershipLdapAttribute: "member",
    membershipUserLdapAttribute: "cn",
    groupsLdapFilter: "(cn=kf-*)",
    mappedGroupAttributes: ["description", "owner"],
  },
  group: { name: "everybody" },
  control: { name: "account control" },
};
const second: Desired = {
  ...first,
  directory: {
    ...first.directory,
    name: "ldap 2",
    userObjectClasses: ["person", "user", "inetOrgPerson"],
    bindCredential: `${secret}-2`,
    customUserSearchFilter: "(mail=*@example.com)",
    connectionTimeout: "5000ms",
    readTimeout: "2m",
    fullSyncPeriod: -1,
    trustEmail: true,
    cache: { policy: "EVICT_WEEKLY", evictionDay: 1, evictionHour: 2, evictionMinute: 3 },
    kerberos: { kerberosRealm: "EXAMPLE.COM", serverPrincipal: "HTTP/x@EXAMPLE.COM", keyTab: "/etc/keytab" },
  },
  attribute: { name: "mail", ldapAttribute: "mail2", userModelAttribute: "email", isMandatoryInLdap: true },
  groups: {
    ...first.groups,
    mode: "IMPORT",
    groupObjectClasses: ["group", "top"],
    mappedGroupAttributes: ["owner"],
    groupsLdapFilter: "(cn=x-*)",
    dropNonExistingGroupsDuringSync: true,
  },
  group: { name: "all" },
  control: { name: "account control", ldapPasswordPolicyHintsEnabled: true },
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
  await admin.realms.create({ realm, enabled: true });
  await admin.groups.create({ realm, name: "smoke-others" });
  project = await Project.create("keycloakDirectory");
  await project.want(first);
});

after(async () => {
  await admin.realms.del({ realm });
  await project.remove();
});

test("an update creates it, and then there is nothing left to do", async () => {
  assert.deepEqual(Object.keys(await project.changes()), [
    "create Group staff",
    "create GroupMapper groups",
    "create HardcodedGroupMapper group",
    "create MsadUserAccountControlMapper control",
    "create UserAttributeMapper attribute",
    "create UserFederation directory",
  ]);
  await project.up();
  await project.up("--expect-no-changes");
  await project.expectNoChanges();
});

test("the server has it, and none of the mappers that it makes itself", async () => {
  const directory = await component("ldap");
  assert.deepEqual(settings(directory), {
    allowKerberosAuthentication: "false",
    authType: "simple",
    batchSizeForSync: "1000",
    bindCredential: "**********",
    bindDn: "cn=reader,dc=example,dc=com",
    changedSyncPeriod: "-1",
    connectionPooling: "false",
    connectionTimeout: "5000",
    connectionUrl: "ldaps://ldap.example.com",
    customUserSearchFilter: "(mail=*)",
    debug: "false",
    editMode: "READ_ONLY",
    enabled: "true",
    fullSyncPeriod: "86400",
    importEnabled: "true",
    krbPrincipalAttribute: "userPrincipalName",
    pagination: "true",
    priority: "0",
    rdnLDAPAttribute: "cn",
    readTimeout: "90000",
    searchScope: "2",
    startTls: "false",
    syncRegistrations: "false",
    trustEmail: "false",
    useKerberosForPasswordAuthentication: "false",
    usePasswordModifyExtendedOp: "false",
    useTruststoreSpi: "ldapsOnly",
    userObjectClasses: "person, organizationalPerson, user",
    usernameLDAPAttribute: "sAMAccountName",
    usersDn: "ou=people,dc=example,dc=com",
    uuidLDAPAttribute: "objectGUID",
    validatePasswordPolicy: "false",
    vendor: "ad",
  });
  const mappers = await admin.components.find({ realm, parent: directory.id });
  const names = ["account control", "email", "everybody", "groups"];
  assert.deepEqual(mappers.map(({ name }) => name).sort(), names);
  assert.deepEqual(settings(await component("groups")), {
    "drop.non.existing.groups.during.sync": "false",
    "group.name.ldap.attribute": "cn",
    "group.object.classes": "group",
    "groups.dn": "ou=groups,dc=example,dc=com",
    "groups.ldap.filter": "(cn=kf-*)",
    "groups.path": "/",
    "ignore.missing.groups": "false",
    "mapped.group.attributes": "description,owner",
    "memberof.ldap.attribute": "memberOf",
    "membership.attribute.type": "DN",
    "membership.ldap.attribute": "member",
    "membership.user.ldap.attribute": "cn",
    mode: "READ_ONLY",
    "preserve.group.inheritance": "true",
    "user.roles.retrieve.strategy": "LOAD_GROUPS_BY_MEMBER_ATTRIBUTE",
  });
  assert.deepEqual(settings(await component("everybody")), { group: "/smoke-staff" });
});

test("the directory's password is encrypted in the state", async () => {
  const state = await project.state();
  assert.ok(!state.includes(secret));
  assert.match(state, /"bindCredential": *\{/);
  assert.doesNotMatch(state, /"bindCredential": *"/);
});

test("everything is changed in place, and back", async () => {
  await project.want(second);
  assert.deepEqual(await project.changes(), {
    "update GroupMapper groups": {
      dropNonExistingGroupsDuringSync: "update",
      "groupObjectClasses[1]": "add",
      groupsLdapFilter: "update",
      "mappedGroupAttributes[0]": "delete",
      mode: "update",
    },
    "update HardcodedGroupMapper group": { name: "update" },
    "update MsadUserAccountControlMapper control": { ldapPasswordPolicyHintsEnabled: "update" },
    "update UserAttributeMapper attribute": {
      isMandatoryInLdap: "update",
      ldapAttribute: "update",
      name: "update",
      readOnly: "update",
    },
    "update UserFederation directory": {
      bindCredential: "update",
      cache: "add",
      customUserSearchFilter: "update",
      fullSyncPeriod: "update",
      kerberos: "add",
      name: "update",
      readTimeout: "update",
      trustEmail: "update",
      "userObjectClasses[1]": "delete",
      "userObjectClasses[2]": "add",
    },
  });
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  await project.expectNoChanges();
  const { cachePolicy, evictionHour, kerberosRealm, readTimeout } = settings(await component("ldap 2"));
  assert.deepEqual(
    [cachePolicy, evictionHour, kerberosRealm, readTimeout],
    ["EVICT_WEEKLY", "2", "EXAMPLE.COM", "120000"],
  );
  await project.want(first);
  assert.deepEqual((await project.changes())["update UserFederation directory"], {
    bindCredential: "update",
    cache: "delete",
    customUserSearchFilter: "update",
    fullSyncPeriod: "update",
    kerberos: "delete",
    name: "update",
    readTimeout: "update",
    trustEmail: "update",
    "userObjectClasses[1]": "add",
    "userObjectClasses[2]": "delete",
  });
  await project.up();
  await project.expectNoChanges();
});

test("some settings can be changed but not removed: the update looks done, and a refresh shows that it is not", async () => {
  const directory = without(first.directory, "bindCredential", "bindDn", "customUserSearchFilter", "readTimeout");
  const groups = without(first.groups, "groupsLdapFilter", "mappedGroupAttributes");
  await project.want({ ...first, directory, groups });
  assert.deepEqual(await project.changes(), {
    "update GroupMapper groups": { groupsLdapFilter: "delete", mappedGroupAttributes: "delete" },
    "update UserFederation directory": {
      bindCredential: "delete",
      bindDn: "delete",
      customUserSearchFilter: "delete",
      readTimeout: "delete",
    },
  });
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  assert.deepEqual(await project.changes("--refresh", "--run-program"), {
    "update GroupMapper groups": { groupsLdapFilter: "delete", mappedGroupAttributes: "delete" },
    "update UserFederation directory": { bindDn: "delete", customUserSearchFilter: "delete" },
  });
  await project.want(first);
  assert.deepEqual(await project.changes(), {
    "update GroupMapper groups": { groupsLdapFilter: "update", mappedGroupAttributes: "add" },
    "update UserFederation directory": {
      bindCredential: "update",
      bindDn: "update",
      customUserSearchFilter: "update",
      readTimeout: "update",
    },
  });
  await project.up();
  await project.expectNoChanges();
});

test("what was changed by hand is seen by a refresh, and put right", async () => {
  const { id = "", ...directory } = await component("ldap");
  const config = { ...directory.config, usersDn: ["by hand"], enabled: ["false"], bindCredential: ["by hand"] };
  await admin.components.update({ realm, id }, { ...directory, id, config });
  const groups = await component("groups");
  const classes = { ...groups.config, "group.object.classes": ["group, by hand"] };
  await admin.components.update({ realm, id: groups.id ?? "" }, { ...groups, config: classes });
  await admin.components.del({ realm, id: (await component("email")).id ?? "" });
  assert.deepEqual(await project.changes("--refresh", "--run-program"), {
    "create UserAttributeMapper attribute": {},
    "update GroupMapper groups": { "groupObjectClasses[1]": "delete" },
    "update UserFederation directory": { enabled: "update", usersDn: "update" },
  });
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
  assert.equal(settings(await component("ldap"))["usersDn"], "ou=people,dc=example,dc=com");
});

test("another hardcoded group or other default mappers are a replacement", async () => {
  await project.want({ ...first, directory: without(first.directory, "deleteDefaultMappers") });
  const replaced = await project.changes();
  assert.deepEqual(replaced["replace UserFederation directory"], { deleteDefaultMappers: "update-replace" });
  assert.ok("replace GroupMapper groups" in replaced);
  await project.want({ ...first, path: "/smoke-others" });
  assert.deepEqual(await project.changes(), {
    "replace HardcodedGroupMapper group": { group: "update-replace" },
  });
  await project.up();
  await project.expectNoChanges();
  assert.deepEqual(settings(await component("everybody")), { group: "/smoke-others" });
  await project.want(first);
  await project.up();
});

test("what would not work is refused", async () => {
  const { directory, groups } = first;
  await project.want({ ...first, directory: { ...directory, fullSyncPeriod: 0, editMode: "ALL" } });
  await assert.rejects(project.preview(), (error: Error) => {
    assert.match(error.message, /-1 \(disabled\), or greater than zero, got 0/);
    assert.match(error.message, /expected .*(one of|to be one of).*READ_ONLY/);
    return true;
  });
  const uid = { ...groups, membershipAttributeType: "UID" };
  await project.want({ ...first, directory: without(directory, "bindCredential"), groups: uid });
  await assert.rejects(project.up(), /authentication requires both BindDN and BindCredential to be set/);
  await project.want({ ...first, groups: uid });
  await assert.rejects(
    project.up("--refresh", "--run-program"),
    /group inheritance cannot be preserved while membership attribute type is UID/,
  );
  await project.want(first);
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
});

test("all is imported; the password is written once more", async () => {
  const { imports } = await project.outputs<{ imports: Record<string, string> }>();
  const twin = await Project.create<Desired>("keycloakDirectory");
  const wanted = { ...first, directory: without(first.directory, "deleteDefaultMappers") };
  await twin.want({ ...wanted, imports });
  const imported = {
    "import Group staff": {},
    "import GroupMapper groups": {},
    "import HardcodedGroupMapper group": {},
    "import MsadUserAccountControlMapper control": {},
    "import UserAttributeMapper attribute": {},
    "import UserFederation directory": {},
  };
  assert.deepEqual(await twin.changes(), {
    ...imported,
    "update UserFederation directory": { bindCredential: "update" },
  });
  const withPassword = { ...imports, directory: `${imports["directory"] ?? ""}/${secret}` };
  await twin.want({ ...wanted, imports: withPassword });
  assert.deepEqual(await twin.changes(), imported);
  await twin.want({ ...wanted, imports });
  await twin.up();
  await twin.expectNoChanges();
  await twin.remove();
});

test("a destroy removes it all", async () => {
  await project.pulumi("destroy", "--yes", "--skip-preview");
  const components = await admin.components.find({ realm });
  assert.ok(!components.some(({ providerType }) => providerType?.includes("storage")));
});

async function component(name: string) {
  const found = (await admin.components.find({ realm })).find((one) => one.name === name);
  assert.ok(found);
  return found;
}

/** The settings of a component but for when it was last synchronised. */
function settings({ config = {} }: Awaited<ReturnType<typeof component>>): Record<string, string> {
  return Object.fromEntries(Object.entries(config).map(([name, values]) => [name, values[0] ?? ""]));
}

function without<Whole extends object, Name extends keyof Whole>(whole: Whole, ...names: Name[]): Omit<Whole, Name> {
  const left = Object.entries(whole).filter(([name]) => !names.includes(name as Name));
  return Object.fromEntries(left) as Omit<Whole, Name>;
}
