import { setTimeout as sleep } from "node:timers/promises";
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { ProviderArgs } from "@pulumi/kubernetes";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as rpc from "@pulumi/pulumi/proto/provider_pb.js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { checkResponse, diffResponse, nameOf, typeOf } from "../bridged.ts";
import type { Failure } from "../bridged/check.ts";
import type { Change } from "../bridged/diff.ts";
import { handler, hasUnknown, isObject, marshal, type Properties, reveal, Secret, unmarshal } from "../plugin.ts";
import { addressOf, ApiError, Cluster } from "./cluster.ts";
import { changesOf } from "./diff.ts";
import { type Kind, kinds } from "./kinds.ts";
import {
  annotation,
  askedFor,
  type Checkpoint,
  fromState,
  idOf,
  type KubernetesObject,
  metadataText,
  newFieldManager,
  parseId,
  toState,
  withMetadata,
} from "./object.ts";

const version = "4.34.2";

/** Settings of the official provider that this one honours; all others are an error. */
const settings = [
  "kubeconfig",
  "context",
  "clusterIdentifier",
  "enableConfigMapMutable",
  "enableSecretMutable",
] as const satisfies readonly (keyof ProviderArgs)[];

/** Seconds between attempts to create an object in a namespace that is still on its way. */
const backOff = [1, 2, 4, 8, 16, 32];

const defaultDeleteTimeout = 600;

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
    cancel: handler<Empty, Empty>(() => new empty.Empty()),
  };
}

function checkConfig(request: rpc.CheckRequest): rpc.CheckResponse {
  const news = unmarshal(request.getNews());
  const isKnown = (name: string) =>
    settings.some((setting) => setting === name) || name === "version" || name.startsWith("__");
  const failures = Object.keys(news)
    .filter((name) => !isKnown(name))
    .map((name) => ({ property: name, reason: `this stand-in has no provider property "${name}"` }));
  return checkResponse(news, failures);
}

/** Another cluster means other objects. With a fixed clusterIdentifier that alone tells clusters apart. */
function diffConfig(request: rpc.DiffRequest): rpc.DiffResponse {
  const [olds, news] = [opened(request.getOldInputs() ?? request.getOlds()), opened(request.getNews())];
  const identified = "clusterIdentifier" in news || "clusterIdentifier" in olds;
  const moves: readonly string[] = identified ? ["clusterIdentifier"] : ["kubeconfig", "context"];
  const changes = settings.flatMap((path): Change[] =>
    JSON.stringify(olds[path]) === JSON.stringify(news[path])
      ? []
      : [{ path, kind: path in olds ? (path in news ? "update" : "delete") : "add", replaces: moves.includes(path) }],
  );
  return diffResponse(changes, false);
}

/** The provider as one engine has configured it. */
class Session {
  #cluster: Cluster | undefined;
  #settings: Properties = {};

  configure(request: rpc.ConfigureRequest): rpc.ConfigureResponse {
    this.#settings = opened(request.getArgs());
    const text = (key: string) => {
      const value = this.#settings[key];
      return typeof value === "string" && value !== "" ? value : undefined;
    };
    const [kubeconfig, context] = [text("kubeconfig"), text("context")];
    this.#cluster = new Cluster({
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
    });
    // Secrets arrive opened: the engine marks again what was secret among the inputs.
    return new proto.ConfigureResponse().setSupportspreview(true).setAcceptsecrets(false);
  }

  check(request: rpc.CheckRequest): rpc.CheckResponse {
    const kind = kindOf(request.getUrn());
    const news = opened(request.getNews());
    const allowed = ["apiVersion", "kind", "metadata", ...kind.properties];
    const failures: Failure[] = Object.keys(news)
      .filter((name) => !allowed.includes(name))
      .map((name) => ({
        property: name,
        reason: `${kind.kind} has no property "${name}"; allowed: ${allowed.join(", ")}`,
      }));
    const named = autoNamed(news, opened(request.getOlds()), nameOf(request.getUrn()), request.getRandomseed_asU8());
    return checkResponse(withSecrets(kind, { apiVersion: kind.apiVersion, kind: kind.kind, ...named }), failures);
  }

  diff(request: rpc.DiffRequest): rpc.DiffResponse {
    const kind = kindOf(request.getUrn());
    const news = opened(request.getNews());
    const changes = changesOf(kind, fromState(opened(request.getOlds())), news, this.#replacedBy(kind)).filter(
      ({ path }) =>
        !request.getIgnorechangesList().some((ignored) => path === ignored || path.startsWith(`${ignored}.`)),
    );
    const isSamePlace = !changes.some(({ path }) => path === "metadata.name" || path === "metadata.namespace");
    return diffResponse(changes, isSamePlace && annotation(news, "pulumi.com/autonamed") === undefined);
  }

  async create(request: rpc.CreateRequest): Promise<rpc.CreateResponse> {
    const kind = kindOf(request.getUrn());
    const inputs = opened(request.getProperties());
    const fieldManager = newFieldManager();
    if (request.getPreview()) {
      await this.#tryOut(kind, inputs, fieldManager);
      return new proto.CreateResponse().setProperties(stateMessage(kind, { live: inputs, inputs, fieldManager }));
    }
    const live = await this.#createWhenPossible(kind, inputs, fieldManager);
    return new proto.CreateResponse()
      .setId(idOf(kind, live))
      .setProperties(stateMessage(kind, { live, inputs, fieldManager }));
  }

  async read(request: rpc.ReadRequest): Promise<rpc.ReadResponse> {
    const kind = kindOf(request.getUrn());
    const old = fromState(opened(request.getProperties()));
    const live = await this.#connected().get(kind, parseId(kind, request.getId()));
    if (!live) return new proto.ReadResponse();
    const inputs = Object.keys(old.inputs).length > 0 ? old.inputs : askedFor(kind, live);
    return new proto.ReadResponse()
      .setId(idOf(kind, live))
      .setInputs(marshal(withSecrets(kind, inputs)))
      .setProperties(stateMessage(kind, { live, inputs, fieldManager: old.fieldManager }));
  }

  async update(request: rpc.UpdateRequest): Promise<rpc.UpdateResponse> {
    const kind = kindOf(request.getUrn());
    const { live: before, fieldManager } = fromState(opened(request.getOlds()));
    const inputs = opened(request.getNews());
    const dryRun = request.getPreview();
    let live: KubernetesObject = { ...before, ...inputs };
    if (!(dryRun && hasUnknown(inputs))) live = await this.#applyOver(kind, inputs, fieldManager, dryRun);
    return new proto.UpdateResponse().setProperties(stateMessage(kind, { live, inputs, fieldManager }));
  }

  async delete(request: rpc.DeleteRequest): Promise<Empty> {
    const kind = kindOf(request.getUrn());
    const { live } = fromState(opened(request.getProperties()));
    const at = parseId(kind, request.getId());
    const propagation = annotation(live, "pulumi.com/deletionPropagationPolicy") ?? "foreground";
    try {
      await this.#connected().delete(kind, at, propagation.charAt(0).toUpperCase() + propagation.slice(1));
      const seconds = request.getTimeout() || defaultDeleteTimeout;
      await this.#connected().untilGone(kind, at, metadataText(live, "uid"), seconds);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
    return new empty.Empty();
  }

  /** A preview asks the server what it would say. What only time can tell (no namespace yet) is no answer. */
  async #tryOut(kind: Kind, inputs: KubernetesObject, fieldManager: string): Promise<void> {
    if (hasUnknown(inputs)) return;
    try {
      await this.#connected().apply(kind, inputs, { fieldManager, dryRun: true });
    } catch (error) {
      if (error instanceof ApiError && [400, 422].includes(error.status)) throw error;
    }
  }

  async #createWhenPossible(kind: Kind, inputs: KubernetesObject, fieldManager: string): Promise<KubernetesObject> {
    const cluster = this.#connected();
    for (const seconds of [...backOff, undefined]) {
      if (await cluster.get(kind, addressOf(kind, inputs))) {
        throw new Error(
          `${kind.kind} ${idOf(kind, inputs)} already exists and is not managed by this stack; remove it, or take it over with the resource option "import"`,
        );
      }
      try {
        return await cluster.apply(kind, inputs, { fieldManager });
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404 || seconds === undefined) throw error;
        await sleep(seconds * 1000);
      }
    }
    throw new Error(`${kind.kind} ${idOf(kind, inputs)} could not be created`);
  }

  /** Fields that people wrote with kubectl are taken back; those of other managers only when the object says so. */
  async #applyOver(
    kind: Kind,
    inputs: KubernetesObject,
    fieldManager: string,
    dryRun: boolean,
  ): Promise<KubernetesObject> {
    const cluster = this.#connected();
    const force = annotation(inputs, "pulumi.com/patchForce") === "true";
    try {
      return await cluster.apply(kind, inputs, { fieldManager, dryRun, force });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || !onlyKubectl(error.message)) throw error;
      return await cluster.apply(kind, inputs, { fieldManager, dryRun, force: true });
    }
  }

  #replacedBy({ replacedBy = [], mutableWith }: Kind): readonly string[] {
    const isMutable = mutableWith !== undefined && ["true", true].some((yes) => yes === this.#settings[mutableWith]);
    return isMutable ? replacedBy.filter((path) => path === "type") : replacedBy;
  }

  #connected(): Cluster {
    if (!this.#cluster) throw new Error("the kubernetes provider is not configured");
    return this.#cluster;
  }
}

/** A conflict names every manager in quotes. */
function onlyKubectl(conflict: string): boolean {
  const managers = [...conflict.matchAll(/conflicts? with "(?<manager>[^"]+)"/g)].map(
    ({ groups }) => groups?.["manager"] ?? "",
  );
  return managers.length > 0 && managers.every((manager) => manager.startsWith("kubectl"));
}

function kindOf(urn: string): Kind {
  const type = typeOf(urn);
  const kind = kinds[type];
  if (!kind) throw new Error(`this stand-in has no resource type ${type}`);
  return kind;
}

/** A name for an object that was given none: the old one, or the resource's with a random end. */
function autoNamed(news: Properties, olds: Properties, resource: string, seed: Uint8Array): Properties {
  const { metadata } = news;
  if (metadata !== undefined && !isObject(metadata)) return news;
  if (metadata && ("name" in metadata || "generateName" in metadata)) return news;
  const suffix = Buffer.from(seed).toString("hex").slice(0, 8) || crypto.randomUUID().slice(0, 8);
  const name = metadataText(olds, "name") ?? `${resource}-${suffix}`;
  const annotations = isObject(metadata?.["annotations"]) ? metadata["annotations"] : {};
  return withMetadata(news, { name, annotations: { ...annotations, "pulumi.com/autonamed": "true" } });
}

function withSecrets({ kind }: Kind, object: Properties): Properties {
  if (kind !== "Secret") return object;
  const hide = (key: string) => (object[key] === undefined ? {} : { [key]: new Secret(object[key]) });
  return { ...object, ...hide("data"), ...hide("stringData") };
}

function stateMessage(kind: Kind, { live, inputs, fieldManager }: Checkpoint): ReturnType<typeof marshal> {
  return marshal(toState({ live: withSecrets(kind, live), inputs: withSecrets(kind, inputs), fieldManager }));
}

function opened(message: Parameters<typeof unmarshal>[0]): Properties {
  return Object.fromEntries(Object.entries(unmarshal(message)).map(([key, value]) => [key, reveal(value)]));
}
