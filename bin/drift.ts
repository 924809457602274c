import { parseArgs } from "node:util";
import { formatLocation, visible } from "../access/diagnostic.ts";
import { type Difference, differenceClasses, drift as differencesOf } from "../access/drift.ts";
import { beforeAll } from "../access/fields.ts";
import { resolve } from "../access/resolve.ts";
import type { Snapshot } from "../access/snapshot.ts";
import { readActs } from "../live/snapshot/acts.ts";
import { readSnapshot } from "../live/snapshot.ts";
import { type Planes, reading, SurveyError } from "../live/survey.ts";
import { dayOf, print, readState, stateOptions } from "./options.ts";
import { planesFromEnvironment } from "./planes.ts";
import { MissingSettings } from "./resetCredentials.ts";

/**
 * Says what is otherwise on the platform than the desired state has it: extra access first, then missing access, then
 * what changes nobody's access. Reads the platform and changes nothing.
 *
 * @returns the exit code: 0 in sync, 1 differences, 2 wrong usage or missing settings, 3 a plane cannot be reached
 * @throws {InputError} when the desired state cannot be read
 */
export async function drift(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: stateOptions });
  const { stack, json } = values;
  const date = dayOf(values);
  const { desired, plan: written } = readState(values);
  try {
    const planes = planesFromEnvironment(written.platform.realm);
    const [snapshot, seen] = await Promise.all([
      readSnapshot(planes),
      reading("Keycloak", planes.keycloak.seen(written)),
    ]);
    const [plan, ever] = [resolve(desired, date, seen), resolve(desired, beforeAll, seen)];
    const told = (found: Snapshot) => differencesOf(plan, found, stack, ever);
    const differences = await withActors(planes, written.platform.realm, snapshot, told);
    print(json ? asJson({ stack, date, differences }) : asText(stack, differences));
    return differences.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof MissingSettings) && !(error instanceof SurveyError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error instanceof MissingSettings ? 2 : 3;
  }
}

/** Who did it is asked only where there is something to tell. */
async function withActors(
  { keycloak }: Planes,
  realm: string,
  snapshot: Snapshot,
  told: (snapshot: Snapshot) => Difference[],
): Promise<Difference[]> {
  const differences = told(snapshot);
  if (differences.every(({ plane }) => plane !== "identity")) return differences;
  const acts = await reading("Keycloak", readActs(keycloak, realm));
  return told({ ...snapshot, realm: { ...snapshot.realm, acts } });
}

function asText(stack: string, differences: readonly Difference[]): string {
  if (differences.length === 0) return `stack ${stack} is in sync with the platform`;
  const grouped = differenceClasses.flatMap((name) => {
    const own = differences.filter((one) => one.class === name);
    return own.length === 0 ? [] : [`${name} (${own.length})`, ...own.flatMap(linesOf), ""];
  });
  const counts = differenceClasses.map((name) => {
    const count = differences.filter((one) => one.class === name).length;
    return `${count} ${name}`;
  });
  return [...grouped, `${differences.length} differences: ${counts.join(", ")}`].join("\n");
}

function linesOf({ plane, what, where, madeBy, remedy }: Difference): string[] {
  return [
    `  ${plane}: ${visible(what)}`,
    ...(where ? [`    at ${visible(formatLocation(where))}`] : []),
    ...(madeBy === undefined ? [] : [`    by ${visible(madeBy)}`]),
    `    ${visible(remedy)}`,
  ];
}

/** JSON that says the same with nothing in it that a terminal acts on. */
function asJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === "\n"
      ? character
      : Array.from(
          { length: character.length },
          (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
        ).join(""),
  );
}
