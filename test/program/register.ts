/** Registers a whole stack under mocks and prints a summary. Usage: node register.ts <stack>; TEST_DATE sets the day. */
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { existsSync, readFileSync } from "node:fs";
import { isSecret, recordRegistrations } from "../support/mocks.ts";
import { mockSurvey } from "../support/noServers.ts";

const stack = process.argv[2] ?? "dev";
const file = `stacks/Pulumi.${stack}.yaml`;
const { config } = (existsSync(file) ? parse(readFileSync(file, "utf8")) : {}) as { config?: Record<string, string> };
const date = process.env["TEST_DATE"];
pulumi.runtime.setAllConfig({ ...config, ...(date === undefined ? {} : { "prokube-access:date": date }) });
mockSurvey();
const recorder = await recordRegistrations(stack);
try {
  await import("../../index.ts");
} catch (error) {
  if (!pulumi.RunError.isInstance(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const all = await recorder.settle();

const types = Object.groupBy(all, ({ type }) => type);
process.stdout.write(
  JSON.stringify({
    types: Object.fromEntries(
      Object.keys(types)
        .filter((type) => type !== "pulumi:pulumi:Stack")
        .toSorted()
        .map((type) => [type, types[type]?.length ?? 0]),
    ),
    names: all.map(({ type, name, parent }) => `${parent} ${type} ${name}`),
    providers: Object.fromEntries(
      all.filter(({ type }) => type.startsWith("pulumi:providers:")).map(({ name, inputs }) => [name, inputs]),
    ),
    plainSecrets: all.flatMap(({ name, inputs }) => plainCanaries(inputs, name)),
  }),
);

/** Where a canary stands outside a secret. */
function plainCanaries(value: unknown, path: string): string[] {
  if (typeof value === "string") return value.includes("canary-") ? [path] : [];
  if (typeof value !== "object" || value === null || isSecret(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => plainCanaries(child, `${path}.${key}`));
}
