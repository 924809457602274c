import type { Measured } from "./measure.ts";

/** One thing that was measured or counted. */
export interface Line {
  readonly what: string;
  readonly value: string;
  /** How many runs the value is the median of. */
  readonly runs?: number;
  /** The most memory of all processes together. */
  readonly memory?: string;
  readonly target?: string;
  readonly isMet?: boolean;
}

/** A line with a time, and whether it is within a target. */
export function timed(what: string, { seconds, megabytes }: Measured, runs: number, target?: number): Line {
  return {
    what,
    value: `${seconds.toFixed(2)} s`,
    runs,
    ...(megabytes > 0 && { memory: `${Math.round(megabytes)} MB` }),
    ...(target !== undefined && { target: `${target} s`, isMet: seconds <= target }),
  };
}

/** A line with a number, and whether it is within a target. */
export function counted(what: string, value: number, most: number): Line {
  return { what, value: String(value), target: String(most), isMet: value <= most };
}

/** The lines as text, in columns. */
export function renderTable(lines: readonly Line[]): string {
  const rows = [
    ["what", "median", "runs", "memory", "target", ""],
    ...lines.map(({ what, value, runs, memory = "", target = "", isMet }) => [
      what,
      value,
      runs === undefined ? "" : String(runs),
      memory,
      target,
      isMet === undefined ? "" : isMet ? "met" : "missed",
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (isLong(row) ? 0 : (row[column]?.length ?? 0)))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A value with nothing beside it may run on. */
function isLong(row: readonly string[]): boolean {
  return row.slice(2).every((cell) => cell === "");
}
