import type { Location } from "../diagnostic.ts";
import { type AccessEntry, type AccessPath, everybody, type Place, rightsIn } from "../entries.ts";
import { type Content, markup, type Markup, joined, visible } from "../markup.ts";
import type { Review } from "./review.ts";

/** A link within the page, to whatever has the identifier. */
export function link(id: string, text: string): Markup {
  return markup`<a href="#${fragment(id)}">${text}</a>`;
}

/** An identifier in an address: a browser reads `%` and `#` there. */
function fragment(id: string): string {
  return encodeURI(visible(id)).replaceAll("#", "%23");
}

/** A file and a line, below the stack's folder. */
export function lineOf({ desired }: Review, { file, line }: Location): string {
  return `${shortFile(desired, file)}:${line}`;
}

/** A file's path below the stack's folder. */
export function shortFile({ platform }: Review["desired"], file: string): string {
  const folder = platform.file.slice(0, platform.file.lastIndexOf("/") + 1);
  return file.startsWith(folder) ? file.slice(folder.length) : file;
}

/** A user, or what stands for people without a file, with a link to what they have. */
export function whoLink({ who, isOutside }: Pick<AccessEntry, "who" | "isOutside">): Markup {
  if (!isOutside) return link(`user/${who}`, who);
  return who === everybody ? markup`${who}` : markup`+ ${link(`group/${who}`, who)}`;
}

export function placeLink({ kind, name }: Place): Markup {
  return link(placeId({ kind, name }), name);
}

/** The identifier of what the page says of a place. */
export function placeId({ kind, name }: Place): string {
  switch (kind) {
    case "workspace":
    case "application":
      return `${kind}/${name}`;
    case "realm role":
      return `role/${name}`;
    case "cluster":
      return "cluster";
    case "platform":
      return "admins";
  }
}

/** How somebody comes by access. */
export function viaOf({ via, group }: AccessPath): string {
  return group === undefined ? via : `${via} · group ${group}`;
}

/** A table with a heading for each column. */
export function table(caption: string, columns: readonly string[], rows: readonly Markup[], kind = "list"): Markup {
  return markup`<table class="${kind}"><caption>${caption}</caption><thead><tr>${columns.map((column) => markup`<th scope=col>${column}`)}<tbody>
${rows}</table>`;
}

/** A row that its first cell names. Cells end by themselves in HTML; their end tags would be a tenth of the page. */
export function row(name: Content, cells: readonly Markup[]): Markup {
  return markup`<tr><th scope=row>${name}${cells}</tr>\n`;
}

export function cell(content: Content): Markup {
  return markup`<td>${content}`;
}

/** Access in words, marked by how strong it is. */
export function accessCell(access: string, words: Content = access): Markup {
  const level = levelOf(access);
  return level === "" ? cell(words) : markup`<td class="${level}">${words}`;
}

const accessColumns = ["Where", "Access", "Kubernetes", "Network", "S3", "Until", "Through", "Written at"];

/** Everything that somebody has, path by path. The page's script reads it too, for the CSV. */
export function accessTable(review: Review, who: string, entries: readonly AccessEntry[]): Markup {
  if (entries.length === 0) return markup`<p class="none">No access.</p>`;
  const rows = entries.map((entry) => entryRows(review, entry));
  return table(`What ${who} has`, accessColumns, rows, "access review");
}

function entryRows(review: Review, entry: AccessEntry): Markup {
  const { place, access, until, paths } = entry;
  const [first] = paths;
  const isOne = paths.length === 1 && first.access === access && first.expires === until;
  const owner = place.kind === "workspace" ? review.ownerOf.get(place.name) : undefined;
  const name = owner === undefined ? placeLink(place) : link(`user/${owner}`, place.name);
  const head = place.kind === "workspace" ? name : markup`<small>${place.kind}</small> ${name}`;
  const effective = [accessCell(access), ...meaningCells(entry), cell(until)];
  if (isOne) return row(head, [...effective, ...throughCells(review, first)]);
  const each = paths.map(
    (path) =>
      markup`<tr class="path">${cell(path.access)}<td colspan=3>${cell(path.expires)}${throughCells(review, path)}</tr>\n`,
  );
  return markup`<tr><th scope=rowgroup rowspan="${paths.length + 1}">${head}${effective}<td colspan=2>${count(paths.length, "path")}, the highest counts</tr>\n${each}`;
}

function throughCells(review: Review, path: AccessPath): Markup[] {
  const lines = [path.at, ...(path.memberAt ? [path.memberAt] : [])].map((at) => lineOf(review, at));
  return [cell(viaOf(path)), cell(lines.map((line, index) => (index === 0 ? line : markup`<br>${line}`)))];
}

const levels = {
  kubernetes: ["–", "view", "edit"],
  network: ["–", "pipelines", "all"],
  storage: ["–", "read", "read, write"],
} as const;

/** What access means on each plane. */
function meaningCells({ place, access }: AccessEntry): Markup[] {
  if (place.kind === "workspace") {
    const { kubernetes = 0, network = 0, storage = 0 } = rightsIn(access);
    return [cell(levels.kubernetes[kubernetes]), cell(levels.network[network]), cell(levels.storage[storage])];
  }
  const meaning = {
    cluster: `${access} in every namespace; no network, no S3`,
    platform: "in the group of platform administrators",
    application: "may log in",
    "realm role": "carried in the token",
  }[place.kind];
  return [markup`<td colspan=3>${meaning}`];
}

const strongestFirst = ["admin", "edit", "edit thin", "view", "view thin", "s3", ""];

/** The colour of access: `admin`, `edit`, `view` or `s3`, and `thin` without notebooks; nothing for other access. */
function levelOf(access: string): string {
  if (/^(?:kubeflow-)?admin$/.test(access)) return "admin";
  const { kubernetes = 0, network = 0, storage = 0, cluster = 0 } = rightsIn(access);
  if (cluster > 0) return "edit";
  if (kubernetes > 0) return `${kubernetes === 2 ? "edit" : "view"}${network === 1 ? " thin" : ""}`;
  return storage > 0 ? "s3" : "";
}

/** What several people have in the same way is one row. */
export function holdersTable(caption: string, entries: readonly AccessEntry[]): Markup {
  const alike = Map.groupBy(entries, ({ access, until, paths }) =>
    JSON.stringify([access, until, paths.map(({ via, group, expires }) => [via, group, expires])]),
  );
  const rank = ([first]: readonly AccessEntry[]) => strongestFirst.indexOf(levelOf(first?.access ?? ""));
  const sorted = [...alike.values()].toSorted((a, b) => rank(a) - rank(b));
  const rows = sorted.flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const ways = first.paths.map(viaOf).join("; ");
    return [
      markup`<tr>${accessCell(first.access)}${cell(first.until)}${cell(ways)}<td>${names(same.map(whoLink))}</tr>\n`,
    ];
  });
  return table(caption, ["Access", "Until", "Through", "Who"], rows, "holders review");
}

/** `1 user`, `2 users`. */
export function count(number: number, noun: string): string {
  return `${thousands(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function thousands(number: number): string {
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Names with commas between them, or a word for none. */
export function names(all: readonly Content[], none = "none"): Markup {
  return all.length === 0 ? markup`${none}` : joined(all, ", ");
}
