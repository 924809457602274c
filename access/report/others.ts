import type { PlannedApplication } from "../application.ts";
import { everybody, type AccessEntry } from "../entries.ts";
import { placeOf } from "../matrix.ts";
import { type Content, markup, type Markup, joined } from "../markup.ts";
import { accessTable, cell, holdersTable, lineOf, placeId, row, table, whoLink } from "./parts.ts";
import { entriesAt, type Review } from "./review.ts";

/** Access that is not a workspace's. */
export function otherSection(review: Review): Markup {
  const { plan, ofEverybody } = review;
  const roles = rolesOf(review);
  return markup`<section id="other">
<h2>Other access</h2>
<h3 id="cluster">In every namespace of the cluster</h3>
${holders(entriesAt(review, "cluster"), "Who has Kubeflow's ClusterRoles everywhere", "Nobody.")}
<h3 id="applications">Applications</h3>
${plan.applications.length === 0 ? markup`<p class="none">There are none.</p>` : plan.applications.map((application) => applicationPart(review, application))}
<h3 id="roles">Realm roles</h3>
<p>Beside those of workspaces, which follow from the grants.</p>
${roles.length === 0 ? markup`<p class="none">There are none.</p>` : undefined}${roles.map(({ name, description }) => {
    const place = { kind: "realm role", name } as const;
    return markup`<div id="${placeId(place)}"><h4>${name}</h4>${description === undefined ? undefined : markup`<p>${description}</p>`}${holders(
      entriesAt(review, "realm role", name),
      `Who holds ${name}`,
      "Nobody holds it.",
    )}</div>
`;
  })}
<h3 id="outside">People from elsewhere</h3>
${
  plan.outside.length === 0
    ? markup`<p class="none">No group takes people from a directory or an identity provider.</p>`
    : table(
        "Groups that a directory or an identity provider fills: who they are, only these know",
        ["Group", "Who is in it", "Written at"],
        plan.outside.map(({ group, sources }) =>
          row(whoLink({ who: group, isOutside: true }), [
            cell(joined(sources.map(placeOf), "; ")),
            joined(
              sources.map(({ at }) => lineOf(review, at)),
              "; ",
            ),
          ]),
        ),
      )
}
<h3 id="everybody">Everybody with an account</h3>
<div data-who="${everybody}">${accessTable(review, everybody, ofEverybody)}</div>
</section>
`;
}

/** Realm roles that somebody wrote: not those of applications, which are with them. */
function rolesOf({ plan, entries }: Review): { readonly name: string; readonly description: string | undefined }[] {
  const held = new Set(entries.flatMap(({ place }) => (place.kind === "realm role" ? [place.name] : [])));
  const written = new Set(plan.platform.realmRoles.map(({ name }) => name));
  return plan.realmRoles.filter(({ name }) => held.has(name) || written.has(name));
}

const ways = {
  headers: "the gateway logs people in",
  dex: "Dex logs people in",
  keycloak: "Keycloak logs people in",
} as const;

function applicationPart(review: Review, { name, description, auth, at }: PlannedApplication): Markup {
  const facts: Content[] = [
    ...(description === undefined ? [] : [description]),
    ways[auth],
    markup`<code>${lineOf(review, at)}</code>`,
  ];
  return markup`<div id="application/${name}"><h4>${name}</h4><p>${joined(facts, " · ")}</p>${holders(
    entriesAt(review, "application", name),
    `Who may log in to ${name}`,
    "Nobody may log in.",
  )}</div>
`;
}

function holders(entries: readonly AccessEntry[], caption: string, none: string): Markup {
  return entries.length === 0 ? markup`<p class="none">${none}</p>` : holdersTable(caption, entries);
}
