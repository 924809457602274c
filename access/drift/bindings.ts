import type { Location } from "../diagnostic.ts";
import { stackInLabels } from "../inventory.ts";
import {
  type AccessLevel,
  clusterRole,
  clusterRoleBindingName,
  contributorBindingName,
  roleBindingNames,
  workspaceRoles,
} from "../names.ts";
import type { PlannedWorkspace } from "../resolve.ts";
import type { BindingObject, Subject } from "../snapshot.ts";
import { type Context, everyNamespace, makerOf, workspaceOfRole, writerOf } from "./context.ts";
import { type Difference, few, markedAgain, repairedByUpdate, takenByUpdate } from "./difference.ts";

type LiveBinding = Context["snapshot"]["cluster"]["roleBindings"][number];

/** A binding that is to be there. */
interface PlannedBinding {
  readonly name: string;
  readonly level: AccessLevel;
  readonly subject: Pick<Subject, "kind" | "name">;
  readonly at: Location | undefined;
  /** Of a contributor binding. */
  readonly username?: string;
}

function plannedBindings(context: Context, workspace: PlannedWorkspace): PlannedBinding[] {
  const roles = workspaceRoles(workspace.name);
  return [
    ...(["edit", "view"] as const).map((level) => ({
      name: roleBindingNames[level],
      level,
      subject: { kind: "Group" as const, name: roles[level] },
      at: workspace.at,
    })),
    ...workspace.contributors.map(({ username, email, level }) => ({
      name: contributorBindingName(email, level),
      level,
      subject: { kind: "User" as const, name: email },
      at: context.grantAt(username, workspace.name),
      username,
    })),
  ];
}

/** Bindings in a workspace's namespace: ours by name and content, everybody else's by what they give to whom. */
export function bindingDifferences(
  context: Context,
  workspace: PlannedWorkspace,
  live: readonly LiveBinding[],
): Difference[] {
  const planned = plannedBindings(context, workspace);
  if (context.plan.platform.provisioning === "operator") {
    return [
      ...planned.filter(({ username }) => username !== undefined).flatMap((one) => unlessGiven(workspace, one, live)),
      ...live.flatMap((binding) => foreignBinding(context, workspace, binding, planned)),
    ];
  }
  const byName = new Map(live.map((binding) => [binding.name, binding]));
  const names = new Set(planned.map(({ name }) => name));
  return [
    ...planned.flatMap((one) => {
      const binding = byName.get(one.name);
      return binding ? changed(context, workspace, one, binding) : missing(workspace, one, live);
    }),
    ...live
      .filter(({ name }) => !names.has(name))
      .flatMap((binding) => foreignBinding(context, workspace, binding, planned)),
  ];
}

function missing(workspace: PlannedWorkspace, planned: PlannedBinding, live: readonly LiveBinding[]): Difference[] {
  const { name, level, subject, at } = planned;
  // A higher one is told as what it is: extra.
  const isCovered =
    level === "view" && live.some((binding) => rankOf(binding.role) > 1 && gives(binding, subject.kind, subject.name));
  if (isCovered) return [];
  return [
    {
      class: "missing access",
      plane: "compute",
      what: `workspace "${workspace.name}": RoleBinding "${name}" is missing, which gives ${clusterRole(level)} to ${subject.name}`,
      where: at,
      remedy: repairedByUpdate,
    },
  ];
}

function unlessGiven(workspace: PlannedWorkspace, planned: PlannedBinding, live: readonly LiveBinding[]): Difference[] {
  const { level, subject, at } = planned;
  const least = level === "edit" ? 2 : 1;
  if (live.some((binding) => rankOf(binding.role) >= least && gives(binding, subject.kind, subject.name))) return [];
  return [
    {
      class: "missing access",
      plane: "compute",
      what: `workspace "${workspace.name}": no RoleBinding gives ${clusterRole(level)} to ${subject.name}`,
      where: at,
      remedy: "the operator has to make it; look at its log",
    },
  ];
}

function gives({ subjects }: BindingObject, kind: Subject["kind"], name: string): boolean {
  return subjects.some((subject) => subject.kind === kind && subject.name === name);
}

/** How much a role gives in a namespace: viewing 1, editing 2; 3 for what nobody is to have. */
function rankOf({ kind, name }: BindingObject["role"]): number {
  if (kind !== "ClusterRole") return 3;
  return name === clusterRole("view") ? 1 : name === clusterRole("edit") ? 2 : 3;
}

function roleInWords({ kind, name }: BindingObject["role"]): string {
  return kind === "ClusterRole" ? name : `${kind} ${name}`;
}

/** A binding of ours that says something else than it is to say. */
function changed(
  context: Context,
  workspace: PlannedWorkspace,
  { level, subject, at, username }: PlannedBinding,
  live: LiveBinding,
): Difference[] {
  const common = { plane: "compute", where: at, remedy: repairedByUpdate, ...writerOf(live) } as const;
  const named = `workspace "${workspace.name}": RoleBinding "${live.name}"`;
  const others = live.subjects.filter(({ kind, name }) => kind !== subject.kind || name !== subject.name);
  const isLess = live.role.kind === "ClusterRole" && live.role.name === clusterRole("view") && level === "edit";
  const isOther = rankOf(live.role) !== (level === "edit" ? 2 : 1);
  const wanted = `not ${clusterRole(level)} to ${subject.name}`;
  if (others.length > 0 || (isOther && !isLess)) {
    const what = `${named} gives ${roleInWords(live.role)} to ${inWords(live.subjects)}, ${wanted} alone`;
    // A subject that the program did not write is not its to see in a refresh.
    return [
      {
        ...common,
        class: "extra access",
        what,
        remedy: `kubectl delete rolebinding -n ${workspace.name} ${live.name}; then ${repairedByUpdate} as it should be`,
      },
    ];
  }
  if (isLess || live.subjects.length === 0) {
    const what = `${named} gives ${roleInWords(live.role)} to ${inWords(live.subjects)}, ${wanted}`;
    return [{ ...common, class: "missing access", what }];
  }
  const { user, role } = live.annotations;
  if (username !== undefined && (user !== subject.name || role !== level)) {
    const what = `${named} lacks the annotations user and role of ${subject.name}, so the dashboard does not show the workspace`;
    return [{ ...common, class: "missing access", what }];
  }
  if (stackInLabels(live.labels) === context.stack) return [];
  return [
    {
      ...common,
      class: "cosmetic",
      what: `${named} has no label that says that stack ${context.stack} made it`,
      remedy: markedAgain.compute(context.stack),
    },
  ];
}

function inWords(subjects: readonly Subject[]): string {
  if (subjects.length === 0) return "nobody";
  return few(
    subjects.map(({ kind, name, namespace }) =>
      kind === "User" ? name : `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`,
    ),
  );
}

/** Rights that even the workspace's own service accounts do not need: whoever may run a pod would have them. */
const tooMuch = ["cluster-admin", "admin", "kubeflow-admin"];

/** What a binding of somebody else's gives beyond what is desired. */
function foreignBinding(
  context: Context,
  workspace: PlannedWorkspace,
  live: LiveBinding,
  planned: readonly PlannedBinding[],
): Difference[] {
  const rank = rankOf(live.role);
  const owners = [
    workspace.owner,
    context.snapshot.cluster.profiles.find(({ name }) => name === workspace.name)?.owner,
  ];
  const given = live.subjects.filter(({ kind, name, namespace }) => {
    if (kind === "ServiceAccount") return namespace !== workspace.name || tooMuch.includes(live.role.name);
    return kind !== "User" || !owners.includes(name);
  });
  if (given.length === 0) return [];
  const isDesired = ({ kind, name }: Subject) =>
    planned.some(
      (one) => one.subject.kind === kind && one.subject.name === name && rank <= (one.level === "edit" ? 2 : 1),
    );
  const extra = given.filter((subject) => !isDesired(subject));
  // An operator has names of its own for what is desired.
  if (extra.length === 0 && context.plan.platform.provisioning === "operator") return [];
  const people = (extra.length > 0 ? extra : given).map(({ name }) => name);
  const user = context.plan.users.find(({ email }) => people.includes(email));
  const expired = user && context.expired(user.username, workspace.name);
  const isOurs = stackInLabels(live.labels) === context.stack;
  const deletion = `kubectl delete rolebinding -n ${workspace.name} ${live.name}`;
  return [
    {
      class: extra.length > 0 ? "extra access" : "cosmetic",
      plane: "compute",
      what:
        `workspace "${workspace.name}": RoleBinding "${live.name}" gives ${roleInWords(live.role)} to ` +
        `${inWords(extra.length > 0 ? extra : given)}, which nothing here asks for${expired?.note ?? ""}` +
        (isContributors(live) && !isOurs ? " (Kubeflow's Manage Contributors makes such)" : "") +
        (extra.length > 0 ? "" : "; it gives nothing more now, but would stay when the grant goes"),
      where: expired?.at ?? workspace.at,
      ...(isOurs ? writerOf(live) : makerOf(live)),
      remedy: isOurs
        ? `${takenByUpdate}; otherwise ${deletion}`
        : `${deletion}, or write the grant into the file of workspace "${workspace.name}"`,
    },
  ];
}

function isContributors({ name, annotations: { user, role } }: LiveBinding): boolean {
  return user !== undefined && (role === "edit" || role === "view") && name === contributorBindingName(user, role);
}

/** ClusterRoles that give everything, or everything in namespaces. */
const wideRoles = ["cluster-admin", "admin", "edit", "view", "kubeflow-admin", "kubeflow-edit", "kubeflow-view"];
const everybody = ["system:authenticated", "system:unauthenticated"];

/** Who has rights in every namespace. */
export function clusterBindingDifferences(context: Context): Difference[] {
  const { plan, snapshot, stack } = context;
  const live = snapshot.cluster.clusterRoleBindings;
  const isProgram = plan.platform.provisioning === "program";
  const planned = new Map(
    plan.clusterAccess.map((grant) => [clusterRoleBindingName(grant.email, grant.level), grant] as const),
  );
  const byName = new Map(live.map((binding) => [binding.name, binding]));
  const differences = [...planned].flatMap(([name, { user, email, level, at }]): Difference[] => {
    if (!isProgram) return [];
    const common = { plane: "compute", where: at, remedy: repairedByUpdate } as const;
    const binding = byName.get(name);
    const named = `ClusterRoleBinding "${name}"`;
    if (!binding) return [{ ...common, class: "missing access", what: `${named} of "${user}" is missing` }];
    const others = binding.subjects.filter((subject) => subject.kind !== "User" || subject.name !== email);
    const isOther = binding.role.name !== `kubeflow-${level}`;
    if (others.length === 0 && !isOther && binding.subjects.length > 0) {
      if (stackInLabels(binding.labels) === stack) return [];
      const what = `${named} has no label that says that stack ${stack} made it`;
      return [{ ...common, ...writerOf(binding), class: "cosmetic", what, remedy: markedAgain.compute(stack) }];
    }
    const isLess = others.length === 0 && (binding.subjects.length === 0 || binding.role.name === "kubeflow-edit");
    return [
      {
        ...common,
        ...writerOf(binding),
        class: isLess ? "missing access" : "extra access",
        what: `${named} gives ${binding.role.name} to ${inWords(binding.subjects)}, not kubeflow-${level} to ${email} alone`,
        ...(!isLess && {
          remedy: `kubectl delete clusterrolebinding ${name}; then ${repairedByUpdate} as it should be`,
        }),
      },
    ];
  });
  return [
    ...differences,
    ...live
      .filter((binding) => !(isProgram && planned.has(binding.name)) && !isAnotherStacks(binding, stack))
      .flatMap((binding) => foreignClusterBinding(context, binding)),
  ];
}

/** A label alone, which whoever makes a binding can write, hides nothing: it has to be what a stack makes. */
function isAnotherStacks({ name, labels, role, subjects }: BindingObject, stack: string): boolean {
  const maker = stackInLabels(labels);
  const [person, ...others] = subjects;
  if (maker === undefined || maker === stack || person?.kind !== "User" || others.length > 0) return false;
  return (["admin", "edit"] as const).some(
    (level) => role.name === `kubeflow-${level}` && name === clusterRoleBindingName(person.name, level),
  );
}

function foreignClusterBinding(context: Context, live: BindingObject): Difference[] {
  const { plan, workspaces } = context;
  const { admin } = plan.platform.platformGroups;
  const addresses = new Map(plan.users.map((user) => [user.email, user]));
  const groups = new Set([plan.platform.platformGroups.user, ...plan.groups.map(({ name }) => name)]);
  const isWide = wideRoles.includes(live.role.name);
  const isKubeflows = live.role.name.startsWith("kubeflow-") && isWide;
  const isDesired = (email: string) =>
    plan.clusterAccess.some(
      (grant) =>
        grant.email === email &&
        (live.role.name === `kubeflow-${grant.level}` ||
          live.role.name === "kubeflow-edit" ||
          live.role.name === "kubeflow-view"),
    );
  const given = live.subjects.filter(({ kind, name }) => {
    if (kind === "User") {
      return addresses.has(name) ? !isDesired(name) : isKubeflows && !name.startsWith("system:");
    }
    if (kind !== "Group") return false;
    if (everybody.includes(name)) return isWide;
    const workspace = workspaceOfRole(name);
    const isRole = workspace !== undefined && workspaces.has(workspace);
    return isRole || groups.has(name) || (isKubeflows && name !== admin && !name.startsWith("system:"));
  });
  if (given.length === 0) return [];
  const user = addresses.get(given[0]?.name ?? "");
  const expired = user && context.expired(user.username, everyNamespace);
  const isOurs = stackInLabels(live.labels) === context.stack;
  return [
    {
      class: "extra access",
      plane: "compute",
      what: `ClusterRoleBinding "${live.name}" gives ${live.role.name} in the whole cluster to ${inWords(given)}, which nothing here asks for${expired?.note ?? ""}`,
      where: expired?.at ?? user?.at,
      ...(isOurs ? writerOf(live) : makerOf(live)),
      remedy: isOurs
        ? `${takenByUpdate}; otherwise kubectl delete clusterrolebinding ${live.name}`
        : `kubectl delete clusterrolebinding ${live.name}, or write the grant into platform.yaml (clusterAccess)`,
    },
  ];
}
