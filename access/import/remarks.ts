import { compare } from "../diagnostic.ts";

/** Something that people should know of an import. */
export interface Remark {
  /** What it is about, such as `account "bob"`. */
  readonly about: string;
  readonly why: string;
}

/** Each remark once, in order. */
export function sorted(remarks: readonly Remark[]): Remark[] {
  const byText = new Map(remarks.map((remark) => [`${remark.about}\n${remark.why}`, remark]));
  return [...byText].toSorted(([a], [b]) => compare(a, b)).map(([, remark]) => remark);
}
