import { closest, distance } from "fastest-levenshtein";

/** ` Did you mean "x"?` when one of the candidates is close to what was found, else nothing. */
export function didYouMean(found: string, candidates: Iterable<string>): string {
  const names = [...candidates];
  if (names.length === 0) return "";
  const best = closest(found.toLowerCase(), names);
  const allowed = best.length <= 3 ? 1 : Math.max(2, Math.floor(best.length / 3));
  return distance(found.toLowerCase(), best) <= allowed ? ` Did you mean "${best}"?` : "";
}

/** `"a", "b" or 3 more`, so that a message stays one readable line. */
export function listed(names: Iterable<string>, most = 12): string {
  const all = [...names];
  const shown = all.slice(0, most).map((name) => JSON.stringify(name));
  return all.length > most ? `${shown.join(", ")} and ${all.length - most} more` : shown.join(", ");
}
