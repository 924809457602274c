import { isObject, type Properties, type PropertyValue } from "../plugin.ts";
import { type KubernetesObject, metadataText, metadataValue } from "./object.ts";

/** The manager that creates objects; every update is made by one of the object's own. */
export const creator = "pulumi-kubernetes";

/** Whose fields an update makes its own: those of the creation, and what people wrote with kubectl. */
const former = [
  { prefix: creator, operation: "Update" },
  { prefix: "kubectl", operation: "Update" },
  { prefix: "kubectl", operation: "Apply" },
  { prefix: "before-first-apply", operation: "Update" },
];

/**
 * The JSON patch that makes a manager the owner of what its forerunners set; nothing if they set nothing. Without it
 * an update by server-side apply cannot remove a field: the server keeps what another manager owns.
 */
export function takeOver(live: KubernetesObject, manager: string): object[] {
  const entries = managedFields(live);
  const taken = entries.filter(isFormer);
  const isOwn = (entry: Properties) => entry["manager"] === manager && entry["operation"] === "Apply";
  const [first, ...others] = [...entries.filter(isOwn), ...taken];
  if (taken.length === 0 || first === undefined) return [];
  const fields = others.reduce((all, { fieldsV1 }) => union(all, fieldsV1), first["fieldsV1"]);
  const own = { ...first, manager, operation: "Apply", fieldsV1: fields };
  const rest = entries.filter((entry) => !isFormer(entry) && !isOwn(entry));
  return [
    { op: "replace", path: "/metadata/managedFields", value: [own, ...rest] },
    // Fails when the object has changed since it was read.
    { op: "replace", path: "/metadata/resourceVersion", value: metadataText(live, "resourceVersion") },
  ];
}

/** Whether fields belong to the creation still: a dry run cannot take them over, so it has to be forced. */
export function isOwnedByCreation(live: KubernetesObject): boolean {
  return managedFields(live).some(({ manager, operation }) => manager === creator && operation === "Update");
}

function managedFields(live: KubernetesObject): Properties[] {
  const fields = metadataValue(live, "managedFields");
  return Array.isArray(fields) ? fields.filter(isObject) : [];
}

function isFormer({ manager, operation, subresource }: Properties): boolean {
  if (typeof manager !== "string" || subresource !== undefined) return false;
  return former.some((one) => manager.startsWith(one.prefix) && operation === one.operation);
}

/** A set of fields is a tree of keys. */
function union(a: PropertyValue | undefined, b: PropertyValue | undefined): PropertyValue {
  if (!isObject(a) || !isObject(b)) return a ?? b ?? {};
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(keys.map((key) => [key, union(a[key], b[key])]));
}
