import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  contributorBindingName,
  emailPattern,
  applicationNameProblem,
  groupNameProblem,
  usernameProblem,
  workspaceBuckets,
  workspaceNameProblem,
  workspaceRoles,
} from "../../access/names.ts";
import { s3Statements } from "../../access/s3Policy.ts";

test("names of a workspace are those of seed 001 and the design", () => {
  assert.deepEqual(workspaceRoles("team-a"), {
    identity: "pk:team-a",
    edit: "pk:edit:team-a",
    view: "pk:view:team-a",
    s3Edit: "pk:s3:edit:team-a",
    s3View: "pk:s3:view:team-a",
  });
  assert.deepEqual(workspaceBuckets("team-a"), { data: "team-a-data", mlpipeline: "team-a-mlpipeline" });
});

// kubeflow/dashboard, components/access-management/kfam/bindings_test.go; the last two follow from its rule.
const kfamVectors: readonly (readonly [email: string, level: "edit" | "view", name: string])[] = [
  ["lalith.397401@zq.msds.kp.org", "edit", "user-lalith-397401-zq-msds-kp-org-clusterrole-edit"],
  ["_x+y@a.b", "edit", "user-x-y-a-b-clusterrole-edit"],
  ["Alice@Example.com", "view", "user-alice-example-com-clusterrole-view"],
];
for (const [email, level, name] of kfamVectors) {
  test(`the contributor binding of ${email} is called as KFAM calls it`, () => {
    assert.equal(contributorBindingName(email, level), name);
  });
}

const workspaceName = fc
  .stringMatching(/^[a-z0-9][-a-z0-9]{0,51}$/)
  .filter((name) => workspaceNameProblem(name) === undefined);

test("role names say which workspace and which role they are, for every pair of workspaces", () => {
  fc.assert(
    fc.property(workspaceName, workspaceName, (a, b) => {
      fc.pre(a !== b);
      const [ofA, ofB] = [Object.values(workspaceRoles(a)) as string[], Object.values(workspaceRoles(b)) as string[]];
      assert.equal(new Set([...ofA, ...ofB]).size, 10);
    }),
    { numRuns: 2000 },
  );
});

test("what is made from the longest workspace name stays within every limit", () => {
  const name = "x".repeat(52);
  assert.equal(workspaceNameProblem(name), undefined);
  assert.ok(Object.values(workspaceBuckets(name)).every((bucket) => bucket.length <= 63));
  assert.ok(Object.values(workspaceRoles(name)).every((role: string) => role.length <= 96));
  assert.equal(workspaceNameProblem(`${name}x`)?.code, "name-too-long");
});

const hostile = [
  "",
  "*",
  "team*",
  "a,b",
  "x,consoleAdmin",
  "a/b",
  "/pk-admin",
  "..",
  "a b",
  " a",
  "a:b",
  "s3:edit",
  "$" + "{aws:username}",
  'a"b',
  "a\\b",
  "%2f",
  "a\nb",
  "a\u200bb",
  "\u0430lice",
  "\u202eabc",
  "system:masters",
  "ａlice",
  "-a",
  "a-",
];
for (const name of hostile) {
  test(`no plane meets the name ${JSON.stringify(name)}`, () => {
    assert.ok(workspaceNameProblem(name), "workspace");
    assert.ok(usernameProblem(name), "user");
    assert.ok(groupNameProblem(name), "group");
    assert.ok(!emailPattern.test(`${name}@example.com`) || /^[a-z0-9-]+$/.test(name), "e-mail");
  });
}

test("names and addresses hold only characters that mean nothing in any plane", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 12 }), (text) => {
      if (workspaceNameProblem(text) === undefined) assert.match(text, /^[a-z0-9-]+$/);
      if (usernameProblem(text) === undefined) assert.match(text, /^[a-z0-9._@+-]+$/);
      if (groupNameProblem(text) === undefined) assert.match(text, /^[a-z0-9._-]+$/);
      if (emailPattern.test(text)) assert.match(text, /^[a-z0-9._@+'-]+$/);
    }),
    { numRuns: 10_000 },
  );
});

test("an S3 policy names exactly its workspace's buckets, whatever the other workspaces are called", () => {
  const matches = (pattern: string, resource: string) =>
    pattern.endsWith("/*") ? resource.startsWith(pattern.slice(0, -1)) : pattern === resource;
  fc.assert(
    fc.property(workspaceName, workspaceName, (mine, other) => {
      fc.pre(mine !== other);
      const foreign = Object.values(workspaceBuckets(other)).flatMap((bucket) => [
        `arn:aws:s3:::${bucket}`,
        `arn:aws:s3:::${bucket}/key`,
      ]);
      for (const { Resource } of Object.values(s3Statements("edit", mine))) {
        assert.ok(Resource.every((pattern) => foreign.every((resource) => !matches(pattern, resource))));
      }
    }),
    { numRuns: 2000 },
  );
});

test("a view policy never writes", () => {
  assert.deepEqual(
    Object.values(s3Statements("view", "b"))
      .flatMap(({ Action }) => Action)
      .toSorted(),
    ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"],
  );
});

test("a name that every JavaScript object has is reserved", () => {
  for (const problem of [usernameProblem, groupNameProblem, workspaceNameProblem, applicationNameProblem]) {
    assert.equal(problem("constructor")?.code, "reserved-name");
    assert.equal(problem("constructors"), undefined);
  }
});
