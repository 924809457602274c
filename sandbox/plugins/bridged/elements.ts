/** Which elements of a list or a set come and go. */
import type { PropertyValue } from "../plugin.ts";
import { identity } from "./schema.ts";

/** Places in the old list whose elements go, and places in the new one whose elements come. */
export interface Moves {
  removed: number[];
  added: number[];
}

/** Of a set: order means nothing. */
export function movesOfSet(old: PropertyValue[], next: PropertyValue[]): Moves {
  const missing = (from: PropertyValue[], other: PropertyValue[]) => {
    const identities = new Set(other.map(identity));
    return [...from.entries()].filter(([, element]) => !identities.has(identity(element))).map(([place]) => place);
  };
  return { removed: missing(old, next), added: missing(next, old) };
}

/** Of a list of texts: as few as possible; elements that only move up or down have not changed. */
export function movesOfList(old: PropertyValue[], next: PropertyValue[]): Moves {
  // common[i][j]: how many elements the lists have in common from place i of the old and j of the new one on.
  const common = old.map(() => next.map(() => 0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (const [i, element] of [...old.entries()].toReversed()) {
    for (const [j, other] of [...next.entries()].toReversed()) {
      const row = common[i];
      if (row) row[j] = element === other ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const moves: Moves = { removed: [], added: [] };
  let [i, j] = [0, 0];
  while (i < old.length || j < next.length) {
    if (i < old.length && j < next.length && old[i] === next[j]) {
      i++;
      j++;
    } else if (i < old.length && (j === next.length || at(i + 1, j) >= at(i, j + 1))) moves.removed.push(i++);
    else moves.added.push(j++);
  }
  return moves;
}
