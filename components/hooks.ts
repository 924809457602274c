import * as pulumi from "@pulumi/pulumi";

/** What has to happen on the platform beside what the providers do. */
export interface Hooks {
  /** Looks at an account before it changes. */
  readonly accountChanging: pulumi.ResourceHook;
  /** Puts right what the provider does not keep of an account. */
  readonly accountChanged: pulumi.ResourceHook;
  /** Binds the login flows again, which each change of the realm unbinds. */
  readonly flowsUnbound: pulumi.ResourceHook;
  /** Finishes a change of a Profile's owner. */
  readonly ownerChanged: pulumi.ResourceHook;
}

/** What the hooks do. */
export interface HookActions {
  /** Notes what an account must not lose; called with its identifier and the username that the state has. */
  lookAtAccount(id: string, username: string): Promise<void>;
  /** Gives it back, and the username it is to have. */
  putAccountRight(id: string): Promise<void>;
  bindFlows(): Promise<void>;
  /** Called with a Profile's name and its owner. */
  finishOwnerChange(namespace: string, owner: string): Promise<void>;
}

/** Hooks that run in updates only, around the change of a resource. */
export function createHooks(actions: HookActions): Hooks {
  return {
    accountChanging: new pulumi.ResourceHook("look-at-account", async ({ id, oldInputs }) => {
      await actions.lookAtAccount(id, (oldInputs as { username: string }).username);
    }),
    accountChanged: new pulumi.ResourceHook("put-account-right", async ({ id }) => {
      await actions.putAccountRight(id);
    }),
    flowsUnbound: new pulumi.ResourceHook("bind-flows", async () => {
      await actions.bindFlows();
    }),
    ownerChanged: new pulumi.ResourceHook("finish-owner-change", async ({ newInputs }) => {
      const { metadata, spec } = newInputs as { metadata: { name: string }; spec: { owner: { name: string } } };
      await actions.finishOwnerChange(metadata.name, spec.owner.name);
    }),
  };
}
