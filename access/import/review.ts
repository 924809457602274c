import { storageUserName } from "../names.ts";
import { allWorkspaces } from "../ledger.ts";
import type { Plan } from "../resolve.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Draft, LeftOut } from "./draft.ts";
import { roleOwners } from "./facts.ts";
import { excess, inWords, isNothing, type PlaneAccess } from "./planes.ts";
import type { Remark } from "./remarks.ts";
import type { WorkspaceFacts } from "./workspaceFacts.ts";

export interface Review {
  readonly leftOut: readonly Remark[];
  readonly less: readonly Remark[];
  readonly beside: readonly Remark[];
  readonly arrivals: readonly Remark[];
}

/** What of the platform the files do not say, or say otherwise. */
export function review(draft: Draft, plan: Plan, leftOut: LeftOut, snapshot: Snapshot): Review {
  const written = allWorkspaces(plan).flatMap(({ name }) => draft.workspaces.get(name) ?? []);
  const general = draft.remarks(leftOut);
  return {
    leftOut: [
      ...entities(draft, plan, leftOut),
      ...general.unsaid,
      ...draft.detailsLeftOut(leftOut),
      ...written.flatMap(({ unsaid }) => unsaid),
      ...written.flatMap((facts) => unknownAddresses(draft, plan, facts)),
      ...unsaidHolders(draft, plan),
      ...inTheStore(draft, snapshot),
    ],
    less: written.flatMap((facts) => lessThanNow(draft, plan, facts)),
    beside: [...general.beside, ...written.flatMap(({ beside }) => beside)],
    arrivals: written.flatMap(({ name }) => draft.arrivals(name)),
  };
}

function entities(draft: Draft, plan: Plan, leftOut: LeftOut): Remark[] {
  const written = new Set(allWorkspaces(plan).map(({ name }) => name));
  const labels: Readonly<Record<string, string>> = {
    user: "account",
    group: "group",
    workspace: "workspace",
    personal: "personal workspace",
  };
  return [
    ...[...leftOut].map(([key, why]) => {
      const [kind = "", name = ""] = key.split(/ (.*)/s);
      return { about: `${labels[kind] ?? kind} ${JSON.stringify(name)}`, why };
    }),
    ...[...draft.workspaces.keys()]
      .filter((name) => !written.has(name) && !leftOut.has(`workspace ${name}`) && !leftOut.has(`personal ${name}`))
      .map((name) => ({ about: `personal workspace ${JSON.stringify(name)}`, why: "its user has no file." })),
  ];
}

/** What bindings and policies give to addresses of nobody who has a file. */
function unknownAddresses(draft: Draft, plan: Plan, { name, bound, network }: WorkspaceFacts): Remark[] {
  const known = new Set([...plan.users.map(({ email }) => email), draft.owner]);
  return [...new Set([...bound.keys(), ...network.keys()])]
    .filter((address) => !known.has(address))
    .map((address) => {
      const [level, access] = [bound.get(address), network.get(address)];
      const now = { ...(level && { kubernetes: level }), ...(access && { network: access }) };
      return { about: `access of ${address} in ${name}`, why: `${inWords(now)}: nobody with a file has this address.` };
    });
}

/** Who holds a workspace's role without a line that gives it. */
function unsaidHolders({ facts }: Draft, plan: Plan): Remark[] {
  const owners = roleOwners(allWorkspaces(plan).map(({ name }) => name));
  const users = new Map(plan.users.map(({ username, roles }) => [username, roles]));
  const groups = new Map(plan.groups.map(({ name, roles }) => [`/${name}`, roles]));
  return [...owners.keys()].flatMap((role) => {
    const holders = [
      ...(facts.roles.get(role)?.users ?? [])
        .filter((username) => !users.get(username)?.includes(role))
        .map((username) => `account "${username}"`),
      ...facts.groups
        .filter(({ path, roles }) => roles.includes(role) && !groups.get(path)?.includes(role))
        .map(({ path }) => `group "${path.slice(1)}"`),
    ];
    return holders.map((holder) => ({
      about: `realm role ${role}`,
      why: `is held by ${holder}, to whom no line gives it. The holder keeps it.`,
    }));
  });
}

/** Users of the store itself, buckets without a login, and policies that other realm roles are called like. */
function inTheStore({ facts, workspaces: known }: Draft, { store }: Snapshot): Remark[] {
  const workspaces = [...known.keys()];
  const own = new Set(workspaces.map((name) => storageUserName(name)));
  const owners = roleOwners(workspaces);
  return [
    ...Object.entries(store.users)
      .filter(([name, { enabled, policies }]) => enabled && !own.has(name) && policies.length > 0)
      .map(([name, { policies }]) => ({
        about: `MinIO user "${name}"`,
        why: `has ${policies.join(", ")}. Files know people of the realm only.`,
      })),
    ...Object.keys(store.bucketPolicies ?? {}).map((bucket) => ({
      about: `bucket "${bucket}"`,
      why: "has a policy of its own, which lets people in without a login. It stays as it is.",
    })),
    ...Object.keys(store.policies)
      .filter((name) => !owners.has(name) && facts.roles.has(name))
      .map((name) => ({
        about: `S3 policy "${name}"`,
        why: `goes to whoever holds the realm role of that name, which no workspace has. It stays as it is.`,
      })),
  ];
}

function lessThanNow(draft: Draft, plan: Plan, { name, buckets }: WorkspaceFacts): Remark[] {
  const given = new Map(
    plan.access.filter(({ workspace }) => workspace === name).map((entry) => [entry.user, entry as PlaneAccess]),
  );
  const written = new Set(plan.users.map(({ username }) => username));
  return [...(draft.access.get(name) ?? [])]
    .filter(([username]) => written.has(username))
    .flatMap(([username, now]) => {
      const file = given.get(username) ?? {};
      const { storage, ...rest } = now;
      const real = buckets.length === 0 ? rest : { ...rest, ...(storage && { storage }) };
      if (isNothing(excess(real, file))) return [];
      return [{ about: `user "${username}" in ${name}`, why: `has ${inWords(real)}; the files say ${inWords(file)}.` }];
    });
}
