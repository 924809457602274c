import type GroupRepresentation from "@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js";
import type { GroupArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { fromServer, sameValues, toServer } from "./attributes.ts";
import type { Keycloak } from "./client.ts";
import { parseImportId } from "./importId.ts";

type State = Unwrap<GroupArgs> & { name: string; path: string };

const schema = {
  attributes: { type: "map", same: sameValues },
  description: { type: "string", computed: true },
  name: { type: "string", autoName: true },
  organizationId: { type: "string", replaces: true, unsupported: true },
  parentId: { type: "string", replaces: true },
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof GroupArgs, Property>;

/** A group, at the top or inside another one. */
export const group = resource<Keycloak, State>({
  schema,
  outputs: ["path"],

  async create(keycloak, plan) {
    const { realmId: realm, parentId } = plan;
    const created = await keycloak.send((admin) =>
      parentId
        ? admin.groups.createChildGroup({ realm, id: parentId }, representation(plan))
        : admin.groups.create({ ...representation(plan), realm }),
    );
    return created.id;
  },

  async read(keycloak, id, { realmId }) {
    const found = await keycloak.find((admin) => admin.groups.findOne({ realm: realmId, id }));
    return found && { realmId, ...fromRepresentation(found) };
  },

  locate(_, importId) {
    const { realm, id } = parseImportId(importId);
    return { id, state: { realmId: realm } };
  },

  async update(keycloak, id, plan) {
    await keycloak.send((admin) => admin.groups.update({ realm: plan.realmId, id }, { id, ...representation(plan) }));
  },

  async delete(keycloak, id, { realmId }) {
    await keycloak.send((admin) => admin.groups.del({ realm: realmId, id }));
  },
});

/** What Keycloak says of a group, as Pulumi has it. */
export function fromRepresentation(found: GroupRepresentation) {
  return {
    name: found.name ?? "",
    description: found.description ?? "",
    path: found.path ?? "",
    attributes: fromServer(found.attributes),
    ...(found.parentId && { parentId: found.parentId }),
  };
}

function representation({ name, description, attributes }: State): GroupRepresentation {
  return { name, ...(description && { description }), attributes: toServer(attributes) };
}
