import { Lexer } from "yaml";

/** A part of a text and what comes in its place. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The text with all splices made; they may not overlap. Those at one place are made in the order given. */
export function spliced(text: string, splices: readonly Splice[]): string {
  const sorted = splices.toSorted((a, b) => a.from - b.from);
  let [result, done] = ["", 0];
  for (const splice of sorted) {
    result += text.slice(done, splice.from) + splice.text;
    done = splice.to;
  }
  return result + text.slice(done);
}

/** The line end that a text has; what is added gets the same. */
export function lineBreakOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? "\n";
}

/** Where the line begins in which an offset lies. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Where the next line begins, or the text's end. Block scalars end behind their line break already. */
export function nextLine(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === "\n") return offset;
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end + 1;
}

/** What stands before an offset on its line. */
export function prefixOf(text: string, offset: number): string {
  return text.slice(lineStart(text, offset), offset);
}

/** What puts whole lines before the line that begins at an offset; at the end of a text that ends without a line break, behind it. */
export function insertLines(text: string, at: number, lines: readonly string[]): Splice {
  const lineBreak = lineBreakOf(text);
  const isUnfinished = at === text.length && at > 0 && text[at - 1] !== "\n";
  return {
    from: at,
    to: at,
    text: lines.map((line) => (isUnfinished ? lineBreak + line : line + lineBreak)).join(""),
  };
}

/** YAML's comments in a part of a text, each from its # to the line's end. */
export function commentsIn(text: string, from = 0, to = text.length): string[] {
  const comments: string[] = [];
  let offset = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    // The lexer's marks for a document, a scalar and a broken flow collection have no place in the text.
    if (["\u0002", "\u001f", "\u0018"].includes(token)) {
      isScalar = token === "\u001f";
      continue;
    }
    if (token.startsWith("#") && !isScalar && offset >= from && offset < to) comments.push(token);
    offset += token.length;
    isScalar = false;
  }
  return comments;
}

/** What two texts differ in: the lines between those that they begin and end with in common. */
export interface Hunk {
  /** Line at which it begins in the later text, counted from 1. */
  readonly line: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export function hunkOf(before: string, after: string): Hunk {
  const [old, now] = [before.split(/\r?\n/), after.split(/\r?\n/)];
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  return {
    line: head + 1,
    removed: old.slice(head, old.length - tail),
    added: now.slice(head, now.length - tail),
  };
}
