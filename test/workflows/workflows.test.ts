import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { stackNames } from "../../bin/codeowners.ts";
import { parseWorkflow, violations } from "./rules.ts";

const folder = join(".github", "workflows");
const files = readdirSync(folder);
const read = (name: string) => readFileSync(join(folder, `${name}.yml`), "utf8");
const workflow = (name: string) => parseWorkflow(read(name));

test("there are four workflows", () => {
  assert.deepEqual(files, ["check.yml", "drift.yml", "preview.yml", "up.yml"]);
});

suite("a workflow gives nobody more than it must", () => {
  for (const file of files) {
    test(file, () => {
      assert.deepEqual(violations(readFileSync(join(folder, file), "utf8")), []);
    });
  }

  const guard = "if: github.event.pull_request.head.repo.full_name == github.repository";
  const spoilt: readonly (readonly [string, string, string | RegExp, string, readonly string[]])[] = [
    [
      "another trigger",
      "preview",
      "  pull_request:",
      "  pull_request:\n  pull_request_target:",
      ["runs on pull_request_target"],
    ],
    ["rights for all jobs", "check", "permissions: {}", "permissions: write-all", ["the workflow has permissions"]],
    ["no say on rights", "check", "permissions: {}\n", "", ["the workflow has permissions"]],
    ["an action by its tag", "check", /setup-node@.*/, "setup-node@v7", ["actions/setup-node@v7 is not pinned"]],
    [
      "a hash that does not say its version",
      "check",
      / # v7.0.1/,
      "",
      ["actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 is not pinned"],
    ],
    [
      "a right to write",
      "check",
      "contents: read",
      "contents: write",
      ["check: may write contents", "check: gives something to forks"],
    ],
    [
      "no rights named for a job",
      "check",
      "    permissions:\n      contents: read\n",
      "",
      ["check: may write everything", "check: gives something to forks"],
    ],
    [
      "a token for deployments elsewhere",
      "up",
      "      contents: read",
      "      contents: read\n      id-token: write",
      ["dev: may write id-token"],
    ],
    [
      "a preview for forks",
      "preview",
      new RegExp(`    ${guard} && needs`),
      "    if: needs",
      ["preview: gives something to forks"],
    ],
    [
      "a comment for forks",
      "preview",
      new RegExp(`(uncomment:\\n    needs: affected\\n)    ${guard}\n`),
      "$1",
      ["uncomment: gives something to forks"],
    ],
    [
      "an update from any branch",
      "up",
      "    if: github.ref == 'refs/heads/main'\n",
      "",
      ["dev: runs on other branches"],
    ],
    [
      "an update of prod from any branch",
      "up",
      "    if: github.ref == 'refs/heads/main' && ",
      "    if: ",
      ["prod: runs on other branches"],
    ],
    [
      "secrets of no environment",
      "drift",
      "    environment: drift-${{ matrix.stack }}\n",
      "",
      ["drift: has secrets without an environment"],
    ],
    [
      "an update's identity for a pull request",
      "preview",
      "environment: preview-",
      "environment: x-",
      ["preview: gives x-${{ matrix.stack }} to pull requests"],
    ],
    [
      "secrets for all steps",
      "drift",
      "      STACK: ${{ matrix.stack }}",
      "      STACK: ${{ matrix.stack }}\n      PASSWORD: ${{ secrets.PASSWORD }}",
      ["drift: has secrets in every step"],
    ],
    ["two at once", "drift", /    concurrency:\n.*\n.*\n/, "", ["drift: runs beside itself"]],
    ["no time limit", "check", "    timeout-minutes: 20\n", "", ["check: may run for ever"]],
    ["another shell", "drift", "shell: bash", "shell: sh", ["drift: loses what fails in a pipe"]],
    [
      "a token that stays",
      "check",
      "persist-credentials: false",
      "fetch-depth: 1",
      ["check: leaves the token in the checkout"],
    ],
    [
      "text of a pull request in a command",
      "check",
      "run: make check",
      "run: make check TITLE=${{ github.event.pull_request.title }}",
      ["check: runs make check TITLE=${{ github.event.pull_request.title }}"],
    ],
    ["a command that only GitHub has", "check", "run: make unit", "run: node --test", ["check: runs node --test"]],
    ["a second command behind make", "check", "run: make unit", "run: make unit; env", ["check: runs make unit; env"]],
  ];
  for (const [what, name, part, by, expected] of spoilt) {
    test(`noticed: ${what}`, () => {
      const text = read(name).replace(part, by);
      assert.notEqual(text, read(name));
      assert.deepEqual(violations(text), expected);
    });
  }
});

test("every target that a workflow runs is there", () => {
  const targets = new Set([...readFileSync("Makefile", "utf8").matchAll(/^([a-z-]+):/gm)].map(([, target]) => target));
  const used = files.flatMap((file) => [
    ...readFileSync(join(folder, file), "utf8").matchAll(/\bmake (?:-s )?([a-z-]+)/g),
  ]);
  const names = [...new Set(used.map(([, name = ""]) => name))].toSorted();
  assert.deepEqual(names, ["affected", "check", "comment", "drift", "preview", "unit", "up-stack"]);
  assert.deepEqual(
    names.filter((name) => !targets.has(name)),
    [],
  );
});

test("one action is one version everywhere, and tools are those of the repository", () => {
  const all = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  const pins = new Set([...all.matchAll(/uses: (.*)$/gm)].map(([, pin = ""]) => pin));
  const actions = [...pins].map((pin) => pin.split("@")[0]);
  assert.deepEqual(actions.toSorted(), [
    "actions/checkout",
    "actions/setup-node",
    "actions/upload-artifact",
    "pulumi/actions",
  ]);
  const given = (key: string) =>
    new Set([...all.matchAll(new RegExp(`${key}: (.*)$`, "gm"))].map(([, value]) => value));
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { devDependencies: { node: string } };
  assert.deepEqual(given("node-version"), new Set([devDependencies.node]));
  const [, pulumi] = /pulumi\/pkg\/v3 v(\S+)/.exec(readFileSync("sandbox/tools/pulumi/go.mod", "utf8")) ?? [];
  assert.deepEqual(given("pulumi-version"), new Set([pulumi]));
});

suite("who runs what when", () => {
  test("everything is checked, without secrets", () => {
    assert.deepEqual(Object.keys(workflow("check").on), ["push", "pull_request"]);
    assert.doesNotMatch(read("check"), /secrets|environment|vars/);
  });

  test("a pull request's earlier preview gives way to the later one, and each stack has its own environment", () => {
    const { on, concurrency, jobs } = workflow("preview");
    assert.deepEqual(Object.keys(on), ["pull_request"]);
    assert.deepEqual(concurrency, {
      group: "preview-${{ github.event.pull_request.number }}",
      "cancel-in-progress": true,
    });
    assert.equal(jobs["preview"]?.environment, "preview-${{ matrix.stack }}");
    assert.equal(jobs["preview"].strategy?.matrix.stack, "${{ fromJSON(needs.affected.outputs.stacks) }}");
  });

  test("the jobs that look at every stack know every stack", () => {
    assert.deepEqual(workflow("preview").jobs["uncomment"]?.strategy?.matrix.stack, stackNames());
    assert.deepEqual(workflow("drift").jobs["drift"]?.strategy?.matrix.stack, stackNames());
    assert.deepEqual(Object.keys(workflow("up").jobs).toSorted(), stackNames());
  });

  test("updates go one after another, each stack by itself, prod last, and none is broken off", () => {
    const { on, jobs } = workflow("up");
    assert.deepEqual(on["push"], { branches: ["main"] });
    assert.deepEqual(Object.keys(on), ["push", "schedule", "workflow_dispatch"]);
    for (const [stack, { environment, concurrency, env }] of Object.entries(jobs)) {
      assert.equal(environment, stack);
      assert.deepEqual(concurrency, { group: `up-${stack}`, "cancel-in-progress": false });
      assert.deepEqual(env, { STACK: stack });
    }
    assert.deepEqual([jobs["dev"]?.needs, jobs["prod"]?.needs], [undefined, "dev"]);
    assert.match(jobs["prod"]?.if ?? "", /needs\.dev\.result == 'success' \|\| github\.event_name == 'schedule'/);
    assert.deepEqual(jobs["prod"]?.steps, jobs["dev"]?.steps);
  });

  test("an update that waited for an approval does not go back behind main", () => {
    const [checkout, refuse] = workflow("up").jobs["prod"]?.steps ?? [];
    assert.equal(checkout?.with?.["ref"], "main");
    assert.equal(refuse?.run, 'test "$(git rev-parse HEAD)" = "$GITHUB_SHA"');
  });

  test("looking for drift is no state's matter: it needs neither the state nor its passphrase", () => {
    assert.doesNotMatch(read("drift"), /PULUMI|AWS/);
    assert.match(read("up"), /PULUMI_CONFIG_PASSPHRASE/);
  });
});
