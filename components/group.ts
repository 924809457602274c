import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { PlannedGroup } from "../access/resolve.ts";
import { type Ids, idsOf } from "./ids.ts";
import { type Imports, ownershipAttributes, takenOver } from "./ownership.ts";

export interface GroupArgs {
  /** The realm's name. */
  realm: string;
  /** The group as resolved: its name and the realm roles its members get. */
  group: PlannedGroup;
  /** Identifiers of the realm roles, by name. */
  roleIds: Ids;
  /** Objects that exist already and may be taken over. */
  imports: Imports;
}

/** A group of users in Keycloak with the realm roles that its grants add up to. Its members are with the users. */
export class Group extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:Group";

  /** Identifier of the group in Keycloak. */
  readonly groupId: pulumi.Output<string>;

  constructor(name: string, args: GroupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { realm, group, roleIds, imports } = args;
    super(Group.__pulumiType, name, { group: group.name, roles: group.roles }, opts);
    const created = new keycloak.Group(
      `${name}-group`,
      {
        realmId: realm,
        name: group.name,
        ...(group.description === undefined ? {} : { description: group.description }),
        attributes: ownershipAttributes(),
      },
      { parent: this, ...takenOver(imports, "group", group.name) },
    );
    if (group.roles.length > 0) {
      new keycloak.GroupRoles(
        `${name}-roles`,
        {
          realmId: realm,
          groupId: created.id,
          roleIds: idsOf(group.roles, roleIds),
          // Roles that others gave the group are theirs to take away.
          exhaustive: false,
        },
        { parent: this },
      );
    }
    this.groupId = created.id;
    this.registerOutputs({ group: group.name });
  }
}
