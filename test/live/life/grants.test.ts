import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { daysAfter } from "../../../access/fields.ts";
import { today } from "../../../access/resolve.ts";
import { accessOf, everything, nothing, reading } from "../support/access.ts";
import { finishFirstLogin, logIn, mayStore, seedBucket, storageFor } from "../support/platform.ts";
import { person, type Project, smallProject } from "../support/stack.ts";

const path = "workspaces/team-g.yaml";
const original = "name: team-g\nmembers:\n  - { group: helpers, role: edit }\n";
const withGrant = (grant: string) => `${original}  - { user: gail, ${grant} }\n`;

let project: Project;
before(async () => {
  project = await smallProject("grants", {
    "users/gail.yaml": person("gail"),
    "users/hugo.yaml": person("hugo"),
    "groups/helpers.yaml": "name: helpers\nmembers: [hugo]\n",
    [path]: original,
  });
  await seedBucket("team-g-data");
  await finishFirstLogin("gail");
});
after(async () => {
  await project.destroy();
});

const gailsAccess = () => accessOf("gail", "team-g");

test("one line of YAML and an update give access, and without it an update takes it away", async () => {
  assert.deepEqual(await gailsAccess(), nothing);
  for (const [files, access] of [
    [withGrant("role: edit"), everything],
    [withGrant("role: view"), reading],
    [original, nothing],
  ] as const) {
    project.edit({ [path]: files });
    await project.up();
    assert.deepEqual(await gailsAccess(), access);
  }
});

test("a new member of a group gets what the group has, and loses it when leaving", async () => {
  const group = project.read("groups/helpers.yaml");
  project.edit({ "groups/helpers.yaml": group.replace("[hugo]", "[gail, hugo]") });
  await project.up();
  assert.deepEqual(await gailsAccess(), everything);

  project.edit({ "groups/helpers.yaml": group });
  await project.up();
  assert.deepEqual(await gailsAccess(), nothing);
});

test("a session that is open when the role goes is closed by the next login", async () => {
  project.edit({ [path]: `${original}storage:\n  - { user: gail, role: edit }\n` });
  await project.up();
  const session = await storageFor(await logIn("gail"));
  assert.ok(await mayStore(session, "put", "team-g-data"));
  project.edit({ [path]: original });
  await project.up();
  assert.equal(await storageFor(await logIn("gail")), undefined);
});

test("a grant falls out on the day it expires", async () => {
  const lastDay = daysAfter(today(), 30);
  const end = daysAfter(lastDay, 1);
  project.edit({ [path]: withGrant(`role: edit, expires: ${end}`) });
  await project.pulumi("config", "set", "date", lastDay);
  await project.up();
  assert.deepEqual(await gailsAccess(), everything);
  await project.pulumi("config", "set", "date", end);
  await project.up();
  assert.deepEqual(await gailsAccess(), nothing);
});

test("no update goes back to a day on which what has ended was there", async () => {
  await project.pulumi("config", "set", "date", daysAfter(today(), -1));
  const { code, output } = await project.tryPulumi("up", "--yes", "--skip-preview");
  assert.notEqual(code, 0);
  assert.match(output, /date: \d{4}-\d\d-\d\d, which is past/);
  await project.pulumi("preview");
  await project.pulumi("config", "rm", "date");
});
