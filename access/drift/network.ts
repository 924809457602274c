import { stackInLabels } from "../inventory.ts";
import { networkPolicyNames } from "../names.ts";
import { networkRules } from "../networkPolicy.ts";
import type { NetworkAccess, PlannedWorkspace } from "../resolve.ts";
import type { PolicyObject } from "../snapshot.ts";
import { type Context, makerOf, writerOf } from "./context.ts";
import { type Difference, few, markedAgain, repairedByUpdate, takenByUpdate } from "./difference.ts";

/** The parts of an AuthorizationPolicy that decide whom it lets in. */
interface Spec {
  readonly action?: string;
  readonly selector?: unknown;
  readonly targetRef?: unknown;
  readonly targetRefs?: unknown;
  readonly rules?: readonly Rule[];
}

interface Rule {
  readonly from?: readonly { readonly source?: Readonly<Record<string, readonly string[]>> }[];
  readonly to?: readonly { readonly operation?: Readonly<Record<string, readonly string[]>> }[];
  readonly when?: readonly Condition[];
}

interface Condition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

/** Network policies in a workspace's namespace: ours by name and content, everybody else's by whom they let in. */
export function networkDifferences(
  context: Context,
  workspace: PlannedWorkspace,
  live: readonly PolicyObject[],
): Difference[] {
  const isOperators = context.plan.platform.provisioning === "operator";
  const planned = Object.entries(workspace.network) as [NetworkAccess, readonly string[]][];
  const wanted = planned.filter(([, addresses]) => addresses.length > 0);
  const byName = new Map(live.map((policy) => [policy.name, policy]));
  const names = new Set<string>(isOperators ? [] : wanted.map(([access]) => networkPolicyNames[access]));
  return [
    ...wanted.flatMap(([access, addresses]) => {
      if (isOperators) return unlessLetIn(context, workspace, addresses, live);
      const policy = byName.get(networkPolicyNames[access]);
      return policy
        ? changed(context, workspace, policy, { access, addresses })
        : [missing(workspace, access, addresses)];
    }),
    ...live.filter(({ name }) => !names.has(name)).flatMap((policy) => foreignPolicy(context, policy, workspace)),
  ];
}

function named({ name }: PlannedWorkspace, policy: string): string {
  return `workspace "${name}": AuthorizationPolicy "${policy}"`;
}

function missing(workspace: PlannedWorkspace, access: NetworkAccess, addresses: readonly string[]): Difference {
  const what = `${named(workspace, networkPolicyNames[access])} is missing, which lets in ${few(addresses)}`;
  return { class: "missing access", plane: "network", what, where: workspace.at, remedy: repairedByUpdate };
}

function unlessLetIn(
  { plan }: Context,
  workspace: PlannedWorkspace,
  addresses: readonly string[],
  live: readonly PolicyObject[],
): Difference[] {
  const { istio } = plan.platform;
  const letIn = new Set(
    live
      .filter(({ spec }) => isAllow(spec))
      .flatMap(({ spec }) =>
        ((spec as Spec).rules ?? []).flatMap((rule) => headerValues(rule, istio.userIdHeader) ?? []),
      ),
  );
  const out = addresses.filter((address) => !letIn.has(istio.userIdPrefix + address));
  if (out.length === 0) return [];
  const what = `workspace "${workspace.name}": no AuthorizationPolicy lets in ${few(out)}`;
  return [
    {
      class: "missing access",
      plane: "network",
      what,
      where: workspace.at,
      remedy: "the operator has to make it; look at its log",
    },
  ];
}

function isAllow(spec: Spec): boolean {
  return (spec.action ?? "ALLOW") === "ALLOW";
}

/** A policy of ours that says something else than it is to say. */
function changed(
  context: Context,
  workspace: PlannedWorkspace,
  policy: PolicyObject,
  { access, addresses }: { access: NetworkAccess; addresses: readonly string[] },
): Difference[] {
  const { istio } = context.plan.platform;
  const spec: Spec = policy.spec;
  const common = { plane: "network", where: workspace.at, ...writerOf(policy), remedy: repairedByUpdate } as const;
  const name = named(workspace, policy.name);
  const rules = spec.rules ?? [];
  const wanted = passes(networkRules(istio, access, addresses).rules[0] ?? {}, istio.userIdHeader) ?? [];
  const given = rules.map((rule) => passes(rule, istio.userIdHeader));
  const extra = given.flat().filter((pass) => pass !== undefined && !wanted.includes(pass));
  const others = given.filter((pass) => pass === undefined).length;
  const lacking = wanted.filter((pass) => !given.flat().includes(pass));
  if (!isAllow(spec) || spec.selector || spec.targetRef || spec.targetRefs) {
    const why = isAllow(spec) ? "holds for some workloads only" : `has the action ${spec.action ?? ""}`;
    return [{ ...common, class: "missing access", what: `${name} ${why}` }];
  }
  if (extra.length > 0 || others > 0) {
    const what =
      `${name} lets in ${extra.length > 0 ? few(peopleOf(extra)) : "by another rule"}, ` +
      `not just ${few(addresses)} through the ${access === "full" ? "gateway and the " : ""}Pipelines UI`;
    const remedy = `kubectl delete authorizationpolicy -n ${workspace.name} ${policy.name}; then ${repairedByUpdate} as it should be`;
    return [{ ...common, class: "extra access", what, remedy }];
  }
  if (lacking.length > 0) {
    return [{ ...common, class: "missing access", what: `${name} does not let in ${few(peopleOf(lacking))}` }];
  }
  if (stackInLabels(policy.labels) === context.stack) return [];
  return [
    {
      ...common,
      class: "cosmetic",
      what: `${name} has no label that says that stack ${context.stack} made it`,
      remedy: markedAgain.compute(context.stack),
    },
  ];
}

/** Who comes through by what, each as one word; undefined for a rule of another shape than ours. */
function passes(rule: Rule, header: string): string[] | undefined {
  const { from, to, when, ...rest } = rule;
  const principals = (from ?? []).map(({ source = {} }) =>
    Object.keys(source).length === 1 ? source["principals"] : undefined,
  );
  const values = headerValues(rule, header);
  const isPlain = to === undefined && Object.keys(rest).length === 0 && when?.length === 1 && principals.length > 0;
  if (!isPlain || !values || principals.some((one) => one === undefined)) return undefined;
  return principals.flatMap((one) =>
    (one ?? []).flatMap((principal) => values.map((value) => `${principal} ${value}`)),
  );
}

function peopleOf(passed: readonly (string | undefined)[]): string[] {
  return [...new Set(passed.map((pass = "") => pass.slice(pass.indexOf(" ") + 1)))];
}

/** What the header must say for a rule to hold, or undefined where it does not ask. */
function headerValues({ when = [] }: Rule, header: string): readonly string[] | undefined {
  const asked = when.filter(({ key }) => key.toLowerCase() === `request.headers[${header}]`);
  return asked.find(({ values, notValues }) => values !== undefined && notValues === undefined)?.values;
}

/** What needs no person: probes and metrics, as Kubeflow's Profile controller lets them through. */
const harmlessPaths = ["/healthz", "/metrics", "/wait-for-drain"];

/** Whom a rule lets into a namespace beyond its own workloads and the platform's: people by the header, or everybody. */
function opening(
  context: Context,
  rule: Rule,
  namespace: string,
): { readonly values: readonly string[]; readonly isForgeable: boolean } | "everybody" | undefined {
  const { istio } = context.plan.platform;
  const { from = [], to = [], when = [] } = rule;
  const isUsers = (principal: string) => [istio.gatewayPrincipal, istio.pipelinesPrincipal].includes(principal);
  const isInside = (other: string) => other === namespace || (!other.includes("*") && !context.workspaces.has(other));
  const sources = from.map(({ source = {} }) => source);
  const values = headerValues(rule, istio.userIdHeader);
  const isBound = (source: Readonly<Record<string, readonly string[]>>) =>
    (source["principals"] ?? source["namespaces"]) !== undefined;
  if (values) return { values, isForgeable: sources.length === 0 || !sources.every(isBound) };
  const fromInside = when.some(({ key, values: wanted }) => key === "source.namespace" && wanted?.every(isInside));
  const operations = to.map(({ operation = {} }) => operation);
  const isHarmless =
    operations.length > 0 &&
    operations.every(({ paths }) => paths?.every((path) => harmlessPaths.includes(path)) ?? false);
  const fromWorkloads =
    sources.length > 0 &&
    sources.every(
      ({ principals, namespaces }) =>
        (principals?.every((one) => !isUsers(one) && isInside(namespaceOf(one))) ?? false) ||
        (namespaces?.every(isInside) ?? false),
    );
  return fromInside || isHarmless || fromWorkloads ? undefined : "everybody";
}

/** Of `cluster.local/ns/<namespace>/sa/<account>`; anything else could be any. */
function namespaceOf(principal: string): string {
  return /^[^*]*\/ns\/([^/*]+)\/sa\/[^*]+$/.exec(principal)?.[1] ?? "*";
}

/** What a policy of somebody else's lets in beyond what is desired, or keeps out. */
function foreignPolicy(context: Context, policy: PolicyObject, workspace: PlannedWorkspace): Difference[] {
  const { plan, snapshot } = context;
  const { istio } = plan.platform;
  const spec: Spec = policy.spec;
  const isOurs = stackInLabels(policy.labels) === context.stack;
  const by = isOurs ? writerOf(policy) : makerOf(policy);
  const common = { plane: "network", where: workspace.at, ...by } as const;
  const name = named(workspace, policy.name);
  const deletion = `kubectl delete authorizationpolicy -n ${workspace.name} ${policy.name}`;
  const remedy = isOurs ? `${takenByUpdate}; otherwise ${deletion}` : deletion;
  if (!isAllow(spec)) {
    const isOut = (spec.rules ?? []).some((rule) => keepsOut(rule, workspace, istio));
    if (spec.action !== "DENY" || !isOut) return [];
    return [{ ...common, class: "missing access", what: `${name} keeps members out`, remedy }];
  }
  const profile = snapshot.cluster.profiles.find((one) => one.name === workspace.name);
  const header = (address: string) => istio.userIdPrefix + address;
  const owners = [workspace.owner, ...(profile ? [profile.owner] : [])].map(header);
  const openings = (spec.rules ?? []).map((rule) => ({ rule, opened: opening(context, rule, workspace.name) }));
  if (openings.some(({ opened }) => opened === "everybody")) {
    return [
      {
        ...common,
        class: "extra access",
        what: `${name} lets in everybody whom one of its rules does not keep out`,
        remedy,
      },
    ];
  }
  const forgeable = openings.some(({ opened }) => typeof opened === "object" && opened.isForgeable);
  const people = openings.flatMap(({ rule, opened }) =>
    typeof opened === "object"
      ? opened.values.map((value) => ({ value, isPipelines: isPipelinesOnly(rule, istio) }))
      : [],
  );
  const desired = (value: string, isPipelines: boolean) =>
    owners.includes(value) ||
    workspace.network.full.map(header).includes(value) ||
    (isPipelines && workspace.network.pipelines.map(header).includes(value));
  const extra = people.filter(({ value, isPipelines }) => !desired(value, isPipelines)).map(({ value }) => value);
  if (extra.length > 0) {
    const user = plan.users.find(({ email }) => extra.includes(header(email)));
    const expired = user && context.expired(user.username, workspace.name);
    const what = `${name} lets in ${few(extra)}, which nothing here asks for${expired?.note ?? ""}`;
    return [
      {
        ...common,
        class: "extra access",
        what,
        where: expired?.at ?? workspace.at,
        remedy: `${remedy}, or write the grant into the file of workspace "${workspace.name}"`,
      },
    ];
  }
  if (forgeable) {
    const what = `${name} believes the header ${istio.userIdHeader} of every caller, so anybody in the mesh comes in`;
    return [{ ...common, class: "extra access", what, remedy }];
  }
  const given = people.filter(({ value }) => !owners.includes(value)).map(({ value }) => value);
  if (given.length === 0 || plan.platform.provisioning === "operator") return [];
  const what = `${name} lets in ${few(given)}, which nothing here asks for; it gives nothing more now, but would stay when the grant goes`;
  return [{ ...common, class: "cosmetic", what, remedy }];
}

type Istio = Context["plan"]["platform"]["istio"];

function isPipelinesOnly({ from = [] }: Rule, istio: Istio): boolean {
  return (
    from.length > 0 &&
    from.every(({ source }) => source?.["principals"]?.every((one) => one === istio.pipelinesPrincipal) ?? false)
  );
}

function keepsOut(rule: Rule, { network }: PlannedWorkspace, istio: Istio): boolean {
  const { from, to, when } = rule;
  if (!from && !to && !when) return true;
  const values = headerValues(rule, istio.userIdHeader) ?? [];
  const members = [...network.full, ...network.pipelines].map((address) => istio.userIdPrefix + address);
  return values.some((value) => value === "*" || members.includes(value));
}

/** Policies for the whole mesh that let people in everywhere. */
export function meshDifferences(context: Context): Difference[] {
  const { platform } = context.plan;
  const root = platform.gateway.namespace;
  return context.snapshot.cluster.policies
    .filter((policy) => policy.namespace === root && isAllow(policy.spec) && isForAll(policy.spec))
    .flatMap((policy): Difference[] => {
      const opened = ((policy.spec as Spec).rules ?? []).flatMap((rule) => opening(context, rule, root) ?? []);
      if (opened.length === 0) return [];
      const people = opened.flatMap((one) => (one === "everybody" ? ["everybody"] : one.values));
      return [
        {
          class: "extra access",
          plane: "network",
          what: `AuthorizationPolicy "${policy.name}" in ${root} holds in every namespace and lets in ${few([...new Set(people)])}`,
          where: undefined,
          ...makerOf(policy),
          remedy: `kubectl delete authorizationpolicy -n ${root} ${policy.name}, or give it a selector`,
        },
      ];
    });
}

function isForAll(spec: Spec): boolean {
  return !spec.selector && !spec.targetRef && !spec.targetRefs;
}
