import { existsSync } from "node:fs";
import { Agent, request, type RequestOptions } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Kind } from "./kinds.ts";
import { type KubernetesObject, metadataText } from "./object.ts";

/** An answer of the API server that is not what was asked for. */
export class ApiError extends Error {
  readonly status: number;
  /** Why, in a word, e.g. `AlreadyExists`. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** How to reach a cluster. */
export interface ClusterSettings {
  /** A kubeconfig or the path of one; default KUBECONFIG. */
  readonly kubeconfig?: string;
  readonly context?: string;
}

interface Query {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

interface Address {
  readonly name: string;
  readonly namespace: string | undefined;
}

/** A Kubernetes API server, with no more than this provider asks of it. */
export class Cluster {
  readonly #settings: ClusterSettings;
  readonly #agent = new Agent({ keepAlive: true });
  #config: Promise<KubeConfig> | undefined;

  constructor(settings: ClusterSettings) {
    this.#settings = settings;
  }

  /** The object, or undefined when there is none. */
  async get(kind: Kind, at: Address): Promise<KubernetesObject | undefined> {
    try {
      return await this.#call("GET", objectPath(kind, at));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Creates the object; one of the same name is an error. */
  create(kind: Kind, object: KubernetesObject, query: Query): Promise<KubernetesObject> {
    return this.#call("POST", collectionPath(kind, addressOf(kind, object)), object, "application/json", query);
  }

  /** Changes the object by server-side apply. */
  apply(kind: Kind, object: KubernetesObject, query: Query): Promise<KubernetesObject> {
    const at = addressOf(kind, object);
    return this.#call("PATCH", objectPath(kind, at), object, "application/apply-patch+yaml", query);
  }

  /** Changes the object by a JSON patch. */
  async patch(kind: Kind, at: Address, operations: readonly object[]): Promise<void> {
    await this.#call("PATCH", objectPath(kind, at), operations, "application/json-patch+json");
  }

  /** Starts the deletion; with `foreground` the object stays until all that depends on it is gone. */
  async delete(kind: Kind, at: Address, propagation: string): Promise<void> {
    const options = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagation };
    await this.#call("DELETE", objectPath(kind, at), options);
  }

  /** Waits until the object is gone, or one of the same name has taken its place. */
  async untilGone(
    kind: Kind,
    at: Address,
    uid: string | undefined,
    seconds: number,
    signal: AbortSignal,
  ): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline) {
      const live = await this.get(kind, at);
      if (!live || metadataText(live, "uid") !== uid) return;
      await sleep(200, undefined, { signal });
    }
    throw new Error(`${kind.kind} ${at.name} was not gone after ${seconds} s; look for finalizers that hold it`);
  }

  async #call(
    method: string,
    path: string,
    body?: unknown,
    type = "application/json",
    query: Query = {},
  ): Promise<KubernetesObject> {
    const config = await (this.#config ??= selectedConfig(this.#settings));
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new Error("no cluster is configured: the kubeconfig has no current context");
    const options: RequestOptions = { method, headers: { accept: "application/json", "content-type": type } };
    await config.applyToHTTPSOptions(options);
    options.agent = this.#agent;
    const { status, text } = await send(`${server}${path}${queryText(query)}`, options, body);
    const answer = parse(text);
    if (status >= 300) throw apiError(status, answer, text);
    return answer;
  }
}

async function selectedConfig({ kubeconfig, context }: ClusterSettings): Promise<KubeConfig> {
  const config = await loadKubeConfig(kubeconfig);
  if (context === undefined) return config;
  const known = config.getContexts().map(({ name }) => name);
  if (!known.includes(context)) {
    throw new Error(`the kubeconfig has no context "${context}"; it has: ${known.join(", ")}`);
  }
  config.setCurrentContext(context);
  return config;
}

/** Reads the text or the file; without one what KUBECONFIG names. */
export async function loadKubeConfig(kubeconfig: string | undefined): Promise<KubeConfig> {
  // Loading it takes longer than all else that a preview without changes asks of this plugin.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else if (existsSync(kubeconfig)) config.loadFromFile(kubeconfig);
  else config.loadFromString(kubeconfig);
  return config;
}

function apiError(status: number, { reason, message }: KubernetesObject, text: string): ApiError {
  const word = typeof reason === "string" ? reason : "";
  return new ApiError(status, word, typeof message === "string" ? message : text.slice(0, 500));
}

function send(url: string, options: RequestOptions, body: unknown): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const call = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        done({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
      });
    });
    call.on("error", fail);
    if (body === undefined) {
      call.end();
      return;
    }
    const payload = Buffer.from(JSON.stringify(body));
    // Node sends the body of a DELETE without saying how long it is.
    call.setHeader("content-length", payload.length);
    call.end(payload);
  });
}

function parse(text: string): KubernetesObject {
  try {
    return JSON.parse(text) as KubernetesObject;
  } catch {
    return {};
  }
}

function queryText({ fieldManager, dryRun, force }: Query): string {
  const query = new URLSearchParams({
    ...(fieldManager !== undefined && { fieldManager }),
    ...(dryRun === true && { dryRun: "All" }),
    ...(force === true && { force: "true" }),
  }).toString();
  return query === "" ? "" : `?${query}`;
}

export function addressOf(kind: Kind, object: KubernetesObject): Address {
  return {
    name: metadataText(object, "name") ?? "",
    namespace: kind.namespaced ? (metadataText(object, "namespace") ?? "default") : undefined,
  };
}

function objectPath(kind: Kind, at: Address): string {
  return `${collectionPath(kind, at)}/${encodeURIComponent(at.name)}`;
}

function collectionPath({ apiVersion, plural }: Kind, { namespace }: Address): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${plural}`;
}
