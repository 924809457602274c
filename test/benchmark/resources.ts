/** A resource as a stack's exported state has it. */
export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string;
  /** Whether it is no component. */
  readonly custom?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly dependencies?: readonly string[];
}

/** The resources in a state, given as `pulumi stack export` prints it; each after those it waits for. */
export function resourcesIn(text: string): Resource[] {
  return (JSON.parse(text) as { deployment: { resources: Resource[] } }).deployment.resources;
}

/** What a stack is made of. */
export interface Composition {
  readonly resources: number;
  /** The most that one workspace has beside what comes with its members. */
  readonly ofWorkspace: number;
  /** The most that one user has beside the personal workspace. */
  readonly ofUser: number;
  readonly kilobytes: number;
}

const workspace = "prokube:access:Workspace";
const user = "prokube:access:User";

/** Counts what stands in a state, given as `pulumi stack export` prints it. */
export function compositionOf(text: string): Composition {
  const resources = resourcesIn(text);
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const homeOf = (resource: Resource): Resource | undefined => {
    if (resource.type === workspace || resource.type === user) return resource;
    const parent = byUrn.get(resource.parent ?? "");
    return parent && homeOf(parent);
  };
  const homes = Map.groupBy(
    resources.filter((resource) => !comesWithMembers(resource)),
    (resource) => homeOf(resource)?.urn,
  );
  const most = (type: string) =>
    Math.max(...[...homes].flatMap(([urn, own]) => (byUrn.get(urn ?? "")?.type === type ? [own.length] : [])));
  return {
    resources: resources.length,
    ofWorkspace: most(workspace),
    ofUser: most(user),
    kilobytes: Buffer.byteLength(text) / 1024,
  };
}

/** One binding for each member, and the network policies of all. */
function comesWithMembers({ type, urn }: Resource): boolean {
  return (
    (type.endsWith(":RoleBinding") && urn.includes("-contributor-")) ||
    type === "kubernetes:security.istio.io/v1:AuthorizationPolicy"
  );
}
