import {
  accountOf,
  canonical,
  type Inventory,
  type LiveObject,
  objectKey,
  type ObjectKind,
  stackInAttributes,
  stackInLabels,
  stackInStatementId,
} from "../inventory.ts";
import { bindingAccess } from "../objects.ts";
import { accessIn } from "../s3Policy.ts";
import type { BindingObject, ClusterObject, S3Document, Snapshot } from "../snapshot.ts";
import { RealmFacts } from "./facts.ts";
import { givenTo } from "./mesh.ts";

/** What of a snapshot a plan can meet: the same as a survey before an update, as far as access goes. */
export function inventoryOf({ realm, cluster, store }: Snapshot, realmName: string): Inventory {
  const facts = new RealmFacts(realm);
  const objects: LiveObject[] = [
    ...realm.roles.map(({ id, name, attributes, users }) => ({
      ...marked("realm role", name, `${realmName}/${id}`, stackInAttributes(attributes)),
      members: [
        ...users.map((user) => `user ${user}`),
        ...facts.groups.filter(({ roles }) => roles.includes(name)).map((group) => `group ${group.name}`),
      ],
    })),
    ...realm.groups
      .filter(({ name, path }) => path === `/${name}`)
      .map(({ id, name, attributes, members }) => ({
        ...marked("group", name, `${realmName}/${id}`, stackInAttributes(attributes)),
        members: members.map((user) => `user ${user}`),
      })),
    ...cluster.namespaces.map((one) => ({ ...object("namespace", one), ...owned(one.annotations["owner"]) })),
    ...cluster.profiles.map((one) => ({ ...object("Profile", one), ...owned(one.owner) })),
    ...cluster.limitRanges.map((one) => object("LimitRange", one, one.namespace)),
    ...cluster.roleBindings.map((one) => binding("RoleBinding", one, one.namespace)),
    ...cluster.clusterRoleBindings.map((one) => binding("ClusterRoleBinding", one)),
    ...cluster.policies.map((one) => ({
      ...object("AuthorizationPolicy", one, one.namespace),
      access: canonical(one.spec),
      people: givenTo(one),
    })),
    ...store.buckets.map((name) => ({ kind: "bucket" as const, name, id: name })),
    ...Object.entries(store.policies).map(([name, document]) => policy(name, document)),
    ...Object.keys(store.users).map((name) => ({ kind: "S3 user" as const, name, id: name })),
  ];
  return {
    objects: new Map(objects.map((one) => [objectKey(one.kind, one.name), one])),
    accounts: realm.users.map(accountOf),
    realm: undefined,
    seen: [],
    masterRealm: [],
    gateway: undefined,
    dex: undefined,
    target: {},
    administrators: [],
    yourself: undefined,
    dropsAttributes: false,
    registrationFlow: false,
  };
}

/** The stack that a policy's statements name, if all name the same, and what the first says it is. */
export function markOf({ Statement = [] }: S3Document): { readonly stack: string; readonly what: string } | undefined {
  const marks = Statement.map(({ Sid }) => stackInStatementId(Sid));
  const [first] = marks;
  return first && marks.every((mark) => mark?.stack === first.stack) ? first : undefined;
}

function policy(name: string, document: S3Document): LiveObject {
  const mark = markOf(document);
  const personalOf = /^record\/(.+)$/.exec(mark?.what ?? "")?.[1];
  return {
    ...marked("S3 policy", name, name, mark?.stack),
    access: accessIn(document.Statement ?? []),
    ...(personalOf !== undefined && { personalOf }),
  };
}

function marked(kind: ObjectKind, name: string, id: string, stack: string | undefined): LiveObject {
  return { kind, name, id, ...(stack !== undefined && { stack }) };
}

function object(kind: ObjectKind, { name, labels }: ClusterObject, namespace?: string): LiveObject {
  const id = namespace === undefined ? name : `${namespace}/${name}`;
  return marked(kind, id, id, stackInLabels(labels));
}

function binding(kind: "RoleBinding" | "ClusterRoleBinding", one: BindingObject, namespace?: string): LiveObject {
  return {
    ...object(kind, one, namespace),
    access: bindingAccess(
      one.role.name,
      one.subjects.map((subject) => `${subject.kind} ${subject.name}`),
    ),
    people: one.subjects.filter((subject) => subject.kind === "User").map(({ name }) => name),
  };
}

function owned(owner: string | undefined): { owner?: string } {
  return owner === undefined ? {} : { owner };
}
