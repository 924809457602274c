import * as pulumi from "@pulumi/pulumi";
import { exemptedPaths } from "../access/application.ts";
import { dexClients } from "../access/applicationTakeover.ts";
import type { Plan } from "../access/resolve.ts";
import type { Takeover } from "../access/takeover.ts";
import type { Application } from "./application.ts";

/** What writes documents that others write too. */
export interface SharedActions {
  /** Lets the gateway through to applications. */
  exempt(): Promise<void>;
  /** Gives Dex the clients of applications, with these variables in its environment. */
  registerAtDex(variables: Readonly<Record<string, string>>): Promise<void>;
}

/**
 * Our parts of documents that others write too, in the stack's state, so that a preview shows their change: paths at the
 * gateway and clients of Dex. An update writes each as one step, after everything that it speaks of.
 */
export function createShared(
  plan: Plan,
  { gatewayRevision, dexRevision }: Pick<Takeover, "gatewayRevision" | "dexRevision">,
  applications: ReadonlyMap<string, Application>,
  actions: SharedActions,
  opts: pulumi.CustomResourceOptions,
): void {
  const { gateway, dex } = plan.platform;
  const exempted = exemptedPaths(plan.applications).map(({ path }) => path);
  if (gateway.policies === "patch" && exempted.length > 0) {
    part("gateway-exemptions", { exempted, revision: gatewayRevision }, () => actions.exempt(), opts);
  }
  const clients = dexClients(plan);
  if (dex.document.mode !== "check" && clients.length > 0) {
    const variables: Record<string, pulumi.Input<string>> = {};
    for (const application of plan.applications) {
      const secret = applications.get(application.name)?.clientSecret;
      if (application.auth !== "dex" || !secret) continue;
      variables[application.variables.id] = application.clientId;
      variables[application.variables.secret] = secret;
    }
    const write = (input: unknown) => actions.registerAtDex((input as { variables: Record<string, string> }).variables);
    part("dex-clients", { clients, variables, revision: dexRevision }, write, opts);
  }
}

function part(
  name: string,
  input: Readonly<Record<string, unknown>>,
  write: (input: unknown) => Promise<void>,
  opts: pulumi.CustomResourceOptions,
): void {
  const hook = new pulumi.ResourceHook(`write-${name}`, async ({ newInputs }) => {
    await write(await known((newInputs as { input: unknown }).input));
  });
  new pulumi.Stash(name, { input }, { ...opts, hooks: { beforeCreate: [hook], beforeUpdate: [hook] } });
}

/** Hooks are handed secrets as outputs. */
async function known(value: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    pulumi.output(value as pulumi.Input<Record<string, unknown>>).apply(resolve);
  });
}
