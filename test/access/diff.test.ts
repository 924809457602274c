import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { accessDiff, acknowledgementOf, kindOf, recordOf, removals, renames } from "../../access/diff.ts";
import { formatLocation, InputError } from "../../access/diagnostic.ts";
import { accessEntries } from "../../access/entries.ts";
import { type DesiredState, parseDesiredState } from "../../access/load.ts";
import { matrixOf } from "../../access/matrix.ts";
import { resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

const date = "2026-11-23";
const entriesOf = (state: DesiredState) => accessEntries(state, resolve(state, date));

test("losses and what lets somebody change things come first", () => {
  const before = desired({
    "users/carol.yaml": "username: carol\nemail: carol@example.com\nadmin: true\n",
    "users/dave.yaml": "username: dave\nemail: dave@example.com\n",
    "workspaces/team-b.yaml": "name: team-b\nmembers:\n  - { user: dave, role: edit }\n  - { user: bob, role: view }\n",
  });
  const after = desired({
    "platform.yaml":
      "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nclusterAccess: [{ user: dave, role: edit }]\n",
    "users/carol.yaml": "username: carol\nemail: carol@example.com\n",
    "users/dave.yaml": "username: dave\nemail: dave@example.com\n",
    "workspaces/team-b.yaml":
      "name: team-b\nmembers:\n  - { user: carol, role: view, expires: 2027-01-01 }\n  - { user: alice, role: edit }\n  - { user: bob, role: edit, notebooksAccess: false }\n",
  });
  const { changes, ends } = accessDiff(entriesOf(before), entriesOf(after));
  assert.deepEqual(
    changes.map(({ kind, who, place, before, after, until, path }) => [
      kind,
      who,
      place.name,
      before,
      after,
      until,
      formatLocation(path.at),
    ]),
    [
      ["loss", "carol", "pk-admin", "admin", undefined, undefined, "env/users/carol.yaml:3:8"],
      ["gain and loss", "bob", "team-b", "view", "edit (no notebooks)", undefined, "env/workspaces/team-b.yaml:5:5"],
      ["loss", "dave", "team-b", "edit", undefined, undefined, "env/workspaces/team-b.yaml:3:5"],
      ["gain", "dave", "every namespace", undefined, "kubeflow-edit", undefined, "env/platform.yaml:3:17"],
      ["gain", "alice", "team-b", undefined, "edit", undefined, "env/workspaces/team-b.yaml:4:5"],
      ["gain", "carol", "team-b", undefined, "view", "2027-01-01", "env/workspaces/team-b.yaml:3:5"],
    ],
  );
  assert.deepEqual(ends, []);
});

test("an end that moves is told apart", () => {
  const until = (expires: string) =>
    desired({
      "workspaces/team-a.yaml": `name: team-a\nmembers:\n  - { user: alice, role: edit${expires} }\n`,
    });
  const { changes, ends } = accessDiff(entriesOf(until(", expires: 2027-01-01")), entriesOf(until("")));
  assert.deepEqual(changes, []);
  assert.deepEqual(
    ends.map(({ who, before, after }) => [who, before, after]),
    [["alice", "2027-01-01", undefined]],
  );
});

test("a renamed user loses nothing", () => {
  const before = desired({});
  const after = desired({
    "users/bob.yaml": undefined,
    "users/robert.yaml": "username: robert\nemail: bob@example.com\nwas: bob\n",
    "groups/data-science.yaml": "name: data-science\nmembers: [alice, robert]\n",
  });
  const renamed = renames(resolve(after, date).users, before.users);
  assert.deepEqual([...renamed], [["bob", "robert"]]);
  assert.deepEqual(accessDiff(entriesOf(before), entriesOf(after), renamed).changes, []);
  assert.deepEqual(removals(recordOf(entriesOf(before)), recordOf(entriesOf(after)), renamed), []);
  assert.equal(removals(recordOf(entriesOf(before)), recordOf(entriesOf(after))).length, 1);
});

test("somebody who was there under both names is two people, whatever was: says", () => {
  const users = [{ username: "dave", was: "frank" }];
  assert.deepEqual([...renames(users, new Set(["frank"]))], [["frank", "dave"]]);
  assert.deepEqual([...renames(users, new Set(["frank", "dave"]))], []);
  assert.deepEqual([...renames(users, new Set(["dave"]))], []);
});

test("access that outlives another grant is told, wherever in the sequence it ends", () => {
  const grants = (...lines: string[]) =>
    desired({ "workspaces/team-a.yaml": `name: team-a\nmembers:\n${lines.map((line) => `  - ${line}\n`).join("")}` });
  const edit = "{ user: alice, role: edit, expires: 2026-12-24 }";
  const view = (expires: string) => `{ user: alice, role: view${expires} }`;
  const endsBetween = (before: DesiredState, after: DesiredState) => {
    const { changes, ends } = accessDiff(entriesOf(before), entriesOf(after));
    assert.deepEqual(changes, []);
    return ends.map(({ before: was, after: is, isPutOff, at }) => [was, is, isPutOff, at.line]);
  };
  assert.deepEqual(
    endsBetween(grants(edit, view(", expires: 2027-01-15")), grants(edit, view(", expires: 2099-01-15"))),
    [["2026-12-24, then view until 2027-01-15", "2026-12-24, then view until 2099-01-15", true, 4]],
  );
  assert.deepEqual(endsBetween(grants(edit), grants(edit, view(""))), [
    ["2026-12-24", "2026-12-24, then view", true, 4],
  ]);
  assert.deepEqual(endsBetween(grants(edit, view("")), grants(edit)), [
    ["2026-12-24, then view", "2026-12-24", false, 3],
  ]);
  assert.deepEqual(endsBetween(grants(edit), grants(edit, view(", expires: 2026-12-01"))), [], "it ends before");
});

test("access that is less on one plane and more on another is both", () => {
  assert.equal(kindOf("view", "edit"), "gain");
  assert.equal(kindOf("edit", "edit (no notebooks)"), "loss");
  assert.equal(kindOf("view", "edit (no notebooks)"), "gain and loss");
  assert.equal(kindOf(undefined, "s3:view"), "gain");
  assert.equal(kindOf("s3:edit", "view"), "gain and loss");
  assert.equal(kindOf("log in", undefined), "loss");
});

test("an acknowledgement fits one set of removals", () => {
  const one = [{ place: "workspace team-a", who: "alice", before: "edit" }];
  assert.match(acknowledgementOf(one), /^[0-9a-f]{16}$/);
  assert.equal(acknowledgementOf(one), acknowledgementOf([...one]));
  assert.notEqual(
    acknowledgementOf(one),
    acknowledgementOf([{ ...one[0], place: "workspace team-a", who: "alice", before: "edit", after: "view" }]),
  );
  assert.notEqual(acknowledgementOf(one), acknowledgementOf([]));
});

const people = ["ann", "ben", "cat", "dan", "eve"];
const person = fc.constantFrom(...people);
const role = fc.constantFrom("edit", "view").map((level) => ({ role: level }));
const ending = fc.constantFrom({}, {}, { expires: "2026-11-01" }, { expires: "2027-05-01" });
const subject = fc.oneof(
  person.map((user) => ({ user })),
  fc.constantFrom("red", "blue").map((group) => ({ group })),
);
const merged = (parts: readonly object[]): Record<string, unknown> =>
  Object.assign({}, ...parts) as Record<string, unknown>;
const member = fc.tuple(subject, role, fc.constantFrom({}, { notebooksAccess: false }), ending).map(merged);
const storage = fc.tuple(subject, role, ending).map(merged);
const distinct = { selector: (one: Record<string, unknown>) => JSON.stringify([one["user"], one["group"]]) };

/** One edit of one file: its path, and its content or undefined for none. */
const edit = fc.oneof(
  fc
    .record({
      username: person,
      admin: fc.boolean(),
      enabled: fc.boolean(),
      roles: fc.subarray(["reader", "writer"]),
      state: fc.constantFrom("active", "active", "archived"),
      workspace: fc.boolean(),
    })
    .map((user) => [`users/${user.username}.yaml`, { ...user, email: `${user.username}@example.com` }]),
  fc
    .record({ name: fc.constantFrom("red", "blue"), members: fc.uniqueArray(person), roles: fc.subarray(["reader"]) })
    .map((group) => [`groups/${group.name}.yaml`, group]),
  fc
    .record({
      name: fc.constantFrom("team-a", "team-b"),
      state: fc.constantFrom("active", "active", "archived"),
      members: fc.uniqueArray(member, { maxLength: 4, ...distinct }),
      storage: fc.uniqueArray(storage, { maxLength: 2, ...distinct }),
    })
    .map((workspace) => [`workspaces/${workspace.name}.yaml`, workspace]),
  fc
    .record({
      clusterAccess: fc.uniqueArray(fc.record({ user: person, role: fc.constantFrom("edit", "admin") }), {
        maxLength: 2,
        selector: ({ user }) => user,
      }),
    })
    .map(({ clusterAccess }) => ["platform.yaml", { ...platform, clusterAccess }]),
  fc
    .record({ open: fc.boolean(), group: fc.constantFrom("red", "blue"), byRole: fc.boolean() })
    .map(({ open, group, byRole }) => [
      "applications/board.yaml",
      {
        name: "board",
        namespace: "tools",
        auth: "keycloak",
        redirectUris: ["https://board.example.com/callback"],
        ...(open ? {} : { allow: [{ group }, ...(byRole ? [{ role: "writer" }] : [])] }),
      },
    ]),
  fc.constantFrom("workspaces/team-b.yaml", "applications/board.yaml").map((path) => [path, undefined]),
) as fc.Arbitrary<[string, object | undefined]>;

const platform = {
  domain: "cluster.example.com",
  masterAdmins: ["root-1", "root-2"],
  realmRoles: [{ name: "reader" }, { name: "writer" }],
};

const start: ReadonlyMap<string, object> = new Map<string, object>([
  ["platform.yaml", platform],
  ...people.map((username) => [`users/${username}.yaml`, { username, email: `${username}@example.com` }] as const),
  ["groups/red.yaml", { name: "red", members: ["ann"] }],
  ["groups/blue.yaml", { name: "blue", members: [] }],
  ["workspaces/team-a.yaml", { name: "team-a", members: [{ group: "red", role: "edit" }] }],
]);

function parsed(files: ReadonlyMap<string, object>): DesiredState | undefined {
  try {
    return parseDesiredState("env", new Map([...files].map(([path, value]) => [path, JSON.stringify(value)])));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Every cell of the matrix and every name in its lists, read off the rendered data. */
function cellsOf(state: DesiredState): Map<string, string> {
  const { head, rows, applications, realmRoles } = matrixOf(state, resolve(state, date));
  const named: Readonly<Record<string, string>> = {
    "(platform)": "platform pk-admin",
    "(every namespace)": "cluster every namespace",
  };
  const lists = (kind: string, lines: readonly (readonly [string, string])[]) =>
    lines.flatMap(([name, who]) =>
      who === "nobody"
        ? []
        : who.split(", ").map((one) => [`${one.replace(/, at .*$/, "")} | ${kind} ${name}`, "yes"] as const),
    );
  return new Map([
    ...rows.flatMap(([shown = "", ...cells]) =>
      cells.flatMap((cell, index) => {
        const column = head[index + 1] ?? "";
        const who = shown.replace(/ \(disabled\)$/, "");
        return cell === "-" ? [] : [[`${who} | ${named[column] ?? `workspace ${column}`}`, cell] as const];
      }),
    ),
    ...lists("application", applications),
    ...lists("realm role", realmRoles),
  ]);
}

test("the access diff is the difference of the two matrices, on 1,000 random edits", () => {
  let edits = 0;
  let differing = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 50, maxLength: 50 }), (sequence) => {
      let files = start;
      let before = parsed(files);
      for (const [path, content] of sequence) {
        const next = new Map(files);
        if (content === undefined) next.delete(path);
        else next.set(path, content);
        const after = parsed(next);
        if (!before || !after) continue;
        edits += 1;
        const [was, is] = [cellsOf(before), cellsOf(after)];
        const expected = [...new Set([...was.keys(), ...is.keys()])]
          .filter((cell) => was.get(cell) !== is.get(cell))
          .map((cell) => [cell, was.get(cell) ?? "-", is.get(cell) ?? "-"].join(" | "))
          .toSorted();
        const { changes } = accessDiff(entriesOf(before), entriesOf(after));
        const listed = (kind: string, access: string | undefined) =>
          access === undefined ? "-" : kind === "application" || kind === "realm role" ? "yes" : access;
        const found = changes
          .map(({ who, place, before, after }) =>
            [who, `${place.kind} ${place.name}`, listed(place.kind, before), listed(place.kind, after)].join(" | "),
          )
          .toSorted();
        assert.deepEqual(found, expected);
        differing += found.length > 0 ? 1 : 0;
        files = next;
        before = after;
      }
    }),
    { numRuns: 40, seed: 4711 },
  );
  assert.ok(edits >= 1000, `${edits} edits were made`);
  assert.ok(differing >= 500, `${differing} of them changed access`);
});
