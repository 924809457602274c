import assert from "node:assert/strict";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import * as pulumi from "@pulumi/pulumi";

/** A resource as the program registered it, options included. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Logical name of the parent, "" for the stack. */
  readonly parent: string;
  /** Only options that differ from the engine's defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Recorder {
  /** What was registered until now. */
  readonly all: readonly Registered[];
  /** Waits until nothing more is being registered, to register more afterwards. */
  idle(): Promise<void>;
  /** Everything registered so far, after all pending registrations have settled. */
  settle(): Promise<readonly Registered[]>;
}

interface Monitor {
  registerResource(request: RegisterResourceRequest, callback: unknown): void;
  registerResourceHook?(request: unknown, callback: (error: null, response: object) => void): void;
}

const secretSignature = "4dabf18193072939515e22adb298388d";

/**
 * Starts Pulumi's mocks and records what is registered. Call it once in a test file, and import what creates
 * resources after it. The options are read from the requests, because mocks are not told them
 * (pulumi/pulumi#14421); an unknown lookup is an error, so that a new one makes somebody decide.
 */
export async function recordRegistrations(stack = "dev", preview = false): Promise<Recorder> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom }) => ({
        id: custom ? `${name}-id` : "",
        state: { ...(inputs as Record<string, unknown>), ...computed(type, name) },
      }),
      call: ({ token, inputs }) => {
        assert.equal(token, "keycloak:index/getGroup:getGroup", `unexpected lookup ${token}`);
        const { groupPath } = inputs as { groupPath: string };
        return { groupPath, id: `${groupPath}-id` };
      },
    },
    "prokube-access",
    stack,
    preview,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const original = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    registered.push(describe(request));
    original(request, callback);
  };
  // The mocks know no hooks, and run none.
  monitor.registerResourceHook = (_, callback) => {
    callback(null, {});
  };
  return {
    all: registered,
    async idle() {
      // Not among the SDK's types; disconnect() would do the same and end the recording.
      await (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();
    },
    async settle() {
      await pulumi.runtime.disconnect();
      return registered;
    },
  };
}

/** Outputs that only a server can give, where another resource needs them. */
function computed(type: string, name: string): Record<string, unknown> {
  if (type === "pulumi:index:Stash") return { output: pulumi.secret(`${name}-output`) };
  if (type !== "minio:index/iamServiceAccount:IamServiceAccount") return {};
  return { accessKey: `${name}-access-key`, secretKey: pulumi.secret(`${name}-secret-key`) };
}

function describe(request: RegisterResourceRequest): Registered {
  const options = {
    protect: request.getProtect(),
    retainOnDelete: request.getRetainondelete(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    ignoreChanges: request.getIgnorechangesList(),
    import: request.getImportid(),
    deletedWith: request.getDeletedwith(),
  };
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    inputs: request.getObject()?.toJavaScript() ?? {},
    parent:
      request
        .getParent()
        .split("::")
        .at(-1)
        ?.replace(/^prokube-access-\w+$/, "") ?? "",
    options: Object.fromEntries(
      Object.entries(options).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : Boolean(value))),
    ),
  };
}

/** Whether an input reaches the engine as a secret. */
export function isSecret(input: unknown): boolean {
  return typeof input === "object" && input !== null && secretSignature in input;
}

/** Hooks that do nothing: the mocks run none. */
export const noActions = {
  lookAtAccount: () => Promise.resolve(),
  putAccountRight: () => Promise.resolve(),
  bindFlows: () => Promise.resolve(),
  finishOwnerChange: () => Promise.resolve(),
};
