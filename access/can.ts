import { readFileSync } from "node:fs";
import { builtInKinds } from "./builtInKinds.ts";
import { accessEntries, type AccessEntry, type AccessPath, rightsIn } from "./entries.ts";
import type { DesiredState } from "./load.ts";
import { workspaceBuckets, workspaceNameProblem } from "./names.ts";
import { type ClusterRequest, type ClusterRoles, clusterRolesSchema, covers, type Permission } from "./permissions.ts";
import { personalWorkspaceOf, type Plan } from "./resolve.ts";
import { didYouMean, listed } from "./suggest.ts";
import { entriesOf, requireUser } from "./why.ts";

/** What somebody wants to do. */
export interface Question {
  readonly user: string;
  /** `get`, `list`, `create`, ... in Kubernetes; `get`, `put`, `list`, `delete` in S3; `open`; `log-in`. */
  readonly verb: string;
  /**
   * `team-a/pods`, `team-a/pods/log` or `team-a/notebooks.kubeflow.org` (Kubernetes: objects of any name),
   * `s3://team-a-data/some/key` (S3), with `open` the workspace `team-a` or only `team-a/pipelines` (the mesh), with
   * `log-in` an application.
   */
  readonly resource: string;
}

export interface Answer {
  readonly allowed: boolean;
  /** Why, in one sentence. */
  readonly reason: string;
  /** The paths that give it; empty when it is not allowed. */
  readonly paths: readonly AccessPath[];
  /** When it is not allowed because what is asked about is not there: what that is, and what may be meant. */
  readonly unknown?: string;
}

const s3Verbs = ["get", "list", "put", "delete"] as const;

/** What Kubeflow's ClusterRoles allow, as the local platform has them. */
export function kubeflowRoles(): ClusterRoles {
  const text = readFileSync(new URL("clusterRoles.json", import.meta.url), "utf8");
  return clusterRolesSchema.parse(JSON.parse(text));
}

/**
 * Whether a user may do something, from the desired state alone.
 *
 * @param roles what Kubeflow's ClusterRoles allow on the platform in question
 * @throws {RangeError} when the user, the verb or the resource means nothing
 */
export function can(
  question: Question,
  desired: DesiredState,
  plan: Plan,
  roles: ClusterRoles = kubeflowRoles(),
): Answer {
  const { user, verb, resource } = question;
  requireUser(user, desired);
  const own = entriesOf(user, accessEntries(desired, plan), plan);
  if (verb === "log-in") return canLogIn(user, resource, own, plan);
  const workspaces = workspacesIn(desired);
  if (verb === "open") return canOpen(user, resource, own, workspaces);
  if (resource.startsWith("s3://")) return canStore(question, own, workspaces);
  return canInCluster(question, own, workspaces, roles);
}

/** Every workspace that is written down, also those that are archived. */
function workspacesIn({ workspaces, users }: DesiredState): ReadonlySet<string> {
  return new Set([
    ...workspaces.keys(),
    ...[...users.values()].flatMap(({ value }) => personalWorkspaceOf(value) ?? []),
  ]);
}

function yes(reason: string, paths: readonly AccessPath[]): Answer {
  return { allowed: true, reason, paths };
}

function no(reason: string): Answer {
  return { allowed: false, reason, paths: [] };
}

function unknown(kind: "workspace" | "bucket", name: string, known: Iterable<string>): Answer {
  const names = [...known];
  const told = `there is no ${kind} "${name}".${didYouMean(name, names)} There are: ${listed(names)}.`;
  return { ...no(`there is no ${kind} "${name}"`), unknown: told };
}

function canLogIn(user: string, name: string, own: readonly AccessEntry[], plan: Plan): Answer {
  const names = plan.applications.map((application) => application.name);
  if (!names.includes(name)) {
    throw new RangeError(
      `there is no application "${name}".${didYouMean(name, names)} Applications: ${listed(names)}.`,
    );
  }
  if (!isActive(user, plan)) return no(`${user} has no account that is enabled`);
  const entry = own.find(({ place }) => place.kind === "application" && place.name === name);
  return entry ? yes(`${user} may log in to ${name}`, entry.paths) : no(`nothing lets ${user} log in to ${name}`);
}

function isActive(user: string, { users }: Plan): boolean {
  return users.some(({ username, enabled }) => username === user && enabled);
}

/** Whether access to a place is enough, by one of the rights that its words stand for. */
function enough(user: string, { access, place, paths }: AccessEntry, right: string, needed: number): Answer {
  const isEnough = (words: string) => (rightsIn(words)[right] ?? 0) >= needed;
  const reason = `${user} has ${access} in ${place.name}`;
  return isEnough(access)
    ? yes(
        reason,
        paths.filter((path) => isEnough(path.access)),
      )
    : no(reason);
}

function inWorkspace(own: readonly AccessEntry[], workspace: string): AccessEntry | undefined {
  return own.find(({ place }) => place.kind === "workspace" && place.name === workspace);
}

function canOpen(user: string, resource: string, own: readonly AccessEntry[], workspaces: ReadonlySet<string>): Answer {
  const [workspace = "", part, ...more] = resource.split("/");
  if (more.length > 0 || (part !== undefined && part !== "pipelines")) {
    throw new RangeError(`${JSON.stringify(resource)} cannot be opened. Allowed: <workspace>, <workspace>/pipelines.`);
  }
  if (!workspaces.has(workspace)) return unknown("workspace", workspace, workspaces);
  const entry = inWorkspace(own, workspace);
  if (!entry) return no(`${user} has no access to ${workspace}`);
  return enough(user, entry, "network", part === "pipelines" ? 1 : 2);
}

function canStore(
  { user, verb, resource }: Question,
  own: readonly AccessEntry[],
  workspaces: ReadonlySet<string>,
): Answer {
  if (!s3Verbs.some((known) => known === verb)) {
    throw new RangeError(
      `${JSON.stringify(verb)} is no verb of S3.${didYouMean(verb, s3Verbs)} Allowed: ${listed(s3Verbs)}.`,
    );
  }
  const [bucket = ""] = resource.slice("s3://".length).split("/");
  const buckets = new Map(
    [...workspaces].flatMap((name) => Object.values(workspaceBuckets(name)).map((own) => [own, name] as const)),
  );
  const workspace = buckets.get(bucket);
  if (workspace === undefined) return unknown("bucket", bucket, buckets.keys());
  const entry = inWorkspace(own, workspace);
  if (!entry) return no(`${user} has no access to ${workspace}`);
  return enough(user, entry, "storage", verb === "get" || verb === "list" ? 1 : 2);
}

function canInCluster(
  { user, verb, resource: asked }: Question,
  own: readonly AccessEntry[],
  workspaces: ReadonlySet<string>,
  roles: ClusterRoles,
): Answer {
  const [namespace = "", ...words] = asked.split("/");
  if (namespace === "" || words.length === 0 || words.includes("")) {
    throw new RangeError(
      `${JSON.stringify(asked)} names no resource. Write workspace/kind such as team-a/pods, s3://team-a-data/key, ` +
        "open team-a, or log-in grafana.",
    );
  }
  const request = requestFor(verb, words, roles);
  const everywhere = own.find(({ place }) => place.kind === "cluster");
  if (!workspaces.has(namespace) && !everywhere && workspaceNameProblem(namespace)?.code !== "reserved-name") {
    return unknown("workspace", namespace, workspaces);
  }
  const all = [...(inWorkspace(own, namespace)?.paths ?? []), ...(everywhere?.paths ?? [])];
  const covering = ({ access }: AccessPath) => {
    const role = clusterRoleFor(access);
    return role === undefined ? [] : roles[role].filter((permission) => covers(permission, request));
  };
  const paths = all.filter((path) => covering(path).some(({ resourceNames }) => resourceNames === undefined));
  const what = `${verb} ${inWords(request)}`;
  const [first] = paths;
  if (first) return yes(`${clusterRoleFor(first.access) ?? ""} may ${what}`, paths);
  const held = [...new Set(all.flatMap(({ access }) => clusterRoleFor(access) ?? []))];
  if (held.length === 0) return no(`${user} has no Kubernetes access to ${namespace}`);
  const names = new Set(all.flatMap(covering).flatMap(({ resourceNames = [] }) => resourceNames));
  if (names.size > 0) return no(`${held.join(", ")} may ${what} only by the names ${listed(names)}`);
  return no(`${held.join(", ")} may not ${what}${isNamed(request, roles) ? "" : hint(request, roles)}`);
}

/** The ClusterRole that access in the words of a path comes with. */
function clusterRoleFor(access: string): keyof ClusterRoles | undefined {
  if (access === "kubeflow-admin" || access === "kubeflow-edit") return access;
  const level = rightsIn(access)["kubernetes"] ?? 0;
  return level === 2 ? "kubeflow-edit" : level === 1 ? "kubeflow-view" : undefined;
}

/** The verbs that the API server asks its authorizer about, those with a meaning for some kinds only at the end. */
const clusterVerbs = [
  ...["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
  ...["approve", "attest", "bind", "escalate", "impersonate", "sign", "use", "*"],
];

/** @throws {RangeError} when the verb is none, or the kind's group cannot be told */
function requestFor(verb: string, words: readonly string[], roles: ClusterRoles): ClusterRequest {
  const permissions = Object.values(roles).flat();
  const verbs = new Set([...clusterVerbs, ...permissions.flatMap((permission) => permission.verbs)]);
  if (!verbs.has(verb)) {
    const known = ["open", "log-in", ...verbs];
    throw new RangeError(
      `${JSON.stringify(verb)} is no verb of Kubernetes.${didYouMean(verb, known)} Allowed: ${listed(verbs, verbs.size)}; or open, log-in.`,
    );
  }
  const [kind = "", ...rest] = words;
  // Both `deployments.apps/scale` and, as the chart has it, `deployments/scale.apps`.
  const [resource = "", ...inKind] = kind.split(".");
  const [subresource = "", ...inRest] = inKind.length > 0 ? [rest.join("/")] : rest.join("/").split(".");
  const written = [...inKind, ...inRest].join(".");
  return { verb, apiGroup: written === "" ? groupOf(resource, permissions) : written, resource, subresource };
}

/** The group of a kind that is named without: Kubernetes' own kinds come first, as they do for kubectl. */
function groupOf(resource: string, permissions: readonly Permission[]): string {
  const builtIn = builtInKinds.get(resource);
  if (builtIn !== undefined) return builtIn;
  const named = [...permissions, ...Object.values(kubeflowRoles()).flat()].filter(({ apiGroup }) => apiGroup !== "*");
  const plural = (permission: Permission) => permission.resource.split("/")[0] ?? "";
  const groups = new Set(named.filter((one) => plural(one) === resource).map(({ apiGroup }) => apiGroup));
  const [group, ...others] = groups;
  if (group === undefined) {
    const known = new Set([...builtInKinds.keys(), ...named.map(plural)].filter((name) => name !== "*"));
    throw new RangeError(
      `the API group of ${JSON.stringify(resource)} is not known.${didYouMean(resource, known)} Write it out, such as notebooks.kubeflow.org.`,
    );
  }
  if (others.length === 0) return group;
  const full = [...groups].map((one) => (one === "" ? resource : `${resource}.${one}`));
  throw new RangeError(`${JSON.stringify(resource)} may be any of ${listed(full)}. Write one of them.`);
}

function inWords({ resource, subresource, apiGroup }: ClusterRequest): string {
  const kind = subresource === "" ? resource : `${resource}/${subresource}`;
  return apiGroup === "" ? `${kind} of the core API group` : `${kind} of API group ${apiGroup}`;
}

function isNamed(request: ClusterRequest, roles: ClusterRoles): boolean {
  if (builtInKinds.get(request.resource) === request.apiGroup && request.subresource === "") return true;
  return Object.values(roles)
    .flat()
    .some((permission) => covers({ ...permission, verbs: ["*"] }, request));
}

function hint({ resource, subresource, apiGroup }: ClusterRequest, roles: ClusterRoles): string {
  const full = (kind: string, group: string) => (group === "" ? kind : `${kind}.${group}`);
  const known = new Set(
    Object.values(roles)
      .flat()
      .map((permission) => full(permission.resource, permission.apiGroup)),
  );
  const asked = full(subresource === "" ? resource : `${resource}/${subresource}`, apiGroup);
  return `; no Kubeflow role knows that kind.${didYouMean(asked, known)}`;
}
