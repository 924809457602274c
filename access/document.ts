import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type * as z from "zod";
import { compare, type Diagnostic, type DiagnosticCode, type Location } from "./diagnostic.ts";
import { didYouMean, listed } from "./suggest.ts";

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

  // A warning is a tag that means nothing here: what its author expects of it would not happen.
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    return { diagnostics: problems.map((problem) => badYaml(locate(problem.pos[0]), problem.message)) };
  }
  let raw: unknown;
  try {
    raw = document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    return { diagnostics: [badYaml(locate(0), error instanceof Error ? error.message : String(error))] };
  }
  const result = schema.safeParse(raw ?? {});
  if (result.success) return { entity: { value: result.data, file: path, at }, diagnostics: [] };
  const keyAt = (where: Path) => locate(offsetOf(document, where, "key"));
  return { diagnostics: result.error.issues.flatMap((issue) => explain(issue, raw, schema, at, keyAt)) };
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

function badYaml(at: Location, message: string): Diagnostic {
  const [first = ""] = message.split("\n");
  return {
    ...at,
    code: "bad-yaml",
    message: `${first.replace(/ at line \d+, column \d+:?$/, "")}. Mend the YAML here.`,
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

/** One diagnostic per thing that is wrong: zod joins unknown keys into one issue and does not say what was found. */
function explain(
  issue: Issue,
  raw: unknown,
  schema: z.ZodType,
  at: (...path: PropertyKey[]) => Location,
  keyAt: (path: Path) => Location,
): Diagnostic[] {
  const found = valueAt(raw, issue.path);
  const name = quoted(issue.path);
  const here = at(...issue.path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const allowed = keysAllowedAt(schema, raw, issue.path);
      return issue.keys.map((key) => ({
        ...keyAt([...issue.path, key]),
        code: "unknown-key",
        message: `unknown key ${JSON.stringify(key)}.${didYouMean(key, allowed)} Allowed here: ${listed(allowed, 20)}.`,
      }));
    }
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
          message: `${name} is ${show(found)}${expectation(issue, schema)}.${hint(found, issue)}`,
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
      return [{ ...here, code, message: issue.message }];
    }
    case "invalid_format":
    case "invalid_key":
    case "invalid_element":
    case "not_multiple_of":
      return [{ ...here, code: "not-allowed", message: `${name} is ${show(found)}; allowed: ${issue.message}.` }];
  }
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

function hint(found: unknown, issue: Issue): string {
  const scalar = typeof found === "number" || typeof found === "boolean";
  return scalar && issue.code === "invalid_type" && issue.expected === "string"
    ? ` Put it in quotes: "${String(found)}".`
    : "";
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
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    raw,
  );
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly const?: string;
}

/** The keys a schema has under a path; of several kinds, those of the kind that is written. */
function keysAllowedAt(schema: z.ZodType, raw: unknown, path: Path): string[] {
  const node = nodeAt(schema, path);
  const found = valueAt(raw, path) as Readonly<Record<string, unknown>>;
  const variants = (node?.oneOf ?? [node ?? {}]).filter(({ properties = {} }) =>
    Object.entries(properties).every(
      ([key, property]) => property.const === undefined || property.const === found[key],
    ),
  );
  return [...new Set(variants.flatMap(({ properties = {} }) => Object.keys(properties)))].toSorted(compare);
}

/** Read from the JSON Schema, so that wrappers (defaults, refinements) do not matter. */
function nodeAt(schema: z.ZodType, path: Path): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>(
    (at, part) => {
      if (typeof part === "number") return at?.items;
      const kinds = at?.oneOf ?? (at ? [at] : []);
      return kinds.map(({ properties }) => properties?.[String(part)]).find((property) => property !== undefined);
    },
    schema.toJSONSchema({ io: "input" }) as JsonSchema,
  );
}
