import assert from "node:assert/strict";
import { test } from "node:test";
import { canonical } from "../../access/inventory.ts";
import { drift } from "../../access/drift.ts";
import { type DesiredState, parseDesiredState } from "../../access/load.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import type { Snapshot } from "../../access/snapshot.ts";
import { convergedSnapshot, type Spoilable } from "../support/converged.ts";
import { Random } from "../support/random.ts";
import { clusterAccessOf, editedWorld, filesOf, newWorld } from "../support/worlds.ts";

const day = "2026-11-27";
const stack = "env";

const files: Readonly<Record<string, string>> = {
  "platform.yaml": [
    "domain: cluster.example.com",
    "masterAdmins: [root-1, root-2]",
    "realmRoles: [{ name: grafana-admin }, { name: billing, existing: true }]",
    "platformGroups: { adminRoles: [grafana-admin], userRoles: [billing] }",
    "clusterAccess: [{ user: erin, role: edit }, { user: carol, role: admin, expires: 2026-11-20 }]",
    "",
  ].join("\n"),
  "users/alice.yaml":
    "username: alice\nemail: alice@example.com\nemailVerified: true\nfirstName: Alice\nworkspace: true\n",
  "users/bob.yaml": "username: bob\nemail: bob@example.com\n",
  "users/carol.yaml": "username: carol\nemail: carol@example.com\nroles: [grafana-admin]\n",
  "users/dave.yaml": "username: dave\nemail: dave@example.com\nenabled: false\n",
  "users/erin.yaml": "username: erin\nemail: erin@example.com\nadmin: true\n",
  "users/frank.yaml": "username: frank\nemail: frank@example.com\nadmin: true\n",
  "users/gone.yaml": "username: gone\nemail: gone@example.com\nstate: archived\n",
  "groups/data-science.yaml": "name: data-science\nmembers: [alice, bob]\n",
  "workspaces/team-a.yaml": [
    "name: team-a",
    "description: Forecasting",
    'quota: { cpu: "100", pods: "50" }',
    "members:",
    "  - { user: alice, role: edit }",
    "  - { group: data-science, role: view, notebooksAccess: false }",
    "  - { user: carol, role: edit, expires: 2026-11-20 }",
    "storage: [{ user: erin, role: view }]",
    "",
  ].join("\n"),
  "workspaces/team-b.yaml": "name: team-b\nmembers: [{ user: bob, role: view }, { user: erin, role: edit }]\n",
  "workspaces/old.yaml": "name: old\nstate: archived\nmembers: [{ user: bob, role: edit }]\n",
};

function stateOf(changes: Readonly<Record<string, string>> = {}): DesiredState {
  return parseDesiredState("env", new Map(Object.entries({ ...files, ...changes })));
}

const state = stateOf();
const plan = resolve(state, day);
const ever = resolve(state, "1970-01-01");

type Spoil = (snapshot: Spoilable<Snapshot>) => void;

function found(spoil: Spoil, ofPlan: Plan = plan): string[] {
  const snapshot = convergedSnapshot(ofPlan, stack);
  spoil(snapshot);
  return drift(ofPlan, snapshot as Snapshot, stack, ever).map(
    (one) => `${one.class}, ${one.plane}: ${one.what}${one.where ? ` [${one.where.file}:${one.where.line}]` : ""}`,
  );
}

function of<T extends { name: string }>(all: T[], name: string): T {
  const one = all.find((other) => other.name === name);
  assert.ok(one, `${name} is there`);
  return one;
}

const account = (snapshot: Spoilable<Snapshot>, username: string) => {
  const one = snapshot.realm.users.find((user) => user.username === username);
  assert.ok(one);
  return one;
};

const binding = (snapshot: Spoilable<Snapshot>, namespace: string, name: string) =>
  of(
    snapshot.cluster.roleBindings.filter((one) => one.namespace === namespace),
    name,
  );

const policy = (snapshot: Spoilable<Snapshot>, namespace: string, name: string) =>
  of(
    snapshot.cluster.policies.filter((one) => one.namespace === namespace),
    name,
  );

const document = (snapshot: Spoilable<Snapshot>, name: string) => {
  const one = snapshot.store.policies[name]?.Statement;
  assert.ok(one);
  return one;
};

function remove<T>(all: T[], isGone: (one: T) => boolean): void {
  const kept = all.filter((one) => !isGone(one));
  assert.ok(kept.length < all.length, "there was something to remove");
  all.splice(0, all.length, ...kept);
}

const byHand = { labels: {}, annotations: {}, manager: "kubectl-create", time: "2026-11-27T09:30:00.000Z" };
const account1 = {
  firstName: "",
  lastName: "",
  enabled: true,
  emailVerified: true,
  requiredActions: [],
  attributes: {},
};
const contributor = (email: string, level: string, name: string) => ({
  ...byHand,
  annotations: { user: email, role: level },
  namespace: "team-a",
  name,
  role: { kind: "ClusterRole" as const, name: `kubeflow-${level}` },
  subjects: [{ kind: "User" as const, name: email }],
});
const letIn = (
  values: string[],
  from: unknown = [{ source: { principals: [plan.platform.istio.gatewayPrincipal] } }],
) => ({
  ...byHand,
  namespace: "team-a",
  name: "by-hand",
  spec: {
    rules: [{ ...(from === null ? {} : { from }), when: [{ key: "request.headers[kubeflow-userid]", values }] }],
  },
});

/** What somebody does by hand, and the one difference that tells of it. */
const edits: Readonly<Record<string, readonly [Spoil, string]>> = {
  "an account is deleted": [
    (s) => {
      remove(s.realm.users, ({ username }) => username === "bob");
      for (const group of s.realm.groups) group.members = group.members.filter((one) => one !== "bob");
      for (const role of s.realm.roles) role.users = role.users.filter((one) => one !== "bob");
    },
    'missing access, identity: user "bob" has no account [env/users/bob.yaml:1]',
  ],
  "an account is disabled": [
    (s) => (account(s, "bob").enabled = false),
    'missing access, identity: account "bob" is disabled [env/users/bob.yaml:1]',
  ],
  "a disabled user's account is enabled": [
    (s) => (account(s, "dave").enabled = true),
    'extra access, identity: account "dave" is enabled, although the user is not [env/users/dave.yaml:1]',
  ],
  "an account gets another address": [
    (s) => Object.assign(account(s, "alice"), { email: "mallory@example.com", emailVerified: false }),
    'extra access, identity: account "alice" has the e-mail address mallory@example.com, not alice@example.com [env/users/alice.yaml:1]',
  ],
  "an account loses its address": [
    (s) => (account(s, "alice").email = ""),
    'missing access, identity: account "alice" has no e-mail address, not alice@example.com [env/users/alice.yaml:1]',
  ],
  "an address is no longer verified": [
    (s) => (account(s, "alice").emailVerified = false),
    'missing access, identity: account "alice" has an e-mail address that is no longer verified, so it gets no token [env/users/alice.yaml:1]',
  ],
  "an account gets another first name": [
    (s) => (account(s, "alice").firstName = "Eve"),
    'cosmetic, identity: account "alice" has the firstName "Eve", not "Alice" [env/users/alice.yaml:1]',
  ],
  "an account is renamed": [
    (s) => {
      account(s, "bob").username = "robert";
      for (const group of s.realm.groups) group.members = group.members.map((one) => (one === "bob" ? "robert" : one));
      for (const role of s.realm.roles) role.users = role.users.map((one) => (one === "bob" ? "robert" : one));
    },
    'cosmetic, identity: account "robert" is to be called "bob" [env/users/bob.yaml:1]',
  ],
  "the mark of an account goes": [
    (s) => (account(s, "bob").attributes = {}),
    'cosmetic, identity: account "bob" does not say that stack env made it [env/users/bob.yaml:1]',
  ],
  "the owner's account is enabled": [
    (s) => (account(s, "admin@example.com").enabled = true),
    'extra access, identity: account "admin@example.com" is enabled, and its address owns every Profile',
  ],
  "the owner's account is deleted": [
    (s) => {
      remove(s.realm.users, ({ username }) => username === "admin@example.com");
    },
    "extra access, identity: no account holds admin@example.com, which owns every Profile: whoever signs up with it owns all workspaces",
  ],
  "somebody signs up with a user's address": [
    (s) => s.realm.users.push({ ...account1, id: "x", username: "alice2", email: "alice@example.com" }),
    'extra access, identity: account "alice2" has the address of user "alice", so Kubernetes and the mesh take it for them [env/users/alice.yaml:1]',
  ],
  "an archived user's account comes back": [
    (s) => s.realm.users.push({ ...account1, id: "x", username: "gone", email: "gone@example.com" }),
    'extra access, identity: account "gone" is there, although the user is archived',
  ],
  "a member leaves a group": [
    (s) => {
      remove(of(s.realm.groups, "data-science").members, (one) => one === "bob");
    },
    'missing access, identity: user "bob" is not in group "data-science" [env/users/bob.yaml:1]',
  ],
  "a user joins a group": [
    (s) => of(s.realm.groups, "data-science").members.push("carol"),
    'extra access, identity: user "carol" is in group "data-science", which nothing here asks for [env/users/carol.yaml:1]',
  ],
  "a stranger joins the administrators": [
    (s) => of(s.realm.groups, "pk-admin").members.push("nobodys"),
    'extra access, identity: account "nobodys", which has no file, is in group "pk-admin", which nothing here asks for',
  ],
  "a stranger joins the users": [
    (s) => of(s.realm.groups, "pk-user").members.push("nobodys"),
    'extra access, identity: account "nobodys", which has no file, is in group "pk-user", which nothing here asks for',
  ],
  "a group is made inside one": [
    (s) =>
      s.realm.groups.push({
        id: "x",
        name: "in",
        path: "/data-science/in",
        attributes: {},
        roles: [],
        members: ["nobodys"],
      }),
    'extra access, identity: group "/data-science/in" is inside "data-science", which nothing here asks for; what that gives, nobodys has too [env/groups/data-science.yaml:1]',
  ],
  "a group elsewhere is called like the administrators": [
    (s) =>
      s.realm.groups.push({
        id: "x",
        name: "pk-admin",
        path: "/x/pk-admin",
        attributes: {},
        roles: [],
        members: ["nobodys"],
      }),
    'extra access, identity: group "/x/pk-admin" (nobodys) is "pk-admin" for applications that hear names without paths',
  ],
  "a group's name is a list": [
    (s) =>
      s.realm.groups.push({
        id: "x",
        name: "a,pk-admin",
        path: "/a,pk-admin",
        attributes: {},
        roles: [],
        members: ["nobodys"],
      }),
    'extra access, identity: group "/a,pk-admin" (nobodys) counts as a, pk-admin where groups are a list with commas',
  ],
  "a group of this stack has no file any more": [
    (s) => {
      const { attributes } = of(s.realm.groups, "data-science");
      s.realm.groups.push({ id: "x", name: "past", path: "/past", attributes, roles: [], members: ["bob"] });
    },
    'extra access, identity: group "/past" was made by stack env, but no file has it; in it: bob',
  ],
  "an empty group of this stack has no file any more": [
    (s) => {
      const { attributes } = of(s.realm.groups, "data-science");
      s.realm.groups.push({ id: "x", name: "past", path: "/past", attributes, roles: [], members: [] });
    },
    'cosmetic, identity: group "/past" was made by stack env, but no file has it; in it: nobody',
  ],
  "an empty group is made inside one": [
    (s) => s.realm.groups.push({ id: "x", name: "in", path: "/pk-admin/in", attributes: {}, roles: [], members: [] }),
    'cosmetic, identity: group "/pk-admin/in" is inside "pk-admin", which nothing here asks for; nobody is in it',
  ],
  "a group loses its mark": [
    (s) => (of(s.realm.groups, "data-science").attributes = {}),
    'cosmetic, identity: group "data-science" does not say that stack env made it [env/groups/data-science.yaml:1]',
  ],
  "a role loses its mark": [
    (s) => (of(s.realm.roles, "pk:edit:team-a").attributes = {}),
    'cosmetic, identity: realm role "pk:edit:team-a" does not say that stack env made it [env/workspaces/team-a.yaml:1]',
  ],
  "a group has a lower role beside the one that is given": [
    (s) => of(s.realm.groups, "data-science").roles.push("pk:s3:view:team-a"),
    'cosmetic, identity: group "data-science" (alice, bob) holds realm role "pk:s3:view:team-a", which nothing here gives; it gives nothing more now, but would stay when the grant goes [env/groups/data-science.yaml:1]',
  ],
  "a role of this stack is no longer asked for": [
    (s) => s.realm.roles.push({ ...of(s.realm.roles, "grafana-admin"), id: "x", name: "past", users: ["bob"] }),
    'extra access, identity: realm role "past" was made by stack env, but nothing asks for it; held by bob',
  ],
  "a role of an archived workspace contains one of another": [
    (s) => {
      s.realm.roles.push({ id: "x", name: "pk:view:old", description: "", attributes: {}, composites: [], users: [] });
      of(s.realm.roles, "somebody-elses").composites.push("pk:view:old");
    },
    'extra access, identity: workspace "old", which is archived: realm roles pk:view:old are left, held by nobodys',
  ],
  "a group is deleted": [
    (s) => {
      remove(s.realm.groups, ({ name }) => name === "data-science");
    },
    'missing access, identity: group "data-science" is missing, so nobody has what it gives [env/groups/data-science.yaml:1]',
  ],
  "a role is taken from a user": [
    (s) => (of(s.realm.roles, "pk:edit:team-a").users = []),
    'missing access, identity: user "alice" does not hold realm role "pk:edit:team-a" [env/workspaces/team-a.yaml:5]',
  ],
  "a role is given to a user": [
    (s) => of(s.realm.roles, "pk:view:team-b").users.push("carol"),
    'extra access, identity: user "carol" holds realm role "pk:view:team-b", which nothing here gives [env/workspaces/team-b.yaml:1]',
  ],
  "a grant that is over still holds": [
    (s) => of(s.realm.roles, "pk:edit:team-a").users.push("carol"),
    'extra access, identity: user "carol" holds realm role "pk:edit:team-a", which nothing here gives (expired on 2026-11-20) [env/workspaces/team-a.yaml:7]',
  ],
  "a role is given to a stranger": [
    (s) => of(s.realm.roles, "pk:s3:edit:alice").users.push("nobodys"),
    'extra access, identity: account "nobodys", which has no file, holds realm role "pk:s3:edit:alice", which nothing here gives [env/users/alice.yaml:5]',
  ],
  "a role below the one that is given is given too": [
    (s) => of(s.realm.roles, "pk:view:team-a").users.push("alice"),
    'cosmetic, identity: user "alice" holds realm role "pk:view:team-a", which nothing here gives; it gives nothing more now, but would stay when the grant goes [env/workspaces/team-a.yaml:1]',
  ],
  "a free role is given to a user": [
    (s) => of(s.realm.roles, "grafana-admin").users.push("bob"),
    'extra access, identity: user "bob" holds realm role "grafana-admin", which nothing here gives [env/platform.yaml:3]',
  ],
  "another's role is taken from a group": [
    (s) => (of(s.realm.groups, "pk-user").roles = []),
    'missing access, identity: group "pk-user" does not hold realm role "billing" [env/platform.yaml:3]',
  ],
  "a role is given to somebody else's group": [
    (s) => of(s.realm.groups, "somebody-elses").roles.push("pk:edit:team-b"),
    'extra access, identity: group "somebody-elses" (nobodys) holds realm role "pk:edit:team-b", which nothing here gives [env/workspaces/team-b.yaml:1]',
  ],
  "a group loses a role": [
    (s) => (of(s.realm.groups, "data-science").roles = []),
    'missing access, identity: group "data-science" does not hold realm role "pk:view:team-a" [env/groups/data-science.yaml:1]',
  ],
  "a role is deleted": [
    (s) => {
      remove(s.realm.roles, ({ name }) => name === "pk:view:team-b");
      of(s.realm.roles, "pk:team-b").composites = ["pk:edit:team-b", "pk:s3:edit:team-b"];
    },
    'missing access, identity: realm role "pk:view:team-b" is missing, so nobody has what it gives [env/workspaces/team-b.yaml:1]',
  ],
  "a role gets another part": [
    (s) => of(s.realm.roles, "pk:view:team-b").composites.push("pk:s3:edit:team-b"),
    'extra access, identity: realm role "pk:view:team-b" contains "pk:s3:edit:team-b", which nothing here asks for [env/workspaces/team-b.yaml:1]',
  ],
  "a role gets a client's role as a part": [
    (s) => (of(s.realm.roles, "pk:view:team-b").clientRoles = ["realm-admin"]),
    'extra access, identity: realm role "pk:view:team-b" contains "realm-admin (of a client)", which nothing here asks for [env/workspaces/team-b.yaml:1]',
  ],
  "a role loses a part": [
    (s) => (of(s.realm.roles, "pk:edit:team-b").composites = []),
    'missing access, identity: realm role "pk:edit:team-b" does not contain "pk:s3:edit:team-b" [env/workspaces/team-b.yaml:1]',
  ],
  "a role becomes a part of somebody else's": [
    (s) => of(s.realm.roles, "somebody-elses").composites.push("pk:view:team-a"),
    'extra access, identity: realm role "somebody-elses" (nobodys) contains "pk:view:team-a", which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "a role gets another description": [
    (s) => (of(s.realm.roles, "pk:team-a").description = "x"),
    'cosmetic, identity: realm role "pk:team-a" has the description "x", not "Workspace team-a: Forecasting" [env/workspaces/team-a.yaml:1]',
  ],
  "somebody holds a role that is a list": [
    (s) =>
      s.realm.roles.push({
        id: "x",
        name: "x, consoleAdmin",
        description: "",
        attributes: {},
        composites: [],
        users: ["nobodys"],
      }),
    'extra access, identity: realm role "x, consoleAdmin" is held by nobodys, and MinIO takes it for its own policy consoleAdmin',
  ],
  "a group holds a role with a star": [
    (s) => {
      s.realm.roles.push({ id: "x", name: "*", description: "", attributes: {}, composites: [], users: [] });
      of(s.realm.groups, "somebody-elses").roles.push("*");
    },
    'extra access, identity: realm role "*" is held by nobodys, and a star means everything in lists of allowed roles',
  ],
  "roles of an archived workspace are left": [
    (s) =>
      s.realm.roles.push({
        id: "x",
        name: "pk:edit:old",
        description: "",
        attributes: {},
        composites: [],
        users: ["bob"],
      }),
    'extra access, identity: workspace "old", which is archived: realm roles pk:edit:old are left, held by bob',
  ],
  "a namespace is deleted": [
    (s) => {
      remove(s.cluster.namespaces, ({ name }) => name === "team-b");
      remove(s.cluster.roleBindings, ({ namespace }) => namespace === "team-b");
      remove(s.cluster.policies, ({ namespace }) => namespace === "team-b");
    },
    'missing access, compute: workspace "team-b": the namespace is missing, with everything in it [env/workspaces/team-b.yaml:1]',
  ],
  "a namespace loses a label": [
    (s) => delete of(s.cluster.namespaces, "team-b").labels["app.kubernetes.io/part-of"],
    'cosmetic, compute: workspace "team-b": the namespace\'s labels are otherwise: app.kubernetes.io/part-of [env/workspaces/team-b.yaml:1]',
  ],
  "a namespace is taken out of the mesh": [
    (s) => (of(s.cluster.namespaces, "team-b").labels["istio-injection"] = "disabled"),
    'extra access, compute: workspace "team-b": the namespace\'s label istio-injection is otherwise, so new pods have no proxy that holds the network policies [env/workspaces/team-b.yaml:1]',
  ],
  "a namespace gets another description": [
    (s) => (of(s.cluster.namespaces, "team-a").annotations["description"] = "x"),
    'cosmetic, compute: workspace "team-a": the namespace\'s description is otherwise [env/workspaces/team-a.yaml:1]',
  ],
  "the Profile controller no longer knows a namespace": [
    (s) => (of(s.cluster.namespaces, "team-a").annotations["owner"] = "x@example.com"),
    'cosmetic, compute: workspace "team-a": the namespace\'s annotation owner is "x@example.com", not "admin@example.com", so the Profile controller leaves it alone [env/workspaces/team-a.yaml:1]',
  ],
  "a Profile is deleted": [
    (s) => {
      remove(s.cluster.profiles, ({ name }) => name === "team-b");
    },
    'missing access, compute: workspace "team-b": the Profile is missing, so no dashboard shows the workspace [env/workspaces/team-b.yaml:1]',
  ],
  "a Profile gets another owner, and the controller follows": [
    (s) => {
      of(s.cluster.profiles, "team-b").owner = "bob@example.com";
      binding(s, "team-b", "namespaceAdmin").subjects = [{ kind: "User", name: "bob@example.com" }];
      const [rule] = policy(s, "team-b", "ns-owner-access-istio").spec["rules"] as { when: { values: string[] }[] }[];
      const [when] = rule?.when ?? [];
      assert.ok(when);
      when.values = ["bob@example.com"];
    },
    'extra access, compute: workspace "team-b": the Profile\'s owner is bob@example.com, not admin@example.com: owners administer the namespace [env/workspaces/team-b.yaml:1]',
  ],
  "a quota is raised": [
    (s) => (of(s.cluster.profiles, "team-a").quota["pods"] = "5000"),
    'cosmetic, compute: workspace "team-a": the quota is cpu 100, pods 5000, not cpu 100, pods 50 [env/workspaces/team-a.yaml:1]',
  ],
  "a LimitRange that the quota needs is deleted": [
    (s) => (s.cluster.limitRanges = []),
    'missing access, compute: workspace "team-a": LimitRange "cpu-mem-limit-range" is missing, so pods that name no limits are refused [env/workspaces/team-a.yaml:1]',
  ],
  "a LimitRange is changed": [
    (s) => {
      const [limits] = of(s.cluster.limitRanges, "cpu-mem-limit-range").limits;
      assert.ok(limits);
      limits.default["cpu"] = "64";
    },
    'cosmetic, compute: workspace "team-a": LimitRange "cpu-mem-limit-range" has other limits [env/workspaces/team-a.yaml:1]',
  ],
  "a contributor binding is deleted": [
    (s) => {
      remove(s.cluster.roleBindings, ({ name }) => name === "user-bob-example-com-clusterrole-view");
      s.cluster.roleBindings.push(contributor("bob@example.com", "view", "user-bob-example-com-clusterrole-view"));
      binding(s, "team-a", "user-bob-example-com-clusterrole-view").labels = {
        ...binding(s, "team-a", "pk-edit").labels,
      };
    },
    'missing access, compute: workspace "team-b": RoleBinding "user-bob-example-com-clusterrole-view" is missing, which gives kubeflow-view to bob@example.com [env/workspaces/team-b.yaml:2]',
  ],
  "a binding by role is deleted": [
    (s) => {
      remove(s.cluster.roleBindings, ({ name, namespace }) => name === "pk-view" && namespace === "team-b");
    },
    'missing access, compute: workspace "team-b": RoleBinding "pk-view" is missing, which gives kubeflow-view to pk:view:team-b [env/workspaces/team-b.yaml:1]',
  ],
  "a binding gives a higher role": [
    (s) => (binding(s, "team-a", "user-bob-example-com-clusterrole-view").role.name = "kubeflow-admin"),
    'extra access, compute: workspace "team-a": RoleBinding "user-bob-example-com-clusterrole-view" gives kubeflow-admin to bob@example.com, not kubeflow-view to bob@example.com alone [env/workspaces/team-a.yaml:6]',
  ],
  "a binding gives a lower role": [
    (s) => (binding(s, "team-a", "user-alice-example-com-clusterrole-edit").role.name = "kubeflow-view"),
    'missing access, compute: workspace "team-a": RoleBinding "user-alice-example-com-clusterrole-edit" gives kubeflow-view to alice@example.com, not kubeflow-edit to alice@example.com [env/workspaces/team-a.yaml:5]',
  ],
  "a binding gets another subject": [
    (s) => binding(s, "team-a", "pk-view").subjects.push({ kind: "User", name: "mallory@example.com" }),
    'extra access, compute: workspace "team-a": RoleBinding "pk-view" gives kubeflow-view to Group pk:view:team-a, mallory@example.com, not kubeflow-view to pk:view:team-a alone [env/workspaces/team-a.yaml:1]',
  ],
  "a binding loses its subject": [
    (s) => (binding(s, "team-a", "pk-view").subjects = []),
    'missing access, compute: workspace "team-a": RoleBinding "pk-view" gives kubeflow-view to nobody, not kubeflow-view to pk:view:team-a [env/workspaces/team-a.yaml:1]',
  ],
  "a binding loses what the dashboard looks for": [
    (s) => (binding(s, "team-a", "user-bob-example-com-clusterrole-view").annotations = {}),
    'missing access, compute: workspace "team-a": RoleBinding "user-bob-example-com-clusterrole-view" lacks the annotations user and role of bob@example.com, so the dashboard does not show the workspace [env/workspaces/team-a.yaml:6]',
  ],
  "a binding says another level to the dashboard": [
    (s) => (binding(s, "team-a", "user-bob-example-com-clusterrole-view").annotations["role"] = "edit"),
    'missing access, compute: workspace "team-a": RoleBinding "user-bob-example-com-clusterrole-view" lacks the annotations user and role of bob@example.com, so the dashboard does not show the workspace [env/workspaces/team-a.yaml:6]',
  ],
  "a binding loses its label": [
    (s) => (binding(s, "team-a", "pk-view").labels = {}),
    'cosmetic, compute: workspace "team-a": RoleBinding "pk-view" has no label that says that stack env made it [env/workspaces/team-a.yaml:1]',
  ],
  "somebody is added by Manage Contributors": [
    (s) =>
      s.cluster.roleBindings.push(
        contributor("mallory@example.com", "edit", "user-mallory-example-com-clusterrole-edit"),
      ),
    'extra access, compute: workspace "team-a": RoleBinding "user-mallory-example-com-clusterrole-edit" gives kubeflow-edit to mallory@example.com, which nothing here asks for (Kubeflow\'s Manage Contributors makes such) [env/workspaces/team-a.yaml:1]',
  ],
  "a viewer is bound to edit by hand": [
    (s) => s.cluster.roleBindings.push(contributor("bob@example.com", "edit", "by-hand")),
    'extra access, compute: workspace "team-a": RoleBinding "by-hand" gives kubeflow-edit to bob@example.com, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "an editor is bound to view by hand": [
    (s) => s.cluster.roleBindings.push(contributor("alice@example.com", "view", "by-hand")),
    'cosmetic, compute: workspace "team-a": RoleBinding "by-hand" gives kubeflow-view to alice@example.com, which nothing here asks for; it gives nothing more now, but would stay when the grant goes [env/workspaces/team-a.yaml:1]',
  ],
  "a member is bound to a Role": [
    (s) =>
      s.cluster.roleBindings.push({
        ...contributor("bob@example.com", "view", "by-hand"),
        role: { kind: "Role", name: "kubeflow-view" },
      }),
    'extra access, compute: workspace "team-a": RoleBinding "by-hand" gives Role kubeflow-view to bob@example.com, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "somebody else's realm role is bound": [
    (s) =>
      s.cluster.roleBindings.push({
        ...contributor("", "edit", "by-hand"),
        subjects: [{ kind: "Group", name: "pk:view:team-a" }],
      }),
    'extra access, compute: workspace "team-a": RoleBinding "by-hand" gives kubeflow-edit to Group pk:view:team-a, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "a service account of another namespace is bound": [
    (s) =>
      s.cluster.roleBindings.push({
        ...contributor("", "edit", "by-hand"),
        subjects: [{ kind: "ServiceAccount", name: "default-editor", namespace: "team-b" }],
      }),
    'extra access, compute: workspace "team-a": RoleBinding "by-hand" gives kubeflow-edit to ServiceAccount team-b/default-editor, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "the controller's binding for the owner gets another subject": [
    (s) => binding(s, "team-a", "namespaceAdmin").subjects.push({ kind: "User", name: "bob@example.com" }),
    'extra access, compute: workspace "team-a": RoleBinding "namespaceAdmin" gives kubeflow-admin to bob@example.com, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "the workspace's pods get all rights": [
    (s) => (binding(s, "team-a", "default-editor").role.name = "cluster-admin"),
    'extra access, compute: workspace "team-a": RoleBinding "default-editor" gives cluster-admin to ServiceAccount team-a/default-editor, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "a cluster-wide binding is deleted": [
    (s) => {
      remove(s.cluster.clusterRoleBindings, ({ name }) => name.startsWith("prokube-access:"));
    },
    'missing access, compute: ClusterRoleBinding "prokube-access:kubeflow-edit:erin@example.com" of "erin" is missing [env/platform.yaml:5]',
  ],
  "a cluster-wide binding gets another subject": [
    (s) =>
      of(s.cluster.clusterRoleBindings, "prokube-access:kubeflow-edit:erin@example.com").subjects.push({
        kind: "Group",
        name: "pk:team-a",
      }),
    'extra access, compute: ClusterRoleBinding "prokube-access:kubeflow-edit:erin@example.com" gives kubeflow-edit to erin@example.com, Group pk:team-a, not kubeflow-edit to erin@example.com alone [env/platform.yaml:5]',
  ],
  "a cluster-wide grant that is over still holds": [
    (s) =>
      s.cluster.clusterRoleBindings.push({
        ...of(s.cluster.clusterRoleBindings, "prokube-access:kubeflow-edit:erin@example.com"),
        name: "prokube-access:kubeflow-admin:carol@example.com",
        role: { kind: "ClusterRole", name: "kubeflow-admin" },
        subjects: [{ kind: "User", name: "carol@example.com" }],
      }),
    'extra access, compute: ClusterRoleBinding "prokube-access:kubeflow-admin:carol@example.com" gives kubeflow-admin in the whole cluster to carol@example.com, which nothing here asks for (expired on 2026-11-20) [env/platform.yaml:5]',
  ],
  "a user becomes cluster-admin": [
    (s) =>
      s.cluster.clusterRoleBindings.push({
        ...byHand,
        name: "root",
        role: { kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ kind: "User", name: "bob@example.com" }],
      }),
    'extra access, compute: ClusterRoleBinding "root" gives cluster-admin in the whole cluster to bob@example.com, which nothing here asks for [env/users/bob.yaml:1]',
  ],
  "a binding in the whole cluster says that another stack made it": [
    (s) =>
      s.cluster.clusterRoleBindings.push({
        ...byHand,
        labels: { "app.kubernetes.io/managed-by": "prokube-access", "prokube-access/stack": "other" },
        name: "hidden",
        role: { kind: "ClusterRole", name: "kubeflow-edit" },
        subjects: [{ kind: "User", name: "mallory@example.com" }],
      }),
    'extra access, compute: ClusterRoleBinding "hidden" gives kubeflow-edit in the whole cluster to mallory@example.com, which nothing here asks for',
  ],
  "a workspace's role is bound in the whole cluster": [
    (s) =>
      s.cluster.clusterRoleBindings.push({
        ...byHand,
        name: "nodes",
        role: { kind: "ClusterRole", name: "look-at-nodes" },
        subjects: [{ kind: "Group", name: "pk:view:team-b" }],
      }),
    'extra access, compute: ClusterRoleBinding "nodes" gives look-at-nodes in the whole cluster to Group pk:view:team-b, which nothing here asks for',
  ],
  "everybody gets Kubeflow's view": [
    (s) =>
      s.cluster.clusterRoleBindings.push({
        ...byHand,
        name: "all",
        role: { kind: "ClusterRole", name: "kubeflow-view" },
        subjects: [{ kind: "Group", name: "system:authenticated" }],
      }),
    'extra access, compute: ClusterRoleBinding "all" gives kubeflow-view in the whole cluster to Group system:authenticated, which nothing here asks for',
  ],
  "a role of an archived workspace is left that nobody holds": [
    (s) => s.realm.roles.push({ id: "x", name: "pk:old", description: "", attributes: {}, composites: [], users: [] }),
    'cosmetic, identity: workspace "old", which is archived: realm roles pk:old are left, held by nobody',
  ],
  "a namespace without rights is left of a workspace without a file": [
    (s) => s.cluster.namespaces.push({ ...of(s.cluster.namespaces, "team-a"), name: "past" }),
    'cosmetic, compute: workspace "past", which has no file: the namespace is left, without rights for anybody',
  ],
  "the user of an archived workspace is left": [
    (s) => (s.store.users["pk-old"] = { enabled: true, policies: [] }),
    'cosmetic, storage: workspace "old", which is archived: S3 user "pk-old" is left, without access',
  ],
  "a namespace of an archived workspace is left": [
    (s) => {
      s.cluster.namespaces.push({ ...byHand, name: "old" });
      s.cluster.roleBindings.push({ ...contributor("bob@example.com", "edit", "x"), namespace: "old" });
    },
    'extra access, compute: workspace "old", which is archived: the namespace is left, with rights for bob@example.com',
  ],
  "a network policy is deleted": [
    (s) => {
      remove(s.cluster.policies, ({ name, namespace }) => name === "pk-members" && namespace === "team-a");
    },
    'missing access, network: workspace "team-a": AuthorizationPolicy "pk-members" is missing, which lets in alice@example.com [env/workspaces/team-a.yaml:1]',
  ],
  "a network policy gets another rule": [
    (s) =>
      (policy(s, "team-a", "pk-members").spec["rules"] as unknown[]).push({
        from: [{ source: { namespaces: ["team-b"] } }],
      }),
    'extra access, network: workspace "team-a": AuthorizationPolicy "pk-members" lets in by another rule, not just alice@example.com through the gateway and the Pipelines UI [env/workspaces/team-a.yaml:1]',
  ],
  "a network policy gets another address": [
    (s) => {
      const [rule] = policy(s, "team-a", "pk-members").spec["rules"] as { when: { values: string[] }[] }[];
      rule?.when[0]?.values.push("mallory@example.com");
    },
    'extra access, network: workspace "team-a": AuthorizationPolicy "pk-members" lets in mallory@example.com, not just alice@example.com through the gateway and the Pipelines UI [env/workspaces/team-a.yaml:1]',
  ],
  "a network policy believes everybody": [
    (s) => {
      const [rule] = policy(s, "team-a", "pk-members").spec["rules"] as { from?: unknown }[];
      delete rule?.from;
    },
    'extra access, network: workspace "team-a": AuthorizationPolicy "pk-members" lets in by another rule, not just alice@example.com through the gateway and the Pipelines UI [env/workspaces/team-a.yaml:1]',
  ],
  "those without notebooks come through the gateway": [
    (s) => {
      const [rule] = policy(s, "team-a", "pk-members-without-notebooks").spec["rules"] as {
        from: { source: { principals: string[] } }[];
      }[];
      rule?.from[0]?.source.principals.push(plan.platform.istio.gatewayPrincipal);
    },
    'extra access, network: workspace "team-a": AuthorizationPolicy "pk-members-without-notebooks" lets in bob@example.com, not just bob@example.com through the Pipelines UI [env/workspaces/team-a.yaml:1]',
  ],
  "a network policy loses an address": [
    (s) => {
      const [rule] = policy(s, "team-b", "pk-members").spec["rules"] as { when: { values: string[] }[] }[];
      rule?.when[0]?.values.shift();
    },
    'missing access, network: workspace "team-b": AuthorizationPolicy "pk-members" does not let in bob@example.com [env/workspaces/team-b.yaml:1]',
  ],
  "a network policy is turned round": [
    (s) => (policy(s, "team-b", "pk-members").spec["action"] = "DENY"),
    'missing access, network: workspace "team-b": AuthorizationPolicy "pk-members" has the action DENY [env/workspaces/team-b.yaml:1]',
  ],
  "a network policy holds for some workloads only": [
    (s) => (policy(s, "team-b", "pk-members").spec["selector"] = { matchLabels: { app: "x" } }),
    'missing access, network: workspace "team-b": AuthorizationPolicy "pk-members" holds for some workloads only [env/workspaces/team-b.yaml:1]',
  ],
  "somebody else is let in by a policy of its own": [
    (s) => s.cluster.policies.push(letIn(["mallory@example.com"])),
    'extra access, network: workspace "team-a": AuthorizationPolicy "by-hand" lets in mallory@example.com, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "a grant that is over still lets in": [
    (s) => s.cluster.policies.push(letIn(["carol@example.com"])),
    'extra access, network: workspace "team-a": AuthorizationPolicy "by-hand" lets in carol@example.com, which nothing here asks for (expired on 2026-11-20) [env/workspaces/team-a.yaml:7]',
  ],
  "a member without notebooks is let in through the gateway": [
    (s) => s.cluster.policies.push(letIn(["bob@example.com"])),
    'extra access, network: workspace "team-a": AuthorizationPolicy "by-hand" lets in bob@example.com, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "a member is let in a second time": [
    (s) => s.cluster.policies.push(letIn(["alice@example.com"])),
    'cosmetic, network: workspace "team-a": AuthorizationPolicy "by-hand" lets in alice@example.com, which nothing here asks for; it gives nothing more now, but would stay when the grant goes [env/workspaces/team-a.yaml:1]',
  ],
  "a member is let in from anywhere in the mesh": [
    (s) => s.cluster.policies.push(letIn(["alice@example.com"], null)),
    'extra access, network: workspace "team-a": AuthorizationPolicy "by-hand" believes the header kubeflow-userid of every caller, so anybody in the mesh comes in [env/workspaces/team-a.yaml:1]',
  ],
  "everybody is let in": [
    (s) => s.cluster.policies.push({ ...letIn([]), spec: { action: "ALLOW", rules: [{}] } }),
    'extra access, network: workspace "team-a": AuthorizationPolicy "by-hand" lets in everybody whom one of its rules does not keep out [env/workspaces/team-a.yaml:1]',
  ],
  "another workspace is let in": [
    (s) =>
      s.cluster.policies.push({ ...letIn([]), spec: { rules: [{ from: [{ source: { namespaces: ["team-b"] } }] }] } }),
    'extra access, network: workspace "team-a": AuthorizationPolicy "by-hand" lets in everybody whom one of its rules does not keep out [env/workspaces/team-a.yaml:1]',
  ],
  "members are kept out": [
    (s) => s.cluster.policies.push({ ...letIn([]), spec: { action: "DENY", rules: [{}] } }),
    'missing access, network: workspace "team-a": AuthorizationPolicy "by-hand" keeps members out [env/workspaces/team-a.yaml:1]',
  ],
  "a member is kept out": [
    (s) => {
      const when = [{ key: "request.headers[kubeflow-userid]", values: ["x@example.com", "alice@example.com"] }];
      s.cluster.policies.push({ ...letIn([]), spec: { action: "DENY", rules: [{ when }] } });
    },
    'missing access, network: workspace "team-a": AuthorizationPolicy "by-hand" keeps members out [env/workspaces/team-a.yaml:1]',
  ],
  "the whole mesh is opened": [
    (s) => s.cluster.policies.push({ ...letIn([]), namespace: "istio-system", spec: { rules: [{}] } }),
    'extra access, network: AuthorizationPolicy "by-hand" in istio-system holds in every namespace and lets in everybody',
  ],
  "somebody else is let in by the Pipelines UI": [
    (s) =>
      s.cluster.policies.push(
        letIn(["carl@example.com"], [{ source: { principals: [plan.platform.istio.pipelinesPrincipal] } }]),
      ),
    'extra access, network: workspace "team-a": AuthorizationPolicy "by-hand" lets in carl@example.com, which nothing here asks for [env/workspaces/team-a.yaml:1]',
  ],
  "a member without notebooks is let in a second time": [
    (s) =>
      s.cluster.policies.push(
        letIn(["bob@example.com"], [{ source: { principals: [plan.platform.istio.pipelinesPrincipal] } }]),
      ),
    'cosmetic, network: workspace "team-a": AuthorizationPolicy "by-hand" lets in bob@example.com, which nothing here asks for; it gives nothing more now, but would stay when the grant goes [env/workspaces/team-a.yaml:1]',
  ],
  "a bucket is deleted": [
    (s) => {
      remove(s.store.buckets, (bucket) => bucket === "team-a-data");
    },
    'missing access, storage: workspace "team-a": bucket "team-a-data" is missing [env/workspaces/team-a.yaml:1]',
  ],
  "a bucket is opened to everybody": [
    (s) => {
      assert.ok(s.store.bucketPolicies);
      s.store.bucketPolicies["team-a-data"] = {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::team-a-data/*"] }],
      };
    },
    'extra access, storage: workspace "team-a": bucket "team-a-data" has a policy of its own that lets people in without a login: s3:GetObject [env/workspaces/team-a.yaml:1]',
  ],
  "an archived workspace's bucket is opened to everybody": [
    (s) => {
      assert.ok(s.store.bucketPolicies);
      s.store.bucketPolicies["old-data"] = {
        Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::old-data/*" }],
      };
    },
    'extra access, storage: workspace "old": bucket "old-data" has a policy of its own that lets people in without a login: s3:GetObject',
  ],
  "an S3 policy is deleted": [
    (s) => delete s.store.policies["pk:s3:view:team-a"],
    'missing access, storage: workspace "team-a": S3 policy "pk:s3:view:team-a" is missing, so the role opens no bucket [env/workspaces/team-a.yaml:1]',
  ],
  "an S3 policy allows more": [
    (s) => (document(s, "pk:s3:view:team-a")[1] as { Action: string[] }).Action.push("s3:PutObject"),
    'extra access, storage: workspace "team-a": S3 policy "pk:s3:view:team-a" also allows s3:PutObject on arn:aws:s3:::team-a-mlpipeline/*, s3:PutObject on arn:aws:s3:::team-a-data/* [env/workspaces/team-a.yaml:1]',
  ],
  "an S3 policy is widened to all buckets that begin so": [
    (s) => ((document(s, "pk:s3:view:team-a")[1] as { Resource: string[] }).Resource = ["arn:aws:s3:::team-*"]),
    'extra access, storage: workspace "team-a": S3 policy "pk:s3:view:team-a" also allows s3:GetObject on arn:aws:s3:::team-* [env/workspaces/team-a.yaml:1]',
  ],
  "an S3 policy allows less": [
    (s) => document(s, "pk:s3:view:team-a").pop(),
    'missing access, storage: workspace "team-a": S3 policy "pk:s3:view:team-a" does not allow s3:GetObject on arn:aws:s3:::team-a-data/*, s3:GetObject on arn:aws:s3:::team-a-mlpipeline/* [env/workspaces/team-a.yaml:1]',
  ],
  "an S3 policy refuses": [
    (s) =>
      document(s, "pk:s3:view:team-a").push({
        Effect: "Deny",
        Action: ["s3:*"],
        Resource: ["arn:aws:s3:::team-a-data/*"],
      }),
    'missing access, storage: workspace "team-a": S3 policy "pk:s3:view:team-a" does not allow s3:GetObject on arn:aws:s3:::team-a-data/* [env/workspaces/team-a.yaml:1]',
  ],
  "an S3 policy loses its mark": [
    (s) => {
      for (const statement of document(s, "pk:s3:view:team-a")) statement.Sid = "x";
    },
    'cosmetic, storage: workspace "team-a": S3 policy "pk:s3:view:team-a" does not say that stack env made it [env/workspaces/team-a.yaml:1]',
  ],
  "the record of the buckets allows": [
    (s) =>
      document(s, "prokube-access:team-a").push({
        Effect: "Allow",
        Action: ["s3:*"],
        Resource: ["arn:aws:s3:::mlflow"],
      }),
    'extra access, storage: workspace "team-a": S3 policy "prokube-access:team-a", which records whose the buckets are, allows s3:* on arn:aws:s3:::mlflow [env/workspaces/team-a.yaml:1]',
  ],
  "the record of the buckets is deleted": [
    (s) => delete s.store.policies["prokube-access:team-a"],
    'cosmetic, storage: workspace "team-a": S3 policy "prokube-access:team-a", which records whose the buckets are, is missing [env/workspaces/team-a.yaml:1]',
  ],
  "a workspace's user is deleted": [
    (s) => delete s.store.users["pk-team-a"],
    'missing access, storage: workspace "team-a": S3 user "pk-team-a" is missing, so jobs and pipelines reach no bucket [env/workspaces/team-a.yaml:1]',
  ],
  "a workspace's user is disabled": [
    (s) => (s.store.users["pk-team-a"] = { enabled: false, policies: ["pk:s3:edit:team-a"] }),
    'missing access, storage: workspace "team-a": S3 user "pk-team-a" is disabled [env/workspaces/team-a.yaml:1]',
  ],
  "a workspace's user gets another's policy": [
    (s) => s.store.users["pk-team-a"]?.policies.push("pk:s3:edit:team-b"),
    'extra access, storage: workspace "team-a": S3 user "pk-team-a" has the policies pk:s3:edit:team-b beside its own [env/workspaces/team-a.yaml:1]',
  ],
  "a workspace's user loses its policy": [
    (s) => (s.store.users["pk-team-a"] = { enabled: true, policies: [] }),
    'missing access, storage: workspace "team-a": S3 user "pk-team-a" lacks policy "pk:s3:edit:team-a" [env/workspaces/team-a.yaml:1]',
  ],
  "a MinIO user may do everything": [
    (s) => (s.store.users["backup"] = { enabled: true, policies: ["readwrite"] }),
    'extra access, storage: MinIO user "backup" gets into the buckets of team-a, team-b, alice, old by readwrite',
  ],
  "a MinIO user gets a workspace's policy": [
    (s) => (s.store.users["backup"] = { enabled: true, policies: ["pk:s3:view:team-a"] }),
    'extra access, storage: MinIO user "backup" gets into the buckets of team-a by pk:s3:view:team-a [env/workspaces/team-a.yaml:1]',
  ],
  "a role of somebody else's brings a policy that opens a bucket": [
    (s) => {
      s.store.policies["somebody-elses"] = {
        Statement: [{ Effect: "Allow", Action: ["s3:Get*"], Resource: ["arn:aws:s3:::team-b-d*"] }],
      };
    },
    'extra access, storage: S3 policy "somebody-elses" opens the buckets of team-b to nobodys, who hold the realm role of that name [env/workspaces/team-b.yaml:1]',
  ],
  "a policy of an archived workspace is left": [
    (s) => {
      s.store.policies["pk:s3:edit:old"] = {
        Statement: [{ Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::old-data/*"] }],
      };
    },
    'extra access, storage: workspace "old", which is archived: S3 policies pk:s3:edit:old are left and open its buckets',
  ],
};

test("a converged platform has no differences", () => {
  assert.deepEqual(
    found(() => undefined),
    [],
  );
});

for (const [name, [spoil, expected]] of Object.entries(edits)) {
  test(`${name}: told once, with its class and line`, () => {
    assert.deepEqual(found(spoil), [expected]);
  });
}

test("what others have for themselves is no difference", () => {
  const spoils: Readonly<Record<string, Spoil>> = {
    "a role of others": (s) => of(s.realm.roles, "somebody-elses").users.push("alice"),
    "a group of others": (s) => of(s.realm.groups, "somebody-elses").members.push("alice"),
    "an odd role that nobody holds": (s) =>
      s.realm.roles.push({ id: "x", name: "a,b", description: "", attributes: {}, composites: [], users: [] }),
    "a role that is managed elsewhere": (s) => of(s.realm.roles, "billing").users.push("bob"),
    "another stack's users": (s) => {
      const attributes = { "managed-by": ["prokube-access"], stack: ["other"] };
      s.realm.users.push({ ...account1, id: "x", username: "xena", email: "xena@example.com", attributes });
      of(s.realm.groups, "pk-user").members.push("xena");
      of(s.realm.groups, "pk-admin").members.push("xena");
    },
    "another stack's workspace": (s) => {
      const labels = { "app.kubernetes.io/managed-by": "prokube-access", "prokube-access/stack": "other" };
      s.cluster.clusterRoleBindings.push({
        ...byHand,
        labels,
        name: "prokube-access:kubeflow-edit:xena@example.com",
        role: { kind: "ClusterRole", name: "kubeflow-edit" },
        subjects: [{ kind: "User", name: "xena@example.com" }],
      });
      s.cluster.namespaces.push({ ...byHand, labels, name: "theirs" });
      s.cluster.roleBindings.push({ ...contributor("bob@example.com", "edit", "x"), namespace: "theirs" });
      s.store.users["pk-theirs"] = { enabled: true, policies: ["pk:s3:edit:theirs"] };
    },
    "everybody in the users' group, as the realm's default group": (s) => {
      account(s, "admin@example.com").attributes = {};
      of(s.realm.groups, "pk-user").members.push("admin@example.com");
    },
    "what users did": (s) => {
      account(s, "bob").emailVerified = true;
      account(s, "bob").requiredActions = ["UPDATE_PASSWORD"];
      account(s, "bob").lastName = "Chosen";
    },
    "labels that controllers add": (s) => (of(s.cluster.namespaces, "team-a").labels["x"] = "y"),
    "quantities in another form": (s) => (of(s.cluster.profiles, "team-a").quota["cpu"] = "100000m"),
    "rights of the workspace's own pods": (s) =>
      s.cluster.roleBindings.push({
        ...contributor("", "edit", "x"),
        role: { kind: "Role", name: "x" },
        subjects: [{ kind: "ServiceAccount", name: "runner", namespace: "team-a" }],
      }),
    "the platform's own workloads": (s) =>
      s.cluster.policies.push({
        ...letIn([]),
        spec: { rules: [{ from: [{ source: { namespaces: ["knative-serving"] } }] }] },
      }),
    "a policy that no user and no role has": (s) =>
      (s.store.policies["all"] = { Statement: [{ Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] }] }),
    "a policy by a role that nobody holds": (s) => {
      of(s.realm.roles, "somebody-elses").users = [];
      s.store.policies["somebody-elses"] = {
        Statement: [{ Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::team-a-data/*"] }],
      };
    },
    "somebody who is kept out and is no member": (s) => {
      const when = [{ key: "request.headers[kubeflow-userid]", values: ["x@example.com"] }];
      s.cluster.policies.push({ ...letIn([]), spec: { action: "DENY", rules: [{ when }] } });
    },
    "rights of people who are not ours, beyond workspaces": (s) =>
      s.cluster.clusterRoleBindings.push({
        ...byHand,
        name: "root",
        role: { kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ kind: "User", name: "operator@elsewhere.example" }],
      }),
    "a user who is refused what is ours": (s) => {
      s.store.policies["most"] = {
        Statement: [
          { Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] },
          {
            Effect: "Deny",
            Action: ["s3:*"],
            Resource: ["team-a", "team-b", "alice", "old"].flatMap((name) =>
              ["data", "mlpipeline"].map((bucket) => `arn:aws:s3:::${name}-${bucket}/*`),
            ),
          },
        ],
      };
      s.store.users["backup"] = { enabled: true, policies: ["most"] };
    },
  };
  for (const [name, spoil] of Object.entries(spoils)) assert.deepEqual(found(spoil), [], name);
});

test("who made it is told, where the system knows", () => {
  const snapshot = convergedSnapshot(plan, stack);
  of(snapshot.realm.roles, "pk:view:team-b").users.push("carol");
  of(snapshot.realm.groups, "data-science").members.push("carol");
  snapshot.cluster.roleBindings.push(contributor("mallory@example.com", "edit", "x"));
  snapshot.realm.acts = [
    {
      time: "2026-11-27T10:00:00.000Z",
      by: "root-2",
      path: "users/id-of-carol/role-mappings/realm",
      details: '[{"name":"other"}]',
    },
    {
      time: "2026-11-27T09:00:00.000Z",
      by: "root-1",
      path: "users/id-of-carol/role-mappings/realm",
      details: '[{"name":"pk:view:team-b"}]',
    },
  ];
  const differences = drift(plan, snapshot, stack);
  assert.deepEqual(
    differences.map(({ plane, madeBy }) => [plane, madeBy]),
    [
      ["identity", "root-1 at 2026-11-27T09:00:00.000Z"],
      ["identity", undefined],
      ["compute", "kubectl-create at 2026-11-27T09:30:00.000Z"],
    ],
  );
});

const operated = resolve(
  stateOf({
    "platform.yaml": "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nprovisioning: operator\n",
    "users/carol.yaml": "username: carol\nemail: carol@example.com\n",
  }),
  day,
);

test("where an operator provisions, what people can do is compared and not what it is called", () => {
  const told = (spoil: Spoil) => found(spoil, operated);
  assert.deepEqual(
    told(() => undefined),
    [],
  );
  assert.deepEqual(
    told((s) => {
      for (const namespace of s.cluster.namespaces) namespace.labels = {};
      for (const profile of s.cluster.profiles) profile.quota = { "count/pods": "100" };
    }),
    [],
    "labels and quotas are the operator's",
  );
  assert.deepEqual(
    told((s) => {
      remove(s.cluster.roleBindings, ({ namespace, name }) => namespace === "team-b" && name.includes("bob"));
    }),
    [
      'missing access, compute: workspace "team-b": no RoleBinding gives kubeflow-view to bob@example.com [env/workspaces/team-b.yaml:2]',
    ],
  );
  assert.deepEqual(
    told((s) => s.cluster.roleBindings.push(contributor("mallory@example.com", "view", "x"))),
    [
      'extra access, compute: workspace "team-a": RoleBinding "x" gives kubeflow-view to mallory@example.com, which nothing here asks for [env/workspaces/team-a.yaml:1]',
    ],
  );
  assert.deepEqual(
    told((s) => {
      remove(s.cluster.policies, ({ name }) => name === "operators-others");
    }),
    [
      'missing access, network: workspace "team-a": no AuthorizationPolicy lets in bob@example.com [env/workspaces/team-a.yaml:1]',
    ],
  );
  assert.deepEqual(
    told((s) => (s.store.users["backup"] = { enabled: true, policies: ["readonly"] })),
    ['extra access, storage: MinIO user "backup" gets into the buckets of team-a, team-b, alice, old by readonly'],
  );
  assert.deepEqual(
    told((s) => of(s.realm.roles, "pk:view:team-b").users.push("carol")),
    [
      'extra access, identity: user "carol" holds realm role "pk:view:team-b", which nothing here gives [env/workspaces/team-b.yaml:1]',
    ],
  );
});

const elsewhere = resolve(
  stateOf({
    "directories/corp.yaml": [
      "name: corp",
      "url: ldaps://ldap.example.com",
      "bindDn: cn=reader,dc=example,dc=com",
      "usersDn: ou=people,dc=example,dc=com",
      "groups: { dn: 'ou=groups,dc=example,dc=com' }",
      "",
    ].join("\n"),
    "users/ina.yaml": "username: ina\nemail: ina@example.com\ndirectory: corp\n",
    "groups/data-science.yaml":
      "name: data-science\nmembers: [alice, bob]\nfrom: [{ directory: corp, group: scientists }]\n",
  }),
  day,
);

test("people of a directory are no difference, and whoever is put beside them is", () => {
  const guest = { ...account1, id: "g", username: "guest", email: "guest@example.com", directoryId: "corp" };
  const joined: Spoil = (s) => {
    s.realm.users.push(guest);
    of(s.realm.groups, "pk-user").members.push("guest");
    of(s.realm.groups, "scientists").members.push("guest");
  };
  assert.deepEqual(found(joined, elsewhere), []);
  assert.deepEqual(
    found((s) => of(s.realm.groups, "scientists").members.push("just-seen"), elsewhere),
    [],
    "an account that Keycloak makes while it is asked for members is the directory's",
  );
  assert.deepEqual(
    found((s) => of(s.realm.groups, "scientists").members.push("nobodys"), elsewhere),
    [
      'extra access, identity: account "nobodys" is in group "data-science/scientists" and in no directory, so it was put there [env/groups/data-science.yaml:3]',
    ],
  );
  assert.deepEqual(
    found((s) => {
      joined(s);
      of(s.realm.groups, "pk-admin").members.push("guest");
    }, elsewhere),
    ['extra access, identity: account "guest", which has no file, is in group "pk-admin", which nothing here asks for'],
  );
});

const exempting = resolve(
  stateOf({
    "applications/notes.yaml": [
      "name: notes",
      "auth: keycloak",
      "namespace: notes",
      "redirectUris: [https://cluster.example.com/notes/callback]",
      "paths: [/notes/*]",
      "",
    ].join("\n"),
  }),
  day,
);

test("what the gateway lets through without a login is compared where applications need it", () => {
  const paths = (s: Spoilable<Snapshot>, name: string): string[] => {
    const [rule] = policy(s, "istio-system", name).spec["rules"] as { to: { operation: { notPaths: string[] } }[] }[];
    const list = rule?.to[0]?.operation.notPaths;
    assert.ok(list);
    return list;
  };
  const [jwt, proxy] = ["istio-ingressgateway-require-jwt", "istio-ingressgateway-oauth2-proxy"] as const;
  const told = (spoil: Spoil) => found(spoil, exempting);
  assert.deepEqual(
    told(() => undefined),
    [],
  );
  assert.deepEqual(
    told((s) => paths(s, jwt).pop()),
    [
      'missing access, network: application "notes": the gateway does not let "/notes/*" through without a login of its own [env/applications/notes.yaml:5]',
    ],
  );
  assert.deepEqual(
    told((s) => {
      paths(s, jwt).push("/jupyter/*");
      paths(s, proxy).push("/jupyter/*");
    }),
    [
      'extra access, network: the gateway exempts "/jupyter/*", which nothing here asks for: everybody gets in there without a login [env/platform.yaml:1]',
    ],
  );
  assert.deepEqual(
    told((s) => paths(s, proxy).push("/other/*")),
    [
      'cosmetic, network: the gateway exempts "/other/*", which nothing here asks for; the other policy still asks for a login [env/platform.yaml:1]',
    ],
  );
  assert.deepEqual(
    told((s) => {
      remove(s.cluster.policies, ({ name }) => name === jwt);
    }),
    [
      `extra access, network: AuthorizationPolicy "${jwt}" is missing, so the gateway lets requests through that have no token [env/platform.yaml:1]`,
    ],
  );
});

/** Random desired states, and what they are a few edits of their files later. */
function* worlds(count: number): Generator<{ before: Plan; after: Plan; seed: number }> {
  for (let seed = 1; seed <= count; seed += 1) {
    const random = new Random(seed);
    const world = newWorld(`w${seed}`, random, day);
    const later = editedWorld(world, random, day);
    const planOf = (of: typeof world) => {
      const platform = `domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n${clusterAccessOf([of])}`;
      return resolve(parseDesiredState("env", new Map([...filesOf(of), ["platform.yaml", platform]])), day);
    };
    yield { before: planOf(world), after: planOf(later), seed };
  }
}

test("a converged platform has no differences, whatever is desired: 200 random desired states", () => {
  for (const { after, seed } of worlds(200)) {
    assert.deepEqual(drift(after, convergedSnapshot(after, stack) as Snapshot, stack), [], `seed ${seed}`);
  }
});

/** Without what outlives a workspace, which no edit of files changes. */
function changeable(plan: Plan): string {
  const { realm, cluster, store } = convergedSnapshot({ ...plan, archived: { users: [], workspaces: [] } }, stack);
  return canonical({ realm, cluster, policies: store.policies, users: store.users });
}

test("there are differences exactly where an update would change something: 200 random edits", () => {
  let changed = 0;
  for (const { before, after, seed } of worlds(200)) {
    const isChanged = changeable(before) !== changeable(after);
    const differences = drift(after, convergedSnapshot(before, stack), stack);
    assert.equal(differences.length > 0, isChanged, `seed ${seed}`);
    if (isChanged) changed += 1;
  }
  assert.ok(changed > 150 && changed < 200, `${changed} of 200 edits changed something`);
});
