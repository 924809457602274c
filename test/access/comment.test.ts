import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commentMarker, renderComment } from "../../access/comment.ts";
import type { AccessChange } from "../../access/diff.ts";
import type { PreviewSummary } from "../../access/preview.ts";
import { review, type Review } from "../../access/review.ts";
import { desired } from "./support.ts";

const date = "2026-11-23";
type Changes = Readonly<Record<string, string | undefined>>;
const reviewOf = (before: Changes, after: Changes): Review => review(desired(before), desired(after), date);

const user = (name: string, more = "") => ({
  [`users/${name}.yaml`]: `username: ${name}\nemail: ${name}@example.com\n${more}`,
});
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const usersNamed = (names: readonly string[]) => Object.assign({}, ...names.map((name) => user(name))) as Changes;
const workspace = (name: string, members: readonly string[], role = "edit") => ({
  [`workspaces/${name}.yaml`]: `name: ${name}\nmembers: [${members.map((member) => `{ user: ${member}, role: ${role} }`).join(", ")}]\n`,
});

const nothing: Review = { changes: [], ends: [], settings: [], renamed: [], risks: [], guards: [], expiring: [] };
const at = { file: "stacks/dev/workspaces/w.yaml", line: 3, column: 5 };
const change = (who: string, place: string, more: Partial<AccessChange> = {}): AccessChange => ({
  who,
  place: { kind: "workspace", name: place },
  kind: "gain",
  after: "view",
  path: { access: "view", via: "member", at },
  ...more,
});
const loss = { kind: "loss", before: "view", after: undefined } as const;
const preview: PreviewSummary = {
  steps: [],
  unchanged: 10,
  violations: [],
  packs: ["prokube-access"],
  errors: [],
  isComplete: true,
};
const stepsNamed = (names: readonly string[]) =>
  names.map((name) => ({ op: "create", type: "kubernetes:RoleBinding", name, keys: ["subjects"] }));
const violationsOf = (count: number, message: string) =>
  upTo(count).map((index) => ({ policy: `rule-${index}`, level: "mandatory", resource: `resource-${index}`, message }));

test("who gets the same in the same place stands in one row, so that nobody hides behind many", () => {
  const names = upTo(26).map((index) => `person-${String(index).padStart(2, "0")}`);
  const base = { ...usersNamed([...names, "mallory"]), ...workspace("aaa", []), ...workspace("payroll", []) };
  const text = renderComment({
    stack: "dev",
    review: reviewOf(base, { ...base, ...workspace("aaa", names), ...workspace("payroll", ["mallory"]) }),
  });
  const rows = text.split("\n").filter((line) => line.startsWith("| ➕"));
  assert.equal(rows.length, 2);
  for (const name of names) assert.ok(rows[0]?.includes(`\`${name}\``), name);
  assert.match(
    rows[0] ?? "",
    /\| `aaa` \| – → `edit` \| `member` \| – \| (?:`env\/workspaces\/aaa\.yaml:2:\d+`,? ?){4} … 22 more \|$/,
  );
  assert.match(rows[1] ?? "", /^\| ➕ `mallory` \| `payroll` \| – → `edit` \|/);
  assert.doesNotMatch(text, /not all access is shown/);
});

test("what is not the same stands in rows of its own", () => {
  const changes = [
    change("a", "one"),
    change("b", "one", { after: "edit" }),
    change("c", "one", { until: "2027-01-01" }),
    change("d", "one", { path: { access: "view", via: "member", group: "crew", at } }),
    change("e", "two"),
    change("f", "two", loss),
  ];
  const text = renderComment({ stack: "dev", review: { ...nothing, changes } });
  assert.equal(text.split("\n").filter((line) => /^\| (?:➕|➖)/.test(line)).length, changes.length);
});

test("administration, edit and removals are kept before other gains, and each place has a row", () => {
  const many = upTo(1500).map((index) => change(`viewer-${index}`, `w-${index % 700}`, { until: `2027-01-${index}` }));
  const changes = [
    ...many,
    change("mallory", "zz-payroll", { after: "edit" }),
    change("carol", "zz-payroll", loss),
    change("trent", "pk-admin", { place: { kind: "platform", name: "pk-admin" }, after: "admin" }),
  ];
  const text = renderComment({ stack: "dev", review: { ...nothing, changes } });
  for (const row of ["| ➕ `mallory` | `zz-payroll`", "| ➖ `carol` | `zz-payroll`", "| ➕ `trent` |"]) {
    assert.ok(text.includes(row), row);
  }
  const shown = text.match(/`viewer-\d+`/g)?.length ?? 0;
  assert.ok(shown > 300 && shown < 1500, `${shown}`);
  assert.ok(text.includes(`… and ${1500 - shown} other gains more; see the risks`));
  const [, warning = ""] = /\*\*Risks\*\*\n\n- `(.*)`/.exec(text) ?? [];
  assert.match(warning, new RegExp(`^not all access is shown: ${1500 - shown} other gains in w-`));
  assert.match(warning, / and \d+ more places; the whole list is in changes\.md, kept with the run$/);
});

test("of many edits in one place none hides the first of another place", () => {
  const changes = [
    ...upTo(2000).map((index) => change(`p-${index}`, "aaa", { after: "edit", until: `2027-01-${index}` })),
    change("mallory", "payroll", { after: "edit" }),
  ];
  const text = renderComment({ stack: "dev", review: { ...nothing, changes } });
  assert.ok(text.includes("| ➕ `mallory` | `payroll` |"));
  assert.match(text, /not all access is shown: \d+ gains of edit in aaa; the whole/);
});

test("the whole is there where no bound is set", () => {
  const changes = upTo(2000).map((index) => change(`p-${index}`, `w-${index}`));
  const text = renderComment({ stack: "dev", review: { ...nothing, changes } }, Infinity);
  assert.equal(text.match(/`p-\d+`/g)?.length, 2000);
  assert.doesNotMatch(text, /more/);
});

test("risks that weigh least are the ones left out, and counted", () => {
  const risks = upTo(900).map((index) => `risk ${index} ${"x".repeat(100)}`);
  const text = renderComment({ stack: "dev", review: { ...nothing, risks } });
  const shown = text.match(/^- `risk/gm)?.length ?? 0;
  assert.ok(shown > 300 && shown < 900);
  assert.ok(text.includes(`- \`risk ${shown - 1} `));
  assert.ok(text.includes(`… and ${900 - shown} more, in changes.md, kept with the run`));
});

test("the resource plan gives way before the policy report, and each says what is left out", () => {
  const names = upTo(250).map((index) => `${"a-long-name-".repeat(18)}${index}`);
  const violations = violationsOf(60, "a long message ".repeat(30));
  const text = renderComment({
    stack: "dev",
    review: nothing,
    preview: { ...preview, steps: stepsNamed(names), violations },
  });
  assert.ok(text.length <= 60_000, `${text.length}`);
  assert.equal(text.match(/^- `rule-/gm)?.length, 60);
  assert.match(text, /<summary>Resource plan \(250\)<\/summary>/);
  const shown = text.match(/^create /gm)?.length ?? 0;
  assert.ok(shown > 50 && shown < 250);
  assert.ok(text.includes(`… and ${250 - shown} more (${250 - shown} create), in changes.md, kept with the run`));
});

test("the policy report gives way before risks and access", () => {
  const changes = upTo(150).map((index) => change(`p-${index}`, `w-${index}`));
  const risks = upTo(150).map((index) => `risk ${index} ${"x".repeat(200)}`);
  const violations = violationsOf(200, "a long message ".repeat(30));
  const text = renderComment({
    stack: "dev",
    review: { ...nothing, changes, risks },
    preview: { ...preview, violations, steps: stepsNamed(["one"]) },
  });
  assert.ok(text.length <= 60_000, `${text.length}`);
  assert.equal(text.match(/^- `risk/gm)?.length, 150);
  assert.equal(text.match(/`p-\d+`/g)?.length, 150);
  const shown = text.match(/^- `rule-/gm)?.length ?? 0;
  assert.ok(shown < 200);
  assert.ok(text.includes(`… and ${200 - shown} more (${200 - shown} \`mandatory\`)`));
});

test("violations that refuse are kept before advice", () => {
  const violations = [
    ...violationsOf(200, "a long message ".repeat(30)).map((one) => ({ ...one, level: "advisory" })),
    { policy: "last", level: "mandatory", resource: "r", message: "m" },
  ];
  assert.match(renderComment({ stack: "dev", review: nothing, preview: { ...preview, violations } }), /^- `last`/m);
});

test("a change of the checks alone is told", () => {
  const text = renderComment({
    stack: "dev",
    review: { ...nothing, risks: ["the checks themselves change: Makefile"] },
  });
  assert.match(text, /\*\*Risks\*\*\n\n- `the checks themselves change: Makefile`/);
});

test("whatever its parts are, the comment has at most 60,000 characters and says what it leaves out", () => {
  const word = fc.oneof(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.constantFrom("x".repeat(5000), "`".repeat(300), "|", "name", "\u{1f600}".repeat(200)),
  );
  const list = <T>(item: fc.Arbitrary<T>, most: number) =>
    fc.tuple(fc.array(item, { minLength: 1, maxLength: 12 }), fc.nat(most)).map(([some, count]) =>
      upTo(count).map((index) => {
        const one = some[index % some.length];
        assert.ok(one !== undefined);
        return one;
      }),
    );
  const place = fc.record({
    kind: fc.constantFrom("workspace", "platform", "cluster", "application", "realm role"),
    name: word,
  });
  const parts = fc.record({
    stack: fc.constant("dev"),
    review: fc.record({
      changes: list(
        fc.record({
          who: word,
          place,
          kind: fc.constantFrom("gain", "loss", "gain and loss"),
          before: word,
          after: fc.constantFrom("edit", "view", "s3:edit", "admin"),
          path: fc.record({ access: word, via: word, at: fc.constant({ ...at, file: "f".repeat(300) }) }),
        }),
        3000,
      ).map((all) => all.map((one, index) => ({ ...one, who: `${one.who}${index}` }))),
      ends: list(fc.record({ who: word, place, access: word, isPutOff: fc.boolean(), at: fc.constant(at) }), 500),
      settings: list(fc.record({ entity: word, key: word, before: word, after: word, at: fc.constant(at) }), 500),
      renamed: list(fc.record({ from: word, to: word }), 30),
      risks: list(word, 900),
      guards: list(fc.record({ guard: fc.constant("removals" as const), message: word }), 4),
      expiring: list(
        fc.record({ expires: word, at: fc.constant(at), place: word, who: fc.constant([]), text: word }),
        400,
      ),
    }),
    preview: fc.option(
      fc.record({
        steps: list(fc.record({ op: word, type: word, name: word, keys: fc.array(word, { maxLength: 12 }) }), 900),
        unchanged: fc.nat(),
        violations: list(
          fc.record({ policy: word, level: fc.constantFrom("mandatory", "advisory"), resource: word, message: word }),
          300,
        ),
        packs: fc.array(word, { minLength: 1, maxLength: 30 }),
        errors: list(word, 40),
        isComplete: fc.boolean(),
      }),
      { nil: undefined },
    ),
  });
  fc.assert(
    fc.property(parts, (some) => {
      const text = renderComment(some);
      assert.ok(text.length <= 60_000, `${text.length} characters`);
      assert.equal(renderComment(some), text);
      if (text === "") return;
      assert.ok(text.endsWith(`${commentMarker("dev")}\n`));
      assert.equal(text.match(/^<details>/gm)?.length, text.match(/^<\/details>/gm)?.length);
      assert.equal((text.match(/^```$/gm)?.length ?? 0) % 2, 0);
      const { changes, risks } = some.review;
      const rows = text.split("\n").filter((line) => /^\| (?:➕|➖|✳️)/u.test(line)).length;
      const isCut = text.includes("not all access is shown");
      assert.ok(isCut || rows > 0 || changes.length === 0);
      const shown = text.split("**Risks**\n\n")[1]?.split("\n\n")[0]?.split("\n").length ?? 0;
      if (shown < risks.length) assert.match(text, /… and \d+ more, in changes\.md/);
    }),
    { numRuns: 60, seed: 4711 },
  );
});
