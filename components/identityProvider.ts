import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { afterLoginFlow, clientSecretName, firstLoginFlow } from "../access/identity.ts";
import type { IdentityProvider as Settings } from "../access/identityProviderSchema.ts";
import type { Plan } from "../access/resolve.ts";
import { LoginFlow } from "./loginFlow.ts";
import { ownershipAttributes } from "./ownership.ts";
import type { Secrets } from "./secrets.ts";
import type { SourceGroup } from "./group.ts";
import { type Ids, idsOf } from "./ids.ts";

export interface IdentityProviderArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
  /** What the file says. */
  settings: Settings;
  /** The whole plan: applications that not everybody may log in to are looked after here too. */
  plan: Plan;
  /** Path of the group that every user is in. */
  userGroup: string;
  /** Groups that people of this provider get into by what it says of them. */
  groups: readonly SourceGroup[];
  /** Identifiers of the platform's groups, which have to be there first: mappers name them by path. */
  ready: Ids;
  /** Secrets of the stack's configuration. */
  secrets: Secrets;
  /** The last step of the login flows so far. */
  after: pulumi.Resource | undefined;
}

/** Group mappings are looked at in each login: who has left a group there leaves it here. */
const always = { syncMode: "FORCE" };

/** Another system whose people log in through it, called like the component. */
export class IdentityProvider extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:IdentityProvider";

  /** The last step of its login flows. */
  readonly lastStep: pulumi.Resource;

  constructor(name: string, args: IdentityProviderArgs, opts?: pulumi.ComponentResourceOptions) {
    const { realmId, settings, userGroup, groups, ready } = args;
    super(IdentityProvider.__pulumiType, name, { alias: name, type: settings.type }, opts);
    const first = new LoginFlow(
      `${name}-first-login`,
      { realmId, flow: firstLoginFlow(settings), after: args.after },
      { parent: this },
    );
    const afterFlow = afterLoginFlow(settings, args.plan);
    const after =
      afterFlow &&
      new LoginFlow(`${name}-after-login`, { realmId, flow: afterFlow, after: first.last }, { parent: this });
    this.lastStep = after?.last ?? first.last;
    const provider = this.createProvider(args, first.alias, after?.alias);
    const common = { realm: realmId, identityProviderAlias: provider.alias };
    new keycloak.HardcodedGroupIdentityProviderMapper(
      `${name}-users`,
      {
        ...common,
        name: "platform users",
        group: pulumi.output(idsOf([userGroup], ready)).apply(() => `/${userGroup}`),
        extraConfig: always,
      },
      { parent: this },
    );
    for (const { group, path, source } of groups) {
      new keycloak.CustomIdentityProviderMapping(
        `${name}-group-${group}/${source.name}`,
        {
          ...common,
          name: `${group}: ${source.name}`,
          identityProviderMapper: `${settings.type}-advanced-group-idp-mapper`,
          extraConfig: { ...always, group: path, ...condition(settings.type, source.from) },
        },
        { parent: this },
      );
    }
    if (settings.type !== "oauth2") this.importAttributes(name, settings, common);
    this.registerOutputs({ alias: name });
  }

  private createProvider(
    { realmId, settings, secrets }: IdentityProviderArgs,
    firstBrokerLoginFlowAlias: pulumi.Output<string>,
    postBrokerLoginFlowAlias: pulumi.Output<string> | undefined,
  ): keycloak.oidc.IdentityProvider | keycloak.saml.IdentityProvider {
    const { name, displayName, enabled, trustEmail } = settings;
    const common = {
      realm: realmId,
      alias: name,
      ...(displayName !== undefined && { displayName }),
      enabled,
      trustEmail,
      firstBrokerLoginFlowAlias,
      ...(postBrokerLoginFlowAlias && { postBrokerLoginFlowAlias }),
      // Addresses are what Kubernetes and Istio know people by: they stay as they were at the first login.
      syncMode: "IMPORT",
      storeToken: false,
    };
    const opts = { parent: this };
    if (settings.type === "saml") {
      const { entityId, providerEntityId, singleSignOnUrl, singleLogoutUrl, signingCertificate, nameIdFormat } =
        settings;
      return new keycloak.saml.IdentityProvider(
        `${name}-provider`,
        {
          ...common,
          entityId,
          singleSignOnServiceUrl: singleSignOnUrl,
          ...(singleLogoutUrl !== undefined && { singleLogoutServiceUrl: singleLogoutUrl }),
          signingCertificate: signingCertificate.replaceAll(/\s/g, ""),
          nameIdPolicyFormat: nameIdFormat,
          validateSignature: true,
          wantAssertionsSigned: true,
          postBindingResponse: true,
          postBindingAuthnRequest: true,
          extraConfig: { ...ownershipAttributes(), idpEntityId: providerEntityId },
        },
        opts,
      );
    }
    const { clientId, authorizationUrl, tokenUrl, userInfoUrl, logoutUrl, scopes } = settings;
    return new keycloak.oidc.IdentityProvider(
      `${name}-provider`,
      {
        ...common,
        providerId: settings.type,
        clientId,
        clientSecret: secrets.require(clientSecretName(settings)),
        authorizationUrl,
        tokenUrl,
        ...(userInfoUrl !== undefined && { userInfoUrl }),
        ...(logoutUrl !== undefined && { logoutUrl }),
        defaultScopes: scopes,
        ...(settings.type === "oidc"
          ? { issuer: settings.issuer, jwksUrl: settings.jwksUrl, validateSignature: true }
          : { validateSignature: false }),
        extraConfig: {
          ...ownershipAttributes(),
          ...(settings.type === "oauth2" && fields(settings)),
        },
      },
      opts,
    );
  }

  private importAttributes(
    name: string,
    { type, attributes }: Exclude<Settings, { type: "oauth2" }>,
    common: { realm: pulumi.Input<string>; identityProviderAlias: pulumi.Output<string> },
  ): void {
    for (const [userAttribute, claim] of Object.entries(attributes)) {
      new keycloak.AttributeImporterIdentityProviderMapper(
        `${name}-${userAttribute}`,
        {
          ...common,
          name: userAttribute,
          userAttribute,
          ...(type === "saml" ? { attributeName: claim } : { claimName: claim }),
          extraConfig: { syncMode: "INHERIT" },
        },
        { parent: this },
      );
    }
  }
}

function fields({ attributes }: Extract<Settings, { type: "oauth2" }>): Record<string, string> {
  const { id, username, email, firstName, lastName } = attributes;
  return {
    userIDClaim: id,
    userNameClaim: username,
    emailClaim: email,
    givenNameClaim: firstName,
    familyNameClaim: lastName,
  };
}

function condition(type: Settings["type"], from: SourceGroup["source"]["from"]): Record<string, string> {
  if (!("claim" in from)) return {};
  const wanted = JSON.stringify([{ key: from.claim, value: from.value }]);
  return type === "saml"
    ? { attributes: wanted, "are.attribute.values.regex": "false" }
    : { claims: wanted, "are.claim.values.regex": "false" };
}
