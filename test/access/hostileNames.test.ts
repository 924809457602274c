import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { InputError } from "../../access/diagnostic.ts";
import { parseDesiredState } from "../../access/load.ts";
import {
  bucketRecordName,
  clusterRoleBindingName,
  contributorBindingName,
  storageUserName,
  workspaceBuckets,
  workspaceRoleNames,
} from "../../access/names.ts";
import { s3Statements } from "../../access/s3Policy.ts";

const platform = "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n";

/** Where a string can stand in the desired state: the file it makes. */
const places = {
  workspace: (text: string) => ["workspaces/x.yaml", stringify({ name: text })],
  username: (text: string) => ["users/x.yaml", stringify({ username: text, email: "x@example.com" })],
  group: (text: string) => ["groups/x.yaml", stringify({ name: text })],
  email: (text: string) => ["users/xxx.yaml", stringify({ username: "xxx", email: text })],
  description: (text: string) => ["workspaces/x.yaml", stringify({ name: "x", description: text })],
  firstName: (text: string) => [
    "users/xxx.yaml",
    stringify({ username: "xxx", email: "x@example.com", firstName: text }),
  ],
  unquoted: (text: string) => ["workspaces/x.yaml", `name: ${text}\n`],
  key: (text: string) => ["workspaces/x.yaml", stringify({ name: "x", [text]: true })],
  file: (text: string) => ["workspaces/x.yaml", text],
} as const satisfies Record<string, (text: string) => readonly [string, string]>;
type Place = keyof typeof places;

interface Tried {
  readonly place: Place;
  readonly text: string;
  /** The name as it was understood; undefined when it was refused. */
  readonly accepted: string | undefined;
}

/** Reads the string as somebody would write it; it must be refused with a decent message, or understood. */
function attempt(place: Place, text: string): Tried {
  const [path, file] = places[place](text);
  try {
    const { users, groups, workspaces } = parseDesiredState(
      "env",
      new Map([
        ["platform.yaml", platform],
        [path, file],
      ]),
    );
    const [entity] = [...users.values(), ...groups.values(), ...workspaces.values()];
    const value = (entity?.value ?? {}) as Readonly<Record<string, string | undefined>>;
    return { place, text, accepted: value[place === "username" || place === "email" ? place : "name"] ?? text };
  } catch (error) {
    // Nothing but a message for people may come out, whatever went in.
    assert.ok(error instanceof InputError, `${JSON.stringify(text)} as ${place}: ${String(error)}`);
    const lines = error.message.split("\n").slice(0, -1);
    for (const [index, line] of lines.entries()) {
      assert.match(line, /^env\/\S+:\d+:\d+ [a-z-]+: .+/, JSON.stringify(text));
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u, JSON.stringify(text));
      assert.ok(line.length < 2000, "a long name is not repeated at length");
      assert.ok(index < 20);
    }
    const onlyTheFileIsCalledOtherwise = error.diagnostics.every(({ code }) => code === "file-name");
    return { place, text, accepted: onlyTheFileIsCalledOtherwise ? text : undefined };
  }
}

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);
/** So few that they meet. */
const few = fc.stringMatching(/^[ab]{1,4}$/);
const character = fc.oneof(
  fc.constantFrom(...Array.from("*,${}\"'\\;%:/|<>&#!?()[]@ \t\n\r\0")),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);
/** A good name with something bad inside. */
const spoiled = (bad: fc.Arbitrary<string>) =>
  fc.tuple(label, bad, fc.option(label, { nil: "" })).map((parts) => parts.join(""));
const separators = fc.constantFrom(".", "-", "_", "+", "..", ".-", "__");

/** Letters of other scripts beside the Latin ones they look like (Unicode's confusables). */
const confusables: Readonly<Record<string, string>> = {
  а: "a",
  Ь: "b",
  с: "c",
  ԁ: "d",
  е: "e",
  ҽ: "e",
  ɡ: "g",
  һ: "h",
  і: "i",
  ј: "j",
  κ: "k",
  ӏ: "l",
  ո: "n",
  о: "o",
  ο: "o",
  р: "p",
  ԛ: "q",
  г: "r",
  ѕ: "s",
  τ: "t",
  υ: "u",
  ν: "v",
  ѡ: "w",
  х: "x",
  у: "y",
  ᴢ: "z",
  "０": "0",
  "１": "1",
  ⅰ: "i",
  ﬁ: "fi",
  ａ: "a",
  ｅ: "e",
  ᵃ: "a",
  ʟ: "l",
  ǀ: "l",
  ꜱ: "s",
  ⲟ: "o",
  ᴏ: "o",
  ᴠ: "v",
  ꭇ: "r",
  ⅼ: "l",
};
const invisible = fc.constantFrom("\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u0301", "\u2060");
const lookalike = fc
  .tuple(label, fc.constantFrom(...Object.keys(confusables)), label)
  .map(([before, letter, behind]) => before + letter + behind);

/** The attack catalogue: how a class of names is made, where it is tried, and whether any of it may pass. */
const classes: Readonly<
  Record<string, { what: string; texts: fc.Arbitrary<string>; at: readonly Place[]; passes?: true; count?: number }>
> = {
  N1: {
    what: "addresses that meet in one binding name",
    texts: fc.tuple(few, separators, few).map(([a, mark, b]) => `${a}${mark}${b}@example.com`),
    count: 1000,
    at: ["email"],
    passes: true,
  },
  N2: {
    what: "upper case",
    texts: fc.tuple(label, fc.constantFrom("A", "Q", "Z")).map(([a, b]) => `${b}${a}@Example.com`),
    at: ["email", "username", "group", "workspace"],
  },
  N3: {
    what: "look-alikes and invisible letters",
    texts: fc.oneof(lookalike, spoiled(invisible)),
    at: ["username", "group", "workspace", "email"],
  },
  N4: {
    what: "wildcards of Istio and what has a meaning in headers",
    texts: fc.oneof(
      label.map((a) => `*@${a}.com`),
      label.map((a) => `${a}@example.com*`),
      fc.constant("*"),
      spoiled(fc.constantFrom("*", "$", "{", "}", '"', "\\", ";", "%", " ")),
    ),
    at: ["email", "username", "group", "workspace"],
  },
  N5: {
    what: "commas in lists of groups",
    texts: spoiled(fc.constantFrom(",", ",pk-admin", ", pk-admin")),
    at: ["group", "username", "workspace", "email"],
  },
  N6: {
    what: "policies of MinIO",
    texts: fc.tuple(label, fc.constantFrom("consoleAdmin", "readwrite", "diagnostics")).map(([a, b]) => `${a},${b}`),
    at: ["group", "workspace", "username"],
  },
  N7: {
    what: "one workspace's name inside another's",
    count: 1000,
    texts: fc
      .tuple(label, fc.constantFrom("", "2", "-b", "-data", "-mlpipeline", "*", "-*"))
      .map((parts) => parts.join("")),
    at: ["workspace"],
    passes: true,
  },
  N8: {
    what: "variables and paths",
    texts: spoiled(fc.constantFrom("${aws:username}", "${jwt:groups}", "/b", "/..", "../x", '"', "%2f", "%00")),
    at: ["workspace", "group", "username"],
  },
  N9: {
    what: "parts of role names",
    texts: fc.oneof(
      fc.constantFrom("edit", "view", "s3", "admin", "user", "role"),
      fc.tuple(fc.constantFrom("edit", "view", "s3", "s3:edit"), label).map((parts) => parts.join(":")),
    ),
    at: ["workspace"],
  },
  N10: {
    what: "namespaces of the platform",
    texts: fc.oneof(
      fc.constantFrom("kubeflow", "auth", "default", "iam", "minio", "monitoring", "argocd", "ops", "prokube"),
      fc
        .tuple(fc.constantFrom("kube-", "istio-", "knative-", "openshift-", "system-", "cattle-"), label)
        .map((parts) => parts.join("")),
    ),
    at: ["workspace"],
  },
  N11: {
    what: "subjects of Kubernetes itself",
    texts: label.map((a) => `system:${a}`),
    at: ["username", "group", "workspace", "email"],
  },
  N12: {
    what: "paths of groups",
    texts: fc.oneof(
      label.map((a) => `/${a}/pk-admin`),
      label.map((a) => `${a}/pk-admin`),
      label.map((a) => `/${a}`),
    ),
    at: ["group"],
  },
  N13: {
    what: "lengths",
    texts: fc.integer({ min: 50, max: 254 }).map((length) => "x".repeat(length)),
    at: ["workspace", "group", "username"],
    passes: true,
  },
  N14: {
    what: "what YAML reads as something else",
    texts: fc.constantFrom(
      "on",
      "no",
      "yes",
      "true",
      "null",
      "~",
      "007",
      "1e3",
      "0x1f",
      "2026-01-01",
      ".inf",
      "12:30:00",
      "1_000",
      "!!binary eA==",

      "*a",
      "[x]",
      "{x: y}",
    ),
    at: ["unquoted"],
    passes: true,
  },
  N15: {
    what: "prototypes, bombs and size",
    texts: fc.oneof(
      fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty"),
      fc.integer({ min: 5, max: 9 }).map((depth) => {
        const levels = Array.from(
          { length: depth },
          (_, i) =>
            `a${i}: &a${i} [${Array(9)
              .fill(i === 0 ? "x" : `*a${i - 1}`)
              .join(",")}]`,
        );
        return levels.join("\n");
      }),
      fc.constant(`name: x\ndescription: ${"y".repeat(1_000_000)}\n`),
    ),
    at: ["key", "file"],
  },
  N16: {
    what: "line ends and markup",
    texts: spoiled(fc.constantFrom("\r\n", "\n", "\n| a | b |", "\u2028", "\u0000", "\u001b[31m", "\u202e")),
    at: ["description", "firstName", "workspace", "group", "email"],
  },
  N17: {
    what: "what means something in a URN",
    texts: fc.tuple(label, fc.constantFrom("::", "$", "::a::", "$$"), label).map((parts) => parts.join("")),
    at: ["workspace", "group", "username", "email"],
  },
  // N18 (two stacks) and N19 (a name that moves to another person) are about what is there: takeover.test.ts and, on
  // real servers, test/live/ownership.test.ts and lifecycle.test.ts. Here: names alone never tell stacks apart.
  N18: {
    what: "a stack's name in a name",
    texts: fc
      .tuple(fc.constantFrom("dev", "prod"), fc.constantFrom("/", "::", "."), label)
      .map((parts) => parts.join("")),
    at: ["workspace"],
  },
  N19: {
    what: "anything",
    count: 2000,
    texts: fc.oneof(spoiled(character), fc.string({ unit: "binary" }), fc.string()),
    at: ["workspace", "username", "group", "email"],
    passes: true,
  },
};

const tried = Object.entries(classes).flatMap(([name, { texts, at, count = 150 }], index) =>
  at.map((place) => ({
    name,
    place,
    texts: fc.sample(texts, { numRuns: count, seed: 1000 + index }),
  })),
);
const outcomes = tried.flatMap(({ name, place, texts }) => {
  // One million characters are read three times, not a hundred.
  const some = texts.filter((text, index) => text.length < 10_000 || texts.indexOf(text) === index);
  return some.map((text) => ({ name, ...attempt(place, text) }));
});

test("all 19 classes are tried, with at least 10,000 strings", () => {
  assert.equal(Object.keys(classes).length, 19);
  assert.ok(outcomes.length >= 10_000, `${outcomes.length} strings`);
});

for (const [name, { what, passes }] of Object.entries(classes)) {
  test(`${name}, ${what}: ${passes ? "refused or harmless" : "refused"}`, () => {
    const accepted = outcomes.filter((outcome) => outcome.name === name && outcome.accepted !== undefined);
    if (!passes) assert.deepEqual(accepted, []);
    for (const { text, accepted: name } of accepted) assert.equal(name, text, "it is understood as it was written");
  });
}

/** What was accepted in a place, each once. */
function acceptedAt(place: Place): string[] {
  return [...new Set(outcomes.flatMap((outcome) => (outcome.place === place ? (outcome.accepted ?? []) : [])))];
}

/** Everything the planes will call a workspace. */
function namesOf(workspace: string): string[] {
  const { data, mlpipeline } = workspaceBuckets(workspace);
  return [...workspaceRoleNames(workspace), data, mlpipeline, bucketRecordName(workspace), storageUserName(workspace)];
}

test("what is accepted is mapped injectively, within every plane's limits", () => {
  const workspaces = acceptedAt("workspace");
  assert.ok(workspaces.length > 300, `${workspaces.length} workspaces`);
  const owner = new Map<string, string>();
  for (const workspace of workspaces) {
    for (const name of namesOf(workspace)) {
      assert.equal(owner.get(name), undefined, `${name} of ${workspace}`);
      owner.set(name, workspace);
      assert.match(name, /^[\w+=,.@:-]{1,96}$/);
      assert.doesNotMatch(name, /,/);
    }
    for (const bucket of Object.values(workspaceBuckets(workspace))) assert.ok(bucket.length <= 63);
  }
  const emails = acceptedAt("email");
  assert.ok(emails.length > 300, `${emails.length} addresses`);
  assert.equal(new Set(emails.map((email) => clusterRoleBindingName(email, "edit"))).size, emails.length);
  for (const text of [...emails, ...acceptedAt("username"), ...acceptedAt("group"), ...workspaces]) {
    assert.match(text, /^[a-z0-9_][a-z0-9._@+'-]*$/, "plain ASCII: nothing looks like anything else");
  }
});

test("no policy of one workspace reaches a bucket of another", () => {
  const workspaces = acceptedAt("workspace").slice(0, 400);
  const resources = new Set(
    workspaces.flatMap((name) =>
      Object.values(workspaceBuckets(name)).flatMap((bucket) => [
        `arn:aws:s3:::${bucket}`,
        `arn:aws:s3:::${bucket}/key`,
      ]),
    ),
  );
  for (const workspace of workspaces) {
    const patterns = Object.values(s3Statements("edit", workspace)).flatMap(({ Resource }) => Resource);
    const reached = [...resources].filter((resource) => patterns.some((pattern) => matches(pattern, resource)));
    assert.equal(reached.length, 4, workspace);
  }
});

/** MinIO's matching: `*` is any text, `?` any character. */
function matches(pattern: string, resource: string): boolean {
  const [head = "", ...tail] = pattern.split("*");
  if (tail.length === 0) return pattern === resource;
  return resource.startsWith(head) && resource.endsWith(tail.at(-1) ?? "");
}

test("two people whose binding would have one name cannot be in one workspace", () => {
  const emails = acceptedAt("email");
  const byName = Map.groupBy(emails, (email) => contributorBindingName(email, "edit"));
  const groups = [...byName.values()].filter((group) => group.length > 1);
  assert.ok(groups.length > 20, `${groups.length} collisions`);
  for (const [first = "", second = ""] of groups.slice(0, 100)) {
    const files = new Map([
      ["platform.yaml", platform],
      ["users/one.yaml", stringify({ username: "one", email: first })],
      ["users/two.yaml", stringify({ username: "two", email: second })],
      ["workspaces/x.yaml", "name: x\nmembers: [{ user: one, role: edit }, { user: two, role: view }]\n"],
    ]);
    assert.throws(() => parseDesiredState("env", files), /binding-collision/, `${first} and ${second}`);
  }
});
