/** Talks to a provider as the engine does, over real gRPC, one call at a time. */
import * as grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import type { DiffResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import type { TestContext } from "node:test";
import { implementation, type Provider } from "../../../sandbox/plugins/bridged.ts";
import { marshal, type Properties, unmarshal } from "../../../sandbox/plugins/plugin.ts";

/** A resource as the engine keeps it. */
export interface Kept {
  id: string;
  inputs: Properties;
  outputs: Properties;
}

/** A diff, readable: the change of each path, e.g. `roleIds[0]: ADD`. */
export interface Diff {
  changes: Record<string, string>;
  replaces: string[];
  deleteBeforeReplace: boolean;
}

/** Serves the provider for the length of a test and configures it. */
export async function startEngine<Client>(context: TestContext, provider: Provider<Client>, config: Properties = {}) {
  const server = new grpc.Server();
  server.addService(service.ResourceProviderService, implementation(provider));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  const engine = new Engine(port);
  context.after(() => {
    engine.close();
    server.forceShutdown();
  });
  await engine.configure(config);
  return engine;
}

/** The calls of the engine. `type` is a type token, the resource's name is always `it`. */
export class Engine {
  readonly #client: grpc.Client;

  constructor(port: number) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  async configure(config: Properties): Promise<void> {
    await this.#call("configure", new proto.ConfigureRequest().setArgs(marshal(config)));
  }

  async checkConfig(news: Properties) {
    return this.#check("checkConfig", new proto.CheckRequest().setNews(marshal(news)));
  }

  async check(type: string, news: Properties, olds: Properties = {}) {
    const request = new proto.CheckRequest().setUrn(urn(type)).setRandomseed(new Uint8Array([1]));
    return this.#check("check", request.setNews(marshal(news)).setOlds(marshal(olds)));
  }

  async #check(method: "check" | "checkConfig", request: InstanceType<typeof proto.CheckRequest>) {
    const response = await this.#call(method, request);
    const failures = response.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
    return { inputs: unmarshal(response.getInputs()), failures };
  }

  async diff(type: string, { id, inputs, outputs }: Kept, news: Properties, ignored: string[] = []): Promise<Diff> {
    const request = new proto.DiffRequest().setUrn(urn(type)).setId(id).setIgnorechangesList(ignored);
    request.setOlds(marshal(outputs)).setOldInputs(marshal(inputs)).setNews(marshal(news));
    return readable(await this.#call("diff", request));
  }

  async create(type: string, news: Properties, preview = false): Promise<Kept> {
    const { inputs, failures } = await this.check(type, news);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    const request = new proto.CreateRequest().setUrn(urn(type)).setProperties(marshal(inputs)).setPreview(preview);
    const response = await this.#call("create", request);
    return { id: response.getId(), inputs, outputs: unmarshal(response.getProperties()) };
  }

  async read(type: string, { id, inputs, outputs }: Kept): Promise<Kept | undefined> {
    const request = new proto.ReadRequest().setUrn(urn(type)).setId(id);
    const response = await this.#call("read", request.setInputs(marshal(inputs)).setProperties(marshal(outputs)));
    if (response.getId() === "") return undefined;
    const now = { inputs: unmarshal(response.getInputs()), outputs: unmarshal(response.getProperties()) };
    return { id: response.getId(), ...now };
  }

  async import(type: string, id: string): Promise<Kept | undefined> {
    return this.read(type, { id, inputs: {}, outputs: {} });
  }

  async update(type: string, { id, inputs, outputs }: Kept, news: Properties, ignored: string[] = []): Promise<Kept> {
    const checked = await this.check(type, news, inputs);
    const request = new proto.UpdateRequest().setUrn(urn(type)).setId(id).setIgnorechangesList(ignored);
    request.setOlds(marshal(outputs)).setOldInputs(marshal(inputs)).setNews(marshal(checked.inputs));
    const response = await this.#call("update", request);
    return { id, inputs: checked.inputs, outputs: unmarshal(response.getProperties()) };
  }

  async delete(type: string, { id, outputs }: Kept): Promise<void> {
    await this.#call("delete", new proto.DeleteRequest().setUrn(urn(type)).setId(id).setProperties(marshal(outputs)));
  }

  async invoke(token: string, args: Properties): Promise<Properties> {
    const response = await this.#call("invoke", new proto.InvokeRequest().setTok(token).setArgs(marshal(args)));
    return unmarshal(response.getReturn());
  }

  #call<Method extends keyof Responses>(method: Method, request: unknown): Promise<Responses[Method]> {
    const { path, requestSerialize, responseDeserialize } = service.ResourceProviderService[method];
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize as (value: unknown) => Buffer,
        responseDeserialize as (value: Buffer) => Responses[Method],
        request,
        (error, response) => {
          if (error) reject(new Error(error.details));
          else if (response) resolve(response);
        },
      );
    });
  }
}

interface Responses {
  configure: InstanceType<typeof proto.ConfigureResponse>;
  checkConfig: InstanceType<typeof proto.CheckResponse>;
  check: InstanceType<typeof proto.CheckResponse>;
  diff: DiffResponse;
  create: InstanceType<typeof proto.CreateResponse>;
  read: InstanceType<typeof proto.ReadResponse>;
  update: InstanceType<typeof proto.UpdateResponse>;
  delete: unknown;
  invoke: InstanceType<typeof proto.InvokeResponse>;
}

function urn(type: string): string {
  return `urn:pulumi:stack::project::prokube:access:Parent$${type}::it`;
}

function readable(response: DiffResponse): Diff {
  const names = new Map<number, string>(
    Object.entries(proto.PropertyDiff.Kind).map(([name, kind]) => [Number(kind), name]),
  );
  const changes = [...response.getDetaileddiffMap().entries()].map(([path, diff]) => [path, names.get(diff.getKind())]);
  return {
    changes: Object.fromEntries(changes) as Record<string, string>,
    replaces: response.getReplacesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
  };
}
