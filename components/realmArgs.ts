import type * as keycloak from "@pulumi/keycloak";
import { goDuration, parseDuration } from "../access/duration.ts";
import { type BruteForce, builtInHeaders, type LiveRealm } from "../access/liveRealm.ts";
import type { RealmSettings } from "../access/realmSchema.ts";
import type { Secrets } from "./secrets.ts";

type Args = Omit<keycloak.RealmArgs, "realm">;

/** What Keycloak is told of the settings that are kept; the rest is not mentioned. */
export function realmArgs(settings: RealmSettings, secrets: Secrets): Args {
  const { displayName, verifyEmail, resetPasswordAllowed, rememberMe, sslRequired, passwordPolicy } = settings;
  const { mail, tokens } = settings;
  return given<Args>({
    displayName,
    verifyEmail,
    resetPasswordAllowed,
    rememberMe,
    sslRequired,
    passwordPolicy,
    accessTokenLifespan: durationOf(tokens.accessToken),
    ssoSessionIdleTimeout: durationOf(tokens.sessionIdle),
    ssoSessionMaxLifespan: durationOf(tokens.sessionMax),
    offlineSessionIdleTimeout: durationOf(tokens.offlineIdle),
    actionTokenGeneratedByUserLifespan: durationOf(tokens.userLink),
    actionTokenGeneratedByAdminLifespan: durationOf(tokens.adminLink),
    smtpServer: mail && mailArgs(mail, secrets),
  });
}

/** What a realm of our own has beside the settings. Left out, the provider would switch each of them off. */
export const ownRealmArgs: Args = {
  enabled: true,
  registrationAllowed: false,
  registrationEmailAsUsername: false,
  editUsernameAllowed: false,
  loginWithEmailAllowed: true,
  duplicateEmailsAllowed: false,
};

/**
 * Protection against guessed passwords, and headers. The provider takes both for given and never looks at what the
 * realm has: left out, the protection is switched off and the headers are Keycloak's own.
 */
export function securityDefenses(
  { bruteForceProtection }: RealmSettings,
  live: LiveRealm | undefined,
): keycloak.RealmArgs["securityDefenses"] {
  const bruteForceDetection = bruteForceProtection ? bruteForceArgs(bruteForceProtection) : live?.bruteForce;
  return { ...(bruteForceDetection && { bruteForceDetection }), headers: live?.headers ?? builtInHeaders };
}

function bruteForceArgs(protection: NonNullable<RealmSettings["bruteForceProtection"]>): BruteForce {
  const { maxLoginFailures, waitIncrement, maxWait, failureReset, permanentLockout } = protection;
  return {
    maxLoginFailures,
    permanentLockout,
    waitIncrementSeconds: seconds(waitIncrement),
    maxFailureWaitSeconds: seconds(maxWait),
    failureResetTimeSeconds: seconds(failureReset),
    quickLoginCheckMilliSeconds: 1000,
    minimumQuickLoginWaitSeconds: 60,
  };
}

function mailArgs(mail: NonNullable<RealmSettings["mail"]>, secrets: Secrets): keycloak.RealmArgs["smtpServer"] {
  const { host, port, encryption, from, fromDisplayName, replyTo, username, passwordSecret } = mail;
  return {
    host,
    port: String(port),
    from,
    starttls: encryption === "starttls",
    ssl: encryption === "tls",
    ...given({ fromDisplayName, replyTo }),
    ...(username !== undefined && { auth: { username, password: secrets.require(passwordSecret) } }),
  };
}

/** Seconds in a duration that the schema has accepted. */
export function seconds(text: string): number {
  return parseDuration(text) ?? 0;
}

function durationOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : goDuration(seconds(text));
}

/** The entries that have a value. */
function given<T extends object>(entries: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as T;
}
