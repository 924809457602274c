import assert from "node:assert/strict";
import { test } from "node:test";
import { ledgerOf } from "../../access/ledger.ts";
import { nothingChanged } from "../../access/order.ts";
import { resolve } from "../../access/resolve.ts";
import { desired } from "../access/support.ts";
import { recordRegistrations } from "../support/mocks.ts";

const recorder = await recordRegistrations();
const { registerLedger } = await import("../../components/grants.ts");

test("the ledger remembers what its state began with, whatever is found later", async () => {
  const ledger = ledgerOf(resolve(desired(), "2026-11-23"));
  const { recovered, changed } = await registerLedger(
    ledger,
    ["prokube/1", "prokube/2"],
    () => [],
    () => Promise.resolve(),
  );
  assert.deepEqual(recovered, new Set(["prokube/1", "prokube/2"]));
  assert.deepEqual(changed, nothingChanged, "where no hook runs nothing is urgent");
  const [registered] = (await recorder.settle()).filter(({ name }) => name === "grants");
  assert.deepEqual(registered?.inputs["input"], { ...ledger, recovered: ["prokube/1", "prokube/2"] });
  assert.deepEqual(registered.options["ignoreChanges"], ["input.recovered"]);
});
