import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { resourceRules } from "../../policy/rules/all.ts";
import { configured, judge, later, type Recorded, recorded, spoiled, the, wide, wideConfig } from "./support.ts";

/** Other ways to the same end: each has to be stopped by some rule before it is done. */
const all = recorded("wide", wide);

async function findings(resource: Recorded): Promise<string[]> {
  const found: string[] = [];
  for (const rule of resourceRules) {
    const said = await judge(rule, resource, wideConfig[rule.name] ?? configured("dev", rule.name));
    found.push(...said.map((one) => `${rule.name}: ${one}`));
  }
  return found;
}

const binding = the(all, "team-a-contributor-orla");
const stack = the(all, "prokube-access-wide");

/** A resource of another type in the place of one that is allowed. */
const ofType = (type: string, inputs: object = {}, place: Recorded = binding): Recorded => ({
  ...place,
  type,
  name: "other",
  urn: `${place.urn.split("::").slice(0, -2).join("::")}::${type}::other`,
  inputs: { ...(type.startsWith("kubernetes:") ? binding.inputs : {}), ...inputs },
});

const unknownTypes = [
  "kubernetes:rbac.authorization.k8s.io/v1:RoleBindingPatch",
  "kubernetes:rbac.authorization.k8s.io/v1:RoleBindingList",
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBindingPatch",
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
  "kubernetes:rbac.authorization.k8s.io/v1:Role",
  "kubernetes:rbac.authorization.k8s.io/v1beta1:RoleBinding",
  "kubernetes:rbac.authorization.k8s.io/v1alpha1:ClusterRoleBinding",
  "kubernetes:security.istio.io/v1beta1:AuthorizationPolicy",
  "kubernetes:security.istio.io/v1:AuthorizationPolicyPatch",
  "kubernetes:security.istio.io/v1:RequestAuthentication",
  "kubernetes:networking.istio.io/v1:EnvoyFilter",
  "kubernetes:kubeflow.org/v1beta1:Profile",
  "kubernetes:core/v1:ServiceAccount",
  "kubernetes:core/v1:Pod",
  "kubernetes:core/v1:NamespacePatch",
  "kubernetes:yaml:ConfigGroup",
  "kubernetes:yaml:ConfigFile",
  "kubernetes:yaml/v2:ConfigGroup",
  "kubernetes:kustomize:Directory",
  "kubernetes:helm.sh/v3:Release",
  "kubernetes:helm.sh/v4:Chart",
  "minio:index/iamUserPolicy:IamUserPolicy",
  "minio:index/iamGroupPolicy:IamGroupPolicy",
  "minio:index/iamGroupPolicyAttachment:IamGroupPolicyAttachment",
  "minio:index/iamLdapUserPolicyAttachment:IamLdapUserPolicyAttachment",
  "minio:index/iamGroup:IamGroup",
  "minio:index/iamGroupMembership:IamGroupMembership",
  "minio:index/iamGroupUserAttachment:IamGroupUserAttachment",
  "minio:index/s3BucketPolicy:S3BucketPolicy",
  "minio:index/accesskey:Accesskey",
  "minio:index/ilmPolicy:IlmPolicy",
  "minio:index/s3Object:S3Object",
  "keycloak:index/genericClientRoleMapper:GenericClientRoleMapper",
  "keycloak:index/genericClientProtocolMapper:GenericClientProtocolMapper",
  "keycloak:index/genericProtocolMapper:GenericProtocolMapper",
  "keycloak:index/groupMemberships:GroupMemberships",
  "keycloak:index/defaultGroups:DefaultGroups",
  "keycloak:index/defaultRoles:DefaultRoles",
  "keycloak:index/requiredAction:RequiredAction",
  "keycloak:index/groupPermissions:GroupPermissions",
  "keycloak:index/usersPermissions:UsersPermissions",
  "keycloak:index/hardcodedRoleIdentityProviderMapper:HardcodedRoleIdentityProviderMapper",
  "keycloak:index/attributeToRoleIdentityMapper:AttributeToRoleIdentityMapper",
  "keycloak:index/hardcodedAttributeIdentityProviderMapper:HardcodedAttributeIdentityProviderMapper",
  "keycloak:index/identityProviderTokenExchangeScopePermission:IdentityProviderTokenExchangeScopePermission",
  "keycloak:index/userTemplateImporterIdentityProviderMapper:UserTemplateImporterIdentityProviderMapper",
  "keycloak:ldap/roleMapper:RoleMapper",
  "keycloak:ldap/hardcodedRoleMapper:HardcodedRoleMapper",
  "keycloak:ldap/hardcodedAttributeMapper:HardcodedAttributeMapper",
  "keycloak:ldap/customMapper:CustomMapper",
  "keycloak:openid/hardcodedClaimProtocolMapper:HardcodedClaimProtocolMapper",
  "keycloak:openid/hardcodedRoleProtocolMapper:HardcodedRoleProtocolMapper",
  "keycloak:openid/scriptProtocolMapper:ScriptProtocolMapper",
  "keycloak:openid/userAttributeProtocolMapper:UserAttributeProtocolMapper",
  "keycloak:openid/userClientRoleProtocolMapper:UserClientRoleProtocolMapper",
  "keycloak:openid/clientServiceAccountRole:ClientServiceAccountRole",
  "keycloak:openid/clientServiceAccountRealmRole:ClientServiceAccountRealmRole",
  "keycloak:saml/client:Client",
  "keycloak:oidc/googleIdentityProvider:GoogleIdentityProvider",
  "command:local:Command",
  "command:remote:Command",
  "pulumi-nodejs:dynamic:Resource",
  "pulumi:pulumi:StackReference",
  "pulumi:providers:command",
  "random:index/randomPassword:RandomPassword",
  "prokube:access:workspace",
  "__proto__",
  "constructor",
];

suite("kinds of resources that no rule looks at are refused, wherever they are", () => {
  for (const type of unknownTypes) {
    test(type, async () => {
      const [provider = ""] = type.split(":");
      const own = { provider: `urn:pulumi:wide::prokube-access::pulumi:providers:${provider}::${provider}` };
      assert.match((await findings({ ...ofType(type), ...own })).join("\n"), /^known-resources: /m);
    });
  }
});

/** A resource that would be right where it belongs. */
const elsewhere: readonly (readonly [what: string, resource: Recorded, place: Recorded])[] = [
  ["a RoleBinding outside of a workspace", binding, stack],
  ["a RoleBinding of a user", binding, the(all, "ada", "User")],
  ["a RoleBinding of an application", binding, the(all, "board", "Application")],
  ["a ClusterRoleBinding outside of ClusterAccess", the(all, "cluster-ada"), stack],
  ["a ClusterRoleBinding of a workspace", the(all, "cluster-ada"), the(all, "team-a", "Workspace")],
  ["an AuthorizationPolicy outside of a workspace", the(all, "team-a-network-pipelines"), stack],
  ["a realm role of a user", the(all, "team-a-role-edit"), the(all, "ada", "User")],
  ["realm roles given by a group", the(all, "ada-roles"), the(all, "guests", "Group")],
  ["roles of a group given by a workspace", the(all, "guests-roles"), the(all, "team-a", "Workspace")],
  ["an account outside of a user", the(all, "ada-account"), stack],
  ["a client of a workspace", the(all, "board-client"), the(all, "team-a", "Workspace")],
  ["a role mapper of an application", the(all, "clients-dex-role-grafana-admin"), the(all, "board", "Application")],
  ["an S3 policy outside of a workspace", the(all, "team-a-policy-edit"), stack],
  ["an attachment outside of a workspace", the(all, "team-a-s3-user-policy"), stack],
  ["another workspace's S3 policy", the(all, "team-a-policy-edit"), the(all, "ada", "Workspace")],
  ["another workspace's role", the(all, "team-a-role-edit"), the(all, "ada", "Workspace")],
  ["another workspace's binding", binding, the(all, "ada", "Workspace")],
  ["another workspace's Secret", the(all, "team-a-artifact-keys"), the(all, "ada", "Workspace")],
  ["another workspace's ConfigMap", the(all, "team-a-launcher"), the(all, "ada", "Workspace")],
  ["another workspace's LimitRange", the(all, "team-a-limit-range"), the(all, "ada", "Workspace")],
  ["a workspace's Secret in an application", the(all, "team-a-artifact-keys"), the(all, "board", "Application")],
  ["an application's Secret in a workspace", the(all, "board-keys"), the(all, "team-a", "Workspace")],
  ["a group of another file", the(all, "guests-group"), the(all, "prokube", "Realm")],
  ["the realm's group in a group's file", the(all, "prokube-group-pk-user"), the(all, "guests", "Group")],
  ["a step of another flow", the(all, "corp-after-login-pass"), the(all, "prokube-browser", "LoginFlow")],
  ["a step of another provider's flow", the(all, "corp-after-login-pass"), the(all, "hub-after-login", "LoginFlow")],
  ["an attribute of another provider", the(all, "corp-email"), the(all, "partner", "IdentityProvider")],
  [
    "a group mapping of another provider",
    the(all, "corp-group-guests/corp~data"),
    the(all, "partner", "IdentityProvider"),
  ],
  ["an identity provider of another file", the(all, "corp-provider"), the(all, "hub", "IdentityProvider")],
  ["an application's scopes", the(all, "board-scopes"), the(all, "charts", "Application")],
  ["a public client in an application", the(all, "clients-direct"), the(all, "board", "Application")],
  ["a second ledger in an application", the(all, "grants"), the(all, "guests", "Group")],
];
suite("a resource in a place that is not its own is refused", () => {
  for (const [what, resource, place] of elsewhere) {
    test(what, async () => {
      assert.deepEqual(await findings(resource), []);
      assert.notDeepEqual(await findings({ ...resource, parent: place.urn }), []);
    });
  }
});

const provided = (name: string, type = "pulumi:providers:kubernetes") =>
  `urn:pulumi:wide::prokube-access::${type}::${name}`;
const disguises: readonly (readonly [what: string, resource: Recorded, message: RegExp])[] = [
  [
    "a binding that Pulumi is told is a ConfigMap",
    { ...binding, type: "kubernetes:core/v1:ConfigMap" },
    /apiVersion is "rbac\.authorization\.k8s\.io\/v1"; allowed is "v1"/,
  ],
  [
    "a binding for the whole cluster that Pulumi is told is a workspace's",
    spoiled(binding, ["kind", "ClusterRoleBinding"]),
    /kind is "ClusterRoleBinding"; allowed is "RoleBinding"/,
  ],
  [
    "an older version than the type says",
    spoiled(binding, ["apiVersion", "rbac.authorization.k8s.io/v1beta1"]),
    /apiVersion is "rbac\.authorization\.k8s\.io\/v1beta1"/,
  ],
  [
    "a list of bindings under the type of one",
    spoiled(binding, ["kind", "List"], ["items", [binding.inputs]]),
    /kind is "List"/,
  ],
  ["a binding with more in it", spoiled(binding, ["items", [binding.inputs]]), /items is set/],
  ["a subject with another spelling", spoiled(binding, ["Subjects", []]), /Subjects is set/],
  ["a name that the API server makes up", spoiled(binding, ["metadata.name", undefined]), /metadata\.name is nothing/],
  ["a generated name", spoiled(binding, ["metadata.generateName", "user-"]), /needs a name of its own/],
  ["another provider", { ...binding, provider: provided("other") }, /goes through provider "other"/],
  ["a provider of Pulumi's own", { ...binding, provider: provided("default_4_34_2") }, /provider "default_4_34_2"/],
  ["no provider", withoutProvider(binding), /provider nothing/],
  ["a provider of another system", { ...binding, provider: provided("kubernetes", "pulumi:providers:x") }, /provider/],
  ["a second provider", { ...the(all, "kubernetes"), name: "other" }, /none of this program's/],
  [
    "an alias",
    { ...binding, aliases: ["urn:pulumi:dev::prokube-access::kubernetes:core/v1:Namespace::other"] },
    /has the alias urn:pulumi:dev/,
  ],
  ["a Stash of another name", { ...the(all, "grants"), name: "other" }, /a Stash may be called grants/],
  [
    "a workspace in a namespace of Kubernetes",
    workspaceCalled("kube-system"),
    /"kube-system" is no name for a workspace/,
  ],
  ["a workspace in a namespace of the platform", workspaceCalled("istio-ingress"), /is no name for a workspace/],
  ["a workspace called like a part of roles", workspaceCalled("edit"), /"edit" is no name for a workspace/],
  ["a workspace with a colon", workspaceCalled("s3:edit"), /is no name for a workspace/],
];
/** A second resource like one of the program's, beside it. */
const beside = (
  like: string,
  name: string,
  ...changes: Parameters<typeof spoiled> extends [unknown, ...infer C] ? C : never
) => {
  const one = the(all, like);
  return { ...spoiled(one, ...changes), name, urn: one.urn.replace(/::[^:]*$/, `::${name}`) };
};
const second: readonly (readonly [what: string, resource: Recorded, message: RegExp])[] = [
  [
    "an entrance beside the password",
    beside("prokube-browser-cookie", "prokube-browser-enter", ["authenticator", "allow-access-authenticator"]),
    /login-steps: .*is no step of such a login flow/,
  ],
  [
    "a link beside the proof",
    beside(
      "corp-first-login-account-link-proof-mail",
      "corp-first-login-account-link-link",
      ["authenticator", "idp-auto-link"],
      ["requirement", "REQUIRED"],
      ["parentFlowAlias", "prokube-access corp-first-login-account-link"],
    ),
    /sources: .*without proof/,
  ],
  [
    "a step in one of Keycloak's own flows",
    beside("prokube-browser-cookie", "prokube-browser-cookie", ["parentFlowAlias", "first broker login"]),
    /parentFlowAlias is "first broker login"/,
  ],
  ["a second flow of a component", beside("board-login-flow", "board-login-other"), /a second flow of its component/],
  [
    "an attribute that says that an address is verified",
    beside("staff-email", "staff-emailVerified", ["userModelAttribute", "emailVerified"]),
    /userModelAttribute is "emailVerified"/,
  ],
  [
    "a group inside a workspace's group, for nobody from elsewhere",
    beside("guests-group", "other-group", ["parentId", "guests-group-id"]),
    /groups: .*is inside another group/,
  ],
  [
    "an inner group called like another's",
    beside("guests/Data", "other/Data", ["parentId", "guests-group-id"]),
    /is inside another group/,
  ],
  [
    "a token of a service account in the place of keys",
    beside(
      "team-a-artifact-keys",
      "team-a-token",
      ["metadata.name", "x"],
      ["type", "kubernetes.io/service-account-token"],
    ),
    /objects-in-place: .*type is "kubernetes\.io\/service-account-token"/,
  ],
];
suite("a second resource beside one of the program's is refused", () => {
  for (const [what, resource, message] of second) {
    test(what, async () => {
      assert.match((await findings(resource)).join("\n"), message);
    });
  }
});

suite("a resource in disguise is refused", () => {
  for (const [what, resource, message] of disguises) {
    test(what, async () => {
      assert.match((await findings(resource)).join("\n"), message);
    });
  }
});

function withoutProvider(resource: Recorded): Recorded {
  const { provider, ...rest } = resource;
  assert.ok(provider);
  return rest;
}

/** The binding of a workspace of another name, right in everything else. */
function workspaceCalled(name: string): Recorded {
  const own = the(all, "team-a-binding-edit");
  return JSON.parse(JSON.stringify(own).replaceAll("team-a", name)) as Recorded;
}

suite("what a preview does not know yet is not taken for right", () => {
  const cases: readonly (readonly [resource: string, path: string])[] = [
    ["team-a-contributor-orla", "roleRef"],
    ["team-a-contributor-orla", "subjects"],
    ["team-a-contributor-orla", "metadata"],
    ["team-a-network-pipelines", "spec"],
    ["team-a-policy-edit", "policy"],
    ["team-a-policy-edit", "name"],
    ["team-a-bucket-data", "forceDestroy"],
    ["team-a-s3-account-1.1", "targetUser"],
    ["team-a-role-edit", "name"],
    ["team-a-role-edit", "compositeRoles"],
    ["ada-roles", "exhaustive"],
    ["ada-account", "email"],
    ["team-a-profile", "spec"],
    ["board-client", "fullScopeAllowed"],
    ["prokube-realm", "verifyEmail"],
    ["team-a-artifact-keys", "metadata"],
    ["team-a-artifact-keys", "type"],
    ["team-a-launcher", "metadata"],
    ["team-a-limit-range", "spec"],
    ["team-a-namespace", "metadata"],
    ["board-keys", "metadata"],
    ["guests-group", "parentId"],
    ["guests-group", "name"],
    ["prokube-browser-password-form", "authenticator"],
    ["prokube-browser-password-form", "requirement"],
    ["board-login-gate-allowed-members-role-config", "config"],
    ["board-client", "standardTokenExchangeEnabled"],
    ["corp-email", "userAttribute"],
    ["corp-email", "extraConfig"],
    ["staff-email", "userModelAttribute"],
    ["corp-provider", "tokenUrl"],
    ["staff-group-guests/ML Users", "groupsLdapFilter"],
    ["corp-group-guests/corp~data", "extraConfig"],
  ];
  for (const [name, path] of cases) {
    test(`${name} with ${path} unknown`, async () => {
      assert.notDeepEqual(await findings(spoiled(the(all, name), [path, later])), []);
    });
  }
});
