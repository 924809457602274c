import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { convergedProject, type Project } from "./support/stack.ts";

let project: Project;
let state: string;
before(async () => {
  project = await convergedProject();
  state = await project.pulumi("stack", "export");
});
after(() => {
  project.dispose();
});

const user = (name: string, lines: string) => ({ [`users/${name}.yaml`]: `username: ${name}\n${lines}` });
const workspace = (name: string, lines = "") => ({ [`workspaces/${name}.yaml`]: `name: "${name}"\n${lines}` });

const spoiled: readonly (readonly [what: string, files: Record<string, string>, message: RegExp])[] = [
  [
    "an unknown key",
    user("zoe", "email: zoe@example.com\nrole: edit\n"),
    /stacks\/dev\/users\/zoe\.yaml:3:1 unknown-key: /,
  ],
  [
    "an unknown user",
    workspace("team-z", "members:\n  - { user: nobody, role: edit }\n"),
    /stacks\/dev\/workspaces\/team-z\.yaml:3:13 unknown-user: user "nobody" is not defined\./,
  ],
  [
    "a duplicate e-mail address",
    user("zoe", "email: alice@example.com\n"),
    /stacks\/dev\/users\/zoe\.yaml:2:8 duplicate-email: /,
  ],
  ["a name that is too long", workspace("z".repeat(53)), /:1:7 name-too-long: .* at most 52 are allowed/],
  ["a reserved name", workspace("kubeflow"), /stacks\/dev\/workspaces\/kubeflow\.yaml:1:7 reserved-name: /],
  ["a wildcard in a name", workspace("team-*"), /stacks\/dev\/workspaces\/team-\*\.yaml:1:7 bad-name: /],
  ["a comma in a name", workspace("x,consoleAdmin"), /stacks\/dev\/workspaces\/x,consoleAdmin\.yaml:1:7 bad-name: /],
  [
    "a wrong quantity",
    workspace("team-z", "quota: { memory: 5GB }\n"),
    /stacks\/dev\/workspaces\/team-z\.yaml:2:18 bad-quantity: /,
  ],
];
for (const [what, files, message] of spoiled) {
  test(`${what} is told with its place, and nothing is touched`, async () => {
    project.edit(files);
    const { code, output } = await project.tryPulumi("up", "--yes", "--refresh", "--run-program");
    project.edit(Object.fromEntries(Object.keys(files).map((path) => [path, undefined])));
    assert.notEqual(code, 0);
    assert.match(output, message);
    assert.match(output, /1 error in the desired state; nothing was changed\./);
    assert.doesNotMatch(output, /^\s+at .*\.ts:\d+/m, "no stack trace");
    assert.deepEqual(resourcesOf(await project.pulumi("stack", "export")), resourcesOf(state));
  });
}

test("a program that ends half-way, without an error, deletes nothing", async () => {
  const program = join(project.folder, "index.ts");
  const text = readFileSync(program, "utf8");
  writeFileSync(program, text.replace("const clientScopes =", "await new Promise(() => undefined);\n$&"));
  try {
    const { code, output } = await project.tryPulumi("up", "--yes", "--skip-preview");
    assert.notEqual(code, 0, output);
    assert.deepEqual(urnsOf(await project.pulumi("stack", "export")), urnsOf(state));
  } finally {
    writeFileSync(program, text);
  }
});

/** The state without what changes by itself: times. */
function resourcesOf(exported: string): unknown {
  const { deployment } = JSON.parse(exported) as { deployment: { resources: Record<string, unknown>[] } };
  return deployment.resources.map((resource) => ({ ...resource, created: "", modified: "" }));
}

function urnsOf(exported: string): string[] {
  const { deployment } = JSON.parse(exported) as { deployment: { resources: { urn: string }[] } };
  return deployment.resources.map(({ urn }) => urn).toSorted();
}
