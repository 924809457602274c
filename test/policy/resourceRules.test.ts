import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { accounts, realmSettings } from "../../policy/rules/accounts.ts";
import { clusterRoleBindings, roleBindings } from "../../policy/rules/bindings.ts";
import { clients } from "../../policy/rules/clients.ts";
import { clientScopes } from "../../policy/rules/clientScopes.ts";
import { applicationPaths } from "../../policy/rules/gateway.ts";
import { groups } from "../../policy/rules/groups.ts";
import { boundFlows, loginSteps } from "../../policy/rules/logins.ts";
import { namespaceLabels } from "../../policy/rules/namespaces.ts";
import { networkPolicies } from "../../policy/rules/network.ts";
import { objectsInPlace } from "../../policy/rules/objects.ts";
import { ownerUnchanged } from "../../policy/rules/owner.ts";
import { nothingIsStripped, realmRoles, roleScopes } from "../../policy/rules/roles.ts";
import { sources } from "../../policy/rules/sources.ts";
import { bucketsStay, s3AttachmentsAreOwn, s3PoliciesAreExact } from "../../policy/rules/storage.ts";
import { rightPlatform } from "../../policy/rules/target.ts";
import { type Change, configured, judge, type Recorded, recorded, spoiled, the, wide, wideConfig } from "./support.ts";

const all = recorded("wide", wide);
const configOf = (rule: string) => wideConfig[rule] ?? configured("dev", rule);

/** Spoils one property of one resource, whose name may begin with its type. */
type Case = readonly [resource: string, path: string, value: unknown, message: RegExp];

function refuses(rule: ResourceValidationPolicy, cases: readonly Case[]): void {
  suite(rule.name, () => {
    for (const [resource, path, value, message] of cases) {
      test(`refuses ${resource} with ${path} ${value === undefined ? "left out" : JSON.stringify(value)}`, async () => {
        const [, type = "", name = ""] = /^(?:([A-Z]\w+) )?(.+)$/.exec(resource) ?? [];
        await refused(rule, spoiled(the(all, name, type), [path, value]), message);
      });
    }
  });
}

async function refused(rule: ResourceValidationPolicy, resource: Recorded, message: RegExp): Promise<void> {
  const findings = await judge(rule, resource, configOf(rule.name));
  assert.ok(
    findings.some((finding) => message.test(finding)),
    `no finding says ${String(message)}: ${findings.join("\n")}`,
  );
  for (const finding of findings) assert.ok(finding.includes(`"${resource.name}"`), `${finding} names the resource`);
}

const orla = "team-a-contributor-orla";
refuses(roleBindings, [
  [orla, "roleRef.name", "cluster-admin", /roleRef\.name is "cluster-admin"; allowed is "kubeflow-edit" or/],
  [orla, "roleRef.name", "kubeflow-admin", /roleRef\.name is "kubeflow-admin"/],
  [orla, "roleRef.name", "Kubeflow-View", /roleRef\.name/],
  [orla, "roleRef.kind", "Role", /roleRef\.kind is "Role"; allowed is "ClusterRole"/],
  [orla, "roleRef.apiGroup", "example.com", /roleRef\.apiGroup/],
  [orla, "roleRef", undefined, /roleRef\.name is nothing/],
  [orla, "metadata.namespace", "kube-system", /metadata\.namespace is "kube-system"; allowed is "team-a"/],
  [orla, "metadata.namespace", undefined, /metadata\.namespace is nothing/],
  [orla, "metadata.name", "user-eve-example-com-clusterrole-view", /metadata\.name/],
  [orla, "metadata.annotations.user", "eve@example.com", /annotations\.user is "eve@example\.com"; allowed is "orla@/],
  [orla, "metadata.annotations.user", "Orla@example.com", /annotations\.user/],
  [orla, "metadata.annotations.role", "edit", /annotations\.role is "edit"; allowed is "view"/],
  [orla, "subjects", [], /0 subjects; allowed is one/],
  [orla, "subjects.1", { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "eve@example.com" }, /2 subjects/],
  [orla, "subjects.0.name", "system:admin", /one of Kubernetes' own/],
  [orla, "subjects.0.name", "System:masters", /one of Kubernetes' own/],
  [orla, "subjects.0.name", "Orla@Example.com", /no plain lower-case e-mail address/],
  [orla, "subjects.0.name", "*", /no plain lower-case/],
  [orla, "subjects.0.kind", "ServiceAccount", /kind is "ServiceAccount"; allowed is "User" or "Group"/],
  [orla, "subjects.0.namespace", "kube-system", /namespace is set/],
  [orla, "subjects", { kind: "User" }, /no list of subjects/],
  ["team-a-binding-edit", "subjects.0.name", "pk:edit:team-b", /allowed is "pk:edit:team-a"/],
  ["team-a-binding-edit", "subjects.0.name", "pk:view:team-a", /allowed is "pk:edit:team-a"/],
  ["team-a-binding-edit", "subjects.0.name", "system:authenticated", /Kubernetes' own/],
  ["team-a-binding-edit", "metadata.annotations", { user: "pk:edit:team-a", role: "edit" }, /annotations\.user/],
  [
    "team-a-binding-edit",
    "metadata.name",
    "default-editor",
    /metadata\.name is "default-editor"; allowed is "pk-edit"/,
  ],
  [orla, "subjects.0.apiGroup", "", /apiGroup is ""; allowed is "rbac/],
  [orla, "roleRef.namespace", "x", /roleRef\.namespace is set/],
  ["team-a-binding-view", "roleRef.name", "kubeflow-edit", /allowed is "pk:edit:team-a"/],
]);

refuses(clusterRoleBindings, [
  ["cluster-ada", "subjects.0.name", "eve@example.com", /"eve@example\.com" kubeflow-admin in every namespace/],
  ["cluster-ada", "subjects.0.name", "Ada@example.com", /no plain lower-case/],
  ["cluster-ada", "subjects.0.kind", "Group", /kind is "Group"; allowed is "User"/],
  ["cluster-ada", "roleRef.name", "cluster-admin", /roleRef\.name is "cluster-admin"/],
  ["cluster-ada", "metadata.namespace", "team-a", /metadata\.namespace is "team-a"/],
  ["cluster-ada", "metadata.name", "anything", /metadata\.name is "anything"/],
  ["cluster-ada", "subjects.1", { kind: "User", name: "eve@example.com" }, /2 subjects/],
]);
test("nobody has rights in every namespace whom the configuration does not name", async () => {
  const findings = await judge(clusterRoleBindings, the(all, "cluster-ada"), {});
  assert.match(findings.join(), /allowed are none\. Add the address to "allowed" of cluster-role-bindings/);
});

const rules = "spec.rules";
const orlaIn = { key: "request.headers[kubeflow-userid]", values: ["orla@example.com"] };
const pipelines = [{ source: { principals: ["cluster.local/ns/kubeflow/sa/ml-pipeline-ui"] } }];
refuses(networkPolicies, [
  ["team-a-network-pipelines", rules, [], /no rules/],
  ["team-a-network-pipelines", rules, [{}], /does not say from where.*/],
  ["team-a-network-pipelines", rules, [{ from: pipelines }], /0 conditions/],
  ["team-a-network-pipelines", rules, [{ when: [orlaIn] }], /does not say from where/],
  ["team-a-network-pipelines", rules, [{ from: [{}], when: [orlaIn] }], /names no principals/],
  [
    "team-a-network-pipelines",
    rules,
    [{ from: [{ source: { ipBlocks: ["0.0.0.0/0"] } }], when: [orlaIn] }],
    /ipBlocks/,
  ],
  ["team-a-network-pipelines", `${rules}.0.from.0.source.principals.0`, "*", /lets in what "\*" passes on/],
  [
    "team-a-network-pipelines",
    `${rules}.0.from.0.source.principals.1`,
    "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account",
    /lets in what "cluster\.local\/ns\/istio-system/,
  ],
  ["team-a-network-pipelines", `${rules}.0.from.0.source.notPrincipals`, ["x"], /notPrincipals is set/],
  ["team-a-network-pipelines", `${rules}.0.to`, [{ operation: { paths: ["/*"] } }], /to is set/],
  ["team-a-network-pipelines", `${rules}.0.when.0.values.1`, "*@example.com", /lets in "\*@example\.com"/],
  ["team-a-network-pipelines", `${rules}.0.when.0.values.1`, "*", /lets in "\*"/],
  ["team-a-network-pipelines", `${rules}.0.when.0.values.1`, "Eve@example.com", /no plain lower-case/],
  ["team-a-network-pipelines", `${rules}.0.when.0.values`, [], /names nobody/],
  ["team-a-network-pipelines", `${rules}.0.when.0.notValues`, ["eve@example.com"], /notValues is set/],
  ["team-a-network-pipelines", `${rules}.0.when.0.key`, "source.namespace", /allowed is "request\.headers\[kubeflow-/],
  ["team-a-network-pipelines", `${rules}.0.when.0.key`, "request.headers[Kubeflow-Userid]", /when|key/],
  ["team-a-network-pipelines", `${rules}.0.when.1`, orlaIn, /2 conditions/],
  ["team-a-network-pipelines", "spec.action", "DENY", /spec\.action is "DENY"/],
  ["team-a-network-pipelines", "spec.action", "CUSTOM", /spec\.action/],
  ["team-a-network-pipelines", "spec.selector", { matchLabels: {} }, /spec\.selector is set/],
  ["team-a-network-pipelines", "metadata.namespace", "istio-system", /metadata\.namespace is "istio-system"/],
  ["team-a-network-pipelines", `${rules}.0.from.0.operation`, { paths: ["/*"] }, /operation is set/],
  ["team-a-network-pipelines", "rules", [{}], /rules is set; allowed are apiVersion/],
  ["team-a-network-pipelines", "metadata.name", "ns-owner-access-istio", /metadata\.name/],
]);

const policy = (changes: object, statement = 0) => {
  const document = JSON.parse(the(all, "team-a-policy-view").inputs["policy"] as string) as { Statement: object[] };
  document.Statement[statement] = { ...document.Statement[statement], ...changes };
  return JSON.stringify(document);
};
const edit = the(all, "team-a-policy-edit").inputs["policy"];
refuses(s3PoliciesAreExact, [
  ["team-a-policy-view", "policy", policy({ Resource: ["arn:aws:s3:::*"] }), /names the resource "arn:aws:s3:::\*"/],
  ["team-a-policy-view", "policy", policy({ Resource: "arn:aws:s3:::team-a*" }), /"arn:aws:s3:::team-a\*"/],
  ["team-a-policy-view", "policy", policy({ Resource: ["arn:aws:s3:::team-b-data"] }), /team-b-data/],
  ["team-a-policy-view", "policy", policy({ Resource: ["arn:aws:s3:::${jwt:email}-data"] }), /jwt:email/],
  ["team-a-policy-view", "policy", policy({ Resource: ["*"] }), /resource "\*"/],
  ["team-a-policy-view", "policy", policy({ Resource: [] }), /names no resource/],
  ["team-a-policy-view", "policy", policy({ Resource: ["arn:aws:s3:::TEAM-A-data"] }), /TEAM-A/],
  ["team-a-policy-view", "policy", policy({ Resource: undefined, NotResource: ["x"] }), /NotResource is set/],
  ["team-a-policy-view", "policy", policy({ Action: ["s3:*"] }), /action "s3:\*"/],
  ["team-a-policy-view", "policy", policy({ Action: ["admin:*"] }), /action "admin:\*"/],
  ["team-a-policy-view", "policy", policy({ Action: ["s3:PutObject"] }), /action "s3:PutObject"/],
  ["team-a-policy-view", "policy", policy({ Action: ["S3:getobject"] }), /action "S3:getobject"/],
  ["team-a-policy-view", "policy", policy({ NotAction: ["s3:GetObject"] }), /NotAction is set/],
  ["team-a-policy-view", "policy", policy({ Condition: {} }), /Condition is set/],
  ["team-a-policy-view", "policy", policy({ Effect: "allow" }), /Effect is "allow"/],
  ["team-a-policy-view", "policy", edit, /action "s3:AbortMultipartUpload"/],
  ["team-a-policy-view", "policy", "{", /not JSON/],
  ["team-a-policy-view", "policy", JSON.stringify({ Version: "2012-10-17" }), /no list of statements/],
  [
    "team-a-policy-view",
    "policy",
    JSON.stringify({ ...(JSON.parse(policy({})) as object), Statements: [] }),
    /Statements is set; allowed are Version, Statement/,
  ],
  ["team-a-policy-view", "name", "readwrite", /name is "readwrite"/],
  ["team-a-policy-view", "name", "consoleAdmin", /name is "consoleAdmin"/],
  ["team-a-policy-view", "name", "pk:s3:view:team-b", /name is "pk:s3:view:team-b"/],
  ["team-a-policy-view", "namePrefix", "pk:s3:edit:", /namePrefix/],
  ["team-a-bucket-record", "policy", edit, /Effect is "Allow"; allowed is "Deny"/],
  ["team-a-s3-account-1.1", "policy", policy({ Resource: ["arn:aws:s3:::ada-data"] }), /ada-data/],
  ["team-a-s3-account-1.1", "policy", undefined, /not JSON/],
  ["team-a-s3-account-1.1", "targetUser", "minio-root", /targetUser is "minio-root"; allowed is "pk-team-a"/],
]);

refuses(bucketsStay, [
  ["team-a-bucket-data", "forceDestroy", true, /forceDestroy is true/],
  ["team-a-bucket-data", "forceDestroy", "true", /forceDestroy is "true"/],
  ["team-a-bucket-data", "acl", "public-read", /acl is "public-read"/],
  ["team-a-bucket-data", "bucket", "team-b-data", /bucket is "team-b-data"; allowed is "team-a-data" or/],
  ["team-a-bucket-data", "bucket", undefined, /bucket is nothing/],
  ["team-a-bucket-data", "bucketPrefix", "team-a", /bucketPrefix/],
  ["team-a-s3-user", "forceDestroy", true, /forceDestroy is true/],
  ["team-a-s3-user", "name", "minio-root", /name is "minio-root"; allowed is "pk-team-a"/],
]);
test("a bucket is not deleted before it is replaced", async () => {
  await refused(bucketsStay, { ...the(all, "team-a-bucket-data"), deleteBeforeReplace: true }, /before it is replaced/);
});

refuses(s3AttachmentsAreOwn, [
  ["team-a-s3-user-policy", "userName", "eve@example.com", /userName is "eve@example\.com"; allowed is "pk-team-a"/],
  ["team-a-s3-user-policy", "policyName", "consoleAdmin", /policyName is "consoleAdmin"/],
  ["team-a-s3-user-policy", "groupName", "everybody", /groupName is set/],
]);

refuses(realmRoles, [
  ["team-a-role-edit", "name", "pk:edit:team-b", /name is "pk:edit:team-b"; allowed is pk:team-a/],
  ["team-a-role-edit", "name", "PK:edit:team-a", /name is "PK:edit:team-a"/],
  ["team-a-role-edit", "compositeRoles", [], /0 parts; allowed are 1/],
  ["team-a-role-view", "compositeRoles", ["a", "b"], /2 parts; allowed are 1/],
  ["team-a-role-s3-view", "compositeRoles", ["realm-admin-id"], /1 parts; allowed are 0/],
  ["team-a-role-view", "clientId", "realm-management-id", /clientId is "realm-management-id"/],
  ["team-a-role-view", "import", true, /import is true/],
  ["prokube-role-grafana-admin", "name", "consoleAdmin", /not plain/],
  ["prokube-role-grafana-admin", "name", "readwrite", /means something/],
  ["prokube-role-grafana-admin", "name", "system:masters", /means something/],
  ["prokube-role-grafana-admin", "name", "default-roles-prokube", /means something/],
  ["prokube-role-grafana-admin", "name", "x,consoleAdmin", /not plain/],
  ["prokube-role-grafana-admin", "name", "*", /not plain/],
  ["prokube-role-grafana-admin", "name", "a b", /not plain/],
  ["prokube-role-grafana-admin", "name", "pk:edit:team-a", /is for a role of a workspace/],
  ["prokube-role-grafana-admin", "name", "prokube-access:team-a", /is for roles of this program/],
  ["prokube-role-grafana-admin", "name", undefined, /name is nothing/],
  ["prokube-role-grafana-admin", "compositeRoles", ["team-a-role-edit-id"], /1 parts; allowed are 0/],
]);

refuses(nothingIsStripped, [
  ["ada-roles", "exhaustive", true, /exhaustive is true; allowed is false/],
  ["ada-roles", "exhaustive", undefined, /exhaustive is nothing/],
  ["ada-groups", "exhaustive", undefined, /exhaustive is nothing/],
  ["guests-roles", "exhaustive", "false", /exhaustive is "false"/],
]);

refuses(roleScopes, [
  ["clients-dex-role-grafana-admin", "clientId", undefined, /names no client/],
  ["clients-dex-role-grafana-admin", "clientScopeId", "roles", /clientScopeId is "roles"/],
]);

refuses(ownerUnchanged, [
  [
    "team-a-profile",
    "spec.owner.name",
    "eve@example.com",
    /spec\.owner\.name is "eve@example\.com"; allowed is "admin@/,
  ],
  ["team-a-profile", "spec.owner.name", "Admin@example.com", /spec\.owner\.name/],
  ["team-a-profile", "spec.owner.kind", "Group", /spec\.owner\.kind/],
  ["team-a-profile", "spec.owner.namespace", "x", /spec\.owner\.namespace is set/],
  ["team-a-profile", "spec.plugins", [{ kind: "WorkloadIdentity" }], /spec\.plugins is set/],
  ["team-a-profile", "metadata.name", "ada", /metadata\.name is "ada"; allowed is "team-a"/],
  ["team-a-namespace", "metadata.annotations.owner", "eve@example.com", /annotations\.owner/],
  ["team-a-namespace", "metadata.name", "ada", /metadata\.name is "ada"; allowed is "team-a"/],
  ["team-a-namespace", "metadata.name", "kubeflow", /"kubeflow" is no name for a workspace/],
  ["Workspace team-a", "owner", "eve@example.com", /owner is "eve@example\.com"/],
  ["ada-account", "email", "admin@example.com", /a person has the owner's address/],
  ["ada-account", "email", "ADMIN@example.com", /a person has the owner's address/],
  ["ada-account", "username", "admin@example.com", /a person has the owner's address/],
  ["prokube-owner", "enabled", true, /enabled is true; allowed is false/],
  ["prokube-owner", "enabled", undefined, /enabled is nothing; allowed is false/],
  ["prokube-owner", "initialPassword", { value: "x", temporary: true }, /initialPassword/],
  ["prokube-owner", "email", "eve@example.com", /email is "eve@example\.com"; allowed is "admin@/],
  [orla, "subjects.0.name", "admin@example.com", /gives something to "admin@example\.com"/],
  [orla, "subjects.0.name", "Admin@Example.com", /gives something to/],
  ["team-a-network-pipelines", `${rules}.0.when.0.values.1`, "admin@example.com", /gives something to/],
  ["cluster-ada", "subjects.0.name", "admin@example.com", /gives something to/],
]);

test("who is called like the end of the owner's address is somebody else", async () => {
  for (const [name, path] of [
    [orla, "subjects.0.name"],
    ["team-a-network-pipelines", `${rules}.0.when.0.values.1`],
    ["cluster-ada", "subjects.0.name"],
  ] as const) {
    const other = spoiled(the(all, name), [path, "sysadmin@example.com"]);
    assert.deepEqual(await judge(ownerUnchanged, other), [], name);
  }
});
test("the owner is known behind what stands before addresses in the header", async () => {
  const prefixed = spoiled(the(all, "team-a-network-pipelines"), [`${rules}.0.when.0.values.1`, "x:admin@example.com"]);
  const config = { owner: "admin@example.com", userIdPrefix: "x:" };
  assert.match((await judge(ownerUnchanged, prefixed, config)).join(), /gives something to "admin@example\.com"/);
});

refuses(accounts, [
  ["ada-account", "email", "Ada@example.com", /email is "Ada@example\.com"; allowed is a plain lower-case address/],
  ["ada-account", "email", "*@example.com", /email/],
  ["ada-account", "email", "аda@example.com", /email/],
  ["ada-account", "email", "a@b@example.com", /email/],
  ["ada-account", "email", undefined, /email is nothing/],
  ["ada-account", "username", "Ada", /username is "Ada"/],
  ["ada-account", "username", "orla@example.com", /is an address other than its own/],
  ["ada-account", "initialPassword.temporary", false, /initialPassword\.temporary is false/],
  ["ada-account", "initialPassword.temporary", undefined, /initialPassword\.temporary is nothing/],
  ["ada-account", "import", true, /import is true/],
  ["ada-account", "federatedIdentities", [{ identityProvider: "corp" }], /linked to an account elsewhere/],
  ["ada-account", "attributes", undefined, /managed-by is nothing/],
]);
test("where mail is set up, no file says that an address is verified", async () => {
  const verified = spoiled(the(all, "ada-account"), ["emailVerified", true]);
  assert.deepEqual(await judge(accounts, verified, configured("dev", accounts.name)), []);
  assert.match((await judge(accounts, verified, configured("prod", accounts.name))).join(), /emailVerified is true/);
  assert.match((await judge(accounts, verified, {})).join(), /emailVerified is true/);
});

refuses(realmSettings, [
  ["prokube-realm", "verifyEmail", undefined, /verifyEmail is nothing; allowed is true/],
  ["prokube-realm", "passwordPolicy", "", /no policy for passwords/],
  ["prokube-realm", "securityDefenses.bruteForceDetection", undefined, /lets passwords be guessed/],
  ["prokube-realm", "accessTokenLifespan", "8760h0m0s", /accessTokenLifespan is "8760h0m0s"/],
  ["prokube-realm", "accessTokenLifespan", "1h0m1s", /an hour at most/],
  ["prokube-realm", "accessTokenLifespan", "", /an hour at most/],
  ["prokube-realm", "defaultDefaultClientScopes", ["roles"], /defaultDefaultClientScopes is \["roles"\]/],
  [
    "prokube-profile",
    "attributes",
    [{ name: "managed-by", permissions: { views: ["user"], edits: ["admin", "user"] } }],
    /people may write "managed-by"/,
  ],
  ["prokube-profile", "attributes", [{ name: "stack" }], /people may write "stack"/],
  ["prokube-realm", "verifyEmail", false, /verifyEmail is false/],
  ["prokube-realm", "verifyEmail", "false", /verifyEmail is "false"/],
  ["prokube-realm", "sslRequired", "none", /sslRequired is "none"/],
  ["prokube-realm", "registrationAllowed", true, /registrationAllowed is true/],
  ["prokube-realm", "duplicateEmailsAllowed", true, /duplicateEmailsAllowed is true/],
  ["prokube-realm", "editUsernameAllowed", true, /editUsernameAllowed is true/],
  ["prokube-realm", "userManagedAccess", true, /userManagedAccess is true/],
  ["prokube-realm", "securityDefenses.headers.contentSecurityPolicy", "", /shown inside others/],
  ["prokube-profile", "unmanagedAttributePolicy", "ENABLED", /unmanagedAttributePolicy is "ENABLED"/],
]);

test("of a realm that is others', what changes are ignored of may be left out, and nothing else", async () => {
  const theirs = spoiled(
    the(all, "prokube-realm"),
    ["verifyEmail", undefined],
    ["attributes.managed-by", undefined],
    ["passwordPolicy", undefined],
    ["securityDefenses.bruteForceDetection", undefined],
    ["browserFlow", "their browser"],
  );
  assert.deepEqual(await judge(realmSettings, { ...theirs, ignoreChanges: ["verifyEmail", "browserFlow"] }), []);
  const findings = (await judge(realmSettings, { ...theirs, ignoreChanges: [] })).join("\n");
  assert.match(findings, /verifyEmail is nothing; allowed is true/);
  assert.match(findings, /browserFlow is "their browser"; allowed is nothing/);
});
test("an access token may live for an hour", async () => {
  for (const lifespan of ["1h0m0s", "5m0s", "60m0s", "300s"]) {
    const realm = spoiled(the(all, "prokube-realm"), ["accessTokenLifespan", lifespan]);
    assert.deepEqual(await judge(realmSettings, realm), [], lifespan);
  }
});
test("administrators may have attributes of their own to write", async () => {
  const attributes = [{ name: "managed-by", permissions: { views: ["admin"], edits: ["admin"] } }];
  assert.deepEqual(await judge(realmSettings, spoiled(the(all, "prokube-profile"), ["attributes", attributes])), []);
});

refuses(sources, [
  ["staff-federation", "name", "other", /name is "other"; allowed is "staff"/],
  ["staff-federation", "deleteDefaultMappers", undefined, /deleteDefaultMappers is nothing/],
  ["staff-federation", "importEnabled", false, /importEnabled is false/],
  ["staff-federation", "cache", { policy: "DEFAULT" }, /cache\.policy is "DEFAULT"/],
  ["staff-federation", "usePasswordModifyExtendedOp", true, /usePasswordModifyExtendedOp is true/],
  ["staff-federation", "kerberos", { kerberosRealm: "X" }, /kerberos is/],
  ["corp-provider", "alias", "other", /alias is "other"; allowed is "corp"/],
  ["corp-provider", "providerId", "keycloak-oidc", /providerId is "keycloak-oidc"/],
  ["corp-provider", "firstBrokerLoginFlowAlias", "first broker login", /firstBrokerLoginFlowAlias is "first broker/],
  ["corp-provider", "firstBrokerLoginFlowAlias", "prokube-access first login hub", /allowed is "prokube-access first/],
  ["corp-provider", "firstBrokerLoginFlowAlias", undefined, /firstBrokerLoginFlowAlias is nothing/],
  ["corp-provider", "postBrokerLoginFlowAlias", "browser", /postBrokerLoginFlowAlias is "browser"/],
  ["corp-provider", "extraConfig.validateSignature", "false", /extraConfig\.validateSignature is set/],
  ["corp-provider", "extraConfig.emailClaim", "nickname", /extraConfig\.emailClaim is set/],
  ["corp-provider", "tokenUrl", "http://id.example.com/token", /tokenUrl is "http:/],
  ["corp-provider", "jwksUrl", "http://id.example.com/keys", /jwksUrl is "http:/],
  ["corp-provider", "jwksUrl", undefined, /names no keys/],
  ["corp-provider", "authenticateByDefault", true, /authenticateByDefault is true/],
  ["corp-provider", "addReadTokenRoleOnCreate", true, /addReadTokenRoleOnCreate is true/],
  ["partner-provider", "principalAttribute", "mail", /principalAttribute is "mail"/],
  ["partner-provider", "singleSignOnServiceUrl", "http://saml.example.com", /singleSignOnServiceUrl/],
  ["corp-email", "userAttribute", "emailVerified", /userAttribute is "emailVerified"; allowed is "email"/],
  ["corp-email", "userAttribute", "username", /userAttribute is "username"/],
  ["corp-email", "userAttribute", "managed-by", /userAttribute is "managed-by"/],
  ["corp-email", "userAttribute", "lastName", /not that of its name/],
  ["corp-email", "extraConfig.syncMode", "FORCE", /syncMode is "FORCE"/],
  ["corp-email", "extraConfig.syncMode", "LEGACY", /syncMode is "LEGACY"/],
  ["corp-email", "extraConfig.syncMode", undefined, /syncMode is nothing; allowed is "INHERIT"/],
  ["corp-email", "extraConfig.template", "${x}", /extraConfig\.template is set/],
  ["staff-email", "userModelAttribute", "emailVerified", /userModelAttribute is "emailVerified"/],
  ["staff-email", "userModelAttribute", "managed-by", /userModelAttribute is "managed-by"/],
  ["staff-email", "userModelAttribute", "username", /not that of its name/],
  ["staff-email", "isBinaryAttribute", true, /isBinaryAttribute is true/],
  ["staff-email", "readOnly", false, /readOnly is false/],
  ["staff-email", "attributeDefaultValue", "ada@example.com", /attributeDefaultValue is "ada@/],
  ["staff-group-guests/ML Users", "groupsPath", "/other", /groupsPath is "\/other"/],
  ["staff-group-guests/ML Users", "groupsLdapFilter", "(cn=*)", /groupsLdapFilter is "\(cn=\*\)"/],
  ["staff-group-guests/ML Users", "groupsLdapFilter", undefined, /groupsLdapFilter is nothing/],
  ["staff-group-guests/ML Users", "groupNameLdapAttribute", "a=b)(cn", /no name of an attribute/],
  ["staff-group-guests/ML Users", "mappedGroupAttributes", ["policy"], /mappedGroupAttributes/],
  ["corp-group-guests/corp~data", "extraConfig.group", "/other/corp~data", /extraConfig\.group is/],
  ["corp-group-guests/corp~data", "extraConfig.claims", undefined, /takes in whom ""/],
  ["corp-group-guests/corp~data", "extraConfig.claims", "[]", /takes in whom "\[\]"/],
  ["corp-group-guests/corp~data", "extraConfig.claims", '[{"key":"groups","value":"x"}]', /of the value "data"/],
  ["corp-group-guests/corp~data", "extraConfig.claims", "data", /takes in whom "data"/],
  ["corp-group-guests/corp~data", "extraConfig.attributes", '[{"value":"data"}]', /takes in whom/],
  ["corp-group-guests/corp~data", "extraConfig.role", "pk:edit:team-a", /extraConfig\.role is set/],
  ["corp-first-login-account-link-proof-mail", "authenticator", "idp-auto-link", /without proof/],
  ["staff-federation", "trustEmail", true, /trustEmail is true/],
  ["staff-federation", "editMode", "WRITABLE", /editMode is "WRITABLE"/],
  ["staff-federation", "syncRegistrations", true, /syncRegistrations is true/],
  ["staff-federation", "connectionUrl", "ldap://staff.example.com", /in plain text/],
  ["staff-federation", "connectionUrl", "LDAP://x?ldaps://", /in plain text/],
  ["corp-provider", "trustEmail", true, /trustEmail is true/],
  ["corp-provider", "validateSignature", false, /validateSignature is false/],
  ["corp-provider", "syncMode", "FORCE", /syncMode is "FORCE"/],
  ["corp-provider", "storeToken", true, /storeToken is true/],
  ["corp-provider", "linkOnly", true, /linkOnly is true/],
  ["hub-provider", "trustEmail", true, /trustEmail is true/],
  ["partner-provider", "validateSignature", false, /validateSignature is false/],
  ["partner-provider", "wantAssertionsSigned", false, /wantAssertionsSigned is false/],
  ["corp-users", "group", "/pk-admin", /group is "\/pk-admin"; allowed is \/pk-user/],
  ["staff-users", "group", "/pk-admin", /group is "\/pk-admin"/],
  ["staff-users", "group", "/x/pk-user", /group is/],
  ["staff-group-guests/ML Users", "groupsPath", "/pk-admin", /groupsPath is "\/pk-admin"/],
  ["staff-group-guests/ML Users", "groupsPath", "/", /groupsPath is "\/"/],
  ["staff-group-guests/ML Users", "mode", "IMPORT", /mode is "IMPORT"/],
  ["staff-group-guests/ML Users", "preserveGroupInheritance", true, /preserveGroupInheritance is true/],
  ["corp-group-guests/corp~data", "extraConfig.group", "/pk-admin", /extraConfig\.group is "\/pk-admin"/],
  ["corp-group-guests/corp~data", "extraConfig.group", "/pk-admin/x", /extraConfig\.group/],
  ["corp-group-guests/corp~data", "extraConfig.syncMode", "IMPORT", /syncMode is "IMPORT"/],
  [
    "corp-group-guests/corp~data",
    "extraConfig",
    { syncMode: "FORCE", group: "/guests/x", "are.claim.values.regex": "true" },
    /regex is "true"/,
  ],
  ["corp-group-guests/corp~data", "identityProviderMapper", "oidc-role-idp-mapper", /identityProviderMapper/],
]);
test("a source is believed where the configuration names it", async () => {
  const trusting = spoiled(the(all, "corp-provider"), ["trustEmail", true]);
  assert.deepEqual(await judge(sources, trusting, { trusted: ["corp"] }), []);
  assert.match((await judge(sources, trusting, { trusted: ["staff"] })).join(), /trustEmail/);
});

test("who comes through a source that is trusted may be linked without proof", async () => {
  const link = spoiled(the(all, "corp-first-login-account-link-proof-mail"), ["authenticator", "idp-auto-link"]);
  assert.deepEqual(await judge(sources, link, { trusted: ["corp"] }), []);
  assert.match((await judge(sources, link, { trusted: ["corp-first"] })).join(), /without proof/);
});

refuses(groups, [
  ["guests-group", "parentId", "prokube-group-pk-admin-id", /is inside another group/],
  ["guests-group", "name", "pk-admin", /name is "pk-admin"; allowed is "guests"/],
  ["guests-group", "attributes.policy", "consoleAdmin", /attributes\.policy is set/],
  ["guests-group", "organizationId", "x", /organizationId is "x"/],
  ["guests/Data", "parentId", undefined, /name is "Data"; allowed is "guests"/],
  ["guests/Data", "name", "ML Users", /name is "ML Users"; allowed is "Data"/],
  ["prokube-group-pk-user", "parentId", "prokube-group-pk-admin-id", /is inside another group/],
  ["prokube-group-pk-user", "name", "pk-admin", /name is "pk-admin", not that of prokube-group-pk-user/],
]);

const mail = "corp-first-login-account-link-proof-mail";
const member = "board-login-gate-allowed-members";
refuses(loginSteps, [
  ["prokube-browser-password-form", "authenticator", "allow-access-authenticator", /authenticator is "allow-access/],
  ["prokube-browser-password-form", "requirement", "DISABLED", /requirement is "DISABLED"; allowed is "REQUIRED"/],
  ["prokube-browser-password-form", "requirement", "ALTERNATIVE", /requirement is "ALTERNATIVE"/],
  ["prokube-browser-password-form", "requirement", undefined, /requirement is nothing/],
  ["prokube-browser-password-form", "parentFlowAlias", "browser", /parentFlowAlias is "browser"; allowed is "prokube-/],
  ["prokube-browser-password-administrators-otp", "requirement", "DISABLED", /requirement is "DISABLED"/],
  ["prokube-browser-password-administrators-otp", "authenticator", "auth-cookie", /allowed is "auth-otp-form"/],
  ["prokube-direct-grant-password", "authenticator", "direct-grant-validate-username", /authenticator is/],
  ["prokube-browser-password", "requirement", "DISABLED", /requirement is "DISABLED"/],
  ["prokube-browser-password", "alias", "browser", /alias is "browser"/],
  ["prokube-browser-password", "providerId", "client-flow", /providerId is "client-flow"/],
  ["prokube-browser-flow", "providerId", "client-flow", /providerId is "client-flow"/],
  ["prokube-browser-password", "authenticator", "registration-page-form", /authenticator is "registration-page-form"/],
  ["board-login-gate-refuse-config", "alias", "other", /alias is "other"; allowed is "board-login-gate-refuse"/],
  ["prokube-browser-flow", "alias", "browser", /alias is "browser"; allowed is "prokube-access browser"/],
  [mail, "authenticator", "allow-access-authenticator", /allowed is "idp-email-verification"/],
  [mail, "authenticator", "idp-confirm-link", /authenticator is "idp-confirm-link"/],
  [mail, "requirement", "DISABLED", /requirement is "DISABLED"/],
  ["corp-first-login-account-create", "authenticator", "idp-auto-link", /authenticator is "idp-auto-link"/],
  ["corp-first-login-account-create", "priority", 30, /priority is 30; allowed is 10/],
  [`${member}-role`, "authenticator", "conditional-user-configured", /allowed is "conditional-user-role"/],
  [`${member}-role-config`, "config.condUserRole", "default-roles-prokube", /config\.condUserRole is "default-roles/],
  [
    `${member}-role-config`,
    "config.condUserRole",
    "prokube-access:application:other",
    /allowed is "prokube-access:app/,
  ],
  [`${member}-role-config`, "config.negate", "true", /config\.negate is "true"/],
  [`${member}-role-config`, "config", undefined, /config\.condUserRole is nothing/],
  [`${member}-role-config`, "config.condUserAttribute", "x", /config\.condUserAttribute is set/],
  ["board-login-gate-refuse", "requirement", "DISABLED", /requirement is "DISABLED"/],
  ["board-login-gate-refuse", "priority", 5, /priority is 5; allowed is 20/],
  ["corp-after-login-application-board-scope-config", "config.client_scope", "x", /client_scope is "x"/],
]);
test("a gate may ask for a realm role, by its own name", async () => {
  const own = [
    ["board-login-gate-allowed-members-role-config", "role-team~lead"],
    ["corp-after-login-application-board-gate-allowed-members-role-config", "role-team~lead"],
  ] as const;
  for (const [name, entrance] of own) {
    const text = JSON.stringify(the(all, name)).replaceAll("allowed-members", `allowed-${entrance}`);
    const asked = spoiled(JSON.parse(text) as Recorded, ["config.condUserRole", "team:lead"]);
    assert.deepEqual(await judge(loginSteps, asked), []);
    const other = spoiled(asked, ["config.condUserRole", "team:all"]);
    assert.match((await judge(loginSteps, other)).join(), /condUserRole is "team:all"; allowed is "team:lead"/);
    const everybody = JSON.parse(text.replaceAll("team~lead", "default-roles-prokube")) as Recorded;
    const open = spoiled(everybody, ["config.condUserRole", "default-roles-prokube"]);
    assert.match((await judge(loginSteps, open)).join(), /lets in whoever has "default-roles-prokube"/);
  }
});

refuses(boundFlows, [
  ["prokube-bindings", "browserFlow", "registration", /browserFlow is "registration"; allowed is "browser" or/],
  ["prokube-bindings", "browserFlow", "prokube-access direct grant", /browserFlow/],
  ["prokube-bindings", "browserFlow", undefined, /browserFlow is nothing/],
  ["prokube-bindings", "directGrantFlow", "browser", /directGrantFlow is "browser"/],
  ["prokube-bindings", "firstBrokerLoginFlow", "auto", /firstBrokerLoginFlow is "auto"/],
  ["prokube-bindings", "clientAuthenticationFlow", "x", /clientAuthenticationFlow is "x"/],
]);
test("the realm may use a flow of others that the configuration names", async () => {
  const theirs = spoiled(the(all, "prokube-bindings"), ["browserFlow", "passkeys"]);
  assert.deepEqual(await judge(boundFlows, theirs, { flows: ["passkeys"] }), []);
});

refuses(clients, [
  ["board-client", "standardTokenExchangeEnabled", true, /standardTokenExchangeEnabled is true/],
  ["board-client", "oauth2JwtAuthorizationGrantEnabled", true, /oauth2JwtAuthorizationGrantEnabled/],
  ["board-client", "oauth2DeviceAuthorizationGrantEnabled", true, /oauth2DeviceAuthorizationGrantEnabled/],
  ["board-client", "clientAuthenticatorType", "client-jwt", /clientAuthenticatorType is "client-jwt"/],
  ["board-client", "extraConfig.oauth2.device", "x", /extraConfig\.oauth2 is set/],
  ["board-client", "extraConfig", { "jwks.url": "https://x.example.com" }, /jwks\.url is set/],
  ["board-client", "extraConfig", { "oidc.ciba.grant.enabled": "true" }, /oidc\.ciba\.grant\.enabled is "true"/],
  ["board-client", "authenticationFlowBindingOverrides", { directGrantId: "x" }, /directGrantId is set/],
  ["clients-dex", "authenticationFlowBindingOverrides", { browserId: "x" }, /a login flow of its own/],
  ["board-client", "validRedirectUris", ["https://cluster.example.com/board/*"], /sends people to/],
  ["board-client", "validRedirectUris", ["https://other.example.com/x"], /allowed are cluster\.example\.com/],
  ["board-client", "validRedirectUris", ["https://cluster.example.com@evil.example.com/x"], /sends people to/],
  ["board-client", "validRedirectUris", ["https://evil.example.com\\@cluster.example.com/"], /sends people to/],
  ["board-client", "validRedirectUris", ["/board/callback"], /sends people to/],
  ["board-client", "validRedirectUris", ["+"], /sends people to/],
  ["board-client", "validPostLogoutRedirectUris", ["*"], /sends people to "\*"/],
  ["board-client", "validPostLogoutRedirectUris", ["https://cluster.example.com/*"], /sends people to/],
  ["board-client", "webOrigins", ["https://other.example.com"], /pages of/],
  ["board-client", "rootUrl", "https://other.example.com", /rootUrl/],
  ["clients-direct", "validRedirectUris", ["https://evil.example.org/x"], /sends people to "https:\/\/evil/],
  ["board-client", "fullScopeAllowed", true, /fullScopeAllowed is true; allowed is false/],
  ["board-client", "fullScopeAllowed", undefined, /fullScopeAllowed is nothing/],
  ["board-client", "accessType", "PUBLIC", /accessType is "PUBLIC"/],
  ["board-client", "accessType", "BEARER-ONLY", /accessType/],
  ["board-client", "directAccessGrantsEnabled", true, /directAccessGrantsEnabled/],
  ["board-client", "implicitFlowEnabled", true, /implicitFlowEnabled/],
  ["board-client", "serviceAccountsEnabled", true, /serviceAccountsEnabled/],
  ["board-client", "authorization", { policyEnforcementMode: "PERMISSIVE" }, /authorization services/],
  ["board-client", "import", true, /import is true/],
  ["board-client", "validRedirectUris", ["*"], /sends people to "\*"/],
  ["board-client", "validRedirectUris", ["https://*"], /sends people to/],
  ["board-client", "validRedirectUris", ["https://*.example.com/x"], /sends people to/],
  ["board-client", "validRedirectUris", ["http://cluster.example.com/x"], /sends people to/],
  ["board-client", "webOrigins", ["*"], /pages of "\*"/],
  ["clients-dex", "fullScopeAllowed", true, /fullScopeAllowed is true/],
  ["clients-direct", "pkceCodeChallengeMethod", undefined, /pkceCodeChallengeMethod is nothing/],
  ["clients-direct", "directAccessGrantsEnabled", true, /directAccessGrantsEnabled/],
]);

test("without hosts in the configuration only the client with all roles keeps to the own machine", async () => {
  assert.deepEqual(await judge(clients, the(all, "board-client"), {}), []);
  assert.match(
    (await judge(clients, the(all, "clients-direct"), {})).join(),
    /allowed are nowhere and the own machine/,
  );
  const local = spoiled(the(all, "clients-direct"), ["validRedirectUris", ["http://localhost:8000/", "http://[::1]/"]]);
  assert.deepEqual(await judge(clients, local, {}), []);
});
test("a second public client is none of the platform's", async () => {
  const second = { ...the(all, "clients-direct"), name: "clients-second" };
  assert.match((await judge(clients, second, configOf("clients"))).join(), /accessType is "PUBLIC"; allowed is "CONF/);
});

refuses(clientScopes, [
  ["board-scopes", "defaultScopes.7", "roles", /defaultScopes has "roles"/],
  ["board-scopes", "defaultScopes.7", "prokube-access-charts", /defaultScopes has "prokube-access-charts"/],
  ["board-optional-scopes", "optionalScopes.1", "roles", /optionalScopes has "roles"/],
  ["board-scope", "name", "roles", /name is "roles"; allowed is "prokube-access-board"/],
  ["groups-scope-scope", "name", "roles", /name is "roles"; allowed is "groups"/],
  ["board-audience", "includedClientAudience", "minio", /includedClientAudience is "minio"/],
  ["board-audience", "clientScopeId", "groups-scope-scope-id", /clientScopeId/],
  ["groups-scope-mapper", "fullPath", false, /fullPath is false/],
  ["clients-dex-groups", "clientScopeId", "groups-scope-scope-id", /clientScopeId/],
  ["clients-dex-groups", "realmRolePrefix", "pk:", /realmRolePrefix is "pk:"/],
]);

refuses(applicationPaths, [
  ["Application board", "paths", ["/kfam/*"], /exempts "\/kfam\/\*"/],
  ["Application board", "paths", ["/pipeline/*"], /exempts/],
  ["Application board", "paths", ["/pipelines2"], /exempts/],
  ["Application board", "paths", ["/ml_metadata.x"], /exempts/],
  ["Application board", "paths", ["/KFAM/v1"], /exempts/],
  ["Application board", "paths", ["/api/*"], /exempts/],
  ["Application board", "paths", ["/notebook/team-a/x"], /exempts/],
  ["gateway-exemptions", "input.exempted", ["/board/*", "/kfam/*"], /exempts "\/kfam/],
  ["grants", "input.exempted", ["/jupyter/*"], /exempts "\/jupyter/],
  ["Application board", "paths", ["/*"], /exempts "\/\*", which is wide/],
  ["Application board", "paths", ["*"], /exempts "\*"/],
  ["Application board", "paths", ["/"], /exempts "\/"/],
  ["Application board", "paths", ["/bo*"], /exempts "\/bo\*"/],
  ["Application board", "paths", ["/board/../pipeline/*"], /exempts/],
  ["Application board", "paths", ["/oauth2/*"], /the platform's own/],
  ["Application board", "paths", ["/auth"], /the platform's own/],
  ["grants", "input.exempted", ["/board/*", "/*"], /exempts "\/\*"/],
  ["gateway-exemptions", "input.exempted", ["/*"], /exempts "\/\*"/],
]);

test("paths of the platform's own are also those that the configuration names", async () => {
  const labs = spoiled(the(all, "board", "Application"), ["paths", ["/Labs/x"]]);
  assert.deepEqual(await judge(applicationPaths, labs, {}), []);
  assert.match((await judge(applicationPaths, labs, { platformPaths: ["/labs"] })).join(), /exempts "\/Labs/);
  const kfam = spoiled(labs, ["paths", ["/kfam/*"]]);
  assert.match((await judge(applicationPaths, kfam, { platformPaths: [] })).join(), /exempts "\/kfam/);
});

const token = "kubernetes.io/service-account-token";
refuses(objectsInPlace, [
  ["team-a-artifact-keys", "metadata.namespace", "ada", /metadata\.namespace is "ada"; allowed is "team-a"/],
  ["team-a-artifact-keys", "metadata.namespace", undefined, /metadata\.namespace is nothing/],
  ["team-a-artifact-keys", "metadata.name", "default-editor-token", /metadata\.name is "default-editor-token"/],
  ["team-a-artifact-keys", "type", token, /type is "kubernetes\.io\/service-account-token"; allowed is nothing or "Op/],
  [
    "team-a-artifact-keys",
    "metadata.annotations",
    { "kubernetes.io/service-account.name": "x" },
    /account\.name is set/,
  ],
  ["team-a-artifact-keys", "data", { token: "x" }, /data\.token is set/],
  ["team-a-artifact-keys", "immutable", true, /immutable is set/],
  ["team-a-artifact-keys", "metadata.labels", { "istio.io/config": "true" }, /labels\.istio\.io\/config is set/],
  ["team-a-artifact-keys", "metadata.finalizers", ["x"], /metadata\.finalizers is set/],
  ["team-a-artifact-keys", "metadata.ownerReferences", [{}], /metadata\.ownerReferences is set/],
  ["team-a-workload-keys", "metadata.labels.prokube-access/stack", "prod", /allowed is "wide"/],
  ["team-a-launcher", "metadata.namespace", "istio-system", /metadata\.namespace is "istio-system"/],
  ["team-a-launcher", "metadata.name", "istio", /metadata\.name is "istio"/],
  ["team-a-launcher", "data", { mesh: "x" }, /data\.mesh is set/],
  ["team-a-launcher", "binaryData", { x: "x" }, /binaryData is set/],
  ["ada-launcher", "metadata.namespace", "team-a", /metadata\.namespace is "team-a"; allowed is "ada"/],
  ["team-a-limit-range", "metadata.namespace", "kubeflow", /metadata\.namespace is "kubeflow"/],
  ["team-a-limit-range", "spec.other", [], /spec\.other is set/],
  ["team-a-limit-range", "spec.limits.0.max", { cpu: "1m" }, /max is set/],
  ["team-a-limit-range", "spec.limits.1", { type: "Container" }, /2 limits/],
  ["team-a-limit-range", "spec.limits.0.type", "Pod", /type is "Pod"/],
  ["team-a-profile", "metadata.namespace", "ada", /metadata\.namespace is "ada"/],
  ["team-a-profile", "metadata.annotations.x", "y", /metadata\.annotations\.x is set/],
  [orla, "metadata.labels", undefined, /managed-by is nothing/],
  [orla, "metadata.annotations.x", "y", /metadata\.annotations\.x is set/],
  ["team-a-network-pipelines", "metadata.annotations", { "istio.io/dry-run": "true" }, /dry-run is set/],
  ["board-keys", "metadata.namespace", "kube-system", /where no application runs/],
  ["board-keys", "metadata.namespace", "istio-system", /where no application runs/],
  ["board-keys", "metadata.name", "s3creds", /is an object of a workspace/],
  ["board-keys", "type", token, /type is "kubernetes/],
  ["board-keys", "metadata.annotations", { "kubernetes.io/service-account.name": "x" }, /account\.name is set/],
  ["board-keys", "metadata.annotations", { "serving.kserve.io/s3-endpoint": "x" }, /s3-endpoint is set/],
  ["board-keys", "data", { a: "x", b: "x", c: "x" }, /keys; allowed are two/],
  ["board-environment", "data.Corefile", "x", /data\.Corefile is set; allowed are the endpoints/],
  ["board-environment", "metadata.name", "kfp-launcher", /is an object of a workspace/],
  ["board-environment", "metadata.name", "kube-root-ca.crt", /is an object of a workspace or of Istio/],
]);
test("a Secret that was taken over says its type", async () => {
  const taken = spoiled(the(all, "team-a-artifact-keys"), ["type", "Opaque"]);
  assert.deepEqual(await judge(objectsInPlace, taken), []);
});

const labels = "metadata.labels";
refuses(namespaceLabels, [
  ["team-a-namespace", `${labels}.istio-injection`, "disabled", /istio-injection is "disabled"/],
  ["team-a-namespace", `${labels}.istio-injection`, undefined, /istio-injection is nothing; allowed is "enabled"/],
  ["team-a-namespace", labels, { "istio-injection": "disabled", "istio.io/rev": "stable" }, /istio-injection is "dis/],
  ["team-a-namespace", labels, { "istio.io/rev": "" }, /istio-injection is nothing/],
  [
    "team-a-namespace",
    labels,
    { "istio-injection": "enabled", "pod-security.kubernetes.io/enforce": "privileged" },
    /enforce is "privileged"; allowed is nothing or "baseline" or "restricted"/,
  ],
  ["team-a-namespace", labels, { "istio.io/dataplane-mode": "none" }, /label istio\.io\/dataplane-mode: "none"/],
  ["team-a-namespace", `${labels}.control-plane`, "x", /label control-plane: "x", which this policy pack does not/],
]);
test("a workspace may be in a revision of the mesh, and have labels that the configuration names", async () => {
  const own = the(all, "team-a-namespace");
  const revised = spoiled(own, [`${labels}.istio-injection`, undefined], [labels, { "istio.io/rev": "stable" }]);
  assert.deepEqual(await judge(namespaceLabels, revised), []);
  assert.deepEqual(await judge(namespaceLabels, spoiled(own, [`${labels}.team`, "a"]), { labels: ["team"] }), []);
  const guarded = { "istio-injection": "enabled", "pod-security.kubernetes.io/enforce": "restricted" };
  assert.deepEqual(await judge(namespaceLabels, spoiled(own, [labels, guarded])), []);
});

refuses(rightPlatform, [
  ["keycloak", "url", "http://127.0.0.1/auth", /it must begin with https/],
  ["keycloak", "tlsInsecureSkipVerify", "true", /tlsInsecureSkipVerify is "true"/],
  ["kubernetes", "clusterIdentifier", "prokube-access-prod", /allowed is "prokube-access-wide"/],
  ["kubernetes", "clusterIdentifier", undefined, /clusterIdentifier is nothing/],
  ["kubernetes", "renderYamlToDirectory", "out", /renderYamlToDirectory/],
  ["minio", "minioSsl", "false", /minioSsl is "false"/],
  ["minio", "minioInsecure", "true", /minioInsecure/],
  ["ada-account", "realmId", "master", /realmId is "master"; allowed is "prokube"/],
  ["prokube-realm", "realm", "master", /realm is "master"/],
  ["team-a-role-edit", "realmId", "master", /realmId is "master"/],
  ["corp-provider", "realm", "other", /realm is "other"/],
]);
test("stack prod goes to prod's servers only", async () => {
  const change = (...changes: Change[]) => spoiled(the(all, "keycloak"), ...changes);
  const config = configured("prod", rightPlatform.name);
  assert.deepEqual(await judge(rightPlatform, change(["url", "https://ml.example.com/auth"]), config), []);
  assert.match((await judge(rightPlatform, change(), config)).join(), /url is "https:\/\/127.*ml\.example\.com\/auth"/);
  assert.match((await judge(rightPlatform, the(all, "minio"), config)).join(), /minioServer is "127/);
  assert.match((await judge(rightPlatform, the(all, "kubernetes"), config)).join(), /context is nothing/);
});
