import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { clusterRoleBindingName } from "../access/names.ts";
import type { ClusterAccess as Grantee } from "../access/resolve.ts";
import { type Imports, ownershipLabels, takenOver } from "./ownership.ts";

export interface ClusterAccessArgs {
  /** Who has which of Kubeflow's ClusterRoles, one entry for each person. */
  grantees: readonly Grantee[];
  /** The names of users' resources, by username. */
  keys: ReadonlyMap<string, string>;
  /** Objects that exist already and may be taken over. */
  imports: Imports;
}

const rbac = "rbac.authorization.k8s.io";

/** Kubeflow's ClusterRoles in every namespace (seed 002): one ClusterRoleBinding for each person. */
export class ClusterAccess extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:ClusterAccess";

  constructor(name: string, { grantees, keys, imports }: ClusterAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super(ClusterAccess.__pulumiType, name, {}, opts);
    for (const { user, email, level } of grantees) {
      const binding = clusterRoleBindingName(email, level);
      new kubernetes.rbac.v1.ClusterRoleBinding(
        `${name}-${keys.get(user) ?? user}`,
        {
          metadata: { name: binding, labels: ownershipLabels() },
          roleRef: { apiGroup: rbac, kind: "ClusterRole", name: `kubeflow-${level}` },
          subjects: [{ apiGroup: rbac, kind: "User", name: email }],
        },
        { parent: this, ...takenOver(imports, "ClusterRoleBinding", binding) },
      );
    }
    this.registerOutputs();
  }
}
