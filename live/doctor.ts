import type { V1ObjectMeta } from "@kubernetes/client-node";
import {
  type DexApplication,
  endpoints,
  type PlannedApplication,
  type RegisteredApplication,
  scopesOf,
} from "../access/application.ts";
import { connectorFindings, staticClientsIn } from "../access/dexDocument.ts";
import type { ApplicationFacts, DexFacts, Facts, PlatformFacts, Reading } from "../access/doctor/facts.ts";
import { groupsScope } from "../access/names.ts";
import type { Plan } from "../access/resolve.ts";
import { type Cluster, unlessGone } from "./cluster.ts";
import { readDex } from "./dex.ts";
import { type FoundClient, Identity } from "./doctor/identity.ts";
import { readClaimHeaders, readRoutes } from "./doctor/mesh.ts";
import { reading, Unread, Unreachable } from "./doctor/reading.ts";
import { Workloads } from "./doctor/workloads.ts";
import { readGateway } from "./gateway.ts";
import type { Keycloak } from "./keycloak.ts";

export { Unreachable };

/** Where to look, and for whom. */
export interface Examination {
  readonly plan: Plan;
  readonly stack: string;
  readonly applications: readonly PlannedApplication[];
  readonly username: string | undefined;
  readonly keycloak: Keycloak;
  /** Keycloak's address, as administrators reach it. */
  readonly keycloakUrl: string;
  readonly cluster: Cluster;
}

/**
 * Reads everything that troubles with logins may come from. Changes nothing; what may not be read is said in its place.
 *
 * @throws {Unreachable} when Keycloak or the cluster does not answer or lets nobody in
 */
export async function examine(examination: Examination): Promise<Facts> {
  const { plan, stack, applications, username, keycloak, cluster } = examination;
  await letIn("Keycloak", () => keycloak.client());
  await letIn("Kubernetes", () => cluster.core.readNamespace({ name: plan.platform.gateway.namespace }));
  const identity = new Identity(keycloak, plan.platform.realm);
  const dex = await readDexFacts(examination);
  const dexClient = await readDexClient(examination, identity, dex);
  const platform: PlatformFacts = {
    realm: await identity.realm([
      endpoints(plan.platform, { auth: "keycloak" }).discovery,
      `${examination.keycloakUrl}/realms/${plan.platform.realm}/.well-known/openid-configuration`,
    ]),
    gateway: await reading("Kubernetes", () => readGateway(cluster, plan.platform.gateway.namespace)),
    routes: await readRoutes(cluster),
    claimHeaders: await readClaimHeaders(cluster, plan.platform.gateway.namespace),
    dex: mapped(dex, (found) => found?.facts),
    dexClient: mapped(dexClient, (client) => client?.facts),
  };
  const looked = await Promise.all(
    applications.map(async (application) => ({
      name: application.name,
      ...(await readApplication(examination, identity, dex, application)),
      auth: application.auth,
    })),
  );
  return {
    stack,
    platform,
    applications: Object.fromEntries(looked.map(({ name, facts }) => [name, facts])),
    user:
      username === undefined
        ? undefined
        : await identity.user(
            username,
            Object.fromEntries(
              looked.map(({ name, auth, client, scopes }) => [
                name,
                heardBy(auth === "keycloak" ? client : dexClient, scopes),
              ]),
            ),
            looked.flatMap(({ name, auth }) => (auth === "keycloak" ? [name] : [])),
          ),
  };
}

/** Whether a plane answers and knows us; whether we may read just this does not matter. */
async function letIn(plane: "Keycloak" | "Kubernetes", ask: () => Promise<unknown>): Promise<void> {
  const answer = await reading(plane, ask);
  if ("unread" in answer && plane === "Keycloak") throw new Unreachable(plane, new Error(answer.unread));
}

function mapped<T, R>(found: Reading<T>, change: (value: T) => R): Reading<R> {
  return "unread" in found ? found : { value: change(found.value) };
}

function heardBy(
  client: Reading<FoundClient | undefined>,
  scopes: readonly string[],
): Reading<{ readonly id: string; readonly scopes: readonly string[] }> {
  if ("unread" in client) return client;
  return client.value ? { value: { id: client.value.id, scopes } } : { unread: "Keycloak does not have the client" };
}

/** Dex's document is kept here: it may hold secrets. */
interface FoundDex {
  readonly text: string;
  readonly facts: DexFacts;
}

const notAsked = { unread: "no application that is looked at needs it" };

async function readDexFacts({ applications, cluster, plan }: Examination): Promise<Reading<FoundDex | undefined>> {
  if (applications.every(({ auth }) => auth === "keycloak")) return notAsked;
  return reading("Kubernetes", async () => {
    const { text, deployment } = await readDex(cluster, plan.platform.dex);
    if (text === undefined) return undefined;
    return { text, facts: { issuer: topmost(text, "issuer"), connectors: connectorFindings(text), deployment } };
  });
}

/** A plain text at the document's top. What a template writes is not known here. */
function topmost(text: string, key: string): string | undefined {
  const [, found] = new RegExp(`^${key}:[ \\t]*["']?([^"'\\s#{}<>]+)["']?[ \\t]*(?:#.*)?$`, "m").exec(text) ?? [];
  return found;
}

/** What Dex asks Keycloak for, whatever it is asked for itself. */
const askedByDex = ["openid", "profile", "email", groupsScope];

/** The client with which Dex logs people in: what the desired state says, or else what Dex's document does. */
async function readDexClient(
  { plan }: Examination,
  identity: Identity,
  dex: Reading<FoundDex | undefined>,
): Promise<Reading<FoundClient | undefined>> {
  if (dex === notAsked) return notAsked;
  const text = "value" in dex ? (dex.value?.text ?? "") : "";
  const [named, ...others] = [...text.matchAll(/^\s+clientID:[ \t]*["']?([\w.-]+)["']?[ \t]*$/gm)].map(([, id]) => id);
  const clientId = plan.platform.clients.dex?.clientId ?? (others.length === 0 ? named : undefined);
  if (clientId === undefined) {
    return { unread: "neither clients.dex in platform.yaml nor Dex's configuration says which one it is" };
  }
  return identity.client(clientId, askedByDex);
}

interface Looked {
  readonly facts: ApplicationFacts;
  readonly client: Reading<FoundClient | undefined>;
  /** What it asks for. */
  readonly scopes: readonly string[];
}

async function readApplication(
  examination: Examination,
  identity: Identity,
  dex: Reading<FoundDex | undefined>,
  application: PlannedApplication,
): Promise<Looked> {
  const { plan, cluster } = examination;
  const { namespace } = application;
  const registered = application.auth === "headers" ? undefined : application;
  const client: Reading<FoundClient | undefined> =
    application.auth === "keycloak" ? await identity.client(application.clientId, scopesOf(application)) : notAsked;
  const workloads = namespace === undefined ? undefined : new Workloads(cluster, namespace);
  const isAlone = plan.applications.filter((one) => one.namespace === namespace).length === 1;
  const own = workloads ? await workloads.of(application, isAlone) : { value: [] };
  const objects = registered && (await readObjects(cluster, registered));
  const facts: ApplicationFacts = {
    namespace:
      namespace === undefined
        ? notAsked
        : await reading(
            "Kubernetes",
            async () => (await unlessGone(cluster.core.readNamespace({ name: namespace }))) !== undefined,
          ),
    client: mapped(client, (found) => found?.facts),
    dexClient: application.auth === "dex" ? dexClientOf(application, dex, plan) : notAsked,
    secret:
      registered && objects ? await compareSecret(examination, registered, objects.secret, client, dex) : notAsked,
    environment: objects ? mapped(objects.environment, (found) => found?.data) : notAsked,
    settings: workloads ? await workloads.settings(own) : { value: [] },
    stale:
      workloads && registered && objects
        ? await workloads.stale(own, objectsToCompare(registered, objects))
        : { value: [] },
    allowedGroups:
      application.auth === "keycloak" && application.allow
        ? await identity.rolesOfGroups(application.allow.groups)
        : notAsked,
    events: application.auth === "keycloak" ? await identity.events(application.clientId) : notAsked,
  };
  return { facts, client, scopes: application.auth === "keycloak" ? scopesOf(application) : askedByDex };
}

interface FoundObject {
  readonly metadata: V1ObjectMeta | undefined;
  /** As text; of a Secret it stays in this module. */
  readonly data: Readonly<Record<string, string>>;
}

interface Objects {
  readonly secret: Reading<FoundObject | undefined>;
  readonly environment: Reading<FoundObject | undefined>;
}

async function readObjects(
  { core }: Cluster,
  { namespace, secret, environment }: RegisteredApplication,
): Promise<Objects> {
  return {
    secret: await readSecret(core, namespace, secret.name),
    environment:
      environment === undefined
        ? notAsked
        : await reading("Kubernetes", async () => {
            const found = await unlessGone(core.readNamespacedConfigMap({ namespace, name: environment }));
            return found && { metadata: found.metadata, data: found.data ?? {} };
          }),
  };
}

async function readSecret(
  core: Cluster["core"],
  namespace: string,
  name: string,
): Promise<Reading<FoundObject | undefined>> {
  return reading("Kubernetes", async () => {
    const found = await unlessGone(core.readNamespacedSecret({ namespace, name }));
    if (!found) return undefined;
    const data = Object.entries(found.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, "base64").toString("utf8"),
    ]);
    return { metadata: found.metadata, data: Object.fromEntries(data) as Record<string, string> };
  });
}

function objectsToCompare(
  { secret, environment }: RegisteredApplication,
  objects: Objects,
): { label: string; metadata: V1ObjectMeta | undefined }[] {
  return [
    { label: `Secret ${secret.name}`, found: objects.secret },
    { label: `ConfigMap ${environment ?? ""}`, found: objects.environment },
  ].flatMap(({ label, found }) => ("value" in found && found.value ? [{ label, metadata: found.value.metadata }] : []));
}

/** Whether an application has what Keycloak or Dex has. The secrets themselves go no further than this. */
async function compareSecret(
  { cluster, plan }: Examination,
  application: RegisteredApplication,
  secret: Objects["secret"],
  client: Reading<FoundClient | undefined>,
  dex: Reading<FoundDex | undefined>,
): Promise<ApplicationFacts["secret"]> {
  if ("unread" in secret) return secret;
  if (!secret.value) return { value: undefined };
  const { idKey, secretKey } = application.secret;
  const { [idKey]: id, [secretKey]: value } = secret.value.data;
  const real =
    application.auth === "keycloak" ? await keycloaksSecret(client) : await dexsSecret(cluster, plan, application, dex);
  return {
    value: { idIsRight: id === application.clientId, secretIsRight: mapped(real, (other) => other === value) },
  };
}

async function keycloaksSecret(client: Reading<FoundClient | undefined>): Promise<Reading<string>> {
  return reading("Keycloak", () => {
    if ("unread" in client) throw new Unread(client.unread);
    if (!client.value) throw new Unread("Keycloak does not have the client");
    const { secret } = client.value;
    if (secret === undefined) throw new Unread("Keycloak does not show the client's secret to this account");
    return Promise.resolve(secret);
  });
}

async function dexsSecret(
  { core }: Cluster,
  { platform }: Plan,
  application: DexApplication,
  dex: Reading<FoundDex | undefined>,
): Promise<Reading<string | undefined>> {
  const { namespace, environmentSecret } = platform.dex;
  const client = staticClientOf(application, dex);
  if ("unread" in client) return client;
  const variable = client.value ? client.value.secretEnv : application.variables.secret;
  if (variable === undefined) return { unread: "Dex's configuration has the secret in itself" };
  return mapped(await readSecret(core, namespace, environmentSecret), (found) => found?.data[variable]);
}

function staticClientOf(
  { clientId, variables }: DexApplication,
  dex: Reading<FoundDex | undefined>,
): Reading<ReturnType<typeof staticClientsIn>[number] | undefined> {
  return mapped(dex, (found) =>
    staticClientsIn(found?.text ?? "").find(({ id, idEnv }) => id === clientId || idEnv === variables.id),
  );
}

function dexClientOf(
  application: DexApplication,
  dex: Reading<FoundDex | undefined>,
  { platform: { domain } }: Plan,
): ApplicationFacts["dexClient"] {
  return mapped(
    staticClientOf(application, dex),
    (client) =>
      client && {
        // prokube's document is a template (seed 004).
        redirectUris: client.redirectURIs.map((uri) => uri.replaceAll(/\{\{-?\s*\.Env\.DOMAIN\s*-?\}\}/g, domain)),
      },
  );
}
