import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessEntries } from "./entries.ts";
import type { DesiredState } from "./load.ts";
import { groupsSection, usersSection, workspacesSection } from "./report/entities.ts";
import { Markup, markup } from "./markup.ts";
import { matrixSection } from "./report/matrix.ts";
import { otherSection } from "./report/others.ts";
import { overviewSection } from "./report/overview.ts";
import { thousands } from "./report/parts.ts";
import { reviewOf } from "./report/review.ts";
import type { Plan } from "./resolve.ts";

/**
 * Who may do what, as one HTML page for people who review it: by user, by workspace, by group, and as a matrix. It needs
 * no network and may load nothing; without JavaScript everything is there in one long page. The same input gives the same
 * bytes, and no secret is in them.
 *
 * @param source where the desired state comes from
 */
export function renderReport(
  stack: string,
  desired: DesiredState,
  plan: Plan,
  source: { readonly revision?: string },
): string {
  const review = reviewOf(stack, desired, plan, accessEntries(desired, plan), source.revision);
  const style = asset("page.css");
  const script = asset("page.js");
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const views: readonly (readonly [id: string, name: string, size?: number])[] = [
    ["overview", "Overview"],
    ["matrix", "Matrix"],
    ["users", "Users", plan.users.length],
    ["workspaces", "Workspaces", plan.workspaces.length],
    ["groups", "Groups", plan.groups.length],
    ["other", "Other access"],
  ];
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Access review · ${stack} · ${plan.date}</title>
<style>${new Markup(style)}</style>
<script>${new Markup(script)}</script>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
<h1>Access review <span>${stack}</span></h1>
<p>${plan.platform.domain} · as of <time datetime="${plan.date}">${plan.date}</time> (UTC)${
    source.revision === undefined ? undefined : markup` · revision <code>${source.revision}</code>`
  }</p>
<nav aria-label="Parts of the review"><ul>${views.map(
    ([id, name, size]) =>
      markup`<li><a href="#${id}">${name}${size === undefined ? undefined : markup` <small>${thousands(size)}</small>`}</a>`,
  )}<li class="scripted"><a href="#all">Whole report</a></ul></nav>
<form class="scripted" role="search"><label for="search">Find</label> <input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="user, workspace or group"><button type="button" id="csv">CSV of all paths</button><button type="button" id="print">Print</button><output for="search" id="found"></output></form>
</header>
<main id="main" data-stack="${stack}" data-date="${plan.date}" data-folder="${folderOf(desired)}">
${overviewSection(review)}${matrixSection(review)}${usersSection(review)}${workspacesSection(review)}${groupsSection(review)}${otherSection(review)}</main>
<footer><p>Files are below <code>${folderOf(desired)}</code>, unless a longer path is shown.</p><p class="signature">Reviewed by ______________________________ on ________________</p></footer>
</body>
</html>
`.text;
}

function folderOf({ platform }: DesiredState): string {
  return platform.file.slice(0, platform.file.lastIndexOf("/") + 1);
}

function asset(name: string): string {
  return readFileSync(join(import.meta.dirname, "report", name), "utf8");
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
