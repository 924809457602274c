import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { ownership, stackInLabels } from "../access/inventory.ts";
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
 * @throws {AggregateError} when a plane refused; the others were still done
 */
export async function revoke(lost: Revocations, { keycloak, cluster, store }: Planes, stack: string): Promise<void> {
  const results = await Promise.allSettled([
    revokeIdentity(lost, keycloak),
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

async function revokeIdentity({ users, groups }: Revocations, keycloak: Keycloak): Promise<void> {
  for (const { username, groups: left, roles, gone } of users) {
    const client = await keycloak.client();
    const [account] = await client.users.find({ username, exact: true });
    if (account?.id === undefined) continue;
    const { id } = account;
    await Promise.all(
      (await client.users.listGroups({ id }))
        .filter(({ path }) => left.some((name) => path === `/${name}`))
        .map(async (group) => client.users.delFromGroup({ id, groupId: group.id ?? "" })),
    );
    await client.users.delRealmRoleMappings({
      id,
      roles: await held(client.users.listRealmRoleMappings({ id }), roles),
    });
    // The account is deleted by the engine, at the end; until then nobody logs in with it or goes on working.
    if (gone) await shut(client, id);
  }
  for (const { name, roles } of groups) {
    const client = await keycloak.client();
    const group = (await client.groups.find({ search: name, exact: true })).find((one) => one.path === `/${name}`);
    if (group?.id === undefined) continue;
    const { id } = group;
    await client.groups.delRealmRoleMappings({
      id,
      roles: await held(client.groups.listRealmRoleMappings({ id }), roles),
    });
  }
}

async function held(
  mappings: Promise<{ id?: string; name?: string }[]>,
  names: readonly string[],
): Promise<{ id: string; name: string }[]> {
  return (await mappings).flatMap(({ id, name }) =>
    id !== undefined && name !== undefined && names.includes(name) ? [{ id, name }] : [],
  );
}

async function shut(client: KeycloakAdminClient, id: string): Promise<void> {
  await client.users.update({ id }, { ...(await client.users.findOne({ id })), enabled: false });
  await client.users.logout({ id });
}

async function revokeCompute(lost: Revocations, { rbac }: Cluster, stack: string): Promise<void> {
  const ofWorkspaces = lost.workspaces.flatMap((namespace) =>
    Object.values(roleBindingNames).map((name) => ({ namespace, name })),
  );
  for (const binding of [...lost.roleBindings, ...ofWorkspaces]) {
    const found = await unlessGone(rbac.readNamespacedRoleBinding(binding));
    if (isOurs(found, stack)) await unlessGone(rbac.deleteNamespacedRoleBinding(binding));
  }
  for (const name of lost.clusterRoleBindings) {
    const found = await unlessGone(rbac.readClusterRoleBinding({ name }));
    if (isOurs(found, stack)) await unlessGone(rbac.deleteClusterRoleBinding({ name }));
  }
}

/** The rest of a policy stays as it is: others go on working. Without rules an ALLOW policy lets nobody in. */
async function revokeNetwork({ network }: Revocations, { custom }: Cluster, stack: string): Promise<void> {
  for (const { namespace, access, values } of network) {
    const policy = { ...istioPolicies, namespace, name: networkPolicyNames[access] };
    const found = (await unlessGone(custom.getNamespacedCustomObject(policy))) as Policy | undefined;
    if (!found || !isOurs(found, stack)) continue;
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
  }
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
  for (const workspace of workspaces) {
    const { s3Edit, s3View } = workspaceRoles(workspace);
    const refusal = policyDocument(denyStatements(workspace, "revoked"), (name) => ownership.statementId(stack, name));
    for (const name of [s3Edit, s3View].filter((policy) => ours.has(policy)))
      await store.overwritePolicy(name, refusal);
  }
}

function isOurs(object: { metadata?: Metadata } | undefined, stack: string): boolean {
  return object !== undefined && stackInLabels(object.metadata?.labels) === stack;
}
