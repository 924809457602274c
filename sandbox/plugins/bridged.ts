/** A resource provider that behaves like one made by Pulumi's Terraform bridge, over tables and a few functions. */
import * as grpc from "@grpc/grpc-js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as rpc from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import { check, type Failure, type Rule } from "./bridged/check.ts";
import { type Change, diff, mustDeleteFirst } from "./bridged/diff.ts";
import {
  importedInputs,
  planned,
  refreshedInputs,
  type Schema,
  emptied,
  settled,
  withoutEmptyMaps,
  withSecrets,
  withSortedSets,
} from "./bridged/schema.ts";
import {
  handler,
  marshal,
  messageOf,
  type Properties,
  type PropertyValue,
  reveal,
  serve,
  UNKNOWN,
  unmarshal,
} from "./plugin.ts";

/** One resource type: its inputs, and how it is made, read, changed and removed on the server. */
export interface Resource<Client, State> {
  schema: Schema;
  /** What inputs must satisfy together. */
  rules?: readonly Rule[];
  /** Outputs that are no inputs. */
  outputs?: readonly string[];
  /** Those of them that are kept secret. */
  secretOutputs?: readonly string[];
  /** Makes it and gives its id, with what only the creation tells; it is read afterwards. */
  create: (client: Client, plan: State) => Promise<string | Located<State>>;
  /** What the server says of it, to be laid over the state, or `undefined` if it is gone. */
  read: (client: Client, id: string, state: State) => Promise<Told<State> | undefined>;
  /** The id and the part of the state that an import id stands for. Without it, nothing can be imported. */
  locate?: (client: Client, importId: string) => Promise<Located<State>> | Located<State>;
  update: (client: Client, id: string, plan: State, old: State) => Promise<void>;
  /** The official provider does not read this one again after an update: its state is the plan. */
  trustsUpdates?: true;
  /** Outputs and computed properties that an update gives a new value, which only the server knows. */
  renews?: (plan: State, old: State) => readonly string[];
  delete: (client: Client, id: string, state: State) => Promise<void>;
}

/** What a server says: of a property that is left out or `undefined` nothing, of one that is `null` that it has none. */
export type Told<State> = { [Name in keyof State]?: State[Name] | null | undefined };

/** Where an import id leads, or what a creation gave. */
export interface Located<State> {
  id: string;
  state: Partial<State>;
}

/** A function that a program can call. */
export type Invocation<Client> = (client: Client, args: Properties) => Promise<Properties>;

/** A whole provider. */
export interface Provider<Client> {
  name: string;
  version: string;
  config: Schema;
  connect: (config: Properties) => Promise<Client>;
  resources: Readonly<Record<string, Resource<Client, Properties>>>;
  functions: Readonly<Record<string, Invocation<Client>>>;
}

/** Describes a resource type with a state type of its own: the engine's properties were checked against the schema. */
export function resource<Client, State extends object>(
  definition: Resource<Client, State>,
): Resource<Client, Properties> {
  return definition as unknown as Resource<Client, Properties>;
}

/** Runs the provider as a plugin process. */
export async function run<Client>(provider: Provider<Client>): Promise<void> {
  await serve((server) => {
    server.addService(service.ResourceProviderService, implementation(provider));
  });
}

/** The provider's side of Pulumi's protocol. */
export function implementation<Client>(provider: Provider<Client>): grpc.UntypedServiceImplementation {
  const session = new Session(provider);
  return {
    getPluginInfo: handler<Empty, PluginInfo>(() => new pluginProto.PluginInfo().setVersion(provider.version)),
    checkConfig: handler<rpc.CheckRequest, rpc.CheckResponse>((request) => session.checkConfig(request)),
    diffConfig: handler<rpc.DiffRequest, rpc.DiffResponse>((request) => session.diffConfig(request)),
    configure: handler<rpc.ConfigureRequest, rpc.ConfigureResponse>((request) => session.configure(request)),
    invoke: handler<rpc.InvokeRequest, rpc.InvokeResponse>((request) => session.invoke(request)),
    check: handler<rpc.CheckRequest, rpc.CheckResponse>((request) => session.check(request)),
    diff: handler<rpc.DiffRequest, rpc.DiffResponse>((request) => session.diff(request)),
    create: handler<rpc.CreateRequest, rpc.CreateResponse>((request) => session.create(request)),
    read: handler<rpc.ReadRequest, rpc.ReadResponse>((request) => session.read(request)),
    update: handler<rpc.UpdateRequest, rpc.UpdateResponse>((request) => session.update(request)),
    delete: handler<rpc.DeleteRequest, Empty>((request) => session.delete(request)),
    cancel: handler<Empty, Empty>(() => new empty.Empty()),
  };
}

/** The provider as one engine has configured it. */
class Session<Client> {
  readonly #provider: Provider<Client>;
  #client: Client | undefined;

  constructor(provider: Provider<Client>) {
    this.#provider = provider;
  }

  checkConfig(request: rpc.CheckRequest): rpc.CheckResponse {
    const news = unmarshal(request.getNews());
    const isKnown = (name: string) => name in this.#provider.config && !this.#provider.config[name]?.unsupported;
    const failures = Object.keys(news)
      .filter((name) => !isEngineKey(name) && !isKnown(name))
      .map((name) => ({ property: name, reason: `This stand-in has no provider property '${name}'` }));
    return checkResponse(news, failures);
  }

  diffConfig(request: rpc.DiffRequest): rpc.DiffResponse {
    const [olds, news] = [request.getOldInputs() ?? request.getOlds(), request.getNews()].map(unmarshalRevealed);
    return diffResponse(diff(this.#provider.config, olds ?? {}, news ?? {}), false);
  }

  async configure(request: rpc.ConfigureRequest): Promise<rpc.ConfigureResponse> {
    this.#client = await this.#provider.connect(ownConfig(this.#provider.config, unmarshalRevealed(request.getArgs())));
    // Secrets arrive opened: the engine marks again what was secret among the inputs.
    return new proto.ConfigureResponse().setSupportspreview(true).setAcceptsecrets(false);
  }

  async invoke(request: rpc.InvokeRequest): Promise<rpc.InvokeResponse> {
    const token = request.getTok();
    const call = this.#provider.functions[token];
    if (!call) throw new Error(`${this.#provider.name}: this stand-in has no function ${token}`);
    const result = await call(this.#connected(), unmarshalRevealed(request.getArgs()));
    return new proto.InvokeResponse().setReturn(marshal(result));
  }

  check(request: rpc.CheckRequest): rpc.CheckResponse {
    const { schema, rules } = this.#resource(request.getUrn());
    const subject = {
      name: nameOf(request.getUrn()),
      seed: request.getRandomseed_asU8(),
      olds: unmarshal(request.getOlds()),
    };
    const { inputs, failures } = check(schema, unmarshalRevealed(request.getNews()), subject, rules);
    return checkResponse(withSecrets(schema, inputs), failures);
  }

  diff(request: rpc.DiffRequest): rpc.DiffResponse {
    const type = this.#resource(request.getUrn());
    const [olds, news] = [request.getOlds(), request.getNews()].map(unmarshalRevealed) as [Properties, Properties];
    const ignored = request.getIgnorechangesList();
    const changes = diff(type.schema, olds, news, ignored);
    const renewed = type.renews?.(planned(type.schema, news, olds, ignored), olds) ?? [];
    const renewals = renewed.map((path) => ({ path, kind: "update" as const, replaces: false }));
    return diffResponse([...changes, ...renewals], mustDeleteFirst(type.schema, news));
  }

  async create(request: rpc.CreateRequest): Promise<rpc.CreateResponse> {
    const type = this.#resource(request.getUrn());
    const inputs = unmarshalRevealed(request.getProperties());
    const plan = planned(type.schema, inputs, inputs);
    const response = new proto.CreateResponse();
    if (request.getPreview()) return response.setProperties(marshal(withSecrets(secretsOf(type), preview(type, plan))));
    const made = await type.create(this.#connected(), plan);
    const { id, state: told } = typeof made === "string" ? { id: made, state: {} } : made;
    const state = await this.#changed(type, id, { ...plan, ...definedOnly(told) });
    if (!state) throw new Error(`${request.getUrn()}: not there after it was created`);
    return response.setId(id).setProperties(marshal(withSecrets(secretsOf(type), state)));
  }

  async read(request: rpc.ReadRequest): Promise<rpc.ReadResponse> {
    const type = this.#resource(request.getUrn());
    const olds = unmarshalRevealed(request.getProperties());
    const isImport = Object.keys(olds).length === 0;
    const response = new proto.ReadResponse();
    const known = { id: request.getId(), state: olds };
    const located = isImport ? await type.locate?.(this.#connected(), known.id) : known;
    if (!located) return response;
    const { id, state } = located;
    const now = await this.#current(type, id, state as Properties);
    if (!now) return response;
    const inputs = isImport
      ? importedInputs(type.schema, now)
      : refreshedInputs(unmarshalRevealed(request.getInputs()), now);
    return response
      .setId(id)
      .setProperties(marshal(withSecrets(secretsOf(type), now)))
      .setInputs(marshal(withSecrets(type.schema, inputs)));
  }

  async update(request: rpc.UpdateRequest): Promise<rpc.UpdateResponse> {
    const type = this.#resource(request.getUrn());
    const olds = unmarshalRevealed(request.getOlds());
    const plan = planned(type.schema, unmarshalRevealed(request.getNews()), olds, request.getIgnorechangesList());
    const told = { ...outputsOf(type, olds), ...emptied(type.schema, olds, plan), ...plan };
    let state: Properties | undefined = { ...told, ...unknown(type.renews?.(plan, olds)) };
    if (!request.getPreview()) {
      await type.update(this.#connected(), request.getId(), plan, olds).catch((error: unknown) => {
        throw new UpdateFailure(request.getId(), withSecrets(secretsOf(type), told), error);
      });
      state = type.trustsUpdates
        ? withSortedSets(type.schema, { ...told, ...settled(type.schema, plan) })
        : await this.#changed(type, request.getId(), told);
    }
    if (!state) throw new Error(`${request.getUrn()}: not there after it was updated`);
    return new proto.UpdateResponse().setProperties(marshal(withSecrets(secretsOf(type), state)));
  }

  async delete(request: rpc.DeleteRequest): Promise<Empty> {
    const type = this.#resource(request.getUrn());
    await type.delete(this.#connected(), request.getId(), unmarshalRevealed(request.getProperties()));
    return new empty.Empty();
  }

  async #changed(type: Resource<Client, Properties>, id: string, plan: Properties): Promise<Properties | undefined> {
    const state = await this.#current(type, id, plan);
    return state && withoutEmptyMaps(type.schema, plan, state);
  }

  async #current(type: Resource<Client, Properties>, id: string, state: Properties): Promise<Properties | undefined> {
    const now = await type.read(this.#connected(), id, state);
    if (!now) return undefined;
    const told = Object.entries({ ...state, ...definedOnly(now) }).filter(([, value]) => value !== null);
    return withSortedSets(type.schema, Object.fromEntries(told));
  }

  #connected(): Client {
    if (this.#client === undefined) throw new Error(`${this.#provider.name}: the provider is not configured`);
    return this.#client;
  }

  #resource(urn: string): Resource<Client, Properties> {
    const token = typeOf(urn);
    const type = this.#provider.resources[token];
    if (!type) throw new Error(`${this.#provider.name}: this stand-in has no resource type ${token}`);
    return type;
  }
}

/** What a creation will give, as far as it can be known: the rest is unknown. */
function preview<Client>({ schema, outputs = [] }: Resource<Client, Properties>, plan: Properties): Properties {
  const computed = Object.keys(schema).filter((name) => schema[name]?.computed && !(name in plan));
  return { ...plan, ...unknown([...computed, ...outputs]) };
}

function unknown(names: readonly string[] = []): Properties {
  return Object.fromEntries(names.map((name) => [name, UNKNOWN]));
}

/** The schema with the secret outputs as if they were inputs. */
function secretsOf<Client>({ schema, secretOutputs = [] }: Resource<Client, Properties>): Schema {
  return { ...schema, ...Object.fromEntries(secretOutputs.map((name) => [name, { type: "string", secret: true }])) };
}

/** The engine keeps what an update was to lead to even if it failed, and tries again: so does the official plugin. */
class UpdateFailure extends Error {
  readonly code = grpc.status.UNKNOWN;
  readonly details: string;
  readonly metadata = new grpc.Metadata();

  constructor(id: string, plan: Properties, cause: unknown) {
    const reason = messageOf(cause);
    super(reason, { cause });
    this.details = reason;
    const failed = new proto.ErrorResourceInitFailed().setId(id).setProperties(marshal(plan)).setReasonsList([reason]);
    const packed = new any.Any();
    packed.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new statusProto.Status().setCode(this.code).setMessage(reason).setDetailsList([packed]);
    this.metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
}

function outputsOf<Client>({ outputs = [] }: Resource<Client, Properties>, state: Properties): Properties {
  return Object.fromEntries(Object.entries(state).filter(([name]) => outputs.includes(name)));
}

export function checkResponse(inputs: Properties, failures: Failure[]): rpc.CheckResponse {
  const list = failures.map(({ property, reason }) => new proto.CheckFailure().setProperty(property).setReason(reason));
  return new proto.CheckResponse().setInputs(marshal(inputs)).setFailuresList(list);
}

export function diffResponse(changes: Change[], deleteFirst: boolean): rpc.DiffResponse {
  const response = new proto.DiffResponse().setHasdetaileddiff(true);
  const names = (of: Change[]) => [...new Set(of.map(({ path }) => /^\w+/.exec(path)?.[0] ?? path))];
  const replacing = changes.filter(({ replaces }) => replaces);
  const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
  response.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setDiffsList(names(changes)).setReplacesList(names(replacing));
  response.setDeletebeforereplace(deleteFirst && replacing.length > 0);
  for (const { path, ...change } of changes) response.getDetaileddiffMap().set(path, propertyDiff(change));
  return response;
}

function propertyDiff({ kind, replaces }: Omit<Change, "path">): rpc.PropertyDiff {
  const { Kind } = proto.PropertyDiff;
  const kinds = {
    add: replaces ? Kind.ADD_REPLACE : Kind.ADD,
    delete: replaces ? Kind.DELETE_REPLACE : Kind.DELETE,
    update: replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE,
  };
  return new proto.PropertyDiff().setKind(kinds[kind]);
}

/** The provider's own properties. Those that are no strings travel as JSON text. */
function ownConfig(schema: Schema, config: Properties): Properties {
  const parse = ([name, value]: [string, PropertyValue]): [string, PropertyValue][] => {
    const type = schema[name]?.type;
    if (type === undefined) return [];
    return [[name, type !== "string" && typeof value === "string" ? (JSON.parse(value) as PropertyValue) : value]];
  };
  return Object.fromEntries(Object.entries(config).flatMap(parse));
}

function unmarshalRevealed(message: Parameters<typeof unmarshal>[0]): Properties {
  return revealed(unmarshal(message));
}

function revealed(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, reveal(value)]));
}

function definedOnly(state: Told<Properties>): Properties {
  return Object.fromEntries(
    Object.entries(state).filter((entry): entry is [string, PropertyValue] => entry[1] !== undefined),
  );
}

function isEngineKey(name: string): boolean {
  return name === "version" || name === "pluginDownloadURL" || name.startsWith("__");
}

export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
