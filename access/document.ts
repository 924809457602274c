import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";
import type * as z from "zod";
import { compare, type Diagnostic, type DiagnosticCode, formatLocation, type Location } from "./diagnostic.ts";
import { didYouMean, listed, suggestion } from "./suggest.ts";
import { aliasProblem, isEmpty, syntaxProblem, textProblem, type YamlProblem } from "./yamlProblem.ts";

/** A file of the desired state as text, with the path that messages show. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A value read from a file, which can say where each part of it stands. */
export interface Sourced<T> {
  readonly value: T;
  readonly file: string;
  /** Where the part under `path` stands; the nearest existing parent when it is absent. */
  readonly at: (...path: PropertyKey[]) => Location;
}

type Path = readonly PropertyKey[];

const largestFile = 5 * 1024 * 1024;
const mostAliases = 100;

/** Reads one YAML document and holds it against a schema. Either a value or at least one diagnostic. */
export function parseFile<S extends z.ZodType>(
  file: SourceFile,
  schema: S,
): { readonly entity?: Sourced<z.output<S>>; readonly diagnostics: readonly Diagnostic[] } {
  const { path, text } = file;
  if (text.length > largestFile) {
    return { diagnostics: [tooLarge(path)] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true, version: "1.2" });
  const locate = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const at = (...where: PropertyKey[]) => locate(offsetOf(document, where, "value"));
  const unreadable = ({ offset, message }: YamlProblem) => ({
    diagnostics: [{ ...locate(offset), code: "bad-yaml" as const, message }],
  });

  const problem = textProblem(text) ?? versionProblem(text, document) ?? syntaxProblem(text, document);
  if (problem) return unreadable(problem);
  let raw: unknown;
  try {
    raw = document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    return unreadable(aliasProblem(document, error));
  }
  if (isEmpty(document)) return { diagnostics: [emptyFile(path, schema)] };
  const result = schema.safeParse(raw);
  const keyAt = (where: Path) => locate(offsetOf(document, where, "key"));
  const wrong = result.success ? [] : told(result.error.issues, raw, schema, at, keyAt);
  const lost = lostKeys(document)
    .map(locate)
    .filter(({ line, column }) => !wrong.some((one) => one.line === line && one.column === column))
    .map((where): Diagnostic => ({ ...where, code: "unknown-key", message: lostKey }));
  if (result.success && lost.length === 0) {
    return { entity: { value: result.data, file: path, at }, diagnostics: [] };
  }
  return { diagnostics: [...wrong, ...lost] };
}

/** Another version of YAML reads the same text otherwise: 1.1 takes yes for true and has merge keys. */
function versionProblem(text: string, document: Document.Parsed): YamlProblem | undefined {
  if (document.directives.yaml.explicit !== true) return undefined;
  const other = [...text.matchAll(/^\uFEFF?(%YAML\b[^\r\n#]*)/gm)].find(
    ([, line = ""]) => !/^%YAML[ \t]+1\.2[ \t]*$/.test(line),
  );
  const contents: Node | null = document.contents;
  // What looks like a directive may be a line of a text.
  if (!other || (contents?.range?.[0] ?? text.length) < other.index) return undefined;
  const [whole, line = ""] = other;
  return {
    offset: other.index + whole.length - line.length,
    message: `${JSON.stringify(line.trim())} asks for other rules; the files are read as YAML 1.2. Remove the line.`,
  };
}

const lostKey = 'unknown key "__proto__": it is allowed nowhere. Remove it.';

/** Where keys stand that mappings with free keys lose, because JavaScript takes them for something else. */
function lostKeys(document: Document.Parsed): number[] {
  const found: number[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && key.value === "__proto__") found.push(key.range?.[0] ?? 0);
    },
  });
  return found;
}

function emptyFile(file: string, schema: z.ZodType): Diagnostic {
  const required = nodeAt(schema, [])?.required ?? ["name"];
  return {
    file,
    line: 1,
    column: 1,
    code: "missing-key",
    message: `the file is empty; it needs at least ${listed(required)}. Add them, or remove the file.`,
  };
}

function tooLarge(file: string): Diagnostic {
  return {
    file,
    line: 1,
    column: 1,
    code: "bad-yaml",
    message: `the file has more than ${largestFile} characters; split it.`,
  };
}

/** The offset of the node under a path, or of the deepest parent that exists. */
function offsetOf(document: Document.Parsed, path: Path, part: "key" | "value"): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, segment] of path.entries()) {
    if (!isNode(node)) break;
    if (part === "key" && depth === path.length - 1 && isMap(node)) {
      const key: unknown = node.items.find((pair) => isScalar(pair.key) && pair.key.value === segment)?.key;
      return isNode(key) ? (key.range?.[0] ?? offset) : offset;
    }
    const child: unknown = "get" in node ? node.get(segment, true) : undefined;
    if (!isNode(child)) break;
    node = child;
    offset = node.range?.[0] ?? offset;
  }
  return offset;
}

type Issue = z.core.$ZodIssue;

type UnknownKeys = Extract<Issue, { code: "unrecognized_keys" }>;

/** All that is wrong, but no key as missing that stands there misspelt, on the wrong level or behind a merge key. */
function told(
  issues: readonly Issue[],
  raw: unknown,
  schema: z.ZodType,
  at: (...path: PropertyKey[]) => Location,
  keyAt: (path: Path) => Location,
): Diagnostic[] {
  const unknown = issues.filter((issue): issue is UnknownKeys => issue.code === "unrecognized_keys");
  const missing = issues.filter(({ path }) => path.length > 0 && valueAt(raw, path) === undefined);
  const missingFirst = (key: string) => missing.find(({ path }) => path.at(-1) === key);
  const explainsMissing = (path: Path) =>
    unknown.some((issue) => {
      const key = String(path.at(-1));
      if (issue.keys.includes(key)) return missingFirst(key)?.path === path;
      if (!isSame(issue.path, path.slice(0, -1))) return false;
      const allowed = keysAllowedAt(schema, raw, issue.path);
      return issue.keys.some((found) => found === "<<" || suggestion(found, allowed) === key);
    });
  return issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") {
      return missing.includes(issue) && explainsMissing(issue.path) ? [] : explain(issue, raw, schema, at);
    }
    return issue.keys.map((key) => {
      const elsewhere = missingFirst(key);
      return {
        ...keyAt([...issue.path, key]),
        ...unknownKey(key, keysAllowedAt(schema, raw, issue.path), elsewhere && at(...elsewhere.path)),
      };
    });
  });
}

function isSame(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

const secretKey = /passw|secret|token|api-?_?key|private-?_?key|credential/i;

function unknownKey(
  key: string,
  allowed: readonly string[],
  missingAt: Location | undefined,
): Pick<Diagnostic, "code" | "message"> {
  const what = `unknown key ${JSON.stringify(key)}`;
  if (key === "<<") return { code: "unknown-key", message: `${what}: YAML 1.2 has no merge keys. Write the keys out.` };
  if (missingAt) {
    return {
      code: "unknown-key",
      message: `${what} on this level; it is missing at ${formatLocation(missingAt)}. Indent it like the keys there.`,
    };
  }
  const meant = suggestion(key, allowed);
  // clientSecretName is no misspelt clientSecret: it names a secret, and whoever follows advice would put one there.
  if (secretKey.test(key) && (meant === undefined || meant.length > key.length + 2)) {
    return {
      code: "secret-in-git",
      message: `${what}: no secret belongs in these files. Remove it, and change the secret if it was committed.`,
    };
  }
  return { code: "unknown-key", message: `${what}.${didYouMean(key, allowed)} Allowed here: ${listed(allowed, 20)}.` };
}

/** What is wrong, with what was found, which zod does not say. */
function explain(
  issue: Issue,
  raw: unknown,
  schema: z.ZodType,
  at: (...path: PropertyKey[]) => Location,
): Diagnostic[] {
  const found = valueAt(raw, issue.path);
  const name = quoted(issue.path);
  const here = at(...issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return [];
    case "invalid_type":
    case "invalid_value":
    case "invalid_union": {
      if (found === undefined) {
        return [
          { ...here, code: "missing-key", message: `the key ${name} is missing${expectation(issue, schema)}. Add it.` },
        ];
      }
      const allowed = choices(issue, schema);
      if (allowed) {
        return [
          {
            ...here,
            code: "not-allowed",
            message: `${name} is ${show(found)}.${didYouMean(typeof found === "string" ? found : show(found), allowed)} Allowed: ${listed(allowed)}.`,
          },
        ];
      }
      return [
        {
          ...here,
          code: "wrong-type",
          message: `${name} is ${show(found)}${expectation(issue, schema)}.${hint(found, issue, schema)}`,
        },
      ];
    }
    case "too_small":
    case "too_big": {
      const size = Array.isArray(found) ? `a list of ${found.length}` : show(found);
      const bound = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      return [{ ...here, code: "wrong-type", message: `${name} is ${size}; ${bound} must be given.` }];
    }
    case "custom": {
      const code = (issue.params as { code: DiagnosticCode } | undefined)?.code ?? "not-allowed";
      return [{ ...here, code, message: issue.message + quotesHint(found) }];
    }
    case "invalid_format":
    case "invalid_key":
    case "invalid_element":
    case "not_multiple_of":
      return [
        {
          ...here,
          code: "not-allowed",
          message: `${name} is ${show(found)}; allowed: ${issue.message}.${quotesHint(found)}`,
        },
      ];
  }
}

/** Quotes that a word processor made are a part of the text. */
function quotesHint(found: unknown): string {
  return typeof found === "string" && /^[\u2018-\u201F\u00AB\u00BB]/.test(found) ? " Write plain quotes or none." : "";
}

function expectation(issue: Issue, schema: z.ZodType): string {
  if (issue.code === "invalid_type") return `; expected ${article(issue.expected)}`;
  const allowed = choices(issue, schema);
  return allowed ? `; allowed: ${listed(allowed)}` : "; expected a text or a number";
}

/** The values that there are to choose from, or undefined where others are allowed too. */
function choices(issue: Issue, schema: z.ZodType): string[] | undefined {
  if (issue.code === "invalid_value") return issue.values.map(String);
  if (issue.code !== "invalid_union" || issue.discriminator === undefined) return undefined;
  const { discriminator } = issue;
  const variants = nodeAt(schema, issue.path.slice(0, -1))?.oneOf ?? [];
  return variants.flatMap(({ properties }) => properties?.[discriminator]?.const ?? []);
}

function article(type: string): string {
  return (
    { array: "a list", boolean: "true or false", object: "a mapping", record: "a mapping", string: "a text" }[type] ??
    `a ${type}`
  );
}

/** What to write instead, where that can be told. */
function hint(found: unknown, issue: Issue, schema: z.ZodType): string {
  if (issue.code !== "invalid_type") return "";
  const expected: string = issue.expected;
  switch (expected) {
    case "string":
      if (typeof found === "number" || typeof found === "boolean") return ` Put it in quotes: "${String(found)}".`;
      if (found === null) return " Write one, in quotes where it is a word such as null, or remove the key.";
      return hintForOne(found);
    case "boolean": {
      const [, yes, no] = /^(?:(true|yes|on|y)|(false|no|off|n))$/i.exec(String(found)) ?? [];
      return yes !== undefined
        ? " Write true, without quotes."
        : no !== undefined
          ? " Write false, without quotes."
          : "";
    }
    case "array":
      return found === null
        ? " Remove the key, or write []."
        : issue.path.length > 0 && typeof found === "object"
          ? " Put a dash before each entry."
          : " Write [ ] around it.";
    case "object":
      if (issue.path.length === 0) return Array.isArray(found) ? " Remove the dash: each file is about one." : "";
      if (typeof found === "string" && /^[\w.-]+:\S/.test(found)) return ` Put a space after the colon.`;
      return ` Allowed keys: ${listed(keysAllowedAt(schema, {}, issue.path), 20)}.`;
    default:
      return "";
  }
}

function hintForOne(found: unknown): string {
  const values: unknown[] = typeof found === "object" && found !== null ? Object.values(found) : [];
  const [only] = values;
  return values.length === 1 && typeof only === "string" ? ` Write ${JSON.stringify(only)} alone.` : "";
}

function show(found: unknown): string {
  if (Array.isArray(found)) return "a list";
  if (found === null) return "empty";
  if (typeof found === "object") return "a mapping";
  const text = JSON.stringify(found);
  return text.length > 80 ? `${text.slice(0, 77)}..."` : text;
}

function quoted(path: Path): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text === "" ? "the file" : `"${text.replace(/^\./, "")}"`;
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    raw,
  );
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly const?: string;
}

/** The keys a schema has under a path; of several kinds, those of the kind that is written. */
function keysAllowedAt(schema: z.ZodType, raw: unknown, path: Path): string[] {
  const node = nodeAt(schema, path);
  const found = (valueAt(raw, path) ?? {}) as Readonly<Record<string, unknown>>;
  const variants = variantsOf(node).filter(({ properties = {} }) =>
    Object.entries(properties).every(
      ([key, property]) => property.const === undefined || property.const === found[key],
    ),
  );
  return [...new Set(variants.flatMap(({ properties = {} }) => Object.keys(properties)))].toSorted(compare);
}

function variantsOf(node: JsonSchema | undefined): readonly JsonSchema[] {
  return node?.oneOf ?? node?.anyOf ?? [node ?? {}];
}

/** Read from the JSON Schema, so that wrappers (defaults, refinements) do not matter. */
function nodeAt(schema: z.ZodType, path: Path): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>(
    (at, part) => {
      if (typeof part === "number") return at?.items;
      const key = String(part);
      return variantsOf(at)
        .map(({ properties = {} }) => (Object.hasOwn(properties, key) ? properties[key] : undefined))
        .find((property) => property !== undefined);
    },
    schema.toJSONSchema({ io: "input" }) as JsonSchema,
  );
}
