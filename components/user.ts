import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { PlannedUser } from "../access/resolve.ts";
import { type Ids, idsOf } from "./ids.ts";
import { type Account, ownership } from "../access/inventory.ts";
import { type Imports, ownershipAttributes } from "./ownership.ts";
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
  /** The names of users' resources, by username. */
  keys: ReadonlyMap<string, string>;
  /** An account of somebody else's that is taken over. */
  account: Account | undefined;
  /** Objects that exist already and may be taken over. */
  imports: Imports;
  /** What sees to it that the account has its username, after each change of the account. */
  renamed: pulumi.ResourceHook;
  /** What finishes a change of the personal Profile's owner. */
  ownerChanged: pulumi.ResourceHook;
}

/** One person: the account in Keycloak, its groups and realm roles, and where wanted a personal workspace. */
export class User extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:User";

  /** Identifier of the account in Keycloak. */
  readonly userId: pulumi.Output<string>;
  /** Password that the account was created with; it stops working at the first login. Secret. */
  readonly temporaryPassword: pulumi.Output<string | undefined>;

  constructor(name: string, args: UserArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, user, groupIds, roleIds, keys, imports, ownerChanged } = args;
    const facts = { username: user.username, groups: user.groups, roles: user.roles };
    super(User.__pulumiType, name, facts, opts);

    const personal = user.personalWorkspace
      ? new Workspace(
          user.personalWorkspace.name,
          { platform, workspace: user.personalWorkspace, keys, imports, ownerChanged },
          { parent: this },
        )
      : undefined;
    const account = this.createAccount(name, args, personal);
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

  private createAccount(
    name: string,
    { platform, user, temporaryPassword, account, renamed }: UserArgs,
    personal: Workspace | undefined,
  ): keycloak.User {
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
        attributes: { ...attributesOf(account), ...ownershipAttributes(), [ownership.keyAttribute]: name },
        initialPassword: { value: pulumi.secret(temporaryPassword), temporary: true },
      },
      {
        parent: this,
        ...(account && { import: `${platform.realm}/${account.id}` }),
        // The operator makes the roles of a user's workspace unless they are there.
        dependsOn: personal && platform.provisioning === "operator" ? [personal] : [],
        hooks: { afterUpdate: [renamed] },
        // Two accounts cannot have one e-mail address at the same time.
        deleteBeforeReplace: true,
        ignoreChanges: [
          // The provider would make another account; a rename is done to this one (was:).
          "username",
          // What the user has done is done.
          "requiredActions",
          ...(user.emailVerified ? [] : ["emailVerified"]),
          // The user and federation write attributes too, and every update writes all of them.
          ...(account ? [] : ["attributes"]),
          // A new one is drawn in every run; only the one at creation counts.
          "initialPassword",
        ],
      },
    );
  }
}

/** Attributes as the provider writes them. */
function attributesOf(account: Account | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(account?.attributes ?? {}).map(([key, values]) => [key, values.join("##")]));
}
