/** The Keycloak plugin in use, stand-in or official, with the real engine and a real server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import AdminClient from "@keycloak/keycloak-admin-client";
import type { Desired } from "./fixtures/keycloak/index.ts";
import { Project, setting } from "./project.ts";

const realm = `smoke-${randomBytes(4).toString("hex")}`;
const first: Desired = {
  realm,
  description: "may look",
  viewerName: "smoke:viewer",
  composites: true,
  username: "smoke-user",
  password: `canary-${randomBytes(8).toString("hex")}`,
  attributes: { owner: "a##b" },
};
let project: Project<Desired>;
let admin: AdminClient;

before(async () => {
  admin = new AdminClient({ baseUrl: setting("KEYCLOAK_URL") });
  const credentials = { username: setting("KEYCLOAK_USER"), password: setting("KEYCLOAK_PASSWORD") };
  await admin.auth({ grantType: "password", clientId: "admin-cli", ...credentials });
  await admin.realms.create({ realm, enabled: true });
  await admin.users.updateProfile({
    ...(await admin.users.getProfile({ realm })),
    unmanagedAttributePolicy: "ADMIN_EDIT" as never,
    realm,
  });
  project = await Project.create("keycloak");
  await project.want(first);
});

after(async () => {
  await admin.realms.del({ realm });
  await project.remove();
});

test("a preview of what is not there yet creates everything", async () => {
  const steps = await project.preview();
  assert.deepEqual(steps.map(({ op, resource }) => `${op} ${resource}`).sort(), [
    "create Group squad",
    "create Group team",
    "create GroupRoles squad",
    "create Role editor",
    "create Role viewer",
    "create User user",
    "create UserGroups user",
    "create UserRoles user",
  ]);
});

test("an update creates it, and then there is nothing left to do", async () => {
  await project.up();
  await project.up("--expect-no-changes");
  await project.pulumi("refresh", "--yes", "--skip-preview");
  await project.pulumi("preview", "--expect-no-changes");
  const user = await theUser();
  assert.deepEqual(user.requiredActions, ["UPDATE_PASSWORD"]);
  assert.deepEqual(await rolesOfUser(), ["default-roles-" + realm, "smoke:editor"]);
  const effective = await admin.users.listCompositeRealmRoleMappings({ realm, id: user.id });
  assert.ok(effective.some(({ name }) => name === "smoke:viewer"));
  const groups = await admin.users.listGroups({ realm, id: user.id });
  assert.deepEqual(
    groups.map(({ path }) => path),
    ["/smoke-team/smoke-squad"],
  );
});

test("the functions find what was created", async () => {
  const { found, ids } = await project.outputs<Record<"found" | "ids", Record<string, string>>>();
  assert.deepEqual(found, { ...ids, realm });
});

test("passwords are encrypted in the state", async () => {
  const state = await project.state();
  assert.ok(!state.includes(first.password));
  assert.match(state, /"password": *\{/);
  assert.doesNotMatch(state, /"password": *"/);
});

test("a changed initial password changes nothing", async () => {
  await project.want({ ...first, password: "another" });
  assert.deepEqual(await project.preview(), []);
});

test("a role is described and renamed in place, composites and attributes follow", async () => {
  const before = await theRole("smoke:viewer");
  const second = { ...first, description: "may read", viewerName: "smoke:reader", composites: false };
  await project.want({ ...second, attributes: { owner: "b##a", team: "x" } });
  assert.deepEqual(sorted(await project.preview()), [
    { op: "update", resource: "Group team", diff: { "attributes.team": "add" } },
    { op: "update", resource: "Role editor", diff: { compositeRoles: "delete" } },
    { op: "update", resource: "Role viewer", diff: { description: "update", name: "update" } },
  ]);
  await project.up();
  await project.expectNoChanges();
  assert.equal((await theRole("smoke:reader")).id, before.id);
  assert.equal((await theRole("smoke:editor")).composite, false);
  await project.want(first);
  await project.up();
});

test("roles and memberships of others are neither seen nor touched", async () => {
  const { id } = await theUser();
  await admin.roles.create({ realm, name: "foreign" });
  const foreign = await theRole("foreign");
  await admin.users.addRealmRoleMappings({ realm, id, roles: [foreign] });
  const group = await admin.groups.create({ realm, name: "foreign" });
  await admin.users.addToGroup({ realm, id, groupId: group.id });
  await project.expectNoChanges();
  assert.deepEqual(await rolesOfUser(), ["default-roles-" + realm, "foreign", "smoke:editor"]);
});

test("what was taken away by hand is seen by a refresh, and given back", async () => {
  const { id } = await theUser();
  await admin.users.delRealmRoleMappings({ realm, id, roles: [await theRole("smoke:editor")] });
  await admin.users.update({ realm, id }, { ...(await theUser()), firstName: "Somebody" });
  const steps = sorted(await project.preview("--refresh", "--run-program"));
  assert.deepEqual(
    steps.filter(({ op }) => op === "update"),
    [
      { op: "update", resource: "User user", diff: { firstName: "update" } },
      { op: "update", resource: "UserRoles user", diff: { roleIds: "add" } },
    ],
  );
  await project.up("--refresh", "--run-program");
  await project.expectNoChanges();
  assert.equal((await theUser()).firstName, "Smoke");
  assert.deepEqual(await rolesOfUser(), ["default-roles-" + realm, "foreign", "smoke:editor"]);
});

test("another username is another user", async () => {
  const before = await theUser();
  await project.want({ ...first, username: "smoke-other" });
  const steps = await project.preview();
  const replaced = steps.filter(({ op }) => op === "replace").map(({ resource }) => resource);
  assert.deepEqual(replaced.sort(), ["User user", "UserGroups user", "UserRoles user"]);
  assert.equal(
    steps.find(({ op, resource }) => op === "replace" && resource === "User user")?.diff["username"],
    "update-replace",
  );
  await project.up();
  assert.notEqual((await theUser("smoke-other")).id, before.id);
  await project.want(first);
  await project.up();
});

test("an existing role is imported, and then there is nothing left to do", async () => {
  await admin.roles.create({ realm, name: "smoke:existing" });
  const { id } = await theRole("smoke:existing");
  await project.want({ ...first, imported: { name: "smoke:existing", importId: `${realm}/${id}` } });
  const [firstStep] = await project.preview();
  assert.equal(`${firstStep?.op ?? ""} ${firstStep?.resource ?? ""}`, "import Role imported");
  await project.up();
  await project.want({ ...first, imported: { name: "smoke:existing" } });
  await project.expectNoChanges();
  assert.equal((await theRole("smoke:existing")).id, id);
});

test("a name that is taken is an error of the server", async () => {
  await project.want({ ...first, viewerName: "foreign" });
  await assert.rejects(project.up(), /409 Conflict/);
  await project.want(first);
  await project.up("--refresh", "--run-program");
});

test("a destroy removes ours and leaves the rest", async () => {
  await project.pulumi("destroy", "--yes", "--skip-preview");
  assert.deepEqual(await admin.users.find({ realm, username: "smoke-user" }), []);
  assert.equal(await admin.roles.findOneByName({ realm, name: "smoke:editor" }), null);
  assert.ok(await theRole("foreign"));
});

async function theUser(username = "smoke-user") {
  const [user] = await admin.users.find({ realm, username, exact: true });
  assert.ok(user?.id);
  return { ...user, id: user.id };
}

async function theRole(name: string) {
  const role = await admin.roles.findOneByName({ realm, name });
  assert.ok(role?.id);
  return { ...role, id: role.id, name };
}

async function rolesOfUser() {
  const { id } = await theUser();
  const roles = await admin.users.listRealmRoleMappings({ realm, id });
  return roles.map(({ name }) => name).sort();
}

function sorted<Item extends { resource: string }>(steps: Item[]): Item[] {
  return steps.toSorted((a, b) => a.resource.localeCompare(b.resource));
}
