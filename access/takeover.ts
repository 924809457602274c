import {
  applicationTakeoverChecks,
  dexFindings,
  dexRevision,
  gatewayFindings,
  gatewayRevision,
  resetsPasswords,
} from "./applicationTakeover.ts";
import { type Diagnostic, InputError } from "./diagnostic.ts";
import { gatedApplications } from "./identity.ts";
import {
  type Account,
  type Inventory,
  type LiveObject,
  objectKey,
  type ObjectKind,
  stackInAttributes,
} from "./inventory.ts";
import { allWorkspaces } from "./ledger.ts";
import { bucketRecordName, groupsScope, workspaceBuckets, workspaceRoles } from "./names.ts";
import { keyOf, type PlannedObject, plannedObjects } from "./objects.ts";
import type { Plan, PlannedUser, PlannedWorkspace } from "./resolve.ts";

/** How the plan meets what is on the platform. */
export interface Takeover {
  /** Import ids of objects that exist and may be taken into the state, by {@link objectKey}. */
  readonly imports: ReadonlyMap<string, string>;
  /**
   * The same for realm roles, groups and accounts that bear this stack's mark. They may be taken into a state that has
   * never had them, and into no other: there they stand under another form of their id, and would be replaced.
   */
  readonly ours: ReadonlyMap<string, string>;
  /** Accounts of others that are taken over, by username. */
  readonly accounts: ReadonlyMap<string, Account>;
  /** The username that each account is to have, by its identifier. */
  readonly usernames: ReadonlyMap<string, string>;
  /** Identifiers of the accounts that have another username still. */
  readonly misnamed: readonly string[];
  /**
   * The name of each user's resources in the state, by username: the first username, whatever renames came since. The
   * engine's aliases would say the same, but with `--refresh --run-program` it fails on them (Pulumi 3.259).
   */
  readonly keys: ReadonlyMap<string, string>;
  /** Accounts that a directory keeps, by username: the identifier, or when it can be known. */
  readonly lookups: ReadonlyMap<string, { readonly id: string } | "later" | "absent">;
  /** Whether a disabled account is to hold the Profile owner's address. */
  readonly holdsOwner: boolean;
  /** The number that the gateway's policies are to carry; another one where they have to be put right. */
  readonly gatewayRevision: number;
  /** The same for Dex's configuration. */
  readonly dexRevision: number;
  /** What is wrong with the gateway or Dex and is not put right by this update. */
  readonly applicationFindings: readonly string[];
  /** Login flows that this stack has made. */
  readonly ownFlows: readonly string[];
  /** Whether somebody who has a new password by mail has to log in with it: otherwise they would go past a gate. */
  readonly guardsResets: boolean;
  /** What an administrator should know before merging. */
  readonly notices: readonly string[];
}

interface Meeting {
  readonly plan: Plan;
  readonly live: Inventory;
  readonly stack: string;
  readonly planned: readonly PlannedObject[];
  /** The plan's users with the accounts they have now. */
  readonly people: readonly Person[];
}

interface Person {
  readonly user: PlannedUser;
  /** The account under the username or, before a rename, under the earlier one. */
  readonly account: Account | undefined;
  /** Another account with the user's address. */
  readonly namesake: Account | undefined;
}

/** Kinds whose import id is also the id in the state, so that importing what is there already changes nothing. */
const recoverable: readonly ObjectKind[] = [
  "namespace",
  "Profile",
  "LimitRange",
  "Secret",
  "ConfigMap",
  "RoleBinding",
  "ClusterRoleBinding",
  "AuthorizationPolicy",
  "bucket",
  "S3 policy",
];

/**
 * Decides what of the platform the plan may touch: what this stack made, and what an entity is to adopt.
 *
 * @param stack the stack's name, as it stands on everything the stack made
 * @throws {InputError} naming everything that is somebody else's, before anything changes
 */
export function takeover(plan: Plan, live: Inventory, stack: string): Takeover {
  const meeting = { plan, live, stack, planned: plannedObjects(plan), people: peopleOf(plan, live) };
  const diagnostics = checks.flatMap((check) => check(meeting));
  if (diagnostics.length > 0) throw new InputError(diagnostics);
  return {
    imports: importsOf(meeting),
    ours: oursOf(meeting),
    accounts: new Map(
      meeting.people.flatMap(({ user, account }) =>
        account && account.stack !== stack && user.directory === undefined ? [[user.username, account] as const] : [],
      ),
    ),
    usernames: new Map(
      meeting.people.flatMap(({ user, account }) => (account ? [[account.id, user.username] as const] : [])),
    ),
    misnamed: meeting.people.flatMap(({ user, account }) =>
      account && account.username !== user.username ? [account.id] : [],
    ),
    keys: keysOf(meeting),
    lookups: lookupsOf(meeting),
    holdsOwner: accountsWith(live, plan.platform.owner).every((account) => account.stack === stack),
    gatewayRevision: gatewayRevision(meeting),
    dexRevision: dexRevision(meeting),
    applicationFindings: [...gatewayFindings(meeting), ...dexFindings(meeting)],
    ownFlows: [...live.objects.values()].flatMap((object) =>
      object.kind === "login flow" && object.stack === stack ? [object.name] : [],
    ),
    guardsResets: gatedApplications(plan).length > 0 && resetsPasswords(plan, live),
    notices: [
      ...returningBuckets(meeting),
      ...openRegistration(live),
      ...weaknessesOf(meeting),
      ...waysRoundProviders(meeting),
      ...unfoundPeople(meeting),
      ...unusableMembers(meeting),
    ],
  };
}

type Check = (meeting: Meeting) => Diagnostic[];

const checks: readonly Check[] = [
  realmKeepsAttributes,
  modeIsKept,
  objectsAreOurs,
  adoptionChangesNothing,
  adoptedHaveNoStrangers,
  accountsAreOurs,
  addressesAreFree,
  newUsersHaveNothing,
  bucketsReturnToTheirPerson,
  ownersAreKept,
  ownerCannotLogIn,
  workspacesAreNotRenamed,
  realmKeepsUnverifiedOut,
  realmIsOurs,
  ...applicationTakeoverChecks,
];

function peopleOf({ users }: Plan, { accounts }: Inventory): Person[] {
  const byUsername = new Map(accounts.map((account) => [account.username, account]));
  return users.map((user) => {
    const account = byUsername.get(user.username) ?? (user.was === undefined ? undefined : byUsername.get(user.was));
    return {
      user,
      account,
      namesake: accounts.find(({ id, email }) => email === user.email && id !== account?.id),
    };
  });
}

/** A username that became free may be given again, while resources of the person who had it still bear it. */
function keysOf({ people, live, stack }: Meeting): Map<string, string> {
  const taken = new Set(
    live.accounts.flatMap((account) => (account.stack === stack ? [account.key ?? account.username] : [])),
  );
  return new Map(
    people.map(({ user: { username }, account }) => {
      if (account?.stack === stack) return [username, account.key ?? account.username];
      const free = [username, ...Array.from(taken, (_, index) => `${username}~${index + 2}`)].find(
        (key) => !taken.has(key),
      );
      return [username, free ?? username];
    }),
  );
}

/** Without the attributes every account would look like somebody else's. */
function realmKeepsAttributes({ plan, live }: Meeting): Diagnostic[] {
  const [first] = plan.users;
  if (!live.dropsAttributes || !first) return [];
  return [
    {
      ...first.at,
      code: "realm-setting",
      message: `realm "${plan.platform.realm}" drops the attributes that say who manages an account. In Keycloak: Realm settings, General, Unmanaged attributes: "Only administrators can write".`,
    },
  ];
}

/** A stack that stopped writing three planes would delete what it made there, namespaces with everything in them. */
function modeIsKept({ plan, live, stack }: Meeting): Diagnostic[] {
  if (plan.platform.provisioning === "program") return [];
  return allWorkspaces(plan).flatMap(({ name, at }) =>
    live.objects.get(objectKey("namespace", name))?.stack === stack
      ? [
          {
            ...at,
            code: "foreign-object" as const,
            message: `namespace "${name}" was made by this stack; with provisioning: operator it would be deleted with everything in it. Hand it to the operator first: remove its resources from the state (pulumi state delete) and its label prokube-access/stack.`,
          },
        ]
      : [],
  );
}

/** What is there, and who made it: `undefined` when it is free. */
function makerOf({ live }: Meeting, object: PlannedObject): { readonly stack: string | undefined } | undefined {
  const found = live.objects.get(keyOf(object));
  if (!found) return undefined;
  return { stack: found.stack ?? recordedMaker(live, object) };
}

/** Buckets and S3 users carry no mark; the record of the workspace's buckets, or at least its role, speaks for them. */
function recordedMaker(live: Inventory, { kind, entity }: PlannedObject): string | undefined {
  if ((kind !== "bucket" && kind !== "S3 user") || entity.workspace === undefined) return undefined;
  return (
    live.objects.get(objectKey("S3 policy", bucketRecordName(entity.workspace)))?.stack ??
    live.objects.get(objectKey("realm role", workspaceRoles(entity.workspace).identity))?.stack
  );
}

function objectsAreOurs(meeting: Meeting): Diagnostic[] {
  return meeting.planned.flatMap((object) => {
    const maker = makerOf(meeting, object);
    if (!maker || maker.stack === meeting.stack) return [];
    if (maker.stack === undefined && object.entity.adopt === true) return [];
    return [foreign(object, maker.stack)];
  });
}

function foreign({ kind, name, entity }: PlannedObject, stack: string | undefined): Diagnostic {
  const way =
    kind === "client scope" && name === groupsScope
      ? "To use it as it is, write groupsScope: existing in platform.yaml (clients)."
      : stack === undefined && entity.adopt === "never"
        ? `Remove it, or choose another name for ${entity.label}.`
        : stack === undefined
          ? `If it is what ${entity.label} means, write adopt: true there to take it over; otherwise choose another name.`
          : `It belongs to stack "${stack}"; remove it there first, or choose another name.`;
  return {
    ...entity.at,
    code: "foreign-object",
    message: `${kind} "${name}" exists and is not this stack's. ${way}`,
  };
}

function adopted(meeting: Meeting): { readonly object: PlannedObject; readonly found: LiveObject }[] {
  return meeting.planned.flatMap((object) => {
    const found = meeting.live.objects.get(keyOf(object));
    return found && object.entity.adopt === true && makerOf(meeting, object)?.stack === undefined
      ? [{ object, found }]
      : [];
  });
}

function adoptionChangesNothing(meeting: Meeting): Diagnostic[] {
  return adopted(meeting).flatMap(({ object: { kind, name, entity, access }, found }) =>
    access === undefined || found.access === undefined || access === found.access
      ? []
      : [
          {
            ...entity.at,
            code: "adoption-differs" as const,
            message: `adopting ${kind} "${name}" would change its access: it gives ${found.access}; the plan gives ${access}. Make them equal first.`,
          },
        ],
  );
}

/** Whoever is in an adopted group, or holds an adopted role, would get what the plan makes of it, unseen by reviewers. */
function adoptedHaveNoStrangers(meeting: Meeting): Diagnostic[] {
  return adopted(meeting).flatMap(({ object, found }) => {
    const listed = new Set(listedMembers(meeting.plan, object));
    const strangers = (found.members ?? []).filter((member) => !listed.has(member));
    if (strangers.length === 0) return [];
    const { kind, name, entity } = object;
    return [
      {
        ...entity.at,
        code: "adoption-differs" as const,
        message: `${kind} "${name}" belongs to ${strangers.join(", ")} too, who would get what ${entity.label} gives it. Name them in the desired state, or take it from them first.`,
      },
    ];
  });
}

/** Members of a planned group, or holders of a planned role, as an inventory names them. */
function listedMembers({ groups, users }: Plan, { kind, name }: PlannedObject): string[] {
  if (kind === "group") return (groups.find((group) => group.name === name)?.members ?? []).map((one) => `user ${one}`);
  return [
    ...users.filter(({ roles }) => roles.includes(name)).map(({ username }) => `user ${username}`),
    ...groups.filter(({ roles }) => roles.includes(name)).map((group) => `group ${group.name}`),
  ];
}

function accountsAreOurs({ people, stack }: Meeting): Diagnostic[] {
  return people.flatMap(({ user, account }): Diagnostic[] => {
    if (!account || account.stack === stack) return [];
    if (user.directory !== undefined) return account.directoryId === undefined ? [inTheWay(user, account)] : [];
    if (account.stack !== undefined || !user.adopt) {
      const way =
        account.stack === undefined
          ? "If it is this person's, write adopt: true; otherwise choose another username."
          : `It belongs to stack "${account.stack}"; remove it there first.`;
      return [
        {
          ...user.at,
          code: "foreign-object",
          message: `account "${account.username}" exists and is not this stack's. ${way}`,
        },
      ];
    }
    const differences = [
      ...(account.email === user.email ? [] : [`its address is ${account.email}, here ${user.email}`]),
      ...(account.enabled === user.enabled
        ? []
        : [`it is ${account.enabled ? "enabled" : "disabled"}, here it is not`]),
    ];
    return differences.map((difference) => ({
      ...user.at,
      code: "adoption-differs" as const,
      message: `adopting account "${account.username}" would change it: ${difference}. Make them equal first.`,
    }));
  });
}

function inTheWay(user: PlannedUser, { username }: Account): Diagnostic {
  return {
    ...user.at,
    code: "foreign-object",
    message: `account "${username}" lives in Keycloak itself, so the one in directory "${user.directory ?? ""}" cannot log in. Remove it, or the key directory.`,
  };
}

/** Kubernetes and Istio know people by address: for a moment two people would have the rights of one. */
function addressesAreFree({ people, plan }: Meeting): Diagnostic[] {
  const planned = new Set(plan.users.map(({ username }) => username));
  return people.flatMap(({ user, account, namesake }) => {
    if (!namesake) return [];
    const way =
      account || planned.has(namesake.username)
        ? "Free the address in an update of its own, then take it."
        : `If "${namesake.username}" is the same person, write was: ${namesake.username}; otherwise remove that account in an update of its own first.`;
    return [
      {
        ...user.at,
        code: "foreign-object" as const,
        message: `address "${user.email}" of user "${user.username}" belongs to account "${namesake.username}". ${way}`,
      },
    ];
  });
}

/** Somebody deleted and created again starts with nothing, and so does a namesake. */
function newUsersHaveNothing({ people, live, stack }: Meeting): Diagnostic[] {
  const bindings = [...live.objects.values()].filter(({ people: whose = [], stack: maker }) => {
    return whose.length > 0 && maker !== stack;
  });
  return people.flatMap(({ user, account }) => {
    if (account || user.adopt) return [];
    const left = bindings.filter(({ people: whose = [] }) => whose.includes(user.email));
    return left.map(({ kind, name }) => ({
      ...user.at,
      code: "leftover-access" as const,
      message: `user "${user.username}" is new, but ${kind} "${name}", which is not this stack's, already gives ${user.email} access. Remove it, or write adopt: true to accept it.`,
    }));
  });
}

function personalRecord({ live }: Meeting, { name }: PlannedWorkspace): LiveObject | undefined {
  return live.objects.get(objectKey("S3 policy", bucketRecordName(name)));
}

/** A username may pass to another person; the data under it may not. */
function bucketsReturnToTheirPerson(meeting: Meeting): Diagnostic[] {
  return meeting.people.flatMap(({ user, account }) => {
    const workspace = user.personalWorkspace;
    const before = workspace && personalRecord(meeting, workspace)?.personalOf;
    if (!workspace || before === undefined || before === user.email || account || user.adopt) return [];
    return [
      {
        ...workspace.at,
        code: "bucket-of-another" as const,
        message: `the archived buckets of personal workspace "${workspace.name}" belonged to ${before}. If ${user.email} is the same person, write adopt: true; otherwise give the workspace another name.`,
      },
    ];
  });
}

function ownersAreKept(meeting: Meeting): Diagnostic[] {
  if (meeting.plan.platform.provisioning === "operator") return [];
  return allWorkspaces(meeting.plan).flatMap(({ name, owner, previousOwner, at }) => {
    const found = meeting.live.objects.get(objectKey("Profile", name));
    if (found?.owner === undefined || found.owner === owner || found.owner === previousOwner) return [];
    return [
      {
        ...at,
        code: "owner-change" as const,
        message: `Profile "${name}" is owned by ${found.owner}, not ${owner}. Its owner has kubeflow-admin in it. To take that away and make ${owner} the owner, write previousOwner: ${found.owner} here or in platform.yaml.`,
      },
    ];
  });
}

function ownerCannotLogIn({ plan, live, stack }: Meeting): Diagnostic[] {
  const { owner } = plan.platform;
  const [first] = allWorkspaces(plan);
  return accountsWith(live, owner)
    .filter(({ enabled, stack: maker }) => enabled && maker !== stack)
    .flatMap((account) =>
      first
        ? [
            {
              ...first.at,
              code: "owner-is-user" as const,
              message: `${owner} owns every Profile, and account "${account.username}" can log in with it. Disable that account, or choose another owner in platform.yaml.`,
            },
          ]
        : [],
    );
}

function accountsWith({ accounts }: Inventory, address: string): Account[] {
  return accounts.filter(({ username, email }) => email === address || username === address);
}

/** A file that was renamed is a workspace deleted and another created; nothing else tells it from a mistake. */
function workspacesAreNotRenamed({ plan, live, stack }: Meeting): Diagnostic[] {
  if (plan.platform.provisioning === "operator") return [];
  const known = new Set([...allWorkspaces(plan).map(({ name }) => name), ...plan.archived.workspaces]);
  const membersOf = (name: string) =>
    [...live.objects.values()]
      .filter((object) => object.kind === "RoleBinding" && object.stack === stack && object.name.startsWith(`${name}/`))
      .flatMap(({ people = [], access }) => (people.length > 0 ? [access ?? ""] : []))
      .toSorted()
      .join("; ");
  const leaving = [...live.objects.values()].filter(
    ({ kind, name, stack: maker }) => kind === "namespace" && maker === stack && !known.has(name),
  );
  const arriving = allWorkspaces(plan).filter(({ name }) => !live.objects.has(objectKey("namespace", name)));
  return arriving.flatMap(({ name, at, contributors }) => {
    const members = contributors
      .map(({ email, level }) => `kubeflow-${level} to User ${email}`)
      .toSorted()
      .join("; ");
    const twin = members === "" ? undefined : leaving.find((namespace) => membersOf(namespace.name) === members);
    if (!twin) return [];
    return [
      {
        ...at,
        code: "rename-refused" as const,
        message: `workspace "${name}" comes with exactly the members of "${twin.name}", which goes with everything in its namespace. A workspace cannot be renamed: keep "${twin.name}" with state: archived. If both are meant, make two updates of it.`,
      },
    ];
  });
}

function importsOf(meeting: Meeting): Map<string, string> {
  return new Map(
    meeting.planned.flatMap((object) => {
      const found = meeting.live.objects.get(keyOf(object));
      if (!found || object.kind === "S3 user") return [];
      const maker = makerOf(meeting, object)?.stack;
      // A role or a group of ours is in the state under another form of its id: an import would replace it.
      const mayImport = maker === undefined || (recoverable.includes(object.kind) && isRecorded(meeting, object));
      return mayImport ? [[keyOf(object), found.id] as const] : [];
    }),
  );
}

/** What a lost state had of Keycloak. Accounts are known by the username that they are to have. */
function oursOf({ plan, live, stack, planned, people }: Meeting): Map<string, string> {
  const { realm, owner, platformGroups } = plan.platform;
  const { user, admin, create } = platformGroups;
  const accounts = [
    ...people.flatMap(({ user, account }) => (user.directory === undefined && account ? [{ account, user }] : [])),
    ...live.accounts.filter(({ username }) => username === owner).map((account) => ({ account, user: account })),
  ];
  return new Map([
    ...planned.flatMap((object) => {
      const found = live.objects.get(keyOf(object));
      const isOurs = found?.stack === stack && (object.kind === "realm role" || object.kind === "group");
      return isOurs ? [[keyOf(object), found.id] as const] : [];
    }),
    ...(create ? [user, admin] : []).flatMap((name) => {
      const found = live.objects.get(objectKey("group", name));
      return found?.stack === stack ? [[objectKey("group", name), found.id] as const] : [];
    }),
    ...accounts.flatMap(({ account, user }) =>
      account.stack === stack ? [[objectKey("account", user.username), `${realm}/${account.id}`] as const] : [],
    ),
  ]);
}

/** A bucket is only taken into the state where the record, and not just a role, says that it is ours. */
function isRecorded({ live }: Meeting, { kind, entity }: PlannedObject): boolean {
  return kind !== "bucket" || live.objects.has(objectKey("S3 policy", bucketRecordName(entity.workspace ?? "")));
}

/** Where an account that a directory keeps is. */
function lookupsOf({ people, live }: Meeting): Takeover["lookups"] {
  const lookups = new Map<string, { readonly id: string } | "later" | "absent">();
  for (const { user, account } of people) {
    if (user.directory === undefined) continue;
    const isThere = live.objects.has(objectKey("directory", user.directory));
    lookups.set(user.username, account ? { id: account.id } : isThere ? "absent" : "later");
  }
  return lookups;
}

function unfoundPeople(meeting: Meeting): string[] {
  return [...lookupsOf(meeting)].flatMap(([username, lookup]) =>
    lookup === "absent"
      ? [`user "${username}" is not found in the directory that the file names, and gets no groups and roles`]
      : [],
  );
}

/** What a directory says cannot be an error here: somebody else writes it, and others' access must not wait for it. */
function unusableMembers({ plan, live }: Meeting): string[] {
  const used = new Set(plan.access.map(({ user }) => user));
  const written = new Set(plan.users.map(({ username }) => username));
  return live.seen.flatMap(({ username, email, group }) => {
    const gets = plan.groups.some(({ name, roles }) => name === group && roles.length > 0);
    if (!gets || used.has(username) || written.has(username)) return [];
    return [
      `${username} <${email}> is in group "${group}" through a directory or an identity provider, but cannot be told apart from others by that name or address, and gets nothing beyond the token`,
    ];
  });
}

/** Whoever comes from outside with an address that nobody verified would get what belongs to the address. */
function realmKeepsUnverifiedOut({ plan, live: { realm } }: Meeting): Diagnostic[] {
  if (!realm || realm.verifyEmail || plan.realmSettings?.verifyEmail === true) return [];
  return [...plan.directories, ...plan.identityProviders]
    .filter(({ trustEmail }) => !trustEmail)
    .map(({ name, at }) => ({
      ...at,
      code: "realm-setting" as const,
      message: `realm "${plan.platform.realm}" lets people in whose e-mail address nobody verified, so anybody in "${name}" could come under another's. Write verifyEmail: true in platform.yaml (realmSettings), or trustEmail: true here if it verifies addresses.`,
    }));
}

function realmIsOurs({ plan, live: { realm }, stack }: Meeting): Diagnostic[] {
  const maker = realm && stackInAttributes(asLists(realm.attributes));
  if (plan.platform.realmManagement === "none" || maker === undefined || maker === stack) return [];
  return [
    {
      ...plan.platformAt.realmManagement,
      code: "foreign-object",
      message: `realm "${plan.platform.realm}" belongs to stack "${maker}". Write realmManagement: none here, or name another realm.`,
    },
  ];
}

function asLists(attributes: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, [value]]));
}

/** What could be safer in a realm whose settings are not all ours. */
function weaknessesOf({ plan, live: { realm } }: Meeting): string[] {
  if (!realm || plan.platform.realmManagement === "all") return [];
  return realm.weaknesses.map((weakness) => `realm "${plan.platform.realm}": ${weakness}`);
}

/** Whoever has a password here gets in when the provider lets them in no more. */
function waysRoundProviders({ plan, live }: Meeting): string[] {
  const [provider] = plan.identityProviders;
  return provider && resetsPasswords(plan, live)
    ? [
        `realm "${plan.platform.realm}": people of "${provider.name}" can give themselves a password by "Forgot password", which works on when the provider lets them in no more. Write resetPasswordAllowed: false in platform.yaml (realmSettings)`,
      ]
    : [];
}

function openRegistration({ registrationFlow }: Inventory): string[] {
  return registrationFlow
    ? [
        "Kubeflow's dashboard lets everybody who logs in make a Profile of their own (REGISTRATION_FLOW of its Deployment in namespace kubeflow). Set it to false: whoever is no member of a workspace is to have no access.",
      ]
    : [];
}

function returningBuckets(meeting: Meeting): string[] {
  if (meeting.plan.platform.provisioning === "operator") return [];
  return allWorkspaces(meeting.plan).flatMap((workspace) => {
    const isNew = !meeting.live.objects.has(objectKey("realm role", workspaceRoles(workspace.name).identity));
    if (!isNew || !personalRecord(meeting, workspace)) return [];
    const buckets = Object.values(workspaceBuckets(workspace.name)).filter((bucket) =>
      meeting.live.objects.has(objectKey("bucket", bucket)),
    );
    return buckets.length === 0
      ? []
      : [`workspace "${workspace.name}" takes its archived buckets back: ${buckets.join(", ")}`];
  });
}
