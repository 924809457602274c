/** How the properties of a resource are described, and what follows from the description alone. */
import { hasUnknown, isObject, type Properties, type PropertyValue, Secret, UNKNOWN } from "../plugin.ts";

/** One input property of a resource. */
export interface Property {
  type: "string" | "boolean" | "number" | "set" | "map" | "object";
  /** The properties of an `object`. */
  fields?: Schema;
  required?: true;
  default?: boolean | string;
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
  /** Whether two values (of a map: two entries) mean the same. */
  same?: (left: string, right: string) => boolean;
  /** What is wrong with a known value, if anything. */
  problem?: (value: string) => string | undefined;
}

/** The input properties of a resource, by name. */
export type Schema = Readonly<Record<string, Property>>;

/** Names that were filled in and not given are listed under this key of the inputs, as the Terraform bridge does it. */
export const DEFAULTS = "__defaults";

/** Neither there nor worth mentioning: Terraform does not tell these values from one that is not set. */
export function isEmpty(value: PropertyValue | undefined): boolean {
  if (value === UNKNOWN) return false;
  return !value || (Array.isArray(value) ? value.length === 0 : isObject(value) && entriesOf(value).length === 0);
}

/** The entries of an object or a map, without the bridge's own keys. */
export function entriesOf(value: Properties): [string, PropertyValue][] {
  return Object.entries(value).filter(([key]) => !key.startsWith("__"));
}

/** What the resource is to become: its inputs, and the old value where a computed or ignored property has none. */
export function planned(
  schema: Schema,
  news: Properties,
  olds: Properties,
  ignored: readonly string[] = [],
): Properties {
  const plan: Properties = {};
  for (const [name, property] of Object.entries(schema)) {
    const keepsOld = property.createOnly ?? ignored.includes(name);
    const value = keepsOld ? olds[name] : (news[name] ?? (property.computed && olds[name]));
    if (value !== undefined) plan[name] = withoutDefaults(property, value);
  }
  return plan;
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

/** The state with its sets in the order of an earlier state, so that a server's order is never a difference. */
export function inOrderOf(earlier: Properties, schema: Schema, state: Properties): Properties {
  const sorted = (name: string, value: PropertyValue): PropertyValue => {
    if (schema[name]?.type !== "set" || !Array.isArray(value) || hasUnknown(value)) return value;
    const before = asList(earlier[name]).filter((element) => value.includes(element));
    const added = value.filter((element) => !before.includes(element));
    return [...before, ...added.map(String).sort()];
  };
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, sorted(name, value)]));
}

/** The inputs after a refresh: each one that was there, as the state now has it. */
export function refreshedInputs(inputs: Properties, state: Properties): Properties {
  const refreshed: Properties = {};
  for (const [name, old] of Object.entries(inputs)) {
    const now = state[name];
    if (name === DEFAULTS) refreshed[name] = old;
    else if (isObject(old) && isObject(now) && DEFAULTS in old) refreshed[name] = refreshedInputs(old, now);
    else if (now !== undefined) refreshed[name] = now;
  }
  return refreshed;
}

/** The inputs of an imported resource: what its state says, but for defaults and empty values. */
export function importedInputs(schema: Schema, state: Properties): Properties {
  const inputs: Properties = { [DEFAULTS]: [] };
  for (const [name, property] of Object.entries(schema)) {
    const value = state[name];
    if (value === undefined) continue;
    if (property.required || !(isEmpty(value) || value === property.default)) inputs[name] = value;
  }
  return inputs;
}

/** A list value's elements; none if it is not a list. */
export function asList(value: PropertyValue | undefined): PropertyValue[] {
  return Array.isArray(value) ? value : [];
}

function withoutDefaults(property: Property, value: PropertyValue): PropertyValue {
  return property.fields && isObject(value) ? Object.fromEntries(entriesOf(value)) : value;
}
