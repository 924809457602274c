import { stackInAttributes } from "../inventory.ts";
import type { PlannedUser } from "../resolve.ts";
import type { RealmUser } from "../snapshot.ts";
import { actorOf, type Context } from "./context.ts";
import { type Difference, markedAgain, repairedByUpdate } from "./difference.ts";

/** Accounts that are missing, other than written, or too many. */
export function accountDifferences(context: Context): Difference[] {
  return [
    ...context.plan.users.flatMap((user) => differencesOf(context, user)),
    ...leftoverAccounts(context),
    ...ownersAccount(context),
  ];
}

function differencesOf(context: Context, user: PlannedUser): Difference[] {
  const { stack, accounts } = context;
  const account = accounts.get(user.username);
  const common = { plane: "identity", where: user.at } as const;
  if (!account) {
    // Nobody here can make an account in a directory.
    if (user.directory !== undefined) return [];
    const what = `user "${user.username}" has no account`;
    return [{ ...common, class: "missing access", what, remedy: repairedByUpdate }];
  }
  const by = actorOf(context, [`users/${account.id}`]);
  const found = (one: Pick<Difference, "class" | "what"> & { remedy?: string }): Difference => ({
    ...common,
    ...by,
    remedy: repairedByUpdate,
    ...one,
    what: `account "${account.username}" ${one.what}`,
  });
  if (user.directory !== undefined) return [];
  const wrong = [
    ...(account.username === user.username
      ? []
      : [
          found({
            class: "cosmetic",
            what: `is to be called "${user.username}"`,
            remedy: `write was: ${account.username} and run pulumi up, or rename the account in Keycloak`,
          }),
        ]),
    ...enabledDifference(user, account).map(found),
    ...addressDifference(user, account).map(found),
    ...(["firstName", "lastName"] as const).flatMap((key) =>
      user[key] === undefined || user[key] === account[key]
        ? []
        : [found({ class: "cosmetic", what: `has the ${key} "${account[key]}", not "${user[key]}"` })],
    ),
  ];
  if (stackInAttributes(account.attributes) === stack) return wrong;
  return [
    ...wrong,
    found({
      class: "cosmetic",
      what: `does not say that stack ${stack} made it`,
      remedy: markedAgain.identity(stack),
    }),
  ];
}

type Found = Pick<Difference, "class" | "what">;

function enabledDifference(user: PlannedUser, account: RealmUser): Found[] {
  if (user.enabled === account.enabled) return [];
  return user.enabled
    ? [{ class: "missing access", what: "is disabled" }]
    : [{ class: "extra access", what: "is enabled, although the user is not" }];
}

/** Whoever has the mailbox gets a new password sent, and Kubernetes and the mesh know people by their address. */
function addressDifference(user: PlannedUser, account: RealmUser): Found[] {
  if (account.email.toLowerCase() !== user.email) {
    const address = account.email === "" ? "no e-mail address" : `the e-mail address ${account.email}`;
    return [
      { class: account.email === "" ? "missing access" : "extra access", what: `has ${address}, not ${user.email}` },
    ];
  }
  return user.emailVerified && !account.emailVerified
    ? [{ class: "missing access", what: "has an e-mail address that is no longer verified, so it gets no token" }]
    : [];
}

/** Accounts of this stack without a user, of archived users, and others with the address of a user. */
function leftoverAccounts({ plan, snapshot, stack, users, ...context }: Context): Difference[] {
  const addresses = new Map(plan.users.map((user) => [user.email, user]));
  return snapshot.realm.users.flatMap((account): Difference[] => {
    const { id, username, email, enabled, attributes } = account;
    if (users.has(username) || email === plan.platform.owner || username === plan.platform.owner) return [];
    const isOurs = stackInAttributes(attributes) === stack;
    const isArchived = plan.archived.users.includes(username);
    const twin = addresses.get(email.toLowerCase());
    if (!isOurs && !twin && !(isArchived && stackInAttributes(attributes) === undefined)) return [];
    const why = twin
      ? `has the address of user "${twin.username}", so Kubernetes and the mesh take it for them`
      : isArchived
        ? "is there, although the user is archived"
        : `was made by stack ${stack}, but no file has it`;
    return [
      {
        class: enabled ? "extra access" : "cosmetic",
        plane: "identity",
        what: `account "${username}" ${why}${enabled ? "" : "; it is disabled"}`,
        where: twin?.at,
        ...actorOf({ plan, snapshot, stack, users, ...context }, [`users/${id}`, "users"], username),
        remedy: "disable or delete the account in Keycloak",
      },
    ];
  });
}

/** The address that owns every Profile is held by an account that nobody logs in with. */
function ownersAccount(context: Context): Difference[] {
  const { plan, snapshot } = context;
  const { owner } = plan.platform;
  const common = { class: "extra access", plane: "identity", where: undefined } as const;
  const holders = snapshot.realm.users.filter(
    ({ username, email }) => email.toLowerCase() === owner || username === owner,
  );
  if (holders.length === 0) {
    const what = `no account holds ${owner}, which owns every Profile: whoever signs up with it owns all workspaces`;
    return [{ ...common, what, remedy: repairedByUpdate }];
  }
  return holders
    .filter(({ enabled }) => enabled)
    .map(({ id, username }) => ({
      ...common,
      ...actorOf(context, [`users/${id}`]),
      what: `account "${username}" is enabled, and its address owns every Profile`,
      remedy: "disable the account in Keycloak",
    }));
}
