import type { Keycloak } from "./keycloak.ts";

/**
 * Gives an account another username, so that its password, sessions and memberships stay. Keycloak lets administrators
 * do so only while the realm's "Edit username" is on: it is switched on for the moment where it is off.
 *
 * @param id the account's identifier
 */
export async function renameAccount(keycloak: Keycloak, realm: string, id: string, username: string): Promise<void> {
  const client = await keycloak.client();
  const account = await client.users.findOne({ id });
  if (!account || account.username === username) return;
  const { editUsernameAllowed = false } = (await client.realms.findOne({ realm })) ?? {};
  if (!editUsernameAllowed) await client.realms.update({ realm }, { editUsernameAllowed: true });
  try {
    await client.users.update({ id }, { ...account, username });
  } finally {
    if (!editUsernameAllowed) await client.realms.update({ realm }, { editUsernameAllowed: false });
  }
}
