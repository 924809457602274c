import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { suite, test } from "node:test";
import { codeowners } from "../../access/codeowners.ts";
import { InputError } from "../../access/diagnostic.ts";
import { desired, refusals, soundFiles } from "./support.ts";

const guarded = withApprovers("@acme/platform");
const teamA = `${soundFiles["workspaces/team-a.yaml"] ?? ""}approvers: ["@acme/team-a"]\n`;
const dataScience = `${soundFiles["groups/data-science.yaml"] ?? ""}approvers: ["@acme/scientists"]\n`;

type Changes = Readonly<Record<string, string>>;
const dev = (changes: Changes = {}) => new Map([["dev", desired({ "platform.yaml": guarded, ...changes })]]);

/** Who may approve a change of a file, as GitHub reads the list: the last line that matches decides. */
function ownersOf(path: string, text: string): string[] {
  const matching = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(" "))
    .filter(([pattern = ""]) => {
      assert.match(pattern, /^(?:\*|\/[a-zA-Z0-9._@+/-]+)$/, "a pattern without other wildcards");
      return pattern === "*" || `/${path}` === pattern || (pattern.endsWith("/") && `/${path}`.startsWith(pattern));
    });
  const [, ...owners] = matching.at(-1) ?? [];
  return owners;
}

/** What the approvers are refused with. */
function refusalOf(stacks: Parameters<typeof codeowners>[0]): string {
  try {
    codeowners(stacks);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return "";
}

const platformOnly = [
  ".github/CODEOWNERS",
  ".github/workflows/up.yml",
  "access/resolve.ts",
  "index.ts",
  "policy/index.ts",
  "package-lock.json",
  "Makefile",
  "something-new/file",
  "stacks/Pulumi.dev.yaml",
  "stacks/dev/platform.yaml",
  "stacks/dev/users/alice.yaml",
  "stacks/dev/users/somebody-new.yaml",
  "stacks/dev/groups/data-science.yaml",
  "stacks/dev/workspaces/somebody-new.yaml",
  "stacks/dev/applications/grafana.yaml",
  "stacks/dev/directories/staff.yaml",
  "stacks/dev/identity-providers/corp.yaml",
];

suite("who approves what", () => {
  test("a workspace's approvers decide on its file and on nothing else", () => {
    const text = codeowners(dev({ "workspaces/team-a.yaml": teamA }));
    assert.deepEqual(ownersOf("stacks/dev/workspaces/team-a.yaml", text), ["@acme/platform", "@acme/team-a"]);
    for (const path of platformOnly) assert.deepEqual(ownersOf(path, text), ["@acme/platform"], path);
  });

  test("a group's approvers decide on its file and on nothing else", () => {
    const text = codeowners(dev({ "groups/data-science.yaml": dataScience }));
    assert.deepEqual(ownersOf("stacks/dev/groups/data-science.yaml", text), ["@acme/platform", "@acme/scientists"]);
    assert.deepEqual(ownersOf("stacks/dev/workspaces/team-a.yaml", text), ["@acme/platform"]);
  });

  test("while a group has realm roles its members are the platform's matter", () => {
    const roles = "realmRoles: [{ name: grafana-admin }]\n";
    const text = codeowners(
      dev({
        "platform.yaml": guarded + roles,
        "groups/data-science.yaml": `${dataScience}roles: [grafana-admin]\n`,
      }),
    );
    assert.deepEqual(ownersOf("stacks/dev/groups/data-science.yaml", text), ["@acme/platform"]);
  });

  test("while a group has every namespace of the cluster too", () => {
    const everywhere = "clusterAccess: [{ group: data-science, role: admin }]\n";
    const text = codeowners(dev({ "platform.yaml": guarded + everywhere, "groups/data-science.yaml": dataScience }));
    assert.deepEqual(ownersOf("stacks/dev/groups/data-science.yaml", text), ["@acme/platform"]);
    const another = "clusterAccess: [{ user: alice, role: admin }]\n";
    const free = codeowners(dev({ "platform.yaml": guarded + another, "groups/data-science.yaml": dataScience }));
    assert.deepEqual(ownersOf("stacks/dev/groups/data-science.yaml", free), ["@acme/platform", "@acme/scientists"]);
  });

  test("whoever gives a group roles, or themselves a file, changes the list, which is not theirs", () => {
    const realm = { "platform.yaml": `${guarded}realmRoles: [{ name: grafana-admin }]\n` };
    const before = codeowners(dev({ ...realm, "groups/data-science.yaml": dataScience }));
    const grabbing = { ...realm, "groups/data-science.yaml": `${dataScience}roles: [grafana-admin]\n` };
    const inviting = { ...realm, "groups/data-science.yaml": dataScience.replace("scientists", "strangers") };
    for (const after of [grabbing, inviting]) assert.notEqual(codeowners(dev(after)), before);
    assert.deepEqual(ownersOf(".github/CODEOWNERS", before), ["@acme/platform"]);
  });

  test("the platform's approvers of one stack decide on no other and not on code", () => {
    const text = codeowners(
      new Map([
        ["prod", desired({ "platform.yaml": withApprovers("@acme/platform", "erin@acme.example") })],
        ["dev", desired({ "platform.yaml": withApprovers("@dave", "@acme/platform") })],
      ]),
    );
    assert.deepEqual(ownersOf("stacks/dev/users/alice.yaml", text), ["@acme/platform", "@dave"]);
    assert.deepEqual(ownersOf("stacks/prod/users/alice.yaml", text), ["@acme/platform", "erin@acme.example"]);
    assert.deepEqual(ownersOf("stacks/Pulumi.prod.yaml", text), ["@acme/platform", "erin@acme.example"]);
    for (const path of ["index.ts", ".github/CODEOWNERS", "stacks/schema/users.json"]) {
      assert.deepEqual(ownersOf(path, text), ["@acme/platform"], path);
    }
  });

  test("a stack that names nobody asks nobody, and does not loosen what others ask", () => {
    const text = codeowners(new Map([...dev(), ["play", desired()]]));
    assert.deepEqual(ownersOf("stacks/dev/users/alice.yaml", text), ["@acme/platform"]);
    assert.deepEqual(ownersOf("index.ts", text), ["@acme/platform"]);
    assert.doesNotMatch(text, /play/);
  });

  test("no line is without an owner: it would ask nobody", () => {
    const text = codeowners(dev({ "workspaces/team-a.yaml": teamA, "groups/data-science.yaml": dataScience }));
    for (const line of text.split("\n").filter((one) => one !== "" && !one.startsWith("#"))) {
      assert.match(line, /^\S+(?: (?:@[a-z]|[a-z]+@)\S+)+$/);
    }
    assert.doesNotMatch(codeowners(new Map([["dev", desired()]])), /^[^#\n]/m);
  });

  test("the list is the same whatever order the files come in, and names nobody twice", () => {
    const files = { "workspaces/team-a.yaml": teamA.replace("@acme/team-a", "@acme/platform") };
    const [one, two] = [dev(files), new Map([["prod", desired({ "platform.yaml": guarded })]])];
    assert.equal(codeowners(new Map([...one, ...two])), codeowners(new Map([...two, ...one])));
    assert.deepEqual(ownersOf("stacks/dev/workspaces/team-a.yaml", codeowners(one)), ["@acme/platform"]);
  });
});

suite("what is refused", () => {
  test("stacks without an approver in common: nobody could approve code", () => {
    const stacks = new Map([...dev(), ["prod", desired({ "platform.yaml": withApprovers("@acme/others") })]]);
    assert.match(
      refusalOf(stacks),
      /^env\/platform\.yaml:3:12 not-allowed: no approver is named by all of the stacks dev, prod/,
    );
  });

  for (const [path, text, at] of [
    ["workspaces/team-a.yaml", teamA, "9:12"],
    ["groups/data-science.yaml", dataScience, "3:12"],
  ] as const) {
    test(`approvers in ${path} without the platform's`, () => {
      const [told] = refusalOf(new Map([["dev", desired({ [path]: text })]])).split(" are named");
      assert.equal(told, `env/${path}:${at} missing-key: approvers`);
    });
  }

  const good = ["@alice", "@a", "@alice_acme", "@acme/platform", "@acme/a.b_c-d", "alice@example.com"];
  test("handles, teams and addresses are allowed", () => {
    const stacks = dev({ "platform.yaml": withApprovers(...good) });
    assert.deepEqual(ownersOf("index.ts", codeowners(stacks)), good.toSorted());
  });

  for (const bad of [
    "alice",
    "acme/platform",
    "@",
    "@-a",
    "@acme/",
    "@acme/a/b",
    "@Alice",
    "@alice bob",
    "@alice\n* @mallory",
    "@alice #",
    "@alice,@bob",
    "@*",
    "alice@localhost",
    "",
  ]) {
    test(`${JSON.stringify(bad)} is nobody`, () => {
      const files = { "platform.yaml": withApprovers(bad) };
      assert.match(refusals(files).join("\n"), /^env\/platform\.yaml:3:13 not-allowed: .* is nobody who can approve/);
    });
  }
});

suite("access codeowners", () => {
  test("the repository's list is current", () => {
    assert.equal(run(process.cwd(), "--check").status, 0);
  });

  test("a stale list is told line by line, and written anew", () => {
    const folder = checkout();
    try {
      const list = join(folder, ".github", "CODEOWNERS");
      assert.match(run(folder, "--check").stderr, /missing: \/stacks\/dev\/ @acme\/platform\n/);
      assert.equal(run(folder).status, 0);
      assert.deepEqual(run(folder, "--check"), { status: 0, stderr: "" });
      const written = readFileSync(list, "utf8");
      writeFileSync(list, `${written}/stacks/dev/users/ @mallory\n`);
      const { status, stderr } = run(folder, "--check");
      assert.equal(status, 1);
      assert.match(
        stderr,
        /not from stacks\/: \/stacks\/dev\/users\/ @mallory\n.*out of date; run: access codeowners\n$/s,
      );
      assert.doesNotMatch(stderr, /missing/);
      assert.equal(readFileSync(list, "utf8"), `${written}/stacks/dev/users/ @mallory\n`, "checking writes nothing");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function withApprovers(...names: string[]): string {
  return `${soundFiles["platform.yaml"] ?? ""}approvers: ${JSON.stringify(names)}\n`;
}

/** A checkout with one stack. */
function checkout(): string {
  const folder = mkdtempSync(join(tmpdir(), "prokube-access-"));
  for (const [path, text] of Object.entries({ ...soundFiles, "platform.yaml": guarded })) {
    const file = join(folder, "stacks", "dev", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

function run(cwd: string, ...args: string[]): { status: number | null; stderr: string } {
  const program = resolve("bin/access.ts");
  const { status, stderr } = spawnSync(process.execPath, [program, "codeowners", ...args], { cwd, encoding: "utf8" });
  return { status, stderr };
}
