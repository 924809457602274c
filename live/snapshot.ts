import type { Snapshot } from "../access/snapshot.ts";
import { readCluster } from "./snapshot/cluster.ts";
import { readRealm } from "./snapshot/realm.ts";
import { readStore } from "./snapshot/store.ts";
import { type Planes, reading } from "./survey.ts";

/**
 * Reads who may do what on the planes, whoever gave it: bulk lists, a few requests at a time, nothing written.
 *
 * @throws {SurveyError} naming the plane that could not be read
 */
export async function readSnapshot({ keycloak, cluster, store }: Planes): Promise<Snapshot> {
  const [realm, inCluster, inStore] = await Promise.all([
    reading("Keycloak", readRealm(keycloak)),
    reading("Kubernetes", readCluster(cluster)),
    reading("MinIO", readStore(store)),
  ]);
  return { realm, cluster: inCluster, store: inStore };
}
