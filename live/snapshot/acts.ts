import type AdminEventRepresentation from "@keycloak/keycloak-admin-client/lib/defs/adminEventRepresentation.js";
import type { AdministratorsAct } from "../../access/snapshot.ts";
import type { Keycloak } from "../keycloak.ts";
import { fewAtATime } from "./fewAtATime.ts";

const most = 1000;

/** The latest of what administrators did in the realm; nothing where it records nothing or does not tell. */
export async function readActs(keycloak: Keycloak, realm: string): Promise<AdministratorsAct[]> {
  const { realms } = await keycloak.client();
  const events = await unlessRefused(realms.findAdminEvents({ realm, max: most }), []);
  const changes = events.filter(({ error, operationType }) => error === undefined && operationType !== "ACTION");
  const ids = [...new Set(changes.flatMap(({ authDetails }) => authDetails?.userId ?? []))];
  const names = new Map(
    await fewAtATime(ids, async (id) => [id, await usernameOf(keycloak, id, ["master", realm])] as const),
  );
  return changes.map((event) => toAct(event, names));
}

function toAct(event: AdminEventRepresentation, names: ReadonlyMap<string, string | undefined>): AdministratorsAct {
  const { time = 0, authDetails, resourcePath = "", representation } = event;
  const { userId = "", ipAddress = "" } = authDetails ?? {};
  return {
    time: new Date(time).toISOString(),
    by: names.get(userId) ?? `account ${userId} (${ipAddress})`,
    path: resourcePath,
    ...(representation !== undefined && { details: representation }),
  };
}

/** Administrators are of Keycloak's own realm or of the platform's. */
async function usernameOf(keycloak: Keycloak, id: string, realms: readonly string[]): Promise<string | undefined> {
  for (const realm of realms) {
    const user = await unlessRefused((await keycloak.client()).users.findOne({ realm, id }), undefined);
    if (user?.username !== undefined) return user.username;
  }
  return undefined;
}

async function unlessRefused<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const { response } = error as { response?: { status?: number } };
    if (response?.status === 403 || response?.status === 404) return otherwise;
    throw error;
  }
}
