import { compare } from "./diagnostic.ts";
import { type AccessEntry, everybody, rightsIn } from "./entries.ts";
import type { Plan } from "./resolve.ts";

export interface GraphNode {
  /** `n1`, `n2`, ... */
  readonly id: string;
  readonly kind: "user" | "group" | "workspace" | "cluster";
  readonly label: string;
  /** How many it stands for; 1 for itself. */
  readonly size: number;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** What it gives, strongest first; empty for a membership in a group. */
  readonly access: readonly string[];
}

/** Who reaches what, through which groups: a picture's worth, whatever the size of the platform. */
export interface Graph {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** What to restrict the picture to; at most one. */
export interface Focus {
  readonly workspace?: string | undefined;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
}

/** More than a person can read, and than fits 1,200 pixels. */
export const mostNodes = 60;
const mostEdges = 150;
/** This many users with the same access are one node at once. */
const crowd = 12;

/**
 * The picture of workspaces and of what holds in every namespace. Large states are folded, step by step and only as far
 * as needed: people with the same access, personal workspaces, and at last the least connected of each kind. It never has
 * more than {@link mostNodes} nodes.
 */
export function accessGraph(stack: string, entries: readonly AccessEntry[], plan: Plan, focus: Focus = {}): Graph {
  const drawn = draw(entries.filter(isShown(focus)), focus);
  const personal = new Set(
    plan.users.flatMap(({ personalWorkspace }) => (personalWorkspace ? [`workspace ${personalWorkspace.name}`] : [])),
  );
  const isLarge = ({ nodes }: Drawing) => nodes.size > mostNodes;
  let folded = foldAlike(drawn, personal, crowd + 1);
  if (isLarge(folded)) folded = foldPersonal(folded, personal);
  if (isLarge(folded)) folded = foldAlike(folded, personal, 2);
  for (const each of [mostNodes / 3, 14, 10, 7, 5]) {
    if (!isLarge(folded) && folded.links.length <= mostEdges) break;
    folded = foldRest(folded, each);
  }
  return finished(folded, titleOf(stack, plan, focus));
}

interface Node {
  readonly kind: GraphNode["kind"];
  readonly label: string;
  readonly size: number;
}

interface Link {
  readonly from: string;
  readonly to: string;
  readonly access: readonly string[];
}

/** Keys of people without a file: nobody says how many they are. */
const elsewhere = "elsewhere";

/** A graph by keys such as `user alice`. */
interface Drawing {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly links: readonly Link[];
}

function isShown({ workspace, user, group }: Focus): (entry: AccessEntry) => boolean {
  return ({ who, isOutside, place: { kind, name }, paths }) => {
    if (kind !== "workspace" && kind !== "cluster") return false;
    // Whoever is in every namespace is in this one too.
    if (workspace !== undefined) return kind === "cluster" || name === workspace;
    if (user !== undefined) return !isOutside && who === user;
    return group === undefined || paths.some((path) => path.group === group);
  };
}

function draw(entries: readonly AccessEntry[], { workspace, user, group }: Focus): Drawing {
  const nodes = new Map<string, Node>();
  const links: Link[] = [];
  const add = (kind: Node["kind"], label: string, key = `${kind} ${label}`) => {
    if (!nodes.has(key)) nodes.set(key, { kind, label, size: 1 });
    return key;
  };
  if (user !== undefined) add("user", user);
  if (group !== undefined) add("group", group);
  if (workspace !== undefined) add("workspace", workspace);
  for (const { who, isOutside, place, paths } of entries) {
    const isPlain = !isOutside || who === everybody;
    for (const path of paths) {
      if (group !== undefined && path.group !== group) continue;
      const from = isPlain ? add("user", who) : add("user", `+ whoever is in ${who}`, `${elsewhere} ${who}`);
      const to = add(place.kind === "cluster" ? "cluster" : "workspace", place.name);
      const middle = path.group === undefined ? from : add("group", path.group);
      if (middle !== from) links.push({ from, to: middle, access: [] });
      links.push({ from: middle, to, access: [path.access] });
    }
  }
  return { nodes, links: merged(links) };
}

/** One link for each pair. */
function merged(links: readonly Link[]): Link[] {
  return [...Map.groupBy(links, ({ from, to }) => JSON.stringify([from, to])).values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const access = [...new Set(same.flatMap((link) => link.access))].toSorted(strongestFirst);
    return [{ from: first.from, to: first.to, access }];
  });
}

function strongestFirst(a: string, b: string): number {
  const rank = (access: string) => {
    const { kubernetes = 0, network = 0, storage = 0, cluster = 0 } = rightsIn(access);
    return cluster * 1000 + kubernetes * 100 + network * 10 + storage;
  };
  return rank(b) - rank(a) || compare(a, b);
}

/** Users who are in the same groups and have the same grants become one, where there are enough of them. */
function foldAlike(drawing: Drawing, personal: ReadonlySet<string>, least: number): Drawing {
  const out = Map.groupBy(drawing.links, ({ from }) => from);
  const users = [...drawing.nodes].filter(([key, { kind }]) => kind === "user" && !key.startsWith(elsewhere));
  const alike = Map.groupBy(users, ([key]) =>
    JSON.stringify(
      (out.get(key) ?? [])
        .map(({ to, access }) => [personal.has(to) ? personalKey : to, ...access].join("\n"))
        .toSorted(compare),
    ),
  );
  const crowds = [...alike.values()].filter((users) => users.length >= least);
  if (crowds.length === 0) return drawing;
  const own = new Set(
    crowds
      .flat()
      .flatMap(([key]) => (out.get(key) ?? []).map(({ to }) => to))
      .filter((to) => personal.has(to)),
  );
  return crowds.reduce<Drawing>(
    (before, users) => {
      const keys = users.map(([key]) => key);
      return fold(before, keys, "user", `alike ${keys[0] ?? ""}`, (size) => `+ ${size} users`);
    },
    foldPersonal(drawing, own),
  );
}

const personalKey = "personal workspaces";

function foldPersonal(drawing: Drawing, personal: ReadonlySet<string>): Drawing {
  const own = [...drawing.nodes.keys()].filter((key) => personal.has(key));
  if (own.length === 0) return drawing;
  const before = drawing.nodes.has(personalKey) ? [personalKey] : [];
  return fold(drawing, [...before, ...own], "workspace", personalKey, (size) =>
    size === 1 ? "personal workspace" : `${size} personal workspaces`,
  );
}

/** Keeps the best connected of each kind. */
function foldRest(drawing: Drawing, most: number): Drawing {
  const degree = new Map<string, number>();
  for (const { from, to } of drawing.links) {
    for (const key of [from, to]) degree.set(key, (degree.get(key) ?? 0) + (drawing.nodes.get(from)?.size ?? 1));
  }
  const kinds = [
    ["user", ["user"]],
    ["group", ["group"]],
    ["workspace", ["workspace", "cluster"]],
  ] as const;
  return kinds.reduce<Drawing>((before, [kind, kept]) => {
    const rest = `rest ${kind}`;
    const own = [...before.nodes].filter(([key, node]) => kept.some((one) => one === node.kind) && key !== rest);
    if (own.length < most) return before;
    const rank = ([key, node]: [string, Node]) =>
      node.kind === "cluster" || key === personalKey ? Infinity : (degree.get(key) ?? 0);
    const least = own
      .toSorted((a, b) => (rank(a) === rank(b) ? compare(a[0], b[0]) : rank(b) - rank(a)))
      .slice(most - 1)
      .map(([key]) => key);
    const keys = before.nodes.has(rest) ? [rest, ...least] : least;
    return fold(before, keys, kind, rest, (size) => `+ ${size} ${kind}s`);
  }, drawing);
}

/** Makes one node of several. */
function fold(
  { nodes, links }: Drawing,
  keys: readonly string[],
  kind: Node["kind"],
  key: string,
  labelOf: (size: number) => string,
): Drawing {
  const gone = new Set(keys);
  const size = keys.reduce((sum, one) => sum + (nodes.get(one)?.size ?? 0), 0);
  const left = [...nodes].filter(([one]) => !gone.has(one));
  const renamed = (end: string) => (gone.has(end) ? key : end);
  return {
    nodes: new Map([...left, [key, { kind, label: labelOf(size), size }]]),
    links: merged(links.map(({ from, to, access }) => ({ from: renamed(from), to: renamed(to), access }))),
  };
}

const kindOrder: readonly Node["kind"][] = ["user", "group", "workspace", "cluster"];

/** Numbers the nodes by kind and name, with what stands for several at the end. */
function finished({ nodes, links }: Drawing, title: string): Graph {
  const sorted = [...nodes].toSorted(
    ([a, one], [b, other]) =>
      kindOrder.indexOf(one.kind) - kindOrder.indexOf(other.kind) ||
      one.size - other.size ||
      compare(one.label, other.label) ||
      compare(a, b),
  );
  const ids = new Map(sorted.map(([key], index) => [key, `n${index + 1}`]));
  const position = (id: string) => Number(id.slice(1));
  return {
    title,
    nodes: sorted.map(([key, node]) => ({ id: ids.get(key) ?? "", ...node })),
    edges: links
      .map(({ from, to, access }) => ({ from: ids.get(from) ?? "", to: ids.get(to) ?? "", access }))
      .toSorted((a, b) => position(a.from) - position(b.from) || position(a.to) - position(b.to)),
  };
}

function titleOf(stack: string, { date }: Plan, { workspace, user, group }: Focus): string {
  const what =
    workspace !== undefined
      ? `workspace ${workspace}`
      : user !== undefined
        ? `user ${user}`
        : group !== undefined
          ? `group ${group}`
          : "workspaces";
  return `Access in stack ${stack}: ${what}, as of ${date} (UTC)`;
}

/** How an edge is drawn: by the strongest it gives. */
export function styleOf({ access }: GraphEdge): { readonly level: string; readonly isThin: boolean } {
  const [strongest] = access;
  if (strongest === undefined) return { level: "member", isThin: false };
  const { kubernetes = 0, network = 0, cluster = 0 } = rightsIn(strongest);
  if (cluster > 0) return { level: cluster === 2 ? "admin" : "edit", isThin: false };
  if (kubernetes === 0) return { level: "s3", isThin: false };
  return { level: kubernetes === 2 ? "edit" : "view", isThin: network === 1 };
}

/** What an edge gives, in a few words. */
export function wordsOf({ access }: GraphEdge): string {
  return access.length > 2 ? `${access[0] ?? ""} or less` : access.join(", ");
}
