import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { buildTools, requireOnMachine, which } from "../../sandbox/tools.ts";

let folder: string;
const path = process.env["PATH"];

/** PATH is this folder alone, with nothing in it. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tools-"));
  process.env["PATH"] = folder;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

function install(command: string, script: string): void {
  const file = join(folder, command);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

for (const [need, message] of [
  ["go", /^Go 1\.\d+ or newer is not on PATH; install it/],
  ["java", /^Java 17 or newer is not on PATH; install .*openjdk-17-jre-headless/],
  ["mvn", /^Maven \(mvn\) is not on PATH; install it \(Debian: maven\)/],
] as const) {
  test(`without ${need}, one line says what to install`, async () => {
    await assert.rejects(requireOnMachine([need]), (error: Error) => {
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}

test("a Java that is too old is named", async () => {
  install("java", `echo 'openjdk version "11.0.2" 2019-01-15' >&2`);
  await assert.rejects(requireOnMachine(["java"]), {
    message: "Java 11 is on PATH, but Keycloak needs 17 or newer.",
  });
});

test("a Java that is new enough will do", async () => {
  install("java", `echo 'openjdk version "21" 2023-09-19' >&2`);
  await requireOnMachine(["java"]);
});

test("the first program of a name on PATH is found", () => {
  install("probe", "exit 0");
  assert.equal(which("probe"), join(folder, "probe"));
  assert.equal(which("probe", ""), undefined);
});

test("programs of the right version that are on PATH are used instead of built", async () => {
  process.env["PROKUBE_ACCESS_CACHE"] = join(folder, "cache");
  install("pulumi", "echo v3.260.1");
  install("etcd", "echo 'etcd Version: 3.7.3'");
  install("kube-apiserver", "echo Kubernetes v1.34.4");
  install("kube-controller-manager", "echo Kubernetes v1.33.0");
  try {
    const lines: string[] = [];
    // The next one is not: one of its two programs is too old, and there is no Go to build them.
    await assert.rejects(
      buildTools((line) => lines.push(line)),
      /^Problem: Go /,
    );
    assert.deepEqual(lines, [
      `pulumi: ${join(folder, "pulumi")}, already installed`,
      `etcd: ${join(folder, "etcd")}, already installed`,
    ]);
  } finally {
    delete process.env["PROKUBE_ACCESS_CACHE"];
  }
});
