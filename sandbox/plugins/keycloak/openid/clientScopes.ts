import type AdminClient from "@keycloak/keycloak-admin-client";
import type ClientScopeRepresentation from "@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js";
import type { openid } from "@pulumi/keycloak";
import { resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import { type Keycloak, unlessGone } from "../client.ts";

type State<Names extends string> = Record<Names, string[]> & { realmId: string; clientId: string };

/** Where a client has its scopes of a kind. */
interface Kind {
  name: "default" | "optional";
  list: (admin: AdminClient, client: Place) => Promise<ClientScopeRepresentation[]>;
  add: (admin: AdminClient, scope: Place & { clientScopeId: string }) => Promise<void>;
  remove: (admin: AdminClient, scope: Place & { clientScopeId: string }) => Promise<void>;
}

interface Place {
  realm: string;
  id: string;
}

const defaults: Kind = {
  name: "default",
  list: (admin, client) => admin.clients.listDefaultClientScopes(client),
  add: (admin, scope) => admin.clients.addDefaultClientScope(scope),
  remove: (admin, scope) => admin.clients.delDefaultClientScope(scope),
};

const optionals: Kind = {
  name: "optional",
  list: (admin, client) => admin.clients.listOptionalClientScopes(client),
  add: (admin, scope) => admin.clients.addOptionalClientScope(scope),
  remove: (admin, scope) => admin.clients.delOptionalClientScope(scope),
};

const common = {
  clientId: { type: "string", required: true, replaces: true },
  realmId: { type: "string", required: true, replaces: true },
} as const;
const names = { type: "set", required: true } as const;

const defaultSchema = { ...common, defaultScopes: names } satisfies Record<
  keyof openid.ClientDefaultScopesArgs,
  Property
>;
const optionalSchema = { ...common, optionalScopes: names } satisfies Record<
  keyof openid.ClientOptionalScopesArgs,
  Property
>;

/** The scopes that a client has in every token. */
export const clientDefaultScopes = clientScopes("defaultScopes", defaultSchema, defaults, optionals);

/** The scopes that a client can ask for. */
export const clientOptionalScopes = clientScopes("optionalScopes", optionalSchema, optionals, defaults);

/** All the scopes of a kind that a client has, by name: others are taken away. */
function clientScopes<Names extends "defaultScopes" | "optionalScopes">(
  property: Names,
  schema: Record<Names | keyof typeof common, Property>,
  kind: Kind,
  otherKind: Kind,
) {
  const placeOf = ({ realmId, clientId }: State<Names>): Place => ({ realm: realmId, id: clientId });

  const reconcile = async (keycloak: Keycloak, plan: State<Names>): Promise<void> => {
    const place = placeOf(plan);
    const current = await unlessGone(keycloak.send((admin) => kind.list(admin, place)));
    if (!current) throw new Error(`validation error: client with id ${place.id} does not exist`);
    const has = (scopes: ClientScopeRepresentation[], name: string) => scopes.some((scope) => scope.name === name);
    for (const { id: clientScopeId = "", name = "" } of current) {
      if (plan[property].includes(name)) continue;
      await keycloak.send((admin) => kind.remove(admin, { ...place, clientScopeId }));
    }
    const missing = plan[property].filter((name) => !has(current, name));
    const scopes = await named(keycloak, place.realm, missing);
    const unknown = missing.find((name) => !has(scopes, name));
    if (unknown !== undefined) throw new Error(`validation error: scope ${unknown} does not exist`);
    const others = await keycloak.send((admin) => otherKind.list(admin, place));
    for (const { id: clientScopeId = "", name = "" } of scopes) {
      if (has(others, name)) {
        const article = otherKind.name === "optional" ? "an" : "a";
        throw new Error(
          `validation error: scope ${name} is already attached to client as ${article} ${otherKind.name} scope`,
        );
      }
      await keycloak.send((admin) => kind.add(admin, { ...place, clientScopeId }));
    }
  };

  return resource<Keycloak, State<Names>>({
    schema,

    async create(keycloak, plan) {
      await reconcile(keycloak, plan);
      return `${plan.realmId}/${plan.clientId}`;
    },

    async read(keycloak, _, state) {
      const found = await keycloak.find((admin) => kind.list(admin, placeOf(state)));
      return found && ({ [property]: found.map(({ name = "" }) => name) } as Partial<State<Names>>);
    },

    async update(keycloak, _, plan) {
      await reconcile(keycloak, plan);
    },

    async delete(keycloak, _, state) {
      for (const { id: clientScopeId = "" } of await named(keycloak, state.realmId, state[property])) {
        await keycloak.send((admin) => kind.remove(admin, { ...placeOf(state), clientScopeId }));
      }
    },
  });
}

async function named(
  keycloak: Keycloak,
  realm: string,
  wanted: readonly string[],
): Promise<ClientScopeRepresentation[]> {
  const scopes = await keycloak.send((admin) => admin.clientScopes.find({ realm }));
  return scopes.filter(({ name = "", protocol }) => protocol === "openid-connect" && wanted.includes(name));
}
