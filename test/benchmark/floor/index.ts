import * as pulumi from "@pulumi/pulumi";

// As the program itself has it.
Error.stackTraceLimit = 0;
Object.assign(pulumi.log, { debug: () => Promise.resolve() });

/** Needs no server and no thought: what is left is the engine, its SDK and a plugin. */
class Nothing extends pulumi.CustomResource {
  constructor(index: number) {
    super("nothing:index:Nothing", `nothing-${index}`, { index });
  }
}

for (let index = 0; index < Number(process.env["FLOOR_RESOURCES"]); index += 1) {
  new Nothing(index);
}
