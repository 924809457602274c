import { compare } from "./diagnostic.ts";
import { type Inventory, type LiveObject, objectKey } from "./inventory.ts";
import { allWorkspaces } from "./ledger.ts";
import { clusterRole, workspaceBuckets, workspaceRoles } from "./names.ts";
import { bindingAccess } from "./objects.ts";
import type { Plan, PlannedWorkspace } from "./resolve.ts";
import { accessIn, s3Statements } from "./s3Policy.ts";

/**
 * What the compute, network and storage planes have otherwise than the plan says, for platforms whose operator makes
 * them: compared by what people can do, because the operator may use names of its own.
 */
export function differences(plan: Plan, live: Inventory): string[] {
  return allWorkspaces(plan)
    .toSorted((a, b) => compare(a.name, b.name))
    .flatMap((workspace) => {
      if (!live.objects.has(objectKey("namespace", workspace.name))) {
        return [`workspace "${workspace.name}": the namespace is missing; has the operator seen its realm role?`];
      }
      return [
        ...profileDifferences(workspace, live),
        ...bindingDifferences(workspace, live),
        ...networkDifferences(workspace, plan, live),
        ...storageDifferences(workspace, live),
      ].map((difference) => `workspace "${workspace.name}": ${difference}`);
    });
}

function profileDifferences({ name }: PlannedWorkspace, live: Inventory): string[] {
  return live.objects.has(objectKey("Profile", name)) ? [] : ["the Profile is missing, so no dashboard shows it"];
}

function inside({ name }: PlannedWorkspace, live: Inventory, kind: LiveObject["kind"]): LiveObject[] {
  return [...live.objects.values()].filter((object) => object.kind === kind && object.name.startsWith(`${name}/`));
}

function bindingDifferences(workspace: PlannedWorkspace, live: Inventory): string[] {
  const bindings = inside(workspace, live, "RoleBinding");
  const wanted = workspace.contributors.map(({ email, level }) => ({
    email,
    level,
    access: bindingAccess(clusterRole(level), [`User ${email}`]),
  }));
  const missing = wanted.filter(({ access }) => !bindings.some((binding) => binding.access === access));
  const extra = bindings.filter(
    ({ access = "", people = [] }) =>
      people.some((person) => person !== workspace.owner) &&
      /^kubeflow-/.test(access) &&
      !wanted.some((one) => one.access === access),
  );
  return [
    ...missing.map(({ email, level }) => `${email} should have ${clusterRole(level)}, but no RoleBinding gives it`),
    ...extra.map(({ name, access = "" }) => `RoleBinding "${name}" gives ${access}, which nothing here asks for`),
  ];
}

function networkDifferences(workspace: PlannedWorkspace, { platform }: Plan, live: Inventory): string[] {
  const { userIdPrefix } = platform.istio;
  const policies = inside(workspace, live, "AuthorizationPolicy");
  const letIn = new Set(policies.flatMap(({ people = [] }) => people));
  const wanted = [...workspace.network.full, ...workspace.network.pipelines].map((address) => userIdPrefix + address);
  const extra = [...letIn].filter((value) => !wanted.includes(value) && value !== userIdPrefix + workspace.owner);
  return [
    ...wanted.filter((value) => !letIn.has(value)).map((value) => `no AuthorizationPolicy lets ${value} in`),
    ...extra.map((value) => `an AuthorizationPolicy lets ${value} in, which nothing here asks for`),
  ];
}

function storageDifferences({ name }: PlannedWorkspace, live: Inventory): string[] {
  const roles = workspaceRoles(name);
  const buckets = Object.values(workspaceBuckets(name)).filter(
    (bucket) => !live.objects.has(objectKey("bucket", bucket)),
  );
  const policies = (
    [
      ["edit", roles.s3Edit],
      ["view", roles.s3View],
    ] as const
  ).flatMap(([level, role]) => {
    const found = live.objects.get(objectKey("S3 policy", role));
    if (!found) return [`S3 policy "${role}" is missing, so the role opens no bucket`];
    const wanted = accessIn(Object.values(s3Statements(level, name)));
    return found.access === wanted ? [] : [`S3 policy "${role}" gives ${found.access ?? "nothing"}, not ${wanted}`];
  });
  return [...buckets.map((bucket) => `bucket "${bucket}" is missing`), ...policies];
}
