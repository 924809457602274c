import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, suite, test } from "node:test";
import { parse } from "yaml";
import { soundFiles } from "../access/support.ts";

const program = resolve("bin/access.ts");
const roles = resolve("sandbox/furniture/roles.yaml");
let folder: string;

const files: Readonly<Record<string, string>> = {
  ...soundFiles,
  "platform.yaml": [
    "domain: cluster.example.com",
    "masterAdmins: [root-1, root-2]",
    "realmRoles: [{ name: auditor }]",
    "platformGroups: { userRoles: [auditor] }",
    "clusterAccess: [{ user: erin, role: edit }]",
    "",
  ].join("\n"),
  "users/carol.yaml": "username: carol\nemail: carol@example.com\n",
  "users/dave.yaml": "username: dave\nemail: dave@example.com\nstate: archived\n",
  "users/dora.yaml": "username: dora\nemail: dora@example.com\nenabled: false\n",
  "users/erin.yaml": "username: erin\nemail: erin@example.com\nadmin: true\n",
  "workspaces/team-c.yaml": [
    "name: team-c",
    "members: [{ group: data-science, role: view }]",
    "storage: [{ user: carol, role: edit }, { user: erin, role: view }]",
    "",
  ].join("\n"),
  "groups/guests.yaml": "name: guests\nfrom: [{ directory: staff, group: Guests }]\n",
  "directories/staff.yaml":
    'name: staff\nurl: ldaps://ldap.example.com\nbindDn: "cn=reader,dc=example"\nusersDn: "ou=people,dc=example"\n' +
    'groups: { dn: "ou=groups,dc=example" }\n',
  "applications/charts.yaml": [
    "name: charts",
    "auth: keycloak",
    "namespace: charts",
    'description: "ask @octocat"',
    "redirectUris: [https://cluster.example.com/charts/callback]",
    "paths: [/charts/*]",
    "",
  ].join("\n"),
  "applications/labs.yaml": "name: labs\nauth: headers\nnamespace: labs\npaths: [/labs/*]\n",
};

before(() => {
  folder = mkdtempSync(join(tmpdir(), "access-"));
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, "stacks", "dev", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
});
after(() => {
  rmSync(folder, { recursive: true });
});

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" });
  assert.doesNotMatch(stdout + stderr, /^\s+at /m, "no stack trace");
  return { status, stdout, stderr };
}

test("why says no of whoever cannot log in, also to what everybody has", () => {
  for (const user of ["dora", "dave"]) {
    for (const place of ["charts", "auditor"]) {
      const { status, stdout } = run("why", user, place);
      assert.equal(status, 1);
      assert.match(stdout, new RegExp(`^${user} has no access in `));
      assert.equal(run("why", "carol", place).status, 0);
    }
    assert.equal(run("can", user, "log-in", "charts").status, 1);
  }
});

suite("who --can", () => {
  const names = (...args: string[]) => {
    const { status, stdout } = run("who", ...args, "--json");
    assert.equal(status, 0);
    const [found] = JSON.parse(stdout) as { entries: { who: string; access: string }[] }[];
    return found?.entries.map(({ who, access }) => `${who} ${access}`);
  };
  test("edit leaves out readers, and nobody else", () => {
    assert.deepEqual(names("team-c", "--can", "edit"), ["erin kubeflow-edit", "carol s3:edit"]);
    assert.deepEqual(names("team-a", "--can", "edit"), ["erin kubeflow-edit", "alice edit"]);
    assert.deepEqual(names("pk-admin", "--can", "edit"), ["erin admin"]);
    assert.deepEqual(names("charts", "--can", "edit"), ["everybody with an account log in"]);
  });
  test("view is everybody who is in", () => {
    const all = ["erin kubeflow-edit", "alice view", "bob view", "carol s3:edit", "erin s3:view"];
    assert.deepEqual(names("team-c", "--can", "view"), all);
    assert.deepEqual(names("team-c"), all);
  });
  test("anything else is refused", () => {
    assert.equal(run("who", "team-c", "--can", "constructor").status, 2);
  });
});

suite("can says yes, no, or that the question is wrong", () => {
  for (const [question, status, said] of [
    ["alice get team-a/pods", 0, /^yes: kubeflow-edit may get pods of the core API group\n/],
    ["bob create team-a/pods", 1, /^no: kubeflow-view may not create pods of the core API group\n/],
    ["carol get team-a/pods", 1, /^no: carol has no Kubernetes access to team-a\n/],
    ["alice get nosuch/pods", 2, /^access: there is no workspace "nosuch"\. There are: /],
    ["alice open nosuch", 2, /^access: there is no workspace "nosuch"\. There are: /],
    ["alice get s3://nosuch/x", 2, /^access: there is no bucket "nosuch"\. There are: /],
    ["alice frob team-a/pods", 2, /^access: "frob" is no verb of Kubernetes\. Allowed: "get", /],
    ["alice log-in chart", 2, /^access: there is no application "chart"\. Did you mean "charts"\?/],
    ["constructor get team-a/pods", 2, /^access: there is no user "constructor"\./],
  ] as const) {
    test(question, () => {
      const { stdout, stderr, ...result } = run("can", ...question.split(" "));
      assert.equal(result.status, status);
      assert.match(stdout + stderr, said);
    });
  }
});

test("a file that holds no roles is told with its place", () => {
  writeFileSync(join(folder, "readme.md"), "# Title\n\n- see *this\n");
  for (const args of [
    ["permissions", "readme.md"],
    ["can", "alice", "get", "team-a/pods", "--roles", "readme.md"],
  ]) {
    const { status, stdout, stderr } = run(...args);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^access: readme\.md:3:1 a list stands here, .* Allowed: ClusterRoles as YAML/);
  }
});

suite("whoever stops reading hears of no error", () => {
  for (const args of [
    ["matrix", "--format", "html"],
    ["who", "team-a"],
    ["why", "alice", "team-a"],
    ["can", "alice", "get", "team-a/pods"],
    ["permissions", roles],
    ["application", "charts"],
    ["--help"],
  ]) {
    test(args.join(" "), async () => {
      const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.destroy();
      let stderr = "";
      child.stderr.on("data", (data) => (stderr += String(data)));
      const [status] = (await once(child, "close")) as [number | null];
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    });
  }
  test("a full disk is told", { skip: !isCharacterDevice("/dev/full") }, () => {
    const options = { cwd: folder, encoding: "utf8" } as const;
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", '"$0" "$1" matrix >/dev/full', process.execPath, program],
      options,
    );
    assert.equal(status, 1);
    assert.match(stderr, /^access: the output cannot be written: ENOSPC[^\n]*\n$/);
  });
});

function isCharacterDevice(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isCharacterDevice() === true;
}

suite("--json", () => {
  const json = (...args: string[]) => {
    const { status, stdout } = run(...args, "--json");
    return { status, data: JSON.parse(stdout) as Record<string, unknown> };
  };
  test("application: what is registered, and the guide", () => {
    const { status, data } = json("application", "charts");
    assert.equal(status, 0);
    assert.equal(data["name"], "charts");
    assert.equal(data["clientId"], "charts-client");
    assert.deepEqual(data["redirectUris"], ["https://cluster.example.com/charts/callback"]);
    assert.equal("allow" in data, false);
    assert.equal(data["guide"], run("application", "charts").stdout);
    const labs = json("application", "labs").data;
    assert.deepEqual(labs["headers"], { user: "kubeflow-userid", userPrefix: "", groups: "kubeflow-groups" });
    assert.equal("clientId" in labs, false);
  });
  test("codeowners and schema: what was stale, and whether it was written", () => {
    for (const verb of ["codeowners", "schema"]) {
      const stale = json(verb, "--check");
      assert.equal(stale.status, 1);
      assert.equal(stale.data["written"], false);
      assert.notDeepEqual(stale.data["stale"], []);
      assert.equal(json(verb).data["written"], true);
      const current = json(verb, "--check");
      assert.equal(current.status, 0);
      assert.deepEqual(current.data["stale"], []);
    }
    assert.match(readFileSync(join(folder, ".github/CODEOWNERS"), "utf8"), /^# Generated/);
  });
  test("permissions: the roles as data", () => {
    const { data } = json("permissions", roles);
    assert.deepEqual(Object.keys(data), ["kubeflow-admin", "kubeflow-edit", "kubeflow-view"]);
    assert.deepEqual(data, parse(readFileSync("access/clusterRoles.json", "utf8")));
  });
  test("matrix: no other format beside it", () => {
    for (const format of ["csv", "html", "table", "markdown"]) {
      const { status, stdout, stderr } = run("matrix", "--json", "--format", format);
      assert.deepEqual([status, stdout], [2, ""]);
      assert.match(stderr, new RegExp(`^access: --json and --format ${format} contradict each other`));
    }
    assert.equal(json("matrix", "--format", "json").status, 0);
  });
});

test("the legend of the matrix is one list, without lists in it", () => {
  const { stdout } = run("matrix", "--format", "markdown");
  const items = stdout.split("\n").filter((line) => line.startsWith("- "));
  const isNested = (line: string) => /^- [-+*]/.test(line);
  assert.ok(items.some((line) => line.includes("no access")) && items.some((line) => line.includes("guests")));
  assert.deepEqual(items.filter(isNested), []);
});
