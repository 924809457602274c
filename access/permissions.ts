import * as z from "zod";
import { parseAllDocuments } from "yaml";
import { compare } from "./diagnostic.ts";

const rule = z.object({
  apiGroups: z.array(z.string()).default([]),
  resources: z.array(z.string()).default([]),
  verbs: z.array(z.string()).default([]),
});

const clusterRole = z.object({
  kind: z.literal("ClusterRole"),
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  rules: z
    .array(rule)
    .nullish()
    .transform((rules) => rules ?? []),
  aggregationRule: z
    .object({ clusterRoleSelectors: z.array(z.object({ matchLabels: z.record(z.string(), z.string()).default({}) })) })
    .optional(),
});

type ClusterRole = z.output<typeof clusterRole>;

/** The ClusterRoles in the order of the chart's columns. */
const columns = ["kubeflow-admin", "kubeflow-edit", "kubeflow-view"] as const;
const usual = {
  read: ["get", "list", "watch"],
  write: ["create", "update", "patch", "delete", "deletecollection"],
};

/**
 * What Kubeflow's three ClusterRoles allow, as a Markdown table: a line for every resource, a column for every role.
 * Roles that are aggregated into them count, at any depth, whether or not the cluster has done so already.
 * "read" is get, list and watch; "write" is create, update, patch, delete and deletecollection.
 *
 * @param manifests ClusterRoles as YAML: documents, or lists as `kubectl get clusterroles -o yaml` prints them
 * @throws {RangeError} when one of the three is not among them
 */
export function permissionChart(manifests: string): string {
  const roles = clusterRoles(manifests);
  const granted = columns.map((name) => new Map(Object.entries(roles[name])));
  const resources = [...new Set(granted.flatMap((permissions) => [...permissions.keys()]))].toSorted(compare);
  return [
    `| resource | ${columns.join(" | ")} |`,
    `| --- | ${columns.map(() => "---").join(" | ")} |`,
    ...resources.map((resource) => {
      const cells = granted.map((permissions) => verbs(permissions.get(resource)));
      return `| \`${resource}\` | ${cells.join(" | ")} |`;
    }),
  ].join("\n");
}

/** What each of Kubeflow's ClusterRoles allows: verbs by resource, such as `deployments.apps`. */
export const clusterRolesSchema = z.record(z.enum(columns), z.record(z.string(), z.array(z.string())));
export type ClusterRoles = z.output<typeof clusterRolesSchema>;

/**
 * What Kubeflow's three ClusterRoles allow, as data.
 *
 * @param manifests as for {@link permissionChart}
 * @throws {RangeError} when one of the three is not among them
 */
export function clusterRoles(manifests: string): ClusterRoles {
  const roles = new Map(clusterRolesIn(manifests).map((role) => [role.metadata.name, role]));
  const missing = columns.filter((name) => !roles.has(name));
  if (missing.length > 0) throw new RangeError(`there is no ClusterRole ${missing.join(", ")} in the input`);
  const sorted = (name: string) =>
    Object.fromEntries(
      [...permissionsOf(name, roles)]
        .toSorted(([a], [b]) => compare(a, b))
        .map(([resource, verbs]) => [resource, [...verbs].toSorted(compare)]),
    );
  return {
    "kubeflow-admin": sorted(columns[0]),
    "kubeflow-edit": sorted(columns[1]),
    "kubeflow-view": sorted(columns[2]),
  };
}

function clusterRolesIn(manifests: string): ClusterRole[] {
  const objects = parseAllDocuments(manifests).flatMap((document): unknown[] => {
    const object: unknown = document.toJS();
    const list = z.object({ items: z.array(z.unknown()) }).safeParse(object);
    return list.success ? list.data.items : [object];
  });
  return objects.flatMap((object) => clusterRole.safeParse(object).data ?? []);
}

/** Verbs by resource, such as `deployments.apps`. */
function permissionsOf(name: string, roles: ReadonlyMap<string, ClusterRole>): Map<string, Set<string>> {
  const permissions = new Map<string, Set<string>>();
  for (const part of aggregated(name, roles)) {
    for (const { apiGroups, resources, verbs: allowed } of part.rules) {
      for (const group of apiGroups) {
        for (const resource of resources) {
          const key = group === "" ? resource : `${resource}.${group}`;
          permissions.set(key, new Set([...(permissions.get(key) ?? []), ...allowed]));
        }
      }
    }
  }
  return permissions;
}

/** A role and everything that its labels draw into it. */
function aggregated(name: string, roles: ReadonlyMap<string, ClusterRole>, seen = new Set<string>()): ClusterRole[] {
  const role = roles.get(name);
  if (!role || seen.has(name)) return [];
  seen.add(name);
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const drawn = [...roles.values()].filter(({ metadata: { labels } }) =>
    selectors.some(({ matchLabels }) => Object.entries(matchLabels).every(([key, value]) => labels[key] === value)),
  );
  return [role, ...drawn.flatMap(({ metadata }) => aggregated(metadata.name, roles, seen))];
}

/** The usual verbs by what they come to, then the others. */
function verbs(allowed: readonly string[] = []): string {
  const whole = Object.entries(usual).filter(([, group]) => group.every((verb) => allowed.includes(verb)));
  const told = new Set(whole.flatMap(([, group]) => group));
  const others = allowed.filter((verb) => !told.has(verb)).toSorted(compare);
  return [...whole.map(([name]) => name), ...others].join(", ") || "-";
}
