import { stackInLabels } from "../inventory.ts";
import {
  type AccessLevel,
  clusterRole,
  contributorBindingName,
  networkPolicyNames,
  roleBindingNames,
  workspaceBuckets,
  workspaceRoles,
} from "../names.ts";
import type { NetworkAccess } from "../resolve.ts";
import type { Platform } from "../schema.ts";
import type { BindingObject, ProfileObject, RealmUser, S3Document, Snapshot } from "../snapshot.ts";
import { letIn } from "./mesh.ts";
import { higher, type PlaneAccess } from "./planes.ts";
import type { Remark } from "./remarks.ts";
import { s3Level } from "./s3Level.ts";

/** What gives access to one workspace, as far as a file can say it. */
export interface WorkspaceFacts {
  readonly name: string;
  readonly profile: ProfileObject;
  /** Buckets of the workspace that are there. */
  readonly buckets: readonly string[];
  /** Levels in Kubernetes by e-mail address. */
  readonly bound: ReadonlyMap<string, AccessLevel>;
  /** The same by realm role. */
  readonly boundRoles: ReadonlyMap<string, AccessLevel>;
  readonly network: ReadonlyMap<string, NetworkAccess>;
  /** S3 policies of the workspace's roles, and what other realm roles deny, by role. */
  readonly stored: ReadonlyMap<string, S3Document>;
  /** What gives access that no file can say. */
  readonly unsaid: readonly Remark[];
  /** What gives what the file says as well, under other names: it stays when the file changes. */
  readonly beside: readonly Remark[];
}

/** What Kubeflow's Profile controller makes by itself, for the owner and for service accounts. */
const controllersObjects = ["namespaceAdmin", "ns-owner-access-istio", "default-editor", "default-viewer"];

type RoleBinding = Snapshot["cluster"]["roleBindings"][number];

export function workspaceFacts(
  profile: ProfileObject,
  bindings: readonly RoleBinding[],
  policies: Snapshot["cluster"]["policies"],
  { store }: Snapshot,
  istio: Platform["istio"],
): WorkspaceFacts {
  const { name } = profile;
  const roles = workspaceRoles(name);
  const bound = new Map<string, AccessLevel>();
  const boundRoles = new Map<string, AccessLevel>();
  const network = new Map<string, NetworkAccess>();
  const unsaid: Remark[] = [];
  const beside: Remark[] = [];
  for (const binding of bindings) {
    if (controllersObjects.includes(binding.name) || binding.subjects.every(({ kind }) => kind === "ServiceAccount")) {
      continue;
    }
    const about = `RoleBinding ${name}/${binding.name}`;
    const said = saidBy(binding, Object.values({ ...roles }));
    if (!said) {
      unsaid.push({ about, why: `${givesWhat(binding)}, which no file can say. It stays as it is.` });
      continue;
    }
    const { subject, level, expected } = said;
    const levels = subject.kind === "User" ? bound : boundRoles;
    levels.set(subject.name, higher(levels.get(subject.name), level) ?? level);
    if (binding.name !== expected && stackInLabels(binding.labels) === undefined) {
      beside.push({ about, why: `${givesWhat(binding)}. The program's own is ${expected}; delete this one.` });
    }
  }
  for (const policy of policies) {
    if (controllersObjects.includes(policy.name)) continue;
    const about = `AuthorizationPolicy ${name}/${policy.name}`;
    const allowed = letIn(policy, istio);
    if (!allowed) {
      unsaid.push({ about, why: "says something that no file can say. It stays as it is." });
      continue;
    }
    for (const [address, access] of allowed) network.set(address, higher(network.get(address), access) ?? access);
    if (!Object.values<string>({ ...networkPolicyNames }).includes(policy.name)) {
      const own = Object.values({ ...networkPolicyNames }).join(" and ");
      const people = [...allowed.keys()].toSorted().join(", ");
      beside.push({ about, why: `lets in ${people}. The program's own are ${own}; delete this one.` });
    }
  }
  const buckets = Object.values(workspaceBuckets(name)).filter((bucket) => store.buckets.includes(bucket));
  return {
    name,
    profile,
    buckets,
    bound,
    boundRoles,
    network,
    stored: new Map(
      Object.entries(store.policies).flatMap(([role, document]) => {
        if (Object.values<string>({ ...roles }).includes(role)) return [[role, document] as const];
        const denied = (document.Statement ?? []).filter(({ Effect }) => Effect !== "Allow");
        return denied.length > 0 ? [[role, { Statement: denied }] as const] : [];
      }),
    ),
    unsaid,
    beside,
  };
}

/** What a binding gives, where it is of the form that the program makes. */
function saidBy(
  { role, subjects }: BindingObject,
  roles: readonly string[],
): { subject: BindingObject["subjects"][number]; level: AccessLevel; expected: string } | undefined {
  const [subject, ...more] = subjects;
  const level = (["edit", "view"] as const).find((one) => clusterRole(one) === role.name);
  if (!subject || more.length > 0 || role.kind !== "ClusterRole" || !level) return undefined;
  if (subject.kind === "User") return { subject, level, expected: contributorBindingName(subject.name, level) };
  return subject.kind === "Group" && roles.includes(subject.name)
    ? { subject, level, expected: roleBindingNames[level] }
    : undefined;
}

/** What a binding gives, in words. */
export function givesWhat({ role, subjects }: BindingObject): string {
  const who = subjects.map(({ kind, name }) => `${kind} ${name}`).toSorted();
  return `gives ${role.kind} ${role.name} to ${who.join(", ") || "nobody"}`;
}

/** What somebody has in the workspace now, surely: in doubt it is less. */
export function accessNow(facts: WorkspaceFacts, user: RealmUser, tokenRoles: ReadonlySet<string>): PlaneAccess {
  if (!user.enabled) return {};
  let kubernetes = facts.bound.get(user.email);
  for (const [role, level] of facts.boundRoles) if (tokenRoles.has(role)) kubernetes = higher(kubernetes, level);
  const network = facts.network.get(user.email);
  const storage = storageNow(facts, tokenRoles, kubernetes);
  return { ...(kubernetes && { kubernetes }), ...(network && { network }), ...(storage && { storage }) };
}

/** Where there is no bucket yet there is nothing to reach, and whatever a file says takes nothing from anybody. */
function storageNow(
  { name, buckets, stored }: WorkspaceFacts,
  tokenRoles: ReadonlySet<string>,
  kubernetes: AccessLevel | undefined,
): AccessLevel | undefined {
  if (buckets.length === 0) {
    const { s3Edit, s3View } = workspaceRoles(name);
    return higher(kubernetes, tokenRoles.has(s3Edit) ? "edit" : tokenRoles.has(s3View) ? "view" : undefined);
  }
  // In S3 all policies count together: a deny in one takes from all.
  const statements = [...stored].flatMap(([role, { Statement = [] }]) => (tokenRoles.has(role) ? Statement : []));
  return statements.length > 0 ? s3Level({ Statement: statements }, name, buckets) : undefined;
}
