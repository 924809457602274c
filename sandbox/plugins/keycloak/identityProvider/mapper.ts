/** What all kinds of mappers of identity providers have in common. */
import type IdentityProviderMapperRepresentation from "@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js";
import type { CustomIdentityProviderMappingArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { type Resource, resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";
import * as extraConfig from "../extraConfig.ts";

export type Shared = Pick<Unwrap<CustomIdentityProviderMappingArgs>, keyof typeof shared>;

/** The settings of a mapper on the server: all are texts. */
export type Config = Record<string, string>;

/** The inputs of every kind. */
export const shared = {
  extraConfig: { type: "map" },
  identityProviderAlias: { type: "string", required: true, replaces: true },
  name: { type: "string", autoName: true, replaces: true },
  realm: { type: "string", required: true, replaces: true },
} satisfies Record<string, Property>;

/** A kind of mapper. */
interface Kind<State extends Shared> {
  schema: Resource<Keycloak, State>["schema"];
  rules?: Resource<Keycloak, State>["rules"];
  /** The name that the server has for this kind, and its settings. */
  describe: (keycloak: Keycloak, plan: State) => Promise<Description> | Description;
  fromServer: (config: Config, mapper: string) => Partial<State>;
}

interface Description {
  mapper: string;
  config: Config;
}

/** A mapper of some kind. */
export function identityProviderMapper<State extends Shared>(kind: Kind<State>) {
  const representation = async (keycloak: Keycloak, plan: State, old?: State) => {
    const { mapper, config } = await kind.describe(keycloak, plan);
    return {
      name: plan.name ?? "",
      identityProviderAlias: plan.identityProviderAlias,
      identityProviderMapper: mapper,
      config: { ...extraConfig.toServer(plan.extraConfig, old?.extraConfig), ...config },
    };
  };

  return resource<Keycloak, State>({
    schema: kind.schema,
    ...(kind.rules && { rules: kind.rules }),

    async create(keycloak, plan) {
      const { realm, identityProviderAlias: alias } = plan;
      const wanted = await representation(keycloak, plan);
      return keycloak.create((admin) =>
        admin.identityProviders.createMapper({ realm, alias, identityProviderMapper: wanted }),
      );
    },

    async read(keycloak, id, state) {
      const { realm, identityProviderAlias: alias } = state;
      const found: IdentityProviderMapperRepresentation | undefined = await keycloak.find((admin) =>
        admin.identityProviders.findOneMapper({ realm, alias, id }),
      );
      const config = (found?.config ?? {}) as Config;
      return (
        found && {
          name: found.name ?? "",
          extraConfig: extraConfig.fromServer(state.extraConfig, config),
          ...kind.fromServer(config, found.identityProviderMapper ?? ""),
        }
      );
    },

    locate(_, importId) {
      const [realm, alias, id, ...rest] = importId.split("/");
      if (!realm || !alias || !id || rest.length > 0) {
        throw new Error(`Invalid import id '${importId}': expected <realm>/<identity provider's alias>/<id>`);
      }
      return { id, state: { realm, identityProviderAlias: alias } as Partial<State> };
    },

    async update(keycloak, id, plan, old) {
      const { realm, identityProviderAlias: alias } = plan;
      const wanted = await representation(keycloak, plan, old);
      await keycloak.send((admin) => admin.identityProviders.updateMapper({ realm, alias, id }, { id, ...wanted }));
    },

    async delete(keycloak, id, { realm, identityProviderAlias: alias }) {
      await keycloak.send((admin) => admin.identityProviders.delMapper({ realm, alias, id }));
    },
  });
}
