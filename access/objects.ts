import { makesGroupsScope, type RegisteredApplication, registeredApplications } from "./application.ts";
import type { Location } from "./diagnostic.ts";
import { firstLoginFlow, flowNames, gatedApplications, loginFlows } from "./identity.ts";
import { canonical, type ObjectKind, objectKey } from "./inventory.ts";
import { allWorkspaces } from "./ledger.ts";
import {
  applicationScope,
  bucketRecordName,
  clusterRole,
  clusterRoleBindingName,
  contributorBindingName,
  groupsScope,
  limitRangeName,
  networkPolicyNames,
  pipelineObjects,
  roleBindingNames,
  storageUserName,
  workspaceBuckets,
  workspaceRoleNames,
  workspaceRoles,
} from "./names.ts";
import { networkRules } from "./networkPolicy.ts";
import type { NetworkAccess, Plan, PlannedWorkspace } from "./resolve.ts";
import { accessIn, denyStatements, s3Statements } from "./s3Policy.ts";
import type { Platform } from "./schema.ts";

/** An object that the plan asks for, and the entity in the desired state that asks for it. */
export interface PlannedObject {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly entity: Entity;
  /** The access it gives, as {@link LiveObject.access} words it; absent where it gives none by itself. */
  readonly access?: string;
}

/** The file (or line) that an object follows from. */
export interface Entity {
  /** As messages name it, such as `workspace "team-a"`. */
  readonly label: string;
  readonly at: Location;
  /** Whether what is there already is taken over; "never" where no file can ask for that. */
  readonly adopt: boolean | "never";
  /** Name of the workspace it belongs to; absent for groups and users. */
  readonly workspace?: string;
}

/** Everything the plan asks for, but for accounts, which have more than one name. */
export function plannedObjects(plan: Plan): PlannedObject[] {
  const identity = [
    ...plan.groups.map((group) => ({
      kind: "group" as const,
      name: group.name,
      entity: { label: `group "${group.name}"`, at: group.at, adopt: group.adopt },
    })),
    ...allWorkspaces(plan).flatMap(rolesOf),
    ...namedInRealm(plan),
    ...registeredApplications(plan.applications).flatMap(ofApplication),
  ];
  if (plan.platform.provisioning === "operator") return identity;
  return [...identity, ...provisionedObjects(plan)];
}

/** What of the realm bears a name that platform.yaml, a directory or an identity provider gives it. */
function namedInRealm(plan: Plan): PlannedObject[] {
  const { clients } = plan.platform;
  const planned = (kind: ObjectKind, name: string, at: Location): PlannedObject => ({
    kind,
    name,
    entity: { label: `${kind} "${name}"`, at, adopt: "never" },
  });
  return [
    ...plan.realmRoles.filter(({ existing }) => !existing).map(({ name, at }) => planned("realm role", name, at)),
    ...plan.directories.map(({ name, at }) => planned("directory", name, at)),
    ...plan.identityProviders.flatMap((provider) => [
      planned("identity provider", provider.name, provider.at),
      planned("login flow", firstLoginFlow(provider).alias, provider.at),
    ]),
    ...loginFlows(plan).map(({ alias }) => planned("login flow", alias, plan.platformAt.otp)),
    ...(["dex", "direct"] as const).flatMap((key) => {
      const client = clients[key];
      return client ? [planned("client", client.clientId, plan.platformAt[key])] : [];
    }),
    ...(makesGroupsScope(plan.applications, plan.platform)
      ? [planned("client scope", groupsScope, plan.platformAt.groupsScope)]
      : []),
    ...gatedApplications(plan).flatMap(({ name, at }) => [
      planned("client scope", applicationScope(name), at),
      planned("login flow", flowNames.application(name), at),
    ]),
  ];
}

/** What an application is registered by, and what it is told of that. */
function ofApplication(application: RegisteredApplication): PlannedObject[] {
  const { name, namespace, at, adopt, auth, clientId, secret, environment } = application;
  const entity = { label: `application "${name}"`, at, adopt };
  return [
    ...(auth === "keycloak" ? [{ kind: "client" as const, name: clientId, entity }] : []),
    { kind: "Secret", name: `${namespace}/${secret.name}`, entity },
    ...(environment === undefined ? [] : [{ kind: "ConfigMap" as const, name: `${namespace}/${environment}`, entity }]),
  ];
}

/** What the compute, network and storage planes are to have, whoever makes it. */
export function provisionedObjects(plan: Plan): PlannedObject[] {
  return [
    ...allWorkspaces(plan).flatMap((workspace) => [
      ...computeOf(workspace),
      ...networkOf(workspace, plan.platform),
      ...storageOf(workspace),
    ]),
    ...plan.clusterAccess.map(({ user, email, level, at }) => ({
      kind: "ClusterRoleBinding" as const,
      name: clusterRoleBindingName(email, level),
      entity: { label: `clusterAccess of "${user}"`, at, adopt: false },
      access: bindingAccess(`kubeflow-${level}`, [`User ${email}`]),
    })),
  ];
}

/** What a binding gives, in words. */
export function bindingAccess(role: string, subjects: readonly string[]): string {
  return `${role} to ${subjects.toSorted().join(", ")}`;
}

function entityOf({ name, at, adopt, personalOf }: PlannedWorkspace): Entity {
  const label = personalOf ? `personal workspace "${name}"` : `workspace "${name}"`;
  return { label, at, adopt, workspace: name };
}

function rolesOf(workspace: PlannedWorkspace): PlannedObject[] {
  return workspaceRoleNames(workspace.name).map((name) => ({
    kind: "realm role",
    name,
    entity: entityOf(workspace),
  }));
}

function computeOf(workspace: PlannedWorkspace): PlannedObject[] {
  const entity = entityOf(workspace);
  const inside = (kind: ObjectKind, name: string, access?: string): PlannedObject => ({
    kind,
    name: `${workspace.name}/${name}`,
    entity,
    ...(access !== undefined && { access }),
  });
  const roles = workspaceRoles(workspace.name);
  return [
    { kind: "namespace", name: workspace.name, entity },
    { kind: "Profile", name: workspace.name, entity },
    ...(workspace.limits ? [inside("LimitRange", limitRangeName)] : []),
    inside("Secret", pipelineObjects.artifactSecret),
    inside("Secret", pipelineObjects.workloadSecret),
    inside("ConfigMap", pipelineObjects.launcherConfig),
    inside("ConfigMap", pipelineObjects.artifactRepositories),
    ...(["edit", "view"] as const).map((level) =>
      inside("RoleBinding", roleBindingNames[level], bindingAccess(clusterRole(level), [`Group ${roles[level]}`])),
    ),
    ...workspace.contributors.map(({ email, level }) =>
      inside("RoleBinding", contributorBindingName(email, level), bindingAccess(clusterRole(level), [`User ${email}`])),
    ),
  ];
}

function networkOf(workspace: PlannedWorkspace, { istio }: Platform): PlannedObject[] {
  return (Object.entries(workspace.network) as [NetworkAccess, readonly string[]][])
    .filter(([, addresses]) => addresses.length > 0)
    .map(([access, addresses]) => ({
      kind: "AuthorizationPolicy",
      name: `${workspace.name}/${networkPolicyNames[access]}`,
      entity: entityOf(workspace),
      access: canonical(networkRules(istio, access, addresses)),
    }));
}

function storageOf(workspace: PlannedWorkspace): PlannedObject[] {
  const entity = entityOf(workspace);
  const roles = workspaceRoles(workspace.name);
  const levels = { [roles.s3Edit]: "edit", [roles.s3View]: "view" } as const;
  return [
    {
      kind: "S3 policy",
      name: bucketRecordName(workspace.name),
      entity,
      access: accessIn(Object.values(denyStatements(workspace.name, "record"))),
    },
    ...Object.values(workspaceBuckets(workspace.name)).map((name) => ({ kind: "bucket" as const, name, entity })),
    ...Object.entries(levels).map(([name, level]) => ({
      kind: "S3 policy" as const,
      name,
      entity,
      access: accessIn(Object.values(s3Statements(level, workspace.name))),
    })),
    { kind: "S3 user", name: storageUserName(workspace.name), entity },
  ];
}

/** The key under which an inventory has the object. */
export function keyOf({ kind, name }: PlannedObject): string {
  return objectKey(kind, name);
}
