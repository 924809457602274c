import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { builtInFlows, type LiveRealm } from "../../access/liveRealm.ts";
import { noActions, recordRegistrations } from "../support/mocks.ts";

const recorder = await recordRegistrations();
const { Group } = await import("../../components/group.ts");
const { createHooks } = await import("../../components/hooks.ts");
const { Realm } = await import("../../components/realm.ts");

const roleIds = new Map([["pk:view:team-a", pulumi.output("view-id")]]);
const attributes = { "managed-by": "prokube-access", stack: "dev" };
const planned = (name: string, roles: string[], description?: string) => ({
  name,
  description,
  roles,
  members: [],
  sources: [],
  adopt: false,
  at: { file: `groups/${name}.yaml`, line: 1, column: 1 },
});
const imports = new Map([["group theirs", "prokube/theirs-id"]]);
new Group("ds", { realmId: "prokube", group: planned("ds", ["pk:view:team-a"], "Models"), roleIds, imports });
new Group("idle", { realmId: "prokube", group: planned("idle", []), roleIds, imports });
new Group("theirs", { realmId: "prokube", group: planned("theirs", []), roleIds, imports });
const leftAlone = {
  management: "none" as const,
  settings: undefined,
  live: undefined,
  flows: [],
  bindings: undefined,
  ownFlows: [],
  platformGroupRoles: {},
  realmRoles: [],
  owner: "admin@example.com",
  holdsOwner: false,
  imports: new Map(),
  secrets: { require: (name: string) => pulumi.secret(name) },
  flowsUnbound: createHooks(noActions).flowsUnbound,
};
const none = { userRoles: [], adminRoles: [] };
const existing = new Realm("prokube", {
  ...leftAlone,
  platformGroups: { user: "pk-user", admin: "pk-admin", create: false, ...none },
});
new Realm("plain", {
  ...leftAlone,
  platformGroups: { user: "users", admin: "admins", create: true, ...none },
  holdsOwner: true,
});
const bound = { ...builtInFlows, browserFlow: "theirs", resetCredentialsFlow: "prokube-access reset credentials" };
const platformGroups = { user: "pk-user", admin: "pk-admin", create: false, ...none };
const live = { flows: bound } as unknown as LiveRealm;
new Realm("others", { ...leftAlone, platformGroups, live });
new Realm("left", { ...leftAlone, platformGroups, live, ownFlows: ["prokube-access reset credentials"] });
const all = await recorder.settle();

function childrenOf(parent: string): readonly object[] {
  return all
    .filter((resource) => resource.parent === parent)
    .map(({ type, inputs, options }) => ({ type, inputs, options }));
}

test("a group holds the roles of its grants, beside what others gave it", () => {
  assert.deepEqual(childrenOf("ds"), [
    {
      type: "keycloak:index/group:Group",
      inputs: { realmId: "prokube", name: "ds", description: "Models", attributes },
      options: {},
    },
    {
      type: "keycloak:index/groupRoles:GroupRoles",
      inputs: { realmId: "prokube", groupId: "ds-group-id", roleIds: ["view-id"], exhaustive: false },
      options: {},
    },
  ]);
});

test("a group without grants has no roles to manage", () => {
  assert.deepEqual(childrenOf("idle"), [
    { type: "keycloak:index/group:Group", inputs: { realmId: "prokube", name: "idle", attributes }, options: {} },
  ]);
});

test("the platform's groups are looked up where the realm has them", async () => {
  assert.deepEqual(childrenOf("prokube"), []);
  const ids = await new Promise((resolve) => pulumi.all([...existing.groupIds.values()]).apply(resolve));
  assert.deepEqual(ids, ["/pk-user-id", "/pk-admin-id"]);
});

test("and created where it does not", () => {
  assert.deepEqual(childrenOf("plain").slice(0, 2), [
    { type: "keycloak:index/group:Group", inputs: { realmId: "plain", name: "users", attributes }, options: {} },
    { type: "keycloak:index/group:Group", inputs: { realmId: "plain", name: "admins", attributes }, options: {} },
  ]);
});

test("a flow that goes is left bound nowhere, other flows stay, and another stack's is nobody's business here", () => {
  assert.deepEqual(childrenOf("others"), []);
  assert.deepEqual(childrenOf("left"), [
    {
      type: "keycloak:authentication/bindings:Bindings",
      inputs: { realmId: "left", ...builtInFlows, browserFlow: "theirs" },
      options: { retainOnDelete: true },
    },
  ]);
});

test("a disabled account holds the address that owns every Profile", () => {
  assert.deepEqual(childrenOf("plain")[2], {
    type: "keycloak:index/user:User",
    inputs: { realmId: "plain", username: leftAlone.owner, email: leftAlone.owner, enabled: false, attributes },
    options: { deleteBeforeReplace: true },
  });
});

test("a group that is adopted is imported", () => {
  assert.deepEqual(childrenOf("theirs"), [
    {
      type: "keycloak:index/group:Group",
      inputs: { realmId: "prokube", name: "theirs", attributes },
      options: { import: "prokube/theirs-id" },
    },
  ]);
});

test("a role that nothing creates is a bug with its name in the message", () => {
  assert.throws(
    () =>
      new Group("lost", {
        realmId: "prokube",
        group: planned("lost", ["pk:x"]),
        roleIds,
        imports,
      }),
    /the plan uses "pk:x" but nothing creates it/,
  );
});
