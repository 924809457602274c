/** Text that is HTML or XML already: made by {@link markup} or written in this program. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | undefined | readonly Content[];

/**
 * HTML or XML from a template. Whatever is put in is text, safe between tags and in quoted attributes, unless it is
 * {@link Markup}; lists are joined and nothing is nothing.
 */
export function markup(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(parts.map((part, index) => (index === 0 ? "" : rendered(contents[index - 1])) + part).join(""));
}

/** Contents with something between them. */
export function joined(contents: readonly Content[], between: string): Markup {
  return new Markup(contents.map(rendered).join(escape(between)));
}

/** How a text appears: what would reverse the line, not show at all or not be allowed in XML is spelled out. */
export function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\uFFFE\uFFFF]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`,
  );
}

function rendered(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "object") return content.map(rendered).join("");
  return escape(String(content));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}
