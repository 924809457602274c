import { type AccessRecord, acknowledgementOf, type EndRecord, recordOn, type Removal, removals } from "./diff.ts";
import { InputError } from "./diagnostic.ts";
import type { DesiredState } from "./load.ts";
import type { Platform } from "./schema.ts";

/** Why a change is refused although the desired state is sound. */
export interface GuardFinding {
  readonly guard: "removals" | "administrators" | "yourself" | "target";
  /** What was found, what is allowed, what to do. */
  readonly message: string;
}

/** How much a change may take away. */
export type Limits = Pick<Platform["guards"], "maximumRemovals" | "maximumRemovedShare" | "minimumAdmins">;

export function limitsOf({ maximumRemovals, maximumRemovedShare, minimumAdmins }: Limits): Limits {
  return { maximumRemovals, maximumRemovedShare, minimumAdmins };
}

/** What holds for a change that writes other limits: the stricter of both, or it would set its own. */
function stricter(written: Limits, earlier: Limits = written): Limits {
  return {
    maximumRemovals: Math.min(written.maximumRemovals, earlier.maximumRemovals),
    maximumRemovedShare: Math.min(written.maximumRemovedShare, earlier.maximumRemovedShare),
    minimumAdmins: Math.max(written.minimumAdmins, earlier.minimumAdmins),
  };
}

/** Up to this many removals need no acknowledgement, whatever share they are: somebody leaves a small platform. */
const neverAsked = 3;

/**
 * Whether a change takes away so much that it may be a mistake: more than a share of all access, or more than a number.
 *
 * @param renamed usernames after the change by those before it
 * @param earlier the limits before the change
 */
export function guardRemovals(
  before: AccessRecord,
  after: AccessRecord,
  { guards }: Pick<Platform, "guards">,
  renamed: ReadonlyMap<string, string> = new Map(),
  earlier?: Limits,
): GuardFinding[] {
  const { maximumRemovals, maximumRemovedShare } = stricter(guards, earlier);
  const removed = removals(before, after, renamed);
  const all = Object.values(before).reduce((sum, holders) => sum + Object.keys(holders).length, 0);
  const share = all === 0 ? 0 : (removed.length / all) * 100;
  const isMuch = removed.length > maximumRemovals || (share > maximumRemovedShare && removed.length > neverAsked);
  if (!isMuch) return [];
  const needed = acknowledgementOf(removed);
  if (guards.acknowledged === needed) return [];
  const given =
    guards.acknowledged === undefined ? "" : ` The one that is written, ${guards.acknowledged}, is for another change.`;
  return [
    {
      guard: "removals",
      message:
        `this takes away ${removed.length} of ${all} (${Math.round(share)} %): ${shown(removed)}. ` +
        `Allowed without acknowledgement: ${maximumRemovals}, and ${maximumRemovedShare} %${fromNextOn(guards, earlier)}. ` +
        `If it is meant, write in platform.yaml: guards: { acknowledged: "${needed}" }.${given}`,
    },
  ];
}

function fromNextOn(written: Limits, earlier: Limits | undefined): string {
  const isStricter = JSON.stringify(stricter(written, earlier)) !== JSON.stringify(limitsOf(written));
  return isStricter ? " (what platform.yaml says now holds from the next change on)" : "";
}

function shown(removed: readonly Removal[]): string {
  const some = removed.slice(0, 5).map(({ place, who, before }) => `${who} (${before} in ${place})`);
  const more = removed.length > some.length ? ` and ${removed.length - some.length} more` : "";
  return some.join(", ") + more;
}

/**
 * Whether a change leaves too few administrators: it may not take the last ones away, but a platform that has fewer may
 * get more.
 *
 * @param others enabled administrators that the files do not name, where that is known
 */
export function guardAdministrators(
  before: AccessRecord,
  after: AccessRecord,
  { guards, platformGroups }: Pick<Platform, "guards" | "platformGroups">,
  others: readonly string[] = [],
  renamed: ReadonlyMap<string, string> = new Map(),
  earlier?: Limits,
): GuardFinding[] {
  const { minimumAdmins } = stricter(guards, earlier);
  const now = administratorsIn(after);
  const lost = administratorsIn(before)
    .map((who) => renamed.get(who) ?? who)
    .filter((who) => !now.includes(who));
  const elsewhere = others.map((who) => renamed.get(who) ?? who).filter((who) => !lost.includes(who));
  const left = new Set([...now, ...elsewhere]);
  if (lost.length === 0 || left.size >= minimumAdmins) return [];
  return [
    {
      guard: "administrators",
      message:
        `this leaves ${left.size === 0 ? "no administrator" : `only ${[...left].toSorted().join(", ")}`} in ${platformGroups.admin}, ` +
        `because ${lost.toSorted().join(", ")} would no longer be one; at least ${minimumAdmins} must be left${fromNextOn(guards, earlier)}. ` +
        "Write admin: true in another user's file first.",
    },
  ];
}

/** Whatever their group is called: it may be another one after the change. */
function administratorsIn(record: AccessRecord): string[] {
  return Object.entries(record).flatMap(([place, holders]) =>
    place.startsWith("platform ") ? Object.keys(holders) : [],
  );
}

/** Whether a change takes administration from whoever makes it. */
export function guardYourself(
  yourself: string | undefined,
  before: AccessRecord,
  after: AccessRecord,
  { platformGroups }: Pick<Platform, "platformGroups">,
): GuardFinding[] {
  if (yourself === undefined) return [];
  if (!administratorsIn(before).includes(yourself) || administratorsIn(after).includes(yourself)) return [];
  return [
    {
      guard: "yourself",
      message: `this takes ${platformGroups.admin} from ${yourself}, as whom you are logged in. Let another administrator do it.`,
    },
  ];
}

/** The cluster and the realm, by what no copy of them shares. */
export interface Target {
  /** UID of the namespace kube-system. */
  readonly cluster?: string | undefined;
  /** Identifier of the realm. */
  readonly realm?: string | undefined;
}

/**
 * Whether this is the platform that the stack is for: the one that platform.yaml names, or else the one it was before.
 *
 * @param remembered what the stack's state says
 */
export function guardTarget(
  found: Target,
  { guards }: Pick<Platform, "guards">,
  remembered: Target = {},
): GuardFinding[] {
  return (["cluster", "realm"] as const).flatMap((part): GuardFinding[] => {
    const [written, is] = [guards[part], found[part]];
    const expected = written ?? remembered[part];
    if (is === undefined || expected === undefined || is === expected) return [];
    const source = written === undefined ? "this stack has been applied to" : "platform.yaml names";
    return [
      {
        guard: "target",
        message:
          `the ${part} is ${is}, but ${source} ${expected}: this may be another environment's ${part}. ` +
          `Check kubeconfig and addresses; if the ${part} was really replaced, write in platform.yaml: guards: { ${part}: "${is}" }.`,
      },
    ];
  });
}

/**
 * Refuses another cluster or realm than the one platform.yaml names, before anything else is looked at.
 *
 * @throws {InputError} at the line that names it
 */
export function requireTarget({ platform }: Pick<DesiredState, "platform">, found: Target): void {
  const wrong = (["cluster", "realm"] as const).flatMap((part) =>
    guardTarget({ [part]: found[part] }, platform.value).map(({ message }) => ({
      ...platform.at("guards", part),
      code: "wrong-target" as const,
      message,
    })),
  );
  if (wrong.length > 0) throw new InputError(wrong);
}

/** What a stack remembers of its platform: not a realm that it makes itself, which is there only after the first update. */
export function rememberedTarget(
  { platform }: { readonly platform: Pick<Platform, "realmManagement"> },
  found: Target,
): Target {
  return platform.realmManagement === "all" ? { cluster: found.cluster } : found;
}

/** What a guard looks at in an update: what the stack gave until now and what it will give, and where. */
export interface Guarded {
  readonly before: {
    readonly access: AccessRecord;
    readonly ends: EndRecord;
    readonly limits?: Limits;
    readonly target: Target;
  };
  readonly after: { readonly access: AccessRecord; readonly target: Target };
  readonly platform: Pick<Platform, "guards" | "platformGroups">;
  /** Enabled administrators, whoever made them so. */
  readonly administrators: readonly string[];
  readonly yourself: string | undefined;
  readonly renamed: ReadonlyMap<string, string>;
  /** The day (UTC) of the update. */
  readonly date: string;
}

/** Everything that stands against an update; nothing for a stack that has given nothing yet. */
export function guard({ before, after, platform, administrators, yourself, renamed, date }: Guarded): GuardFinding[] {
  const was = recordOn(before.access, before.ends, date);
  return [
    ...guardTarget(after.target, platform, before.target),
    ...guardRemovals(was, after.access, platform, renamed, before.limits),
    ...guardAdministrators(was, after.access, platform, administrators, renamed, before.limits),
    ...guardYourself(yourself, was, after.access, platform),
  ];
}
