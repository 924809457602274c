import type * as pulumi from "@pulumi/pulumi";

/** Identifiers of realm roles (or groups) in Keycloak, by name. */
export type Ids = ReadonlyMap<string, pulumi.Output<string>>;

/**
 * The identifiers of the named roles or groups.
 *
 * @throws {Error} when one is not among them: the plan names only what it also creates, so that is a bug
 */
export function idsOf(names: readonly string[], ...known: readonly Ids[]): pulumi.Output<string>[] {
  return names.map((name) => {
    const id = known.map((ids) => ids.get(name)).find((found) => found !== undefined);
    if (id === undefined) throw new Error(`the plan uses "${name}" but nothing creates it; please report this`);
    return id;
  });
}
