import type { S3Document } from "../snapshot.ts";
import { canBegin, matches } from "../wildcard.ts";

/** A statement as others write it, with what S3 knows beyond what this program uses. */
type Statement = NonNullable<S3Document["Statement"]>[number] & {
  readonly NotAction?: unknown;
  readonly NotResource?: unknown;
};

const arn = "arn:aws:s3:::";

/** What opens nothing: names of buckets, where they are, and what they give. */
const harmless = ["s3:listallmybuckets", "s3:getbucketlocation", "s3:getbucketpolicy"];

export function listOf(value: readonly string[] | string | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

export function statementsOf({ Statement = [] }: S3Document): readonly Statement[] {
  // MinIO takes a single one as well.
  return [Statement].flat();
}

/** Whether these policies together open a bucket or administer the store. */
export function reaches(documents: readonly S3Document[], bucket: string): boolean {
  const all = documents.flatMap(statementsOf);
  const isClosed = all.some((statement) => closes(statement, bucket));
  return all.some(
    (statement) => statement.Effect === "Allow" && (administers(statement) || (!isClosed && opens(statement, bucket))),
  );
}

function opens(statement: Statement, bucket: string): boolean {
  const { Action, Resource, NotAction, NotResource } = statement;
  const acts = listOf(Action).map((action) => action.toLowerCase());
  const isAbout = acts.some((action) => !/^(?:admin|kms|sts):/.test(action) && !harmless.includes(action));
  if (NotAction === undefined && !isAbout) return false;
  return NotResource !== undefined || listOf(Resource).some((pattern) => touches(pattern, bucket));
}

function administers({ Action }: Statement): boolean {
  return listOf(Action).some((action) => action === "*" || /^admin:(?:\*|create|attach|add|set|import)/i.test(action));
}

/** A refusal of everything in the bucket goes before everything that is allowed. */
function closes({ Effect, Action, Resource, Condition }: Statement, bucket: string): boolean {
  if (Effect !== "Deny" || Condition !== undefined) return false;
  if (!listOf(Action).some((action) => action === "*" || action.toLowerCase() === "s3:*")) return false;
  const resources = listOf(Resource);
  return resources.includes(`${arn}${bucket}/*`) || resources.includes(`${arn}*`) || resources.includes("*");
}

/** Whether a pattern can match the bucket or something in it. What is filled in (`${aws:username}`) can be anything. */
export function touches(pattern: string, bucket: string): boolean {
  const path = pattern.replace(/^arn:aws:s3:::/, "").replaceAll(/\$\{[^}]*\}/g, "*");
  return matches(path, bucket) || canBegin(path, `${bucket}/`);
}
