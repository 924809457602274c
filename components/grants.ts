import * as pulumi from "@pulumi/pulumi";
import { adoptedTwice, type Ledger, passedOn } from "../access/ledger.ts";

/**
 * The ledger of all grants in the stack's state. Everything else waits for it, and it waits until `revoke` has taken
 * away what the update takes away: the engine itself deletes last, and not at all when something fails before.
 *
 * @param revoke called when the ledger changes in an update, with what it said and what it will say
 */
export function createLedger(
  ledger: Ledger,
  revoke: (before: Ledger, after: Ledger) => Promise<void>,
): pulumi.Resource {
  const check = new pulumi.ResourceHook(
    "refuse-what-cannot-be-done-in-one-update",
    ({ oldInputs, newInputs }) => {
      const [before, after] = [ledgerIn(oldInputs), ledgerIn(newInputs)];
      const [passed] = passedOn(before, after);
      if (passed !== undefined) throw new Error(`${passed}; make two updates of it, or choose another name`);
      const [first] = adoptedTwice(before, after);
      if (first === undefined) return;
      throw new Error(`${first} is already managed by this stack; remove adopt: true, which is for what others made`);
    },
    { onDryRun: true },
  );
  const revokeFirst = new pulumi.ResourceHook("revoke-before-granting", async ({ oldInputs, newInputs }) => {
    await revoke(ledgerIn(oldInputs), ledgerIn(newInputs));
  });
  return new pulumi.Stash("grants", { input: ledger }, { hooks: { beforeUpdate: [check, revokeFirst] } });
}

function ledgerIn(inputs: unknown): Ledger {
  const { input } = inputs as { input: Partial<Ledger> };
  // Earlier versions of this program knew less to write down.
  return {
    platformGroups: {},
    sources: {},
    directories: [],
    identityProviders: [],
    applications: {},
    exempted: [],
    ...input,
  } as Ledger;
}
