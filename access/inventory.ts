import type { LiveDex } from "./dexDocument.ts";
import type { LiveGateway } from "./gateway.ts";
import type { LiveRealm } from "./liveRealm.ts";
import type { Target } from "./guards.ts";
import type { SeenMember } from "./resolve.ts";

/** Everything that the program makes and that could already be there under the same name. */
export type ObjectKind =
  | "realm role"
  | "group"
  | "account"
  | "client"
  | "client scope"
  | "login flow"
  | "directory"
  | "identity provider"
  | "namespace"
  | "Profile"
  | "LimitRange"
  | "Secret"
  | "ConfigMap"
  | "RoleBinding"
  | "ClusterRoleBinding"
  | "AuthorizationPolicy"
  | "bucket"
  | "S3 policy"
  | "S3 user";

/** An object on the platform. */
export interface LiveObject {
  readonly kind: ObjectKind;
  /** As people know it; namespaced ones as `namespace/name`. */
  readonly name: string;
  /** What Pulumi imports it by. */
  readonly id: string;
  /** The stack of this program that made it; absent when somebody else did, or when its kind cannot tell. */
  readonly stack?: string;
  /** The access it gives, in words that are equal when the access is; absent where it was not asked for. */
  readonly access?: string;
  /** E-mail addresses it gives access to. */
  readonly people?: readonly string[];
  /** Who owns it: of a namespace and a Profile. */
  readonly owner?: string;
  /** Whose personal workspace it records: of the record of a workspace's buckets. */
  readonly personalOf?: string;
  /** Members of a group and holders of a role that others made, such as `user alice` or `group makers`. */
  readonly members?: readonly string[];
}

/** An account in the realm. */
export interface Account {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly enabled: boolean;
  /** Identifier of the directory it lives in. */
  readonly directoryId?: string;
  readonly stack?: string;
  /** The name under which the stack's state knows it, which a rename does not change. */
  readonly key?: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** What is on the platform, as far as the plan touches it. */
export interface Inventory {
  readonly objects: ReadonlyMap<string, LiveObject>;
  /** Accounts with a username or an address that the plan uses. */
  readonly accounts: readonly Account[];
  /** The realm; absent when there is none yet. */
  readonly realm: LiveRealm | undefined;
  /** Who is in groups through directories and identity providers. */
  readonly seen: readonly SeenMember[];
  /** What is wrong with the accounts that may administer Keycloak itself. */
  readonly masterRealm: readonly string[];
  /** The gateway's policies, as far as applications need them; absent without any application. */
  readonly gateway: LiveGateway | undefined;
  /** What Dex reads; absent without any application of Dex. */
  readonly dex: LiveDex | undefined;
  /** Which cluster and realm these are. */
  readonly target: Target;
  /** Usernames of the platform's administrators who can log in. */
  readonly administrators: readonly string[];
  /** The username in this realm as which the program is logged in; absent for an account of another realm. */
  readonly yourself: string | undefined;
  /** Whether the realm forgets the attributes that say who manages an account. */
  readonly dropsAttributes: boolean;
  /** Whether Kubeflow's dashboard lets anybody who logs in make a Profile of their own. */
  readonly registrationFlow: boolean;
}

/** An account, with what its attributes say of whose it is. */
export function accountOf({
  id,
  username,
  email,
  enabled,
  attributes,
  directoryId,
}: Pick<Account, "id" | "username" | "email" | "enabled" | "attributes"> & {
  readonly directoryId?: string | undefined;
}): Account {
  const stack = stackInAttributes(attributes);
  const [key] = attributes[ownership.keyAttribute] ?? [];
  return {
    id,
    username,
    email,
    enabled,
    attributes,
    ...(directoryId !== undefined && { directoryId }),
    ...(stack !== undefined && { stack }),
    ...(key !== undefined && { key }),
  };
}

/** The key of an object in an inventory. */
export function objectKey(kind: ObjectKind, name: string): string {
  return `${kind} ${name}`;
}

const managedBy = "prokube-access";

/** How each plane writes down who made an object. */
export const ownership = {
  /** Labels of Kubernetes objects. */
  labels: (stack: string): Record<string, string> => ({
    "app.kubernetes.io/managed-by": managedBy,
    "prokube-access/stack": stack,
  }),
  /** Attributes of roles, groups and users in Keycloak. */
  attributes: (stack: string): Record<string, string> => ({ "managed-by": managedBy, stack }),
  /** The attribute of an account with the name under which the state knows it. */
  keyAttribute: "prokube-access-key",
  /** A description, for what has neither labels nor attributes. */
  text: (stack: string, description: string): string => `${description} (${managedBy}, stack ${stack})`,
  /** Name of the mapper that marks a directory. */
  mapper: (stack: string): string => `${managedBy} ${stack}`,
  /** Identifier of a statement in an S3 policy, which has no labels. */
  statementId: (stack: string, what: string): string => `${managedBy}/${stack}/${what}`,
};

/** The stack that labels name, or undefined. */
export function stackInLabels(labels: Readonly<Record<string, string>> = {}): string | undefined {
  return labels["app.kubernetes.io/managed-by"] === managedBy ? labels["prokube-access/stack"] : undefined;
}

/** The stack that attributes name, or undefined. */
export function stackInAttributes(attributes: Readonly<Record<string, readonly string[]>> = {}): string | undefined {
  return attributes["managed-by"]?.[0] === managedBy ? attributes["stack"]?.[0] : undefined;
}

/** The stack that a description names, or undefined. */
export function stackInText(description = ""): string | undefined {
  return /\(prokube-access, stack ([^()]+)\)$/.exec(description)?.[1];
}

/** The stack that a mapper's name tells, or undefined. */
export function stackInMapper(name: string): string | undefined {
  return /^prokube-access (.+)$/.exec(name)?.[1];
}

/** The stack and the subject that a statement's identifier names, or undefined. */
export function stackInStatementId(id: unknown): { readonly stack: string; readonly what: string } | undefined {
  const [, stack, what] = typeof id === "string" ? (/^prokube-access\/([^/]+)\/(.*)$/.exec(id) ?? []) : [];
  return stack === undefined || what === undefined ? undefined : { stack, what };
}

/** JSON that is equal when the values are, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
