import { at, entries, expectKeys, expectValue, list, shown, text } from "../reading.ts";
import { type Resource, resourceRule } from "../rule.ts";
import { isWorkspaceName } from "../seeds.ts";
import {
  account,
  authorizationPolicy,
  clusterRoleBinding,
  component,
  namespace,
  profile,
  roleBinding,
} from "../types.ts";

/** A Profile's owner is kubeflow-admin in its namespace and may invite whom they like, past every file. */
export const ownerUnchanged = resourceRule(
  {
    name: "owner-unchanged",
    description: "One address owns every Profile, and no person is it.",
    severity: "critical",
    remedy:
      "Change owner in platform.yaml and in owner-unchanged of policy/<stack>.json together (docs/operations.md).",
    types: [profile, namespace, account, roleBinding, clusterRoleBinding, authorizationPolicy, component.workspace],
    config: {
      schema: {
        properties: {
          owner: { type: "string", description: "The address that owns every Profile." },
          userIdPrefix: { type: "string", description: "What stands before the address in the header of the mesh." },
        },
        required: ["owner"],
      },
      defaults: { owner: "", userIdPrefix: "" },
    },
  },
  (resource, { owner, userIdPrefix }) => {
    switch (resource.type) {
      case profile:
        return profileFindings(resource, owner);
      case namespace:
        return namespaceFindings(resource, owner);
      case component.workspace:
        return expectValue(resource.props, ["owner"], [owner]);
      case account:
        return accountFindings(resource, owner);
      default:
        return [owner, userIdPrefix + owner].some((one) => holds(resource.props, one.toLowerCase()))
          ? [`it gives something to ${shown(owner)}, who is nobody`]
          : [];
    }
  },
);

function profileFindings({ props, parent }: Resource, owner: string): string[] {
  return [
    ...expectValue(props, ["metadata", "name"], [parent?.name ?? ""]),
    ...expectKeys(props, ["spec"], ["owner", "resourceQuotaSpec"]),
    ...expectKeys(props, ["spec", "owner"], ["kind", "name"]),
    ...expectValue(props, ["spec", "owner", "kind"], ["User"]),
    ...expectValue(props, ["spec", "owner", "name"], [owner]),
  ];
}

/** The Profile controller takes a namespace over only from the owner that its annotation names. */
function namespaceFindings({ props, parent }: Resource, owner: string): string[] {
  const name = text(props, "metadata", "name") ?? "";
  return [
    ...expectValue(props, ["metadata", "name"], [parent?.name ?? ""]),
    ...(isWorkspaceName(name) ? [] : [`${shown(at(props, "metadata", "name"))} is no name for a workspace`]),
    ...expectValue(props, ["metadata", "annotations", "owner"], [owner]),
  ];
}

function accountFindings({ props, parent }: Resource, owner: string): string[] {
  const names = [text(props, "username"), text(props, "email")].map((name) => name?.trim().toLowerCase());
  const isHeld = parent?.type === component.realm;
  if (!isHeld && !names.includes(owner.toLowerCase())) return [];
  return [
    ...(isHeld ? expectValue(props, ["email"], [owner]) : [`a person has the owner's address ${shown(owner)}`]),
    ...expectValue(props, ["enabled"], [false]),
    ...expectValue(props, ["initialPassword"], [undefined]),
  ];
}

/** Whether an address, in lower case, is anywhere what a binding or a policy lets in. */
function holds(value: unknown, address: string): boolean {
  if (typeof value === "string") return value.toLowerCase() === address;
  return (list(value) ?? entries(value).map(([, inner]) => inner)).some((inner) => holds(inner, address));
}
