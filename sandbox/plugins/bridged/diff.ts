/** What would change in a resource, property by property. */
import { hasUnknown, isObject, type Properties, type PropertyValue, reveal } from "../plugin.ts";
import { asList, DEFAULTS, entriesOf, isEmpty, planned, type Property, type Schema } from "./schema.ts";

/** One changed property, or one changed element of it. */
export interface Change {
  path: string;
  kind: "add" | "delete" | "update";
  replaces: boolean;
}

/** The changes from a state to new inputs. */
export function diff(schema: Schema, state: Properties, news: Properties, ignored: readonly string[] = []): Change[] {
  const plan = planned(schema, news, state, ignored);
  return Object.entries(schema)
    .flatMap(([name, property]) => compare(property, name, state[name], plan[name]))
    .filter(({ path }) => !ignored.some((start) => isWithin(path, start)));
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
  // A whole collection that comes or goes is one change, as the bridge tells it.
  if (old === undefined || (isCollection(property) && isEmpty(old))) return [change(path, "add")];
  if (next === undefined || (isCollection(property) && isEmpty(next))) return [change(path, "delete")];
  if (property.type === "set" && !hasUnknown(next)) return compareSets(path, asList(old), asList(next), change);
  if (property.type === "map" && isObject(old) && isObject(next)) {
    const keys = new Set([...entriesOf(old), ...entriesOf(next)].map(([key]) => key));
    const entry: Property = { ...property, type: "string" };
    return [...keys].flatMap((key) => compare(entry, path + element(key), old[key], next[key]));
  }
  return isSame(property, reveal(old), reveal(next)) ? [] : [change(path, "update")];
}

function isCollection({ type }: Property): boolean {
  return type === "set" || type === "map";
}

function compareSets(
  path: string,
  old: PropertyValue[],
  next: PropertyValue[],
  change: (path: string, kind: Change["kind"]) => Change,
): Change[] {
  const kinds = new Map<string, Change["kind"]>();
  for (const [index, value] of old.entries()) {
    if (!next.includes(value)) kinds.set(`${path}[${index}]`, "delete");
  }
  for (const [index, value] of next.entries()) {
    const at = `${path}[${index}]`;
    if (!old.includes(value)) kinds.set(at, kinds.has(at) ? "update" : "add");
  }
  return [...kinds].map(([at, kind]) => change(at, kind));
}

function isSame(property: Property, old: PropertyValue, next: PropertyValue): boolean {
  if (hasUnknown(next)) return false;
  if (typeof old === "string" && typeof next === "string" && property.same) return property.same(old, next);
  return JSON.stringify(old) === JSON.stringify(next);
}

function element(key: string): string {
  return /^\w+$/.test(key) ? `.${key}` : `["${key.replaceAll('"', '\\"')}"]`;
}

function isWithin(path: string, start: string): boolean {
  return path === start || path.startsWith(`${start}.`) || path.startsWith(`${start}[`);
}
