import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join, resolve as absolute } from "node:path";
import { after, test } from "node:test";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { loadDesiredState } from "../../../access/load.ts";
import { renderMatrix } from "../../../access/matrix.ts";
import { resolve, today } from "../../../access/resolve.ts";
import { policyDocument, s3Statements } from "../../../access/s3Policy.ts";
import { Store } from "../../../live/store.ts";
import { type Access, accessOf, everything, isLetIn, nothing, reading } from "../support/access.ts";
import {
  create,
  environment,
  exists,
  finishFirstLogin,
  keycloakAdmin,
  remove,
  rootStorage,
  seedBucket,
  userId,
} from "../support/platform.ts";
import { person, platformOf, Project, smallProject } from "../support/stack.ts";

interface Remark {
  readonly about: string;
  readonly why: string;
}

interface Report {
  readonly code: number;
  readonly files: readonly string[];
  readonly leftOut: readonly Remark[];
  readonly less: readonly Remark[];
  readonly beside: readonly Remark[];
  readonly errors: string;
}

/** `access import`, with the stacks of a project before it. */
function importInto(project: Project, stack: string, ...more: string[]): Promise<Report> {
  const args = ["import", "--stack", stack, "--domain", "cluster.example.com", "--json", ...more];
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [absolute("bin/access.ts"), ...args], { cwd: project.folder });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")));
    child.on("error", fail);
    child.on("close", (code) => {
      const report = { files: [], leftOut: [], less: [], beside: [] };
      done({ ...report, ...(output === "" ? {} : (JSON.parse(output) as object)), code: code ?? -1, errors });
    });
  });
}

/** The realm is shared with other tests: what is not of this one is not taken over. */
function keepOnly(project: Project, { files }: Report, own: RegExp): string[] {
  const kept = files.filter((path) => path === "platform.yaml" || own.test(path));
  project.edit(Object.fromEntries(files.filter((path) => !kept.includes(path)).map((path) => [path, undefined])));
  return kept;
}

const matrixIn = (project: Project, stack: string): string => {
  const desired = loadDesiredState(join(project.folder, "stacks", stack));
  return renderMatrix(desired, resolve(desired, today()));
};

async function accessOfAll(people: readonly string[], workspaces: readonly string[]): Promise<Record<string, Access>> {
  const found: Record<string, Access> = {};
  for (const username of people) {
    for (const workspace of workspaces) found[`${username} in ${workspace}`] = await accessOf(username, workspace);
  }
  return found;
}

const about = (remarks: readonly Remark[], own: RegExp): string[] =>
  remarks.flatMap((remark) => (own.test(remark.about) ? [`${remark.about}: ${remark.why}`] : []));

const undo: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const act of undo.toReversed()) await act();
});

test("state and files lost: imported, taken into the state again, and nobody notices", async () => {
  const project = await smallProject("lost", {
    "platform.yaml": platformOf("lost", "realmRoles: [{ name: lost-viewer }]\n"),
    "users/lost-ida.yaml": person("lost-ida", "workspace: true\nadmin: true\n"),
    "users/lost-ivo.yaml": person("lost-ivo"),
    "users/lost-ina.yaml": person("lost-ina", "roles: [lost-viewer]\n"),
    "groups/lost-makers.yaml": "name: lost-makers\nmembers: [lost-ivo, lost-ina]\n",
    "workspaces/lost-lab.yaml": [
      "name: lost-lab",
      "description: 'Forecasting: all of it'",
      "quota: { cpu: 20, memory: 64Gi }",
      "members: [{ user: lost-ida, role: edit }, { group: lost-makers, role: view, notebooksAccess: false }]",
      "storage: [{ user: lost-ivo, role: edit }]",
      "",
    ].join("\n"),
  });
  undo.push(() => project.destroy());
  const people = ["lost-ida", "lost-ivo", "lost-ina"];
  for (const username of people) await finishFirstLogin(username);
  for (const bucket of ["lost-lab-data", "lost-ida-data"]) await seedBucket(bucket);
  const before = await accessOfAll(people, ["lost-lab", "lost-ida"]);
  assert.deepEqual(before["lost-ida in lost-lab"], everything);
  assert.deepEqual(before["lost-ina in lost-ida"], nothing);
  const ids = await Promise.all(people.map(userId));
  const matrix = matrixIn(project, "lost");

  await project.pulumi("stack", "rm", "--yes", "--force", "--preserve-config");
  await project.pulumi("stack", "select", "--create");
  rmSync(join(project.folder, "stacks", "lost"), { recursive: true });
  const owner = ["--owner", "lost.owner@example.com"];
  const report = await importInto(project, "lost", ...owner);
  const own = /\/lost-/;
  assert.deepEqual(keepOnly(project, report, own), [
    "platform.yaml",
    "users/lost-ida.yaml",
    "users/lost-ina.yaml",
    "users/lost-ivo.yaml",
    "groups/lost-makers.yaml",
    "workspaces/lost-lab.yaml",
  ]);
  assert.deepEqual(
    [about(report.leftOut, /lost/), about(report.less, /lost/), about(report.beside, /lost/)],
    [[], [], []],
  );
  assert.equal(matrixIn(project, "lost"), matrix);

  const again = await importInto(project, "lost", ...owner);
  assert.equal(again.code, 1);
  assert.match(again.errors, /^stacks\/lost\/platform\.yaml, .*: there already, and nothing is overwritten/);

  const preview = await project.pulumi("preview");
  assert.match(preview, /= \d+ to import/);
  assert.doesNotMatch(preview, /to delete|to replace/);
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  assert.deepEqual(await accessOfAll(people, ["lost-lab", "lost-ida"]), before);
  assert.deepEqual(await Promise.all(people.map(userId)), ids, "the same accounts");

  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  project.edit({
    "groups/lost-makers.yaml": "name: lost-makers\nmembers: [lost-ina]\n",
    "workspaces/lost-lab.yaml": project.read("workspaces/lost-lab.yaml").replace(/^storage:[^]*?(?=^\w)/m, ""),
    "workspaces/lost-new.yaml": "name: lost-new\nmembers: [{ user: lost-ivo, role: edit }]\n",
  });
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  assert.deepEqual(await accessOf("lost-ivo", "lost-lab"), nothing, "what was recovered is managed");
  assert.deepEqual(await accessOf("lost-ina", "lost-lab"), before["lost-ina in lost-lab"]);
});

const contributor = (email: string, role: "edit" | "view"): string => {
  const name = `user-${email.replaceAll(/[^a-z0-9]+/g, "-")}-clusterrole-${role}`;
  return `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: ${name}, namespace: hand-lab, annotations: { user: ${email}, role: ${role} } }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubeflow-${role} }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: ${email} }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: hand-lab, annotations: { user: ${email}, role: ${role} } }
spec:
  rules:
    - from: [{ source: { principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account, cluster.local/ns/kubeflow/sa/ml-pipeline-ui] } }]
      when: [{ key: "request.headers[kubeflow-userid]", values: [${email}] }]`;
};

// The client writes `default` for `_default`.
const byHand = `
apiVersion: v1
kind: Namespace
metadata: { name: hand-lab, labels: { istio-injection: enabled }, annotations: { owner: hand.owner@example.com } }
---
apiVersion: kubeflow.org/v1
kind: Profile
metadata: { name: hand-lab }
spec: { owner: { kind: User, name: hand.owner@example.com }, resourceQuotaSpec: { hard: { cpu: "20", memory: 64Gi } } }
---
apiVersion: v1
kind: LimitRange
metadata: { name: cpu-mem-limit-range, namespace: hand-lab }
spec: { limits: [{ type: Container, _default: { cpu: "1", memory: 1Gi }, defaultRequest: { cpu: 250m, memory: 256Mi } }] }
---
apiVersion: v1
kind: Secret
metadata: { name: mlpipeline-minio-artifact, namespace: hand-lab }
stringData: { accesskey: minio, secretkey: of-all }
${contributor("hand-hal@example.com", "edit")}
${contributor("hand-hope@example.com", "view")}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: two-at-once, namespace: hand-lab }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubeflow-view }
subjects:
  - { apiGroup: rbac.authorization.k8s.io, kind: User, name: hand-hugo@example.com }
  - { apiGroup: rbac.authorization.k8s.io, kind: User, name: somebody@example.com }
`;

/** A workspace as people make it by hand on a Kubeflow platform: some roles, some policies, one bucket. */
async function makeByHand(): Promise<void> {
  for (const username of ["hand-hal", "hand-hope", "hand-hugo", "hand-hero"]) {
    const names = { firstName: username, lastName: "Test" };
    const email = `${username}@example.com`;
    const account = { username, enabled: true, emailVerified: true, attributes: { desk: ["7"] }, ...names };
    await (await keycloakAdmin()).users.create(username === "hand-hero" ? account : { ...account, email });
    if (username !== "hand-hero") await finishFirstLogin(username);
  }
  const keycloak = await keycloakAdmin();
  const roleNamed = async (name: string) => {
    const { id = "" } = (await keycloak.roles.findOneByName({ name })) ?? {};
    return { id, name };
  };
  for (const name of ["pk:s3:edit:hand-lab", "pk:s3:view:hand-lab", "pk:edit:hand-lab", "pk:view:hand-lab"]) {
    await keycloak.roles.create({ name });
  }
  for (const level of ["edit", "view"]) {
    const { id } = await roleNamed(`pk:${level}:hand-lab`);
    await keycloak.roles.createComposite({ roleId: id }, [await roleNamed(`pk:s3:${level}:hand-lab`)]);
  }
  const { id: group } = await keycloak.groups.create({ name: "hand-readers" });
  await keycloak.users.addToGroup({ id: await userId("hand-hope"), groupId: group });
  await keycloak.groups.addRealmRoleMappings({ id: group, roles: [await roleNamed("pk:view:hand-lab")] });
  await keycloak.users.addRealmRoleMappings({
    id: await userId("hand-hal"),
    roles: [await roleNamed("pk:edit:hand-lab")],
  });
  await create(byHand);
  await rootStorage().send(new CreateBucketCommand({ Bucket: "hand-lab-data" }));
  await seedBucket("hand-lab-data");
  for (const level of ["edit", "view"] as const) {
    const document = policyDocument(s3Statements(level, "hand-lab"), (name) => name);
    await store().overwritePolicy(`pk:s3:${level}:hand-lab`, document);
  }
}

function store(): Store {
  return new Store({
    endpoint: new URL(environment("MINIO_ENDPOINT")),
    user: environment("MINIO_ROOT_USER"),
    password: environment("MINIO_ROOT_PASSWORD"),
    authority: undefined,
  });
}

test("a platform made by hand: imported, taken over by one update, and everybody has what they had", async () => {
  await makeByHand();
  undo.push(async () => {
    const keycloak = await keycloakAdmin();
    await keycloak.users.del({ id: await userId("hand-hero") });
    if (await exists("/apis/kubeflow.org/v1/profiles/hand-lab")) await remove(byHand);
  });
  const people = ["hand-hal", "hand-hope", "hand-hugo"];
  const before = await accessOfAll(people, ["hand-lab"]);
  assert.deepEqual(before, {
    "hand-hal in hand-lab": everything,
    "hand-hope in hand-lab": reading,
    "hand-hugo in hand-lab": { ...nothing, "list pods": true },
  });
  const ids = await Promise.all(people.map(userId));

  const project = new Project("hand");
  rmSync(join(project.folder, "stacks", "hand"), { recursive: true, force: true });
  const report = await importInto(project, "hand", "--owner", "hand.owner@example.com");
  assert.equal(report.code, 1, report.errors);
  assert.deepEqual(keepOnly(project, report, /\/hand-/), [
    "platform.yaml",
    "users/hand-hal.yaml",
    "users/hand-hope.yaml",
    "users/hand-hugo.yaml",
    "groups/hand-readers.yaml",
    "workspaces/hand-lab.yaml",
  ]);
  assert.deepEqual(about(report.leftOut, /hand-/), [
    "RoleBinding hand-lab/two-at-once: gives ClusterRole kubeflow-view to User hand-hugo@example.com, User somebody@example.com, which no file can say. It stays as it is.",
    'account "hand-hero": has no e-mail address, by which Kubernetes and the mesh would know it.',
  ]);
  assert.deepEqual(about(report.less, /hand-/), []);
  assert.deepEqual(
    report.beside.filter(({ about: what }) => what.includes("hand-lab")).map(({ about: what }) => what),
    ["edit", "view"].map(
      (level) =>
        `AuthorizationPolicy hand-lab/user-hand-${level === "edit" ? "hal" : "hope"}-example-com-clusterrole-${level}`,
    ),
  );
  assert.equal(
    project.read("workspaces/hand-lab.yaml"),
    [
      "# yaml-language-server: $schema=../../schema/workspaces.json",
      "name: hand-lab",
      'quota: { cpu: "20", memory: 64Gi }',
      "limits:",
      '  default: { cpu: "1", memory: 1Gi }',
      "  defaultRequest: { cpu: 250m, memory: 256Mi }",
      "members:",
      "  - user: hand-hal",
      "    role: edit",
      "  - group: hand-readers",
      "    role: view",
      "adopt: true",
      "",
    ].join("\n"),
  );

  await project.pulumi("stack", "select", "--create");
  undo.push(() => project.destroy());
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  assert.deepEqual(await accessOfAll(people, ["hand-lab"]), before);
  assert.deepEqual(await Promise.all(people.map(userId)), ids, "the same accounts");
  const account = await (await keycloakAdmin()).users.findOne({ id: ids[0] ?? "" });
  assert.deepEqual(account?.attributes?.["desk"], ["7"]);

  const files = report.files.filter((path) => /\/hand-/.test(path));
  project.edit(Object.fromEntries(files.map((path) => [path, project.read(path).replace("adopt: true\n", "")])));
  await project.up();
  await project.pulumi("preview", "--expect-no-changes");
  project.edit({ "groups/hand-readers.yaml": "name: hand-readers\n" });
  await project.up();
  const { network, ...rest } = await accessOf("hand-hope", "hand-lab");
  assert.deepEqual(rest, { ...rest, "list pods": false, "read objects": false });
  assert.ok(network, "what was said to stand beside goes on letting in");
  await remove(contributor("hand-hope@example.com", "view").split("---").at(-1) ?? "");
  assert.equal(await isLetIn("hand-hope@example.com", "hand-lab"), false);
});
