import type { Change } from "../bridged/diff.ts";
import { isObject, type Properties, type PropertyValue, UNKNOWN } from "../plugin.ts";
import type { Kind } from "./kinds.ts";
import { type Checkpoint, metadataText, withEncodedStrings, withMetadata } from "./object.ts";

/**
 * What an update would change: the live object, cut to the shape of what was asked for before, against what is asked
 * for now. So a field that others added is not seen, as upstream (pulumi/pulumi-kubernetes#3262).
 */
export function changesOf(
  kind: Kind,
  { live, inputs: old }: Checkpoint,
  news: Properties,
  replacedBy: readonly string[],
): Change[] {
  const before = prune(withEncodedStrings(live), withEncodedStrings(old));
  const after = withEncodedStrings(news);
  const [was, will] = kind.namespaced ? [withNamespace(before, live), withNamespace(after, after)] : [before, after];
  return compare("", was, will).map((change) => ({
    ...change,
    replaces: ["metadata.name", "metadata.namespace", ...replacedBy].some(
      (path) => change.path === path || change.path.startsWith(`${path}.`) || change.path.startsWith(`${path}[`),
    ),
  }));
}

function withNamespace(object: Properties, source: Properties): Properties {
  return withMetadata(object, { namespace: metadataText(source, "namespace") ?? "default" });
}

/** The parts of a live value that the shape has too; lists are cut by position. */
export function prune(live: Properties, shape: Properties): Properties {
  const kept = Object.entries(shape).filter(([key]) => key in live);
  return Object.fromEntries(kept.map(([key, part]) => [key, pruneValue(live[key] ?? null, part)]));
}

function pruneValue(live: PropertyValue, shape: PropertyValue): PropertyValue {
  if (isObject(live) && isObject(shape)) return prune(live, shape);
  if (Array.isArray(live) && Array.isArray(shape)) {
    return live.slice(0, shape.length).map((entry, index) => pruneValue(entry, shape[index] ?? null));
  }
  return live;
}

type Found = Omit<Change, "replaces">;

function compare(path: string, before: PropertyValue | undefined, after: PropertyValue | undefined): Found[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => compare(join(path, key), before[key], after[key]));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => compare(`${path}[${index}]`, before[index], after[index])).flat();
  }
  if (isAbsent(before) && isAbsent(after)) return [];
  if (isAbsent(before)) return [{ path, kind: "add" }];
  if (isAbsent(after)) return [{ path, kind: "delete" }];
  return same(before, after) ? [] : [{ path, kind: "update" }];
}

/** The server leaves out what is empty. */
function isAbsent(value: PropertyValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

function same(before: PropertyValue | undefined, after: PropertyValue | undefined): boolean {
  if (after === UNKNOWN) return false;
  return before === after || sameQuantity(before, after);
}

/** The server writes quantities in its own way: `0.1` becomes `100m`. */
function sameQuantity(before: PropertyValue | undefined, after: PropertyValue | undefined): boolean {
  const [was, will] = [quantity(before), quantity(after)];
  return was !== undefined && was === will;
}

const units = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binaryUnits = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

function quantity(value: PropertyValue | undefined): number | undefined {
  if (typeof value === "number") return value;
  const parts = typeof value === "string" ? /^(\d*\.?\d+)([numkMGTPE]?i?)$/.exec(value) : null;
  const [, amount = "", unit = ""] = parts ?? [];
  const scale = unit.endsWith("i")
    ? 1024 ** binaryUnits.indexOf(unit)
    : 1000 ** (units.indexOf(unit) - units.indexOf(""));
  return parts ? Number(amount) * scale : undefined;
}

function join(path: string, key: string): string {
  if (/[.[\]"]/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
