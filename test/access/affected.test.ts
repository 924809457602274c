import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { suite, test } from "node:test";
import { affectedStacks } from "../../access/affected.ts";
import { soundFiles } from "./support.ts";

const stacks = ["dev", "prod", "prod-eu"];

suite("the stacks that a change concerns", () => {
  for (const [path, concerned] of [
    ["stacks/dev/users/alice.yaml", ["dev"]],
    ["stacks/Pulumi.dev.yaml", ["dev"]],
    ["stacks/prod/platform.yaml", ["prod"]],
    ["stacks/prod-eu/platform.yaml", ["prod-eu"]],
    ["stacks/Pulumi.prod-eu.yaml", ["prod-eu"]],
    ["stacks/gone/platform.yaml", stacks],
    ["index.ts", stacks],
    ["access/resolve.ts", stacks],
    ["components/user.ts", stacks],
    ["live/store.ts", stacks],
    ["policy/index.ts", stacks],
    ["bin/access.ts", stacks],
    ["package.json", stacks],
    ["package-lock.json", stacks],
    ["Pulumi.yaml", stacks],
    ["Makefile", stacks],
    [".github/workflows/up.yml", stacks],
    ["something-new/file", stacks],
    ["docs/architecture.md", []],
    ["README.md", []],
    ["test/access/affected.test.ts", []],
    ["sandbox/main.ts", []],
    ["stacks/schema/users.json", []],
    [".github/CODEOWNERS", []],
    ["tsconfig.json", []],
  ] as const) {
    test(`${path}: ${concerned.join(", ") || "none"}`, () => {
      assert.deepEqual(affectedStacks([path], stacks), concerned);
    });
  }

  test("changes add up, in the order of the stacks, and none is none", () => {
    assert.deepEqual(affectedStacks(["stacks/prod/users/a.yaml", "docs/a.md", "stacks/dev/users/a.yaml"], stacks), [
      "dev",
      "prod",
    ]);
    assert.deepEqual(affectedStacks([], stacks), []);
  });
});

suite("access affected", () => {
  test("what was committed since a base counts, under both names of what was moved", () => {
    const folder = repository();
    try {
      const git = (...args: string[]) => execFileSync("git", [...identity, ...args], { cwd: folder });
      git("checkout", "--quiet", "-b", "change");
      assert.deepEqual(run(folder, "--base", "main"), { status: 0, stdout: "[]\n" });
      mkdirSync(join(folder, "stacks/prod/users"), { recursive: true });
      git("mv", "stacks/dev/users/bob.yaml", "stacks/prod/users/bob ünd\n.yaml");
      git("commit", "--quiet", "--message", "move");
      assert.deepEqual(run(folder, "--base", "main"), { status: 0, stdout: '["dev","prod"]\n' });
      git("checkout", "--quiet", "main");
      write(folder, "index.ts", "");
      git("add", ".");
      git("commit", "--quiet", "--message", "what others did meanwhile");
      git("checkout", "--quiet", "change");
      assert.deepEqual(run(folder, "--base", "main"), { status: 0, stdout: '["dev","prod"]\n' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a base that is an option of Git, none, or nothing that Git knows is refused", () => {
    const folder = repository();
    try {
      const proof = join(folder, "written-by-git");
      assert.equal(run(folder, `--base=--output=${proof}`).status, 2);
      assert.equal(run(folder, "--base", "").status, 2);
      assert.equal(run(folder).status, 2);
      assert.equal(run(folder, "--base", "no-such-branch").status, 2);
      assert.deepEqual(run(folder, "--base", "main"), { status: 0, stdout: "[]\n" });
      assert.deepEqual(run(folder, "--base", "main", "--json"), { status: 0, stdout: "[]\n" });
      assert.equal(execFileSync("git", ["status", "--porcelain"], { cwd: folder, encoding: "utf8" }), "");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];

/** A repository with the stacks dev and prod on branch main. */
function repository(): string {
  const folder = mkdtempSync(join(tmpdir(), "prokube-access-"));
  for (const stack of ["dev", "prod"]) {
    for (const [path, text] of Object.entries(soundFiles)) write(folder, join("stacks", stack, path), text);
  }
  const git = (...args: string[]) => execFileSync("git", [...identity, ...args], { cwd: folder });
  git("init", "--quiet", "--initial-branch", "main");
  git("add", ".");
  git("commit", "--quiet", "--message", "start");
  return folder;
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function run(cwd: string, ...args: string[]): { status: number | null; stdout: string } {
  const program = resolve("bin/access.ts");
  const { status, stdout } = spawnSync(process.execPath, [program, "affected", ...args], { cwd, encoding: "utf8" });
  return { status, stdout };
}
