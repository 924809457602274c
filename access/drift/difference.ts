import type { Location } from "../diagnostic.ts";

/** How bad a difference is: somebody may do more than is desired, somebody may do less, or nobody's access changes. */
export const differenceClasses = ["extra access", "missing access", "cosmetic"] as const;

export type DifferenceClass = (typeof differenceClasses)[number];

/** One thing that is otherwise on the platform than the desired state has it. */
export interface Difference {
  readonly class: DifferenceClass;
  readonly plane: "identity" | "compute" | "network" | "storage";
  /** One line: who or what is otherwise, and what is desired. */
  readonly what: string;
  /** The line of the desired state that it is about, where there is one. */
  readonly where: Location | undefined;
  /** Who made it and when, where the system knows. */
  readonly madeBy?: string;
  readonly remedy: string;
}

/** What an update puts right by itself. */
export const repairedByUpdate = "pulumi up --refresh --run-program puts it back";

/** The same for what this stack gave and the desired state no longer has; nothing tells its grants from others'. */
export const takenByUpdate = "pulumi up --refresh --run-program takes it away where this stack gave it";

/** What brings a lost mark back. Without it a preview refuses the thing as somebody else's, and with it everything else. */
export const markedAgain = {
  identity: (stack: string) => `put back its attributes managed-by: prokube-access and stack: ${stack}; ${untilThen}`,
  compute: (stack: string) =>
    `put back its labels app.kubernetes.io/managed-by=prokube-access and prokube-access/stack=${stack}; ${untilThen}`,
  storage: (stack: string) =>
    `put back the Sids of its statements, prokube-access/${stack}/buckets and .../objects, then ${repairedByUpdate}; ${untilThen}`,
};

const untilThen = "until then a preview refuses it; where somebody else made it, adopt: true takes it over";

/** A list for people: the first few, and how many more there are. */
export function few(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}
