import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { secretsAreMarked, secretsStayInPlace } from "../../policy/rules/secrets.ts";
import { judge, judgeStack, type Recorded, recorded, spoiled, the, wide } from "./support.ts";

const all = recorded("wide", wide);
const password = "hunter2-hunter2-hunter2";

suite("secrets-are-marked", () => {
  const open: readonly (readonly [name: string, path: string, value: unknown])[] = [
    ["ada-account", "initialPassword.value", password],
    ["team-a-artifact-keys", "stringData", { secretkey: password }],
    ["team-a-artifact-keys", "data", { secretkey: password }],
    ["board-client", "clientSecret", password],
    ["staff-federation", "bindCredential", password],
    ["corp-provider", "clientSecret", password],
    ["prokube-realm", "smtpServer.auth.password", password],
    ["charts-secret-1", "input", password],
    ["dex-clients", "input.variables.ANY_NAME", password],
    ["keycloak", "password", password],
    ["kubernetes", "kubeconfig", "apiVersion: v1\nusers: []\n"],
    ["minio", "minioPassword", password],
    ["team-a-s3-user", "secret", password],
  ];
  for (const [name, path, value] of open) {
    test(`refuses ${name} with ${path} in plain text, and does not repeat it`, async () => {
      assert.deepEqual(await judge(secretsAreMarked, the(all, name)), []);
      const findings = await judge(secretsAreMarked, spoiled(the(all, name), [path, value]));
      assert.equal(findings.length, 1);
      assert.match(findings[0] ?? "", /is no secret\. Wrap the value in pulumi\.secret/);
      assert.doesNotMatch(findings[0] ?? "", /hunter2|apiVersion/);
    });
  }

  test("a secret may be marked as a whole, or a part of it", async () => {
    const envelope = (value: unknown) => ({
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      value,
    });
    const account = the(all, "ada-account");
    for (const [path, value] of [
      ["initialPassword", envelope({ value: password, temporary: true })],
      ["initialPassword.value", envelope(password)],
    ] as const) {
      assert.deepEqual(await judge(secretsAreMarked, spoiled(account, [path, value])), []);
    }
  });

  test("without the level that shows it secrets, it does not take them for marked", async () => {
    const blind = { ...secretsAreMarked };
    delete blind.remediateResource;
    assert.match((await judge(blind, the(all, "ada-account"))).join(), /nobody looked at its secrets/);
  });
});

suite("secrets-stay-in-place", () => {
  const drawn = (resources: readonly Recorded[]) =>
    resources.map((one) =>
      one.name === "ada-account" ? spoiled(one, ["initialPassword", { value: password, temporary: true }]) : one,
    );
  const leaks: readonly (readonly [name: string, path: string, value: unknown, at: string])[] = [
    ["team-a-namespace", "metadata.annotations.note", `the password is ${password}`, "metadata.annotations.note"],
    ["team-a-namespace", "metadata.labels.note", password, "metadata.labels.note"],
    ["team-a-launcher", "data.providers", JSON.stringify({ password }), "data.providers"],
    ["team-a-launcher", "data.encoded", Buffer.from(password).toString("base64"), "data.encoded"],
    ["board-client", "description", password, "description"],
    ["ada-account", "attributes.note", password, "attributes.note"],
    ["grants", "input.users.ada.note", [password], "input.users.ada.note.0"],
    ["prokube-access-wide", "userIds.ada", password, "userIds.ada"],
  ];
  for (const [name, path, value, at] of leaks) {
    test(`refuses a password in ${path} of ${name}, and does not repeat it`, async () => {
      const before = drawn(all);
      assert.deepEqual(await judgeStack(secretsStayInPlace, before), []);
      const after = before.map((one) => (one.name === name ? spoiled(one, [path, value]) : one));
      const findings = await judgeStack(secretsStayInPlace, after);
      assert.equal(findings.length, 1, findings.join("\n"));
      assert.ok(findings[0]?.includes(`stands in ${at}.`), findings[0]);
      assert.doesNotMatch(findings.join(), /hunter2/);
    });
  }

  test("a key that Kubernetes keeps encoded is looked for as it is", async () => {
    const inCluster = spoiled(the(all, "team-a-artifact-keys"), [
      "data",
      { secretkey: Buffer.from(password).toString("base64") },
    ]);
    const leaking = spoiled(the(all, "team-a-launcher"), ["data.key", password]);
    const resources = all.map((one) => [inCluster, leaking].find(({ urn }) => urn === one.urn) ?? one);
    assert.match((await judgeStack(secretsStayInPlace, resources)).join(), /"team-a-launcher": .* stands in data\.key/);
  });

  test("outputs that the program marks may hold passwords", async () => {
    const resources = drawn(all).map((one) =>
      one.name === "prokube-access-wide" ? spoiled(one, ["temporaryPasswords.ada", password]) : one,
    );
    assert.deepEqual(await judgeStack(secretsStayInPlace, resources), []);
  });
});
