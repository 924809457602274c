// Shows one part of the review at a time, finds, and hands out all paths as CSV. All it shows is in the page already.
"use strict";

const root = document.documentElement;
// Hides everything until the page is read, so that nothing is laid out in vain.
root.dataset.view = "";

const views = ["overview", "matrix", "users", "workspaces", "groups", "other", "all"];
/** Columns that fit on a sheet in landscape. */
const widest = 18;
let model;

document.addEventListener("DOMContentLoaded", () => {
  addEventListener("hashchange", show);
  addEventListener("popstate", show);
  byId("search").addEventListener("input", find);
  byId("csv").addEventListener("click", saveCsv);
  byId("print").addEventListener("click", () => print());
  byId("search").form.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector(".matrix")?.addEventListener("mouseover", explain);
  markWide(document.querySelectorAll(".matrix thead th").length - 1);
  show();
});

function byId(id) {
  return document.getElementById(id);
}

/** What the address asks for. */
function show() {
  const id = identifier();
  const target = byId(id);
  const section = target?.closest("main > section");
  const view = id === "all" ? "all" : (section?.id ?? "overview");
  root.dataset.view = view;
  root.toggleAttribute("data-one", target?.localName === "article");
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (target === null || target === section || target.localName === "article") scrollTo(0, 0);
  else target.scrollIntoView();
}

/** Shows a part and leaves the cursor where it is, which following a link does not. */
function go(view) {
  history.pushState(null, "", `#${view}`);
  show();
}

function identifier() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

/** What is looked for and what belongs together, read from the page once. */
function read() {
  const heads = [...document.querySelectorAll(".matrix thead th")].slice(1);
  const articles = (view) =>
    [...document.querySelectorAll(`#${view} > article`)].map((article) => ({
      article,
      name: article.id.slice(article.id.indexOf("/") + 1),
      text: [...article.children]
        .filter((part) => part.localName === "h3" || part.localName === "p")
        .map((part) => part.textContent)
        .join(" ")
        .toLowerCase(),
    }));
  const rows = [...document.querySelectorAll(".matrix tbody tr")].map((row) => {
    let column = 0;
    const cells = [...row.cells].slice(1).map((cell) => {
      const at = { cell, from: column, to: column + cell.colSpan };
      column = at.to;
      return at;
    });
    const name = row.cells[0].querySelector("a").textContent;
    const filled = cells.filter(({ cell }) => cell.firstChild !== null).map(({ from }) => from);
    return { row, name, text: row.cells[0].textContent.toLowerCase(), cells, filled };
  });
  return { heads, rows, users: articles("users"), workspaces: articles("workspaces"), groups: articles("groups") };
}

/** Keeps users and workspaces that match, and what they share: who is in the workspaces, where the users are. */
function find() {
  model ??= read();
  const wanted = byId("search").value.trim().toLowerCase();
  const isAll = wanted === "";
  if (!isAll && (root.dataset.view === "overview" || root.dataset.view === "other")) go("matrix");
  if (root.hasAttribute("data-one")) go(root.dataset.view);

  const named = (list) => new Set(list.filter(({ text }) => text.includes(wanted)).map(({ name }) => name));
  const users = named(model.users);
  const groups = named(model.groups);
  const workspaces = named(model.workspaces);
  const names = model.heads.map((head) => head.textContent);
  const isSpecial = (column) => model.heads[column].dataset.special !== undefined;
  const matches = (row) => users.has(row.name) || groups.has(row.name) || row.text.includes(wanted);
  const rows = new Set();
  const columns = new Set(
    names.flatMap((name, column) => (workspaces.has(name) && !isSpecial(column) ? [column] : [])),
  );
  // Who is in every namespace is in these workspaces too.
  const asked = new Set(columns);
  const cluster = names.indexOf("every namespace");
  if (columns.size > 0 && cluster >= 0) asked.add(cluster);
  for (const row of model.rows) {
    const isWanted = matches(row);
    if (!isWanted && !row.filled.some((column) => asked.has(column))) continue;
    rows.add(row);
    for (const column of row.filled) if (isWanted || asked.has(column)) columns.add(column);
  }
  const shownUsers = new Set([...rows].map(({ name }) => name));
  const shownWorkspaces = new Set([...workspaces, ...[...columns].map((column) => names[column])]);

  narrow(isAll ? undefined : rows, isAll ? undefined : columns);
  const keep = (list, isShown) => {
    let shown = 0;
    for (const one of list) {
      one.article.hidden = !isAll && !isShown(one.name);
      if (!one.article.hidden) shown += 1;
    }
    const none = list[0]?.article.parentElement.querySelector(".found");
    if (none) none.hidden = shown > 0;
    return shown;
  };
  const count = keep(model.users, (name) => users.has(name) || shownUsers.has(name));
  const places = keep(model.workspaces, (name) => shownWorkspaces.has(name));
  keep(model.groups, (name) => groups.has(name));
  byId("found").value = isAll
    ? ""
    : `${count} of ${model.users.length} users, ${places} of ${model.workspaces.length} workspaces`;
}

/** Leaves some rows and columns of the matrix: cells between are made as wide as what is left there. */
function narrow(rows, columns) {
  const before = [0];
  model.heads.forEach((head, column) => {
    head.hidden = columns !== undefined && !columns.has(column);
    before.push(before[column] + (head.hidden ? 0 : 1));
  });
  for (const one of model.rows) {
    one.row.hidden = rows !== undefined && !rows.has(one);
    if (one.row.hidden) continue;
    for (const { cell, from, to } of one.cells) {
      const width = before[to] - before[from];
      cell.hidden = width === 0;
      cell.colSpan = Math.max(width, 1);
    }
  }
  markWide(before.at(-1));
}

function markWide(columns) {
  root.toggleAttribute("data-wide", columns > widest);
}

/** Says in words what a cell means, when somebody points at it. */
function explain({ target }) {
  const cell = target.closest("tbody td");
  if (!cell || cell.title !== "" || cell.firstChild === null) return;
  model ??= read();
  const { name, cells } = model.rows[cell.parentElement.sectionRowIndex];
  const column = model.heads[cells.find((one) => one.cell === cell).from].textContent;
  const words = cell.textContent
    .replace("1", ", no notebooks")
    .replace("2", ", S3 edit")
    .replace("†", ", becomes less on a day");
  cell.title = `${name} in ${column}: ${words}`;
}

/** Every path as a line, from the tables. */
function csv() {
  const lines = [
    ["who", "where", "name", "access", "until", "path", "through", "group", "path until", "written at", "member at"],
  ];
  const { folder } = byId("main").dataset;
  const filed = (line) =>
    line === undefined ? "" : line.includes("/") || line.startsWith("platform.yaml:") ? folder + line : line;
  for (const part of document.querySelectorAll("[data-who]")) {
    for (const table of part.querySelectorAll(".access")) {
      let entry = [];
      for (const row of table.tBodies[0].rows) {
        const cells = [...row.cells];
        const isFirst = cells[0].localName === "th";
        if (isFirst) {
          const kind = cells[0].querySelector("small")?.textContent ?? "workspace";
          const name = cells[0].querySelector("a").textContent;
          const until = cells.at(-3).textContent;
          entry = [
            part.dataset.who,
            kind,
            name,
            cells[1].textContent,
            cells[0].rowSpan > 1 ? cells.at(-2).textContent : until,
          ];
          if (cells[0].rowSpan > 1) continue;
        }
        const [until, through, at] = cells.slice(-3);
        const [line, member] = [...at.childNodes]
          .filter((node) => node.nodeType === Node.TEXT_NODE)
          .map((node) => node.data);
        const [via, group = ""] = through.textContent.split(" · group ");
        const path = cells[isFirst ? 1 : 0].textContent;
        lines.push([...entry, path, via, group, until.textContent, filed(line), filed(member)]);
      }
    }
  }
  return lines.map((line) => line.map(field).join(",")).join("\r\n") + "\r\n";
}

/** Spreadsheets take what begins with one of these characters for a formula. */
function field(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function saveCsv() {
  const { stack, date } = byId("main").dataset;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv;charset=utf-8" }));
  link.download = `access-${stack}-${date}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
