import { at, list, shown, texts } from "../reading.ts";
import { type Finding, resourceRule, stackRule } from "../rule.ts";
import { isNarrowPath, isPlatformPath } from "../seeds.ts";
import { component, stash } from "../types.ts";
import { ledgerOf } from "./ledger.ts";

const platformPathsSchema = {
  type: "array",
  items: { type: "string" },
  description: "Further paths that are the platform's own.",
} as const;

/** Below an exempted path nobody is asked for a login, so it must be the application's alone. */
export const applicationPaths = resourceRule(
  {
    name: "application-paths",
    description: "An application's paths are below a first segment of its own, and wild only at the end.",
    severity: "critical",
    remedy: "Choose narrower paths in the application's file.",
    types: [component.application, stash],
    config: {
      schema: { properties: { platformPaths: platformPathsSchema } },
      defaults: { platformPaths: [] as readonly string[] },
    },
  },
  ({ type, props }, config) =>
    (list(props, ...(type === stash ? ["input", "exempted"] : ["paths"])) ?? [])
      .filter((path) => typeof path !== "string" || !isNarrowPath(path) || isPlatforms(path, config.platformPaths))
      .map((path) => `it exempts ${shown(path)}, which is wide or the platform's own`),
);

function isPlatforms(path: string, own: readonly string[]): boolean {
  const folded = `${path.toLowerCase()}/`;
  return isPlatformPath(path) || own.some((one) => folded.startsWith(`${one.toLowerCase()}/`));
}

/**
 * The two policies of seed 004 are no resources, because others write them too: the program writes one list of the
 * state to both, and `access drift` compares them on the platform. Here that list is held against the ledger, by which
 * a path is closed again.
 */
export const gatewayInStep = stackRule(
  {
    name: "gateway-in-step",
    description: "What is written to the gateway's two policies is what the ledger says is open.",
    severity: "critical",
    remedy: "Change the application's paths in its file; both policies and the ledger follow.",
    config: {
      schema: {
        properties: { written: { type: "boolean", description: "Whether this stack writes the gateway's policies." } },
      },
      defaults: { written: true },
    },
  },
  (resources, { written }): Finding[] => {
    const ledger = ledgerOf(resources);
    if (!ledger) return [];
    const open = texts(ledger.props, "input", "exempted").toSorted();
    const part = resources.find(({ type, name }) => type === stash && name === "gateway-exemptions");
    if (!part) {
      const unwritten = written && open.length > 0;
      return unwritten
        ? [{ of: ledger, what: `it says ${shown(open)} is open, and nothing writes that to the gateway` }]
        : [];
    }
    const found = at(part.props, "input", "exempted");
    return shown(Array.isArray(found) ? found.toSorted() : found) === shown(open)
      ? []
      : [{ of: part, what: `it opens ${shown(found)}, and the ledger says ${shown(open)}` }];
  },
);
