import type { AccessLevel } from "../names.ts";
import type { EffectiveAccess, NetworkAccess } from "../resolve.ts";

/** What somebody has in a workspace, on each plane by itself. */
export type PlaneAccess = Pick<EffectiveAccess, "kubernetes" | "network" | "storage">;

const rank = { view: 1, edit: 2, pipelines: 1, full: 2 } as const;

/** The higher of two levels. */
export function higher<T extends AccessLevel | NetworkAccess>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return rank[a] >= rank[b] ? a : b;
}

/** The lower of two levels; none when one is missing. */
export function lower<T extends AccessLevel | NetworkAccess>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined || b === undefined) return undefined;
  return rank[a] <= rank[b] ? a : b;
}

/** Whether one level is above another. */
export function isAbove(
  a: AccessLevel | NetworkAccess | undefined,
  b: AccessLevel | NetworkAccess | undefined,
): boolean {
  return (a === undefined ? 0 : rank[a]) > (b === undefined ? 0 : rank[b]);
}

/** Both together: the higher on each plane. */
export function together(a: PlaneAccess, b: PlaneAccess): PlaneAccess {
  return defined({
    kubernetes: higher(a.kubernetes, b.kubernetes),
    network: higher(a.network, b.network),
    storage: higher(a.storage, b.storage),
  });
}

/** What of `a` is above `b`, plane by plane. */
export function excess(a: PlaneAccess, b: PlaneAccess): PlaneAccess {
  return defined({
    kubernetes: isAbove(a.kubernetes, b.kubernetes) ? a.kubernetes : undefined,
    network: isAbove(a.network, b.network) ? a.network : undefined,
    storage: isAbove(a.storage, b.storage) ? a.storage : undefined,
  });
}

export function isNothing(access: PlaneAccess): boolean {
  return access.kubernetes === undefined && access.network === undefined && access.storage === undefined;
}

/** Access in words, such as `edit in Kubernetes, view in S3`. */
export function inWords({ kubernetes, network, storage }: PlaneAccess): string {
  const parts = [
    ...(kubernetes ? [`${kubernetes} in Kubernetes`] : []),
    ...(network ? [network === "full" ? "the network with notebooks" : "the network without notebooks"] : []),
    ...(storage ? [`${storage} in S3`] : []),
  ];
  return parts.join(", ") || "nothing";
}

function defined({
  kubernetes,
  network,
  storage,
}: { [K in keyof PlaneAccess]: PlaneAccess[K] | undefined }): PlaneAccess {
  return { ...(kubernetes && { kubernetes }), ...(network && { network }), ...(storage && { storage }) };
}
