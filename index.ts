import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { differences } from "./access/differences.ts";
import { InputError } from "./access/diagnostic.ts";
import { ledgerOf } from "./access/ledger.ts";
import { loadDesiredState } from "./access/load.ts";
import { resolve, today } from "./access/resolve.ts";
import { takeover } from "./access/takeover.ts";
import { readConnection } from "./components/connection.ts";
import { createLedger } from "./components/grants.ts";
import { createHooks } from "./components/hooks.ts";
import { createPlatform } from "./components/platform.ts";
import { createProviders } from "./components/providers.ts";
import { Acts } from "./live/acts.ts";
import { connect, survey, SurveyError } from "./live/survey.ts";

const stack = pulumi.getStack();
const plan = await orExplain(() =>
  resolve(loadDesiredState(join(import.meta.dirname, "stacks", stack)), new pulumi.Config().get("date") || today()),
);
const { realm, provisioning } = plan.platform;
const connection = await readConnection();
const planes = connect(connection, realm);
const live = await orExplain(() => survey(plan, planes));
const found = await orExplain(() => takeover(plan, live, stack));
for (const notice of found.notices) void pulumi.log.info(notice);

const acts = new Acts(planes, { plan, stack, ...found });
const ledger = createLedger(ledgerOf(plan), (before, after) => acts.prepare(before, after));
const providers = createProviders(connection, provisioning === "program" ? "all" : "identity", { dependsOn: [ledger] });
const hooks = createHooks(
  (accountId) => acts.keepUsername(accountId),
  (namespace, owner) => acts.finishOwnerChange(namespace, owner),
);
// The SDK records a stack for every resource, which takes as long as registering it.
Error.stackTraceLimit = 0;
const users = createPlatform(plan, found, hooks, { providers });

/** The day for which expiry was decided. */
export const date = plan.date;
/** Identifiers of the accounts in Keycloak, by username. */
export const userIds = Object.fromEntries([...users].map(([username, { userId }]) => [username, userId]));
/** Passwords for the first login, by username: `pulumi stack output temporaryPasswords --show-secrets`. */
export const temporaryPasswords = pulumi.secret(
  Object.fromEntries([...users].map(([username, user]) => [username, user.temporaryPassword])),
);
/** What an operator's cluster has otherwise than the desired state says; always empty where this program provisions. */
export const provisioningDifferences = provisioning === "operator" ? differences(plan, live) : [];
for (const difference of provisioningDifferences) void pulumi.log.warn(difference);

/** What stops the run before the first resource is told with its message and without a stack trace. */
async function orExplain<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof InputError || error instanceof SurveyError || error instanceof RangeError) {
      throw new pulumi.RunError(error.message);
    }
    throw error;
  }
}
