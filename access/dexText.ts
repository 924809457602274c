import { type Document, isMap, isNode, isSeq, parseAllDocuments, type YAMLMap } from "yaml";

/** A client as it stands in a document. */
export interface StaticClient {
  /** Undefined where only the environment tells. */
  readonly id: string | undefined;
  /** The variable that the id is read from, by `idEnv` or by a template. */
  readonly idEnv?: string;
  /** The variable that the secret is read from. */
  readonly secretEnv?: string;
  readonly name?: string;
  readonly redirectURIs: readonly string[];
  /** The stack in whose block it stands. */
  readonly stack?: string;
}

/** Why a document is not written, with what to do. */
export class DocumentProblem extends Error {
  override readonly name = "DocumentProblem";
}
/**
 * The static clients of a document, in order.
 *
 * @throws {DocumentProblem} when it cannot be read
 */
export function staticClientsIn(text: string): readonly StaticClient[] {
  return parsed(text).clients;
}

/** A part of a text, by offsets. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A line that says whose the lines around it are. */
export function marker(stack: string, what: string): string {
  return `# prokube-access/${stack}: ${what}`;
}

/** What stands in the first line of a stack's block. */
export const opening = "applications, do not edit";
/** What stands in its last line. */
export const closing = "end";

/** Where each stack's markers stand, as whole lines. */
function markersIn(text: string): (Range & { readonly stack: string; readonly opens: boolean })[] {
  const pattern = new RegExp(`^[ \\t]*${marker("(\\S+)", `(${opening}|${closing})`)}[ \\t]*$`, "gm");
  return [...text.matchAll(pattern)].map(({ index, 1: stack = "", 2: what }) => ({
    stack,
    opens: what === opening,
    from: index,
    to: lineEnd(text, index),
  }));
}

/** The blocks of all stacks, but for damaged ones. */
export function blocksIn(text: string): (Range & { readonly stack: string })[] {
  const markers = markersIn(text);
  return markers.flatMap((marked, index) => {
    const next = markers[index + 1];
    return marked.opens && next?.opens === false && next.stack === marked.stack
      ? [{ stack: marked.stack, from: marked.from, to: next.to }]
      : [];
  });
}

/**
 * The block of a stack.
 *
 * @throws {DocumentProblem} when its markers do not make one
 */
export function ownBlock(text: string, stack: string): Range | undefined {
  const own = markersIn(text).filter((marked) => marked.stack === stack);
  const blocks = blocksIn(text).filter((block) => block.stack === stack);
  if (own.length === 0) return undefined;
  const [block] = blocks;
  if (own.length === 2 && block) return block;
  const lines = own.map(({ from }) => lineNumber(text, from));
  throw new DocumentProblem(
    `the block of stack ${stack} in Dex's document is damaged: its markers stand on line ${lines.join(", ")}. ` +
      `There must be one "${marker(stack, opening)}" and after it one "${marker(stack, closing)}", with nothing of ` +
      "another stack between. Mend or remove them; the block is written anew.",
  );
}

/** Where the line of an offset begins. */
export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
}

/** Where the next line begins. */
export function lineEnd(text: string, offset: number): number {
  const at = text.indexOf("\n", offset);
  return at < 0 ? text.length : at + 1;
}

/** As people count lines. */
export function lineNumber(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** What gomplate fills in before Dex reads its configuration; deployKF has it look for << ... >>. */
export interface Template extends Range {
  readonly source: string;
  /** Whether it decides about other lines instead of writing something. */
  readonly controls: boolean;
  /** How much deeper what follows stands. */
  readonly depth: 1 | 0 | -1;
}

const templatePattern =
  /\{\{-?\s*\/\*[\s\S]*?\*\/\s*-?\}\}|\{\{(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|[^"'`])*?\}\}|<<-?[ \t][^\n]*?[ \t]-?>>/g;

/** All templates, in comments too: gomplate knows no YAML. */
export function templatesIn(text: string): Template[] {
  return [...text.matchAll(templatePattern)].map(({ index, 0: source }) => {
    const [word = ""] = /^(?:\w+|\/\*|\$\w+\s*:?=)/.exec(source.slice(2).replace(/^-?\s*/, "")) ?? [];
    const opens = ["if", "range", "with", "block", "define"].includes(word);
    return {
      from: index,
      to: index + source.length,
      source,
      controls: opens || ["end", "else", "break", "continue", "/*"].includes(word) || word.startsWith("$"),
      depth: opens ? 1 : word === "end" ? -1 : 0,
    };
  });
}

/** Whether gomplate would write something here. */
export function hasTemplate(value: unknown): boolean {
  return typeof value === "string" && templatesIn(value).length > 0;
}

/** First of the characters for private use that stand for those of templates. */
const mask = 0xe000;

/**
 * The text as YAML can read it, of the same length: what a template writes becomes part of a plain text, and lines that
 * only control become comments.
 */
export function masked(text: string): string {
  const templates = templatesIn(text);
  const blank = replaced(
    text,
    templates.filter(({ controls }) => controls),
    (source) => source.replaceAll(/[^\n]/g, " "),
  );
  return replaced(text, templates, (source, { from, to, controls }) =>
    controls && blank.slice(lineStart(text, from), lineEnd(text, to)).trim() === ""
      ? source.replaceAll(/[^\r\n]+/g, (line) => "#".padEnd(line.length, "x"))
      : Array.from({ length: source.length }, (_, at) => source.charCodeAt(at))
          .map((code) => String.fromCharCode(code < 256 ? mask + code : code))
          .join(""),
  );
}

function replaced(
  text: string,
  templates: readonly Template[],
  by: (source: string, template: Template) => string,
): string {
  let done = 0;
  const parts = templates.flatMap((template) => {
    const before = text.slice(done, template.from);
    done = template.to;
    return [before, by(template.source, template)];
  });
  return [...parts, text.slice(done)].join("");
}

function unmasked(value: unknown): unknown {
  if (typeof value === "string") {
    return value.replaceAll(/[\ue000-\ue0ff]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) - mask));
  }
  if (Array.isArray(value)) return value.map(unmasked);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [String(unmasked(key)), unmasked(part)]));
}

/** How many templates such as {{ if }} are open at an offset. */
export function depthAt(text: string, offset: number): number {
  return templatesIn(text)
    .filter(({ to }) => to <= offset)
    .reduce((depth, template) => depth + template.depth, 0);
}

/** Whether a line is nothing to YAML. */
export function isControlLine(line: string): boolean {
  return /^\s*(?:#|$)/.test(masked(line));
}

/** A document as YAML, and what it means. */
export interface Parsed {
  readonly map: YAMLMap.Parsed | undefined;
  readonly value: Readonly<Record<string, unknown>>;
  readonly clients: readonly StaticClient[];
}

/**
 * Reads a document, templates and all. Messages never quote it: it may hold secrets.
 *
 * @throws {DocumentProblem} when Dex would not read it, or not as it is meant
 */
export function parsed(text: string): Parsed {
  const documents: readonly Document.Parsed[] = [
    ...parseAllDocuments(masked(text), { version: "1.2", merge: true, logLevel: "error" }),
  ];
  if (documents.length > 1) {
    throw new DocumentProblem("Dex's document is several YAML documents, of which Dex reads one. Leave one.");
  }
  const [document] = documents;
  const error = document?.errors[0];
  if (error) {
    const templates = templatesIn(text).length > 0 ? " Templates that write whole lines cannot be read either." : "";
    throw new DocumentProblem(
      `Dex's document is not readable as YAML at line ${lineNumber(text, error.pos[0])} (${error.code}). Mend it there.${templates}`,
    );
  }
  const map = document?.contents ?? undefined;
  const value = plain(document);
  if ((map && !isMap(map)) || !isRecord(value)) {
    throw new DocumentProblem("Dex's document is not a YAML mapping. Write keys such as issuer: at its top.");
  }
  const double = Object.keys(value).find((key) => key !== "staticClients" && /^staticclients$/i.test(key));
  // Dex reads keys in any case, and of two only the last.
  if (double !== undefined) {
    throw new DocumentProblem(`Dex's document has the key ${JSON.stringify(double)}. Call it staticClients.`);
  }
  return { map, value, clients: clientsIn(text, map, value["staticClients"]) };
}

function plain(document: Document.Parsed | undefined): unknown {
  try {
    return unmasked(document?.toJS({ maxAliasCount: 100 }) ?? {});
  } catch {
    throw new DocumentProblem("the aliases of Dex's document cannot be followed. Write what they stand for.");
  }
}

/** Whether a value is a mapping. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function clientsIn(text: string, map: YAMLMap.Parsed | undefined, value: unknown): StaticClient[] {
  if (!Array.isArray(value)) return [];
  const node: unknown = map?.get("staticClients", true);
  const starts = isSeq(node) ? node.items.map((item) => (isNode(item) ? (item.range?.[0] ?? 0) : 0)) : [];
  const blocks = blocksIn(text);
  return value.map((entry: unknown, index) => {
    const start = starts[index] ?? 0;
    const block = blocks.find(({ from, to }) => from <= start && start < to);
    const idEnv = textOf(entry, "idEnv") ?? variableIn(textOf(entry, "id"));
    const secretEnv = textOf(entry, "secretEnv") ?? variableIn(textOf(entry, "secret"));
    const name = textOf(entry, "name");
    const uris = field(entry, "redirectURIs");
    return {
      id: idEnv === undefined ? textOf(entry, "id") : block && noteOf(text, start),
      ...(idEnv !== undefined && { idEnv }),
      ...(secretEnv !== undefined && { secretEnv }),
      ...(name !== undefined && { name }),
      redirectURIs: Array.isArray(uris) ? uris.filter((uri) => typeof uri === "string") : [],
      ...(block && { stack: block.stack }),
    };
  });
}

/** A part of a mapping, in whatever case its key is: Dex does not mind. */
export function field(value: unknown, name: string): unknown {
  if (!isRecord(value)) return undefined;
  if (name in value) return value[name];
  return Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/** The same, where it is a text that says something. */
export function textOf(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === "string" && found !== "" ? found : typeof found === "number" ? String(found) : undefined;
}

/** The variable that a template writes. */
function variableIn(text = ""): string | undefined {
  const pattern = /^(?:\{\{|<<)-?\s*(?:\.Env\.(\w+)|(?:env\.)?getenv\s+"(\w+)")(?:\s*\|\s*quote)?\s*-?(?:\}\}|>>)$/i;
  const found = pattern.exec(text.trim());
  return found?.[1] ?? found?.[2];
}

/** The id that stands as a comment beside the variable. */
function noteOf(text: string, start: number): string | undefined {
  return /^idEnv: \w+ # (\S+)[ \t]*$/m.exec(text.slice(start, lineEnd(text, start)))?.[1];
}
