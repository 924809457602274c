import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";

/** Usernames of those who may administer Keycloak itself; undefined where this account may not look there. */
export async function masterAdministrators(client: KeycloakAdminClient): Promise<string[] | undefined> {
  const realm = "master";
  try {
    const users = await client.roles.findUsersWithRole({ realm, name: "admin", max: 100 });
    const groups = (await client.groups.find({ realm, briefRepresentation: false })).filter(({ realmRoles = [] }) =>
      realmRoles.includes("admin"),
    );
    const members = await Promise.all(
      groups.map(async ({ id = "" }) => client.groups.listMembers({ realm, id, max: 100 })),
    );
    const all = [...users, ...members.flat()].filter(({ enabled }) => enabled);
    return [...new Set(all.map(({ username = "" }) => username))].toSorted();
  } catch (error) {
    const { response } = error as { response?: { status?: number } };
    if (response?.status !== 403 && response?.status !== 404) throw error;
    return undefined;
  }
}
