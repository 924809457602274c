import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { resolve } from "../../access/resolve.ts";
import { desired } from "../access/support.ts";
import { noActions, isSecret, type Registered, recordRegistrations } from "../support/mocks.ts";

const recorder = await recordRegistrations();
const { User } = await import("../../components/user.ts");
const { createHooks } = await import("../../components/hooks.ts");

const { platform, users } = resolve(
  desired({
    "users/alice.yaml": [
      "username: alice",
      "email: alice@example.com",
      "firstName: Alice",
      "lastName: Lovelace",
      "emailVerified: true",
      "requiredActions: [CONFIGURE_TOTP]",
      "admin: true",
      "workspace: true",
    ].join("\n"),
    "users/bob.yaml": "username: bob\nemail: bob@example.com\n",
    "users/carla.yaml": "username: carla\nemail: carla@example.com\nadopt: true\n",
    "users/carl.yaml": "username: carl\nemail: carl@example.com\nenabled: false\n",
    "workspaces/team-a.yaml": "name: team-a\nmembers: [{ user: alice, role: edit }]\n",
  }),
  "2026-11-23",
);
const ids = (...names: string[]) => new Map(names.map((name) => [name, pulumi.output(`${name}-id`)]));
const hooks = createHooks(noActions);
const carla = {
  id: "carla-id",
  username: "carla",
  email: "carla@example.com",
  enabled: true,
  attributes: { locale: ["de", "en"], "managed-by": ["somebody"] },
};
for (const user of users) {
  new User(user.username === "carla" ? "carol" : user.username, {
    realmId: "prokube",
    realm: "prokube",
    platform,
    user,
    lookup: undefined,
    groupIds: ids("pk-user", "pk-admin", "data-science"),
    roleIds: ids("pk:edit:team-a"),
    temporaryPassword: "first-login",
    keys: new Map([["carla", "carol"]]),
    account: user.username === "carla" ? carla : undefined,
    imports: new Map(),
    ...hooks,
  });
}
const all = await recorder.settle();

function the(name: string): Registered {
  const found = all.filter((resource) => resource.name === name && !resource.type.startsWith("prokube:"));
  assert.equal(found.length, 1, `${name} is registered once`);
  return found[0] as Registered;
}

test("a user is an account, groups and roles, and where wanted a personal workspace", () => {
  const children = (parent: string) =>
    all
      .filter((resource) => resource.parent === parent)
      .map(({ name }) => name)
      .toSorted();
  assert.deepEqual(
    children("alice").filter(
      (name) =>
        !/^alice-(?:role-|policy|bucket|namespace|profile|binding|contributor|network|s3|artifact|workload|launcher)/.test(
          name,
        ),
    ),
    ["alice", "alice-account", "alice-groups", "alice-roles"],
  );
  assert.deepEqual(children("bob"), ["bob-account", "bob-groups"]);
  assert.deepEqual(children("carl"), ["carl-account"]);
});

test("the personal workspace belongs to its user", () => {
  const [workspace] = all.filter(({ type }) => type === "prokube:access:Workspace");
  assert.deepEqual([workspace?.name, workspace?.parent], ["alice", "alice"]);
});

test("the account is as the file says", () => {
  const { initialPassword, ...inputs } = the("alice-account").inputs;
  assert.deepEqual(inputs, {
    realmId: "prokube",
    username: "alice",
    email: "alice@example.com",
    emailVerified: true,
    enabled: true,
    firstName: "Alice",
    lastName: "Lovelace",
    requiredActions: ["CONFIGURE_TOTP", "UPDATE_PASSWORD"],
    attributes: { "managed-by": "prokube-access", stack: "dev", "prokube-access-key": "alice" },
  });
  assert.ok(isSecret(initialPassword) || isSecret((initialPassword as { value: unknown }).value));
  assert.equal(the("carl-account").inputs["enabled"], false);
});

test("what a user has done at the first login is left alone", () => {
  const kept = ["username", "requiredActions", "attributes", "federatedIdentities", "initialPassword"];
  assert.deepEqual(the("alice-account").options, { deleteBeforeReplace: true, ignoreChanges: kept });
  assert.deepEqual(
    (the("bob-account").options["ignoreChanges"] as string[]).toSorted(),
    [...kept, "emailVerified"].toSorted(),
  );
});

test("memberships and roles are added to what others gave, never instead", () => {
  const { groupIds, exhaustive } = the("alice-groups").inputs;
  assert.deepEqual(
    { groupIds, exhaustive },
    {
      groupIds: ["pk-user-id", "pk-admin-id", "data-science-id"],
      exhaustive: false,
    },
  );
  assert.deepEqual(the("alice-roles").inputs, {
    realmId: "prokube",
    userId: "alice-account-id",
    roleIds: ["pk:edit:team-a-id", "alice-role-identity-id"],
    exhaustive: false,
  });
});

test("a user costs at most four resources besides a personal workspace", () => {
  assert.ok(all.filter(({ name, parent }) => name === "bob" || parent === "bob").length <= 4);
});

test("an adopted account is imported and keeps the attributes that others gave it", () => {
  const { inputs, options } = the("carol-account");
  assert.deepEqual(inputs["attributes"], {
    locale: "de##en",
    "managed-by": "prokube-access",
    stack: "dev",
    "prokube-access-key": "carol",
  });
  assert.equal(options["import"], "prokube/carla-id");
  assert.ok(!(options["ignoreChanges"] as string[]).includes("attributes"));
});
