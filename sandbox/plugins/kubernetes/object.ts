import { isObject, type Properties, type PropertyValue, Secret } from "../plugin.ts";
import type { Kind } from "./kinds.ts";

/** A Kubernetes object without what the protocol adds to it. */
export type KubernetesObject = Properties;

/** Keys under which the official provider keeps its own facts in a resource's state. */
const inputsKey = "__inputs";
const initialApiVersionKey = "__initialApiVersion";
const fieldManagerKey = "__fieldManager";

/** What the engine keeps of an object: all of it as it is, what was asked for, and who manages its fields. */
export interface Checkpoint {
  readonly live: KubernetesObject;
  readonly inputs: KubernetesObject;
  readonly fieldManager: string;
}

export function toState({ live, inputs, fieldManager }: Checkpoint): Properties {
  return {
    ...live,
    [inputsKey]: inputs,
    [initialApiVersionKey]: inputs["apiVersion"] ?? "",
    [fieldManagerKey]: fieldManager,
  };
}

export function fromState(state: Properties): Checkpoint {
  const { [inputsKey]: inputs, [fieldManagerKey]: fieldManager, ...rest } = state;
  return {
    live: Object.fromEntries(Object.entries(rest).filter(([key]) => key !== initialApiVersionKey)),
    inputs: isObject(inputs) ? inputs : {},
    fieldManager: typeof fieldManager === "string" ? fieldManager : newFieldManager(),
  };
}

/** A manager of its own for each object, as upstream has it. */
export function newFieldManager(): string {
  return `pulumi-kubernetes-${crypto.randomUUID().slice(0, 8)}`;
}

function metadataOf(object: KubernetesObject): Properties {
  const { metadata } = object;
  return isObject(metadata) ? metadata : {};
}

export function metadataValue(object: KubernetesObject, key: string): PropertyValue | undefined {
  return metadataOf(object)[key];
}

/** A text of the object's metadata, or undefined when it is absent or not known yet. */
export function metadataText(object: KubernetesObject, key: string): string | undefined {
  const value = metadataValue(object, key);
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function annotation(object: KubernetesObject, key: string): string | undefined {
  const { annotations } = metadataOf(object);
  const value = isObject(annotations) ? annotations[key] : undefined;
  return typeof value === "string" ? value : undefined;
}

export function withMetadata(object: KubernetesObject, more: Properties): KubernetesObject {
  return { ...object, metadata: { ...metadataOf(object), ...more } };
}

/** `namespace/name`, or the name alone for what is in no namespace. */
export function idOf(kind: Kind, object: KubernetesObject): string {
  const name = metadataText(object, "name") ?? "";
  return kind.namespaced ? `${metadataText(object, "namespace") ?? "default"}/${name}` : name;
}

/** Where an id points. */
export function parseId(kind: Kind, id: string): { readonly name: string; readonly namespace: string | undefined } {
  const [first = "", second] = id.split("/");
  if (!kind.namespaced) return { name: second ?? first, namespace: undefined };
  return second === undefined ? { name: first, namespace: "default" } : { name: second, namespace: first };
}

const serverFields = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generation",
  "managedFields",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
  "uid",
];
const appliedByKubectl = "kubectl.kubernetes.io/last-applied-configuration";

/** What somebody would have to ask for to get this object: the inputs of an import. */
export function askedFor(kind: Kind, live: KubernetesObject): KubernetesObject {
  const { annotations, ...metadata } = without(metadataOf(live), serverFields);
  const kept = Object.entries(live).filter(([key]) => kind.properties.includes(key));
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { ...metadata, ...(isObject(annotations) && { annotations: without(annotations, [appliedByKubectl]) }) },
    ...Object.fromEntries(kept),
  };
}

function without(properties: Properties, keys: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !keys.includes(key)));
}

/** What is asked for, in the server's words: nothing empty, and the text of a Secret encoded. */
export function normalized(kind: Kind, object: KubernetesObject): KubernetesObject {
  return kind.custom ? object : withEncodedStrings(withoutEmpty(object));
}

function withoutEmpty(object: Properties): Properties {
  const entries = Object.entries(object).map(([key, value]): [string, PropertyValue] => [
    key,
    isObject(value) ? withoutEmpty(value) : value,
  ]);
  return Object.fromEntries(entries.filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: PropertyValue): boolean {
  if (value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** `stringData` is written only: the server keeps it, encoded, in `data`. */
function withEncodedStrings(object: KubernetesObject): KubernetesObject {
  const { stringData, data, ...rest } = object;
  if (!isObject(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, text]): [string, PropertyValue] => [
    key,
    typeof text === "string" ? Buffer.from(text).toString("base64") : text,
  ]);
  return { ...rest, data: { ...(isObject(data) ? data : {}), ...Object.fromEntries(encoded) } };
}

/** Hides what is secret in the program, and all data of a Secret. */
export function hidden(kind: Kind, object: Properties, asked: Properties): Properties {
  const data = kind.kind === "Secret" ? ["data", "stringData"] : [];
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key,
      data.includes(key) ? new Secret(value) : hiddenAs(value, asked[key] ?? null),
    ]),
  );
}

/** Lists are hidden as a whole, because their entries may have moved. */
function hiddenAs(value: PropertyValue, asked: PropertyValue): PropertyValue {
  if (isObject(value) && isObject(asked)) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, hiddenAs(part, asked[key] ?? null)]));
  }
  return holdsSecret(asked) ? new Secret(value) : value;
}

function holdsSecret(value: PropertyValue): boolean {
  if (value instanceof Secret) return true;
  return Array.isArray(value) ? value.some(holdsSecret) : isObject(value) && Object.values(value).some(holdsSecret);
}
