import { type Inventory, objectKey } from "../access/inventory.ts";
import type { Plan } from "../access/resolve.ts";
import { Cluster } from "./cluster.ts";
import { type Connection, trustAuthorities } from "./connection.ts";
import { readDex } from "./dex.ts";
import { readGateway } from "./gateway.ts";
import { Keycloak } from "./keycloak.ts";
import { Store } from "./store.ts";

/** The platform's planes, for what Pulumi's providers cannot do. */
export interface Planes {
  readonly keycloak: Keycloak;
  readonly cluster: Cluster;
  readonly store: Store;
}

export function connect(connection: Connection, realm: string): Planes {
  trustAuthorities([connection.keycloak.authority, connection.minio.authority]);
  return {
    keycloak: new Keycloak(connection.keycloak, realm),
    cluster: new Cluster(connection.kubernetes),
    store: new Store(connection.minio),
  };
}

/**
 * Looks at everything on the platform that the plan could meet. Reads only.
 *
 * @throws {SurveyError} naming the plane that could not be read
 */
export async function survey(plan: Plan, { keycloak, cluster, store }: Planes): Promise<Inventory> {
  const realm = await reading("Keycloak", keycloak.realm());
  if (!realm && plan.platform.realmManagement !== "all") {
    throw new SurveyError(
      `Keycloak has no realm "${plan.platform.realm}". Name the platform's realm in platform.yaml, or write realmManagement: all to have it created. Nothing was changed.`,
    );
  }
  const inRealm = async <T>(answer: () => Promise<T>, otherwise: T): Promise<T> =>
    realm ? reading("Keycloak", answer()) : otherwise;
  const { applications, platform } = plan;
  const [
    accounts,
    administrators,
    yourself,
    clusterId,
    dropsAttributes,
    seen,
    masterRealm,
    registrationFlow,
    gateway,
    dex,
    ...objects
  ] = await Promise.all([
    inRealm(() => keycloak.accounts(plan), []),
    inRealm(() => keycloak.administrators(plan), []),
    inRealm(() => keycloak.yourself(), undefined),
    reading("Kubernetes", cluster.id()),
    inRealm(() => keycloak.dropsAttributes(), false),
    inRealm(() => keycloak.seen(plan), []),
    reading("Keycloak", keycloak.masterRealm(plan)),
    reading("Kubernetes", cluster.registrationFlow()),
    applications.some(({ paths }) => paths.length > 0) || platform.gateway.policies === "check"
      ? reading("Kubernetes", readGateway(cluster, platform.gateway.namespace))
      : undefined,
    applications.some(({ auth }) => auth === "dex") || platform.dex.document.mode === "check"
      ? reading("Kubernetes", readDex(cluster, platform.dex))
      : undefined,
    inRealm(() => keycloak.objects(plan), []),
    reading("Kubernetes", cluster.objects(plan)),
    reading("MinIO", store.objects(plan)),
  ]);
  return {
    realm,
    seen,
    masterRealm,
    accounts,
    target: { cluster: clusterId, realm: realm?.id },
    administrators,
    yourself,
    dropsAttributes: dropsAttributes && plan.realmSettings?.requiredAttributes === undefined,
    registrationFlow,
    gateway,
    dex,
    objects: new Map(objects.flat().map((object) => [objectKey(object.kind, object.name), object])),
  };
}

/** A plane could not be read, so nothing may be changed. */
export class SurveyError extends Error {}

export async function reading<T>(plane: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new SurveyError(
      `${plane} could not be read, so nobody can say what is there: ${reasonOf(error)}. Nothing was changed.`,
      { cause: error },
    );
  }
}

/** The innermost message: the outer ones say no more than "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return `${error.message} (${reasonOf(error.cause)})`;
  const [first = ""] = error.message.split("\n");
  return first;
}
