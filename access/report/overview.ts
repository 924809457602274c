import { daysAhead } from "../expiry.ts";
import { markup, type Markup } from "../markup.ts";
import {
  accessCell,
  cell,
  count,
  lineOf,
  names,
  placeLink,
  row,
  shortFile,
  table,
  thousands,
  whoLink,
  link,
} from "./parts.ts";
import { entriesAt, expiringSoon, isInForce, type Review, type WrittenGrant } from "./review.ts";

/** The figures, and what deserves a look first. */
export function overviewSection(review: Review): Markup {
  const { plan, grants, desired } = review;
  const soon = expiringSoon(review);
  const expired = grants.filter((grant) => !isInForce(grant, plan.date));
  const admins = entriesAt(review, "platform");
  const idle = plan.users.filter(({ username, enabled }) => enabled && !review.ofUser.has(username));
  const disabled = plan.users.filter(({ enabled }) => !enabled);
  const { users, workspaces } = plan.archived;
  const figures: readonly (readonly [number, string, string])[] = [
    [plan.users.length, "users", "#users"],
    [plan.workspaces.length, "workspaces", "#workspaces"],
    [grants.length - expired.length, "grants", "#matrix"],
    [admins.length, "platform admins", "#admins"],
    [soon.length, `expiring within ${daysAhead} days`, "#soon"],
    [expired.length, "expired", "#expired"],
  ];
  return markup`<section id="overview">
<h2>Overview</h2>
<dl class="figures">${figures.map(([number, what, target]) => markup`<div><dt><a href="${target}">${what}</a></dt><dd>${thousands(number)}</dd></div>`)}</dl>
<p>Users and shared workspaces that are not archived; grants are the lines of members, storage and clusterAccess that are in force. All days are UTC; a grant no longer holds on the day it expires.</p>
<h3 id="soon">Expiring within ${daysAhead} days</h3>
${grantTable(review, soon, "Grants that end soon", "No grant ends soon.")}
<h3 id="expired">Expired</h3>
${grantTable(review, expired, "Grants that no longer hold", "No expired grant is written any more.")}
<h3 id="admins">Platform admins</h3>
${
  admins.length === 0
    ? markup`<p class="none">There are none.</p>`
    : table(
        "Who is in the group of platform administrators",
        ["Who", "Written at"],
        admins.map((entry) => row(whoLink(entry), [cell(lineOf(review, entry.paths[0].at))])),
        "list review",
      )
}
<h3 id="idle">Users without access</h3>
<p>${names(
    idle.map(({ username }) => link(`user/${username}`, username)),
    "Every user who is enabled has some.",
  )}</p>
<h3 id="disabled">Disabled users</h3>
<p>${names(
    disabled.map(({ username }) => link(`user/${username}`, username)),
    "There are none.",
  )}</p>
<h3 id="archived">Archived</h3>
${
  users.length + workspaces.length === 0
    ? markup`<p class="none">Nothing is archived.</p>`
    : table(
        "Archived, without any access",
        ["Name", "What", "File"],
        [
          ...users.map((name) => row(name, [cell("user"), cell(fileOf(review, desired.users.get(name)?.file))])),
          ...workspaces.map((name) =>
            row(name, [cell("workspace"), cell(fileOf(review, desired.workspaces.get(name)?.file))]),
          ),
        ],
      )
}
<h3>What access means</h3>
${table(
  "What access means",
  ["Access", "What it lets somebody do"],
  meanings.map(([access, meaning]) => markup`<tr>${accessCell(access)}${cell(meaning)}</tr>\n`),
)}
</section>
`;
}

const meanings: readonly (readonly [string, string])[] = [
  ["edit", "create, change and delete workloads; read and write both buckets; notebooks"],
  ["view", "read only; read both buckets; notebooks"],
  ["view (no notebooks)", "the same, but notebooks and other applications of the workspace may not be opened"],
  ["s3:edit", "read and write both buckets, nothing else"],
  ["s3:view", "read both buckets, nothing else"],
  ["kubeflow-admin", "Kubeflow's ClusterRole in every namespace; no network and no S3 access by itself"],
  ["admin", "platform administrator: in the group that administers the platform"],
];

function fileOf({ desired }: Review, file: string | undefined): string {
  return file === undefined ? "" : shortFile(desired, file);
}

function grantTable(review: Review, grants: readonly WrittenGrant[], caption: string, none: string): Markup {
  if (grants.length === 0) return markup`<p class="none">${none}</p>`;
  const rows = grants.map(({ who, place, access, expires, at }) =>
    row(subject(who), [accessCell(access), cell(placeLink(place)), cell(expires), cell(lineOf(review, at))]),
  );
  return table(
    `${caption}: ${count(grants.length, "grant")}`,
    ["Who", "Access", "Where", "Until", "Written at"],
    rows,
    "list review",
  );
}

function subject(who: string): Markup {
  return who.startsWith("group ")
    ? markup`group ${link(who.replace(" ", "/"), who.slice("group ".length))}`
    : link(`user/${who}`, who);
}
