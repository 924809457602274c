import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { ownership, stackInAttributes, stackInLabels } from "../access/inventory.ts";
import type { Revocations } from "../access/ledger.ts";
import { networkPolicyNames, roleBindingNames, workspaceRoles } from "../access/names.ts";
import { denyStatements, policyDocument } from "../access/s3Policy.ts";
import { type Cluster, istioPolicies, type Metadata, type Rule, unlessGone } from "./cluster.ts";
import type { Keycloak } from "./keycloak.ts";
import type { Store } from "./store.ts";
import { type Planes, reasonOf } from "./survey.ts";

/**
 * Takes away what an update takes away, before anything is given: Pulumi deletes last. Everything here may already be
 * gone; what is not this stack's is left alone.
 *
 * @throws {Error} when a plane refused something; everything else was still done
 */
export async function revoke(lost: Revocations, { keycloak, cluster, store }: Planes, stack: string): Promise<void> {
  const results = await Promise.allSettled([
    revokeIdentity(lost, keycloak, stack),
    revokeCompute(lost, cluster, stack),
    revokeNetwork(lost, cluster, stack),
    revokeStorage(lost, store, stack),
  ]);
  const planes = ["Keycloak", "Kubernetes", "Istio", "MinIO"];
  const failures = results.flatMap((result, index) =>
    result.status === "rejected" ? [`${planes[index] ?? ""}: ${reasonOf(result.reason)}`] : [],
  );
  if (failures.length > 0) {
    throw new Error(`access could not be taken away, so none is given. ${failures.join("; ")}`);
  }
}

async function revokeIdentity({ users, groups }: Revocations, keycloak: Keycloak, stack: string): Promise<void> {
  await forAll(users, async (lost) => revokeUser(lost, await keycloak.client(), stack));
  await forAll(groups, async (lost) => revokeGroup(lost, await keycloak.client(), stack));
}

async function revokeUser(
  { username, groups, roles, gone }: Revocations["users"][number],
  { users }: KeycloakAdminClient,
  stack: string,
): Promise<void> {
  const [account] = await users.find({ username, exact: true, briefRepresentation: false });
  if (account?.id === undefined || stackInAttributes(account.attributes as Attributes) !== stack) return;
  const { id } = account;
  const left = (await users.listGroups({ id })).filter(({ path }) => groups.some((name) => path === `/${name}`));
  await forAll(left, async (group) => users.delFromGroup({ id, groupId: group.id ?? "" }));
  const lost = among(await users.listRealmRoleMappings({ id }), roles);
  if (lost.length > 0) await users.delRealmRoleMappings({ id, roles: lost });
  if (!gone) return;
  // The account is deleted by the engine, at the end; until then nobody logs in with it or goes on working.
  await users.update({ id }, { ...(await users.findOne({ id })), enabled: false });
  await users.logout({ id });
}

async function revokeGroup(
  { name, roles }: Revocations["groups"][number],
  { groups }: KeycloakAdminClient,
  stack: string,
): Promise<void> {
  const found = await groups.find({ search: name, exact: true, briefRepresentation: false });
  const group = found.find(({ path }) => path === `/${name}`);
  if (group?.id === undefined || stackInAttributes(group.attributes as Attributes) !== stack) return;
  const { id } = group;
  const lost = among(await groups.listRealmRoleMappings({ id }), roles);
  if (lost.length > 0) await groups.delRealmRoleMappings({ id, roles: lost });
}

type Attributes = Readonly<Record<string, readonly string[]>> | undefined;

function among(
  mappings: readonly { id?: string; name?: string }[],
  names: readonly string[],
): { id: string; name: string }[] {
  return mappings.flatMap(({ id, name }) =>
    id !== undefined && name !== undefined && names.includes(name) ? [{ id, name }] : [],
  );
}

/** Does one after the other, all of them, and then tells the first failure. */
async function forAll<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) await act(item).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function revokeCompute(lost: Revocations, { rbac }: Cluster, stack: string): Promise<void> {
  const ofWorkspaces = lost.workspaces.flatMap((namespace) =>
    Object.values(roleBindingNames).map((name) => ({ namespace, name })),
  );
  await forAll(lost.clusterRoleBindings, async (name) => {
    const found = await unlessGone(rbac.readClusterRoleBinding({ name }));
    if (isOurs(found, stack)) await unlessGone(rbac.deleteClusterRoleBinding({ name }));
  });
  await forAll([...lost.roleBindings, ...ofWorkspaces], async (binding) => {
    const found = await unlessGone(rbac.readNamespacedRoleBinding(binding));
    if (isOurs(found, stack)) await unlessGone(rbac.deleteNamespacedRoleBinding(binding));
  });
}

/** The rest of a policy stays as it is: others go on working. Without rules an ALLOW policy lets nobody in. */
async function revokeNetwork({ network }: Revocations, { custom }: Cluster, stack: string): Promise<void> {
  await forAll(network, async ({ namespace, access, values }) => {
    const policy = { ...istioPolicies, namespace, name: networkPolicyNames[access] };
    const found = (await unlessGone(custom.getNamespacedCustomObject(policy))) as Policy | undefined;
    if (!found || !isOurs(found, stack)) return;
    const { resourceVersion } = found.metadata ?? {};
    await custom.patchNamespacedCustomObject({
      ...policy,
      fieldManager: "prokube-access",
      // A JSON patch: the client sends lists as such.
      body: [
        { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
        { op: "add", path: "/spec/rules", value: rulesWithout(found.spec?.rules ?? [], values) },
      ],
    });
  });
}

interface Policy {
  metadata?: Metadata;
  spec?: { rules?: Rule[] };
}

function rulesWithout(rules: readonly Rule[], lost: readonly string[]): Rule[] {
  return rules.flatMap((rule) => {
    const when = (rule.when ?? []).map((condition) => ({
      ...condition,
      values: (condition.values ?? []).filter((value) => !lost.includes(value)),
    }));
    // A condition without values would not be a condition.
    return when.some(({ values }) => values.length === 0) ? [] : [{ ...rule, when }];
  });
}

/**
 * Whoever still carries a role of the workspace, or its keys, is refused at once. Its S3 user is not disabled: MinIO
 * takes a disabled user for none when the provider comes to detach the policy.
 */
async function revokeStorage({ workspaces }: Revocations, store: Store, stack: string): Promise<void> {
  if (workspaces.length === 0) return;
  const ours = await store.policiesOf(stack);
  await forAll(workspaces, async (workspace) => {
    const { s3Edit, s3View } = workspaceRoles(workspace);
    const refusal = policyDocument(denyStatements(workspace, "revoked"), (name) => ownership.statementId(stack, name));
    for (const name of [s3Edit, s3View].filter((policy) => ours.has(policy)))
      await store.overwritePolicy(name, refusal);
  });
}

function isOurs(object: { metadata?: Metadata } | undefined, stack: string): boolean {
  return object !== undefined && stackInLabels(object.metadata?.labels) === stack;
}
