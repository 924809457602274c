import { at, count, expectValue, list, shown, text } from "../reading.ts";
import { type Outcome, type Resource, resourceRule, stackRule } from "../rule.ts";
import { isForeignRole, isPlainRoleName, isWorkspaceName, roleTree } from "../seeds.ts";
import { component, genericRoleMapper, groupRoles, role, userGroups, userRoles } from "../types.ts";

/** A role name is a policy in MinIO, a group in Kubernetes and a word in a comma list of a header. */
export const realmRoles = resourceRule(
  {
    name: "realm-roles",
    description:
      "Realm roles are called as seed 001 says, or mean nothing to Keycloak, Kubernetes and MinIO themselves.",
    severity: "critical",
    remedy: "Choose another name; roles of workspaces follow from the files of workspaces and users.",
    types: [role],
  },
  (resource) => [
    ...(resource.parent?.type === component.workspace ? workspaceRole(resource) : freeRole(resource)),
    ...expectValue(resource.props, ["clientId"], [undefined]),
    // Keycloak's provider would take over whatever role has the name.
    ...expectValue(resource.props, ["import"], [undefined, false]),
  ],
);

function workspaceRole({ props, parent }: Resource): string[] {
  const workspace = parent?.name ?? "";
  const tree = roleTree(workspace);
  const name = text(props, "name") ?? "";
  const parts = Object.hasOwn(tree, name) ? (tree[name] ?? []) : undefined;
  if (!isWorkspaceName(workspace)) return [`${shown(workspace)} is no name for a workspace`];
  if (!parts) return [`name is ${shown(at(props, "name"))}; allowed is ${Object.keys(tree).join(", ")}`];
  return partsFindings(props, parts.length);
}

function freeRole({ props }: Resource): string[] {
  const name = text(props, "name");
  if (name === undefined) return [`name is ${shown(at(props, "name"))}; it must be written out`];
  const own = /^prokube-access:(?:otp|application:[a-z0-9-]+)$/;
  return [
    ...(isPlainRoleName(name)
      ? []
      : [`name ${shown(name)} is not plain: lower-case letters, digits and inner . _ : - are allowed`]),
    ...(isForeignRole(name) ? [`name ${shown(name)} means something to Keycloak, MinIO or Kubernetes`] : []),
    ...(name.startsWith("pk:") ? [`name ${shown(name)} is for a role of a workspace`] : []),
    ...(name.startsWith("prokube-access:") && !own.test(name)
      ? [`name ${shown(name)} is for roles of this program`]
      : []),
    ...partsFindings(props, 0),
  ];
}

function partsFindings(props: unknown, count: number): string[] {
  const found = at(props, "compositeRoles");
  const parts = list(props, "compositeRoles") ?? [];
  if (found !== undefined && !Array.isArray(found)) return ["its parts are known only after the update"];
  return parts.length === count ? [] : [`it has ${parts.length} parts; allowed are ${count}`];
}

/** Which roles are parts of which; what a role is made from is known before the roles have identifiers. */
export const composites = stackRule(
  {
    name: "composites",
    description:
      "Every workspace has the five realm roles of seed 001, each with exactly its parts, and no other role has any.",
    severity: "critical",
    remedy: "The tree is in components/workspace.ts; nothing else may make a role a part of another.",
  },
  (resources) => {
    const roles = resources.filter(({ type }) => type === role);
    return [
      ...resources.filter(({ type }) => type === component.workspace).flatMap((one) => missingRoles(one, roles)),
      ...roles.flatMap((one) => partsOf(one)),
    ];
  },
);

function missingRoles(workspace: Outcome, roles: readonly Outcome[]) {
  const own = roles.filter(({ parent }) => parent?.urn === workspace.urn).map(({ props }) => text(props, "name"));
  return Object.keys(roleTree(workspace.name)).flatMap((name) => {
    const count = own.filter((one) => one === name).length;
    return count === 1
      ? []
      : [{ of: workspace, what: `it has the realm role ${name} ${count} times; allowed is once` }];
  });
}

function partsOf(one: Outcome) {
  const wanted = roleTree(one.parent?.name ?? "")[text(one.props, "name") ?? ""] ?? [];
  const parts = one.madeFrom["compositeRoles"] ?? [];
  const names = parts.map(({ type, props }) => (type === role ? text(props, "name") : undefined) ?? `a ${type}`);
  const found = count(one.props, "compositeRoles");
  return [
    ...(names.toSorted().join() === [...wanted].toSorted().join()
      ? []
      : [{ of: one, what: `its parts are ${names.join(", ") || "none"}; allowed are ${wanted.join(", ") || "none"}` }]),
    ...(found === undefined || found === wanted.length
      ? []
      : [
          {
            of: one,
            what: `it has ${found} parts, of which ${parts.length} are this stack's; allowed are ${wanted.length}`,
          },
        ]),
  ];
}

/** The exhaustive form takes away what others gave, the realm's default roles first of all. */
export const nothingIsStripped = resourceRule(
  {
    name: "nothing-is-stripped",
    description: "Roles and memberships are added to what somebody has, and never replace it.",
    severity: "high",
    remedy: "Write exhaustive: false.",
    types: [userRoles, userGroups, groupRoles],
  },
  ({ props }) => expectValue(props, ["exhaustive"], [false]),
);

/** Which roles a client may put into tokens. */
export const roleScopes = resourceRule(
  {
    name: "role-scopes",
    description: "A role mapper says which of a realm's roles a client hears of, and gives nobody anything.",
    severity: "high",
    remedy: "Give roles to users and groups through their files.",
    types: [genericRoleMapper],
  },
  ({ props }) => [
    ...expectValue(props, ["clientScopeId"], [undefined]),
    ...(at(props, "clientId") === undefined ? ["it names no client"] : []),
  ],
);
