import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { accessOf, everything, isLetIn, nothing, reading } from "../support/access.ts";
import {
  exists,
  finishFirstLogin,
  keycloakAdmin,
  logIn,
  mayStore,
  rootStorage,
  seedBucket,
  storageFor,
  tokenFor,
  userId,
} from "../support/platform.ts";
import { person, type Project, smallProject } from "../support/stack.ts";

let project: Project;
before(async () => {
  project = await smallProject("lifecycle", {
    "users/quinn.yaml": person("quinn"),
    "users/rosa.yaml": person("rosa"),
    "groups/modelers.yaml": "name: modelers\nmembers: [quinn, rosa]\n",
  });
  for (const user of ["quinn", "rosa"]) await finishFirstLogin(user);
});
after(async () => {
  await project.destroy();
});

/** What lies in a workspace's buckets: a hash of every object. */
async function objectsOf(workspace: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const bucket of [`${workspace}-data`, `${workspace}-mlpipeline`]) {
    const { Contents = [] } = await rootStorage().send(new ListObjectsV2Command({ Bucket: bucket }));
    for (const { Key = "" } of Contents.filter((object) => !object.Key?.startsWith("probe-"))) {
      const { Body } = await rootStorage().send(new GetObjectCommand({ Bucket: bucket, Key }));
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
      found[`${bucket}/${Key}`] = createHash("sha256").update(bytes).digest("hex");
    }
  }
  return found;
}

async function fill(workspace: string): Promise<Record<string, string>> {
  await seedBucket(`${workspace}-data`);
  for (const bucket of [`${workspace}-data`, `${workspace}-mlpipeline`]) {
    await rootStorage().send(new PutObjectCommand({ Bucket: bucket, Key: "model/1.bin", Body: randomBytes(4096) }));
  }
  return objectsOf(workspace);
}

const file = "workspaces/team-l.yaml";
const team = "name: team-l\nmembers:\n  - { user: quinn, role: edit }\n";
const zelda = person("zelda", "workspace: true\n");
/** What lies in the buckets of the shared and of the personal workspace, once they are filled. */
let objects: Record<string, Record<string, string>>;
let firstAccount: string;

async function assertObjectsAreKept(): Promise<void> {
  for (const workspace of ["team-l", "zelda"]) assert.deepEqual(await objectsOf(workspace), objects[workspace]);
}

/** Nothing of the workspaces is left but their buckets, and even with an old session nobody but the root reads them. */
async function assertGone(sessions: Record<string, S3Client | undefined>): Promise<void> {
  assert.deepEqual(await accessOf("quinn", "team-l"), nothing);
  assert.equal((await tokenFor("zelda")).token, undefined, "the account is gone");
  for (const workspace of ["team-l", "zelda"]) {
    assert.equal(await mayStore(sessions[workspace], "get", `${workspace}-data`), false, "an open session");
    assert.equal(await exists(`/api/v1/namespaces/${workspace}`), false);
    assert.equal(await exists(`/apis/kubeflow.org/v1/profiles/${workspace}`), false);
    assert.deepEqual(await (await keycloakAdmin()).roles.find({ search: `:${workspace}` }), []);
    assert.equal(await isLetIn("zelda@example.com", workspace), false);
  }
  await assertObjectsAreKept();
}

async function sessions(): Promise<Record<string, S3Client | undefined>> {
  return { "team-l": await storageFor(await logIn("quinn")), zelda: await storageFor(await logIn("zelda")) };
}

test("created: a shared workspace, and a user with a personal one", async () => {
  project.edit({
    "users/zelda.yaml": zelda,
    "groups/zeldas.yaml": "name: zeldas\nmembers: [zelda]\n",
    [file]: `${team}  - { user: zelda, role: edit }\n  - { group: zeldas, role: view }\n`,
  });
  await project.up();
  await finishFirstLogin("zelda");
  firstAccount = await userId("zelda");
  objects = { "team-l": await fill("team-l"), zelda: await fill("zelda") };
  assert.deepEqual(await accessOf("quinn", "team-l"), everything);
  assert.deepEqual(await accessOf("zelda", "team-l"), everything);
  assert.deepEqual(await accessOf("zelda", "zelda"), everything);
});

test("deleted: all access is gone on every plane, the objects stay", async () => {
  const open = await sessions();
  project.edit({ "users/zelda.yaml": undefined, "groups/zeldas.yaml": undefined, [file]: undefined });
  await project.up();
  await assertGone(open);
});

test("added again: the same buckets without an import by hand, and no access left over", async () => {
  project.edit({ "users/zelda.yaml": zelda, [file]: team });
  const preview = await project.pulumi("preview");
  assert.match(preview, /workspace "team-l" takes its archived buckets back: team-l-data, team-l-mlpipeline/);
  assert.match(preview, /workspace "zelda" takes its archived buckets back: zelda-data, zelda-mlpipeline/);
  await project.up();
  assert.notEqual(await userId("zelda"), firstAccount, "a new account");
  await finishFirstLogin("zelda");
  assert.deepEqual(await accessOf("quinn", "team-l"), everything);
  assert.deepEqual(await accessOf("zelda", "zelda"), everything);
  assert.deepEqual(await accessOf("zelda", "team-l"), nothing);
  await assertObjectsAreKept();
});

test("archived: the same as deleted, while the files stay", async () => {
  const open = await sessions();
  project.edit({ "users/zelda.yaml": `${zelda}state: archived\n`, [file]: `${team}state: archived\n` });
  await project.up();
  await assertGone(open);
});

test("the archived data of one person does not go to another of the same username", async () => {
  project.edit({ "users/zelda.yaml": zelda.replace("zelda@example.com", "zelda.other@example.com") });
  const { output } = await project.tryPulumi("preview");
  assert.match(output, /users\/zelda\.yaml:6:12 bucket-of-another: .* belonged to zelda@example\.com/);
});

test("active again: the same buckets, and what the file says now", async () => {
  project.edit({ "users/zelda.yaml": undefined, [file]: team.replace("edit", "view") });
  await project.up();
  assert.deepEqual(await accessOf("quinn", "team-l"), reading);
  await assertObjectsAreKept();
  await project.pulumi("preview", "--expect-no-changes");
});

test("a group goes: its members lose what it gave and keep what they have directly", async () => {
  const grants = "name: team-l\nmembers:\n  - { user: quinn, role: view }\n";
  project.edit({ [file]: `${grants}  - { group: modelers, role: edit }\n` });
  await project.up();
  await seedBucket("team-l-data");
  assert.deepEqual(await accessOf("quinn", "team-l"), everything, "the group's edit wins over the direct view");
  assert.deepEqual(await accessOf("rosa", "team-l"), everything);

  const group = project.read("groups/modelers.yaml");
  project.edit({ "groups/modelers.yaml": undefined, [file]: grants });
  await project.up();
  assert.deepEqual(await accessOf("quinn", "team-l"), reading);
  assert.deepEqual(await accessOf("rosa", "team-l"), nothing);
  project.edit({ "groups/modelers.yaml": group });
});

test("the highest wins, whichever comes direct and whichever through a group", async () => {
  const both = (direct: string, group: string) =>
    `name: team-l\nmembers:\n  - { user: quinn, role: ${direct} }\n  - { group: modelers, role: ${group}, notebooksAccess: false }\n`;
  project.edit({ [file]: both("edit", "view") });
  await project.up();
  assert.deepEqual(await accessOf("quinn", "team-l"), everything);
  assert.deepEqual(await accessOf("rosa", "team-l"), { ...reading, network: false });
  project.edit({ [file]: both("view", "edit") });
  await project.up();
  assert.deepEqual(await accessOf("quinn", "team-l"), everything, "edit through the group, notebooks directly");
  assert.deepEqual(await accessOf("rosa", "team-l"), { ...everything, network: false });
});

test("a user is renamed and gets another address: the same account, password and access", async () => {
  const before = person("yan", "workspace: true\n");
  const members = (username: string) => `name: team-l\nmembers:\n  - { user: ${username}, role: edit }\n`;
  project.edit({ "users/yan.yaml": before, [file]: members("yan") });
  await project.up();
  await finishFirstLogin("yan");
  await seedBucket("team-l-data");
  const objects = await fill("yan");
  const id = await userId("yan");

  const renamed = person("yannick", "was: yan\nworkspace: { name: yan }\n").replace("Test", "Moved");
  project.edit({ "users/yan.yaml": undefined, "users/yannick.yaml": renamed, [file]: members("yannick") });
  // As make up-stack does: the state still has the old name when the account is written.
  await project.pulumi("refresh", "--yes", "--skip-preview", "--run-program");
  await project.pulumi("up", "--yes", "--skip-preview");
  assert.equal(await userId("yannick"), id);
  assert.deepEqual(await accessOf("yannick", "team-l"), everything);
  assert.deepEqual(await accessOf("yannick", "yan"), everything);
  assert.equal(await isLetIn("yan@example.com", "team-l"), false);
  assert.deepEqual(await (await keycloakAdmin()).users.find({ username: "yan", exact: true }), []);
  assert.deepEqual(await objectsOf("yan"), objects);
  assert.equal((await (await keycloakAdmin()).realms.findOne({ realm: "prokube" }))?.editUsernameAllowed, false);
  await project.up();
  assert.equal(await userId("yannick"), id);
  await project.pulumi("up", "--yes", "--skip-preview", "--refresh", "--run-program", "--expect-no-changes");

  project.edit({ "users/yannick.yaml": renamed.replace("was: yan\n", "").replace("Moved", "Settled") });
  await project.up();
  assert.equal(await userId("yannick"), id);

  project.edit({ "users/yannick.yaml": undefined, [file]: undefined });
});

test("a renamed file is told from a new person, and a renamed workspace is refused", async () => {
  const [rosa, group] = [project.read("users/rosa.yaml"), project.read("groups/modelers.yaml")];
  const team = "name: team-l\nmembers: [{ group: modelers, role: edit }]\n";
  project.edit({ [file]: team });
  await project.up();
  project.edit({
    "users/rosa.yaml": undefined,
    "users/rose.yaml": rosa.replace("username: rosa", "username: rose"),
    "groups/modelers.yaml": group.replace("rosa", "rose"),
  });
  const renamed = await project.tryPulumi("preview");
  assert.match(renamed.output, /users\/rose\.yaml:1:11 foreign-object: address "rosa@example\.com" .* write was: rosa/);
  project.edit({ "users/rose.yaml": undefined, "users/rosa.yaml": rosa, "groups/modelers.yaml": group });

  project.edit({ [file]: undefined, "workspaces/team-x.yaml": team.replace("team-l", "team-x") });
  const workspace = await project.tryPulumi("up", "--yes", "--skip-preview");
  assert.match(workspace.output, /workspaces\/team-x\.yaml:1:7 rename-refused: .* keep "team-l" with state: archived/);
  assert.ok(await exists("/api/v1/namespaces/team-l"), "nothing was touched");
});
