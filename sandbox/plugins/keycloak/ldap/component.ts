/** Directories and their mappers are components: settings by name, each a list with one text. */
import type ComponentRepresentation from "@keycloak/keycloak-admin-client/lib/defs/componentRepresentation.js";

/** The settings of a component. One that is sent empty is removed; one that is not sent stays. */
export type Config = Record<string, string | undefined>;

/** The settings as Keycloak wants them. */
export function toServer(config: Config): Record<string, string[]> {
  const entries = Object.entries(config).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, value === "" ? [] : [value]]));
}

/** The settings that there are. */
export function fromServer({ config = {} }: ComponentRepresentation): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(config).map(([name, values]) => [name, values[0] ?? ""]));
}
