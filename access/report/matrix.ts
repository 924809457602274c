import type { AccessEntry } from "../entries.ts";
import { markup, type Markup } from "../markup.ts";
import { accessCell, count, whoLink, link } from "./parts.ts";
import { entriesAt, type Review } from "./review.ts";

/** Users without a workspace of their own name share these columns. */
const own = "own workspace";
const cluster = "every namespace";

/**
 * Who has what where, at a glance. There is a cell for what somebody has; what is between is one wide empty cell, so
 * that a thousand users in a hundred workspaces open at once.
 */
export function matrixSection(review: Review): Markup {
  const { plan, ownerOf } = review;
  const hasCluster = entriesAt(review, "cluster").length > 0;
  const special = [...(ownerOf.size > 0 ? [own] : []), ...(hasCluster ? [cluster] : [])];
  const columns = [...special, ...plan.workspaces.map(({ name }) => name)];
  const position = new Map(columns.map((name, index) => [name, index]));
  const columnOf = ({ who, place: { kind, name } }: AccessEntry) =>
    kind === "cluster"
      ? position.get(cluster)
      : kind !== "workspace"
        ? undefined
        : ownerOf.get(name) === who
          ? position.get(own)
          : position.get(name);
  const line = (head: Markup, entries: readonly AccessEntry[]) => {
    const cells = new Map(
      entries.flatMap((entry) => {
        const column = columnOf(entry);
        return column === undefined ? [] : [[column, entry] as const];
      }),
    );
    return markup`<tr><th scope=row>${head}${cellsOf(cells, columns.length)}</tr>\n`;
  };
  const known = new Set(plan.users.map(({ username }) => username));
  const rows = [
    ...plan.users.map(({ username, enabled }) =>
      line(
        enabled ? link(`user/${username}`, username) : markup`${link(`user/${username}`, username)} <em>disabled</em>`,
        review.ofUser.get(username) ?? [],
      ),
    ),
    ...[...review.ofUser]
      .filter(([who]) => !known.has(who))
      .map(([who, entries]) => line(whoLink({ who, isOutside: false }), entries)),
    ...[...review.ofOutside].map(([who, entries]) => line(whoLink({ who, isOutside: true }), entries)),
  ];
  const heads = columns.map((name, index) =>
    index < special.length
      ? markup`<th scope=col data-special><span>${name}</span>`
      : markup`<th scope=col><span>${link(`workspace/${name}`, name)}</span>`,
  );
  return markup`<section id="matrix">
<h2>Matrix</h2>
<p class="legend"><span class="edit">edit</span> <span class="view">view</span> · <span class="s3">s3 edit</span> <span class="s3">s3 view</span> buckets only · <span class="view thin">view<sup>1</sup></span> no notebooks · <sup>2</sup> S3 edit on top · <sup>†</sup> becomes less on a day, which the user's page names · empty: no access${plan.outside.length > 0 ? " · + whoever is in that group through a directory or an identity provider" : ""}</p>
<p class="paper">The matrix has too many columns for paper. Filter it, or print the users: they say the same.</p>
${
  rows.length === 0 || columns.length === 0
    ? markup`<p class="none">There is nobody, or nothing to have access to.</p>`
    : markup`<div class="scroll" tabindex="0" role="region" aria-labelledby="matrix-caption">
<table class="matrix"><caption id="matrix-caption">${count(plan.users.length, "user")} in ${count(plan.workspaces.length, "shared workspace")}</caption><thead><tr><th scope=col>user${heads}<tbody>
${rows}</table>
</div>`
}
</section>
`;
}

function cellsOf(cells: ReadonlyMap<number, AccessEntry>, columns: number): Markup[] {
  const taken = [...cells].toSorted(([a], [b]) => a - b);
  let next = 0;
  const written: Markup[] = [];
  for (const [column, entry] of taken) {
    written.push(...gap(column - next), shortCell(entry));
    next = column + 1;
  }
  return [...written, ...gap(columns - next)];
}

function gap(width: number): Markup[] {
  return width === 0 ? [] : [width === 1 ? markup`<td>` : markup`<td colspan="${width}">`];
}

/** Short words: the columns are narrow. Marks, not colours, say what is special. */
function shortCell({ access, until }: AccessEntry): Markup {
  const word = access.startsWith("s3:")
    ? access.replace(":", " ")
    : access.replace(/^kubeflow-/, "").replace(/ \(.*/, "");
  const marks = [
    ...(access.includes("no notebooks") ? ["1"] : []),
    ...(access.includes("(") && access.includes("s3:") ? ["2"] : []),
    ...(until === undefined ? [] : ["†"]),
  ];
  return accessCell(access, marks.length === 0 ? word : markup`${word}<sup>${marks.join(" ")}</sup>`);
}
