import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A rule as far as its level goes. */
export interface Levelled {
  readonly name: string;
  readonly enforcementLevel?: string;
}

/** Rules that an environment may do without. */
const optional = ["viewers-without-notebooks", "storage-grants-expire", "size"];

/** What several rules are told, and must be told alike. */
const shared = ["userIdPrefix"];
const sharing = ["network-policies", "owner-unchanged", "viewers-without-notebooks"];

/**
 * What is wrong with the configurations in the pack's folder. A rule cannot look after itself: what a configuration
 * switches off is not asked. So the pack does not start beside a file that switches off what must hold.
 */
export function configurationProblems(folder: string, rules: readonly Levelled[]): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json") && file !== "package.json")
    .toSorted()
    .flatMap((file) =>
      problemsOf(readFileSync(join(folder, file), "utf8"), rules).map((problem) => `policy/${file}: ${problem}`),
    );
}

function problemsOf(text: string, rules: readonly Levelled[]): string[] {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return ["it is not JSON. Mend it."];
  }
  if (typeof config !== "object" || config === null || Array.isArray(config))
    return ["it is no object of rules. Mend it."];
  return [...Object.entries(config).flatMap(([name, given]) => levelProblems(name, given, rules)), ...unlike(config)];
}

function levelProblems(name: string, given: unknown, rules: readonly Levelled[]): string[] {
  if (name === "all") return ['"all" sets the level of every rule. Remove it.'];
  const rule = rules.find((one) => one.name === name);
  if (!rule) return [`${JSON.stringify(name)} is no rule of this pack. Correct the name, or remove it.`];
  const level = typeof given === "object" && given !== null ? valueOf(given, "enforcementLevel") : given;
  const own = rule.enforcementLevel ?? "mandatory";
  return optional.includes(name) || level === undefined || level === own
    ? []
    : [`${name} is ${JSON.stringify(level)}; allowed is ${JSON.stringify(own)}. Remove its level.`];
}

function unlike(config: object): string[] {
  return shared.flatMap((key) => {
    const found = sharing.map((rule) => [rule, valueOf(Reflect.get(config, rule), key)] as const);
    const values = new Set(found.filter(([rule]) => !isOff(Reflect.get(config, rule))).map(([, value]) => value));
    return values.size <= 1 ? [] : [`${sharing.join(", ")} have different values of ${key}. Write the same in each.`];
  });
}

function valueOf(given: unknown, key: string): unknown {
  return typeof given === "object" && given !== null ? (Reflect.get(given, key) as unknown) : undefined;
}

const isOff = (given: unknown) => given === "disabled" || valueOf(given, "enforcementLevel") === "disabled";
