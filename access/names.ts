/** What a member may do in a workspace. */
export type AccessLevel = "edit" | "view";

/** A name that may not be used, with the reason. */
export interface NameProblem {
  readonly code: "bad-name" | "name-too-long" | "reserved-name";
  readonly message: string;
}

/**
 * The longest workspace name: an S3 bucket name has at most 63 characters and the longest made from it ends in
 * `-mlpipeline`.
 */
export const longestWorkspaceName = 63 - "-mlpipeline".length;

const longestName = 63;

/** A DNS-1123 label: it becomes a namespace, part of bucket names and part of role names. */
export const workspaceNamePattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** Keycloak's default profile wants at least 3 characters; `,` `/` `:` `*` and the like mean something in another plane. */
export const usernamePattern = /^[a-z0-9][a-z0-9._@+-]+[a-z0-9]$/;

/** No `/` (a path in Keycloak), no `,` (headers and MinIO's claim are comma lists), no `:` (realm roles). */
export const groupNamePattern = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;

/**
 * Plain lower-case addresses. Kubernetes and Istio compare case-sensitively while Keycloak folds case; a leading or
 * trailing `*` is a wildcard in Istio; quotes, commas and `$` mean something in headers and policies.
 */
export const emailPattern =
  /^(?=.{3,200}$)[a-z0-9_](?:[a-z0-9._+'-]*[a-z0-9_+-])?@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;

/** Segments of role names: a workspace called like one would make `pk:edit:x` ambiguous for readers and prefix matches. */
const roleWords = ["s3", "edit", "view", "admin", "user", "role"];

const systemNamespaces = [
  "argo",
  "argocd",
  "auth",
  "cert-manager",
  "default",
  "dex",
  "gatekeeper-system",
  "iam",
  "ingress-nginx",
  "keycloak",
  "kserve",
  "kubeflow",
  "kyverno",
  "longhorn-system",
  "metallb-system",
  "minio",
  "mlflow",
  "monitoring",
  "oauth2-proxy",
  "ops",
  "prokube",
  "rook-ceph",
  "velero",
];
const systemPrefixes = ["cattle-", "istio-", "knative-", "kube-", "openshift-", "system-"];

/** No comma (MinIO's claim and the headers are comma lists), no space, no upper case (MinIO's `consoleAdmin`). */
export const realmRolePattern = /^[a-z0-9](?:[a-z0-9._:-]*[a-z0-9])?$/;

/** MinIO takes no longer name for a policy, and role names are policy names there. */
export const longestRoleName = 96;

/** Roles that mean something by themselves: to Keycloak, to MinIO (its own policies) or to Kubernetes. */
const reservedRoles = [
  "admin",
  "create-realm",
  "diagnostics",
  "consoleadmin",
  "consolereadonly",
  "offline_access",
  "readonly",
  "readwrite",
  "uma_authorization",
  "writeonly",
];
const ownRolePrefix = "prokube-access:";
const reservedRolePrefixes: readonly (readonly [string, string])[] = [
  ["pk:", "it is for the roles of workspaces, which follow from workspaces/ and users/"],
  ["system:", "Kubernetes gives groups of that prefix rights in the whole cluster"],
  ["default-roles-", "it is for what Keycloak gives everybody"],
  [ownRolePrefix, "it is for roles of this program"],
];

/** What is wrong with the name of a free realm role, or undefined. */
export function realmRoleProblem(name: string): NameProblem | undefined {
  const prefix = reservedRolePrefixes.find(([start]) => name.startsWith(start));
  return (
    shapeProblem(
      "realm role",
      name,
      realmRolePattern,
      "lower-case letters, digits and inner . _ : -",
      longestRoleName,
    ) ??
    (prefix
      ? reserved("realm role", name, prefix[1])
      : reservedRoles.includes(name)
        ? reserved("realm role", name, "Keycloak, MinIO or Kubernetes gives it a meaning of its own")
        : undefined)
  );
}

/** The realm role whose holders are asked for a one-time password (`otp: admins`). */
export const otpRole = "prokube-access:otp";

/** A namespace: a DNS-1123 label. */
export const namespacePattern = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** What is wrong with an application's name, or undefined: a DNS-1123 label, so that names made from it never meet. */
export function applicationNameProblem(name: string): NameProblem | undefined {
  return shapeProblem(
    "application",
    name,
    sourceNamePattern,
    "lower-case letters, digits and inner hyphens",
    longestSourceName,
  );
}

/** The realm role whose holders may log in to an application with `allow:`. */
export function applicationRole(application: string): string {
  return `prokube-access:application:${application}`;
}

/** A realm role that nobody holds, because no such role is ever made. */
export const nobodysRole = "prokube-access:nobody";

/** The client scope that tells login flows which application somebody logs in to. */
export function applicationScope(application: string): string {
  return `prokube-access-${application}`;
}

/** The client scope of the claim `groups` (seed 004: applications ask for it by this name). */
export const groupsScope = "groups";

/** Environment variables of Dex with a client's id and secret (seed 004: MYAPP_OIDC_CLIENT_ID). */
export function dexVariables(application: string): { readonly id: string; readonly secret: string } {
  const prefix = application.toUpperCase().replaceAll("-", "_");
  // A variable may not begin with a digit.
  const start = /^\d/.test(prefix) ? "APP_" : "";
  return { id: `${start}${prefix}_OIDC_CLIENT_ID`, secret: `${start}${prefix}_OIDC_CLIENT_SECRET` };
}

/** Whether a realm role is one that only login flows look at; applications do not hear of it. */
export function isOwnRole(name: string): boolean {
  return name.startsWith(ownRolePrefix);
}

/** It stands in addresses, flow names and messages. */
export const sourceNamePattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

export const longestSourceName = 40;

/** What is wrong with the name of a directory or an identity provider, or undefined. */
export function sourceNameProblem(name: string): NameProblem | undefined {
  return shapeProblem(
    "source",
    name,
    sourceNamePattern,
    "lower-case letters, digits and inner hyphens",
    longestSourceName,
  );
}

/** What is wrong with a workspace name, or undefined. */
export function workspaceNameProblem(name: string): NameProblem | undefined {
  return (
    shapeProblem(
      "workspace",
      name,
      workspaceNamePattern,
      "lower-case letters, digits and inner hyphens",
      longestWorkspaceName,
    ) ??
    (roleWords.includes(name)
      ? reserved("workspace", name, "it is a part of realm role names")
      : systemNamespaces.includes(name) || systemPrefixes.some((prefix) => name.startsWith(prefix))
        ? reserved("workspace", name, "it is a namespace of the platform or of Kubernetes")
        : undefined)
  );
}

/** What is wrong with a username, or undefined. */
export function usernameProblem(name: string): NameProblem | undefined {
  return shapeProblem(
    "user",
    name,
    usernamePattern,
    "at least 3 lower-case letters, digits and inner . _ @ + -",
    longestName,
  );
}

/** What is wrong with a group's name, or undefined. */
export function groupNameProblem(name: string): NameProblem | undefined {
  return shapeProblem("group", name, groupNamePattern, "lower-case letters, digits and inner . _ -", longestName);
}

function shapeProblem(
  kind: string,
  name: string,
  pattern: RegExp,
  allowed: string,
  longest: number,
): NameProblem | undefined {
  if (!pattern.test(name)) {
    return {
      code: "bad-name",
      message: `${kind} name ${JSON.stringify(name)} is not allowed; it may have ${allowed}.`,
    };
  }
  // A lookup by such a name would find what every object has.
  if (name in {}) return reserved(kind, name, "JavaScript gives it a meaning of its own");
  if (name.length > longest) {
    return {
      code: "name-too-long",
      message: `${kind} name "${name}" has ${name.length} characters; at most ${longest} are allowed. Choose a shorter one.`,
    };
  }
  return undefined;
}

function reserved(kind: string, name: string, why: string): NameProblem {
  return { code: "reserved-name", message: `${kind} name "${name}" is reserved: ${why}. Choose another.` };
}

/** The five realm roles of a workspace (seed 001). */
export interface WorkspaceRoles {
  /** `pk:<workspace>`: the workspace itself; whoever holds it may edit. */
  readonly identity: string;
  readonly edit: string;
  readonly view: string;
  readonly s3Edit: string;
  readonly s3View: string;
}

export function workspaceRoles(workspace: string): WorkspaceRoles {
  return {
    identity: `pk:${workspace}`,
    edit: `pk:edit:${workspace}`,
    view: `pk:view:${workspace}`,
    s3Edit: `pk:s3:edit:${workspace}`,
    s3View: `pk:s3:view:${workspace}`,
  };
}

export function workspaceRoleNames(workspace: string): string[] {
  return Object.values({ ...workspaceRoles(workspace) });
}

/** The two buckets of a workspace: its data, and what Kubeflow Pipelines keeps for it. */
export function workspaceBuckets(workspace: string): { readonly data: string; readonly mlpipeline: string } {
  return { data: `${workspace}-data`, mlpipeline: `${workspace}-mlpipeline` };
}

/**
 * The policy that says whose the buckets of a workspace are: it outlives the workspace, allows nothing, and only an
 * administrator of the store can write it. S3 buckets carry no labels that the MinIO provider could set.
 */
export function bucketRecordName(workspace: string): string {
  return `prokube-access:${workspace}`;
}

/** The MinIO user behind a workspace's service account. Nobody logs in as it. */
export function storageUserName(workspace: string): string {
  return `pk-${workspace}`;
}

/** What Kubeflow Pipelines and workloads look for in a workspace's namespace. */
export const pipelineObjects = {
  /** Keys of the service account, for Kubeflow Pipelines. */
  artifactSecret: "mlpipeline-minio-artifact",
  /** The same keys for notebooks, Katib and KServe. */
  workloadSecret: "s3creds",
  launcherConfig: "kfp-launcher",
  artifactRepositories: "artifact-repositories",
} as const;

/** RoleBindings of a workspace whose subject is a realm role carried in the token. */
export const roleBindingNames: Readonly<Record<AccessLevel, string>> = { edit: "pk-edit", view: "pk-view" };

/** AuthorizationPolicies of a workspace: members who may open notebooks, and members who may not. */
export const networkPolicyNames = { full: "pk-members", pipelines: "pk-members-without-notebooks" } as const;

/** The LimitRange of a workspace, named as in seed 002. */
export const limitRangeName = "cpu-mem-limit-range";

/** The Kubeflow ClusterRole behind an access level. */
export function clusterRole(level: AccessLevel): string {
  return `kubeflow-${level}`;
}

/**
 * The name of a contributor binding exactly as KFAM makes it (kubeflow/dashboard, kfam/bindings.go `getBindingName`):
 * the Kubeflow dashboard computes the same name to find and remove it. Runs of anything but letters and digits
 * become one hyphen, so different addresses can meet in one name; the loader refuses that within a workspace.
 */
export function contributorBindingName(email: string, level: AccessLevel): string {
  return `user-${email}-clusterrole-${level}`.replaceAll(/[^a-zA-Z0-9]+/g, "-").toLowerCase();
}

/** The ClusterRoleBinding of one user. Kubernetes allows an address in it as it is, so that two never meet in one name. */
export function clusterRoleBindingName(email: string, level: "admin" | "edit"): string {
  return `prokube-access:kubeflow-${level}:${email}`;
}
