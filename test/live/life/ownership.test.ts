import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { accessOf, everything, nothing } from "../support/access.ts";
import {
  create,
  finishFirstLogin,
  keycloakAdmin,
  remove,
  rootStorage,
  seedBucket,
  userId,
} from "../support/platform.ts";
import { person, type Project, smallProject } from "../support/stack.ts";

let project: Project;
before(async () => {
  project = await smallProject("ownership", { "users/sven.yaml": person("sven") });
  await finishFirstLogin("sven");
});
after(async () => {
  await project.destroy();
});

const binding = (name: string, role: string, email: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: ${name}, namespace: team-o, annotations: { user: ${email}, role: edit } }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${role} }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: ${email} }]
`;
const workspace = "name: team-o\nmembers: [{ user: sven, role: edit }]\n";

/** Makes, as somebody else, one thing of every kind that workspace team-o, group makers and user tara would have. */
async function makeForeign(): Promise<void> {
  const keycloak = await keycloakAdmin();
  await keycloak.roles.create({ name: "pk:view:team-o", description: "somebody else's" });
  await keycloak.groups.create({ name: "makers" });
  await keycloak.users.create({ username: "tara", email: "tara@example.com", enabled: true, emailVerified: true });
  await create(`
apiVersion: v1
kind: Namespace
metadata: { name: team-o, annotations: { owner: ownership.owner@example.com } }
---
apiVersion: kubeflow.org/v1
kind: Profile
metadata: { name: team-o }
spec: { owner: { kind: User, name: ownership.owner@example.com } }
---
${binding("user-sven-example-com-clusterrole-edit", "kubeflow-edit", "sven@example.com")}`);
  await rootStorage().send(new CreateBucketCommand({ Bucket: "team-o-data" }));
  await rootStorage().send(new PutObjectCommand({ Bucket: "team-o-data", Key: "theirs", Body: "theirs" }));
}

test("what others made is named in the preview, each thing, and nothing is touched", async () => {
  await makeForeign();
  project.edit({
    "workspaces/team-o.yaml": workspace,
    "groups/makers.yaml": "name: makers\nmembers: [sven]\n",
    "users/tara.yaml": person("tara"),
  });
  const { code, output } = await project.tryPulumi("preview");
  assert.notEqual(code, 0);
  const expected = [
    'groups/makers.yaml:1:7 foreign-object: group "makers" exists and is not this stack\'s.',
    'users/tara.yaml:1:11 foreign-object: account "tara" exists and is not this stack\'s.',
    'workspaces/team-o.yaml:1:7 foreign-object: Profile "team-o" exists and is not this stack\'s.',
    'workspaces/team-o.yaml:1:7 foreign-object: RoleBinding "team-o/user-sven-example-com-clusterrole-edit" exists',
    'workspaces/team-o.yaml:1:7 foreign-object: bucket "team-o-data" exists and is not this stack\'s.',
    'workspaces/team-o.yaml:1:7 foreign-object: namespace "team-o" exists and is not this stack\'s.',
    'workspaces/team-o.yaml:1:7 foreign-object: realm role "pk:view:team-o" exists and is not this stack\'s.',
  ];
  for (const line of expected) assert.ok(output.includes(`stacks/ownership/${line}`), line);
  assert.match(output, new RegExp(`${expected.length} errors in the desired state; nothing was changed\\.`));

  const update = await project.tryPulumi("up", "--yes", "--skip-preview");
  assert.match(update.output, /nothing was changed/);
  const role = await (await keycloakAdmin()).roles.findOneByName({ name: "pk:view:team-o" });
  assert.equal(role?.description, "somebody else's");
});

test("adopting is refused while it would change what a thing gives", async () => {
  const keycloak = await keycloakAdmin();
  const [group] = await keycloak.groups.find({ search: "makers", exact: true });
  const id = await userId("tara");
  await keycloak.users.addToGroup({ id, groupId: group?.id ?? "" });
  const role = await keycloak.roles.findOneByName({ name: "pk:view:team-o" });
  await keycloak.users.addRealmRoleMappings({ id, roles: [{ id: role?.id ?? "", name: "pk:view:team-o" }] });
  project.edit({
    "workspaces/team-o.yaml": `${workspace}adopt: true\n`,
    "groups/makers.yaml": "name: makers\nadopt: true\nmembers: [sven]\n",
    "users/tara.yaml": person("tara", "adopt: true\nenabled: false\n"),
  });
  const { output } = await project.tryPulumi("preview");
  assert.match(output, /groups\/makers\.yaml:1:7 adoption-differs: group "makers" belongs to user tara too/);
  assert.match(output, /users\/tara\.yaml:1:11 adoption-differs: .* it is enabled, here it is not\./);
  assert.match(
    output,
    /team-o\.yaml:1:7 adoption-differs: realm role "pk:view:team-o" belongs to user tara too, who would get/,
  );
  await keycloak.users.delRealmRoleMappings({ id, roles: [{ id: role?.id ?? "", name: "pk:view:team-o" }] });
});

test("adopted: taken over as it is, managed from then on, and the file may forget it", async () => {
  const keycloak = await keycloakAdmin();
  const role = await keycloak.roles.findOneByName({ name: "pk:view:team-o" });
  await keycloak.users.update(
    { id: await userId("tara") },
    {
      firstName: "tara",
      lastName: "Test",
      attributes: { desk: ["12"] },
      email: "tara@example.com",
      emailVerified: true,
      enabled: true,
    },
  );
  const id = await userId("tara");
  const files = (adopt: string) => ({
    "workspaces/team-o.yaml": `${workspace}${adopt}`,
    "groups/makers.yaml": `name: makers\n${adopt}members: [sven, tara]\n`,
    "users/tara.yaml": person("tara", adopt),
  });
  project.edit(files("adopt: true\n"));
  await project.up();
  await seedBucket("team-o-data");
  assert.deepEqual(await accessOf("sven", "team-o"), everything);
  const { Contents = [] } = await rootStorage().send(new ListObjectsV2Command({ Bucket: "team-o-data" }));
  assert.ok(Contents.some(({ Key }) => Key === "theirs"));
  assert.equal(await userId("tara"), id, "the same account");
  const account = await (await keycloakAdmin()).users.findOne({ id });
  assert.deepEqual(account?.attributes?.["desk"], ["12"]);
  await project.pulumi("preview", "--expect-no-changes");

  project.edit(files(""));
  await project.up();
  assert.equal(await userId("tara"), id);
  assert.equal((await (await keycloakAdmin()).roles.findOneByName({ name: "pk:view:team-o" }))?.id, role?.id);
  await project.pulumi("preview", "--expect-no-changes");

  project.edit({ "users/tara.yaml": person("tara", "adopt: true\n") });
  const again = await project.tryPulumi("preview");
  assert.match(again.output, /user tara is already managed by this stack; remove adopt: true/);
  project.edit(files(""));
});

test("a new person does not come into what others left for the address", async () => {
  const byHand = binding("by-hand", "kubeflow-admin", "uma@example.com");
  await create(byHand);
  project.edit({ "users/uma.yaml": person("uma") });
  const { output } = await project.tryPulumi("preview");
  assert.match(
    output,
    /users\/uma\.yaml:1:11 leftover-access: user "uma" is new, but RoleBinding "team-o\/by-hand", which is not this stack's, already gives uma@example\.com access/,
  );
  await remove(byHand);
  await project.up();
  await finishFirstLogin("uma");
  assert.deepEqual(await accessOf("uma", "team-o"), nothing);
  project.edit({ "users/uma.yaml": undefined });
});

test("another stack's things are never taken over, whatever the file says", async () => {
  project.edit({ "workspaces/team-p.yaml": "name: team-p\n" });
  await project.up();
  const other = await smallProject("trespasser", {});
  try {
    other.edit({
      "workspaces/team-p.yaml": "name: team-p\nadopt: true\n",
      "users/sven.yaml": person("sven", "adopt: true\n"),
    });
    const { output } = await other.tryPulumi("preview");
    assert.match(output, /namespace "team-p" exists and is not this stack's\. It belongs to stack "ownership"/);
    assert.match(output, /bucket "team-p-data" exists and is not this stack's\. It belongs to stack "ownership"/);
    assert.match(output, /account "sven" exists and is not this stack's\. It belongs to stack "ownership"/);
    other.edit({ "workspaces/team-p.yaml": undefined, "users/sven.yaml": undefined });
  } finally {
    await other.destroy();
  }
  project.edit({ "workspaces/team-p.yaml": undefined });
  await project.up();
});
