import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { accessEntries, everybody } from "../../access/entries.ts";
import { accessGraph } from "../../access/graph.ts";
import { renderGraphSvg } from "../../access/graph/svg.ts";
import { renderReport } from "../../access/report.ts";
import { resolve } from "../../access/resolve.ts";
import { crowd, reviewDay, reviewed } from "../access/reviewed.ts";
import { desired } from "../access/support.ts";
import { openBrowser } from "./support/chromium.ts";

const folder = mkdtempSync(join(tmpdir(), "report-"));
const { state, plan } = reviewed({
  "users/emil.yaml": `username: emil\nemail: emil@example.com\nfirstName: "<img src=x onerror=alert(1)>"\nlastName: "O'Neil & \\"שלום\\""\n`,
  "workspaces/team-c.yaml":
    'name: team-c\ndescription: "</script><script>alert(1)</script>"\nmembers: [{ user: emil, role: edit, notebooksAccess: false }]\n',
});
const entries = accessEntries(state, plan);
const small = write("small.html", renderReport("dev", state, plan, { revision: "0123abc" }));

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return pathToFileURL(file).href;
}

/** Opens a file, does something there, and sees to it that nothing went wrong and nothing was asked of any network. */
async function visit(
  address: string,
  act: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on("console", (message) => troubles.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      troubles.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (!/^(?:file|blob):/.test(request.url())) troubles.push(`request: ${request.url()}`);
    });
    await page.goto(address);
    await act(page);
    assert.deepEqual(troubles, []);
  } finally {
    await context.close();
  }
}

/** Texts of what a selector finds and the page shows. */
async function shown(page: Page, selector: string): Promise<string[]> {
  return page.evaluate<string[]>(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].filter((one) => one.checkVisibility()).map((one) => one.textContent)`,
  );
}

const namesIn = (page: Page, view: string) => shown(page, `#${view} > article > h3`);
const rowsOf = (page: Page) => shown(page, ".matrix tbody th");
const columnsOf = async (page: Page) => (await shown(page, ".matrix thead th")).slice(1);
const titles = (page: Page) => shown(page, "main > section > h2");

/** Chooses a part of the review. */
async function choose(page: Page, name: string): Promise<void> {
  await page.locator("nav").getByRole("link", { name }).click();
  await arrived(page, name);
}

/** Waits until a part is shown: an address takes effect a moment after it is there. */
async function arrived(page: Page, name: string): Promise<void> {
  await page.locator("nav [aria-current]", { hasText: name }).waitFor();
}

test("one part is shown at a time, and a link leads to a user's own page", async () => {
  await visit(small, async (page) => {
    assert.deepEqual(await titles(page), ["Overview"]);
    await choose(page, "Matrix");
    assert.deepEqual(await titles(page), ["Matrix"]);
    assert.equal(await page.locator("nav [aria-current]").innerText(), "Matrix");
    await page.locator(".matrix").getByRole("link", { name: "alice" }).click();
    await arrived(page, "Users");
    assert.ok(page.url().endsWith("#user/alice"));
    assert.deepEqual(await namesIn(page, "users"), ["alice"]);
    assert.equal(await page.evaluate("scrollY"), 0, "the page begins at its top");
    await page.goBack();
    await arrived(page, "Matrix");
    assert.deepEqual(await titles(page), ["Matrix"]);
    await choose(page, "Whole report");
    assert.equal((await shown(page, "main > section")).length, 6);
  });
});

test("an address opens what it names, and an unknown one the overview", async () => {
  await visit(`${small}#user/carol`, async (page) => {
    assert.deepEqual(await namesIn(page, "users"), ["carol"]);
  });
  await visit(`${small}#workspace/team-b`, async (page) => {
    assert.deepEqual(await namesIn(page, "workspaces"), ["team-b"]);
  });
  for (const hash of ["#user/nobody", "#%", "#all%20"]) {
    await visit(small + hash, async (page) => {
      assert.deepEqual(await titles(page), ["Overview"], hash);
    });
  }
});

test("the search leaves users and workspaces that match, and what they share", async () => {
  await visit(`${small}#matrix`, async (page) => {
    const all = [await rowsOf(page), await columnsOf(page)];
    const search = page.getByLabel("Find");

    await search.fill("bob");
    assert.deepEqual(await rowsOf(page), ["bob"]);
    assert.deepEqual(await columnsOf(page), ["own workspace", "team-a", "team-b"]);
    assert.deepEqual(await shown(page, ".matrix tbody td"), ["edit", "view1", "s3 edit"]);

    await search.fill("team-b");
    assert.deepEqual(await rowsOf(page), ["alice", "bob", "carol", "+ guests"]);
    assert.deepEqual(await columnsOf(page), ["every namespace", "team-b"], "who is in every namespace is in it too");

    await search.fill("DATA-science");
    assert.deepEqual(await rowsOf(page), ["alice", "bob", "carol", "+ guests"], "its members, and who is where it is");
    assert.match(await page.locator("#found").innerText(), /of 5 users, 2 of 3 workspaces/);
    await choose(page, "Groups");
    assert.deepEqual(await namesIn(page, "groups"), ["data-science"]);

    await search.fill("no such thing");
    await choose(page, "Users");
    assert.equal((await shown(page, "#users p")).at(-1), "No user is found.");

    await search.fill("");
    await choose(page, "Matrix");
    assert.deepEqual([await rowsOf(page), await columnsOf(page)], all);
  });
});

test("searching on the overview or on one user's page shows what is found", async () => {
  for (const [hash, view] of [
    ["", "Matrix"],
    ["#user/alice", "Users"],
  ] as const) {
    await visit(small + hash, async (page) => {
      await page.getByLabel("Find").pressSequentially("carol");
      assert.deepEqual(await titles(page), [view]);
      assert.equal(await page.evaluate("document.activeElement.id"), "search", "typing goes on");
      assert.ok((view === "Matrix" ? await rowsOf(page) : await namesIn(page, "users")).includes("carol"));
      await page.goBack();
      await arrived(page, hash === "" ? "Overview" : "Users");
      if (hash === "") return;
      await page.locator("[id='user/alice']").waitFor();
      assert.deepEqual(await namesIn(page, "users"), ["alice"], "whom the search does not find");
    });
  }
});

test("the CSV has every path, and nothing that a spreadsheet would take for a formula", async () => {
  await visit(small, async (page) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("CSV of all paths").click()]);
    assert.equal(download.suggestedFilename(), `access-dev-${reviewDay}.csv`);
    const [head, ...lines] = readFileSync(await download.path(), "utf8")
      .trimEnd()
      .split("\r\n");
    assert.equal(head, "who,where,name,access,until,path,through,group,path until,written at,member at");
    const wanted = entries.flatMap(({ who, isOutside, place, access, until, paths }) =>
      paths.map((path) =>
        [
          isOutside && who !== everybody ? `whoever is in ${who}` : who,
          place.kind,
          place.name,
          access,
          until ?? "",
          path.access,
          path.via,
          path.group ?? "",
          path.expires ?? "",
          `${path.at.file}:${path.at.line}`,
          path.memberAt ? `${path.memberAt.file}:${path.memberAt.line}` : "",
        ]
          .map((field) => (field.includes(",") ? `"${field}"` : field))
          .join(","),
      ),
    );
    assert.deepEqual(lines.toSorted(), wanted.toSorted());
    const formula = await page.evaluate(`["=1+1", "+1", "-1", "@x", "a\\"b", "plain"].map(field)`);
    assert.deepEqual(formula, ["'=1+1", "'+1", "'-1", "'@x", '"a""b"', "plain"]);
  });
});

test("without JavaScript everything is there to read", async () => {
  await visit(
    small,
    async (page) => {
      assert.equal((await shown(page, "main > section")).length, 6);
      for (const view of ["users", "workspaces", "groups"]) {
        const articles = page.locator(`#${view} > article`);
        assert.equal((await shown(page, `#${view} > article`)).length, await articles.count());
      }
      assert.equal((await shown(page, "#search, #csv, #print")).length, 0, "nothing that would do nothing");
      const text = (await shown(page, "main > section")).join("\n");
      for (const { who, place } of entries) assert.ok(text.includes(who) && text.includes(place.name), who);
      assert.ok(text.includes(`<img src=x onerror=alert(1)> O'Neil & "שלום"`));
    },
    { javaScriptEnabled: false },
  );
});

test("on paper each line can be kept or removed, and what does not fit is said", async () => {
  await visit(`${small}#all`, async (page) => {
    await page.emulateMedia({ media: "print" });
    assert.equal((await shown(page, "nav, form")).length, 0);
    assert.equal(
      await page.evaluate(`getComputedStyle(document.querySelector(".review tbody tr"), "::after").content`),
      '"☐ keep  ☐ remove"',
    );
    assert.equal((await shown(page, ".matrix")).length, 1);
    assert.equal((await shown(page, ".paper")).length, 0);
  });
  const files = crowd(10, 30, 2);
  const wide = renderReport("dev", desired(files), resolve(desired(files), reviewDay), {});
  await visit(`${write("wide.html", wide)}#all`, async (page) => {
    await page.emulateMedia({ media: "print" });
    assert.equal((await shown(page, ".matrix")).length, 0);
    assert.equal((await shown(page, ".paper")).length, 1);
  });
});

/** Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2 AA), each with the contrast. */
const faint = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = parse(getComputedStyle(element).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return parse(getComputedStyle(document.documentElement).getPropertyValue("--paper"));
  };
  const found = [];
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (node.data.trim() === "" || !element.checkVisibility()) continue;
    looked += 1;
    const [a, b] = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(node.data.trim() + ": " + contrast.toFixed(2));
  }
  return { found, looked };
})()`;

for (const colorScheme of ["light", "dark"] as const) {
  test(`every text can be read in ${colorScheme} colours`, async () => {
    const backgrounds: unknown[] = [];
    await visit(
      `${small}#all`,
      async (page) => {
        const { found, looked } = await page.evaluate<{ found: string[]; looked: number }>(faint);
        assert.deepEqual(found, []);
        assert.ok(looked > 200, `${looked} texts`);
        backgrounds.push(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor"));
      },
      { colorScheme },
    );
    assert.deepEqual(backgrounds, [colorScheme === "dark" ? "rgb(21, 25, 31)" : "rgb(255, 255, 255)"]);
  });
}

test("a narrow window scrolls tables and not the page", async () => {
  for (const hash of ["", "#matrix", "#users", "#workspaces", "#groups", "#other"]) {
    await visit(
      small + hash,
      async (page) => {
        assert.ok((await page.evaluate<number>("document.documentElement.scrollWidth")) <= 390, hash);
      },
      { viewport: { width: 390, height: 800 } },
    );
  }
});

test("a thousand users in a hundred workspaces open and are searched", async () => {
  const state = desired(crowd(1000, 100, 20));
  const plan = resolve(state, reviewDay);
  const report = renderReport("large", state, plan, {});
  await visit(`${write("large.html", report)}#matrix`, async (page) => {
    assert.equal(await page.locator(".matrix tbody tr").count(), plan.users.length);
    await page.getByLabel("Find").fill("user-0042");
    assert.deepEqual(await rowsOf(page), ["user-0042"]);
    await page.locator(".matrix").getByRole("link", { name: "user-0042" }).click();
    await arrived(page, "Users");
    assert.deepEqual(await namesIn(page, "users"), ["user-0042"]);
    await page.getByLabel("Find").fill("space-0007");
    await choose(page, "Workspaces");
    assert.deepEqual(await namesIn(page, "workspaces"), ["space-0007"]);
  });
});

test("the graph is sound XML and its words can be read in both schemes", async () => {
  const svg = renderGraphSvg(accessGraph("dev", entries, plan));
  const address = write("graph.svg", svg);
  const seen: unknown[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await visit(
      address,
      async (page) => {
        assert.equal(await page.locator("parsererror").count(), 0);
        assert.ok((await page.locator("text").allTextContents()).includes("team-b"));
        const fills = await page.evaluate<[string, ...number[]]>(`(() => {
          const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
          const luminance = (color) => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number); return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
          const fill = (element) => getComputedStyle(element).fill;
          const paper = fill(document.querySelector(".paper"));
          return [paper, ...[...document.querySelectorAll("text")].map((text) => {
            const behind = text.previousElementSibling?.localName === "rect" ? fill(text.previousElementSibling) : paper;
            const [a, b] = [luminance(fill(text)), luminance(behind)];
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          })];
        })()`);
        const [paper, ...contrasts] = fills;
        seen.push(paper);
        assert.ok(Math.min(...contrasts) >= 4.5, `${Math.min(...contrasts)}`);
      },
      { colorScheme },
    );
  }
  assert.deepEqual(seen, ["rgb(255, 255, 255)", "rgb(21, 25, 31)"]);
});
