import * as keycloak from "@pulumi/keycloak";
import * as kubernetes from "@pulumi/kubernetes";
import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import {
  type AccessLevel,
  bucketRecordName,
  clusterRole,
  contributorBindingName,
  limitRangeName,
  networkPolicyNames,
  pipelineObjects,
  roleBindingNames,
  storageUserName,
  workspaceBuckets,
  type WorkspaceRoles,
  workspaceRoles,
} from "../access/names.ts";
import { networkRules } from "../access/networkPolicy.ts";
import type { NetworkAccess, PlannedWorkspace } from "../access/resolve.ts";
import { denyStatements, policyDocument, s3Statements } from "../access/s3Policy.ts";
import type { Platform } from "../access/schema.ts";
import type { Ids } from "./ids.ts";
import { type Imports, ownershipAttributes, ownershipLabels, statementId, takenOver } from "./ownership.ts";
import { artifactRepository, kserveAnnotations, launcherSettings } from "./pipelineSettings.ts";

export interface WorkspaceArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
  /** What holds for the whole environment: mode, header names, namespace labels, object store. */
  platform: Pick<Platform, "provisioning" | "istio" | "namespaceLabels" | "objectStore">;
  /** The workspace as resolved: its members, quota and limits. */
  workspace: PlannedWorkspace;
  /** The names of users' resources, by username. */
  keys: ReadonlyMap<string, string>;
  /** Objects that exist already and may be taken over. */
  imports: Imports;
  /** What finishes a change of the Profile's owner. */
  ownerChanged?: pulumi.ResourceHook;
}

interface Storage {
  /** Access key of the workspace's service account. */
  readonly accessKey: pulumi.Output<string>;
  /** The secret that belongs to it. */
  readonly secretKey: pulumi.Output<string>;
}

const rbac = "rbac.authorization.k8s.io";

/**
 * One workspace on all four planes: five realm roles with their composites, a namespace with its Kubeflow Profile,
 * LimitRange and bindings, the network policies of its members, two buckets with the policies named like the roles
 * that give them, and a service account of its own for what runs in it. Where an operator provisions workspaces, the
 * realm roles alone.
 *
 * Its namespace goes with it; its buckets stay.
 */
export class Workspace extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:Workspace";

  /** Identifiers of the five realm roles, by name. */
  readonly roleIds: Ids;
  /** One of the last of its resources that the engine comes to. */
  readonly last: pulumi.Resource;

  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, workspace } = args;
    // What its members change is in the outputs only: a component that changes saves the whole state twice.
    super(Workspace.__pulumiType, name, { workspace: workspace.name, owner: workspace.owner }, opts);
    const roles = this.createRoles(name, args);
    this.roleIds = roles.ids;
    this.last = roles.identity;
    if (platform.provisioning === "program") {
      const storage = this.createStorage(name, args);
      const namespace = this.createNamespace(name, args);
      const settings = this.createPipelineSettings(name, args, namespace, storage);
      this.createProfile(name, args, namespace, settings);
      this.createLimitRange(name, args, namespace);
      this.last = this.createRoleBindings(name, args, namespace);
      this.createContributorBindings(name, args, namespace);
      this.createNetworkPolicies(name, args, namespace);
    }
    this.registerOutputs({ workspace: workspace.name, grants: grantFacts(workspace) });
  }

  /** The tree of seed 001. A role is created after its parts. */
  private createRoles(
    name: string,
    { realmId, workspace, imports }: WorkspaceArgs,
  ): { ids: Ids; identity: keycloak.Role } {
    const roles = workspaceRoles(workspace.name);
    const create = (key: keyof WorkspaceRoles, suffix: string, purpose: string, parts: readonly keycloak.Role[]) =>
      new keycloak.Role(
        `${name}-role-${suffix}`,
        {
          realmId,
          name: roles[key],
          description: purpose,
          compositeRoles: parts.map((part) => part.id),
          attributes: ownershipAttributes(),
        },
        { parent: this, ...takenOver(imports, "realm role", roles[key]) },
      );
    const s3View = create("s3View", "s3-view", `S3 read-only access to ${workspace.name}`, []);
    const s3Edit = create("s3Edit", "s3-edit", `S3 read-write access to ${workspace.name}`, []);
    const view = create("view", "view", `View access to ${workspace.name}`, [s3View]);
    const edit = create("edit", "edit", `Edit access to ${workspace.name}`, [s3Edit]);
    const identity = create("identity", "identity", identityPurpose(workspace), [edit, view, s3Edit]);
    const created: Record<keyof WorkspaceRoles, keycloak.Role> = { identity, edit, view, s3Edit, s3View };
    const ids = new Map(Object.entries(created).map(([key, role]) => [roles[key as keyof WorkspaceRoles], role.id]));
    return { ids, identity };
  }

  private createStorage(
    name: string,
    { workspace: { name: workspace, personalOf, keyVersion }, imports }: WorkspaceArgs,
  ): Storage {
    const record = new minio.IamPolicy(
      `${name}-bucket-record`,
      {
        name: bucketRecordName(workspace),
        policy: policyDocument(
          denyStatements(workspace, personalOf ? `record/${personalOf.email}` : "record"),
          statementId,
        ),
      },
      // It stays with the buckets, and says that they may come back to this workspace.
      { parent: this, retainOnDelete: true, ...takenOver(imports, "S3 policy", bucketRecordName(workspace)) },
    );
    for (const [suffix, bucket] of Object.entries(workspaceBuckets(workspace))) {
      new minio.S3Bucket(
        `${name}-bucket-${suffix}`,
        { bucket },
        // Data outlives access: without its state entry the bucket stays, with no policy that reaches it.
        { parent: this, dependsOn: [record], retainOnDelete: true, ...takenOver(imports, "bucket", bucket) },
      );
    }
    const roles = workspaceRoles(workspace);
    const policy = (level: AccessLevel, role: string) =>
      new minio.IamPolicy(
        `${name}-policy-${level}`,
        { name: role, policy: policyDocument(s3Statements(level, workspace), statementId) },
        { parent: this, ...takenOver(imports, "S3 policy", role) },
      );
    policy("view", roles.s3View);
    return this.createServiceAccount(name, workspace, keyVersion, policy("edit", roles.s3Edit));
  }

  /** Not the root's: whatever happens to its own policy, it never has more than its user. */
  private createServiceAccount(name: string, workspace: string, keyVersion: string, policy: minio.IamPolicy): Storage {
    const user = new minio.IamUser(`${name}-s3-user`, { name: storageUserName(workspace) }, { parent: this });
    const attachment = new minio.IamUserPolicyAttachment(
      `${name}-s3-user-policy`,
      { userName: user.name, policyName: policy.name },
      { parent: this },
    );
    return new minio.IamServiceAccount(
      // Another version is another account. The engine's replacementTrigger is lost in every refresh (Pulumi 3.259).
      `${name}-s3-account-${keyVersion}`,
      { targetUser: user.name, policy: policy.policy },
      { parent: this, dependsOn: [attachment] },
    );
  }

  private createNamespace(name: string, { platform, workspace, imports }: WorkspaceArgs): pulumi.Output<string> {
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
      { parent: this, ...takenOver(imports, "namespace", workspace.name) },
    );
    return namespace.metadata.name;
  }

  /** What Kubeflow Pipelines, notebooks, Katib and KServe look for: keys, and where the workspace's artifacts go. */
  private createPipelineSettings(
    name: string,
    { platform: { objectStore }, workspace, imports }: WorkspaceArgs,
    namespace: pulumi.Output<string>,
    { accessKey, secretKey }: Storage,
  ): pulumi.Resource[] {
    const { artifactSecret, workloadSecret, launcherConfig, artifactRepositories } = pipelineObjects;
    const bucket = workspaceBuckets(workspace.name).mlpipeline;
    const options = (kind: "Secret" | "ConfigMap", object: string) => ({
      parent: this,
      // What is taken over says its type, and a Secret whose type is to go would be replaced.
      ignoreChanges: kind === "Secret" ? ["type"] : [],
      ...takenOver(imports, kind, `${workspace.name}/${object}`),
    });
    return [
      new kubernetes.core.v1.Secret(
        `${name}-artifact-keys`,
        {
          metadata: metadataOf(artifactSecret, namespace),
          stringData: { accesskey: accessKey, secretkey: secretKey },
        },
        options("Secret", artifactSecret),
      ),
      new kubernetes.core.v1.Secret(
        `${name}-workload-keys`,
        {
          metadata: { ...metadataOf(workloadSecret, namespace), annotations: kserveAnnotations(objectStore) },
          stringData: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey },
        },
        options("Secret", workloadSecret),
      ),
      new kubernetes.core.v1.ConfigMap(
        `${name}-launcher`,
        { metadata: metadataOf(launcherConfig, namespace), data: launcherSettings(bucket, objectStore) },
        options("ConfigMap", launcherConfig),
      ),
      new kubernetes.core.v1.ConfigMap(
        `${name}-artifact-repositories`,
        {
          metadata: {
            ...metadataOf(artifactRepositories, namespace),
            annotations: { "workflows.argoproj.io/default-artifact-repository": "default-namespaced" },
          },
          data: { "default-namespaced": artifactRepository(bucket, objectStore) },
        },
        options("ConfigMap", artifactRepositories),
      ),
    ];
  }

  /**
   * The Profile carries the quota: its controller deletes a ResourceQuota that the Profile does not know. It comes
   * after the settings for Pipelines, because its controller makes Kubeflow's own where there are none.
   */
  private createProfile(
    name: string,
    { workspace, imports, ownerChanged }: WorkspaceArgs,
    namespace: pulumi.Output<string>,
    settings: pulumi.Resource[],
  ): void {
    new kubernetes.apiextensions.CustomResource(
      `${name}-profile`,
      {
        apiVersion: "kubeflow.org/v1",
        kind: "Profile",
        metadata: {
          name: namespace,
          labels: ownershipLabels(),
          // In the foreground the controller would make anew what is being deleted (kubeflow/dashboard, Reconcile).
          annotations: { "pulumi.com/deletionPropagationPolicy": "background" },
        },
        spec: {
          owner: { kind: "User", name: workspace.owner },
          ...(Object.keys(workspace.quota).length > 0 ? { resourceQuotaSpec: { hard: workspace.quota } } : {}),
        },
      },
      {
        parent: this,
        dependsOn: settings,
        ...takenOver(imports, "Profile", workspace.name),
        ...(ownerChanged && { hooks: { afterUpdate: [ownerChanged] } }),
      },
    );
  }

  private createLimitRange(
    name: string,
    { workspace, imports }: WorkspaceArgs,
    namespace: pulumi.Output<string>,
  ): void {
    if (!workspace.limits) return;
    new kubernetes.core.v1.LimitRange(
      `${name}-limit-range`,
      {
        metadata: metadataOf(limitRangeName, namespace),
        spec: { limits: [{ type: "Container", ...workspace.limits }] },
      },
      { parent: this, ...takenOver(imports, "LimitRange", `${workspace.name}/${limitRangeName}`) },
    );
  }

  /** Whoever carries the realm role in a token has the rights, even before the next run of this program. */
  private createRoleBindings(name: string, args: WorkspaceArgs, namespace: pulumi.Output<string>): pulumi.Resource {
    const roles = workspaceRoles(args.workspace.name);
    const create = (level: AccessLevel) =>
      this.bind(`${name}-binding-${level}`, args, level, {
        metadata: metadataOf(roleBindingNames[level], namespace),
        subject: { kind: "Group", name: roles[level] },
      });
    create("edit");
    return create("view");
  }

  /** One binding with one subject for each member: Kubeflow's dashboard lists nothing else and fails on two. */
  private createContributorBindings(name: string, args: WorkspaceArgs, namespace: pulumi.Output<string>): void {
    for (const { username, email, level } of args.workspace.contributors) {
      this.bind(`${name}-contributor-${args.keys.get(username) ?? username}`, args, level, {
        metadata: {
          ...metadataOf(contributorBindingName(email, level), namespace),
          annotations: { user: email, role: level },
        },
        subject: { kind: "User", name: email },
      });
    }
  }

  private bind(
    resourceName: string,
    { workspace, imports }: WorkspaceArgs,
    level: AccessLevel,
    binding: { metadata: Metadata; subject: { kind: "Group" | "User"; name: string } },
  ): pulumi.Resource {
    return new kubernetes.rbac.v1.RoleBinding(
      resourceName,
      {
        metadata: binding.metadata,
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: clusterRole(level) },
        subjects: [{ apiGroup: rbac, ...binding.subject }],
      },
      { parent: this, ...takenOver(imports, "RoleBinding", `${workspace.name}/${binding.metadata.name}`) },
    );
  }

  /** Kubeflow's own applications ask for the person only, so the mesh lets members in by e-mail address. */
  private createNetworkPolicies(
    name: string,
    { platform: { istio }, workspace, imports }: WorkspaceArgs,
    namespace: pulumi.Output<string>,
  ): void {
    for (const [access, addresses] of Object.entries(workspace.network) as [NetworkAccess, readonly string[]][]) {
      if (addresses.length === 0) continue;
      const policy = networkPolicyNames[access];
      new kubernetes.apiextensions.CustomResource(
        `${name}-network-${access}`,
        {
          apiVersion: "security.istio.io/v1",
          kind: "AuthorizationPolicy",
          metadata: metadataOf(policy, namespace),
          spec: networkRules(istio, access, addresses),
        },
        { parent: this, ...takenOver(imports, "AuthorizationPolicy", `${workspace.name}/${policy}`) },
      );
    }
  }
}

type Metadata = kubernetes.types.input.meta.v1.ObjectMeta & { name: string };

function metadataOf(name: string, namespace: pulumi.Output<string>): Metadata {
  return { name, namespace, labels: ownershipLabels() };
}

/** Its grants as they are written, for policies about the stack as a whole. */
function grantFacts({ grants }: PlannedWorkspace): pulumi.Inputs[] {
  const facts = grants.map(({ user, group, source, level, notebooksAccess, expires }) => ({
    ...(group === undefined ? { user } : { group }),
    source,
    level,
    notebooksAccess,
    ...(expires !== undefined && { expires }),
  }));
  // A group's grant reaches each of its members.
  return [...new Map(facts.map((fact) => [JSON.stringify(fact), fact])).values()];
}

/** Keycloak's administrators see it beside the role. */
function identityPurpose({ name, description }: PlannedWorkspace): string {
  return description ? `Workspace ${name}: ${description}` : `Workspace ${name}`;
}

function describedAs({ description }: PlannedWorkspace): Record<string, string> {
  return description ? { description } : {};
}
