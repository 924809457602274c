import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { daysAfter } from "../../access/fields.ts";
import { today } from "../../access/resolve.ts";
import { soundFiles } from "../access/support.ts";

const program = resolve("bin/access.ts");
// A grant that has ended by the clock is refused, whatever the day it is written for.
const date = today();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "access-"));
  for (const name of ["dan", "eve"]) put(`users/${name}.yaml`, `username: ${name}\nemail: ${name}@example.com\n`);
  for (const [path, text] of Object.entries(soundFiles)) put(path, text);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function put(path: string, text: string): void {
  const file = join(folder, "stacks", "dev", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const read = (path: string) => readFileSync(join(folder, "stacks", "dev", path), "utf8");

/** Every file with its text, hidden ones too. */
function everything(): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries.map((entry) => [
      join(entry.parentPath, entry.name),
      readFileSync(join(entry.parentPath, entry.name), "utf8"),
    ]),
  );
}

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const day = args.includes("--date") ? [] : ["--date", date];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args, ...day], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.doesNotMatch(stdout + stderr, /^\s+at /m, "no stack trace");
  return { status, stdout, stderr };
}

test("a grant is written, and its effect and end are told", () => {
  const before = everything();
  const file = join(folder, "stacks/dev/workspaces/team-a.yaml");
  chmodSync(file, 0o640);
  const { status, stdout } = run("grant", "dan", "edit", "team-a", "--for", "14d", "--reason", "helps out");
  assert.equal(status, 0);
  const end = daysAfter(date, 14);
  const added = `  # helps out\n  - user: dan\n    role: edit\n    expires: ${end}\n`;
  assert.equal(read("workspaces/team-a.yaml"), `${soundFiles["workspaces/team-a.yaml"] ?? ""}${added}`);
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.deepEqual(Object.keys(everything()), Object.keys(before), "no other file is there");
  assert.equal(
    stdout,
    [
      "stacks/dev/workspaces/team-a.yaml:10:5 added",
      "+   # helps out",
      "+   - user: dan",
      "+     role: edit",
      `+     expires: ${end}`,
      "",
      "dan in team-a: no access -> edit",
      `holds through ${daysAfter(date, 13)} (UTC): expires is the first day without it`,
      "",
      `next: git commit -m "dan: edit in team-a until ${end}" stacks/dev/workspaces/team-a.yaml`,
      "      and open a pull request; the update after the merge gives the access",
      "",
    ].join("\n"),
  );
});

test("a grant that is there already is nothing to do", () => {
  const before = everything();
  const { status, stdout } = run("grant", "bob", "view", "team-a", "--no-notebooks");
  assert.equal(status, 0);
  assert.equal(
    stdout,
    "stacks/dev/workspaces/team-a.yaml:6:5, through group data-science, gives this already, without an end\n" +
      "bob in team-a: view (no notebooks)\nnothing to do\n",
  );
  assert.deepEqual(everything(), before);
});

test("a grant for another day than today says so", () => {
  const day = daysAfter(date, 30);
  const { status, stdout } = run("grant", "dan", "edit", "team-a", "--for", "3d", "--date", day);
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`^--date is ${day} and not today: .* the grant begins with the next update$`, "m"));
  assert.doesNotMatch(run("grant", "eve", "edit", "team-a", "--for", "3d").stdout, /not today/);
});

test("a grant that would be over is not written, whatever day it is written for", () => {
  const before = everything();
  const { status, stdout, stderr } = run("grant", "dan", "edit", "team-a", "--for", "3d", "--date", "2020-01-01");
  assert.equal(status, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^access: the grant would be over: 2020-01-04, .* and --date is 2020-01-01\./);
  assert.deepEqual(everything(), before);
});

test("a group's grant is told for each of its members, as JSON too", () => {
  const { status, stdout } = run("grant", "data-science", "edit", "team-a", "--group", "--json");
  assert.equal(status, 0);
  const { access, outcome, at } = JSON.parse(stdout) as { access: unknown; outcome: string; at: string };
  assert.deepEqual(access, [
    { who: "alice", before: "edit", after: "edit" },
    { who: "bob", before: "view (no notebooks)", after: "edit" },
  ]);
  assert.equal(outcome, "added");
  assert.equal(at, "stacks/dev/workspaces/team-a.yaml:9:5");
});

for (const [what, args, status, message] of [
  [
    "a name that is not known",
    ["dann", "edit", "team-a"],
    2,
    /^access: user "dann" is not known\. Did you mean "dan"\?/,
  ],
  [
    "a role that is not known",
    ["dan", "edits", "team-a"],
    2,
    /^access: role "edits" is not known\. Did you mean "edit"\? Allowed: "edit", "view", "s3:edit", "s3:view"\n/,
  ],
  ["no workspace", ["dan", "edit"], 2, /^access: <workspace> is missing\n/],
  ["a word too much", ["dan", "edit", "team-a", "now"], 2, /^access: unexpected "now"\n/],
  ["an option that is not known", ["dan", "edit", "team-a", "--days", "3"], 2, /^access: Unknown option '--days'/],
  [
    "a time that is too long",
    ["dan", "edit", "team-a", "--for", "2000d"],
    2,
    /^access: --for is "2000d"; write whole days or weeks from 1d to 366d/,
  ],
  [
    "no notebooks for buckets",
    ["dan", "s3:edit", "team-a", "--no-notebooks"],
    2,
    /^access: --no-notebooks is for edit and view/,
  ],
  [
    "a personal workspace",
    ["dan", "edit", "alice"],
    1,
    /^stacks\/dev\/users\/alice\.yaml:3:12 "alice" is the personal workspace/,
  ],
  [
    "a stack that is not there",
    ["dan", "edit", "team-a", "--stack", "prd"],
    1,
    /^stacks\/prd:1:1 misplaced-file: there is no desired state for the stack "prd"/,
  ],
] as const) {
  test(`a grant is refused for ${what}, and nothing is written`, () => {
    const before = everything();
    const result = run("grant", ...args);
    assert.equal(result.status, status);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, "");
    assert.deepEqual(everything(), before);
  });
}

test("a grant that would make the desired state unsound is not written", () => {
  put("users/a.b.yaml", "username: a.b\nemail: a.b@example.com\n");
  put("users/a-b.yaml", "username: a-b\nemail: a-b@example.com\n");
  assert.equal(run("grant", "a.b", "edit", "team-a").status, 0);
  const before = everything();
  const { status, stderr } = run("grant", "a-b", "edit", "team-a");
  assert.equal(status, 1);
  assert.match(stderr, /binding-collision: .*nothing was changed\.\n$/s);
  assert.deepEqual(everything(), before);
});

test("a desired state that is unsound is not edited", () => {
  put("users/zoe.yaml", "username: zoe\n");
  for (const args of [
    ["grant", "dan", "edit", "team-a"],
    ["offboard", "dan"],
  ]) {
    const { status, stderr } = run(...args);
    assert.equal(status, 1);
    assert.match(stderr, /^stacks\/dev\/users\/zoe\.yaml:1:1 missing-key/);
  }
});

test("an offboarding is told, and written unless it is a dry run", () => {
  const before = everything();
  const dry = run("offboard", "alice", "--dry-run");
  assert.equal(dry.status, 0);
  assert.match(
    dry.stdout,
    /^alice loses\n {2}alice: edit, personal workspace \(stacks\/dev\/users\/alice\.yaml:3:12\)\n {2}team-a: edit\n/,
  );
  assert.match(dry.stdout, /\n {2}alice-data\n {2}alice-mlpipeline\n/);
  assert.match(dry.stdout, /\n {2}workspace team-a has nobody who may edit any more/);
  assert.match(dry.stdout, /\ndry run: nothing was changed\n$/);
  assert.deepEqual(everything(), before);

  const done = run("offboard", "alice");
  assert.equal(done.status, 0);
  assert.equal(read("users/alice.yaml"), `${soundFiles["users/alice.yaml"] ?? ""}state: archived\n`);
  assert.equal(read("groups/data-science.yaml"), "name: data-science\nmembers: [bob]\n");
  assert.doesNotMatch(read("workspaces/team-a.yaml"), /alice/);
  assert.deepEqual(Object.keys(everything()), Object.keys(before));

  const again = everything();
  const { status, stdout } = run("offboard", "alice");
  assert.equal(status, 0);
  assert.equal(stdout, "alice is archived and stands in no list: nothing to do\n");
  assert.deepEqual(everything(), again);
});

test("an offboarding with --delete takes the file", () => {
  const before = Object.keys(everything());
  const { status, stdout } = run("offboard", "bob", "--delete", "--json");
  assert.equal(status, 0);
  const { files } = JSON.parse(stdout) as { files: string[] };
  assert.deepEqual(files, ["stacks/dev/groups/data-science.yaml", "stacks/dev/users/bob.yaml"]);
  assert.deepEqual(
    Object.keys(everything()),
    before.filter((path) => !path.endsWith("users/bob.yaml")),
  );
});

test("the last but one administrator does not leave", () => {
  for (const name of ["dan", "eve"])
    put(`users/${name}.yaml`, `username: ${name}\nemail: ${name}@example.com\nadmin: true\n`);
  const before = everything();
  const { status, stderr } = run("offboard", "dan");
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'stacks/dev/users/dan.yaml:3:8 user "dan" administers the platform, and only "eve" would be left to do it; 2 must stay. Write admin: true for somebody else first.\nnothing was changed\n',
  );
  assert.deepEqual(everything(), before);
});
