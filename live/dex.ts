import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiException, V1ConfigMap, type V1Deployment, V1ObjectMeta, V1Secret } from "@kubernetes/client-node";
import type { LiveDex } from "../access/dexDocument.ts";
import { canonical } from "../access/inventory.ts";
import { type Cluster, unlessGone } from "./cluster.ts";
import { reasonOf } from "./survey.ts";

/** Where Dex keeps what it reads at its start. */
export interface DexPlace {
  readonly namespace: string;
  readonly document: { readonly kind: "ConfigMap" | "Secret"; readonly name: string; readonly key: string };
  readonly environmentSecret: string;
  readonly deployment: string;
  /** Whether it is restarted after a change. */
  readonly restart: boolean;
}

/** What a stack wants Dex to read. */
export interface DexWish {
  /** The document from the one that is there; it is asked again whenever somebody else has written meanwhile. */
  readonly text: (live: string | undefined) => string;
  /** All variables of the stack; undefined for one that keeps the value it has. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Another number is a change by itself; 0 leaves no annotation. */
  readonly revision: number;
}

/** What was done, in order. */
export type DexStep = "variables" | "document" | "restart" | "old variables";

const prefix = "prokube-access/";
const claimPrefix = `${prefix}variables.`;
const revisionPrefix = `${prefix}revision.`;
/** On the document's object: the hash of it as this program wrote it last, so that others' changes restart nothing. */
const writtenName = `${prefix}written`;
/** On the Deployment's pods: the hash of what they read. */
const contentsName = `${prefix}applications`;

/** What Dex reads, without the values of secrets. */
export async function readDex(cluster: Cluster, place: DexPlace): Promise<LiveDex> {
  const deployment = await readDeployment(cluster, place);
  const document = await documentOf(cluster, place).read();
  const secret = await environmentOf(cluster, place).read();
  const contents = contentsOf(document, secret);
  const claims = claimsIn(secret);
  return {
    text: document?.data[place.document.key],
    revisions: annotationsOf(document, revisionPrefix),
    variables: Object.entries(secret?.data ?? {}).map(([name, value]) => {
      const stack = claims.get(name);
      return { name, ...(stack !== undefined && { stack, sha256: sha256(value) }) };
    }),
    deployment: deployment && {
      current: contents === undefined || contentsAt(deployment) === contents,
      reads: readsOf(deployment, place.environmentSecret),
    },
  };
}

/**
 * Gives Dex the clients of a stack. Dex takes an absent variable for an empty text, so variables come before the
 * document that names them, and go after it and after the restart.
 *
 * @returns what had to be done, nothing when all was as wanted
 * @throws {Error} before anything is written: when a variable is not this stack's or `text` refuses the document
 */
export async function writeDex(
  cluster: Cluster,
  place: DexPlace,
  stack: string,
  wish: DexWish,
): Promise<readonly DexStep[]> {
  const document = documentOf(cluster, place);
  const environment = environmentOf(cluster, place);
  refuseForeign(await environment.read(), place, stack, wish);
  wish.text((await document.read())?.data[place.document.key]);

  const steps: readonly (readonly [DexStep, () => Promise<boolean>])[] = [
    ["variables", () => addVariables(environment, place, stack, wish)],
    ["document", () => writeDocument(document, place, stack, wish)],
    ["restart", () => restart(cluster, place, stack, wish)],
    ["old variables", () => removeVariables(environment, stack, wish)],
  ];
  const done: DexStep[] = [];
  for (const [step, act] of steps) if (await settled(act)) done.push(step);
  return done;
}

async function addVariables(environment: DataObject, place: DexPlace, stack: string, wish: DexWish): Promise<boolean> {
  const secret = await environment.read();
  refuseForeign(secret, place, stack, wish);
  const values = Object.entries(wish.variables).flatMap(([name, value]) => {
    const wanted = value ?? secret?.data[name];
    return wanted === undefined ? [] : [[name, wanted] as const];
  });
  const names = [...new Set([...ownNames(secret, stack), ...values.map(([name]) => name)])].toSorted();
  if (names.length === 0) return false;
  return environment.write(secret, {
    data: Object.fromEntries(values),
    annotations: { [claimPrefix + stack]: JSON.stringify(names) },
  });
}

async function writeDocument(
  document: DataObject,
  { document: { key } }: DexPlace,
  stack: string,
  { text, revision }: DexWish,
): Promise<boolean> {
  const found = await document.read();
  const live = found?.data[key];
  const wanted = text(live);
  const changes = wanted !== (live ?? "");
  const isOurs = changes || (revision > 0 && found?.annotations?.[writtenName] === undefined);
  return document.write(found, {
    data: changes ? { [key]: wanted } : {},
    annotations: {
      [revisionPrefix + stack]: revision > 0 ? String(revision) : undefined,
      ...(isOurs && { [writtenName]: sha256(wanted) }),
    },
  });
}

async function restart(cluster: Cluster, place: DexPlace, stack: string, wish: DexWish): Promise<boolean> {
  if (!place.restart) return false;
  // Read first: whoever restarts it after what is read next makes this attempt fail.
  const deployment = await readDeployment(cluster, place);
  if (!deployment) return false;
  const document = await documentOf(cluster, place).read();
  const secret = await environmentOf(cluster, place).read();
  const contents = contentsOf(document, secret, goneNames(secret, stack, wish));
  if (contents === undefined || contentsAt(deployment) === contents) return false;
  const annotations = deployment.spec?.template.metadata?.annotations;
  const path = "/spec/template/metadata";
  await answered(
    `Deployment ${place.namespace}/${place.deployment}`,
    cluster.apps.patchNamespacedDeployment({
      namespace: place.namespace,
      name: place.deployment,
      fieldManager,
      body: [
        { op: "replace", path: "/metadata/resourceVersion", value: deployment.metadata?.resourceVersion },
        ...(annotations ? [] : [{ op: "add", path: `${path}/annotations`, value: {} }]),
        { op: "add", path: `${path}/annotations/${pointer(contentsName)}`, value: contents },
      ],
    }),
  );
  return true;
}

async function removeVariables(environment: DataObject, stack: string, wish: DexWish): Promise<boolean> {
  const secret = await environment.read();
  const gone = goneNames(secret, stack, wish);
  if (!secret || gone.length === 0) return false;
  const names = ownNames(secret, stack).filter((name) => !gone.includes(name));
  return environment.write(secret, {
    data: Object.fromEntries(gone.map((name) => [name, undefined])),
    annotations: { [claimPrefix + stack]: names.length > 0 ? JSON.stringify(names) : undefined },
  });
}

function refuseForeign(secret: Found | undefined, place: DexPlace, stack: string, { variables }: DexWish): void {
  const claims = claimsIn(secret);
  const there = new Set([...Object.keys(secret?.data ?? {}), ...claims.keys()]);
  const foreign = Object.keys(variables).filter((name) => there.has(name) && claims.get(name) !== stack);
  if (foreign.length === 0) return;
  const whose = foreign.map((name) => `${name} (${claims.get(name) ?? "not this program's"})`).join(", ");
  throw new Error(
    `Secret ${place.namespace}/${place.environmentSecret} has variables of others: ${whose}. Nothing was written for Dex. ` +
      "Remove them there, or give the application another name.",
  );
}

/** Which stack claims a variable. */
function claimsIn(secret: Found | undefined): Map<string, string> {
  return new Map(
    Object.entries(annotationsOf(secret, claimPrefix)).flatMap(([stack, text]) =>
      namesIn(text).map((name) => [name, stack] as const),
    ),
  );
}

function namesIn(text: string): string[] {
  try {
    const names: unknown = JSON.parse(text);
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
  } catch {
    // Somebody edited it: then nothing is claimed, and what is there is refused by its name.
    return [];
  }
}

function ownNames(secret: Found | undefined, stack: string): string[] {
  return [...claimsIn(secret)].flatMap(([name, whose]) => (whose === stack ? [name] : []));
}

function goneNames(secret: Found | undefined, stack: string, { variables }: DexWish): string[] {
  return ownNames(secret, stack).filter((name) => !Object.hasOwn(variables, name));
}

/** What pods read of ours, or undefined where there is nothing: the same for every stack, whatever others change. */
function contentsOf(
  document: Found | undefined,
  secret: Found | undefined,
  without: readonly string[] = [],
): string | undefined {
  const written = document?.annotations?.[writtenName];
  const variables = [...claimsIn(secret).keys()]
    .filter((name) => !without.includes(name))
    .map((name) => [name, secret?.data[name]]);
  if (written === undefined && variables.length === 0) return undefined;
  return sha256(canonical({ written, variables: variables.toSorted() }));
}

function contentsAt(deployment: V1Deployment): string | undefined {
  return deployment.spec?.template.metadata?.annotations?.[contentsName];
}

async function readDeployment(
  { apps }: Cluster,
  { namespace, deployment: name }: DexPlace,
): Promise<V1Deployment | undefined> {
  return answered(`Deployment ${namespace}/${name}`, unlessGone(apps.readNamespacedDeployment({ namespace, name })));
}

/** Variables that containers take from a Secret under their own names. */
function readsOf({ spec }: V1Deployment, secret: string): "all" | string[] {
  const containers = spec?.template.spec?.containers ?? [];
  const takesAll = containers.some(({ envFrom = [] }) =>
    envFrom.some(({ secretRef, prefix: added = "" }) => secretRef?.name === secret && added === ""),
  );
  if (takesAll) return "all";
  return containers.flatMap(({ env = [] }) =>
    env.flatMap(({ name, valueFrom }) =>
      valueFrom?.secretKeyRef?.name === secret && valueFrom.secretKeyRef.key === name ? [name] : [],
    ),
  );
}

function documentOf(cluster: Cluster, { namespace, document: { kind, name } }: DexPlace): DataObject {
  return new DataObject(cluster, kind, namespace, name);
}

function environmentOf(cluster: Cluster, { namespace, environmentSecret }: DexPlace): DataObject {
  return new DataObject(cluster, "Secret", namespace, environmentSecret);
}

// ConfigMaps and Secrets, whose values may be secret: no error quotes them.

interface Found {
  readonly resourceVersion: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly data: Readonly<Record<string, string>>;
}

/** Undefined for what is to go. */
interface Content {
  readonly data: Readonly<Record<string, string | undefined>>;
  readonly annotations: Readonly<Record<string, string | undefined>>;
}

interface Operation {
  readonly op: "add" | "remove" | "replace";
  readonly path: string;
  readonly value?: unknown;
}

const fieldManager = "prokube-access";

class DataObject {
  readonly #core: Cluster["core"];
  readonly #kind: "ConfigMap" | "Secret";
  readonly #address: { readonly namespace: string; readonly name: string };
  readonly #encoding: "utf8" | "base64";

  constructor({ core }: Cluster, kind: "ConfigMap" | "Secret", namespace: string, name: string) {
    this.#core = core;
    this.#kind = kind;
    this.#address = { namespace, name };
    this.#encoding = kind === "Secret" ? "base64" : "utf8";
  }

  async read(): Promise<Found | undefined> {
    const object = await answered(this.#name, unlessGone(this.#get()));
    if (!object) return undefined;
    const data = Object.entries(object.data ?? {}).map(
      ([name, text]) => [name, Buffer.from(text, this.#encoding).toString("utf8")] as const,
    );
    return {
      resourceVersion: object.metadata?.resourceVersion,
      annotations: object.metadata?.annotations,
      data: Object.fromEntries(data),
    };
  }

  /** Makes a part of it so, or all of it anew; fails when anybody has written since it was found. */
  async write(found: Found | undefined, content: Content): Promise<boolean> {
    const annotations = changesOf(found?.annotations, content.annotations);
    const data = changesOf(found?.data, content.data).map(
      ([name, text]) => [name, text === undefined ? undefined : this.#encoded(text)] as const,
    );
    if (annotations.length + data.length === 0) return false;
    if (!found) {
      await answered(this.#name, this.#create(present(annotations), present(data)));
      return true;
    }
    const hasData = Object.keys(found.data).length > 0;
    await answered(
      this.#name,
      this.#patch([
        { op: "replace", path: "/metadata/resourceVersion", value: found.resourceVersion },
        ...operations("/metadata/annotations", found.annotations !== undefined, annotations),
        ...operations("/data", hasData, data),
      ]),
    );
    return true;
  }

  get #name(): string {
    return `${this.#kind} ${this.#address.namespace}/${this.#address.name}`;
  }

  #encoded(text: string): string {
    return Buffer.from(text, "utf8").toString(this.#encoding);
  }

  #get(): Promise<V1ConfigMap | V1Secret> {
    return this.#kind === "Secret"
      ? this.#core.readNamespacedSecret(this.#address)
      : this.#core.readNamespacedConfigMap(this.#address);
  }

  #create(annotations: Record<string, string>, data: Record<string, string>): Promise<unknown> {
    const { namespace, name } = this.#address;
    const metadata = Object.assign(new V1ObjectMeta(), { name, annotations });
    return this.#kind === "Secret"
      ? this.#core.createNamespacedSecret({
          namespace,
          fieldManager,
          body: Object.assign(new V1Secret(), { metadata, data }),
        })
      : this.#core.createNamespacedConfigMap({
          namespace,
          fieldManager,
          body: Object.assign(new V1ConfigMap(), { metadata, data }),
        });
  }

  /** A JSON patch: the client sends lists as such. */
  #patch(body: readonly Operation[]): Promise<unknown> {
    return this.#kind === "Secret"
      ? this.#core.patchNamespacedSecret({ ...this.#address, fieldManager, body })
      : this.#core.patchNamespacedConfigMap({ ...this.#address, fieldManager, body });
  }
}

type Change = readonly [name: string, text: string | undefined];

function changesOf(
  found: Readonly<Record<string, string>> = {},
  wanted: Readonly<Record<string, string | undefined>>,
): Change[] {
  return Object.entries(wanted).filter(([name, text]) => found[name] !== text);
}

function present(changes: readonly Change[]): Record<string, string> {
  return Object.fromEntries(changes.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
}

function operations(path: string, isThere: boolean, changes: readonly Change[]): Operation[] {
  return [
    ...(isThere || changes.length === 0 ? [] : [{ op: "add" as const, path, value: {} }]),
    ...changes.map(([name, value]): Operation => {
      const where = `${path}/${pointer(name)}`;
      return value === undefined ? { op: "remove", path: where } : { op: "add", path: where, value };
    }),
  ];
}

/** Annotations of a prefix, by what follows it. */
function annotationsOf(found: Found | undefined, start: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(found?.annotations ?? {}).flatMap(([name, text]) =>
      name.startsWith(start) ? [[name.slice(start.length), text]] : [],
    ),
  );
}

function pointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** Somebody else wrote first. */
class Conflict extends Error {}

/** The answer; of a refusal only what it is called, because the rest may quote what was sent. */
async function answered<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ApiException)) throw new Error(`${what}: ${reasonOf(error)}`, { cause: error });
    if (error.code === 409) throw new Conflict(`${what} was changed by somebody else again and again. Try later.`);
    throw new Error(`${what}: the API server answers ${error.code} ${reasonIn(error.body)}`.trimEnd());
  }
}

function reasonIn(body: unknown): string {
  const status: unknown = typeof body === "string" ? safely(() => JSON.parse(body) as unknown) : body;
  const reason = typeof status === "object" && status !== null && "reason" in status ? status.reason : undefined;
  return typeof reason === "string" ? reason : "";
}

function safely<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

const attempts = 8;

/** Does it again, from a fresh look, when somebody else wrote first. */
async function settled<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Conflict) || tries === attempts) throw error;
      // Two who met should not meet again.
      await sleep(tries * (50 + 100 * Math.random()));
    }
  }
}
