import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { PlannedRole } from "../access/resolve.ts";
import type { Platform } from "../access/schema.ts";
import { type Ids, idsOf } from "./ids.ts";
import { ownershipAttributes } from "./ownership.ts";

export interface PlatformClientsArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
  /** The DNS name of the platform. */
  domain: string;
  /** Which clients there are. */
  clients: Platform["clients"];
  /** Realm roles that Dex hears of. */
  realmRoles: readonly PlannedRole[];
  /** Their identifiers, by name. */
  roleIds: Ids;
}

const everywhere = { addToIdToken: true, addToAccessToken: true, addToUserinfo: true };

/** Keycloak clients of the platform itself: the one that Dex logs people in with, and one for kubectl and S3. */
export class PlatformClients extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:PlatformClients";

  /** Secret of Dex's client; absent without that client. Secret. */
  readonly dexSecret: pulumi.Output<string> | undefined;

  constructor(name: string, args: PlatformClientsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { dex, direct } = args.clients;
    super(PlatformClients.__pulumiType, name, { dex: dex?.clientId, direct: direct?.clientId }, opts);
    this.dexSecret = dex && this.createDex(name, args, dex);
    if (direct) this.createDirect(name, args, direct);
    this.registerOutputs();
  }

  /** Headers are short (seed 004: `kubeflow-user,monitor-viewer`), so Dex hears of free realm roles only. */
  private createDex(
    name: string,
    { realmId, domain, realmRoles, roleIds }: PlatformClientsArgs,
    { clientId, redirectUris, keyVersion }: NonNullable<Platform["clients"]["dex"]>,
  ): pulumi.Output<string> {
    const client = new keycloak.openid.Client(
      `${name}-dex`,
      {
        realmId,
        clientId,
        name: "Dex",
        description: "Logs people in for the gateway",
        enabled: true,
        accessType: "CONFIDENTIAL",
        standardFlowEnabled: true,
        directAccessGrantsEnabled: false,
        fullScopeAllowed: false,
        validRedirectUris: redirectUris ?? [`https://${domain}/dex/callback`],
        clientSecretRegenerateWhenChanged: { keyVersion: String(keyVersion) },
        extraConfig: ownershipAttributes(),
      },
      { parent: this, additionalSecretOutputs: ["clientSecret"] },
    );
    for (const { name: role } of realmRoles) {
      const [roleId] = idsOf([role], roleIds);
      if (!roleId) continue;
      new keycloak.GenericRoleMapper(
        `${name}-dex-role-${role}`,
        { realmId, clientId: client.id, roleId },
        { parent: this },
      );
    }
    new keycloak.openid.UserRealmRoleProtocolMapper(
      `${name}-dex-groups`,
      { realmId, clientId: client.id, name: "groups", claimName: "groups", multivalued: true, ...everywhere },
      { parent: this },
    );
    return pulumi.secret(client.clientSecret);
  }

  private createDirect(
    name: string,
    { realmId }: PlatformClientsArgs,
    { clientId, redirectUris, rolesClaim }: NonNullable<Platform["clients"]["direct"]>,
  ): void {
    const client = new keycloak.openid.Client(
      `${name}-direct`,
      {
        realmId,
        clientId,
        name: "kubectl and S3",
        description: "Tokens for the API server and MinIO",
        enabled: true,
        accessType: "PUBLIC",
        standardFlowEnabled: true,
        directAccessGrantsEnabled: false,
        fullScopeAllowed: true,
        pkceCodeChallengeMethod: "S256",
        validRedirectUris: redirectUris,
        extraConfig: ownershipAttributes(),
      },
      { parent: this },
    );
    const common = { realmId, clientId: client.id };
    new keycloak.openid.UserRealmRoleProtocolMapper(
      `${name}-direct-roles`,
      { ...common, name: "realm roles", claimName: rolesClaim, multivalued: true, ...everywhere },
      { parent: this },
    );
    new keycloak.openid.GroupMembershipProtocolMapper(
      `${name}-direct-groups`,
      { ...common, name: "groups", claimName: "groups", fullPath: true, ...everywhere },
      { parent: this },
    );
    new keycloak.openid.AudienceProtocolMapper(
      `${name}-direct-audience`,
      {
        ...common,
        name: "audience",
        includedCustomAudience: clientId,
        addToIdToken: false,
        addToAccessToken: true,
      },
      { parent: this },
    );
  }
}
