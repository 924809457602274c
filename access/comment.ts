import type { AccessChange } from "./diff.ts";
import { compare, formatLocation } from "./diagnostic.ts";
import { isAdministration, letsEdit, placeText } from "./entries.ts";
import { shortened } from "./excerpt.ts";
import { lengthOf, type Part, part, fitted } from "./fitting.ts";
import { code, markdownTable, tableRow } from "./markdown.ts";
import type { PreviewSummary } from "./preview.ts";
import type { Review } from "./review.ts";
import { differenceText } from "./settings.ts";
import { viaOf } from "./why.ts";

/** What stands in a pull request's comment. */
export interface CommentParts {
  readonly stack: string;
  readonly review: Review;
  /** What the engine would do; absent where it was not asked. */
  readonly preview?: PreviewSummary | undefined;
  /** What `access drift` found before the change, as counts by class; absent where it was not asked. */
  readonly drift?: Readonly<Record<string, number>> | undefined;
}

/** By which a comment is found again: one for each stack. */
export function commentMarker(stack: string): string {
  return `<!-- prokube-access:${stack} -->`;
}

/** GitHub takes 65,536 characters, and who posts the comment adds a mark. */
const longest = 60_000;
/** What is kept beside the comment, with nothing left out. */
const whole = "changes.md";

/**
 * The comment for a pull request: effective access on top, what is risky if anything is, and the rest folded. Equal input
 * gives an equal text, without any value of a resource. What there is no room for is counted; the resource plan gives
 * way first, then what ends soon, the policy report, settings, and at the very last access and risks.
 *
 * @param room how many characters it may have; Infinity for the whole
 * @returns nothing when there is nothing to tell
 */
export function renderComment({ stack, review, preview, drift }: CommentParts, room = longest): string {
  const { changes, ends, settings, renamed, risks, guards, expiring } = review;
  const steps = preview?.steps ?? [];
  const hasFailed = preview !== undefined && !preview.isComplete;
  const isEmpty =
    changes.length + ends.length + settings.length + guards.length + risks.length + steps.length === 0 &&
    (preview?.violations.length ?? 0) === 0 &&
    !hasFailed;
  if (isEmpty) return "";
  const head = [
    headline(stack, review, preview, drift),
    "",
    ...(guards.length > 0
      ? ["> [!CAUTION]", ...guards.map(({ message }) => `> **Refused:** ${code(message, 2000)}`), ""]
      : []),
    ...(hasFailed ? failure(preview) : []),
    ...renamedText(renamed),
    ...(changes.length === 0
      ? [`Nobody's effective access changes${renamed.length > 0 ? " otherwise" : ""}.`, ""]
      : []),
  ];
  const foot = [commentMarker(stack)];
  const less = [
    endsPart(ends),
    settingsPart(settings),
    preview ? policyPart(preview) : nothing,
    expiringPart(expiring),
    preview ? planPart(preview) : nothing,
  ];
  const top = room - lengthOf([...head, ...foot]) - less.reduce((sum, one) => sum + lengthOf(one(0)), 0);
  // Risks are sure of a third, and of what tells which access is not shown.
  const forRisks = Math.min(lengthOf(risksPart(risks)(Infinity)) + longestWarning, top / 3);
  const rows = accessRows(changes);
  const access = accessPart(rows)(top - forRisks);
  const told = risksPart([...leftOut(rows, access), ...risks])(top - lengthOf(access));
  const [endLines = [], settingLines = [], policy = [], soon = [], plan = []] = fitted(
    less,
    room - lengthOf([...head, ...foot, ...access, ...told]),
  );
  const lines = [...head, ...access, ...endLines, ...told, ...settingLines, ...soon, ...plan, ...policy, ...foot];
  return `${lines.join("\n")}\n`;
}

const nothing: Part = () => [];

function headline(
  stack: string,
  { changes, settings, renamed, guards }: Review,
  preview: PreviewSummary | undefined,
  drift: Readonly<Record<string, number>> | undefined,
): string {
  const count = (kind: AccessChange["kind"]) => changes.filter((change) => change.kind === kind).length;
  const mixed = count("gain and loss");
  const parts = [
    [
      `+${count("gain")} access`,
      `−${count("loss")}`,
      ...(mixed > 0 ? [`±${mixed}`] : []),
      ...(renamed.length > 0 ? [`${renamed.length} renamed`] : []),
      ...(settings.length > 0 ? [`~${settings.length} settings`] : []),
    ].join(", "),
    ...(preview ? [`${dataDeletions(preview)} data deletions`] : []),
    ...(preview && preview.packs.length > 0
      ? [`policy: ${preview.violations.length === 0 ? "passed" : `${preview.violations.length} violations`}`]
      : []),
    ...(drift ? [`drift: ${driftText(drift)}`] : []),
    ...(guards.length > 0 ? ["refused"] : []),
  ];
  return `**${stack}**: ${parts.join(" · ")}`;
}

function driftText(drift: Readonly<Record<string, number>>): string {
  const found = Object.entries(drift).filter(([, count]) => count > 0);
  return found.length === 0 ? "none" : found.map(([name, count]) => `${count} ${name}`).join(", ");
}

/** What is gone for good: namespaces (with everything in them) and, although no plan should have one, buckets. */
function dataDeletions({ steps }: PreviewSummary): number {
  const kinds = ["kubernetes:Namespace", "kubernetes:Profile", "minio:S3Bucket"];
  const ops = ["delete", "replace", "delete-replaced"];
  return steps.filter(({ op, type, name }) => ops.includes(op) && kinds.includes(type) && !name.endsWith("-profile"))
    .length;
}

function failure({ errors }: PreviewSummary): string[] {
  const told = errors.slice(0, 20).map((line) => `> - ${code(line, 400)}`);
  return ["> [!CAUTION]", "> **The preview failed;** the job's log has the whole of it.", ...told, ""];
}

function renamedText(renamed: Review["renamed"]): string[] {
  if (renamed.length === 0) return [];
  const most = 10;
  const shown = renamed.slice(0, most).map(({ from, to }) => `${code(from)} → ${code(to)}`);
  const rest = renamed.length > most ? ` … and ${renamed.length - most} more` : "";
  return [`Accounts that pass on, with all that they have: ${shown.join(", ")}${rest}`, ""];
}

/** One or more people for whom the same changes in the same place. */
interface AccessRow {
  readonly line: string;
  readonly changes: readonly AccessChange[];
  readonly importance: number;
}

/** So many names in a row at most, or one could not be cut. */
const mostNames = 40;

function accessRows(changes: readonly AccessChange[]): AccessRow[] {
  const same = Map.groupBy(changes, ({ place, kind, before, after, path, until }) =>
    JSON.stringify([place.kind, place.name, kind, before, after, viaOf(path), until]),
  );
  const inPlace = new Map<string, number>();
  return [...same.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / mostNames) }, (_, index) => {
      const some = group.slice(index * mostNames, (index + 1) * mostNames);
      const [first] = some;
      const place = first ? placeText(first.place) : "";
      const number = inPlace.get(place) ?? 0;
      inPlace.set(place, number + 1);
      // Within a kind every place has its first row before any has its second.
      return { line: accessLine(some), changes: some, importance: (first ? weight(first) : 0) * 1e6 + number };
    }),
  );
}

function accessLine(changes: readonly AccessChange[]): string {
  const [first] = changes;
  if (!first) return "";
  const { place, kind, before, after, path, until } = first;
  const sign = { gain: "➕", loss: "➖", "gain and loss": "✳️" }[kind];
  const places = changes.flatMap((change) => [change.path.at, ...(change.path.memberAt ? [change.path.memberAt] : [])]);
  const at = [...new Set(places.map((location) => formatLocation(location)))];
  const most = 4;
  return tableRow([
    `${sign} ${changes.map(({ who }) => code(who)).join(", ")}`,
    code(placeText(place)),
    `${before === undefined ? "–" : code(before)} → ${after === undefined ? "–" : code(after)}`,
    code(viaOf(path), 200),
    until ?? "–",
    at
      .slice(0, most)
      .map((text) => code(text, 200))
      .join(", ") + (at.length > most ? ` … ${at.length - most} more` : ""),
  ]);
}

/** Kinds of changes, by what must not be overlooked. */
const weights = ["administration", "edit or removal", "other"] as const;

function weight({ place, kind, after }: AccessChange): number {
  if (isAdministration(place)) return weights.indexOf("administration");
  return weights.indexOf(kind !== "gain" || letsEdit(after) ? "edit or removal" : "other");
}

function accessPart(rows: readonly AccessRow[]): Part {
  return part(
    rows.toSorted((a, b) => a.importance - b.importance),
    (shown, left) => [
      ...markdownTable([["who", "where", "access", "via", "until", "line"]]),
      ...inOrder(rows, new Set(shown)).map(({ line }) => line),
      ...(left.length > 0
        ? ["", `… and ${changesText(left.flatMap(({ changes }) => changes))} more; see the risks`]
        : []),
      "",
    ],
  );
}

function inOrder<T>(all: readonly T[], some: ReadonlySet<T>): T[] {
  return all.filter((one) => some.has(one));
}

/** `30 gains of edit, 4 removals`. */
function changesText(changes: readonly AccessChange[]): string {
  const kinds = Map.groupBy(changes, ({ kind, place, after }) => {
    if (kind === "loss") return "removals";
    if (kind === "gain and loss") return "gains with losses";
    if (isAdministration(place)) return "gains of administration";
    return letsEdit(after) ? "gains of edit" : "other gains";
  });
  return counted(kinds);
}

function counted(kinds: ReadonlyMap<string, readonly unknown[]>): string {
  return [...kinds]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([kind, all]) => `${all.length} ${kind}`)
    .join(", ");
}

/** How long the warning of {@link leftOut} can be as a line of the list. */
const longestWarning = 4000;

/** The risk that access changes which the comment does not show. */
function leftOut(rows: readonly AccessRow[], lines: readonly string[]): string[] {
  const shown = new Set(lines);
  const left = rows.filter(({ line }) => !shown.has(line)).flatMap(({ changes }) => changes);
  if (left.length === 0) return [];
  const places = [...new Set(left.map(({ place }) => placeText(place)))].toSorted(compare);
  const most = 40;
  const more = places.length > most ? ` and ${places.length - most} more places` : "";
  return [
    `not all access is shown: ${changesText(left)} in ${places.slice(0, most).join(", ")}${more}; ` +
      `the whole list is in ${whole}, kept with the run`,
  ];
}

function endsPart(ends: Review["ends"]): Part {
  const rows = ends.map(({ who, place, access, before, after, at }) => ({
    line: tableRow([
      code(who),
      code(place.name),
      code(access),
      `${before ?? "–"} → ${after ?? "–"}`,
      code(formatLocation(at), 200),
    ]),
  }));
  return part(rows, (shown, left) => [
    "Ends that change:",
    "",
    ...markdownTable([["who", "where", "access", "until", "line"]]),
    ...shown.map(({ line }) => line),
    ...rest(left.length),
    "",
  ]);
}

function risksPart(risks: readonly string[]): Part {
  const items = risks.map((risk) => ({ line: `- ${code(risk, longestWarning - 200)}` }));
  return part(items, (shown, left) => ["**Risks**", "", ...shown.map(({ line }) => line), ...rest(left.length), ""]);
}

const style = { quote: (text: string) => code(text, 1000), nothing: "–", arrow: "→" };

function settingsPart(settings: Review["settings"]): Part {
  const rows = settings.map((change) => ({
    entity: change.entity,
    line: tableRow([
      code(change.key === "" ? change.entity : `${change.entity}: ${change.key}`, 200),
      differenceText(change, style),
      code(formatLocation(change.at), 200),
    ]),
  }));
  return part(rows, (shown, left) =>
    folded("Settings", settings.length, [
      ...markdownTable([["what", "change", "line"]]),
      ...shown.map(({ line }) => line),
      ...rest(
        left.length,
        Map.groupBy(left, ({ entity }) => entity.split("/")[0] ?? ""),
      ),
    ]),
  );
}

function expiringPart(expiring: Review["expiring"]): Part {
  const items = expiring.map(({ text }) => ({ line: `- ${code(text, 300)}` }));
  return part(items, (shown, left) =>
    folded("Ending soon", expiring.length, [...shown.map(({ line }) => line), ...rest(left.length)]),
  );
}

function planPart({ steps, unchanged }: PreviewSummary): Part {
  const items = steps.map(({ op, type, name, keys }) => {
    const more = keys.length > 8 ? `, … ${keys.length - 8} more` : "";
    const differing = keys.length > 0 ? `  [${keys.slice(0, 8).join(", ")}${more}]` : "";
    return { op, line: fenceable(`${op.padEnd(8)} ${type} ${name}${differing}`) };
  });
  const render = (shown: readonly { readonly line: string }[], left: readonly { readonly op: string }[]) =>
    folded("Resource plan", steps.length, [
      ...(shown.length > 0 ? ["```", ...shown.map(({ line }) => line), "```"] : []),
      ...rest(
        left.length,
        Map.groupBy(left, ({ op }) => op),
      ),
      "",
      `${unchanged} unchanged`,
    ]);
  return items.length > 0 ? part(items, render) : () => render([], []);
}

function policyPart({ packs, violations }: PreviewSummary): Part {
  if (packs.length === 0) return nothing;
  const items = violations.map(({ policy, level, resource, message }) => ({
    level,
    line: `- ${code(policy)} (${code(level)}) ${code(resource)}: ${code(message, 400)}`,
  }));
  const isAdvisory = ({ level }: { readonly level: string }) => Number(level !== "mandatory");
  const render = (shown: readonly { readonly line: string }[], left: readonly { readonly level: string }[]) =>
    folded("Policy report", violations.length, [
      `Looked at by ${named(packs)}.`,
      "",
      ...shown.map(({ line }) => line),
      ...rest(
        left.length,
        Map.groupBy(left, ({ level }) => code(level, 40)),
      ),
    ]);
  return items.length > 0
    ? part(
        items.toSorted((a, b) => isAdvisory(a) - isAdvisory(b)),
        render,
      )
    : () => render([], []);
}

function named(packs: readonly string[]): string {
  const most = 5;
  const shown = packs.slice(0, most).map((pack) => code(pack));
  return shown.join(", ") + (packs.length > most ? ` and ${packs.length - most} more` : "");
}

/** A line that cannot end the block it stands in. */
function fenceable(line: string): string {
  return shortened(line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}`]/gu, " "), 240);
}

function folded(title: string, count: number, content: readonly string[]): string[] {
  return [`<details><summary>${title} (${count})</summary>`, "", ...content, "", "</details>", ""];
}

function rest(count: number, kinds?: ReadonlyMap<string, readonly unknown[]>): string[] {
  if (count === 0) return [];
  return ["", `… and ${count} more${kinds ? ` (${counted(kinds)})` : ""}, in ${whole}, kept with the run`];
}
