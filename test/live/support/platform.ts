import assert from "node:assert/strict";
import https, { type RequestOptions } from "node:https";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import {
  ApiException,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import type { AuthorizationPolicy } from "../../support/istio.ts";

/** A variable that `make env` prints. */
export function environment(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; run the live tests with \`make live\``);
  return value;
}

export const realm = "prokube";

/** An administrator's client. Its token lives a minute, so take a new one for every step. */
export async function keycloakAdmin(): Promise<KeycloakAdminClient> {
  const client = new KeycloakAdminClient({ baseUrl: environment("KEYCLOAK_URL"), realmName: "master" });
  await client.auth({
    grantType: "password",
    clientId: "admin-cli",
    username: environment("KEYCLOAK_USER"),
    password: environment("KEYCLOAK_PASSWORD"),
  });
  client.setConfig({ realmName: realm });
  return client;
}

export async function userId(username: string): Promise<string> {
  const [user] = await (await keycloakAdmin()).users.find({ username, exact: true });
  assert.ok(user?.id, `${username} has an account`);
  return user.id;
}

const password = "Chosen-at-first-login-1";

/** What a person does at the first login: a password of their own, and nothing left to do. */
export async function finishFirstLogin(username: string): Promise<void> {
  const id = await userId(username);
  const keycloak = await keycloakAdmin();
  await keycloak.users.resetPassword({ id, credential: { type: "password", value: password, temporary: false } });
  await keycloak.users.update({ id }, { ...(await keycloak.users.findOne({ id })), requiredActions: [] });
}

/** Logs in with a password; an access token, or the reason why there is none. */
export async function tokenFor(username: string, secret = password): Promise<{ token?: string; error?: string }> {
  const response = await fetch(`${environment("OIDC_ISSUER_URL")}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: environment("OIDC_CLIENT_ID"),
      scope: "openid",
      username,
      password: secret,
    }),
  });
  const body = (await response.json()) as { access_token?: string; error_description?: string };
  return {
    ...(body.access_token !== undefined && { token: body.access_token }),
    ...(body.error_description !== undefined && { error: body.error_description }),
  };
}

/** Logs in as a user who has been through the first login. */
export async function logIn(username: string): Promise<string> {
  const { token, error } = await tokenFor(username);
  assert.ok(token, `${username} logs in: ${error ?? ""}`);
  return token;
}

export function claims(token: string): Record<string, unknown> {
  const [, payload = ""] = token.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Record<string, unknown>;
}

function apiServer(): string {
  const config = new KubeConfig();
  config.loadFromFile(environment("KUBECONFIG"));
  const server = config.getCurrentCluster()?.server;
  assert.ok(server);
  return server;
}

/** Whether the API server lets the bearer of a token do something in a namespace: it is asked, as `kubectl auth can-i` does. */
export async function can(token: string, verb: string, what: string, namespace: string): Promise<boolean> {
  const [resource = "", group = ""] = what.split(/\.(.*)/);
  const response = await fetch(`${apiServer()}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb, resource, group, namespace } },
    }),
  });
  assert.equal(response.status, 201, `the API server accepts the token: ${response.statusText}`);
  return ((await response.json()) as { status: { allowed: boolean } }).status.allowed;
}

/** A real request with a token: the HTTP status of listing something in a namespace. */
export async function listStatus(token: string, path: string): Promise<number> {
  const response = await fetch(`${apiServer()}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return response.status;
}

/** The administrator's way to objects of any kind. */
export function kubernetes(): KubernetesObjectApi {
  const config = new KubeConfig();
  config.loadFromFile(environment("KUBECONFIG"));
  return KubernetesObjectApi.makeApiClient(config);
}

/** All objects of a kind, as the administrator sees them. */
export async function read(
  apiVersion: string,
  kind: string,
  namespace?: string,
): Promise<{ items: (KubernetesObject & { metadata: NonNullable<KubernetesObject["metadata"]> })[] }> {
  return kubernetes().list(apiVersion, kind, namespace);
}

/** Creates Kubernetes objects from YAML as somebody other than the program does. */
export async function create(manifests: string): Promise<void> {
  for (const document of parseAllDocuments(manifests)) await kubernetes().create(document.toJS() as KubernetesObject);
}

/** Changes parts of an object by a merge patch, as somebody other than the program does. */
export async function change(object: KubernetesObject): Promise<void> {
  await kubernetes().patch(object, undefined, undefined, "somebody", undefined, PatchStrategy.MergePatch);
}

/** Deletes them, as far as they are there. */
export async function remove(manifests: string): Promise<void> {
  for (const document of parseAllDocuments(manifests)) {
    await kubernetes()
      .delete(document.toJS() as KubernetesObject)
      .catch((error: unknown) => {
        if (!(error instanceof ApiException && error.code === 404)) throw error;
      });
  }
}

/** Whether an object is there, as the administrator sees it. */
export async function exists(path: string): Promise<boolean> {
  const config = new KubeConfig();
  config.loadFromFile(environment("KUBECONFIG"));
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return new Promise((resolve, reject) => {
    https
      .get(apiServer() + path, options, ({ statusCode }) => {
        if (statusCode === 200 || statusCode === 404) resolve(statusCode === 200);
        else reject(new Error(`${path}: ${statusCode ?? 0}`));
      })
      .on("error", reject);
  });
}

/** The network policies that are in force. */
export async function authorizationPolicies(): Promise<AuthorizationPolicy[]> {
  const list = await kubernetes().list("security.istio.io/v1", "AuthorizationPolicy");
  return list.items as AuthorizationPolicy[];
}

const endpoint = environment("MINIO_ENDPOINT");
const region = "us-east-1";

/** An S3 client with the credentials that MinIO gives for a token, or undefined when it gives none. */
export async function storageFor(token: string): Promise<S3Client | undefined> {
  const sts = new STSClient({ endpoint, region, credentials: { accessKeyId: "-", secretAccessKey: "-" } });
  try {
    const { Credentials } = await sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: "arn:minio:iam:::role/unused",
        RoleSessionName: "test",
        WebIdentityToken: token,
      }),
    );
    assert.ok(Credentials?.AccessKeyId && Credentials.SecretAccessKey);
    return s3Client(Credentials.AccessKeyId, Credentials.SecretAccessKey, Credentials.SessionToken);
  } catch (error) {
    // MinIO's answer when no role in the token is a policy.
    if (error instanceof Error && /None of the given policies/.test(error.message)) return undefined;
    throw error;
  }
}

/** An S3 client with the root's credentials, to look at what is there. */
export function rootStorage(): S3Client {
  return s3Client(environment("MINIO_ROOT_USER"), environment("MINIO_ROOT_PASSWORD"));
}

/** An S3 client with keys. */
export function s3Client(accessKeyId: string, secretAccessKey: string, sessionToken?: string): S3Client {
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
  });
}

export type StorageAction = "list" | "get" | "put" | "delete";

/** Tries one action on a bucket. An object `seed` must be there; what is put is deleted again by the root. */
export async function mayStore(client: S3Client | undefined, action: StorageAction, bucket: string): Promise<boolean> {
  if (!client) return false;
  const key = `probe-${action}`;
  try {
    switch (action) {
      case "list":
        await client.send(new ListObjectsV2Command({ Bucket: bucket }));
        return true;
      case "get":
        await client.send(new GetObjectCommand({ Bucket: bucket, Key: "seed" }));
        return true;
      case "put":
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: "probe" }));
        return true;
      case "delete":
        await rootStorage().send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: "probe" }));
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
        return true;
    }
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === "AccessDenied") return false;
    throw error;
  }
}

/** Puts the object that `get` looks for. */
export async function seedBucket(bucket: string): Promise<void> {
  await rootStorage().send(new PutObjectCommand({ Bucket: bucket, Key: "seed", Body: "seed" }));
}
