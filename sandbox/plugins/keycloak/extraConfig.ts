/** Settings beyond those that a resource has properties of its own for. */
import type { Rule } from "../bridged/check.ts";
import { isObject } from "../plugin.ts";

export type ExtraConfig = Readonly<Record<string, string>>;

/** The settings as Keycloak wants them: it removes those that are sent empty. */
export function toServer(wanted: ExtraConfig = {}, before: ExtraConfig = {}): Record<string, string> {
  const removed = Object.keys(before).filter((key) => !(key in wanted));
  return { ...wanted, ...Object.fromEntries(removed.map((key) => [key, ""])) };
}

/** Of what Keycloak has, the settings that were asked for: others are neither seen nor touched. */
export function fromServer(
  wanted: ExtraConfig = {},
  found: Readonly<Record<string, unknown>> = {},
): Record<string, string> {
  const kept = Object.keys(wanted).filter((key) => found[key] !== undefined && found[key] !== "");
  return Object.fromEntries(kept.map((key) => [key, String(found[key])]));
}

/** What has a property of its own cannot be set here. */
export function withoutKeys(reserved: readonly string[]): Rule {
  return ({ extraConfig }) =>
    Object.keys(isObject(extraConfig) ? extraConfig : {})
      .filter((key) => reserved.includes(key))
      .map((key) => ({
        property: "extraConfig",
        reason: `extra_config key "${key}" is not allowed, as it conflicts with a top-level schema attribute`,
      }));
}
