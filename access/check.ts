import { type Diagnostic, formatLocation, type Location } from "./diagnostic.ts";
import type { Sourced } from "./document.ts";
import { contributorBindingName, workspaceNameProblem } from "./names.ts";
import type { Group, Platform, User, Workspace } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

/** What could be read, whether or not all of it could. */
export interface Entities {
  readonly platform: Sourced<Platform> | undefined;
  readonly users: ReadonlyMap<string, Sourced<User>>;
  readonly groups: ReadonlyMap<string, Sourced<Group>>;
  readonly workspaces: ReadonlyMap<string, Sourced<Workspace>>;
}

/** Names that have a file, even one that could not be read: no error about the file's error. */
export interface Mentioned {
  readonly users: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

type Check = (entities: Entities, mentioned: Mentioned) => Diagnostic[];

/** Everything that one file alone cannot tell. Every check runs, so that all errors are reported at once. */
export function check(entities: Entities, mentioned: Mentioned): Diagnostic[] {
  return checks.flatMap((one) => one(entities, mentioned));
}

const checks: readonly Check[] = [
  provisioningIsImplemented,
  masterAdminsAreDistinct,
  emailsAreUnique,
  usernamesAreNobodysEmail,
  ownerIsNoUser,
  requiredActionsAreDistinct,
  platformGroupsAreReserved,
  groupMembersExist,
  groupMembersAreDistinct,
  personalWorkspacesHaveGoodNames,
  personalWorkspacesAreNotShared,
  subjectsExist,
  grantsAreListedOnce,
  contributorBindingsDoNotCollide,
];

function provisioningIsImplemented({ platform }: Entities): Diagnostic[] {
  if (platform?.value.provisioning !== "operator") return [];
  return [
    {
      ...platform.at("provisioning"),
      code: "unsupported",
      message: 'provisioning "operator" is not implemented yet. Use "program", or leave the key out.',
    },
  ];
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
  return [...users.values()].flatMap((user) =>
    user.value.email === platform?.value.owner
      ? [
          {
            ...user.at("email"),
            code: "owner-is-user" as const,
            message: `"${user.value.email}" owns every Profile (platform.yaml, owner), so nobody may log in as it. Give the user another address or the platform another owner.`,
          },
        ]
      : [],
  );
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
      mentioned.users.has(name) ? [] : [unknownUser(name, users, group.at("members", index))],
    ),
  );
}

function groupMembersAreDistinct({ groups }: Entities): Diagnostic[] {
  return [...groups.values()].flatMap((group) => repeated(group.value.members, (index) => group.at("members", index)));
}

function personalWorkspacesHaveGoodNames({ users }: Entities): Diagnostic[] {
  return [...users.values()].flatMap((user) => {
    const problem = user.value.workspace ? workspaceNameProblem(user.value.username) : undefined;
    if (!problem) return [];
    return [
      {
        ...user.at("workspace"),
        code: problem.code,
        message: `a personal workspace is named after its user, but ${problem.message} Or set workspace: false.`,
      },
    ];
  });
}

function personalWorkspacesAreNotShared({ users, workspaces }: Entities): Diagnostic[] {
  return [...workspaces.values()].flatMap((workspace) => {
    const owner = users.get(workspace.value.name);
    if (!owner?.value.workspace) return [];
    return [
      {
        ...workspace.at("name"),
        code: "duplicate-name" as const,
        message: `workspace "${workspace.value.name}" is already the personal workspace of the user of that name (${formatLocation(owner.at("workspace"))}). Rename this one or set workspace: false there.`,
      },
    ];
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

function subjectsExist({ workspaces, users, groups }: Entities, mentioned: Mentioned): Diagnostic[] {
  return [...workspaces.values()].flatMap((workspace) =>
    subjectsOf(workspace).flatMap(({ subject: { user, group }, list, index }) => {
      if (user !== undefined && !mentioned.users.has(user)) {
        return [unknownUser(user, users, workspace.at(list, index, "user"))];
      }
      if (group !== undefined && !mentioned.groups.has(group)) {
        return [
          {
            ...workspace.at(list, index, "group"),
            code: "unknown-group" as const,
            message: `group "${group}" is not defined.${didYouMean(group, groups.keys())} Add groups/${group}.yaml or name another group.`,
          },
        ];
      }
      return [];
    }),
  );
}

/** Twice with different roles is meant (an edit that expires over a lasting view); twice the same is a slip. */
function grantsAreListedOnce({ workspaces }: Entities): Diagnostic[] {
  return [...workspaces.values()].flatMap((workspace) =>
    (["members", "storage"] as const).flatMap((list) => {
      const grants = workspace.value[list].map(
        ({ user, group, role }) => `${user === undefined ? `group ${group ?? ""}` : `user ${user}`} as ${role}`,
      );
      return repeated(grants, (index) => workspace.at(list, index));
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

function unknownUser(name: string, users: Entities["users"], at: Location): Diagnostic {
  return {
    ...at,
    code: "unknown-user",
    message: `user "${name}" is not defined.${didYouMean(name, users.keys())} Add users/${name}.yaml or name another user.`,
  };
}

function repeated(names: readonly string[], at: (index: number) => Location): Diagnostic[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [{ ...at(index), code: "duplicate-entry" as const, message: `${name} is listed twice. Remove one.` }],
  );
}
