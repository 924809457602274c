import type * as pulumi from "@pulumi/pulumi";
import { flowBindings, loginFlows } from "../access/identity.ts";
import type { LiveRealm } from "../access/liveRealm.ts";
import { otpRole } from "../access/names.ts";
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
import { newTemporaryPassword } from "../access/temporaryPassword.ts";
import { User } from "./user.ts";
import { Workspace } from "./workspace.ts";

export interface PlatformArgs {
  readonly plan: Plan;
  /** How the plan meets what is on the platform. */
  readonly found: Takeover;
  /** The realm as it is; absent when there is none yet. */
  readonly live: LiveRealm | undefined;
  readonly hooks: Hooks;
  readonly secrets: Secrets;
}

/** Registers everything that the plan asks for. */
export function createPlatform(
  { plan, found, live, hooks, secrets }: PlatformArgs,
  opts: pulumi.ComponentResourceOptions,
): { readonly users: ReadonlyMap<string, User>; readonly dexSecret: pulumi.Output<string> | undefined } {
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
      flows: loginFlows(plan),
      bindings: flowBindings(plan),
      holdsOwner: found.holdsOwner,
      imports,
      secrets,
      flowsUnbound: hooks.flowsUnbound,
    },
    opts,
  );
  const { realmId } = realm;
  const { ownerChanged, accountChanging, accountChanged } = hooks;
  const workspaces = plan.workspaces.map(
    (workspace) => new Workspace(workspace.name, { realmId, platform, workspace, keys, imports, ownerChanged }, opts),
  );
  const roleIds = new Map([...realm.roleIds, ...workspaces.flatMap((workspace) => [...workspace.roleIds])]);
  const groups = plan.groups.map((group) => new Group(group.name, { realmId, group, roleIds, imports }, opts));
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
  for (const settings of plan.identityProviders) {
    const isOf = ({ source: { from } }: SourceGroup) =>
      "identityProvider" in from && from.identityProvider === settings.name;
    const args = { ...common, settings, groups: sources.filter(isOf), ready: realm.groupIds, after };
    after = new IdentityProvider(settings.name, args, opts).lastStep;
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
            realmRoles: plan.realmRoles.filter(({ name }) => name !== otpRole),
            roleIds: realm.roleIds,
          },
          opts,
        )
      : undefined;
  const users = plan.users.map((user) => {
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
  return { users: new Map(users), dexSecret: clients?.dexSecret };
}
