import type { oidc } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { exactlyOneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import { identityProvider, shared, type Shared } from "./instance.ts";

type State = Unwrap<oidc.IdentityProviderArgs> & Shared;

const schema = {
  ...shared,
  acceptsPromptNoneForwardFromClient: { type: "boolean", default: false },
  authorizationUrl: { type: "string", required: true },
  backchannelSupported: { type: "boolean", default: true },
  clientId: { type: "string", required: true },
  clientSecret: { type: "string", secret: true },
  clientSecretWo: { type: "string", unsupported: true },
  clientSecretWoVersion: { type: "string", unsupported: true },
  defaultScopes: { type: "string", default: "openid" },
  disableTypeClaimCheck: { type: "boolean", default: false },
  disableUserInfo: { type: "boolean", default: false },
  displayName: { type: "string", computed: true },
  hideOnLoginPage: { type: "boolean", default: false },
  issuer: { type: "string" },
  jwksUrl: { type: "string" },
  loginHint: { type: "string" },
  logoutUrl: { type: "string" },
  providerId: { type: "string", default: "oidc" },
  tokenUrl: { type: "string", required: true },
  uiLocales: { type: "boolean", default: false },
  userInfoUrl: { type: "string" },
  validateSignature: { type: "boolean", default: false },
} satisfies Record<keyof oidc.IdentityProviderArgs, Property>;

/** An OpenID Connect provider that users can log in with. Its default scopes are not read back, like its secret. */
export const oidcIdentityProvider = identityProvider<State>({
  schema,
  rules: [exactlyOneOf("clientSecret", "clientSecretWo")],

  toConfig: (plan) => ({
    acceptsPromptNoneForwardFromClient: String(plan.acceptsPromptNoneForwardFromClient ?? false),
    authorizationUrl: plan.authorizationUrl,
    backchannelSupported: String(plan.backchannelSupported ?? false),
    clientId: plan.clientId,
    clientSecret: plan.clientSecret ?? "",
    defaultScope: plan.defaultScopes ?? "",
    disableTypeClaimCheck: String(plan.disableTypeClaimCheck ?? false),
    disableUserInfo: String(plan.disableUserInfo ?? false),
    issuer: plan.issuer ?? "",
    jwksUrl: plan.jwksUrl ?? "",
    loginHint: plan.loginHint ?? "",
    logoutUrl: plan.logoutUrl ?? "",
    tokenUrl: plan.tokenUrl,
    uiLocales: String(plan.uiLocales ?? false),
    useJwksUrl: String(Boolean(plan.jwksUrl)),
    userInfoUrl: plan.userInfoUrl ?? "",
    validateSignature: String(plan.validateSignature ?? false),
  }),

  fromConfig: (config) => ({
    authorizationUrl: config["authorizationUrl"] ?? "",
    backchannelSupported: config["backchannelSupported"] === "true",
    clientId: config["clientId"] ?? "",
    disableTypeClaimCheck: config["disableTypeClaimCheck"] === "true",
    disableUserInfo: config["disableUserInfo"] === "true",
    issuer: config["issuer"] ?? "",
    jwksUrl: config["jwksUrl"] ?? "",
    loginHint: config["loginHint"] ?? "",
    logoutUrl: config["logoutUrl"] ?? "",
    tokenUrl: config["tokenUrl"] ?? "",
    uiLocales: config["uiLocales"] === "true",
    userInfoUrl: config["userInfoUrl"] ?? "",
    validateSignature: config["validateSignature"] === "true",
  }),
});
