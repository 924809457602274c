import { createHash } from "node:crypto";
import { compare, type Location } from "./diagnostic.ts";
import {
  type AccessEntry,
  type AccessPath,
  endText,
  isAdministration,
  type Later,
  letsEdit,
  type Place,
  rightsIn,
  subjectOf,
} from "./entries.ts";

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
  /** When what is there after the change becomes less, and what is left then: `2026-12-24, then view`. */
  readonly until?: string;
}

/** Access that is the same today and ends otherwise. */
export interface EndChange {
  readonly who: string;
  readonly place: Place;
  readonly access: string;
  /** The end, and what is left then; absent for none. */
  readonly before?: string;
  readonly after?: string;
  /** Whether there is a day on which it lets somebody do more than before. */
  readonly isPutOff: boolean;
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
        was && is && was.access === is.access && endText(was) !== endText(is) ? [endOf(was, is)] : [],
      )
      .toSorted(byPlace),
  };
}

/**
 * Usernames after a change by those before it. Who was there under both names is two people, whatever `was:` says.
 *
 * @param before usernames before the change
 */
export function renames(
  users: readonly { readonly username: string; readonly was?: string | undefined }[],
  before: { has: (username: string) => boolean },
): Map<string, string> {
  return new Map(
    users.flatMap(({ username, was }) =>
      was !== undefined && before.has(was) && !before.has(username) ? [[was, username]] : [],
    ),
  );
}

function keyOf(entry: Pick<AccessEntry, "who" | "isOutside" | "place">): string {
  return `${entry.place.kind}\n${entry.place.name}\n${subjectOf(entry)}`;
}

function changeOf(was: AccessEntry | undefined, is: AccessEntry | undefined): AccessChange[] {
  const entry = is ?? was;
  if (!entry) return [];
  const kind = kindOf(was?.access, is?.access);
  const [path] = (kind === "loss" ? (was ?? entry) : entry).paths;
  const until = is && endText(is);
  return [
    {
      who: subjectOf(entry),
      place: entry.place,
      kind,
      ...(was && { before: was.access }),
      ...(is && { after: is.access }),
      path,
      ...(until !== undefined && { until }),
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
  const [before, after] = [endText(was), endText(is)];
  const days = [...was.later, ...is.later].map(({ from }) => from);
  return {
    who: subjectOf(is),
    place: is.place,
    access: is.access,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    isPutOff: days.some((day) => isMore(accessOn(was, day), accessOn(is, day))),
    at: (is.paths.find((path) => !was.paths.some((old) => isSameGrant(old, path))) ?? is.paths[0]).at,
  };
}

function isMore(before: string | undefined, after: string | undefined): boolean {
  return before !== after && kindOf(before, after) !== "loss";
}

/** Whether two paths are the same grant, whatever line it is in. */
function isSameGrant(one: AccessPath, other: AccessPath): boolean {
  const { access, via, group, expires } = other;
  return one.access === access && one.via === via && one.group === group && one.expires === expires;
}

/** The access of an entry, or what is left of it, on a day. */
function accessOn({ access, later }: Pick<AccessEntry, "access" | "later">, day: string): string | undefined {
  const step = later.findLast(({ from }) => from <= day);
  return step ? step.access : access;
}

/** What a reviewer must not overlook comes first: losses (an outage), then what lets somebody change things. */
function urgency({ kind, place, after }: AccessChange): number {
  if (kind !== "gain") return isAdministration(place) ? 0 : 1;
  if (isAdministration(place)) return 2;
  return letsEdit(after) ? 3 : 4;
}

function byPlace(a: { place: Place; who: string }, b: { place: Place; who: string }): number {
  return compare(a.place.kind, b.place.kind) || compare(a.place.name, b.place.name) || compare(a.who, b.who);
}

/** Effective access as a state remembers it: words by place and by whom. */
export type AccessRecord = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function recordOf(entries: readonly AccessEntry[]): AccessRecord {
  return recorded(entries, ({ access }) => access);
}

function recorded<T>(
  entries: readonly AccessEntry[],
  value: (entry: AccessEntry) => T,
): Record<string, Record<string, T>> {
  const byPlace = Map.groupBy(entries, ({ place }) => `${place.kind} ${place.name}`);
  return Object.fromEntries(
    [...byPlace].map(([place, inside]) => [
      place,
      Object.fromEntries(inside.map((entry) => [subjectOf(entry), value(entry)])),
    ]),
  );
}

/** How the access of a record ends: what is left from which day on, by place and by whom. */
export type EndRecord = Readonly<Record<string, Readonly<Record<string, readonly Later[]>>>>;

export function endsOf(entries: readonly AccessEntry[]): EndRecord {
  return recorded(
    entries.filter(({ later }) => later.length > 0),
    ({ later }) => later,
  );
}

/** What is left of remembered access on a day: what has ended by itself is not taken away by anybody. */
export function recordOn(record: AccessRecord, ends: EndRecord, day: string): AccessRecord {
  return Object.fromEntries(
    Object.entries(record).map(([place, holders]) => [
      place,
      Object.fromEntries(
        Object.entries(holders).flatMap(([who, access]) => {
          const left = accessOn({ access, later: ends[place]?.[who] ?? [] }, day);
          return left === undefined ? [] : [[who, left] as const];
        }),
      ),
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
