import type { UserGroupsArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { type Keycloak, unlessGone } from "./client.ts";
import { parseImportId } from "./importId.ts";

type State = Unwrap<UserGroupsArgs>;

const schema = {
  exhaustive: { type: "boolean", default: true },
  groupIds: { type: "set", required: true },
  realmId: { type: "string", required: true, replaces: true },
  userId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof UserGroupsArgs, Property>;

/** The groups of a user: all there are if exhaustive, otherwise the listed ones only. */
export const userGroups = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    await reconcile(keycloak, plan, []);
    return `${plan.realmId}/${plan.userId}`;
  },

  async read(keycloak, _, state) {
    const current = await unlessGone(list(keycloak, state));
    if (!current) return undefined;
    return { groupIds: state.exhaustive === false ? current.filter((id) => state.groupIds.includes(id)) : current };
  },

  locate(_, importId) {
    const { realm, id } = parseImportId(importId);
    return { id: importId, state: { realmId: realm, userId: id, exhaustive: true } };
  },

  async update(keycloak, _, plan, old) {
    const dropped = old.groupIds.filter((id) => !plan.groupIds.includes(id));
    await reconcile(keycloak, plan, dropped);
  },

  async delete(keycloak, _, state) {
    await leave(keycloak, state, state.groupIds);
  },
});

async function reconcile(keycloak: Keycloak, plan: State, dropped: string[]): Promise<void> {
  await leave(keycloak, plan, dropped);
  const { realmId: realm, userId: id } = plan;
  const current = await list(keycloak, plan);
  for (const groupId of plan.groupIds.filter((one) => !current.includes(one))) {
    await keycloak.send((admin) => admin.users.addToGroup({ realm, id, groupId }));
  }
  if (plan.exhaustive === false) return;
  const foreign = current.filter((one) => !plan.groupIds.includes(one));
  await leave(keycloak, plan, foreign);
}

async function list(keycloak: Keycloak, { realmId, userId }: State): Promise<string[]> {
  const groups = await keycloak.send((admin) => admin.users.listGroups({ realm: realmId, id: userId }));
  return groups.map((group) => group.id ?? "");
}

/** Removes memberships; those of a user or a group that is gone have gone with it. */
async function leave(keycloak: Keycloak, { realmId, userId }: State, groupIds: readonly string[]): Promise<void> {
  for (const groupId of groupIds) {
    await keycloak.find((admin) => admin.users.delFromGroup({ realm: realmId, id: userId, groupId }));
  }
}
