import { at, list, shown, text, texts } from "../reading.ts";
import { type Finding, type Outcome, stackRule } from "../rule.ts";
import { authorizationPolicy, component, roleBinding } from "../types.ts";

/** Only where it is switched on: a viewer in a notebook writes with the rights of the workspace's own account. */
export const viewersWithoutNotebooks = stackRule(
  {
    name: "viewers-without-notebooks",
    description:
      "Who may only view a workspace does not open its notebooks, which act with the workspace's own rights.",
    severity: "high",
    remedy: "Write notebooksAccess: false for the member, or role: edit.",
    config: {
      schema: {
        properties: {
          userIdPrefix: { type: "string", description: "What stands before the address in the header of the mesh." },
        },
      },
      defaults: { userIdPrefix: "" },
    },
  },
  (resources, { userIdPrefix }) => {
    const viewers = resources.filter(
      ({ type, props }) =>
        type === roleBinding &&
        text(props, "roleRef", "name") === "kubeflow-view" &&
        text(props, "subjects", 0, "kind") === "User",
    );
    return viewers.flatMap(({ props }): Finding[] => {
      const namespace = text(props, "metadata", "namespace") ?? "";
      const address = text(props, "subjects", 0, "name") ?? "";
      const policy = resources.find((one) => isFullPolicy(one, namespace));
      const values = (list(policy?.props, "spec", "rules") ?? [])
        .flatMap((rule) => list(rule, "when") ?? [])
        .flatMap((condition) => texts(condition, "values"));
      return policy && values.includes(userIdPrefix + address)
        ? [{ of: policy, what: `${shown(address)} may only view ${namespace}, and may open its notebooks` }]
        : [];
    });
  },
);

function isFullPolicy({ type, props }: Outcome, namespace: string): boolean {
  return (
    type === authorizationPolicy &&
    text(props, "metadata", "name") === "pk-members" &&
    text(props, "metadata", "namespace") === namespace
  );
}

/** Only where it is switched on. A group's grant ends with the membership; a person's only with a line that somebody removes. */
export const storageGrantsExpire = stackRule(
  {
    name: "storage-grants-expire",
    description: "Storage that is given to a person alone, without a role in the workspace, has an end.",
    severity: "medium",
    remedy: "Write expires: for the person in the workspace's storage list, or give it to a group.",
  },
  (resources) =>
    resources
      .filter(({ type }) => type === component.workspace)
      .flatMap((workspace) =>
        (list(workspace.props, "grants") ?? [])
          .filter((grant) => text(grant, "source") === "storage" && text(grant, "group") === undefined)
          .filter((grant) => text(grant, "expires") === undefined)
          .map((grant) => ({
            of: workspace,
            what: `${shown(at(grant, "user"))} has s3:${text(grant, "level") ?? ""} without an end`,
          })),
      ),
);
