/** The connection to a MinIO server. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { S3Client } from "@aws-sdk/client-s3";
import { AwsClient } from "aws4fetch";
import type { ProviderArgs } from "@pulumi/minio";
import type { Unwrap } from "@pulumi/pulumi";
import { messageOf, type Properties } from "../plugin.ts";
import { trust } from "../trust.ts";
import { open, seal } from "./adminEncryption.ts";

type Config = Unwrap<ProviderArgs>;

/** A MinIO server's two APIs: S3, and the administration API for policies. */
export interface Minio {
  endpoint: string;
  s3: S3Client;
  /** Calls the administration API and gives the answer's text; a refusal is an error. */
  admin: (method: "GET" | "PUT" | "DELETE", path: string, body?: string) => Promise<string>;
  /** The same where request and answer, as far as there are any, are encrypted JSON with keys in them. */
  adminSealed: (method: "GET" | "POST" | "PUT", path: string, body?: object) => Promise<unknown>;
}

/** An administration API's refusal, with its code. */
export class Refusal extends Error {
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** Connects with the provider's configuration, or what the environment has in its place. */
// eslint-disable-next-line @typescript-eslint/require-await -- what it throws must reach the engine as a rejection
export async function connect(properties: Properties): Promise<Minio> {
  const config = properties as Config;
  const server = required(config.minioServer, "minioServer", "MINIO_ENDPOINT");
  if (server.includes("/")) throw new Error(`minio: minioServer must be host:port, found ${server}`);
  const credentials = {
    accessKeyId: required(config.minioUser, "minioUser", "MINIO_USER"),
    secretAccessKey: required(config.minioPassword, "minioPassword", "MINIO_PASSWORD"),
  };
  const region = config.minioRegion ?? "us-east-1";
  const isSecure = config.minioSsl ?? process.env["MINIO_ENABLE_HTTPS"] === "true";
  const endpoint = `${isSecure ? "https" : "http"}://${server}`;
  setTrust(config);
  return {
    endpoint,
    s3: new S3Client({ endpoint, region, credentials, forcePathStyle: true }),
    ...administration(`${endpoint}/minio/admin/v3`, { ...credentials, region }),
  };
}

/** An error as the official provider words it. */
export function failure(what: string, name: string, error: unknown): Error {
  return new Error(`[FATAL] ${what} (${name}): ${messageOf(error)}`);
}

function required(given: string | undefined, property: string, variable: string): string {
  const value = given ?? process.env[variable];
  if (!value) throw new Error(`minio: no ${property}: set it on the provider, or ${variable}`);
  return value;
}

function setTrust(config: Config): void {
  const file = config.minioCacertFile ?? process.env["MINIO_CACERT_FILE"];
  if (file) trust(readFileSync(file, "utf8"));
  const isInsecure = config.minioInsecure ?? process.env["MINIO_INSECURE"] === "true";
  // Like a certificate authority: this process has no other server to talk to.
  if (isInsecure) process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
}

function administration(
  base: string,
  login: { accessKeyId: string; secretAccessKey: string; region: string },
): Pick<Minio, "admin" | "adminSealed"> {
  const client = new AwsClient({ ...login, service: "s3" });
  const send = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Buffer> => {
    const headers = { "x-amz-content-sha256": createHash("sha256").update(body).digest("hex") };
    const response = await client.fetch(base + path, { method, headers, ...(body.length > 0 && { body }) });
    const answer = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw refusal(answer.toString(), `${response.status} ${response.statusText}`);
    return answer;
  };
  return {
    admin: async (method, path, body = "") => (await send(method, path, body)).toString(),
    adminSealed: async (method, path, body) => {
      const answer = await send(method, path, body ? seal(login.secretAccessKey, JSON.stringify(body)) : "");
      return answer.length === 0 ? undefined : (JSON.parse(open(login.secretAccessKey, answer)) as unknown);
    },
  };
}

function refusal(answer: string, status: string): Refusal {
  const [message, code] = [/"Message":"([^"]*)"/, /"Code":"([^"]*)"/].map((pattern) => pattern.exec(answer)?.[1]);
  return new Refusal(message ?? status, code);
}
