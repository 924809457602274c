/** Stands for a value that only the update will know. */
export const unknown = Symbol("known only after the update");

/**
 * A copy of what a policy is handed. There, to look at a value that only the update will know throws, and with it ends
 * the whole rule with a mere remark; in the copy `unknown` stands for it, so that each rule says itself what it means.
 */
export function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(value, index));
  return Object.fromEntries(Object.keys(value).map((key) => [key, read(value, key)]));
}

function read(container: object, key: string | number): unknown {
  let value: unknown;
  try {
    value = Reflect.get(container, key) as unknown;
  } catch {
    return unknown;
  }
  return plain(value);
}

/** What stands at a path; `unknown` where something on the way is, undefined where there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (found === unknown) return unknown;
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}

/** The text at a path, or undefined where there is something else. */
export function text(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** The list at a path, or undefined where there is something else. */
export function list(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] | undefined {
  const found = at(value, ...path);
  return Array.isArray(found) ? (found as unknown[]) : undefined;
}

/**
 * How many entries the list at a path has, 0 where there is something else. Undefined in a preview that cannot know:
 * a provider does not tell how many there will be while it does not know each.
 */
export function count(value: unknown, ...path: readonly (string | number)[]): number | undefined {
  return at(value, ...path) === unknown ? undefined : (list(value, ...path)?.length ?? 0);
}

/** The texts in the list at a path; empty where there is none. */
export function texts(value: unknown, ...path: readonly (string | number)[]): string[] {
  return (list(value, ...path) ?? []).filter((entry) => typeof entry === "string");
}

/** The entries of the object at a path; empty where there is none. */
export function entries(value: unknown, ...path: readonly (string | number)[]): [string, unknown][] {
  const found = at(value, ...path);
  return typeof found === "object" && found !== null && !Array.isArray(found) ? Object.entries(found) : [];
}

/** A value in a message. Not for what may be a secret. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === unknown) return "a value known only after the update";
  const json = JSON.stringify(value, (_, inner: unknown) => (inner === unknown ? "(known after the update)" : inner));
  return json.length > 120 ? `${json.slice(0, 120)}…` : json;
}

/** A finding where the value at a path is not the one allowed; none where it is. */
export function expectValue(value: unknown, path: readonly (string | number)[], allowed: readonly unknown[]): string[] {
  const found = at(value, ...path);
  if (allowed.some((one) => one === found || (isPlainData(one) && JSON.stringify(one) === JSON.stringify(found)))) {
    return [];
  }
  return [`${path.join(".")} is ${shown(found)}; allowed is ${allowed.map(shown).join(" or ")}`];
}

function isPlainData(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Findings for keys of the object at a path that are not among the allowed ones. */
export function expectKeys(value: unknown, path: readonly (string | number)[], allowed: readonly string[]): string[] {
  return entries(value, ...path)
    .map(([key]) => key)
    .filter((key) => !allowed.includes(key) && !key.startsWith("__"))
    .map((key) => `${[...path, key].join(".")} is set; allowed are ${allowed.join(", ")}`);
}
