/** The functions of the provider. What they look for and do not find is an error. */
import type GroupRepresentation from "@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js";
import type RealmRepresentation from "@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js";
import type { GetGroupArgs, GetRealmArgs, GetRealmResult, GetRoleArgs, GetUserArgs } from "@pulumi/keycloak";
import type { Invocation } from "../bridged.ts";
import type { Properties } from "../plugin.ts";
import { fromServer } from "./attributes.ts";
import type { Keycloak } from "./client.ts";
import { fromRepresentation as fromGroup } from "./group.ts";
import { findByUsername, fromRepresentation as fromUser } from "./user.ts";

/** The realm's settings that Keycloak and Pulumi write alike; the others are not given. */
const realmSettings = [
  "displayName",
  "displayNameHtml",
  "duplicateEmailsAllowed",
  "editUsernameAllowed",
  "enabled",
  "loginWithEmailAllowed",
  "passwordPolicy",
  "registrationAllowed",
  "rememberMe",
  "resetPasswordAllowed",
  "sslRequired",
  "verifyEmail",
] as const satisfies (keyof GetRealmResult & keyof RealmRepresentation)[];

/** A realm. */
export const getRealm: Invocation<Keycloak> = async (keycloak, args) => {
  const { realm } = args as unknown as GetRealmArgs;
  const found = await keycloak.send((admin) => admin.realms.findOne({ realm }));
  if (!found) throw new Error(`no realm with name ${realm} found`);
  const settings = realmSettings.map((name) => [name, found[name] ?? null]);
  return { ...(Object.fromEntries(settings) as Properties), id: realm, realm, internalId: found.id ?? "" };
};

/** A group by its path, or the first one of a name. */
export const getGroup: Invocation<Keycloak> = async (keycloak, args) => {
  const { realmId: realm, name, groupPath } = args as unknown as GetGroupArgs;
  const found = await (groupPath ? findByPath(keycloak, realm, groupPath) : findByName(keycloak, realm, name));
  return { realmId: realm, ...(groupPath && { groupPath }), id: found.id ?? "", parentId: "", ...fromGroup(found) };
};

/** A realm role, or a role of a client. */
export const getRole: Invocation<Keycloak> = async (keycloak, args) => {
  const { realmId: realm, clientId, name } = args as unknown as GetRoleArgs;
  const found = await keycloak.send((admin) =>
    clientId
      ? admin.clients.findRole({ realm, id: clientId, roleName: name })
      : admin.roles.findOneByName({ realm, name }),
  );
  if (!found) throw new Error(`no role with name ${name} found in realm ${realm}`);
  const { id = "", description = "", attributes } = found;
  // The official provider never fills compositeRoles in here.
  return {
    realmId: realm,
    name,
    clientId: clientId ?? "",
    id,
    description,
    attributes: fromServer(attributes),
    compositeRoles: [],
  };
};

/** A user. */
export const getUser: Invocation<Keycloak> = async (keycloak, args) => {
  const { realmId, username } = args as unknown as GetUserArgs;
  const found = await findByUsername(keycloak, realmId, username);
  if (!found) throw new Error(`user with username ${username} not found`);
  return { realmId, id: found.id, federatedIdentities: [], ...fromUser(found) };
};

async function findByPath(keycloak: Keycloak, realm: string, path: string): Promise<GroupRepresentation> {
  const found = await keycloak.find((admin) => admin.realms.getGroupByPath({ realm, path: path.replace(/^\//, "") }));
  if (!found) throw new Error(`no group with path ${path} found`);
  return found;
}

async function findByName(keycloak: Keycloak, realm: string, name = ""): Promise<GroupRepresentation> {
  if (name === "") throw new Error("one of `name` or `groupPath` must be specified");
  const found = await keycloak.send((admin) => admin.groups.find({ realm, search: name, briefRepresentation: false }));
  const match = firstNamed(name, found);
  if (!match) throw new Error(`no group with name ${name} found`);
  return match;
}

function firstNamed(name: string, groups: readonly GroupRepresentation[]): GroupRepresentation | undefined {
  for (const group of groups) {
    const match = group.name === name ? group : firstNamed(name, group.subGroups ?? []);
    if (match) return match;
  }
  return undefined;
}
