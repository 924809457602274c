const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** The seconds in a text such as `90s`, `30m`, `12h` or `30d`, or undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * units[unit as keyof typeof units];
}

/** A duration as Keycloak's provider writes it and reads it back, such as `12h0m0s` for 43,200 seconds. */
export function goDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = `${seconds % 60}s`;
  return hours > 0 ? `${hours}h${minutes}m${tail}` : minutes > 0 ? `${minutes}m${tail}` : tail;
}
