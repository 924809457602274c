import { at, entries, expectKeys, expectValue, list, shown, text, unknown } from "../reading.ts";
import { type Resource, resourceRule } from "../rule.ts";
import { bucketsOf, type Level, s3Actions } from "../seeds.ts";
import { bucket, s3Account, s3Attachment, s3Policy, s3User } from "../types.ts";

/**
 * Whether a bucket is retained (`retainOnDelete`) is not among what a policy is told. But the store itself refuses to
 * delete a bucket that has something in it unless `forceDestroy` is set, so that is what counts here.
 */
export const bucketsStay = resourceRule(
  {
    name: "buckets-stay",
    description: "Data outlives access: no plan empties a bucket, and none makes it public.",
    severity: "critical",
    remedy: "Leave forceDestroy and acl out; archived buckets are deleted by an administrator of the store.",
    types: [bucket, s3User],
  },
  (resource) => [
    ...expectValue(resource.props, ["forceDestroy"], [undefined, false]),
    ...(resource.options.deleteBeforeReplace === true
      ? ["it is deleted before it is replaced; a replacement waits"]
      : []),
    ...(resource.type === bucket ? bucketFindings(resource) : userFindings(resource)),
  ],
);

function bucketFindings({ props, parent }: Resource): string[] {
  return [
    // With any other value the store lets everybody in, and does not take it back (terraform-provider-minio#656).
    ...expectValue(props, ["acl"], [undefined, "private"]),
    ...expectValue(props, ["bucketPrefix"], [undefined]),
    ...expectValue(props, ["bucket"], bucketsOf(parent?.name ?? "")),
  ];
}

function userFindings({ props, parent }: Resource): string[] {
  return expectValue(props, ["name"], [`pk-${parent?.name ?? ""}`]);
}

/** Who holds the role `pk:s3:edit:<w>` holds the policy of that name, so a policy must open nothing else. */
export const s3PoliciesAreExact = resourceRule(
  {
    name: "s3-policies-are-exact",
    description: "An S3 policy names exactly its workspace's two buckets, and no action beyond its level.",
    severity: "critical",
    remedy: "Write bucket names in full; a wildcard in one also matches another workspace's buckets.",
    types: [s3Policy, s3Account],
  },
  ({ type, props, parent }) => {
    const workspace = parent?.name ?? "";
    if (type === s3Account) {
      return [
        ...expectValue(props, ["targetUser"], [`pk-${workspace}`]),
        ...documentFindings(at(props, "policy"), workspace, "edit"),
      ];
    }
    const purposes: Readonly<Record<string, Level | "record">> = {
      [`pk:s3:edit:${workspace}`]: "edit",
      [`pk:s3:view:${workspace}`]: "view",
      [`prokube-access:${workspace}`]: "record",
    };
    const name = text(props, "name") ?? "";
    const purpose = Object.hasOwn(purposes, name) ? purposes[name] : undefined;
    return [
      ...expectValue(props, ["namePrefix"], [undefined]),
      ...(purpose === undefined
        ? [`name is ${shown(at(props, "name"))}; allowed is ${Object.keys(purposes).join(", ")}`]
        : documentFindings(at(props, "policy"), workspace, purpose)),
    ];
  },
);

function documentFindings(document: unknown, workspace: string, purpose: Level | "record"): string[] {
  if (document === unknown) return ["its policy is known only after the update; it must be written out"];
  let parsed: unknown;
  try {
    parsed = JSON.parse(typeof document === "string" ? document : "");
  } catch {
    return ["its policy is not JSON"];
  }
  const statements = list(parsed, "Statement") ?? [];
  return [
    ...expectKeys(parsed, [], ["Version", "Statement"]),
    ...(statements.length === 0 ? ["its policy has no list of statements"] : []),
    ...statements.flatMap((statement) => statementFindings(statement, workspace, purpose)),
  ];
}

function statementFindings(statement: unknown, workspace: string, purpose: Level | "record"): string[] {
  const buckets = bucketsOf(workspace).map((name) => `arn:aws:s3:::${name}`);
  const objects = buckets.map((arn) => `${arn}/*`);
  const allowed = purpose === "record" ? ["s3:*"] : [...s3Actions[purpose].bucket, ...s3Actions[purpose].object];
  return [
    ...expectKeys(statement, [], ["Sid", "Effect", "Action", "Resource"]),
    ...expectValue(statement, ["Effect"], [purpose === "record" ? "Deny" : "Allow"]),
    ...strangers(at(statement, "Action"), allowed, "action"),
    ...strangers(at(statement, "Resource"), [...buckets, ...objects], "resource"),
  ];
}

/** What is in a list, or is its only entry, and is not allowed. */
function strangers(found: unknown, allowed: readonly string[], what: string): string[] {
  const all: readonly unknown[] = Array.isArray(found) ? (found as unknown[]) : [found];
  if (all.length === 0) return [`a statement names no ${what}`];
  return all
    .filter((one) => typeof one !== "string" || !allowed.includes(one))
    .map((one) => `a statement names the ${what} ${shown(one)}; allowed are ${allowed.join(", ")}`);
}

/** The workspace's own S3 user, which nobody logs in as, has what its jobs need. */
export const s3AttachmentsAreOwn = resourceRule(
  {
    name: "s3-attachments-are-own",
    description: "A policy of a workspace is attached to the workspace's own S3 user only; people come by their roles.",
    severity: "critical",
    remedy: "Give people the realm role of the same name instead.",
    types: [s3Attachment],
  },
  ({ props, parent }) => [
    ...expectValue(props, ["userName"], [`pk-${parent?.name ?? ""}`]),
    ...expectValue(props, ["policyName"], [`pk:s3:edit:${parent?.name ?? ""}`]),
    ...entries(props)
      .filter(([key]) => !["userName", "policyName"].includes(key) && !key.startsWith("__"))
      .map(([key]) => `${key} is set; allowed are userName and policyName`),
  ],
);
