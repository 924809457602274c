import { Document, isMap, isScalar, isSeq, type Node, visit } from "yaml";

const kinds = { users: "users", groups: "groups", workspaces: "workspaces" } as const;

const longestLine = 100;

/** A file of the desired state as text. Keys stand as they come; what is absent is left out. */
export function fileText(path: string, value: Readonly<Record<string, unknown>>): string {
  const [folder = ""] = path.split("/");
  const kind = folder in kinds ? folder : "platform";
  const schema = `${kind === "platform" ? ".." : "../.."}/schema/${kind}.json`;
  const document = new Document(withoutUndefined(value));
  visit(document, {
    Collection(key, node, path) {
      const isItem = isSeq(path.at(-1));
      if (key !== null && !isItem) node.flow = isShort(node);
    },
  });
  const text = document.toString({ lineWidth: 120 });
  // Lists as Prettier writes them; a text that begins with a bracket is in quotes.
  const lines = text.split("\n").map((line) => line.replace(/^( *\w+: )\[ (.*) \]$/, "$1[$2]"));
  return `# yaml-language-server: $schema=${schema}\n${lines.join("\n")}`;
}

/** Lists and maps of a few plain values stand on one line. */
function isShort(node: Node): boolean {
  const isPlain = isSeq(node)
    ? node.items.every((item) => isScalar(item))
    : isMap(node) && node.items.every(({ value }) => isScalar(value));
  return isPlain && JSON.stringify(node).length <= longestLine;
}

function withoutUndefined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}
