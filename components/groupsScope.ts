import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { groupsScope } from "../access/names.ts";
import { ownershipAttributes } from "./ownership.ts";

export interface GroupsScopeArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
}

/** The client scope that applications ask for to be told a person's groups, with a leading slash (seed 004). */
export class GroupsScope extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:GroupsScope";

  constructor(name: string, { realmId }: GroupsScopeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(GroupsScope.__pulumiType, name, { scope: groupsScope }, opts);
    const scope = new keycloak.openid.ClientScope(
      `${name}-scope`,
      {
        realmId,
        name: groupsScope,
        description: "Groups of a person, with a leading slash",
        includeInTokenScope: true,
        extraConfig: ownershipAttributes(),
      },
      { parent: this },
    );
    new keycloak.openid.GroupMembershipProtocolMapper(
      `${name}-mapper`,
      {
        realmId,
        clientScopeId: scope.id,
        name: "groups",
        claimName: "groups",
        fullPath: true,
        addToIdToken: true,
        addToAccessToken: true,
        addToUserinfo: true,
      },
      { parent: this },
    );
    this.registerOutputs({ scope: groupsScope });
  }
}
