import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { NetworkError } from "@keycloak/keycloak-admin-client";
import { stackInAttributes } from "../access/inventory.ts";
import { newTemporaryPassword } from "../access/temporaryPassword.ts";

/** A reset is not done, and nothing was changed. */
export class Refusal extends Error {}

/** Whose credentials are reset. */
export interface Subject {
  readonly realm: string;
  readonly username: string;
  /** The stack that must have made the account. */
  readonly stack: string;
}

/**
 * Gives a user another temporary password, as "Reset password" in Keycloak's console does, and ends all sessions.
 *
 * @returns the password, which is nowhere else
 * @throws {Refusal} when the account is not this stack's or its password is not Keycloak's
 */
export async function resetPassword(client: KeycloakAdminClient, subject: Subject): Promise<string> {
  const { id } = await accountOf(client, subject);
  const value = newTemporaryPassword();
  await orRefuse("the new password", () =>
    client.users.resetPassword({ id, credential: { type: "password", value, temporary: true } }),
  );
  try {
    await client.users.logout({ id });
  } catch (error) {
    throw new Error("the password was changed but the sessions go on; run this again", { cause: error });
  }
  return value;
}

/**
 * Sends a user a mail with a link to choose another password, as "Credential reset" in Keycloak's console does. The
 * present password works until then.
 *
 * @param lifespan seconds that the link lives
 * @returns the address
 * @throws {Refusal} as {@link resetPassword}, and when the mail could not arrive
 */
export async function sendResetLink(client: KeycloakAdminClient, subject: Subject, lifespan: number): Promise<string> {
  const { id, email, enabled } = await accountOf(client, subject);
  const { realm, username } = subject;
  const { smtpServer } = (await client.realms.findOne({ realm })) ?? {};
  // Who may not see the realm's settings gets none; then Keycloak says it when it cannot send.
  if (smtpServer && !(smtpServer as { host?: string }).host) {
    throw new Refusal(
      `realm "${realm}" cannot send mail. Set it up (platform.yaml, realmSettings.mail) or leave --email out.`,
    );
  }
  if (!email) throw new Refusal(`account "${username}" has no e-mail address. Leave --email out.`);
  if (!enabled) throw new Refusal(`account "${username}" is disabled. Enable it first.`);
  await orRefuse("the mail", () => client.users.executeActionsEmail({ id, lifespan, actions: ["UPDATE_PASSWORD"] }));
  return email;
}

async function accountOf(
  { users }: KeycloakAdminClient,
  { realm, username, stack }: Subject,
): Promise<{ id: string; email: string | undefined; enabled: boolean }> {
  const [found] = await users.find({ username, exact: true, briefRepresentation: false });
  if (found?.id === undefined) {
    throw new Refusal(`realm "${realm}" has no account "${username}". Run pulumi up first.`);
  }
  const { id, federationLink, email, enabled = false } = found;
  if (federationLink !== undefined) {
    throw new Refusal(`account "${username}" lives in a directory. Reset its password there.`);
  }
  const maker = stackInAttributes(found.attributes as Readonly<Record<string, string[]>> | undefined);
  if (maker !== stack) {
    const whose = maker === undefined ? "not made by this program" : `of stack "${maker}"`;
    throw new Refusal(`account "${username}" is ${whose}. Reset it in Keycloak, or name its stack with --stack.`);
  }
  await refuseOutsiders(users, id, username);
  return { id, email, enabled };
}

/** A password for somebody who logs in at a provider only would be a way round it. */
async function refuseOutsiders(users: KeycloakAdminClient["users"], id: string, username: string): Promise<void> {
  const [provider] = await users.listFederatedIdentities({ id });
  if (!provider) return;
  const credentials = await users.getCredentials({ id });
  if (credentials.some(({ type }) => type === "password")) return;
  throw new Refusal(
    `account "${username}" has no password and logs in through identity provider "${provider.identityProvider ?? ""}". Reset its credentials there.`,
  );
}

/** What Keycloak does not do for a reason of its own, which it tells, has changed nothing. */
async function orRefuse(what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof NetworkError) || typeof error.responseData !== "object") throw error;
    if ([401, 403].includes(error.response.status)) throw error;
    throw new Refusal(`Keycloak refuses ${what}: ${keycloaksReason(error) ?? ""}. Nothing was changed.`, {
      cause: error,
    });
  }
}

/** Keycloak's own words on why a request failed, or undefined when it said none. */
export function keycloaksReason(error: unknown): string | undefined {
  if (!(error instanceof NetworkError)) return undefined;
  const { error_description, errorMessage, error: code } = (error.responseData ?? {}) as Record<string, unknown>;
  const words = [error_description, errorMessage, code].find((text) => typeof text === "string");
  return typeof words === "string" ? words.replace(/\.$/, "") : `answers ${error.response.status}`;
}
