import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isAllowed } from "../support/istio.ts";
import {
  authorizationPolicies,
  can,
  finishFirstLogin,
  logIn,
  mayStore,
  seedBucket,
  storageFor,
} from "./support/platform.ts";
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

/** What dave can do in team-b, tried on every plane after a fresh login. */
async function davesAccess(): Promise<Record<string, boolean>> {
  const token = await logIn("dave");
  const client = await storageFor(token);
  const request = {
    namespace: "team-b",
    principal: "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account",
    headers: { "kubeflow-userid": "dave@example.com" },
  };
  return {
    "list pods": await can(token, "list", "pods", "team-b"),
    "create pods": await can(token, "create", "pods", "team-b"),
    "read objects": await mayStore(client, "get", "team-b-data"),
    "write objects": await mayStore(client, "put", "team-b-data"),
    network: isAllowed(await authorizationPolicies(), request),
  };
}

const nothing = {
  "list pods": false,
  "create pods": false,
  "read objects": false,
  "write objects": false,
  network: false,
};
const everything = {
  "list pods": true,
  "create pods": true,
  "read objects": true,
  "write objects": true,
  network: true,
};
const reading = { ...everything, "create pods": false, "write objects": false };

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
