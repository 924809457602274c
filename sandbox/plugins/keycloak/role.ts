import type RoleRepresentation from "@keycloak/keycloak-admin-client/lib/defs/roleRepresentation.js";
import type { RoleArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { fromServer, toServer } from "./attributes.ts";
import type { Keycloak } from "./client.ts";
import { parseImportId } from "./importId.ts";

type State = Unwrap<RoleArgs> & { name: string };
type Stored = RoleRepresentation & { id: string };

const schema = {
  attributes: { type: "map", computed: true },
  clientId: { type: "string", replaces: true, unsupported: true },
  compositeRoles: { type: "set", computed: true },
  description: { type: "string", computed: true },
  import: { type: "boolean", default: false, replaces: true },
  name: { type: "string", autoName: true },
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof RoleArgs, Property>;

/** A realm role. Its composites are its own: a list is the exact set, an absent list leaves what is there. */
export const role = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    if (plan.import) return adopt(keycloak, plan);
    const parts = await findRoles(keycloak, plan.realmId, plan.compositeRoles ?? []);
    await keycloak.send((admin) => admin.roles.create({ ...representation(plan), realm: plan.realmId }));
    const { id } = await findByName(keycloak, plan.realmId, plan.name);
    await setComposites(keycloak, plan.realmId, id, parts, []);
    return id;
  },

  async read(keycloak, id, { realmId }) {
    const found = await keycloak.find((admin) => admin.roles.findOneById({ realm: realmId, id }));
    if (!found) return undefined;
    return {
      realmId,
      name: found.name ?? "",
      description: found.description ?? "",
      attributes: fromServer(found.attributes),
      // Like the official provider: a role that has lost all its parts looks unchanged.
      ...(found.composite && { compositeRoles: (await compositesOf(keycloak, realmId, id)).map((part) => part.id) }),
    };
  },

  locate(_, importId) {
    const { realm, id } = parseImportId(importId);
    return { id, state: { realmId: realm, import: false } };
  },

  async update(keycloak, id, plan) {
    const { realmId } = plan;
    await keycloak.send((admin) => admin.roles.updateById({ realm: realmId, id }, { id, ...representation(plan) }));
    const wanted = plan.compositeRoles ?? [];
    const current = await compositesOf(keycloak, realmId, id);
    const added = wanted.filter((part) => !current.some((one) => one.id === part));
    const removed = current.filter((part) => !wanted.includes(part.id));
    await setComposites(keycloak, realmId, id, await findRoles(keycloak, realmId, added), removed);
  },

  async delete(keycloak, id, { realmId, import: adopted }) {
    if (!adopted) await keycloak.send((admin) => admin.roles.delById({ realm: realmId, id }));
  },
});

/** Takes over a role that exists: what is left empty stays as it is. */
async function adopt(keycloak: Keycloak, plan: State): Promise<string> {
  const { realmId: realm, compositeRoles = [] } = plan;
  const existing = await findByName(keycloak, realm, plan.name);
  const { id } = existing;
  const merged = {
    ...existing,
    description: plan.description ? plan.description : (existing.description ?? ""),
    attributes: { ...existing.attributes, ...toServer(plan.attributes) },
  };
  await keycloak.send((admin) => admin.roles.updateById({ realm, id }, merged));
  if (compositeRoles.length > 0) {
    const parts = await findRoles(keycloak, realm, compositeRoles);
    await setComposites(keycloak, realm, id, [], await compositesOf(keycloak, realm, id));
    await setComposites(keycloak, realm, id, parts, []);
  }
  return id;
}

function representation({ name, description, attributes }: State): RoleRepresentation {
  return { name, description: description ?? "", attributes: toServer(attributes) };
}

async function findByName(keycloak: Keycloak, realm: string, name: string): Promise<Stored> {
  const found = await keycloak.send((admin) => admin.roles.findOneByName({ realm, name }));
  if (!found) throw new Error(`no role with name ${name} found in realm ${realm}`);
  return found as Stored;
}

async function findRoles(keycloak: Keycloak, realm: string, ids: readonly string[]): Promise<Stored[]> {
  return Promise.all(
    ids.map(async (id) => {
      const found = await keycloak.send((admin) => admin.roles.findOneById({ realm, id }));
      if (!found) throw new Error(`no role with id ${id} found in realm ${realm}`);
      return found as Stored;
    }),
  );
}

async function compositesOf(keycloak: Keycloak, realm: string, id: string): Promise<Stored[]> {
  return (await keycloak.send((admin) => admin.roles.getCompositeRoles({ realm, id }))) as Stored[];
}

async function setComposites(keycloak: Keycloak, realm: string, id: string, added: Stored[], removed: Stored[]) {
  if (removed.length > 0) await keycloak.send((admin) => admin.roles.delCompositeRoles({ realm, id }, removed));
  if (added.length > 0) await keycloak.send((admin) => admin.roles.createComposite({ realm, roleId: id }, added));
}
