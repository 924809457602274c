import type GroupRepresentation from "@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js";
import type RoleRepresentation from "@keycloak/keycloak-admin-client/lib/defs/roleRepresentation.js";
import type UserRepresentation from "@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js";
import type { RealmGroup, RealmRole, RealmSnapshot, RealmUser } from "../../access/snapshot.ts";
import { type Keycloak, pages } from "../keycloak.ts";
import { fewAtATime } from "./fewAtATime.ts";

/** Raw grants only: Keycloak itself asks every realm role when it is to say what somebody ends up with. */
export async function readRealm(keycloak: Keycloak): Promise<RealmSnapshot> {
  // Asking for members makes Keycloak take people over from directories, so accounts come after groups.
  const groups = await readGroups(keycloak);
  const [users, roles] = await Promise.all([readUsers(keycloak), readRoles(keycloak)]);
  return { users, groups, roles };
}

async function readUsers(keycloak: Keycloak): Promise<RealmUser[]> {
  const found = await pages<UserRepresentation>(async (first, max) =>
    (await keycloak.client()).users.find({ briefRepresentation: false, first, max }),
  );
  return found.map((user) => ({
    id: user.id ?? "",
    username: user.username ?? "",
    email: user.email ?? "",
    firstName: user.firstName ?? "",
    lastName: user.lastName ?? "",
    enabled: user.enabled ?? false,
    emailVerified: user.emailVerified ?? false,
    requiredActions: user.requiredActions ?? [],
    attributes: (user.attributes ?? {}) as Record<string, string[]>,
    ...(user.federationLink !== undefined && { directoryId: user.federationLink }),
  }));
}

async function readGroups(keycloak: Keycloak): Promise<RealmGroup[]> {
  const top = await pages<GroupRepresentation>(async (first, max) =>
    (await keycloak.client()).groups.find({ briefRepresentation: false, first, max }),
  );
  const all = [...top];
  for (let level = top; level.length > 0;) {
    level = (await fewAtATime(level.filter(hasInner), async (group) => innerGroups(keycloak, group))).flat();
    all.push(...level);
  }
  return fewAtATime(all, async ({ id = "", name = "", path = "", attributes, realmRoles = [] }) => {
    const members = await pages<UserRepresentation>(async (first, max) =>
      (await keycloak.client()).groups.listMembers({ id, briefRepresentation: true, first, max }),
    );
    return {
      id,
      name,
      path,
      attributes: (attributes ?? {}) as Record<string, string[]>,
      roles: realmRoles,
      members: members.map(({ username = "" }) => username),
    };
  });
}

/** Keycloak before 23 hands the groups inside over with the group; later ones say how many there are. */
function hasInner({ subGroupCount, subGroups = [] }: GroupRepresentation): boolean {
  return subGroups.length > 0 || (subGroupCount ?? 0) > 0;
}

async function innerGroups(keycloak: Keycloak, group: GroupRepresentation): Promise<GroupRepresentation[]> {
  if (group.subGroups && group.subGroups.length > 0) return group.subGroups;
  const parentId = group.id ?? "";
  return pages<GroupRepresentation>(async (first, max) =>
    (await keycloak.client()).groups.listSubGroups({ parentId, briefRepresentation: false, first, max }),
  );
}

async function readRoles(keycloak: Keycloak): Promise<RealmRole[]> {
  const roles = await pages<RoleRepresentation>(async (first, max) =>
    (await keycloak.client()).roles.find({ briefRepresentation: false, first, max }),
  );
  return fewAtATime(roles, async (role) => {
    const { id = "", name = "", description = "", attributes } = role;
    const holders = await pages<UserRepresentation>(async (first, max) =>
      (await keycloak.client()).roles.findUsersWithRole({ name, briefRepresentation: true, first, max }),
    );
    const parts = role.composite ? await (await keycloak.client()).roles.getCompositeRoles({ id }) : [];
    const named = (isClients: boolean) =>
      parts.filter(({ clientRole = false }) => clientRole === isClients).map((part) => part.name ?? "");
    const clientRoles = named(true);
    return {
      id,
      name,
      description,
      attributes: attributes ?? {},
      composites: named(false),
      ...(clientRoles.length > 0 && { clientRoles }),
      users: holders.map(({ username = "" }) => username),
    };
  });
}
