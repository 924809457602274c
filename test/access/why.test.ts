import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { can, type Question } from "../../access/can.ts";
import { formatLocation } from "../../access/diagnostic.ts";
import { accessEntries, rightsIn } from "../../access/entries.ts";
import { resolve } from "../../access/resolve.ts";
import { explain, whoCan } from "../../access/why.ts";
import { desired } from "./support.ts";

const platform = "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n";

const files = {
  "platform.yaml": `${platform}realmRoles: [{ name: reader }]\nclusterAccess:\n  - { group: ops, role: edit, expires: 2027-01-01 }\n  - { user: carol, role: admin }\n`,
  "users/carol.yaml": "username: carol\nemail: carol@example.com\n",
  "users/dora.yaml": "username: dora\nemail: dora@example.com\nenabled: false\n",
  "users/emil.yaml": "username: emil\nemail: emil@example.com\nstate: archived\n",
  "groups/ops.yaml": "name: ops\nmembers: [bob, carol]\n",
  "applications/board.yaml":
    "name: board\nnamespace: tools\nauth: keycloak\nredirectUris: [https://b.example.com/cb]\nallow:\n  - { role: reader }\n  - { group: ops }\n",
  "applications/open.yaml": "name: open\nnamespace: tools\nauth: keycloak\nredirectUris: [https://o.example.com/cb]\n",
  "workspaces/team-a.yaml": [
    "name: team-a",
    "members:",
    "  - { user: alice, role: edit, expires: 2026-12-24 }",
    "  - { group: data-science, role: view, notebooksAccess: false }",
    "  - { user: bob, role: edit, expires: 2026-11-01 }",
    "  - { user: dora, role: edit }",
    "storage:",
    "  - { user: bob, role: edit }",
    "",
  ].join("\n"),
};
const state = desired(files);
const plan = resolve(state, "2026-11-23");

test("every path is told, direct ones first, with the lines that give it", () => {
  const [found] = explain("bob", "team-a", state, plan);
  assert.ok(found);
  assert.equal(found.access, "view (no notebooks, s3:edit)");
  assert.deepEqual(
    found.paths.map(({ access, via, group, expires, at, memberAt }) => [
      access,
      via,
      group,
      expires,
      formatLocation(at),
      memberAt && formatLocation(memberAt),
    ]),
    [
      ["s3:edit", "storage", undefined, undefined, "env/workspaces/team-a.yaml:8:5", undefined],
      [
        "view (no notebooks)",
        "member",
        "data-science",
        undefined,
        "env/workspaces/team-a.yaml:4:5",
        "env/groups/data-science.yaml:2:18",
      ],
      ["kubeflow-edit", "clusterAccess", "ops", "2027-01-01", "env/platform.yaml:5:5", "env/groups/ops.yaml:2:11"],
    ],
  );
  assert.deepEqual(found.obstacles, [
    { reason: "edit (member) expired on 2026-11-01", at: { file: "env/workspaces/team-a.yaml", line: 5, column: 5 } },
  ]);
});

test("the first day on which access becomes less is told", () => {
  const [found] = explain("alice", "team-a", state, plan);
  assert.equal(found?.until, "2026-12-24");
  assert.equal(explain("carol", "cluster", state, plan)[0]?.until, undefined, "the admin line stays");
  assert.equal(explain("bob", "cluster", state, plan)[0]?.until, "2027-01-01");
});

test("who has no access is told why not", () => {
  const reasons = (user: string) =>
    explain(user, "team-a", state, plan).flatMap(({ paths, obstacles }) => [
      paths.length,
      ...obstacles.map(({ reason, at }) => `${formatLocation(at)} ${reason}`),
    ]);
  assert.deepEqual(reasons("dora"), [0, 'env/users/dora.yaml:3:10 user "dora" is disabled']);
  assert.deepEqual(reasons("emil"), [0, 'env/users/emil.yaml:3:8 user "emil" is archived']);
  assert.throws(() => explain("alcie", "team-a", state, plan), /there is no user "alcie". Did you mean "alice"\?/);
  assert.throws(
    () => explain("alice", "team-b", state, plan),
    /there is no workspace.*"team-b". Did you mean "team-a"\?/,
  );
});

suite("what everybody with an account has", () => {
  const platformRoles = "realmRoles: [{ name: auditor }, { name: reader }]\nplatformGroups: { userRoles: [auditor] }\n";
  const everybodys = desired({ ...files, "platform.yaml": platform + platformRoles });
  const day = resolve(everybodys, "2026-11-23");
  for (const [place, access] of [
    ["open", "log in"],
    ["auditor", "held"],
  ] as const) {
    test(`an active user has ${place}`, () => {
      const [found] = explain("alice", place, everybodys, day);
      assert.equal(found?.access, access);
      assert.equal(found.paths.length, 1);
      assert.deepEqual(found.obstacles, []);
    });
    for (const [user, state] of [
      ["dora", "disabled"],
      ["emil", "archived"],
    ] as const) {
      test(`a user who is ${state} has no ${place}`, () => {
        const [found] = explain(user, place, everybodys, day);
        assert.ok(found && !("access" in found));
        assert.deepEqual(found.paths, []);
        assert.deepEqual(
          found.obstacles.map(({ reason }) => reason),
          [`user "${user}" is ${state}`],
        );
      });
    }
  }
});

test("who can do something in a workspace includes those of the whole cluster", () => {
  const [found] = whoCan("team-a", state, plan);
  assert.deepEqual(
    found?.entries.map(({ who, access, place }) => [who, access, place.kind]),
    [
      ["bob", "kubeflow-edit", "cluster"],
      ["carol", "kubeflow-admin", "cluster"],
      ["alice", "edit", "workspace"],
      ["bob", "view (no notebooks, s3:edit)", "workspace"],
    ],
  );
  const [board] = whoCan("board", state, plan);
  assert.deepEqual(
    board?.entries.map(({ who, paths: [first] }) => [who, first.via, first.group, formatLocation(first.at)]),
    [
      ["bob", "allow", "ops", "env/applications/board.yaml:7:5"],
      ["carol", "allow", "ops", "env/applications/board.yaml:7:5"],
    ],
  );
});

const answers: readonly (readonly [question: string, allowed: boolean])[] = [
  ["alice create team-a/pods", true],
  ["alice create team-a/notebooks", true],
  ["alice create team-a/notebooks.kubeflow.org", true],
  ["alice create team-a/rolebindings.rbac.authorization.k8s.io", false],
  ["alice create team-b/pods", false],
  ["alice get s3://team-a-data/x", true],
  ["alice delete s3://team-a-mlpipeline/a/b", true],
  ["alice get s3://team-b-data/x", false],
  ["alice get s3://team-a-data2/x", false],
  ["alice open team-a", true],
  ["bob open team-a", false],
  ["bob open team-a/pipelines", true],
  ["bob list team-a/pods", true],
  ["bob create team-a/pods", true],
  ["bob create team-a/rolebindings.rbac.authorization.k8s.io", false],
  ["carol create team-a/rolebindings.rbac.authorization.k8s.io", true],
  ["carol create other/pods", true],
  ["carol put s3://team-a-data/x", false],
  ["carol open team-a", false],
  ["bob put s3://team-a-data/x", true],
  ["dora list team-a/pods", false],
  ["emil list team-a/pods", false],
  ["bob log-in board", true],
  ["alice log-in board", false],
  ["alice log-in open", true],
  ["dora log-in open", false],
  ["emil log-in open", false],
  ["alice get alice/secrets", true],
  ["bob get alice/secrets", true],
  ["alice get kubeflow/secrets", false],
];

for (const [text, allowed] of answers) {
  test(`can ${text}: ${allowed ? "yes" : "no"}`, () => {
    const [user = "", verb = "", resource = ""] = text.split(" ");
    const answer = can({ user, verb, resource }, state, plan);
    assert.equal(answer.allowed, allowed, answer.reason);
    assert.equal(answer.paths.length > 0, allowed);
  });
}

test("a question that means nothing is refused", () => {
  const ask = (question: Partial<Question>) => () =>
    can({ user: "alice", verb: "get", resource: "team-a/pods", ...question }, state, plan);
  assert.throws(ask({ user: "alcie" }), /no user "alcie"/);
  assert.throws(ask({ resource: "pods" }), /names no resource/);
  assert.throws(ask({ resource: "s3://team-a-data", verb: "read" }), /no verb of S3/);
  assert.throws(ask({ verb: "log-in", resource: "bord" }), /no application "bord". Did you mean "board"\?/);
  assert.throws(ask({ verb: "open", resource: "team-a/notebooks" }), /cannot be opened/);
  assert.throws(ask({ resource: "team-a/" }), /names no resource/);
  assert.throws(ask({ resource: "team-a/pods/" }), /names no resource/);
  assert.throws(
    ask({ verb: "deleet" }),
    /"deleet" is no verb of Kubernetes\. Did you mean "delete"\? Allowed: "get", /,
  );
  assert.throws(ask({ verb: "Get" }), /"Get" is no verb of Kubernetes\. Did you mean "get"\?/);
  assert.throws(ask({ resource: "team-a/pod" }), /API group of "pod" is not known\. Did you mean "pods"\?/);
  assert.throws(ask({ resource: "team-a/constructor" }), /API group of "constructor" is not known/);
});

test("words say what they let somebody do", () => {
  assert.deepEqual(rightsIn("edit"), { kubernetes: 2, network: 2, storage: 2 });
  assert.deepEqual(rightsIn("view (no notebooks, s3:edit)"), { kubernetes: 1, network: 1, storage: 2 });
  assert.deepEqual(rightsIn("s3:view"), { storage: 1 });
  assert.deepEqual(rightsIn("kubeflow-admin"), { cluster: 2 });
  assert.deepEqual(rightsIn("log in"), { "log in": 1 });
  assert.deepEqual(rightsIn(undefined), {});
});

test("entries come in one order, whatever the order of the files", () => {
  const turned = desired(Object.fromEntries(Object.entries(files).toReversed()));
  assert.deepEqual(accessEntries(turned, resolve(turned, "2026-11-23")), accessEntries(state, plan));
});
