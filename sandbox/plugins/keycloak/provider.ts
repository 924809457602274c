/** A stand-in for the Keycloak provider: the resource types and functions that the program uses. */
import type { ProviderArgs } from "@pulumi/keycloak";
import type { Provider } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { bindings } from "./authentication/bindings.ts";
import { execution } from "./authentication/execution.ts";
import { executionConfig } from "./authentication/executionConfig.ts";
import { flow } from "./authentication/flow.ts";
import { subflow } from "./authentication/subflow.ts";
import { connect, type Keycloak } from "./client.ts";
import { getGroup, getRealm, getRole, getUser } from "./functions.ts";
import { attributeImporterIdentityProviderMapper } from "./identityProvider/attributeImporterMapper.ts";
import { customIdentityProviderMapping } from "./identityProvider/customMapper.ts";
import { hardcodedGroupIdentityProviderMapper } from "./identityProvider/hardcodedGroupMapper.ts";
import { oidcIdentityProvider } from "./identityProvider/oidc.ts";
import { samlIdentityProvider } from "./identityProvider/saml.ts";
import { group } from "./group.ts";
import { groupMapper } from "./ldap/groupMapper.ts";
import { hardcodedGroupMapper } from "./ldap/hardcodedGroupMapper.ts";
import { msadUserAccountControlMapper } from "./ldap/msadUserAccountControlMapper.ts";
import { userAttributeMapper } from "./ldap/userAttributeMapper.ts";
import { userFederation } from "./ldap/userFederation.ts";
import { audienceProtocolMapper } from "./openid/audienceMapper.ts";
import { client } from "./openid/client.ts";
import { clientScope } from "./openid/clientScope.ts";
import { clientDefaultScopes, clientOptionalScopes } from "./openid/clientScopes.ts";
import { groupMembershipProtocolMapper } from "./openid/groupMembershipMapper.ts";
import { genericRoleMapper } from "./openid/roleScopeMapping.ts";
import { userRealmRoleProtocolMapper } from "./openid/userRealmRoleMapper.ts";
import { realmEvents } from "./realm/events.ts";
import { realm } from "./realm/realm.ts";
import { realmUserProfile } from "./realm/userProfile.ts";
import { role } from "./role.ts";
import { groupRoles, userRoles } from "./roleMappings.ts";
import { user } from "./user.ts";
import { userGroups } from "./userGroups.ts";

const config = {
  accessToken: { type: "string", unsupported: true },
  additionalHeaders: { type: "map", unsupported: true },
  adminUrl: { type: "string", unsupported: true },
  basePath: { type: "string" },
  clientId: { type: "string" },
  clientSecret: { type: "string" },
  clientTimeout: { type: "number" },
  initialLogin: { type: "boolean" },
  jwtSigningAlg: { type: "string", unsupported: true },
  jwtSigningKey: { type: "string", unsupported: true },
  jwtToken: { type: "string", unsupported: true },
  jwtTokenFile: { type: "string", unsupported: true },
  keycloakVersion: { type: "string" },
  password: { type: "string" },
  realm: { type: "string" },
  redHatSso: { type: "boolean", unsupported: true },
  rootCaCertificate: { type: "string" },
  tlsClientCertificate: { type: "string", unsupported: true },
  tlsClientPrivateKey: { type: "string", unsupported: true },
  tlsInsecureSkipVerify: { type: "boolean", unsupported: true },
  url: { type: "string" },
  username: { type: "string" },
} satisfies Record<keyof ProviderArgs, Property>;

/** The provider, as `@pulumi/keycloak` 6.13.0 expects it. */
export const keycloak: Provider<Keycloak> = {
  name: "keycloak",
  version: "6.13.0",
  config,
  connect,
  resources: {
    "keycloak:authentication/bindings:Bindings": bindings,
    "keycloak:authentication/execution:Execution": execution,
    "keycloak:authentication/executionConfig:ExecutionConfig": executionConfig,
    "keycloak:authentication/flow:Flow": flow,
    "keycloak:authentication/subflow:Subflow": subflow,
    "keycloak:index/attributeImporterIdentityProviderMapper:AttributeImporterIdentityProviderMapper":
      attributeImporterIdentityProviderMapper,
    "keycloak:index/customIdentityProviderMapping:CustomIdentityProviderMapping": customIdentityProviderMapping,
    "keycloak:index/genericRoleMapper:GenericRoleMapper": genericRoleMapper,
    "keycloak:index/group:Group": group,
    "keycloak:index/groupRoles:GroupRoles": groupRoles,
    "keycloak:index/hardcodedGroupIdentityProviderMapper:HardcodedGroupIdentityProviderMapper":
      hardcodedGroupIdentityProviderMapper,
    "keycloak:index/realm:Realm": realm,
    "keycloak:index/realmEvents:RealmEvents": realmEvents,
    "keycloak:index/realmUserProfile:RealmUserProfile": realmUserProfile,
    "keycloak:index/role:Role": role,
    "keycloak:index/user:User": user,
    "keycloak:index/userGroups:UserGroups": userGroups,
    "keycloak:index/userRoles:UserRoles": userRoles,
    "keycloak:ldap/groupMapper:GroupMapper": groupMapper,
    "keycloak:ldap/hardcodedGroupMapper:HardcodedGroupMapper": hardcodedGroupMapper,
    "keycloak:ldap/msadUserAccountControlMapper:MsadUserAccountControlMapper": msadUserAccountControlMapper,
    "keycloak:ldap/userAttributeMapper:UserAttributeMapper": userAttributeMapper,
    "keycloak:ldap/userFederation:UserFederation": userFederation,
    "keycloak:oidc/identityProvider:IdentityProvider": oidcIdentityProvider,
    "keycloak:openid/audienceProtocolMapper:AudienceProtocolMapper": audienceProtocolMapper,
    "keycloak:openid/client:Client": client,
    "keycloak:openid/clientDefaultScopes:ClientDefaultScopes": clientDefaultScopes,
    "keycloak:openid/clientOptionalScopes:ClientOptionalScopes": clientOptionalScopes,
    "keycloak:openid/clientScope:ClientScope": clientScope,
    "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper": groupMembershipProtocolMapper,
    "keycloak:openid/userRealmRoleProtocolMapper:UserRealmRoleProtocolMapper": userRealmRoleProtocolMapper,
    "keycloak:saml/identityProvider:IdentityProvider": samlIdentityProvider,
  },
  functions: {
    "keycloak:index/getGroup:getGroup": getGroup,
    "keycloak:index/getRealm:getRealm": getRealm,
    "keycloak:index/getRole:getRole": getRole,
    "keycloak:index/getUser:getUser": getUser,
  },
};
