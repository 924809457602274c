import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import type ComponentRepresentation from "@keycloak/keycloak-admin-client/lib/defs/componentRepresentation.js";
import { type LiveObject, stackInAttributes, stackInMapper, stackInText } from "../access/inventory.ts";
import type { Plan, PlannedGroup, SeenMember } from "../access/resolve.ts";

const federationType = "org.keycloak.storage.UserStorageProvider";

/** Directories, identity providers, login flows, clients and client scopes that are there. */
export async function federationObjects(client: KeycloakAdminClient, realm: string): Promise<LiveObject[]> {
  const { id: realmId = "" } = (await client.realms.findOne({ realm })) ?? {};
  const [federations, providers, flows, clients, scopes] = await Promise.all([
    client.components.find({ parent: realmId, type: federationType }),
    client.identityProviders.find(),
    client.authenticationManagement.getFlows(),
    client.clients.find(),
    client.clientScopes.find(),
  ]);
  const marked = (kind: LiveObject["kind"], name: string, stack: string | undefined): LiveObject => ({
    kind,
    name,
    id: name,
    ...(stack !== undefined && { stack }),
  });
  const stackOf = (attributes: unknown) => stackInAttributes(asLists(attributes));
  return [
    ...(await Promise.all(
      federations.map(async ({ id = "", name = "" }) => marked("directory", name, await makerOf(client, id))),
    )),
    ...providers.map(({ alias = "", config }) => marked("identity provider", alias, stackOf(config))),
    ...flows.map(({ alias = "", description }) => marked("login flow", alias, stackInText(description))),
    ...clients.map(({ id = "", clientId = "", attributes }) => ({
      ...marked("client", clientId, stackOf(attributes)),
      id: `${realm}/${id}`,
    })),
    ...scopes.map(({ name = "", attributes }) => marked("client scope", name, stackOf(attributes))),
  ];
}

async function makerOf(client: KeycloakAdminClient, federation: string): Promise<string | undefined> {
  const mappers = await client.components.find({ parent: federation });
  return mappers.map(({ name = "" }) => stackInMapper(name)).find((stack) => stack !== undefined);
}

/** Attributes with one value each in the form of those with more. */
export function asLists(attributes: unknown): Record<string, string[]> {
  return Object.fromEntries(Object.entries(attributes ?? {}).map(([key, value]) => [key, [String(value)]]));
}

/** Who is in groups through directories and identity providers: enabled, with a verified address. */
export async function seenMembers(client: KeycloakAdminClient, { groups }: Plan): Promise<SeenMember[]> {
  const filled = groups.filter(({ sources }) => sources.length > 0);
  return (await Promise.all(filled.map(async (group) => membersOf(client, group)))).flat();
}

async function membersOf(client: KeycloakAdminClient, { name, sources }: PlannedGroup): Promise<SeenMember[]> {
  const wanted = sources.map((source) => source.name);
  const inner = (await innerGroups(client, name)).filter((group) => wanted.includes(group.name));
  const members = await Promise.all(inner.map(async ({ id }) => client.groups.listMembers({ id, max: 10_000 })));
  return members
    .flat()
    .filter(({ enabled, emailVerified }) => enabled === true && emailVerified === true)
    .map(({ username = "", email = "" }) => ({ group: name, username, email }));
}

/** The groups inside one at the top. */
export async function innerGroups(
  client: KeycloakAdminClient,
  name: string,
): Promise<{ id: string; name: string; attributes: Readonly<Record<string, string[]>> }[]> {
  const found = await client.groups.find({ search: name, exact: true });
  const parent = found.find(({ path }) => path === `/${name}`);
  if (parent?.id === undefined) return [];
  const inner = await client.groups.listSubGroups({ parentId: parent.id, briefRepresentation: false, max: 1000 });
  return inner.map(({ id = "", name: innerName = "", attributes = {} }) => ({
    id,
    name: innerName,
    attributes: attributes as Record<string, string[]>,
  }));
}

/** A directory that this stack made, or undefined. */
export async function ownDirectory(
  client: KeycloakAdminClient,
  realm: string,
  name: string,
  stack: string,
): Promise<(ComponentRepresentation & { id: string }) | undefined> {
  const { id: realmId = "" } = (await client.realms.findOne({ realm })) ?? {};
  const [found] = await client.components.find({ parent: realmId, type: federationType, name });
  if (found?.id === undefined || (await makerOf(client, found.id)) !== stack) return undefined;
  return { ...found, id: found.id };
}
