import type { AccessLevel } from "../names.ts";
import { s3Statements } from "../s3Policy.ts";
import type { S3Document } from "../snapshot.ts";
import { matches } from "../wildcard.ts";

type Statement = NonNullable<S3Document["Statement"]>[number];

/**
 * The level that a policy surely gives on buckets. In doubt it is the lower one: an allow with a condition does not
 * count, and a deny counts wherever it could.
 */
export function s3Level(
  { Statement = [] }: S3Document,
  workspace: string,
  buckets: readonly string[],
): AccessLevel | undefined {
  return (["edit", "view"] as const).find((level) =>
    Object.values(s3Statements(level, workspace)).every(({ Action, Resource }) =>
      Resource.filter((arn) => buckets.some((bucket) => isIn(arn, bucket))).every((arn) =>
        Action.every((action) => allows(Statement, action, arn)),
      ),
    ),
  );
}

function isIn(arn: string, bucket: string): boolean {
  return arn === `arn:aws:s3:::${bucket}` || arn === `arn:aws:s3:::${bucket}/*`;
}

function allows(statements: readonly Statement[], action: string, arn: string): boolean {
  const isDenied = statements.some(
    ({ Effect, Action, Resource }) =>
      Effect !== "Allow" &&
      listed(Action).some((one) => matches(one, action)) &&
      listed(Resource).some((one) => meets(one, arn)),
  );
  return (
    !isDenied &&
    statements.some(
      ({ Effect, Action, Resource, Condition }) =>
        Effect === "Allow" &&
        isEmpty(Condition) &&
        Action !== undefined &&
        Resource !== undefined &&
        listed(Action).some((one) => matches(one, action)) &&
        listed(Resource).some((one) => matches(one, arn)),
    )
  );
}

function isEmpty(condition: unknown): boolean {
  return condition === undefined || condition === null || Object.keys(condition).length === 0;
}

function listed(value: readonly string[] | string = "*"): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

/** Whether a pattern could be about part of what an ARN names. */
function meets(pattern: string, arn: string): boolean {
  const [start = ""] = pattern.split(/[*?]/);
  const [named = ""] = arn.split("*");
  return start.startsWith(named) || named.startsWith(start);
}
