import * as pulumi from "@pulumi/pulumi";

/** What has to happen on the platform beside what the providers do. */
export interface Hooks {
  /** Sees to it that an account has its username. */
  readonly renamed: pulumi.ResourceHook;
  /** Finishes a change of a Profile's owner. */
  readonly ownerChanged: pulumi.ResourceHook;
}

/**
 * Hooks that run in updates only, after a resource has changed.
 *
 * @param rename called with an account's identifier
 * @param changeOwner called with a Profile's name and its owner
 */
export function createHooks(
  rename: (accountId: string) => Promise<void>,
  changeOwner: (namespace: string, owner: string) => Promise<void>,
): Hooks {
  return {
    renamed: new pulumi.ResourceHook("keep-username", async ({ id }) => {
      await rename(id);
    }),
    ownerChanged: new pulumi.ResourceHook("finish-owner-change", async ({ newInputs }) => {
      const { metadata, spec } = newInputs as { metadata: { name: string }; spec: { owner: { name: string } } };
      await changeOwner(metadata.name, spec.owner.name);
    }),
  };
}
