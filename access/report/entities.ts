import type { PlannedGroup, PlannedUser, PlannedWorkspace } from "../resolve.ts";
import { placeOf } from "../matrix.ts";
import { type Content, markup, type Markup, joined } from "../markup.ts";
import {
  accessCell,
  accessTable,
  cell,
  count,
  holdersTable,
  lineOf,
  names,
  placeLink,
  row,
  table,
  link,
} from "./parts.ts";
import { entriesAt, isInForce, type Review } from "./review.ts";

/** What each user has, with everything that leads there. */
export function usersSection(review: Review): Markup {
  const { plan, ofUser, ofEverybody } = review;
  const known = new Set(plan.users.map(({ username }) => username));
  const others = [...ofUser.keys()].filter((who) => !known.has(who));
  const everybodys =
    ofEverybody.length === 0
      ? undefined
      : markup`<p>Everybody with an account also has ${names(ofEverybody.map(({ place }) => markup`${place.kind} ${placeLink(place)}`))}.</p>`;
  return markup`<section id="users">
<h2>Users</h2>
${everybodys}
<p class="found none" hidden>No user is found.</p>
${plan.users.map((user) => userArticle(review, user))}
${others.map((who) => article(review, "user", who, markup`<p>Has no file; known through a directory or an identity provider.</p>`, who))}
</section>
`;
}

function userArticle(review: Review, user: PlannedUser): Markup {
  const { username, email, firstName, lastName, enabled, admin, groups, at, directory, identityProvider } = user;
  const { platformGroups } = review.plan.platform;
  const written = review.plan.groups
    .filter(({ name }) => groups.includes(name))
    .map(({ name }) => link(`group/${name}`, name));
  const facts: Content[] = [
    ...[[firstName, lastName].filter((part) => part !== undefined).join(" ")].filter((name) => name !== ""),
    email,
    ...(enabled ? [] : [markup`<em>disabled: no access on any plane</em>`]),
    ...(admin && enabled ? [markup`<em>platform administrator (${platformGroups.admin})</em>`] : []),
    ...(written.length > 0 ? [markup`in ${names(written)}`] : []),
    ...(directory === undefined ? [] : [`account in directory ${directory}`]),
    ...(identityProvider === undefined ? [] : [`logs in through ${identityProvider}`]),
    markup`<code>${lineOf(review, at)}</code>`,
  ];
  return article(review, "user", username, markup`<p>${joined(facts, " · ")}</p>`, username);
}

/** The title of one user or group, and all that they have. */
function article(review: Review, kind: "user" | "group", name: string, facts: Markup, who: string): Markup {
  const entries = (kind === "user" ? review.ofUser : review.ofOutside).get(name) ?? [];
  return markup`<article id="${kind}/${name}" data-who="${who}"><h3>${name}</h3>${facts}${accessTable(review, name, entries)}</article>
`;
}

/** Who is in each shared workspace. */
export function workspacesSection(review: Review): Markup {
  const { plan } = review;
  const own = plan.users.filter(({ personalWorkspace }) => personalWorkspace !== undefined);
  return markup`<section id="workspaces">
<h2>Workspaces</h2>
<p>Shared workspaces. ${count(own.length, "user")} ${own.length === 1 ? "has" : "have"} a personal one as well, where nobody else is a member.</p>
<p class="found none" hidden>No workspace is found.</p>
${plan.workspaces.map((workspace) => workspaceArticle(review, workspace))}
</section>
`;
}

function workspaceArticle(review: Review, { name, description, at }: PlannedWorkspace): Markup {
  const entries = entriesAt(review, "workspace", name);
  const everywhere = entriesAt(review, "cluster");
  const groups = [...new Set(entries.flatMap(({ paths }) => paths.flatMap(({ group }) => group ?? [])))].toSorted();
  const facts: Content[] = [
    ...(description === undefined ? [] : [description]),
    count(entries.filter(({ isOutside }) => !isOutside).length, "user"),
    ...(groups.length > 0 ? [markup`groups ${names(groups.map((group) => link(`group/${group}`, group)))}`] : []),
    ...(everywhere.length > 0 ? [markup`and ${link("cluster", `${everywhere.length} in every namespace`)}`] : []),
    markup`<code>${lineOf(review, at)}</code>`,
  ];
  const list =
    entries.length === 0 ? markup`<p class="none">Nobody has access.</p>` : holdersTable(`Who is in ${name}`, entries);
  return markup`<article id="workspace/${name}"><h3>${name}</h3><p>${joined(facts, " · ")}</p>${list}</article>
`;
}

/** Who is in each group, and what it gives. */
export function groupsSection(review: Review): Markup {
  const given = Map.groupBy(
    review.grants.filter((grant) => isInForce(grant, review.plan.date)),
    ({ who }) => who,
  );
  return markup`<section id="groups">
<h2>Groups</h2>
<p class="found none" hidden>No group is found.</p>
${review.plan.groups.map((group) => {
  const grants = given.get(`group ${group.name}`) ?? [];
  const gives = grants.map(({ access, place, expires, at }) =>
    row(placeLink(place), [accessCell(access), cell(expires), cell(lineOf(review, at))]),
  );
  return markup`<article id="group/${group.name}" data-who="whoever is in ${group.name}"><h3>${group.name}</h3>${groupFacts(review, group)}${
    gives.length === 0
      ? undefined
      : table(`What ${group.name} is granted`, ["Where", "Access", "Until", "Written at"], gives)
  }${group.sources.length === 0 ? undefined : accessTable(review, `whoever is in ${group.name} through them`, review.ofOutside.get(group.name) ?? [])}</article>
`;
})}
</section>
`;
}

function groupFacts(review: Review, { name, description, members, sources, roles, at }: PlannedGroup): Markup {
  const { platform, applications } = review.plan;
  const free = roles.filter((role) => platform.realmRoles.some((written) => written.name === role));
  const opened = applications.filter(
    (application) => application.auth === "keycloak" && application.allow?.groups.includes(name),
  );
  const facts: Content[] = [
    ...(description === undefined ? [] : [description]),
    count(members.length, "member"),
    ...(free.length > 0
      ? [markup`realm roles ${names(free.map((role) => placeLink({ kind: "realm role", name: role })))}`]
      : []),
    ...(opened.length > 0
      ? [
          markup`may log in to ${names(opened.map((application) => placeLink({ kind: "application", name: application.name })))}`,
        ]
      : []),
    markup`<code>${lineOf(review, at)}</code>`,
  ];
  return markup`<p>${joined(facts, " · ")}</p>
<p>${names(
    members.map((member) => link(`user/${member}`, member)),
    "Nobody is written into it.",
  )}</p>${
    sources.length === 0 ? undefined : markup`<p>Also whoever is in ${joined(sources.map(placeOf), ", or in ")}.</p>`
  }`;
}
