import { distance } from "fastest-levenshtein";
import { compare, formatLocation } from "./diagnostic.ts";
import type { AccessChange, AccessDiff } from "./diff.ts";
import { type AccessEntry, everybody } from "./entries.ts";
import type { DesiredState } from "./load.ts";
import { type Compared, type Risk, riskKinds, settingRisks } from "./settingRisks.ts";
import type { SettingChange } from "./settings.ts";

/** How many people a single line may give something to before it is told. */
const many = 10;

/**
 * What nobody should approve without having thought about it: what gives access first, what is only for the eye last.
 *
 * @param entries who can do what after the change
 */
export function risksOf(
  { changes, ends }: AccessDiff,
  settings: readonly SettingChange[],
  compared: Compared,
  entries: readonly AccessEntry[],
): string[] {
  const gains = changes.filter(({ kind }) => kind !== "loss");
  const found: Risk[] = [
    ...accessRisks(gains, compared.before),
    ...settingRisks(settings, compared),
    ...ends
      .filter(({ isPutOff }) => isPutOff)
      .map(({ who, access, place, after }): Risk => ({
        kind: "access",
        text: `${who} keeps ${access} in ${place.name} ${after === undefined ? "for good" : `until ${after}`}`,
      })),
    ...crossWorkspace(gains, entries),
    ...lookAlikes(compared),
  ];
  return found.toSorted((a, b) => riskKinds.indexOf(a.kind) - riskKinds.indexOf(b.kind)).map(({ text }) => text);
}

function accessRisks(gains: readonly AccessChange[], before: DesiredState | undefined): Risk[] {
  const byLine = Map.groupBy(gains, ({ path }) => formatLocation(path.at));
  const texts = [
    ...gains
      .filter(({ place }) => place.kind === "platform")
      .map(({ who }) => `${who} becomes a platform administrator`),
    ...gains
      .filter(({ place }) => place.kind === "cluster")
      .map(({ who, after }) => `${who} gets ${after ?? ""} in every namespace of the cluster`),
    ...gains
      .filter(({ who, place }) => who === everybody && before !== undefined && wasThere(before, place))
      .map(({ place }) => `${place.kind} ${place.name} opens to everybody with an account`),
    ...[...byLine]
      .filter(([, given]) => given.length > many)
      .map(([at, given]) => `${at} gives something to ${given.length} people at once`),
  ];
  return texts.map((text) => ({ kind: "access", text }));
}

function wasThere(before: DesiredState, { kind, name }: AccessChange["place"]): boolean {
  return kind !== "application" || before.applications.has(name);
}

/** Somebody with edit in many shared workspaces can carry data from one to the other. */
function crossWorkspace(gains: readonly AccessChange[], entries: readonly AccessEntry[]): Risk[] {
  const inSharedWorkspaces = entries.filter(
    ({ isOutside, place, paths, access }) =>
      !isOutside &&
      place.kind === "workspace" &&
      paths.some(({ via }) => via !== "personal workspace") &&
      access.startsWith("edit"),
  );
  const byUser = Map.groupBy(inSharedWorkspaces, ({ who }) => who);
  const most = 3;
  return gains
    .filter(({ place, after }) => place.kind === "workspace" && after?.startsWith("edit") === true)
    .map(({ who, place }) => ({
      who,
      place,
      others: (byUser.get(who) ?? []).filter((entry) => entry.place.name !== place.name).length,
    }))
    .filter(({ others }) => others >= most)
    .map(({ who, place, others }) => ({
      kind: "data",
      text: `${who} can edit ${place.name} beside ${others} other workspaces`,
    }));
}

/** A new name that differs in one letter from one that is there: a typing mistake, or somebody who wants to be taken for them. */
function lookAlikes({ before, after }: Compared): Risk[] {
  if (!before || !after) return [];
  return (["users", "groups", "workspaces"] as const).flatMap((kind) => {
    const known = [...before[kind].keys()].filter((name) => after[kind].has(name));
    const added = [...after[kind].keys()].filter((name) => name.length > 3 && !before[kind].has(name));
    return added.flatMap((name) =>
      known
        .filter((other) => distance(name, other) === 1)
        .toSorted(compare)
        .map((other): Risk => ({ kind: "data", text: `${kind}: new "${name}" looks like "${other}"` })),
    );
  });
}
