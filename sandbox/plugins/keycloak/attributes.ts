/** Keycloak's attributes have lists of values; in Pulumi they are strings, the values joined. */
const SEPARATOR = "##";

/** Attributes as Keycloak wants them. */
export function toServer(attributes: Readonly<Record<string, string>> = {}): Record<string, string[]> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value.split(SEPARATOR)]));
}

/** Attributes as Pulumi has them. */
export function fromServer(attributes: Readonly<Record<string, string[]>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, values.join(SEPARATOR)]));
}

/** Whether two attributes have the same values, in any order. */
export function sameValues(left: string, right: string): boolean {
  const sorted = (value: string) => value.split(SEPARATOR).sort().join(SEPARATOR);
  return sorted(left) === sorted(right);
}
