import { compare } from "../diagnostic.ts";
import { stackInAttributes, stackInLabels } from "../inventory.ts";
import { clusterRoleBindingName, realmRoleProblem } from "../names.ts";
import type { ClusterLevel } from "../resolve.ts";
import { platformSchema } from "../schema.ts";
import type { RealmRole, RealmUser, Snapshot } from "../snapshot.ts";
import type { RealmFacts } from "./facts.ts";
import { isLine } from "./people.ts";
import type { Remark } from "./remarks.ts";
import { givesWhat } from "./workspaceFacts.ts";

/** Roles that Keycloak itself makes and gives. */
const keycloaksOwn = /^(?:default-roles-.*|offline_access|uma_authorization)$/;

/** Free realm roles that files may name, and what of the others people should know. */
export function freeRoles(
  facts: RealmFacts,
  stack: string,
  workspaces: ReadonlySet<string>,
): { usable: readonly RealmRole[]; unsaid: readonly Remark[] } {
  const usable: RealmRole[] = [];
  const unsaid: Remark[] = [];
  for (const role of facts.roles.values()) {
    const { name } = role;
    if (keycloaksOwn.test(name)) continue;
    const about = `realm role "${name}"`;
    if (name.startsWith("pk:")) {
      const workspace = /([^:]*)$/.exec(name)?.[1] ?? "";
      if (!workspaces.has(workspace))
        unsaid.push({ about, why: "belongs to no workspace: there is no Profile for it." });
      continue;
    }
    if (name.startsWith("prokube-access:")) {
      const why =
        "belongs to an application or a login flow, which are not read. Write applications/ and authentication again.";
      if (stackInAttributes(role.attributes) === stack) unsaid.push({ about, why });
      continue;
    }
    const problem = realmRoleProblem(name);
    if (!problem) usable.push(role);
    else unsaid.push({ about, why: `${problem.message} Whoever holds it keeps it.` });
  }
  return { usable: usable.toSorted((a, b) => compare(a.name, b.name)), unsaid };
}

/** A line of realmRoles. */
export function realmRoleLine({ name, description, attributes }: RealmRole, stack: string): Record<string, unknown> {
  if (stackInAttributes(attributes) !== stack) return { name, existing: true };
  return { name, ...(description !== "" && isLine(description) && { description }) };
}

/** Who has Kubeflow's ClusterRoles everywhere, and what of it no file can say. */
export function clusterGrants(
  { cluster }: Snapshot,
  people: ReadonlyMap<string, RealmUser>,
  facts: RealmFacts,
  stack: string,
): { lines: readonly { user: string; role: ClusterLevel }[]; unsaid: readonly Remark[]; beside: readonly Remark[] } {
  const levels = new Map<string, ClusterLevel>();
  const unsaid: Remark[] = [];
  const beside: Remark[] = [];
  const addresses = new Set(facts.users.map(({ email }) => email));
  for (const binding of cluster.clusterRoleBindings) {
    const { role, subjects, labels } = binding;
    const about = `ClusterRoleBinding ${binding.name}`;
    const level = (["admin", "edit"] as const).find((one) => role.name === `kubeflow-${one}`);
    const [subject, ...more] = subjects;
    const user = subject?.kind === "User" && more.length === 0 ? people.get(subject.name) : undefined;
    const isOwn = user && level && binding.name === clusterRoleBindingName(user.email, level);
    if (user?.enabled && level && role.kind === "ClusterRole" && (!isOwn || stackInLabels(labels) === stack)) {
      if (levels.get(user.username) !== "admin") levels.set(user.username, level);
      if (!isOwn) beside.push({ about, why: `${givesWhat(binding)}. The program makes its own; delete this one.` });
      continue;
    }
    const reachesPeople = subjects.some(
      ({ kind, name }) => (kind === "User" && addresses.has(name)) || (kind === "Group" && facts.roles.has(name)),
    );
    if (level || reachesPeople)
      unsaid.push({ about, why: `${givesWhat(binding)}, which no file can say. It stays as it is.` });
  }
  const lines = [...levels].map(([user, role]) => ({ user, role }));
  return { lines: lines.toSorted((a, b) => compare(a.user, b.user)), unsaid, beside };
}

/** Labels that all of the stack's namespaces share, where they are not the usual ones. */
export function namespaceLabels({ cluster }: Snapshot, stack: string): Record<string, string> | undefined {
  const own = cluster.namespaces.filter(({ labels }) => stackInLabels(labels) === stack).map(({ labels }) => labels);
  const [first] = own;
  if (!first) return undefined;
  const common = Object.entries(first)
    .filter(([key, value]) => !isSetByOthers(key) && own.every((labels) => labels[key] === value))
    .toSorted(([a], [b]) => compare(a, b));
  const usual = Object.entries(platformSchema.shape.namespaceLabels.parse(undefined)).toSorted(([a], [b]) =>
    compare(a, b),
  );
  return JSON.stringify(common) === JSON.stringify(usual) ? undefined : Object.fromEntries(common);
}

function isSetByOthers(label: string): boolean {
  return [
    "kubernetes.io/metadata.name",
    "app.kubernetes.io/managed-by",
    "prokube-access/stack",
    "pipelines.kubeflow.org/enabled",
  ].includes(label);
}
