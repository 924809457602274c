import type AdminClient from "@keycloak/keycloak-admin-client";
import type MappingsRepresentation from "@keycloak/keycloak-admin-client/lib/defs/mappingsRepresentation.js";
import type { RoleMappingPayload } from "@keycloak/keycloak-admin-client/lib/defs/roleRepresentation.js";
import type { GroupRolesArgs, UserRolesArgs } from "@pulumi/keycloak";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { type Keycloak, unlessGone } from "./client.ts";
import { parseImportId } from "./importId.ts";

type Mapped = RoleMappingPayload & { clientRole?: boolean; containerId?: string };

/** Who can have roles: a user or a group, both under the same calls. */
interface Holder {
  listRoleMappings: (of: Place) => Promise<MappingsRepresentation>;
  addRealmRoleMappings: (mapping: Place & { roles: Mapped[] }) => Promise<void>;
  delRealmRoleMappings: (mapping: Place & { roles: Mapped[] }) => Promise<void>;
  addClientRoleMappings: (mapping: Place & { clientUniqueId: string; roles: Mapped[] }) => Promise<void>;
  delClientRoleMappings: (mapping: Place & { clientUniqueId: string; roles: Mapped[] }) => Promise<void>;
}

interface Place {
  realm: string;
  id: string;
}

type State<Id extends string> = Record<Id, string> & { realmId: string; roleIds: string[]; exhaustive?: boolean };

const common = {
  exhaustive: { type: "boolean", default: true },
  realmId: { type: "string", required: true, replaces: true },
  roleIds: { type: "set", required: true },
} as const;
const holderId = { type: "string", required: true, replaces: true } as const;

const groupSchema = { ...common, groupId: holderId } satisfies Record<keyof GroupRolesArgs, Property>;
const userSchema = { ...common, userId: holderId } satisfies Record<keyof UserRolesArgs, Property>;

/** The roles of a group. */
export const groupRoles = roleMappings("groupId", groupSchema, (admin) => admin.groups);

/** The roles of a user. */
export const userRoles = roleMappings("userId", userSchema, (admin) => admin.users);

/** Exhaustive, these are all the roles there are; otherwise the listed ones only, and others are neither seen nor touched. */
function roleMappings<Id extends "groupId" | "userId">(
  idProperty: Id,
  schema: Record<Id | keyof typeof common, Property>,
  holderOf: (admin: AdminClient) => Holder,
) {
  const placeOf = (state: State<Id>): Place => ({ realm: state.realmId, id: state[idProperty] });

  const list = async (keycloak: Keycloak, place: Place): Promise<Mapped[]> => {
    const { realmMappings = [], clientMappings = {} } = await keycloak.send((admin) =>
      holderOf(admin).listRoleMappings(place),
    );
    const ofClients = Object.values(clientMappings) as { mappings: Mapped[] }[];
    return [...(realmMappings as Mapped[]), ...ofClients.flatMap(({ mappings }) => mappings)];
  };

  const change = async (keycloak: Keycloak, place: Place, what: "add" | "del", roles: Mapped[]): Promise<void> => {
    for (const [client, some] of Map.groupBy(roles, (role) => (role.clientRole ? role.containerId : undefined))) {
      await keycloak.send((admin) =>
        client === undefined
          ? holderOf(admin)[`${what}RealmRoleMappings`]({ ...place, roles: some })
          : holderOf(admin)[`${what}ClientRoleMappings`]({ ...place, clientUniqueId: client, roles: some }),
      );
    }
  };

  const reconcile = async (keycloak: Keycloak, plan: State<Id>, dropped: string[]): Promise<void> => {
    const place = placeOf(plan);
    await change(keycloak, place, "del", await findRoles(keycloak, plan.realmId, dropped));
    const current = await list(keycloak, place);
    const missing = plan.roleIds.filter((id) => !current.some((role) => role.id === id));
    await change(keycloak, place, "add", await findRoles(keycloak, plan.realmId, missing));
    if (plan.exhaustive === false) return;
    const foreign = current.filter((role) => !plan.roleIds.includes(role.id));
    await change(keycloak, place, "del", foreign);
  };

  return resource<Keycloak, State<Id>>({
    schema,

    async create(keycloak, plan) {
      await reconcile(keycloak, plan, []);
      return `${plan.realmId}/${plan[idProperty]}`;
    },

    async read(keycloak, _, state) {
      const mapped = await unlessGone(list(keycloak, placeOf(state)));
      if (!mapped) return undefined;
      const ids = mapped.map((role) => role.id);
      const seen = state.exhaustive === false ? ids.filter((id) => state.roleIds.includes(id)) : ids;
      return { roleIds: seen } as Partial<State<Id>>;
    },

    locate(_, importId) {
      const { realm, id } = parseImportId(importId);
      return { id: importId, state: { realmId: realm, [idProperty]: id, exhaustive: true } as Partial<State<Id>> };
    },

    async update(keycloak, _, plan, old) {
      const dropped = old.roleIds.filter((id) => !plan.roleIds.includes(id));
      await reconcile(keycloak, plan, dropped);
    },

    async delete(keycloak, _, state) {
      const place = placeOf(state);
      const roles = await findRoles(keycloak, state.realmId, state.roleIds);
      await unlessGone(change(keycloak, place, "del", roles));
    },
  });
}

/** The roles of these ids; ids that no role has are passed over, as the official provider does. */
async function findRoles(keycloak: Keycloak, realm: string, ids: readonly string[]): Promise<Mapped[]> {
  const found = await Promise.all(
    ids.map((id) => keycloak.find((admin) => admin.roles.findOneById({ realm, id }) as Promise<Mapped | undefined>)),
  );
  return found.filter((role) => role !== undefined);
}
