import assert from "node:assert/strict";
import { parse } from "yaml";

/**
 * What the files of a desired state mean, read from docs/desired-state.md and the table of roles and not from the
 * program: the other side of the oracle. It knows users, groups, workspaces and clusterAccess, takes sound files only,
 * and is slow and plain on purpose.
 */
export class Intended {
  readonly #files: ReadonlyMap<string, unknown>;
  readonly #date: string;

  /**
   * @param files texts by path, such as `users/alice.yaml`
   * @param date the day (UTC) that decides what has expired
   */
  constructor(files: ReadonlyMap<string, string>, date: string) {
    this.#files = new Map([...files].map(([path, text]) => [path, parse(text) as unknown]));
    this.#date = date;
  }

  /** Whether somebody gets a token. */
  mayLogIn(username: string): boolean {
    const user = this.#user(username);
    return user !== undefined && user.enabled !== false && user.state !== "archived";
  }

  /** The address by which the API server and the mesh know somebody; undefined without an account. */
  addressOf(username: string): string | undefined {
    const user = this.#user(username);
    return user?.state === "archived" ? undefined : user?.email;
  }

  /** Whether somebody may do something. In every namespace means also where there is none yet. */
  may(username: string, action: Action): boolean {
    const { workspace } = action;
    if (!this.mayLogIn(username)) return false;
    switch (action.plane) {
      case "kubernetes":
        return rank[this.#highestRole(username, workspace)] >= rank[leastRole(action)];
      case "storage":
        return rank[this.storage(username, workspace)] >= rank[leastForStorage[action.verb]];
      case "network":
        return action.through === "pipelines"
          ? this.network(username, workspace) !== "none"
          : this.network(username, workspace) === "full";
    }
  }

  /** Whether there is a workspace of that name, shared or personal. */
  exists(workspace: string): boolean {
    const shared = this.#workspace(workspace);
    return (shared !== undefined && shared.state !== "archived") || this.#personalOwner(workspace) !== undefined;
  }

  /** Kubernetes rights that somebody has as a member of a workspace. */
  kubernetes(username: string, workspace: string): Level {
    return highest(this.#memberships(username, workspace));
  }

  /** What the mesh lets through to the workspace for a member. */
  network(username: string, workspace: string): "full" | "pipelines" | "none" {
    const memberships = this.#memberships(username, workspace);
    if (memberships.length === 0) return "none";
    return memberships.some(({ notebooksAccess }) => notebooksAccess !== false) ? "full" : "pipelines";
  }

  /** Rights to both buckets: a member's own level, or what the storage list gives, whichever is higher. */
  storage(username: string, workspace: string): Level {
    const listed = this.#holding(username, this.#workspace(workspace)?.storage ?? []);
    return highest([...this.#memberships(username, workspace), ...(this.exists(workspace) ? listed : [])]);
  }

  /** Rights in every namespace. */
  cluster(username: string): "admin" | Level {
    const held = this.#holding(username, (this.#read("platform.yaml") as PlatformFile).clusterAccess ?? []);
    return held.some(({ role }) => role === "admin") ? "admin" : highest(held);
  }

  #highestRole(username: string, workspace: string): Role {
    const [here, everywhere] = [this.kubernetes(username, workspace), this.cluster(username)];
    return rank[here] >= rank[everywhere] ? here : everywhere;
  }

  #memberships(username: string, workspace: string): Grant[] {
    if (!this.mayLogIn(username) || !this.exists(workspace)) return [];
    if (this.#personalOwner(workspace) !== undefined)
      return this.#personalOwner(workspace) === username ? [{ role: "edit" }] : [];
    return this.#holding(username, this.#workspace(workspace)?.members ?? []);
  }

  /** The grants of a list that somebody has today, directly or through a group. */
  #holding(username: string, grants: readonly Grant[]): Grant[] {
    if (!this.mayLogIn(username)) return [];
    return grants
      .filter(({ expires }) => expires === undefined || this.#date < expires)
      .filter(({ user, group }) => user === username || (group !== undefined && this.#isIn(username, group)));
  }

  #isIn(username: string, group: string): boolean {
    return (this.#read(`groups/${group}.yaml`) as GroupFile | undefined)?.members?.includes(username) ?? false;
  }

  #personalOwner(workspace: string): string | undefined {
    return [...this.#files.keys()]
      .filter((path) => path.startsWith("users/"))
      .map((path) => this.#read(path) as UserFile)
      .filter(({ state }) => state !== "archived")
      .find(({ username, workspace: own = false }) => {
        if (own === false) return false;
        return workspace === (own === true ? username : (own.name ?? username));
      })?.username;
  }

  #user(username: string): UserFile | undefined {
    return this.#read(`users/${username}.yaml`) as UserFile | undefined;
  }

  #workspace(name: string): WorkspaceFile | undefined {
    return this.#read(`workspaces/${name}.yaml`) as WorkspaceFile | undefined;
  }

  #read(path: string): unknown {
    return this.#files.get(path);
  }
}

export type Level = "edit" | "view" | "none";
type Role = "admin" | Level;

/** Something that somebody tries. */
export type Action =
  | { readonly plane: "kubernetes"; readonly workspace: string; readonly verb: string; readonly resource: string }
  | {
      readonly plane: "storage";
      readonly workspace: string;
      readonly verb: "list" | "get" | "put" | "delete";
      readonly bucket: "data" | "mlpipeline";
    }
  /** Opening a notebook through the gateway, or what the Pipelines UI fetches for somebody. */
  | { readonly plane: "network"; readonly workspace: string; readonly through: "gateway" | "pipelines" };

/** Some of docs/permissions.md: what is tried, and which of Kubeflow's ClusterRoles lets it through first. */
export const kubernetesRequests = [
  { verb: "list", resource: "pods", least: "view" },
  { verb: "get", resource: "configmaps", least: "view" },
  { verb: "watch", resource: "notebooks.kubeflow.org", least: "view" },
  { verb: "create", resource: "pods", least: "edit" },
  { verb: "get", resource: "secrets", least: "edit" },
  { verb: "delete", resource: "deployments.apps", least: "edit" },
  { verb: "create", resource: "notebooks.kubeflow.org", least: "edit" },
  { verb: "create", resource: "rolebindings.rbac.authorization.k8s.io", least: "admin" },
  { verb: "update", resource: "resourcequotas", least: "nobody" },
  { verb: "update", resource: "authorizationpolicies.security.istio.io", least: "nobody" },
] as const;

const leastForStorage = { list: "view", get: "view", put: "edit", delete: "edit" } as const;
const rank = { none: 0, view: 1, edit: 2, admin: 3, nobody: 4 };

function leastRole({ verb, resource }: { readonly verb: string; readonly resource: string }): keyof typeof rank {
  const request = kubernetesRequests.find((one) => one.verb === verb && one.resource === resource);
  assert.ok(request, `${verb} ${resource} is not in the table`);
  return request.least;
}

function highest(grants: readonly Grant[]): Level {
  return (["edit", "view"] as const).find((level) => grants.some(({ role }) => role === level)) ?? "none";
}

interface Grant {
  readonly user?: string;
  readonly group?: string;
  readonly role: "admin" | "edit" | "view";
  readonly notebooksAccess?: boolean;
  readonly expires?: string;
}

interface UserFile {
  readonly username: string;
  readonly email: string;
  readonly enabled?: boolean;
  readonly state?: string;
  readonly workspace?: boolean | { readonly name?: string };
}

interface GroupFile {
  readonly members?: readonly string[];
}

interface WorkspaceFile {
  readonly state?: string;
  readonly members?: readonly Grant[];
  readonly storage?: readonly Grant[];
}

interface PlatformFile {
  readonly clusterAccess?: readonly Grant[];
}
