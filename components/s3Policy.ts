import type { AccessLevel } from "../access/names.ts";
import { statementId } from "./ownership.ts";

const objectActions: Readonly<Record<AccessLevel, readonly string[]>> = {
  edit: ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
  view: ["s3:GetObject"],
};
const bucketActions: Readonly<Record<AccessLevel, readonly string[]>> = {
  edit: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
  view: ["s3:GetBucketLocation", "s3:ListBucket"],
};

/**
 * The S3 policy for a level of access to exactly these buckets, as JSON with a stable order of keys.
 * No wildcard precedes a name's end: `team*` would also match `team2-data`.
 */
export function s3Policy(level: AccessLevel, buckets: readonly string[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: statementId("buckets"),
        Effect: "Allow",
        Action: bucketActions[level],
        Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}`),
      },
      {
        Sid: statementId("objects"),
        Effect: "Allow",
        Action: objectActions[level],
        Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}/*`),
      },
    ],
  });
}
