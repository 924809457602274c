import { stackInLabels } from "../inventory.ts";
import { limitRangeName } from "../names.ts";
import { limitsCompute, parseQuantity } from "../quantity.ts";
import type { Limits } from "../schema.ts";
import type { PlannedWorkspace } from "../resolve.ts";
import type { ClusterObject, LimitRangeObject, ProfileObject } from "../snapshot.ts";
import { type Context, writerOf } from "./context.ts";
import { type Difference, few, markedAgain, repairedByUpdate } from "./difference.ts";

type Found = Pick<Difference, "class" | "what"> & Partial<Pick<Difference, "madeBy" | "remedy">>;

function told(workspace: PlannedWorkspace, found: readonly Found[]): Difference[] {
  return found.map(({ what, ...one }) => ({
    plane: "compute",
    where: workspace.at,
    remedy: repairedByUpdate,
    ...one,
    what: `workspace "${workspace.name}": ${what}`,
  }));
}

/** Where an operator provisions, nobody here can make it. */
export function missingNamespace(context: Context, workspace: PlannedWorkspace): Difference[] {
  const isOperators = context.plan.platform.provisioning === "operator";
  return told(workspace, [
    {
      class: "missing access",
      what: "the namespace is missing, with everything in it",
      ...(isOperators && { remedy: "the operator has to make it; look at its log" }),
    },
  ]);
}

/** What a namespace says of itself: its labels, and whose it is for Kubeflow's Profile controller. */
export function namespaceDifferences(context: Context, workspace: PlannedWorkspace, live: ClusterObject): Difference[] {
  if (context.plan.platform.provisioning === "operator") return [];
  const { namespaceLabels } = context.plan.platform;
  const { "istio-injection": injection, ...labels } = namespaceLabels;
  const by = writerOf(live);
  const wrong = Object.keys(labels).filter((key) => live.labels[key] !== labels[key]);
  const { owner, description } = live.annotations;
  return told(workspace, [
    ...(live.labels["istio-injection"] === injection
      ? []
      : [
          {
            class: "extra access" as const,
            ...by,
            what: "the namespace's label istio-injection is otherwise, so new pods have no proxy that holds the network policies",
          },
        ]),
    ...(wrong.length > 0
      ? [{ class: "cosmetic" as const, ...by, what: `the namespace's labels are otherwise: ${few(wrong)}` }]
      : []),
    ...(owner === workspace.owner
      ? []
      : [
          {
            class: "cosmetic" as const,
            ...by,
            what: `the namespace's annotation owner is "${owner ?? ""}", not "${workspace.owner}", so the Profile controller leaves it alone`,
          },
        ]),
    ...(workspace.description === undefined || description === workspace.description
      ? []
      : [{ class: "cosmetic" as const, ...by, what: "the namespace's description is otherwise" }]),
    ...(stackInLabels(live.labels) === context.stack
      ? []
      : [
          {
            class: "cosmetic" as const,
            ...by,
            what: `the namespace has no label that says that stack ${context.stack} made it`,
            remedy: markedAgain.compute(context.stack),
          },
        ]),
  ]);
}

export function profileDifferences(
  context: Context,
  workspace: PlannedWorkspace,
  live: ProfileObject | undefined,
): Difference[] {
  const isProgram = context.plan.platform.provisioning === "program";
  if (!live) {
    return told(workspace, [
      { class: "missing access", what: "the Profile is missing, so no dashboard shows the workspace" },
    ]);
  }
  const by = writerOf(live);
  return told(workspace, [
    ...(live.owner === workspace.owner || live.owner === workspace.previousOwner
      ? []
      : [
          {
            class: "extra access" as const,
            ...by,
            what: `the Profile's owner is ${live.owner}, not ${workspace.owner}: owners administer the namespace`,
            remedy: `kubectl edit profile ${workspace.name}, or write previousOwner: ${live.owner} and run pulumi up`,
          },
        ]),
    ...(isProgram && !alike(live.quota, workspace.quota)
      ? [
          {
            class: "cosmetic" as const,
            ...by,
            what: `the quota is ${inWords(live.quota)}, not ${inWords(workspace.quota)}`,
          },
        ]
      : []),
    ...(isProgram && stackInLabels(live.labels) !== context.stack
      ? [
          {
            class: "cosmetic" as const,
            ...by,
            what: `the Profile has no label that says that stack ${context.stack} made it`,
            remedy: markedAgain.compute(context.stack),
          },
        ]
      : []),
  ]);
}

export function limitRangeDifferences(
  context: Context,
  workspace: PlannedWorkspace,
  live: LimitRangeObject | undefined,
): Difference[] {
  const { limits, quota } = workspace;
  if (context.plan.platform.provisioning === "operator" || !limits) return [];
  if (!live) {
    // Kubernetes refuses containers that do not say what they need as soon as a quota limits it.
    const needed = Object.keys(quota).some(limitsCompute);
    return told(workspace, [
      {
        class: needed ? "missing access" : "cosmetic",
        what: `LimitRange "${limitRangeName}" is missing${needed ? ", so pods that name no limits are refused" : ""}`,
      },
    ]);
  }
  const [first, ...others] = live.limits;
  if (first?.type === "Container" && others.length === 0 && isAsWanted(limits, first)) {
    if (stackInLabels(live.labels) === context.stack) return [];
    const what = `LimitRange "${limitRangeName}" has no label that says that stack ${context.stack} made it`;
    return told(workspace, [
      { class: "cosmetic", ...writerOf(live), what, remedy: markedAgain.compute(context.stack) },
    ]);
  }
  return told(workspace, [
    { class: "cosmetic", ...writerOf(live), what: `LimitRange "${limitRangeName}" has other limits` },
  ]);
}

/** Kubernetes takes a limit for the request where there is none. */
function isAsWanted(wanted: Limits, live: LimitRangeObject["limits"][number]): boolean {
  const limit = present(wanted.default);
  return (
    alike(live.default, limit) && alike({ ...live.defaultRequest }, { ...limit, ...present(wanted.defaultRequest) })
  );
}

function present(values: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function alike(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  return keys.length === others.length && keys.every((key) => sameAmount(a[key], b[key]));
}

function sameAmount(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const [one, other] = [parseQuantity(a), parseQuantity(b)];
  if (one === undefined || other === undefined) return a === b;
  return Math.abs(one - other) <= Math.abs(one) * 1e-9;
}

function inWords(quota: Readonly<Record<string, string>>): string {
  const parts = Object.entries(quota).map(([key, value]) => `${key} ${value}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
