import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { InputError } from "../../access/diagnostic.ts";
import { ledgerOf } from "../../access/ledger.ts";
import { type DesiredState, parseDesiredState } from "../../access/load.ts";
import { keyOf, plannedObjects } from "../../access/objects.ts";
import { changedIn, inRounds, nothingChanged } from "../../access/order.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { noActions, type Registered, recordRegistrations } from "../support/mocks.ts";

const recorder = await recordRegistrations();
const { createPlatform } = await import("../../components/platform.ts");
const { createHooks } = await import("../../components/hooks.ts");

const hooks = createHooks(noActions);
const secrets = { require: (name: string) => pulumi.secret(name) };

const names = ["ann", "ben", "cat", "dan"];
const level = fc.constantFrom("edit", "view");
const state = fc.constantFrom("active", "archived");
const crews = ["crew-a", "crew-b"];
const name = fc.constantFrom(...names);

/** One edit of one file: its path, and its text or undefined for none. */
const edit = fc.oneof(
  fc
    .record({ name, email: fc.constantFrom("a", "b"), state, workspace: fc.constantFrom(true, false, { name: "own" }) })
    .map(({ name, email, ...more }) => [
      `users/${name}.yaml`,
      JSON.stringify({ username: name, email: `${name}.${email}@example.com`, ...more }),
    ]),
  fc
    .record({
      name: fc.constantFrom("team-a", "team-b", "team-c", "cat"),
      state,
      role: level,
      members: fc.uniqueArray(name),
      crew: fc.option(fc.constantFrom(...crews)),
      keyVersion: fc.integer({ min: 1, max: 2 }),
    })
    .map(({ role, members, crew, ...more }) => [
      `workspaces/${more.name}.yaml`,
      JSON.stringify({
        ...more,
        members: [...members.map((user) => ({ user, role })), ...(crew === null ? [] : [{ group: crew, role }])],
      }),
    ]),
  fc
    .record({ name: fc.constantFrom(...crews), members: fc.uniqueArray(name) })
    .map((group) => [`groups/${group.name}.yaml`, JSON.stringify(group)]),
  fc
    .constantFrom(
      ...names.map((one) => `users/${one}.yaml`),
      ...["team-a", "team-b", "team-c", "cat"].map((one) => `workspaces/${one}.yaml`),
    )
    .map((path) => [path, undefined]),
) as fc.Arbitrary<[string, string | undefined]>;

function planOf(files: ReadonlyMap<string, string>): Plan | undefined {
  const platform = "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n";
  let desired: DesiredState;
  try {
    desired = parseDesiredState("env", new Map([["platform.yaml", platform], ...files]));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
  return resolve(desired, "2026-11-23");
}

const edits = 1000;
const plans: Plan[] = [];
fc.assert(
  fc.property(fc.array(edit, { minLength: 40, maxLength: 40 }), (sequence) => {
    const files = new Map<string, string>();
    for (const [path, text] of sequence) {
      const before = files.get(path);
      if (text === undefined) files.delete(path);
      else files.set(path, text);
      const plan = planOf(files);
      if (plan) plans.push(plan);
      // An edit that is refused is not made.
      else if (before === undefined) files.delete(path);
      else files.set(path, before);
    }
  }),
  { numRuns: 60, seed: 4711 },
);

/** The platform is empty. */
const nothingFound = {
  imports: new Map(),
  accounts: new Map(),
  usernames: new Map(),
  misnamed: [],
  lookups: new Map(),
  holdsOwner: true,
  notices: [],
  gatewayRevision: 0,
  dexRevision: 0,
  applicationFindings: [],
  guardsResets: false,
  ownFlows: [],
};

/** What each plan registers, in order, and what of it has to come first. */
const registered: Registered[][] = [];
const soon: ReadonlySet<string>[] = [];
{
  const all = recorder.all;
  for (const [index, plan] of plans.slice(0, edits + 1).entries()) {
    const before = plans[index - 1];
    const changed = before ? changedIn(ledgerOf(before), ledgerOf(plan)) : nothingChanged;
    const start = all.length;
    const keys = new Map(plan.users.map(({ username }) => [username, username]));
    const found = { ...nothingFound, keys };
    await createPlatform({ plan, changed, found, live: undefined, clientScopes: [], hooks, secrets }, {});
    await recorder.idle();
    registered.push(all.slice(start));
    const [{ workspaces, groups, users }] = inRounds(plan, changed, () => false);
    soon.push(
      new Set([
        ...workspaces.map(({ name }) => `Workspace ${name}`),
        ...groups.map(({ name }) => `Group ${name}`),
        ...users.map(({ username }) => `User ${username}`),
      ]),
    );
  }
}

const idOf = ({ type, parent, name }: Registered) => `${parent} ${type} ${name}`;

test("no plan of 1,000 random edits deletes a bucket or the record of one", () => {
  assert.ok(registered.length > edits, `${registered.length} plans`);
  let left = 0;
  for (const [index, after] of registered.entries()) {
    const kept = new Map(after.map((resource) => [idOf(resource), resource]));
    for (const resource of registered[index - 1] ?? []) {
      if (resource.type !== "minio:index/s3Bucket:S3Bucket" && !resource.name.endsWith("-bucket-record")) continue;
      assert.equal(resource.options["retainOnDelete"], true, resource.name);
      assert.equal(resource.inputs["forceDestroy"], undefined);
      const next = kept.get(idOf(resource));
      if (!next) left += 1;
      else assert.equal(next.inputs["bucket"], resource.inputs["bucket"], "a bucket is never replaced");
    }
  }
  assert.ok(left > 100, `${left} buckets and records were left behind`);
});

test("what has changed is registered before what has not", () => {
  let divided = 0;
  for (const [index, resources] of registered.entries()) {
    const names = resources
      .filter(({ type, parent }) => /^prokube:access:(Workspace|Group|User)$/.test(type) && parent === "")
      .map(({ type, name }) => `${type.split(":").at(-1) ?? ""} ${name}`);
    const isSoon = names.map((name) => soon[index]?.has(name) ?? false);
    const first = isSoon.indexOf(false);
    assert.ok(first === -1 || !isSoon.slice(first).includes(true), names.join(", "));
    if (first > 0) divided += 1;
  }
  assert.ok(divided > 100, `${divided} plans are divided`);
});

test("a binding with two subjects never appears, and a contributor's always has one", () => {
  const bindings = registered.flat().filter(({ type }) => type.endsWith("RoleBinding"));
  assert.ok(bindings.length > 1000);
  for (const { name, inputs } of bindings) assert.equal((inputs["subjects"] as unknown[]).length, 1, name);
});

const kinds: Readonly<Record<string, string>> = {
  "keycloak:index/role:Role": "realm role",
  "keycloak:index/group:Group": "group",
  "kubernetes:core/v1:ConfigMap": "ConfigMap",
  "kubernetes:core/v1:LimitRange": "LimitRange",
  "kubernetes:core/v1:Namespace": "namespace",
  "kubernetes:core/v1:Secret": "Secret",
  "kubernetes:kubeflow.org/v1:Profile": "Profile",
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": "ClusterRoleBinding",
  "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": "RoleBinding",
  "kubernetes:security.istio.io/v1:AuthorizationPolicy": "AuthorizationPolicy",
  "minio:index/iamPolicy:IamPolicy": "S3 policy",
  "minio:index/iamUser:IamUser": "S3 user",
  "minio:index/s3Bucket:S3Bucket": "bucket",
};

/** The names under which a resource will be on the platform, as an inventory has them. */
function liveKey({ type, inputs }: Registered): string[] {
  const kind = kinds[type];
  if (kind === undefined) return [];
  const { name, namespace } = (inputs["metadata"] ?? {}) as { name?: string; namespace?: string };
  const plain = (inputs["bucket"] ?? inputs["name"] ?? name) as string;
  return [`${kind} ${namespace === undefined ? plain : `${namespace}/${plain}`}`];
}

test("the look at the platform asks about exactly the objects that are then made", () => {
  for (const [index, resources] of registered.entries()) {
    const plan = plans[index];
    assert.ok(plan);
    assert.deepEqual(resources.flatMap(liveKey).toSorted(), plannedObjects(plan).map(keyOf).toSorted());
  }
});
