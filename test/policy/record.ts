/**
 * Registers a whole stack under mocks and prints its resources as a policy pack is handed them. Usage: node record.ts
 * <stack>; files of a desired state of its own, as JSON by path, on standard input.
 */
import { readFileSync } from "node:fs";
import { mock } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceOutputsRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { parse } from "yaml";
import { parseDesiredState } from "../../access/load.ts";
import { recordRegistrations } from "../support/mocks.ts";
import { mockSurvey } from "../support/noServers.ts";
import type { Recorded } from "./support.ts";

const stack = process.argv[2] ?? "dev";
const files = JSON.parse(readFileSync(0, "utf8")) as Record<string, string>;
const { config } = parse(readFileSync(`stacks/Pulumi.${stack === "prod" ? stack : "dev"}.yaml`, "utf8")) as {
  config?: Record<string, string>;
};
const secretNames = [
  "corp-client-secret",
  "hub-client-secret",
  "forest-bind-password",
  "staff-bind-password",
  "smtpPassword",
];
pulumi.runtime.setAllConfig(
  {
    ...config,
    ...Object.fromEntries(secretNames.map((name) => [`prokube-access:${name}`, `${name}-1a2b3c4d5e6f`])),
    "prokube-access:date": "2026-11-23",
  },
  secretNames.map((name) => `prokube-access:${name}`),
);
if (Object.keys(files).length > 0) {
  mock.module("../../access/load.ts", {
    exports: { loadDesiredState: () => parseDesiredState("env", new Map(Object.entries(files))) },
  });
}
mockSurvey();
// A preview, because only that may look back to the day above.
const recorder = await recordRegistrations(stack, true);
// The mocks do not register the stack itself.
const root = `urn:pulumi:${stack}::prokube-access::pulumi:pulumi:Stack::prokube-access-${stack}`;
const recorded = new Map<string, Recorded>([[root, describeStack()]]);
const urns = new Map<string, string>();
const monitor = pulumi.runtime.getMonitor() as unknown as {
  registerResource(request: RegisterResourceRequest, callback: (error: Error | null, response: Response) => void): void;
  registerResourceOutputs(request: RegisterResourceOutputsRequest, callback: unknown): void;
};
interface Response {
  getUrn(): string;
}

const register = monitor.registerResource.bind(monitor);
monitor.registerResource = (request, callback) => {
  register(request, (error, response) => {
    if (error) throw error;
    // The mocks' own URNs name the next parent only, and two can have the same.
    const urn = urnOf(request);
    urns.set(response.getUrn(), urn);
    recorded.set(urn, describe(request, urn));
    callback(error, response);
  });
};
const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
monitor.registerResourceOutputs = (request, callback) => {
  const one = recorded.get(urns.get(request.getUrn()) ?? "");
  if (one) Object.assign(one, { outputs: request.getOutputs()?.toJavaScript() ?? {} });
  registerOutputs(request, callback);
};

await import("../../index.ts");
await recorder.settle();
process.stdout.write(JSON.stringify([...recorded.values()]));

function urnOf(request: RegisterResourceRequest): string {
  const [, , types = ""] = (urns.get(request.getParent()) ?? root).split("::");
  const above = types === "pulumi:pulumi:Stack" ? "" : `${types}$`;
  return `urn:pulumi:${stack}::prokube-access::${above}${request.getType()}::${request.getName()}`;
}

function describeStack(): Recorded {
  const name = `prokube-access-${stack}`;
  return { type: "pulumi:pulumi:Stack", name, urn: root, parent: "", inputs: {}, outputs: {}, madeFrom: {} };
}

function describe(request: RegisterResourceRequest, urn: string): Recorded {
  const inputs = (request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>;
  const known = (list: readonly string[]) => list.flatMap((one) => urns.get(one) ?? []);
  const madeFrom: Record<string, readonly string[]> = {};
  request.getPropertydependenciesMap().forEach((dependencies, property) => {
    madeFrom[property] = known(dependencies.getUrnsList());
  });
  const [provider] = known([request.getProvider().split("::").slice(0, -1).join("::")]);
  return {
    type: request.getType(),
    name: request.getName(),
    urn,
    parent: urns.get(request.getParent()) ?? root,
    ...(provider !== undefined && { provider }),
    inputs,
    outputs: outputsOf(request, inputs),
    madeFrom,
    ignoreChanges: request.getIgnorechangesList(),
  };
}

/** A component has no outputs but those that it registers; a Stash has a copy of what it is handed. */
function outputsOf(request: RegisterResourceRequest, inputs: Record<string, unknown>): Record<string, unknown> {
  if (!request.getCustom()) return {};
  return request.getType() === "pulumi:index:Stash" ? { ...inputs, output: inputs["input"] } : inputs;
}
