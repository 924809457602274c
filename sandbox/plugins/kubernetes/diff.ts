import type { Change } from "../bridged/diff.ts";
import { isObject, type Properties, type PropertyValue, UNKNOWN } from "../plugin.ts";
import type { Kind } from "./kinds.ts";
import { type Checkpoint, metadataText, metadataValue, withMetadata } from "./object.ts";

/**
 * What an update would change: the live object, cut to the shape of what was asked for before, against what is asked
 * for now. So a field that others added is not seen, as upstream (pulumi/pulumi-kubernetes#3262).
 */
export function changesOf(kind: Kind, old: Checkpoint, news: Properties, replacedBy: readonly string[]): Change[] {
  const before = prune(old.live, old.inputs);
  const [was, will] = kind.namespaced ? [withNamespace(before), withNamespace(news)] : [before, news];
  return compare("", was, will)
    .filter(({ path, values }) => !holdsQuantities(kind, path) || !isSameQuantity(...values))
    .map(({ path, kind: change }) => ({
      path,
      kind: change,
      replaces: ["metadata.name", "metadata.namespace", ...replacedBy].some((start) => isWithin(path, start)),
    }));
}

/** Whether a path is another one or leads further into it. */
export function isWithin(path: string, start: string): boolean {
  return path === start || path.startsWith(`${start}.`) || path.startsWith(`${start}[`);
}

function withNamespace(object: Properties): Properties {
  const isUnknown = metadataValue(object, "namespace") === UNKNOWN;
  return isUnknown ? object : withMetadata(object, { namespace: metadataText(object, "namespace") ?? "default" });
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

interface Found extends Omit<Change, "replaces"> {
  readonly values: readonly [before: Part, after: Part];
}

type Part = PropertyValue | undefined;

function compare(path: string, before: Part, after: Part): Found[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => compare(join(path, key), before[key], after[key]));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => compare(`${path}[${index}]`, before[index], after[index])).flat();
  }
  if (before === after) return [];
  const kind = isAbsent(before) ? "add" : isAbsent(after) ? "delete" : "update";
  return isAbsent(before) && isAbsent(after) ? [] : [{ path, kind, values: [before, after] }];
}

function isAbsent(value: Part): boolean {
  return value === undefined || value === null;
}

function holdsQuantities({ quantitiesIn }: Kind, path: string): boolean {
  return quantitiesIn !== undefined && isWithin(path, quantitiesIn);
}

/** The server writes quantities in its own way: `0.1` becomes `100m`. */
function isSameQuantity(before: Part, after: Part): boolean {
  const [was, will] = [quantity(before), quantity(after)];
  return was !== undefined && was === will;
}

const units = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binaryUnits = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

function quantity(value: Part): number | undefined {
  if (typeof value === "number") return value;
  const parts = typeof value === "string" ? /^(\d*\.?\d+)([numkMGTPE]|[KMGTPE]i)?$/.exec(value) : null;
  if (!parts) return undefined;
  const [, amount, unit = ""] = parts;
  if (unit.endsWith("i")) return Number(amount) * 1024 ** binaryUnits.indexOf(unit);
  const exponent = units.indexOf(unit) - units.indexOf("");
  // Dividing rounds 700m as 0.7 is rounded; multiplying by 0.001 does not.
  return exponent < 0 ? Number(amount) / 1000 ** -exponent : Number(amount) * 1000 ** exponent;
}

function join(path: string, key: string): string {
  if (/[.[\]"]/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
