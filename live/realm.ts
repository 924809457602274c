import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import type RealmRepresentation from "@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js";
import {
  asksForMore,
  type BruteForce,
  builtInFlows,
  builtInHeaders,
  type LiveRealm,
  type LiveStep,
  mirroredAttributes,
  type RealmFlows,
  type SecurityHeaders,
  type UserProfile,
} from "../access/liveRealm.ts";
import type { FlowBindings } from "../access/identity.ts";
import { masterAdministrators } from "./masterAdministrators.ts";

/** The realm as it is, or undefined when there is none. */
export async function readRealm(client: KeycloakAdminClient, realm: string): Promise<LiveRealm | undefined> {
  const found = await client.realms.findOne({ realm });
  if (!found) return undefined;
  const providers = await client.identityProviders.find({ realm });
  const profile = (await client.users.getProfile({ realm })) as Partial<UserProfile>;
  return {
    id: found.id,
    verifyEmail: found.verifyEmail ?? false,
    resetsPasswords: found.resetPasswordAllowed ?? false,
    registers: found.registrationAllowed ?? false,
    asksForMore: asksForMore(await stepsOf(client, realm, found.browserFlow ?? builtInFlows.browserFlow)),
    hasOrganizations: found.organizationsEnabled ?? false,
    openProviders: providers
      .filter(({ enabled, linkOnly }) => enabled !== false && linkOnly !== true)
      .map(({ alias = "" }) => alias),
    sendsMail: Boolean((found.smtpServer as { host?: string } | undefined)?.host),
    attributes: Object.fromEntries(
      Object.entries((found.attributes ?? {}) as Record<string, string>).filter(
        ([key]) => !mirroredAttributes.includes(key),
      ),
    ),
    flows: flowsOf(found),
    headers: headersOf(found.browserSecurityHeaders as Readonly<Record<string, string>> | undefined),
    bruteForce: found.bruteForceProtected ? bruteForceOf(found) : undefined,
    eventsListeners: found.eventsListeners ?? [],
    enabledEventTypes: found.enabledEventTypes ?? [],
    userProfile: { attributes: profile.attributes ?? [], groups: profile.groups ?? [] },
    weaknesses: weaknessesOf(found),
  };
}

async function stepsOf(client: KeycloakAdminClient, realm: string, flow: string): Promise<LiveStep[]> {
  const steps = await client.authenticationManagement.getExecutions({ realm, flow });
  return steps.map(({ level = 0, requirement = "", providerId, authenticationFlow }) => ({
    level,
    requirement,
    authenticator: authenticationFlow ? undefined : providerId,
  }));
}

function flowsOf(found: RealmRepresentation): RealmFlows {
  return Object.fromEntries(
    Object.entries({ ...builtInFlows }).map(([purpose, builtIn]) => [
      purpose,
      (found as Readonly<Record<string, unknown>>)[purpose] ?? builtIn,
    ]),
  ) as unknown as RealmFlows;
}

/** Keycloak writes one of the names otherwise. */
function headersOf(found: Readonly<Record<string, string>> = {}): SecurityHeaders {
  const named: Readonly<Record<string, string>> = { xXssProtection: found["xXSSProtection"] ?? "", ...found };
  return Object.fromEntries(
    Object.entries({ ...builtInHeaders }).map(([name, builtIn]) => [name, named[name] || builtIn]),
  ) as unknown as SecurityHeaders;
}

function bruteForceOf(found: RealmRepresentation): BruteForce {
  return {
    permanentLockout: found.permanentLockout ?? false,
    maxLoginFailures: found.failureFactor ?? 30,
    waitIncrementSeconds: found.waitIncrementSeconds ?? 60,
    quickLoginCheckMilliSeconds: found.quickLoginCheckMilliSeconds ?? 1000,
    minimumQuickLoginWaitSeconds: found.minimumQuickLoginWaitSeconds ?? 60,
    maxFailureWaitSeconds: found.maxFailureWaitSeconds ?? 900,
    failureResetTimeSeconds: found.maxDeltaTimeSeconds ?? 43_200,
  };
}

function weaknessesOf(found: RealmRepresentation): string[] {
  return [
    ...(found.bruteForceProtected ? [] : ["passwords may be guessed without end (bruteForceProtection)"]),
    ...(found.sslRequired === "none" ? ["passwords may travel in the clear (sslRequired)"] : []),
    ...(found.verifyEmail ? [] : ["people log in without a verified e-mail address (verifyEmail)"]),
    ...(found.passwordPolicy ? [] : ["any password will do (passwordPolicy)"]),
    ...(found.registrationAllowed ? ["anybody can make an account (registration)"] : []),
  ];
}

/**
 * Makes the realm use the flows again that it is to use; a change of the realm goes back to those of an earlier time.
 *
 * @param complete flows that were there before the update; those that it makes are bound when all of them is in place
 */
export async function bindFlows(
  client: KeycloakAdminClient,
  realm: string,
  flows: FlowBindings,
  complete: readonly string[],
): Promise<void> {
  const usable = [...Object.values({ ...builtInFlows }), ...complete];
  const bound = Object.entries({ ...flows }).filter(([, alias]) => usable.includes(alias));
  if (bound.length > 0) await client.realms.update({ realm }, Object.fromEntries(bound));
}

/**
 * What is wrong with the accounts that may administer Keycloak itself (seed 001: two or three).
 *
 * @param expected their usernames, as platform.yaml has them
 */
export async function checkMasterRealm(client: KeycloakAdminClient, expected: readonly string[]): Promise<string[]> {
  const found = await masterAdministrators(client);
  if (!found) {
    return ["who administers Keycloak's master realm was not checked: the account of this program may not look there"];
  }
  const named = found.length === 0 ? "none" : found.join(", ");
  return [
    ...(found.length < 2 || found.length > 3
      ? [`Keycloak's master realm has ${found.length} administrators (${named}); two or three are right`]
      : []),
    ...found
      .filter((username) => !expected.includes(username))
      .map((username) => `${username} administers Keycloak's master realm but is not among masterAdmins`),
    ...expected
      .filter((username) => !found.includes(username))
      .map((username) => `${username} is among masterAdmins but does not administer Keycloak's master realm`),
  ];
}
