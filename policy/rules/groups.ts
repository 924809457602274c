import { at, entries, expectValue, shown, text } from "../reading.ts";
import { type Finding, type Resource, resourceRule, stackRule } from "../rule.ts";
import { component, group } from "../types.ts";

/** A group inside another one has the other's roles. */
export const groups = resourceRule(
  {
    name: "groups",
    description: "A group is called like its file, and inside another one only for people who come from elsewhere.",
    severity: "critical",
    remedy: "Write the group's file; groups inside it follow from its list from:.",
    types: [group],
  },
  (resource) => [
    ...(isInside(resource.props) ? inner(resource) : outermost(resource)),
    ...expectValue(resource.props, ["organizationId"], [undefined, ""]),
    ...entries(resource.props, "attributes")
      .filter(([key]) => !["managed-by", "stack"].includes(key) && !key.startsWith("__"))
      .map(([key]) => `attributes.${key} is set; allowed are managed-by and stack`),
  ],
);

function outermost({ name, props, parent }: Resource): string[] {
  if (parent?.type === component.realm) {
    const own = text(props, "name") ?? "";
    return name === `${parent.name}-group-${own}` ? [] : [`name is ${shown(at(props, "name"))}, not that of ${name}`];
  }
  return expectValue(props, ["name"], [parent?.name ?? ""]);
}

function inner({ name, props, parent }: Resource): string[] {
  const own = `${parent?.name ?? ""}/`;
  if (parent?.type !== component.group || !name.startsWith(own)) {
    return ["it is inside another group, whose roles its members would have"];
  }
  return expectValue(props, ["name"], [name.slice(own.length)]);
}

/** Which group an inner one is in is known by what its parentId is made from. */
export const innerGroups = stackRule(
  {
    name: "inner-groups",
    description: "A group for people from elsewhere is inside the group of its own file.",
    severity: "critical",
    remedy: "The program makes it from the group's list from:.",
  },
  (resources) =>
    resources
      .filter((one) => one.type === group && (isInside(one.props) || (one.madeFrom["parentId"] ?? []).length > 0))
      .flatMap((one): Finding[] => {
        const found = (one.madeFrom["parentId"] ?? []).filter(({ type }) => type === group);
        const isOwn =
          found.length === 1 && found.every((above) => above.parent === one.parent && !isInside(above.props));
        const names = found.map(({ props }) => text(props, "name") ?? "").join(", ");
        return isOwn ? [] : [{ of: one, what: `it is inside ${names || "a group that this stack does not make"}` }];
      }),
);

function isInside(props: unknown): boolean {
  return ![undefined, null, ""].includes(at(props, "parentId") as string | null | undefined);
}
