import { type AccessDiff, accessDiff, recordOf, renames } from "./diff.ts";
import { compare } from "./diagnostic.ts";
import { accessEntries } from "./entries.ts";
import { type Expiring, expiringSoon } from "./expiry.ts";
import { guardAdministrators, type GuardFinding, guardRemovals } from "./guards.ts";
import type { DesiredState } from "./load.ts";
import { resolve } from "./resolve.ts";
import { risksOf } from "./risks.ts";
import { type SettingChange, settingChanges } from "./settings.ts";

/** What a reviewer of a change has to know, from the files before and after it alone. */
export interface Review extends AccessDiff {
  readonly settings: readonly SettingChange[];
  /** Accounts that go on under another username, with everything that they have. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** What nobody should approve without having thought about it, what weighs most first. */
  readonly risks: readonly string[];
  /** Why the change would be refused. */
  readonly guards: readonly GuardFinding[];
  /** Grants that end soon, after the change. */
  readonly expiring: readonly Expiring[];
}

/**
 * Compares two desired states for one day.
 *
 * @param before absent where the stack is new
 * @param after absent where it goes
 */
export function review(before: DesiredState | undefined, after: DesiredState | undefined, date: string): Review {
  const [was, is] = [before, after].map((state) => {
    if (!state) return { entries: [], users: [] };
    const plan = resolve(state, date);
    return { entries: accessEntries(state, plan), users: plan.users };
  });
  const [old, now] = [was?.entries ?? [], is?.entries ?? []];
  const renamed = renames(is?.users ?? [], before?.users ?? new Map());
  const diff = accessDiff(old, now, renamed);
  const settings = settingChanges(before, after, renamed);
  const platform = (after ?? before)?.platform.value;
  const earlier = before?.platform.value.guards;
  const [from, to] = [recordOf(old), recordOf(now)];
  return {
    ...diff,
    settings,
    renamed: [...renamed].map(([from, to]) => ({ from, to })).toSorted((a, b) => compare(a.to, b.to)),
    risks: risksOf(diff, settings, { before, after, renamed }, now),
    guards: platform
      ? [
          ...guardRemovals(from, to, platform, renamed, earlier),
          ...guardAdministrators(from, to, platform, [], renamed, earlier),
        ]
      : [],
    expiring: expiringSoon(now, date),
  };
}
