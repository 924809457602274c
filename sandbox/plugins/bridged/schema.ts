/** How the properties of a resource are described, and what follows from the description alone. */
import { hasUnknown, isObject, type Properties, type PropertyValue, Secret, UNKNOWN } from "../plugin.ts";

/** One input property of a resource. */
export interface Property {
  type: "string" | "boolean" | "number" | "set" | "list" | "map" | "object";
  /** The properties of an `object`, or of every element of a `set` or `list`; without them the elements are strings. */
  fields?: Schema;
  required?: true;
  default?: boolean | string | number;
  /** Left out, it is named after the resource, with a random suffix. */
  autoName?: true;
  /** Left out, the server's value stands. */
  computed?: true;
  /** Used at creation; a later change is no change. */
  createOnly?: true;
  replaces?: true;
  secret?: true;
  /** The official provider knows it, this stand-in does not. */
  unsupported?: true;
  /** Whether a value (of a map: an entry) means the same as the old one, which then stays. */
  same?: (old: string, next: string) => boolean;
  /** How the provider itself writes a value; values that it writes alike are the same. */
  normal?: (value: string) => string;
  /** What is wrong with a known value, if anything. */
  problem?: (value: string) => string | undefined;
}

/** The input properties of a resource, by name. */
export type Schema = Readonly<Record<string, Property>>;

/** Names that were filled in and not given are listed under this key of the inputs, as the Terraform bridge does it. */
export const DEFAULTS = "__defaults";

const zero = { string: "", boolean: false, number: 0 };

/** Neither there nor worth mentioning: Terraform does not tell these values from one that is not set. */
export function isEmpty(value: PropertyValue | undefined): boolean {
  if (value === UNKNOWN) return false;
  return !value || (Array.isArray(value) ? value.length === 0 : isObject(value) && entriesOf(value).length === 0);
}

/** The entries of an object or a map, without the bridge's own keys. */
export function entriesOf(value: Properties): [string, PropertyValue][] {
  return Object.entries(value).filter(([key]) => !key.startsWith("__"));
}

/** Whether two values are the same to the provider. */
export function isSame(property: Property, old: PropertyValue, next: PropertyValue): boolean {
  if (hasUnknown(next)) return false;
  if (typeof old === "string" && typeof next === "string") {
    if (property.same) return property.same(old, next);
    if (property.normal) return property.normal(old) === property.normal(next);
  }
  return identity(old) === identity(next);
}

/** A text that two values share if Terraform cannot tell them apart. */
export function identity(value: PropertyValue): string {
  if (Array.isArray(value)) return JSON.stringify(value.map(identity));
  if (!isObject(value)) return JSON.stringify(value);
  const entries = entriesOf(value).filter(([, entry]) => !isEmpty(entry));
  return JSON.stringify(entries.map(([key, entry]) => [key, identity(entry)]).sort());
}

/**
 * What the resource is to become: its inputs, and the old value where a computed or ignored property has none, or
 * where the new one means the same.
 */
export function planned(
  schema: Schema,
  news: Properties,
  olds: Properties,
  ignored: readonly string[] = [],
): Properties {
  const plan: Properties = {};
  for (const [name, property] of Object.entries(schema)) {
    const keepsOld = property.createOnly ?? ignored.includes(name);
    const value = keepsOld ? olds[name] : (news[name] ?? leftOut(property, olds[name]));
    const ignoredWithin = ignored
      .filter((path) => path.startsWith(`${name}.`))
      .map((path) => path.slice(name.length + 1));
    if (value !== undefined) plan[name] = plannedValue(property, value, olds[name], ignoredWithin);
  }
  return plan;
}

/** What becomes of an old value when there is no new one. A map stays, without entries. */
function leftOut({ type, computed }: Property, old: PropertyValue | undefined): PropertyValue | undefined {
  if (computed) return old;
  return type === "map" && old !== undefined ? {} : undefined;
}

function plannedValue(
  property: Property,
  next: PropertyValue,
  old: PropertyValue | undefined,
  ignored: readonly string[] = [],
): PropertyValue {
  const { type, fields } = property;
  if (fields && Array.isArray(next)) {
    const before = type === "list" ? asList(old) : [];
    return next.map((value, place) => plannedValue({ type: "object", fields }, value, before[place]));
  }
  if (isObject(next)) {
    const before = isObject(old) ? old : {};
    if (fields) return planned(fields, next, before, ignored);
    const entry: Property = { ...property, type: "string" };
    const entries = Object.entries(next).map(([key, value]) => [key, plannedValue(entry, value, before[key])]);
    return Object.fromEntries(entries) as Properties;
  }
  return old !== undefined && (property.same ?? property.normal) && isSame(property, old, next) ? old : next;
}

/** The values of those properties that had one and are to have none: not nothing, but empty. */
export function emptied(schema: Schema, olds: Properties, plan: Properties): Properties {
  const names = Object.keys(schema).filter((name) => olds[name] !== undefined && !(name in plan));
  return Object.fromEntries(names.flatMap((name) => emptyValue(name, schema[name])));
}

function emptyValue(name: string, property: Property | undefined): [string, PropertyValue][] {
  const isInput = property && !property.unsupported && !property.createOnly;
  return isInput && property.type in zero ? [[name, zero[property.type as keyof typeof zero]]] : [];
}

/** The state that a plan leads to if nobody asks the server: values as the provider writes them, empty where unset. */
export function settled(schema: Schema, plan: Properties): Properties {
  const state: Properties = {};
  for (const [name, property] of Object.entries(schema)) {
    const value = plan[name];
    if (value !== undefined) state[name] = settledValue(property, value);
    else Object.assign(state, Object.fromEntries(emptyValue(name, property)));
  }
  return state;
}

function settledValue({ fields, normal }: Property, value: PropertyValue): PropertyValue {
  if (fields && Array.isArray(value)) return value.map((element) => settledValue({ type: "object", fields }, element));
  if (fields && isObject(value)) return settled(fields, value);
  return normal && typeof value === "string" ? normal(value) : value;
}

/** The state after a change: a map that was not asked for, and that the server has empty, is not there. */
export function withoutEmptyMaps(schema: Schema, plan: Properties, state: Properties): Properties {
  const isThere = ([name, value]: [string, PropertyValue]) => {
    const property = schema[name];
    return property?.type !== "map" || property.computed || name in plan || !isEmpty(value);
  };
  return Object.fromEntries(Object.entries(state).filter(isThere));
}

/** Wraps the values of secret properties. */
export function withSecrets(schema: Schema, properties: Properties): Properties {
  const wrap = (name: string, value: PropertyValue): PropertyValue => {
    const property = schema[name];
    if (property?.secret) return new Secret(value);
    return property?.fields && isObject(value) ? withSecrets(property.fields, value) : value;
  };
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, wrap(name, value)]));
}

/** The properties with all sets sorted, as Terraform keeps them: the order of a server or a program is no difference. */
export function withSortedSets(schema: Schema, properties: Properties): Properties {
  const sorted = ([name, value]: [string, PropertyValue]): [string, PropertyValue] => {
    const property = schema[name];
    return [name, property ? sortedValue(property, value) : value];
  };
  return Object.fromEntries(Object.entries(properties).map(sorted));
}

function sortedValue({ type, fields }: Property, value: PropertyValue): PropertyValue {
  if (fields && isObject(value)) return withSortedSets(fields, value);
  if (!Array.isArray(value)) return value;
  const elements = fields ? value.map((element) => sortedValue({ type: "object", fields }, element)) : value;
  if (type !== "set" || hasUnknown(value)) return elements;
  return elements.toSorted((a, b) => (identity(a) < identity(b) ? -1 : 1));
}

/** The inputs after a refresh: each one that was there, as the state now has it, sets in their old order. */
export function refreshedInputs(inputs: Properties, state: Properties): Properties {
  const refreshed: Properties = {};
  for (const [name, old] of Object.entries(inputs)) {
    const now = state[name];
    if (name === DEFAULTS) refreshed[name] = old;
    else if (Array.isArray(old) && Array.isArray(now)) refreshed[name] = inOrderOf(old, now);
    else if (isObject(old) && isObject(now) && DEFAULTS in old) refreshed[name] = refreshedInputs(old, now);
    else if (now !== undefined) refreshed[name] = now;
  }
  return refreshed;
}

/** What is in the list, in the order of an earlier one as far as it was in that. */
function inOrderOf(earlier: PropertyValue[], list: PropertyValue[]): PropertyValue[] {
  const places = new Map(earlier.map((element, place) => [identity(element), place]));
  const place = (element: PropertyValue) => places.get(identity(element)) ?? earlier.length;
  return list.toSorted((a, b) => place(a) - place(b));
}

/** The inputs of an imported resource: what its state says, but for defaults and empty values. */
export function importedInputs(schema: Schema, state: Properties): Properties {
  const inputs: Properties = { [DEFAULTS]: [] };
  for (const [name, property] of Object.entries(schema)) {
    const value = state[name];
    if (value === undefined || property.unsupported) continue;
    if (property.required || !(isEmpty(value) || value === property.default)) {
      inputs[name] = property.fields && isObject(value) ? importedInputs(property.fields, value) : value;
    }
  }
  return inputs;
}

/** A list value's elements; none if it is not a list. */
export function asList(value: PropertyValue | undefined): PropertyValue[] {
  return Array.isArray(value) ? value : [];
}
