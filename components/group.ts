import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { PlannedGroup, PlannedSource } from "../access/resolve.ts";
import { type Ids, idsOf } from "./ids.ts";
import { type Imports, ownershipAttributes, takenOver } from "./ownership.ts";

/** A group inside a group, for people who come from a directory or an identity provider. */
export interface SourceGroup {
  /** Name of the group that it is in. */
  readonly group: string;
  readonly source: PlannedSource;
  /** Its path, known when it is there. */
  readonly path: pulumi.Output<string>;
  /** The path of the group that it is in, known when both are there. */
  readonly parentPath: pulumi.Output<string>;
}

export interface GroupArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
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
  /** Groups inside it for people from elsewhere; they have its roles as their own. */
  readonly sources: readonly SourceGroup[];
  /** One of the last of its resources that the engine comes to. */
  readonly last: pulumi.Resource;

  constructor(name: string, args: GroupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { realmId, group, roleIds, imports } = args;
    super(Group.__pulumiType, name, { group: group.name }, opts);
    const created = new keycloak.Group(
      `${name}-group`,
      {
        realmId,
        name: group.name,
        ...(group.description === undefined ? {} : { description: group.description }),
        attributes: ownershipAttributes(),
      },
      { parent: this, ...takenOver(imports, "group", group.name) },
    );
    this.last = created;
    if (group.roles.length > 0) {
      this.last = new keycloak.GroupRoles(
        `${name}-roles`,
        {
          realmId,
          groupId: created.id,
          roleIds: idsOf(group.roles, roleIds),
          // Roles that others gave the group are theirs to take away.
          exhaustive: false,
        },
        { parent: this },
      );
    }
    this.groupId = created.id;
    this.sources = group.sources.map((source) => {
      const inner = new keycloak.Group(
        `${name}/${source.name}`,
        { realmId, parentId: created.id, name: source.name, attributes: ownershipAttributes() },
        { parent: this },
      );
      const path = `/${group.name}/${source.name}`;
      return {
        group: group.name,
        source,
        path: inner.id.apply(() => path),
        parentPath: inner.id.apply(() => `/${group.name}`),
      };
    });
    this.registerOutputs({ group: group.name });
  }
}
