import * as pulumi from "@pulumi/pulumi";

// As the program itself has it.
Error.stackTraceLimit = 0;

/** Resources that need no provider, no server and no thought: what is left is the engine and its SDK. */
for (let index = 0; index < Number(process.env["FLOOR_RESOURCES"]); index += 1) {
  new pulumi.Stash(`stash-${index}`, { input: index });
}
