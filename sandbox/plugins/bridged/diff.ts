/** What would change in a resource, property by property. */
import { hasUnknown, isObject, type Properties, type PropertyValue, reveal } from "../plugin.ts";
import { movesOfList, movesOfSet } from "./elements.ts";
import { asList, DEFAULTS, entriesOf, isEmpty, isSame, planned, type Property, type Schema } from "./schema.ts";

/** One changed property, or one changed element of it. */
export interface Change {
  path: string;
  kind: "add" | "delete" | "update";
  replaces: boolean;
}

/** The changes from a state to new inputs. */
export function diff(schema: Schema, state: Properties, news: Properties, ignored: readonly string[] = []): Change[] {
  const plan = planned(schema, news, state, ignored);
  const changes = Object.entries(schema)
    .flatMap(([name, property]) => compare(property, name, state[name], plan[name]))
    .filter(({ path }) => !ignored.some((start) => isWithin(path, start)));
  return changes.length === 0 ? [] : [...changes, ...firstDefaults(schema, state, plan)];
}

/** Defaults like `false` that a state does not have, as after an import, are no change, but come with the next one. */
function firstDefaults(schema: Schema, state: Properties, plan: Properties): Change[] {
  return Object.entries(schema)
    .filter(([name, { default: value }]) => value !== undefined && isEmpty(value) && plan[name] === value)
    .filter(([name]) => state[name] === undefined)
    .map(([name]) => ({ path: name, kind: "add", replaces: false }));
}

/** A resource whose name was given, and not made up, cannot exist twice: the old one has to go first. */
export function mustDeleteFirst(schema: Schema, news: Properties): boolean {
  const defaulted = asList(news[DEFAULTS]);
  return Object.entries(schema).some(([name, { autoName }]) => autoName && name in news && !defaulted.includes(name));
}

function compare(
  property: Property,
  path: string,
  old: PropertyValue | undefined,
  next: PropertyValue | undefined,
): Change[] {
  const change = (at: string, kind: Change["kind"]) => ({ path: at, kind, replaces: property.replaces ?? false });
  if (isEmpty(old) && isEmpty(next)) return [];
  // Something whole that comes or goes is one change, as the bridge tells it; but a map may be there without entries.
  if (old === undefined || (isCollection(property) && isEmpty(old))) return [change(path, "add")];
  if (next === undefined || (isCollection(property) && isEmpty(next))) return [change(path, "delete")];
  if (Array.isArray(old) && Array.isArray(next)) return compareElements(property, path, old, next);
  if (isObject(old) && isObject(next)) return compareEntries(property, path, old, next);
  return isSame(property, reveal(old), reveal(next)) ? [] : [change(path, "update")];
}

function isCollection({ type }: Property): boolean {
  return type === "set" || type === "list" || type === "object";
}

function compareEntries(property: Property, path: string, old: Properties, next: Properties): Change[] {
  const keys = new Set([...entriesOf(old), ...entriesOf(next)].map(([key]) => key));
  return [...keys].flatMap((key) => {
    const entry = property.fields ? property.fields[key] : { ...property, type: "string" as const };
    return entry ? compare(entry, path + element(key), old[key], next[key]) : [];
  });
}

function compareElements(property: Property, path: string, old: PropertyValue[], next: PropertyValue[]): Change[] {
  const { type, fields, replaces = false } = property;
  const each: Property = { ...property, type: fields ? "object" : "string" };
  if (type === "list" && fields) {
    // Lists of objects change place by place.
    const places = [...(old.length > next.length ? old : next).keys()];
    return places.flatMap((place) => compare(each, `${path}[${place}]`, old[place], next[place]));
  }
  if (hasUnknown(next)) return [{ path, kind: "update", replaces }];
  const { removed, added } = type === "list" ? movesOfList(old, next) : movesOfSet(old, next);
  const places = [...new Set([...removed, ...added])];
  return places.flatMap((place) => {
    const before = removed.includes(place) ? old[place] : undefined;
    const after = added.includes(place) ? next[place] : undefined;
    return compare(each, `${path}[${place}]`, before, after);
  });
}

function element(key: string): string {
  return /^\w+$/.test(key) ? `.${key}` : `["${key.replaceAll('"', '\\"')}"]`;
}

function isWithin(path: string, start: string): boolean {
  return path === start || path.startsWith(`${start}.`) || path.startsWith(`${start}[`);
}
