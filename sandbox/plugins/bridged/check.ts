/** Validates the inputs of a resource and fills in what was left out. */
import { createHash } from "node:crypto";
import { isObject, type Properties, type PropertyValue, reveal, UNKNOWN } from "../plugin.ts";
import { DEFAULTS, type Property, type Schema } from "./schema.ts";

/** A property that is not as it must be. */
export interface Failure {
  property: string;
  reason: string;
}

/** The resource that is checked. */
export interface Subject {
  name: string;
  seed: Uint8Array;
  /** The inputs of the last run, empty at first. */
  olds: Properties;
}

/** What is wrong with given properties taken together. */
export type Rule = (given: Properties) => Failure[];

/** The inputs completed, and everything that is wrong with them. */
export function check(
  schema: Schema,
  news: Properties,
  subject: Subject,
  rules: readonly Rule[] = [],
): { inputs: Properties; failures: Failure[] } {
  const given = withoutDefaults(news);
  return {
    inputs: completed(schema, given, (name) => autoName(name, subject)),
    failures: [...failuresIn(schema, given, ""), ...rules.flatMap((rule) => rule(given))],
  };
}

/** Exactly one of these properties has to be given. */
export function exactlyOneOf(...names: string[]): Rule {
  const list = names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)).join(",");
  return (given) => {
    const set = names.filter((name) => name in given);
    if (set.length === 1) return [];
    const reason =
      set.length === 0 ? `one of \`${list}\` must be specified` : `only one of \`${list}\` can be specified`;
    return [{ property: set[0] ?? names[0] ?? "", reason }];
  };
}

/** At most one of these properties can be given. */
export function conflicting(...names: string[]): Rule {
  const rule = exactlyOneOf(...names);
  return (given) => (names.some((name) => name in given) ? rule(given) : []);
}

/** A value has to be one of these. */
export function oneOf(...allowed: string[]): (value: string) => string | undefined {
  return (value) => (allowed.includes(value) ? undefined : `expected one of ${JSON.stringify(allowed)}, got ${value}`);
}

/** What was given: ignored changes bring back the old inputs, with the note of what had been filled in. */
function withoutDefaults(news: Properties): Properties {
  const given = Object.entries(news).filter(([name, value]) => value !== null && name !== DEFAULTS);
  return Object.fromEntries(given.map(([name, value]) => [name, valueWithoutDefaults(value)]));
}

function valueWithoutDefaults(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map(valueWithoutDefaults);
  return isObject(value) ? withoutDefaults(value) : value;
}

function failuresIn(schema: Schema, given: Properties, path: string): Failure[] {
  const missing = Object.entries(schema)
    .filter(([name, property]) => property.required && !(name in given))
    .map(([name]) => ({ property: path + name, reason: `Missing required property '${path}${name}'` }));
  const wrong = Object.entries(given).flatMap(([name, value]) => {
    const property = schema[name];
    if (property) return failuresOf(property, path + name, value);
    return [{ property: path + name, reason: `Unknown property '${path}${name}': allowed are ${allowed(schema)}` }];
  });
  return [...missing, ...wrong];
}

function allowed(schema: Schema): string {
  return Object.keys(schema).sort().join(", ");
}

function failuresOf(property: Property, path: string, secret: PropertyValue): Failure[] {
  const value = reveal(secret);
  if (value === UNKNOWN) return [];
  const fail = (reason: string) => [{ property: path, reason }];
  if (property.unsupported) return fail(`Property '${path}' is not supported by this stand-in for the official plugin`);
  if (!hasType(property, value)) return fail(`Property '${path}' must be a ${property.type}`);
  const { fields } = property;
  if (fields && isObject(value)) return failuresIn(fields, value, `${path}.`);
  if (fields && Array.isArray(value)) {
    return value.flatMap((element, place) => failuresOf({ type: "object", fields }, `${path}[${place}]`, element));
  }
  const isPlain = typeof value === "string" || typeof value === "number";
  const problem = isPlain ? property.problem?.(String(value)) : undefined;
  return problem === undefined ? [] : fail(problem);
}

function hasType({ type, fields }: Property, value: PropertyValue): boolean {
  const isText = (element: PropertyValue) => typeof element === "string" || element === UNKNOWN;
  switch (type) {
    case "set":
    case "list":
      return Array.isArray(value) && (fields !== undefined || value.every(isText));
    case "map":
      return isObject(value) && Object.values(value).every(isText);
    case "object":
      return isObject(value);
    case "string":
    case "boolean":
    case "number":
      return typeof value === type;
  }
}

function completed(schema: Schema, given: Properties, nameOf: (property: string) => string): Properties {
  const inputs: Properties = { ...given };
  const defaulted: string[] = [];
  for (const [name, property] of Object.entries(schema)) {
    const value = given[name];
    const fallback = property.autoName ? nameOf(name) : property.default;
    if (value === undefined && fallback !== undefined) {
      inputs[name] = fallback;
      defaulted.push(name);
    } else if (property.fields && value !== undefined) {
      inputs[name] = completedValue(property.fields, value, nameOf);
    }
  }
  return { ...inputs, [DEFAULTS]: defaulted.sort() };
}

function completedValue(fields: Schema, value: PropertyValue, nameOf: (property: string) => string): PropertyValue {
  if (Array.isArray(value)) return value.map((element) => completedValue(fields, element, nameOf));
  return isObject(value) ? completed(fields, value, nameOf) : value;
}

function autoName(property: string, { name, seed, olds }: Subject): string {
  const old = olds[property];
  const defaulted = olds[DEFAULTS];
  if (typeof old === "string" && Array.isArray(defaulted) && defaulted.includes(property)) return old;
  return `${name}-${createHash("sha256").update(seed).digest("hex").slice(0, 7)}`;
}
