import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { endpoints, registeredApplications, scopesOf } from "./access/application.ts";
import { differences } from "./access/differences.ts";
import { InputError } from "./access/diagnostic.ts";
import { accessEntries } from "./access/entries.ts";
import { expiringSoon } from "./access/expiry.ts";
import { guard, rememberedTarget, requireTarget } from "./access/guards.ts";
import { neededSecrets } from "./access/identity.ts";
import { ledgerOf, renamesSince } from "./access/ledger.ts";
import { loadDesiredState } from "./access/load.ts";
import { resolve, today } from "./access/resolve.ts";
import { takeover } from "./access/takeover.ts";
import { readConnection } from "./components/connection.ts";
import { registerLedger } from "./components/grants.ts";
import { createHooks } from "./components/hooks.ts";
import { createPlatform } from "./components/platform.ts";
import { createProviders } from "./components/providers.ts";
import { createShared } from "./components/shared.ts";
import { readSecrets } from "./components/secrets.ts";
import { Acts } from "./live/acts.ts";
import { connect, survey, SurveyError } from "./live/survey.ts";

// Where something is waited for that never comes, Node ends as if all were well, and the engine would delete what has
// not been registered. What is thrown ends the run by itself.
let hasEnded = false;
process.once("unhandledRejection", () => {
  hasEnded = true;
});
process.once("beforeExit", () => {
  if (!hasEnded) process.exitCode = 1;
});

const stack = pulumi.getStack();
const day = new pulumi.Config().get("date") || today();
if (day < today() && !pulumi.runtime.isDryRun()) {
  throw new pulumi.RunError(
    `the configuration says date: ${day}, which is past: what has ended since then would be given again. Only a preview may look back; remove it with pulumi config rm date.`,
  );
}
const desired = await orExplain(() => loadDesiredState(join(import.meta.dirname, "stacks", stack)));
const written = await orExplain(() => resolve(desired, day));
const { realm, provisioning } = written.platform;
const connection = await readConnection();
const secrets = readSecrets(neededSecrets(written));
const planes = connect(connection, realm);
const live = await orExplain(() => survey(written, planes));
const plan = resolve(desired, day, live.seen);
await orExplain(() => {
  requireTarget(desired, live.target);
});
const found = await orExplain(() => takeover(plan, live, stack));
for (const notice of found.notices) void pulumi.log.info(notice);
/** What an operator's cluster has otherwise than the desired state says; always empty where this program provisions. */
export const provisioningDifferences = provisioning === "operator" ? differences(plan, live) : [];
for (const finding of [...live.masterRealm, ...found.applicationFindings, ...provisioningDifferences]) {
  void pulumi.log.warn(finding);
}

const acts = new Acts(planes, { plan, stack, ...found });
const entries = accessEntries(desired, plan);
for (const { text } of expiringSoon(entries, plan.date)) void pulumi.log.info(text);
const { ledger, recovered, changed } = await registerLedger(
  ledgerOf(plan, entries, rememberedTarget(plan, live.target)),
  [...found.ours.values()],
  (before, after) =>
    guard({
      before,
      after,
      ...live,
      platform: plan.platform,
      date: plan.date,
      renamed: renamesSince(before, plan),
    }),
  (before, after) => acts.prepare(before, after),
);
const imports = new Map([...found.imports, ...[...found.ours].filter(([, id]) => recovered.has(id))]);
const registered = registeredApplications(plan.applications);
const isProvisioning = provisioning === "program";
const systems = [
  ...(isProvisioning || registered.length > 0 ? ["kubernetes" as const] : []),
  ...(isProvisioning ? ["minio" as const] : []),
];
const providers = createProviders(connection, systems, { dependsOn: [ledger] });
const hooks = createHooks(acts);
// For every resource the SDK records stacks and sends the engine three debug messages, which takes longer than
// registering it.
Error.stackTraceLimit = 0;
Object.assign(pulumi.log, { debug: () => Promise.resolve() });
const clientScopes = [...live.objects.values()].filter(({ kind }) => kind === "client scope").map(({ name }) => name);
const {
  users,
  dexSecret,
  applications: clients,
} = await createPlatform(
  { plan, changed, found: { ...found, imports }, live: live.realm, clientScopes, hooks, secrets },
  { providers },
);
createShared(plan, found, clients, acts, { dependsOn: [ledger, ...clients.values()] });

/** The day for which expiry was decided. */
export const date = plan.date;
/** Identifiers of the accounts in Keycloak, by username. */
export const userIds = Object.fromEntries([...users].map(([username, { userId }]) => [username, userId]));
/** Which cluster and realm these are, for `guards` in platform.yaml. */
export const target = live.target;
/** What is wrong with the accounts that may administer Keycloak itself; empty when two or three, and the named ones, do. */
export const masterRealm = live.masterRealm;
/** Secrets of the platform's own clients, by what they are for: `pulumi stack output clientSecrets --show-secrets`. */
export const clientSecrets = pulumi.secret({
  ...(dexSecret && { dex: dexSecret }),
  ...Object.fromEntries([...clients].map(([name, { clientSecret }]) => [name, clientSecret])),
});
/** What applications log people in with, by name: client id, where its secret is, and addresses (seed 004). */
export const applications = Object.fromEntries(
  registered.map((application) => {
    const { name, auth, clientId, namespace, secret } = application;
    const registration = { auth, clientId, secret: `${namespace}/${secret.name}` };
    return [name, { ...registration, ...endpoints(plan.platform, application), scopes: scopesOf(application) }];
  }),
);
/** What is wrong at the gateway or in Dex, and is for somebody else to put right. */
export const applicationFindings = found.applicationFindings;
/** Passwords for the first login, by username: `pulumi stack output temporaryPasswords --show-secrets`. */
export const temporaryPasswords = pulumi.secret(
  Object.fromEntries([...users].map(([username, user]) => [username, user.temporaryPassword])),
);
hasEnded = true;

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
