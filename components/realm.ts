import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { type FlowBindings, type LoginFlow as PlannedFlow } from "../access/identity.ts";
import {
  builtInAttributes,
  builtInFlows,
  type LiveRealm,
  type RealmFlows,
  profileRequiring,
  type UserProfile,
} from "../access/liveRealm.ts";
import type { PlannedRole } from "../access/resolve.ts";
import type { RealmSettings } from "../access/realmSchema.ts";
import type { Platform } from "../access/schema.ts";
import { type Ids, idsOf } from "./ids.ts";
import { LoginFlow } from "./loginFlow.ts";
import { type Imports, ownershipAttributes, takenOver } from "./ownership.ts";
import { ownRealmArgs, realmArgs, seconds, securityDefenses } from "./realmArgs.ts";
import type { Secrets } from "./secrets.ts";

export interface RealmArgs {
  /** Whether the realm's settings are this program's, some of them, or none. */
  management: Platform["realmManagement"];
  /** The settings that are kept; absent when none are. */
  settings: RealmSettings | undefined;
  /** The realm as it is; absent when there is none yet. */
  live: LiveRealm | undefined;
  /** Login flows of this program. */
  flows: readonly PlannedFlow[];
  /** Which flows the realm uses; absent where that is left alone. */
  bindings: FlowBindings | undefined;
  /** Login flows that this stack has made until now. */
  ownFlows: readonly string[];
  /** The names of the platform's two groups, and whether this stack creates them. */
  platformGroups: Platform["platformGroups"];
  /** Realm roles of those groups, by the group's name. */
  platformGroupRoles: Readonly<Record<string, readonly string[]>>;
  /** Realm roles that are no workspace's. */
  realmRoles: readonly PlannedRole[];
  /** The address that owns every Profile. */
  owner: string;
  /** Whether a disabled account is to hold that address. */
  holdsOwner: boolean;
  /** Objects that exist already and may be taken over. */
  imports: Imports;
  /** Secrets of the stack's configuration. */
  secrets: Secrets;
  /** What binds the login flows again after a change of the realm, which unbinds them. */
  flowsUnbound: pulumi.ResourceHook;
}

/** Settings that are left alone, whatever is managed: themes, what flows bind, and policies with no key of their own. */
const neverManaged = [
  "accountTheme",
  "adminTheme",
  "browserFlow",
  "clientAuthenticationFlow",
  "directGrantFlow",
  "displayNameHtml",
  "dockerAuthenticationFlow",
  "emailTheme",
  "firstBrokerLoginFlow",
  "internationalization",
  "loginTheme",
  "otpPolicy",
  "registrationFlow",
  "resetCredentialsFlow",
  "webAuthnPasswordlessPolicy",
  "webAuthnPolicy",
] as const satisfies readonly (keyof keycloak.RealmArgs)[];

/** Settings with a key in `realmSettings` or of ours: left alone where only what is written is managed. */
const managedWhenWritten = [
  "accessCodeLifespan",
  "accessCodeLifespanLogin",
  "accessCodeLifespanUserAction",
  "accessTokenLifespan",
  "accessTokenLifespanForImplicitFlow",
  "actionTokenGeneratedByAdminLifespan",
  "actionTokenGeneratedByUserLifespan",
  "adminPermissionsEnabled",
  "clientSessionIdleTimeout",
  "clientSessionMaxLifespan",
  "defaultDefaultClientScopes",
  "defaultOptionalClientScopes",
  "defaultSignatureAlgorithm",
  "displayName",
  "duplicateEmailsAllowed",
  "editUsernameAllowed",
  "enabled",
  "loginWithEmailAllowed",
  "oauth2DeviceCodeLifespan",
  "oauth2DevicePollingInterval",
  "offlineSessionIdleTimeout",
  "offlineSessionMaxLifespan",
  "offlineSessionMaxLifespanEnabled",
  "organizationsEnabled",
  "passwordPolicy",
  "refreshTokenMaxReuse",
  "registrationAllowed",
  "registrationEmailAsUsername",
  "rememberMe",
  "resetPasswordAllowed",
  "revokeRefreshToken",
  "smtpServer",
  "sslRequired",
  "ssoSessionIdleTimeout",
  "ssoSessionIdleTimeoutRememberMe",
  "ssoSessionMaxLifespan",
  "ssoSessionMaxLifespanRememberMe",
  "userManagedAccess",
  "verifyEmail",
] as const satisfies readonly (keyof keycloak.RealmArgs)[];

/**
 * The platform's realm in Keycloak, called like the component: its settings as far as they are managed, its login
 * flows, the platform's two groups, realm roles that are no workspace's, and an account that blocks the login of the
 * Profiles' owner. The realm outlives the stack.
 */
export class Realm extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:Realm";

  /** The realm's identifier, which is its name; of a new realm it is known when the realm is there. */
  readonly realmId: pulumi.Input<string>;
  /** Identifiers of the platform's two groups, by name. */
  readonly groupIds: Ids;
  /** Identifiers of the realm roles that are no workspace's, by name. */
  readonly roleIds: Ids;
  /** The last step of the login flows; absent without any. */
  readonly lastStep: pulumi.Resource | undefined;

  constructor(name: string, args: RealmArgs, opts?: pulumi.ComponentResourceOptions) {
    const { owner, holdsOwner } = args;
    const { user, admin } = args.platformGroups;
    const facts = { realm: name, management: args.management, userGroup: user, adminGroup: admin, owner };
    super(Realm.__pulumiType, name, facts, opts);
    const realm = args.settings && this.manage(name, args, args.settings);
    const described = args.settings ? this.describe(name, realm?.id ?? name, args, args.settings) : [];
    // What is put into a realm that is made just now waits for all of it: without its profile it forgets attributes.
    this.realmId =
      realm && !args.live ? pulumi.all([realm.id, ...described.map(({ id }) => id)]).apply(() => name) : name;
    this.lastStep = this.bindFlows(name, args, realm);
    if (holdsOwner) this.holdOwner(name, args);
    this.roleIds = this.createRoles(name, args);
    this.groupIds = this.findGroups(name, args);
    this.registerOutputs({ realm: name });
  }

  private manage(
    name: string,
    { management, live, secrets, flowsUnbound }: RealmArgs,
    settings: RealmSettings,
  ): keycloak.Realm {
    const written = realmArgs(settings, secrets);
    const own = management === "all" ? ownRealmArgs : {};
    const unwritten = managedWhenWritten.filter((key) => !(key in written));
    return new keycloak.Realm(
      `${name}-realm`,
      {
        realm: name,
        ...own,
        ...written,
        securityDefenses: securityDefenses(settings, live),
        // The provider hands Keycloak all attributes at every update, and Keycloak removes the others.
        attributes: {
          ...(live?.attributes ?? builtInAttributes),
          ...(management === "all" ? ownershipAttributes() : {}),
        },
      },
      {
        parent: this,
        ...(live && { import: name }),
        // Everybody's accounts are in it.
        retainOnDelete: true,
        hooks: { afterUpdate: [flowsUnbound] },
        ignoreChanges: [...neverManaged, ...(management === "settings" ? unwritten : [])],
      },
    );
  }

  /** What of the realm's settings the provider keeps in resources of their own. */
  private describe(
    name: string,
    realmId: pulumi.Input<string>,
    { live }: RealmArgs,
    { events, requiredAttributes }: RealmSettings,
  ): pulumi.CustomResource[] {
    const made: pulumi.CustomResource[] = [];
    if (events) {
      const kept = new keycloak.RealmEvents(
        `${name}-events`,
        {
          realmId,
          eventsEnabled: events.login,
          adminEventsEnabled: events.admin,
          adminEventsDetailsEnabled: events.admin,
          eventsExpiration: seconds(events.keep),
          eventsListeners: [...(live?.eventsListeners ?? ["jboss-logging"])],
          enabledEventTypes: [...(live?.enabledEventTypes ?? [])],
        },
        { parent: this, retainOnDelete: true },
      );
      made.push(kept);
    }
    if (requiredAttributes) {
      const profile = new keycloak.RealmUserProfile(
        `${name}-profile`,
        {
          realmId,
          // Otherwise Keycloak forgets the attributes that say who manages a user.
          unmanagedAttributePolicy: "ADMIN_EDIT",
          ...profileArgs(profileRequiring(requiredAttributes, live?.userProfile)),
        },
        { parent: this, retainOnDelete: true },
      );
      made.push(profile);
    }
    return made;
  }

  private bindFlows(
    name: string,
    { flows, bindings, ownFlows, live }: RealmArgs,
    realm: keycloak.Realm | undefined,
  ): pulumi.Resource | undefined {
    const own = new Map<string, pulumi.Output<string>>();
    let after: pulumi.Resource | undefined;
    for (const flow of flows) {
      const path = `${name}-${flow.alias.replace(/^prokube-access /, "").replaceAll(" ", "-")}`;
      const created = new LoginFlow(path, { realmId: this.realmId, flow, after }, { parent: this });
      own.set(flow.alias, created.alias);
      after = created.last;
    }
    const leftBound = Object.values({ ...live?.flows }).some((flow) => ownFlows.includes(flow));
    if (!bindings && !leftBound) return after;
    new keycloak.authentication.Bindings(
      `${name}-bindings`,
      {
        realmId: this.realmId,
        // What is not named would go back to Keycloak's own.
        ...keptFlows(live, ownFlows, flows),
        ...Object.fromEntries(
          Object.entries({ ...bindings }).map(([purpose, flow]) => [purpose, own.get(flow) ?? flow]),
        ),
      },
      // Both change the whole realm.
      // Without flows of ours it goes with the next update, and must not then take others' flows from the realm.
      { parent: this, dependsOn: realm ? [realm] : [], retainOnDelete: !bindings },
    );
    return after;
  }

  private createRoles(name: string, { realmRoles, imports }: RealmArgs): Ids {
    return new Map(
      realmRoles.map(({ name: role, description, existing }) => [
        role,
        existing
          ? keycloak.getRoleOutput({ realmId: this.realmId, name: role }, { parent: this }).id
          : new keycloak.Role(
              `${name}-role-${role}`,
              {
                realmId: this.realmId,
                name: role,
                ...(description === undefined ? {} : { description }),
                attributes: ownershipAttributes(),
              },
              { parent: this, ...takenOver(imports, "realm role", role) },
            ).id,
      ]),
    );
  }

  private findGroups(
    name: string,
    { platformGroups: { user, admin, create }, platformGroupRoles, imports }: RealmArgs,
  ): Ids {
    return new Map(
      [user, admin].map((group) => {
        const id = create
          ? new keycloak.Group(
              `${name}-group-${group}`,
              { realmId: this.realmId, name: group, attributes: ownershipAttributes() },
              { parent: this, ...takenOver(imports, "group", group) },
            ).id
          : // By path: a search by name finds a group of that name inside another one as well.
            keycloak.getGroupOutput({ realmId: this.realmId, groupPath: `/${group}` }, { parent: this }).id;
        const roles = platformGroupRoles[group] ?? [];
        if (roles.length > 0) {
          new keycloak.GroupRoles(
            `${name}-group-${group}-roles`,
            // Roles that others gave the group are theirs to take away.
            { realmId: this.realmId, groupId: id, roleIds: idsOf(roles, this.roleIds), exhaustive: false },
            { parent: this },
          );
        }
        return [group, id];
      }),
    );
  }

  /** Nobody may log in as the owner of every Profile, nor come by the address by signing up or by federation. */
  private holdOwner(name: string, { owner, imports }: RealmArgs): void {
    new keycloak.User(
      `${name}-owner`,
      { realmId: this.realmId, username: owner, email: owner, enabled: false, attributes: ownershipAttributes() },
      { parent: this, deleteBeforeReplace: true, ...takenOver(imports, "account", owner) },
    );
  }
}

/** A flow of this program that is needed no more goes, so nothing may be left bound to it. */
function keptFlows(
  live: LiveRealm | undefined,
  ownFlows: readonly string[],
  flows: readonly PlannedFlow[],
): RealmFlows {
  const made = flows.map(({ alias }) => alias);
  return Object.fromEntries(
    Object.entries({ ...builtInFlows, ...live?.flows }).map(([purpose, flow]) => [
      purpose,
      ownFlows.includes(flow) && !made.includes(flow) ? builtInFlows[purpose as keyof RealmFlows] : flow,
    ]),
  ) as unknown as RealmFlows;
}

function profileArgs({
  attributes,
  groups,
}: UserProfile): Pick<keycloak.RealmUserProfileArgs, "attributes" | "groups"> {
  return {
    attributes: attributes.map(({ name, displayName, group, multivalued, annotations, ...rest }) => ({
      name,
      ...(displayName !== undefined && { displayName }),
      ...(group !== undefined && { group }),
      ...(multivalued === true && { multiValued: true }),
      ...(annotations && { annotations: texts(annotations) }),
      ...(rest.selector?.scopes && { enabledWhenScopes: [...rest.selector.scopes] }),
      ...(rest.required?.roles && { requiredForRoles: [...rest.required.roles] }),
      ...(rest.required?.scopes && { requiredForScopes: [...rest.required.scopes] }),
      ...(rest.permissions && {
        permissions: { views: [...(rest.permissions.view ?? [])], edits: [...(rest.permissions.edit ?? [])] },
      }),
      ...(rest.validations && {
        validators: Object.entries(rest.validations).map(([validator, config]) => ({
          name: validator,
          ...(Object.keys(config).length > 0 && { config: texts(config) }),
        })),
      }),
    })),
    groups: groups.map(({ name, displayHeader, displayDescription, annotations }) => ({
      name,
      ...(displayHeader !== undefined && { displayHeader }),
      ...(displayDescription !== undefined && { displayDescription }),
      ...(annotations && { annotations: texts(annotations) }),
    })),
  };
}

/** The provider takes texts; whatever is none is told as JSON. */
function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
