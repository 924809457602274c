/** The settings of a client that Keycloak keeps among its attributes, which are all texts. */
import type { openid } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";

type Args = Unwrap<openid.ClientArgs>;

/** Attributes as Keycloak has them. */
export type Attributes = Record<string, string>;

const texts = {
  accessTokenLifespan: "access.token.lifespan",
  allowRefreshTokenInStandardTokenExchange: "standard.token.exchange.enableRefreshRequestedTokenType",
  backchannelLogoutUrl: "backchannel.logout.url",
  clientOfflineSessionIdleTimeout: "client.offline.session.idle.timeout",
  clientOfflineSessionMaxLifespan: "client.offline.session.max.lifespan",
  clientSessionIdleTimeout: "client.session.idle.timeout",
  clientSessionMaxLifespan: "client.session.max.lifespan",
  consentScreenText: "consent.screen.text",
  frontchannelLogoutUrl: "frontchannel.logout.url",
  loginTheme: "login_theme",
  oauth2DeviceCodeLifespan: "oauth2.device.code.lifespan",
  oauth2DevicePollingInterval: "oauth2.device.polling.interval",
  oauth2JwtAuthorizationGrantIdp: "oauth2.jwt.authorization.grant.idp",
  pkceCodeChallengeMethod: "pkce.code.challenge.method",
} as const satisfies { [Name in keyof Args]?: string };

const switches = {
  backchannelLogoutRevokeOfflineSessions: "backchannel.logout.revoke.offline.tokens",
  backchannelLogoutSessionRequired: "backchannel.logout.session.required",
  displayOnConsentScreen: "display.on.consent.screen",
  excludeIssuerFromAuthResponse: "exclude.issuer.from.auth.response",
  excludeSessionStateFromAuthResponse: "exclude.session.state.from.auth.response",
  oauth2DeviceAuthorizationGrantEnabled: "oauth2.device.authorization.grant.enabled",
  oauth2JwtAuthorizationGrantEnabled: "oauth2.jwt.authorization.grant.enabled",
  requireDpopBoundTokens: "dpop.bound.access.tokens",
  standardTokenExchangeEnabled: "standard.token.exchange.enabled",
  useRefreshTokens: "use.refresh.tokens",
  useRefreshTokensClientCredentials: "client_credentials.use_refresh_token",
} as const satisfies { [Name in keyof Args]?: string };

/** The official provider does not read these two back. */
const unread: readonly string[] = ["excludeIssuerFromAuthResponse", "excludeSessionStateFromAuthResponse"];

const logoutUris = "post.logout.redirect.uris";
const separator = "##";

/** The names that cannot be among the extra settings. */
export const attributeNames: readonly string[] = [...Object.values(texts), ...Object.values(switches), logoutUris];

/** The settings as Keycloak wants them: it removes those that are empty. */
export function toServer(plan: Args): Attributes {
  return {
    ...Object.fromEntries(entriesOf(texts).map(([name, key]) => [key, plan[name] ?? ""])),
    ...Object.fromEntries(entriesOf(switches).map(([name, key]) => [key, String(plan[name] ?? false)])),
    [logoutUris]: (plan.validPostLogoutRedirectUris ?? []).join(separator),
  };
}

/** The settings as Pulumi has them. */
export function fromServer(attributes: Attributes) {
  const uris = attributes[logoutUris];
  const readSwitches = entriesOf(switches).filter(([name]) => !unread.includes(name));
  return {
    ...(Object.fromEntries(entriesOf(texts).map(([name, key]) => [name, attributes[key] ?? ""])) as Told<
      typeof texts,
      string
    >),
    ...(Object.fromEntries(readSwitches.map(([name, key]) => [name, attributes[key] === "true"])) as Told<
      Omit<typeof switches, "excludeIssuerFromAuthResponse" | "excludeSessionStateFromAuthResponse">,
      boolean
    >),
    validPostLogoutRedirectUris: uris ? uris.split(separator) : [],
  };
}

type Told<Keys, Value> = Record<keyof Keys, Value>;

function entriesOf<Keys extends object>(keys: Keys): [keyof Keys, string][] {
  return Object.entries(keys) as [keyof Keys, string][];
}
