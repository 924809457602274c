import { at, expectKeys, expectValue, list, shown, text, texts } from "../reading.ts";
import { type Resource, resourceRule } from "../rule.ts";
import { contributorName, isPlainAddress, isWorkspaceName, type Level } from "../seeds.ts";
import { clusterRoleBinding, roleBinding } from "../types.ts";

const rbac = "rbac.authorization.k8s.io";

/**
 * One subject, because Kubeflow's dashboard lists nothing else and fails on two; a person by the address that KFAM
 * looks for in the annotations, or the group that is a realm role of this workspace.
 */
export const roleBindings = resourceRule(
  {
    name: "role-bindings",
    description:
      "A RoleBinding gives kubeflow-edit or kubeflow-view in its own workspace, to one person or to its own role.",
    severity: "critical",
    remedy: "Write the member into the workspace's file; the program makes the binding.",
    types: [roleBinding],
  },
  (resource) => {
    const { props, parent } = resource;
    const workspace = parent?.name ?? "";
    const level = levelOf(props, ["edit", "view"]);
    const shape = [
      ...(isWorkspaceName(workspace) ? [] : [`${shown(workspace)} is no name for a workspace`]),
      ...expectValue(props, ["metadata", "namespace"], [workspace]),
      ...shapeFindings(props, ["kubeflow-edit", "kubeflow-view"]),
    ];
    if (shape.length > 0 || level === undefined) return shape;
    return text(props, "subjects", 0, "kind") === "Group"
      ? roleFindings(resource, workspace, level)
      : contributorFindings(resource, level);
  },
);

function roleFindings({ props }: Resource, workspace: string, level: Level): string[] {
  return [
    ...expectValue(props, ["subjects", 0, "name"], [`pk:${level}:${workspace}`]),
    ...expectValue(props, ["metadata", "name"], [`pk-${level}`]),
    // With them Kubeflow would list the role as a person.
    ...["user", "role"].flatMap((key) => expectValue(props, ["metadata", "annotations", key], [undefined])),
  ];
}

function contributorFindings({ props }: Resource, level: Level): string[] {
  const address = text(props, "subjects", 0, "name") ?? "";
  return [
    ...addressFindings(address),
    ...expectValue(props, ["metadata", "annotations", "user"], [address]),
    ...expectValue(props, ["metadata", "annotations", "role"], [level]),
    ...expectValue(props, ["metadata", "name"], [contributorName(address, level)]),
  ];
}

/** Rights in every namespace, to persons that the policy's own configuration names as well. */
export const clusterRoleBindings = resourceRule(
  {
    name: "cluster-role-bindings",
    description: "Rights in every namespace go to persons that this environment's policy configuration names as well.",
    severity: "critical",
    remedy: 'Add the address to "allowed" of cluster-role-bindings in policy/<stack>.json, in a review of its own.',
    types: [clusterRoleBinding],
    config: {
      schema: {
        properties: {
          allowed: {
            type: "array",
            items: { type: "string" },
            description: "E-mail addresses that may have such rights.",
          },
        },
      },
      defaults: { allowed: [] as readonly string[] },
    },
  },
  ({ props }, { allowed }) => {
    const shape = shapeFindings(props, ["kubeflow-admin", "kubeflow-edit"]);
    const level = levelOf(props, ["admin", "edit"]);
    if (shape.length > 0 || level === undefined) return shape;
    const address = text(props, "subjects", 0, "name") ?? "";
    return [
      ...expectValue(props, ["subjects", 0, "kind"], ["User"]),
      ...addressFindings(address),
      ...expectValue(props, ["metadata", "name"], [`prokube-access:kubeflow-${level}:${address}`]),
      ...expectValue(props, ["metadata", "namespace"], [undefined]),
      ...(allowed.includes(address)
        ? []
        : [
            `it gives ${shown(address)} kubeflow-${level} in every namespace; allowed are ${allowed.join(", ") || "none"}`,
          ]),
    ];
  },
);

/** What holds for every binding of either kind: one of Kubeflow's own ClusterRoles, to one User or Group. */
function shapeFindings(props: unknown, clusterRoles: readonly string[]): string[] {
  const subjects = list(props, "subjects");
  const names = texts(subjects?.map((subject) => text(subject, "name")));
  return [
    ...expectKeys(props, [], ["apiVersion", "kind", "metadata", "roleRef", "subjects"]),
    ...expectKeys(props, ["roleRef"], ["apiGroup", "kind", "name"]),
    ...expectValue(props, ["roleRef", "apiGroup"], [rbac]),
    ...expectValue(props, ["roleRef", "kind"], ["ClusterRole"]),
    ...expectValue(props, ["roleRef", "name"], clusterRoles),
    ...(subjects?.length === 1 ? [] : [`it has ${subjects?.length ?? "no list of"} subjects; allowed is one`]),
    ...(subjects ?? []).flatMap((subject) => [
      ...expectKeys(subject, [], ["apiGroup", "kind", "name"]),
      ...expectValue(subject, ["apiGroup"], [rbac]),
      ...expectValue(subject, ["kind"], ["User", "Group"]),
      ...(text(subject, "name") === undefined ? [`a subject's name is ${shown(at(subject, "name"))}`] : []),
    ]),
    ...names
      .filter((name) => name.toLowerCase().startsWith("system:"))
      .map((name) => `its subject ${shown(name)} is one of Kubernetes' own`),
  ];
}

function levelOf<L extends string>(props: unknown, levels: readonly L[]): L | undefined {
  return levels.find((level) => text(props, "roleRef", "name") === `kubeflow-${level}`);
}

function addressFindings(address: string): string[] {
  return isPlainAddress(address) ? [] : [`its subject ${shown(address)} is no plain lower-case e-mail address`];
}
