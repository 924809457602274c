import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { ownership, stackInAttributes, stackInLabels } from "../access/inventory.ts";
import type { Revocations } from "../access/ledger.ts";
import { type DexClient, staticClientsIn } from "../access/dexDocument.ts";
import { claimedBy } from "../access/gateway.ts";
import { flowNames } from "../access/identity.ts";
import { networkPolicyNames, nobodysRole, roleBindingNames, workspaceRoles } from "../access/names.ts";
import { denyStatements, policyDocument } from "../access/s3Policy.ts";
import { type Cluster, istioPolicies, type Metadata, type Rule, unlessGone } from "./cluster.ts";
import type { Plan } from "../access/resolve.ts";
import { dexClients, dexDocument } from "../access/applicationTakeover.ts";
import type { Update } from "./acts.ts";
import { readDex, writeDex } from "./dex.ts";
import { readGateway, writeExemptions } from "./gateway.ts";
import { asLists, innerGroups, ownDirectory } from "./federation.ts";
import type { Keycloak } from "./keycloak.ts";
import type { Store } from "./store.ts";
import { type Planes, reasonOf } from "./survey.ts";

type Context = Pick<Update, "stack" | "plan" | "gatewayRevision" | "dexRevision">;

/**
 * Takes away what an update takes away, before anything is given: Pulumi deletes last. Everything here may already be
 * gone; what is not this stack's is left alone.
 *
 * @throws {Error} when a plane refused something; everything else was still done
 */
export async function revoke(lost: Revocations, { keycloak, cluster, store }: Planes, update: Context): Promise<void> {
  const { stack, plan } = update;
  const results = await Promise.allSettled([
    revokeIdentity(lost, keycloak, stack, plan),
    revokeCompute(lost, cluster, stack),
    revokeNetwork(lost, cluster, stack),
    revokeStorage(lost, store, stack),
    revokeExemptions(lost, cluster, update),
    revokeDexClients(lost, cluster, update),
  ]);
  const planes = ["Keycloak", "Kubernetes", "Istio", "MinIO", "the gateway", "Dex"];
  const failures = results.flatMap((result, index) =>
    result.status === "rejected" ? [`${planes[index] ?? ""}: ${reasonOf(result.reason)}`] : [],
  );
  if (failures.length > 0) {
    throw new Error(`access could not be taken away, so none is given. ${failures.join("; ")}`);
  }
}

async function revokeIdentity(lost: Revocations, keycloak: Keycloak, stack: string, plan: Plan): Promise<void> {
  const now = () => keycloak.client();
  await forAll(lost.users, async (user) => revokeUser(user, await now(), stack));
  await forAll(lost.groups, async (group) => revokeGroup(group, await now(), stack));
  await forAll(lost.platformGroups, async (group) => revokeGroup(group, await now(), "any"));
  await forAll(lost.sources, async (source) => revokeSource(source, await now(), stack, plan));
  await forAll(lost.identityProviders, async (alias) => closeProvider(alias, await now(), stack, plan));
  await forAll(lost.directories, async (name) => closeDirectory(name, await now(), stack, plan));
  await forAll(lost.clients, async (clientId) => closeClient(clientId, await now(), stack));
  const providers = [...plan.identityProviders.map(({ name }) => name), ...lost.identityProviders];
  await forAll(lost.narrowed, async (application) => narrowApplication(application, providers, await now(), stack));
}

async function revokeUser(
  { username, groups, roles, gone, directory, applications }: Revocations["users"][number],
  client: KeycloakAdminClient,
  stack: string,
): Promise<void> {
  const { users } = client;
  const [account] = await users.find({ username, exact: true, briefRepresentation: false });
  if (account?.id === undefined) return;
  const isOurs = stackInAttributes(account.attributes as Attributes) === stack;
  if (!isOurs && (directory === undefined || account.federationLink === undefined)) return;
  const { id } = account;
  const left = (await users.listGroups({ id })).filter(({ path }) => groups.some((name) => path === `/${name}`));
  await forAll(left, async (group) => users.delFromGroup({ id, groupId: group.id ?? "" }));
  const lost = among(await users.listRealmRoleMappings({ id }), roles);
  if (lost.length > 0) await users.delRealmRoleMappings({ id, roles: lost });
  if (applications.length > 0) await endSessions(client, id, applications);
  if (!gone) return;
  await users.logout({ id });
  if (directory !== undefined) return;
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
  if (group?.id === undefined) return;
  // The platform's two groups may be somebody else's; the roles that this stack gave them are its own to take.
  if (stack !== "any" && stackInAttributes(group.attributes as Attributes) !== stack) return;
  const { id } = group;
  const lost = among(await groups.listRealmRoleMappings({ id }), roles);
  if (lost.length > 0) await groups.delRealmRoleMappings({ id, roles: lost });
}

/** Nobody comes into the group from there any more. */
async function revokeSource(
  { group, name, from }: Revocations["sources"][number],
  client: KeycloakAdminClient,
  stack: string,
  { platform: { realm } }: Plan,
): Promise<void> {
  if ("directory" in from) {
    const directory = await ownDirectory(client, realm, from.directory, stack);
    if (!directory) return;
    const mappers = await client.components.find({ parent: directory.id });
    const mapper = mappers.find((one) => one.name === `${group}: ${name}`);
    if (mapper?.id === undefined) return;
    const config = { ...(mapper.config as Record<string, string[]>), "groups.ldap.filter": ["(!(objectClass=*))"] };
    await client.components.update({ id: mapper.id }, { ...mapper, config });
    return;
  }
  const inner = (await innerGroups(client, group)).find((one) => one.name === name);
  if (!inner || stackInAttributes(inner.attributes) !== stack) return;
  const members = await client.groups.listMembers({ id: inner.id, max: 10_000 });
  await forAll(members, async ({ id = "" }) => client.users.delFromGroup({ id, groupId: inner.id }));
}

/** Nobody logs in through it any more, and whoever did so without being written down is no platform user any more. */
async function closeProvider(
  alias: string,
  { identityProviders, users, groups }: KeycloakAdminClient,
  stack: string,
  { platform, users: written }: Plan,
): Promise<void> {
  const found = (await identityProviders.find()).find((provider) => provider.alias === alias);
  if (!found || stackInAttributes(asLists(found.config)) !== stack) return;
  await identityProviders.update({ alias }, { ...found, enabled: false });
  const linked = await users.find({ idpAlias: alias, max: 10_000 });
  const known = new Set(written.map(({ username }) => username));
  const [userGroup] = (await groups.find({ search: platform.platformGroups.user, exact: true })).filter(
    ({ path }) => path === `/${platform.platformGroups.user}`,
  );
  await forAll(
    linked.filter(({ username = "" }) => !known.has(username)),
    async ({ id = "" }) => {
      if (userGroup?.id !== undefined) await users.delFromGroup({ id, groupId: userGroup.id });
      await users.logout({ id });
    },
  );
}

/** Tokens that are out would be renewed without a look at who may log in. */
async function endSessions(
  { users, clients, realms, realmName: realm }: KeycloakAdminClient,
  id: string,
  applications: readonly string[],
): Promise<void> {
  await users.logout({ id });
  await forAll(applications, async (clientId) => {
    const [client] = await clients.find({ clientId });
    if (client?.id === undefined) return;
    const offline = await users.listOfflineSessions({ id, clientId: client.id });
    await forAll(offline, async ({ id: session = "" }) => realms.deleteSession({ realm, session, isOffline: true }));
  });
}

/** Nobody logs in to it any more, and what was given out is renewed no more. */
async function closeClient(clientId: string, { clients }: KeycloakAdminClient, stack: string): Promise<void> {
  const [found] = await clients.find({ clientId });
  if (found?.id === undefined || !isOurClient(found, stack)) return;
  await clients.update({ id: found.id }, { ...found, enabled: false, notBefore: nextSecond() });
}

async function narrowApplication(
  { application, clientId, roles, wasOpen }: Revocations["narrowed"][number],
  providers: readonly string[],
  { clients, authenticationManagement }: KeycloakAdminClient,
  stack: string,
): Promise<void> {
  const [found] = await clients.find({ clientId });
  if (found?.id === undefined || !isOurClient(found, stack)) return;
  // Until the update has given it a login flow of its own nobody enters; that change enables it again.
  const enabled = !wasOpen && found.enabled;
  await clients.update({ id: found.id }, { ...found, enabled, notBefore: nextSecond() });
  if (roles.length === 0) return;
  // What asks for a role in the application's own flow and in those of identity providers, each with its beginning.
  const gates = [
    { flow: flowNames.application(application), step: "" },
    ...providers.map((provider) => ({
      flow: flowNames.afterLogin(provider),
      step: `${provider}-after-login-application-${application}-gate-`,
    })),
  ];
  const there = (await authenticationManagement.getFlows()).map(({ alias }) => alias);
  await forAll(
    gates.filter(({ flow }) => there.includes(flow)),
    async ({ flow, step }) => {
      const executions = (await authenticationManagement.getExecutions({ flow })) as Execution[];
      await forAll(executions, async ({ authenticationConfig: id }) => {
        if (id === undefined) return;
        const { alias = "", config } = await authenticationManagement.getConfig({ id });
        if (!alias.startsWith(step) || !roles.includes(config?.["condUserRole"] ?? "")) return;
        await authenticationManagement.updateConfig({ id, alias, config: { ...config, condUserRole: nobodysRole } });
      });
    },
  );
}

interface Execution {
  authenticationConfig?: string;
}

function isOurClient({ attributes }: { attributes?: unknown }, stack: string): boolean {
  return stackInAttributes(asLists(attributes)) === stack;
}

/** Keycloak counts in seconds, and refuses what was given out before the second it is told. */
function nextSecond(): number {
  return Math.floor(Date.now() / 1000) + 1;
}

/** Nobody of it logs in any more; Keycloak removes its people with it, at the end. */
async function closeDirectory(
  name: string,
  client: KeycloakAdminClient,
  stack: string,
  { platform: { realm } }: Plan,
): Promise<void> {
  const directory = await ownDirectory(client, realm, name, stack);
  if (!directory) return;
  const config = { ...(directory.config as Record<string, string[]>), enabled: ["false"] };
  await client.components.update({ id: directory.id }, { ...directory, config });
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

/** The gateway asks for a login again where an application has gone. */
async function revokeExemptions(
  { exempted: { lost, kept } }: Revocations,
  cluster: Cluster,
  { stack, plan, gatewayRevision }: Context,
): Promise<void> {
  const { namespace, platformPaths } = plan.platform.gateway;
  if (lost.length === 0) return;
  // Only what this stack says there that it has exempted: where somebody else writes the policies, that is nothing.
  const claimed = claimedBy(await readGateway(cluster, namespace), stack);
  if (!lost.some((path) => claimed.has(path))) return;
  const wanted = kept.filter((path) => claimed.has(path));
  await writeExemptions(cluster, namespace, stack, wanted, gatewayRevision, platformPaths);
}

/** Dex logs nobody in any more for an application that has gone. Those that stay keep their secrets. */
async function revokeDexClients(
  { dexClients: { lost, kept } }: Revocations,
  cluster: Cluster,
  { stack, plan, dexRevision: revision }: Context,
): Promise<void> {
  const { dex } = plan.platform;
  if (lost.length === 0) return;
  const { text } = await readDex(cluster, dex);
  // Without its document Dex knows nobody.
  if (text === undefined) return;
  const ours = staticClientsIn(text).filter((client) => client.stack === stack);
  const has = ({ id, idVariable }: DexClient) => ours.some((one) => one.id === id || one.idEnv === idVariable);
  // Where somebody else writes the document, there is nothing of this stack in it.
  if (ours.length === 0 && dex.document.mode === "check") return;
  const clients = dexClients(plan).filter((client) => kept.includes(client.id) && has(client));
  const variables = clients.flatMap(({ idVariable, secretVariable }) => [idVariable, secretVariable]);
  await writeDex(cluster, dex, stack, {
    text: (live) => dexDocument(plan, stack, live, clients),
    variables: Object.fromEntries(variables.map((name) => [name, undefined])),
    revision,
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
