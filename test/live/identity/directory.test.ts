import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessOf, everything, nothing, reading } from "../support/access.ts";
import { DirectoryServer, directoryNames } from "../support/directory.ts";
import { claims, keycloakAdmin, logIn, seedBucket, tokenFor } from "../support/platform.ts";
import { platformOf, type Project, smallProject } from "../support/stack.ts";

const bindPassword = "canary-ldap-77b0";
/** What {@link logIn} logs in with. */
const password = "Chosen-at-first-login-1";

let server: DirectoryServer;
let project: Project;
before(async () => {
  server = await DirectoryServer.start(bindPassword);
  for (const uid of ["lena", "lars", "lola"]) await server.addPerson(uid, password);
  await server.addPerson("lone", password, "");
  await server.addGroup("ML Users", "lena", "lone");
  await server.addGroup("Web", "lola");
  project = await smallProject("directory", files(), { "staff-bind-password": bindPassword });
  await seedBucket("team-ldap-data");
});
after(async () => {
  try {
    await project.destroy();
  } finally {
    await server.stop();
  }
});

function files(): Record<string, string> {
  return {
    "platform.yaml": platformOf("directory"),
    "directories/staff.yaml": [
      "name: staff",
      `url: ${server.url}`,
      `bindDn: "${directoryNames.bindDn}"`,
      `usersDn: "${directoryNames.usersDn}"`,
      `groups: { dn: "${directoryNames.groupsDn}" }`,
      "trustEmail: true",
    ].join("\n"),
    "groups/scientists.yaml": "name: scientists\nfrom: [{ directory: staff, group: ML Users }]\n",
    "users/lars.yaml": "username: lars\nemail: lars@example.com\ndirectory: staff\n",
    "workspaces/team-ldap.yaml":
      "name: team-ldap\nmembers:\n  - { group: scientists, role: view }\n  - { user: lars, role: edit }\n",
  };
}

test("somebody written down has at the first login what the files say", async () => {
  assert.deepEqual(await accessOf("lars", "team-ldap"), everything);
  assert.deepEqual(claims(await logIn("lars"))["groups"], ["/pk-user"]);
});

test("a member of a group there has at the first login what a token gives, and with the next update the rest", async () => {
  assert.deepEqual(await accessOf("lena", "team-ldap"), { ...reading, network: false });
  await project.up();
  assert.deepEqual(await accessOf("lena", "team-ldap"), reading);
  await project.pulumi("preview", "--expect-no-changes");
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});

test("others of the directory may log in, and have nothing", async () => {
  assert.deepEqual(await accessOf("lola", "team-ldap"), nothing);
  assert.deepEqual(claims(await logIn("lola"))["groups"], ["/pk-user"], "other groups there mean nothing here");
});

test("whoever has no address, or another password, gets no token", async () => {
  assert.deepEqual(await tokenFor("lone"), { error: "Invalid user credentials" });
  assert.deepEqual(await tokenFor("lars", "wrong"), { error: "Invalid user credentials" });
});

test("who leaves the group there loses at the next login what a token gives, and with the next update the rest", async () => {
  await server.leave("ML Users", "lena");
  assert.deepEqual(claims(await logIn("lena"))["groups"], ["/pk-user"]);
  assert.deepEqual(await accessOf("lena", "team-ldap"), { ...nothing, "list pods": true, network: true });
  await project.up();
  assert.deepEqual(await accessOf("lena", "team-ldap"), nothing);
  await server.join("ML Users", "lena");
});

test("who leaves the directory cannot log in, and stops nobody else's update", async () => {
  await server.removePerson("lars");
  assert.notEqual((await tokenFor("lars")).error, undefined);
  const output = await project.up();
  assert.match(output, /user "lars" is not found in the directory/);
  await server.addPerson("lars", password);
  await project.up();
  assert.deepEqual(await accessOf("lars", "team-ldap"), everything);
});

test("an account of the same name in Keycloak itself is told", async () => {
  const { users } = await keycloakAdmin();
  const { id } = await users.create({ username: "lupo", email: "lupo@example.com", enabled: true });
  project.edit({ "users/lupo.yaml": "username: lupo\nemail: lupo@example.com\ndirectory: staff\n" });
  const { output } = await project.tryPulumi("preview");
  assert.match(output, /users\/lupo\.yaml:1:11 foreign-object: account "lupo" lives in Keycloak itself/);
  project.edit({ "users/lupo.yaml": undefined });
  await (await keycloakAdmin()).users.del({ id });
});

test("a mapping that goes takes its access with it, and so does the directory", async () => {
  await project.up();
  assert.deepEqual(await accessOf("lena", "team-ldap"), reading);
  project.edit({ "groups/scientists.yaml": "name: scientists\n" });
  await project.up();
  assert.deepEqual(await accessOf("lena", "team-ldap"), nothing);

  project.edit({
    "directories/staff.yaml": undefined,
    "users/lars.yaml": undefined,
    "workspaces/team-ldap.yaml": "name: team-ldap\n",
  });
  await project.up();
  for (const username of ["lena", "lars"]) {
    assert.deepEqual(await tokenFor(username), { error: "Invalid user credentials" });
    assert.deepEqual(await (await keycloakAdmin()).users.find({ username, exact: true }), []);
  }
});

test("the directory's password stands neither in the state nor in what is printed", async () => {
  project.edit(files());
  const preview = await project.pulumi("preview", "--diff");
  assert.ok(!preview.includes(bindPassword));
  await project.up();
  assert.ok(!(await project.pulumi("stack", "export")).includes(bindPassword));
});
