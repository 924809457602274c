import assert from "node:assert/strict";
import { test } from "node:test";
import { acknowledgementOf, type AccessRecord, type EndRecord, removals } from "../../access/diff.ts";
import { InputError } from "../../access/diagnostic.ts";
import { guard, type Guarded, type Limits, limitsOf, rememberedTarget, requireTarget } from "../../access/guards.ts";
import { resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

const date = "2026-11-23";

const platformWith = (guards: string) =>
  resolve(
    desired({ "platform.yaml": `domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nguards: ${guards}\n` }),
    date,
  ).platform;

/** A platform of forty people, of whom some have view in one workspace. */
const people = Array.from({ length: 40 }, (_, index) => `user-${index}`);
const team = (count: number, level = "view"): AccessRecord => ({
  "workspace team-a": Object.fromEntries(people.slice(0, count).map((who) => [who, level])),
});

function findings(more: {
  readonly before: AccessRecord;
  readonly after: AccessRecord;
  readonly guards?: string;
  readonly rest?: Partial<Guarded>;
}): string[] {
  return guard({
    before: { access: more.before, ends: {}, target: {} },
    after: { access: more.after, target: {} },
    platform: platformWith(more.guards ?? "{}"),
    administrators: [],
    yourself: undefined,
    renamed: new Map(),
    date,
    ...more.rest,
  }).map((finding) => finding.guard);
}

const shares: readonly (readonly [what: string, before: number, after: number, refused: boolean])[] = [
  ["nothing", 40, 40, false],
  ["a quarter", 40, 30, false],
  ["more than a quarter", 40, 29, true],
  ["all of a small platform", 3, 0, false],
  ["more than three and a quarter of a small one", 8, 4, true],
  ["everything", 40, 0, true],
];

for (const [what, before, after, refused] of shares) {
  test(`to take away ${what} is ${refused ? "refused" : "allowed"}`, () => {
    assert.deepEqual(findings({ before: team(before), after: team(after) }), refused ? ["removals"] : []);
  });
}

test("more than a number is refused, whatever share it is", () => {
  const guards = "{ maximumRemovals: 5, maximumRemovedShare: 100 }";
  assert.deepEqual(findings({ before: team(40), after: team(35), guards }), []);
  assert.deepEqual(findings({ before: team(40), after: team(34), guards }), ["removals"]);
});

test("less access counts as taken away, more does not", () => {
  assert.deepEqual(findings({ before: team(40, "edit"), after: team(40, "view") }), ["removals"]);
  assert.deepEqual(findings({ before: team(40, "view"), after: team(40, "edit") }), []);
  assert.deepEqual(findings({ before: team(40, "view"), after: team(40, "edit (no notebooks)") }), ["removals"]);
});

test("an acknowledgement lets exactly the change through that it was given for", () => {
  const [before, after] = [team(40), team(10)];
  const acknowledged = acknowledgementOf(removals(before, after));
  const guards = `{ acknowledged: "${acknowledged}" }`;
  assert.deepEqual(findings({ before, after, guards }), []);
  assert.deepEqual(findings({ before, after: team(9), guards }), ["removals"]);
  assert.deepEqual(findings({ before: team(39), after, guards }), ["removals"]);
});

test("what has ended by itself is not taken away", () => {
  const [before, after] = [team(40), team(10)];
  const leave = (day: string, access?: string) => ({
    "workspace team-a": Object.fromEntries(people.map((who) => [who, [{ from: day, ...(access && { access }) }]])),
  });
  const change = (ends: EndRecord, to = after) =>
    findings({ before, after: to, rest: { before: { access: before, ends, target: {} } } });
  assert.deepEqual(change(leave(date)), []);
  assert.deepEqual(change(leave("2026-11-24")), ["removals"], "what ends tomorrow is still there");
  assert.deepEqual(change(leave(date, "s3:view")), ["removals"], "and so is what is left of it");
  assert.deepEqual(change(leave(date, "s3:view"), { "workspace team-a": {} }), ["removals"]);
});

test("a change is judged by the limits before it, if they are stricter", () => {
  const loose = "{ maximumRemovals: 1000, maximumRemovedShare: 100 }";
  const [before, after] = [team(40), team(0)];
  const limits = limitsOf(platformWith("{}").guards);
  const change = (guards: string, earlier?: Limits) =>
    findings({
      before,
      after,
      guards,
      rest: { before: { access: before, ends: {}, target: {}, ...(earlier && { limits: earlier }) } },
    });
  assert.deepEqual(change(loose, limits), ["removals"]);
  assert.deepEqual(change(loose, limitsOf(platformWith(loose).guards)), []);
  assert.deepEqual(change(loose), [], "an earlier version of the program wrote no limits");
  assert.deepEqual(change("{}", limitsOf(platformWith(loose).guards)), ["removals"]);
});

test("administrators are counted whatever their group is called", () => {
  const renamed = (...names: string[]): AccessRecord => ({
    "platform pk-admins": Object.fromEntries(names.map((name) => [name, "admin"])),
  });
  assert.deepEqual(findings({ before: admins("ann", "ben"), after: renamed("ann", "ben") }), []);
  assert.deepEqual(findings({ before: admins("ann", "ben"), after: renamed("ann") }), ["administrators"]);
  assert.deepEqual(
    findings({ before: admins("ann", "ben", "cat"), after: renamed("ben", "cat"), rest: { yourself: "ann" } }),
    ["yourself"],
  );
});

test("the refusal says what goes, what is allowed and what to write", () => {
  const [finding] = guard({
    before: { access: team(40), ends: {}, target: {} },
    after: { access: team(0), target: {} },
    platform: platformWith('{ acknowledged: "0123456789abcdef" }'),
    administrators: [],
    yourself: undefined,
    renamed: new Map(),
    date,
  });
  assert.match(
    finding?.message ?? "",
    /^this takes away 40 of 40 \(100 %\): user-0 \(view in workspace team-a\), .* and 35 more\. Allowed without acknowledgement: 20, and 25 %\. If it is meant, write in platform\.yaml: guards: \{ acknowledged: "[0-9a-f]{16}" \}\. The one that is written, 0123456789abcdef, is for another change\.$/,
  );
});

const admins = (...names: string[]): AccessRecord => ({
  "platform pk-admin": Object.fromEntries(names.map((name) => [name, "admin"])),
});

test("two administrators must be left", () => {
  assert.deepEqual(findings({ before: admins("ann", "ben", "cat"), after: admins("ann", "ben") }), []);
  assert.deepEqual(findings({ before: admins("ann", "ben"), after: admins("ann") }), ["administrators"]);
  assert.deepEqual(findings({ before: admins("ann", "ben"), after: {} }), ["administrators"]);
  assert.deepEqual(findings({ before: admins("ann", "ben"), after: admins("cat", "dan") }), []);
  assert.deepEqual(findings({ before: admins("ann"), after: admins("ann") }), [], "a small platform may go on");
  assert.deepEqual(findings({ before: {}, after: admins("ann") }), []);
});

test("administrators of others count, unless they are the ones who go", () => {
  const change = { before: admins("ann", "ben"), after: admins("ann") };
  assert.deepEqual(findings({ ...change, rest: { administrators: ["ann", "ben", "root"] } }), []);
  assert.deepEqual(findings({ ...change, rest: { administrators: ["ann", "ben"] } }), ["administrators"]);
});

test("a renamed administrator is one and not two", () => {
  const renamed = new Map([["ann", "anna"]]);
  const administrators = ["ann", "ben"];
  assert.deepEqual(
    findings({ before: admins("ann", "ben"), after: admins("anna", "ben"), rest: { renamed, administrators } }),
    [],
  );
  assert.deepEqual(
    findings({ before: admins("ann", "ben"), after: admins("anna"), rest: { renamed, administrators } }),
    ["administrators"],
  );
});

test("nobody takes administration from himself", () => {
  const change = { before: admins("ann", "ben", "cat"), after: admins("ben", "cat") };
  assert.deepEqual(findings({ ...change, rest: { yourself: "ann" } }), ["yourself"]);
  assert.deepEqual(findings({ ...change, rest: { yourself: "ben" } }), []);
});

const cluster = "0a6c3a3e-3f4e-4bb8-9f58-0d5f4c5f6a01";
const other = "7d1c2b9a-5b1d-4d0e-8a39-6f9a0e2b7c02";

test("another cluster or realm than before is refused until platform.yaml names it", () => {
  const on = (before: string, after: string, guards = "{}") =>
    guard({
      before: { access: {}, ends: {}, target: { cluster: before, realm: "r" } },
      after: { access: {}, target: { cluster: after, realm: "r" } },
      platform: platformWith(guards),
      administrators: [],
      yourself: undefined,
      renamed: new Map(),
      date,
    }).map(({ message }) => message);
  assert.deepEqual(on(cluster, cluster), []);
  assert.match(
    on(cluster, other)[0] ?? "",
    new RegExp(`the cluster is ${other}, but this stack has been applied to ${cluster}`),
  );
  assert.deepEqual(on(cluster, other, `{ cluster: "${other}" }`), []);
  assert.match(on(cluster, cluster, `{ cluster: "${other}" }`)[0] ?? "", /platform.yaml names/);
});

test("what platform.yaml names is required before anything else", () => {
  const state = desired({
    "platform.yaml": `domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nguards: { cluster: "${cluster}", realm: prokube-id }\n`,
  });
  requireTarget(state, { cluster, realm: "prokube-id" });
  requireTarget(state, { cluster, realm: undefined });
  assert.throws(
    () => {
      requireTarget(state, { cluster: other, realm: "stage-id" });
    },
    (error) =>
      error instanceof InputError &&
      error.diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`).join() ===
        "3:20 wrong-target,3:67 wrong-target",
  );
});

test("a realm that the stack makes itself is not remembered, because it is there only after the first update", () => {
  const platform = (realmManagement: "none" | "all") => ({ platform: { realmManagement } });
  assert.deepEqual(rememberedTarget(platform("none"), { cluster, realm: "r" }), { cluster, realm: "r" });
  assert.deepEqual(rememberedTarget(platform("all"), { cluster, realm: "r" }), { cluster });
});
