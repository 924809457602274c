import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type * as z from "zod";
import type { Application } from "./applicationSchema.ts";
import { check } from "./check.ts";
import { compare, type Diagnostic, InputError } from "./diagnostic.ts";
import { parseFile, type Sourced, type SourceFile } from "./document.ts";
import type { Directory } from "./directorySchema.ts";
import type { IdentityProvider } from "./identityProviderSchema.ts";
import { type Group, type Platform, schemas, type User, type Workspace } from "./schema.ts";
import { didYouMean, listed, suggestion } from "./suggest.ts";

/** Everything that stands in `stacks/<env>/`: valid on its own and as a whole. */
export interface DesiredState {
  readonly platform: Sourced<Platform>;
  /** By username, in order. */
  readonly users: ReadonlyMap<string, Sourced<User>>;
  /** By name, in order. */
  readonly groups: ReadonlyMap<string, Sourced<Group>>;
  /** Shared workspaces by name, in order. Personal ones follow from the users. */
  readonly workspaces: ReadonlyMap<string, Sourced<Workspace>>;
  /** By name, in order. */
  readonly directories: ReadonlyMap<string, Sourced<Directory>>;
  /** By alias, in order. */
  readonly identityProviders: ReadonlyMap<string, Sourced<IdentityProvider>>;
  /** By name, in order. */
  readonly applications: ReadonlyMap<string, Sourced<Application>>;
}

const folders = ["users", "groups", "workspaces", "directories", "identity-providers", "applications"] as const;

/**
 * Reads the desired state of one environment.
 *
 * @param folder the environment's folder, such as `stacks/dev`
 * @throws {InputError} with everything that is wrong in all files, sorted
 */
export function loadDesiredState(folder: string): DesiredState {
  return parseDesiredState(folder, readSources(folder));
}

/**
 * The text of every file below the environment's folder, by its path below it. Hidden files do not count.
 *
 * @throws {InputError} when there is no such folder, or a link in it
 */
export function readSources(folder: string): Map<string, string> {
  if (!existsSync(folder)) throw new InputError([noSuchFolder(folder)]);
  const linked = [join(folder, ".."), folder].filter((path) => lstatSync(path).isSymbolicLink());
  if (linked.length > 0) throw new InputError(linked.map((path) => noPlainFile(shown(path), "folder")));
  const entries = entriesBelow(folder).toSorted((a, b) => compare(a.path, b.path));
  const unnamed = entries.filter(({ path }) => isUnreadable(path));
  if (unnamed.length > 0) throw new InputError(unnamed.map(({ path }) => noName(join(shown(folder), path))));
  const odd = entries.filter(({ isFile }) => !isFile);
  if (odd.length > 0) throw new InputError(odd.map(({ path }) => noPlainFile(join(shown(folder), path))));
  return new Map(entries.map(({ path }) => [path, readFileSync(join(folder, path), "utf8")]));
}

function noSuchFolder(folder: string): Diagnostic {
  let parent = join(folder, "..");
  while (!existsSync(parent)) parent = join(parent, "..");
  const stack = relative(parent, folder).replaceAll("\\", "/");
  const known = readdirSync(parent, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() && existsSync(join(parent, entry.name, "platform.yaml")) ? [entry.name] : [],
    )
    .toSorted(compare);
  const last = basename(stack);
  const meant = known.includes(last) ? ` Did you mean "${last}"?` : didYouMean(stack, known);
  const advice =
    known.length > 0
      ? `${meant} Stacks with one: ${listed(known)}. Name one of them.`
      : " Run the command at the top of the checkout, where stacks/ is.";
  return {
    file: shown(folder),
    line: 1,
    column: 1,
    code: "misplaced-file",
    message: `there is no desired state for the stack "${stack}": the folder is missing.${advice}`,
  };
}

/** What is below a folder and not hidden, by path. Links are not followed: Node's own recursion would. */
function entriesBelow(folder: string, prefix = ""): { path: string; isFile: boolean }[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith("."))
    .flatMap((entry) =>
      entry.isDirectory() && !isUnreadable(entry.name)
        ? entriesBelow(join(folder, entry.name), `${prefix}${entry.name}/`)
        : [{ path: prefix + entry.name, isFile: entry.isFile() }],
    );
}

/** Node gives U+FFFD for what is not UTF-8 in a name, and finds no such file then. */
function isUnreadable(path: string): boolean {
  return path.includes("\uFFFD");
}

function noName(path: string): Diagnostic {
  return {
    file: dirname(path),
    line: 1,
    column: 1,
    code: "misplaced-file",
    message: `the name of a file here is not in UTF-8: ${JSON.stringify(basename(path))}. Rename it to the name inside it.`,
  };
}

/** A link would let a change of one file, reviewed by some, change another that is reviewed by others. */
function noPlainFile(file: string, kind: "file" | "folder" = "file"): Diagnostic {
  return {
    file,
    line: 1,
    column: 1,
    code: "misplaced-file",
    message: `this is no plain ${kind}. Replace the link by the ${kind} itself.`,
  };
}

/** Messages name files as a person at the top of the checkout would. */
function shown(path: string): string {
  return relative(process.cwd(), path).replaceAll("\\", "/") || ".";
}

/**
 * The desired state from texts, for callers that have no folder (another Git revision, a test).
 *
 * @param folder what to put in front of the paths in messages
 * @param texts the files' contents by path below the environment's folder, such as `users/alice.yaml`
 * @throws {InputError} as {@link loadDesiredState}
 */
export function parseDesiredState(folder: string, texts: ReadonlyMap<string, string>): DesiredState {
  const diagnostics: Diagnostic[] = [];
  const parsed = {
    users: new Map<string, Sourced<User>>(),
    groups: new Map<string, Sourced<Group>>(),
    workspaces: new Map<string, Sourced<Workspace>>(),
    directories: new Map<string, Sourced<Directory>>(),
    identityProviders: new Map<string, Sourced<IdentityProvider>>(),
    applications: new Map<string, Sourced<Application>>(),
  };
  const mentioned = {
    users: new Set<string>(),
    groups: new Set<string>(),
    directories: new Set<string>(),
    identityProviders: new Set<string>(),
  };
  let platform: Sourced<Platform> | undefined;

  for (const [path, text] of texts) {
    const file: SourceFile = { path: join(shown(folder), path), text };
    const place = placeOf(path);
    switch (place.kind) {
      case "platform": {
        const result = parseFile(file, schemas.platform);
        platform = result.entity;
        diagnostics.push(...result.diagnostics);
        break;
      }
      case "users":
        mentioned.users.add(place.name);
        diagnostics.push(...take(parsed.users, place.name, parseIn("users", file, schemas.users), "username"));
        break;
      case "groups":
        mentioned.groups.add(place.name);
        diagnostics.push(...take(parsed.groups, place.name, parseIn("groups", file, schemas.groups), "name"));
        break;
      case "workspaces":
        diagnostics.push(
          ...take(parsed.workspaces, place.name, parseIn("workspaces", file, schemas.workspaces), "name"),
        );
        break;
      case "directories":
        mentioned.directories.add(place.name);
        diagnostics.push(
          ...take(parsed.directories, place.name, parseIn("directories", file, schemas.directories), "name"),
        );
        break;
      case "identity-providers": {
        mentioned.identityProviders.add(place.name);
        const result = parseIn("identity-providers", file, schemas["identity-providers"]);
        diagnostics.push(...take(parsed.identityProviders, place.name, result, "name"));
        break;
      }
      case "applications":
        diagnostics.push(
          ...take(parsed.applications, place.name, parseIn("applications", file, schemas.applications), "name"),
        );
        break;
      case "misplaced":
        // Where it is clear what the file is meant to be, nobody is told as well that it is missing.
        if (place.meant === "users" || place.meant === "groups") mentioned[place.meant].add(place.name);
        diagnostics.push({ file: file.path, line: 1, column: 1, code: place.code, message: place.message });
        break;
    }
  }
  if (!texts.has("platform.yaml")) {
    diagnostics.push({
      file: join(shown(folder), "platform.yaml"),
      line: 1,
      column: 1,
      code: "missing-key",
      message: "the file is missing. Every environment has one; it needs at least domain and masterAdmins.",
    });
  }
  diagnostics.push(...check({ platform, ...parsed }, mentioned));
  if (platform === undefined || diagnostics.length > 0) throw new InputError(diagnostics);
  return { platform, ...parsed };
}

type Folder = (typeof folders)[number];

type Place =
  | { readonly kind: "platform" }
  | { readonly kind: Folder; readonly name: string }
  | {
      readonly kind: "misplaced";
      readonly code: "misplaced-file";
      readonly message: string;
      /** What it would be under its right name. */
      readonly meant: Folder | undefined;
      readonly name: string;
    };

function placeOf(path: string): Place {
  if (path === "platform.yaml") return { kind: "platform" };
  const [folder = "", file = "", ...deeper] = path.split("/");
  const kind = folders.find((known) => known === folder);
  if (kind !== undefined && file !== "" && deeper.length === 0 && file.endsWith(".yaml")) {
    return { kind, name: file.slice(0, -".yaml".length) };
  }
  const right = rightPath(path);
  const advice = right === undefined ? "" : ` Did you mean ${right.path}?`;
  const allowed = folders.map((known) => `${known}/<name>.yaml`).join(", ");
  return {
    kind: "misplaced",
    code: "misplaced-file",
    message: `this file is not part of the desired state.${advice} Allowed: platform.yaml, ${allowed}.`,
    meant: right?.folder,
    name: right?.name ?? "",
  };
}

/** Where a file probably belongs: another ending, a folder too much, a folder misspelt, a backslash. */
function rightPath(
  path: string,
): { readonly path: string; readonly folder?: Folder; readonly name?: string } | undefined {
  const parts = path.split(/[/\\]/);
  const [, name] = /^(.+)\.ya?ml$/i.exec(parts.at(-1) ?? "") ?? [];
  if (name === undefined) return undefined;
  if (parts.length === 1) return suggestion(name, ["platform"]) === undefined ? undefined : { path: "platform.yaml" };
  const meant = suggestion(parts[0] ?? "", folders);
  const folder = folders.find((known) => known === meant);
  return folder && { path: `${folder}/${name}.yaml`, folder, name };
}

/** Reads a file of a folder. One that belongs into another folder is told as that, and not as all that follows from it. */
function parseIn<S extends z.ZodType>(folder: Folder, file: SourceFile, schema: S): ReturnType<typeof parseFile<S>> {
  const result = parseFile(file, schema);
  if (result.diagnostics.length < 2 || !result.diagnostics.some(({ code }) => code === "unknown-key")) return result;
  const meant = folders.filter((other) => other !== folder && parseFile(file, schemas[other]).entity);
  if (meant.length === 0) return result;
  const message = `this file reads like one of ${meant.join("/ or ")}/. Move it there.`;
  return { diagnostics: [{ file: file.path, line: 1, column: 1, code: "misplaced-file", message }] };
}

/** Keeps an entity under its name; the file must be called like it, so that a diff's path says whom it is about. */
function take<K extends "username" | "name", T extends Readonly<Record<K, string>>>(
  into: Map<string, Sourced<T>>,
  fileName: string,
  result: { readonly entity?: Sourced<T>; readonly diagnostics: readonly Diagnostic[] },
  key: K,
): readonly Diagnostic[] {
  if (!result.entity) return result.diagnostics;
  const inside = result.entity.value[key];
  into.set(fileName, result.entity);
  if (inside === fileName) return [];
  return [
    {
      ...result.entity.at(key),
      code: "file-name",
      message: `${key} is ${JSON.stringify(inside)} but the file is called ${JSON.stringify(`${fileName}.yaml`)}. Make them equal.`,
    },
  ];
}
