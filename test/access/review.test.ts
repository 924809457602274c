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
const board = (more: string, redirectUris = "https://b.cluster.example.com/cb") => ({
  "applications/board.yaml": `name: board\nnamespace: tools\nauth: keycloak\nredirectUris: [${redirectUris}]\n${more}`,
});
const platformWith = (more: string) => ({ "platform.yaml": `${platform}${more}\n` });
const provider = (more = "") => ({
  "identity-providers/login.yaml": `name: login\ntype: oidc\nclientId: x\nissuer: https://login.example\nauthorizationUrl: https://login.example/a\ntokenUrl: https://login.example/t\njwksUrl: https://login.example/k\n${more}`,
});
const directory = {
  "directories/staff.yaml":
    'name: staff\nurl: ldaps://ldap.example.com\nbindDn: "cn=reader,dc=example"\nusersDn: "ou=people,dc=example"\ngroups: { dn: "ou=groups,dc=example" }\n',
};
const crew = (from: string, more = "") => ({ "groups/crew.yaml": `name: crew\nfrom: [${from}]\n${more}` });

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
    /^the account of carol passes to caroll, with its password/,
  ],
  ["a stack's guard that is acknowledged", {}, platformWith('guards: { acknowledged: "0123456789abcdef" }'), undefined],
  ["a new user", {}, user("carol"), undefined],
  [
    "a new user whose address counts",
    {},
    user("carol", "emailVerified: true\n"),
    /^new user carol: emailVerified true$/,
  ],
  ["a new user who takes over", {}, user("carol", "adopt: true\n"), /^users\/carol: takes over what is there/],
  [
    "a new user who logs in elsewhere",
    provider(),
    { ...provider(), ...user("carol", "identityProvider: login\n") },
    /^new user carol: identityProvider login$/,
  ],
  [
    "a new user in a directory",
    directory,
    { ...directory, ...user("carol", "directory: staff\n") },
    /^new user carol: directory staff$/,
  ],
  [
    "a new provider",
    {},
    provider(),
    /^identityProviders\/login: people from elsewhere \(https:\/\/login\.example\/a\)/,
  ],
  [
    "a new provider whose word is taken",
    {},
    provider("trustEmail: true\n"),
    /^identityProviders\/login: trustEmail true: every address/,
  ],
  [
    "a new provider that can enter any account",
    {},
    provider("trustEmail: true\nlinkAccounts: trusted\n"),
    /^identityProviders\/login: linkAccounts trusted: whoever runs it can enter any account$/,
  ],
  [
    "a provider that lets anybody in",
    provider("unknownUsers: refuse\n"),
    provider(),
    /^identityProviders\/login: unknownUsers refuse -> create: whoever logs in/,
  ],
  [
    "a new group from elsewhere",
    provider(),
    { ...provider(), ...crew('{ identityProvider: login, claim: groups, value: "ML Users" }') },
    /^group crew: everybody of whom identity provider login says groups "ML Users" is a member/,
  ],
  [
    "another source of a group",
    { ...directory, ...crew("{ directory: staff, group: ML }") },
    { ...directory, ...crew("{ directory: staff, group: ML }, { directory: staff, group: Everybody }") },
    /^group crew: everybody in group "Everybody" of directory staff is a member/,
  ],
  [
    "a source of a group that goes",
    { ...directory, ...crew("{ directory: staff, group: ML }, { directory: staff, group: Everybody }") },
    { ...directory, ...crew("{ directory: staff, group: ML }") },
    /^group crew: everybody in group "Everybody" of directory staff is no longer a member$/,
  ],
  ["a new group of people here", {}, crew(""), undefined],
  ["a new group that takes over", {}, crew("", "adopt: true\n"), /^groups\/crew: takes over what is there/],
  [
    "other approvers",
    { "workspaces/team-b.yaml": 'name: team-b\napprovers: ["@a"]\n' },
    { "workspaces/team-b.yaml": 'name: team-b\napprovers: ["@a", "@mallory"]\n' },
    /^workspaces\/team-b: approvers \+ @mallory$/,
  ],
  [
    "a new application's paths",
    {},
    board("paths: [/grafana/*]\n"),
    /^application board: the gateway lets \/grafana\/\* through without a login$/,
  ],
  [
    "an application's further path",
    board("paths: [/board]\n"),
    board("paths: [/board, /grafana/*]\n"),
    /^application board: the gateway lets \/grafana\/\* through/,
  ],
  [
    "paths that stay behind the login",
    {},
    { "applications/notes.yaml": "name: notes\nauth: headers\npaths: [/notes/*]\n" },
    undefined,
  ],
  [
    "a new application that sends logins elsewhere",
    {},
    board("", "https://cluster.example.com.evil.example/cb"),
    /^application board: logins are sent to https:\S+, on another host: cluster\.example\.com\.evil\.example$/,
  ],
  ["a new application that sends logins to the platform", {}, board("", "https://b.cluster.example.com/cb"), undefined],
  [
    "another address for logins",
    board(""),
    board("", "https://b.cluster.example.com/cb, https://c.cluster.example.com/x"),
    /^application board: logins are sent to https:\/\/c\.cluster\.example\.com\/x$/,
  ],
  [
    "a new application's origins",
    {},
    board("webOrigins: [https://evil.example]\n"),
    /^application board: tokens are given to scripts of https:\/\/evil\.example, on another host/,
  ],
  ["a new application that takes over", {}, board("adopt: true\n"), /^applications\/board: takes over/],
  [
    "a user who is no longer renamed",
    user("carol", "was: caro\n"),
    user("carol"),
    /^user carol: was caro -> \(not there\)$/,
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

test("who is renamed is compared with who it was", () => {
  const erin = "email: erin@example.com\nadmin: true\n";
  const mallory = "email: mallory@evil.example\nemailVerified: true\nadmin: true\nwas: erin\n";
  const before = { "users/erin.yaml": `username: erin\n${erin}`, ...teamB("[{ user: erin, role: edit }]") };
  const found = reviewOf(before, {
    "users/mallory.yaml": `username: mallory\n${mallory}`,
    ...teamB("[{ user: mallory, role: edit }]"),
  });
  assert.deepEqual(found.changes, []);
  assert.deepEqual(found.renamed, [{ from: "erin", to: "mallory" }]);
  assert.deepEqual(found.risks, [
    "user mallory: email erin@example.com -> mallory@evil.example",
    "user mallory: emailVerified false -> true",
    "the account of erin passes to mallory, with its password, sessions and access",
  ]);
  assert.deepEqual(
    found.settings.map(({ entity, key }) => `${entity} ${key}`),
    ["email", "emailVerified", "username", "was"].map((key) => `users/mallory ${key}`),
  );
  const text = renderComment({ stack: "dev", review: found });
  assert.match(text, /^Accounts that pass on, with all that they have: `erin` → `mallory`$/m);
  assert.match(text, /^Nobody's effective access changes otherwise\.$/m);
  assert.match(text, /\| `users\/mallory: email` \| `erin@example\.com` → `mallory@evil\.example` \|/);
});

test("a new user with an old name in was: has nobody's account", () => {
  const { renamed, risks } = reviewOf({}, user("carol", "was: nobody\n"));
  assert.deepEqual([renamed, risks], [[], ["new user carol: was nobody"]]);
});

test("risks that give access come before those for the eye", () => {
  const before = { ...platformWith("realmManagement: settings\nrealmSettings: { displayName: A }"), ...teamB("[]") };
  const after = {
    ...platformWith("realmManagement: settings\nrealmSettings: { displayName: B, verifyEmail: false }"),
    ...user("carol", "emailVerified: true\n"),
  };
  assert.deepEqual(
    risksOf(before, after).map((risk) => risk.split(" ").slice(0, 2).join(" ")),
    [
      "new user",
      "platform.yaml: realmSettings.verifyEmail",
      "workspace team-b",
      "platform.yaml: realmSettings.displayName",
    ],
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
