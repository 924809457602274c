import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { S3BucketArgs } from "@pulumi/minio";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { failure, type Minio } from "./client.ts";

type State = Unwrap<S3BucketArgs> & { bucket: string; arn?: string; bucketDomainName?: string };

const schema = {
  acl: { type: "string", default: "private", problem: notPrivate },
  bucket: { type: "string", required: true, replaces: true },
  bucketPrefix: { type: "string", replaces: true, unsupported: true },
  forceDestroy: { type: "boolean", default: false },
  objectLocking: { type: "boolean", default: false },
  quota: { type: "number", unsupported: true },
} satisfies Record<keyof S3BucketArgs, Property>;

/** A bucket. One that exists is not taken over, and one that is not empty is not deleted unless `forceDestroy`. */
export const s3Bucket = resource<Minio, State>({
  schema,
  outputs: ["arn", "bucketDomainName"],

  async create({ s3 }, { bucket, objectLocking }) {
    if (await exists(s3, bucket)) throw failure("bucket already exists!", bucket, "choose another name, or import it");
    await s3
      .send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: objectLocking ?? false }))
      .catch((error: unknown) => {
        throw failure("unable to create bucket", bucket, error);
      });
    return bucket;
  },

  async read({ s3, endpoint }, id) {
    // Like the official provider: a server that cannot be asked has no bucket.
    const isThere = await exists(s3, id).catch(() => false);
    if (!isThere) return undefined;
    return { bucket: id, arn: `arn:aws:s3:::${id}`, bucketDomainName: `${endpoint}/minio/${id}` };
  },

  locate(_, importId) {
    return { id: importId, state: { acl: "private", forceDestroy: false, objectLocking: false } };
  },

  // What can change without a replacement, the server does not know of.
  update: () => Promise.resolve(),

  async delete({ s3 }, id, { forceDestroy }) {
    try {
      if (forceDestroy) await removeObjects(s3, id);
      await s3.send(new DeleteBucketCommand({ Bucket: id }));
    } catch (error) {
      throw failure("unable to remove bucket", id, error);
    }
  },
});

function notPrivate(acl: string): string | undefined {
  return acl === "private" ? undefined : `acl '${acl}' is not supported by this stand-in: only private`;
}

async function exists(s3: Minio["s3"], bucket: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return false;
    throw failure("unable to check bucket", bucket, error);
  }
}

async function removeObjects(s3: Minio["s3"], bucket: string): Promise<void> {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (objects.length === 0) return;
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects } }));
    if (Errors.length > 0)
      throw new Error(`could not delete ${Errors[0]?.Key ?? "objects"}: ${Errors[0]?.Message ?? ""}`);
  }
}
