import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { jsonSchemas } from "../access/schema.ts";
import { exactly } from "./options.ts";

const schemaFolder = join("stacks", "schema");

/** Writes the editors' JSON Schemas or, with --check, tells which are out of date. */
export function schema(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { check: { type: "boolean", default: false } },
  });
  exactly(positionals);
  if (!values.check) {
    mkdirSync(schemaFolder, { recursive: true });
    for (const [path, text] of schemaFiles()) writeFileSync(path, text);
    return 0;
  }
  const stale = schemaFiles().filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text);
  for (const [path] of stale) process.stderr.write(`${path} is out of date; run: access schema\n`);
  return stale.length === 0 ? 0 : 1;
}

function schemaFiles(): [path: string, text: string][] {
  return Object.entries(jsonSchemas()).map(([kind, schema]) => [
    join(schemaFolder, `${kind}.json`),
    `${JSON.stringify(schema, null, 2)}\n`,
  ]);
}
