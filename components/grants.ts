import * as pulumi from "@pulumi/pulumi";
import type { GuardFinding } from "../access/guards.ts";
import { adoptedTwice, type Ledger, passedOn } from "../access/ledger.ts";
import { type Changed, changedIn, nothingChanged } from "../access/order.ts";

/** The ledger once it is registered. */
export interface RegisteredLedger {
  readonly ledger: pulumi.Stash;
  /** Import ids of what was there, and this stack's, when its state began: an import takes it into the state. */
  readonly recovered: ReadonlySet<string>;
  /** What has other rights than the state remembers; nothing where it remembers nothing, or the same. */
  readonly changed: Changed;
}

/**
 * The ledger of all grants in the stack's state. Everything else waits for it, and it waits until `revoke` has taken
 * away what the update takes away: the engine itself deletes last, and not at all when something fails before.
 *
 * @param recoverable import ids of what the state had in it if it was lost
 * @param refusals what stands against the change
 * @param revoke called when the ledger changes in an update, with what it said and what it will say
 */
export async function registerLedger(
  ledger: Ledger,
  recoverable: readonly string[],
  refusals: (before: Ledger, after: Ledger) => readonly GuardFinding[],
  revoke: (before: Ledger, after: Ledger) => Promise<void>,
): Promise<RegisteredLedger> {
  let changed = nothingChanged;
  const check = new pulumi.ResourceHook(
    "refuse-what-cannot-be-done-in-one-update",
    ({ oldInputs, newInputs }) => {
      const [before, after] = [ledgerIn(oldInputs), ledgerIn(newInputs)];
      changed = changedIn(before, after);
      const refused = refusals(before, after);
      if (refused.length > 0) throw new Error(refused.map(({ message }) => `refused: ${message}`).join("\n"));
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
  const registered = new pulumi.Stash(
    "grants",
    { input: { ...ledger, [recoveredKey]: recoverable } },
    // It stays as it was when the state began: what is made later is in the state under another form of its id.
    { hooks: { beforeUpdate: [check, revokeFirst] }, ignoreChanges: [`input.${recoveredKey}`] },
  );
  const { [recoveredKey]: ids = [] } = await inputOf(registered);
  return { ledger: registered, recovered: new Set(ids), changed };
}

const recoveredKey = "recovered";

function inputOf({ input }: pulumi.Stash): Promise<{ readonly [recoveredKey]?: readonly string[] }> {
  return new Promise((resolve) => {
    pulumi.output(input).apply(resolve);
  });
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
    access: {},
    ends: {},
    target: {},
    ...input,
  } as Ledger;
}
