import type * as pulumi from "@pulumi/pulumi";
import { makesGroupsScope, registeredApplications } from "../access/application.ts";
import { flowBindings, loginFlows, resetFlow } from "../access/identity.ts";
import type { LiveRealm } from "../access/liveRealm.ts";
import { isOwnRole } from "../access/names.ts";
import { type Changed, inRounds, type Round } from "../access/order.ts";
import type { Plan } from "../access/resolve.ts";
import type { Takeover } from "../access/takeover.ts";
import { ClusterAccess } from "./clusterAccess.ts";
import { Directory } from "./directory.ts";
import { Group, type SourceGroup } from "./group.ts";
import type { Hooks } from "./hooks.ts";
import { IdentityProvider } from "./identityProvider.ts";
import { PlatformClients } from "./platformClients.ts";
import { Queue } from "./queue.ts";
import { Realm } from "./realm.ts";
import type { Secrets } from "./secrets.ts";
import { Application } from "./application.ts";
import { GroupsScope } from "./groupsScope.ts";
import { newClientSecret, newTemporaryPassword } from "../access/temporaryPassword.ts";
import { User } from "./user.ts";
import { Workspace } from "./workspace.ts";

export interface PlatformArgs {
  readonly plan: Plan;
  /** What has other rights than before and is registered first. */
  readonly changed: Changed;
  /** How the plan meets what is on the platform. */
  readonly found: Omit<Takeover, "ours">;
  /** The realm as it is; absent when there is none yet. */
  readonly live: LiveRealm | undefined;
  /** Names of client scopes that are there. */
  readonly clientScopes: readonly string[];
  readonly hooks: Hooks;
  readonly secrets: Secrets;
}

/** What the program makes and tells of. */
export interface PlatformResources {
  readonly users: ReadonlyMap<string, User>;
  readonly dexSecret: pulumi.Output<string> | undefined;
  readonly applications: ReadonlyMap<string, Application>;
}

/** Registers everything that the plan asks for. */
export async function createPlatform(
  { plan, changed, found, live, clientScopes, hooks, secrets }: PlatformArgs,
  opts: pulumi.ComponentResourceOptions,
): Promise<PlatformResources> {
  const { platform } = plan;
  const { imports, accounts, keys, lookups } = found;
  const realm = new Realm(
    platform.realm,
    {
      ...platform,
      ...plan,
      management: platform.realmManagement,
      settings: plan.realmSettings,
      live,
      flows: [...loginFlows(plan), ...(found.guardsResets ? [resetFlow] : [])],
      bindings: flowBindings(plan, found.guardsResets),
      ownFlows: found.ownFlows,
      holdsOwner: found.holdsOwner,
      imports,
      secrets,
      flowsUnbound: hooks.flowsUnbound,
    },
    opts,
  );
  const { realmId } = realm;
  const { ownerChanged, accountChanging, accountChanged } = hooks;
  const workspaces = new Map<string, Workspace>();
  const groups = new Map<string, Group>();
  const roleIds = new Map(realm.roleIds);
  const groupIds = new Map(realm.groupIds);
  const queue = new Queue();
  const registerShared = async (round: Round) => {
    for (const workspace of round.workspaces) {
      const args = { realmId, platform, workspace, keys, imports, ownerChanged };
      const created = new Workspace(workspace.name, args, opts);
      for (const [name, id] of created.roleIds) roleIds.set(name, id);
      workspaces.set(workspace.name, created);
      await queue.add(created.last);
    }
    for (const group of round.groups) {
      const created = new Group(group.name, { realmId, group, roleIds, imports }, opts);
      groupIds.set(group.name, created.groupId);
      groups.set(group.name, created);
      await queue.add(created.last);
    }
  };
  const directories = new Map<string, Directory>();
  const users = new Map<string, User>();
  const registerUsers = async (round: Round) => {
    for (const user of round.users) {
      const found = lookups.get(user.username);
      const lookup = found === "later" ? { after: directories.get(user.directory ?? "")?.ready ?? [] } : found;
      const args = {
        realmId,
        realm: platform.realm,
        platform,
        user,
        groupIds,
        roleIds,
        temporaryPassword: newTemporaryPassword(),
        keys,
        account: accounts.get(user.username),
        lookup,
        imports,
        accountChanging,
        accountChanged,
        ownerChanged,
      };
      const created = new User(keys.get(user.username) ?? user.username, args, opts);
      users.set(user.username, created);
      await queue.add(created.last);
    }
  };
  if (platform.provisioning === "program") {
    new ClusterAccess("cluster", { grantees: plan.clusterAccess, keys, imports }, opts);
  }
  const [soon, rest] = inRounds(plan, changed, (username) => lookups.get(username) === "later");
  await registerShared(soon);
  await registerUsers(soon);
  await queue.emptied();
  await registerShared(rest);
  const sources = plan.groups.flatMap(({ name }) => groups.get(name)?.sources ?? []);
  const common = { realmId, userGroup: platform.platformGroups.user, secrets };
  for (const settings of plan.directories) {
    const isOf = ({ source: { from } }: SourceGroup) => "directory" in from && from.directory === settings.name;
    const args = { ...common, settings, groups: sources.filter(isOf), ready: realm.groupIds };
    directories.set(settings.name, new Directory(settings.name, args, opts));
  }
  let after = realm.lastStep;
  const providers: pulumi.Resource[] = [];
  for (const settings of plan.identityProviders) {
    const isOf = ({ source: { from } }: SourceGroup) =>
      "identityProvider" in from && from.identityProvider === settings.name;
    const args = { ...common, plan, settings, groups: sources.filter(isOf), ready: realm.groupIds, after };
    const provider = new IdentityProvider(settings.name, args, opts);
    providers.push(provider);
    after = provider.lastStep;
  }
  const { dex, direct } = platform.clients;
  const clients =
    dex || direct
      ? new PlatformClients(
          "clients",
          {
            realmId,
            domain: platform.domain,
            clients: platform.clients,
            realmRoles: plan.realmRoles.filter(({ name }) => !isOwnRole(name)),
            roleIds: realm.roleIds,
          },
          opts,
        )
      : undefined;
  await registerUsers(rest);
  const homes = new Map<string, pulumi.Resource>(workspaces);
  for (const { username, personalWorkspace } of plan.users) {
    const user = users.get(username);
    if (personalWorkspace && user) homes.set(personalWorkspace.name, user);
  }
  const scopes = makesGroupsScope(plan.applications, platform)
    ? [new GroupsScope("groups-scope", { realmId }, opts)]
    : [];
  const applications = new Map<string, Application>();
  for (const application of registeredApplications(plan.applications)) {
    const home = homes.get(application.namespace);
    const created = new Application(
      application.name,
      {
        realmId,
        plan,
        application,
        builtInScopes: builtInScopes.filter((scope) => !live || clientScopes.includes(scope)),
        ready: [...scopes, ...(home ? [home] : [])],
        providers,
        after,
        newSecret: newClientSecret(),
        imports,
      },
      opts,
    );
    after = created.lastStep;
    applications.set(application.name, created);
  }
  return { users, dexSecret: clients?.dexSecret, applications };
}

/** Scopes that Keycloak gives every client of a realm, as far as its version has them; roles are left out on purpose. */
const builtInScopes = ["basic", "acr", "web-origins"];
