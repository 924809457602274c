/** Taking over a client that exists. */
import type ClientRepresentation from "@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js";
import type { Keycloak } from "../client.ts";

/** The client of this name with what is wanted of it. What is empty or off in the wish stays as it is there. */
export async function adopted(
  keycloak: Keycloak,
  realm: string,
  wanted: ClientRepresentation,
): Promise<ClientRepresentation & { id: string }> {
  const { clientId = "" } = wanted;
  const [found] = await keycloak.send((admin) => admin.clients.find({ realm, clientId }));
  const id = found?.id;
  if (!id) throw new Error(`openid client with name ${clientId} does not exist`);
  const { value: secret } = await keycloak.send((admin) => admin.clients.getClientSecret({ realm, id }));
  const { attributes = {}, authenticationFlowBindingOverrides = {}, ...rest } = found;
  return {
    secret,
    ...overlaid(rest, wanted),
    attributes: { ...attributes, ...overlaid(attributes, wanted.attributes ?? {}) },
    authenticationFlowBindingOverrides: overlaid(
      authenticationFlowBindingOverrides,
      wanted.authenticationFlowBindingOverrides ?? {},
    ),
    id,
  };
}

function overlaid<Values extends object>(found: Values, wanted: Values): Values {
  const before = found as Record<string, unknown>;
  const merged = Object.entries(wanted).map(([name, value]: [string, unknown]) => [
    name,
    isUnset(value) ? (before[name] ?? value) : value,
  ]);
  return Object.fromEntries(merged) as Values;
}

function isUnset(value: unknown): boolean {
  return !value || value === "false" || (Array.isArray(value) && value.length === 0);
}
