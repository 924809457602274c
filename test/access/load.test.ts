import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { InputError } from "../../access/diagnostic.ts";
import { loadDesiredState } from "../../access/load.ts";
import { desired, refusals, soundFiles } from "./support.ts";

const workspace = (lines: string) => ({ "workspaces/team-a.yaml": `name: team-a\n${lines}\n` });
const user = (lines: string) => ({ "users/bob.yaml": `username: bob\n${lines}\n` });

const refused: readonly (readonly [what: string, changes: Record<string, string | undefined>, message: string])[] = [
  [
    "an unknown key",
    user("emial: bob@example.com\nemail: bob@example.com"),
    'env/users/bob.yaml:2:1 unknown-key: unknown key "emial". Did you mean "email"? Allowed here: "admin", "adopt", "directory", "email", "emailVerified", "enabled", "firstName", "identityProvider", "lastName", "requiredActions", "roles", "state", "username", "was", "workspace".',
  ],
  [
    "an unknown key inside a list",
    workspace("members:\n  - user: bob\n    role: edit\n    notebookAccess: false"),
    'env/workspaces/team-a.yaml:5:5 unknown-key: unknown key "notebookAccess". Did you mean "notebooksAccess"? Allowed here: "expires", "group", "notebooksAccess", "role", "user".',
  ],
  [
    "a missing key",
    { "users/bob.yaml": "username: bob\n" },
    'env/users/bob.yaml:1:1 missing-key: the key "email" is missing; expected a text. Add it.',
  ],
  [
    "a missing role",
    workspace("members:\n  - user: bob"),
    'env/workspaces/team-a.yaml:3:5 missing-key: the key "members[0].role" is missing; allowed: "edit", "view". Add it.',
  ],
  [
    "an unknown user",
    workspace("members:\n  - user: bobb\n    role: edit"),
    'env/workspaces/team-a.yaml:3:11 unknown-user: user "bobb" is not defined. Did you mean "bob"? Add users/bobb.yaml or name another user.',
  ],
  [
    "an unknown user in a group",
    { "groups/data-science.yaml": "name: data-science\nmembers:\n  - alice\n  - zoe\n" },
    'env/groups/data-science.yaml:4:5 unknown-user: user "zoe" is not defined. Add users/zoe.yaml or name another user.',
  ],
  [
    "an unknown group",
    workspace("storage:\n  - group: data-sience\n    role: view"),
    'env/workspaces/team-a.yaml:3:12 unknown-group: group "data-sience" is not defined. Did you mean "data-science"? Add groups/data-sience.yaml or name another group.',
  ],
  [
    "a duplicate e-mail address",
    user("email: alice@example.com"),
    'env/users/bob.yaml:2:8 duplicate-email: e-mail address "alice@example.com" already belongs to user "alice" (env/users/alice.yaml:2:8). Every user needs an address of their own.',
  ],
  [
    "an e-mail address in capitals",
    user("email: Bob@Example.com"),
    'env/users/bob.yaml:2:8 bad-email: e-mail address "Bob@Example.com" is not allowed. Write "bob@example.com": Keycloak folds case, Kubernetes and Istio do not.',
  ],
  [
    "an e-mail address that Istio reads as everybody",
    user('email: "*@example.com"'),
    'env/users/bob.yaml:2:8 bad-email: e-mail address "*@example.com" is not allowed. Allowed are lower-case ASCII letters, digits and . _ + - \' before the @, and a domain with a dot after it.',
  ],
  [
    "a workspace name that is too long",
    { [`workspaces/${"x".repeat(53)}.yaml`]: `name: ${"x".repeat(53)}\n` },
    `env/workspaces/${"x".repeat(53)}.yaml:1:7 name-too-long: workspace name "${"x".repeat(53)}" has 53 characters; at most 52 are allowed. Choose a shorter one.`,
  ],
  [
    "a reserved workspace name",
    { "workspaces/kube-system.yaml": "name: kube-system\n" },
    'env/workspaces/kube-system.yaml:1:7 reserved-name: workspace name "kube-system" is reserved: it is a namespace of the platform or of Kubernetes. Choose another.',
  ],
  [
    "a workspace named like a part of role names",
    { "workspaces/edit.yaml": "name: edit\n" },
    'env/workspaces/edit.yaml:1:7 reserved-name: workspace name "edit" is reserved: it is a part of realm role names. Choose another.',
  ],
  [
    "a wildcard in a workspace name",
    { "workspaces/team*.yaml": 'name: "team*"\n' },
    'env/workspaces/team*.yaml:1:7 bad-name: workspace name "team*" is not allowed; it may have lower-case letters, digits and inner hyphens.',
  ],
  [
    "a comma in a group's name",
    { "groups/x,pk-admin.yaml": 'name: "x,pk-admin"\n' },
    'env/groups/x,pk-admin.yaml:1:7 bad-name: group name "x,pk-admin" is not allowed; it may have lower-case letters, digits and inner . _ -.',
  ],
  [
    "a platform group's name",
    { "groups/pk-admin.yaml": "name: pk-admin\n" },
    'env/groups/pk-admin.yaml:1:7 reserved-name: group name "pk-admin" is reserved: it is one of the platform\'s groups. Users are in "pk-user" by themselves and in "pk-admin" by admin: true.',
  ],
  [
    "a wrong quantity",
    workspace("quota: { memory: 5GB }"),
    'env/workspaces/team-a.yaml:2:18 bad-quantity: memory is "5GB", which is not a Kubernetes quantity; write "5G" or "5Gi".',
  ],
  [
    "half a pod",
    workspace("quota: { pods: 1.5 }"),
    'env/workspaces/team-a.yaml:2:16 bad-quantity: pods counts objects, so "1.5" must be a whole number.',
  ],
  [
    "an unknown quota key",
    workspace("quota: { memry: 1Gi }"),
    'env/workspaces/team-a.yaml:2:17 bad-quantity: "memry" is not a quota key. Did you mean "memory"? Common ones: "cpu", "memory", "ephemeral-storage", "requests.cpu", "limits.cpu", "requests.memory", "pods", "requests.nvidia.com/gpu".',
  ],
  [
    "a default request above the default limit",
    workspace("limits: { default: { cpu: 1 }, defaultRequest: { cpu: 1500m } }"),
    "env/workspaces/team-a.yaml:2:55 bad-quantity: the default request for cpu, 1500m, is above the default limit 1; Kubernetes refuses that. Lower it or raise the limit.",
  ],
  [
    "a role that does not exist",
    workspace("members:\n  - user: bob\n    role: edits"),
    'env/workspaces/team-a.yaml:4:11 not-allowed: "members[0].role" is "edits". Did you mean "edit"? Allowed: "edit", "view".',
  ],
  [
    "a member that is both user and group",
    workspace("members:\n  - { user: bob, group: data-science, role: edit }"),
    "env/workspaces/team-a.yaml:3:5 one-subject: a member is exactly one of user and group; found both. Remove one.",
  ],
  [
    "a day that does not exist",
    workspace("members:\n  - { user: bob, role: edit, expires: 2027-02-30 }"),
    'env/workspaces/team-a.yaml:3:39 bad-date: "2027-02-30" is not a day; write it as YYYY-MM-DD, such as 2027-03-31.',
  ],
  [
    "a number where a name belongs",
    { "workspaces/7.yaml": "name: 7\n" },
    'env/workspaces/7.yaml:1:7 wrong-type: "name" is 7; expected a text. Put it in quotes: "7".',
  ],
  [
    "the same grant twice",
    workspace("members:\n  - { user: bob, role: edit }\n  - { user: bob, role: edit }"),
    "env/workspaces/team-a.yaml:4:5 duplicate-entry: user bob as edit is listed twice. Remove one.",
  ],
  [
    "a file that is called otherwise",
    { "users/bob.yaml": "username: bobby\nemail: bob@example.com\n" },
    'env/users/bob.yaml:1:11 file-name: username is "bobby" but the file is called "bob.yaml". Make them equal.',
  ],
  [
    "a workspace with a user's personal workspace's name",
    { "workspaces/alice.yaml": "name: alice\n" },
    'env/users/alice.yaml:3:12 duplicate-name: the personal workspace "alice" of user "alice" already stands in env/workspaces/alice.yaml:1:7. Give one of them another name, or set workspace: false.',
  ],
  [
    "a personal workspace that cannot be named",
    { "users/bob.b.yaml": "username: bob.b\nemail: bob.b@example.com\nworkspace: true\n" },
    'env/users/bob.b.yaml:3:12 bad-name: a personal workspace is named after its user, but workspace name "bob.b" is not allowed; it may have lower-case letters, digits and inner hyphens. Or write workspace: { name: ... }, or false.',
  ],
  [
    "a username that is another's address",
    { "users/alice@example.com.yaml": "username: alice@example.com\nemail: mallory@example.com\n" },
    'env/users/alice@example.com.yaml:1:11 duplicate-name: username "alice@example.com" is the e-mail address of user "alice". Choose another username.',
  ],
  [
    "a user with the owner's address",
    user("email: admin@example.com"),
    'env/users/bob.yaml:2:8 owner-is-user: "admin@example.com" owns every Profile (platform.yaml, owner), so nobody may log in as it. Give the user another address or the platform another owner.',
  ],
  [
    "two members with one binding name",
    {
      "users/a.b.yaml": "username: a.b\nemail: a.b@example.com\n",
      "users/a-b.yaml": "username: a-b\nemail: a-b@example.com\n",
      ...workspace("members:\n  - { user: a.b, role: edit }\n  - { user: a-b, role: view }"),
    },
    'env/workspaces/team-a.yaml:4:5 binding-collision: "a-b@example.com" and "a.b@example.com" both become "user-a-b-example-com" in names of contributor bindings, so they cannot both be members of "team-a". Change one address.',
  ],
  [
    "one administrator of the master realm",
    { "platform.yaml": "domain: cluster.example.com\nmasterAdmins: [root-1]\n" },
    'env/platform.yaml:2:15 wrong-type: "masterAdmins" is a list of 1; at least 2 must be given.',
  ],
  [
    "users and administrators in one group",
    { "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}platformGroups: { user: all, admin: all }\n` },
    'env/platform.yaml:3:37 duplicate-name: the groups of users and of administrators are both called "all", which would make every user an administrator. Name two groups.',
  ],
  [
    "an application that does not say how people log in",
    { "applications/grafana.yaml": "name: grafana\n" },
    'env/applications/grafana.yaml:1:1 missing-key: the key "auth" is missing; allowed: "headers", "keycloak", "dex". Add it.',
  ],
  [
    "a file with another ending",
    { "users/zoe.yml": "username: zoe\n" },
    "env/users/zoe.yml:1:1 misplaced-file: this file is not part of the desired state. Did you mean users/zoe.yaml? Allowed: platform.yaml, users/<name>.yaml, groups/<name>.yaml, workspaces/<name>.yaml, directories/<name>.yaml, identity-providers/<name>.yaml, applications/<name>.yaml.",
  ],
  [
    "no platform.yaml",
    { "platform.yaml": undefined },
    "env/platform.yaml:1:1 missing-key: the file is missing. Every environment has one; it needs at least domain and masterAdmins.",
  ],
  [
    "a duplicate key",
    user("email: bob@example.com\nemail: eve@example.com"),
    'env/users/bob.yaml:3:1 bad-yaml: the key "email" is here for the second time. Remove one.',
  ],
  [
    "broken YAML",
    user("email: [bob"),
    "env/users/bob.yaml:2:8 bad-yaml: the [ that opens here is never closed. Close it with ].",
  ],
  [
    "a tag",
    user("email: !secret bob@example.com"),
    "env/users/bob.yaml:2:8 bad-yaml: the tag !secret means nothing here. Remove it.",
  ],
  [
    "a merge key, which YAML 1.2 does not have",
    user("email: bob@example.com\n<<: { admin: true }"),
    'env/users/bob.yaml:3:1 unknown-key: unknown key "<<": YAML 1.2 has no merge keys. Write the keys out.',
  ],
  [
    "a second document in a file",
    user("email: bob@example.com\n---\nadmin: true"),
    "env/users/bob.yaml:3:1 bad-yaml: a second document begins here. Remove the line ---, or put it in a file of its own.",
  ],
  [
    "a prototype key",
    user("email: bob@example.com\n__proto__: { admin: true }"),
    'env/users/bob.yaml:3:1 unknown-key: unknown key "__proto__". Allowed here: "admin", "adopt", "directory", "email", "emailVerified", "enabled", "firstName", "identityProvider", "lastName", "requiredActions", "roles", "state", "username", "was", "workspace".',
  ],
  [
    "a workspace that is to be renamed",
    workspace("was: team-b"),
    'env/workspaces/team-a.yaml:2:6 rename-refused: a workspace cannot be renamed, because namespaces and buckets cannot. Add "team-a" as a new workspace without was:, move what is needed, then set state: archived in workspaces/team-b.yaml.',
  ],
  [
    "a personal workspace that is to be renamed with its user",
    user("email: bob@example.com\nwas: bobby\nworkspace: true"),
    'env/users/bob.yaml:4:12 rename-refused: the personal workspace "bobby" cannot be renamed with its user. Write workspace: { name: bobby } to keep it, or workspace: false to archive it.',
  ],
  [
    "an earlier username that somebody has",
    user("email: bob@example.com\nwas: alice"),
    'env/users/bob.yaml:3:6 duplicate-name: was: "alice" is what user "alice" is or was called. Remove the key if the rename is done, or name the username that "bob" had.',
  ],
  [
    "an owner that was the owner before",
    { "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}previousOwner: admin@example.com\n` },
    'env/platform.yaml:3:16 duplicate-entry: previousOwner is the owner itself, "admin@example.com". Name the address that owns the Profiles now, or remove the key.',
  ],
  [
    "a username that is the owner's address",
    { "users/admin@example.com.yaml": "username: admin@example.com\nemail: root@example.com\n" },
    'env/users/admin@example.com.yaml:1:11 owner-is-user: "admin@example.com" owns every Profile (platform.yaml, owner), so nobody may log in as it. Give the user another username or the platform another owner.',
  ],
  [
    "limits that leave out what the quota limits",
    workspace(
      "quota: { cpu: 4, limits.memory: 8Gi }\nlimits: { default: { cpu: 1 }, defaultRequest: { memory: 1Gi } }",
    ),
    "env/workspaces/team-a.yaml:3:9 limits-missing: the quota limits limits.memory, so a container that names no memory would be refused; limits must set default.memory.",
  ],
  [
    "the same for the whole platform",
    {
      "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}workspaceDefaults: { quota: { memory: 8Gi }, limits: { default: { cpu: 1 } } }\n`,
    },
    "env/platform.yaml:3:54 limits-missing: the quota limits memory, so a container that names no memory would be refused; limits must set defaultRequest.memory or default.memory.",
  ],
  [
    "a cluster-wide grant to nobody who is known",
    { "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}clusterAccess: [{ user: bobb, role: admin }]\n` },
    'env/platform.yaml:3:25 unknown-user: user "bobb" is not defined. Did you mean "bob"? Add users/bobb.yaml or name another user.',
  ],
  [
    "a cluster-wide view, which seed 002 does not have",
    { "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}clusterAccess: [{ user: bob, role: view }]\n` },
    'env/platform.yaml:3:36 not-allowed: "clusterAccess[0].role" is "view". Allowed: "admin", "edit".',
  ],
  [
    "a personal workspace that is another's",
    user("email: bob@example.com\nworkspace: { name: alice }"),
    'env/users/bob.yaml:3:12 duplicate-name: the personal workspace "alice" of user "bob" already stands in env/users/alice.yaml:3:12. Give one of them another name, or set workspace: false.',
  ],
];

for (const [what, changes, message] of refused) {
  test(`refuses ${what}`, () => {
    assert.deepEqual(refusals(changes), [message]);
  });
}

test("accepts the environment that the refused ones are made from", () => {
  assert.deepEqual(refusals({}), []);
});

test("reports the errors of all files at once, in order", () => {
  const found = refusals({
    "users/bob.yaml": "username: bob\nemail: nonsense\nadmin: maybe\n",
    "workspaces/team-a.yaml": "name: team-a\nmembers:\n  - { user: nobody, role: edit }\n",
    "groups/data-science.yaml": "name: data-science\nmembers: [alice, alice]\n",
  });
  assert.deepEqual(
    found.map((line) => line.split(": ")[0]),
    [
      "env/groups/data-science.yaml:2:18 duplicate-entry",
      "env/users/bob.yaml:2:8 bad-email",
      "env/users/bob.yaml:3:8 wrong-type",
      "env/workspaces/team-a.yaml:3:13 unknown-user",
    ],
  );
});

test("a file that cannot be read causes no further errors about its user", () => {
  const found = refusals({ "users/bob.yaml": "username: bob\nemail: nonsense\n" });
  assert.equal(found.length, 1);
});

test("says which stacks there are when the folder is missing", () => {
  assert.throws(() => loadDesiredState("stacks/nope"), {
    name: "InputError",
    message: /^stacks\/nope:1:1 misplaced-file: there is no desired state for the stack "nope".*"dev", "prod"\./,
  });
});

test("a link is told, not followed", () => {
  const folder = mkdtempSync(join(tmpdir(), "desired-"));
  mkdirSync(join(folder, "users"));
  symlinkSync(tmpdir(), join(folder, "users", "alice.yaml"));
  assert.throws(() => loadDesiredState(folder), { name: "InputError", message: /alice\.yaml:1:1 misplaced-file: / });
  rmSync(folder, { recursive: true });
});

test("the folder of a stack, or the one above it, is no link either", () => {
  const folder = mkdtempSync(join(tmpdir(), "desired-"));
  mkdirSync(join(folder, "elsewhere", "dev"), { recursive: true });
  mkdirSync(join(folder, "stacks"));
  symlinkSync("../elsewhere/dev", join(folder, "stacks", "dev"));
  symlinkSync("elsewhere", join(folder, "linked"));
  for (const [path, named] of [
    ["stacks/dev", /stacks\/dev:1:1 misplaced-file: this is no plain folder/],
    ["linked/dev", /linked:1:1 misplaced-file: this is no plain folder/],
  ] as const) {
    assert.throws(() => loadDesiredState(join(folder, path)), { name: "InputError", message: named });
  }
  rmSync(folder, { recursive: true });
});

test("reads both environments of this repository", () => {
  for (const stack of ["dev", "prod"]) {
    const { users, workspaces } = loadDesiredState(`stacks/${stack}`);
    assert.ok(users.size >= 6 && workspaces.size >= 3);
  }
});

test("quantities may be numbers", () => {
  const { workspaces } = desired(workspace("quota: { cpu: 4, pods: 10 }"));
  assert.deepEqual(workspaces.get("team-a")?.value.quota, { cpu: "4", pods: "10" });
});

test("an input error is an error with its diagnostics", () => {
  const error = new InputError([{ file: "a", line: 2, column: 1, code: "bad-name", message: "x" }]);
  assert.equal(error.message, "a:2:1 bad-name: x\n1 error in the desired state; nothing was changed.");
});
