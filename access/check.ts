import { type Diagnostic, formatLocation, type Location } from "./diagnostic.ts";
import type { Sourced } from "./document.ts";
import { applicationChecks } from "./checkApplications.ts";
import { identityChecks } from "./checkIdentity.ts";
import { type Check, type Entities, type Mentioned, repeated } from "./entities.ts";
import { contributorBindingName, workspaceNameProblem } from "./names.ts";
import { limitsCompute } from "./quantity.ts";
import { personalWorkspaceOf } from "./resolve.ts";
import type { User, Workspace } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

/** Everything that one file alone cannot tell. Every check runs, so that all errors are reported at once. */
export function check(entities: Entities, mentioned: Mentioned): Diagnostic[] {
  return checks.flatMap((one) => one(entities, mentioned));
}

const checks: readonly Check[] = [
  masterAdminsAreDistinct,
  ownersDiffer,
  emailsAreUnique,
  usernamesAreNobodysEmail,
  ownerIsNoUser,
  renamesAreSound,
  workspacesKeepTheirNames,
  requiredActionsAreDistinct,
  platformGroupsAreReserved,
  groupMembersExist,
  groupMembersAreDistinct,
  personalWorkspacesHaveGoodNames,
  personalWorkspacesAreDistinct,
  limitsCoverQuotas,
  subjectsExist,
  grantsAreListedOnce,
  clusterGrantsAreListedOnce,
  contributorBindingsDoNotCollide,
  ...identityChecks,
  ...applicationChecks,
];

function ownersDiffer({ platform, workspaces }: Entities): Diagnostic[] {
  const owner = platform?.value.owner;
  return [platform, ...workspaces.values()].flatMap((entity) =>
    entity?.value.previousOwner === undefined || entity.value.previousOwner !== owner
      ? []
      : [
          {
            ...entity.at("previousOwner"),
            code: "duplicate-entry" as const,
            message: `previousOwner is the owner itself, "${owner}". Name the address that owns the Profiles now, or remove the key.`,
          },
        ],
  );
}

function masterAdminsAreDistinct({ platform }: Entities): Diagnostic[] {
  return platform ? repeated(platform.value.masterAdmins, (index) => platform.at("masterAdmins", index)) : [];
}

function requiredActionsAreDistinct({ users }: Entities): Diagnostic[] {
  return [...users.values()].flatMap((user) =>
    repeated(user.value.requiredActions, (index) => user.at("requiredActions", index)),
  );
}

function emailsAreUnique({ users }: Entities): Diagnostic[] {
  const first = new Map<string, Sourced<User>>();
  return [...users.values()].flatMap((user) => {
    const { email } = user.value;
    const earlier = first.get(email);
    if (!earlier) {
      first.set(email, user);
      return [];
    }
    return [
      {
        ...user.at("email"),
        code: "duplicate-email" as const,
        message: `e-mail address "${email}" already belongs to user "${earlier.value.username}" (${formatLocation(earlier.at("email"))}). Every user needs an address of their own.`,
      },
    ];
  });
}

/** Keycloak lets people log in with either; a username that is another's address would be a disguise (CVE-2021-3754). */
function usernamesAreNobodysEmail({ users }: Entities): Diagnostic[] {
  const owner = new Map([...users.values()].map((user) => [user.value.email, user.value.username]));
  return [...users.values()].flatMap((user) => {
    const { username } = user.value;
    const other = owner.get(username);
    if (other === undefined || other === username) return [];
    return [
      {
        ...user.at("username"),
        code: "duplicate-name" as const,
        message: `username "${username}" is the e-mail address of user "${other}". Choose another username.`,
      },
    ];
  });
}

function ownerIsNoUser({ platform, users }: Entities): Diagnostic[] {
  return [...users.values()].flatMap((user) => {
    const key = (["email", "username"] as const).find((one) => user.value[one] === platform?.value.owner);
    return key
      ? [
          {
            ...user.at(key),
            code: "owner-is-user" as const,
            message: `"${user.value[key]}" owns every Profile (platform.yaml, owner), so nobody may log in as it. Give the user another ${key === "email" ? "address" : "username"} or the platform another owner.`,
          },
        ]
      : [];
  });
}

/** An account has one history: what it was is nobody else's name, and a personal workspace does not move with it. */
function renamesAreSound({ users }: Entities, mentioned: Mentioned): Diagnostic[] {
  const claimed = new Map<string, string>();
  return [...users.values()].flatMap((user): Diagnostic[] => {
    const { username, was, workspace } = user.value;
    if (was === undefined) return [];
    const other = mentioned.users.has(was) ? was : claimed.get(was);
    claimed.set(was, username);
    if (other !== undefined) {
      return [
        {
          ...user.at("was"),
          code: "duplicate-name",
          message: `was: "${was}" is what user "${other}" is or was called. Remove the key if the rename is done, or name the username that "${username}" had.`,
        },
      ];
    }
    if (workspace === false || (workspace !== true && workspace.name !== undefined)) return [];
    return [
      {
        ...user.at("workspace"),
        code: "rename-refused",
        message: `the personal workspace "${was}" cannot be renamed with its user. Write workspace: { name: ${was} } to keep it, or workspace: false to archive it.`,
      },
    ];
  });
}

/** Namespaces and buckets cannot be renamed; done as delete and create, everything in the namespace would be lost. */
function workspacesKeepTheirNames({ workspaces }: Entities): Diagnostic[] {
  return [...workspaces.values()].flatMap((workspace) => {
    const { name, was } = workspace.value;
    if (was === undefined) return [];
    return [
      {
        ...workspace.at("was"),
        code: "rename-refused" as const,
        message: `a workspace cannot be renamed, because namespaces and buckets cannot. Add "${name}" as a new workspace without was:, move what is needed, then set state: archived in workspaces/${was}.yaml.`,
      },
    ];
  });
}

function platformGroupsAreReserved({ platform, groups }: Entities): Diagnostic[] {
  if (!platform) return [];
  const { user, admin } = platform.value.platformGroups;
  const own = [...groups.values()].flatMap((group) =>
    group.value.name === user || group.value.name === admin
      ? [
          {
            ...group.at("name"),
            code: "reserved-name" as const,
            message: `group name "${group.value.name}" is reserved: it is one of the platform's groups. Users are in "${user}" by themselves and in "${admin}" by admin: true.`,
          },
        ]
      : [],
  );
  if (user !== admin) return own;
  return [
    ...own,
    {
      ...platform.at("platformGroups", "admin"),
      code: "duplicate-name",
      message: `the groups of users and of administrators are both called "${user}", which would make every user an administrator. Name two groups.`,
    },
  ];
}

function groupMembersExist({ groups, users }: Entities, mentioned: Mentioned): Diagnostic[] {
  return [...groups.values()].flatMap((group) =>
    group.value.members.flatMap((name, index) =>
      mentioned.users.has(name)
        ? []
        : [unknownUser(name, users, group.at("members", index), mentioned.groups.has(name) ? groupInGroup : undefined)],
    ),
  );
}

function groupMembersAreDistinct({ groups }: Entities): Diagnostic[] {
  return [...groups.values()].flatMap((group) => repeated(group.value.members, (index) => group.at("members", index)));
}

function personalWorkspacesHaveGoodNames({ users }: Entities): Diagnostic[] {
  return [...users.values()].flatMap((user) => {
    const { username, workspace } = user.value;
    const problem = personalWorkspaceOf(user.value) === username ? workspaceNameProblem(username) : undefined;
    if (!problem) return [];
    return [
      {
        ...user.at("workspace"),
        code: problem.code,
        message: `a personal workspace is named after its user, but ${problem.message} Or write workspace: ${workspace === true ? "{ name: ... }" : "with a name"}, or false.`,
      },
    ];
  });
}

function personalWorkspacesAreDistinct({ users, workspaces }: Entities): Diagnostic[] {
  const taken = new Map([...workspaces].map(([name, workspace]) => [name, workspace.at("name")]));
  return [...users.values()].flatMap((user) => {
    const name = personalWorkspaceOf(user.value);
    if (name === undefined) return [];
    const other = taken.get(name);
    if (!other) {
      taken.set(name, user.at("workspace"));
      return [];
    }
    return [
      {
        ...user.at("workspace"),
        code: "duplicate-name" as const,
        message: `the personal workspace "${name}" of user "${user.value.username}" already stands in ${formatLocation(other)}. Give one of them another name, or set workspace: false.`,
      },
    ];
  });
}

/** Limits of one's own replace the defaults of seed 002, so they must name what the quota makes necessary. */
function limitsCoverQuotas({ platform, users, workspaces }: Entities): Diagnostic[] {
  const defaults = platform?.value.workspaceDefaults ?? {};
  const own = [
    ...[...workspaces.values()].map((entity) => ({ ...entity.value, at: entity.at })),
    ...[...users.values()].flatMap(({ value: { workspace }, at }) =>
      typeof workspace === "object" ? [{ ...workspace, at: (...path: PropertyKey[]) => at("workspace", ...path) }] : [],
    ),
    ...(platform ? [{ ...defaults, at: (...path: PropertyKey[]) => platform.at("workspaceDefaults", ...path) }] : []),
  ];
  return own.flatMap(({ quota = defaults.quota ?? {}, limits, at }) => {
    if (!limits) return [];
    return Object.keys(quota)
      .filter(limitsCompute)
      .flatMap((key) => {
        const [, kind, resource = ""] = /^(requests\.|limits\.)?(\w+)$/.exec(key) ?? [];
        const { [resource as "cpu" | "memory"]: limit } = limits.default ?? {};
        const { [resource as "cpu" | "memory"]: request } = limits.defaultRequest ?? {};
        if (limit !== undefined || (kind !== "limits." && request !== undefined)) return [];
        const missing =
          kind === "limits." ? `default.${resource}` : `defaultRequest.${resource} or default.${resource}`;
        return [
          {
            ...at("limits"),
            code: "limits-missing" as const,
            message: `the quota limits ${key}, so a container that names no ${resource} would be refused; limits must set ${missing}.`,
          },
        ];
      });
  });
}

interface Subject {
  readonly user?: string | undefined;
  readonly group?: string | undefined;
}

function subjectsOf(workspace: Sourced<Workspace>): { subject: Subject; list: "members" | "storage"; index: number }[] {
  const { members, storage } = workspace.value;
  return [
    ...members.map((subject, index) => ({ subject, list: "members" as const, index })),
    ...storage.map((subject, index) => ({ subject, list: "storage" as const, index })),
  ];
}

function subjectsExist({ platform, workspaces, users, groups }: Entities, mentioned: Mentioned): Diagnostic[] {
  const ofCluster = (platform?.value.clusterAccess ?? []).map((subject, index) => ({
    subject,
    at: (key: string) => platform?.at("clusterAccess", index, key),
  }));
  const ofWorkspaces = [...workspaces.values()].flatMap((workspace) =>
    subjectsOf(workspace).map(({ subject, list, index }) => ({
      subject,
      at: (key: string): Location | undefined => workspace.at(list, index, key),
    })),
  );
  return [...ofCluster, ...ofWorkspaces].flatMap(({ subject: { user, group }, at }) => {
    const [userAt, groupAt] = [at("user"), at("group")];
    if (user !== undefined && userAt && !mentioned.users.has(user)) {
      return [unknownUser(user, users, userAt, mentioned.groups.has(user) ? `Write group: ${user}.` : undefined)];
    }
    if (group !== undefined && groupAt && !mentioned.groups.has(group)) {
      return [unknownGroup(group, { platform, groups }, mentioned, groupAt)];
    }
    return [];
  });
}

function clusterGrantsAreListedOnce({ platform }: Entities): Diagnostic[] {
  return platform
    ? repeated(platform.value.clusterAccess.map(described), (index) => platform.at("clusterAccess", index))
    : [];
}

function described({ user, group, role }: Subject & { readonly role: string }): string {
  return `${user === undefined ? `group ${group ?? ""}` : `user ${user}`} as ${role}`;
}

/** Twice with different roles is meant (an edit that expires over a lasting view); twice the same is a slip. */
function grantsAreListedOnce({ workspaces }: Entities): Diagnostic[] {
  return [...workspaces.values()].flatMap((workspace) =>
    (["members", "storage"] as const).flatMap((list) => {
      return repeated(workspace.value[list].map(described), (index) => workspace.at(list, index));
    }),
  );
}

/** KFAM's binding names are not injective: a second member would overwrite the first one's binding. */
function contributorBindingsDoNotCollide({ workspaces, users, groups }: Entities): Diagnostic[] {
  return [...workspaces.values()].flatMap((workspace) => {
    const taken = new Map<string, User>();
    const diagnostics: Diagnostic[] = [];
    for (const { user, location } of peopleOf(workspace, users, groups)) {
      const name = contributorBindingName(user.email, "edit");
      const other = taken.get(name);
      if (other === undefined) taken.set(name, user);
      else if (other.email !== user.email) {
        diagnostics.push({
          ...location,
          code: "binding-collision",
          message: `"${user.email}" and "${other.email}" both become "${name.replace(/-clusterrole-edit$/, "")}" in names of contributor bindings, so they cannot both be members of "${workspace.value.name}". Change one address.`,
        });
      }
    }
    return diagnostics;
  });
}

function peopleOf(
  workspace: Sourced<Workspace>,
  users: Entities["users"],
  groups: Entities["groups"],
): { readonly user: User; readonly location: Location }[] {
  return workspace.value.members.flatMap(({ user, group }, index) => {
    const names = user === undefined ? (groups.get(group ?? "")?.value.members ?? []) : [user];
    return names.flatMap((name) => {
      const person = users.get(name)?.value;
      return person ? [{ user: person, location: workspace.at("members", index) }] : [];
    });
  });
}

const groupInGroup = "Groups have no groups in them: name its members.";

/** @param ifGroup what to do where the name is a group's; undefined where it is not */
function unknownUser(name: string, users: Entities["users"], at: Location, ifGroup: string | undefined): Diagnostic {
  const byAddress = [...users.values()].find(({ value }) => value.email === name.toLowerCase())?.value.username;
  const meant = byAddress === undefined ? didYouMean(name, users.keys()) : ` Did you mean "${byAddress}"?`;
  const advice =
    ifGroup === undefined ? `${meant} Add users/${name}.yaml or name another user.` : ` It is a group. ${ifGroup}`;
  return { ...at, code: "unknown-user", message: `user "${name}" is not defined.${advice}` };
}

function unknownGroup(
  name: string,
  { platform, groups }: Pick<Entities, "platform" | "groups">,
  mentioned: Mentioned,
  at: Location,
): Diagnostic {
  const { user, admin } = platform?.value.platformGroups ?? {};
  const advice = mentioned.users.has(name)
    ? ` It is a user. Write user: ${name}.`
    : name === user || name === admin
      ? " It is one of the platform's own, which get no grants. Name a group in groups/."
      : `${didYouMean(name, groups.keys())} Add groups/${name}.yaml or name another group.`;
  return { ...at, code: "unknown-group", message: `group "${name}" is not defined.${advice}` };
}
