import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Like } from "../floor.ts";

// As the program itself has it.
Error.stackTraceLimit = 0;
Object.assign(pulumi.log, { debug: () => Promise.resolve() });

/** Needs no server and no thought: what is left is the engine, its SDK and a plugin. */
class Nothing extends pulumi.CustomResource {
  constructor(name: string, properties: Like["properties"], dependsOn: pulumi.Resource[]) {
    super("nothing:index:Nothing", name, { properties }, { dependsOn });
  }
}

const made: pulumi.Resource[] = [];
for (const { isComponent, properties, dependencies } of JSON.parse(readFileSync("like.json", "utf8")) as Like[]) {
  const name = `nothing-${made.length}`;
  const dependsOn = dependencies.flatMap((index) => made[index] ?? []);
  made.push(
    isComponent
      ? new pulumi.ComponentResource("floor:index:Component", name, {}, { dependsOn })
      : new Nothing(name, properties, dependsOn),
  );
}
