import { canonical } from "./inventory.ts";
import { compare, type Location } from "./diagnostic.ts";
import type { Sourced } from "./document.ts";
import type { DesiredState } from "./load.ts";

/** A key of desired state that changes without being a grant. */
export interface SettingChange {
  /** Such as `workspaces/team-a`. */
  readonly entity: string;
  /** Such as `quota.cpu`; empty when the whole entity comes or goes. */
  readonly key: string;
  /** As written; absent for what was not there, or is not any more. */
  readonly before?: string;
  readonly after?: string;
  readonly at: Location;
}

/** Keys whose meaning is access, which the access diff tells; here they would be said twice. */
const accessKeys: Readonly<Record<string, readonly string[]>> = {
  platform: ["clusterAccess"],
  workspaces: ["members", "storage"],
  groups: ["members", "roles"],
  users: ["admin", "roles"],
};

const kinds = ["users", "groups", "workspaces", "directories", "identityProviders", "applications"] as const;

/** Everything that differs between two desired states and is no grant: quotas, names, sources, settings of the realm. */
export function settingChanges(before: DesiredState | undefined, after: DesiredState | undefined): SettingChange[] {
  const of = (kind: (typeof kinds)[number], state: DesiredState | undefined) =>
    (state?.[kind] ?? new Map()) as ReadonlyMap<string, Sourced<object>>;
  return [
    ...entityChanges("platform", "platform", before?.platform, after?.platform),
    ...kinds.flatMap((kind) => {
      const [old, now] = [of(kind, before), of(kind, after)];
      return [...new Set([...old.keys(), ...now.keys()])]
        .toSorted(compare)
        .flatMap((name) => entityChanges(kind, `${kind}/${name}`, old.get(name), now.get(name)));
    }),
  ];
}

function entityChanges(
  kind: string,
  entity: string,
  before: Sourced<object> | undefined,
  after: Sourced<object> | undefined,
): SettingChange[] {
  if (!before && !after) return [];
  if (!before || !after) {
    const there = before ?? after;
    return there ? [{ entity, key: "", ...(before ? { before: "there" } : { after: "there" }), at: there.at() }] : [];
  }
  const [old, now] = [leaves(before.value), leaves(after.value)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((key) => !(accessKeys[kind] ?? []).includes(key.split(".")[0] ?? ""))
    .filter((key) => old.get(key) !== now.get(key))
    .toSorted(compare)
    .map((key) => {
      const [was, is] = [old.get(key), now.get(key)];
      return {
        entity,
        key,
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
        at: (is === undefined ? before : after).at(...key.split(".")),
      };
    });
}

/** Values by dotted key; a list is one value. */
function leaves(value: object, prefix = ""): Map<string, string> {
  return new Map(
    Object.entries(value as Record<string, unknown>).flatMap(([key, part]): [string, string][] => {
      if (part === undefined) return [];
      const name = prefix + key;
      return typeof part === "object" && part !== null && !Array.isArray(part)
        ? [...leaves(part, `${name}.`)]
        : [[name, typeof part === "string" ? part : canonical(part)]];
    }),
  );
}
