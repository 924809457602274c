#!/usr/bin/env node
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "../access/diagnostic.ts";
import { loadDesiredState } from "../access/load.ts";
import { renderMatrix } from "../access/matrix.ts";
import { permissionChart } from "../access/permissions.ts";
import { resolve, today } from "../access/resolve.ts";
import { jsonSchemas } from "../access/schema.ts";
import { printGuide } from "./application.ts";

const usage = `access: reads the desired state; all but doctor and reset-credentials need no server

  access check  [--stack dev]                     is the desired state sound?
  access matrix [--stack dev] [--date 2027-03-31] who may do what
  access permissions [roles.yaml]                 chart of Kubeflow's ClusterRoles, from a file or standard input:
                                                  kubectl get clusterroles -o yaml | access permissions
  access application <name> [--stack dev]         what the people who build an application have to know, as Markdown
  access doctor [application] [--stack dev]       what keeps people out of applications, with cause and fix
    --user alice                                  also what keeps out this user
    --json                                        print the findings as JSON
                                                  Needs what reset-credentials needs, and KUBECONFIG. Reads only.
  access schema [--check]                         write the editors' JSON Schemas, or tell whether they are current
  access reset-credentials <user> [--stack dev]   make a new temporary password, print it once, and end all sessions
    --email [--ttl 12h]                           instead send a mail with a link that lives that long (5m to 30d)
    --json                                        print the result as JSON
                                                  Needs KEYCLOAK_URL, KEYCLOAK_USER and KEYCLOAK_PASSWORD (or
                                                  KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET), and where they
                                                  differ KEYCLOAK_LOGIN_REALM and KEYCLOAK_CACERT.

exit: 0 all is well, 1 the desired state or the schemas are not, a reset was refused, or doctor found problems,
      2 wrong usage, 3 Keycloak or the cluster cannot be reached or does not let us in
`;

const schemaFolder = join("stacks", "schema");

async function run(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      stack: { type: "string", default: "dev" },
      date: { type: "string", default: today() },
      check: { type: "boolean", default: false },
      email: { type: "boolean", default: false },
      ttl: { type: "string" },
      user: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [verb, ...rest] = positionals;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (verb === "reset-credentials") {
    const [username, ...more] = rest;
    if (more.length > 0) throw new RangeError(`unexpected "${more.join(" ")}"`);
    // Loaded only here and above: what talks to servers takes longer to load than the other commands to run.
    const { resetCredentials } = await import("./resetCredentials.ts");
    return resetCredentials(username, values);
  }
  if (verb === "doctor" || verb === "application") {
    const [name, ...more] = rest;
    if (more.length > 0) throw new RangeError(`unexpected "${more.join(" ")}"`);
    if (verb === "application") return printGuide(name, values);
    const { doctor } = await import("./doctor.ts");
    return doctor(name, values);
  }
  if (verb === "permissions") {
    const [file, ...more] = rest;
    if (more.length > 0) throw new RangeError(`unexpected "${more.join(" ")}"`);
    process.stdout.write(`${permissionChart(readFileSync(file ?? 0, "utf8"))}\n`);
    return 0;
  }
  if (rest.length > 0) throw new RangeError(`unexpected "${rest.join(" ")}"`);
  switch (verb) {
    case "check": {
      const plan = resolve(loadDesiredState(join("stacks", values.stack)), values.date);
      process.stdout.write(
        `${values.stack}: ${plan.users.length} users, ${plan.groups.length} groups, ${plan.workspaces.length} shared workspaces: sound\n`,
      );
      return 0;
    }
    case "matrix":
      process.stdout.write(`${renderMatrix(resolve(loadDesiredState(join("stacks", values.stack)), values.date))}\n`);
      return 0;
    case "schema":
      return values.check ? compareSchemas() : writeSchemas();
    case undefined:
      throw new RangeError("no command given");
    default:
      throw new RangeError(`unknown command "${verb}"`);
  }
}

function schemaFiles(): [path: string, text: string][] {
  return Object.entries(jsonSchemas()).map(([kind, schema]) => [
    join(schemaFolder, `${kind}.json`),
    `${JSON.stringify(schema, null, 2)}\n`,
  ]);
}

function writeSchemas(): number {
  mkdirSync(schemaFolder, { recursive: true });
  for (const [path, text] of schemaFiles()) writeFileSync(path, text);
  return 0;
}

function compareSchemas(): number {
  const stale = schemaFiles().filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text);
  for (const [path] of stale) process.stderr.write(`${path} is out of date; run: access schema\n`);
  return stale.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await run();
} catch (error) {
  if (error instanceof InputError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else if (error instanceof RangeError || (error instanceof TypeError && "code" in error)) {
    process.stderr.write(`access: ${error.message}\n\n${usage}`);
    process.exitCode = 2;
  } else throw error;
}
