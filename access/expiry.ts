import { compare, formatLocation, type Location } from "./diagnostic.ts";
import { type AccessEntry, subjectOf } from "./entries.ts";
import { daysAfter } from "./fields.ts";

/** How many days ahead the end of a grant is told. */
export const daysAhead = 14;

/** A line of desired state that ends soon. */
export interface Expiring {
  readonly expires: string;
  readonly at: Location;
  readonly place: string;
  readonly who: readonly string[];
  /** The whole in one line. */
  readonly text: string;
}

/** Lines that end within {@link daysAhead} days after a day, the nearest first; a group's once. */
export function expiringSoon(entries: readonly AccessEntry[], date: string): Expiring[] {
  const last = daysAfter(date, daysAhead);
  const ending = entries.flatMap((entry) =>
    entry.paths.flatMap(({ expires, at, access, group }) =>
      expires !== undefined && expires <= last
        ? [{ expires, at, access, who: group ?? subjectOf(entry), place: entry.place.name }]
        : [],
    ),
  );
  return [...Map.groupBy(ending, ({ at }) => formatLocation(at)).values()]
    .flatMap((same) => {
      const [first] = same;
      if (!first) return [];
      const { expires, at, access, place } = first;
      const who = [...new Set(same.map((one) => one.who))].toSorted(compare);
      const text = `${formatLocation(at)} ${who.join(", ")}: ${access} in ${place} ends on ${expires}`;
      return [{ expires, at, place, who, text }];
    })
    .toSorted((a, b) => compare(a.expires, b.expires) || compare(a.text, b.text));
}
