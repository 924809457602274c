import type UserRepresentation from "@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js";
import type { UserArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { fromServer, sameValues, toServer } from "./attributes.ts";
import type { Keycloak } from "./client.ts";
import { parseImportId } from "./importId.ts";

type State = Unwrap<UserArgs>;
type InitialPassword = NonNullable<State["initialPassword"]>;
type Stored = UserRepresentation & { id: string };

const initialPassword = {
  temporary: { type: "boolean", default: false },
  value: { type: "string", required: true, secret: true },
} satisfies Record<keyof InitialPassword, Property>;

const schema = {
  attributes: { type: "map", same: sameValues },
  email: { type: "string" },
  emailVerified: { type: "boolean", default: false },
  enabled: { type: "boolean", default: true },
  federatedIdentities: { type: "set", unsupported: true },
  firstName: { type: "string" },
  import: { type: "boolean", default: false, replaces: true },
  initialPassword: { type: "object", fields: initialPassword, createOnly: true },
  lastName: { type: "string" },
  realmId: { type: "string", required: true, replaces: true },
  requiredActions: { type: "set" },
  username: { type: "string", required: true, replaces: true, problem: notLowerCase },
} satisfies Record<keyof UserArgs, Property>;

/** A user. Every update sends the whole user, as the official provider does. */
export const user = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    if (plan.import) return adopt(keycloak, plan);
    const { realmId: realm, initialPassword: password } = plan;
    const { id } = await keycloak.send((admin) => admin.users.create({ ...representation(plan), realm }));
    if (password) {
      const credential = { type: "password", value: password.value, temporary: password.temporary ?? false };
      await keycloak.send((admin) => admin.users.resetPassword({ realm, id, credential }));
    }
    return id;
  },

  async read(keycloak, id, { realmId }) {
    const found = await keycloak.find((admin) => admin.users.findOne({ realm: realmId, id }));
    return found && { realmId, ...fromRepresentation(found) };
  },

  async locate(keycloak, importId) {
    const { realm, id } = parseImportId(importId);
    const found = await keycloak.find((admin) => admin.users.findOne({ realm, id }));
    const named = found ? undefined : await findByUsername(keycloak, realm, id);
    return { id: named?.id ?? id, state: { realmId: realm, import: false } };
  },

  async update(keycloak, id, plan) {
    await put(keycloak, plan.realmId, id, representation(plan));
  },

  trustsUpdates: true,

  async delete(keycloak, id, { realmId, import: adopted }) {
    if (!adopted) await keycloak.send((admin) => admin.users.del({ realm: realmId, id }));
  },
});

/** What Keycloak says of a user, as Pulumi has it. */
export function fromRepresentation(found: UserRepresentation) {
  return {
    username: found.username ?? "",
    email: found.email ?? "",
    emailVerified: found.emailVerified ?? false,
    firstName: found.firstName ?? "",
    lastName: found.lastName ?? "",
    enabled: found.enabled ?? false,
    attributes: fromServer(found.attributes as Record<string, string[]> | undefined),
    requiredActions: found.requiredActions ?? [],
  };
}

/** The user of exactly this name, among the first hundred whose names contain it: the official provider looks no further. */
export async function findByUsername(keycloak: Keycloak, realm: string, username: string): Promise<Stored | undefined> {
  const found = await keycloak.send((admin) => admin.users.find({ realm, username }));
  return found.find((one): one is Stored => one.username === username);
}

function notLowerCase(username: string): string | undefined {
  return username === username.toLowerCase() ? undefined : `expected username ${username} to be all lowercase`;
}

function representation(plan: State): UserRepresentation {
  return {
    username: plan.username,
    email: plan.email ?? "",
    emailVerified: plan.emailVerified ?? false,
    firstName: plan.firstName ?? "",
    lastName: plan.lastName ?? "",
    enabled: plan.enabled ?? true,
    attributes: toServer(plan.attributes),
    // Left out or empty, Keycloak keeps its own list: it cannot be emptied this way.
    ...(plan.requiredActions?.length && { requiredActions: plan.requiredActions }),
  };
}

/** Takes over a user that exists: what is left empty stays as it is. */
async function adopt(keycloak: Keycloak, plan: State): Promise<string> {
  const existing = await findByUsername(keycloak, plan.realmId, plan.username);
  if (!existing) throw new Error(`no user found for username ${plan.username}`);
  const wanted = representation(plan);
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => Boolean(value)));
  const attributes = { ...existing.attributes, ...wanted.attributes };
  await put(keycloak, plan.realmId, existing.id, { ...existing, ...given, attributes });
  return existing.id;
}

/** Sends the user; links to identity providers are not among the inputs and go, as with the official provider. */
async function put(keycloak: Keycloak, realm: string, id: string, wanted: UserRepresentation): Promise<void> {
  await keycloak.send((admin) => admin.users.update({ realm, id }, wanted));
  const links = await keycloak.send((admin) => admin.users.listFederatedIdentities({ realm, id }));
  for (const { identityProvider } of links) {
    if (identityProvider === undefined) continue;
    await keycloak.send((admin) =>
      admin.users.delFromFederatedIdentity({ realm, id, federatedIdentityId: identityProvider }),
    );
  }
}
