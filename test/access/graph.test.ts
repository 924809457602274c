import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DefaultTreeAdapterTypes as Tree, parseFragment } from "parse5";
import { accessEntries } from "../../access/entries.ts";
import { accessGraph, type Focus, type Graph, mostNodes, styleOf } from "../../access/graph.ts";
import { renderMermaid } from "../../access/graph/mermaid.ts";
import { renderGraphSvg } from "../../access/graph/svg.ts";
import { visible } from "../../access/markup.ts";
import { resolve } from "../../access/resolve.ts";
import { graph as command } from "../../bin/graph.ts";
import { crowd, reviewDay, reviewed } from "./reviewed.ts";
import { desired } from "./support.ts";

function graphOf(files: Readonly<Record<string, string | undefined>>, focus: Focus = {}): Graph {
  const state = desired(files);
  const plan = resolve(state, reviewDay);
  return accessGraph("dev", accessEntries(state, plan), plan, focus);
}

/** Edges in words. */
function edgesOf({ nodes, edges }: Graph): string[] {
  const named = new Map(nodes.map(({ id, kind, label }) => [id, `${kind} ${label}`]));
  return edges.map(
    ({ from, to, access }) => `${named.get(from) ?? ""} -> ${named.get(to) ?? ""}: ${access.join(", ")}`,
  );
}

const sum = ({ nodes }: Graph, kind: string) =>
  nodes.filter((node) => node.kind === kind).reduce((total, { size }) => total + size, 0);

test("users, the groups between, and what each line gives", () => {
  assert.deepEqual(edgesOf(graphOf({})), [
    "user alice -> group data-science: ",
    "user alice -> workspace alice: edit",
    "user alice -> workspace team-a: edit",
    "user bob -> group data-science: ",
    "group data-science -> workspace team-a: view (no notebooks)",
  ]);
});

test("who comes from elsewhere and who is everywhere is in it; what has ended is not", () => {
  const { state, plan } = reviewed();
  const edges = edgesOf(accessGraph("dev", accessEntries(state, plan), plan));
  assert.ok(edges.includes("user + whoever is in guests -> group guests: "));
  assert.ok(edges.includes("group guests -> cluster every namespace: kubeflow-edit"));
  assert.ok(edges.includes("user carol -> cluster every namespace: kubeflow-admin"));
  assert.equal(
    edges.some((edge) => edge.startsWith("user carol -> workspace") || edge.includes("dora") || edge.includes("board")),
    false,
  );
});

test("several grants on one line are told strongest first, and the strongest gives the colour", () => {
  const graph = graphOf({
    "workspaces/team-b.yaml":
      "name: team-b\nmembers: [{ group: data-science, role: view, notebooksAccess: false }]\nstorage: [{ group: data-science, role: edit }]\n",
  });
  const [edge] = graph.edges.filter(({ access }) => access.length > 1);
  assert.ok(edge);
  assert.deepEqual(edge.access, ["view (no notebooks)", "s3:edit"]);
  assert.deepEqual(styleOf(edge), { level: "view", isThin: true });
});

test("a focus leaves what is about it", () => {
  const { state, plan } = reviewed();
  const about = (focus: Focus) => edgesOf(accessGraph("dev", accessEntries(state, plan), plan, focus));
  assert.deepEqual(about({ user: "bob" }), [
    "user bob -> group data-science: ",
    "user bob -> workspace bobs-lab: edit",
    "group data-science -> workspace team-a: view (no notebooks)",
    "group data-science -> workspace team-b: s3:edit",
  ]);
  assert.deepEqual(about({ workspace: "team-a" }), [
    "user + whoever is in guests -> group guests: ",
    "user alice -> group data-science: ",
    "user alice -> workspace team-a: edit",
    "user bob -> group data-science: ",
    "user carol -> cluster every namespace: kubeflow-admin",
    "group data-science -> workspace team-a: view (no notebooks)",
    "group guests -> cluster every namespace: kubeflow-edit",
  ]);
  assert.deepEqual(about({ group: "data-science" }), [
    "user alice -> group data-science: ",
    "user bob -> group data-science: ",
    "group data-science -> workspace team-a: view (no notebooks)",
    "group data-science -> workspace team-b: s3:edit",
  ]);
});

test("who has nothing is a picture that says so", () => {
  const { state, plan } = reviewed();
  const graph = accessGraph("dev", accessEntries(state, plan), plan, { user: "emil" });
  assert.deepEqual(
    graph.nodes.map(({ label }) => label),
    ["emil"],
  );
  assert.match(renderGraphSvg(graph), /No access\./);
});

/** So many users in one group, each with a personal workspace. */
function alike(users: number): Record<string, string> {
  const names = Array.from({ length: users }, (_, index) => `same-${String(index).padStart(2, "0")}`);
  return {
    ...Object.fromEntries(
      names.map((name) => [`users/${name}.yaml`, `username: ${name}\nemail: ${name}@example.com\nworkspace: true\n`]),
    ),
    "groups/many.yaml": `name: many\nmembers: [${names.join(", ")}]\n`,
    "workspaces/team-b.yaml": "name: team-b\nmembers: [{ group: many, role: view }]\n",
  };
}

test("more than 12 users with the same access are one node, 12 are not", () => {
  const twelve = graphOf(alike(12));
  assert.equal(twelve.nodes.filter(({ label }) => label.startsWith("same-")).length, 24, "users and their workspaces");
  const thirteen = graphOf(alike(13));
  assert.deepEqual(
    thirteen.nodes.filter(({ size }) => size > 1).map(({ kind, label, size }) => [kind, label, size]),
    [
      ["user", "+ 13 users", 13],
      ["workspace", "13 personal workspaces", 13],
    ],
  );
  assert.ok(edgesOf(thirteen).includes("user + 13 users -> workspace 13 personal workspaces: edit"));
  const other = graphOf({
    ...alike(13),
    "workspaces/team-c.yaml": "name: team-c\nstorage: [{ user: same-00, role: view }]\n",
  });
  assert.equal(
    other.nodes.some(({ size }) => size > 1),
    false,
    "one of them has more, so 12 are left",
  );
});

/** Almost everybody in almost every workspace, each in another way. */
function entangled(users: number, workspaces: number): Record<string, string> {
  const number = (value: number) => String(value).padStart(4, "0");
  return Object.fromEntries(
    Array.from({ length: workspaces }, (_, workspace) => {
      const members = Array.from({ length: users }, (_, user) => user).filter((user) => (user * workspace) % 7 !== 3);
      const lines = members.map((user) => `  - { user: user-${number(user)}, role: view }`);
      return [
        `workspaces/space-${number(workspace)}.yaml`,
        `name: space-${number(workspace)}\nmembers:\n${lines.join("\n")}\n`,
      ];
    }),
  );
}

test("however large, it has at most 60 nodes, and nobody and nothing is lost", () => {
  for (const files of [
    crowd(40, 5, 5),
    crowd(90, 8, 3),
    crowd(200, 70, 70),
    crowd(60, 100, 2),
    crowd(30, 3, 90),
    crowd(500, 90, 30),
    { ...crowd(60, 5, 5), ...alike(13) },
    { ...crowd(70, 40, 25), ...entangled(70, 40) },
  ]) {
    const graph = graphOf(files);
    const state = desired(files);
    const shown = accessEntries(state, resolve(state, reviewDay)).filter(({ place }) => place.kind === "workspace");
    const distinct = (names: readonly (string | undefined)[]) =>
      new Set(names.filter((name) => name !== undefined)).size;
    assert.ok(graph.nodes.length <= mostNodes, `${graph.nodes.length} nodes`);
    assert.ok(graph.nodes.every(({ size }) => size >= 1));
    assert.ok(graph.edges.length <= 150, `${graph.edges.length} edges`);
    assert.equal(sum(graph, "user"), distinct(shown.map(({ who }) => who)));
    assert.equal(sum(graph, "workspace"), distinct(shown.map(({ place }) => place.name)));
    assert.equal(sum(graph, "group"), distinct(shown.flatMap(({ paths }) => paths.map(({ group }) => group))));
  }
});

test("the same files give the same pictures", () => {
  const files = crowd(50, 12, 4);
  assert.equal(renderGraphSvg(graphOf(files)), renderGraphSvg(graphOf(files)));
  assert.equal(renderMermaid(graphOf(files)), renderMermaid(graphOf(files)));
});

test("the picture of a small state is as it should be in Mermaid", () => {
  assert.equal(
    renderMermaid(graphOf({})),
    `flowchart LR
  accTitle: Access in stack dev#58; workspaces#44; as of 2026-11-27 #40;UTC#41;
  accDescr: Users on the left, groups in the middle, workspaces on the right; dashed is access without notebooks.
  n1(["alice"])
  n2(["bob"])
  n3{{"data-science"}}
  n4["alice"]
  n5["team-a"]
  n1 --> n3
  n1 -->|"edit"| n4
  n1 -->|"edit"| n5
  n2 --> n3
  n3 -.->|"view #40;no notebooks#41;"| n5
  linkStyle 0,3 stroke:#808895
  linkStyle 1,2 stroke:#3b74c4
  linkStyle 4 stroke:#3c8f5a
`,
  );
});

test("the SVG has title, description and every name as text, and is at most 1,200 pixels wide", () => {
  const graph = graphOf(crowd(200, 70, 70));
  const svg = renderGraphSvg(graph);
  const shown = texts(parseFragment(svg));
  for (const { label } of graph.nodes) assert.ok(shown.includes(label), label);
  assert.match(
    svg,
    /<title id="access-graph-title">Access in stack dev: workspaces, as of 2026-11-27 \(UTC\)<\/title>/,
  );
  assert.match(svg, /<desc id="access-graph-text">.*: view \(no notebooks\) in /);
  const width = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
  assert.ok(width <= 1200, `${width} pixels`);
});

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "<script>alert(1)</script>",
    '"] --> evil["',
    "]]>",
    "`code`",
    "1. one",
    "- item",
    "%%{init: {}}%%",
    "end",
    "#35;",
    "\n  click n1 href javascript:alert(1)",
    "\u202ereversed",
    "\ud800",
    "\uffff",
    "",
  ),
);

test("no label gets out of its place", () => {
  const graph = (labels: readonly string[]): Graph => ({
    title: labels[0] ?? "",
    nodes: labels.map((label, index) => ({
      id: `n${index + 1}`,
      kind: (["user", "group", "workspace", "cluster"] as const)[index % 4] ?? "user",
      label,
      size: 1,
    })),
    edges: [
      { from: "n1", to: "n2", access: [] },
      { from: "n2", to: "n3", access: ["edit"] },
    ],
  });
  const plain = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
  const wantedSvg = skeleton(parseFragment(renderGraphSvg(graph(plain))));
  const wantedLines = renderMermaid(graph(plain)).split("\n").length;
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 10, maxLength: 10 }), (labels) => {
      const svg = renderGraphSvg(graph(labels));
      assert.deepEqual(skeleton(parseFragment(svg)), wantedSvg);
      // XML allows no others.
      assert.doesNotMatch(svg, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u);
      const lines = renderMermaid(graph(labels)).split("\n");
      assert.equal(lines.length, wantedLines);
      labels.forEach((label, index) => {
        const line = lines[index + 3] ?? "";
        const [, code] =
          /^ {2}n\d+(?:\(\[|\{\{|\[\[?)"((?:[\p{L}\p{N} -]|#\d+;)+)"(?:\]\)|\}\}|\]\]?)$/u.exec(line) ?? [];
        assert.ok(code !== undefined, line);
        assert.equal(decoded(code), label === "" ? "-" : visible(label));
      });
    }),
    { numRuns: 100 },
  );
});

test("the command refuses what it does not know, and says what it does", () => {
  const refused = (...args: string[]) => {
    try {
      command(args);
    } catch (error) {
      if (error instanceof RangeError) return error.message;
      throw error;
    }
    return assert.fail(`${args.join(" ")} is not refused`);
  };
  assert.equal(refused("--format", "png"), '--format is "png"; allowed: svg, mermaid');
  assert.equal(refused("--user", "alise"), 'stack dev has no user "alise". Did you mean "alice"?');
  assert.match(refused("--group", "nobody"), /^stack dev has no group "nobody"\./);
  assert.match(refused("--workspace", "nowhere"), /^stack dev has no workspace "nowhere"\./);
  assert.match(refused("--user", "alice", "--group", "ml-ops"), /exclude each other/);
  assert.match(refused("more"), /unexpected "more"/);
});

function decoded(code: string): string {
  return code.replaceAll(/#(\d+);/g, (_, point: string) => String.fromCodePoint(Number(point)));
}

/** Elements and the names of their attributes, without any text. */
function skeleton(node: Tree.Node): unknown {
  if (!("childNodes" in node)) return [];
  const children = node.childNodes.filter((child) => child.nodeName !== "#text").map(skeleton);
  return "tagName" in node ? [node.tagName, node.attrs.map(({ name }) => name), children] : children;
}

function texts(node: Tree.Node): string[] {
  if (node.nodeName === "#text") return [(node as Tree.TextNode).value];
  return "childNodes" in node ? node.childNodes.flatMap(texts) : [];
}
