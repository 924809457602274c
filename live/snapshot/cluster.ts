import type { V1LimitRangeItem, V1ManagedFieldsEntry, V1ObjectMeta, V1RoleBinding } from "@kubernetes/client-node";
import type {
  BindingObject,
  ClusterObject,
  ClusterSnapshot,
  LimitRangeObject,
  NamespacedObject,
  Origin,
  Subject,
} from "../../access/snapshot.ts";
import { type Cluster, istioPolicies, profiles, unlessGone } from "../cluster.ts";

/** One paged list for each kind. */
export async function readCluster({ core, rbac, custom }: Cluster): Promise<ClusterSnapshot> {
  const ofCustom = async (kind: { group: string; version: string; plural: string }) =>
    everything(async (page) => {
      const list: unknown = await unlessGone(custom.listClusterCustomObject({ ...kind, ...page }));
      if (list === undefined) throw new Error(`${kind.plural}.${kind.group} is not installed in the cluster`);
      return list as List<CustomObject>;
    });
  const [namespaces, owned, roleBindings, clusterRoleBindings, policies, limitRanges] = await Promise.all([
    everything((page) => core.listNamespace(page)),
    ofCustom(profiles),
    everything((page) => rbac.listRoleBindingForAllNamespaces(page)),
    everything((page) => rbac.listClusterRoleBinding(page)),
    ofCustom(istioPolicies),
    everything((page) => core.listLimitRangeForAllNamespaces(page)),
  ]);
  return {
    namespaces: namespaces.map(({ metadata }) => toObject(metadata)),
    profiles: owned.map(({ metadata, spec = {} }) => ({
      ...toObject(metadata),
      owner: spec.owner?.name ?? "",
      quota: texts(spec.resourceQuotaSpec?.hard),
    })),
    roleBindings: roleBindings.map((one) => ({ ...toBinding(one), ...toNamespaced(one.metadata) })),
    clusterRoleBindings: clusterRoleBindings.map(toBinding),
    policies: policies.map(({ metadata, spec = {} }) => ({ ...toNamespaced(metadata), spec })),
    limitRanges: limitRanges.map(({ metadata, spec }) => ({
      ...toNamespaced(metadata),
      limits: (spec?.limits ?? []).map(toLimits),
    })),
  };
}

interface List<T> {
  readonly metadata?: { readonly _continue?: string; readonly continue?: string };
  readonly items: readonly T[];
}

interface CustomObject {
  readonly metadata?: V1ObjectMeta;
  readonly spec?: Readonly<Record<string, unknown>> & {
    readonly owner?: { readonly name?: string };
    readonly resourceQuotaSpec?: { readonly hard?: Readonly<Record<string, unknown>> };
  };
}

async function everything<T>(list: (page: { limit: number; _continue?: string }) => Promise<List<T>>): Promise<T[]> {
  const all: T[] = [];
  let next: string | undefined;
  do {
    const { metadata, items } = await list({ limit: 500, ...(next !== undefined && { _continue: next }) });
    all.push(...items);
    next = (metadata?._continue ?? metadata?.continue) || undefined;
  } while (next !== undefined);
  return all;
}

function toObject(metadata: V1ObjectMeta | undefined): ClusterObject {
  return {
    name: metadata?.name ?? "",
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    ...originOf(metadata?.managedFields ?? []),
  };
}

function toNamespaced(metadata: V1ObjectMeta | undefined): NamespacedObject {
  return { ...toObject(metadata), namespace: metadata?.namespace ?? "" };
}

/** Status is what controllers report, not what somebody wants. */
function originOf(managedFields: readonly V1ManagedFieldsEntry[]): Origin {
  const [last] = managedFields
    .filter(({ subresource }) => !subresource)
    .map(({ manager, time }) => ({ manager, time: time === undefined ? undefined : new Date(time).toISOString() }))
    .toSorted((a, b) => ((a.time ?? "") < (b.time ?? "") ? 1 : -1));
  return {
    ...(last?.manager !== undefined && { manager: last.manager }),
    ...(last?.time !== undefined && { time: last.time }),
  };
}

function toBinding({
  metadata,
  roleRef,
  subjects = [],
}: Pick<V1RoleBinding, "metadata" | "roleRef" | "subjects">): BindingObject {
  return {
    ...toObject(metadata),
    role: { kind: roleRef.kind as BindingObject["role"]["kind"], name: roleRef.name },
    subjects: subjects.map(({ kind, name, namespace }) => ({
      kind: kind as Subject["kind"],
      name,
      ...(namespace !== undefined && { namespace }),
    })),
  };
}

function toLimits(item: V1LimitRangeItem): LimitRangeObject["limits"][number] {
  const { type, _default, defaultRequest, ...others } = item;
  const more = Object.entries(others as Record<string, unknown>).filter(([, value]) => value !== undefined);
  return {
    type,
    default: texts(_default),
    defaultRequest: texts(defaultRequest),
    ...(more.length > 0 && { more: more.map(([key]) => key) }),
  };
}

/** Quantities may be numbers in what people write by hand. */
function texts(values: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}
