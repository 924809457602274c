import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as proxy from "@pulumi/policy/proxy.js";
import {
  type PolicyResource,
  type ReportViolation,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  Secret,
  type StackValidationPolicy,
} from "@pulumi/policy";
import { elsewhere } from "../support/elsewhere.ts";

/** What the engine sends for a value that only the update will know; to look at it then throws. */
export const later = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
// Not among the SDK's types.
const { unknownCheckingProxy } = proxy as unknown as { unknownCheckingProxy: <T extends object>(props: T) => T };

/** A resource as the program registers it. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** URN of the component that it is part of. */
  readonly parent: string;
  /** URN of its provider. */
  readonly provider?: string;
  /** Secrets are still marked. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** URNs of what each property is made from. */
  readonly madeFrom: Readonly<Record<string, readonly string[]>>;
  readonly aliases?: readonly string[];
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges?: readonly string[];
}

/** Registers a stack in a process of its own, because mocks are global. */
export function recorded(stack: string, files: Readonly<Record<string, string>> = {}): readonly Recorded[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--experimental-test-module-mocks", "--no-warnings", "test/policy/record.ts", stack],
    {
      input: JSON.stringify(files),
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      env: {
        PATH: process.env["PATH"],
        KEYCLOAK_URL: "https://127.0.0.1:1/auth",
        KEYCLOAK_USER: "root-1",
        KEYCLOAK_PASSWORD: "keycloak-1a2b3c4d5e6f",
        ...(stack === "prod" && { KEYCLOAK_CLIENT_ID: "ci", KEYCLOAK_CLIENT_SECRET: "client-1a2b3c4d5e6f" }),
        MINIO_ENDPOINT: "https://127.0.0.1:2",
        MINIO_ROOT_USER: "minio-root",
        MINIO_ROOT_PASSWORD: "minio-1a2b3c4d5e6f",
      },
    },
  );
  assert.equal(status, 0, stderr);
  // Keycloak's identifier of a realm is its name; the mocks make up another.
  return JSON.parse(stdout.replaceAll('"prokube-realm-id"', '"prokube"')) as Recorded[];
}

type Config = Readonly<Record<string, unknown>>;

/** What `policy/<stack>.json` says of a rule. */
export function configured(stack: string, rule: string): Config {
  const all = JSON.parse(readFileSync(`policy/${stack}.json`, "utf8")) as Record<string, Config | string>;
  const own = all[rule];
  return typeof own === "object" ? own : {};
}

function settings(config: Config): ResourceValidationArgs["getConfig"] {
  return () => config as never;
}

/** What a rule says of one resource; its text without the description. */
export async function judge(
  rule: ResourceValidationPolicy,
  resource: Recorded,
  config: Config = configured("dev", rule.name),
): Promise<string[]> {
  const findings: string[] = [];
  const report: ReportViolation = (message) => {
    findings.push(message);
  };
  const { type, name, urn, parent, provider, aliases = [], deleteBeforeReplace, ignoreChanges = [] } = resource;
  const args = {
    type,
    name,
    urn,
    opts: {
      protect: false,
      ignoreChanges: [...ignoreChanges],
      aliases: [...aliases],
      additionalSecretOutputs: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      ...(parent === "" ? {} : { parent }),
      ...(deleteBeforeReplace === undefined ? {} : { deleteBeforeReplace }),
    },
    ...(provider === undefined ? {} : { provider: { ...lastOf(provider), urn: provider, props: {} } }),
    stackTags: new Map<string, string>(),
    isType: () => false,
    asType: () => undefined,
    getConfig: settings(config),
    notApplicable: (): never => assert.fail(),
  };
  const props = (how: (value: unknown) => unknown) => ({
    ...args,
    props: unknownCheckingProxy(unwrap(resource.inputs, how) as Record<string, unknown>),
  });
  await rule.remediateResource?.(props((value) => new Secret(value)));
  const validations = [rule.validateResource ?? []].flat();
  for (const validate of validations)
    await validate(
      props((value) => value),
      report,
    );
  return findings;
}

/** What a rule says of a whole stack. */
export async function judgeStack(
  rule: StackValidationPolicy,
  resources: readonly Recorded[],
  config: Config = configured("dev", rule.name),
): Promise<string[]> {
  const findings: string[] = [];
  const all = new Map<string, PolicyResource>();
  for (const { type, name, urn, outputs } of resources) {
    const props = unknownCheckingProxy(unwrap(outputs, (value) => value) as Record<string, unknown>);
    all.set(urn, {
      type,
      name,
      urn,
      props,
      opts: {
        protect: false,
        ignoreChanges: [],
        aliases: [],
        additionalSecretOutputs: [],
        customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      },
      dependencies: [],
      propertyDependencies: {},
      isType: () => false,
      asType: () => undefined,
    });
  }
  for (const { urn, parent, madeFrom } of resources) {
    const one = all.get(urn);
    const above = all.get(parent);
    assert.ok(one);
    if (above) one.parent = above;
    for (const [property, sources] of Object.entries(madeFrom)) {
      one.propertyDependencies[property] = sources.flatMap((source) => all.get(source) ?? []);
    }
  }
  const args = {
    resources: [...all.values()],
    stackTags: new Map<string, string>(),
    getConfig: settings(config),
    notApplicable: (): never => assert.fail(),
  };
  await rule.validateStack(args, (message) => {
    findings.push(message);
  });
  return findings;
}

const signature = "4dabf18193072939515e22adb298388d";

/** Replaces what the engine's protocol has for a secret. */
function unwrap(value: unknown, how: (value: unknown) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (signature in value) return how(unwrap((value as unknown as { value: unknown }).value, (inner) => inner));
  if (Array.isArray(value)) return value.map((one) => unwrap(one, how));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unwrap(one, how)]));
}

function lastOf(urn: string): { type: string; name: string } {
  const [, , types = "", name = ""] = urn.split("::");
  return { type: types.split("$").at(-1) ?? "", name };
}

/** The one resource of a name, as part of a component's type where two are called alike. */
export function the(resources: readonly Recorded[], name: string, type = ""): Recorded {
  const found = resources.filter((one) => one.name === name && one.type.endsWith(type));
  assert.equal(found.length, 1, `${found.length} resources are called ${name}`);
  return found[0] as Recorded;
}

/** A value to be put at a path of a resource's inputs and outputs; undefined takes it away. */
export type Change = readonly [path: string, value: unknown];

/** A resource with something else at some paths (`metadata.name`, `subjects.0.name`). */
export function spoiled(resource: Recorded, ...changes: readonly Change[]): Recorded {
  const copy = structuredClone(resource) as { inputs: object; outputs: object };
  for (const [path, value] of changes) {
    put(copy.inputs, path.split("."), value);
    put(copy.outputs, path.split("."), value);
  }
  return copy as Recorded;
}

function put(container: object, [key = "", ...rest]: readonly string[], value: unknown): void {
  const inside = container as Record<string, unknown>;
  if (rest.length > 0) {
    if (typeof inside[key] !== "object" || inside[key] === null) inside[key] = {};
    put(inside[key] as object, rest, value);
  } else if (value === undefined) Reflect.deleteProperty(inside, key);
  else inside[key] = value;
}

const person = (username: string, more = "") => `username: ${username}\nemail: ${username}@example.com\n${more}`;

/** A stack in which everything is used that the program can make; the owner is that of stack dev. */
export const wide: Readonly<Record<string, string>> = {
  "platform.yaml": [
    "domain: cluster.example.com",
    "masterAdmins: [root-1, root-2]",
    "realmManagement: all",
    "realmSettings: { mail: { host: mail.example.com, from: k@example.com, username: mailer }, events: {} }",
    "authentication: { otp: admins }",
    "realmRoles: [{ name: grafana-admin }]",
    "platformGroups: { create: true, adminRoles: [grafana-admin] }",
    "clients: { dex: {}, direct: { clientId: console, redirectUris: [https://console.example.com/callback] } }",
    "clusterAccess: [{ user: ada, role: admin }]",
  ].join("\n"),
  ...elsewhere,
  "users/ada.yaml": person("ada", "admin: true\nworkspace: true\n"),
  "users/bea.yaml": person("bea", "admin: true\n"),
  "users/orla.yaml": person("orla", "identityProvider: corp\n"),
  "workspaces/team-a.yaml": [
    "name: team-a",
    'quota: { cpu: "8", memory: 16Gi }',
    "members: [{ group: guests, role: view }, { user: orla, role: view, notebooksAccess: false }]",
    "storage: [{ user: bea, role: view }]",
  ].join("\n"),
  "applications/board.yaml": [
    "name: board",
    "auth: keycloak",
    "namespace: team-a",
    "redirectUris: [https://cluster.example.com/board/callback]",
    "paths: [/board/*]",
    "environment: true",
    "allow: [{ group: guests }]",
  ].join("\n"),
  "applications/charts.yaml":
    "name: charts\nauth: dex\nnamespace: team-a\nredirectUris: [https://charts.example.com/callback]\n",
};

/** Rules of policy/dev.json that stack `wide` needs otherwise. */
export const wideConfig: Readonly<Record<string, Config>> = {
  "cluster-role-bindings": { allowed: ["ada@example.com"] },
  clients: { hosts: ["cluster.example.com", "console.example.com"] },
};
