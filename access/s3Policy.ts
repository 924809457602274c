import type { AccessLevel } from "./names.ts";
import { workspaceBuckets } from "./names.ts";

export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

const objectActions: Readonly<Record<AccessLevel, readonly string[]>> = {
  edit: ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
  view: ["s3:GetObject"],
};
const bucketActions: Readonly<Record<AccessLevel, readonly string[]>> = {
  edit: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
  view: ["s3:GetBucketLocation", "s3:ListBucket"],
};

/**
 * What a level of access to a workspace's buckets allows, by the name of each statement.
 * No wildcard precedes a name's end: `team*` would also match `team2-data`.
 */
export function s3Statements(level: AccessLevel, workspace: string): Readonly<Record<string, Statement>> {
  const buckets = bucketArns(workspace);
  return {
    buckets: { Effect: "Allow", Action: bucketActions[level], Resource: buckets },
    objects: { Effect: "Allow", Action: objectActions[level], Resource: buckets.map((arn) => `${arn}/*`) },
  };
}

/** A policy that gives nothing to anybody, whoever comes to hold it. */
export function denyStatements(workspace: string, name: string): Readonly<Record<string, Statement>> {
  const buckets = bucketArns(workspace);
  return {
    [name]: { Effect: "Deny", Action: ["s3:*"], Resource: [...buckets, ...buckets.map((arn) => `${arn}/*`)] },
  };
}

function bucketArns(workspace: string): string[] {
  return Object.values(workspaceBuckets(workspace)).map((bucket) => `arn:aws:s3:::${bucket}`);
}

/** A policy document, with who made it in each statement's identifier, as JSON with a stable order of keys. */
export function policyDocument(statements: Readonly<Record<string, Statement>>, sid: (name: string) => string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: Object.entries(statements).map(([name, statement]) => ({ Sid: sid(name), ...statement })),
  });
}

/** What statements allow, in words that are equal when the access is. */
export function accessIn(statements: readonly unknown[]): string {
  return statements
    .map((statement) => {
      const { Effect, Action, Resource } = statement as Record<string, unknown>;
      return [Effect, listOf(Action), "on", listOf(Resource)].join(" ");
    })
    .toSorted()
    .join("; ");
}

function listOf(value: unknown): string {
  return (Array.isArray(value) ? value : [value]).map(String).toSorted().join(",");
}
