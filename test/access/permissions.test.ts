import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { kubeflowRoles } from "../../access/can.ts";
import { clusterRoles, covers, type Permission, permissionChart } from "../../access/permissions.ts";

const three = (rules: string, more = "") => `
kind: List
items:
- { kind: ClusterRole, metadata: { name: kubeflow-admin } }
- kind: ClusterRole
  metadata: { name: kubeflow-edit }
  rules: ${rules}
- { kind: ClusterRole, metadata: { name: kubeflow-view } }
${more}`;

const edit = (rules: string, more = "") => clusterRoles(three(rules, more))["kubeflow-edit"];

test("the roles that can answers by are those of the local platform", () => {
  assert.deepEqual(kubeflowRoles(), clusterRoles(readFileSync("sandbox/furniture/roles.yaml", "utf8")));
});

suite("a permission covers what the API server's authorizer lets through", () => {
  for (const [apiGroup, resource, asked, isCovered] of [
    ["", "pods", "pods", true],
    ["", "pods", "pods/log", false],
    ["", "pods/log", "pods/log", true],
    ["", "pods/log", "pods", false],
    ["", "pods/*", "pods/log", false],
    ["", "pods/*", "pods", false],
    ["", "*/log", "pods/log", true],
    ["", "*/log", "pods/exec", false],
    ["", "*/log", "log", false],
    ["", "*/*", "pods/log", false],
    ["", "*", "pods", true],
    ["", "*", "pods/log", true],
    ["", "*", "apps deployments", false],
    ["", "*/scale", "apps deployments/scale", false],
    ["", "po*", "pods", false],
    ["", "Pods", "pods", false],
    ["networking.istio.io", "*", "secrets", false],
    ["networking.istio.io", "*", "apps deployments", false],
    ["networking.istio.io", "*", "networking.istio.io gateways", true],
    ["*.istio.io", "gateways", "networking.istio.io gateways", false],
    ["*", "deployments", "apps deployments", true],
    ["*", "deployments", "deployments", true],
    ["*", "deployments", "apps deployments/scale", false],
    ["*", "deployments", "apps statefulsets", false],
    ["*", "*", "secrets", true],
    ["*", "*/scale", "apps deployments/scale", true],
    ["apps", "deployments", "deployments", false],
    ["", "deployments.apps", "apps deployments", false],
  ] as const) {
    test(`${resource} of ${JSON.stringify(apiGroup)}, ${isCovered ? "" : "not "}${asked}`, () => {
      const [kind = "", group = ""] = asked.split(" ").toReversed();
      const [name = "", subresource = ""] = kind.split("/");
      const request = { verb: "get", apiGroup: group, resource: name, subresource };
      assert.equal(covers({ apiGroup, resource, verbs: ["get"] }, request), isCovered);
    });
  }
  test("the verb is one of the rule's, or the rule has all", () => {
    const with_ = (...verbs: string[]): Permission => ({ apiGroup: "", resource: "pods", verbs });
    const request = { verb: "delete", apiGroup: "", resource: "pods", subresource: "" };
    assert.equal(covers(with_("get", "delete"), request), true);
    assert.equal(covers(with_("*"), request), true);
    assert.equal(covers(with_("deletecollection"), request), false);
    assert.equal(covers(with_(), request), false);
    assert.equal(covers(with_("get"), { ...request, verb: "*" }), false);
  });
});

test("rules keep their groups, names and wildcards apart, and equal ones are one", () => {
  assert.deepEqual(
    edit(`
  - { apiGroups: [networking.istio.io], resources: ["*"], verbs: [get] }
  - { apiGroups: ["", apps], resources: [pods], verbs: [list] }
  - { apiGroups: [""], resources: [pods], verbs: [get, list] }
  - { apiGroups: [""], resources: [secrets], resourceNames: [b, a], verbs: [get] }
  - { nonResourceURLs: [/metrics], verbs: [get] }`),
    [
      { apiGroup: "networking.istio.io", resource: "*", verbs: ["get"] },
      { apiGroup: "", resource: "pods", verbs: ["get", "list"] },
      { apiGroup: "apps", resource: "pods", verbs: ["list"] },
      { apiGroup: "", resource: "secrets", verbs: ["get"], resourceNames: ["a", "b"] },
    ],
  );
});

test("the chart says where only some names are meant", () => {
  const chart = permissionChart(three(`[{ apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [get] }]`));
  assert.deepEqual(chart.split("\n").slice(2), ["| `secrets` named `a` | - | get | - |"]);
});

suite("a role is drawn in by labels as Kubernetes selects", () => {
  const aggregated = (selector: string) =>
    clusterRoles(`
kind: List
items:
- { kind: ClusterRole, metadata: { name: kubeflow-admin } }
- kind: ClusterRole
  metadata: { name: kubeflow-edit }
  aggregationRule: { clusterRoleSelectors: [${selector}] }
- { kind: ClusterRole, metadata: { name: kubeflow-view } }
- kind: ClusterRole
  metadata: { name: other, labels: { tier: gold, part: x } }
  rules: [{ apiGroups: [""], resources: [secrets], verbs: [get] }]
`)["kubeflow-edit"].length === 1;
  for (const [selector, isDrawn] of [
    ["{ matchLabels: { tier: gold } }", true],
    ["{ matchLabels: { tier: gold, part: y } }", false],
    ["{ matchLabels: { constructor: gold } }", false],
    ["{ matchExpressions: [{ key: tier, operator: In, values: [gold, silver] }] }", true],
    ["{ matchExpressions: [{ key: tier, operator: In, values: [silver] }] }", false],
    ["{ matchExpressions: [{ key: none, operator: In, values: [gold] }] }", false],
    ["{ matchExpressions: [{ key: tier, operator: NotIn, values: [gold] }] }", false],
    ["{ matchExpressions: [{ key: none, operator: NotIn, values: [gold] }] }", true],
    ["{ matchExpressions: [{ key: tier, operator: Exists }] }", true],
    ["{ matchExpressions: [{ key: none, operator: Exists }] }", false],
    ["{ matchExpressions: [{ key: none, operator: DoesNotExist }] }", true],
    ["{ matchExpressions: [{ key: tier, operator: DoesNotExist }] }", false],
    ["{ matchLabels: { part: x }, matchExpressions: [{ key: tier, operator: DoesNotExist }] }", false],
    ["{}", true],
  ] as const) {
    test(`${selector}: ${isDrawn ? "yes" : "no"}`, () => {
      assert.equal(aggregated(selector), isDrawn);
    });
  }
});

suite("what cannot be read is told with its place", () => {
  for (const [what, text, message] of [
    ["an alias of nothing", "# x\na: *b\n", "roles.yaml:2:4 *b stands for nothing: no &b comes before it."],
    ["a text", "\n# Title\n\nSome text.\n", "roles.yaml:4:1 a text stands here, which is no object of Kubernetes."],
    ["a list", "- kind: ClusterRole\n", "roles.yaml:1:1 a list stands here"],
    ["broken YAML", "kind: List\nitems: [\n", "roles.yaml:2:8 the [ that opens here is never closed."],
    ["a second document", "kind: List\n---\nkind: 'x\n", "roles.yaml:3:7 the quote that opens here is never closed."],
    ["bytes", "kind: \u0000\n", "roles.yaml:1:7 the file is no text: U+0000 stands here."],
    [
      "a rule of another form",
      three("[{ apiGroups: [x.io], resources: things, verbs: [get] }]"),
      "roles.yaml:7:43 rules.0.resources of a ClusterRole: Invalid input: expected array, received string.",
    ],
    [
      "no roles",
      "kind: List\nitems: []\n",
      "there is no ClusterRole kubeflow-admin, kubeflow-edit, kubeflow-view in roles",
    ],
    ["nothing", "", "there is no ClusterRole kubeflow-admin, kubeflow-edit, kubeflow-view in roles.yaml."],
  ] as const) {
    test(what, () => {
      assert.throws(
        () => clusterRoles(text, "roles.yaml"),
        (error) => {
          assert.ok(error instanceof RangeError);
          assert.equal(error.message.slice(0, message.length), message);
          assert.match(error.message, / Allowed: ClusterRoles as YAML, as kubectl get clusterroles -o yaml prints/);
          return true;
        },
      );
    });
  }
});
