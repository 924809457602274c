import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../access/diagnostic.ts";
import { differences } from "../../access/differences.ts";
import { type Account, type Inventory, type LiveObject, objectKey } from "../../access/inventory.ts";
import { provisionedObjects, plannedObjects } from "../../access/objects.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { type Takeover, takeover } from "../../access/takeover.ts";
import { desired, soundFiles, soundRealm } from "./support.ts";

const planOf = (changes: Readonly<Record<string, string | undefined>> = {}): Plan =>
  resolve(desired(changes), "2026-11-23");

function inventory(objects: readonly LiveObject[] = [], more: Partial<Inventory> = {}): Inventory {
  return {
    accounts: [],
    realm: undefined,
    seen: [],
    masterRealm: [],
    dropsAttributes: false,
    registrationFlow: false,
    target: {},
    administrators: [],
    yourself: undefined,
    gateway: undefined,
    dex: undefined,
    ...more,
    objects: new Map(objects.map((object) => [objectKey(object.kind, object.name), object])),
  };
}

const account = (username: string, more: Partial<Account> = {}): Account => ({
  id: `${username}-id`,
  username,
  email: `${username}@example.com`,
  enabled: true,
  attributes: {},
  ...more,
});

/** Everything that a plan made, as it is on the platform afterwards. */
function converged(plan: Plan, stack = "dev"): Inventory {
  const unmarked = ["bucket", "S3 user"];
  return inventory(
    plannedObjects(plan).map(({ kind, name, access }) => ({
      kind,
      name,
      id: name,
      ...(access !== undefined && { access }),
      ...(!unmarked.includes(kind) && { stack }),
      ...(kind === "Profile" && { owner: plan.platform.owner }),
    })),
    { accounts: plan.users.map(({ username }) => account(username, { stack })) },
  );
}

function refusals(plan: Plan, live: Inventory): string[] {
  try {
    takeover(plan, live, "dev");
  } catch (error) {
    if (error instanceof InputError) return error.message.split("\n").slice(0, -1);
    throw error;
  }
  return [];
}

const meet = (plan: Plan, live: Inventory): Takeover => takeover(plan, live, "dev");

test("an empty platform is free", () => {
  const { imports, accounts, usernames, keys, holdsOwner, notices } = meet(planOf(), inventory());
  assert.deepEqual([imports.size, accounts.size, usernames.size, holdsOwner, notices], [0, 0, 0, true, []]);
  assert.deepEqual(
    [...keys],
    [
      ["alice", "alice"],
      ["bob", "bob"],
    ],
  );
});

test("what this stack made is taken into the state again where that cannot replace it", () => {
  const plan = planOf();
  const { imports } = meet(plan, converged(plan));
  assert.equal(imports.get("namespace team-a"), "team-a");
  assert.equal(imports.get("bucket team-a-data"), "team-a-data");
  assert.equal(imports.get("S3 policy pk:s3:edit:team-a"), "pk:s3:edit:team-a");
  const kinds = new Set([...imports.keys()].map((key) => key.split(" ")[0]));
  assert.ok(!kinds.has("realm") && !kinds.has("group"), "their ids in the state have another form");
});

test("what a lost state had of Keycloak is named by its import id, and nothing that others made", () => {
  const create = "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nplatformGroups: { create: true }\n";
  const plan = planOf({ "platform.yaml": create });
  const live = converged(plan);
  const owner = account("admin@example.com", { email: "admin@example.com", enabled: false, stack: "dev" });
  const group: LiveObject = { kind: "group", name: "pk-user", id: "prokube/8", stack: "dev" };
  const objects = [...live.objects.values(), group];
  const found = meet(plan, inventory(objects, { accounts: [...live.accounts, owner] })).ours;
  assert.equal(found.get("account alice"), "prokube/alice-id");
  assert.equal(found.get("account admin@example.com"), "prokube/admin@example.com-id");
  assert.equal(found.get("group data-science"), "data-science");
  assert.equal(found.get("group pk-user"), "prokube/8");
  assert.equal(found.get("realm role pk:edit:team-a"), "pk:edit:team-a");
  const kinds = new Set([...found.keys()].map((key) => key.replace(/^(realm role|\w+) .*/, "$1")));
  assert.deepEqual([...kinds].toSorted(), ["account", "group", "realm role"]);

  const adopting = planOf({ "groups/data-science.yaml": "name: data-science\nmembers: [alice, bob]\nadopt: true\n" });
  const theirs: LiveObject = { kind: "group", name: "data-science", id: "prokube/9", members: [] };
  const foreign = meet(adopting, inventory([theirs, { ...group, stack: "prod" }])).ours;
  assert.equal(foreign.size, 0);
});

test("everything another stack made is refused, even for an entity that adopts", () => {
  const plan = planOf();
  const found = refusals(plan, converged(plan, "prod"));
  assert.equal(found.length, plannedObjects(plan).length + plan.users.length);
  assert.ok(found.every((line) => line.includes('It belongs to stack "prod"')));
});

const namespace: LiveObject = { kind: "namespace", name: "team-a", id: "team-a" };
const bucket: LiveObject = { kind: "bucket", name: "team-a-data", id: "team-a-data" };
const record: LiveObject = {
  kind: "S3 policy",
  name: "prokube-access:team-a",
  id: "prokube-access:team-a",
  stack: "dev",
};
const role: LiveObject = { kind: "realm role", name: "pk:team-a", id: "prokube/1", stack: "dev" };

test("a bucket is ours when its record is, and imported only then", () => {
  assert.match(
    refusals(planOf(), inventory([bucket]))[0] ?? "",
    /^env\/workspaces\/team-a\.yaml:1:7 foreign-object: bucket "team-a-data" exists/,
  );
  assert.deepEqual(refusals(planOf(), inventory([bucket, record])), []);
  assert.equal(meet(planOf(), inventory([bucket, record])).imports.get("bucket team-a-data"), "team-a-data");
  assert.equal(meet(planOf(), inventory([bucket, role])).imports.get("bucket team-a-data"), undefined);
  assert.match(
    refusals(planOf(), inventory([bucket, { ...record, stack: "prod" }])).join("\n"),
    /bucket .* stack "prod"/,
  );
});

test("archived buckets that come back are announced", () => {
  assert.deepEqual(meet(planOf(), inventory([bucket, record])).notices, [
    'workspace "team-a" takes its archived buckets back: team-a-data',
  ]);
  assert.deepEqual(meet(planOf(), inventory([bucket, record, role])).notices, []);
});

test("archived buckets return to their person only", () => {
  const plan = planOf({ "users/alice.yaml": "username: alice\nemail: new.alice@example.com\nworkspace: true\n" });
  const old: LiveObject = { ...record, name: "prokube-access:alice", personalOf: "alice@example.com" };
  assert.match(
    refusals(plan, inventory([old])).join("\n"),
    /^env\/users\/alice\.yaml:3:12 bucket-of-another: .* belonged to alice@example\.com/,
  );
  assert.deepEqual(
    refusals(plan, inventory([old], { accounts: [account("alice", { stack: "dev" })] })),
    [],
    "the person is there",
  );
  assert.deepEqual(refusals(planOf(), inventory([old])), []);
});

test("an entity that adopts takes over what is as the plan has it, and nothing that differs", () => {
  const adopting = planOf({
    "workspaces/team-a.yaml": "name: team-a\nadopt: true\nmembers: [{ user: bob, role: edit }]\n",
  });
  const binding: LiveObject = {
    kind: "RoleBinding",
    name: "team-a/user-bob-example-com-clusterrole-edit",
    id: "team-a/user-bob-example-com-clusterrole-edit",
    access: "kubeflow-edit to User bob@example.com",
  };
  assert.equal(meet(adopting, inventory([namespace, binding])).imports.get("namespace team-a"), "team-a");
  assert.match(
    refusals(adopting, inventory([{ ...binding, access: "kubeflow-edit to User eve@example.com" }]))[0] ?? "",
    /adoption-differs: adopting RoleBinding .* it gives kubeflow-edit to User eve@example\.com; the plan gives kubeflow-edit to User bob@example\.com/,
  );
  assert.match(refusals(planOf(), inventory([namespace]))[0] ?? "", /foreign-object: namespace "team-a" exists/);
});

test("a role or group that is adopted may belong to nobody who is not written down", () => {
  const adopting = planOf({
    "workspaces/team-a.yaml": "name: team-a\nadopt: true\nmembers: [{ user: bob, role: edit }]\n",
    "groups/data-science.yaml": "name: data-science\nadopt: true\nmembers: [alice]\n",
  });
  const theirs: LiveObject = { kind: "realm role", name: "pk:edit:team-a", id: "prokube/7", members: ["user bob"] };
  const group: LiveObject = { kind: "group", name: "data-science", id: "prokube/8", members: ["user alice"] };
  assert.equal(meet(adopting, inventory([theirs, group])).imports.get("realm role pk:edit:team-a"), "prokube/7");
  const strangers = [
    { ...theirs, members: ["user bob", "user eve", "group makers"] },
    { ...group, members: ["user alice", "user eve"] },
  ];
  const found = refusals(adopting, inventory(strangers)).join("\n");
  assert.match(found, /data-science\.yaml:1:7 adoption-differs: group "data-science" belongs to user eve too/);
  assert.match(
    found,
    /team-a\.yaml:1:7 adoption-differs: realm role "pk:edit:team-a" belongs to user eve, group makers too/,
  );
});

test("an account is taken by its username, and its address must be free", () => {
  const stranger = account("mallory", { email: "bob@example.com" });
  assert.match(
    refusals(planOf(), inventory([], { accounts: [stranger] })).join("\n"),
    /env\/users\/bob\.yaml:1:11 foreign-object: address "bob@example\.com" of user "bob" belongs to account "mallory"\. If "mallory" is the same person, write was: mallory/,
  );
  const swapped = [
    account("alice", { stack: "dev", email: "bob@example.com" }),
    account("bob", { stack: "dev", email: "alice@example.com" }),
  ];
  assert.match(
    refusals(planOf(), inventory([], { accounts: swapped })).join("\n"),
    /Free the address in an update of its own/,
  );
  assert.match(
    refusals(planOf(), inventory([], { accounts: [account("bob")] })).join("\n"),
    /account "bob" exists and is not this stack's\. If it is this person's, write adopt: true/,
  );
});

test("a rename keeps the account, and the name of its resources for ever", () => {
  const renamed = planOf({
    "users/bob.yaml": undefined,
    "users/robert.yaml": "username: robert\nwas: bob\nemail: bob@example.com\n",
    "groups/data-science.yaml": "name: data-science\nmembers: [alice]\n",
  });
  const before = meet(renamed, inventory([], { accounts: [account("bob", { stack: "dev", key: "bob" })] }));
  assert.deepEqual([before.usernames.get("bob-id"), before.keys.get("robert")], ["robert", "bob"]);
  assert.deepEqual(before.misnamed, ["bob-id"]);
  const robert = account("robert", { stack: "dev", key: "bob", email: "bob@example.com" });
  const after = meet(renamed, inventory([], { accounts: [robert] }));
  assert.equal(after.keys.get("robert"), "bob");

  const another = planOf({
    "users/bob.yaml": "username: bob\nemail: other.bob@example.com\n",
    "users/robert.yaml": "username: robert\nemail: bob@example.com\n",
  });
  assert.equal(
    meet(another, inventory([], { accounts: [robert] })).keys.get("bob"),
    "bob~2",
    "a new bob is somebody else",
  );
});

test("a new user may not come into somebody's bindings", () => {
  const left: LiveObject = {
    kind: "RoleBinding",
    name: "x/y",
    id: "x/y",
    people: ["bob@example.com"],
    access: "cluster-admin to User bob@example.com",
  };
  assert.match(
    refusals(planOf(), inventory([left])).join("\n"),
    /leftover-access: user "bob" is new, but RoleBinding "x\/y"/,
  );
  assert.deepEqual(refusals(planOf(), inventory([{ ...left, stack: "dev" }])), []);
  assert.deepEqual(refusals(planOf(), inventory([left], { accounts: [account("bob", { stack: "dev" })] })), []);
});

test("a Profile's owner changes only when asked", () => {
  const profile: LiveObject = { kind: "Profile", name: "team-a", id: "team-a", stack: "dev", owner: "old@example.com" };
  assert.match(
    refusals(planOf(), inventory([profile]))[0] ?? "",
    /owner-change: Profile "team-a" is owned by old@example\.com/,
  );
  const asked = planOf({ "workspaces/team-a.yaml": "name: team-a\npreviousOwner: old@example.com\n" });
  assert.deepEqual(refusals(asked, inventory([profile])), []);
});

test("the owner's address must not be able to log in", () => {
  const owner = account("root", { email: "admin@example.com" });
  assert.match(
    refusals(planOf(), inventory([], { accounts: [owner] }))[0] ?? "",
    /owner-is-user: admin@example\.com owns every Profile, and account "root" can log in/,
  );
  const disabled = meet(planOf(), inventory([], { accounts: [{ ...owner, enabled: false }] }));
  assert.equal(disabled.holdsOwner, false, "somebody else's account holds the address already");
});

test("a realm that forgets who manages an account stops the run", () => {
  assert.match(
    refusals(planOf(), inventory([], { dropsAttributes: true }))[0] ?? "",
    /realm-setting: realm "prokube" drops the attributes/,
  );
});

test("a workspace is not renamed by renaming its file", () => {
  const before = planOf({ "workspaces/team-a.yaml": "name: team-a\nmembers: [{ user: bob, role: edit }]\n" });
  const live = converged(before);
  const objects = [...live.objects.values()].map((object) =>
    object.kind === "RoleBinding" && object.name.includes("/user-") ? { ...object, people: ["x"] } : object,
  );
  const renamed = planOf({
    "workspaces/team-a.yaml": undefined,
    "workspaces/team-b.yaml": "name: team-b\nmembers: [{ user: bob, role: edit }]\n",
  });
  assert.match(
    refusals(renamed, { ...inventory(objects), accounts: live.accounts })[0] ?? "",
    /team-b\.yaml:1:7 rename-refused: workspace "team-b" comes with exactly the members of "team-a"/,
  );
  const archived = planOf({
    "workspaces/team-a.yaml": "name: team-a\nstate: archived\nmembers: [{ user: bob, role: edit }]\n",
    "workspaces/team-b.yaml": "name: team-b\nmembers: [{ user: bob, role: edit }]\n",
  });
  assert.deepEqual(refusals(archived, { ...inventory(objects), accounts: live.accounts }), []);
});

const operated = planOf({
  "platform.yaml": "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nprovisioning: operator\n",
});

test("where an operator provisions, its objects are nobody's business but the identity plane's", () => {
  assert.deepEqual(refusals(operated, inventory([namespace, bucket])), []);
  assert.match(
    refusals(operated, inventory([{ ...namespace, stack: "dev" }]))[0] ?? "",
    /namespace "team-a" was made by this stack/,
  );
  assert.match(refusals(operated, inventory([{ ...role, stack: "prod" }]))[0] ?? "", /realm role "pk:team-a" exists/);
});

test("an operator's cluster that is as planned has no differences, whatever things are called there", () => {
  const objects = provisionedObjects(operated).map(({ kind, name, access }, index): LiveObject => {
    const [workspace = "", inside] = name.split("/");
    const people = /User (\S+)$/.exec(access ?? "")?.[1];
    const values =
      kind === "AuthorizationPolicy"
        ? [...(access ?? "").matchAll(/"([^"]+@[^"]+)"/g)].map(([, value = ""]) => value)
        : [];
    return {
      kind,
      name: inside !== undefined && kind === "RoleBinding" ? `${workspace}/other-${index}` : name,
      id: name,
      ...(access !== undefined && { access }),
      people: people === undefined ? values : [people],
    };
  });
  assert.deepEqual(differences(operated, inventory(objects)), []);
  const withoutPolicies = objects.filter(({ kind }) => kind !== "AuthorizationPolicy" && kind !== "S3 policy");
  assert.ok(differences(operated, inventory(withoutPolicies)).length >= 4);
});

const realm: NonNullable<Inventory["realm"]> = { ...soundRealm, resetsPasswords: true };
const staff = {
  "directories/staff.yaml": [
    "name: staff",
    "url: ldaps://ldap.example.com",
    'bindDn: "cn=reader,dc=example"',
    'usersDn: "ou=people,dc=example"',
    'groups: { dn: "ou=groups,dc=example" }',
  ].join("\n"),
  "groups/guests.yaml": "name: guests\nfrom: [{ directory: staff, group: ML Users }]\n",
  "workspaces/team-b.yaml": "name: team-b\nmembers: [{ group: guests, role: view }]\n",
};

test("a realm that lets unverified people in takes nobody from a directory whose addresses are not trusted", () => {
  const live = inventory([], { realm: { ...realm, verifyEmail: false } });
  assert.deepEqual(refusals(planOf(staff), live), [
    'env/directories/staff.yaml:1:7 realm-setting: realm "prokube" lets people in whose e-mail address nobody verified, so anybody in "staff" could come under another\'s. Write verifyEmail: true in platform.yaml (realmSettings), or trustEmail: true here if it verifies addresses.',
  ]);
  const trusted = { ...staff, "directories/staff.yaml": `${staff["directories/staff.yaml"]}\ntrustEmail: true\n` };
  assert.deepEqual(refusals(planOf(trusted), live), []);
  assert.deepEqual(refusals(planOf(staff), inventory([], { realm })), []);
});

test("a realm of another stack is not managed", () => {
  const platform = `${soundFiles["platform.yaml"] ?? ""}realmManagement: settings\n`;
  const live = inventory([], { realm: { ...realm, attributes: { "managed-by": "prokube-access", stack: "prod" } } });
  assert.deepEqual(refusals(planOf({ "platform.yaml": platform }), live), [
    'env/platform.yaml:3:18 foreign-object: realm "prokube" belongs to stack "prod". Write realmManagement: none here, or name another realm.',
  ]);
  assert.deepEqual(refusals(planOf(), live), [], "groups and roles in it may be this stack's");
});

test("somebody of a directory is looked up once it is there, and an account of Keycloak's own is in the way", () => {
  const lars = { ...staff, "users/lars.yaml": "username: lars\nemail: lars@example.com\ndirectory: staff\n" };
  const plan = planOf(lars);
  const there: LiveObject[] = [{ kind: "directory", name: "staff", id: "staff", stack: "dev" }];
  const inDirectory = account("lars", { directoryId: "staff-id" });
  assert.deepEqual(meet(plan, inventory()).lookups.get("lars"), "later");
  assert.deepEqual(meet(plan, inventory(there, { accounts: [inDirectory] })).lookups.get("lars"), { id: "lars-id" });
  const absent = meet(plan, inventory(there));
  assert.equal(absent.lookups.get("lars"), "absent");
  assert.deepEqual(absent.notices, [
    'user "lars" is not found in the directory that the file names, and gets no groups and roles',
  ]);
  assert.match(
    refusals(plan, inventory(there, { accounts: [account("lars")] })).join("\n"),
    /lives in Keycloak itself/,
  );
});

test("members of a directory's group who cannot be told apart are named, and stop nobody", () => {
  const seen = [{ group: "guests", username: "other", email: "alice@example.com" }];
  const plan = resolve(desired(staff), "2026-11-23", seen);
  assert.deepEqual(meet(plan, inventory([], { seen })).notices, [
    'other <alice@example.com> is in group "guests" through a directory or an identity provider, but cannot be told apart from others by that name or address, and gets nothing beyond the token',
  ]);
});

test("a password that would outlive the provider's word is told", () => {
  const corp = {
    "identity-providers/corp.yaml":
      "name: corp\ntype: oidc\nissuer: https://id.example.com\nauthorizationUrl: https://id.example.com/auth\ntokenUrl: https://id.example.com/token\njwksUrl: https://id.example.com/keys\nclientId: prokube\n",
  };
  const settings = (lines: string) => ({ "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}${lines}\n` });
  const told = (plan: Plan) =>
    meet(plan, inventory([], { realm })).notices.filter((notice) => /Forgot password/.test(notice));
  assert.equal(told(planOf(corp)).length, 1);
  assert.equal(told(planOf()).length, 0);
  const off = settings("realmManagement: settings\nrealmSettings: { resetPasswordAllowed: false }");
  assert.equal(told(planOf({ ...corp, ...off })).length, 0);
  const ours = settings(
    "realmManagement: all\nrealmSettings: { mail: { host: mail.example.com, from: k@example.com } }",
  );
  assert.equal(told(planOf({ ...corp, ...ours })).length, 0, "off by default then");
});
