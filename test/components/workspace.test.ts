import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegisterResourceOutputsRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import * as pulumi from "@pulumi/pulumi";
import { resolve } from "../../access/resolve.ts";
import { desired } from "../access/support.ts";
import { isSecret, type Registered, recordRegistrations } from "../support/mocks.ts";

const recorder = await recordRegistrations();
/** What components tell policies about the stack as a whole, by URN. */
const told = new Map<string, unknown>();
const monitor = pulumi.runtime.getMonitor() as unknown as {
  registerResourceOutputs(request: RegisterResourceOutputsRequest, callback: unknown): void;
};
const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
monitor.registerResourceOutputs = (request, callback) => {
  told.set(request.getUrn(), request.getOutputs()?.toJavaScript());
  registerOutputs(request, callback);
};
const { Workspace } = await import("../../components/workspace.ts");

const { platform, workspaces, users } = resolve(
  desired({
    "workspaces/team-a.yaml": [
      "name: team-a",
      "description: Forecasting team",
      'quota: { cpu: "100" }',
      "members:",
      "  - { user: alice, role: edit }",
      "  - { user: bob, role: view, notebooksAccess: false }",
    ].join("\n"),
    "workspaces/empty.yaml": "name: empty\n",
  }),
  "2026-11-23",
);
const imports = new Map([
  ["bucket empty-data", "empty-data"],
  ["namespace empty", "empty"],
  ["RoleBinding empty/pk-edit", "empty/pk-edit"],
]);
const keys = new Map<string, string>();
for (const workspace of workspaces)
  new Workspace(workspace.name, { realmId: "prokube", platform, workspace, keys, imports });
new Workspace("operated", {
  realmId: "prokube",
  platform: { ...platform, provisioning: "operator" },
  workspace: { ...(workspaces[0] ?? assert.fail()), name: "operated" },
  keys,
  imports,
});
const all = await recorder.settle();
const teamA = all.filter(({ parent }) => parent === "team-a");
const labels = { "app.kubernetes.io/managed-by": "prokube-access", "prokube-access/stack": "dev" };
const attributes = { "managed-by": "prokube-access", stack: "dev" };

function the(name: string): Registered {
  const found = all.filter((resource) => resource.name === name);
  assert.equal(found.length, 1, `${name} is registered once`);
  return found[0] as Registered;
}

test("a workspace is exactly these resources, all its children", () => {
  assert.deepEqual(teamA.map(({ type, name }) => `${type.split(":").at(-1) ?? ""} ${name}`).toSorted(), [
    "AuthorizationPolicy team-a-network-full",
    "AuthorizationPolicy team-a-network-pipelines",
    "ConfigMap team-a-artifact-repositories",
    "ConfigMap team-a-launcher",
    "IamPolicy team-a-bucket-record",
    "IamPolicy team-a-policy-edit",
    "IamPolicy team-a-policy-view",
    "IamServiceAccount team-a-s3-account-1.1",
    "IamUser team-a-s3-user",
    "IamUserPolicyAttachment team-a-s3-user-policy",
    "LimitRange team-a-limit-range",
    "Namespace team-a-namespace",
    "Profile team-a-profile",
    "Role team-a-role-edit",
    "Role team-a-role-identity",
    "Role team-a-role-s3-edit",
    "Role team-a-role-s3-view",
    "Role team-a-role-view",
    "RoleBinding team-a-binding-edit",
    "RoleBinding team-a-binding-view",
    "RoleBinding team-a-contributor-alice",
    "RoleBinding team-a-contributor-bob",
    "S3Bucket team-a-bucket-data",
    "S3Bucket team-a-bucket-mlpipeline",
    "Secret team-a-artifact-keys",
    "Secret team-a-workload-keys",
  ]);
});

test("without members, quota and limits there is nothing for them", () => {
  const names = all.filter(({ parent }) => parent === "empty").map(({ name }) => name.replace("empty-", ""));
  assert.deepEqual(names.toSorted(), [
    "artifact-keys",
    "artifact-repositories",
    "binding-edit",
    "binding-view",
    "bucket-data",
    "bucket-mlpipeline",
    "bucket-record",
    "launcher",
    "namespace",
    "policy-edit",
    "policy-view",
    "profile",
    "role-edit",
    "role-identity",
    "role-s3-edit",
    "role-s3-view",
    "role-view",
    "s3-account-1.1",
    "s3-user",
    "s3-user-policy",
    "workload-keys",
  ]);
});

test("policies see plain facts of the component", () => {
  const { type, inputs, custom, parent } = the("team-a");
  assert.deepEqual({ type, custom, parent }, { type: Workspace.__pulumiType, custom: false, parent: "" });
  assert.deepEqual(inputs, { workspace: "team-a", owner: "admin@example.com" });
});

const roles: readonly (readonly [suffix: string, name: string, description: string, parts: string[]])[] = [
  ["identity", "pk:team-a", "Workspace team-a: Forecasting team", ["edit", "view", "s3-edit"]],
  ["edit", "pk:edit:team-a", "Edit access to team-a", ["s3-edit"]],
  ["view", "pk:view:team-a", "View access to team-a", ["s3-view"]],
  ["s3-edit", "pk:s3:edit:team-a", "S3 read-write access to team-a", []],
  ["s3-view", "pk:s3:view:team-a", "S3 read-only access to team-a", []],
];
for (const [suffix, name, description, parts] of roles) {
  test(`role ${name} has the parts of seed 001`, () => {
    const compositeRoles = parts.map((part) => `team-a-role-${part}-id`);
    assert.deepEqual(the(`team-a-role-${suffix}`).inputs, {
      realmId: "prokube",
      name,
      description,
      compositeRoles,
      attributes,
    });
  });
}

test("the namespace carries what the Profile controller asks for", () => {
  assert.deepEqual(the("team-a-namespace").inputs["metadata"], {
    name: "team-a",
    labels: { ...platform.namespaceLabels, ...labels },
    annotations: { owner: "admin@example.com", description: "Forecasting team" },
  });
});

test("the Profile has the platform's owner and the quota, and goes in the background", () => {
  assert.deepEqual(the("team-a-profile").inputs, {
    apiVersion: "kubeflow.org/v1",
    kind: "Profile",
    metadata: { name: "team-a", labels, annotations: { "pulumi.com/deletionPropagationPolicy": "background" } },
    spec: { owner: { kind: "User", name: "admin@example.com" }, resourceQuotaSpec: { hard: { cpu: "100" } } },
  });
  assert.deepEqual(the("empty-profile").inputs["spec"], { owner: { kind: "User", name: "admin@example.com" } });
});

test("the LimitRange holds the defaults of seed 002", () => {
  const { metadata, spec } = the("team-a-limit-range").inputs;
  assert.deepEqual(metadata, { name: "cpu-mem-limit-range", namespace: "team-a", labels });
  assert.deepEqual(spec, {
    limits: [
      {
        type: "Container",
        default: { cpu: "800m", memory: "512Mi" },
        defaultRequest: { cpu: "500m", memory: "256Mi" },
      },
    ],
  });
});

for (const level of ["edit", "view"]) {
  test(`whoever carries pk:${level}:team-a in a token is bound to kubeflow-${level}`, () => {
    const { metadata, roleRef, subjects } = the(`team-a-binding-${level}`).inputs;
    assert.deepEqual(metadata, { name: `pk-${level}`, namespace: "team-a", labels });
    assert.deepEqual(roleRef, roleRefOf(level));
    assert.deepEqual(subjects, [{ ...rbac, kind: "Group", name: `pk:${level}:team-a` }]);
  });
}

for (const [user, level] of [
  ["alice", "edit"],
  ["bob", "view"],
] as const) {
  test(`${user}'s contributor binding is one that KFAM lists: annotated, one subject`, () => {
    const { metadata, roleRef, subjects } = the(`team-a-contributor-${user}`).inputs;
    assert.deepEqual(metadata, {
      name: `user-${user}-example-com-clusterrole-${level}`,
      namespace: "team-a",
      labels,
      annotations: { user: `${user}@example.com`, role: level },
    });
    assert.deepEqual(roleRef, roleRefOf(level));
    assert.deepEqual(subjects, [{ ...rbac, kind: "User", name: `${user}@example.com` }]);
  });
}

const rbac = { apiGroup: "rbac.authorization.k8s.io" };
function roleRefOf(level: string): Record<string, string> {
  return { ...rbac, kind: "ClusterRole", name: `kubeflow-${level}` };
}

const gateway = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";
const pipelines = "cluster.local/ns/kubeflow/sa/ml-pipeline-ui";
for (const [access, name, principals, address] of [
  ["full", "pk-members", [gateway, pipelines], "alice@example.com"],
  ["pipelines", "pk-members-without-notebooks", [pipelines], "bob@example.com"],
] as const) {
  test(`the network lets ${access} access in for exactly the members who have it`, () => {
    assert.deepEqual(the(`team-a-network-${access}`).inputs, {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name, namespace: "team-a", labels },
      spec: {
        action: "ALLOW",
        rules: [
          {
            from: [{ source: { principals } }],
            when: [{ key: "request.headers[kubeflow-userid]", values: [address] }],
          },
        ],
      },
    });
  });
}

for (const bucket of ["data", "mlpipeline"]) {
  test(`bucket team-a-${bucket} outlives the workspace`, () => {
    const { inputs, options } = the(`team-a-bucket-${bucket}`);
    assert.deepEqual(inputs, { bucket: `team-a-${bucket}` });
    assert.deepEqual(options, { retainOnDelete: true });
  });
}

test("the S3 policies are named like the roles that give them", () => {
  const policies = ["edit", "view"].map((level) => the(`team-a-policy-${level}`).inputs);
  assert.deepEqual(
    policies.map(({ name }) => name),
    ["pk:s3:edit:team-a", "pk:s3:view:team-a"],
  );
  assert.deepEqual(JSON.parse(policies[1]?.["policy"] as string), {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "prokube-access/dev/buckets",
        Effect: "Allow",
        Action: ["s3:GetBucketLocation", "s3:ListBucket"],
        Resource: ["arn:aws:s3:::team-a-data", "arn:aws:s3:::team-a-mlpipeline"],
      },
      {
        Sid: "prokube-access/dev/objects",
        Effect: "Allow",
        Action: ["s3:GetObject"],
        Resource: ["arn:aws:s3:::team-a-data/*", "arn:aws:s3:::team-a-mlpipeline/*"],
      },
    ],
  });
});

test("a record says whose the buckets are, gives nothing, and stays with them", () => {
  const { inputs, options } = the("team-a-bucket-record");
  assert.deepEqual(options, { retainOnDelete: true });
  assert.equal(inputs["name"], "prokube-access:team-a");
  assert.deepEqual(JSON.parse(inputs["policy"] as string), {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "prokube-access/dev/record",
        Effect: "Deny",
        Action: ["s3:*"],
        Resource: ["team-a-data", "team-a-mlpipeline", "team-a-data/*", "team-a-mlpipeline/*"].map(
          (path) => `arn:aws:s3:::${path}`,
        ),
      },
    ],
  });
});

test("the service account acts for a user of its own, within the workspace's own policy", () => {
  assert.deepEqual(the("team-a-s3-user").inputs, { name: "pk-team-a" });
  assert.deepEqual(the("team-a-s3-user-policy").inputs, { userName: "pk-team-a", policyName: "pk:s3:edit:team-a" });
  const { targetUser, policy } = the("team-a-s3-account-1.1").inputs;
  assert.deepEqual([targetUser, policy], ["pk-team-a", the("team-a-policy-edit").inputs["policy"]]);
});

test("its keys are in the two Secrets, and nowhere in plain text", () => {
  for (const [name, keys] of [
    ["artifact", ["accesskey", "secretkey"]],
    ["workload", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]],
  ] as const) {
    const { stringData } = the(`team-a-${name}-keys`).inputs as { stringData: { value: Record<string, unknown> } };
    assert.ok(isSecret(stringData));
    assert.deepEqual(Object.keys(stringData.value), keys);
    assert.equal(stringData.value[keys[0]], "team-a-s3-account-1.1-access-key");
  }
});

test("Pipelines put artifacts into the workspace's bucket", () => {
  const launcher = the("team-a-launcher").inputs["data"] as Record<string, string>;
  assert.equal(launcher["defaultPipelineRoot"], "minio://team-a-mlpipeline/v2/artifacts");
  assert.deepEqual(JSON.parse(launcher["providers"] ?? ""), {
    minio: {
      default: {
        endpoint: "minio.minio.svc.cluster.local:9000",
        disableSSL: true,
        region: "us-east-1",
        credentials: {
          fromEnv: false,
          secretRef: {
            secretName: "mlpipeline-minio-artifact",
            accessKeyKey: "accesskey",
            secretKeyKey: "secretkey",
          },
        },
      },
    },
  });
  const { data } = the("team-a-artifact-repositories").inputs as { data: Record<string, string> };
  const { s3 } = JSON.parse(data["default-namespaced"] ?? "") as { s3: Record<string, unknown> };
  assert.deepEqual(
    [s3["bucket"], s3["accessKeySecret"]],
    ["team-a-mlpipeline", { name: "mlpipeline-minio-artifact", key: "accesskey" }],
  );
});

test("what is there and ours is taken into the state, and nothing else", () => {
  const taken = all.flatMap(({ name, options }) =>
    options["import"] === undefined ? [] : [[name, options["import"]]],
  );
  assert.deepEqual(taken.toSorted(), [
    ["empty-binding-edit", "empty/pk-edit"],
    ["empty-bucket-data", "empty-data"],
    ["empty-namespace", "empty"],
  ]);
});

test("policies about the stack as a whole see each grant as it is written", () => {
  const [, outputs] = [...told].find(([urn]) => urn.endsWith(":Workspace::team-a")) ?? assert.fail();
  assert.deepEqual(outputs, {
    workspace: "team-a",
    grants: [
      { user: "alice", source: "members", level: "edit", notebooksAccess: true },
      { user: "bob", source: "members", level: "view", notebooksAccess: false },
    ],
  });
});

test("nothing but the buckets and their record has options that change its life", () => {
  const special = teamA.filter(({ name, options }) => !name.includes("-bucket-") && Object.keys(options).length > 0);
  assert.deepEqual(
    special.map(({ type, options }) => ({ type, options })),
    // An imported Secret says its type, and would be replaced where it is to say none.
    Array(2).fill({ type: "kubernetes:core/v1:Secret", options: { ignoreChanges: ["type"] } }),
  );
});

test("where an operator provisions, a workspace is its five realm roles", () => {
  const types = all.filter(({ parent }) => parent === "operated").map(({ type }) => type);
  assert.deepEqual(types, Array<string>(5).fill("keycloak:index/role:Role"));
});

test("a workspace stays within 25 resources, and every member costs one", () => {
  const contributors = teamA.filter(({ name }) => name.includes("-contributor-"));
  assert.equal(contributors.length, users.length);
  assert.ok(teamA.length - contributors.length + 1 <= 25);
});
