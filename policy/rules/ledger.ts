import { at, count, entries, list, shown, text, texts } from "../reading.ts";
import { type Finding, type Outcome, stackRule } from "../rule.ts";
import { isForeignRole } from "../seeds.ts";
import {
  account,
  authorizationPolicy,
  clusterRoleBinding,
  component,
  group,
  groupRoles,
  role,
  roleBinding,
  stack,
  stash,
  userGroups,
  userRoles,
} from "../types.ts";

/** The resource in which the stack's state keeps every right by whom it is given to. */
export function ledgerOf(resources: readonly Outcome[]): Outcome | undefined {
  return resources.find(({ type, name, parent }) => type === stash && name === "grants" && parent?.type === stack);
}

/**
 * An update takes away what the ledger no longer says, before it gives anything. What is given past the ledger would
 * stay: so every right that a resource gives is looked for in it. Of Kubernetes' objects it is what the cluster has, so
 * a subject or an address that somebody added there, which a refresh does not see, is found here.
 */
export const ledgerIsComplete = stackRule(
  {
    name: "ledger-is-complete",
    description: "Every right that a resource gives stands in the ledger, by which it is taken away.",
    severity: "critical",
    remedy: "Give access through the files; what somebody added on the platform, take away there (access drift).",
  },
  (resources) => {
    const ledger = ledgerOf(resources);
    if (!ledger) return [{ what: `the stack has no ledger (${stash} "grants")` }];
    const says = (...path: string[]) => at(ledger.props, "input", ...path);
    return resources.flatMap((resource): Finding[] => {
      switch (resource.type) {
        case userRoles:
          return [
            ...receiver(resource, "userId", account, resources),
            ...givenRoles(resource, texts(says("users", usernameOf(resource), "roles")), resources),
          ];
        case userGroups:
          return [
            ...receiver(resource, "userId", account, resources),
            ...given(resource, "groupIds", group, texts(says("users", usernameOf(resource), "groups")), resources),
          ];
        case groupRoles:
          return [
            ...receiver(resource, "groupId", group, resources),
            ...givenRoles(resource, groupLedger(resource, says), resources),
          ];
        case roleBinding:
          return contributors(resource, says("workspaces"));
        case clusterRoleBinding:
          return clusterWide(resource, says("cluster"));
        case authorizationPolicy:
          return addresses(resource, says("workspaces"));
        default:
          return [];
      }
    });
  },
);

/**
 * What it is given to is of the same component: the account of a user, the group of a group. One of a directory, and a
 * platform's group that others made, is none of this stack's resources, so nothing of them may be the receiver.
 */
function receiver(resource: Outcome, property: string, type: string, resources: readonly Outcome[]): Finding[] {
  const { name, parent } = resource;
  const own = resources.filter(
    (one) =>
      one.type === type &&
      one.parent === parent &&
      // A realm has two groups, and a group those inside it.
      (type === account || `${one.name}-roles` === name || one.name === `${parent?.name ?? ""}-group`),
  );
  const found = (resource.madeFrom[property] ?? []).filter((one) => one.type === type);
  const isOwn = found.length === own.length && found.every((one) => own.includes(one));
  return isOwn
    ? []
    : [{ of: resource, what: `it gives that to ${found.map((one) => `"${one.name}"`).join(", ") || "somebody else"}` }];
}

function usernameOf({ parent }: Outcome): string {
  return text(parent?.props, "username") ?? "";
}

function groupLedger({ name, parent }: Outcome, says: (...path: string[]) => unknown): string[] {
  if (parent?.type === component.group) return texts(says("groups", parent.name));
  const [, roles] =
    entries(says("platformGroups")).find(([platformGroup]) => name.endsWith(`-group-${platformGroup}-roles`)) ?? [];
  return texts(roles);
}

/** A role that somebody else made is known by its name in the ledger only. */
function givenRoles(resource: Outcome, written: readonly string[], resources: readonly Outcome[]): Finding[] {
  const own = resources.filter(({ type }) => type === role).map(({ props }) => text(props, "name"));
  const others = written.filter((name) => !own.includes(name));
  return [
    ...given(resource, "roleIds", role, written, resources),
    ...others.filter(isForeignRole).map((name) => ({
      of: resource,
      what: `it gives ${shown(name)}, which means something to Keycloak, MinIO or Kubernetes`,
    })),
    ...others
      .filter((name) => name.startsWith("pk:"))
      .map((name) => ({
        of: resource,
        what: `it gives ${shown(name)}, which is a role of a workspace that this stack does not have`,
      })),
  ];
}

/** Identifiers are not known in every preview, but which resources they come from is. */
function given(
  resource: Outcome,
  property: string,
  type: string,
  written: readonly string[],
  resources: readonly Outcome[],
): Finding[] {
  const sources = (resource.madeFrom[property] ?? []).filter((source) => source.type === type);
  const names = sources.map(({ props }) => text(props, "name") ?? "");
  const found = count(resource.props, property);
  const here = new Set(resources.filter((one) => one.type === type).map(({ props }) => text(props, "name")));
  const missing = written.filter((name) => here.has(name) && !names.includes(name));
  return [
    ...names
      .filter((name) => !written.includes(name))
      .map((name) => ({ of: resource, what: `it gives ${shown(name)}, which the ledger does not say` })),
    ...missing.map((name) => ({ of: resource, what: `it does not give ${shown(name)}, which the ledger says` })),
    ...(found === undefined || found === written.length
      ? []
      : [{ of: resource, what: `it gives ${found} and the ledger says ${written.length}: ${written.join(", ")}` }]),
  ];
}

function contributors(binding: Outcome, workspaces: unknown): Finding[] {
  const namespace = text(binding.props, "metadata", "namespace") ?? "";
  const level = text(binding.props, "roleRef", "name")?.replace("kubeflow-", "");
  return (list(binding.props, "subjects") ?? []).flatMap((subject) => {
    const name = text(subject, "name") ?? "";
    const isOwnRole = text(subject, "kind") === "Group" && name === `pk:${level ?? ""}:${namespace}`;
    return isOwnRole || at(workspaces, namespace, "contributors", name) === level
      ? []
      : [{ of: binding, what: `${shown(name)} has ${shown(level)} in ${namespace}, which the ledger does not say` }];
  });
}

function clusterWide(binding: Outcome, cluster: unknown): Finding[] {
  const level = text(binding.props, "roleRef", "name")?.replace("kubeflow-", "");
  return (list(binding.props, "subjects") ?? []).flatMap((subject) => {
    const name = text(subject, "name") ?? "";
    return at(cluster, name) === level
      ? []
      : [{ of: binding, what: `${shown(name)} has ${shown(level)} everywhere, which the ledger does not say` }];
  });
}

function addresses(policy: Outcome, workspaces: unknown): Finding[] {
  const namespace = text(policy.props, "metadata", "namespace") ?? "";
  const access = text(policy.props, "metadata", "name") === "pk-members" ? "full" : "pipelines";
  const known = texts(workspaces, namespace, "network", access);
  return (list(policy.props, "spec", "rules") ?? []).flatMap((rule) => {
    const values = (list(rule, "when") ?? []).flatMap((condition) => texts(condition, "values"));
    if (values.length === 0) return [{ of: policy, what: `a rule in ${namespace} names nobody, so it is everybody` }];
    return values
      .filter((value) => !known.includes(value))
      .map((value) => ({ of: policy, what: `${shown(value)} gets into ${namespace}, which the ledger does not say` }));
  });
}
