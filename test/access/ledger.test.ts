import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { accessEntries } from "../../access/entries.ts";
import { adoptedTwice, type Ledger, ledgerOf, passedOn, type Revocations, revocations } from "../../access/ledger.ts";
import { resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

const date = "2026-11-23";
const ledger = (changes: Readonly<Record<string, string | undefined>> = {}): Ledger =>
  ledgerOf(resolve(desired(changes), date));
const none: Revocations = {
  users: [],
  groups: [],
  platformGroups: [],
  sources: [],
  directories: [],
  identityProviders: [],
  clients: [],
  dexClients: { lost: [], kept: [] },
  narrowed: [],
  exempted: { lost: [], kept: [] },
  roleBindings: [],
  clusterRoleBindings: [],
  network: [],
  workspaces: [],
};
const unrenamed = new Map<string, string>();

const platform = "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n";
const teamA = (members: string) => ({ "workspaces/team-a.yaml": `name: team-a\nmembers: [${members}]\n` });

test("the ledger lists every right by whom it is given to", () => {
  assert.deepEqual(
    ledger({
      "platform.yaml": `${platform}clusterAccess: [{ group: data-science, role: edit }, { user: bob, role: admin }]\n`,
    }),
    {
      users: {
        alice: {
          email: "alice@example.com",
          groups: ["pk-user", "data-science"],
          roles: ["pk:edit:team-a", "pk:alice"],
        },
        bob: { email: "bob@example.com", groups: ["pk-user", "data-science"], roles: [] },
      },
      groups: { "data-science": ["pk:view:team-a"] },
      platformGroups: { "pk-user": [], "pk-admin": [] },
      sources: {},
      directories: [],
      identityProviders: [],
      applications: {},
      exempted: [],
      workspaces: {
        "team-a": {
          contributors: { "alice@example.com": "edit", "bob@example.com": "view" },
          network: { full: ["alice@example.com"], pipelines: ["bob@example.com"] },
        },
        alice: {
          contributors: { "alice@example.com": "edit" },
          network: { full: ["alice@example.com"], pipelines: [] },
        },
      },
      cluster: { "alice@example.com": "edit", "bob@example.com": "admin" },
      adopted: [],
      access: {},
      ends: {},
      limits: { maximumRemovals: 20, maximumRemovedShare: 25, minimumAdmins: 2 },
      target: {},
    },
  );
});

const taken: readonly (readonly [
  what: string,
  before: Readonly<Record<string, string | undefined>>,
  after: Readonly<Record<string, string | undefined>>,
  lost: Partial<Revocations>,
])[] = [
  ["nothing when nothing changes", {}, {}, {}],
  [
    "nothing when something is only given",
    teamA("{ user: alice, role: view }"),
    teamA("{ user: alice, role: view }, { user: bob, role: edit }"),
    {},
  ],
  [
    "the higher level before the lower one is given",
    teamA("{ user: alice, role: edit }"),
    teamA("{ user: alice, role: view }"),
    {
      users: [{ username: "alice", groups: [], roles: ["pk:edit:team-a"], gone: false, applications: [] }],
      roleBindings: [{ namespace: "team-a", name: "user-alice-example-com-clusterrole-edit" }],
    },
  ],
  [
    "notebooks",
    teamA("{ user: alice, role: edit }"),
    teamA("{ user: alice, role: edit, notebooksAccess: false }"),
    { network: [{ namespace: "team-a", access: "full", values: ["alice@example.com"] }] },
  ],
  [
    "a membership, and with it nothing of the group's own",
    {
      "groups/data-science.yaml": "name: data-science\nmembers: [alice, bob]\n",
      ...teamA("{ group: data-science, role: view }"),
    },
    {
      "groups/data-science.yaml": "name: data-science\nmembers: [alice]\n",
      ...teamA("{ group: data-science, role: view }"),
    },
    {
      users: [{ username: "bob", groups: ["data-science"], roles: [], gone: false, applications: [] }],
      roleBindings: [{ namespace: "team-a", name: "user-bob-example-com-clusterrole-view" }],
      network: [{ namespace: "team-a", access: "full", values: ["bob@example.com"] }],
    },
  ],
  [
    "everything of a user who goes",
    {},
    { "users/bob.yaml": undefined, "groups/data-science.yaml": "name: data-science\nmembers: [alice]\n" },
    {
      users: [{ username: "bob", groups: ["pk-user", "data-science"], roles: [], gone: true, applications: [] }],
      roleBindings: [{ namespace: "team-a", name: "user-bob-example-com-clusterrole-view" }],
      network: [{ namespace: "team-a", access: "pipelines", values: ["bob@example.com"] }],
    },
  ],
  [
    "the same of a user who is archived",
    {},
    { "users/bob.yaml": "username: bob\nemail: bob@example.com\nstate: archived\n" },
    {
      users: [{ username: "bob", groups: ["pk-user", "data-science"], roles: [], gone: true, applications: [] }],
      roleBindings: [{ namespace: "team-a", name: "user-bob-example-com-clusterrole-view" }],
      network: [{ namespace: "team-a", access: "pipelines", values: ["bob@example.com"] }],
    },
  ],
  [
    "a workspace that is archived",
    teamA("{ user: bob, role: view }"),
    { "workspaces/team-a.yaml": "name: team-a\nstate: archived\nmembers: [{ user: bob, role: view }]\n" },
    {
      users: [{ username: "bob", groups: [], roles: ["pk:view:team-a"], gone: false, applications: [] }],
      roleBindings: [{ namespace: "team-a", name: "user-bob-example-com-clusterrole-view" }],
      network: [{ namespace: "team-a", access: "full", values: ["bob@example.com"] }],
      workspaces: ["team-a"],
    },
  ],
  [
    "a cluster-wide level",
    { "platform.yaml": `${platform}clusterAccess: [{ user: bob, role: admin }]\n` },
    { "platform.yaml": `${platform}clusterAccess: [{ user: bob, role: edit }]\n` },
    { clusterRoleBindings: ["prokube-access:kubeflow-admin:bob@example.com"] },
  ],
];
for (const [what, before, after, lost] of taken) {
  test(`takes away ${what}`, () => {
    assert.deepEqual(revocations(ledger(before), ledger(after), unrenamed), { ...none, ...lost });
  });
}

test("a renamed user loses nothing, and is called by the new name", () => {
  const renamed = (username: string, more = "") => ({
    "users/bob.yaml": undefined,
    [`users/${username}.yaml`]: `username: ${username}\nemail: bob@example.com\n${more}`,
    "groups/data-science.yaml": `name: data-science\nmembers: [alice, ${username}]\n`,
  });
  const [before, after] = [ledger(renamed("bob")), ledger(renamed("robert", "was: bob\n"))];
  assert.deepEqual(revocations(before, after, new Map([["bob", "robert"]])), none);
});

test("an entity that the stack manages cannot be adopted as if others had made it", () => {
  const adopting = { "users/bob.yaml": "username: bob\nemail: bob@example.com\nadopt: true\n" };
  const without = { "users/bob.yaml": undefined, "groups/data-science.yaml": "name: data-science\nmembers: [alice]\n" };
  assert.deepEqual(adoptedTwice(ledger(), ledger(adopting)), ["user bob"]);
  assert.deepEqual(adoptedTwice(ledger(without), ledger(adopting)), []);
  assert.deepEqual(adoptedTwice(ledger(adopting), ledger(adopting)), [], "it was adopted and may say so");
});

const level = fc.constantFrom("edit", "view");
const member = fc.record({ user: fc.constantFrom("alice", "bob"), role: level, notebooksAccess: fc.boolean() });
const state = fc.constantFrom("active", "archived");
const world = fc
  .record({ members: fc.uniqueArray(member, { selector: ({ user, role }) => user + role }), state, bobs: state })
  .map(({ members, state, bobs }) =>
    ledger({
      "workspaces/team-a.yaml": `name: team-a\nstate: ${state}\nmembers: ${JSON.stringify(members)}\n`,
      "users/bob.yaml": `username: bob\nemail: bob@example.com\nstate: ${bobs}\n`,
    }),
  );

test("what is taken away and then given leads from any ledger to any other", () => {
  fc.assert(
    fc.property(world, world, (before, after) => {
      const lost = revocations(before, after, unrenamed);
      const rights = (of: Ledger) =>
        new Set(Object.entries(of.users).flatMap(([name, { roles }]) => roles.map((role) => `${name} ${role}`)));
      const kept = new Set(rights(before));
      for (const { username, roles } of lost.users) for (const role of roles) kept.delete(`${username} ${role}`);
      const wanted = rights(after);
      assert.deepEqual(
        [...kept].filter((right) => !wanted.has(right)),
        [],
        "nothing stays that is to go",
      );
      assert.deepEqual(
        [...kept],
        [...rights(before)].filter((right) => wanted.has(right)),
        "nothing goes that is to stay",
      );
    }),
    { numRuns: 500 },
  );
});

const application = (more: string) => ({
  "applications/board.yaml": `name: board\nauth: keycloak\nnamespace: tools\nredirectUris: [https://board.example.com/callback]\n${more}`,
});
const atDex = {
  "applications/board.yaml":
    "name: board\nauth: dex\nnamespace: tools\nredirectUris: [https://board.example.com/callback]\n",
};
const lostBetween = (
  before: Readonly<Record<string, string | undefined>>,
  after: Readonly<Record<string, string | undefined>>,
): Revocations => revocations(ledger(before), ledger(after), unrenamed);

test("an application that goes is closed at Keycloak or Dex, and its paths are taken back", () => {
  const gone = lostBetween(application("paths: [/board/*, /board]"), {});
  assert.deepEqual([gone.clients, gone.dexClients.lost], [["board-client"], []]);
  assert.deepEqual(gone.exempted, { lost: ["/board/*", "/board"], kept: [] });
  const moved = lostBetween(application("paths: [/board/*]"), atDex);
  assert.deepEqual([moved.clients, moved.exempted.lost], [["board-client"], ["/board/*"]]);
  const back = lostBetween(atDex, application("clientId: board-oidc-client"));
  assert.deepEqual([back.clients, back.dexClients], [[], { lost: ["board-oidc-client"], kept: [] }]);
});

test("another name of the client closes the old one, and a path that changes is taken back first", () => {
  const changed = lostBetween(application("paths: [/board/*]"), application("clientId: other\npaths: [/boards/*]"));
  assert.deepEqual([changed.clients, changed.narrowed], [["board-client"], []]);
  assert.deepEqual(changed.exempted, { lost: ["/board/*"], kept: [] });
});

test("an application that lets fewer people in says by what they came, and one that lets more in says nothing", () => {
  const open = application("");
  const some = application("allow: [{ group: data-science }, { group: pk-admin }]");
  const fewer = application("allow: [{ group: pk-admin }]");
  const entry = { application: "board", clientId: "board-client", roles: [] };
  assert.deepEqual(lostBetween(open, some).narrowed, [{ ...entry, wasOpen: true }]);
  const narrowed = lostBetween(some, fewer);
  assert.deepEqual(narrowed.narrowed, [{ ...entry, wasOpen: false }]);
  assert.deepEqual(narrowed.groups, [{ name: "data-science", roles: ["prokube-access:application:board"] }]);
  assert.deepEqual([lostBetween(fewer, some).narrowed, lostBetween(some, open).narrowed], [[], []]);
  const platformRoles = { "platform.yaml": `${platform}realmRoles: [{ name: reader }]\n` };
  assert.deepEqual(
    lostBetween(
      { ...platformRoles, ...application("allow: [{ role: reader }, { group: pk-admin }]") },
      { ...platformRoles, ...fewer },
    ).narrowed,
    [{ ...entry, roles: ["reader"], wasOpen: false }],
  );
});

test("who leaves a group that opens an application loses the sessions with it", () => {
  const files = application("allow: [{ group: data-science }]");
  const { users } = lostBetween(files, {
    ...files,
    "groups/data-science.yaml": "name: data-science\nmembers: [alice]\n",
  });
  assert.deepEqual(users, [
    { username: "bob", groups: ["data-science"], roles: [], gone: false, applications: ["board-client"] },
  ]);
});

test("so does who loses a role that a group gave, by leaving it or because the group loses it", () => {
  const files = (members: string, roles: string) => ({
    "platform.yaml": `${platform}realmRoles: [{ name: reader }]\n`,
    ...application("allow: [{ role: reader }]"),
    "groups/data-science.yaml": `name: data-science\nmembers: [${members}]\nroles: [${roles}]\n`,
  });
  const left = lostBetween(files("alice, bob", "reader"), files("alice", "reader"));
  assert.deepEqual(left.users, [
    { username: "bob", groups: ["data-science"], roles: [], gone: false, applications: ["board-client"] },
  ]);
  assert.deepEqual(left.narrowed, []);
  const lost = lostBetween(files("bob", "reader"), files("bob", ""));
  assert.deepEqual(lost.users, [
    { username: "bob", groups: [], roles: [], gone: false, applications: ["board-client"] },
  ]);
  assert.deepEqual(lost.narrowed, [{ application: "board", clientId: "board-client", roles: [], wasOpen: false }]);
});

test("a client or a Secret does not pass to another application in one update", () => {
  const before = ledger(application("secret: { name: oidc }"));
  const named = (more: string) =>
    ledger({
      "applications/desk.yaml": `name: desk\nauth: keycloak\nnamespace: tools\nredirectUris: [https://desk.example.com/callback]\n${more}`,
    });
  assert.deepEqual(passedOn(before, named("clientId: board-client")), [
    'client "board-client" of application "board" would pass to "desk"',
  ]);
  assert.deepEqual(passedOn(before, named("secret: { name: oidc }")), [
    'Secret tools/oidc of application "board" would pass to "desk"',
  ]);
  assert.deepEqual([passedOn(before, named("")), passedOn(before, before)], [[], []]);
});

test("the ledger remembers effective access and the platform it is given on", () => {
  const state = desired();
  const plan = resolve(state, date);
  const { access, target } = ledgerOf(plan, accessEntries(state, plan), { cluster: "c", realm: "r" });
  assert.deepEqual(access, {
    "workspace alice": { alice: "edit" },
    "workspace team-a": { alice: "edit", bob: "view (no notebooks)" },
  });
  assert.deepEqual(target, { cluster: "c", realm: "r" });
});
