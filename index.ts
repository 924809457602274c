import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { InputError } from "./access/diagnostic.ts";
import { loadDesiredState } from "./access/load.ts";
import { type Plan, resolve, today } from "./access/resolve.ts";
import { Group } from "./components/group.ts";
import { createProviders } from "./components/providers.ts";
import { Realm } from "./components/realm.ts";
import { newTemporaryPassword } from "./components/temporaryPassword.ts";
import { User } from "./components/user.ts";
import { Workspace } from "./components/workspace.ts";

const plan = planOrExplain();
const { platform } = plan;
const opts = { providers: createProviders() };

const realm = new Realm(platform.realm, platform, opts);
const workspaces = plan.workspaces.map((workspace) => new Workspace(workspace.name, { platform, workspace }, opts));
const roleIds = new Map(workspaces.flatMap((workspace) => [...workspace.roleIds]));
const groups = plan.groups.map((group) => {
  const { groupId } = new Group(group.name, { realm: platform.realm, group, roleIds }, opts);
  return [group.name, groupId] as const;
});
const groupIds = new Map([...realm.groupIds, ...groups]);
const users = plan.users.map((user) => {
  const temporaryPassword = newTemporaryPassword();
  return [
    user.username,
    new User(user.username, { platform, user, groupIds, roleIds, temporaryPassword }, opts),
  ] as const;
});

/** The day for which expiry was decided. */
export const date = plan.date;
/** Identifiers of the accounts in Keycloak, by username. */
export const userIds = Object.fromEntries(users.map(([username, { userId }]) => [username, userId]));
/** Passwords for the first login, by username: `pulumi stack output temporaryPasswords --show-secrets`. */
export const temporaryPasswords = pulumi.secret(
  Object.fromEntries(users.map(([username, user]) => [username, user.temporaryPassword])),
);

/** Bad input ends the run before the first resource, with its message and without a stack trace. */
function planOrExplain(): Plan {
  try {
    return resolve(
      loadDesiredState(join(import.meta.dirname, "stacks", pulumi.getStack())),
      new pulumi.Config().get("date") || today(),
    );
  } catch (error) {
    if (error instanceof InputError || error instanceof RangeError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
