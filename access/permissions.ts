import { type Document, isNode, LineCounter, parseAllDocuments } from "yaml";
import * as z from "zod";
import { compare } from "./diagnostic.ts";
import { aliasProblem, syntaxProblem, textProblem } from "./yamlProblem.ts";

const texts = z
  .array(z.string())
  .nullish()
  .transform((found) => found ?? []);
const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((found) => new Map(Object.entries(found ?? {})));

const rule = z.object({ apiGroups: texts, resources: texts, verbs: texts, resourceNames: texts });

const selector = z.object({
  matchLabels: labels,
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]), values: texts }))
    .nullish()
    .transform((found) => found ?? []),
});

const clusterRole = z.object({
  kind: z.literal("ClusterRole"),
  metadata: z.object({ name: z.string(), labels }),
  rules: z
    .array(rule)
    .nullish()
    .transform((rules) => rules ?? []),
  aggregationRule: z
    .object({
      clusterRoleSelectors: z
        .array(selector)
        .nullish()
        .transform((found) => found ?? []),
    })
    .nullish(),
});

type ClusterRole = z.output<typeof clusterRole>;
type Selector = z.output<typeof selector>;

/** The ClusterRoles in the order of the chart's columns. */
const columns = ["kubeflow-admin", "kubeflow-edit", "kubeflow-view"] as const;
const usual = {
  read: ["get", "list", "watch"],
  write: ["create", "update", "patch", "delete", "deletecollection"],
};

/** What a role allows of one kind, as its rules write it: group, resource and verb may be `*`. */
const permission = z.object({
  apiGroup: z.string(),
  resource: z.string(),
  verbs: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
});
export type Permission = z.output<typeof permission>;

/** What each of Kubeflow's ClusterRoles allows. */
export const clusterRolesSchema = z.record(z.enum(columns), z.array(permission));
export type ClusterRoles = z.output<typeof clusterRolesSchema>;

/** What somebody wants to do in the cluster, as the API server sees it. */
export interface ClusterRequest {
  readonly verb: string;
  /** Empty for the core group. */
  readonly apiGroup: string;
  /** The kind without its subresource, such as `pods`. */
  readonly resource: string;
  /** Such as `log`; empty for the kind itself. */
  readonly subresource: string;
}

/**
 * Whether a permission covers a request for objects of any name, as the API server's authorizer decides it
 * (kubernetes/kubernetes, pkg/apis/rbac/v1/evaluation_helpers.go): `*` is every resource with every subresource, but of
 * the permission's group only; `*` before a slash is any resource with that subresource; there are no other wildcards,
 * so `pods` is not `pods/log`, and a `*` behind the slash is none.
 */
export function covers({ apiGroup, resource, verbs }: Permission, request: ClusterRequest): boolean {
  const { subresource } = request;
  const asked = subresource === "" ? request.resource : `${request.resource}/${subresource}`;
  return (
    (verbs.includes("*") || verbs.includes(request.verb)) &&
    (apiGroup === "*" || apiGroup === request.apiGroup) &&
    (resource === "*" || resource === asked || (subresource !== "" && resource === `*/${subresource}`))
  );
}

/**
 * What Kubeflow's three ClusterRoles allow, as a Markdown table: a line for every resource, a column for every role.
 * Roles that are aggregated into them count, at any depth, whether or not the cluster has done so already.
 * "read" is get, list and watch; "write" is create, update, patch, delete and deletecollection.
 *
 * @param manifests ClusterRoles as YAML: documents, or lists as `kubectl get clusterroles -o yaml` prints them
 * @param path what messages call them
 * @throws {RangeError} when they cannot be read, or one of the three is not among them
 */
export function permissionChart(manifests: string, path?: string): string {
  const roles = clusterRoles(manifests, path);
  const granted = columns.map((name) => new Map(roles[name].map((found) => [nameOf(found), found.verbs])));
  const resources = new Set(
    columns
      .flatMap((name) => roles[name])
      .toSorted(inOrder)
      .map(nameOf),
  );
  return [
    `| resource | ${columns.join(" | ")} |`,
    `| --- | ${columns.map(() => "---").join(" | ")} |`,
    ...[...resources].map((resource) => {
      const cells = granted.map((permissions) => verbs(permissions.get(resource)));
      return `| ${resource} | ${cells.join(" | ")} |`;
    }),
  ].join("\n");
}

function nameOf(permission: Permission): string {
  const names = permission.resourceNames?.map((name) => `\`${name}\``) ?? [];
  return `\`${kindOf(permission)}\`${names.length === 0 ? "" : ` named ${names.join(", ")}`}`;
}

function kindOf({ apiGroup, resource }: Permission): string {
  return apiGroup === "" ? resource : `${resource}.${apiGroup}`;
}

function inOrder(a: Permission, b: Permission): number {
  return compare(kindOf(a), kindOf(b)) || compare(nameOf(a), nameOf(b));
}

/**
 * What Kubeflow's three ClusterRoles allow, as data. Rules for addresses that are no resources (nonResourceURLs) are
 * left out: they hold in no namespace.
 *
 * @param manifests as for {@link permissionChart}
 * @throws {RangeError} as {@link permissionChart}
 */
export function clusterRoles(manifests: string, path = "standard input"): ClusterRoles {
  const roles = new Map(clusterRolesIn(manifests, path).map((role) => [role.metadata.name, role]));
  const missing = columns.filter((name) => !roles.has(name));
  if (missing.length > 0) {
    throw new RangeError(`there is no ClusterRole ${missing.join(", ")} in ${path}. ${allowed}`);
  }
  return {
    "kubeflow-admin": permissionsOf(columns[0], roles),
    "kubeflow-edit": permissionsOf(columns[1], roles),
    "kubeflow-view": permissionsOf(columns[2], roles),
  };
}

const allowed = "Allowed: ClusterRoles as YAML, as kubectl get clusterroles -o yaml prints them.";

function clusterRolesIn(manifests: string, path: string): ClusterRole[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(manifests, { lineCounter: lines });
  const refused = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset);
    return new RangeError(`${path}:${Math.max(line, 1)}:${Math.max(col, 1)} ${message} ${allowed}`);
  };
  const odd = textProblem(manifests);
  if (odd) throw refused(odd.offset, odd.message);
  return documents.flatMap((document) => {
    const problem = syntaxProblem(manifests, document);
    if (problem) throw refused(problem.offset, problem.message);
    let object: unknown;
    try {
      object = document.toJS();
    } catch (error) {
      const { offset, message } = aliasProblem(document, error);
      throw refused(offset, message);
    }
    if (object === null || object === undefined) return [];
    if (typeof object !== "object" || Array.isArray(object)) {
      const what = Array.isArray(object) ? "a list" : "a text";
      throw refused(offsetOf(document, []), `${what} stands here, which is no object of Kubernetes.`);
    }
    const list = z.object({ items: z.array(z.unknown()) }).safeParse(object);
    const objects = list.success ? list.data.items : [object];
    return objects.flatMap((one, index) => {
      if (!z.object({ kind: clusterRole.shape.kind }).safeParse(one).success) return [];
      const role = clusterRole.safeParse(one);
      if (role.success) return [role.data];
      const [issue] = role.error.issues;
      const where = issue?.path ?? [];
      throw refused(
        offsetOf(document, list.success ? ["items", index, ...where] : where),
        `${where.join(".")} of a ClusterRole: ${issue?.message ?? ""}.`,
      );
    });
  });
}

/** Where what is under a path begins, or the deepest parent that exists. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}

/** A line for each group, resource and set of names, with the verbs of all rules for it; in order. */
function permissionsOf(name: string, roles: ReadonlyMap<string, ClusterRole>): Permission[] {
  const single = aggregated(name, roles).flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
      apiGroups.flatMap((apiGroup) =>
        resources.map((resource) => ({ apiGroup, resource, resourceNames: resourceNames.toSorted(compare), verbs })),
      ),
    ),
  );
  const same = Map.groupBy(single, ({ apiGroup, resource, resourceNames }) =>
    JSON.stringify([apiGroup, resource, resourceNames]),
  );
  return [...same.values()]
    .flatMap(([first, ...others]): Permission[] => {
      if (first === undefined) return [];
      const { apiGroup, resource, resourceNames } = first;
      const all = new Set([first, ...others].flatMap(({ verbs }) => verbs));
      return [
        { apiGroup, resource, verbs: [...all].toSorted(compare), ...(resourceNames.length > 0 && { resourceNames }) },
      ];
    })
    .toSorted(inOrder);
}

/** A role and everything that its labels draw into it. */
function aggregated(name: string, roles: ReadonlyMap<string, ClusterRole>, seen = new Set<string>()): ClusterRole[] {
  const role = roles.get(name);
  if (!role || seen.has(name)) return [];
  seen.add(name);
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const drawn = [...roles.values()].filter(({ metadata }) =>
    selectors.some((selector) => selects(selector, metadata.labels)),
  );
  return [role, ...drawn.flatMap(({ metadata }) => aggregated(metadata.name, roles, seen))];
}

/** As Kubernetes: all of it must hold, and a selector of nothing selects everything. */
function selects({ matchLabels, matchExpressions }: Selector, labels: ReadonlyMap<string, string>): boolean {
  return (
    [...matchLabels].every(([key, value]) => labels.get(key) === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = labels.get(key);
      const isOneOf = value !== undefined && values.includes(value);
      switch (operator) {
        case "In":
          return isOneOf;
        case "NotIn":
          return !isOneOf;
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
      }
    })
  );
}

/** The usual verbs by what they come to, then the others. */
function verbs(allowed: readonly string[] = []): string {
  const whole = Object.entries(usual).filter(([, group]) => group.every((verb) => allowed.includes(verb)));
  const told = new Set(whole.flatMap(([, group]) => group));
  const others = allowed.filter((verb) => !told.has(verb)).toSorted(compare);
  return [...whole.map(([name]) => name), ...others].join(", ") || "-";
}
