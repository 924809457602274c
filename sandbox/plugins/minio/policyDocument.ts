/** Whether two policy documents say the same, however they are written: order, spaces, one string or a list of one. */
export function equivalent(left: string, right: string): boolean {
  try {
    return normal(JSON.parse(left)) === normal(JSON.parse(right));
  } catch {
    return left === right;
  }
}

function normal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(normal).sort().join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}:${inList(entry)}`);
  return `{${entries.sort().join()}}`;
}

/** One statement, action or resource is the same as a list with it alone. */
function inList(value: unknown): string {
  return normal(Array.isArray(value) ? value : [value]);
}
