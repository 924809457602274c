import { type AccessChange, type AccessDiff, accessDiff, recordOf, renames } from "./diff.ts";
import { compare, formatLocation } from "./diagnostic.ts";
import { accessEntries, type AccessEntry, everybody } from "./entries.ts";
import { type Expiring, expiringSoon } from "./expiry.ts";
import { guardAdministrators, type GuardFinding, guardRemovals } from "./guards.ts";
import type { DesiredState } from "./load.ts";
import { resolve } from "./resolve.ts";
import { type SettingChange, settingChanges } from "./settings.ts";
import { distance } from "fastest-levenshtein";

/** What a reviewer of a change has to know, from the files before and after it alone. */
export interface Review extends AccessDiff {
  readonly settings: readonly SettingChange[];
  /** What nobody should approve without having thought about it; empty when there is nothing of the kind. */
  readonly risks: readonly string[];
  /** Why the change would be refused. */
  readonly guards: readonly GuardFinding[];
  /** Grants that end soon, after the change. */
  readonly expiring: readonly Expiring[];
}

/**
 * Compares two desired states for one day.
 *
 * @param before absent where the stack is new
 * @param after absent where it goes
 */
export function review(before: DesiredState | undefined, after: DesiredState | undefined, date: string): Review {
  const [was, is] = [before, after].map((state) => {
    if (!state) return { entries: [], users: [] };
    const plan = resolve(state, date);
    return { entries: accessEntries(state, plan), users: plan.users };
  });
  const [old, now] = [was?.entries ?? [], is?.entries ?? []];
  const renamed = renames(is?.users ?? [], before?.users ?? new Map());
  const diff = accessDiff(old, now, renamed);
  const settings = settingChanges(before, after);
  const platform = (after ?? before)?.platform.value;
  const earlier = before?.platform.value.guards;
  const [from, to] = [recordOf(old), recordOf(now)];
  return {
    ...diff,
    settings,
    risks: risks(diff, settings, before, after, now),
    guards: platform
      ? [
          ...guardRemovals(from, to, platform, renamed, earlier),
          ...guardAdministrators(from, to, platform, [], renamed, earlier),
        ]
      : [],
    expiring: expiringSoon(now, date),
  };
}

/** How many people a single line may give something to before it is told. */
const many = 10;

function risks(
  { changes, ends }: AccessDiff,
  settings: readonly SettingChange[],
  before: DesiredState | undefined,
  after: DesiredState | undefined,
  entries: readonly AccessEntry[],
): string[] {
  const gains = changes.filter(({ kind }) => kind !== "loss");
  const byLine = Map.groupBy(gains, ({ path }) => formatLocation(path.at));
  return [
    ...gains
      .filter(({ place }) => place.kind === "platform")
      .map(({ who }) => `${who} becomes a platform administrator`),
    ...gains
      .filter(({ place }) => place.kind === "cluster")
      .map(({ who, after }) => `${who} gets ${after ?? ""} in every namespace of the cluster`),
    ...gains
      .filter(({ who, place }) => who === everybody && before !== undefined && wasThere(before, place))
      .map(({ place }) => `${place.kind} ${place.name} opens to everybody with an account`),
    ...[...byLine]
      .filter(([, given]) => given.length > many)
      .map(([at, given]) => `${at} gives something to ${given.length} people at once`),
    ...ends
      .filter(({ isPutOff }) => isPutOff)
      .map(
        ({ who, access, place, after: is }) =>
          `${who} keeps ${access} in ${place.name} ${is === undefined ? "for good" : `until ${is}`}`,
      ),
    ...crossWorkspace(gains, entries),
    ...settings.flatMap(settingRisk),
    ...lookAlikes(before, after),
  ];
}

function wasThere(before: DesiredState, { kind, name }: AccessChange["place"]): boolean {
  return kind !== "application" || before.applications.has(name);
}

/** Somebody with edit in many shared workspaces can carry data from one to the other. */
function crossWorkspace(gains: readonly AccessChange[], entries: readonly AccessEntry[]): string[] {
  const editing = ({ who, place }: { who: string; place: AccessChange["place"] }) =>
    entries.filter(
      (entry) =>
        entry.who === who &&
        !entry.isOutside &&
        entry.place.kind === "workspace" &&
        entry.paths.some(({ via }) => via !== "personal workspace") &&
        entry.access.startsWith("edit") &&
        entry.place.name !== place.name,
    ).length;
  const most = 3;
  return gains
    .filter(({ place, after }) => place.kind === "workspace" && after?.startsWith("edit") === true)
    .map((gain) => ({ ...gain, others: editing(gain) }))
    .filter(({ others }) => others >= most)
    .map(({ who, place, others }) => `${who} can edit ${place.name} beside ${others} other workspaces`);
}

/** Keys of users that say who somebody is, or let them in without a check. */
const identityKeys = ["email", "emailVerified", "was", "identityProvider", "directory"];

function settingRisk({ entity, key, before, after }: SettingChange): string[] {
  const [kind = "", name = ""] = entity.split("/");
  const isGone = (key === "" && after === undefined) || (key === "state" && after === "archived");
  if (kind === "platform")
    return key.startsWith("guards.acknowledged") ? [] : [`platform.yaml: ${key} ${change(before, after)}`];
  if (kind === "workspaces" && isGone)
    return [`workspace ${name} goes: its namespace with everything in it; its buckets stay, archived`];
  if (kind === "users" && isGone)
    return [`user ${name} goes: account, sessions and access; a personal workspace's namespace with it`];
  if (kind === "users" && key === "enabled") return [`user ${name}: enabled ${change(before, after)}`];
  if (kind === "users" && key === "workspace" && after === "false") {
    return [`the personal workspace of ${name} goes: its namespace with everything in it; its buckets stay, archived`];
  }
  if (kind === "users" && identityKeys.includes(key)) return [`user ${name}: ${key} ${change(before, after)}`];
  if (key === "adopt" && after === "true") return [`${entity}: takes over what is there under its names`];
  if (kind === "directories" || kind === "identityProviders")
    return [`${entity}: ${key === "" ? "people from elsewhere" : key} ${change(before, after)}`];
  if (kind === "applications" && /^(?:paths|redirectUris|webOrigins|logoutUris|clientId)/.test(key))
    return [`${entity}: ${key} ${change(before, after)}`];
  return [];
}

function change(before: string | undefined, after: string | undefined): string {
  return `${before ?? "(not there)"} -> ${after ?? "(not there)"}`;
}

/** A new name that differs in one letter from one that is there: a typing mistake, or somebody who wants to be taken for them. */
function lookAlikes(before: DesiredState | undefined, after: DesiredState | undefined): string[] {
  if (!before || !after) return [];
  return (["users", "groups", "workspaces"] as const).flatMap((kind) => {
    const known = [...before[kind].keys()];
    const added = [...after[kind].keys()].filter((name) => !before[kind].has(name));
    return added.flatMap((name) => {
      const alike = known.filter((other) => after[kind].has(other) && name.length > 3 && distance(name, other) === 1);
      return alike.toSorted(compare).map((other) => `${kind}: new "${name}" looks like "${other}"`);
    });
  });
}
