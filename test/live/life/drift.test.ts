import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { connect } from "../../../sandbox/plugins/minio/client.ts";
import type { Difference } from "../../../access/drift.ts";
import type { KubernetesObject } from "@kubernetes/client-node";
import { parse } from "yaml";
import { change, create, environment, keycloakAdmin, realm, remove, rootStorage, userId } from "../support/platform.ts";
import { person, type Project, smallProject } from "../support/stack.ts";

const [workspace, other] = ["drift-lab", "drift-shop"];
let project: Project;

before(async () => {
  const { realms } = await keycloakAdmin();
  await realms.update({ realm }, { adminEventsEnabled: true, adminEventsDetailsEnabled: true });
  project = await smallProject("drifting", {
    "users/drift-ann.yaml": person("drift-ann"),
    "users/drift-ben.yaml": person("drift-ben"),
    "users/drift-cat.yaml": person("drift-cat"),
    "groups/drift-makers.yaml": "name: drift-makers\nmembers: [drift-ben]\n",
    [`workspaces/${workspace}.yaml`]: [
      `name: ${workspace}`,
      "description: To drift",
      'quota: { cpu: "4" }',
      "members:",
      "  - { user: drift-ann, role: edit }",
      "  - { group: drift-makers, role: view }",
      "",
    ].join("\n"),
    [`workspaces/${other}.yaml`]: `name: ${other}\nmembers: [{ user: drift-cat, role: edit }]\n`,
  });
});
after(async () => {
  await takeAwayByHand();
  await project.destroy();
  const { realms } = await keycloakAdmin();
  await realms.update({ realm }, { adminEventsEnabled: false, adminEventsDetailsEnabled: false });
  await realms.clearAdminEvents({ realm });
});

async function access(args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const command = [resolve("bin/access.ts"), "drift", "--stack", "drifting", ...args];
  const child = spawn(process.execPath, command, { cwd: project.folder, env: { ...process.env, ...variables } });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, output, errors };
}

/** What is told of this test's things: others of the same platform are none of its business. */
async function told(...args: string[]): Promise<Difference[]> {
  const { code, output, errors } = await access(["--json", ...args]);
  assert.equal(errors, "");
  const { differences } = JSON.parse(output) as { differences: Difference[] };
  assert.equal(code, differences.length === 0 ? 0 : 1);
  return differences.filter(({ what }) => /drift-/.test(what));
}

async function minio() {
  return connect({
    minioServer: environment("MINIO_ENDPOINT").replace("https://", ""),
    minioUser: environment("MINIO_ROOT_USER"),
    minioPassword: environment("MINIO_ROOT_PASSWORD"),
    minioCacertFile: environment("MINIO_CACERT"),
    minioSsl: true,
  });
}

async function roleNamed(name: string): Promise<{ id: string; name: string }> {
  const role = await (await keycloakAdmin()).roles.findOneByName({ name });
  assert.ok(role?.id);
  return { id: role.id, name };
}

const rbac = "rbac.authorization.k8s.io";
const gateway = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";

/** As Kubeflow's access management makes them: a binding and a policy of the same name. */
const contributor = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: user-drift-eve-example-com-clusterrole-edit
  namespace: ${workspace}
  annotations: { user: drift-eve@example.com, role: edit }
roleRef: { apiGroup: ${rbac}, kind: ClusterRole, name: kubeflow-edit }
subjects: [{ apiGroup: ${rbac}, kind: User, name: drift-eve@example.com }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: user-drift-eve-example-com-clusterrole-edit
  namespace: ${workspace}
  annotations: { user: drift-eve@example.com, role: edit }
spec:
  rules:
    - from: [{ source: { principals: [${gateway}] } }]
      when: [{ key: "request.headers[kubeflow-userid]", values: [drift-eve@example.com] }]
`;

const binding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: user-drift-ben-example-com-clusterrole-view, namespace: ${workspace} }
`;

const bindingByRole = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: pk-view, namespace: ${other} }
`;

async function changeTo(manifest: string): Promise<void> {
  await change(parse(manifest) as KubernetesObject);
}

async function editByHand(): Promise<void> {
  const { users, groups, roles } = await keycloakAdmin();
  const [ann, ben, cat] = [await userId("drift-ann"), await userId("drift-ben"), await userId("drift-cat")];
  const [makers] = await groups.find({ search: "drift-makers", exact: true });
  await users.delRealmRoleMappings({ id: ann, roles: [await roleNamed(`pk:edit:${workspace}`)] });
  await users.addRealmRoleMappings({ id: ben, roles: [await roleNamed(`pk:edit:${other}`)] });
  await users.addToGroup({ id: cat, groupId: makers?.id ?? "" });
  await users.update({ id: ben }, { ...(await users.findOne({ id: ben })), enabled: false });
  const { id: roleId } = await roleNamed(`pk:view:${workspace}`);
  await roles.createComposite({ roleId }, [await roleNamed(`pk:s3:edit:${workspace}`)]);

  await remove(binding);
  await create(contributor);
  await changeTo(`${bindingByRole}
subjects:
  - { apiGroup: ${rbac}, kind: Group, name: "pk:view:${other}" }
  - { apiGroup: ${rbac}, kind: User, name: drift-eve@example.com }
`);
  await changeTo(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: pk-members, namespace: ${other} }
spec: { rules: [{ from: [{ source: { namespaces: [${workspace}] } }] }] }
`);
  await changeTo(`
apiVersion: kubeflow.org/v1
kind: Profile
metadata: { name: ${workspace} }
spec: { resourceQuotaSpec: { hard: { cpu: "64" } } }
`);

  const { admin, adminSealed } = await minio();
  const wide = {
    Sid: "prokube-access/drifting/objects",
    Effect: "Allow",
    Action: ["s3:*"],
    Resource: ["arn:aws:s3:::drift-*"],
  };
  await admin(
    "PUT",
    `/add-canned-policy?name=${encodeURIComponent(`pk:s3:view:${other}`)}`,
    JSON.stringify({ Version: "2012-10-17", Statement: [wide] }),
  );
  const reading = { Effect: "Allow", Principal: { AWS: ["*"] }, Action: ["s3:GetObject"] };
  await rootStorage().send(
    new PutBucketPolicyCommand({
      Bucket: `${workspace}-data`,
      Policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ ...reading, Resource: [`arn:aws:s3:::${workspace}-data/*`] }],
      }),
    }),
  );
  await adminSealed("PUT", "/add-user?accessKey=drift-backup", { secretKey: "drift-backup-secret", status: "enabled" });
  await admin("PUT", "/set-user-or-group-policy?policyName=readwrite&userOrGroup=drift-backup&isGroup=false");
}

/** What no update takes away, because others gave it. */
async function takeAwayByHand(): Promise<void> {
  const { users, groups } = await keycloakAdmin();
  const [makers] = await groups.find({ search: "drift-makers", exact: true });
  await users.delRealmRoleMappings({ id: await userId("drift-ben"), roles: [await roleNamed(`pk:edit:${other}`)] });
  await users.delFromGroup({ id: await userId("drift-cat"), groupId: makers?.id ?? "" });
  await remove(contributor);
  await rootStorage().send(new DeleteBucketPolicyCommand({ Bucket: `${workspace}-data` }));
  const { admin } = await minio();
  await admin("DELETE", "/remove-user?accessKey=drift-backup").catch(() => undefined);
}

test("a platform as the update left it has no differences", async () => {
  assert.deepEqual(await told(), []);
});

test("what somebody did by the systems' own ways is told once each, with its class, its line and who did it", async () => {
  await editByHand();
  const differences = await told();
  const own = (one: Difference) => [one.class, one.plane, one.what, one.madeBy?.split(" ")[0]];
  assert.deepEqual(differences.map(own), [
    [
      "extra access",
      "identity",
      `realm role "pk:view:${workspace}" contains "pk:s3:edit:${workspace}", which nothing here asks for`,
      "root-1",
    ],
    [
      "extra access",
      "identity",
      `user "drift-ben" holds realm role "pk:edit:${other}", which nothing here gives`,
      "root-1",
    ],
    ["extra access", "identity", 'user "drift-cat" is in group "drift-makers", which nothing here asks for', "root-1"],
    [
      "extra access",
      "compute",
      `workspace "${workspace}": RoleBinding "user-drift-eve-example-com-clusterrole-edit" gives kubeflow-edit to drift-eve@example.com, which nothing here asks for (Kubeflow's Manage Contributors makes such)`,
      differences[3]?.madeBy?.split(" ")[0],
    ],
    [
      "extra access",
      "compute",
      `workspace "${other}": RoleBinding "pk-view" gives kubeflow-view to Group pk:view:${other}, drift-eve@example.com, not kubeflow-view to pk:view:${other} alone`,
      "somebody",
    ],
    [
      "extra access",
      "network",
      `workspace "${workspace}": AuthorizationPolicy "user-drift-eve-example-com-clusterrole-edit" lets in drift-eve@example.com, which nothing here asks for`,
      differences[5]?.madeBy?.split(" ")[0],
    ],
    [
      "extra access",
      "network",
      `workspace "${other}": AuthorizationPolicy "pk-members" lets in by another rule, not just drift-cat@example.com through the gateway and the Pipelines UI`,
      "somebody",
    ],
    [
      "extra access",
      "storage",
      `MinIO user "drift-backup" gets into the buckets of ${workspace}, ${other} by readwrite`,
      undefined,
    ],
    [
      "extra access",
      "storage",
      `workspace "${workspace}": bucket "${workspace}-data" has a policy of its own that lets people in without a login: s3:GetObject`,
      undefined,
    ],
    [
      "extra access",
      "storage",
      `workspace "${other}": S3 policy "pk:s3:view:${other}" also allows s3:* on arn:aws:s3:::drift-*`,
      undefined,
    ],
    ["missing access", "identity", 'account "drift-ben" is disabled', "root-1"],
    ["missing access", "identity", `user "drift-ann" does not hold realm role "pk:edit:${workspace}"`, "root-1"],
    [
      "missing access",
      "compute",
      `workspace "${workspace}": RoleBinding "user-drift-ben-example-com-clusterrole-view" is missing, which gives kubeflow-view to drift-ben@example.com`,
      undefined,
    ],
    ["cosmetic", "compute", `workspace "${workspace}": the quota is cpu 64, not cpu 4`, "somebody"],
  ]);
  const line = differences.find(({ what }) => /RoleBinding "user-drift-ben/.test(what))?.where;
  assert.deepEqual([line?.file, line?.line], [`stacks/drifting/workspaces/${workspace}.yaml`, 6]);
});

test("for people: by class, with line, maker and remedy, and nothing that a terminal acts on", async () => {
  const { users } = await keycloakAdmin();
  const id = await userId("drift-ann");
  await users.update({ id }, { ...(await users.findOne({ id })), lastName: "Test \u202E drift-" });
  const { code, output } = await access([]);
  assert.equal(code, 1);
  assert.match(output, /^extra access \(\d+\)\n {2}identity: /);
  assert.match(
    output,
    /drift-ben" holds.*\n {4}at stacks\/drifting\/workspaces\/drift-shop.yaml:1:7\n {4}by root-1 at 20/,
  );
  assert.match(output, /lastName "Test \\u\{202e\} drift-", not "Test"/);
  assert.match(output, /\n\d+ differences: \d+ extra access, \d+ missing access, \d+ cosmetic\n$/);
  const { output: json } = await access(["--json"]);
  assert.match(json, /Test \\u202e drift-/);
  assert.doesNotMatch(output + json, /\u202E/);
});

test("an update puts right what this stack made; what others gave stays told until somebody takes it away", async () => {
  await project.up();
  const left = await told();
  assert.ok(left.every((one) => one.class === "extra access"));
  const subjects = [
    'user "drift-ben" holds',
    'user "drift-cat" is in group',
    `"${workspace}": RoleBinding "user-drift-eve`,
    // A subject beside ours is not the update's to see.
    `"${other}": RoleBinding "pk-view"`,
    `"${workspace}": AuthorizationPolicy "user-drift-eve`,
    'MinIO user "drift-backup"',
    `bucket "${workspace}-data"`,
  ];
  assert.equal(left.length, subjects.length);
  for (const [index, subject] of subjects.entries()) assert.ok(left[index]?.what.includes(subject), subject);
  await takeAwayByHand();
  const [last, ...others] = await told();
  assert.deepEqual(others, []);
  assert.match(last?.remedy ?? "", /^kubectl delete rolebinding -n drift-shop pk-view; then pulumi up/);
  await remove(bindingByRole);
  await project.up();
  assert.deepEqual(await told(), []);
});

test("a plane that cannot be reached is said, with exit code 3; a missing setting with 2", async () => {
  for (const [plane, variables] of Object.entries({
    Keycloak: { KEYCLOAK_URL: "https://127.0.0.1:1/auth" },
    MinIO: { MINIO_ENDPOINT: "https://127.0.0.1:1" },
  })) {
    const { code, output, errors } = await access([], variables);
    assert.deepEqual([code, output], [3, ""]);
    assert.match(errors, new RegExp(`^${plane} could not be read, so nobody can say what is there: `));
  }
  const { code, errors } = await access([], { KEYCLOAK_URL: "", MINIO_ENDPOINT: "" });
  assert.equal(code, 2);
  assert.match(errors, /KEYCLOAK_URL[\s\S]*MINIO_ENDPOINT/);
});
