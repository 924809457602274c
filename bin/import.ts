import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "../access/diagnostic.ts";
import { type Imported, importState as filesOf, ImportRefused } from "../access/importState.ts";
import type { Remark } from "../access/import/remarks.ts";
import { platformSchema } from "../access/schema.ts";
import { masterAdministrators } from "../live/masterAdministrators.ts";
import { readSnapshot } from "../live/snapshot.ts";
import { type Planes, reading, SurveyError } from "../live/survey.ts";
import { folderOf, print, printJson, say } from "./options.ts";
import { planesFromEnvironment } from "./planes.ts";
import { keycloakFromEnvironment, MissingSettings } from "./resetCredentials.ts";

/**
 * Writes the desired state of an existing platform into `stacks/<stack>`. Reads the platform and changes nothing.
 *
 * @returns the exit code: 0 written and complete, 1 nothing written or something left out, 2 settings are missing,
 *   3 a plane cannot be reached
 * @throws {RangeError} when called wrongly
 */
export async function importState(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      stack: { type: "string" },
      realm: { type: "string", default: "prokube" },
      owner: { type: "string" },
      domain: { type: "string" },
      "master-admins": { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { stack, realm, owner, json } = values;
  if (stack === undefined) throw new RangeError("import needs --stack <name>: the folder in stacks/ that it fills");
  if (!/^[a-z0-9][a-z0-9_.-]*$/.test(stack))
    throw new RangeError(`--stack is ${JSON.stringify(stack)}, which is no name`);
  const folder = folderOf(stack);
  try {
    const planes = planesFromEnvironment(realm);
    const domain = values.domain ?? domainOf(keycloakFromEnvironment().url);
    if (domain === undefined) throw new RangeError("write --domain <the DNS name under which the platform is reached>");
    const masterAdmins = values["master-admins"]?.split(",") ?? (await administrators(planes));
    const settings = platformSchema.safeParse({ domain, realm, masterAdmins, ...(owner !== undefined && { owner }) });
    if (!settings.success) {
      throw new RangeError(
        settings.error.issues.map(({ path, message }) => `--${path.join(".")}: ${message}`).join("; "),
      );
    }
    const snapshot = await readSnapshot(planes);
    const imported = filesOf(snapshot, { stack, realm, domain, masterAdmins, owner });
    const inTheWay = [...imported.files.keys()].map((path) => join(folder, path)).filter((path) => existsSync(path));
    if (inTheWay.length > 0) {
      say(
        `${inTheWay.join(", ")}: there already, and nothing is overwritten. Remove the folder or name another stack. Nothing was written.`,
      );
      return 1;
    }
    for (const [path, text] of imported.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text, { flag: "wx" });
    }
    const notes = (await reading("Keycloak", planes.keycloak.dropsAttributes())) ? [dropsAttributes(realm)] : [];
    if (json) printJson(report(stack, imported, notes));
    else print(inText(stack, imported, notes));
    return imported.leftOut.length + imported.less.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof ImportRefused || error instanceof InputError) {
      say(`${error.message}\nNothing was written.`);
      return 1;
    }
    if (!(error instanceof MissingSettings) && !(error instanceof SurveyError)) throw error;
    say(error.message);
    return error instanceof MissingSettings ? 2 : 3;
  }
}

/** The platform's name, where Keycloak is reached under it; an address of numbers is none. */
function domainOf(url: string): string | undefined {
  const host = URL.parse(url)?.hostname ?? "";
  return /[a-z]/.test(host) && host.includes(".") ? host : undefined;
}

async function administrators({ keycloak }: Planes): Promise<string[]> {
  const found = await reading("Keycloak", masterAdministrators(await reading("Keycloak", keycloak.client())));
  if (found && (found.length === 2 || found.length === 3)) return found;
  const seen = found ? `it has ${found.length} (${found.join(", ")})` : "this account may not look there";
  throw new RangeError(
    `write --master-admins <a>,<b>: two or three administrators of Keycloak's master realm; ${seen}`,
  );
}

function dropsAttributes(realm: string): string {
  return `Realm "${realm}" drops the attributes that say who manages an account, and the preview will refuse it: in Keycloak, Realm settings, General, Unmanaged attributes: "Only administrators can write".`;
}

function report(stack: string, { files, leftOut, less, beside, arrivals }: Imported, notes: readonly string[]) {
  return { stack, files: [...files.keys()], leftOut, less, beside, arrivals, notes };
}

function inText(stack: string, { files, leftOut, less, beside, arrivals }: Imported, notes: readonly string[]): string {
  return [
    `stacks/${stack}: ${files.size} files`,
    ...[...files.keys()].map((path) => `  ${path}`),
    ...chapter("Left out; it stays as it is, and nobody will manage it:", leftOut),
    ...chapter("Less in the files than on the platform; whoever has it keeps it:", less),
    ...chapter("Beside what the program will make, and giving access after a file no longer does:", beside),
    ...chapter("Comes new with the first update:", arrivals),
    "",
    "Next:",
    ...notes.map((note) => `  ${note}`),
    `  Look at platform.yaml: objectStore, gateway and expiry (expires:) are on no plane.`,
    `  node bin/access.ts matrix --stack ${stack}`,
    `  pulumi stack init ${stack}; pulumi preview --stack ${stack}; pulumi up --stack ${stack} --refresh --run-program`,
    "  Then remove adopt: true everywhere. Workspaces have new S3 keys; the old ones go on until somebody deletes them.",
  ].join("\n");
}

function chapter(title: string, remarks: readonly Remark[]): string[] {
  return remarks.length === 0 ? [] : ["", title, ...remarks.map(({ about, why }) => `  ${about}: ${why}`)];
}
