import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { PlannedUser } from "../access/resolve.ts";
import { type Ids, idsOf } from "./ids.ts";
import { type Account, ownership } from "../access/inventory.ts";
import { type Imports, ownershipAttributes, takenOver } from "./ownership.ts";
import { Workspace, type WorkspaceArgs } from "./workspace.ts";

export interface UserArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
  /** The realm's name. */
  realm: string;
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
  /** Where a directory's account is found: its identifier, what has to be there first, or that there is none. */
  lookup: Lookup | undefined;
  /** Objects that exist already and may be taken over. */
  imports: Imports;
  /** What looks at the account before each change of it. */
  accountChanging: pulumi.ResourceHook;
  /** What puts right afterwards what the provider does not keep: username and links to identity providers. */
  accountChanged: pulumi.ResourceHook;
  /** What finishes a change of the personal Profile's owner. */
  ownerChanged: pulumi.ResourceHook;
}

/** How to find an account that a directory keeps. */
export type Lookup =
  | { readonly id: string }
  /** The directory is being set up; the account is looked for when it is. */
  | { readonly after: readonly pulumi.Resource[] }
  /** The directory has nobody of that name. */
  | "absent";

/** One person: the account in Keycloak, its groups and realm roles, and where wanted a personal workspace. */
export class User extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:User";

  /** Identifier of the account in Keycloak. */
  readonly userId: pulumi.Output<string | undefined>;
  /** Password that the account was created with; it stops working at the first login. Secret. */
  readonly temporaryPassword: pulumi.Output<string | undefined>;
  /** One of the last of its resources that the engine comes to; absent where it has none. */
  readonly last: pulumi.Resource | undefined;

  constructor(name: string, args: UserArgs, opts?: pulumi.ComponentResourceOptions) {
    const { realmId, platform, user, keys, imports, ownerChanged } = args;
    super(User.__pulumiType, name, { username: user.username }, opts);

    const personal = user.personalWorkspace
      ? new Workspace(
          user.personalWorkspace.name,
          { realmId, platform, workspace: user.personalWorkspace, keys, imports, ownerChanged },
          { parent: this },
        )
      : undefined;
    const created = user.directory === undefined ? this.createAccount(name, args, personal) : undefined;
    const id = created?.id ?? this.find(args);
    this.last = (id && this.give(name, args, id, personal)) ?? created ?? personal?.last;
    this.userId = pulumi.output(id);
    this.temporaryPassword = pulumi.secret(
      pulumi.output(created?.initialPassword).apply((password) => password?.value),
    );
    this.registerOutputs({ username: user.username });
  }

  /** The account that a directory keeps. */
  private find({ realmId, user, lookup }: UserArgs): pulumi.Output<string> | undefined {
    if (lookup === undefined || lookup === "absent") return undefined;
    if ("id" in lookup) return pulumi.output(lookup.id);
    const opts = { parent: this, dependsOn: [...lookup.after] };
    return keycloak.getUserOutput({ realmId, username: user.username }, opts).id;
  }

  private give(
    name: string,
    { realmId, user, groupIds, roleIds }: UserArgs,
    userId: pulumi.Output<string>,
    personal: Workspace | undefined,
  ): pulumi.Resource | undefined {
    // A directory that goes is closed first, and then its accounts refuse changes. The ledger has taken all away by then.
    const opts = { parent: this, retainOnDelete: user.directory !== undefined };
    let last: pulumi.Resource | undefined;
    if (user.groups.length > 0) {
      last = new keycloak.UserGroups(
        `${name}-groups`,
        {
          realmId,
          userId,
          groupIds: idsOf(user.groups, groupIds),
          // Memberships that others gave are theirs to take away; the realm's default groups stay.
          exhaustive: false,
        },
        opts,
      );
    }
    if (user.roles.length > 0) {
      last = new keycloak.UserRoles(
        `${name}-roles`,
        {
          realmId,
          userId,
          roleIds: idsOf(user.roles, roleIds, personal?.roleIds ?? new Map()),
          // The exhaustive form strips the realm's default roles.
          exhaustive: false,
        },
        opts,
      );
    }
    return last;
  }

  private createAccount(
    name: string,
    { realmId, realm, platform, user, temporaryPassword, account, imports, accountChanging, accountChanged }: UserArgs,
    personal: Workspace | undefined,
  ): keycloak.User {
    const hasPassword = user.identityProvider === undefined;
    return new keycloak.User(
      `${name}-account`,
      {
        realmId,
        username: user.username,
        email: user.email,
        emailVerified: user.emailVerified,
        enabled: user.enabled,
        ...(user.firstName === undefined ? {} : { firstName: user.firstName }),
        ...(user.lastName === undefined ? {} : { lastName: user.lastName }),
        // Keycloak adds UPDATE_PASSWORD to a temporary password; unsaid, that would be a difference for ever.
        requiredActions: [
          ...new Set([...user.requiredActions, ...(hasPassword ? ["UPDATE_PASSWORD"] : [])]),
        ].toSorted(),
        attributes: { ...attributesOf(account), ...ownershipAttributes(), [ownership.keyAttribute]: name },
        ...(hasPassword && { initialPassword: { value: pulumi.secret(temporaryPassword), temporary: true } }),
      },
      {
        parent: this,
        ...(account ? { import: `${realm}/${account.id}` } : takenOver(imports, "account", user.username)),
        // The operator makes the roles of a user's workspace unless they are there.
        dependsOn: personal && platform.provisioning === "operator" ? [personal] : [],
        hooks: { beforeUpdate: [accountChanging], afterUpdate: [accountChanged] },
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
          // Whom an identity provider knows the person as is the person's.
          "federatedIdentities",
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
