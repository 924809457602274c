import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { type LiveObject, stackInStatementId } from "../access/inventory.ts";
import { allWorkspaces } from "../access/ledger.ts";
import { bucketRecordName, storageUserName } from "../access/names.ts";
import type { Plan } from "../access/resolve.ts";
import { accessIn } from "../access/s3Policy.ts";
import type { S3Document } from "../access/snapshot.ts";
import { decrypt } from "./adminEncryption.ts";
import type { Connection } from "./connection.ts";

/** The storage plane, as administrators see it. */
export class Store {
  readonly #client: AwsClient;
  readonly #origin: string;
  readonly #password: string;

  constructor({ endpoint, user, password }: Connection["minio"]) {
    this.#client = new AwsClient({ accessKeyId: user, secretAccessKey: password, region: "us-east-1", service: "s3" });
    this.#origin = endpoint.origin;
    this.#password = password;
  }

  /** All buckets and policies, and the users of new workspaces. */
  async objects(plan: Plan): Promise<LiveObject[]> {
    const [buckets, policies] = await Promise.all([this.#buckets(), this.#policies()]);
    const recorded = new Set(policies.map(({ name }) => name));
    const unknown = allWorkspaces(plan).filter(({ name }) => !recorded.has(bucketRecordName(name)));
    const users = await Promise.all(
      unknown.map(async ({ name }): Promise<LiveObject[]> => {
        const user = storageUserName(name);
        return (await this.#hasUser(user)) ? [{ kind: "S3 user", name: user, id: user }] : [];
      }),
    );
    return [...buckets, ...policies, ...users.flat()];
  }

  /** Names of the policies that a stack made. */
  async policiesOf(stack: string): Promise<ReadonlySet<string>> {
    return new Set((await this.#policies()).flatMap((policy) => (policy.stack === stack ? [policy.name] : [])));
  }

  /** Makes a policy say something else; only one that exists. */
  async overwritePolicy(name: string, document: string): Promise<void> {
    await this.#admin("PUT", `add-canned-policy?name=${encodeURIComponent(name)}`, document);
  }

  async bucketNames(): Promise<string[]> {
    const text = await this.#send("GET", "/");
    return [...text.matchAll(/<Name>([^<]+)<\/Name>/g)].map(([, name = ""]) => name);
  }

  /** What a bucket gives to people without any login, or undefined when that is nothing. */
  async bucketPolicy(bucket: string): Promise<S3Document | undefined> {
    const response = await this.#request("GET", `/${bucket}?policy=`);
    if (response.status === 404) return undefined;
    return JSON.parse(await textOf(response)) as S3Document;
  }

  /** Every policy by its name, MinIO's own included. */
  async policyDocuments(): Promise<Record<string, S3Document>> {
    return JSON.parse(await this.#admin("GET", "list-canned-policies")) as Record<string, S3Document>;
  }

  /** Users of MinIO itself by access key. */
  async users(): Promise<Record<string, StoreUser>> {
    const answer = await this.#request("GET", "/minio/admin/v3/list-users");
    if (!answer.ok) await textOf(answer);
    return JSON.parse(decrypt(this.#password, Buffer.from(await answer.arrayBuffer()))) as Record<string, StoreUser>;
  }

  /** A group of users of MinIO itself. */
  async group(name: string): Promise<StoreGroup> {
    return JSON.parse(await this.#admin("GET", `group?group=${encodeURIComponent(name)}`)) as StoreGroup;
  }

  async #buckets(): Promise<LiveObject[]> {
    return (await this.bucketNames()).map((name) => ({ kind: "bucket", name, id: name }));
  }

  async #policies(): Promise<LiveObject[]> {
    return Object.entries(await this.policyDocuments()).map(([name, { Statement = [] }]) => {
      const marks = Statement.map(({ Sid }) => stackInStatementId(Sid));
      const stack = marks[0] && marks.every((mark) => mark?.stack === marks[0]?.stack) ? marks[0].stack : undefined;
      const [, personalOf] = /^record\/(.+)$/.exec(marks[0]?.what ?? "") ?? [];
      return {
        kind: "S3 policy",
        name,
        id: name,
        access: accessIn(Statement),
        ...(stack !== undefined && { stack }),
        ...(personalOf !== undefined && { personalOf }),
      };
    });
  }

  async #hasUser(name: string): Promise<boolean> {
    const response = await this.#request("GET", `/minio/admin/v3/user-info?accessKey=${encodeURIComponent(name)}`);
    if (response.status === 404) return false;
    await textOf(response);
    return true;
  }

  async #admin(method: "GET" | "PUT", path: string, body = ""): Promise<string> {
    return this.#send(method, `/minio/admin/v3/${path}`, body);
  }

  async #send(method: "GET" | "PUT", path: string, body = ""): Promise<string> {
    return textOf(await this.#request(method, path, body));
  }

  async #request(method: "GET" | "PUT", path: string, body = ""): Promise<Response> {
    const headers = { "x-amz-content-sha256": createHash("sha256").update(body).digest("hex") };
    return this.#client.fetch(this.#origin + path, { method, headers, ...(body && { body }) });
  }
}

/** A user as MinIO's administration API has it. */
export interface StoreUser {
  /** Names with commas between. */
  readonly policyName?: string;
  readonly status?: "enabled" | "disabled";
  readonly memberOf?: readonly string[];
}

export interface StoreGroup {
  readonly policy?: string;
  readonly status?: "enabled" | "disabled";
}

async function textOf(response: Response): Promise<string> {
  const text = await response.text();
  if (response.ok) return text;
  const [, message] = /"?<?Message"?[>:]\s*"?([^"<]*)/.exec(text) ?? [];
  throw new Error(message ?? `${response.status} ${response.statusText}`);
}
