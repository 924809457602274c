import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { PlannedUser } from "../access/resolve.ts";
import { type Ids, idsOf } from "./ids.ts";
import { ownershipAttributes } from "./ownership.ts";
import { Workspace, type WorkspaceArgs } from "./workspace.ts";

export interface UserArgs {
  /** What holds for the whole environment, handed on to the personal workspace. */
  platform: WorkspaceArgs["platform"];
  /** The user as resolved: account, groups and realm roles. */
  user: PlannedUser;
  /** Identifiers of the groups, by name, the platform's included. */
  groupIds: Ids;
  /** Identifiers of the shared workspaces' realm roles, by name. */
  roleIds: Ids;
  /** Password for the first login, where Keycloak asks for another. It counts only when the account is created. */
  temporaryPassword: pulumi.Input<string>;
}

/** One person: the account in Keycloak, its groups and realm roles, and where wanted a personal workspace. */
export class User extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:User";

  /** Identifier of the account in Keycloak. */
  readonly userId: pulumi.Output<string>;
  /** Password that the account was created with; it stops working at the first login. Secret. */
  readonly temporaryPassword: pulumi.Output<string | undefined>;

  constructor(name: string, args: UserArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, user, groupIds, roleIds } = args;
    super(User.__pulumiType, name, { username: user.username, groups: user.groups, roles: user.roles }, opts);

    const account = this.createAccount(name, args);
    const personal = user.personalWorkspace
      ? new Workspace(user.personalWorkspace.name, { platform, workspace: user.personalWorkspace }, { parent: this })
      : undefined;
    if (user.groups.length > 0) {
      new keycloak.UserGroups(
        `${name}-groups`,
        {
          realmId: platform.realm,
          userId: account.id,
          groupIds: idsOf(user.groups, groupIds),
          // Memberships that others gave are theirs to take away; the realm's default groups stay.
          exhaustive: false,
        },
        { parent: this },
      );
    }
    if (user.roles.length > 0) {
      new keycloak.UserRoles(
        `${name}-roles`,
        {
          realmId: platform.realm,
          userId: account.id,
          roleIds: idsOf(user.roles, roleIds, personal?.roleIds ?? new Map()),
          // The exhaustive form strips the realm's default roles.
          exhaustive: false,
        },
        { parent: this },
      );
    }
    this.userId = account.id;
    this.temporaryPassword = pulumi.secret(account.initialPassword.apply((password) => password?.value));
    this.registerOutputs({ username: user.username });
  }

  private createAccount(name: string, { platform, user, temporaryPassword }: UserArgs): keycloak.User {
    return new keycloak.User(
      `${name}-account`,
      {
        realmId: platform.realm,
        username: user.username,
        email: user.email,
        emailVerified: user.emailVerified,
        enabled: user.enabled,
        ...(user.firstName === undefined ? {} : { firstName: user.firstName }),
        ...(user.lastName === undefined ? {} : { lastName: user.lastName }),
        // Keycloak adds UPDATE_PASSWORD to a temporary password; unsaid, that would be a difference for ever.
        requiredActions: [...new Set([...user.requiredActions, "UPDATE_PASSWORD"])].toSorted(),
        attributes: ownershipAttributes(),
        initialPassword: { value: pulumi.secret(temporaryPassword), temporary: true },
      },
      {
        parent: this,
        // Two accounts cannot have one e-mail address at the same time.
        deleteBeforeReplace: true,
        ignoreChanges: [
          // What the user has done is done.
          "requiredActions",
          ...(user.emailVerified ? [] : ["emailVerified"]),
          // The user and federation write attributes too, and every update writes all of them.
          "attributes",
          // A new one is drawn in every run; only the one at creation counts.
          "initialPassword",
        ],
      },
    );
  }
}
