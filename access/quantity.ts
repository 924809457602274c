const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const quantity = /^(?<number>\d+(?:\.\d+)?|\.\d+)(?:(?<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?<exponent>[+-]?\d{1,2}))?$/;

/**
 * The value of a Kubernetes quantity (`800m`, `512Mi`, `1e3`) as a number, or undefined when it is none.
 * Negative ones are refused: a quota or limit below zero is always a mistake.
 */
export function parseQuantity(text: string): number | undefined {
  const groups = quantity.exec(text)?.groups;
  if (!groups) return undefined;
  const scale = groups["exponent"] === undefined ? suffixes[groups["suffix"] ?? ""] : 10 ** Number(groups["exponent"]);
  return scale === undefined ? undefined : Number(groups["number"]) * scale;
}

const countable = [
  "pods",
  "services",
  "services.loadbalancers",
  "services.nodeports",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "replicationcontrollers",
  "resourcequotas",
];
const measured = ["cpu", "memory", "ephemeral-storage"];

/** The quota keys with a fixed name; `count/...`, per storage class and extended resources come on top. */
export const quotaKeys = [
  ...measured,
  ...measured.flatMap((key) => [`requests.${key}`, `limits.${key}`]),
  "requests.storage",
  ...countable,
];

const label = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const domain = `${label}(?:\\.${label})+`;
const quotaKeyPatterns = [
  new RegExp(`^count/${label}(?:\\.${label})*$`),
  new RegExp(
    `^${label}(?:\\.${label})*\\.storageclass\\.storage\\.k8s\\.io/(?:requests\\.storage|persistentvolumeclaims)$`,
  ),
  new RegExp(`^requests\\.${domain}/[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$`),
  /^(?:requests\.|limits\.)?hugepages-\d+(?:Ki|Mi|Gi)$/,
];

/** Whether Kubernetes knows a ResourceQuota key. A wrong one makes Kubeflow's Profile controller loop (kubeflow/kubeflow#4965). */
export function isQuotaKey(key: string): boolean {
  return quotaKeys.includes(key) || quotaKeyPatterns.some((pattern) => pattern.test(key));
}

/** Whether a quota key counts objects, so that only whole numbers make sense. */
export function countsObjects(key: string): boolean {
  return countable.includes(key) || key.startsWith("count/") || key.endsWith("/persistentvolumeclaims");
}

/** Whether a quota key limits cpu or memory: from then on every container must say what it needs (seed 002). */
export function limitsCompute(key: string): boolean {
  return /^(?:requests\.|limits\.)?(?:cpu|memory)$/.test(key);
}
