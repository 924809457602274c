/** What all kinds of mappers of directories have in common. */
import type ComponentRepresentation from "@keycloak/keycloak-admin-client/lib/defs/componentRepresentation.js";
import type { ldap } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { type Resource, resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";
import { type Config, fromServer, toServer } from "./component.ts";

type Shared = Pick<Unwrap<ldap.HardcodedGroupMapperArgs>, keyof typeof shared>;

/** The inputs of every kind. */
export const shared = {
  ldapUserFederationId: { type: "string", required: true, replaces: true },
  name: { type: "string", autoName: true },
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<string, Property>;

/** A kind of mapper. */
interface Kind<State extends Shared> {
  schema: Resource<Keycloak, State>["schema"];
  /** The name that the server has for this kind. */
  providerId: string;
  /** The settings of this kind; fails if the server would take them, but they would not work. */
  toConfig: (plan: State) => Config;
  fromConfig: (config: Config) => Partial<State>;
}

/** A mapper of some kind. */
export function mapper<State extends Shared>(kind: Kind<State>) {
  const representation = (plan: State): ComponentRepresentation => ({
    name: plan.name ?? "",
    providerId: kind.providerId,
    providerType: "org.keycloak.storage.ldap.mappers.LDAPStorageMapper",
    parentId: plan.ldapUserFederationId,
    config: toServer(kind.toConfig(plan)),
  });

  return resource<Keycloak, State>({
    schema: kind.schema,

    async create(keycloak, plan) {
      const wanted = representation(plan);
      return keycloak.create((admin) => admin.components.create({ ...wanted, realm: plan.realmId }));
    },

    async read(keycloak, id, { realmId: realm }) {
      const found = await keycloak.find((admin) => admin.components.findOne({ realm, id }));
      return (
        found && {
          name: found.name ?? "",
          ldapUserFederationId: found.parentId ?? "",
          ...kind.fromConfig(fromServer(found)),
        }
      );
    },

    locate(_, importId) {
      const [realmId, ldapUserFederationId, id, ...rest] = importId.split("/");
      if (!realmId || !ldapUserFederationId || !id || rest.length > 0) {
        throw new Error(`Invalid import id '${importId}': expected <realm>/<user federation's id>/<id>`);
      }
      return { id, state: { realmId, ldapUserFederationId } as Partial<State> };
    },

    async update(keycloak, id, plan) {
      const wanted = representation(plan);
      await keycloak.send((admin) => admin.components.update({ realm: plan.realmId, id }, { id, ...wanted }));
    },

    trustsUpdates: true,

    async delete(keycloak, id, { realmId: realm }) {
      await keycloak.send((admin) => admin.components.del({ realm, id }));
    },
  });
}
