import { parseArgs, styleText } from "node:util";
import { formatLocation } from "../access/diagnostic.ts";
import type { AccessChange } from "../access/diff.ts";
import { placeText } from "../access/entries.ts";
import type { DesiredState } from "../access/load.ts";
import { visible } from "../access/markup.ts";
import { alignedTable } from "../access/matrix.ts";
import { today } from "../access/resolve.ts";
import { renderComment } from "../access/comment.ts";
import { review, type Review } from "../access/review.ts";
import { viaOf } from "../access/why.ts";
import { print, printJson, stateOptions } from "./options.ts";
import { mergeBase, stateAt, stateNow } from "./revisions.ts";

/** What a change does to effective access; exit 1 when a guard refuses it. */
export function diff(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...stateOptions, format: { type: "string" } },
  });
  const [range = "HEAD", ...more] = positionals;
  if (more.length > 0) throw new RangeError(`unexpected "${more.join(" ")}"`);
  const format = values.json ? "json" : (values.format ?? "text");
  const { before, after } = statesOf(range, values.stack);
  const found = review(before, after, values.date ?? today());
  if (format === "json") printJson({ stack: values.stack, ...found });
  else if (format === "markdown") process.stdout.write(renderComment({ stack: values.stack, review: found }, Infinity));
  else if (format === "text") print(render(found));
  else throw new RangeError(`--format is ${JSON.stringify(format)}; allowed: text, markdown, json`);
  return found.guards.length > 0 ? 1 : 0;
}

/**
 * Two desired states: `a..b` are these two, `a...b` is b against where it left a, `a` is the files as they are against a.
 *
 * @throws {RangeError} when one of them is no revision
 */
export function statesOf(
  range: string,
  stack: string,
): { readonly before: DesiredState | undefined; readonly after: DesiredState | undefined } {
  const [, from = "", dots, to = ""] = /^(.*?)(?:(\.{2,3})(.*))?$/s.exec(range) ?? [];
  if (dots === undefined) return { before: stateAt(from, stack), after: stateNow(stack) };
  const after = to === "" ? stateNow(stack) : stateAt(to, stack);
  const base = from === "" ? "HEAD" : from;
  return { before: stateAt(dots === "..." ? mergeBase(base, to === "" ? "HEAD" : to) : base, stack), after };
}

function render({ changes, ends, settings, risks, guards, expiring }: Review): string {
  const blocks = [
    changes.length === 0 ? ["nobody's effective access changes"] : colored(changes),
    ends.map(
      ({ who, place, access, before, after, at }) =>
        `${formatLocation(at)} ${who}: ${access} in ${place.name} until ${before ?? "-"} -> ${after ?? "-"}`,
    ),
    settings.map(
      ({ entity, key, before, after, at }) =>
        `${formatLocation(at)} ${visible(entity)}${key === "" ? "" : `: ${visible(key)}`} ${shown(before)} -> ${shown(after)}`,
    ),
    risks.map((risk) => styleText("yellow", `risk: ${visible(risk)}`)),
    expiring.map(({ text }) => text),
    guards.map(({ message }) => styleText("red", `refused: ${message}`)),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");
}

/** Values are as somebody wrote them, and a terminal obeys some characters. */
function shown(value: string | undefined): string {
  return value === undefined ? "-" : visible(value);
}

function colored(changes: readonly AccessChange[]): string[] {
  const sign = { gain: "+", loss: "-", "gain and loss": "~" } as const;
  const color = { gain: "green", loss: "red", "gain and loss": "yellow" } as const;
  const table = alignedTable(
    changes.map(({ who, place, kind, before, after, path, until }) => [
      `${sign[kind]} ${who}`,
      placeText(place),
      `${before ?? "-"} -> ${after ?? "-"}`,
      viaOf(path),
      until === undefined ? "" : `until ${until}`,
      formatLocation(path.at),
    ]),
  );
  return changes.map(({ kind }, index) => styleText(color[kind], table[index] ?? ""));
}
