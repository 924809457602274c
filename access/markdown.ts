/** Text in which Markdown and HTML find nothing to do. */
export function plain(text: string): string {
  return visibleLine(text).replaceAll(/[&<>\\`*_{}[\]()#!|~@]/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
}

/** Text as a code span: nothing in it is read as Markdown, HTML, a mention or a link. For table cells too. */
export function code(text: string, longest = 120): string {
  const line = visibleLine(text).replaceAll("`", "'").replaceAll("|", "¦").trim();
  return `\`${line === "" ? "-" : line.length > longest ? `${line.slice(0, longest - 1)}…` : line}\``;
}

function visibleLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ");
}

/** Lines of a Markdown table, the first row being its head; cells are Markdown already. */
export function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...body] = rows;
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  return [line(head), `| ${head.map(() => "---").join(" | ")} |`, ...body.map(line)];
}
