import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { Platform } from "../access/schema.ts";
import type { Ids } from "./ids.ts";
import { ownershipAttributes } from "./ownership.ts";

export interface RealmArgs {
  /** The names of the platform's two groups, and whether this stack creates them. */
  platformGroups: Platform["platformGroups"];
  /** The address that owns every Profile. */
  owner: string;
  /** Whether a disabled account is to hold that address. */
  holdsOwner: boolean;
}

/**
 * The platform's realm in Keycloak, called like the component. It exists before this program and outlives it; of it
 * the two groups of seed 001 are created where the platform does not bring them, and an account that blocks the login of
 * the Profiles' owner.
 */
export class Realm extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:Realm";

  /** Identifiers of the platform's two groups, by name. */
  readonly groupIds: Ids;

  constructor(name: string, args: RealmArgs, opts?: pulumi.ComponentResourceOptions) {
    const { owner, holdsOwner } = args;
    const { user, admin, create } = args.platformGroups;
    super(Realm.__pulumiType, name, { realm: name, userGroup: user, adminGroup: admin, owner }, opts);
    if (holdsOwner) this.holdOwner(name, owner);
    const groupId = (group: string) =>
      create
        ? new keycloak.Group(
            `${name}-group-${group}`,
            { realmId: name, name: group, attributes: ownershipAttributes() },
            { parent: this },
          ).id
        : // By path: a search by name finds a group of that name inside another one as well.
          keycloak.getGroupOutput({ realmId: name, groupPath: `/${group}` }, { parent: this }).id;
    this.groupIds = new Map([user, admin].map((group) => [group, groupId(group)]));
    this.registerOutputs({ realm: name });
  }

  /** Nobody may log in as the owner of every Profile, nor come by the address by signing up or by federation. */
  private holdOwner(name: string, owner: string): void {
    new keycloak.User(
      `${name}-owner`,
      { realmId: name, username: owner, email: owner, enabled: false, attributes: ownershipAttributes() },
      { parent: this, deleteBeforeReplace: true },
    );
  }
}
