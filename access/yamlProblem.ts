import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isScalar,
  type Node,
  Scalar,
  visit,
  type YAMLError,
} from "yaml";

/** What keeps a text from being read, in words for somebody who does not know YAML's own. */
export interface YamlProblem {
  readonly offset: number;
  readonly message: string;
}

/** What is wrong with a text, whatever format it is meant to have. */
export function textProblem(text: string): YamlProblem | undefined {
  // Whoever reads a file as UTF-8 gets U+FFFD for what is none.
  const bad = text.indexOf("\uFFFD");
  const zero = text.indexOf("\u0000");
  if (bad === 0 && text[1] === "\uFFFD" && zero > 0) {
    return { offset: 0, message: "the file is in UTF-16. Save it as UTF-8." };
  }
  if (zero >= 0) {
    return { offset: zero, message: "the file is no text: U+0000 stands here. Write it anew, or remove it." };
  }
  if (bad >= 0) {
    return { offset: bad, message: "the character here is not in UTF-8, perhaps in Latin-1. Save the file as UTF-8." };
  }
  const conflict = /^(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|$)/m.exec(text);
  if (conflict) {
    return {
      offset: conflict.index,
      message: `a merge conflict was left here (${conflict[0]}). Keep one of the two sides and remove the three markers.`,
    };
  }
  return undefined;
}

/** The first error of a document: one slip makes several, and those after the first mislead. */
export function syntaxProblem(text: string, document: Document.Parsed): YamlProblem | undefined {
  // A warning is a tag that means nothing here: what its author expects of it would not happen.
  const [first] = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
  return first && explained(text, document, first);
}

/** Why a document that has no syntax error still has no value: its aliases. */
export function aliasProblem(document: Document.Parsed, error: unknown): YamlProblem {
  const aliases: Alias[] = [];
  visit(document, { Alias: (_, alias) => void aliases.push(alias) });
  const unresolved = aliases.find((alias) => !alias.resolve(document));
  const offset = (unresolved ?? aliases[0])?.range?.[0] ?? 0;
  if (unresolved) {
    const { source } = unresolved;
    return {
      offset,
      message: `*${source} stands for nothing: no &${source} comes before it. Write out what is meant.`,
    };
  }
  return error instanceof ReferenceError
    ? {
        offset,
        message: "aliases stand for aliases here, so that a short file grows beyond measure. Write out what is meant.",
      }
    : { offset: 0, message: `${error instanceof Error ? error.message : String(error)}. Mend the YAML here.` };
}

function explained(text: string, document: Document.Parsed, error: YAMLError): YamlProblem {
  const {
    message,
    pos: [start],
  } = error;
  const code: string = error.code;
  const line = text.slice(start, lineEnd(text, start));
  switch (code) {
    case "DUPLICATE_KEY": {
      const key = /^[^:\s]*/.exec(line)?.[0].replaceAll(/^["']|["']$/g, "") ?? "";
      return { offset: start, message: `the key "${key}" is here for the second time. Remove one.` };
    }
    case "TAB_AS_INDENT":
      return { offset: start, message: "a tab indents this line, which YAML does not allow. Write spaces." };
    case "MULTIPLE_DOCS":
      return {
        offset: start,
        message: "a second document begins here. Remove the line ---, or put it in a file of its own.",
      };
    case "TAG_RESOLVE_FAILED": {
      const [tag = "!"] = /^!\S*/.exec(line) ?? [];
      return { offset: start, message: `the tag ${tag} means nothing here. Remove it.` };
    }
    case "MISSING_CHAR":
      if (message.startsWith("Missing closing")) {
        return {
          offset: openQuote(document) ?? start,
          message: "the quote that opens here is never closed. Close it.",
        };
      }
      return message.startsWith("Sequence item") ? indentation(text, start) : noKey(text, start);
    case "BAD_INDENT": {
      const open = message.startsWith("Flow") ? openBracket(text, document, start) : undefined;
      return open ?? indentation(text, start);
    }
    case "BLOCK_AS_IMPLICIT_KEY":
      if (message.startsWith("A block sequence")) return indentation(text, start);
      if (/:(?:\s|$)/.test(line)) {
        return {
          offset: start,
          message: 'this text has ": " in it, which begins another mapping. Put the text in quotes.',
        };
      }
      return indentation(text, lineEnd(text, start) + 1);
    case "MULTILINE_IMPLICIT_KEY":
      return noKey(text, start);
    default: {
      const [first = ""] = message.split("\n");
      return { offset: start, message: `${first.replace(/ at line \d+, column \d+:?$/, "")}. Mend the YAML here.` };
    }
  }
}

function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end;
}

function indentation(text: string, offset: number): YamlProblem {
  const spaces = /^[ \t]*/.exec(text.slice(offset))?.[0].length ?? 0;
  return {
    offset: Math.min(offset + spaces, text.length),
    message:
      "this line is indented like nothing above it. Give keys of one mapping, and dashes of one list, the same indentation.",
  };
}

function noKey(text: string, start: number): YamlProblem {
  const line = text.slice(start, lineEnd(text, start)).trimEnd();
  const odd = /[^\S \t]/u.exec(line);
  if (odd) {
    const hex = odd[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0") ?? "";
    return { offset: start + odd.index, message: `U+${hex} stands here, which is no plain space. Write a plain one.` };
  }
  const [, key] = /^([\w.-]+):\S/.exec(line) ?? [];
  if (key !== undefined) {
    return { offset: start, message: `a space is missing after "${key}:". Write "${key}: " and then the value.` };
  }
  const shown = line.length > 40 ? `${line.slice(0, 40)}...` : line;
  return {
    offset: start,
    message: `${JSON.stringify(shown)} is no key with a value; a colon is missing. Write "<key>: <value>".`,
  };
}

function openQuote(document: Document.Parsed): number | undefined {
  let last: Node | undefined;
  visit(document, {
    Scalar: (_, scalar) => {
      if (scalar.type === Scalar.QUOTE_DOUBLE || scalar.type === Scalar.QUOTE_SINGLE) last = scalar;
    },
  });
  return last?.range?.[0];
}

/** The innermost bracket that is open where the parser gave up. */
function openBracket(text: string, document: Document.Parsed, before: number): YamlProblem | undefined {
  let found: number | undefined;
  visit(document, {
    Collection: (_, node) => {
      const [start = 0, end = 0] = node.range ?? [];
      const isClosed = text[end - 1] === (text[start] === "[" ? "]" : "}");
      if (node.flow === true && start < before && !isClosed) found = start;
    },
  });
  if (found === undefined) return undefined;
  const [open, close] = text[found] === "[" ? ["[", "]"] : ["{", "}"];
  return { offset: found, message: `the ${open} that opens here is never closed. Close it with ${close}.` };
}

/** Whether a document has anything in it but comments. */
export function isEmpty({ contents }: Document.Parsed): boolean {
  if (contents === null) return true;
  if (isAlias(contents) || isCollection(contents)) return false;
  return isScalar(contents) && contents.value === null;
}
