import * as pulumi from "@pulumi/pulumi";
import type { NeededSecret } from "../access/identity.ts";

/** Secrets that the desired state names and the stack's configuration holds, encrypted. */
export interface Secrets {
  /** A secret that {@link readSecrets} has found. */
  require(name: string): pulumi.Output<string>;
}

/**
 * The secrets that the plan names.
 *
 * @throws {pulumi.RunError} naming every one that the configuration lacks
 */
export function readSecrets(needed: readonly NeededSecret[]): Secrets {
  const config = new pulumi.Config();
  const missing = needed.filter(({ name }) => config.getSecret(name) === undefined);
  if (missing.length > 0) {
    const lines = missing.map(({ name, use }) => `pulumi config set --secret ${name} ... (${use})`);
    throw new pulumi.RunError(`stack "${pulumi.getStack()}" lacks secrets:\n  ${lines.join("\n  ")}`);
  }
  return { require: (name) => config.requireSecret(name) };
}
