/** A part of a text that can be made shorter: its lines in at most so many characters, or the fewest it can do with. */
export type Part = (room: number) => readonly string[];

/** How long lines are when they are joined, each with its end. */
export function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

/**
 * A part that shows as many items as there is room for.
 *
 * @param items the one to keep longest first
 * @param render all lines of the part, from what is shown and what is left out
 */
export function part<T extends { readonly line: string }>(
  items: readonly T[],
  render: (shown: readonly T[], left: readonly T[]) => readonly string[],
): Part {
  return (room) => {
    if (items.length === 0) return [];
    let count = 0;
    for (let used = 0; count < items.length; count += 1) {
      used += (items[count]?.line.length ?? 0) + 1;
      if (used > room) break;
    }
    for (;;) {
      const lines = render(items.slice(0, count), items.slice(count));
      if (count === 0 || lengthOf(lines) <= room) return lines;
      count -= 1;
    }
  };
}

/** Each part in what the ones before it leave, and no less than its fewest lines. */
export function fitted(parts: readonly Part[], room: number): (readonly string[])[] {
  const fewest = parts.map((one) => lengthOf(one(0)));
  let left = room - fewest.reduce((sum, length) => sum + length, 0);
  return parts.map((one, index) => {
    const own = fewest[index] ?? 0;
    const lines = one(Math.max(left, 0) + own);
    left -= lengthOf(lines) - own;
    return lines;
  });
}
