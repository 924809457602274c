import type * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../access/resolve.ts";
import type { Takeover } from "../access/takeover.ts";
import { ClusterAccess } from "./clusterAccess.ts";
import { Group } from "./group.ts";
import type { Hooks } from "./hooks.ts";
import { Realm } from "./realm.ts";
import { newTemporaryPassword } from "./temporaryPassword.ts";
import { User } from "./user.ts";
import { Workspace } from "./workspace.ts";

/** Registers everything that the plan asks for, and gives the users by username. */
export function createPlatform(
  plan: Plan,
  { imports, accounts, keys, holdsOwner }: Pick<Takeover, "imports" | "accounts" | "keys" | "holdsOwner">,
  { renamed, ownerChanged }: Hooks,
  opts: pulumi.ComponentResourceOptions,
): ReadonlyMap<string, User> {
  const { platform } = plan;
  const realm = new Realm(platform.realm, { ...platform, holdsOwner }, opts);
  const workspaces = plan.workspaces.map(
    (workspace) => new Workspace(workspace.name, { platform, workspace, keys, imports, ownerChanged }, opts),
  );
  const roleIds = new Map(workspaces.flatMap((workspace) => [...workspace.roleIds]));
  const groups = plan.groups.map((group) => {
    const { groupId } = new Group(group.name, { realm: platform.realm, group, roleIds, imports }, opts);
    return [group.name, groupId] as const;
  });
  const groupIds = new Map([...realm.groupIds, ...groups]);
  if (platform.provisioning === "program") {
    new ClusterAccess("cluster", { grantees: plan.clusterAccess, keys, imports }, opts);
  }
  return new Map(
    plan.users.map((user) => {
      const temporaryPassword = newTemporaryPassword();
      const account = accounts.get(user.username);
      const hooks = { renamed, ownerChanged };
      const args = { platform, user, groupIds, roleIds, temporaryPassword, keys, account, imports, ...hooks };
      return [user.username, new User(keys.get(user.username) ?? user.username, args, opts)];
    }),
  );
}
