import { stackRule } from "../rule.ts";
import { component, roleBinding } from "../types.ts";

/** The engine costs milliseconds for each resource, and a self-managed backend writes all of them at every step. */
export const size = stackRule(
  {
    name: "size",
    description: "A workspace without its members, and a user, are made of few resources.",
    severity: "low",
    remedy: "See docs/architecture.md for what each resource is for.",
    config: {
      schema: {
        properties: {
          workspace: { type: "integer", minimum: 1 },
          user: { type: "integer", minimum: 1 },
        },
      },
      defaults: { workspace: 25, user: 4 },
    },
  },
  (resources, { workspace, user }) => {
    const limits: Readonly<Record<string, number>> = { [component.workspace]: workspace, [component.user]: user };
    return resources.flatMap((one) => {
      const limit = Object.hasOwn(limits, one.type) ? limits[one.type] : undefined;
      if (limit === undefined) return [];
      const parts = resources.filter(
        ({ type, parent, name }) =>
          parent?.urn === one.urn &&
          type !== component.workspace &&
          !(type === roleBinding && name.startsWith(`${one.name}-contributor-`)),
      );
      // The component itself is a resource too.
      const count = parts.length + 1;
      return count <= limit ? [] : [{ of: one, what: `it is ${count} resources; ${limit} are expected at most` }];
    });
  },
);
