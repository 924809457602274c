import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commentMarker, renderComment } from "../../access/comment.ts";
import { type PreviewSummary, summarize } from "../../access/preview.ts";
import { review, type Review } from "../../access/review.ts";
import { desired } from "./support.ts";

const date = "2026-11-23";
type Changes = Readonly<Record<string, string | undefined>>;
const platform = "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n";

const reviewOf = (before: Changes, after: Changes): Review => review(desired(before), desired(after), date);
const risksOf = (before: Changes, after: Changes): readonly string[] => reviewOf(before, after).risks;

const user = (name: string, more = "") => ({
  [`users/${name}.yaml`]: `username: ${name}\nemail: ${name}@example.com\n${more}`,
});
const teamB = (members: string) => ({ "workspaces/team-b.yaml": `name: team-b\nmembers: ${members}\n` });
const board = (allow: string) => ({
  "applications/board.yaml": `name: board\nnamespace: tools\nauth: keycloak\nredirectUris: [https://b.example.com/cb]\n${allow}`,
});

const risky: readonly (readonly [what: string, before: Changes, after: Changes, risk: RegExp | undefined])[] = [
  ["nothing", {}, {}, undefined],
  ["a plain grant", teamB("[]"), teamB("[{ user: bob, role: view }]"), undefined],
  ["a new administrator", {}, user("bob", "admin: true\n"), /^bob becomes a platform administrator$/],
  [
    "cluster access",
    {},
    { "platform.yaml": `${platform}clusterAccess: [{ user: bob, role: edit }]\n` },
    /^bob gets kubeflow-edit in every namespace/,
  ],
  [
    "an end put off",
    teamB("[{ user: bob, role: view, expires: 2026-12-01 }]"),
    teamB("[{ user: bob, role: view, expires: 2027-12-01 }]"),
    /^bob keeps view in team-b until 2027-12-01$/,
  ],
  [
    "an end brought forward",
    teamB("[{ user: bob, role: view, expires: 2027-12-01 }]"),
    teamB("[{ user: bob, role: view, expires: 2026-12-01 }]"),
    undefined,
  ],
  ["a workspace that goes", teamB("[]"), {}, /^workspace team-b goes: its namespace/],
  [
    "a workspace that is archived",
    teamB("[]"),
    { "workspaces/team-b.yaml": "name: team-b\nstate: archived\n" },
    /^workspace team-b goes/,
  ],
  ["a user who goes", user("carol"), {}, /^user carol goes/],
  [
    "a verified address",
    user("carol"),
    user("carol", "emailVerified: true\n"),
    /^user carol: emailVerified false -> true$/,
  ],
  [
    "a setting of the platform",
    {},
    { "platform.yaml": `${platform}realmManagement: settings\n` },
    /^platform.yaml: realmManagement none -> settings$/,
  ],
  [
    "an application that opens to all",
    board("allow: [{ group: data-science }]\n"),
    board(""),
    /^application board opens to everybody/,
  ],
  ["a new application for all", {}, board(""), undefined],
  ["a look-alike", {}, user("alicee"), /^users: new "alicee" looks like "alice"$/],
  [
    "a rename",
    user("carol"),
    { "users/caroll.yaml": "username: caroll\nemail: carol@example.com\nwas: carol\n" },
    /^user carol/,
  ],
];

for (const [what, before, after, risk] of risky) {
  test(`risk of ${what}`, () => {
    const found = risksOf(before, after);
    if (risk === undefined) assert.deepEqual(found, []);
    else
      assert.ok(
        found.some((one) => risk.test(one)),
        found.join("\n"),
      );
  });
}

test("a line that gives something to more than ten people is told", () => {
  const names = Array.from({ length: 12 }, (_, index) => `person-${index}`);
  const all = Object.assign({}, ...names.map((name) => user(name))) as Changes;
  const crowd = (count: number) => ({
    ...all,
    "groups/crowd.yaml": `name: crowd\nmembers: [${names.slice(0, count).join(", ")}]\n`,
  });
  const grant = teamB("[{ group: crowd, role: view }]");
  assert.deepEqual(risksOf({ ...crowd(10), ...teamB("[]") }, { ...crowd(10), ...grant }), []);
  assert.match(
    risksOf({ ...crowd(11), ...teamB("[]") }, { ...crowd(11), ...grant })[0] ?? "",
    /gives something to 11 people/,
  );
});

test("guards look at the change as files alone show it", () => {
  const admins = { ...user("carol", "admin: true\n"), ...user("dave", "admin: true\n") };
  assert.deepEqual(
    reviewOf(admins, { ...user("carol", "admin: true\n"), ...user("dave") }).guards.map(({ guard }) => guard),
    ["administrators"],
  );
});

test("a new stack and one that goes are compared with nothing", () => {
  assert.equal(review(undefined, desired(), date).changes.length, 3);
  assert.deepEqual(new Set(review(desired(), undefined, date).changes.map(({ kind }) => kind)), new Set(["loss"]));
});

const preview: PreviewSummary = {
  steps: [{ op: "update", type: "keycloak:UserRoles", name: "bob-roles", keys: ["roleIds"] }],
  unchanged: 10,
  violations: [],
  packs: ["prokube-access"],
  errors: [],
  isComplete: true,
};

test("the comment begins with the tally, then shows access, and folds the rest", () => {
  const text = renderComment({
    stack: "prod",
    review: reviewOf(teamB("[]"), teamB("[{ user: bob, role: edit, expires: 2027-03-31 }]")),
    preview,
    drift: { "extra access": 1, cosmetic: 0 },
  });
  const [first, , head, , row] = text.split("\n");
  assert.equal(first, "**prod**: +1 access, −0 · 0 data deletions · policy: passed · drift: 1 extra access");
  assert.equal(head, "| who | where | access | via | until | line |");
  assert.equal(row, "| ➕ `bob` | `team-b` | – → `edit` | `member` | 2027-03-31 | `env/workspaces/team-b.yaml:2:11` |");
  assert.match(
    text,
    /<details><summary>Resource plan \(1\)<\/summary>\n\n```\nupdate {3}keycloak:UserRoles bob-roles {2}\[roleIds\]\n```/,
  );
  assert.doesNotMatch(text, /Risks/);
  assert.ok(text.trimEnd().endsWith(commentMarker("prod")));
});

test("where nothing changes there is no comment", () => {
  assert.equal(renderComment({ stack: "dev", review: reviewOf({}, {}) }), "");
  assert.equal(renderComment({ stack: "dev", review: reviewOf({}, {}), preview: { ...preview, steps: [] } }), "");
  assert.notEqual(
    renderComment({ stack: "dev", review: reviewOf({}, {}), preview: { ...preview, isComplete: false } }),
    "",
  );
});

test("a comment of a huge change is bounded and cut between rows", () => {
  const names = Array.from({ length: 900 }, (_, index) => `somebody-with-a-long-name-${index}`);
  const all = Object.assign({}, ...names.map((name) => user(name))) as Changes;
  const members = `[${names.map((name) => `{ user: ${name}, role: edit }`).join(", ")}]`;
  const steps = names.map((name) => ({ op: "create", type: "kubernetes:RoleBinding", name, keys: ["subjects"] }));
  const text = renderComment({
    stack: "dev",
    review: reviewOf(all, { ...all, ...teamB(members) }),
    preview: { ...preview, steps },
  });
  assert.ok(text.length < 60_000, `${text.length} characters`);
  assert.match(text, /… and 875 more/);
  assert.equal(text.match(/<details>/g)?.length, text.match(/<\/details>/g)?.length);
});

test("whatever somebody writes, the comment keeps its shape", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom(
      "</details>",
      "<script>alert(1)</script>",
      "| a | b |",
      "```",
      "`",
      "@everybody",
      "[x](https://evil.example)",
      "\n\n# head",
      "-->",
      "<!--",
      "\\",
      "\\|",
      "\u202e",
    ),
  );
  const shape = (description: string) =>
    renderComment({
      stack: "dev",
      review: reviewOf(
        { "workspaces/team-b.yaml": `name: team-b\ndescription: plain\n` },
        { "workspaces/team-b.yaml": `name: team-b\ndescription: ${JSON.stringify(description)}\n` },
      ),
      preview: {
        ...preview,
        violations: [{ policy: "p", level: "mandatory", resource: description, message: description }],
      },
    })
      .replaceAll(/`[^`\n]*`/g, "`x`")
      .split("\n");
  const plain = shape("harmless");
  fc.assert(
    fc.property(hostile, (text) => {
      const description = text.replaceAll(/[^\P{Cc}]/gu, "").trim();
      fc.pre(description !== "" && description !== "plain" && isAccepted(description));
      assert.deepEqual(shape(description), plain);
    }),
    { numRuns: 500, seed: 4711 },
  );
});

function isAccepted(description: string): boolean {
  try {
    desired({ "workspaces/team-b.yaml": `name: team-b\ndescription: ${JSON.stringify(description)}\n` });
    return true;
  } catch {
    return false;
  }
}

test("events of a preview become names and keys, without any value", () => {
  const line = (event: object) => JSON.stringify(event);
  const step = (op: string, urn: string, type: string, more: object = {}) =>
    line({ resourcePreEvent: { metadata: { op, urn: `urn:pulumi:dev::p::${urn}`, type, ...more } } });
  const summary = summarize(
    [
      step("same", "t::kept", "keycloak:index/role:Role"),
      step("create", "t::bob", "keycloak:index/user:User", { new: { inputs: { initialPassword: "hunter2" } } }),
      step("update", "t::b", "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", { diffs: ["subjects", "labels"] }),
      step("delete", "t::a", "kubernetes:core/v1:Namespace"),
      line({
        diagnosticEvent: {
          severity: "error",
          message:
            "error: password hunter2 is wrong\nstacks/dev/users/a.yaml:1:2 bad-name: no\nrefused: this takes away 3\n",
        },
      }),
      line({
        policyEvent: {
          policyName: "no-x",
          policyPackName: "pack",
          enforcementLevel: "mandatory",
          message: "m\nmore",
          resourceUrn: "urn:pulumi:dev::p::t::a",
        },
      }),
      line({ summaryEvent: { PolicyPacks: { "pack|local|policy": "1" }, result: "failed" } }),
      "",
    ].join("\n"),
  );
  assert.deepEqual(summary, {
    steps: [
      { op: "delete", type: "kubernetes:Namespace", name: "a", keys: [] },
      { op: "update", type: "kubernetes:RoleBinding", name: "b", keys: ["labels", "subjects"] },
      { op: "create", type: "keycloak:User", name: "bob", keys: [] },
    ],
    unchanged: 1,
    violations: [{ policy: "no-x", level: "mandatory", resource: "a", message: "m" }],
    packs: ["pack"],
    errors: ["stacks/dev/users/a.yaml:1:2 bad-name: no", "refused: this takes away 3"],
    isComplete: false,
  });
  assert.throws(() => summarize("not json"), /line 1 is no event of pulumi preview/);
});
