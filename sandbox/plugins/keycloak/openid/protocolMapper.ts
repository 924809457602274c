/** What all kinds of protocol mappers have in common. */
import type AdminClient from "@keycloak/keycloak-admin-client";
import type ProtocolMapperRepresentation from "@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js";
import type { openid } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { type Resource, resource } from "../../bridged.ts";
import { exactlyOneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";

export type Shared = Pick<Unwrap<openid.AudienceProtocolMapperArgs>, keyof typeof shared>;

/** The settings of a mapper on the server: all are texts. */
export type Config = Record<string, string>;

/** The inputs of every kind. */
export const shared = {
  addToAccessToken: { type: "boolean", default: true },
  addToIdToken: { type: "boolean", default: true },
  addToTokenIntrospection: { type: "boolean", default: true },
  clientId: { type: "string", replaces: true },
  clientScopeId: { type: "string", replaces: true },
  name: { type: "string", autoName: true },
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<string, Property>;

/** A kind of mapper. */
interface Kind<State extends Shared> {
  schema: Resource<Keycloak, State>["schema"];
  rules?: Resource<Keycloak, State>["rules"];
  /** The name that the server has for this kind. */
  mapper: string;
  toConfig: (plan: State) => Config;
  fromConfig: (config: Config) => Partial<State>;
  /** Fails if the server would take the mapper, but it would not work. */
  validate?: (keycloak: Keycloak, plan: State) => Promise<void>;
}

/** The calls for the mappers of a client or of a client scope. */
interface Owner {
  list: () => Promise<ProtocolMapperRepresentation[]>;
  find: (mapperId: string) => Promise<ProtocolMapperRepresentation | undefined>;
  add: (mapper: ProtocolMapperRepresentation) => Promise<void>;
  update: (mapperId: string, mapper: ProtocolMapperRepresentation) => Promise<void>;
  remove: (mapperId: string) => Promise<void>;
}

/** A mapper of some kind, on a client or on a client scope. */
export function protocolMapper<State extends Shared>(kind: Kind<State>) {
  const representation = (plan: State): ProtocolMapperRepresentation => ({
    name: plan.name ?? "",
    protocol: "openid-connect",
    protocolMapper: kind.mapper,
    config: {
      "access.token.claim": String(plan.addToAccessToken ?? false),
      "id.token.claim": String(plan.addToIdToken ?? false),
      "introspection.token.claim": String(plan.addToTokenIntrospection ?? false),
      ...kind.toConfig(plan),
    },
  });

  const validate = async (keycloak: Keycloak, plan: State, own?: string): Promise<void> => {
    await kind.validate?.(keycloak, plan);
    const mappers = await keycloak.send((admin) => ownerOf(admin, plan).list());
    if (mappers.some(({ id, name }) => name === plan.name && id !== own)) {
      throw new Error(
        `validation error: a protocol mapper with name ${plan.name ?? ""} already exists for this client`,
      );
    }
  };

  return resource<Keycloak, State>({
    schema: kind.schema,
    rules: [exactlyOneOf("clientId", "clientScopeId"), ...(kind.rules ?? [])],

    async create(keycloak, plan) {
      await validate(keycloak, plan);
      await keycloak.send((admin) => ownerOf(admin, plan).add(representation(plan)));
      return idOf(keycloak, plan, plan.name ?? "");
    },

    async read(keycloak, id, state) {
      const found = await keycloak.find((admin) => ownerOf(admin, state).find(id));
      const config = (found?.config ?? {}) as Config;
      return (
        found && {
          name: found.name ?? "",
          addToAccessToken: config["access.token.claim"] === "true",
          addToIdToken: config["id.token.claim"] === "true",
          addToTokenIntrospection: config["introspection.token.claim"] === "true",
          ...kind.fromConfig(config),
        }
      );
    },

    async locate(keycloak, importId) {
      const { place, id, name } = parse(importId);
      const state = place as Partial<State>;
      return { id: name === undefined ? id : await idOf(keycloak, place, name), state };
    },

    async update(keycloak, id, plan) {
      await validate(keycloak, plan, id);
      await keycloak.send((admin) => ownerOf(admin, plan).update(id, { id, ...representation(plan) }));
    },

    async delete(keycloak, id, state) {
      await keycloak.send((admin) => ownerOf(admin, state).remove(id));
    },
  });
}

async function idOf(keycloak: Keycloak, place: Shared, wanted: string): Promise<string> {
  const mappers = await keycloak.send((admin) => ownerOf(admin, place).list());
  const { id } = mappers.find(({ name }) => name === wanted) ?? {};
  if (!id) throw new Error(`protocol mapper with name "${wanted}" not found`);
  return id;
}

function ownerOf({ clients, clientScopes }: AdminClient, { realmId: realm, clientId, clientScopeId }: Shared): Owner {
  if (clientScopeId) {
    const scope = { realm, id: clientScopeId };
    return {
      list: () => clientScopes.listProtocolMappers(scope),
      find: (mapperId) => clientScopes.findProtocolMapper({ ...scope, mapperId }),
      add: (mapper) => clientScopes.addProtocolMapper(scope, mapper),
      update: (mapperId, mapper) => clientScopes.updateProtocolMapper({ ...scope, mapperId }, mapper),
      remove: (mapperId) => clientScopes.delProtocolMapper({ ...scope, mapperId }),
    };
  }
  const client = { realm, id: clientId ?? "" };
  return {
    list: () => clients.listProtocolMappers(client),
    find: (mapperId) => clients.findProtocolMapperById({ ...client, mapperId }),
    add: (mapper) => clients.addProtocolMapper(client, mapper),
    update: (mapperId, mapper) => clients.updateProtocolMapper({ ...client, mapperId }, mapper),
    remove: (mapperId) => clients.delProtocolMapper({ ...client, mapperId }),
  };
}

/** `<realm>/client/<id>/<mapper's id>` or `<realm>/client-scope/<id>/<mapper's id>`, or `name/<name>` in place of the last. */
function parse(importId: string): { place: Shared; id: string; name?: string } {
  const [realmId = "", kind, owner, ...rest] = importId.split("/");
  const [id = "", name] = rest;
  const isNamed = rest.length === 2 && id === "name" && name;
  if (!owner || (kind !== "client" && kind !== "client-scope") || !(rest.length === 1 || isNamed)) {
    throw new Error(
      `Invalid import id '${importId}': expected <realm>/client/<id>/<id> or <realm>/client-scope/<id>/<id>`,
    );
  }
  const place = { realmId, ...(kind === "client" ? { clientId: owner } : { clientScopeId: owner }) };
  return isNamed ? { place, id: "", name: decodeURIComponent(name) } : { place, id };
}
