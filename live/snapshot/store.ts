import type { S3Document, StoreSnapshot } from "../../access/snapshot.ts";
import type { Store, StoreUser } from "../store.ts";
import { fewAtATime } from "./fewAtATime.ts";

/** Buckets with what they give to people without a login, policies, and MinIO's own users with all they hold. */
export async function readStore(store: Store): Promise<StoreSnapshot> {
  const [buckets, policies, users] = await Promise.all([store.bucketNames(), store.policyDocuments(), store.users()]);
  const groups = [...new Set(Object.values(users).flatMap(({ memberOf = [] }) => memberOf))];
  const [open, ofGroups] = await Promise.all([
    fewAtATime(buckets, async (bucket) => [bucket, await store.bucketPolicy(bucket)] as const),
    fewAtATime(groups, async (name) => [name, await policiesOfGroup(store, name)] as const),
  ]);
  const byGroup = new Map(ofGroups);
  const held = ({ policyName, memberOf = [] }: StoreUser) => [
    ...new Set([...listOf(policyName), ...memberOf.flatMap((name) => byGroup.get(name) ?? [])]),
  ];
  return {
    buckets,
    bucketPolicies: Object.fromEntries(open.filter((one): one is [string, S3Document] => one[1] !== undefined)),
    policies,
    users: Object.fromEntries(
      Object.entries(users).map(([name, user]) => [name, { enabled: user.status === "enabled", policies: held(user) }]),
    ),
  };
}

async function policiesOfGroup(store: Store, name: string): Promise<string[]> {
  const { policy, status } = await store.group(name);
  return status === "disabled" ? [] : listOf(policy);
}

function listOf(names = ""): string[] {
  return names.split(",").filter((name) => name !== "");
}
