import { at, entries, list, text, texts, unknown } from "../reading.ts";
import { type Finding, stackRule } from "../rule.ts";
import { account, component, userGroups } from "../types.ts";
import { ledgerOf } from "./ledger.ts";

/** Whoever is not in it is let in nowhere (seed 000); people of a directory are put there by the directory. */
export const everybodyIsAUser = stackRule(
  {
    name: "everybody-is-a-user",
    description: "Every enabled account is in the platform's group of users.",
    severity: "medium",
    remedy: "The group is platformGroups.user in platform.yaml.",
    config: {
      schema: {
        properties: { userGroup: { type: "string", description: "The group that everybody is in." } },
      },
      defaults: { userGroup: "pk-user" },
    },
  },
  (resources, { userGroup }) => {
    const ledger = ledgerOf(resources);
    const people = resources.filter(({ type, props, parent }) => {
      return type === account && parent?.type === component.user && at(props, "enabled") !== false;
    });
    const memberships = people.map((person) => ({
      person,
      groups: resources.find(({ type, parent }) => type === userGroups && parent?.urn === person.parent?.urn),
    }));
    // Which groups those of a new account are, a preview may not know.
    const known = memberships.flatMap(({ groups }) =>
      groups && at(groups.props, "groupIds") !== unknown ? [list(groups.props, "groupIds") ?? []] : [],
    );
    const common = inCommon(known);
    return [
      ...memberships.flatMap(({ person, groups }): Finding[] => {
        const username = text(person.parent?.props, "username") ?? "";
        const written = texts(ledger?.props, "input", "users", username, "groups");
        return groups && written.includes(userGroup) ? [] : [{ of: person, what: `it is not in ${userGroup}` }];
      }),
      ...(known.length > 0 && common.length === 0
        ? [{ what: `the accounts have no group in common, so not all of them are in ${userGroup}` }]
        : []),
    ];
  },
);

/** A group that is made in this update has no identifier yet; those that have one are compared. */
function inCommon(lists: readonly (readonly unknown[])[]): unknown[] {
  const [first = [], ...others] = lists;
  return first.filter((id) => others.every((other) => other.includes(id)));
}

/** An empty folder, or another environment's, is a plan that removes everybody (kubernetes/org#4365). */
export const enoughIsLeft = stackRule(
  {
    name: "enough-is-left",
    description: "The stack keeps at least so many administrators, users and workspaces as its configuration says.",
    severity: "high",
    remedy: "Look for files that are missing; lower the number in policy/<stack>.json if so few are meant.",
    config: {
      schema: {
        properties: {
          administrators: { type: "integer", minimum: 0 },
          users: { type: "integer", minimum: 0 },
          workspaces: { type: "integer", minimum: 0 },
          adminGroup: { type: "string" },
        },
      },
      defaults: { administrators: 2, users: 1, workspaces: 1, adminGroup: "pk-admin" },
    },
  },
  (resources, { administrators, users, workspaces, adminGroup }) => {
    const input = at(ledgerOf(resources)?.props, "input");
    const people = resources.filter(({ type }) => type === component.user);
    const admins = entries(input, "users").filter(([, user]) => texts(user, "groups").includes(adminGroup));
    const counts = [
      ["users", people.length, users],
      ["workspaces", resources.filter(({ type }) => type === component.workspace).length, workspaces],
      [`users in ${adminGroup}`, admins.length, administrators],
    ] as const;
    return counts
      .filter(([, count, least]) => count < least)
      .map(([what, count, least]) => ({ what: `the stack has ${count} ${what}; at least ${least} must stay` }));
  },
);
