/** What the official provider itself requires of a client before it sends it. */
import type ClientRepresentation from "@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js";
import type { Keycloak } from "../client.ts";

/** @throws when the server would take the client, but it would not work */
export async function validate(keycloak: Keycloak, client: ClientRepresentation): Promise<void> {
  const { redirectUris = [], webOrigins = [], attributes = {} } = client;
  const usesBrowser = client.standardFlowEnabled || client.implicitFlowEnabled;
  if (!usesBrowser && redirectUris.length > 0) {
    throw new Error("valid_redirect_uris cannot be set when standard or implicit flow is not enabled");
  }
  if (!usesBrowser && !client.directAccessGrantsEnabled && webOrigins.length > 0) {
    throw new Error("web_origins cannot be set when standard or implicit flow is not enabled");
  }
  if (client.bearerOnly && (usesBrowser || client.directAccessGrantsEnabled || client.serviceAccountsEnabled)) {
    throw invalid(
      "Keycloak cannot issue tokens for bearer-only clients; no oauth2 flows can be enabled for this client",
    );
  }
  if (usesBrowser && redirectUris.length === 0) {
    throw invalid("standard (authorization code) and implicit flows require at least one valid redirect uri");
  }
  if (client.serviceAccountsEnabled && client.publicClient) {
    throw invalid("service accounts (client credentials flow) cannot be enabled on public clients");
  }
  const theme = attributes["login_theme"] as string;
  if (theme) {
    const server = await keycloak.send((admin) => admin.serverInfo.find());
    const isThere = server.themes?.["login"]?.some(({ name }) => name === theme);
    if (!isThere) throw invalid(`theme "${theme}" does not exist on the server`);
  }
  if (attributes["standard.token.exchange.enabled"] === "true" && client.publicClient) {
    throw invalid("standard token exchange cannot be enabled on public clients");
  }
}

function invalid(problem: string): Error {
  return new Error(`validation error: ${problem}`);
}
