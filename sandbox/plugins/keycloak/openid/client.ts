import type ClientRepresentation from "@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js";
import type { openid } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import { conflicting, oneOf } from "../../bridged/check.ts";
import { identity, type Property } from "../../bridged/schema.ts";
import type { Properties } from "../../plugin.ts";
import type { Keycloak } from "../client.ts";
import * as extraConfig from "../extraConfig.ts";
import { parseImportId } from "../importId.ts";
import * as clientAttributes from "./clientAttributes.ts";
import { adopted } from "./clientAdoption.ts";
import { validate } from "./clientValidation.ts";

type State = Unwrap<openid.ClientArgs> & { serviceAccountUserId?: string };
type Overrides = NonNullable<State["authenticationFlowBindingOverrides"]>;

const overrides = {
  browserId: { type: "string" },
  directGrantId: { type: "string" },
} satisfies Record<keyof Overrides, Property>;

const computed = { type: "string", computed: true } as const;
const computedSwitch = { type: "boolean", computed: true } as const;
const computedSet = { type: "set", computed: true } as const;

const schema = {
  accessTokenLifespan: computed,
  accessType: { type: "string", required: true, problem: oneOf("CONFIDENTIAL", "PUBLIC", "BEARER-ONLY") },
  adminUrl: computed,
  allowRefreshTokenInStandardTokenExchange: { type: "string" },
  alwaysDisplayInConsole: { type: "boolean", default: false },
  authenticationFlowBindingOverrides: { type: "object", fields: overrides },
  authorization: { type: "object", unsupported: true },
  backchannelLogoutRevokeOfflineSessions: { type: "boolean" },
  backchannelLogoutSessionRequired: { type: "boolean", default: true },
  backchannelLogoutUrl: computed,
  baseUrl: computed,
  clientAuthenticatorType: { type: "string", default: "client-secret" },
  clientId: { type: "string", autoName: true },
  clientOfflineSessionIdleTimeout: computed,
  clientOfflineSessionMaxLifespan: computed,
  clientSecret: { type: "string", computed: true, secret: true },
  clientSecretRegenerateWhenChanged: { type: "map" },
  clientSecretWo: { type: "string", unsupported: true },
  clientSecretWoVersion: { type: "string", unsupported: true },
  clientSessionIdleTimeout: computed,
  clientSessionMaxLifespan: computed,
  consentRequired: computedSwitch,
  consentScreenText: computed,
  description: computed,
  directAccessGrantsEnabled: computedSwitch,
  displayOnConsentScreen: computedSwitch,
  enabled: { type: "boolean", default: true },
  excludeIssuerFromAuthResponse: computedSwitch,
  excludeSessionStateFromAuthResponse: computedSwitch,
  extraConfig: { type: "map" },
  frontchannelLogoutEnabled: computedSwitch,
  frontchannelLogoutUrl: computed,
  fullScopeAllowed: { type: "boolean", default: true },
  implicitFlowEnabled: computedSwitch,
  import: { type: "boolean", default: false, replaces: true },
  loginTheme: computed,
  name: { type: "string", autoName: true },
  oauth2DeviceAuthorizationGrantEnabled: { type: "boolean", default: false },
  oauth2DeviceCodeLifespan: { type: "string" },
  oauth2DevicePollingInterval: { type: "string" },
  oauth2JwtAuthorizationGrantEnabled: { type: "boolean", default: false },
  oauth2JwtAuthorizationGrantIdp: { type: "string" },
  pkceCodeChallengeMethod: { type: "string", problem: oneOf("", "plain", "S256") },
  realmId: { type: "string", required: true, replaces: true },
  requireDpopBoundTokens: computedSwitch,
  rootUrl: computed,
  serviceAccountsEnabled: computedSwitch,
  standardFlowEnabled: computedSwitch,
  standardTokenExchangeEnabled: { type: "boolean", default: false },
  useRefreshTokens: { type: "boolean", default: true },
  useRefreshTokensClientCredentials: { type: "boolean", default: false },
  validPostLogoutRedirectUris: computedSet,
  validRedirectUris: computedSet,
  webOrigins: computedSet,
} satisfies Record<keyof openid.ClientArgs, Property>;

/** An OpenID Connect client. A confidential one without a secret gets one from the server. */
export const client = resource<Keycloak, State>({
  schema,
  rules: [
    conflicting("clientSecret", "clientSecretRegenerateWhenChanged"),
    extraConfig.withoutKeys(clientAttributes.attributeNames),
  ],
  outputs: ["resourceServerId", "serviceAccountUserId"],

  async create(keycloak, plan) {
    const { realmId: realm } = plan;
    const wanted = representation(plan);
    await validate(keycloak, wanted);
    if (!plan.import) return keycloak.create((admin) => admin.clients.create({ ...wanted, realm }));
    const { id, ...merged } = await adopted(keycloak, realm, wanted);
    await keycloak.send((admin) => admin.clients.update({ realm, id }, { id, ...merged }));
    return id;
  },

  async read(keycloak, id, state) {
    const { realmId: realm } = state;
    const found = await keycloak.find((admin) => admin.clients.findOne({ realm, id }));
    if (!found) return undefined;
    const secret = await keycloak.send((admin) => admin.clients.getClientSecret({ realm, id }));
    const user = found.serviceAccountsEnabled
      ? await keycloak.send((admin) => admin.clients.getServiceAccountUser({ realm, id }))
      : {};
    return {
      ...fromRepresentation(found),
      clientSecret: secret.value ?? "",
      extraConfig: extraConfig.fromServer(state.extraConfig, found.attributes),
      serviceAccountUserId: user.id ?? "",
    };
  },

  async locate(keycloak, importId) {
    const { realm, id } = parseImportId(importId);
    const found = await keycloak.send((admin) => admin.clients.findOne({ realm, id }));
    if (!found) throw new Error(`no client with id ${id} found in realm ${realm}`);
    return { id, state: { realmId: realm, import: false } };
  },

  async update(keycloak, id, plan, old) {
    const { realmId: realm } = plan;
    const wanted = representation(plan, old);
    await validate(keycloak, wanted);
    if (isToBeRenewed(plan, old)) {
      const renewed = await keycloak.send((admin) => admin.clients.generateNewClientSecret({ realm, id }));
      wanted.secret = renewed.value ?? "";
    }
    await keycloak.send((admin) => admin.clients.update({ realm, id }, { id, ...wanted }));
  },

  renews: (plan, old) => [
    ...(isToBeRenewed(plan, old) ? ["clientSecret"] : []),
    ...(Boolean(plan.serviceAccountsEnabled) === Boolean(old.serviceAccountsEnabled) ? [] : ["serviceAccountUserId"]),
  ],

  async delete(keycloak, id, { realmId: realm, import: isAdopted }) {
    if (!isAdopted) await keycloak.send((admin) => admin.clients.del({ realm, id }));
  },
});

function isToBeRenewed({ clientSecretRegenerateWhenChanged: next }: State, old: State): boolean {
  return mapIdentity(next) !== mapIdentity(old.clientSecretRegenerateWhenChanged);
}

function mapIdentity(map: Properties = {}): string {
  return identity(map);
}

function representation(plan: State, old?: State): ClientRepresentation {
  const { accessType, authenticationFlowBindingOverrides: flows = {} } = plan;
  return {
    clientId: plan.clientId ?? "",
    name: plan.name ?? "",
    protocol: "openid-connect",
    clientAuthenticatorType: plan.clientAuthenticatorType ?? "",
    ...(plan.clientSecret && { secret: plan.clientSecret }),
    enabled: plan.enabled ?? false,
    description: plan.description ?? "",
    publicClient: accessType === "PUBLIC",
    bearerOnly: accessType === "BEARER-ONLY",
    standardFlowEnabled: plan.standardFlowEnabled ?? false,
    implicitFlowEnabled: plan.implicitFlowEnabled ?? false,
    directAccessGrantsEnabled: plan.directAccessGrantsEnabled ?? false,
    serviceAccountsEnabled: plan.serviceAccountsEnabled ?? false,
    frontchannelLogout: plan.frontchannelLogoutEnabled ?? false,
    authorizationServicesEnabled: false,
    redirectUris: plan.validRedirectUris ?? [],
    webOrigins: plan.webOrigins ?? [],
    adminUrl: plan.adminUrl ?? "",
    baseUrl: plan.baseUrl ?? "",
    ...(plan.rootUrl !== undefined && { rootUrl: plan.rootUrl }),
    fullScopeAllowed: plan.fullScopeAllowed ?? false,
    attributes: {
      ...extraConfig.toServer(plan.extraConfig, old?.extraConfig),
      ...clientAttributes.toServer(plan),
    },
    consentRequired: plan.consentRequired ?? false,
    authenticationFlowBindingOverrides: { browser: flows.browserId ?? "", direct_grant: flows.directGrantId ?? "" },
    alwaysDisplayInConsole: plan.alwaysDisplayInConsole ?? false,
  };
}

function fromRepresentation(found: ClientRepresentation) {
  return {
    ...clientAttributes.fromServer((found.attributes ?? {}) as clientAttributes.Attributes),
    accessType: found.publicClient ? "PUBLIC" : found.bearerOnly ? "BEARER-ONLY" : "CONFIDENTIAL",
    adminUrl: found.adminUrl ?? "",
    alwaysDisplayInConsole: found.alwaysDisplayInConsole ?? false,
    authenticationFlowBindingOverrides: overridesFrom(found.authenticationFlowBindingOverrides ?? {}),
    baseUrl: found.baseUrl ?? "",
    clientAuthenticatorType: found.clientAuthenticatorType ?? "",
    clientId: found.clientId ?? "",
    consentRequired: found.consentRequired ?? false,
    description: found.description ?? "",
    directAccessGrantsEnabled: found.directAccessGrantsEnabled ?? false,
    enabled: found.enabled ?? false,
    frontchannelLogoutEnabled: found.frontchannelLogout ?? false,
    fullScopeAllowed: found.fullScopeAllowed ?? false,
    implicitFlowEnabled: found.implicitFlowEnabled ?? false,
    name: found.name ?? "",
    rootUrl: found.rootUrl ?? "",
    serviceAccountsEnabled: found.serviceAccountsEnabled ?? false,
    standardFlowEnabled: found.standardFlowEnabled ?? false,
    validRedirectUris: found.redirectUris ?? [],
    webOrigins: found.webOrigins ?? [],
  };
}

function overridesFrom({ browser = "", direct_grant = "" }: { browser?: string; direct_grant?: string }) {
  return browser || direct_grant ? { browserId: browser, directGrantId: direct_grant } : null;
}
