import { closest, distance } from "fastest-levenshtein";

/** ` Did you mean "x"?` when one of the candidates is close to what was found, else nothing. */
export function didYouMean(found: string, candidates: Iterable<string>): string {
  const best = suggestion(found, candidates);
  return best === undefined ? "" : ` Did you mean "${best}"?`;
}

/** The candidate that is close to what was found, whatever the case of letters, or undefined. */
export function suggestion(found: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates];
  if (names.length === 0) return undefined;
  const lower = names.map((name) => name.toLowerCase());
  const best = closest(found.toLowerCase(), lower);
  const allowed = best.length <= 3 ? 1 : Math.max(2, Math.floor(best.length / 3));
  return distance(found.toLowerCase(), best) <= allowed ? names[lower.indexOf(best)] : undefined;
}

/** `"a", "b" or 3 more`, so that a message stays one readable line. */
export function listed(names: Iterable<string>, most = 12): string {
  const all = [...names];
  const shown = all.slice(0, most).map((name) => JSON.stringify(name));
  return all.length > most ? `${shown.join(", ")} and ${all.length - most} more` : shown.join(", ");
}
