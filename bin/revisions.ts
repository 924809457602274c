import { execFileSync } from "node:child_process";
import { type DesiredState, loadDesiredState, parseDesiredState } from "../access/load.ts";
import { folderOf } from "./options.ts";

/** The desired state of a stack in a revision of the repository, or undefined where the stack has none there. */
export function stateAt(revision: string, stack: string): DesiredState | undefined {
  const folder = folderOf(stack);
  const commit = commitOf(revision);
  const listing = git(["ls-tree", "-r", "-z", "--full-tree", commit, "--", `${prefix()}${folder}/`]);
  const files = listing.split("\0").flatMap((line) => {
    const [, mode = "", blob = "", path = ""] = /^(\d+) blob ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
    return mode === "100644" || mode === "100755" ? [{ blob, path }] : [];
  });
  if (files.length === 0) return undefined;
  const below = `${prefix()}${folder}/`;
  const texts = contents(files.map(({ blob }) => blob));
  const entries = files.map(({ path }, index) => [path.slice(below.length), texts[index] ?? ""] as const);
  return parseDesiredState(
    folder,
    new Map(entries.filter(([path]) => !path.split("/").some((part) => part.startsWith(".")))),
  );
}

/** The desired state of a stack as its files are now. */
export function stateNow(stack: string): DesiredState {
  return loadDesiredState(folderOf(stack));
}

/** The commit that a branch, tag or hash names. @throws {RangeError} when there is none */
export function commitOf(revision: string): string {
  if (revision === "" || revision.startsWith("-"))
    throw new RangeError(`${JSON.stringify(revision)} is no revision of this repository`);
  try {
    return git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`]).trim();
  } catch {
    throw new RangeError(`${JSON.stringify(revision)} is no revision of this repository; name a branch, tag or commit`);
  }
}

/** Where a branch left another, so that what others did meanwhile is not shown as this branch's. */
export function mergeBase(a: string, b: string): string {
  try {
    return git(["merge-base", commitOf(a), commitOf(b)]).trim();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new RangeError(
      `${a} and ${b} have no common ancestor here; a shallow clone may lack it: git fetch --unshallow`,
    );
  }
}

/** Paths that differ between where this branch left a base and the files as they are, new ones included. */
export function changedSince(base: string): string[] {
  return [
    ...paths(["diff", "--name-only", "--no-renames", "--relative", "-z", mergeBase(base, "HEAD"), "--"]),
    ...paths(["ls-files", "--others", "--exclude-standard", "-z"]),
  ];
}

/** Paths that Git lists with -z. */
export function paths(args: readonly string[]): string[] {
  return git(args)
    .split("\0")
    .filter((path) => path !== "");
}

/** The commit that is checked out, with a plus sign when files differ from it; undefined outside a repository. */
export function currentRevision(): string | undefined {
  try {
    const commit = git(["rev-parse", "--short=12", "HEAD"]).trim();
    return git(["status", "--porcelain", "--", "stacks"]).trim() === "" ? commit : `${commit}+`;
  } catch {
    return undefined;
  }
}

/** The folder that commands run in, as Git knows it: empty at the top of the checkout. */
function prefix(): string {
  return git(["rev-parse", "--show-prefix"]).trim();
}

/** Texts of blobs, in order: one process for all, because a process for each takes seconds. */
function contents(blobs: readonly string[]): string[] {
  const output = execFileSync("git", ["cat-file", "--batch"], {
    input: `${blobs.join("\n")}\n`,
    maxBuffer: 1 << 30,
  });
  let offset = 0;
  return blobs.map(() => {
    const end = output.indexOf("\n", offset);
    const size = Number(output.toString("latin1", offset, end).split(" ")[2]);
    const text = output.toString("utf8", end + 1, end + 1 + size);
    offset = end + 1 + size + 1;
    return text;
  });
}

/** What Git answers. @throws an error whose stderr says why not */
export function git(args: readonly string[]): string {
  return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 30 });
}
