import * as pulumi from "@pulumi/pulumi";
import { objectKey, type ObjectKind, ownership } from "../access/inventory.ts";

/** Labels of every Kubernetes object this program makes: who manages it, and from which stack. */
export function ownershipLabels(): Record<string, string> {
  return ownership.labels(pulumi.getStack());
}

/** The same for roles, groups and users in Keycloak. */
export function ownershipAttributes(): Record<string, string> {
  return ownership.attributes(pulumi.getStack());
}

/** The same for what has nothing but a description: it begins with what is said to people. */
export function ownershipText(description: string): string {
  return ownership.text(pulumi.getStack(), description);
}

/** The same for S3 policies, which have no labels: the identifier of a statement. */
export function statementId(what: string): string {
  return ownership.statementId(pulumi.getStack(), what);
}

/** Import ids of objects that exist already and may be taken into the state, by kind and name. */
export type Imports = ReadonlyMap<string, string>;

/** The option that takes an existing object into the state. It does nothing to one that is in it. */
export function takenOver(imports: Imports, kind: ObjectKind, name: string): { import?: string } {
  const id = imports.get(objectKey(kind, name));
  return id === undefined ? {} : { import: id };
}
