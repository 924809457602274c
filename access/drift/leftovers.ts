import { storageUserName, workspaceRoleNames, workspaceRoles } from "../names.ts";
import { actorOf, type Context, makerOf } from "./context.ts";
import { type Difference, few, takenByUpdate } from "./difference.ts";
import { holdersOf } from "./holders.ts";
import { statementsOf } from "./reach.ts";

/** What is left of workspaces that are archived or have no file any more. Their buckets are to stay. */
export function leftovers(context: Context): Difference[] {
  return context.gone.flatMap((name) => [
    ...leftRoles(context, name),
    ...leftNamespace(context, name),
    ...leftPolicies(context, name),
  ]);
}

const remedy = `${takenByUpdate}; otherwise delete it by hand`;

function named({ plan }: Context, name: string): string {
  return `workspace "${name}"${plan.archived.workspaces.includes(name) ? ", which is archived" : ", which has no file"}:`;
}

function leftRoles(context: Context, name: string): Difference[] {
  const { snapshot, roles } = context;
  const left = workspaceRoleNames(name).filter((role) => roles.has(role));
  if (left.length === 0) return [];
  const holders = [...new Set(left.flatMap((role) => holdersOf(role, snapshot)))].toSorted();
  const who = holders.length > 0 ? few(holders) : "nobody";
  return [
    {
      class: holders.length > 0 ? "extra access" : "cosmetic",
      plane: "identity",
      what: `${named(context, name)} realm roles ${few(left)} are left, held by ${who}`,
      where: undefined,
      ...actorOf(
        context,
        left.flatMap((role) => [`roles-by-id/${roles.get(role)?.id ?? ""}`, `roles/${role}`]),
      ),
      remedy,
    },
  ];
}

function leftNamespace(context: Context, name: string): Difference[] {
  const { cluster } = context.snapshot;
  const namespace = cluster.namespaces.find((one) => one.name === name);
  if (!namespace) return [];
  const people = cluster.roleBindings
    .filter((binding) => binding.namespace === name)
    .flatMap(({ subjects }) => subjects.filter(({ kind }) => kind !== "ServiceAccount"))
    .map((subject) => subject.name)
    .filter((person) => person !== context.plan.platform.owner);
  const policies = cluster.policies.filter(
    (policy) => policy.namespace === name && policy.name !== "ns-owner-access-istio",
  );
  const isOpen = people.length > 0 || policies.length > 0;
  const what = people.length > 0 ? `with rights for ${few([...new Set(people)])}` : "without rights for anybody";
  return [
    {
      class: isOpen ? "extra access" : "cosmetic",
      plane: "compute",
      what: `${named(context, name)} the namespace is left, ${what}`,
      where: undefined,
      ...makerOf(namespace),
      remedy,
    },
  ];
}

function leftPolicies(context: Context, name: string): Difference[] {
  const { store } = context.snapshot;
  const { s3Edit, s3View } = workspaceRoles(name);
  const open = [s3Edit, s3View].filter((policy) =>
    statementsOf(store.policies[policy] ?? {}).some(({ Effect }) => Effect === "Allow"),
  );
  const user = storageUserName(name);
  return [
    ...(open.length > 0
      ? [
          {
            class: "extra access" as const,
            plane: "storage" as const,
            what: `${named(context, name)} S3 policies ${few(open)} are left and open its buckets`,
            where: undefined,
            remedy,
          },
        ]
      : []),
    ...(user in store.users && open.length === 0
      ? [
          {
            class: "cosmetic" as const,
            plane: "storage" as const,
            what: `${named(context, name)} S3 user "${user}" is left, without access`,
            where: undefined,
            remedy,
          },
        ]
      : []),
  ];
}
