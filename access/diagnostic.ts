import { visible } from "./markup.ts";

export { visible };

/** Where something stands in the desired state. Line and column count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with the desired state. */
export interface Diagnostic extends Location {
  /** Stable, so that it can be searched for and tested; docs/desired-state.md lists them all. */
  readonly code: DiagnosticCode;
  /** What was found, what is allowed, what to do: one line. */
  readonly message: string;
}

/** Every code that a diagnostic can carry, with what it means. */
export const diagnosticCodes = {
  "adoption-differs": "adopting an object would change its access",
  "bad-date": "a date is not a real day written YYYY-MM-DD",
  "bad-email": "an e-mail address is not plain, lower case and free of characters with a meaning elsewhere",
  "bad-name": "a name has characters that one of the four planes would read differently",
  "bad-path": "a path that no application may exempt at the gateway",
  "bad-quantity": "a quota or limit is not a Kubernetes quantity of the right kind",
  "bad-yaml": "the file is not readable as one YAML document",
  "binding-collision": "two members of a workspace would share one contributor binding",
  "bucket-of-another": "archived buckets belonged to a person with another e-mail address",
  "dex-document": "Dex's configuration cannot be written or says something that Dex does not know",
  "duplicate-email": "two users have the same e-mail address",
  "duplicate-entry": "a list names the same thing twice",
  "duplicate-name": "two workspaces, users or groups would share a name",
  "file-name": "a file's name differs from the name inside it",
  "foreign-object": "something of the same name exists that this stack did not make",
  "gateway-policy": "a policy of the gateway is missing or cannot be patched",
  "leftover-access": "somebody's bindings already give a new user access",
  "limits-missing": "the quota limits something for which the limits have no default",
  "login-bypass": "somebody could get round an application's allow",
  "misplaced-file": "a file or folder that is not part of the desired state",
  "missing-key": "a required key is absent",
  "missing-namespace": "an application's namespace is not there",
  "name-too-long": "a name is longer than the names made from it may be",
  "not-allowed": "a value is none of the allowed ones",
  "one-subject": "a member is not exactly one of user and group",
  "owner-change": "a Profile's owner would change, which nobody asked for",
  "owner-is-user": "the owner of every Profile is also a user; nobody may log in as it",
  "path-taken": "a path belongs to another application or to the platform",
  "realm-setting": "the realm is not set up as the program needs it",
  "rename-refused": "a workspace or a personal workspace would be renamed",
  "reserved-name": "a name belongs to the platform",
  "secret-in-git": "a secret is written in the desired state itself",
  "unknown-group": "a group that no file in groups/ defines",
  "unknown-key": "a key that the schema does not have",
  "unknown-role": "a realm role that platform.yaml does not define",
  "unknown-source": "a directory or identity provider that no file defines",
  "unknown-user": "a user that no file in users/ defines",
  "wrong-target": "the cluster or the realm is not the one that this stack is for",
  "wrong-type": "a value of the wrong type or size",
} as const satisfies Record<string, string>;

export type DiagnosticCode = keyof typeof diagnosticCodes;

/** The desired state cannot be used. Nothing was touched; the message lists everything that is wrong. */
export class InputError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const sorted = diagnostics.toSorted(byLocation);
    super(
      sorted.map(formatDiagnostic).join("\n") + `\n${count(sorted.length)} in the desired state; nothing was changed.`,
    );
    this.name = "InputError";
    this.diagnostics = sorted;
  }
}

/** `file:line:column code: message`, which editors and terminals turn into a link. */
export function formatDiagnostic(d: Diagnostic): string {
  return `${visible(formatLocation(d))} ${d.code}: ${visible(shortened(d.message))}`;
}

const longestMessage = 1000;

/** A value of a million characters is not repeated: the message's beginning and end say enough. */
function shortened(text: string): string {
  if (text.length <= longestMessage) return text;
  return `${text.slice(0, longestMessage / 2)} ... ${text.slice(-longestMessage / 4)}`;
}

export function formatLocation(at: Location): string {
  return `${at.file}:${at.line}:${at.column}`;
}

function byLocation(a: Diagnostic, b: Diagnostic): number {
  return (
    compare(a.file, b.file) ||
    a.line - b.line ||
    a.column - b.column ||
    compare(a.code, b.code) ||
    compare(a.message, b.message)
  );
}

/** Order by code unit: the same on every machine, whatever its language. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function count(errors: number): string {
  return errors === 1 ? "1 error" : `${errors} errors`;
}
