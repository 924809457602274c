import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { soundFiles } from "../access/support.ts";

const program = resolve("bin/access.ts");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "access-"));
  for (const [path, text] of Object.entries(soundFiles)) put(path, text);
  git("init", "--quiet", "--initial-branch", "main");
  git("add", "--all");
  git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "start");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function git(...args: string[]): void {
  execFileSync("git", args, { cwd: folder });
}

function put(path: string, text: string): void {
  const file = join(folder, "stacks", "dev", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" });
  assert.doesNotMatch(stdout + stderr, /^\s+at /m, "no stack trace");
  return { status, stdout, stderr };
}

const isWhole = () => Object.keys(soundFiles).every((path) => existsSync(join(folder, "stacks", "dev", path)));

test("a preview keeps its comment and the access review", () => {
  put("workspaces/team-a.yaml", `${soundFiles["workspaces/team-a.yaml"] ?? ""}  - { user: alice, role: view }\n`);
  const { status, stderr } = run("preview", "--stack", "dev", "--base", "HEAD", "--files");
  assert.equal(status, 0, stderr);
  assert.ok(existsSync(join(folder, ".preview/dev/comment.md")));
  assert.ok(existsSync(join(folder, ".preview/dev/access.html")));
});

for (const stack of ["../stacks/dev", "..", ".", "dev/", "/etc", "", "-x"]) {
  test(`--stack=${JSON.stringify(stack)} is no name of a stack, and nothing is lost`, () => {
    const { status, stderr } = run("preview", `--stack=${stack}`, "--base", "HEAD", "--files");
    assert.equal(status, 2);
    assert.match(stderr, /--stack is .*; write the name of a folder in stacks\//);
    assert.ok(isWhole());
    for (const verb of [["check"], ["matrix"], ["diff", "HEAD"], ["why", "alice", "team-a"]]) {
      assert.equal(run(...verb, `--stack=${stack}`).status, 2, verb.join(" "));
    }
  });
}

test("a link in the place of the folder that is replaced is refused, and nothing is lost", () => {
  symlinkSync("stacks", join(folder, ".preview"));
  const { status, stderr } = run("preview", "--stack", "dev", "--base", "HEAD", "--files");
  assert.equal(status, 2);
  assert.match(stderr, /\.preview is a link; remove it/);
  assert.ok(isWhole());
});

test("without a base nothing is compared", () => {
  const { status, stderr } = run("preview", "--stack", "dev", "--base", "", "--files");
  assert.equal(status, 2);
  assert.match(stderr, /--base is empty/);
});

test("what a terminal obeys is spelled out in a difference", () => {
  const platform = soundFiles["platform.yaml"] ?? "";
  put("platform.yaml", `${platform}guards: { realm: "\\e[2J\\e[Hnobody's access changes" }\n`);
  const { stdout } = run("diff", "HEAD");
  assert.match(stdout, /u\{1b\}\[2J/);
  assert.ok(!stdout.includes("\u001b"));
});
