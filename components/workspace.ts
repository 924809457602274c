import * as keycloak from "@pulumi/keycloak";
import * as kubernetes from "@pulumi/kubernetes";
import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import {
  type AccessLevel,
  clusterRole,
  contributorBindingName,
  limitRangeName,
  networkPolicyNames,
  roleBindingNames,
  workspaceBuckets,
  type WorkspaceRoles,
  workspaceRoles,
} from "../access/names.ts";
import type { NetworkAccess, PlannedWorkspace } from "../access/resolve.ts";
import type { Platform } from "../access/schema.ts";
import type { Ids } from "./ids.ts";
import { ownershipAttributes, ownershipLabels } from "./ownership.ts";
import { s3Policy } from "./s3Policy.ts";

export interface WorkspaceArgs {
  /** What holds for the whole environment: realm, header names, namespace labels. */
  platform: Pick<Platform, "realm" | "istio" | "namespaceLabels">;
  /** The workspace as resolved: its members, quota and limits. */
  workspace: PlannedWorkspace;
}

const rbac = "rbac.authorization.k8s.io";

/**
 * One workspace on all four planes: five realm roles with their composites, a namespace with its Kubeflow Profile,
 * LimitRange and bindings, the network policies of its members, and two buckets with the policies named like the
 * roles that give them.
 *
 * Its namespace goes with it; its buckets stay.
 */
export class Workspace extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:Workspace";

  /** The namespace, known once it exists. */
  readonly namespace: pulumi.Output<string>;
  /** Identifiers of the five realm roles, by name. */
  readonly roleIds: Ids;

  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Workspace.__pulumiType, name, factsOf(args.workspace), opts);
    this.roleIds = this.createRoles(name, args);
    this.createStorage(name, args.workspace.name);
    this.namespace = this.createNamespace(name, args);
    this.createProfile(name, args.workspace);
    this.createRoleBindings(name, args.workspace.name);
    this.createContributorBindings(name, args.workspace);
    this.createNetworkPolicies(name, args);
    this.registerOutputs({ namespace: this.namespace });
  }

  /** The tree of seed 001. A role is created after its parts. */
  private createRoles(name: string, { platform, workspace }: WorkspaceArgs): Ids {
    const roles = workspaceRoles(workspace.name);
    const create = (key: keyof WorkspaceRoles, suffix: string, purpose: string, parts: readonly keycloak.Role[]) =>
      new keycloak.Role(
        `${name}-role-${suffix}`,
        {
          realmId: platform.realm,
          name: roles[key],
          description: purpose,
          compositeRoles: parts.map((part) => part.id),
          attributes: ownershipAttributes(),
        },
        { parent: this },
      );
    const s3View = create("s3View", "s3-view", `S3 read-only access to ${workspace.name}`, []);
    const s3Edit = create("s3Edit", "s3-edit", `S3 read-write access to ${workspace.name}`, []);
    const view = create("view", "view", `View access to ${workspace.name}`, [s3View]);
    const edit = create("edit", "edit", `Edit access to ${workspace.name}`, [s3Edit]);
    const identity = create("identity", "identity", identityPurpose(workspace), [edit, view, s3Edit]);
    const created: Record<keyof WorkspaceRoles, keycloak.Role> = { identity, edit, view, s3Edit, s3View };
    return new Map(Object.entries(created).map(([key, role]) => [roles[key as keyof WorkspaceRoles], role.id]));
  }

  private createStorage(name: string, workspace: string): void {
    const buckets = workspaceBuckets(workspace);
    for (const [suffix, bucket] of Object.entries(buckets)) {
      // Data outlives access: without its state entry the bucket stays, with no policy that reaches it.
      new minio.S3Bucket(`${name}-bucket-${suffix}`, { bucket }, { parent: this, retainOnDelete: true });
    }
    const roles = workspaceRoles(workspace);
    for (const [level, role] of [
      ["edit", roles.s3Edit],
      ["view", roles.s3View],
    ] as const) {
      new minio.IamPolicy(
        `${name}-policy-${level}`,
        { name: role, policy: s3Policy(level, Object.values(buckets)) },
        { parent: this },
      );
    }
  }

  private createNamespace(name: string, { platform, workspace }: WorkspaceArgs): pulumi.Output<string> {
    const namespace = new kubernetes.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: workspace.name,
          labels: { ...platform.namespaceLabels, ...ownershipLabels() },
          // The Profile controller takes a namespace over only when this names the Profile's owner.
          annotations: { owner: workspace.owner, ...describedAs(workspace) },
        },
      },
      { parent: this },
    );
    return namespace.metadata.name;
  }

  /** The Profile carries the quota: its controller deletes a ResourceQuota that the Profile does not know. */
  private createProfile(name: string, workspace: PlannedWorkspace): void {
    new kubernetes.apiextensions.CustomResource(
      `${name}-profile`,
      {
        apiVersion: "kubeflow.org/v1",
        kind: "Profile",
        metadata: {
          name: this.namespace,
          labels: ownershipLabels(),
          // In the foreground the controller would make anew what is being deleted (kubeflow/dashboard, Reconcile).
          annotations: { "pulumi.com/deletionPropagationPolicy": "background" },
        },
        spec: {
          owner: { kind: "User", name: workspace.owner },
          ...(Object.keys(workspace.quota).length > 0 ? { resourceQuotaSpec: { hard: workspace.quota } } : {}),
        },
      },
      { parent: this },
    );
    if (!workspace.limits) return;
    new kubernetes.core.v1.LimitRange(
      `${name}-limit-range`,
      {
        metadata: this.metadata(limitRangeName),
        spec: { limits: [{ type: "Container", ...workspace.limits }] },
      },
      { parent: this },
    );
  }

  /** Whoever carries the realm role in a token has the rights, even before the next run of this program. */
  private createRoleBindings(name: string, workspace: string): void {
    const roles = workspaceRoles(workspace);
    for (const level of ["edit", "view"] as const) {
      this.bind(`${name}-binding-${level}`, level, {
        metadata: this.metadata(roleBindingNames[level]),
        subject: { kind: "Group", name: roles[level] },
      });
    }
  }

  /** One binding with one subject for each member: Kubeflow's dashboard lists nothing else and fails on two. */
  private createContributorBindings(name: string, workspace: PlannedWorkspace): void {
    for (const { username, email, level } of workspace.contributors) {
      this.bind(`${name}-contributor-${username}`, level, {
        metadata: {
          ...this.metadata(contributorBindingName(email, level)),
          annotations: { user: email, role: level },
        },
        subject: { kind: "User", name: email },
      });
    }
  }

  private bind(
    resourceName: string,
    level: AccessLevel,
    binding: { metadata: kubernetes.types.input.meta.v1.ObjectMeta; subject: { kind: "Group" | "User"; name: string } },
  ): void {
    new kubernetes.rbac.v1.RoleBinding(
      resourceName,
      {
        metadata: binding.metadata,
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: clusterRole(level) },
        subjects: [{ apiGroup: rbac, ...binding.subject }],
      },
      { parent: this },
    );
  }

  /** Kubeflow's own applications ask for the person only, so the mesh lets members in by e-mail address. */
  private createNetworkPolicies(name: string, { platform: { istio }, workspace }: WorkspaceArgs): void {
    const principals: Record<NetworkAccess, string[]> = {
      full: [istio.gatewayPrincipal, istio.pipelinesPrincipal],
      pipelines: [istio.pipelinesPrincipal],
    };
    for (const [access, addresses] of Object.entries(workspace.network) as [NetworkAccess, readonly string[]][]) {
      if (addresses.length === 0) continue;
      new kubernetes.apiextensions.CustomResource(
        `${name}-network-${access}`,
        {
          apiVersion: "security.istio.io/v1",
          kind: "AuthorizationPolicy",
          metadata: this.metadata(networkPolicyNames[access]),
          spec: {
            action: "ALLOW",
            rules: [
              {
                from: [{ source: { principals: principals[access] } }],
                when: [
                  {
                    key: `request.headers[${istio.userIdHeader}]`,
                    values: addresses.map((address) => istio.userIdPrefix + address),
                  },
                ],
              },
            ],
          },
        },
        { parent: this },
      );
    }
  }

  private metadata(name: string): kubernetes.types.input.meta.v1.ObjectMeta {
    return { name, namespace: this.namespace, labels: ownershipLabels() };
  }
}

/** What policies see of a workspace. */
function factsOf({ name, owner, contributors, quota }: PlannedWorkspace): pulumi.Inputs {
  return {
    workspace: name,
    owner,
    quota,
    contributors: contributors.map(({ username, level }) => ({ username, level })),
  };
}

/** Keycloak's administrators see it beside the role. */
function identityPurpose({ name, description }: PlannedWorkspace): string {
  return description ? `Workspace ${name}: ${description}` : `Workspace ${name}`;
}

function describedAs({ description }: PlannedWorkspace): Record<string, string> {
  return description ? { description } : {};
}
