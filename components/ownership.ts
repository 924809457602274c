import * as pulumi from "@pulumi/pulumi";

const managedBy = "prokube-access";

/** Labels of every Kubernetes object this program makes: who manages it, and from which stack. */
export function ownershipLabels(): Record<string, string> {
  return { "app.kubernetes.io/managed-by": managedBy, "prokube-access/stack": pulumi.getStack() };
}

/** The same for roles, groups and users in Keycloak. */
export function ownershipAttributes(): Record<string, string> {
  return { "managed-by": managedBy, stack: pulumi.getStack() };
}

/** The same for S3 policies, which have no labels: the identifier of a statement. */
export function statementId(what: string): string {
  return `${managedBy}/${pulumi.getStack()}/${what}`;
}
