/**
 * What is on the planes, read in bulk and whole: every workspace-like thing, whoever made it. Plain data, so that drift
 * and import are decided without servers. `live/snapshot.ts` reads it.
 */
export interface Snapshot {
  readonly realm: RealmSnapshot;
  readonly cluster: ClusterSnapshot;
  readonly store: StoreSnapshot;
}

export interface RealmSnapshot {
  /** Every account, those of directories included. */
  readonly users: readonly RealmUser[];
  /** Every group, at any depth. */
  readonly groups: readonly RealmGroup[];
  /** Every realm role. */
  readonly roles: readonly RealmRole[];
  /** What administrators did, latest first, where the realm records it; absent where it was not asked. */
  readonly acts?: readonly AdministratorsAct[];
}

/** One change of the realm as Keycloak recorded it. */
export interface AdministratorsAct {
  /** ISO 8601. */
  readonly time: string;
  /** Who did it: a username, or what is known instead. */
  readonly by: string;
  /** What was changed, such as `users/<id>/role-mappings/realm`. */
  readonly path: string;
  /** What was sent, as JSON, where the realm records that. */
  readonly details?: string;
}

export interface RealmUser {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly enabled: boolean;
  readonly emailVerified: boolean;
  readonly requiredActions: readonly string[];
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Identifier of the directory the account lives in. */
  readonly directoryId?: string;
}

export interface RealmGroup {
  readonly id: string;
  readonly name: string;
  /** With its parents, such as `/data-science/inside`. */
  readonly path: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Realm roles it holds directly. */
  readonly roles: readonly string[];
  /** Usernames of its direct members. */
  readonly members: readonly string[];
}

export interface RealmRole {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Names of the realm roles that are its direct parts. */
  readonly composites: readonly string[];
  /** Names of the clients' roles that are its direct parts. */
  readonly clientRoles?: readonly string[];
  /** Usernames of those who hold it directly. */
  readonly users: readonly string[];
}

/** Who wrote an object, as far as the API server knows. */
export interface Origin {
  /** The field manager that wrote last, such as `kubectl-edit` or `kfam`. */
  readonly manager?: string;
  /** When it wrote, ISO 8601. */
  readonly time?: string;
}

export interface ClusterObject extends Origin {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface NamespacedObject extends ClusterObject {
  readonly namespace: string;
}

export interface Subject {
  readonly kind: "User" | "Group" | "ServiceAccount";
  readonly name: string;
  /** Of a service account. */
  readonly namespace?: string;
}

export interface BindingObject extends ClusterObject {
  readonly role: { readonly kind: "Role" | "ClusterRole"; readonly name: string };
  readonly subjects: readonly Subject[];
}

export interface ProfileObject extends ClusterObject {
  readonly owner: string;
  readonly quota: Readonly<Record<string, string>>;
}

export interface LimitRangeObject extends NamespacedObject {
  readonly limits: readonly {
    readonly type: string;
    readonly default: Readonly<Record<string, string>>;
    readonly defaultRequest: Readonly<Record<string, string>>;
    /** Whatever else it limits, such as `max`. */
    readonly more?: readonly string[];
  }[];
}

/** An AuthorizationPolicy with its `spec` as it stands. */
export interface PolicyObject extends NamespacedObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface ClusterSnapshot {
  readonly namespaces: readonly ClusterObject[];
  readonly profiles: readonly ProfileObject[];
  readonly roleBindings: readonly (BindingObject & { readonly namespace: string })[];
  readonly clusterRoleBindings: readonly BindingObject[];
  readonly policies: readonly PolicyObject[];
  readonly limitRanges: readonly LimitRangeObject[];
}

export interface StoreSnapshot {
  readonly buckets: readonly string[];
  /** What buckets give to people without any login, by bucket. */
  readonly bucketPolicies?: Readonly<Record<string, S3Document>>;
  /** Policy documents by name, MinIO's own included. */
  readonly policies: Readonly<Record<string, S3Document>>;
  /** Users of MinIO itself, by access key; service accounts are not users. */
  readonly users: Readonly<Record<string, { readonly enabled: boolean; readonly policies: readonly string[] }>>;
}

export interface S3Document {
  readonly Version?: string;
  readonly Statement?: readonly {
    readonly Sid?: string;
    readonly Effect?: string;
    readonly Action?: readonly string[] | string;
    readonly Resource?: readonly string[] | string;
    readonly Condition?: unknown;
  }[];
}
