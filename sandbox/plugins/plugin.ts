/** What every plugin process shares: serving gRPC to one Pulumi engine, and its encoding of property values. */
import * as grpc from "@grpc/grpc-js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";

/** A value that is not known before something else has been created. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A value that the engine keeps encrypted and does not show. */
export class Secret {
  readonly value: PropertyValue;

  constructor(value: PropertyValue) {
    this.value = value;
  }
}

/** A property value as the engine sends it. */
export type PropertyValue =
  null | boolean | number | string | typeof UNKNOWN | Secret | PropertyValue[] | { [key: string]: PropertyValue };

/** The properties of a resource, of a provider or of a function call. */
export type Properties = Record<string, PropertyValue>;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWNS = new Set<unknown>([
  UNKNOWN_STRING,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // bool
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

/** Reads a message's properties. Assets, archives and resource references do not occur in this program: an error. */
export function unmarshal(message: Struct | undefined): Properties {
  return mapValues((message?.toJavaScript() ?? {}) as Record<string, Json>, revive);
}

/** Writes properties into a message; what is `undefined` is left out. */
export function marshal(properties: Readonly<Record<string, PropertyValue | undefined>>): Struct {
  return struct.Struct.fromJavaScript(mapValues(defined(properties), render));
}

/** The value with all its secrets opened. */
export function reveal(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  return isObject(value) ? mapValues(value, reveal) : value;
}

/** Whether the value, or anything inside it, is still unknown. */
export function hasUnknown(value: PropertyValue | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (value instanceof Secret) return hasUnknown(value.value);
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** Whether the value is a map or an object, and not a secret or a list. */
export function isObject(value: PropertyValue | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

/** Turns an async function into a handler; what it throws becomes the error that the engine shows. */
export function handler<Request, Response>(
  answer: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve(call.request)
      .then(answer)
      .then((response) => {
        callback(null, response);
      })
      .catch((error: unknown) => {
        callback(isServiceError(error) ? error : { code: grpc.status.UNKNOWN, details: messageOf(error) });
      });
  };
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The engine's address among a plugin's arguments: the last one of the form `host:port`. */
export function engineAddress(args: readonly string[] = process.argv.slice(2)): string | undefined {
  return args.findLast((arg) => /^[^-].*:\d+$/.test(arg));
}

/**
 * Serves one engine on a free loopback port, which is printed as the engine expects it, until the engine goes away.
 * Without an engine's address (a plugin started by hand) nothing is watched.
 */
export async function serve(register: (server: grpc.Server) => void, engine = engineAddress()): Promise<void> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  register(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  process.stdout.write(`${port}\n`);
  if (engine !== undefined) void leaveWith(engine);
}

/** Ends this process when the engine has gone, however it went: its socket closes even after a kill -9. */
async function leaveWith(engine: string): Promise<void> {
  // A proxy in the environment must not see loopback traffic.
  const client = new grpc.Client(engine, grpc.credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
  const channel = client.getChannel();
  try {
    for (;;) {
      await new Promise<void>((resolve, reject) => {
        client.waitForReady(Date.now() + 2000, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
      await new Promise<void>((resolve) => {
        channel.watchConnectivityState(grpc.connectivityState.READY, Infinity, () => {
          resolve();
        });
      });
    }
  } catch {
    process.exit(0);
  }
}

function revive(value: Json): PropertyValue {
  if (UNKNOWNS.has(value)) return UNKNOWN;
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  const signature = value[SIGNATURE];
  if (signature === undefined) return mapValues(value, revive);
  if (signature === SECRET) return new Secret(revive(value["value"] ?? null));
  if (signature === OUTPUT) return reviveOutput(value);
  throw new Error("assets, archives and resource references are not supported by this plugin");
}

function reviveOutput(output: Record<string, Json>): PropertyValue {
  const value = "value" in output ? revive(output["value"] ?? null) : UNKNOWN;
  return output["secret"] === true ? new Secret(value) : value;
}

function render(value: PropertyValue): Json {
  if (value === UNKNOWN) return UNKNOWN_STRING;
  if (value instanceof Secret) return { [SIGNATURE]: SECRET, value: render(value.value) };
  if (Array.isArray(value)) return value.map(render);
  return isObject(value) ? mapValues(value, render) : value;
}

function mapValues<From, To>(values: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}

function defined<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined));
}

function isServiceError(error: unknown): error is Partial<grpc.StatusObject> {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number";
}
