/** As MinIO's wildcard package: `*` any text, slashes too, `?` one character. */
export function matches(pattern: string, text: string): boolean {
  return states(pattern, text).has(pattern.length);
}

/** Whether some text that begins so is matched. */
export function canBegin(pattern: string, start: string): boolean {
  return states(pattern, start).size > 0;
}

/** Where one can be in the pattern after the text. */
function states(pattern: string, text: string): Set<number> {
  const skipStars = (positions: Iterable<number>): Set<number> => {
    const all = new Set<number>(positions);
    for (const position of all) if (pattern[position] === "*") all.add(position + 1);
    return all;
  };
  let now = skipStars([0]);
  for (const character of text) {
    const next = new Set<number>();
    for (const position of now) {
      if (pattern[position] === "*") next.add(position);
      else if (pattern[position] === "?" || pattern[position] === character) next.add(position + 1);
    }
    now = skipStars(next);
  }
  return now;
}
