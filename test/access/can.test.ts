import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Answer, can } from "../../access/can.ts";
import { type ClusterRoles, clusterRoles } from "../../access/permissions.ts";
import { resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

const state = desired({
  "users/carl.yaml": "username: carl\nemail: carl@example.com\nstate: archived\nworkspace: true\n",
  "users/dora.yaml": "username: dora\nemail: dora@example.com\n",
  "platform.yaml":
    "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nclusterAccess: [{ user: dora, role: edit }]\n",
  "workspaces/team-b.yaml": "name: team-b\nstate: archived\nmembers: [{ user: alice, role: edit }]\n",
});
const plan = resolve(state, "2026-11-23");

/** Kubeflow's roles, where edit has these rules by aggregation. */
function rolesWith(...rules: string[]): ClusterRoles {
  return clusterRoles(`
kind: List
items:
- { kind: ClusterRole, metadata: { name: kubeflow-admin } }
- kind: ClusterRole
  metadata: { name: kubeflow-edit }
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: edit } }] }
- { kind: ClusterRole, metadata: { name: kubeflow-view } }
- kind: ClusterRole
  metadata: { name: a-component, labels: { to: edit } }
  rules: [${rules.join(", ")}]
`);
}

function ask(question: string, roles?: ClusterRoles): Answer {
  const [user = "", verb = "", resource = ""] = question.split(" ");
  return can({ user, verb, resource }, state, plan, roles);
}

const wildcard = '{ apiGroups: [networking.istio.io], resources: ["*"], verbs: ["*"] }';

suite("a wildcard counts in its own API group only", () => {
  for (const [rule, question, allowed] of [
    [wildcard, "alice delete team-a/secrets", false],
    [wildcard, "alice delete team-a/deployments.apps", false],
    [wildcard, "alice delete team-a/deployments", false],
    [wildcard, "alice delete team-a/gateways.networking.istio.io", true],
    [wildcard, "alice update team-a/gateways.networking.istio.io/status", true],
    ['{ apiGroups: ["*"], resources: [deployments], verbs: [get] }', "alice get team-a/deployments.apps", true],
    ['{ apiGroups: ["*"], resources: [deployments], verbs: [get] }', "alice get team-a/deployments", true],
    ['{ apiGroups: ["*"], resources: [deployments], verbs: [get] }', "alice get team-a/deployments.apps/scale", false],
    ['{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }', "alice create team-a/anything.example.com", true],
    ['{ apiGroups: [""], resources: ["pods/*"], verbs: [get] }', "alice get team-a/pods/log", false],
    ['{ apiGroups: [""], resources: ["*/log"], verbs: [get] }', "alice get team-a/pods/log", true],
    ['{ apiGroups: [""], resources: ["*/log"], verbs: [get] }', "alice get team-a/pods", false],
    ['{ apiGroups: [""], resources: [deployments.apps], verbs: [get] }', "alice get team-a/deployments.apps", false],
    ["{ apiGroups: [apps], resources: [deployments/scale], verbs: [get] }", "alice get team-a/deployments/scale", true],
    [
      "{ apiGroups: [apps], resources: [deployments/scale], verbs: [get] }",
      "alice get team-a/deployments/scale.apps",
      true,
    ],
  ] as const) {
    test(`${rule}: ${question}, ${allowed ? "yes" : "no"}`, () => {
      const answer = ask(question, rolesWith(rule));
      assert.equal(answer.allowed, allowed, answer.reason);
      assert.equal(answer.paths.length > 0, allowed);
      assert.equal(answer.unknown, undefined);
    });
  }
});

suite("a kind without its API group", () => {
  const serving = "{ apiGroups: [serving.knative.dev], resources: [services, routes], verbs: [get] }";
  const runs = "{ apiGroups: [example.com], resources: [runs], verbs: [get] }";

  test("of Kubernetes' own is never another's, and the answer says which is meant", () => {
    const roles = rolesWith(serving, "{ apiGroups: [metrics.k8s.io], resources: [pods], verbs: [get] }");
    assert.equal(ask("alice get team-a/services", roles).allowed, false);
    assert.equal(ask("alice get team-a/pods", roles).allowed, false);
    assert.equal(ask("alice get team-a/services.serving.knative.dev", roles).allowed, true);
    assert.match(ask("alice get team-a/services", roles).reason, /may not get services of the core API group$/);
    assert.match(ask("alice get team-a/jobs").reason, /^kubeflow-edit may get jobs of API group batch$/);
  });

  test("of one group in the roles, or in Kubeflow's own, is that group's", () => {
    assert.match(ask("alice get team-a/routes", rolesWith(serving)).reason, /may get routes of API group serving/);
    assert.match(
      ask("alice get team-a/notebooks", rolesWith('{ apiGroups: [kubeflow.org], resources: ["*"], verbs: [get] }'))
        .reason,
      /^kubeflow-edit may get notebooks of API group kubeflow.org$/,
    );
  });

  test("of several groups has to be written out", () => {
    assert.throws(() => ask("alice get team-a/runs", rolesWith(runs)), {
      name: "RangeError",
      message: '"runs" may be any of "runs.example.com", "runs.pipelines.kubeflow.org". Write one of them.',
    });
    assert.equal(ask("alice get team-a/runs.example.com", rolesWith(runs)).allowed, true);
  });

  test("of none has to be written out, whatever wildcards there are", () => {
    assert.throws(() => ask("alice get team-a/gateways", rolesWith(wildcard)), {
      name: "RangeError",
      message: /API group of "gateways" is not known\..* Write it out, such as notebooks\.kubeflow\.org\./,
    });
  });
});

test("a rule for some names is no rule for all, and the names are told", () => {
  const roles = rolesWith('{ apiGroups: [""], resources: [secrets], resourceNames: [a, b], verbs: [get] }');
  assert.deepEqual(ask("alice get team-a/secrets", roles), {
    allowed: false,
    reason: 'kubeflow-edit, kubeflow-view may get secrets of the core API group only by the names "a", "b"',
    paths: [],
  });
  const both = rolesWith(
    '{ apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [get] }',
    '{ apiGroups: [""], resources: [secrets], verbs: [get] }',
  );
  assert.equal(ask("alice get team-a/secrets", both).allowed, true);
});

test("a verb that only the roles know may be asked about", () => {
  const roles = rolesWith("{ apiGroups: [x.io], resources: [things], verbs: [cook] }");
  assert.equal(ask("alice cook team-a/things.x.io", roles).allowed, true);
  assert.throws(() => ask("alice cook team-a/things.x.io"), /"cook" is no verb of Kubernetes/);
});

suite("what is not there is told apart from what is not allowed", () => {
  for (const [question, unknown] of [
    ["alice get team-c/pods", 'there is no workspace "team-c". Did you mean "team-a"?'],
    ["alice open team-c", 'there is no workspace "team-c". Did you mean "team-a"?'],
    ["alice open team-c/pipelines", 'there is no workspace "team-c". Did you mean "team-a"?'],
    ["alice get s3://team-a-dta/x", 'there is no bucket "team-a-dta". Did you mean "team-a-data"?'],
    ["alice get s3://team-a/x", 'there is no bucket "team-a".'],
  ] as const) {
    test(`${question}: not there`, () => {
      const answer = ask(question);
      assert.equal(answer.allowed, false);
      assert.equal(answer.unknown?.slice(0, unknown.length), unknown);
      assert.match(answer.unknown, / There are: "team-/);
    });
  }
  for (const question of [
    "bob get alice/pods",
    "alice get team-b/pods",
    "alice open team-b",
    "alice get s3://team-b-data/x",
    "alice get carl/pods",
    "alice get s3://carl-mlpipeline/x",
    "alice get kubeflow/secrets",
    "alice get kube-system/secrets",
    "dora create other/roles",
  ]) {
    test(`${question}: not allowed`, () => {
      const answer = ask(question);
      assert.equal(answer.allowed, false);
      assert.equal(answer.unknown, undefined);
    });
  }
  test("whoever has access to every namespace has it in one that is no workspace", () => {
    assert.equal(ask("dora create other/pods").allowed, true);
  });
});
