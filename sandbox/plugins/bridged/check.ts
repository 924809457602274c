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

/** The inputs completed, and everything that is wrong with them. */
export function check(schema: Schema, news: Properties, subject: Subject): { inputs: Properties; failures: Failure[] } {
  const given = withoutDefaults(news);
  return {
    inputs: completed(schema, given, (name) => autoName(name, subject)),
    failures: failuresIn(schema, given, ""),
  };
}

/** What was given: ignored changes bring back the old inputs, with the note of what had been filled in. */
function withoutDefaults(news: Properties): Properties {
  const given = Object.entries(news).filter(([name, value]) => value !== null && name !== DEFAULTS);
  return Object.fromEntries(given.map(([name, value]) => [name, isObject(value) ? withoutDefaults(value) : value]));
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
  if (property.fields && isObject(value)) return failuresIn(property.fields, value, `${path}.`);
  const problem = typeof value === "string" ? property.problem?.(value) : undefined;
  return problem === undefined ? [] : fail(problem);
}

function hasType({ type }: Property, value: PropertyValue): boolean {
  const isText = (element: PropertyValue) => typeof element === "string" || element === UNKNOWN;
  switch (type) {
    case "set":
      return Array.isArray(value) && value.every(isText);
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
    } else if (property.fields && isObject(value)) {
      inputs[name] = completed(property.fields, value, nameOf);
    }
  }
  return { ...inputs, [DEFAULTS]: defaulted.sort() };
}

function autoName(property: string, { name, seed, olds }: Subject): string {
  const old = olds[property];
  const defaulted = olds[DEFAULTS];
  if (typeof old === "string" && Array.isArray(defaulted) && defaulted.includes(property)) return old;
  return `${name}-${createHash("sha256").update(seed).digest("hex").slice(0, 7)}`;
}
