import { InputError } from "./diagnostic.ts";
import { Draft, type ImportOptions, type LeftOut } from "./import/draft.ts";
import { gains } from "./import/gains.ts";
import { inventoryOf } from "./import/inventory.ts";
import { type Remark, sorted } from "./import/remarks.ts";
import { review } from "./import/review.ts";
import { parseDesiredState } from "./load.ts";
import { resolve } from "./resolve.ts";
import type { Snapshot } from "./snapshot.ts";
import { takeover } from "./takeover.ts";

/** An existing platform as files, and what is not in them. */
export interface Imported {
  /** Texts by path below the environment's folder. They are sound, and the preview takes them. */
  readonly files: ReadonlyMap<string, string>;
  /** What has no file or line, and why. It stays as it is. */
  readonly leftOut: readonly Remark[];
  /** Where somebody has more on the platform than the files say. */
  readonly less: readonly Remark[];
  /** What gives the same as the files under another name, and would go on giving it. */
  readonly beside: readonly Remark[];
  /** What the first update makes where there is nothing yet. */
  readonly arrivals: readonly Remark[];
}

/** There can be no files at all; the message says why. */
export class ImportRefused extends Error {}

/** No plane says when a grant ends, so any day will do. */
const anyDay = "2000-01-01";

/**
 * The files that say what is on the platform. Nothing in them gives anybody more, on any plane, than they have now;
 * what no file can say is left out and named. What would stop the preview is left out as well, with its reason.
 *
 * @throws {ImportRefused} when there can be no files at all
 */
export function importState(snapshot: Snapshot, options: ImportOptions): Imported {
  const { stack } = options;
  const draft = new Draft(snapshot, options);
  if (draft.ownerIsUser) {
    throw new ImportRefused(
      `${draft.owner} is to own every Profile, and an account can log in with it. Name another owner with --owner, or disable that account.`,
    );
  }
  const inventory = inventoryOf(snapshot, options.realm);
  let leftOut: LeftOut = draft.never;
  for (;;) {
    const files = draft.files(leftOut);
    const written = tried(() => resolve(parseDesiredState(`stacks/${stack}`, files), anyDay));
    if (written instanceof InputError) {
      leftOut = withMore(leftOut, refusedBy(written, files, draft, leftOut), written);
      continue;
    }
    const gained = gains(draft, written);
    if (gained.size > 0) {
      leftOut = withMore(leftOut, gained);
      continue;
    }
    const taken = tried(() => takeover(written, inventory, stack));
    if (taken instanceof InputError) {
      leftOut = withMore(leftOut, refusedBy(taken, files, draft, leftOut), taken);
      continue;
    }
    const { leftOut: unsaid, less, beside, arrivals } = review(draft, written, leftOut, snapshot);
    return {
      files,
      leftOut: sorted(unsaid),
      less: sorted(less),
      beside: sorted(beside),
      arrivals: sorted(arrivals),
    };
  }
}

function tried<T>(step: () => T): T | InputError {
  try {
    return step();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** Nothing is tried twice: what is refused although it is left out already cannot be helped. */
function withMore(leftOut: LeftOut, more: LeftOut, error?: InputError): LeftOut {
  if ([...more.keys()].every((key) => leftOut.has(key))) {
    throw error ?? new Error("an import does not come to an end; please report this");
  }
  return new Map([...leftOut, ...more]);
}

/** The entities that are refused, each with the first reason. */
function refusedBy(
  { diagnostics }: InputError,
  files: ReadonlyMap<string, string>,
  draft: Draft,
  leftOut: LeftOut,
): LeftOut {
  const found = new Map<string, string>();
  for (const { file, line, message } of diagnostics) {
    const path = [...files.keys()].find((one) => file.endsWith(`/${one}`)) ?? "";
    const key = entityAt(path, line, files.get(path) ?? "", draft, leftOut);
    if (key !== undefined && !found.has(key)) found.set(key, message);
  }
  return found;
}

/** Which entity a line is about: the user or the user's personal workspace, by the key that it belongs to. */
function entityAt(path: string, line: number, text: string, draft: Draft, leftOut: LeftOut): string | undefined {
  const [folder, file = ""] = path.split("/");
  const name = file.replace(/\.yaml$/, "");
  if (folder === "groups") return `group ${name}`;
  if (folder === "workspaces") return `workspace ${name}`;
  if (folder !== "users") return undefined;
  const key = text
    .split("\n")
    .slice(0, line)
    .findLast((one) => /^\w/.test(one));
  const personal = draft.personalWorkspaces(leftOut, draft.writtenUsers(leftOut));
  const own = [...personal].find(([, user]) => user.username === name)?.[0];
  return key?.startsWith("workspace:") && own !== undefined ? `personal ${own}` : `user ${name}`;
}
