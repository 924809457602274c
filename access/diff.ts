import { createHash } from "node:crypto";
import { compare, type Location } from "./diagnostic.ts";
import { type AccessEntry, type AccessPath, type Place, rightsIn, subjectOf } from "./entries.ts";

/** How somebody's effective access in one place changes. */
export interface AccessChange {
  /** A username, or `+ group` for people who have no file. */
  readonly who: string;
  readonly place: Place;
  readonly kind: "gain" | "loss" | "gain and loss";
  /** Effective access in words; absent for none. */
  readonly before?: string;
  readonly after?: string;
  /** The strongest path: of what is gained after the change, of what is lost before it. */
  readonly path: AccessPath;
  /** First day (UTC) on which what is there after the change becomes less. */
  readonly until?: string;
}

/** Access that stays as it is, but for its end. */
export interface EndChange {
  readonly who: string;
  readonly place: Place;
  readonly access: string;
  /** The end; absent for none. */
  readonly before?: string;
  readonly after?: string;
  readonly at: Location;
}

export interface AccessDiff {
  /** Losses and gains of administration and edit first. */
  readonly changes: readonly AccessChange[];
  readonly ends: readonly EndChange[];
}

/**
 * What a change does to who can do what: every cell of the matrix that differs, and nothing else.
 *
 * @param renamed usernames after the change by those before it, for accounts that are renamed and keep their access
 */
export function accessDiff(
  before: readonly AccessEntry[],
  after: readonly AccessEntry[],
  renamed: ReadonlyMap<string, string> = new Map(),
): AccessDiff {
  const old = new Map(before.map((entry) => [keyOf({ ...entry, who: renamed.get(entry.who) ?? entry.who }), entry]));
  const now = new Map(after.map((entry) => [keyOf(entry), entry]));
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  const pairs = keys.map((key) => ({ was: old.get(key), is: now.get(key) }));
  return {
    changes: pairs
      .flatMap(({ was, is }) => (was?.access === is?.access ? [] : changeOf(was, is)))
      .toSorted((a, b) => urgency(a) - urgency(b) || byPlace(a, b)),
    ends: pairs
      .flatMap(({ was, is }) =>
        was && is && was.access === is.access && was.until !== is.until ? [endOf(was, is)] : [],
      )
      .toSorted(byPlace),
  };
}

/** Usernames after a change by those before it. */
export function renames(
  users: readonly { readonly username: string; readonly was?: string | undefined }[],
): Map<string, string> {
  return new Map(users.flatMap(({ username, was }) => (was === undefined ? [] : [[was, username]])));
}

function keyOf(entry: Pick<AccessEntry, "who" | "isOutside" | "place">): string {
  return `${entry.place.kind}\n${entry.place.name}\n${subjectOf(entry)}`;
}

function changeOf(was: AccessEntry | undefined, is: AccessEntry | undefined): AccessChange[] {
  const entry = is ?? was;
  if (!entry) return [];
  const kind = kindOf(was?.access, is?.access);
  const [path] = (kind === "loss" ? (was ?? entry) : entry).paths;
  return [
    {
      who: subjectOf(entry),
      place: entry.place,
      kind,
      ...(was && { before: was.access }),
      ...(is && { after: is.access }),
      path,
      ...(is?.until !== undefined && { until: is.until }),
    },
  ];
}

/** Whether one access is more than another, less, or on some planes the one and on some the other. */
export function kindOf(before: string | undefined, after: string | undefined): AccessChange["kind"] {
  const [was, is] = [rightsIn(before), rightsIn(after)];
  const rights = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  const gains = rights.some((right) => (is[right] ?? 0) > (was[right] ?? 0));
  const losses = rights.some((right) => (is[right] ?? 0) < (was[right] ?? 0));
  return gains && losses ? "gain and loss" : losses ? "loss" : "gain";
}

function endOf(was: AccessEntry, is: AccessEntry): EndChange {
  return {
    who: subjectOf(is),
    place: is.place,
    access: is.access,
    ...(was.until !== undefined && { before: was.until }),
    ...(is.until !== undefined && { after: is.until }),
    at: is.paths[0].at,
  };
}

/** What a reviewer must not overlook comes first: losses (an outage), then what lets somebody change things. */
function urgency({ kind, place, after }: AccessChange): number {
  if (kind !== "gain") return place.kind === "platform" || place.kind === "cluster" ? 0 : 1;
  if (place.kind === "platform" || place.kind === "cluster") return 2;
  const { kubernetes = 0, storage = 0 } = rightsIn(after);
  return kubernetes === 2 || storage === 2 ? 3 : 4;
}

function byPlace(a: { place: Place; who: string }, b: { place: Place; who: string }): number {
  return compare(a.place.kind, b.place.kind) || compare(a.place.name, b.place.name) || compare(a.who, b.who);
}

/** Effective access as a state remembers it: words by place and by whom. */
export type AccessRecord = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function recordOf(entries: readonly AccessEntry[]): AccessRecord {
  const byPlace = Map.groupBy(entries, ({ place }) => `${place.kind} ${place.name}`);
  return Object.fromEntries(
    [...byPlace].map(([place, inside]) => [
      place,
      Object.fromEntries(inside.map((entry) => [subjectOf(entry), entry.access])),
    ]),
  );
}

/** Access that somebody has before a change and not, or less of, after it. */
export interface Removal {
  readonly place: string;
  readonly who: string;
  readonly before: string;
  /** Absent for none. */
  readonly after?: string;
}

/** Everything that a change takes away, sorted. */
export function removals(
  before: AccessRecord,
  after: AccessRecord,
  renamed: ReadonlyMap<string, string> = new Map(),
): Removal[] {
  return Object.entries(before)
    .flatMap(([place, holders]) =>
      Object.entries(holders).flatMap(([was, access]): Removal[] => {
        const who = renamed.get(was) ?? was;
        const left = after[place]?.[who];
        if (left === access || kindOf(access, left) === "gain") return [];
        return [{ place, who, before: access, ...(left !== undefined && { after: left }) }];
      }),
    )
    .toSorted((a, b) => compare(a.place, b.place) || compare(a.who, b.who));
}

/** What an acknowledgement must say: it fits these removals and no others. */
export function acknowledgementOf(removed: readonly Removal[]): string {
  const lines = removed.map(({ place, who, before, after = "" }) => JSON.stringify([place, who, before, after]));
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);
}
