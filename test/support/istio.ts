/**
 * A small evaluator of Istio AuthorizationPolicies, written from Istio's reference and not from what this program
 * writes: CUSTOM is left out (it only redirects to a login), DENY comes before ALLOW, and where any ALLOW policy
 * applies something must match.
 */
export interface AuthorizationPolicy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: {
    readonly action?: "ALLOW" | "DENY" | "CUSTOM" | "AUDIT";
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly rules?: readonly Rule[];
  };
}

interface Rule {
  readonly from?: readonly { readonly source: Source }[];
  readonly to?: readonly { readonly operation: Operation }[];
  readonly when?: readonly Condition[];
}

interface Source {
  readonly principals?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly requestPrincipals?: readonly string[];
  readonly notRequestPrincipals?: readonly string[];
}

interface Operation {
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
  readonly notPaths?: readonly string[];
}

interface Condition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

/** A request as it reaches a workload. */
export interface MeshRequest {
  /** Namespace and labels of the workload that is asked. */
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** SPIFFE identity of the caller without its scheme, such as cluster.local/ns/kubeflow/sa/dashboard. */
  readonly principal: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly path?: string;
}

const rootNamespace = "istio-system";

/** Whether the mesh lets a request through to the workload. */
export function isAllowed(policies: readonly AuthorizationPolicy[], request: MeshRequest): boolean {
  const applying = policies.filter((policy) => appliesTo(policy, request));
  const matches = (action: string) => applying.filter((policy) => (policy.spec?.action ?? "ALLOW") === action);
  const isMatched = ({ spec }: AuthorizationPolicy) => (spec?.rules ?? []).some((rule) => ruleMatches(rule, request));
  if (matches("DENY").some(isMatched)) return false;
  const allow = matches("ALLOW");
  return allow.length === 0 || allow.some(isMatched);
}

/** A policy of the root namespace holds everywhere, any other in its own; a selector narrows either. */
function appliesTo({ metadata, spec }: AuthorizationPolicy, { namespace, labels = {} }: MeshRequest): boolean {
  const selected = Object.entries(spec?.selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return selected && (metadata.namespace === namespace || metadata.namespace === rootNamespace);
}

/** A rule's parts must all match; a part that is absent matches everything; one entry of a list is enough. */
function ruleMatches({ from, to, when }: Rule, request: MeshRequest): boolean {
  return (
    (from === undefined || from.some(({ source }) => sourceMatches(source, request))) &&
    (to === undefined || to.some(({ operation }) => operationMatches(operation, request))) &&
    (when ?? []).every((condition) => conditionMatches(condition, request))
  );
}

function sourceMatches(source: Source, request: MeshRequest): boolean {
  return (
    oneOf(source.principals, request.principal) &&
    oneOf(source.namespaces, namespaceOf(request.principal)) &&
    oneOf(source.requestPrincipals, undefined) &&
    noneOf(source.notRequestPrincipals, undefined)
  );
}

function operationMatches(operation: Operation, { method = "GET", path = "/" }: MeshRequest): boolean {
  return oneOf(operation.methods, method) && oneOf(operation.paths, path) && noneOf(operation.notPaths, path);
}

function conditionMatches({ key, values, notValues }: Condition, request: MeshRequest): boolean {
  const value = attribute(key, request);
  return oneOf(values, value) && noneOf(notValues, value);
}

function attribute(key: string, { headers = {}, principal }: MeshRequest): string | undefined {
  const header = /^request\.headers\[(?<name>.+)\]$/.exec(key)?.groups?.["name"];
  if (header !== undefined) return headers[header.toLowerCase()];
  if (key === "source.namespace") return namespaceOf(principal);
  if (key === "source.principal") return principal;
  throw new Error(`the evaluator does not know the condition ${key}`);
}

function namespaceOf(principal: string): string | undefined {
  return /\/ns\/(?<namespace>[^/]+)\//.exec(principal)?.groups?.["namespace"];
}

function oneOf(patterns: readonly string[] | undefined, value: string | undefined): boolean {
  return patterns === undefined || patterns.some((pattern) => stringMatches(pattern, value));
}

function noneOf(patterns: readonly string[] | undefined, value: string | undefined): boolean {
  return !(patterns ?? []).some((pattern) => stringMatches(pattern, value));
}

/** `*` is any value that is there, `abc*` a prefix, `*abc` a suffix, everything else exact. */
function stringMatches(pattern: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (pattern === "*") return value !== "";
  if (pattern.endsWith("*")) return value.startsWith(pattern.slice(0, -1));
  if (pattern.startsWith("*")) return value.endsWith(pattern.slice(1));
  return pattern === value;
}
