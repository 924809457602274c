/** Durations: Go's notation in Pulumi, such as `1h30m`, whole numbers on the server. */
import type { Property } from "../bridged/schema.ts";

const units: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** A property with a duration. Two that are equally long are the same. */
export const duration = { type: "string", normal } as const satisfies Property;

/** The whole seconds of a duration; none if it is not set. */
export function toSeconds(text = ""): number {
  return text === "" ? 0 : Math.trunc(parse(text));
}

/** A number of seconds as Go writes it: `3600` is `1h0m0s`. */
export function fromSeconds(seconds = 0): string {
  if (seconds < 0) return `-${fromSeconds(-seconds)}`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** The whole milliseconds of a duration. */
export function toMilliseconds(text: string): number {
  return Math.trunc(parse(text) * 1000);
}

/** A number of milliseconds as Go writes it. */
export function fromMilliseconds(milliseconds: number): string {
  return milliseconds !== 0 && Math.abs(milliseconds) < 1000 ? `${milliseconds}ms` : fromSeconds(milliseconds / 1000);
}

/** What is no duration stays as it is: that it is none comes out when it is used. */
function normal(text: string): string {
  try {
    return text === "" ? "" : fromSeconds(toSeconds(text));
  } catch {
    return text;
  }
}

function parse(text: string): number {
  const [, sign = "", body = ""] = /^([+-]?)(.*)$/.exec(text) ?? [];
  if (body === "0") return 0;
  const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/y;
  let [seconds, end] = [0, 0];
  for (let match = part.exec(body); match; match = part.exec(body)) {
    seconds += Number(match[1]) * (units[match[2] ?? ""] ?? 0);
    end = part.lastIndex;
  }
  if (end === 0 || end < body.length) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  return sign === "-" ? -seconds : seconds;
}
