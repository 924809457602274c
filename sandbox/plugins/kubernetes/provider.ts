import { setTimeout as sleep } from "node:timers/promises";
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as rpc from "@pulumi/pulumi/proto/provider_pb.js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { checkResponse, diffResponse, nameOf, typeOf } from "../bridged.ts";
import type { Failure } from "../bridged/check.ts";
import { handler, hasUnknown, isObject, marshal, type Properties, reveal, unmarshal } from "../plugin.ts";
import { addressOf, ApiError, Cluster } from "./cluster.ts";
import { changesOf, isWithin, prune } from "./diff.ts";
import { type Kind, kinds } from "./kinds.ts";
import {
  annotation,
  askedFor,
  type Checkpoint,
  fromState,
  hidden,
  idOf,
  type KubernetesObject,
  metadataText,
  metadataValue,
  newFieldManager,
  normalized,
  parseId,
  toState,
  withMetadata,
} from "./object.ts";
import { creator, isOwnedByCreation, takeOver } from "./ownership.ts";
import { clusterSettings, configChanges, configFailures, isOn } from "./settings.ts";

const version = "4.34.2";

/** Seconds between attempts to create an object in a namespace that is still on its way. */
const backOff = [1, 2, 4, 8, 16, 32];

const defaultDeleteTimeout = 600;

const autoNaming = "pulumi.com/autonamed";
const patchForce = "pulumi.com/patchForce";
const deletionPropagation = "pulumi.com/deletionPropagationPolicy";
const heeded = [autoNaming, patchForce, deletionPropagation];

/** The provider's side of Pulumi's protocol. */
export function kubernetesProvider(): UntypedServiceImplementation {
  const session = new Session();
  return {
    getPluginInfo: handler<Empty, PluginInfo>(() => new pluginProto.PluginInfo().setVersion(version)),
    checkConfig: handler<rpc.CheckRequest, rpc.CheckResponse>((request) => checkConfig(request)),
    diffConfig: handler<rpc.DiffRequest, rpc.DiffResponse>((request) => diffConfig(request)),
    configure: handler<rpc.ConfigureRequest, rpc.ConfigureResponse>((request) => session.configure(request)),
    check: handler<rpc.CheckRequest, rpc.CheckResponse>((request) => session.check(request)),
    diff: handler<rpc.DiffRequest, rpc.DiffResponse>((request) => session.diff(request)),
    create: handler<rpc.CreateRequest, rpc.CreateResponse>((request) => session.create(request)),
    read: handler<rpc.ReadRequest, rpc.ReadResponse>((request) => session.read(request)),
    update: handler<rpc.UpdateRequest, rpc.UpdateResponse>((request) => session.update(request)),
    delete: handler<rpc.DeleteRequest, Empty>((request) => session.delete(request)),
    cancel: handler<Empty, Empty>(() => session.cancel()),
  };
}

function checkConfig(request: rpc.CheckRequest): rpc.CheckResponse {
  const news = unmarshal(request.getNews());
  return checkResponse(news, configFailures(news));
}

async function diffConfig(request: rpc.DiffRequest): Promise<rpc.DiffResponse> {
  const [olds, news] = [request.getOldInputs() ?? request.getOlds(), request.getNews()].map(opened);
  return diffResponse(await configChanges(olds ?? {}, news ?? {}), false);
}

/** The provider as one engine has configured it. */
class Session {
  #cluster: Cluster | undefined;
  #settings: Properties = {};
  readonly #cancellation = new AbortController();

  configure(request: rpc.ConfigureRequest): rpc.ConfigureResponse {
    this.#settings = opened(request.getArgs());
    this.#cluster = new Cluster(clusterSettings(this.#settings));
    return new proto.ConfigureResponse().setSupportspreview(true).setAcceptsecrets(true);
  }

  check(request: rpc.CheckRequest): rpc.CheckResponse {
    const kind = kindOf(request.getUrn());
    const asked = unmarshal(request.getNews());
    const news = revealed(asked);
    const named = autoNamed(news, opened(request.getOlds()), nameOf(request.getUrn()), request.getRandomseed_asU8());
    const inputs = normalized(kind, { apiVersion: kind.apiVersion, kind: kind.kind, ...named });
    return checkResponse(hidden(kind, inputs, asked), failuresOf(kind, news));
  }

  diff(request: rpc.DiffRequest): rpc.DiffResponse {
    const kind = kindOf(request.getUrn());
    const news = opened(request.getNews());
    const ignored = request.getIgnorechangesList();
    const old = fromState(opened(request.getOlds()));
    const changes = changesOf(kind, old, news, this.#replacedBy(kind, news)).filter(
      ({ path }) => !ignored.some((start) => isWithin(path, start)),
    );
    const isSamePlace = !changes.some(({ path }) => path === "metadata.name" || path === "metadata.namespace");
    return diffResponse(changes, isSamePlace && !isAutoNamed(news));
  }

  async create(request: rpc.CreateRequest): Promise<rpc.CreateResponse> {
    const kind = kindOf(request.getUrn());
    const asked = unmarshal(request.getProperties());
    const inputs = revealed(asked);
    const isPreview = request.getPreview();
    const live = isPreview ? await this.#tryOut(kind, inputs) : await this.#createWhenPossible(kind, inputs);
    return new proto.CreateResponse()
      .setId(isPreview ? "" : idOf(kind, live))
      .setProperties(stateMessage(kind, { live, inputs, fieldManager: newFieldManager() }, asked));
  }

  async read(request: rpc.ReadRequest): Promise<rpc.ReadResponse> {
    const kind = kindOf(request.getUrn());
    const asked = unmarshal(request.getInputs());
    const { inputs: old, fieldManager } = fromState(opened(request.getProperties()));
    const live = await this.#connected().get(kind, parseId(kind, request.getId()));
    if (!live) return new proto.ReadResponse();
    const inputs = Object.keys(old).length > 0 ? prune(live, old) : askedFor(kind, live);
    return new proto.ReadResponse()
      .setId(request.getId())
      .setInputs(marshal(hidden(kind, inputs, asked)))
      .setProperties(stateMessage(kind, { live, inputs, fieldManager }, asked));
  }

  async update(request: rpc.UpdateRequest): Promise<rpc.UpdateResponse> {
    const kind = kindOf(request.getUrn());
    const { live: before, fieldManager } = fromState(opened(request.getOlds()));
    const asked = unmarshal(request.getNews());
    const inputs = revealed(asked);
    const isPreview = request.getPreview();
    const live = isPreview
      ? await this.#tryOver(kind, { before, inputs, fieldManager })
      : await this.#applyOver(kind, inputs, fieldManager, false);
    return new proto.UpdateResponse().setProperties(stateMessage(kind, { live, inputs, fieldManager }, asked));
  }

  async delete(request: rpc.DeleteRequest): Promise<Empty> {
    const kind = kindOf(request.getUrn());
    const { live, inputs } = fromState(opened(request.getProperties()));
    const at = parseId(kind, request.getId());
    const propagation = annotation(inputs, deletionPropagation) ?? "foreground";
    try {
      await this.#connected().delete(kind, at, propagation.charAt(0).toUpperCase() + propagation.slice(1));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return new empty.Empty();
      throw error;
    }
    const seconds = request.getTimeout() || defaultDeleteTimeout;
    await this.#connected().untilGone(kind, at, metadataText(live, "uid"), seconds, this.#cancellation.signal);
    return new empty.Empty();
  }

  /** Ends what only waits; a call that the server has is seen through, so that its result is known. */
  cancel(): Empty {
    this.#cancellation.abort();
    return new empty.Empty();
  }

  /** A preview asks the server what it would say. What only time can tell (no namespace yet) is no answer. */
  async #tryOut(kind: Kind, inputs: KubernetesObject): Promise<KubernetesObject> {
    if (hasUnknown(inputs)) return inputs;
    try {
      return await this.#connected().create(kind, inputs, { fieldManager: creator, dryRun: true });
    } catch (error) {
      if (error instanceof ApiError && [400, 422].includes(error.status)) throw error;
      return inputs;
    }
  }

  async #createWhenPossible(kind: Kind, inputs: KubernetesObject): Promise<KubernetesObject> {
    for (const seconds of backOff) {
      try {
        return await this.#create(kind, inputs);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
        await sleep(seconds * 1000, undefined, { signal: this.#cancellation.signal });
      }
    }
    return await this.#create(kind, inputs);
  }

  async #create(kind: Kind, inputs: KubernetesObject): Promise<KubernetesObject> {
    try {
      return await this.#connected().create(kind, inputs, { fieldManager: creator });
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
      throw new Error(`${error.message}; remove it, or take it over with the resource option "import"`);
    }
  }

  /** Changes the fields that are this stack's or that people wrote with kubectl; those of others are a conflict. */
  async #applyOver(
    kind: Kind,
    inputs: KubernetesObject,
    fieldManager: string,
    dryRun: boolean,
  ): Promise<KubernetesObject> {
    const cluster = this.#connected();
    const at = addressOf(kind, inputs);
    const live = await cluster.get(kind, at);
    if (!live) throw new Error(`${kind.kind} "${idOf(kind, inputs)}" not found; run again with --refresh`);
    const transfer = dryRun ? [] : takeOver(live, fieldManager);
    if (transfer.length > 0) await cluster.patch(kind, at, transfer);
    const force =
      isOn(this.#settings, "enablePatchForce") ||
      annotation(inputs, patchForce) === "true" ||
      (dryRun && isOwnedByCreation(live));
    try {
      return await cluster.apply(kind, inputs, { fieldManager, dryRun, force });
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "Conflict") throw error;
      throw new Error(
        `${error.message}; stop setting these fields, or take them with the annotation ${patchForce}: "true"`,
      );
    }
  }

  /** The same, only asked for. Whoever may not write is not told what the server would make of it, as in the official provider. */
  async #tryOver(kind: Kind, { before, inputs, fieldManager }: Tried): Promise<KubernetesObject> {
    const guessed = { ...before, ...inputs };
    if (hasUnknown(inputs)) return guessed;
    try {
      return await this.#applyOver(kind, inputs, fieldManager, true);
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return guessed;
      throw error;
    }
  }

  #replacedBy({ replacedBy = [], mutableWith }: Kind, news: Properties): readonly string[] {
    const isMutable = mutableWith !== undefined && isOn(this.#settings, mutableWith) && news["immutable"] !== true;
    return isMutable ? replacedBy.filter((path) => path === "type") : replacedBy;
  }

  #connected(): Cluster {
    if (!this.#cluster) throw new Error("the kubernetes provider is not configured");
    return this.#cluster;
  }
}

interface Tried {
  readonly before: KubernetesObject;
  readonly inputs: KubernetesObject;
  readonly fieldManager: string;
}

function kindOf(urn: string): Kind {
  const type = typeOf(urn);
  const kind = kinds[type];
  if (!kind) throw new Error(`this stand-in has no resource type ${type}`);
  return kind;
}

function failuresOf(kind: Kind, news: Properties): Failure[] {
  const allowed = ["apiVersion", "kind", "metadata", ...kind.properties];
  const unknown = Object.keys(news)
    .filter((name) => !allowed.includes(name))
    .map((name) => ({
      property: name,
      reason: `${kind.kind} has no property "${name}"; allowed: ${allowed.join(", ")}`,
    }));
  const generated =
    metadataValue(news, "generateName") === undefined
      ? []
      : [{ property: "metadata.generateName", reason: "not supported with server-side apply; give a name" }];
  return [...unknown, ...generated, ...annotationFailures(news)];
}

/** An annotation for the official provider that nothing heeds would be a promise not kept. */
function annotationFailures(news: Properties): Failure[] {
  const annotations = metadataValue(news, "annotations");
  return Object.keys(isObject(annotations) ? annotations : {})
    .filter((name) => name.startsWith("pulumi.com/") && !heeded.includes(name))
    .map((name) => ({
      property: `metadata.annotations["${name}"]`,
      reason: `this stand-in heeds only ${heeded.join(", ")}`,
    }));
}

/** A name for an object that was given none: the one it was given before, or the resource's with a random end. */
function autoNamed(news: Properties, olds: Properties, resource: string, seed: Uint8Array): Properties {
  const { metadata } = news;
  if (metadata !== undefined && !isObject(metadata)) return news;
  if (metadata && "name" in metadata) return news;
  const suffix = Buffer.from(seed).toString("hex").slice(0, 8) || crypto.randomUUID().slice(0, 8);
  const old = isAutoNamed(olds) ? metadataText(olds, "name") : undefined;
  const annotations = isObject(metadata?.["annotations"]) ? metadata["annotations"] : {};
  return withMetadata(news, {
    name: old ?? `${resource}-${suffix}`,
    annotations: { ...annotations, [autoNaming]: "true" },
  });
}

function isAutoNamed(object: Properties): boolean {
  return annotation(object, autoNaming) === "true";
}

function stateMessage(
  kind: Kind,
  { live, inputs, fieldManager }: Checkpoint,
  asked: Properties,
): ReturnType<typeof marshal> {
  const [shown, kept] = [hidden(kind, live, asked), hidden(kind, inputs, asked)];
  return marshal(toState({ live: shown, inputs: kept, fieldManager }));
}

function opened(message: Parameters<typeof unmarshal>[0]): Properties {
  return revealed(unmarshal(message));
}

function revealed(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, reveal(value)]));
}
