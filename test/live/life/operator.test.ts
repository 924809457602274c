import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, exists, finishFirstLogin, claims, logIn, remove, rootStorage } from "../support/platform.ts";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { person, platformOf, Project } from "../support/stack.ts";

const project = new Project("operated", {
  "platform.yaml": platformOf("operated", "provisioning: operator\n"),
  "users/otto.yaml": person("otto", "workspace: true\n"),
  "users/olga.yaml": person("olga"),
  "workspaces/team-q.yaml": "name: team-q\nmembers: [{ user: otto, role: edit }, { user: olga, role: view }]\n",
});
before(async () => {
  await project.pulumi("stack", "select", "--create");
});
after(async () => {
  await remove(provisioned);
  await project.destroy();
});

/** What an operator might have made so far: the Profile and half of the bindings, under names of its own. */
const provisioned = `
apiVersion: v1
kind: Namespace
metadata: { name: team-q, annotations: { owner: operated.owner@example.com } }
---
apiVersion: kubeflow.org/v1
kind: Profile
metadata: { name: team-q }
spec: { owner: { kind: User, name: operated.owner@example.com } }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: operators-name-for-it, namespace: team-q }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubeflow-edit }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: otto@example.com }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: somebody-who-left, namespace: team-q }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubeflow-view }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: gone@example.com }]
`;

test("only the identity plane is written", async () => {
  await project.up();
  await finishFirstLogin("otto");
  const roles = claims(await logIn("otto"))["roles"] as string[];
  assert.deepEqual(roles.filter((role) => role.startsWith("pk:edit") || role === "pk:otto").toSorted(), [
    "pk:edit:otto",
    "pk:edit:team-q",
    "pk:otto",
  ]);
  assert.equal(await exists("/api/v1/namespaces/team-q"), false);
  assert.equal(await exists("/apis/kubeflow.org/v1/profiles/team-q"), false);
  const { Buckets = [] } = await rootStorage().send(new ListBucketsCommand({}));
  assert.deepEqual(
    Buckets.filter(({ Name }) => /^(team-q|otto)-/.test(Name ?? "")),
    [],
  );
  const state = await project.pulumi("stack", "export");
  assert.doesNotMatch(state, /"type": "(?:kubernetes|minio):/);
});

test("what the operator's cluster has otherwise is reported, by what people can do", async () => {
  await create(provisioned);
  const output = await project.pulumi("preview");
  for (const difference of [
    'workspace "otto": the namespace is missing; has the operator seen its realm role?',
    'workspace "team-q": olga@example.com should have kubeflow-view, but no RoleBinding gives it',
    'workspace "team-q": RoleBinding "team-q/somebody-who-left" gives kubeflow-view to User gone@example.com, which nothing here asks for',
    'workspace "team-q": no AuthorizationPolicy lets otto@example.com in',
    'workspace "team-q": bucket "team-q-data" is missing',
    'workspace "team-q": S3 policy "pk:s3:edit:team-q" is missing, so the role opens no bucket',
  ]) {
    assert.ok(output.includes(difference), difference);
  }
  assert.doesNotMatch(output, /otto@example\.com should have/, "a binding of another name does as well");
  await project.up();
  const reported = JSON.parse(await project.pulumi("stack", "output", "provisioningDifferences", "--json")) as string[];
  assert.ok(reported.length >= 6);
  assert.ok(await exists("/apis/rbac.authorization.k8s.io/v1/namespaces/team-q/rolebindings/somebody-who-left"));
});

test("a stack that made its namespaces itself does not hand them over by mistake", async () => {
  await remove(provisioned);
  while (await exists("/api/v1/namespaces/team-q")) await new Promise((resolve) => setTimeout(resolve, 200));
  const before = project.read("platform.yaml");
  project.edit({ "platform.yaml": before.replace("operator", "program") });
  await project.up();
  project.edit({ "platform.yaml": before });
  const { output } = await project.tryPulumi("preview");
  assert.match(output, /foreign-object: namespace "team-q" was made by this stack; .* it would be deleted/);
  assert.ok(await exists("/api/v1/namespaces/team-q"));
  project.edit({ "platform.yaml": before.replace("operator", "program") });
});
