import { setImmediate } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
import { makesGroupsScope, registeredApplications } from "../access/application.ts";
import { flowBindings, loginFlows, resetFlow } from "../access/identity.ts";
import type { LiveRealm } from "../access/liveRealm.ts";
import { isOwnRole } from "../access/names.ts";
import type { Plan } from "../access/resolve.ts";
import type { Takeover } from "../access/takeover.ts";
import { ClusterAccess } from "./clusterAccess.ts";
import { Directory } from "./directory.ts";
import { Group, type SourceGroup } from "./group.ts";
import type { Hooks } from "./hooks.ts";
import { IdentityProvider } from "./identityProvider.ts";
import { PlatformClients } from "./platformClients.ts";
import { Realm } from "./realm.ts";
import type { Secrets } from "./secrets.ts";
import { Application } from "./application.ts";
import { GroupsScope } from "./groupsScope.ts";
import { newClientSecret, newTemporaryPassword } from "../access/temporaryPassword.ts";
import { User } from "./user.ts";
import { Workspace } from "./workspace.ts";

export interface PlatformArgs {
  readonly plan: Plan;
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
  { plan, found, live, clientScopes, hooks, secrets }: PlatformArgs,
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
  const workspaces = await inTurn(
    plan.workspaces,
    (workspace) => new Workspace(workspace.name, { realmId, platform, workspace, keys, imports, ownerChanged }, opts),
  );
  const roleIds = new Map([...realm.roleIds, ...workspaces.flatMap((workspace) => [...workspace.roleIds])]);
  const groups = await inTurn(
    plan.groups,
    (group) => new Group(group.name, { realmId, group, roleIds, imports }, opts),
  );
  const groupIds = new Map([
    ...realm.groupIds,
    ...plan.groups.flatMap(({ name }, index) => {
      const id = groups[index]?.groupId;
      return id ? [[name, id] as const] : [];
    }),
  ]);
  const sources = groups.flatMap((group) => group.sources);
  const common = { realmId, userGroup: platform.platformGroups.user, secrets };
  const directories = new Map(
    plan.directories.map((settings) => [
      settings.name,
      new Directory(
        settings.name,
        {
          ...common,
          settings,
          groups: sources.filter(({ source: { from } }) => "directory" in from && from.directory === settings.name),
          ready: realm.groupIds,
        },
        opts,
      ),
    ]),
  );
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
  if (platform.provisioning === "program") {
    new ClusterAccess("cluster", { grantees: plan.clusterAccess, keys, imports }, opts);
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
  const users = await inTurn(plan.users, (user) => {
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
    return [user.username, new User(keys.get(user.username) ?? user.username, args, opts)] as const;
  });
  const homes = new Map<string, pulumi.Resource>([
    ...workspaces.map((workspace, index) => [plan.workspaces[index]?.name ?? "", workspace] as const),
    ...users.map(([, user], index) => [plan.users[index]?.personalWorkspace?.name ?? "", user] as const),
  ]);
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
  return { users: new Map(users), dexSecret: clients?.dexSecret, applications };
}

/** Scopes that Keycloak gives every client of a realm, as far as its version has them; roles are left out on purpose. */
const builtInScopes = ["basic", "acr", "web-origins"];

/** Makes something of each item; the engine begins with the first while the others are registered. */
async function inTurn<Item, Made>(items: readonly Item[], make: (item: Item) => Made): Promise<Made[]> {
  const made: Made[] = [];
  for (const item of items) {
    made.push(make(item));
    await setImmediate();
  }
  return made;
}
