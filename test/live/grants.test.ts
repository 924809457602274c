import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessOf, everything, nothing, reading } from "./support/access.ts";
import { finishFirstLogin, logIn, mayStore, seedBucket, storageFor } from "./support/platform.ts";
import { convergedProject, type Project } from "./support/stack.ts";

let project: Project;
before(async () => {
  project = await convergedProject();
  await seedBucket("team-b-data");
  await finishFirstLogin("dave");
});
after(async () => {
  await project.up();
  project.dispose();
});

const davesAccess = () => accessOf("dave", "team-b");

test("one line of YAML and an update give access, and without it an update takes it away", async () => {
  const path = "workspaces/team-b.yaml";
  const original = project.read(path);
  const withGrant = (role: string) => original.replace("members:\n", `members:\n  - user: dave\n    role: ${role}\n`);
  assert.notEqual(withGrant("edit"), original);
  assert.deepEqual(await davesAccess(), nothing);

  project.edit({ [path]: withGrant("edit") });
  await project.up();
  assert.deepEqual(await davesAccess(), everything);

  project.edit({ [path]: withGrant("view") });
  await project.up();
  assert.deepEqual(await davesAccess(), reading);

  project.edit({ [path]: original });
  await project.up();
  assert.deepEqual(await davesAccess(), nothing);
});

test("a new member of a group gets what the group has, and loses it when leaving", async () => {
  const path = "groups/ml-ops.yaml";
  const original = project.read(path);
  project.edit({ [path]: original.replace("members: [bob, erin]", "members: [bob, dave, erin]") });
  await project.up();
  assert.deepEqual(await davesAccess(), everything);

  project.edit({ [path]: original });
  await project.up();
  assert.deepEqual(await davesAccess(), nothing);
});

test("a session that is open when the role goes is closed by the next login", async () => {
  const path = "workspaces/team-b.yaml";
  const original = project.read(path);
  project.edit({ [path]: `${original}storage:\n  - user: dave\n    role: edit\n` });
  await project.up();
  const session = await storageFor(await logIn("dave"));
  assert.ok(await mayStore(session, "put", "team-b-data"));
  project.edit({ [path]: original });
  await project.up();
  assert.equal(await storageFor(await logIn("dave")), undefined);
});

test("a grant falls out on the day it expires", async () => {
  const path = "workspaces/team-b.yaml";
  const original = project.read(path);
  project.edit({
    [path]: original.replace("members:\n", "members:\n  - user: dave\n    role: edit\n    expires: 2027-01-01\n"),
  });
  await project.pulumi("config", "set", "date", "2026-12-31");
  await project.up();
  assert.deepEqual(await davesAccess(), everything);
  await project.pulumi("config", "set", "date", "2027-01-01");
  await project.up();
  assert.deepEqual(await davesAccess(), nothing);
  await project.pulumi("config", "rm", "date");
  project.edit({ [path]: original });
  await project.up();
});
