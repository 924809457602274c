import type { Location } from "../diagnostic.ts";
import { bucketRecordName, storageUserName, workspaceBuckets, workspaceRoles } from "../names.ts";
import type { PlannedWorkspace } from "../resolve.ts";
import { denyStatements, s3Statements, type Statement } from "../s3Policy.ts";
import type { S3Document } from "../snapshot.ts";
import { matches } from "../wildcard.ts";
import { type Context, stackInDocument } from "./context.ts";
import { type Difference, few, markedAgain, repairedByUpdate } from "./difference.ts";
import { holdersOf } from "./holders.ts";
import { listOf, reaches, statementsOf } from "./reach.ts";
import { builtInPolicies } from "./roles.ts";

/** Buckets, the policies that open them, and everybody else who gets in. */
export function storageDifferences(context: Context): Difference[] {
  return [
    ...[...context.workspaces.values()].flatMap((workspace) => [
      ...bucketDifferences(context, workspace),
      ...policyDifferences(context, workspace),
      ...accountDifferences(context, workspace),
    ]),
    ...openBuckets(context),
    ...foreignUsers(context),
    ...foreignPolicies(context),
  ];
}

function isOperators({ plan }: Context): boolean {
  return plan.platform.provisioning === "operator";
}

function repair(context: Context): string {
  return isOperators(context) ? "the operator has to make it; look at its log" : repairedByUpdate;
}

function bucketDifferences(context: Context, { name, at }: PlannedWorkspace): Difference[] {
  return Object.values(workspaceBuckets(name))
    .filter((bucket) => !context.snapshot.store.buckets.includes(bucket))
    .map((bucket) => ({
      class: "missing access",
      plane: "storage",
      what: `workspace "${name}": bucket "${bucket}" is missing`,
      where: at,
      remedy: repair(context),
    }));
}

function policyDifferences(context: Context, { name, at }: PlannedWorkspace): Difference[] {
  const roles = workspaceRoles(name);
  return [
    policyDifference(context, roles.s3Edit, s3Statements("edit", name), { name, at }),
    policyDifference(context, roles.s3View, s3Statements("view", name), { name, at }),
    isOperators(context) ? [] : recordDifference(context, { name, at }),
  ].flat();
}

interface Place {
  readonly name: string;
  readonly at: Location;
}

function policyDifference(
  context: Context,
  policy: string,
  wanted: Readonly<Record<string, Statement>>,
  { name, at }: Place,
): Difference[] {
  const document = context.snapshot.store.policies[policy];
  const isMarked = isOperators(context) || (document && stackInDocument(document) === context.stack);
  const remedy = document && !isMarked ? markedAgain.storage(context.stack) : repair(context);
  const common = { plane: "storage", where: at, remedy } as const;
  const named = `workspace "${name}": S3 policy "${policy}"`;
  if (!document) {
    return [{ ...common, class: "missing access", what: `${named} is missing, so the role opens no bucket` }];
  }
  const { extra, missing } = compared(document, Object.values(wanted));
  if (extra.length > 0) {
    return [{ ...common, class: "extra access", what: `${named} also allows ${few(extra, 3)}` }];
  }
  if (missing.length > 0) {
    return [{ ...common, class: "missing access", what: `${named} does not allow ${few(missing, 3)}` }];
  }
  if (isMarked) return [];
  return [{ ...common, class: "cosmetic", what: `${named} does not say that stack ${context.stack} made it` }];
}

/** What a policy allows beyond what is wanted, and what of that it does not. */
function compared(document: S3Document, wanted: readonly Statement[]): { extra: string[]; missing: string[] } {
  const live = statementsOf(document);
  const asked = wanted.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) => Resource.map((resource) => ({ action, resource }))),
  );
  const isAsked = (action: string, resource: string) =>
    asked.some((one) => one.action === action && one.resource === resource);
  const extra = live
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action, Resource, NotAction, NotResource }) =>
      NotAction !== undefined || NotResource !== undefined
        ? ["everything but what it names"]
        : listOf(Action).flatMap((action) =>
            listOf(Resource)
              .filter((resource) => !isAsked(action, resource))
              .map((resource) => `${action} on ${resource}`),
          ),
    );
  const holds = (effect: string, action: string, resource: string) =>
    live.some(
      (statement) =>
        statement.Effect === effect &&
        (effect === "Deny" || statement.Condition === undefined) &&
        listOf(statement.Action).some((pattern) => matches(pattern, action)) &&
        listOf(statement.Resource).some((pattern) => matches(pattern, resource)),
    );
  const missing = asked
    .filter(({ action, resource }) => !holds("Allow", action, resource) || holds("Deny", action, resource))
    .map(({ action, resource }) => `${action} on ${resource}`);
  return { extra, missing };
}

/** The record allows nothing and says whose the buckets are. */
function recordDifference(context: Context, { name, at }: Place): Difference[] {
  const policy = bucketRecordName(name);
  const document = context.snapshot.store.policies[policy];
  const common = { plane: "storage", where: at, remedy: repairedByUpdate } as const;
  const named = `workspace "${name}": S3 policy "${policy}", which records whose the buckets are,`;
  if (!document) return [{ ...common, class: "cosmetic", what: `${named} is missing` }];
  const { extra } = compared(document, []);
  if (extra.length > 0) return [{ ...common, class: "extra access", what: `${named} allows ${few(extra, 3)}` }];
  const refused = Object.values(denyStatements(name, "record")).flatMap(({ Resource }) => Resource);
  const live = statementsOf(document);
  const isWhole =
    stackInDocument(document) === context.stack &&
    refused.every((resource) =>
      live.some(({ Effect, Resource }) => Effect === "Deny" && listOf(Resource).includes(resource)),
    );
  return isWhole ? [] : [{ ...common, class: "cosmetic", what: `${named} says something else` }];
}

/** The workspace's own user, whose keys jobs and pipelines have. */
function accountDifferences(context: Context, { name, at }: PlannedWorkspace): Difference[] {
  if (isOperators(context)) return [];
  const user = storageUserName(name);
  const live = context.snapshot.store.users[user];
  const policy = workspaceRoles(name).s3Edit;
  const common = { plane: "storage", where: at, remedy: repairedByUpdate } as const;
  const named = `workspace "${name}": S3 user "${user}"`;
  if (!live) {
    return [{ ...common, class: "missing access", what: `${named} is missing, so jobs and pipelines reach no bucket` }];
  }
  const extra = live.policies.filter((one) => one !== policy);
  return [
    ...(extra.length > 0
      ? [
          {
            ...common,
            class: "extra access" as const,
            what: `${named} has the policies ${few(extra)} beside its own`,
            remedy: `detach them from "${user}" in MinIO`,
          },
        ]
      : []),
    ...(live.policies.includes(policy)
      ? []
      : [{ ...common, class: "missing access" as const, what: `${named} lacks policy "${policy}"` }]),
    ...(live.enabled ? [] : [{ ...common, class: "missing access" as const, what: `${named} is disabled` }]),
  ];
}

/** Buckets of workspaces, of those too that are archived. */
function guarded({ workspaces, gone }: Context): { workspace: string; bucket: string; at: Location | undefined }[] {
  return [...[...workspaces.keys()], ...gone].flatMap((workspace) =>
    Object.values(workspaceBuckets(workspace)).map((bucket) => ({
      workspace,
      bucket,
      at: workspaces.get(workspace)?.at,
    })),
  );
}

/** What buckets give to people without any login. */
function openBuckets(context: Context): Difference[] {
  const { bucketPolicies = {} } = context.snapshot.store;
  return guarded(context).flatMap(({ workspace, bucket, at }): Difference[] => {
    const allowed = statementsOf(bucketPolicies[bucket] ?? {}).filter(({ Effect }) => Effect === "Allow");
    if (allowed.length === 0) return [];
    const actions = [...new Set(allowed.flatMap(({ Action }) => listOf(Action)))];
    return [
      {
        class: "extra access",
        plane: "storage",
        what: `workspace "${workspace}": bucket "${bucket}" has a policy of its own that lets people in without a login: ${few(actions)}`,
        where: at,
        remedy: `remove the bucket's policy in MinIO (mc anonymous set none)`,
      },
    ];
  });
}

/** MinIO's own users who get into buckets of workspaces. */
function foreignUsers(context: Context): Difference[] {
  const { workspaces, gone, snapshot } = context;
  const { users, policies } = snapshot.store;
  const own = new Set([...workspaces.keys()].map(storageUserName));
  const known = new Set([...workspaces.keys()].map((name) => workspaceRoles(name).s3Edit));
  return Object.entries(users).flatMap(([name, user]): Difference[] => {
    if (!user.enabled || (own.has(name) && !isOperators(context))) return [];
    // What is left of a workspace is told with its policies.
    if (gone.some((one) => storageUserName(one) === name && isAlone(user.policies, workspaceRoles(one).s3Edit)))
      return [];
    // An operator's users for workspaces have names of its own.
    if (isOperators(context) && [...known].some((one) => isAlone(user.policies, one))) return [];
    const documents = user.policies.flatMap((one) => policies[one] ?? []);
    const reached = guarded(context).filter(({ bucket }) => reaches(documents, bucket));
    if (reached.length === 0) return [];
    const names = [...new Set(reached.map(({ workspace }) => workspace))];
    return [
      {
        class: "extra access",
        plane: "storage",
        what: `MinIO user "${name}" gets into the buckets of ${few(names)} by ${few(user.policies)}`,
        where: names.length === 1 ? reached[0]?.at : undefined,
        remedy: `detach the policy from "${name}" in MinIO, or let a workspace's own keys do (s3creds)`,
      },
    ];
  });
}

function isAlone(policies: readonly string[], one: string): boolean {
  return policies.every((policy) => policy === one);
}

/** Policies that a token brings, because a realm role is called like them. */
function foreignPolicies(context: Context): Difference[] {
  const { workspaces, gone, snapshot } = context;
  const own = new Set([
    ...builtInPolicies,
    ...[...workspaces.keys(), ...gone].flatMap((name) => {
      const { s3Edit, s3View } = workspaceRoles(name);
      return [s3Edit, s3View, bucketRecordName(name)];
    }),
  ]);
  return Object.entries(snapshot.store.policies).flatMap(([name, document]): Difference[] => {
    if (own.has(name) || !snapshot.realm.roles.some((role) => role.name === name)) return [];
    const reached = guarded(context).filter(({ bucket }) => reaches([document], bucket));
    const holders = reached.length === 0 ? [] : holdersOf(name, snapshot);
    if (holders.length === 0) return [];
    const names = [...new Set(reached.map(({ workspace }) => workspace))];
    return [
      {
        class: "extra access",
        plane: "storage",
        what: `S3 policy "${name}" opens the buckets of ${few(names)} to ${few(holders)}, who hold the realm role of that name`,
        where: names.length === 1 ? reached[0]?.at : undefined,
        remedy: "narrow or delete the policy in MinIO, or take the role away in Keycloak",
      },
    ];
  });
}
