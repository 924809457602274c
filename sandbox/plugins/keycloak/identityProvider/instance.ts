/** What all kinds of identity providers have in common. */
import type IdentityProviderRepresentation from "@keycloak/keycloak-admin-client/lib/defs/identityProviderRepresentation.js";
import type { oidc, saml } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { type Resource, resource } from "../../bridged.ts";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";
import * as extraConfig from "../extraConfig.ts";
import { parseImportId } from "../importId.ts";

type SharedNames = keyof oidc.IdentityProviderArgs & keyof saml.IdentityProviderArgs & keyof typeof shared;

export type Shared = Pick<Unwrap<saml.IdentityProviderArgs>, SharedNames> & { internalId: string };

/** The settings of an identity provider on the server: all are texts. */
export type Config = Record<string, string>;

/** The inputs of every kind. */
export const shared = {
  addReadTokenRoleOnCreate: { type: "boolean", default: false, replaces: true },
  alias: { type: "string", required: true, replaces: true },
  authenticateByDefault: { type: "boolean", default: false },
  displayName: { type: "string", default: "" },
  enabled: { type: "boolean", default: true },
  extraConfig: { type: "map" },
  firstBrokerLoginFlowAlias: { type: "string", default: "first broker login" },
  guiOrder: { type: "string", default: "" },
  hideOnLoginPage: { type: "boolean" },
  linkOnly: { type: "boolean", default: false },
  orgDomain: { type: "string", unsupported: true },
  orgRedirectModeEmailMatches: { type: "boolean", unsupported: true },
  organizationId: { type: "string", unsupported: true },
  postBrokerLoginFlowAlias: { type: "string", default: "" },
  realm: { type: "string", required: true, replaces: true },
  storeToken: { type: "boolean", default: true },
  syncMode: { type: "string", default: "LEGACY", problem: oneOf("IMPORT", "FORCE", "LEGACY") },
  trustEmail: { type: "boolean", default: false },
} satisfies Record<string, Property>;

/** Switches of any kind of identity provider. The official provider sends them all, whatever the kind. */
const switches = [
  "acceptsPromptNoneForwardFromClient",
  "backchannelSupported",
  "disableTypeClaimCheck",
  "disableUserInfo",
  "forceAuthn",
  "githubJsonFormat",
  "kc.org.broker.redirect.mode.email-matches",
  "offlineAccess",
  "postBindingAuthnRequest",
  "postBindingLogout",
  "postBindingResponse",
  "uiLocales",
  "useJwksUrl",
  "userIp",
  "validateSignature",
  "wantAssertionsEncrypted",
  "wantAssertionsSigned",
  "wantAuthnRequestsSigned",
];

/** The other settings that some kind of identity provider has a property for. */
const texts = [
  "apiUrl",
  "authnContextClassRefs",
  "authnContextComparisonType",
  "authnContextDeclRefs",
  "authorizationUrl",
  "baseUrl",
  "bundleEndpoint",
  "clientId",
  "clientSecret",
  "defaultScope",
  "entityId",
  "fetchedFields",
  "guiOrder",
  "hostIp",
  "hostedDomain",
  "issuer",
  "jwksUrl",
  "kc.org.domain",
  "key",
  "loginHint",
  "logoutUrl",
  "nameIDPolicyFormat",
  "principalAttribute",
  "principalType",
  "signatureAlgorithm",
  "signingCertificate",
  "singleLogoutServiceUrl",
  "singleSignOnServiceUrl",
  "syncMode",
  "tokenUrl",
  "trustDomain",
  "userInfoUrl",
  "xmlSigKeyInfoKeyNameTransformer",
];

/** A kind of identity provider. */
interface Kind<State extends Shared> {
  schema: Resource<Keycloak, State>["schema"];
  rules?: Resource<Keycloak, State>["rules"];
  /** The settings of this kind. */
  toConfig: (plan: State, old: State | undefined) => Config;
  fromConfig: (config: Config) => Partial<State>;
}

/** An identity provider of some kind. Secrets are not read back, and neither is anything that `fromConfig` leaves out. */
export function identityProvider<State extends Shared & { providerId?: string }>(kind: Kind<State>) {
  const representation = (plan: State, old?: State): IdentityProviderRepresentation => ({
    ...(old && { internalId: old.internalId }),
    alias: plan.alias,
    displayName: plan.displayName ?? "",
    providerId: plan.providerId ?? "",
    enabled: plan.enabled ?? false,
    storeToken: plan.storeToken ?? false,
    addReadTokenRoleOnCreate: plan.addReadTokenRoleOnCreate ?? false,
    linkOnly: plan.linkOnly ?? false,
    ...(plan.hideOnLoginPage && { hideOnLogin: true }),
    trustEmail: plan.trustEmail ?? false,
    firstBrokerLoginFlowAlias: plan.firstBrokerLoginFlowAlias ?? "",
    postBrokerLoginFlowAlias: plan.postBrokerLoginFlowAlias ?? "",
    ...{ authenticateByDefault: plan.authenticateByDefault ?? false },
    config: {
      ...extraConfig.toServer(plan.extraConfig, old?.extraConfig),
      ...Object.fromEntries(switches.map((name) => [name, "false"])),
      guiOrder: plan.guiOrder ?? "",
      syncMode: plan.syncMode ?? "",
      ...kind.toConfig(plan, old),
    },
  });

  return resource<Keycloak, State>({
    schema: kind.schema,
    rules: [extraConfig.withoutKeys([...switches, ...texts]), ...(kind.rules ?? [])],
    outputs: ["internalId"],

    async create(keycloak, plan) {
      await keycloak.send((admin) => admin.identityProviders.create({ ...representation(plan), realm: plan.realm }));
      return plan.alias;
    },

    async read(keycloak, _, state) {
      const { realm, alias } = state;
      const found = await keycloak.find((admin) => admin.identityProviders.findOne({ realm, alias }));
      return found && { ...fromRepresentation(found, state), ...kind.fromConfig(found.config ?? {}) };
    },

    locate(_, importId) {
      const { realm, id } = parseImportId(importId);
      return { id, state: { realm, alias: id } as Partial<State> };
    },

    async update(keycloak, _, plan, old) {
      const { realm, alias } = plan;
      const wanted = representation(plan, old);
      const found = await keycloak.send((admin) => admin.identityProviders.findOne({ realm, alias }));
      const secret = (found?.config?.["clientSecret"] ?? "") as string;
      if (wanted.config && !wanted.config["clientSecret"] && secret) wanted.config["clientSecret"] = secret;
      await keycloak.send((admin) => admin.identityProviders.update({ realm, alias }, wanted));
    },

    async delete(keycloak, _, { realm, alias }) {
      await keycloak.send((admin) => admin.identityProviders.del({ realm, alias }));
    },
  });
}

function fromRepresentation(
  found: IdentityProviderRepresentation & { authenticateByDefault?: boolean },
  state: Shared,
) {
  const config = (found.config ?? {}) as Config;
  return {
    internalId: found.internalId ?? "",
    alias: found.alias ?? "",
    displayName: found.displayName ?? "",
    enabled: found.enabled ?? false,
    storeToken: found.storeToken ?? false,
    addReadTokenRoleOnCreate: found.addReadTokenRoleOnCreate ?? false,
    authenticateByDefault: found.authenticateByDefault ?? false,
    linkOnly: found.linkOnly ?? false,
    hideOnLoginPage: found.hideOnLogin ?? false,
    trustEmail: found.trustEmail ?? false,
    firstBrokerLoginFlowAlias: found.firstBrokerLoginFlowAlias ?? "",
    postBrokerLoginFlowAlias: found.postBrokerLoginFlowAlias ?? "",
    guiOrder: config["guiOrder"] ?? "",
    syncMode: config["syncMode"] ?? "",
    extraConfig: extraConfig.fromServer(state.extraConfig, config),
  };
}
