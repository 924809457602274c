import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { permissionChart } from "../../access/permissions.ts";

const roles = readFileSync("sandbox/furniture/roles.yaml", "utf8");
const line = (chart: string, resource: string) =>
  chart.split("\n").find((row) => row.startsWith(`| \`${resource}\` |`));

test("docs/permissions.md holds the chart of the local platform's roles", () => {
  assert.ok(readFileSync("docs/permissions.md", "utf8").endsWith(`\n\n${permissionChart(roles)}\n`));
});

test("the roles are what the seeds and Kubeflow say of them", () => {
  const chart = permissionChart(roles);
  assert.equal(line(chart, "secrets"), "| `secrets` | read, write | read, write | - |");
  assert.equal(line(chart, "pods"), "| `pods` | read, write | read, write | read |");
  assert.equal(
    line(chart, "rolebindings.rbac.authorization.k8s.io"),
    "| `rolebindings.rbac.authorization.k8s.io` | read, write | - | - |",
  );
  assert.equal(line(chart, "resourcequotas"), "| `resourcequotas` | read | read | read |");
});

const label = "rbac.authorization.kubeflow.org/aggregate-to-kubeflow";
const aggregating = (name: string, into = "") => `
- kind: ClusterRole
  metadata: { name: kubeflow-${name}${into && `, labels: { ${label}-${into}: "true" }`} }
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { ${label}-${name}: "true" } }] }`;
const listed = `
kind: List
items:${aggregating("admin")}${aggregating("edit", "admin")}${aggregating("view", "edit")}
- kind: ClusterRole
  metadata: { name: a-component, labels: { ${label}-view: "true" } }
  rules: [{ apiGroups: [x.io], resources: [things, "*"], verbs: [get, use] }, { nonResourceURLs: [/metrics], verbs: [get] }]
- kind: ClusterRole
  metadata: { name: cluster-admin }
  rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }]
- kind: Role
  metadata: { name: kubeflow-view }
`;

test("a cluster's own list will do; roles are drawn in by label, at any depth, and others are not", () => {
  assert.deepEqual(permissionChart(listed).split("\n").slice(2), [
    "| `*.x.io` | get, use | get, use | get, use |",
    "| `things.x.io` | get, use | get, use | get, use |",
  ]);
});

test("without the three roles there is no chart", () => {
  assert.throws(
    () => permissionChart("kind: List\nitems: []\n"),
    /no ClusterRole kubeflow-admin, kubeflow-edit, kubeflow-view/,
  );
});
