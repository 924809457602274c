import { readFileSync } from "node:fs";
import { accessEntries, type AccessPath, everybody, rightsIn } from "./entries.ts";
import type { DesiredState } from "./load.ts";
import { workspaceBuckets } from "./names.ts";
import { type ClusterRoles, clusterRolesSchema } from "./permissions.ts";
import type { Plan } from "./resolve.ts";
import { didYouMean, listed } from "./suggest.ts";
import { requireUser } from "./why.ts";

/** What somebody wants to do. */
export interface Question {
  readonly user: string;
  /** `get`, `list`, `create`, ... in Kubernetes; `get`, `put`, `list`, `delete` in S3; `open`; `log-in`. */
  readonly verb: string;
  /**
   * `team-a/pods` or `team-a/notebooks.kubeflow.org` (Kubernetes), `s3://team-a-data/some/key` (S3), with `open` the
   * workspace `team-a` or only `team-a/pipelines` (the mesh), with `log-in` an application.
   */
  readonly resource: string;
}

export interface Answer {
  readonly allowed: boolean;
  /** Why, in one sentence. */
  readonly reason: string;
  /** The paths that give it; empty when it is not allowed. */
  readonly paths: readonly AccessPath[];
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
  if (verb === "log-in") return canLogIn(user, resource, desired, plan);
  if (verb === "open") return canOpen(user, resource, desired, plan);
  if (resource.startsWith("s3://")) return canStore(question, desired, plan);
  const [namespace = "", kind = "", ...more] = resource.split("/");
  if (namespace === "" || kind === "") {
    throw new RangeError(
      `${JSON.stringify(resource)} names no resource. Write workspace/kind such as team-a/pods, s3://team-a-data/key, ` +
        "open team-a, or log-in grafana.",
    );
  }
  return canInCluster(user, verb, namespace, [kind, ...more].join("/"), desired, plan, roles);
}

function yes(reason: string, paths: readonly AccessPath[]): Answer {
  return { allowed: true, reason, paths };
}

function no(reason: string): Answer {
  return { allowed: false, reason, paths: [] };
}

function canLogIn(user: string, name: string, desired: DesiredState, plan: Plan): Answer {
  const names = plan.applications.map((application) => application.name);
  if (!names.includes(name)) {
    throw new RangeError(
      `there is no application "${name}".${didYouMean(name, names)} Applications: ${listed(names)}.`,
    );
  }
  if (!isActive(user, plan)) return no(`${user} has no account that is enabled`);
  const entry = accessEntries(desired, plan).find(
    ({ who, place }) => place.kind === "application" && place.name === name && (who === user || who === everybody),
  );
  return entry ? yes(`${user} may log in to ${name}`, entry.paths) : no(`nothing lets ${user} log in to ${name}`);
}

function isActive(user: string, { users }: Plan): boolean {
  return users.some(({ username, enabled }) => username === user && enabled);
}

function inWorkspace(user: string, workspace: string, desired: DesiredState, plan: Plan) {
  return accessEntries(desired, plan).find(
    ({ who, place }) => who === user && place.kind === "workspace" && place.name === workspace,
  );
}

function canOpen(user: string, resource: string, desired: DesiredState, plan: Plan): Answer {
  const [workspace = "", part, ...more] = resource.split("/");
  if (more.length > 0 || (part !== undefined && part !== "pipelines")) {
    throw new RangeError(`${JSON.stringify(resource)} cannot be opened. Allowed: <workspace>, <workspace>/pipelines.`);
  }
  const needed = part === "pipelines" ? 1 : 2;
  const entry = inWorkspace(user, workspace, desired, plan);
  const network = rightsIn(entry?.access)["network"] ?? 0;
  if (entry && network >= needed) {
    const paths = entry.paths.filter(({ access }) => (rightsIn(access)["network"] ?? 0) >= needed);
    return yes(`${user} has ${entry.access} in ${workspace}`, paths);
  }
  return no(entry ? `${user} has ${entry.access} in ${workspace}` : `${user} has no access to ${workspace}`);
}

function canStore({ user, verb, resource }: Question, desired: DesiredState, plan: Plan): Answer {
  if (!s3Verbs.some((known) => known === verb)) {
    throw new RangeError(
      `${JSON.stringify(verb)} is no verb of S3.${didYouMean(verb, s3Verbs)} Allowed: ${listed(s3Verbs)}.`,
    );
  }
  const [bucket = ""] = resource.slice("s3://".length).split("/");
  const needed = verb === "get" || verb === "list" ? 1 : 2;
  const entry = accessEntries(desired, plan).find(
    ({ who, place }) =>
      who === user && place.kind === "workspace" && Object.values(workspaceBuckets(place.name)).includes(bucket),
  );
  if (!entry) return no(`${user} has no access to a workspace with bucket "${bucket}"`);
  if ((rightsIn(entry.access)["storage"] ?? 0) < needed)
    return no(`${user} has ${entry.access} in ${entry.place.name}`);
  const paths = entry.paths.filter(({ access }) => (rightsIn(access)["storage"] ?? 0) >= needed);
  return yes(`${user} has ${entry.access} in ${entry.place.name}`, paths);
}

function canInCluster(
  user: string,
  verb: string,
  namespace: string,
  resource: string,
  desired: DesiredState,
  plan: Plan,
  roles: ClusterRoles,
): Answer {
  const inside = inWorkspace(user, namespace, desired, plan);
  const everywhere = accessEntries(desired, plan).find(({ who, place }) => who === user && place.kind === "cluster");
  const paths = [...(inside?.paths ?? []), ...(everywhere?.paths ?? [])].filter(({ access }) => {
    const role = clusterRoleFor(access);
    return role !== undefined && allows(roles[role], verb, resource);
  });
  const [first] = paths;
  if (first) return yes(`${clusterRoleFor(first.access) ?? ""} may ${verb} ${resource}`, paths);
  const held = [
    ...new Set([...(inside?.paths ?? []), ...(everywhere?.paths ?? [])].flatMap((p) => clusterRoleFor(p.access) ?? [])),
  ];
  if (held.length === 0) return no(`${user} has no Kubernetes access to ${namespace}`);
  const known = Object.values(roles).flatMap((permissions) => Object.keys(permissions));
  const isKnown = known.some((name) => isSame(name, resource));
  return no(
    `${held.join(", ")} may not ${verb} ${resource}` +
      (isKnown ? "" : `; no Kubeflow role knows that kind.${didYouMean(resource, new Set(known))}`),
  );
}

/** The ClusterRole that access in the words of a path comes with. */
function clusterRoleFor(access: string): keyof ClusterRoles | undefined {
  if (access === "kubeflow-admin" || access === "kubeflow-edit") return access;
  const level = rightsIn(access)["kubernetes"] ?? 0;
  return level === 2 ? "kubeflow-edit" : level === 1 ? "kubeflow-view" : undefined;
}

function allows(permissions: Readonly<Record<string, readonly string[]>>, verb: string, resource: string): boolean {
  return Object.entries(permissions).some(
    ([name, verbs]) => isSame(name, resource) && (verbs.includes(verb) || verbs.includes("*")),
  );
}

/** `notebooks` is enough where people do not write `notebooks.kubeflow.org`; so is it for kubectl. */
function isSame(name: string, asked: string): boolean {
  const [plural = "", ...group] = name.split(".");
  return name === asked || plural === "*" || (!asked.includes(".") && plural === asked && group.length > 0);
}
