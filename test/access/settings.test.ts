import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { renderComment } from "../../access/comment.ts";
import { excerpts } from "../../access/excerpt.ts";
import { review } from "../../access/review.ts";
import { differenceText, settingChanges } from "../../access/settings.ts";
import { desired } from "./support.ts";

const date = "2026-11-23";
type Changes = Readonly<Record<string, string | undefined>>;

const changesOf = (before: Changes, after: Changes) => settingChanges(desired(before), desired(after));
const textsOf = (before: Changes, after: Changes) =>
  changesOf(before, after).map((change) => `${change.key} ${differenceText(change)}`);
const rowsOf = (before: Changes, after: Changes) =>
  renderComment({ stack: "dev", review: review(desired(before), desired(after), date) })
    .split("\n")
    .filter((line) => line.startsWith("| `"));

const long = (name: string) => `https://b.cluster.example.com/${name.repeat(60)}/callback`;
const board = (uris: readonly string[]) => ({
  "applications/board.yaml": `name: board\nnamespace: tools\nauth: keycloak\nredirectUris: [${uris.join(", ")}]\n`,
});
const described = (description: string) => ({
  "workspaces/team-b.yaml": `name: team-b\ndescription: ${JSON.stringify(description)}\n`,
});
const platform = (more: string) => ({
  "platform.yaml": `domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n${more}\n`,
});

test("of a list the elements that come and go are shown, however long the others are", () => {
  const three = [long("a"), long("b"), long("c")];
  const evil = "https://evil.example/cb";
  assert.deepEqual(textsOf(board(three), board([...three, evil])), [`redirectUris + ${evil}`]);
  assert.deepEqual(textsOf(board([...three, evil]), board(three)), [`redirectUris − ${evil}`]);
  assert.deepEqual(textsOf(board([evil, "https://a.example/"]), board(["https://a.example/", evil])), [
    "redirectUris in another order",
  ]);
  assert.match(rowsOf(board(three), board([...three, evil]))[0] ?? "", /\| \+ `https:\/\/evil\.example\/cb` \|/);
});

test("elements that do not fit are counted", () => {
  const many = Array.from({ length: 40 }, (_, index) => `https://b.cluster.example.com/${index}/${"x".repeat(40)}`);
  const [text = ""] = textsOf(board(many.slice(0, 1)), board(many));
  const shown = text.match(/\+ https/g)?.length ?? 0;
  assert.ok(shown > 5 && shown < 39, text);
  assert.ok(text.endsWith(`, + ${39 - shown} more`), text);
});

test("of a long text the part that differs is shown", () => {
  const start = "the same beginning ".repeat(10);
  const [text = ""] = textsOf(described(`${start}alice`), described(`${start}mallory`));
  assert.match(text, /^description ".{1,40}alice" -> ".{1,40}mallory"$/);
});

test("an element that is long and changes in its middle is shown where it changes", () => {
  const [text = ""] = textsOf(
    board([`https://a.example/${"x".repeat(150)}1${"y".repeat(150)}`]),
    board([`https://a.example/${"x".repeat(150)}2${"y".repeat(150)}`]),
  );
  assert.match(text, /\+ "…x+2y+…", − "…x+1y+…"/);
});

for (const [what, before, after] of [
  ["composed letters", "re\u0301sume\u0301", "résumé"],
  ["a space that is none", "a b", "a\u00a0b"],
  ["two spaces", "a b", "a  b"],
  ["a quotation mark", "a`b", "a'b"],
  ["a bar", "a|b", "a¦b"],
  ["a letter that does not show", "ab", "a\u034fb"],
  ["what is written for nothing", "(empty)", ""],
] as const) {
  test(`texts that look alike are told apart: ${what}`, () => {
    const [row = "", ...more] = rowsOf(described(before), described(after));
    assert.deepEqual(more, []);
    const [, was, is] = /`([^`]*)` → `([^`]*)`/.exec(row) ?? [];
    assert.ok(was !== undefined && is !== undefined && was !== is, row);
    assert.match(was + is, /\\u\{/);
  });
}

test("no two different texts are shown as the same", () => {
  const unit = fc.oneof(
    fc.constantFrom(
      "a",
      "b",
      " ",
      "`",
      "'",
      "|",
      "¦",
      "\\",
      "é",
      "e\u0301",
      "\u200b",
      "\ufe0f",
      "\u00a0",
      '"',
      "{",
      "}",
    ),
    fc.string({ unit: "binary", maxLength: 1 }),
  );
  const filling = fc.nat(400).map((length) => "x".repeat(length));
  const text = fc
    .tuple(filling, fc.array(unit, { maxLength: 6 }), filling, fc.array(unit, { maxLength: 6 }), filling)
    .map((parts) => parts.flat().join(""));
  const look = (shown: string) =>
    shown
      .normalize("NFKC")
      .replaceAll(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "")
      .replaceAll(/\s+/gu, " ")
      .trim();
  const pair = fc.oneof(
    fc.tuple(text, text),
    fc.tuple(filling, unit, unit, filling).map(([a, b, c, d]): [string, string] => [a + b + d, a + c + d]),
  );
  fc.assert(
    fc.property(pair, ([before, after]) => {
      fc.pre(before !== after);
      const [was, is] = excerpts(before, after);
      assert.notEqual(look(was), look(is));
      assert.ok(was.length <= 400 && is.length <= 400);
    }),
    { numRuns: 3000, seed: 4711 },
  );
});

test("a key with a dot in it stands in quotes, or it could be taken for two", () => {
  const labels = (value: string) => platform(`namespaceLabels: { a.b/c: "${value}" }`);
  const [change] = changesOf(labels("1"), labels("2"));
  assert.equal(change?.key, 'namespaceLabels."a.b/c"');
  assert.equal(change.at.column, 'namespaceLabels: { a.b/c: "'.length);
});

test("an empty quota lifts the platform's and is told; one that is filled is told by its keys", () => {
  const teamB = (quota: string) => ({ "workspaces/team-b.yaml": `name: team-b\n${quota}` });
  assert.deepEqual(textsOf(teamB(""), teamB("quota: {}\n")), ['quota (not there) -> "{}"']);
  assert.deepEqual(textsOf(teamB("quota: {}\n"), teamB('quota: { cpu: "8" }\n')), ["quota.cpu (not there) -> 8"]);
});
