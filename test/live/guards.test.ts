import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { can, finishFirstLogin, logIn } from "./support/platform.ts";
import { person, platformOf, type Project, smallProject } from "./support/stack.ts";

const people = ["gabe", "gina", "gus", "gwen"];
const everybody = `name: team-guards\nmembers:\n${people.map((user) => `  - { user: ${user}, role: edit }\n`).join("")}`;
const nobody = "name: team-guards\nmembers: []\n";
const guarded = (guards: string) => ({ "platform.yaml": platformOf("guards", `guards: ${guards}\n`) });

let project: Project;
before(async () => {
  project = await smallProject("guards", {
    ...guarded("{ minimumAdmins: 10 }"),
    "workspaces/team-guards.yaml": everybody,
    ...Object.fromEntries(people.map((name) => [`users/${name}.yaml`, person(name)])),
    "users/gail.yaml": person("gail", "admin: true\n"),
  });
  await finishFirstLogin("gus");
});
after(async () => {
  await project.destroy();
});

const up = () =>
  project.tryPulumi("up", "--yes", "--skip-preview", "--refresh", "--run-program", "--suppress-progress");

test("a change that takes away much is refused in the preview and in the update, and nobody loses anything", async () => {
  project.edit({ "workspaces/team-guards.yaml": nobody });
  const preview = await project.tryPulumi("preview");
  assert.notEqual(preview.code, 0);
  assert.match(preview.output, /refused: this takes away 4 of 5 \(80 %\): gabe \(edit in workspace team-guards\)/);
  const update = await up();
  assert.notEqual(update.code, 0);
  assert.match(update.output, /refused: this takes away 4 of 5/);
  assert.equal(await can(await logIn("gus"), "list", "pods", "team-guards"), true);
});

test("an acknowledgement lets this change through and no other", async () => {
  const [, acknowledged = ""] =
    /acknowledged: "([0-9a-f]{16})"/.exec((await project.tryPulumi("preview")).output) ?? [];
  project.edit({
    ...guarded(`{ minimumAdmins: 10, acknowledged: "${acknowledged}" }`),
    "workspaces/team-guards.yaml": everybody.replaceAll("edit", "view"),
  });
  const other = await project.tryPulumi("preview");
  assert.notEqual(other.code, 0);
  assert.match(other.output, new RegExp(`The one that is written, ${acknowledged}, is for another change`));
  project.edit({ "workspaces/team-guards.yaml": nobody });
  await project.up();
  assert.equal(await can(await logIn("gus"), "list", "pods", "team-guards"), false);
});

test("a change may not leave too few administrators", async () => {
  project.edit({ "users/gail.yaml": person("gail") });
  const preview = await project.tryPulumi("preview");
  assert.notEqual(preview.code, 0);
  assert.match(preview.output, /refused: this leaves .* in pk-admin, because gail would no longer be one; at least 10/);
  project.edit({ "users/gail.yaml": person("gail", "admin: true\n") });
});

test("a cluster that platform.yaml does not name is refused at its line, before anything else", async () => {
  project.edit(guarded("{ cluster: 0a6c3a3e-3f4e-4bb8-9f58-0d5f4c5f6a01 }"));
  const preview = await project.tryPulumi("preview");
  assert.notEqual(preview.code, 0);
  assert.match(
    preview.output,
    /stacks\/guards\/platform\.yaml:4:20 wrong-target: the cluster is [0-9a-f-]{36}, but platform\.yaml names 0a6c3a3e/,
  );
  project.edit(guarded("{ minimumAdmins: 10 }"));
});

test("another realm than the state remembers is refused until platform.yaml names it", async () => {
  const file = join(project.folder, "state.json");
  await project.pulumi("stack", "export", "--file", file);
  const state = readFileSync(file, "utf8");
  const { realm } = JSON.parse(await project.pulumi("stack", "output", "target", "--json")) as { realm: string };
  writeFileSync(file, state.replaceAll(`"realm": "${realm}"`, '"realm": "another-one"'));
  await project.pulumi("stack", "import", "--file", file);
  const preview = await project.tryPulumi("preview");
  assert.notEqual(preview.code, 0);
  assert.match(
    preview.output,
    new RegExp(`refused: the realm is ${realm}, but this stack has been applied to another-one`),
  );
  project.edit(guarded(`{ minimumAdmins: 10, realm: ${realm} }`));
  await project.up();
  project.edit(guarded("{ minimumAdmins: 10 }"));
  await project.pulumi("preview", "--expect-no-changes");
});
