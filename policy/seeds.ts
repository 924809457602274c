/**
 * What the seeds, KFAM, Istio and MinIO say, stated a second time on purpose: the rules compare what the program makes
 * with this, and nothing of the program's own decisions is in it.
 */

export type Level = "edit" | "view";

/** The five realm roles of a workspace, each with its parts (seed 001). */
export function roleTree(workspace: string): Readonly<Record<string, readonly string[]>> {
  return {
    [`pk:${workspace}`]: [`pk:edit:${workspace}`, `pk:view:${workspace}`, `pk:s3:edit:${workspace}`],
    [`pk:edit:${workspace}`]: [`pk:s3:edit:${workspace}`],
    [`pk:view:${workspace}`]: [`pk:s3:view:${workspace}`],
    [`pk:s3:edit:${workspace}`]: [],
    [`pk:s3:view:${workspace}`]: [],
  };
}

/** The two buckets of a workspace (seed 000). */
export function bucketsOf(workspace: string): readonly string[] {
  return [`${workspace}-data`, `${workspace}-mlpipeline`];
}

/** What an S3 policy of each level may allow, on the buckets and on what is in them. */
export const s3Actions: Readonly<
  Record<Level, { readonly bucket: readonly string[]; readonly object: readonly string[] }>
> = {
  edit: {
    bucket: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
    object: [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ],
  },
  view: { bucket: ["s3:GetBucketLocation", "s3:ListBucket"], object: ["s3:GetObject"] },
};

/**
 * Addresses that mean the same person on every plane: lower-case ASCII, one `@`, nothing that Kubernetes, Istio, MinIO
 * or a header takes for something else. Kubernetes compares with case, and a `*` at either end is Istio's wildcard.
 */
export function isPlainAddress(address: string): boolean {
  const [local, domain, ...more] = address.split("@");
  if (local === undefined || domain === undefined || more.length > 0) return false;
  return /^[a-z0-9._+'-]+$/.test(local) && /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(domain);
}

/** The name of a contributor binding as KFAM computes it (kubeflow/dashboard, kfam/bindings.go). */
export function contributorName(address: string, level: Level): string {
  return `user-${address}-clusterrole-${level}`
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .join("-");
}

const systemNamespaces = new Set(["argo", "argocd", "auth", "cert-manager", "default", "dex", "iam", "keycloak"]);
for (const name of ["kserve", "kubeflow", "minio", "mlflow", "monitoring", "oauth2-proxy", "prokube"]) {
  systemNamespaces.add(name);
}

/** Namespaces that are the platform's or Kubernetes' own: never a workspace (seed 000 names none of them so). */
export function isSystemNamespace(name: string): boolean {
  return systemNamespaces.has(name) || /^(?:kube|istio|knative|openshift|system|cattle)-/.test(name);
}

/** Words that make `pk:edit:<workspace>` read in two ways. */
const roleWords = ["s3", "edit", "view", "admin", "user", "role"];

/** Whether a name can be a namespace, part of bucket names and part of role names without meaning another one. */
export function isWorkspaceName(name: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?$/.test(name) && !roleWords.includes(name) && !isSystemNamespace(name);
}

/**
 * Names of realm roles that mean something to somebody else: MinIO's own policies would be given by them, Kubernetes'
 * own groups (`system:masters`) entered.
 */
export function isForeignRole(name: string): boolean {
  const minio = ["consoleadmin", "consolereadonly", "diagnostics", "readonly", "readwrite", "tablesadmin", "writeonly"];
  const keycloak = ["admin", "create-realm", "offline_access", "uma_authorization", "realm-management"];
  return (
    [...minio, ...keycloak, "cluster-admin"].includes(name.toLowerCase()) ||
    /^(?:system:|default-roles-|kubeflow-)/i.test(name)
  );
}

/** Roles that Keycloak gives everybody. */
export function isEverybodysRole(name: string): boolean {
  return ["offline_access", "uma_authorization"].includes(name) || name.startsWith("default-roles-");
}

/** No comma (headers and MinIO's claim are comma lists), no space, no `*`, no upper case, no end in punctuation. */
export function isPlainRoleName(name: string): boolean {
  return name.length <= 96 && /^[a-z0-9](?:[a-z0-9._:-]*[a-z0-9])?$/.test(name);
}

/** Paths that a gateway exempts for an application: below a first segment of its own; wild only at the end. */
export function isNarrowPath(path: string): boolean {
  return (
    /^\/[A-Za-z0-9][A-Za-z0-9._~-]*(?:\/[A-Za-z0-9._~-]+)*(?:\/\*{0,2})?$/.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path)
  );
}

/**
 * First segments of paths that are the platform's own, in lower case, because Kubeflow's dashboard, which answers what
 * nothing else does, ignores case: VirtualServices and routes of kubeflow/manifests, Dex, oauth2-proxy, Keycloak, and
 * what the platform exempts itself (seed 004).
 */
const platformSegments = new Set(
  `
  .well-known _ a2a ai api apis argo argocd auth dashboard debug dex healthz hub jupyter katib kfam
  kserve-endpoints login logout mcp metadata metrics minio mlflow model-registry models notebook notebooks oauth2
  profile prometheus sandbox serving system tensorboard tensorboards viewer volumes
  `
    .trim()
    .split(/\s+/),
);

/** Whether a path is one that the platform answers. Two of its routes take whatever only begins like them. */
export function isPlatformPath(path: string): boolean {
  const [, first = ""] = path.toLowerCase().split("/");
  return platformSegments.has(first) || /^(?:ml_metadata|pipeline)/.test(first);
}

const loopback = ["localhost", "127.0.0.1", "[::1]"];

/** The host of an address that codes or tokens may be sent to: written out, and encrypted but on the own machine. */
export function hostOf(address: string): string | undefined {
  const url = URL.parse(address);
  if (!url || url.username !== "" || url.password !== "" || /[\s*#\\]/.test(address)) return undefined;
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  return isSafe ? url.hostname : undefined;
}

/** Whether a host is a person's own machine. */
export function isLoopback(host: string): boolean {
  return loopback.includes(host);
}
