/** How much of a value is shown. */
const longest = 160;
/** How much of what is equal stands around a difference. */
const context = 24;

/** A long text with its middle left out: where it begins and where it ends can both be seen. */
export function shortened(text: string, most = longest): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 28) / 2);
  return `${text.slice(0, half)}… ${text.length - 2 * half} more characters …${text.slice(-half)}`;
}

/**
 * Two different texts as a reader can tell them apart: of long ones the part that differs, and spelled out where they
 * would look alike.
 */
export function excerpts(before: string, after: string): readonly [string, string] {
  const [was, is] = around(shown(before), shown(after));
  return look(was) === look(is) ? around(spelled(before), spelled(after)) : [was, is];
}

/** Elements of a list as {@link excerpts} shows them against those that they could be taken for. */
export function elementTexts(elements: readonly string[], others: readonly string[]): string[] {
  return elements.map((element) => {
    const other = nearest(element, others);
    return other === undefined ? shortened(shown(element)) : excerpts(element, other)[0];
  });
}

function nearest(text: string, others: readonly string[]): string | undefined {
  const alike = others.find((other) => look(shown(other)) === look(shown(text)));
  if (alike !== undefined || text.length <= longest) return alike;
  const likeness = others.map((other) => equalAtStart(text, other) + equalAtEnd(text, other, 0));
  return others[likeness.indexOf(Math.max(...likeness))];
}

/** A text as a code span or a terminal can have it. */
function shown(text: string): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, " ")
    .replaceAll("`", "'")
    .replaceAll("|", "¦")
    .trim();
  return line === "" ? "(empty)" : line;
}

/** Equal for texts that readers take for the same. */
function look(text: string): string {
  return text.normalize("NFKC").replaceAll(/\p{Default_Ignorable_Code_Point}+/gu, "");
}

/** Every character that is not plainly seen, by its number. */
function spelled(text: string): string {
  if (text === "") return "\\u{}";
  return text.replaceAll(/[^!-~]|[`|\\]/gu, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The part of each that differs, with a little around it. */
function around(a: string, b: string): readonly [string, string] {
  if (a.length <= longest && b.length <= longest) return [a, b];
  const start = equalAtStart(a, b);
  const end = equalAtEnd(a, b, start);
  const part = (text: string) => {
    const from = start > context ? start - context : 0;
    const to = end > context ? text.length - end + context : text.length;
    return (from > 0 ? "…" : "") + shortened(text.slice(from, to)) + (to < text.length ? "…" : "");
  };
  return [part(a), part(b)];
}

function equalAtStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

/** @param start how much at the start is equal and does not count again */
function equalAtEnd(a: string, b: string, start: number): number {
  const most = Math.min(a.length, b.length) - start;
  let length = 0;
  while (length < most && a[a.length - 1 - length] === b[b.length - 1 - length]) length += 1;
  return length;
}
