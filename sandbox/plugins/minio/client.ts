/** The connection to a MinIO server. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { S3Client } from "@aws-sdk/client-s3";
import { AwsClient } from "aws4fetch";
import type { ProviderArgs } from "@pulumi/minio";
import type { Unwrap } from "@pulumi/pulumi";
import { messageOf, type Properties } from "../plugin.ts";
import { trust } from "../trust.ts";

type Config = Unwrap<ProviderArgs>;

/** A MinIO server's two APIs: S3, and the administration API for policies. */
export interface Minio {
  endpoint: string;
  s3: S3Client;
  /** Calls the administration API and gives the answer's text; a refusal is an error. */
  admin: (method: "GET" | "PUT" | "DELETE", path: string, body?: string) => Promise<string>;
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
    admin: administration(`${endpoint}/minio/admin/v3`, new AwsClient({ ...credentials, region, service: "s3" })),
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

function administration(base: string, client: AwsClient): Minio["admin"] {
  return async (method, path, body = "") => {
    const headers = { "x-amz-content-sha256": createHash("sha256").update(body).digest("hex") };
    const response = await client.fetch(base + path, { method, headers, ...(body && { body }) });
    const text = await response.text();
    if (!response.ok) throw new Error(messageIn(text) ?? `${response.status} ${response.statusText}`);
    return text;
  };
}

function messageIn(answer: string): string | undefined {
  return /"Message":"([^"]*)"/.exec(answer)?.[1];
}
