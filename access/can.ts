import { readFileSync } from "node:fs";
import { accessEntries, type AccessEntry, type AccessPath, everybody, rightsIn } from "./entries.ts";
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
  const own = accessEntries(desired, plan).filter(({ who }) => who === user || who === everybody);
  if (verb === "log-in") return canLogIn(user, resource, own, plan);
  if (verb === "open") return canOpen(user, resource, own);
  if (resource.startsWith("s3://")) return canStore(question, own);
  const [namespace = "", kind = "", ...more] = resource.split("/");
  if (namespace === "" || kind === "") {
    throw new RangeError(
      `${JSON.stringify(resource)} names no resource. Write workspace/kind such as team-a/pods, s3://team-a-data/key, ` +
        "open team-a, or log-in grafana.",
    );
  }
  return canInCluster(question, namespace, [kind, ...more].join("/"), own, roles);
}

function yes(reason: string, paths: readonly AccessPath[]): Answer {
  return { allowed: true, reason, paths };
}

function no(reason: string): Answer {
  return { allowed: false, reason, paths: [] };
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

function canOpen(user: string, resource: string, own: readonly AccessEntry[]): Answer {
  const [workspace = "", part, ...more] = resource.split("/");
  if (more.length > 0 || (part !== undefined && part !== "pipelines")) {
    throw new RangeError(`${JSON.stringify(resource)} cannot be opened. Allowed: <workspace>, <workspace>/pipelines.`);
  }
  const entry = inWorkspace(own, workspace);
  if (!entry) return no(`${user} has no access to ${workspace}`);
  return enough(user, entry, "network", part === "pipelines" ? 1 : 2);
}

function canStore({ user, verb, resource }: Question, own: readonly AccessEntry[]): Answer {
  if (!s3Verbs.some((known) => known === verb)) {
    throw new RangeError(
      `${JSON.stringify(verb)} is no verb of S3.${didYouMean(verb, s3Verbs)} Allowed: ${listed(s3Verbs)}.`,
    );
  }
  const [bucket = ""] = resource.slice("s3://".length).split("/");
  const entry = own.find(
    ({ place }) => place.kind === "workspace" && Object.values(workspaceBuckets(place.name)).includes(bucket),
  );
  if (!entry) return no(`${user} has no access to a workspace with bucket "${bucket}"`);
  return enough(user, entry, "storage", verb === "get" || verb === "list" ? 1 : 2);
}

function canInCluster(
  { user, verb }: Question,
  namespace: string,
  resource: string,
  own: readonly AccessEntry[],
  roles: ClusterRoles,
): Answer {
  const everywhere = own.find(({ place }) => place.kind === "cluster");
  const all = [...(inWorkspace(own, namespace)?.paths ?? []), ...(everywhere?.paths ?? [])];
  const paths = all.filter(({ access }) => {
    const role = clusterRoleFor(access);
    return role !== undefined && allows(roles[role], verb, resource);
  });
  const [first] = paths;
  if (first) return yes(`${clusterRoleFor(first.access) ?? ""} may ${verb} ${resource}`, paths);
  const held = [...new Set(all.flatMap(({ access }) => clusterRoleFor(access) ?? []))];
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
