import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { finishFirstLogin, keycloakAdmin, tokenFor, userId } from "./support/platform.ts";
import { convergedProject, type Project } from "./support/stack.ts";

let project: Project;
before(async () => {
  project = await convergedProject();
});
after(() => {
  project.dispose();
});

test("a second update changes nothing", async () => {
  assert.match(await project.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes"), /unchanged/);
});

test("a refresh finds nothing, and the next preview proposes nothing", async () => {
  await project.pulumi("refresh", "--yes", "--expect-no-changes");
  await project.pulumi("preview", "--expect-no-changes");
});

test("the temporary password asks for another before any token", async () => {
  const passwords = JSON.parse(
    await project.pulumi("stack", "output", "temporaryPasswords", "--json", "--show-secrets"),
  ) as Record<string, string>;
  const { token, error } = await tokenFor("dave", passwords["dave"]);
  assert.deepEqual({ token, error }, { token: undefined, error: "Account is not fully set up" });
});

test("what a user has done at the first login is no change", async () => {
  await finishFirstLogin("alice");
  await project.pulumi("refresh", "--yes");
  await project.pulumi("preview", "--expect-no-changes");
  const user = await (await keycloakAdmin()).users.findOne({ id: await userId("alice") });
  assert.deepEqual(user?.requiredActions, []);
});

test("another change of the account does not ask the user to do it again", async () => {
  await finishFirstLogin("alice");
  const before = { "users/alice.yaml": project.read("users/alice.yaml") };
  project.edit({ "users/alice.yaml": before["users/alice.yaml"].replace("lastName: Lovelace", "lastName: King") });
  await project.up();
  const user = await (await keycloakAdmin()).users.findOne({ id: await userId("alice") });
  assert.deepEqual([user?.lastName, user?.requiredActions], ["King", []]);
  project.edit(before);
  await project.up();
});

test("roles and memberships that others gave stay", async () => {
  const id = await userId("dave");
  const keycloak = await keycloakAdmin();
  await keycloak.roles.create({ name: "s3:archive", description: "somebody else's" }).catch(() => undefined);
  const role = await keycloak.roles.findOneByName({ name: "s3:archive" });
  assert.ok(role?.id && role.name);
  await keycloak.users.addRealmRoleMappings({ id, roles: [{ id: role.id, name: role.name }] });
  await project.pulumi("up", "--yes", "--refresh", "--run-program", "--expect-no-changes");
  const held = await (await keycloakAdmin()).users.listRealmRoleMappings({ id });
  const names = held.map(({ name }) => name);
  assert.ok(names.includes("s3:archive"), "a foreign role");
  assert.ok(names.includes("default-roles-prokube"), "the realm's default roles");
  await (await keycloakAdmin()).roles.delById({ id: role.id });
});

test("everything in the realm that this program made says so", async () => {
  const keycloak = await keycloakAdmin();
  const roles = await keycloak.roles.find({ max: 1000, briefRepresentation: false });
  const ours = roles.filter(({ name }) => /:(?:team-[abc]|alice|frank)$/.test(name ?? ""));
  assert.equal(ours.length, 25);
  for (const { attributes, name } of ours) {
    assert.deepEqual(attributes, { "managed-by": ["prokube-access"], stack: ["dev"] }, name);
  }
});
