import type { GenericRoleMapperArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";

type State = Unwrap<GenericRoleMapperArgs>;

const schema = {
  clientId: { type: "string", replaces: true },
  clientScopeId: { type: "string", replaces: true, unsupported: true },
  realmId: { type: "string", required: true, replaces: true },
  roleId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof GenericRoleMapperArgs, Property>;

/** Lets a client hear of a realm role that its users have. */
export const genericRoleMapper = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    const role = await roleOf(keycloak, plan);
    await keycloak.send((admin) => admin.clients.addRealmScopeMappings(placeOf(plan), [role]));
    return `${plan.realmId}/client/${plan.clientId ?? ""}/scope-mappings//${plan.roleId}`;
  },

  async read(keycloak, _, state) {
    const mapped = await keycloak.find((admin) => admin.clients.listRealmScopeMappings(placeOf(state)));
    return mapped?.some(({ id }) => id === state.roleId) ? state : undefined;
  },

  locate(_, importId) {
    const [realmId, kind, clientId, , , roleId, ...rest] = importId.split("/");
    if (realmId === undefined || kind !== "client" || clientId === undefined || roleId === undefined || rest.length > 0)
      throw new Error("Invalid import. Supported: <realm>/client/<client>/scope-mappings/<role's client>/<role>");
    return { id: importId, state: { realmId, clientId, roleId } };
  },

  // Every property makes another one.
  update: () => Promise.resolve(),

  async delete(keycloak, _, state) {
    const role = await roleOf(keycloak, state);
    await keycloak.send((admin) => admin.clients.delRealmScopeMappings(placeOf(state), [role]));
  },
});

function placeOf({ realmId, clientId = "" }: State): { realm: string; id: string } {
  return { realm: realmId, id: clientId };
}

async function roleOf(
  keycloak: Keycloak,
  { realmId: realm, roleId: id }: State,
): Promise<{ id: string; name: string }> {
  const { name = "" } = (await keycloak.send((admin) => admin.roles.findOneById({ realm, id }))) ?? {};
  return { id, name };
}
