import { type Graph, type GraphNode, styleOf, wordsOf } from "../graph.ts";
import { visible } from "../markup.ts";

const colours = { admin: "#c04a4a", edit: "#3b74c4", view: "#3c8f5a", s3: "#7a63c0", member: "#808895" } as const;

const shapes: Readonly<Record<GraphNode["kind"], readonly [open: string, close: string]>> = {
  user: ["([", "])"],
  group: ["{{", "}}"],
  workspace: ["[", "]"],
  cluster: ["[[", "]]"],
};

/** The graph as a Mermaid flowchart, which Git hosts draw in Markdown. */
export function renderMermaid({ title, nodes, edges }: Graph): string {
  const lines = nodes.map(({ id, kind, label }) => {
    const [open, close] = shapes[kind];
    return `  ${id}${open}${quoted(label)}${close}`;
  });
  const links = edges.map((edge) => {
    const arrow = styleOf(edge).isThin ? "-.->" : "-->";
    const words = wordsOf(edge);
    return `  ${edge.from} ${arrow}${words === "" ? "" : `|${quoted(words)}|`} ${edge.to}`;
  });
  const styles = [...Map.groupBy(edges.keys(), (index) => levelAt(edges, index))].map(
    ([level, indices]) => `  linkStyle ${indices.join(",")} stroke:${colours[level as keyof typeof colours]}`,
  );
  return [
    "flowchart LR",
    `  accTitle: ${encoded(title)}`,
    "  accDescr: Users on the left, groups in the middle, workspaces on the right; dashed is access without notebooks.",
    ...lines,
    ...links,
    ...styles,
    "",
  ].join("\n");
}

function levelAt(edges: Graph["edges"], index: number): string {
  const edge = edges[index];
  return edge ? styleOf(edge).level : "member";
}

function quoted(text: string): string {
  // Mermaid refuses empty quotes.
  return `"${encoded(text === "" ? "-" : text)}"`;
}

/** Mermaid reads Markdown, icons and its own syntax in labels: all but letters, digits, spaces and inner hyphens is codes. */
function encoded(text: string): string {
  return visible(text).replaceAll(
    /(?<![\p{L}\p{N}])-|-(?![\p{L}\p{N}])|[^\p{L}\p{N} -]/gu,
    (character) => `#${character.codePointAt(0) ?? 0};`,
  );
}
