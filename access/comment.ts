import type { AccessChange } from "./diff.ts";
import { formatLocation } from "./diagnostic.ts";
import { placeText } from "./entries.ts";
import { code, markdownTable } from "./markdown.ts";
import type { PreviewSummary } from "./preview.ts";
import type { Review } from "./review.ts";
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

const most = { changes: 25, risks: 20, settings: 25, steps: 200, violations: 50, expiring: 15 };

/**
 * The comment for a pull request: effective access on top, what is risky if anything is, and the rest folded. Equal input
 * gives an equal text of at most 60,000 characters, without any value of a resource.
 *
 * @returns nothing when there is nothing to tell
 */
export function renderComment({ stack, review, preview, drift }: CommentParts): string {
  const { changes, ends, settings, risks, guards, expiring } = review;
  const steps = preview?.steps ?? [];
  const hasFailed = preview !== undefined && !preview.isComplete;
  const isEmpty =
    changes.length + ends.length + settings.length + guards.length + steps.length === 0 &&
    (preview?.violations.length ?? 0) === 0 &&
    !hasFailed;
  if (isEmpty) return "";
  return [
    headline(stack, review, preview, drift),
    "",
    ...(guards.length > 0
      ? ["> [!CAUTION]", ...guards.map(({ message }) => `> **Refused:** ${code(message, 1000)}`), ""]
      : []),
    ...(hasFailed ? failure(preview) : []),
    ...accessTable(changes),
    ...endsTable(ends),
    ...bounded(
      "**Risks**",
      risks.map((risk) => `- ${code(risk, 300)}`),
      most.risks,
    ),
    ...folded("Settings", settings.length, settingsTable(settings)),
    ...folded(
      "Ending soon",
      expiring.length,
      lines(
        expiring.map(({ text }) => text),
        most.expiring,
      ),
    ),
    ...(preview ? folded("Resource plan", steps.length, plan(preview)) : []),
    ...(preview && preview.packs.length > 0
      ? folded("Policy report", preview.violations.length, policyReport(preview))
      : []),
    commentMarker(stack),
    "",
  ].join("\n");
}

function headline(
  stack: string,
  { changes, settings, guards }: Review,
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

function accessTable(changes: readonly AccessChange[]): string[] {
  if (changes.length === 0) return ["Nobody's effective access changes.", ""];
  const rows = changes.slice(0, most.changes).map((change) => {
    const { who, place, kind, before, after, path, until } = change;
    const sign = { gain: "➕", loss: "➖", "gain and loss": "✳️" }[kind];
    return [
      `${sign} ${code(who)}`,
      code(placeText(place)),
      `${before === undefined ? "–" : code(before)} → ${after === undefined ? "–" : code(after)}`,
      code(viaOf(path)),
      until ?? "–",
      [path.at, ...(path.memberAt ? [path.memberAt] : [])].map((at) => code(formatLocation(at), 200)).join(", "),
    ];
  });
  return [
    ...markdownTable([["who", "where", "access", "via", "until", "line"], ...rows]),
    ...rest(changes.length, most.changes),
    "",
  ];
}

function endsTable(ends: Review["ends"]): string[] {
  if (ends.length === 0) return [];
  const rows = ends
    .slice(0, most.changes)
    .map(({ who, place, access, before, after, at }) => [
      code(who),
      code(place.name),
      code(access),
      `${before ?? "–"} → ${after ?? "–"}`,
      code(formatLocation(at), 200),
    ]);
  return [
    "Ends that change:",
    "",
    ...markdownTable([["who", "where", "access", "until", "line"], ...rows]),
    ...rest(ends.length, most.changes),
    "",
  ];
}

function settingsTable(settings: Review["settings"]): string[] {
  if (settings.length === 0) return [];
  const rows = settings
    .slice(0, most.settings)
    .map(({ entity, key, before, after, at }) => [
      code(key === "" ? entity : `${entity}: ${key}`),
      `${before === undefined ? "–" : code(before)} → ${after === undefined ? "–" : code(after)}`,
      code(formatLocation(at), 200),
    ]);
  return [...markdownTable([["what", "change", "line"], ...rows]), ...rest(settings.length, most.settings)];
}

function plan({ steps, unchanged }: PreviewSummary): string[] {
  const shown = steps.slice(0, most.steps).map(({ op, type, name, keys }) => {
    const differing = keys.length > 0 ? `  [${keys.slice(0, 8).join(", ")}]` : "";
    return `${op.padEnd(8)} ${type} ${name}${differing}`;
  });
  return [...(shown.length > 0 ? fenced(shown) : []), ...rest(steps.length, most.steps), "", `${unchanged} unchanged`];
}

function policyReport({ packs, violations }: PreviewSummary): string[] {
  const head =
    packs.length === 0
      ? "No policy pack looked at this."
      : `Looked at by ${packs.map((pack) => code(pack)).join(", ")}.`;
  const shown = violations
    .slice(0, most.violations)
    .map(
      ({ policy, level, resource, message }) =>
        `- ${code(policy)} (${code(level)}) ${code(resource)}: ${code(message, 400)}`,
    );
  return [head, "", ...shown, ...rest(violations.length, most.violations)];
}

/** A block whose fence is longer than any in it. */
function fenced(content: readonly string[]): string[] {
  const safe = content.map((line) => line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}`]/gu, " ").slice(0, 240));
  return ["```", ...safe, "```"];
}

function lines(texts: readonly string[], limit: number): string[] {
  return [...texts.slice(0, limit).map((text) => `- ${code(text, 300)}`), ...rest(texts.length, limit)];
}

function bounded(title: string, content: readonly string[], limit: number): string[] {
  return content.length === 0 ? [] : [title, "", ...content.slice(0, limit), ...rest(content.length, limit), ""];
}

function folded(title: string, count: number, content: readonly string[]): string[] {
  if (content.length === 0) return [];
  return [`<details><summary>${title} (${count})</summary>`, "", ...content, "", "</details>", ""];
}

function rest(all: number, limit: number): string[] {
  return all > limit ? ["", `… and ${all - limit} more`] : [];
}
