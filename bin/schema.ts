import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { jsonSchemas } from "../access/schema.ts";
import { checkOptions, exactly, printJson, say } from "./options.ts";

const schemaFolder = join("stacks", "schema");

/** Writes the editors' JSON Schemas or, with --check, tells which are out of date. */
export function schema(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: checkOptions,
  });
  exactly(positionals);
  const stale = schemaFiles().flatMap(([path, text]) =>
    existsSync(path) && readFileSync(path, "utf8") === text ? [] : [path],
  );
  if (values.json) printJson({ stale, written: !values.check });
  if (!values.check) {
    mkdirSync(schemaFolder, { recursive: true });
    for (const [path, text] of schemaFiles()) writeFileSync(path, text);
    return 0;
  }
  if (!values.json) for (const path of stale) say(`${path} is out of date; run: access schema`);
  return stale.length === 0 ? 0 : 1;
}

function schemaFiles(): [path: string, text: string][] {
  return Object.entries(jsonSchemas()).map(([kind, schema]) => [
    join(schemaFolder, `${kind}.json`),
    `${JSON.stringify(schema, null, 2)}\n`,
  ]);
}
