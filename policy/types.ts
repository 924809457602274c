/** Tokens of the resource types that the program makes. */
export const role = "keycloak:index/role:Role";
export const group = "keycloak:index/group:Group";
export const groupRoles = "keycloak:index/groupRoles:GroupRoles";
export const account = "keycloak:index/user:User";
export const userGroups = "keycloak:index/userGroups:UserGroups";
export const userRoles = "keycloak:index/userRoles:UserRoles";
export const genericRoleMapper = "keycloak:index/genericRoleMapper:GenericRoleMapper";
export const realm = "keycloak:index/realm:Realm";
export const userProfile = "keycloak:index/realmUserProfile:RealmUserProfile";
export const client = "keycloak:openid/client:Client";
export const clientScope = "keycloak:openid/clientScope:ClientScope";
export const defaultScopes = "keycloak:openid/clientDefaultScopes:ClientDefaultScopes";
export const optionalScopes = "keycloak:openid/clientOptionalScopes:ClientOptionalScopes";
export const audienceMapper = "keycloak:openid/audienceProtocolMapper:AudienceProtocolMapper";
export const groupsMapper = "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper";
export const rolesMapper = "keycloak:openid/userRealmRoleProtocolMapper:UserRealmRoleProtocolMapper";
export const flowBindings = "keycloak:authentication/bindings:Bindings";
export const flow = "keycloak:authentication/flow:Flow";
export const subflow = "keycloak:authentication/subflow:Subflow";
export const execution = "keycloak:authentication/execution:Execution";
export const executionConfig = "keycloak:authentication/executionConfig:ExecutionConfig";
export const federation = "keycloak:ldap/userFederation:UserFederation";
export const ldapGroupMapper = "keycloak:ldap/groupMapper:GroupMapper";
export const ldapHardcodedGroup = "keycloak:ldap/hardcodedGroupMapper:HardcodedGroupMapper";
export const ldapAttribute = "keycloak:ldap/userAttributeMapper:UserAttributeMapper";
export const oidcProvider = "keycloak:oidc/identityProvider:IdentityProvider";
export const samlProvider = "keycloak:saml/identityProvider:IdentityProvider";
export const providerHardcodedGroup =
  "keycloak:index/hardcodedGroupIdentityProviderMapper:HardcodedGroupIdentityProviderMapper";
export const providerMapping = "keycloak:index/customIdentityProviderMapping:CustomIdentityProviderMapping";
export const providerAttribute =
  "keycloak:index/attributeImporterIdentityProviderMapper:AttributeImporterIdentityProviderMapper";

export const namespace = "kubernetes:core/v1:Namespace";
export const secret = "kubernetes:core/v1:Secret";
export const configMap = "kubernetes:core/v1:ConfigMap";
export const limitRange = "kubernetes:core/v1:LimitRange";
export const profile = "kubernetes:kubeflow.org/v1:Profile";
export const roleBinding = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding";
export const clusterRoleBinding = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding";
export const authorizationPolicy = "kubernetes:security.istio.io/v1:AuthorizationPolicy";

export const bucket = "minio:index/s3Bucket:S3Bucket";
export const s3Policy = "minio:index/iamPolicy:IamPolicy";
export const s3User = "minio:index/iamUser:IamUser";
export const s3Account = "minio:index/iamServiceAccount:IamServiceAccount";
export const s3Attachment = "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment";

export const stash = "pulumi:index:Stash";
export const stack = "pulumi:pulumi:Stack";

/** The program's own components. */
export const component = {
  realm: "prokube:access:Realm",
  loginFlow: "prokube:access:LoginFlow",
  directory: "prokube:access:Directory",
  identityProvider: "prokube:access:IdentityProvider",
  platformClients: "prokube:access:PlatformClients",
  application: "prokube:access:Application",
  groupsScope: "prokube:access:GroupsScope",
  workspace: "prokube:access:Workspace",
  user: "prokube:access:User",
  group: "prokube:access:Group",
  clusterAccess: "prokube:access:ClusterAccess",
} as const;
