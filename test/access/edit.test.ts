import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type AccessEntry, accessEntries } from "../../access/entries.ts";
import {
  endOf,
  type GrantEdit,
  grantEdit,
  type GrantRequest,
  lastDay,
  otherDay,
  reasonLine,
} from "../../access/edit/grant.ts";
import { farewell, offboarding } from "../../access/edit/offboard.ts";
import { EditRefused } from "../../access/edit/refusal.ts";
import { commentsIn, hunkOf } from "../../access/edit/text.ts";
import { type DesiredState, parseDesiredState } from "../../access/load.ts";
import { type EffectiveAccess, resolve } from "../../access/resolve.ts";
import { soundFiles } from "./support.ts";

const date = "2026-11-27";

type Changes = Readonly<Record<string, string | undefined>>;

function filesWith(changes: Changes): Map<string, string> {
  const people = Object.fromEntries(
    ["dan", "eve", "fay"].map((name) => [`users/${name}.yaml`, `username: ${name}\nemail: ${name}@example.com\n`]),
  );
  return new Map(
    Object.entries({ ...soundFiles, ...people, ...changes }).flatMap(([path, text]) =>
      text === undefined ? [] : [[path, text]],
    ),
  );
}

const parsed = (texts: ReadonlyMap<string, string>): DesiredState => parseDesiredState("env", texts);

/** Grants in team-a, whose file is given, to dan as editor without an end unless said otherwise. */
function granted(text: string, request: Partial<GrantRequest> = {}, changes: Changes = {}): GrantEdit {
  const texts = filesWith({ "workspaces/team-a.yaml": text, ...changes });
  const asked = {
    subject: { user: "dan" },
    workspace: "team-a",
    list: "members",
    level: "edit",
    notebooks: true,
  } as const;
  const edit = grantEdit(parsed(texts), texts, { ...asked, ...request }, date);
  parsed(new Map([...texts, [edit.path, edit.text]]));
  return edit;
}

suite("the text around a new grant stays as it is", () => {
  const forms: readonly (readonly [what: string, before: string, after: string])[] = [
    [
      "entries in block style, with comments between and after them",
      "name: team-a # x\nmembers: # p\n  # lead\n  - user: alice # a\n    role:   edit # b\n    # hers\n\n  # next\n\nstorage: []\n# end\n",
      "name: team-a # x\nmembers: # p\n  # lead\n  - user: alice # a\n    role:   edit # b\n    # hers\n  - user: dan\n    role: edit\n\n  # next\n\nstorage: []\n# end\n",
    ],
    [
      "entries in flow style, not indented",
      "name: team-a\nmembers:\n-   {user: alice, role: edit} # a\n",
      "name: team-a\nmembers:\n-   {user: alice, role: edit} # a\n-   { user: dan, role: edit }\n",
    ],
    [
      "a list in flow style on one line",
      "name: team-a\nmembers: [{ user: alice, role: edit }] # all\n",
      "name: team-a\nmembers: [{ user: alice, role: edit }, { user: dan, role: edit }] # all\n",
    ],
    [
      "a list in flow style with a final comma",
      "name: team-a\nmembers: [ {user: alice, role: edit}, ]\n",
      "name: team-a\nmembers: [ {user: alice, role: edit}, { user: dan, role: edit } ]\n",
    ],
    [
      "a list in flow style over several lines",
      "name: team-a\nmembers: [\n    { user: alice, role: edit } # a\n  ]\n",
      "name: team-a\nmembers: [\n    { user: alice, role: edit }, # a\n    { user: dan, role: edit }\n  ]\n",
    ],
    [
      "an empty list",
      "name: team-a\nmembers: [] # nobody\n",
      "name: team-a\nmembers: # nobody\n  - user: dan\n    role: edit\n",
    ],
    [
      "an empty list with a comment in it",
      "name: team-a\nmembers: [ # nobody\n  ]\n",
      "name: team-a\nmembers: [{ user: dan, role: edit } # nobody\n  ]\n",
    ],
    ["no list", "name: team-a\n# end\n", "name: team-a\nmembers:\n  - user: dan\n    role: edit\n# end\n"],
    ["no final line break", "name: team-a", "name: team-a\nmembers:\n  - user: dan\n    role: edit"],
    [
      "a list without a final line break",
      "name: team-a\nmembers:\n  - user: alice\n    role: edit",
      "name: team-a\nmembers:\n  - user: alice\n    role: edit\n  - user: dan\n    role: edit",
    ],
    [
      "Windows line ends",
      "name: team-a\r\nmembers:\r\n  - user: alice\r\n    role: edit\r\nquota: {}\r\n",
      "name: team-a\r\nmembers:\r\n  - user: alice\r\n    role: edit\r\n  - user: dan\r\n    role: edit\r\nquota: {}\r\n",
    ],
    [
      "JSON",
      '{ "name": "team-a", "members": [{"user": "alice", "role": "edit"}] }',
      '{ "name": "team-a", "members": [{"user": "alice", "role": "edit"}, { "user": "dan", "role": "edit" }] }',
    ],
    [
      "JSON without the list",
      '{\n  "name": "team-a"\n}\n',
      '{\n  "name": "team-a",\n  "members": [{ "user": "dan", "role": "edit" }]\n}\n',
    ],
    [
      "a text over several lines at the end",
      "name: team-a\ndescription: >-\n  a\n  # b\n",
      "name: team-a\ndescription: >-\n  a\n  # b\nmembers:\n  - user: dan\n    role: edit\n",
    ],
    [
      "an end of the document",
      "---\nname: team-a\n...\n",
      "---\nname: team-a\nmembers:\n  - user: dan\n    role: edit\n...\n",
    ],
    [
      "an anchor that only the value of a key has",
      "name: &n team-a\nmembers: &m\n  - user: alice\n    role: edit\ndescription: *n\n",
      "name: &n team-a\nmembers: &m\n  - user: alice\n    role: edit\n  - user: dan\n    role: edit\ndescription: *n\n",
    ],
  ];
  for (const [what, before, after] of forms) {
    test(what, () => {
      assert.equal(granted(before).text, after);
    });
  }
});

test("a grant says what was asked for and nothing by default", () => {
  const asked = { subject: { group: "data-science" }, level: "view", notebooks: false, expires: "2026-12-11" } as const;
  assert.equal(
    granted("name: team-a\n", { ...asked, reason: "audit #7" }).text,
    "name: team-a\nmembers:\n  # audit #7\n  - group: data-science\n    role: view\n    notebooksAccess: false\n    expires: 2026-12-11\n",
  );
  assert.equal(
    granted("name: team-a\n", { list: "storage", level: "view" }).text,
    "name: team-a\nstorage:\n  - user: dan\n    role: view\n",
  );
});

test("a reason on a one-line list stands above it", () => {
  assert.equal(
    granted("name: team-a\nmembers: [{ user: alice, role: edit }]\n", { reason: "pairs" }).text,
    "name: team-a\n# pairs\nmembers: [{ user: alice, role: edit }, { user: dan, role: edit }]\n",
  );
});

test("a name that YAML would take for a number is quoted", () => {
  const changes = { "users/123.yaml": 'username: "123"\nemail: n@example.com\n' };
  assert.match(granted("name: team-a\n", { subject: { user: "123" } }, changes).text, /- user: "123"\n/);
});

suite("somebody who has a grant already", () => {
  const withDan = (more: string) =>
    `name: team-a\nmembers:\n  # d\n  - user: dan\n    role: edit\n${more}  - user: alice\n    role: edit\n`;

  test("gets a later end", () => {
    const { outcome, text, notes } = granted(withDan("    expires: 2026-12-01 # t\n"), { expires: "2026-12-11" });
    assert.equal(outcome, "changed");
    assert.equal(text, withDan("    expires: 2026-12-11 # t\n"));
    assert.deepEqual(notes, ["env/workspaces/team-a.yaml:4:5 would have ended on 2026-12-01; now until 2026-12-11"]);
  });
  test("keeps quotes around an end", () => {
    assert.equal(
      granted(withDan("    expires: '2026-12-01'\n"), { expires: "2026-12-11" }).text,
      withDan("    expires: '2026-12-11'\n"),
    );
  });
  test("loses the end, and its comment stays", () => {
    assert.equal(granted(withDan("    expires: 2026-12-01 # t\n")).text, withDan("    # t\n"));
  });
  test("loses an end that comes first", () => {
    assert.equal(
      granted("name: team-a\nmembers:\n  - expires: 2026-12-01 # t\n    user: dan\n    role: edit\n").text,
      "name: team-a\nmembers:\n  # t\n  - user: dan\n    role: edit\n",
    );
  });
  test("loses an end in flow style", () => {
    assert.equal(
      granted("name: team-a\nmembers: [{ user: dan, expires: 2026-12-01, role: edit }]\n").text,
      "name: team-a\nmembers: [{ user: dan, role: edit }]\n",
    );
  });
  test("has again what has ended", () => {
    const { notes } = granted(withDan("    expires: 2026-11-01\n"), { expires: "2026-12-11" });
    assert.match(notes[0] ?? "", /:4:5 ended on 2026-11-01; now until 2026-12-11$/);
  });
  test("gets a reason above the entry", () => {
    assert.match(
      granted(withDan("    expires: 2026-12-01\n"), { reason: "longer" }).text,
      / {2}# d\n {2}# longer\n {2}- user: dan\n/,
    );
  });
  for (const [what, more, request] of [
    ["the same without an end", "", {}],
    ["the same without an end, for a time", "", { expires: "2026-12-11" }],
    ["the same until that day", "    expires: 2026-12-11\n", { expires: "2026-12-11" }],
    ["more", "", { level: "view" }],
    ["more, and asks for no notebooks", "", { notebooks: false }],
    ["the buckets as a member", "", { list: "storage" }],
    ["it through a group", "  - group: data-science\n    role: edit\n", { subject: { user: "bob" } }],
  ] as const) {
    test(`with ${what}: nothing to do`, () => {
      const { outcome, text, notes } = granted(withDan(more), request);
      assert.equal(outcome, "kept");
      assert.equal(text, withDan(more));
      assert.match(
        notes[0] ?? "",
        /^env\/workspaces\/team-a\.yaml:\d+:5(, through group data-science,)? gives this already/,
      );
    });
  }
  test("has an edit for a time beside a view that stays", () => {
    const view = "name: team-a\nmembers:\n  - user: dan\n    role: view\n";
    const { outcome, text, notes } = granted(view, { expires: "2026-12-11" });
    assert.equal(outcome, "added");
    assert.equal(text, `${view}  - user: dan\n    role: edit\n    expires: 2026-12-11\n`);
    assert.deepEqual(notes, []);
    assert.deepEqual(granted(view).notes, [
      "env/workspaces/team-a.yaml:3:5 (view) gives nothing more beside it; remove it if you like",
    ]);
  });
  test("gets notebooks for as long as the grant", () => {
    assert.equal(granted(withDan("    notebooksAccess: false # n\n")).text, withDan("    notebooksAccess: true # n\n"));
  });
  test("does not get notebooks for longer than asked", () => {
    assert.throws(() => granted(withDan("    notebooksAccess: false\n"), { expires: "2026-12-11" }), {
      name: "EditRefused",
      message: /^env\/workspaces\/team-a\.yaml:4:5 gives edit without notebooks without an end; opening notebooks/,
    });
    assert.throws(() => granted(withDan("    expires: 2026-12-01\n"), { notebooks: false }), {
      name: "EditRefused",
      message: /:4:5 gives edit with notebooks until 2026-12-01; a later end would keep them open/,
    });
  });
});

suite("what is open or gives nothing is refused", () => {
  const refused: readonly (readonly [what: string, text: string, request: Partial<GrantRequest>, message: RegExp])[] = [
    [
      "a list that an alias repeats",
      "name: team-a\nmembers: &m\n  - user: alice\n    role: edit\nstorage: *m\n",
      {},
      /^env\/workspaces\/team-a\.yaml:3:3 has the anchor &m, and aliases of it would change as well\./,
    ],
    [
      "a list that is an alias",
      "name: team-a\nmembers: &m\n  - user: alice\n    role: edit\nstorage: *m\n",
      { list: "storage" },
      /^env\/workspaces\/team-a\.yaml:5:10 is an alias \(\*m\)/,
    ],
    [
      "an end that an alias repeats",
      "name: team-a\nmembers:\n  - user: dan\n    role: edit\n    expires: &e 2026-12-01\n  - user: alice\n    role: edit\n    expires: *e\n",
      { expires: "2026-12-11" },
      /^env\/workspaces\/team-a\.yaml:5:17 has the anchor &e/,
    ],
    ["an archived workspace", "name: team-a\nstate: archived\n", {}, /:2:8 workspace "team-a" is archived/],
    [
      "a personal workspace",
      "name: team-a\n",
      { workspace: "alice" },
      /^env\/users\/alice\.yaml:3:12 "alice" is the personal workspace of user "alice"/,
    ],
  ];
  for (const [what, text, request, message] of refused) {
    test(what, () => {
      assert.throws(() => granted(text, request), { name: "EditRefused", message });
    });
  }
  for (const [what, line, message] of [
    ["an archived user", "state: archived", /^env\/users\/dan\.yaml:3:8 user "dan" is archived/],
    ["a disabled user", "enabled: false", /^env\/users\/dan\.yaml:3:10 user "dan" is disabled/],
  ] as const) {
    test(what, () => {
      const changes = { "users/dan.yaml": `username: dan\nemail: dan@example.com\n${line}\n` };
      assert.throws(() => granted("name: team-a\n", {}, changes), { name: "EditRefused", message });
    });
  }
});

suite("names that are not known", () => {
  const unknown: readonly (readonly [request: Partial<GrantRequest>, message: RegExp])[] = [
    [{ subject: { user: "aliec" } }, /^user "aliec" is not known\. Did you mean "alice"\?/],
    [{ subject: { user: "Bob@example.com" } }, /Did you mean "bob"\?/],
    [{ subject: { user: "data-science" } }, /It is a group: add --group\./],
    [{ subject: { group: "data-sience" } }, /^group "data-sience" is not known\. Did you mean "data-science"\?/],
    [{ subject: { group: "dan" } }, /It is a user: leave out --group\./],
    [{ subject: { group: "pk-admin" } }, /^group "pk-admin" is one of the platform's own/],
    [{ workspace: "team-b" }, /^workspace "team-b" is not known\. Did you mean "team-a"\? There are: "team-a"/],
  ];
  for (const [request, message] of unknown) {
    test(JSON.stringify(request), () => {
      assert.throws(() => granted("name: team-a\n", request), { name: "RangeError", message });
    });
  }
});

suite("an end", () => {
  for (const [given, expected] of [
    ["1d", "2026-11-28"],
    ["14d", "2026-12-11"],
    ["2w", "2026-12-11"],
    ["366d", "2027-11-28"],
  ] as const) {
    test(`--for ${given}`, () => {
      assert.equal(endOf({ lasting: given }, date), expected);
    });
  }
  for (const given of ["0d", "367d", "53w", "2h", "14", "d", "1.5d", "-1d", ""]) {
    test(`--for ${given} is refused`, () => {
      assert.throws(() => endOf({ lasting: given }, date), { name: "RangeError", message: /from 1d to 366d/ });
    });
  }
  test("--until is the first day without", () => {
    assert.equal(endOf({ until: "2026-11-28" }, date), "2026-11-28");
    assert.equal(lastDay("2026-12-01"), "2026-11-30");
    assert.equal(endOf({}, date), undefined);
  });
  test("--until that has come, or is no day, is refused, and so are both", () => {
    assert.throws(() => endOf({ until: date }, date), { name: "RangeError", message: /a day after 2026-11-27/ });
    assert.throws(() => endOf({ until: "2027-02-30" }, date), { name: "RangeError", message: /YYYY-MM-DD/ });
    assert.throws(() => endOf({ until: "2027-02-01", lasting: "1d" }, date), { name: "RangeError" });
  });
});

test("a grant as of another day is told, and refused when it would be over", () => {
  assert.deepEqual(otherDay("2026-11-28", date, date), []);
  assert.deepEqual(otherDay(undefined, date, date), []);
  for (const day of ["2020-01-01", "2027-01-01"]) {
    for (const expires of [undefined, "2027-01-04"]) {
      const [note, ...more] = otherDay(expires, day, date);
      assert.match(note ?? "", new RegExp(`^--date is ${day} and not today`));
      assert.deepEqual(more, []);
    }
  }
  for (const expires of ["2020-01-04", date]) {
    assert.throws(() => otherDay(expires, "2020-01-01", date), {
      name: "RangeError",
      message: new RegExp(`would be over: ${expires}, the first day without it, has come, and --date is 2020-01-01`),
    });
  }
  assert.equal(otherDay("2026-11-28", "2020-01-01", date).length, 1, "tomorrow is soon enough");
});

test("a reason is one line without anything hidden", () => {
  assert.equal(reasonLine("  a\n- user: eve\r\n\u202Eb\u0085c\u2028 "), "a - user: eve b c");
  assert.throws(() => reasonLine(" \n\u200B"), { name: "RangeError" });
  assert.throws(() => reasonLine("x".repeat(201)), { name: "RangeError", message: /at most 200/ });
});

interface Left {
  readonly files: ReadonlyMap<string, string>;
  readonly changed: ReadonlyMap<string, string | undefined>;
  readonly what: readonly string[];
}

const admins = Object.fromEntries(
  ["eve", "fay"].map((name) => [`users/${name}.yaml`, `username: ${name}\nemail: ${name}@example.com\nadmin: true\n`]),
);

function offboarded(username: string, changes: Changes, fileGoes = false): Left {
  const texts = filesWith({ ...admins, ...changes });
  const { changes: changed, removals } = offboarding(parsed(texts), texts, username, { fileGoes });
  const files = new Map(
    [...texts, ...changed].flatMap(([path, text]) =>
      text === undefined || (changed.get(path) === undefined && changed.has(path)) ? [] : [[path, text]],
    ),
  );
  parsed(files);
  return { files, changed, what: removals.map(({ at, what }) => `${at.file}:${at.line}:${at.column} ${what}`) };
}

suite("the text around what a user loses stays as it is", () => {
  const forms: readonly (readonly [what: string, path: string, before: string, after: string])[] = [
    [
      "an entry in block style, with its comments",
      "workspaces/team-a.yaml",
      "name: team-a\nmembers:\n  # lead\n  - user: alice # a\n    # inside\n    role: edit # b\n  # next\n  - user: bob\n    role: edit\n",
      "name: team-a\nmembers:\n  # lead\n  # a\n  # inside\n  # b\n  # next\n  - user: bob\n    role: edit\n",
    ],
    [
      "the only entry",
      "workspaces/team-a.yaml",
      "name: team-a\nmembers: # people\n  # lead\n  - user: alice\n    role: edit\nstorage: []\n",
      "name: team-a\nmembers: [] # people\n  # lead\nstorage: []\n",
    ],
    [
      "two entries of one user, the last without a line break",
      "workspaces/team-a.yaml",
      "name: team-a\nmembers:\n  - { user: bob, role: edit }\n  - { user: alice, role: view }\n  - { user: alice, role: edit, expires: 2026-12-01 }",
      "name: team-a\nmembers:\n  - { user: bob, role: edit }",
    ],
    [
      "the first name",
      "groups/data-science.yaml",
      "name: data-science\nmembers: [alice, bob, dan] # g\n",
      "name: data-science\nmembers: [bob, dan] # g\n",
    ],
    [
      "a name in the middle",
      "groups/data-science.yaml",
      "name: data-science\nmembers: [bob, alice, dan]\n",
      "name: data-science\nmembers: [bob, dan]\n",
    ],
    [
      "the last name",
      "groups/data-science.yaml",
      "name: data-science\nmembers: [ bob, alice ]\n",
      "name: data-science\nmembers: [ bob ]\n",
    ],
    [
      "the only name",
      "groups/data-science.yaml",
      "name: data-science\nmembers: [alice]\n",
      "name: data-science\nmembers: []\n",
    ],
    [
      "a name on a line of its own, with a comment",
      "groups/data-science.yaml",
      "name: data-science\nmembers: [\n  bob, # b\n  alice, # a\n  dan # d\n]\n",
      "name: data-science\nmembers: [\n  bob, # b\n  # a\n  dan # d\n]\n",
    ],
    [
      "the last name on a line of its own",
      "groups/data-science.yaml",
      "name: data-science\nmembers: [\n  bob, # b\n  alice # a\n]\n",
      "name: data-science\nmembers: [\n  bob # b\n  # a\n]\n",
    ],
    [
      "a name in a list with dashes",
      "groups/data-science.yaml",
      "name: data-science\r\nmembers:\r\n- alice\r\n- bob\r\n",
      "name: data-science\r\nmembers:\r\n- bob\r\n",
    ],
    [
      "a grant in the whole cluster",
      "platform.yaml",
      `${soundFiles["platform.yaml"] ?? ""}clusterAccess: [{ user: alice, role: admin }, { group: data-science, role: edit }]\n`,
      `${soundFiles["platform.yaml"] ?? ""}clusterAccess: [{ group: data-science, role: edit }]\n`,
    ],
    [
      "the account, its roles and its rights as administrator",
      "users/alice.yaml",
      "username: alice\nemail: alice@example.com # e\nadmin: true # since 2025\nroles: [] # none\nworkspace: true\n",
      "username: alice\nemail: alice@example.com # e\nadmin: false # since 2025\nroles: [] # none\nworkspace: true\nstate: archived\n",
    ],
    [
      "an account that says it is active",
      "users/alice.yaml",
      'username: alice\nemail: alice@example.com\nstate: "active" # s\n',
      'username: alice\nemail: alice@example.com\nstate: "archived" # s\n',
    ],
  ];
  for (const [what, path, before, after] of forms) {
    test(what, () => {
      assert.equal(offboarded("alice", { [path]: before }).files.get(path), after);
    });
  }
});

test("an alias goes before what it stands for", () => {
  const text = "name: data-science\nmembers: [&a alice, bob]\ndescription: x\n";
  assert.equal(
    offboarded("alice", { "groups/data-science.yaml": text }).files.get("groups/data-science.yaml"),
    "name: data-science\nmembers: [bob]\ndescription: x\n",
  );
  const both = "name: team-a\nmembers: [&e { user: alice, role: edit }]\nstorage: [*e, { user: bob, role: view }]\n";
  assert.throws(() => offboarded("alice", { "workspaces/team-a.yaml": both }), {
    name: "EditRefused",
    message: /^env\/workspaces\/team-a\.yaml:2:14 has the anchor &e, which is used elsewhere/,
  });
});

test("a list that two keys share is not edited", () => {
  const text = "name: team-a\nmembers: &m\n  - { user: alice, role: edit }\nstorage: *m\n";
  assert.throws(() => offboarded("alice", { "workspaces/team-a.yaml": text }), {
    name: "EditRefused",
    message: /:3:3 has the anchor &m/,
  });
});

test("two administrators must stay", () => {
  const alice = { "users/alice.yaml": "username: alice\nemail: alice@example.com\nadmin: true\n" };
  assert.equal(offboarded("alice", alice).files.get("users/alice.yaml")?.includes("admin: false"), true);
  for (const spoiled of ["admin: false", "admin: true\nenabled: false", "admin: true\nstate: archived"]) {
    const fay = { "users/fay.yaml": `username: fay\nemail: fay@example.com\n${spoiled}\n` };
    assert.throws(() => offboarded("alice", { ...alice, ...fay }), {
      name: "EditRefused",
      message:
        /^env\/users\/alice\.yaml:3:8 user "alice" administers the platform, and only "eve" would be left to do it; 2 must stay\./,
    });
    // Whoever is no administrator may leave.
    offboarded("bob", fay);
  }
});

test("a second offboarding has nothing to do, and an unknown name is told", () => {
  const { files } = offboarded("alice", {});
  assert.equal(offboarding(parsed(files), files, "alice", { fileGoes: false }).changes.size, 0);
  const gone = offboarded("alice", {}, true).files;
  assert.equal(gone.has("users/alice.yaml"), false);
  assert.throws(() => offboarding(parsed(gone), gone, "alice", { fileGoes: true }), {
    name: "RangeError",
    message: /there is nothing to do/,
  });
  assert.throws(() => offboarded("alcie", {}), { name: "RangeError", message: /Did you mean "alice"\?/ });
});

test("an offboarding says what is lost, what stays, what is open and whom it touches", () => {
  const changes = {
    ...admins,
    "platform.yaml": 'domain: cluster.example.com\nmasterAdmins: [root-1, alice]\napprovers: ["@alice"]\n',
    "groups/data-science.yaml": "name: data-science\nmembers: [alice]\n",
  };
  const texts = filesWith(changes);
  const before = parsed(texts);
  const after = parsed(offboarded("alice", changes).files);
  const { lost, archivedBuckets, openEnds, affected } = farewell(
    before,
    resolve(before, date),
    resolve(after, date),
    "alice",
  );
  assert.deepEqual(
    lost.map(({ place, paths }) => `${place.name}: ${paths.map(({ access }) => access).join(", ")}`),
    ["alice: edit", "team-a: edit, view (no notebooks)"],
  );
  assert.deepEqual(archivedBuckets, ["alice-data", "alice-mlpipeline"]);
  assert.deepEqual(
    openEnds.map((line) => line.split(": ")[0]),
    [
      "tokens",
      "S3 sessions",
      "S3 keys",
      "keys of workspaces",
      "workloads",
      'env/platform.yaml:2:24 masterAdmins names "alice"',
      'env/platform.yaml:3:13 approvers names "@alice"',
    ],
  );
  assert.deepEqual(affected, [
    "group data-science has no members any more (env/groups/data-science.yaml:1:7)",
    "workspace team-a has nobody who may edit any more (env/workspaces/team-a.yaml:1:7)",
  ]);
});

/* Properties over random platforms, written in random styles. */

const names = ["alice", "bob", "dan", "eve", "fay", "gus"];
const groupNames = ["makers", "readers"];
const workspaceNames = ["team-a", "team-b"];

const level = fc.constantFrom("edit" as const, "view" as const);
const someDay = fc.constantFrom(undefined, "2026-11-01", "2026-11-28", "2026-12-11", "2027-03-31");
const subject = fc.oneof(
  fc.constantFrom(...names).map((user) => ({ user })),
  fc.constantFrom(...groupNames).map((group) => ({ group })),
);
const entry = fc.record({ subject, role: level, notebooks: fc.boolean(), expires: someDay });
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

const entries = fc.uniqueArray(entry, {
  maxLength: 4,
  selector: ({ subject, role }) => JSON.stringify([subject, role]),
});

/** How a list is written: one of five ways, with comments or without. */
const style = fc.record({
  form: fc.constantFrom("block", "flow entries", "one line", "lines", "json"),
  isIndented: fc.boolean(),
  hasComments: fc.boolean(),
});
type Style = typeof style extends fc.Arbitrary<infer T> ? T : never;

let comments = 0;
const comment = ({ hasComments }: Style, before = " ") => (hasComments ? `${before}# c${(comments += 1)}` : "");

function listText(key: string, items: readonly (readonly string[])[], how: Style, asEntry = true): string[] {
  if (items.length === 0) return how.form === "block" ? [] : [`${key}: []${comment(how)}`];
  const pad = how.isIndented ? "  " : "";
  const flat = items.map((fields) => (asEntry ? `{ ${fields.join(", ")} }` : fields.join("")));
  switch (how.form) {
    case "one line":
    case "json":
      return [`${key}: [${flat.join(", ")}]${comment(how)}`];
    case "lines":
      return [`${key}: [${comment(how)}`, ...flat.map((item) => `    ${item},${comment(how)}`), "  ]"];
    case "flow entries":
      return [
        `${key}:${comment(how)}`,
        ...flat.flatMap((item) => [
          ...(how.hasComments ? [`${pad}${comment(how, "")}`] : []),
          `${pad}- ${item}${comment(how)}`,
        ]),
      ];
    case "block":
      return [
        `${key}:${comment(how)}`,
        ...items.flatMap((fields) =>
          fields.map((field, index) => `${pad}${index === 0 ? "- " : "  "}${field}${comment(how)}`),
        ),
        ...(how.hasComments ? [`${pad}${comment(how, "")}`] : []),
      ];
  }
}

function entryFields({ subject, role, notebooks, expires }: Entry, isMember: boolean): string[] {
  return [
    ...("user" in subject ? [`user: ${subject.user}`] : [`group: ${subject.group}`]),
    `role: ${role}`,
    ...(isMember && !notebooks ? ["notebooksAccess: false"] : []),
    ...(expires === undefined ? [] : [`expires: ${expires}`]),
  ];
}

const world = fc
  .record({
    workspaces: fc.tuple(...workspaceNames.map(() => fc.record({ members: entries, storage: entries, style }))),
    groups: fc.tuple(...groupNames.map(() => fc.record({ members: fc.uniqueArray(fc.constantFrom(...names)), style }))),
    cluster: fc.uniqueArray(fc.record({ subject, role: fc.constantFrom("admin", "edit") }), {
      maxLength: 3,
      selector: ({ subject, role }) => JSON.stringify([subject, role]),
    }),
    clusterStyle: style,
    personal: fc.subarray(names),
    isWindows: fc.boolean(),
    isUnfinished: fc.boolean(),
  })
  .map(({ workspaces, groups, cluster, clusterStyle, personal, isWindows, isUnfinished }) => {
    const file = (lines: readonly string[]) =>
      lines.join(isWindows ? "\r\n" : "\n") + (isUnfinished ? "" : isWindows ? "\r\n" : "\n");
    return new Map([
      [
        "platform.yaml",
        file([
          "domain: cluster.example.com",
          "masterAdmins: [root-1, root-2]",
          "realmRoles: [{ name: grafana-admin }]",
          ...listText(
            "clusterAccess",
            cluster.map(({ subject, role }) => [
              "user" in subject ? `user: ${subject.user}` : `group: ${subject.group}`,
              `role: ${role}`,
            ]),
            clusterStyle,
          ),
        ]),
      ],
      ...names.map((name): [string, string] => [
        `users/${name}.yaml`,
        file([
          `username: ${name}`,
          `email: ${name}@example.com # address of ${name}`,
          ...(["dan", "eve", "fay"].includes(name) ? ["admin: true # since 2025", "roles: [grafana-admin]"] : []),
          ...(personal.includes(name) ? ["workspace: true"] : []),
        ]),
      ]),
      ...groups.map(({ members, style }, index): [string, string] => {
        const name = groupNames[index] ?? "";
        return [
          `groups/${name}.yaml`,
          file([
            `name: ${name}`,
            ...listText(
              "members",
              members.map((one) => [one]),
              style,
              false,
            ),
          ]),
        ];
      }),
      ...workspaces.map(({ members, storage, style }, index): [string, string] => {
        const name = workspaceNames[index] ?? "";
        return [
          `workspaces/${name}.yaml`,
          file([
            `# about ${name}`,
            `name: ${name}`,
            ...listText(
              "members",
              members.map((one) => entryFields(one, true)),
              style,
            ),
            ...listText(
              "storage",
              storage.map((one) => entryFields(one, false)),
              style,
            ),
          ]),
        ];
      }),
    ]);
  });

const request: fc.Arbitrary<GrantRequest> = fc
  .record({
    subject,
    workspace: fc.constantFrom(...workspaceNames),
    list: fc.constantFrom("members" as const, "storage" as const),
    level,
    notebooks: fc.boolean(),
    expires: fc.constantFrom(undefined, "2026-11-28", "2026-12-11", "2027-06-30"),
    reason: fc.constantFrom(undefined, "because of #12: 'x'"),
  })
  .map(({ expires, reason, ...rest }) => ({
    ...rest,
    ...(expires !== undefined && { expires }),
    ...(reason !== undefined && { reason }),
  }));

/** Access without the places of lines, which move. */
function accessOn(texts: ReadonlyMap<string, string>, day: string): Map<string, EffectiveAccess> {
  return new Map(resolve(parsed(texts), day).access.map((one) => [`${one.user} ${one.workspace}`, one]));
}

function rights(access: EffectiveAccess | undefined): readonly number[] {
  const rank = { edit: 2, view: 1 };
  return [
    access?.kubernetes ? rank[access.kubernetes] : 0,
    access?.network ? { full: 2, pipelines: 1 }[access.network] : 0,
    access?.storage ? rank[access.storage] : 0,
  ];
}

function allComments(texts: ReadonlyMap<string, string>): string[] {
  return [...texts.values()].flatMap((text) => commentsIn(text)).toSorted();
}

test("after a grant the target has what was asked for, everybody else what they had, and all comments stand", () => {
  const outcomes = { added: 0, changed: 0, kept: 0, refused: 0 };
  fc.assert(
    fc.property(world, request, (texts, asked) => {
      const desired = parsed(texts);
      let edit: GrantEdit;
      try {
        edit = grantEdit(desired, texts, asked, date);
      } catch (error) {
        assert.ok(error instanceof EditRefused && /notebooks/.test(error.message), String(error));
        outcomes.refused += 1;
        return;
      }
      outcomes[edit.outcome] += 1;
      const after = new Map([...texts, [edit.path, edit.text]]);
      const isTarget = (user: string) =>
        "user" in asked.subject
          ? user === asked.subject.user
          : desired.groups.get(asked.subject.group)?.value.members.includes(user);
      const level = asked.level === "edit" ? 2 : 1;
      const given = asked.list === "storage" ? [0, 0, level] : [level, asked.notebooks ? 2 : 1, level];
      const lastDayOf = asked.expires === undefined ? "2099-01-01" : lastDay(asked.expires);
      for (const day of [date, lastDayOf]) {
        const [was, is] = [accessOn(texts, day), accessOn(after, day)];
        for (const user of names) {
          for (const workspace of workspaceNames) {
            const key = `${user} ${workspace}`;
            const gains = isTarget(user) && workspace === asked.workspace;
            const expected = rights(was.get(key)).map((had, plane) => (gains ? Math.max(had, given[plane] ?? 0) : had));
            assert.deepEqual(rights(is.get(key)), expected, `${key} on ${day}`);
          }
        }
      }
      if (asked.expires !== undefined) {
        const [was, is] = [accessOn(texts, asked.expires), accessOn(after, asked.expires)];
        for (const [key, access] of is) assert.deepEqual(rights(access), rights(was.get(key)), `${key} after the end`);
      }
      const kept = allComments(after);
      for (const one of allComments(texts)) assert.ok(kept.includes(one), `${one} is gone`);
      assert.equal(edit.text.includes("\r\n"), (texts.get(edit.path) ?? "").includes("\r\n"));
      const { removed } = hunkOf(texts.get(edit.path) ?? "", edit.text);
      assert.ok(removed.length <= 4, `${removed.length} lines changed`);
      assert.equal(grantEdit(parsed(after), after, asked, date).outcome, "kept");
    }),
    { numRuns: 400, seed: 11 },
  );
  for (const [outcome, count] of Object.entries(outcomes)) assert.ok(count > 4, `${outcome}: ${count}`);
});

test("after an offboarding the user has nothing, everybody else what they had, and all comments stand", () => {
  const words = (list: readonly AccessEntry[]) =>
    list.map(({ who, place, access, until }) => `${who} ${place.kind} ${place.name} ${access} ${until ?? ""}`);
  let changedFiles = 0;
  fc.assert(
    fc.property(world, fc.constantFrom(...names), fc.boolean(), (texts, username, fileGoes) => {
      const desired = parsed(texts);
      const admin = { "users/new.yaml": "username: new\nemail: new@example.com\nadmin: true\n" };
      const withAdmin = new Map([...texts, ...Object.entries(admin)]);
      const before = parsed(withAdmin);
      const { changes } = offboarding(before, withAdmin, username, { fileGoes });
      changedFiles += changes.size;
      const after = new Map(withAdmin);
      for (const [path, text] of changes) {
        if (text === undefined) after.delete(path);
        else after.set(path, text);
      }
      const state = parsed(after);
      const [was, is] = [accessEntries(before, resolve(before, date)), accessEntries(state, resolve(state, date))];
      assert.deepEqual(words(is), words(was.filter(({ who }) => who !== username)));
      const kept = allComments(after);
      for (const [path, text] of withAdmin) {
        if (fileGoes && path === `users/${username}.yaml`) continue;
        for (const one of commentsIn(text)) assert.ok(kept.includes(one), `${one} is gone`);
      }
      for (const [path, text] of after) {
        const words: readonly string[] = path.startsWith("users/") ? [] : (text.match(/\b\w+\b/g) ?? []);
        assert.ok(!words.includes(username), `${path} still names ${username}`);
      }
      if (fileGoes) return;
      assert.equal(offboarding(state, after, username, { fileGoes }).changes.size, 0);
      // Whoever makes the user active again gives the personal workspace back and nothing else.
      const path = `users/${username}.yaml`;
      const back = parsed(new Map([...after, [path, (after.get(path) ?? "").replace("archived", "active")]]));
      const own = accessEntries(back, resolve(back, date)).filter(({ who }) => who === username);
      assert.ok(own.every(({ place }) => place.name === username));
      assert.equal(desired.users.get(username)?.value.workspace === true, own.length === 1);
    }),
    { numRuns: 150, seed: 12 },
  );
  assert.ok(changedFiles > 300, String(changedFiles));
});
