import assert from "node:assert/strict";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Checkout } from "../support/workflow.ts";

/** The commands of jobs that need no server, run in a clean checkout. The job `check` is what CI runs anyway. */
suite("the job that looks at what a pull request concerns", () => {
  let checkout: Checkout;
  let base: string;
  before(() => {
    checkout = new Checkout();
    base = checkout.git("rev-parse", "HEAD");
  });
  after(() => {
    checkout.dispose();
  });
  const affected = () => checkout.runJob("preview", "affected", { "github.event.pull_request.base.sha": base });

  test("nothing, one stack, then all", async () => {
    checkout.git("checkout", "--quiet", "-b", "change");
    assert.deepEqual((await affected()).outputs, { stacks: "[]" });
    appendFileSync(join(checkout.folder, "stacks/prod/users/mary.yaml"), "enabled: false\n");
    checkout.commit("one user");
    assert.deepEqual((await affected()).outputs, { stacks: '["prod"]' });
    rmSync(join(checkout.folder, "stacks/Pulumi.dev.yaml"));
    appendFileSync(join(checkout.folder, "index.ts"), "\n");
    checkout.commit("code");
    assert.deepEqual((await affected()).outputs, { stacks: '["dev","prod"]' });
  });

  test("a stack that goes is one of them", async () => {
    checkout.git("checkout", "--quiet", "-b", "without-prod", base);
    rmSync(join(checkout.folder, "stacks/prod"), { recursive: true });
    checkout.commit("no prod");
    assert.deepEqual((await affected()).outputs, { stacks: '["prod"]' });
  });

  test("a base that is not there ends the job", async () => {
    const values = { "github.event.pull_request.base.sha": "0123456789012345678901234567890123456789" };
    const { code, outputs } = await checkout.runJob("preview", "affected", values);
    assert.notEqual(code, 0);
    assert.deepEqual(outputs, {});
  });
});

suite("the check that main asks for", () => {
  const cases: readonly (readonly [affected: string, preview: string, stacks: string, code: number])[] = [
    ["success", "success", '["dev"]', 0],
    ["success", "skipped", "[]", 0],
    ["success", "failure", '["dev"]', 1],
    ["success", "cancelled", '["dev"]', 1],
    ["success", "skipped", '["dev"]', 1],
    ["skipped", "skipped", "", 1],
    ["failure", "skipped", "", 1],
  ];
  let checkout: Checkout;
  before(() => {
    checkout = new Checkout();
  });
  after(() => {
    checkout.dispose();
  });
  for (const [affected, preview, stacks, expected] of cases) {
    test(`is ${expected === 0 ? "passed" : "failed"} by ${affected}, ${preview}, ${stacks || "no stacks"}`, async () => {
      const { code } = await checkout.runJob("preview", "previewed", {
        "needs.affected.result": affected,
        "needs.preview.result": preview,
        "needs.affected.outputs.stacks": stacks,
      });
      assert.equal(code, expected);
    });
  }
});

suite("an update", () => {
  test("does nothing for a commit that main has left behind", async () => {
    const checkout = new Checkout();
    try {
      const behind = { "github.sha": "0123456789012345678901234567890123456789" };
      const { code, output } = await checkout.runJob("up", "prod", behind);
      assert.deepEqual({ code, output }, { code: 1, output: "" });
      await assert.rejects(checkout.runJob("up", "prod"), /KUBECONFIG/, "another would go on and ask for secrets");
    } finally {
      checkout.dispose();
    }
  });
});
