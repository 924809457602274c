import { type Graph, type GraphEdge, type GraphNode, styleOf, wordsOf } from "../graph.ts";
import { Markup, markup, visible } from "../markup.ts";
import { newPlacing, place, type Placing, type Point } from "./dagre.ts";

const nodeSize = { width: 200, height: 22 } as const;
const labelHeight = 14;
/** Of a letter at 10 pixels, on average. */
const letterWidth = 5.8;
const margin = 20;
const headHeight = 92;
/** Names are cut in the middle: beginning and end tell them apart. */
const longestName = 28;

/** The graph as a picture: left to right, light or dark as the reader likes it, with text that can be read out. */
export function renderGraphSvg(graph: Graph): string {
  const placed = laidOut(graph);
  const size = placed.graph();
  const width = Math.max(Math.ceil(size.width ?? 0) + 2 * margin, 700);
  const height = Math.ceil(size.height ?? 0) + headHeight + (graph.edges.length === 0 ? 2 : 1) * margin;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="access-graph" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="access-graph-title access-graph-text">
<title id="access-graph-title">${graph.title}</title>
<desc id="access-graph-text">${textOf(graph)}</desc>
<style>${new Markup(style)}</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="head" x="${margin}" y="28">${graph.title}</text>
${legend()}<g transform="translate(${margin} ${headHeight})">
${graph.edges.map((edge) => drawLine(edge, placed))}${graph.edges.map((edge) => drawWords(edge, placed))}${graph.nodes.map((node) => drawNode(node, placed))}${columnHeads(graph, placed)}</g>
${
  graph.edges.length === 0
    ? markup`<text x="${margin}" y="${height - 14}">No access.</text>
`
    : undefined
}
</svg>
`.text;
}

/** Dagre keeps a lane free for every line and its words. Whoever has something without a group passes the groups' column. */
function laidOut({ nodes, edges }: Graph): Placing {
  const placed = newPlacing();
  placed.setGraph({ rankdir: "LR", nodesep: 7, edgesep: 3, ranksep: 100 });
  for (const { id } of nodes) placed.setNode(id, { ...nodeSize });
  const kinds = new Map(nodes.map(({ id, kind }) => [id, kind]));
  for (const edge of edges) {
    const words = wordsOf(edge);
    placed.setEdge(edge.from, edge.to, {
      width: words.length * letterWidth,
      height: words === "" ? 1 : labelHeight,
      labelpos: "c",
      minlen: kinds.get(edge.from) === "user" && kinds.get(edge.to) !== "group" ? 2 : 1,
    });
  }
  place(placed);
  return placed;
}

function columnHeads({ nodes }: Graph, placed: Placing): Markup[] {
  const heads = [
    ["user", "users"],
    ["group", "groups"],
    ["workspace", "workspaces"],
  ] as const;
  return heads.flatMap(([kind, words]) => {
    const first = nodes.find((node) => node.kind === kind);
    if (!first) return [];
    const left = placed.node(first.id).x - nodeSize.width / 2;
    return [markup`<text class="column" x="${round(left)}" y="-6">${words}</text>\n`];
  });
}

function drawNode({ id, kind, label, size }: GraphNode, placed: Placing): Markup {
  const { x, y } = placed.node(id);
  const { width, height } = nodeSize;
  return markup`<g class="${size > 1 ? `${kind} many` : kind}"><title>${kind} ${label}</title><rect x="${round(x - width / 2)}" y="${round(y - height / 2)}" width="${width}" height="${height}" rx="${kind === "user" ? height / 2 : 3}"/><text x="${round(x - width / 2 + 10)}" y="${round(y + 4)}">${shortened(visible(label))}</text></g>
`;
}

function drawLine(edge: GraphEdge, placed: Placing): Markup {
  const { points } = placed.edge(edge.from, edge.to);
  return markup`<path class="${classOf(edge)}" d="${curve(points, [placed.node(edge.from), placed.node(edge.to)])}"/>\n`;
}

/** Words on a line, above all lines. */
function drawWords(edge: GraphEdge, placed: Placing): Markup[] {
  const words = wordsOf(edge);
  if (words === "") return [];
  const { x, y } = placed.edge(edge.from, edge.to);
  const width = words.length * letterWidth;
  return [
    markup`<g class="${classOf(edge)}"><rect class="paper" x="${round(x - width / 2)}" y="${round(y - 6)}" width="${round(width)}" height="12"/><text x="${round(x)}" y="${round(y + 3.5)}">${words}</text></g>\n`,
  ];
}

function classOf(edge: GraphEdge): string {
  const { level, isThin } = styleOf(edge);
  return isThin ? `${level} thin` : level;
}

/** From the side of one node to the side of the other, level at every point in between. */
function curve(points: readonly Point[], [from, to]: readonly [Point, Point]): string {
  const side = ({ x, y }: Point, sign: 1 | -1): Point => ({ x: x + (sign * nodeSize.width) / 2, y });
  const start = side(from, 1);
  const through = [...points.slice(1, -1), side(to, -1)];
  let last = start;
  const parts = through.map((point) => {
    const middle = round((last.x + point.x) / 2);
    const part = `C${middle} ${round(last.y)} ${middle} ${round(point.y)} ${round(point.x)} ${round(point.y)}`;
    last = point;
    return part;
  });
  return `M${round(start.x)} ${round(start.y)}${parts.join("")}`;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function shortened(name: string): string {
  const letters = Array.from(name);
  if (letters.length <= longestName) return name;
  const end = Math.floor((longestName - 1) / 2);
  return `${letters.slice(0, longestName - 1 - end).join("")}…${letters.slice(-end).join("")}`;
}

const explained: readonly (readonly [style: string, words: string, width: number])[] = [
  ["member", "in the group", 122],
  ["admin", "kubeflow-admin", 146],
  ["edit", "edit", 70],
  ["view", "view", 72],
  ["view thin", "no notebooks", 132],
  ["s3", "S3 only", 80],
];

function legend(): Markup {
  let x = margin;
  const parts = explained.map(([style, words, width]) => {
    const part = markup`<path class="${style}" d="M${x} 52h24"/><text x="${x + 30}" y="56">${words}</text>
`;
    x += width;
    return part;
  });
  return markup`${parts}`;
}

function textOf({ nodes, edges }: Graph): string {
  const many = (kind: GraphNode["kind"]) =>
    nodes.filter((node) => node.kind === kind).reduce((sum, { size }) => sum + size, 0);
  if (edges.length === 0) return "No access.";
  const labels = new Map(nodes.map(({ id, label }) => [id, label]));
  const lines = edges.map((edge) => {
    const words = wordsOf(edge);
    const [from, to] = [labels.get(edge.from) ?? "", labels.get(edge.to) ?? ""];
    return words === "" ? `${from} in ${to}` : `${from}: ${words} in ${to}`;
  });
  return `Users on the left (${many("user")}), groups in the middle (${many("group")}), workspaces on the right (${many("workspace")}). ${lines.join("; ")}.`;
}

const style = `
.access-graph { --paper: #ffffff; --ink: #1c2430; --soft: #f5f6f8; --line: #8a94a3; --member: #5a6472; --admin: #b02a2a; --edit: #1a5fb4; --view: #26713d; --s3: #6b4fb0; font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
@media (prefers-color-scheme: dark) { .access-graph { --paper: #15191f; --ink: #e4e8ee; --soft: #1d232b; --line: #6b7686; --member: #a3adba; --admin: #f2a0a0; --edit: #8fbcf8; --view: #8fd3a6; --s3: #c3b1f2; } }
.access-graph text { font-size: 12px; fill: var(--ink); }
.access-graph .head { font-size: 15px; font-weight: 600; }
.access-graph rect { fill: var(--soft); stroke: var(--line); }
.access-graph .paper { fill: var(--paper); stroke: none; }
.access-graph .group > rect { fill: var(--paper); }
.access-graph .many > rect { stroke-dasharray: 2 2; }
.access-graph .workspace > rect, .access-graph .cluster > rect { stroke: var(--ink); }
.access-graph path { fill: none; stroke: var(--mark); stroke-width: 1.3; }
.access-graph g > .paper + text { font-size: 10px; text-anchor: middle; fill: var(--mark); }
.access-graph .column { font-size: 11px; fill: var(--member); }
.access-graph path.thin { stroke-dasharray: 5 3; }
.access-graph .member { --mark: var(--member); }
.access-graph .admin { --mark: var(--admin); }
.access-graph .edit { --mark: var(--edit); }
.access-graph .view { --mark: var(--view); }
.access-graph .s3 { --mark: var(--s3); }
`;
