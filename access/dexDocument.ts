import { Document, isNode, isScalar, isSeq, visit } from "yaml";
import {
  blocksIn,
  closing,
  depthAt,
  DocumentProblem,
  hasTemplate,
  isControlLine,
  lineEnd,
  lineNumber,
  lineStart,
  marker,
  masked,
  opening,
  ownBlock,
  type Parsed,
  parsed,
  type Range,
  type StaticClient,
} from "./dexText.ts";
import { canonical } from "./inventory.ts";
import { listed } from "./suggest.ts";

export { baseProblems, connectorAsksFor, connectorFindings, documentProblems } from "./dexFields.ts";
export { DocumentProblem, type StaticClient, staticClientsIn } from "./dexText.ts";

/**
 * A client of an application. The document names the variables only: Dex takes an absent variable for an empty text, so
 * with a plain `id` a lost variable would leave the client open to everybody without a secret. With `idEnv`
 * only an empty id finds it, and its tokens are for nobody.
 */
export interface DexClient {
  readonly id: string;
  readonly name: string;
  readonly redirectURIs: readonly string[];
  /** The variable of Dex's environment with the id. */
  readonly idVariable: string;
  /** The variable with the secret. */
  readonly secretVariable: string;
}

/** What Dex reads, as administrators see it. */
export interface LiveDex {
  /** Its configuration; undefined when the object or the key is not there. */
  readonly text: string | undefined;
  /** What each stack noted with its last change, by stack. */
  readonly revisions: Readonly<Record<string, string>>;
  /** Variables of the Secret with its environment: whose they are and, of ours, what their values hash to. */
  readonly variables: readonly { readonly name: string; readonly stack?: string; readonly sha256?: string }[];
  /** Absent without a Deployment of that name. */
  readonly deployment:
    | {
        /** Whether it was started after the last change of the document and the variables. */
        readonly current: boolean;
        /** Variables that it takes from the Secret. */
        readonly reads: "all" | readonly string[];
      }
    | undefined;
}

/**
 * A text with the clients of a stack in a block of their own and everything else byte for byte as it was.
 *
 * @throws {DocumentProblem} when that cannot be done safely
 */
export function mergedDocument(text: string, stack: string, clients: readonly DexClient[]): string {
  refuseClients(clients);
  const block = ownBlock(text, stack);
  const rest = block ? without(text, block) : text;
  const others = parsed(rest);
  refuseCollisions(others.clients, clients);
  if (block) refuseStrangers(text, block, stack, clients);

  // With everything gone the key goes too, if it was made for the block.
  if (clients.length === 0) return verified(restored(rest), text, rest, stack, clients);
  const start = prepared(rest, others);
  const lines = (indent: string) => blockLines(stack, clients).map((line) => indent + line);
  const { at, indent } = placeIn(start, parsed(start));
  const atEnd = inserted(start, at, lines(indent));
  if (!block || start !== rest) return verified(atEnd, text, rest, stack, clients);
  // Where it stands already: otherwise two stacks would take turns at the end.
  try {
    const here = Math.min(block.from, rest.length);
    refuseTemplatesAround(rest, here);
    return verified(inserted(rest, here, lines(indent)), text, rest, stack, clients);
  } catch (error) {
    if (!(error instanceof DocumentProblem)) throw error;
    return verified(atEnd, text, rest, stack, clients);
  }
}

/**
 * The whole document: `base` and the clients of a stack. Blocks of other stacks in the live document are kept.
 *
 * @param earlier ids and variables of clients that the stack wrote before, which may go even if they lost their block
 * @throws {DocumentProblem} when the live document has a client that would be lost
 */
export function renderedDocument(
  base: Readonly<Record<string, unknown>>,
  live: string | undefined,
  stack: string,
  clients: readonly DexClient[],
  earlier: readonly string[] = [],
): string {
  const own = live === undefined ? undefined : ownBlock(live, stack);
  const rest = live === undefined ? "" : own ? without(live, own) : live;
  const found = parsed(rest).clients;
  if (live !== undefined && own) refuseStrangers(live, own, stack, clients, earlier);
  const text = `${marker(stack, "rendered from platform.yaml, do not edit")}\n${baseText(base)}`;
  const known = new Set([...parsed(text).clients.flatMap(namesOf), ...earlier]);
  const lost = found.filter((client) => client.stack === undefined && !namesOf(client).some((name) => known.has(name)));
  if (lost.length > 0) {
    throw new DocumentProblem(
      `Dex's document has clients of others, which would be lost: ${listed(lost.map(called))}. ` +
        "Add them to dex.document.base.staticClients, remove them, or write mode: merge.",
    );
  }
  const kept = blocksIn(rest).reduce((whole, block) => {
    const lines = unindented(rest.slice(block.from, block.to));
    const start = prepared(whole, parsed(whole));
    const { at, indent } = placeIn(start, parsed(start));
    return inserted(
      start,
      at,
      lines.map((line) => indent + line),
    );
  }, text);
  return mergedDocument(kept, stack, clients);
}

/** Adds lines before a line, or after the last one even if it does not end. */
function inserted(text: string, at: number, lines: readonly string[]): string {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const joined = lines.join(end);
  const unfinished = at === text.length && text !== "" && !text.endsWith("\n");
  return text.slice(0, at) + (unfinished ? end + joined : joined + end) + text.slice(at);
}

/** The reverse of {@link inserted}. */
function without(text: string, { from, to }: Range): string {
  const before = text.slice(0, from);
  const unfinished = to === text.length && !text.endsWith("\n");
  return (unfinished ? before.replace(/\r?\n$/, "") : before) + text.slice(to);
}

function unindented(block: string): string[] {
  const lines = block.replace(/\r?\n$/, "").split(/\r?\n/);
  const indent = /^[ \t]*/.exec(lines[0] ?? "")?.[0] ?? "";
  return lines.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
}

/** Whether lines may be added here without a template making them conditional or joining them to others. */
function refuseTemplatesAround(text: string, at: number): void {
  const before = text.slice(0, at).trimEnd();
  const [next = ""] = text.slice(at).trimStart().split("\n");
  const joins =
    /-(?:\}\}|>>)$/.test(before) ||
    (/^(?:\{\{|<<)-/.test(next) && (!isControlLine(next) || /-(?:\}\}|>>)\s*$/.test(next)));
  if (depthAt(text, at) === 0 && !joins) return;
  throw new DocumentProblem(
    `a template around line ${lineNumber(text, at)} of Dex's document would change the clients of applications with it. ` +
      "Put the end of staticClients outside of {{ if }}, {{ range }} and {{ with }}, and leave out the hyphens of -}} there.",
  );
}

function blockLines(stack: string, clients: readonly DexClient[]): string[] {
  return [
    marker(stack, opening),
    ...clients.flatMap(({ id, name, redirectURIs, idVariable, secretVariable }) => [
      `- idEnv: ${idVariable} # ${id}`,
      `  name: ${JSON.stringify(name)}`,
      "  redirectURIs:",
      ...redirectURIs.map((uri) => `    - ${JSON.stringify(uri)}`),
      `  secretEnv: ${secretVariable}`,
    ]),
    marker(stack, closing),
  ];
}

function asWritten({ id, name, redirectURIs, idVariable, secretVariable }: DexClient): StaticClient {
  return { id, idEnv: idVariable, secretEnv: secretVariable, name, redirectURIs };
}

function namesOf({ id, idEnv }: StaticClient): string[] {
  return [id, idEnv].filter((name) => name !== undefined);
}

function called({ id, idEnv, name }: StaticClient): string {
  return id ?? idEnv ?? name ?? "a client without an id";
}

/** What would mean something else in the document, and clients that Dex would take for one. */
function refuseClients(clients: readonly DexClient[]): void {
  for (const [index, client] of clients.entries()) {
    const { id, name, redirectURIs, idVariable, secretVariable } = client;
    const bad =
      [idVariable, secretVariable].find((variable) => !/^[A-Za-z]\w*_\w*$/.test(variable)) ??
      (/^[\w.-]+$/.test(id) ? undefined : id) ??
      // gomplate would fill in its secrets.
      [name, ...redirectURIs].find((text) => /\{\{|\}\}|<<|>>|[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) || text === "");
    if (bad !== undefined) {
      throw new DocumentProblem(`${JSON.stringify(bad)} cannot stand in Dex's document. Write it in plain characters.`);
    }
    const same = clients.slice(0, index).find((other) => meets(asWritten(other), client));
    if (same) throw new DocumentProblem(`two applications have the Dex client ${id}. Give each a client of its own.`);
  }
}

/** Whether Dex would take two clients for one, or give one the secret of the other. */
function meets({ id, idEnv, secretEnv }: StaticClient, client: DexClient): boolean {
  return id === client.id || idEnv === client.idVariable || secretEnv === client.secretVariable;
}

function refuseCollisions(others: readonly StaticClient[], clients: readonly DexClient[]): void {
  for (const client of clients) {
    const other = others.find((one) => meets(one, client));
    if (!other) continue;
    const whose = other.stack === undefined ? "that this program did not make" : `of stack ${other.stack}`;
    throw new DocumentProblem(
      `Dex's document already has a client ${called(other)} ${whose}, and Dex would know only one of it and ${client.id} ` +
        `(${client.idVariable}). Give the application another clientId and name, or remove that client.`,
    );
  }
}

/** A client that somebody wrote between our markers would be lost with the next change. */
function refuseStrangers(
  text: string,
  block: Range,
  stack: string,
  clients: readonly DexClient[],
  earlier: readonly string[] = [],
): void {
  let found: readonly StaticClient[];
  try {
    found = parsed(text).clients.filter((client) => client.stack === stack);
  } catch {
    // The block itself is broken, and the rest was read already.
    return;
  }
  const own = text.slice(block.from, block.to);
  const stranger = found.find(
    (client) =>
      !clients.some((ours) => meets(client, ours)) &&
      !namesOf(client).some((name) => earlier.includes(name)) &&
      // What this program wrote reads both from variables and says the id.
      !(client.id !== undefined && client.idEnv !== undefined && own.includes(`- idEnv: ${client.idEnv} # `)),
  );
  if (stranger) {
    throw new DocumentProblem(
      `the client ${called(stranger)} stands between the markers of stack ${stack}, which did not make it. ` +
        `Move it out of there, before "${marker(stack, opening)}".`,
    );
  }
}

const keyNote = "# prokube-access";

function clientsPair(map: Parsed["map"]) {
  return map?.items.find(({ key }) => isScalar(key) && key.value === "staticClients");
}

/** The text with a key staticClients that a block can follow. What stood there becomes a comment, which can go again. */
function prepared(text: string, { map }: Parsed): string {
  if (map?.flow === true) {
    throw new DocumentProblem("Dex's document is in braces, as JSON is. Write it as YAML with a key on each line.");
  }
  const pair = clientsPair(map);
  if (!pair) {
    const end = /^\.\.\.(?=\s|$)/m.exec(masked(text))?.index ?? text.length;
    refuseTemplatesAround(text, end);
    const first = map?.items[0]?.key.range[0] ?? 0;
    return inserted(text, end, [`${map ? text.slice(lineStart(text, first), first) : ""}staticClients: ${keyNote}`]);
  }
  const value = pair.value;
  const isEmpty =
    value === null || (isScalar(value) && value.value === null) || (isSeq(value) && value.items.length === 0);
  if (!isEmpty) {
    if (isSeq(value) && value.flow !== true) return text;
    const found = isSeq(value) ? "a list in brackets" : "not a list";
    throw new DocumentProblem(
      `staticClients in Dex's document is ${found}. Write it as lines that begin with "- ", so that others can follow.`,
    );
  }
  const [from, to] = value?.range ?? [0, 0];
  const key = pair.key.range[1];
  const written = text.slice(from, to).trim();
  if (!/^:[ \t]*$/.test(written === "" ? ":" : text.slice(key, from)) || /[\n#&!]/.test(written)) {
    throw new DocumentProblem("staticClients in Dex's document is empty in an unusual way. Write staticClients: [].");
  }
  return written === "" ? text : `${text.slice(0, from)}${keyNote}: ${text.slice(from)}`;
}

/** The reverse of {@link prepared}, when there is nothing below the key. */
function restored(text: string): string {
  const { map } = parsed(text);
  const pair = clientsPair(map);
  const value = pair?.value;
  if (!pair || (value && !(isScalar(value) && value.value === null))) return text;
  const from = lineStart(text, pair.key.range[0]);
  const to = lineEnd(text, from);
  const line = text.slice(from, to);
  if (/^[ \t]*staticClients: # prokube-access[ \t]*\r?\n?$/.test(line)) return without(text, { from, to });
  return text.slice(0, from) + line.replace(/^(\s*\S+:\s*)# prokube-access: /, "$1") + text.slice(to);
}

/** The end of the clients: before the next key, after what stands deeper and after blocks of other stacks. */
function placeIn(text: string, { map }: Parsed): { readonly at: number; readonly indent: string } {
  const pair = clientsPair(map);
  const value = pair?.value;
  const keyStart = pair?.key.range[0] ?? 0;
  if (!isSeq(value)) {
    const at = lineEnd(text, keyStart);
    refuseTemplatesAround(text, at);
    return { at, indent: text.slice(lineStart(text, keyStart), keyStart) };
  }
  const [dash] = value.range;
  const indent = text.slice(lineStart(text, dash), dash);
  if (text[dash] !== "-" || indent.trim() !== "" || depthAt(text, keyStart) !== 0) {
    throw new DocumentProblem(
      "the place of staticClients in Dex's document cannot be told, or a template decides about it. " +
        'Write the key and its lines "- ..." without an anchor or {{ if }} around them.',
    );
  }
  const last = value.items.at(-1);
  const end = isNode(last) ? last.range[1] : dash;
  let at = text[end - 1] === "\n" ? end : lineEnd(text, end);
  for (;;) {
    const block = blocksIn(text).find(({ from, to }) => from <= at && at < to);
    const line = text.slice(at, lineEnd(text, at));
    const isDeeperComment = line.startsWith(`${indent} `) && line.trimStart().startsWith("#");
    if (block) at = block.to;
    else if (at < text.length && (isDeeperComment || (depthAt(text, at) > 0 && isControlLine(line)))) at += line.length;
    else break;
  }
  refuseTemplatesAround(text, at);
  return { at, indent };
}

/** What was made, if reading it again shows our entries and nothing else changed. */
function verified(made: string, text: string, rest: string, stack: string, clients: readonly DexClient[]): string {
  const block = ownBlock(made, stack);
  const now = parsed(made);
  const before = parsed(rest);
  const entries = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const isOurs = now.clients.map((client) => client.stack === stack);
  const all = entries(now.value["staticClients"]);
  const facts = ({ value }: Parsed, list: readonly unknown[]) => canonical({ ...value, staticClients: list });
  const expected = clients.map(({ name, redirectURIs, idVariable, secretVariable }) => ({
    idEnv: idVariable,
    name,
    redirectURIs,
    secretEnv: secretVariable,
  }));
  const isSame =
    restored(block ? without(made, block) : made) === restored(rest) &&
    facts(
      now,
      all.filter((_, index) => isOurs[index] !== true),
    ) === facts(before, entries(before.value["staticClients"])) &&
    canonical(all.filter((_, index) => isOurs[index] === true)) === canonical(expected);
  if (isSame) return made;
  throw new DocumentProblem(
    `the clients of applications cannot be ${ownBlock(text, stack) ? "changed" : "added"} in Dex's document without ` +
      "changing something else. Write staticClients as a plain list of its own, without anchors, aliases or merge keys.",
  );
}

/** Everything in double quotes: Dex reads YAML 1.1, where a plain `on` is true. */
function baseText(base: Readonly<Record<string, unknown>>): string {
  const document = new Document(base, { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (key, node) => {
      // gomplate does not know the escapes of YAML.
      const quotes = typeof node.value === "string" && /["\\]/.test(node.value);
      if (key !== "key" && quotes && hasTemplate(node.value)) node.type = "QUOTE_SINGLE";
    },
  });
  return document.toString({ lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" });
}
