import { canonical } from "./inventory.ts";
import { compare, type Location } from "./diagnostic.ts";
import type { Sourced } from "./document.ts";
import { elementTexts, excerpts } from "./excerpt.ts";
import type { DesiredState } from "./load.ts";

/** A key of desired state that changes without being a grant. */
export interface SettingChange {
  /** Such as `workspaces/team-a`; a user who is renamed under the new name. */
  readonly entity: string;
  /** Such as `quota.cpu`; empty when the whole entity comes or goes. */
  readonly key: string;
  /** As written; absent for what was not there, or is not any more. */
  readonly before?: string;
  readonly after?: string;
  /** Of a list: the elements that come and go. Both are empty where only the order is another. */
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
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
type Kind = (typeof kinds)[number] | "platform";

/**
 * Everything that differs between two desired states and is no grant: quotas, names, sources, settings of the realm.
 *
 * @param renamed usernames after the change by those before it: who is renamed is compared with who it was
 */
export function settingChanges(
  before: DesiredState | undefined,
  after: DesiredState | undefined,
  renamed: ReadonlyMap<string, string> = new Map(),
): SettingChange[] {
  return pairs(before, after, renamed).flatMap(({ kind, entity, was, is }) => {
    if (was && is) return keyChanges(kind, entity, was, is);
    const there = was ?? is;
    return there ? [{ entity, key: "", ...(was ? { before: "there" } : { after: "there" }), at: there.at() }] : [];
  });
}

/** What stands in entities that were not there before, defaults included. */
export function firstSettings(
  before: DesiredState | undefined,
  after: DesiredState | undefined,
  renamed: ReadonlyMap<string, string> = new Map(),
): SettingChange[] {
  return pairs(before, after, renamed).flatMap(({ kind, entity, was, is }) =>
    is && !was ? keyChanges(kind, entity, undefined, is) : [],
  );
}

/** How elements of lists are joined and quoted, and what stands for nothing. */
export interface DifferenceStyle {
  readonly quote: (text: string) => string;
  readonly nothing: string;
  readonly arrow: string;
}

const plainStyle: DifferenceStyle = { quote: quoted, nothing: "(not there)", arrow: "->" };

/** How many characters of a list are shown. */
const longestList = 1600;

/** What differs, in one line: of a list the elements that come and go, of a long text the part that is another. */
export function differenceText(
  { before, after, added, removed }: Pick<SettingChange, "before" | "after" | "added" | "removed">,
  { quote, nothing, arrow }: DifferenceStyle = plainStyle,
): string {
  if (added && removed) {
    const parts = [...elements("+", added, removed, quote), ...elements("−", removed, added, quote)];
    return parts.length > 0 ? parts.join(", ") : "in another order";
  }
  const [was, is] =
    before !== undefined && after !== undefined
      ? excerpts(before, after)
      : [before, after].map((text) => (text === undefined ? undefined : elementTexts([text], [])[0]));
  const side = (text: string | undefined) => (text === undefined ? nothing : quote(text));
  return `${side(was)} ${arrow} ${side(is)}`;
}

function elements(
  sign: string,
  texts: readonly string[],
  others: readonly string[],
  quote: (text: string) => string,
): string[] {
  const shown: string[] = [];
  for (let room = longestList / 2; shown.length < texts.length;) {
    const [text = ""] = elementTexts(texts.slice(shown.length, shown.length + 1), others);
    const part = `${sign} ${quote(text)}`;
    room -= part.length;
    if (room < 0) return [...shown, `${sign} ${texts.length - shown.length} more`];
    shown.push(part);
  }
  return shown;
}

/** As it is where that can mean nothing else, else in quotes. */
function quoted(text: string): string {
  return /^[\w@.:/+*-]+$/.test(text) ? text : `"${text}"`;
}

interface Pair {
  readonly kind: Kind;
  readonly entity: string;
  readonly was: Sourced<object> | undefined;
  readonly is: Sourced<object> | undefined;
}

function pairs(
  before: DesiredState | undefined,
  after: DesiredState | undefined,
  renamed: ReadonlyMap<string, string>,
): Pair[] {
  const of = (kind: (typeof kinds)[number], state: DesiredState | undefined) =>
    (state?.[kind] ?? new Map()) as ReadonlyMap<string, Sourced<object>>;
  return [
    { kind: "platform", entity: "platform", was: before?.platform, is: after?.platform },
    ...kinds.flatMap((kind) => {
      const now = of(kind, after);
      const old = new Map(
        [...of(kind, before)].map(([name, entity]) => [
          (kind === "users" ? renamed.get(name) : undefined) ?? name,
          entity,
        ]),
      );
      return [...new Set([...old.keys(), ...now.keys()])]
        .toSorted(compare)
        .map((name) => ({ kind, entity: `${kind}/${name}`, was: old.get(name), is: now.get(name) }));
    }),
  ];
}

interface Leaf {
  readonly path: readonly string[];
  readonly text: string;
  /** The elements, where the value is a list. */
  readonly list?: readonly string[];
}

function keyChanges(
  kind: Kind,
  entity: string,
  before: Sourced<object> | undefined,
  after: Sourced<object>,
): SettingChange[] {
  const [old, now] = [leaves(before?.value ?? {}), leaves(after.value)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((key) => old.get(key)?.text !== now.get(key)?.text)
    .filter((key) => !isOnlyFilled(key, old, now) && !isOnlyFilled(key, now, old))
    .toSorted(compare)
    .flatMap((key) => {
      const [was, is] = [old.get(key), now.get(key)];
      const { path } = is ?? was ?? { path: [] };
      if ((accessKeys[kind] ?? []).includes(path[0] ?? "")) return [];
      return [
        {
          entity,
          key,
          ...(was && { before: was.text }),
          ...(is && { after: is.text }),
          ...listChange(was, is),
          at: (is ? after : (before ?? after)).at(...path),
        },
      ];
    });
}

/** Whether an empty object is one with keys on the other side, which are told themselves. */
function isOnlyFilled(key: string, one: ReadonlyMap<string, Leaf>, other: ReadonlyMap<string, Leaf>): boolean {
  return one.get(key)?.text === "{}" && [...other.keys()].some((inner) => inner.startsWith(`${key}.`));
}

/** Nothing unless both sides are lists or not there. */
function listChange(was: Leaf | undefined, is: Leaf | undefined): Pick<SettingChange, "added" | "removed"> {
  if ((was && !was.list) || (is && !is.list)) return {};
  const [old, now] = [was?.list ?? [], is?.list ?? []];
  if (old.length + now.length === 0) return {};
  return { added: without(now, old), removed: without(old, now) };
}

/** The elements of one list that the other does not have as often. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = new Map([...Map.groupBy(other, (element) => element)].map(([element, same]) => [element, same.length]));
  return list.filter((element) => {
    const count = left.get(element) ?? 0;
    left.set(element, count - 1);
    return count <= 0;
  });
}

/** Values by dotted key, in which no two are the same. An empty object is a value: it can stand for no limit. */
function leaves(value: object, above: readonly string[] = []): Map<string, Leaf> {
  return new Map(
    Object.entries(value as Record<string, unknown>).flatMap(([key, part]): [string, Leaf][] => {
      if (part === undefined) return [];
      const path = [...above, key];
      if (typeof part === "object" && part !== null && !Array.isArray(part) && Object.keys(part).length > 0) {
        return [...leaves(part, path)];
      }
      const list = Array.isArray(part) ? part.map(textOf) : undefined;
      return [[keyOf(path), { path, text: textOf(part), ...(list && { list }) }]];
    }),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : canonical(value);
}

/** Parts with a dot in them are quoted, or a key could hide behind another. */
function keyOf(path: readonly string[]): string {
  return path.map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part))).join(".");
}
