import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { environment } from "./support/platform.ts";
import { convergedProject, type Project } from "./support/stack.ts";

let project: Project;
let secrets: Map<string, string>;
before(async () => {
  project = await convergedProject();
  const passwords = JSON.parse(
    await project.pulumi("stack", "output", "temporaryPasswords", "--json", "--show-secrets"),
  ) as Record<string, string>;
  assert.equal(Object.keys(passwords).length, 6);
  secrets = new Map([
    ["Keycloak's administrator's password", environment("KEYCLOAK_PASSWORD")],
    ["MinIO's root password", environment("MINIO_ROOT_PASSWORD")],
    ...Object.entries(passwords).map(([user, password]) => [`${user}'s temporary password`, password] as const),
  ]);
  assert.ok([...secrets.values()].every((secret) => secret.length >= 12));
});
after(() => {
  project.dispose();
});

function leaksIn(text: string): string[] {
  return [...secrets].flatMap(([what, secret]) => (text.includes(secret) ? [what] : []));
}

test("the state and its history hold no secret in plain text", () => {
  const backend = fileURLToPath(environment("PULUMI_BACKEND_URL"));
  const files = readdirSync(backend, { recursive: true, withFileTypes: true }).filter(
    // What another stack is about to write may be gone the next moment.
    (entry) => entry.isFile() && !entry.name.endsWith(".tmp"),
  );
  assert.ok(files.length > 0);
  for (const file of files) {
    assert.deepEqual(leaksIn(readFileSync(join(file.parentPath, file.name), "utf8")), [], file.name);
  }
});

for (const command of [
  ["preview", "--diff", "--json"],
  ["preview", "--diff", "--refresh", "--run-program"],
  ["up", "--yes", "--diff", "--refresh", "--run-program"],
  ["stack", "--show-urns"],
  ["stack", "output", "--json"],
  ["stack", "export"],
  ["logs"],
]) {
  test(`pulumi ${command.join(" ")} prints none`, async () => {
    const { output } = await project.tryPulumi(...command);
    assert.deepEqual(leaksIn(output), []);
  });
}

test("creating a user prints none either", async () => {
  project.edit({ "users/zoe.yaml": "username: zoe\nemail: zoe@example.com\n" });
  const output = await project.pulumi("up", "--yes", "--diff");
  const all = JSON.parse(
    await project.pulumi("stack", "output", "temporaryPasswords", "--json", "--show-secrets"),
  ) as Record<string, string>;
  assert.ok(all["zoe"]);
  secrets.set("zoe's temporary password", all["zoe"]);
  assert.deepEqual(leaksIn(output), []);
  project.edit({ "users/zoe.yaml": undefined });
  await project.up();
});
