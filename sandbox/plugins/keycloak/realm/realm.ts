import type RealmRepresentation from "@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js";
import type { RealmArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import { flowProperties, type Flows, flowsOf } from "../authentication/bindings.ts";
import type { Keycloak } from "../client.ts";
import { duration, fromSeconds, toSeconds } from "../durations.ts";
import * as securityDefenses from "./securityDefenses.ts";
import * as smtpServer from "./smtpServer.ts";
import { validate } from "./validation.ts";
import * as webAuthnPolicy from "./webAuthnPolicy.ts";

type State = Unwrap<RealmArgs> & { realm: string };
type OtpPolicy = NonNullable<State["otpPolicy"]>;
type Internationalization = NonNullable<State["internationalization"]>;
type Stored = RealmRepresentation & Partial<Flows>;

/** Switches that Keycloak and Pulumi call alike. Left out at creation, they are off. */
const switches = [
  "duplicateEmailsAllowed",
  "editUsernameAllowed",
  "loginWithEmailAllowed",
  "registrationAllowed",
  "registrationEmailAsUsername",
  "rememberMe",
  "resetPasswordAllowed",
  "verifyEmail",
] as const satisfies (keyof State & keyof RealmRepresentation)[];

/** Switches that the official provider can only turn on: it does not send them when they are off. */
const oneWaySwitches = [
  "adminPermissionsEnabled",
  "offlineSessionMaxLifespanEnabled",
  "organizationsEnabled",
] as const satisfies (keyof State & keyof RealmRepresentation)[];

const themes = ["accountTheme", "adminTheme", "emailTheme", "loginTheme"] as const satisfies (keyof State &
  keyof RealmRepresentation)[];

const lifespans = [
  "accessCodeLifespan",
  "accessCodeLifespanLogin",
  "accessCodeLifespanUserAction",
  "accessTokenLifespan",
  "accessTokenLifespanForImplicitFlow",
  "actionTokenGeneratedByAdminLifespan",
  "actionTokenGeneratedByUserLifespan",
  "clientSessionIdleTimeout",
  "clientSessionMaxLifespan",
  "oauth2DeviceCodeLifespan",
  "offlineSessionIdleTimeout",
  "offlineSessionMaxLifespan",
  "ssoSessionIdleTimeout",
  "ssoSessionIdleTimeoutRememberMe",
  "ssoSessionMaxLifespan",
  "ssoSessionMaxLifespanRememberMe",
] as const satisfies (keyof State & keyof RealmRepresentation)[];

const otpPolicy = {
  algorithm: { type: "string", default: "HmacSHA1", problem: oneOf("HmacSHA1", "HmacSHA256", "HmacSHA512") },
  codeReusable: { type: "boolean", default: false },
  digits: { type: "number", default: 6 },
  initialCounter: { type: "number", default: 2 },
  lookAheadWindow: { type: "number", default: 1 },
  period: { type: "number", default: 30 },
  type: { type: "string", default: "totp", problem: oneOf("totp", "hotp") },
} satisfies Record<keyof OtpPolicy, Property>;

const internationalization = {
  defaultLocale: { type: "string", required: true },
  supportedLocales: { type: "set", required: true },
} satisfies Record<keyof Internationalization, Property>;

const computed = { type: "boolean", computed: true } as const;
const lifespan = { ...duration, computed: true } as const;
const readOnly = { type: "object", computed: true, unsupported: true } as const;

const schema = {
  ...flowProperties,
  accessCodeLifespan: lifespan,
  accessCodeLifespanLogin: lifespan,
  accessCodeLifespanUserAction: lifespan,
  accessTokenLifespan: lifespan,
  accessTokenLifespanForImplicitFlow: lifespan,
  accountTheme: { type: "string" },
  actionTokenGeneratedByAdminLifespan: lifespan,
  actionTokenGeneratedByUserLifespan: lifespan,
  adminPermissionsEnabled: { type: "boolean" },
  adminTheme: { type: "string" },
  attributes: { type: "map" },
  clientSessionIdleTimeout: lifespan,
  clientSessionMaxLifespan: lifespan,
  defaultDefaultClientScopes: { type: "set", unsupported: true },
  defaultOptionalClientScopes: { type: "set", unsupported: true },
  defaultSignatureAlgorithm: { type: "string" },
  displayName: { type: "string", computed: true },
  displayNameHtml: { type: "string", computed: true },
  duplicateEmailsAllowed: computed,
  editUsernameAllowed: computed,
  emailTheme: { type: "string" },
  enabled: { type: "boolean", default: true },
  internalId: { type: "string", computed: true, replaces: true },
  internationalization: { type: "object", fields: internationalization },
  loginTheme: { type: "string" },
  loginWithEmailAllowed: computed,
  oauth2DeviceCodeLifespan: lifespan,
  oauth2DevicePollingInterval: { type: "number", computed: true },
  offlineSessionIdleTimeout: lifespan,
  offlineSessionMaxLifespan: lifespan,
  offlineSessionMaxLifespanEnabled: { type: "boolean", default: false },
  organizationsEnabled: { type: "boolean", default: false },
  otpPolicy: { type: "object", fields: otpPolicy, computed: true },
  passwordPolicy: { type: "string" },
  realm: { type: "string", autoName: true, replaces: true },
  refreshTokenMaxReuse: { type: "number", default: 0 },
  registrationAllowed: computed,
  registrationEmailAsUsername: computed,
  rememberMe: computed,
  resetPasswordAllowed: computed,
  revokeRefreshToken: { type: "boolean", default: false },
  securityDefenses: { type: "object", fields: securityDefenses.fields },
  smtpServer: { type: "object", fields: smtpServer.fields },
  sslRequired: { type: "string", default: "external" },
  ssoSessionIdleTimeout: lifespan,
  ssoSessionIdleTimeoutRememberMe: lifespan,
  ssoSessionMaxLifespan: lifespan,
  ssoSessionMaxLifespanRememberMe: lifespan,
  terraformDeletionProtection: { type: "boolean", default: false },
  userManagedAccess: { type: "boolean", default: false },
  verifyEmail: computed,
  webAuthnPasswordlessPolicy: { ...readOnly, fields: webAuthnPolicy.passwordlessFields },
  webAuthnPolicy: { ...readOnly, fields: webAuthnPolicy.fields },
} satisfies Record<keyof RealmArgs, Property>;

/**
 * A realm. Every update sends all of it: what is neither asked for nor computed is set back, such as brute force
 * detection, flows that were bound elsewhere since the last refresh, and attributes that are not in the program.
 */
export const realm = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    const wanted = representation(plan);
    await validate(keycloak, wanted);
    await keycloak.send((admin) => admin.realms.create(wanted));
    return plan.realm;
  },

  async read(keycloak, id, state) {
    const found = await keycloak.find((admin) => admin.realms.findOne({ realm: id }));
    return found && { terraformDeletionProtection: state.terraformDeletionProtection, ...told(found, state) };
  },

  locate(_, importId) {
    return { id: importId, state: { terraformDeletionProtection: false } };
  },

  async update(keycloak, id, plan) {
    const wanted = representation(plan);
    await validate(keycloak, wanted);
    await keycloak.send((admin) => admin.realms.update({ realm: id }, wanted));
  },

  trustsUpdates: true,

  async delete(keycloak, id, { terraformDeletionProtection, internalId = "" }) {
    if (terraformDeletionProtection) {
      throw new Error(
        `Deletion protection is enabled for keycloak_realm resource with realm ${id} (ID: ${internalId}). ` +
          "To delete this resource, first set `terraform_deletion_protection` to `false`.",
      );
    }
    await keycloak.send((admin) => admin.realms.del({ realm: id }));
  },
});

function representation(plan: State): RealmRepresentation {
  const { internationalization: languages, otpPolicy: otp = {} } = plan;
  return {
    id: plan.internalId ?? plan.realm,
    realm: plan.realm,
    enabled: plan.enabled ?? false,
    displayName: plan.displayName ?? "",
    displayNameHtml: plan.displayNameHtml ?? "",
    userManagedAccessAllowed: plan.userManagedAccess ?? false,
    ...pick(switches, (name) => plan[name] ?? false),
    ...truthy(pick(oneWaySwitches, (name) => plan[name])),
    sslRequired: plan.sslRequired ?? "",
    smtpServer: smtpServer.toServer(plan.smtpServer),
    ...truthy(pick(themes, (name) => plan[name])),
    defaultSignatureAlgorithm: plan.defaultSignatureAlgorithm ?? "",
    revokeRefreshToken: plan.revokeRefreshToken ?? false,
    refreshTokenMaxReuse: plan.refreshTokenMaxReuse ?? 0,
    ...truthy(pick(lifespans, (name) => toSeconds(plan[name]))),
    ...truthy({ oauth2DevicePollingInterval: plan.oauth2DevicePollingInterval }),
    internationalizationEnabled: languages !== undefined,
    supportedLocales: languages?.supportedLocales ?? [],
    defaultLocale: languages?.defaultLocale ?? "",
    attributes: plan.attributes ?? {},
    ...securityDefenses.toServer(plan.securityDefenses),
    passwordPolicy: plan.passwordPolicy ?? "",
    ...flowsOf(plan),
    ...truthy({
      otpPolicyAlgorithm: otp.algorithm,
      otpPolicyDigits: otp.digits,
      otpPolicyInitialCounter: otp.initialCounter,
      otpPolicyLookAheadWindow: otp.lookAheadWindow,
      otpPolicyPeriod: otp.period,
      otpPolicyType: otp.type,
    }),
    otpPolicyCodeReusable: otp.codeReusable ?? false,
    ...webAuthnPolicy.toServer("webAuthnPolicy", plan.webAuthnPolicy),
    ...webAuthnPolicy.toServer("webAuthnPolicyPasswordless", plan.webAuthnPasswordlessPolicy),
  };
}

/** What Keycloak says of a realm, as Pulumi has it. */
function told(found: Stored, state: Partial<State>) {
  const attributes = found.attributes ?? {};
  const wanted = Object.keys(state.attributes ?? {}).filter((name) => attributes[name] !== undefined);
  return {
    ...(pick(Object.keys(flowProperties) as (keyof Flows)[], (name) => found[name] ?? "") as Flows),
    ...pick([...switches, ...oneWaySwitches], (name) => found[name] ?? false),
    ...pick(themes, (name) => found[name] ?? ""),
    ...pick(lifespans, (name) => fromSeconds(found[name])),
    attributes: Object.fromEntries(wanted.map((name) => [name, String(attributes[name])])),
    defaultSignatureAlgorithm: found.defaultSignatureAlgorithm ?? "",
    displayName: found.displayName ?? "",
    displayNameHtml: found.displayNameHtml ?? "",
    enabled: found.enabled ?? false,
    internalId: found.id ?? "",
    internationalization: found.internationalizationEnabled
      ? { supportedLocales: found.supportedLocales ?? [], defaultLocale: found.defaultLocale ?? "" }
      : null,
    oauth2DevicePollingInterval: found.oauth2DevicePollingInterval ?? 0,
    otpPolicy: {
      algorithm: found.otpPolicyAlgorithm ?? "",
      codeReusable: found.otpPolicyCodeReusable ?? false,
      digits: found.otpPolicyDigits ?? 0,
      initialCounter: found.otpPolicyInitialCounter ?? 0,
      lookAheadWindow: found.otpPolicyLookAheadWindow ?? 0,
      period: found.otpPolicyPeriod ?? 0,
      type: found.otpPolicyType ?? "",
    },
    passwordPolicy: found.passwordPolicy ?? "",
    realm: found.realm ?? "",
    refreshTokenMaxReuse: found.refreshTokenMaxReuse ?? 0,
    revokeRefreshToken: found.revokeRefreshToken ?? false,
    securityDefenses: securityDefenses.fromServer(found, state.securityDefenses),
    smtpServer: smtpServer.fromServer(found.smtpServer, state.smtpServer),
    sslRequired: found.sslRequired ?? "",
    userManagedAccess: found.userManagedAccessAllowed ?? false,
    webAuthnPasswordlessPolicy: webAuthnPolicy.fromServer("webAuthnPolicyPasswordless", { ...found }, true),
    webAuthnPolicy: webAuthnPolicy.fromServer("webAuthnPolicy", { ...found }, false),
  };
}

function pick<Name extends string, Value>(names: readonly Name[], valueOf: (name: Name) => Value): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Name, Value>;
}

/** Without empty values: the official provider does not send these, so that they cannot be set back to nothing. */
function truthy<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Boolean(value))) as Partial<Values>;
}
