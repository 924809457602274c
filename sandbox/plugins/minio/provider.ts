/** A stand-in for the MinIO provider: the resource types that the program uses. */
import type { ProviderArgs } from "@pulumi/minio";
import type { Provider } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { connect, type Minio } from "./client.ts";
import { iamPolicy } from "./iamPolicy.ts";
import { iamServiceAccount } from "./iamServiceAccount.ts";
import { iamUser } from "./iamUser.ts";
import { iamUserPolicyAttachment } from "./iamUserPolicyAttachment.ts";
import { s3Bucket } from "./s3Bucket.ts";

const config = {
  minioAccessKey: { type: "string", unsupported: true },
  minioApiVersion: { type: "string", unsupported: true },
  minioCacertFile: { type: "string" },
  minioCertFile: { type: "string", unsupported: true },
  minioInsecure: { type: "boolean" },
  minioKeyFile: { type: "string", unsupported: true },
  minioPassword: { type: "string" },
  minioRegion: { type: "string" },
  minioSecretKey: { type: "string", unsupported: true },
  minioServer: { type: "string" },
  minioSessionToken: { type: "string", unsupported: true },
  minioSsl: { type: "boolean" },
  minioUser: { type: "string" },
} satisfies Record<keyof ProviderArgs, Property>;

/** The provider, as `@pulumi/minio` 0.17.1 expects it. */
export const minio: Provider<Minio> = {
  name: "minio",
  version: "0.17.1",
  config,
  connect,
  resources: {
    "minio:index/iamPolicy:IamPolicy": iamPolicy,
    "minio:index/iamServiceAccount:IamServiceAccount": iamServiceAccount,
    "minio:index/iamUser:IamUser": iamUser,
    "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment": iamUserPolicyAttachment,
    "minio:index/s3Bucket:S3Bucket": s3Bucket,
  },
  functions: {},
};
