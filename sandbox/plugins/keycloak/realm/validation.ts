/** What the official provider itself requires of a realm before it sends it. */
import type RealmRepresentation from "@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js";
import type { Keycloak } from "../client.ts";

const themes = {
  login: "loginTheme",
  account: "accountTheme",
  admin: "adminTheme",
  email: "emailTheme",
} as const satisfies Record<string, keyof RealmRepresentation>;

/** @throws when the server would take the realm, but it would not work */
export async function validate(keycloak: Keycloak, realm: RealmRepresentation): Promise<void> {
  if (realm.duplicateEmailsAllowed && realm.registrationEmailAsUsername) {
    throw invalid("DuplicateEmailsAllowed cannot be true if RegistrationEmailAsUsername is true");
  }
  if (realm.duplicateEmailsAllowed && realm.loginWithEmailAllowed) {
    throw invalid("DuplicateEmailsAllowed cannot be true if LoginWithEmailAllowed is true");
  }
  if (!["none", "external", "all"].includes(realm.sslRequired ?? "")) {
    throw invalid("SslRequired should be 'none', 'external' or 'all'");
  }
  const server = await keycloak.send((admin) => admin.serverInfo.find());
  for (const [kind, property] of Object.entries(themes)) {
    const theme = realm[property];
    if (theme && !server.themes?.[kind]?.some(({ name }) => name === theme)) {
      throw invalid(`theme "${theme}" does not exist on the server`);
    }
  }
  if (realm.internationalizationEnabled && !realm.supportedLocales?.includes(realm.defaultLocale ?? "")) {
    throw invalid("DefaultLocale should be in the SupportLocales");
  }
  const policies = realm.passwordPolicy ? realm.passwordPolicy.split(" and ") : [];
  for (const policy of policies.map((text) => text.split("(")[0] ?? "")) {
    if (!server.providers?.["password-policy"]?.providers[policy]) {
      throw invalid(`password-policy "${policy}" does not exist on the server`);
    }
  }
}

function invalid(problem: string): Error {
  return new Error(`validation error: ${problem}`);
}
