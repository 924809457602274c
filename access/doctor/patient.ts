import type { KeycloakApplication, PlannedApplication, RegisteredApplication } from "../application.ts";
import type { Plan } from "../resolve.ts";
import type { AccountFacts, ApplicationFacts, ClientFacts, Facts, Reading } from "./facts.ts";

/** The chapters of seed 004, "Troubleshooting"; groups have one for each way to be told them. */
export type Chapter =
  | "groups in headers"
  | "groups in token"
  | "redirect URI"
  | "403 after login"
  | "wrong URL or issuer"
  | "expired tokens";

/** One thing that was found, and what to do about it. */
export interface Finding {
  readonly chapter: Chapter;
  readonly application: string;
  /** Whom it is about; absent when it is about everybody. */
  readonly user?: string;
  /** A hint may be harmless, or is what could not be checked. */
  readonly severity: "problem" | "hint";
  readonly cause: string;
  readonly fix: string;
}

/** A finding before it is known in which chapter. */
export type Told = Omit<Finding, "chapter" | "application">;

export interface Patient<A extends PlannedApplication = PlannedApplication> {
  readonly plan: Plan;
  readonly application: A;
  readonly own: ApplicationFacts;
  readonly facts: Facts;
}

export function problem(cause: string, fix: string, user?: string): Told {
  return { severity: "problem", cause, fix, ...(user !== undefined && { user }) };
}

export function hint(cause: string, fix: string, user?: string): Told {
  return { severity: "hint", cause, fix, ...(user !== undefined && { user }) };
}

/** What follows from a reading, or that it is missing. */
export function given<T>(reading: Reading<T>, what: string, check: (value: T) => Told[], user?: string): Told[] {
  return "value" in reading ? check(reading.value) : [unchecked(what, reading.unread, user)];
}

/** What could not be looked at is no sign of health. */
export function unchecked(what: string, reason: string, user?: string): Told {
  return hint(
    `not checked: ${what} (${reason})`,
    reason.includes("does not let this account")
      ? "Let the account that runs access doctor read it, or look at it by hand."
      : "Look at it by hand.",
    user,
  );
}

/** What follows from a reading, where its absence is told elsewhere already. */
export function ifGiven<T>(reading: Reading<T>, check: (value: T) => Told[]): Told[] {
  return "value" in reading ? check(reading.value) : [];
}

const longestShown = 300;

/** A text from the platform: anybody can write some of them, so none may steer a terminal. */
export function q(text: string): string {
  const open = withoutPassword(text);
  return JSON.stringify(open.length > longestShown ? `${open.slice(0, longestShown)}...` : open).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`,
  );
}

/** Of an address what is no secret by its place: not the user's part, and no parameters. */
function withoutPassword(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
    ? text.replace(/^([^:]+:\/\/)[^/?#]*@/, "$1...@").replace(/\?.+$/s, "?...")
    : text;
}

export function qs(texts: readonly string[]): string {
  return texts.length === 0 ? "none" : texts.map(q).join(", ");
}

export function converge({ facts: { stack } }: Patient): string {
  return `Run pulumi up --stack ${stack} --refresh --run-program.`;
}

/** A file of the desired state beside platform.yaml. */
export function fileOf({ plan }: Patient, folder: "users" | "groups", name: string): string {
  const written = (folder === "users" ? plan.users : plan.groups).find(
    (one) => ("username" in one ? one.username : one.name) === name,
  );
  return written?.at.file ?? plan.platformAt.gateway.file.replace(/platform\.yaml$/, `${folder}/${name}.yaml`);
}

export function platformFile({ plan }: Patient): string {
  return plan.platformAt.gateway.file;
}

export function ownFile({ application }: Patient): string {
  return application.at.file;
}

/** How two addresses differ, where it is one thing; people overlook it. */
export function difference(found: string, wanted: string): string {
  if (found === `${wanted}/`) return " (one final slash too many)";
  if (`${found}/` === wanted) return " (the final slash is missing)";
  if (found.toLowerCase() === wanted.toLowerCase()) return " (only upper and lower case differ)";
  const [a, b] = [URL.parse(found), URL.parse(wanted)];
  if (!a || !b) return a ? "" : " (that is no address)";
  const [realm, right] = [a, b].map(({ pathname }) => /\/realms\/([^/]+)/.exec(pathname)?.[1]);
  if (realm !== undefined && right !== undefined && realm !== right)
    return ` (realm ${q(realm)} instead of ${q(right)})`;
  const parts = (["protocol", "host", "pathname", "search"] as const).filter((part) => a[part] !== b[part]);
  const [only] = parts;
  if (parts.length !== 1 || only === undefined) return "";
  if (only === "pathname") {
    if (b.pathname.endsWith(a.pathname)) {
      return ` (the path lacks ${q(b.pathname.slice(0, b.pathname.length - a.pathname.length))})`;
    }
    return " (another path)";
  }
  return { protocol: ` (${a.protocol} instead of ${b.protocol})`, host: ` (another host)`, search: " (another query)" }[
    only
  ];
}

/** The same, against the likest of some. */
export function differenceToOne(found: string, wanted: readonly string[]): string {
  return wanted.map((one) => difference(found, one)).find((text) => text !== "") ?? "";
}

/** The addresses that the system takes now. */
export function registered({ own, application }: Patient<RegisteredApplication>): readonly string[] {
  const found = application.auth === "keycloak" ? own.client : own.dexClient;
  return "value" in found && found.value ? found.value.redirectUris : application.redirectUris;
}

export function userOf({ user }: Facts): AccountFacts | undefined {
  return user && "value" in user.account ? user.account.value : undefined;
}

/** Whether the client can be looked at; that it is missing is a problem elsewhere. */
export function clientIsSeen({ own, application }: Patient<KeycloakApplication>): Told[] {
  return given(own.client, `client ${q(application.clientId)} in Keycloak`, (client) =>
    client
      ? []
      : [hint(`not checked: client ${q(application.clientId)} in Keycloak (there is none)`, "Have it made first.")],
  );
}

/** The client, once it is read and there. */
export function ofClient({ own }: Patient<KeycloakApplication>, check: (client: ClientFacts) => Told[]): Told[] {
  return ifGiven(own.client, (client) => (client ? check(client) : []));
}
