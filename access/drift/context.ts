import type { Location } from "../diagnostic.ts";
import { stackInAttributes, stackInLabels, stackInStatementId } from "../inventory.ts";
import { allWorkspaces } from "../ledger.ts";
import type { Grant, Plan, PlannedUser, PlannedWorkspace } from "../resolve.ts";
import type { Origin, RealmRole, RealmUser, S3Document, Snapshot } from "../snapshot.ts";

/** The plan and the planes beside it, with what several comparisons look up. */
export interface Context {
  readonly plan: Plan;
  readonly snapshot: Snapshot;
  readonly stack: string;
  /** Shared and personal workspaces by name. */
  readonly workspaces: ReadonlyMap<string, PlannedWorkspace>;
  /** Workspaces of this stack that are no more: archived, or without a file and still on a plane. */
  readonly gone: readonly string[];
  /** Accounts of the plan's users, by the username in the plan. */
  readonly accounts: ReadonlyMap<string, RealmUser>;
  /** The plan's users, by the username that their account has now. */
  readonly users: ReadonlyMap<string, PlannedUser>;
  /** Every account, by the username that it has now. */
  readonly allAccounts: ReadonlyMap<string, RealmUser>;
  readonly roles: ReadonlyMap<string, RealmRole>;
  /** The line that gives a user access to a workspace; the workspace's where none does. */
  readonly grantAt: (username: string, workspace: string) => Location | undefined;
  /** A grant that is over, by a user's or a group's name. */
  readonly expired: (subject: string, workspace: string) => Expired | undefined;
}

/** A grant that no longer holds, in words and with its line. */
export interface Expired {
  readonly note: string;
  readonly at: Location;
}

/** @param ever the plan with the grants that are over, for what to say about them */
export function contextOf(plan: Plan, snapshot: Snapshot, stack: string, ever: Plan): Context {
  const workspaces = new Map(allWorkspaces(plan).map((workspace) => [workspace.name, workspace]));
  const accounts = accountsOf(plan, snapshot.realm.users, stack);
  const access = new Map(plan.access.map((entry) => [`${entry.workspace} ${entry.user}`, entry.grants[0]?.at]));
  const grants = [
    ...ever.access.flatMap((entry) => entry.grants),
    ...ever.clusterAccess.flatMap(({ user, grants: own }) =>
      own.map((grant) => ({ ...grant, user, workspace: everyNamespace })),
    ),
  ].filter(({ expires }) => expires !== undefined && expires <= plan.date);
  const over = new Map(
    grants.flatMap((grant) =>
      [grant.user, ...(grant.group === undefined ? [] : [grant.group])].map(
        (subject) => [`${grant.workspace} ${subject}`, grant] as const,
      ),
    ),
  );
  return {
    plan,
    snapshot,
    stack,
    workspaces,
    gone: goneWorkspaces(plan, snapshot, stack, workspaces),
    accounts,
    users: new Map(
      plan.users.flatMap((user) => {
        const account = accounts.get(user.username);
        return account ? [[account.username, user] as const] : [];
      }),
    ),
    allAccounts: new Map(snapshot.realm.users.map((account) => [account.username, account])),
    roles: new Map(snapshot.realm.roles.map((role) => [role.name, role])),
    grantAt: (username, workspace) => access.get(`${workspace} ${username}`) ?? workspaces.get(workspace)?.at,
    expired: (subject, workspace) => expiredIn(over.get(`${workspace} ${subject}`)),
  };
}

/** Stands for a workspace where a grant holds in all of the cluster. */
export const everyNamespace = "*";

function expiredIn(grant: Pick<Grant, "expires" | "at"> | undefined): Expired | undefined {
  return grant?.expires === undefined ? undefined : { note: ` (expired on ${grant.expires})`, at: grant.at };
}

/** By the username, the one until now, or what the account says that it was made for. */
function accountsOf({ users }: Plan, all: readonly RealmUser[], stack: string): Map<string, RealmUser> {
  const byName = new Map(all.map((account) => [account.username.toLowerCase(), account]));
  const own = all.filter(({ attributes }) => stackInAttributes(attributes) === stack);
  const byKey = new Map(own.map((account) => [account.attributes["prokube-access-key"]?.[0] ?? "", account]));
  const planned = new Set(users.map(({ username }) => username));
  return new Map(
    users.flatMap(({ username, was }) => {
      const other = [was === undefined ? undefined : byName.get(was), byKey.get(username)].find(
        (account) => account && !planned.has(account.username),
      );
      const account = byName.get(username) ?? other;
      return account ? [[username, account] as const] : [];
    }),
  );
}

function goneWorkspaces(
  plan: Plan,
  { realm, cluster, store }: Snapshot,
  stack: string,
  workspaces: ReadonlyMap<string, unknown>,
): string[] {
  const found = [
    ...plan.archived.workspaces,
    ...realm.roles
      .filter(({ attributes }) => stackInAttributes(attributes) === stack)
      .flatMap(({ name }) => workspaceOfRole(name) ?? []),
    ...cluster.namespaces.filter(({ labels }) => stackInLabels(labels) === stack).map(({ name }) => name),
    ...Object.entries(store.policies)
      .filter(([, document]) => stackInDocument(document) === stack)
      .flatMap(([name]) => workspaceOfRole(name) ?? []),
  ];
  return [...new Set(found)].filter((name) => !workspaces.has(name)).toSorted();
}

/** The workspace whose realm role it is, by its name. */
export function workspaceOfRole(role: string): string | undefined {
  return /^pk:(?:s3:edit:|s3:view:|edit:|view:)?([^:]+)$/.exec(role)?.[1];
}

/** The stack that all statements of a policy name, or undefined. */
export function stackInDocument({ Statement = [] }: S3Document): string | undefined {
  const [first, ...others] = Statement.map(({ Sid }) => stackInStatementId(Sid)?.stack);
  return others.every((stack) => stack === first) ? first : undefined;
}

/** Who wrote an object last, unless that was this program. */
export function writerOf({ manager, time }: Origin): { madeBy?: string } {
  if (manager === undefined || manager.startsWith("pulumi-kubernetes")) return {};
  return { madeBy: time === undefined ? manager : `${manager} at ${time}` };
}

/** The same of an object that this program did not make, whoever it was. */
export function makerOf({ manager, time }: Origin): { madeBy?: string } {
  return manager === undefined ? {} : { madeBy: time === undefined ? manager : `${manager} at ${time}` };
}

/**
 * Who last changed something in the realm, where that is recorded.
 *
 * @param about a name that the change must mention, where what was sent is recorded
 */
export function actorOf({ snapshot }: Context, paths: readonly string[], about?: string): { madeBy?: string } {
  const act = snapshot.realm.acts?.find(
    ({ path, details }) =>
      paths.includes(path) && (about === undefined || details === undefined || details.includes(JSON.stringify(about))),
  );
  return act ? { madeBy: `${act.by} at ${act.time}` } : {};
}
