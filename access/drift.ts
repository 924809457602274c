import { compare } from "./diagnostic.ts";
import { accountDifferences } from "./drift/accounts.ts";
import { bindingDifferences, clusterBindingDifferences } from "./drift/bindings.ts";
import { type Context, contextOf } from "./drift/context.ts";
import { type Difference, differenceClasses } from "./drift/difference.ts";
import { gatewayDifferences } from "./drift/gateway.ts";
import { groupDifferences } from "./drift/groups.ts";
import { leftovers } from "./drift/leftovers.ts";
import {
  limitRangeDifferences,
  missingNamespace,
  namespaceDifferences,
  profileDifferences,
} from "./drift/namespaces.ts";
import { meshDifferences, networkDifferences } from "./drift/network.ts";
import { roleDifferences } from "./drift/roles.ts";
import { storageDifferences } from "./drift/storage.ts";
import { limitRangeName } from "./names.ts";
import type { Plan, PlannedWorkspace } from "./resolve.ts";
import type { Snapshot } from "./snapshot.ts";

export { type Difference, type DifferenceClass, differenceClasses } from "./drift/difference.ts";

/**
 * What is otherwise on the planes than the plan says, whoever made it so: what the program owns, and what others give to
 * our workspaces, realm roles and groups. The worst first. Each thing is told once: where a role is missing, not
 * everybody who is to hold it.
 *
 * @param stack the stack whose plan it is; what other stacks of this program made is theirs
 * @param ever the same plan for an early day, so that grants that are over can be named
 */
export function drift(plan: Plan, snapshot: Snapshot, stack: string, ever: Plan = plan): Difference[] {
  const context = contextOf(plan, snapshot, stack, ever);
  return [
    ...accountDifferences(context),
    ...groupDifferences(context),
    ...roleDifferences(context),
    ...workspaceDifferences(context),
    ...clusterBindingDifferences(context),
    ...meshDifferences(context),
    ...gatewayDifferences(context),
    ...storageDifferences(context),
    ...leftovers(context),
  ].toSorted(
    (a, b) =>
      differenceClasses.indexOf(a.class) - differenceClasses.indexOf(b.class) ||
      planes.indexOf(a.plane) - planes.indexOf(b.plane) ||
      compare(a.what, b.what),
  );
}

const planes: readonly Difference["plane"][] = ["identity", "compute", "network", "storage"];

function workspaceDifferences(context: Context): Difference[] {
  const { cluster } = context.snapshot;
  const named = <T extends { readonly name: string }>(all: readonly T[]) => new Map(all.map((one) => [one.name, one]));
  const namespaces = named(cluster.namespaces);
  const profiles = named(cluster.profiles);
  const limitRanges = new Map(
    cluster.limitRanges.filter(({ name }) => name === limitRangeName).map((one) => [one.namespace, one]),
  );
  const bindings = Map.groupBy(cluster.roleBindings, ({ namespace }) => namespace);
  const policies = Map.groupBy(cluster.policies, ({ namespace }) => namespace);
  const inside = (workspace: PlannedWorkspace): Difference[] => {
    const { name } = workspace;
    const namespace = namespaces.get(name);
    if (!namespace) return missingNamespace(context, workspace);
    return [
      ...namespaceDifferences(context, workspace, namespace),
      ...profileDifferences(context, workspace, profiles.get(name)),
      ...limitRangeDifferences(context, workspace, limitRanges.get(name)),
      ...bindingDifferences(context, workspace, bindings.get(name) ?? []),
      ...networkDifferences(context, workspace, policies.get(name) ?? []),
    ];
  };
  return [...context.workspaces.values()].flatMap(inside);
}
