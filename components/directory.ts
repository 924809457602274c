import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { Directory as Settings } from "../access/directorySchema.ts";
import { bindPasswordName } from "../access/identity.ts";
import { ownership } from "../access/inventory.ts";
import type { SourceGroup } from "./group.ts";
import { type Ids, idsOf } from "./ids.ts";
import { seconds } from "./realmArgs.ts";
import type { Secrets } from "./secrets.ts";

export interface DirectoryArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
  /** What the file says. */
  settings: Settings;
  /** Name of the group that every user is in. */
  userGroup: string;
  /** Groups that people of groups there get into. */
  groups: readonly SourceGroup[];
  /** Identifiers of the platform's groups, which have to be there first: mappers name them by path. */
  ready: Ids;
  /** Secrets of the stack's configuration. */
  secrets: Secrets;
}

/** An LDAP server or Active Directory whose people log in with their passwords there, called like the component. */
export class Directory extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:Directory";

  /** Known when people can be looked up. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: DirectoryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { realmId, settings, userGroup, groups, ready } = args;
    super(Directory.__pulumiType, name, { name, vendor: settings.vendor }, opts);
    const federation = this.createFederation(name, args);
    const common = { realmId, ldapUserFederationId: federation.id };
    const mappers = Object.entries(mappedAttributes(settings)).map(
      ([userModelAttribute, ldapAttribute]) =>
        new keycloak.ldap.UserAttributeMapper(
          `${name}-${userModelAttribute}`,
          {
            ...common,
            name: userModelAttribute,
            userModelAttribute,
            ldapAttribute,
            readOnly: true,
            isMandatoryInLdap: userModelAttribute === "username",
            alwaysReadValueFromLdap: userModelAttribute !== "username",
          },
          { parent: this },
        ),
    );
    const users = new keycloak.ldap.HardcodedGroupMapper(
      `${name}-users`,
      // Its name is also the mark that the directory is ours: a federation has no attributes.
      {
        ...common,
        name: ownership.mapper(pulumi.getStack()),
        group: pulumi.output(idsOf([userGroup], ready)).apply(() => `/${userGroup}`),
      },
      { parent: this },
    );
    if (settings.vendor === "ad") {
      new keycloak.ldap.MsadUserAccountControlMapper(
        `${name}-account-control`,
        { ...common, name: "account control" },
        { parent: this },
      );
    }
    for (const group of groups) this.mapGroup(name, common, settings, group);
    this.ready = [federation, ...mappers, users];
    this.registerOutputs({ name });
  }

  private createFederation(name: string, { realmId, settings, secrets }: DirectoryArgs): keycloak.ldap.UserFederation {
    const { vendor, url, startTls, bindDn, usersDn, userFilter, searchScope, sync, attributes } = settings;
    const isAd = vendor === "ad";
    return new keycloak.ldap.UserFederation(
      `${name}-federation`,
      {
        realmId,
        name,
        enabled: true,
        vendor: isAd ? "AD" : "OTHER",
        connectionUrl: url,
        startTls,
        bindDn,
        bindCredential: secrets.require(bindPasswordName(settings)),
        usersDn,
        userObjectClasses:
          settings.userObjectClasses ??
          (isAd ? ["person", "organizationalPerson", "user"] : ["inetOrgPerson", "organizationalPerson"]),
        usernameLdapAttribute: attributes.username ?? (isAd ? "sAMAccountName" : "uid"),
        rdnLdapAttribute: attributes.rdn ?? (isAd ? "cn" : "uid"),
        uuidLdapAttribute: attributes.uuid ?? (isAd ? "objectGUID" : "entryUUID"),
        // Kubernetes and Istio know people by address: whoever has none is nobody here.
        customUserSearchFilter: `(&(${attributes.email}=*)${userFilter ?? ""})`,
        searchScope: searchScope === "one" ? "ONE_LEVEL" : "SUBTREE",
        editMode: "READ_ONLY",
        importEnabled: true,
        syncRegistrations: false,
        trustEmail: settings.trustEmail,
        // Otherwise whoever has left a group there keeps its roles here for as long as Keycloak remembers.
        cache: { policy: "NO_CACHE" },
        fullSyncPeriod: sync === undefined ? -1 : seconds(sync),
        connectionTimeout: "5s",
        readTimeout: "10s",
        // Keycloak's own mappers would write what ours read.
        deleteDefaultMappers: true,
      },
      { parent: this },
    );
  }

  private mapGroup(
    name: string,
    common: { realmId: pulumi.Input<string>; ldapUserFederationId: pulumi.Output<string> },
    { vendor, groups, attributes }: Settings,
    { group, parentPath, source }: SourceGroup,
  ): void {
    if (!groups) return;
    new keycloak.ldap.GroupMapper(
      `${name}-group-${group}/${source.name}`,
      {
        ...common,
        name: `${group}: ${source.name}`,
        ldapGroupsDn: groups.dn,
        groupNameLdapAttribute: groups.nameAttribute,
        groupObjectClasses: groups.objectClasses ?? [vendor === "ad" ? "group" : "groupOfNames"],
        membershipLdapAttribute: groups.memberAttribute,
        membershipAttributeType: groups.memberType,
        membershipUserLdapAttribute: attributes.username ?? (vendor === "ad" ? "sAMAccountName" : "uid"),
        // Only this one: other groups there mean nothing here.
        groupsLdapFilter: `(${groups.nameAttribute}=${source.name})`,
        groupsPath: parentPath,
        preserveGroupInheritance: false,
        // Read at each login and not kept: who leaves the group there has left it here.
        mode: "READ_ONLY",
        userRolesRetrieveStrategy: "LOAD_GROUPS_BY_MEMBER_ATTRIBUTE",
        dropNonExistingGroupsDuringSync: false,
      },
      { parent: this },
    );
  }
}

function mappedAttributes({ vendor, attributes }: Settings): Record<string, string> {
  const { username, email, firstName, lastName } = attributes;
  return { username: username ?? (vendor === "ad" ? "sAMAccountName" : "uid"), email, firstName, lastName };
}
