import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDesiredState } from "../../access/load.ts";
import { defaultLimits, type EffectiveAccess, type Plan, type PlannedUser, resolve } from "../../access/resolve.ts";
import { desired, soundFiles } from "./support.ts";

const date = "2026-11-23";

/** The plan for the sound environment with `team-a` rewritten. */
function planFor(teamA: string, on = date): Plan {
  return resolve(desired({ "workspaces/team-a.yaml": `name: team-a\n${teamA}\n` }), on);
}

function access(
  plan: Plan,
  user: string,
  workspace = "team-a",
): Omit<EffectiveAccess, "grants" | "user" | "workspace"> {
  const { kubernetes, network, storage } = plan.access.find(
    (entry) => entry.user === user && entry.workspace === workspace,
  ) ?? { kubernetes: undefined, network: undefined, storage: undefined };
  return { ...(kubernetes && { kubernetes }), ...(network && { network }), ...(storage && { storage }) };
}

function userIn(plan: Plan, name: string): PlannedUser {
  const found = plan.users.find(({ username }) => username === name);
  assert.ok(found);
  return found;
}

const resolved: readonly (readonly [what: string, teamA: string, bob: ReturnType<typeof access>, roles: string[]])[] = [
  ["no grant", "members: []", {}, []],
  [
    "an edit grant",
    "members: [{ user: bob, role: edit }]",
    { kubernetes: "edit", network: "full", storage: "edit" },
    ["pk:edit:team-a"],
  ],
  [
    "a view grant",
    "members: [{ user: bob, role: view }]",
    { kubernetes: "view", network: "full", storage: "view" },
    ["pk:view:team-a"],
  ],
  [
    "a view grant without notebooks",
    "members: [{ user: bob, role: view, notebooksAccess: false }]",
    { kubernetes: "view", network: "pipelines", storage: "view" },
    ["pk:view:team-a"],
  ],
  ["storage only, read-write", "storage: [{ user: bob, role: edit }]", { storage: "edit" }, ["pk:s3:edit:team-a"]],
  ["storage only, read-only", "storage: [{ user: bob, role: view }]", { storage: "view" }, ["pk:s3:view:team-a"]],
  [
    "view and read-write storage",
    "members: [{ user: bob, role: view }]\nstorage: [{ user: bob, role: edit }]",
    { kubernetes: "view", network: "full", storage: "edit" },
    ["pk:view:team-a", "pk:s3:edit:team-a"],
  ],
  [
    "edit and read-only storage",
    "members: [{ user: bob, role: edit }]\nstorage: [{ user: bob, role: view }]",
    { kubernetes: "edit", network: "full", storage: "edit" },
    ["pk:edit:team-a"],
  ],
  [
    "edit without notebooks and view with notebooks: each plane by itself",
    "members: [{ user: bob, role: edit, notebooksAccess: false }, { group: data-science, role: view }]",
    { kubernetes: "edit", network: "full", storage: "edit" },
    ["pk:edit:team-a"],
  ],
  [
    "view directly and edit through a group",
    "members: [{ user: bob, role: view }, { group: data-science, role: edit }]",
    { kubernetes: "edit", network: "full", storage: "edit" },
    ["pk:view:team-a"],
  ],
  [
    "a lasting view and an edit that has expired",
    "members: [{ user: bob, role: view }, { user: bob, role: edit, expires: 2026-11-23 }]",
    { kubernetes: "view", network: "full", storage: "view" },
    ["pk:view:team-a"],
  ],
];
for (const [what, teamA, expected, roles] of resolved) {
  test(`resolves ${what}`, () => {
    const plan = planFor(teamA);
    assert.deepEqual(access(plan, "bob"), expected);
    assert.deepEqual(userIn(plan, "bob").roles, roles);
  });
}

test("a group carries the topmost role of its grants", () => {
  const plan = planFor(
    "members: [{ group: data-science, role: edit }]\nstorage: [{ group: data-science, role: view }]",
  );
  assert.deepEqual(
    plan.groups.map(({ name, members, roles }) => ({ name, members, roles })),
    [{ name: "data-science", members: ["alice", "bob"], roles: ["pk:edit:team-a"] }],
  );
});

test("expires is the first day without the grant", () => {
  const grant = "members: [{ user: bob, role: edit, expires: 2027-03-31 }]";
  const held = ["2027-03-30", "2027-03-31", "2027-04-01"].map((day) => access(planFor(grant, day), "bob").kubernetes);
  assert.deepEqual(held, ["edit", undefined, undefined]);
});

test("the personal workspace belongs to its user alone", () => {
  const plan = resolve(desired(), date);
  const alice = userIn(plan, "alice");
  assert.deepEqual(access(plan, "alice", "alice"), { kubernetes: "edit", network: "full", storage: "edit" });
  assert.deepEqual(alice.roles, ["pk:edit:team-a", "pk:alice"]);
  assert.deepEqual(alice.personalWorkspace?.contributors, [
    { username: "alice", email: "alice@example.com", level: "edit" },
  ]);
  assert.equal(userIn(plan, "bob").personalWorkspace, undefined);
});

test("a disabled user has nothing, and keeps the personal workspace", () => {
  const plan = resolve(
    desired({ "users/alice.yaml": "username: alice\nemail: alice@example.com\nworkspace: true\nenabled: false\n" }),
    date,
  );
  const alice = userIn(plan, "alice");
  assert.deepEqual([alice.groups, alice.roles], [[], []]);
  assert.ok(plan.access.every((entry) => entry.user !== "alice"));
  const personal = alice.personalWorkspace;
  assert.deepEqual([personal?.contributors, personal?.network], [[], { full: [], pipelines: [] }]);
});

test("administrators are in both groups of the platform, users in theirs", () => {
  const plan = resolve(desired({ "users/bob.yaml": "username: bob\nemail: bob@example.com\nadmin: true\n" }), date);
  assert.deepEqual(userIn(plan, "bob").groups, ["pk-user", "pk-admin", "data-science"]);
  assert.deepEqual(userIn(plan, "alice").groups, ["pk-user", "data-science"]);
});

test("a quota on cpu or memory brings the limits of seed 002, unless others are given", () => {
  const limits = (yaml: string) => planFor(yaml).workspaces[0]?.limits;
  assert.equal(limits("quota: { pods: 5 }"), undefined);
  assert.deepEqual(limits("quota: { requests.memory: 5Gi }"), defaultLimits);
  assert.deepEqual(limits("quota: { cpu: 5 }\nlimits: { default: { cpu: 1 } }"), { default: { cpu: "1" } });
});

test("a date that is none is refused", () => {
  assert.throws(() => resolve(desired(), "2027-02-30"), { name: "RangeError", message: /"2027-02-30" is not a day/ });
});

const level = fc.constantFrom("edit", "view");
const subject = fc.constantFrom("user: alice", "user: bob", "group: data-science", "group: ops");
const grants = fc.uniqueArray(fc.record({ subject, level, notebooks: fc.boolean(), storage: fc.boolean() }), {
  maxLength: 8,
  selector: ({ subject, level, storage }) => `${subject} ${level} ${storage}`,
});

function render(list: readonly { subject: string; level: string; notebooks: boolean; storage: boolean }[]): string {
  const lines = (storage: boolean) =>
    list
      .filter((grant) => grant.storage === storage)
      .map(
        (grant) =>
          `  - { ${grant.subject}, role: ${grant.level}${storage ? "" : `, notebooksAccess: ${grant.notebooks}`} }`,
      );
  const [members, storage] = [lines(false), lines(true)];
  return [
    ...(members.length > 0 ? ["members:", ...members] : []),
    ...(storage.length > 0 ? ["storage:", ...storage] : []),
  ].join("\n");
}

const withOps = (teamA: string) =>
  desired({
    "groups/ops.yaml": "name: ops\nmembers: [bob]\n",
    "workspaces/team-a.yaml": `name: team-a\n${teamA}\n`,
  });

const rank = { none: 0, view: 1, edit: 2, pipelines: 1, full: 2 };

test("one more grant never takes access away", () => {
  fc.assert(
    fc.property(grants, (list) => {
      const before = resolve(withOps(render(list.slice(1))), date);
      const after = resolve(withOps(render(list)), date);
      for (const name of ["alice", "bob"]) {
        for (const plane of ["kubernetes", "network", "storage"] as const) {
          assert.ok(rank[access(after, name)[plane] ?? "none"] >= rank[access(before, name)[plane] ?? "none"]);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("the order of grants does not matter", () => {
  fc.assert(
    fc.property(grants, (list) => {
      const planes = (plan: Plan) => plan.access.map((entry) => ({ ...entry, grants: [] }));
      const [forward, backward] = [list, list.toReversed()].map((order) => resolve(withOps(render(order)), date));
      assert.ok(forward && backward);
      assert.deepEqual(planes(forward), planes(backward));
      assert.deepEqual({ ...forward, access: [] }, { ...backward, access: [] });
    }),
    { numRuns: 300 },
  );
});

test("the order of files does not matter", () => {
  const files = Object.entries(soundFiles);
  const forward = resolve(parseDesiredState("env", new Map(files)), date);
  const backward = resolve(parseDesiredState("env", new Map(files.toReversed())), date);
  assert.deepEqual(forward, backward);
});

/** A second reading of the rules, from the other end: what do the assigned roles add up to in a token? */
test("the roles that reach a token give what effective access promises", () => {
  const parts: Readonly<Record<string, { kubernetes?: "edit" | "view"; storage: "edit" | "view" }>> = {
    "pk:edit:team-a": { kubernetes: "edit", storage: "edit" },
    "pk:view:team-a": { kubernetes: "view", storage: "view" },
    "pk:s3:edit:team-a": { storage: "edit" },
    "pk:s3:view:team-a": { storage: "view" },
  };
  const best = (levels: readonly (string | undefined)[]) =>
    levels.includes("edit") ? "edit" : levels.includes("view") ? "view" : undefined;
  fc.assert(
    fc.property(grants, (list) => {
      const plan = resolve(withOps(render(list)), date);
      for (const { username, roles, groups } of plan.users) {
        const through = plan.groups.filter(({ name }) => groups.includes(name)).flatMap((group) => group.roles);
        const held = [...roles, ...through].flatMap((role) => parts[role] ?? []);
        const promised = access(plan, username);
        assert.equal(best(held.map(({ kubernetes }) => kubernetes)), promised.kubernetes);
        assert.equal(best(held.map(({ storage }) => storage)), promised.storage);
      }
    }),
    { numRuns: 300 },
  );
});

const platformWith = (more: string) => ({
  "platform.yaml": `domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n${more}\n`,
});

test("workspaces that name no quota or limits have the platform's, personal ones too", () => {
  const plan = resolve(
    desired({
      ...platformWith("workspaceDefaults: { quota: { cpu: 4 }, limits: { default: { cpu: 1, memory: 1Gi } } }"),
      "workspaces/own.yaml": "name: own\nquota: { pods: 3 }\nlimits: { default: { cpu: 2 } }\n",
      "workspaces/none.yaml": "name: none\nquota: {}\n",
      "workspaces/plain.yaml": "name: plain\n",
      "users/bob.yaml": "username: bob\nemail: bob@example.com\nworkspace: { name: bobs, quota: { pods: 1 } }\n",
    }),
    date,
  );
  const personal = plan.users.flatMap(({ personalWorkspace }) => personalWorkspace ?? []);
  const quotas = [...plan.workspaces, ...personal].map(({ name, quota, limits }) => [
    name,
    quota,
    limits?.default?.cpu,
  ]);
  assert.deepEqual(
    quotas.filter(([name]) => name !== "team-a"),
    [
      ["none", {}, "1"],
      ["own", { pods: "3" }, "2"],
      ["plain", { cpu: "4" }, "1"],
      ["alice", { cpu: "4" }, "1"],
      ["bobs", { pods: "1" }, "1"],
    ],
  );
});

test("of several cluster-wide grants a person has the highest, through a group or not", () => {
  const grants =
    "[{ group: data-science, role: edit }, { user: bob, role: admin }, { user: alice, role: admin, expires: 2026-11-23 }]";
  const { clusterAccess } = resolve(desired(platformWith(`clusterAccess: ${grants}`)), date);
  assert.deepEqual(
    clusterAccess.map(({ user, email, level, group }) => [user, email, level, group]),
    [
      ["alice", "alice@example.com", "edit", "data-science"],
      ["bob", "bob@example.com", "admin", undefined],
    ],
  );
});

test("who or what is archived has nothing and gives nothing, while its file may still be named", () => {
  const plan = resolve(
    desired({
      ...platformWith("clusterAccess: [{ user: bob, role: admin }]"),
      "users/bob.yaml": "username: bob\nemail: bob@example.com\nworkspace: true\nstate: archived\n",
      "workspaces/closed.yaml":
        "name: closed\nstate: archived\nmembers: [{ user: alice, role: edit }, { group: data-science, role: view }]\n",
    }),
    date,
  );
  assert.deepEqual(plan.archived, { users: ["bob"], workspaces: ["closed"] });
  assert.deepEqual(
    plan.users.map(({ username }) => username),
    ["alice"],
  );
  assert.deepEqual(
    plan.workspaces.map(({ name }) => name),
    ["team-a"],
  );
  assert.ok(plan.access.every(({ user, workspace }) => user !== "bob" && workspace !== "closed"));
  assert.deepEqual(plan.groups[0]?.members, ["alice"]);
  assert.deepEqual(plan.groups[0].roles, ["pk:view:team-a"]);
  assert.deepEqual(plan.clusterAccess, []);
});
