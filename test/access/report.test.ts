import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { type DefaultTreeAdapterTypes as Tree, parse } from "parse5";
import { accessEntries, everybody, rightsIn } from "../../access/entries.ts";
import type { DesiredState } from "../../access/load.ts";
import { visible } from "../../access/markup.ts";
import { renderReport } from "../../access/report.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { crowd, reviewDay, reviewed } from "./reviewed.ts";
import { desired } from "./support.ts";

const { state, plan } = reviewed();
const text = renderReport("dev", state, plan, { revision: "0123abc" });
const page = parse(text);

test("the same input gives the same bytes", () => {
  const again = reviewed();
  assert.equal(renderReport("dev", again.state, again.plan, { revision: "0123abc" }), text);
});

test("the headline counts, and knows the first and the last day of soon", () => {
  assert.deepEqual(figures(page), {
    users: "5",
    workspaces: "3",
    grants: "7",
    "platform admins": "1",
    "expiring within 14 days": "1",
    expired: "1",
  });
  const until = (day: string) => {
    const one = reviewed({
      "workspaces/team-c.yaml": `name: team-c\nmembers: [{ user: bob, role: edit, expires: ${day} }]\n`,
    });
    const shown = figures(parse(renderReport("dev", one.state, one.plan, {})));
    return [shown["expiring within 14 days"], shown["expired"]];
  };
  assert.deepEqual(until("2026-11-27"), ["1", "2"], "today: it no longer holds");
  assert.deepEqual(until("2026-11-28"), ["2", "1"], "tomorrow");
  assert.deepEqual(until("2026-12-11"), ["2", "1"], "in 14 days");
  assert.deepEqual(until("2026-12-12"), ["1", "1"], "in 15 days");
});

test("every path is with its user, with way, end, lines and what it means on each plane", () => {
  const short = ({ file, line }: { file: string; line: number }) => `${file.replace(/^env\//, "")}:${line}`;
  const wanted = accessEntries(state, plan).map(({ who, isOutside, place, access, until, paths }) => ({
    who: !isOutside ? `user/${who}` : who === everybody ? everybody : `group/${who}`,
    kind: place.kind,
    place: place.name,
    access,
    planes: place.kind === "workspace" ? planesOf(access) : undefined,
    until: until ?? "",
    paths: paths.map((path) => ({
      access: path.access,
      via: path.group === undefined ? path.via : `${path.via} · group ${path.group}`,
      until: path.expires ?? "",
      lines: [path.at, ...(path.memberAt ? [path.memberAt] : [])].map(short),
    })),
  }));
  assert.ok(wanted.some(({ paths }) => paths.length > 1) && wanted.some(({ until }) => until !== ""));
  assert.deepEqual(sorted(shownEntries(page)), sorted(wanted));
});

test("the matrix has a cell for what somebody has, and only there", () => {
  for (const files of [undefined, crowd(60, 20, 6)]) {
    const world = files ? { state: desired(files), plan: resolve(desired(files), reviewDay) } : { state, plan };
    const own = new Map(world.plan.users.map(({ username, personalWorkspace }) => [personalWorkspace?.name, username]));
    const wanted = accessEntries(world.state, world.plan).flatMap(({ who, isOutside, place, access }) => {
      if (place.kind !== "workspace" && place.kind !== "cluster") return [];
      const column = place.kind === "cluster" ? place.name : own.get(place.name) === who ? "own workspace" : place.name;
      return [`${isOutside ? "+ " : ""}${who} / ${column} / ${shortWord(access)}`];
    });
    const shown = matrixCells(parse(renderReport("dev", world.state, world.plan, {})));
    assert.deepEqual(shown.toSorted(), wanted.toSorted());
  }
});

test("marks in the matrix say what the short word does not", () => {
  const one = reviewed({
    "workspaces/team-c.yaml":
      "name: team-c\nmembers: [{ user: emil, role: view, notebooksAccess: false, expires: 2027-01-01 }]\nstorage: [{ user: emil, role: edit }]\n",
  });
  const row = all(parse(renderReport("dev", one.state, one.plan, {})), "tr").find(
    (tr) => inside(tr, "matrix") && textOf(first(tr, "th")) === "emil",
  );
  assert.ok(row);
  assert.deepEqual(
    all(row, "td")
      .map(textOf)
      .filter((word) => word !== ""),
    ["view1 2 †"],
  );
});

test("users without access, disabled users and what is archived are told", () => {
  const after = (id: string) => textOf(next(byId(page, id)));
  assert.equal(after("idle"), "emil");
  assert.equal(after("disabled"), "dora");
  assert.match(after("archived"), /fred.*user.*users\/fred\.yaml.*team-d.*workspace.*workspaces\/team-d\.yaml/s);
  assert.match(textOf(byId(page, "user/dora")), /disabled: no access on any plane/);
  assert.equal(
    shownEntries(page).some(({ who }) => who === "user/dora" || who === "user/emil"),
    false,
  );
});

test("workspaces name who is in them, and say so when nobody is", () => {
  const team = textOf(byId(page, "workspace/team-b"));
  assert.match(team, /Second team/);
  assert.match(team, /s3:edit.*storage · group data-science.*bob/s);
  assert.match(team, /\+ guests/);
  assert.doesNotMatch(team, /carol/, "an expired grant gives nothing");
  assert.match(textOf(byId(page, "workspace/team-c")), /Nobody has access\./);
  assert.match(team, /2 in every namespace/, "and who is everywhere is counted");
});

test("access that is no workspace's has a place, and so has whoever comes from elsewhere", () => {
  assert.match(textOf(byId(page, "application/board")), /data-science.*alice, bob.*realm role reader.*carol/s);
  assert.match(textOf(byId(page, "application/notes")), /everybody with an account/);
  assert.match(textOf(byId(page, "role/reader")), /Reads reports.*carol/s);
  assert.match(textOf(byId(page, "role/idle")), /Nobody holds it\./);
  assert.match(textOf(next(byId(page, "cluster"))), /kubeflow-admin.*2026-12-11.*carol.*kubeflow-edit.*\+ guests/s);
  assert.match(textOf(next(byId(page, "outside"))), /guests.*group "ML Users" of directory staff/s);
});

test("every link leads to something on the page, and nothing else is asked for", () => {
  const ids = all(page, "*").flatMap((element) => attribute(element, "id") ?? []);
  assert.equal(new Set(ids).size, ids.length, "identifiers are unique");
  const links = all(page, "a").map((link) => attribute(link, "href") ?? "");
  assert.ok(links.length > 50);
  for (const link of links) {
    assert.ok(link.startsWith("#"), link);
    if (link !== "#all") assert.ok(ids.includes(decodeURIComponent(link.slice(1))), `${link} leads nowhere`);
  }
  for (const name of ["src", "srcset", "action", "formaction", "background", "data", "poster", "style"]) {
    assert.deepEqual(
      all(page, "*").filter((element) => attribute(element, name) !== undefined),
      [],
      name,
    );
  }
  assert.equal(all(page, "link").length, 0);
});

test("the policy lets nothing run or load but the page's own script and style", () => {
  const policy = all(page, "meta").find((meta) => attribute(meta, "http-equiv") === "Content-Security-Policy");
  assert.ok(policy);
  const [style, script] = [all(page, "style"), all(page, "script")];
  assert.deepEqual([style.length, script.length], [1, 1]);
  const hash = (elements: readonly Tree.Element[]) =>
    `'sha256-${createHash("sha256").update(elements.map(textOf).join("")).digest("base64")}'`;
  assert.equal(
    attribute(policy, "content"),
    `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; base-uri 'none'; form-action 'none'`,
  );
});

test("tables have a heading for each column and row, and headings do not skip a level", () => {
  for (const table of all(page, "table")) {
    assert.equal(all(table, "caption").length, 1);
    for (const head of all(table, "th")) assert.match(attribute(head, "scope") ?? "", /^(?:col|row|rowgroup)$/);
  }
  let level = 0;
  for (const { tagName } of all(page, "*").filter((element) => /^h[1-6]$/.test(element.tagName))) {
    const found = Number(tagName.slice(1));
    assert.ok(found <= level + 1, `${tagName} after h${level}`);
    level = found;
  }
});

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "&lt;b&gt; &amp; &#x3c;",
    "<!--",
    "]]>",
    "</style><style>*{display:none}</style>",
    "</td></tr></table><table>",
    "\u202ereversed\u202c",
    "\u200e\u200f\u061c",
    "שלום עולם",
    "javascript:alert(1)",
    "../../%2e%2e#x",
    "\ud800",
    "\u0000\u0008\u001b[31m",
    "",
  ),
  fc
    .array(fc.constantFrom(...Array.from("<>\"'&/=`;#%{}()!- a")), { maxLength: 20 })
    .map((characters) => characters.join("")),
);

/** What stands where a name or a text may stand. */
const words = ["onename", "onegroup", "onespace", "oneboard", "onerole", "onetext", "Onefirst", "one@one.example"];
const plainFiles = {
  "platform.yaml": [
    "domain: cluster.example.com",
    "masterAdmins: [root-1, root-2]",
    "realmRoles: [{ name: onerole, description: onetext }]",
    "clusterAccess: [{ group: onegroup, role: edit }]",
    "",
  ].join("\n"),
  "users/alice.yaml": undefined,
  "users/bob.yaml": undefined,
  "groups/data-science.yaml": undefined,
  "workspaces/team-a.yaml": undefined,
  "users/onename.yaml":
    "username: onename\nemail: one@one.example\nfirstName: Onefirst\nlastName: onetext\nadmin: true\nroles: [onerole]\n",
  "groups/onegroup.yaml": "name: onegroup\ndescription: onetext\nmembers: [onename]\n",
  "workspaces/onespace.yaml":
    "name: onespace\ndescription: onetext\nmembers: [{ group: onegroup, role: view }, { user: onename, role: edit, expires: 2026-12-01 }]\n",
  "applications/oneboard.yaml":
    "name: oneboard\ndescription: onetext\nnamespace: tools\nauth: keycloak\nredirectUris: [https://a.example.com/x]\nallow: [{ group: onegroup }]\n",
};

test("no name or text changes what the page is made of", () => {
  const state = desired(plainFiles);
  const plan = resolve(state, reviewDay);
  const rendered = (swap: (text: string) => string) =>
    parse(
      renderReport(swap("onestack"), swapped(state, swap) as DesiredState, swapped(plan, swap) as Plan, {
        revision: swap("onerevision"),
      }),
    );
  const plainPage = rendered((text) => text);
  const wanted = skeleton(plainPage);
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 10, maxLength: 10 }), (texts) => {
      const pairs = [...words, "onestack", "onerevision"].map((word, index) => [word, texts[index] ?? ""] as const);
      const swap = (text: string) =>
        pairs.reduce((before, [word, by]) => (before === word ? by : before.split(word).join(by)), text);
      const spoiled = rendered(swap);
      assert.deepEqual(skeleton(spoiled), wanted);
      const shown = textOf(first(spoiled, "main"));
      for (const [word, by] of pairs.slice(0, words.length)) {
        assert.ok(shown.includes(visible(by)), `${word} shows as ${JSON.stringify(by)}`);
      }
    }),
    { numRuns: 100 },
  );
});

test("what reverses a line or does not show is spelled out", () => {
  assert.equal(visible("a\u202eb\u200dc\u0007d\u2028e\ud800f"), "a\\u{202e}b\\u{200d}c\\u{7}d\\u{2028}e\\u{d800}f");
  assert.equal(visible("Šimić <שלום> 😀"), "Šimić <שלום> 😀");
});

/** The same with every text changed, keys of maps and what functions give included. */
function swapped(value: unknown, swap: (text: string) => string): unknown {
  const again = (inner: unknown) => swapped(inner, swap);
  if (typeof value === "string") return swap(value);
  if (typeof value === "function")
    return (...args: unknown[]) => again((value as (...all: unknown[]) => unknown)(...args));
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [again(key), again(inner)]));
  if (Array.isArray(value)) return value.map(again);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [swap(key), again(inner)]));
}

/** Elements and the names of their attributes, without any text. */
function skeleton(node: Tree.Node): unknown {
  if (!("childNodes" in node)) return [];
  const children = node.childNodes.filter((child) => "tagName" in child || child.nodeName === "#comment").map(skeleton);
  return "tagName" in node ? [node.tagName, node.attrs.map(({ name }) => name), children] : children;
}

interface Shown {
  who: string;
  kind: string;
  place: string;
  access: string;
  planes: string[] | undefined;
  until: string;
  paths: { access: string; via: string; until: string; lines: string[] }[];
}

/** The tables of all that somebody has, read as a person would. */
function shownEntries(document: Tree.Document): Shown[] {
  return all(document, "table")
    .filter((table) => (attribute(table, "class") ?? "").split(" ").includes("access"))
    .flatMap((table) => {
      const owner = above(table, (element) => attribute(element, "data-who") !== undefined);
      const who = attribute(owner, "id") ?? attribute(owner, "data-who") ?? "";
      const entries: Shown[] = [];
      for (const tr of all(first(table, "tbody"), "tr")) {
        const cells = tr.childNodes.filter((child) => "tagName" in child);
        const [head] = cells;
        assert.ok(head);
        const path = (access: string) => ({
          access,
          via: textOf(cells.at(-2)),
          until: textOf(cells.at(-3)),
          lines: (cells.at(-1)?.childNodes ?? []).filter((child) => child.nodeName === "#text").map(textOf),
        });
        if (head.tagName !== "th") {
          entries.at(-1)?.paths.push(path(textOf(head)));
          continue;
        }
        const kind = all(head, "small").map(textOf)[0] ?? "workspace";
        const isOne = attribute(head, "rowspan") === undefined;
        const access = textOf(cells[1]);
        entries.push({
          who,
          kind,
          place: textOf(first(head, "a")),
          access,
          planes: kind === "workspace" ? cells.slice(2, 5).map(textOf) : undefined,
          until: textOf(cells.at(isOne ? -3 : -2)),
          paths: isOne ? [path(access)] : [],
        });
      }
      return entries;
    });
}

function planesOf(access: string): string[] {
  const { kubernetes = 0, network = 0, storage = 0 } = rightsIn(access);
  return [
    ["–", "view", "edit"][kubernetes] ?? "",
    ["–", "pipelines", "all"][network] ?? "",
    ["–", "read", "read, write"][storage] ?? "",
  ];
}

function shortWord(access: string): string {
  return access.startsWith("s3:") ? access.replace(":", " ") : (access.replace("kubeflow-", "").split(" ")[0] ?? "");
}

/** `row / column / word` of every cell that is not empty, by where it stands. */
function matrixCells(document: Tree.Document): string[] {
  const table = all(document, "table").find((one) => attribute(one, "class") === "matrix");
  assert.ok(table);
  const heads = all(first(table, "thead"), "th").slice(1).map(textOf);
  return all(first(table, "tbody"), "tr").flatMap((tr) => {
    const who = textOf(first(tr, "th")).replace(/ disabled$/, "");
    let column = 0;
    const found = all(tr, "td").flatMap((cell) => {
      const at = column;
      column += Number(attribute(cell, "colspan") ?? 1);
      const word = textOf(cell).replace(/[12† ]+$/, "");
      return word === "" ? [] : [`${who} / ${heads[at] ?? ""} / ${word}`];
    });
    assert.equal(column, heads.length, "each row is as wide as the head");
    return found;
  });
}

function figures(document: Tree.Document): Record<string, string> {
  const list = all(document, "dl").find((one) => attribute(one, "class") === "figures");
  assert.ok(list);
  return Object.fromEntries(all(list, "div").map((one) => [textOf(first(one, "dt")), textOf(first(one, "dd"))]));
}

function sorted(entries: readonly object[]): string[] {
  return entries.map((entry) => JSON.stringify(entry, null, 1)).toSorted();
}

function all(node: Tree.Node, tag: string): Tree.Element[] {
  if (!("childNodes" in node)) return [];
  return node.childNodes.flatMap((child) => [
    ...("tagName" in child && (tag === "*" || child.tagName === tag) ? [child] : []),
    ...all(child, tag),
  ]);
}

function first(node: Tree.Node, tag: string): Tree.Element {
  const [found] = all(node, tag);
  assert.ok(found, `there is no ${tag}`);
  return found;
}

function byId(node: Tree.Node, id: string): Tree.Element {
  const found = all(node, "*").find((element) => attribute(element, "id") === id);
  assert.ok(found, `there is no #${id}`);
  return found;
}

function next(element: Tree.Element): Tree.Element {
  const siblings = element.parentNode?.childNodes.filter((child) => "tagName" in child) ?? [];
  const found = siblings[siblings.indexOf(element) + 1];
  assert.ok(found);
  return found;
}

function above(element: Tree.Element, isWanted: (element: Tree.Element) => boolean): Tree.Element {
  const parent = element.parentNode;
  assert.ok(parent && "tagName" in parent);
  return isWanted(parent) ? parent : above(parent, isWanted);
}

function inside(element: Tree.Element, kind: string): boolean {
  const parent = element.parentNode;
  return parent !== null && "tagName" in parent && (attribute(parent, "class") === kind || inside(parent, kind));
}

function attribute(element: Tree.Element, name: string): string | undefined {
  return element.attrs.find((one) => one.name === name)?.value;
}

function textOf(node: Tree.Node | undefined): string {
  if (node === undefined) return "";
  if (node.nodeName === "#text") return (node as Tree.TextNode).value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}
