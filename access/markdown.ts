import { shortened } from "./excerpt.ts";

/** Text in which Markdown and HTML find nothing to do. */
export function plain(text: string): string {
  return visibleLine(text).replaceAll(/[&<>\\`*_{}[\]()#!|~@]/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
}

/**
 * Text as a code span: nothing in it is read as Markdown, HTML, a mention or a link. For table cells too.
 *
 * @param longest of a longer text the middle is left out
 */
export function code(text: string, longest = 120): string {
  const line = visibleLine(text).replaceAll("`", "'").replaceAll("|", "¦").trim();
  return `\`${line === "" ? "-" : visibleLine(shortened(line, longest))}\``;
}

function visibleLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ");
}

/** Lines of a Markdown table, the first row being its head; cells are Markdown already. */
export function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...body] = rows;
  return [tableRow(head), `| ${head.map(() => "---").join(" | ")} |`, ...body.map(tableRow)];
}

/** One of them. */
export function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
