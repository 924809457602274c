import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Imported, importState, ImportRefused } from "../../access/importState.ts";
import { inventoryOf } from "../../access/import/inventory.ts";
import { loadDesiredState, parseDesiredState } from "../../access/load.ts";
import { type EffectiveAccess, type Plan, resolve } from "../../access/resolve.ts";
import type { S3Document, Snapshot } from "../../access/snapshot.ts";
import { s3Level } from "../../access/import/s3Level.ts";
import { takeover } from "../../access/takeover.ts";
import { convergedSnapshot, type Spoilable } from "../support/converged.ts";
import { isAllowed } from "../support/istio.ts";
import { Random } from "../support/random.ts";
import { clusterAccessOf, editedWorld, filesOf, newWorld } from "../support/worlds.ts";
import { desired, soundFiles } from "./support.ts";

const day = "2026-11-23";
const options = { stack: "dev", realm: "prokube", domain: "cluster.example.com", masterAdmins: ["root-1", "root-2"] };

type Live = Spoilable<Snapshot>;

function planOf(files: ReadonlyMap<string, string>): Plan {
  return resolve(parseDesiredState("stacks/dev", files), day);
}

const files: Readonly<Record<string, string | undefined>> = {
  ...soundFiles,
  "users/carol.yaml": "username: carol\nemail: carol@example.com\nfirstName: Carol\nadmin: true\n",
  "workspaces/team-a.yaml": `${soundFiles["workspaces/team-a.yaml"] ?? ""}storage: [{ user: carol, role: view }]\ndescription: Forecasting\n`,
};

const original = (changes: Readonly<Record<string, string | undefined>> = {}): Plan =>
  resolve(desired({ ...files, ...changes }), day);

/** The platform that the files come to, spoiled in one way, as an import finds it. */
function imported(spoil: (live: Live) => void = () => undefined, changes = {}, more = {}): Imported {
  const live = convergedSnapshot(original(changes), "dev");
  spoil(live);
  return importState(live, { ...options, ...more });
}

/** The same on a platform that nobody marked: as people made it by hand. */
function byHand(spoil: (live: Live) => void = () => undefined, changes = {}, more = {}): Imported {
  const live = unmarked(convergedSnapshot(original(changes), "dev"));
  spoil(live);
  return importState(live, { ...options, ...more });
}

/** Without the account, group and role that a converged platform has beside. */
const ours = (names: Iterable<string>): string[] =>
  [...names].filter((name) => !theirs.some((one) => name.includes(one)));

function unmarked(live: Live): Live {
  for (const { attributes } of [...live.realm.users, ...live.realm.groups, ...live.realm.roles]) {
    for (const key of ["managed-by", "stack", "prokube-access-key"]) Reflect.deleteProperty(attributes, key);
  }
  const { namespaces, profiles, roleBindings, clusterRoleBindings, policies, limitRanges } = live.cluster;
  for (const { labels } of [namespaces, profiles, roleBindings, clusterRoleBindings, policies, limitRanges].flat()) {
    for (const key of ["app.kubernetes.io/managed-by", "prokube-access/stack"]) Reflect.deleteProperty(labels, key);
  }
  for (const [name, { Statement = [] }] of Object.entries(live.store.policies)) {
    if (name.startsWith("prokube-access:")) Reflect.deleteProperty(live.store.policies, name);
    else for (const statement of Statement) Reflect.deleteProperty(statement, "Sid");
  }
  return live;
}

type Cell = Pick<EffectiveAccess, "user" | "workspace" | "kubernetes" | "network" | "storage">;

const cells = ({ access }: Plan): Cell[] =>
  access.map(({ user, workspace, kubernetes, network, storage }) => ({
    user,
    workspace,
    ...(kubernetes && { kubernetes }),
    ...(network && { network }),
    ...(storage && { storage }),
  }));

const about = (remarks: Imported["leftOut"]): string[] => remarks.map((remark) => `${remark.about}: ${remark.why}`);

function why(remarks: Imported["leftOut"], what: string): string {
  const found = remarks.find((remark) => remark.about === what);
  assert.ok(found, `${what} is named; found:\n${about(remarks).join("\n")}`);
  return found.why;
}

/** What a converged platform always has that is not this program's. */
const theirs = ["nobodys", "somebody-elses", "mlflow"];
const news = (remarks: Imported["leftOut"]): string[] =>
  about(remarks).filter((text) => !theirs.some((one) => text.includes(one)));

test("a converged platform comes back as its files, with the same access and nothing left out", () => {
  const { files: texts, leftOut, less, beside, arrivals } = imported();
  assert.deepEqual(news(leftOut), []);
  assert.deepEqual([less, beside, arrivals], [[], [], []]);
  assert.deepEqual(ours(texts.keys()), [
    "platform.yaml",
    "users/alice.yaml",
    "users/bob.yaml",
    "users/carol.yaml",
    "groups/data-science.yaml",
    "workspaces/team-a.yaml",
  ]);
  assert.equal(
    texts.get("workspaces/team-a.yaml"),
    [
      "# yaml-language-server: $schema=../../schema/workspaces.json",
      "name: team-a",
      "description: Forecasting",
      'quota: { cpu: "100", memory: 500Gi, pods: "50" }',
      "limits:",
      "  default: { cpu: 800m, memory: 512Mi }",
      "  defaultRequest: { cpu: 500m, memory: 256Mi }",
      "members:",
      "  - user: alice",
      "    role: edit",
      "  - group: data-science",
      "    role: view",
      "    notebooksAccess: false",
      "storage:",
      "  - user: carol",
      "    role: view",
      "adopt: true",
      "",
    ].join("\n"),
  );
  assert.equal(
    texts.get("users/alice.yaml"),
    [
      "# yaml-language-server: $schema=../../schema/users.json",
      "username: alice",
      "email: alice@example.com",
      "workspace: true",
      "adopt: true",
      "",
    ].join("\n"),
  );
  assert.equal(
    texts.get("platform.yaml"),
    [
      "# yaml-language-server: $schema=../schema/platform.json",
      "domain: cluster.example.com",
      "realm: prokube",
      "provisioning: program",
      "owner: admin@example.com",
      "masterAdmins: [root-1, root-2]",
      "realmRoles:",
      "  - name: somebody-elses",
      "    existing: true",
      "",
    ].join("\n"),
  );
  assert.deepEqual(cells(planOf(texts)), cells(original()));
});

test("the stacks of this repository come back with the same access", () => {
  for (const stack of ["dev", "prod"]) {
    const state = loadDesiredState(`stacks/${stack}`);
    const plan = resolve(state, day);
    const { files: texts } = importState(convergedSnapshot(plan, stack), { ...options, stack });
    const again = planOf(texts);
    assert.deepEqual(cells(again), cells(plan), stack);
    assert.deepEqual(
      again.clusterAccess.map(({ user, level }) => ({ user, level })),
      plan.clusterAccess.map(({ user, level }) => ({ user, level })),
    );
    assert.deepEqual(
      again.users.flatMap(({ username, admin }) => (username === "nobodys" ? [] : [{ username, admin }])),
      plan.users.map(({ username, admin }) => ({ username, admin })),
    );
  }
});

/** A world of its own with a few days behind it. */
function world(seed: number): Map<string, string> {
  const random = new Random(seed);
  let one = newWorld("w", random, day);
  for (let edits = random.below(5); edits > 0; edits--) one = editedWorld(one, random, day);
  const platform = `domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n${clusterAccessOf([one])}`;
  return new Map([["platform.yaml", platform], ...filesOf(one)]);
}

test("whatever the files were, the import of what they come to gives the same access", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const plan = planOf(world(seed));
      const { files: texts, leftOut, less } = importState(convergedSnapshot(plan, "dev"), options);
      assert.deepEqual(cells(planOf(texts)), cells(plan));
      assert.deepEqual([news(leftOut), less], [[], []]);
    }),
    { numRuns: 150 },
  );
});

test("the same on a platform that people made by hand: taken over without a change", () => {
  const { files: texts, leftOut, less, beside } = byHand();
  assert.deepEqual([news(leftOut), less, beside], [[], [], []]);
  assert.deepEqual(cells(planOf(texts)), cells(original()));
  for (const [path, text] of texts) if (path !== "platform.yaml") assert.match(text, /^adopt: true$/m, path);
});

test("the result does not depend on the order in which the planes tell", () => {
  const live = convergedSnapshot(original(), "dev");
  const { files: texts, leftOut } = importState(live, options);
  const random = new Random(7);
  const { realm, cluster, store } = live;
  const shuffled: Live = {
    realm: {
      users: random.shuffled(realm.users),
      groups: random.shuffled(realm.groups.map((one) => ({ ...one, members: random.shuffled(one.members) }))),
      roles: random.shuffled(realm.roles.map((one) => ({ ...one, users: random.shuffled(one.users) }))),
    },
    cluster: {
      namespaces: random.shuffled(cluster.namespaces),
      profiles: random.shuffled(cluster.profiles),
      roleBindings: random.shuffled(cluster.roleBindings),
      clusterRoleBindings: random.shuffled(cluster.clusterRoleBindings),
      policies: random.shuffled(cluster.policies),
      limitRanges: random.shuffled(cluster.limitRanges),
    },
    store: { ...store, buckets: random.shuffled(store.buckets) },
  };
  const again = importState(shuffled, options);
  assert.deepEqual([...again.files], [...texts]);
  assert.deepEqual(again.leftOut, leftOut);
});

// What somebody has now, read from the planes themselves and not as the import reads them.

const gateway = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";
const pipelines = "cluster.local/ns/kubeflow/sa/ml-pipeline-ui";
const rank = { none: 0, view: 1, pipelines: 1, edit: 2, full: 2 };

function tokenOf({ realm }: Live, username: string): Set<string> {
  const token = new Set(realm.roles.flatMap(({ name, users }) => (users.includes(username) ? [name] : [])));
  for (const { path, members } of realm.groups) {
    if (!members.includes(username)) continue;
    for (const group of realm.groups) {
      if (path === group.path || path.startsWith(`${group.path}/`)) group.roles.forEach((role) => token.add(role));
    }
  }
  for (let size = -1; size !== token.size;) {
    size = token.size;
    for (const role of realm.roles) if (token.has(role.name)) role.composites.forEach((part) => token.add(part));
  }
  return token;
}

function ranksNow(live: Live, username: string, workspace: string): { k: number; n: number; s: number } {
  const user = live.realm.users.find((one) => one.username === username);
  if (!user?.enabled) return { k: 0, n: 0, s: 0 };
  const token = tokenOf(live, username);
  const levels = live.cluster.roleBindings
    .filter(({ namespace, subjects }) => {
      const isMeant = ({ kind, name }: (typeof subjects)[number]) =>
        kind === "User" ? name === user.email : kind === "Group" && token.has(name);
      return namespace === workspace && subjects.some(isMeant);
    })
    .map(({ role }) => ({ "kubeflow-admin": 2, "kubeflow-edit": 2, "kubeflow-view": 1 })[role.name] ?? 0);
  const policies = live.cluster.policies.map(({ name, namespace, spec }) => ({ metadata: { name, namespace }, spec }));
  const reaches = (principal: string) =>
    isAllowed(
      policies.filter(({ metadata }) => metadata.namespace === workspace),
      {
        namespace: workspace,
        principal,
        headers: { "kubeflow-userid": user.email },
      },
    );
  const statements = [...token].flatMap((role) => live.store.policies[role]?.Statement ?? []);
  const may = (action: string) =>
    statements.some(
      ({ Effect, Action = [], Resource = [] }) =>
        Effect === "Allow" &&
        (Action.includes(action) || Action.includes("s3:*")) &&
        [`arn:aws:s3:::${workspace}-data/*`, "arn:aws:s3:::*"].some((arn) => Resource.includes(arn)),
    );
  return {
    k: Math.max(0, ...levels),
    n: reaches(gateway) ? 2 : reaches(pipelines) ? 1 : 0,
    s: may("s3:PutObject") ? 2 : may("s3:GetObject") ? 1 : 0,
  };
}

/** One thing that somebody did to a platform by hand. */
function disturbed(live: Live, random: Random): void {
  const { realm, cluster, store } = live;
  const workspaceRoles = realm.roles.filter(({ name }) => name.startsWith("pk:"));
  const pick = <T>(items: T[]): T => random.pick(items as [T, ...T[]]);
  const people = realm.users.filter(({ email }) => email.startsWith("w-"));
  const members = cluster.roleBindings.filter(({ name }) => /^(?:pk-|user-)/.test(name));
  const policies = cluster.policies.filter(({ name }) => name.startsWith("pk-"));
  const acts: (() => unknown)[] = [
    () => (pick(workspaceRoles).composites = []),
    () => pick(workspaceRoles).composites.push(pick(workspaceRoles).name),
    () => pick(workspaceRoles).users.push(pick(people).username),
    () => (pick(workspaceRoles).users = []),
    () => pick(realm.groups).roles.push(pick(workspaceRoles).name),
    () => (pick(realm.groups).roles = []),
    () => pick(realm.groups).members.push(pick(people).username),
    () => (pick(realm.groups).members = []),
    () => cluster.roleBindings.splice(cluster.roleBindings.indexOf(pick(members)), 1),
    () => (pick(members).role.name = pick(["kubeflow-edit", "kubeflow-view", "kubeflow-admin", "view"])),
    () => (pick(members).subjects = [{ kind: "User", name: pick(people).email }]),
    () => pick(members).subjects.push({ kind: "User", name: pick(people).email }),
    () => policies.length > 0 && cluster.policies.splice(cluster.policies.indexOf(pick(policies)), 1),
    () =>
      policies.length > 0 && (pick(policies).spec = { rules: [{ from: [{ source: { principals: [pipelines] } }] }] }),
    () => (pick(people).email = pick(["", "Upper@example.com", pick(people).email])),
    () => (pick(people).enabled = random.chance(0.5)),
    () => Reflect.deleteProperty(store.policies, pick(Object.keys(store.policies))),
    () => (store.policies[pick(workspaceRoles).name] = { Statement: [] }),
    () => (store.buckets = store.buckets.filter(() => random.chance(0.5))),
    () => (pick(cluster.profiles).owner = "somebody@example.com"),
    () => (pick(cluster.profiles).quota["nonsense"] = "1"),
    () => cluster.namespaces.pop(),
  ];
  pick(acts)();
}

/** The planes after the first update, as far as roles give anything: everybody carries what seed 001 says. */
function updated(live: Live, plan: Plan): Live {
  const next = structuredClone(live);
  const { realm, cluster, store } = next;
  for (const name of [
    ...plan.workspaces.map((one) => one.name),
    ...plan.users.flatMap((one) => one.personalWorkspace?.name ?? []),
  ]) {
    const parts: Record<string, string[]> = {
      [`pk:${name}`]: [`pk:edit:${name}`, `pk:view:${name}`, `pk:s3:edit:${name}`],
      [`pk:edit:${name}`]: [`pk:s3:edit:${name}`],
      [`pk:view:${name}`]: [`pk:s3:view:${name}`],
      [`pk:s3:edit:${name}`]: [],
      [`pk:s3:view:${name}`]: [],
    };
    for (const [role, composites] of Object.entries(parts)) {
      const before = realm.roles.find((one) => one.name === role);
      const rest = before ?? { id: role, name: role, description: "", attributes: {} };
      const given = plan.users.flatMap(({ username, roles }) => (roles.includes(role) ? [username] : []));
      realm.roles = realm.roles.filter((one) => one.name !== role);
      realm.roles.push({ ...rest, composites, users: [...(before?.users ?? []), ...given] });
      for (const group of plan.groups) {
        if (group.roles.includes(role)) realm.groups.find((one) => one.path === `/${group.name}`)?.roles.push(role);
      }
    }
    for (const level of ["edit", "view"] as const) {
      const subject = { kind: "Group" as const, name: `pk:${level}:${name}` };
      cluster.roleBindings.push({ ...kfam(`pk-${level}`, `kubeflow-${level}`), namespace: name, subjects: [subject] });
      const Action = level === "edit" ? ["s3:GetObject", "s3:PutObject"] : ["s3:GetObject"];
      const Resource = [`arn:aws:s3:::${name}-data/*`];
      store.policies[`pk:s3:${level}:${name}`] = { Statement: [{ Effect: "Allow", Action, Resource }] };
    }
  }
  return next;
}

test("whatever people did to the planes, the files are sound, pass the preview and give nobody more", () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (seed, isMarked) => {
      const random = new Random(seed);
      const plan = planOf(world(seed));
      if (plan.workspaces.length === 0) return;
      const live = isMarked ? convergedSnapshot(plan, "dev") : unmarked(convergedSnapshot(plan, "dev"));
      for (let count = 1 + random.below(4); count > 0; count--) disturbed(live, random);
      const { files: texts } = importState(live, options);
      const after = planOf(texts);
      takeover(after, inventoryOf(live, "prokube"), "dev");
      for (const { user, workspace, kubernetes, network, storage } of after.access) {
        const now = ranksNow(live, user, workspace);
        const where = `${user} in ${workspace}: ${JSON.stringify(now)}\n${texts.get(`workspaces/${workspace}.yaml`) ?? ""}`;
        assert.ok(rank[kubernetes ?? "none"] <= now.k, `Kubernetes of ${where}`);
        assert.ok(rank[network ?? "none"] <= now.n, `network of ${where}`);
        if (live.store.buckets.includes(`${workspace}-data`)) {
          assert.ok(rank[storage ?? "none"] <= now.s, `S3 of ${where}`);
        }
      }
      const next = updated(live, after);
      for (const { username } of live.realm.users) {
        for (const { name } of [...after.workspaces, ...after.users.flatMap((one) => one.personalWorkspace ?? [])]) {
          const [now, then] = [ranksNow(live, username, name), ranksNow(next, username, name)];
          assert.ok(then.k <= now.k, `Kubernetes of ${username} in ${name} by roles`);
          if (live.store.buckets.includes(`${name}-data`)) {
            assert.ok(then.s <= now.s, `S3 of ${username} in ${name} by roles`);
          }
        }
      }
    }),
    { numRuns: 150 },
  );
});

const kfam = (name: string, role: string, ...addresses: string[]) => ({
  name,
  namespace: "team-a",
  labels: {},
  annotations: {},
  role: { kind: "ClusterRole" as const, name: role },
  subjects: addresses.map((address) => ({ kind: "User" as const, name: address })),
});

const letsIn = (name: string, ...addresses: string[]) => ({
  name,
  namespace: "team-a",
  labels: {},
  annotations: {},
  spec: {
    rules: [
      {
        from: [{ source: { principals: [gateway, pipelines] } }],
        when: [{ key: "request.headers[kubeflow-userid]", values: addresses }],
      },
    ],
  },
});

const binding = (live: Live, name: string) => {
  const found = live.cluster.roleBindings.find((one) => one.namespace === "team-a" && one.name === name);
  assert.ok(found);
  return found;
};
const role = (live: Live, name: string) => {
  const found = live.realm.roles.find((one) => one.name === name);
  assert.ok(found);
  return found;
};
const account = (live: Live, name: string) => {
  const found = live.realm.users.find((one) => one.username === name);
  assert.ok(found);
  return found;
};
const membersIn = ({ files: texts }: Imported): string[] =>
  (planOf(texts).workspaces.find(({ name }) => name === "team-a")?.contributors ?? []).map(
    ({ username, level }) => `${username} ${level}`,
  );

test("what a binding gives above the role is named, and the file says the lower", () => {
  const result = byHand((live) => {
    live.cluster.roleBindings.push(kfam("user-bob-example-com-clusterrole-edit", "kubeflow-edit", "bob@example.com"));
  });
  assert.deepEqual(membersIn(result), ["alice edit", "bob view"]);
  assert.equal(
    why(result.less, 'user "bob" in team-a'),
    "has edit in Kubernetes, the network without notebooks, view in S3; the files say view in Kubernetes, the network without notebooks, view in S3.",
  );
});

test("access on one plane alone is no membership", () => {
  const onlyBound = byHand((live) => {
    live.cluster.roleBindings.push(
      kfam("user-carol-example-com-clusterrole-view", "kubeflow-view", "carol@example.com"),
    );
  });
  assert.ok(!membersIn(onlyBound).includes("carol view"));
  assert.match(
    why(onlyBound.less, 'user "carol" in team-a'),
    /^has view in Kubernetes, view in S3; the files say view in S3/,
  );

  const bothButS3 = byHand(
    (live) => {
      live.cluster.roleBindings.push(
        kfam("user-dave-example-com-clusterrole-view", "kubeflow-view", "dave@example.com"),
      );
      live.cluster.policies.push(letsIn("user-dave-example-com-clusterrole-view", "dave@example.com"));
    },
    { "users/dave.yaml": "username: dave\nemail: dave@example.com\n" },
  );
  assert.ok(!membersIn(bothButS3).includes("dave view"));
  assert.match(why(bothButS3.less, 'user "dave" in team-a'), /with notebooks; the files say nothing/);

  const noBuckets = byHand(
    (live) => {
      live.store.buckets = [];
      for (const one of live.cluster.policies) one.name = one.name.replace(/^pk-/, "by-hand-");
      live.cluster.roleBindings.push(
        kfam("user-dave-example-com-clusterrole-view", "kubeflow-view", "dave@example.com"),
      );
      live.cluster.policies.push(letsIn("user-dave-example-com-clusterrole-view", "dave@example.com"));
    },
    { "users/dave.yaml": "username: dave\nemail: dave@example.com\n" },
  );
  assert.ok(membersIn(noBuckets).includes("dave view"), "there is nothing in S3 yet that it could be more of");
  assert.deepEqual(noBuckets.less, []);
  assert.match(
    why(noBuckets.beside, "AuthorizationPolicy team-a/user-dave-example-com-clusterrole-view"),
    /lets in dave@example\.com\. The program's own are pk-members and pk-members-without-notebooks; delete this one\./,
  );
});

const unsaid: readonly (readonly [what: string, spoil: (live: Live) => void, about: string, reason: RegExp])[] = [
  [
    "a binding with two subjects",
    (live) => live.cluster.roleBindings.push(kfam("both", "kubeflow-view", "bob@example.com", "carol@example.com")),
    "RoleBinding team-a/both",
    /^gives ClusterRole kubeflow-view to User bob@example\.com, User carol@example\.com, which no file can say/,
  ],
  [
    "a binding to another role",
    (live) => live.cluster.roleBindings.push(kfam("admin", "kubeflow-admin", "bob@example.com")),
    "RoleBinding team-a/admin",
    /kubeflow-admin to User bob@example\.com, which no file can say/,
  ],
  [
    "a binding to a group that is no role of the workspace",
    (live) =>
      live.cluster.roleBindings.push({
        ...kfam("all", "kubeflow-view"),
        subjects: [{ kind: "Group", name: "system:authenticated" }],
      }),
    "RoleBinding team-a/all",
    /to Group system:authenticated, which no file can say/,
  ],
  [
    "a policy with paths",
    (live) =>
      live.cluster.policies.push({ ...letsIn("paths"), spec: { rules: [{ to: [{ operation: { paths: ["/x"] } }] }] } }),
    "AuthorizationPolicy team-a/paths",
    /says something that no file can say/,
  ],
  [
    "a policy with a wildcard",
    (live) => live.cluster.policies.push(letsIn("wild", "*@example.com")),
    "AuthorizationPolicy team-a/wild",
    /says something that no file can say/,
  ],
  [
    "a policy about another header",
    (live) => {
      const policy = letsIn("header", "bob@example.com");
      const [rule] = policy.spec.rules;
      for (const condition of rule?.when ?? []) condition.key = "request.headers[x-user]";
      live.cluster.policies.push(policy);
    },
    "AuthorizationPolicy team-a/header",
    /says something that no file can say/,
  ],
  [
    "a policy that lets in what others send as well",
    (live) => {
      const policy = letsIn("anybody", "bob@example.com");
      const [rule] = policy.spec.rules;
      for (const { source } of rule?.from ?? []) source.principals.push("cluster.local/ns/x/sa/y");
      live.cluster.policies.push(policy);
    },
    "AuthorizationPolicy team-a/anybody",
    /says something that no file can say/,
  ],
  [
    "access of an address that nobody has",
    (live) => live.cluster.roleBindings.push(kfam("user-x-y-clusterrole-view", "kubeflow-view", "x@y.example")),
    "access of x@y.example in team-a",
    /^view in Kubernetes: nobody with a file has this address\.$/,
  ],
  [
    "an account without an address",
    (live) => (account(live, "carol").email = ""),
    'account "carol"',
    /^has no e-mail address/,
  ],
  [
    "an address with upper-case letters",
    (live) => (account(live, "carol").email = "Carol@example.com"),
    'account "carol"',
    /"Carol@example\.com" with upper-case letters: Keycloak folds case, Kubernetes and the mesh do not/,
  ],
  [
    "an address that is no plain one",
    (live) => (account(live, "carol").email = "carol smith@example.com"),
    'account "carol"',
    /which is no plain one/,
  ],
  [
    "two accounts with one address",
    (live) => (account(live, "nobodys").email = "carol@example.com"),
    'account "carol"',
    /^shares the e-mail address carol@example\.com with account "nobodys"/,
  ],
  [
    "a username that means something elsewhere",
    (live) => {
      account(live, "nobodys").username = "no:body";
      for (const one of [...live.realm.groups]) one.members = one.members.filter((member) => member !== "nobodys");
    },
    'account "no:body"',
    /^user name "no:body" is not allowed/,
  ],
  [
    "an account of a directory",
    (live) => (account(live, "nobodys").directoryId = "ldap"),
    'account "nobodys"',
    /^lives in a directory/,
  ],
  [
    "an account of another stack",
    (live) => (account(live, "nobodys").attributes = { "managed-by": ["prokube-access"], stack: ["prod"] }),
    'account "nobodys"',
    /^belongs to stack "prod"/,
  ],
  [
    "an account outside the users' group, where that gives something",
    (live) => {
      const group = live.realm.groups.find(({ name }) => name === "pk-user");
      group?.roles.push("somebody-elses");
    },
    'account "nobodys"',
    /^is not in group pk-user, whose realm roles \(somebody-elses\) it would get/,
  ],
  [
    "a group with spaces in its name",
    (live) =>
      live.realm.groups.push({
        id: "9",
        name: "The Makers",
        path: "/The Makers",
        attributes: {},
        roles: [],
        members: ["bob"],
      }),
    'group "The Makers"',
    /^group name "The Makers" is not allowed/,
  ],
  [
    "a group inside another one",
    (live) =>
      live.realm.groups.push({
        id: "9",
        name: "in",
        path: "/data-science/in",
        attributes: {},
        roles: [],
        members: ["carol"],
      }),
    'group "data-science/in"',
    /^lies inside another group/,
  ],
  [
    "a Profile of another owner",
    (live) => {
      for (const one of live.cluster.profiles) if (one.name === "team-a") one.owner = "bob@example.com";
    },
    'workspace "team-a"',
    /^its Profile is owned by bob@example\.com, not admin@example\.com/,
  ],
  [
    "a Profile that no workspace may be called like",
    (live) => {
      const [first] = live.cluster.profiles;
      assert.ok(first);
      live.cluster.profiles.push({ ...first, name: "kubeflow" });
    },
    'workspace "kubeflow"',
    /is reserved/,
  ],
  [
    "a Profile without its namespace",
    (live) => (live.cluster.namespaces = live.cluster.namespaces.filter(({ name }) => name !== "team-a")),
    'workspace "team-a"',
    /^has a Profile but no namespace/,
  ],
  [
    "a namespace of another stack",
    (live) => {
      for (const one of live.cluster.namespaces) {
        if (one.name === "team-a")
          one.labels = { "app.kubernetes.io/managed-by": "prokube-access", "prokube-access/stack": "prod" };
      }
    },
    'workspace "team-a"',
    /^belongs to stack "prod"/,
  ],
  [
    "a quota key that Kubernetes does not know",
    (live) => {
      for (const one of live.cluster.profiles) if (one.name === "team-a") one.quota = { teapots: "1" };
    },
    'workspace "team-a"',
    /"teapots" is not a quota key/,
  ],
  [
    "a LimitRange with more than defaults",
    (live) => live.cluster.limitRanges[0]?.limits.push({ type: "Pod", default: {}, defaultRequest: {} }),
    'workspace "team-a"',
    /^its LimitRange cpu-mem-limit-range says more/,
  ],
  [
    "a LimitRange with a maximum",
    (live) => {
      for (const one of live.cluster.limitRanges)
        one.limits = one.limits.map((limits) => ({ ...limits, more: ["max"] }));
    },
    'workspace "team-a"',
    /^its LimitRange cpu-mem-limit-range says more/,
  ],
  [
    "a role with other parts",
    (live) => (role(live, "pk:edit:team-a").clientRoles = ["manage-users"]),
    'workspace "team-a"',
    /^realm role pk:edit:team-a has the parts manage-users, which would be lost/,
  ],
  [
    "a role whose parts are missing, so that its holders would come by more",
    (live) => (role(live, "pk:edit:team-a").composites = []),
    'workspace "team-a"',
    /account "alice" would come by more: it has edit in Kubernetes, the network with notebooks/,
  ],
  [
    "roles without a Profile",
    (live) => live.realm.roles.push({ ...role(live, "somebody-elses"), name: "pk:view:gone" }),
    'realm role "pk:view:gone"',
    /^belongs to no workspace/,
  ],
  [
    "a realm role with a name of Keycloak's or MinIO's",
    (live) => live.realm.roles.push({ ...role(live, "somebody-elses"), name: "readwrite" }),
    'realm role "readwrite"',
    /is reserved.*Whoever holds it keeps it\.$/,
  ],
  [
    "a policy of MinIO that a realm role is called like",
    (live) => live.realm.roles.push({ ...role(live, "somebody-elses"), name: "readwrite" }),
    'S3 policy "readwrite"',
    /goes to whoever holds the realm role of that name/,
  ],
  [
    "a user of MinIO itself",
    (live) => (live.store.users["backup"] = { enabled: true, policies: ["readonly"] }),
    'MinIO user "backup"',
    /^has readonly/,
  ],
  [
    "a bucket that lets people in without a login",
    (live) => (live.store.bucketPolicies = { "team-a-data": { Statement: [] } }),
    'bucket "team-a-data"',
    /without a login/,
  ],
  [
    "a right in the whole cluster",
    (live) => live.cluster.clusterRoleBindings.push({ ...kfam("root", "cluster-admin", "bob@example.com") }),
    "ClusterRoleBinding root",
    /cluster-admin to User bob@example\.com, which no file can say/,
  ],
  [
    "a required action that no file can name",
    (live) => (account(live, "carol").requiredActions = ["CONFIGURE_TOTP", "delete_account"]),
    'account "carol"',
    /required action delete_account/,
  ],
];
for (const [what, spoil, about, reason] of unsaid) {
  test(`${what} is left out, with the reason`, () => {
    const result = byHand(spoil);
    assert.match(why(result.leftOut, about), reason);
    assert.ok(![...byHand().leftOut].some((remark) => remark.about === about), "and only then");
  });
}

test("what a preview would refuse is left out with what it would say", () => {
  const stranger = byHand((live) => role(live, "pk:view:team-a").users.push("carol", "alice"));
  assert.ok(!stranger.files.has("workspaces/team-a.yaml"));
  assert.match(
    why(stranger.leftOut, 'workspace "team-a"'),
    /realm role "pk:view:team-a" belongs to user carol, user alice too/,
  );

  const document = byHand((live) => {
    const [statement] = live.store.policies["pk:s3:view:team-a"]?.Statement ?? [];
    assert.ok(statement);
    statement.Action = ["s3:GetBucketLocation", "s3:GetBucketTagging", "s3:ListBucket"];
  });
  assert.ok(!document.files.has("workspaces/team-a.yaml"));
  assert.match(
    why(document.leftOut, 'workspace "team-a"'),
    /adopting S3 policy "pk:s3:view:team-a" would change its access/,
  );

  const group = byHand((live) => (account(live, "bob").email = ""));
  assert.ok(!group.files.has("groups/data-science.yaml"));
  assert.match(why(group.leftOut, 'group "data-science"'), /belongs to user bob too/);
});

test("a personal workspace is known by its record, or by its name and role", () => {
  assert.match(imported().files.get("users/alice.yaml") ?? "", /^workspace: true$/m);
  assert.match(byHand().files.get("users/alice.yaml") ?? "", /^workspace: true$/m);
  const named = { "users/alice.yaml": "username: alice\nemail: alice@example.com\nworkspace: { name: home }\n" };
  assert.match(imported(undefined, named).files.get("users/alice.yaml") ?? "", /^workspace: \{ name: home \}$/m);

  const lost = byHand((live) => (role(live, "pk:alice").users = []));
  assert.doesNotMatch(lost.files.get("users/alice.yaml") ?? "", /workspace/);
  assert.ok(lost.files.has("workspaces/alice.yaml"), "otherwise it is shared");

  const others = byHand((live) => {
    live.cluster.roleBindings.push({
      ...kfam("user-bob-example-com-clusterrole-view", "kubeflow-view", "bob@example.com"),
      namespace: "alice",
    });
  });
  assert.match(why(others.less, 'user "bob" in alice'), /has view in Kubernetes; the files say nothing/);

  const gone = byHand((live) => (account(live, "alice").email = ""));
  assert.ok(!gone.files.has("workspaces/alice.yaml") && !gone.files.has("users/alice.yaml"));
});

test("a contributor binding of another name is taken for what it gives, and named", () => {
  const { files: texts, beside } = byHand(
    (live) => (binding(live, "user-bob-example-com-clusterrole-view").name = "bobs"),
  );
  assert.deepEqual(cells(planOf(texts)), cells(original()));
  assert.match(
    why(beside, "RoleBinding team-a/bobs"),
    /The program's own is user-bob-example-com-clusterrole-view; delete this one/,
  );
});

test("two members whose bindings would share a name are not both written", () => {
  const changes = {
    "users/dave.yaml": "username: dave\nemail: b.ob@example.com\n",
    "users/eve.yaml": "username: eve\nemail: b-ob@example.com\n",
  };
  const result = byHand((live) => {
    live.store.buckets = [];
    for (const address of ["b.ob@example.com", "b-ob@example.com"]) {
      live.cluster.roleBindings.push(kfam(`by-hand-${address.slice(0, 4)}`, "kubeflow-view", address));
      live.cluster.policies.push(letsIn(`by-hand-${address.slice(0, 4)}`, address));
    }
  }, changes);
  assert.match(why(result.leftOut, 'workspace "team-a"'), /both become "user-b-ob-example-com"/);
});

test("settings follow what is there: owner, mesh, labels, groups, roles, cluster-wide grants", () => {
  const platform = [
    "domain: other.example.com",
    "masterAdmins: [a, b]",
    "owner: owner@example.org",
    "istio: { userIdHeader: x-user, userIdPrefix: 'accounts:', gatewayPrincipal: cluster.local/ns/edge/sa/gw }",
    "namespaceLabels: { team: ml }",
    "platformGroups: { adminRoles: [grafana-admin] }",
    "realmRoles: [{ name: grafana-admin, description: Sees all }, { name: viewer, existing: true }]",
    "clusterAccess: [{ user: carol, role: admin }, { user: bob, role: edit }]",
    "",
  ].join("\n");
  const changes = {
    "platform.yaml": platform,
    "groups/data-science.yaml": "name: data-science\nmembers: [alice, bob]\nroles: [viewer]\n",
  };
  const { files: texts } = imported(undefined, changes);
  assert.equal(
    texts.get("platform.yaml"),
    [
      "# yaml-language-server: $schema=../schema/platform.json",
      "domain: cluster.example.com",
      "realm: prokube",
      "provisioning: program",
      "owner: owner@example.org",
      "masterAdmins: [root-1, root-2]",
      "platformGroups:",
      "  adminRoles: [grafana-admin]",
      "istio:",
      "  userIdHeader: x-user",
      '  userIdPrefix: "accounts:"',
      "  gatewayPrincipal: cluster.local/ns/edge/sa/gw",
      "namespaceLabels: { team: ml }",
      "realmRoles:",
      "  - name: grafana-admin",
      "    description: Sees all",
      "  - name: somebody-elses",
      "    existing: true",
      "  - name: viewer",
      "    existing: true",
      "clusterAccess:",
      "  - user: bob",
      "    role: edit",
      "  - user: carol",
      "    role: admin",
      "",
    ].join("\n"),
  );
  assert.match(texts.get("groups/data-science.yaml") ?? "", /^roles: \[viewer\]$/m);
  assert.match(
    imported(undefined, changes, { owner: "x@example.com" })
      .leftOut.map(({ why: text }) => text)
      .join(),
    /not x@example\.com/,
  );
});

test("nobody may log in as the owner", () => {
  assert.throws(
    () => imported(undefined, {}, { owner: "alice@example.com" }),
    (error) => error instanceof ImportRefused && /alice@example\.com is to own every Profile/.test(error.message),
  );
});

test("a LimitRange that comes new is told", () => {
  const { arrivals } = byHand((live) => (live.cluster.limitRanges = []));
  assert.match(
    why(arrivals, "LimitRange team-a/cpu-mem-limit-range"),
    /comes new, because the quota limits cpu or memory: 800m and 512Mi/,
  );
});

const hostile = [
  'a: "b"',
  "x # comment",
  "- dash",
  "{flow}",
  "[ list ]",
  "yes",
  "null",
  "~",
  "2027-03-31",
  "1e3",
  "0x10",
  "=",
  "!tag x",
  "&anchor",
  "*alias",
  "%directive",
  "@at",
  "`tick",
  "'",
  '"',
  "\\",
  "a\tb",
  "${HOME}",
  "<script>",
  "ünï",
  "🦄",
  " lead",
  "trail ",
  "x".repeat(255),
  "x".repeat(256),
  "two\nlines",
  "rtl\u202e",
  "",
  "__proto__",
  "constructor",
];
for (const text of hostile) {
  test(`people may write ${JSON.stringify(text).slice(0, 40)} where a file has one line`, () => {
    const result = imported((live) => {
      account(live, "carol").firstName = text;
      role(live, "pk:team-a").description = `Workspace team-a: ${text}`;
      for (const one of live.cluster.namespaces) if (one.name === "team-a") one.annotations["description"] = text;
    });
    const plan = planOf(result.files);
    const isLine = /^[^\p{Cc}\p{Cf}\u2028\u2029]{1,255}$/u.test(text);
    assert.equal(plan.users.find(({ username }) => username === "carol")?.firstName, isLine ? text : undefined);
    assert.equal(plan.workspaces[0]?.description, isLine ? text : undefined);
    assert.deepEqual(cells(plan), cells(original()));
  });
}

test("names that no file could be called like lead to no file", () => {
  for (const name of [
    "../../etc",
    "a/b",
    "..",
    ".hidden",
    "CON",
    "a\u0000b",
    "pk:edit",
    "*",
    "__proto__",
    "constructor",
    "",
  ]) {
    const result = byHand((live) => {
      live.realm.users.push({
        ...account(live, "nobodys"),
        id: `id ${name}`,
        username: name,
        email: "odd@example.com",
      });
      live.realm.groups.push({
        id: `group ${name}`,
        name,
        path: `/${name}`,
        attributes: {},
        roles: [],
        members: ["carol"],
      });
      const [profile] = live.cluster.profiles;
      const [namespace] = live.cluster.namespaces;
      assert.ok(profile && namespace);
      live.cluster.profiles.push({ ...profile, name });
      live.cluster.namespaces.push({ ...namespace, name });
    });
    for (const path of result.files.keys())
      assert.match(path, /^(?:platform|(?:users|groups|workspaces)\/[a-z0-9][a-z0-9._@+-]*)\.yaml$/);
    assert.deepEqual(
      cells(planOf(result.files)).filter(({ user }) => user !== name),
      cells(original()),
    );
  }
});

test("who is in a group inside another one has what that gives, on the planes that there are", () => {
  const inside = byHand(
    (live) => {
      const group = { id: "9", name: "in", path: "/data-science/in", attributes: {}, roles: [], members: ["dave"] };
      live.realm.groups.push(group);
    },
    { "users/dave.yaml": "username: dave\nemail: dave@example.com\n" },
  );
  assert.match(inside.files.get("workspaces/team-a.yaml") ?? "", /- user: dave\n {4}role: view\nadopt/);
  assert.match(
    why(inside.less, 'user "dave" in team-a'),
    /^has view in Kubernetes, view in S3; the files say view in S3\.$/,
  );
});

const level = (...statements: S3Document["Statement"] & object): string | undefined =>
  s3Level({ Statement: statements }, "team-a", ["team-a-data"]);
const all = { Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] };

test("a policy of S3 counts for what it surely gives", () => {
  const bucket = ["arn:aws:s3:::team-a-data", "arn:aws:s3:::team-a-data/*"];
  assert.equal(level(all), "edit");
  assert.equal(level({ ...all, Resource: bucket }), "edit");
  assert.equal(level({ ...all, Action: ["s3:Get*", "s3:List*"], Resource: bucket }), "view");
  assert.equal(level({ ...all, Action: "s3:*", Resource: "arn:aws:s3:::team-?-data*" }), "edit");
  assert.equal(level({ ...all, Condition: {} }), "edit");

  assert.equal(level(), undefined);
  assert.equal(level({ ...all, Resource: bucket.slice(1) }), undefined, "nobody could list it");
  assert.equal(level({ ...all, Resource: ["arn:aws:s3:::team-a-data", "arn:aws:s3:::team-a-data/mine/*"] }), undefined);
  assert.equal(level({ ...all, Resource: ["arn:aws:s3:::team-axdata*"] }), undefined);
  assert.equal(level({ ...all, Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } }), undefined);
  assert.equal(level(all, { ...all, Effect: "Deny", Resource: ["arn:aws:s3:::team-a-data/secret/*"] }), undefined);
  assert.equal(level(all, { Effect: "Deny" }), undefined);
  assert.equal(level(all, { ...all, Effect: "Deny", Action: ["s3:PutObject"] }), "view");
  assert.equal(level(all, { ...all, Effect: "Deny", Resource: ["arn:aws:s3:::team-b-data/*"] }), "edit");
  assert.equal(level({ Effect: "Allow", Action: ["s3:*"] }), undefined);
});

test("a deny by another realm role takes from what the workspace's roles give", () => {
  const denied = byHand((live) => {
    const resource = ["arn:aws:s3:::team-a-data/*"];
    live.store.policies["somebody-elses"] = { Statement: [{ Effect: "Deny", Action: ["s3:*"], Resource: resource }] };
    role(live, "somebody-elses").users.push("carol");
  });
  assert.match(why(denied.leftOut, 'workspace "team-a"'), /account "carol" would come by more: it has nothing/);
});
