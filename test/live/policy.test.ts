import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { change, environment, read } from "./support/platform.ts";
import { convergedProject, type Project, type Result } from "./support/stack.ts";

let project: Project;
before(async () => {
  project = await convergedProject();
});
after(() => {
  project.dispose();
});

/** Runs a verb with the policy pack and, unless said otherwise, stack dev's configuration of it. */
function underPolicy(verb: readonly string[], config = resolve("policy", "dev.json")): Promise<Result> {
  return project.tryPulumi(...verb, "--policy-pack", resolve("policy"), "--policy-pack-config", config);
}

/** What the engine tells in several lines. */
const said = ({ output }: Result) => output.replaceAll(/\s+/g, " ");

/** Changes the program's own code until the test is through. */
async function sabotaged(file: string, from: string, to: string, run: () => Promise<void>): Promise<void> {
  const path = join(project.folder, file);
  const sound = readFileSync(path, "utf8");
  assert.ok(sound.includes(from), `${file} has ${from}`);
  writeFileSync(path, sound.replaceAll(from, to));
  try {
    await run();
  } finally {
    writeFileSync(path, sound);
  }
}

test("stack dev breaks no rule", async () => {
  const result = await underPolicy(["preview"]);
  assert.equal(result.code, 0, result.output);
  assert.match(result.output, /✅ prokube-access@v/);
  assert.doesNotMatch(result.output, /\[(?:mandatory|advisory|remediate)\]/);
});

test("another owner than the configuration's stops the preview", async () => {
  const config = join(project.folder, "policy.json");
  writeFileSync(config, readFileSync("policy/dev.json", "utf8").replace("admin@example.com", "other@example.com"));
  const result = await underPolicy(["preview"], config);
  assert.notEqual(result.code, 0);
  assert.match(
    said(result),
    /\[mandatory\].* owner-unchanged .*Profile "team-a-profile": spec\.owner\.name is "admin@example\.com"; allowed is "other@example\.com"/,
  );
});

test("a program that strips roles of others is stopped before it does", async () => {
  await sabotaged("components/user.ts", "exhaustive: false", "exhaustive: true", async () => {
    const result = await underPolicy(["up", "--yes", "--skip-preview"]);
    assert.notEqual(result.code, 0);
    assert.match(
      said(result),
      /nothing-is-stripped .*User(?:Roles|Groups) "\w+-\w+": exhaustive is true; allowed is false/,
    );
  });
  await project.pulumi("preview", "--expect-no-changes");
});

test("a program that shows a password in plain text is stopped, and the password is not repeated", async () => {
  const plain = ["minioPassword: pulumi.secret(password)", "minioPassword: password"] as const;
  await sabotaged("components/providers.ts", ...plain, async () => {
    const result = await underPolicy(["preview"]);
    assert.notEqual(result.code, 0);
    assert.match(said(result), /secrets-are-marked .*minio "minio": minioPassword is no secret/);
    assert.ok(!result.output.includes(environment("MINIO_ROOT_PASSWORD")));
  });
});

test("a subject that somebody added in the cluster, which a refresh does not see, is found", async () => {
  const binding = async () => {
    const { items } = await read("rbac.authorization.k8s.io/v1", "RoleBinding", "team-b");
    const found = items.find(({ metadata }) => metadata.name === "user-bob-example-com-clusterrole-edit");
    assert.ok(found);
    return found as typeof found & { subjects: object[] };
  };
  const sound = await binding();
  const [bob] = sound.subjects;
  const { metadata } = sound;
  const object = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: metadata.name ?? "", namespace: "team-b" },
  };
  await change({ ...object, subjects: [bob, { ...bob, name: "mallory@example.com" }] } as never);
  try {
    const result = await underPolicy(["preview", "--refresh", "--run-program"]);
    assert.notEqual(result.code, 0);
    assert.match(said(result), /ledger-is-complete .*"mallory@example\.com" has "edit" in team-b, which the ledger/);
  } finally {
    await change({ ...object, subjects: [bob] } as never);
  }
  assert.equal((await binding()).subjects.length, 1);
});
