import {
  type Alias,
  type CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  stringify,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { formatLocation } from "../diagnostic.ts";
import type { SourceFile } from "../document.ts";
import { canonical } from "../inventory.ts";
import { EditRefused } from "./refusal.ts";
import { commentsIn, insertLines, lineBreakOf, lineStart, nextLine, prefixOf, type Splice, spliced } from "./text.ts";

/*
 * Small edits of YAML files that leave everything else as it is, to the letter. The document is parsed to find places
 * in the text; it is never printed. Each edit reads its result again and holds it against the value that is asked for
 * and against the comments, so that an odd file is refused and never spoiled.
 */

/** The keys and values of a new entry, in order. */
export type Fields = Readonly<Record<string, string | boolean>>;

/** Where a part of a file is: keys and indexes from the top. */
export type Path = readonly (string | number)[];

/**
 * Adds an entry at the end of a list, written like the entries that are there. A list that is missing is made.
 *
 * @param comment a line above the entry
 * @throws {EditRefused} when aliases or an unusual form leave it open what would change
 */
export function appendEntry(file: SourceFile, list: string, fields: Fields, comment?: string): string {
  const draft = draftOf(file);
  const pair = pairOf(draft.root, list);
  if (pair && isNode(pair.value)) refuseShared(draft, pair.value);
  return finished(draft, appendSplices(draft, list, pair, fields, comment), (value) => {
    const entries = value[list];
    value[list] = [...(Array.isArray(entries) ? (entries as unknown[]) : []), fields];
  });
}

/**
 * Sets a key of the mapping under a path, or removes it.
 *
 * @param value undefined: the key is removed
 * @throws {EditRefused} as {@link appendEntry}
 */
export function setKey(file: SourceFile, path: Path, key: string, value: string | boolean | undefined): string {
  const draft = draftOf(file);
  const map = nodeAt(draft, path);
  if (!isMap(map)) throw unusual(draft, map);
  const pair = pairOf(map, key);
  const splices =
    value === undefined
      ? pair
        ? removePairSplices(draft, map, pair)
        : []
      : pair
        ? [replaceScalar(draft, pair, value)]
        : addPairSplices(draft, map, key, value);
  return finished(draft, splices, (root) => {
    const target = path.reduce<unknown>((at, part) => (at as Record<string | number, unknown>)[part], root);
    const fields = target as Record<string, unknown>;
    if (value === undefined) Reflect.deleteProperty(fields, key);
    else fields[key] = value;
  });
}

/** Adds a comment above the line where what stands under a path begins. */
export function addComment(file: SourceFile, path: Path, comment: string): string {
  const draft = draftOf(file);
  return finished(draft, [commentAbove(draft, offsetOf(nodeAt(draft, path)), comment)], () => undefined);
}

/**
 * Removes an entry of a list. Comments stay, also those on the entry's own lines.
 *
 * @throws {EditRefused} as {@link appendEntry}
 */
export function removeEntry(file: SourceFile, list: Path, index: number): string {
  const draft = draftOf(file);
  const parent = nodeAt(draft, list.slice(0, -1));
  const sequence = nodeAt(draft, list);
  if (!isMap(parent) || !isSeq(sequence)) throw unusual(draft, sequence);
  const item = sequence.items[index];
  if (isNode(item)) refuseAnchorsUsedElsewhere(draft, item);
  const splices = isFlow(sequence)
    ? removeFlowItem(draft, sequence, index)
    : removeBlockItem(draft, parent, sequence, index, list);
  return finished(draft, splices, (root) => {
    const target = list.reduce<unknown>((at, part) => (at as Record<string | number, unknown>)[part], root);
    (target as unknown[]).splice(index, 1);
  });
}

interface Draft {
  readonly file: SourceFile;
  readonly text: string;
  readonly document: Document.Parsed;
  readonly root: YAMLMap;
  /** `file:line:column` of an offset. */
  readonly at: (offset: number) => string;
}

function draftOf(file: SourceFile): Draft {
  const lines = new LineCounter();
  const document = parseDocument(file.text, {
    lineCounter: lines,
    stringKeys: true,
    version: "1.2",
    keepSourceTokens: true,
  });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return formatLocation({ file: file.path, line: Math.max(line, 1), column: Math.max(col, 1) });
  };
  if (document.errors.length > 0 || !isMap(document.contents)) {
    throw new EditRefused(`${at(0)} cannot be edited: it is no mapping. Edit it by hand.`);
  }
  return { file, text: file.text, document, root: document.contents, at };
}

function finished(draft: Draft, splices: readonly Splice[], change: (root: Record<string, unknown>) => void): string {
  const text = spliced(draft.text, splices);
  const wanted = draft.document.toJS() as Record<string, unknown>;
  change(wanted);
  const result = parseDocument(text, { stringKeys: true, version: "1.2" });
  const kept = commentsIn(text);
  const lost = commentsIn(draft.text).filter((comment) => {
    const index = kept.indexOf(comment);
    if (index >= 0) kept.splice(index, 1);
    return index < 0;
  });
  if (result.errors.length === 0 && lost.length === 0 && canonical(result.toJS()) === canonical(wanted)) return text;
  throw unusual(draft, draft.root, splices[0]?.from);
}

function unusual(draft: Draft, node: unknown, offset = offsetOf(node)): EditRefused {
  return new EditRefused(
    `${draft.at(offset)} is written in a way that this command cannot edit without touching more. Edit it by hand.`,
  );
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function isFlow(node: YAMLMap | YAMLSeq): boolean {
  return node.flow === true;
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

function nodeAt(draft: Draft, path: Path): unknown {
  let node: unknown = draft.root;
  for (const part of path) {
    if (!isCollection(node)) throw unusual(draft, node);
    node = node.get(part, true);
    if (isNode(node)) refuseShared(draft, node);
  }
  return node;
}

/** What an alias stands for, or what aliases stand for, would change in several places at once. */
function refuseShared(draft: Draft, node: Node): void {
  if (isAlias(node)) {
    throw new EditRefused(
      `${draft.at(offsetOf(node))} is an alias (*${node.source}), so it is open what should change: what it stands for or only this. Write it out, then run the command again.`,
    );
  }
  if (node.anchor !== undefined && aliasesIn(draft.document).some(({ source }) => source === node.anchor)) {
    throw new EditRefused(
      `${draft.at(offsetOf(node))} has the anchor &${node.anchor}, and aliases of it would change as well. Write them out, then run the command again.`,
    );
  }
}

function refuseAnchorsUsedElsewhere(draft: Draft, item: Node): void {
  const inside = aliasesIn(item);
  const elsewhere = aliasesIn(draft.document).filter((alias) => !inside.includes(alias));
  visit(item, {
    Node: (_, node) => {
      const { anchor } = node as { anchor?: string };
      if (!isAlias(node) && anchor !== undefined && elsewhere.some(({ source }) => source === anchor)) {
        throw new EditRefused(
          `${draft.at(offsetOf(node))} has the anchor &${anchor}, which is used elsewhere in the file, so it cannot be removed. Write the aliases out, then run the command again.`,
        );
      }
    },
  });
}

function aliasesIn(node: Node | Document): Alias[] {
  const aliases: Alias[] = [];
  visit(node, { Alias: (_, alias) => void aliases.push(alias) });
  return aliases;
}

/** Where the last visible character of a node ends, without comments behind it. */
function endOf(node: unknown): number {
  if (isCollection(node) && node.flow !== true) return endOf(node.items.at(-1));
  if (isPair(node)) return isNode(node.value) && !isEmptyNode(node.value) ? endOf(node.value) : endOf(node.key);
  return isNode(node) ? (node.range?.[1] ?? 0) : 0;
}

function isEmptyNode(node: Node): boolean {
  return isScalar(node) && node.range?.[0] === node.range?.[1];
}

/** JSON is YAML too: what is added to a file with quoted keys is quoted. */
function isJson(draft: Draft): boolean {
  const [first] = draft.root.items;
  return isScalar(first?.key) && first.key.type === Scalar.QUOTE_DOUBLE;
}

function rendered(value: string | boolean): string {
  return stringify(value).trimEnd();
}

function inFlow(fields: Fields, json: boolean): string {
  const parts = Object.entries(fields).map(([key, value]) =>
    json ? `${JSON.stringify(key)}: ${JSON.stringify(value)}` : `${key}: ${rendered(value)}`,
  );
  return `{ ${parts.join(", ")} }`;
}

function inBlock(indent: string, gap: string, fields: Fields, comment: string | undefined): string[] {
  const lines = Object.entries(fields).map(([key, value]) => `${key}: ${rendered(value)}`);
  return [
    ...(comment === undefined ? [] : [`${indent}# ${comment}`]),
    ...lines.map((line, index) => (index === 0 ? `${indent}-${gap}${line}` : `${indent} ${gap}${line}`)),
  ];
}

/** A comment on a line of its own, above the line with an offset. */
function commentAbove({ text }: Draft, offset: number, comment: string): Splice {
  const start = lineStart(text, offset);
  const [indent = ""] = /^[ \t]*/.exec(text.slice(start)) ?? [];
  return insertLines(text, start, [`${indent}# ${comment}`]);
}

function appendSplices(
  draft: Draft,
  list: string,
  pair: Pair | undefined,
  fields: Fields,
  comment: string | undefined,
): Splice[] {
  const { text, root } = draft;
  const json = isJson(draft);
  const sequence = pair?.value;
  if (!pair) {
    if (isFlow(root)) {
      return flowAppend(draft, root, `${json ? JSON.stringify(list) : list}: [${inFlow(fields, json)}]`, comment);
    }
    const indent = prefixOf(text, offsetOf(root.items[0]?.key));
    return [
      insertLines(text, nextLine(text, endOf(root)), [
        `${indent}${list}:`,
        ...inBlock(`${indent}  `, " ", fields, comment),
      ]),
    ];
  }
  if (!isSeq(sequence)) throw unusual(draft, sequence);
  if (!isFlow(sequence)) return blockAppend(draft, sequence, fields, comment);
  const [start = 0, end = 0] = sequence.range ?? [];
  const isPlainlyEmpty = sequence.items.length === 0 && /^\[\s*\]$/.test(text.slice(start, end));
  if (!isPlainlyEmpty || isFlow(root)) return flowAppend(draft, sequence, inFlow(fields, json), comment);
  const indent = prefixOf(text, offsetOf(pair.key));
  const space = /[ \t]*$/.exec(text.slice(0, start))?.[0].length ?? 0;
  return [
    { from: start - space, to: end, text: "" },
    insertLines(text, nextLine(text, end), inBlock(`${indent}  `, " ", fields, comment)),
  ];
}

function blockAppend(draft: Draft, sequence: YAMLSeq, fields: Fields, comment: string | undefined): Splice[] {
  const { text } = draft;
  const last = sequence.items.at(-1);
  const dash = dashOf(sequence, sequence.items.length - 1);
  if (dash === undefined) throw unusual(draft, sequence);
  const indent = prefixOf(text, dash);
  const [, gap = " "] = /^-( +)\S/.exec(text.slice(dash)) ?? [];
  const lines =
    isMap(last) && isFlow(last)
      ? [
          ...(comment === undefined ? [] : [`${indent}# ${comment}`]),
          `${indent}-${gap}${inFlow(fields, isJson(draft))}`,
        ]
      : inBlock(indent, gap, fields, comment);
  return [insertLines(text, behindComments(text, nextLine(text, endOf(last)), indent.length), lines)];
}

/** Where the comment lines end that are indented further than an entry's dash: they belong to the entry above. */
function behindComments(text: string, start: number, dashColumn: number): number {
  let at = start;
  while (at < text.length) {
    const [, indent] = /^([ \t]*)#/.exec(text.slice(at, nextLine(text, at + 1))) ?? [];
    if (indent === undefined || indent.length <= dashColumn) break;
    at = nextLine(text, at + 1);
  }
  return at;
}

/** Where the dash of an entry stands. */
function dashOf(sequence: YAMLSeq, index: number): number | undefined {
  const token = sequence.srcToken as CST.BlockSequence | undefined;
  return token?.items[index]?.start.find(({ type }) => type === "seq-item-ind")?.offset;
}

/** Adds to a flow collection: on a line of its own where the last part has one, else behind it. */
function flowAppend(draft: Draft, collection: YAMLMap | YAMLSeq, item: string, comment: string | undefined): Splice[] {
  const { text } = draft;
  const [start = 0] = collection.range ?? [];
  const above = comment === undefined ? [] : [commentAbove(draft, start, comment)];
  const last = collection.items.at(-1);
  if (last === undefined) return [...above, { from: start + 1, to: start + 1, text: item }];
  const end = endOf(last);
  const comma = commaBefore(collection, collection.items.length);
  const behind = comma === undefined ? end : comma + 1;
  const added: Splice[] = comma === undefined ? [{ from: end, to: end, text: "," }] : [];
  const indent = prefixOf(text, offsetOf(isPair(last) ? last.key : last));
  const rest = text.slice(behind, nextLine(text, behind)).trim();
  if (indent.trim() !== "" || !(rest === "" || rest.startsWith("#"))) {
    return [...above, ...added, { from: behind, to: behind, text: ` ${item}` }];
  }
  const lines = [...(comment === undefined ? [] : [`${indent}# ${comment}`]), indent + item];
  return [
    ...added,
    insertLines(
      text,
      nextLine(text, behind),
      comma === undefined ? lines : [...lines.slice(0, -1), `${indent}${item},`],
    ),
  ];
}

/** The comma between an item of a flow collection and the one before it; of the one behind the last, a final comma. */
function commaBefore(collection: YAMLMap | YAMLSeq, index: number): number | undefined {
  const token = collection.srcToken as CST.FlowCollection | undefined;
  return token?.items[index]?.start.find(({ type }) => type === "comma")?.offset;
}

function replaceScalar(draft: Draft, pair: Pair, value: string | boolean): Splice {
  const node = pair.value;
  if (!isNode(node) || !node.range || isCollection(node)) throw unusual(draft, node);
  if (!isAlias(node)) refuseShared(draft, node);
  const type = isScalar(node) ? node.type : undefined;
  const text =
    typeof value === "boolean"
      ? String(value)
      : type === Scalar.QUOTE_DOUBLE
        ? JSON.stringify(value)
        : type === Scalar.QUOTE_SINGLE
          ? `'${value.replaceAll("'", "''")}'`
          : rendered(value);
  return { from: node.range[0], to: node.range[1], text };
}

function addPairSplices(draft: Draft, map: YAMLMap, key: string, value: string | boolean): Splice[] {
  const { text } = draft;
  if (isFlow(map)) {
    const pair = isJson(draft) ? `${JSON.stringify(key)}: ${JSON.stringify(value)}` : `${key}: ${rendered(value)}`;
    return flowAppend(draft, map, pair, undefined);
  }
  const column = prefixOf(text, offsetOf(map.items[0]?.key)).length;
  return [insertLines(text, nextLine(text, endOf(map)), [`${" ".repeat(column)}${key}: ${rendered(value)}`])];
}

function removePairSplices(draft: Draft, map: YAMLMap, pair: Pair): Splice[] {
  const { text } = draft;
  if (isFlow(map)) return removeFlowItem(draft, map, map.items.indexOf(pair));
  if (isNode(pair.value)) refuseAnchorsUsedElsewhere(draft, pair.value);
  const start = offsetOf(pair.key);
  const indent = prefixOf(text, start);
  if (indent.trim() === "") return [removeLines(draft, start, endOf(pair), indent)];
  const next = map.items[map.items.indexOf(pair) + 1];
  if (!next) throw unusual(draft, pair.key);
  const end = offsetOf(next.key);
  const [outer = ""] = /^[ \t]*/.exec(indent) ?? [];
  const comments = commentsIn(text, start, end).map((comment) => `${outer}${comment}`);
  return [
    ...(comments.length > 0 ? [insertLines(text, lineStart(text, start), comments)] : []),
    { from: start, to: end, text: "" },
  ];
}

/** Takes out whole lines but for the comments in them. */
function removeLines({ text }: Draft, from: number, to: number, indent: string): Splice {
  const [start, end] = [lineStart(text, from), nextLine(text, to)];
  const comments = commentsIn(text, start, end).map((comment) => `${indent}${comment}`);
  const lineBreak = lineBreakOf(text);
  const isUnfinished = end === text.length && text[end - 1] !== "\n";
  if (!isUnfinished) return { from: start, to: end, text: comments.map((line) => line + lineBreak).join("") };
  const before = Math.max(0, start - lineBreak.length);
  return { from: before, to: end, text: comments.map((line) => lineBreak + line).join("") };
}

function removeBlockItem(draft: Draft, parent: YAMLMap, sequence: YAMLSeq, index: number, list: Path): Splice[] {
  const { text } = draft;
  const dash = dashOf(sequence, index);
  if (dash === undefined || prefixOf(text, dash).trim() !== "") throw unusual(draft, sequence);
  const removed = removeLines(draft, dash, endOf(sequence.items[index]), prefixOf(text, dash));
  if (sequence.items.length > 1) return [removed];
  // An empty list is written out: without a value the key would be empty, which is no list.
  const key = String(list.at(-1));
  const token = (parent.srcToken as CST.BlockMap | undefined)?.items[
    parent.items.findIndex((pair) => isScalar(pair.key) && pair.key.value === key)
  ];
  const behind = token?.sep?.findLast(({ type }) => ["map-value-ind", "anchor", "tag"].includes(type));
  if (!behind) throw unusual(draft, sequence);
  const end = behind.offset + behind.source.length;
  return [{ from: end, to: end, text: " []" }, removed];
}

function removeFlowItem(draft: Draft, collection: YAMLMap | YAMLSeq, index: number): Splice[] {
  const { text } = draft;
  const item = collection.items[index];
  const token = (collection.srcToken as CST.FlowCollection | undefined)?.items[index];
  if (!token || item === undefined) throw unusual(draft, collection);
  const props = token.start.find(({ type }) => type === "anchor" || type === "tag");
  const start = props?.offset ?? offsetOf(isPair(item) ? item.key : item);
  const end = endOf(item);
  const [comma, next] = [commaBefore(collection, index), commaBefore(collection, index + 1)];
  if (commentsIn(text, start, end).length > 0) throw unusual(draft, item);
  const cut = (from: number, to: number): Splice => ({ from, to: to + spacesAt(text, to), text: "" });
  if (next !== undefined) {
    if (text.slice(end, next).trim() !== "") return [cut(start, end), cut(next, next + 1)];
    const rest = text.slice(next + 1, nextLine(text, next + 1));
    const isWholeLine = prefixOf(text, start).trim() === "" && rest.trim() === "";
    if (isWholeLine) return [{ from: lineStart(text, start), to: nextLine(text, next + 1), text: "" }];
    return [cut(start, next + 1)];
  }
  if (comma === undefined) return [{ from: start, to: end, text: "" }];
  if (text.slice(comma + 1, start).trim() === "") return [{ from: comma, to: end, text: "" }];
  return [{ from: comma, to: comma + 1, text: "" }, cut(start, end)];
}

function spacesAt(text: string, offset: number): number {
  return /^ */.exec(text.slice(offset))?.[0].length ?? 0;
}
