import * as z from "zod";
import { parseDuration } from "./duration.ts";
import {
  applicationNameProblem,
  emailPattern,
  groupNamePattern,
  groupNameProblem,
  longestRoleName,
  longestSourceName,
  longestWorkspaceName,
  type NameProblem,
  realmRolePattern,
  realmRoleProblem,
  sourceNamePattern,
  sourceNameProblem,
  usernamePattern,
  usernameProblem,
  workspaceNamePattern,
  workspaceNameProblem,
} from "./names.ts";

function named(pattern: RegExp, problem: (name: string) => NameProblem | undefined, maxLength = 63) {
  return z
    .string()
    .superRefine((name, context) => {
      const found = problem(name);
      if (found) context.addIssue({ code: "custom", message: found.message, params: { code: found.code } });
    })
    .meta({ pattern: pattern.source, maxLength });
}

export const workspaceName = named(workspaceNamePattern, workspaceNameProblem, longestWorkspaceName);
export const username = named(usernamePattern, usernameProblem);
export const groupName = named(groupNamePattern, groupNameProblem);

export const email = z
  .string()
  .superRefine((address, context) => {
    if (emailPattern.test(address)) return;
    const lower = address.toLowerCase();
    const mend = emailPattern.test(lower)
      ? `Write "${lower}": Keycloak folds case, Kubernetes and Istio do not.`
      : "Allowed are lower-case ASCII letters, digits and . _ + - ' before the @, and a domain with a dot after it.";
    context.addIssue({
      code: "custom",
      message: `e-mail address ${JSON.stringify(address)} is not allowed. ${mend}`,
      params: { code: "bad-email" },
    });
  })
  .meta({ pattern: emailPattern.source, examples: ["alice@example.com"] });

const handle = /^@[a-z0-9][a-z0-9_-]{0,38}(?:\/[a-z0-9][a-z0-9_.-]{0,99})?$/;

/** Who approves changes: names that a CODEOWNERS file may hold, with nothing in them that ends a pattern or a line. */
export const approvers = z
  .array(
    z
      .string()
      .refine((name) => handle.test(name) || emailPattern.test(name), {
        error: ({ input }) =>
          `${JSON.stringify(input)} is nobody who can approve; write @name, @organization/team or an e-mail address, in lower case.`,
      })
      .meta({ examples: ["@example/platform", "@alice", "alice@example.com"] }),
  )
  .default([]);

export const line = z
  .string()
  .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]{0,255}$/u, "at most 255 characters on one line, without control characters");

export const description = line
  .optional()
  .meta({ description: "One line for people; it is shown in Keycloak and as an annotation." });

const date = z
  .string()
  .superRefine((text, context) => {
    if (isDay(text)) return;
    context.addIssue({
      code: "custom",
      message: `${JSON.stringify(text)} is not a day; write it as YYYY-MM-DD, such as 2027-03-31.`,
      params: { code: "bad-date" },
    });
  })
  .meta({ format: "date", examples: ["2027-03-31"] });

/** Whether a text is a real day written YYYY-MM-DD. */
export function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Before every end of a grant: a plan for this day has all that were ever written. */
export const beforeAll = "0001-01-01";

/** The day that many days after another, before it with a negative number. */
export function daysAfter(date: string, days: number): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, "YYYY-MM-DD".length);
}

export const expires = date.optional().meta({
  description:
    "The first day (UTC) on which the grant no longer holds. It falls out of the next update on or after that day.",
});

/**
 * A duration in whole seconds, minutes, hours or days.
 *
 * @param from the shortest that makes sense, such as `1m`
 * @param to the longest
 */
export function duration(from: string, to: string) {
  const [least, most] = [parseDuration(from) ?? 0, parseDuration(to) ?? Infinity];
  return z
    .string()
    .superRefine((text, context) => {
      const seconds = parseDuration(text);
      if (seconds !== undefined && seconds >= least && seconds <= most) return;
      context.addIssue({
        code: "custom",
        message: `${JSON.stringify(text)} is not allowed; write a whole number and s, m, h or d, from ${from} to ${to}, such as ${from}.`,
        params: { code: "not-allowed" },
      });
    })
    .meta({ examples: [from, to] });
}

/** The name of a secret in the stack's configuration. */
export const secretName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9-]{0,62}$/, "letters, digits and hyphens: a key of the stack's configuration");

/** An absolute https address, or http on loopback, without credentials in it. */
export const address = z.string().refine(isSecureAddress, {
  error: ({ input }) =>
    // What has a user in it may have a password in it.
    `${String(input).includes("@") ? "this address" : JSON.stringify(input)} is not allowed. Write an https address (http only on 127.0.0.1 and localhost) without user, password, fragment, spaces and *.`,
});

function isSecureAddress(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username !== "" || url.password !== "" || url.hash !== "" || /[\s*]/.test(text)) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/** Whether a host is this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "127.0.0.1" || host === "[::1]";
}

/** A free realm role's name. */
export const realmRoleName = named(realmRolePattern, realmRoleProblem, longestRoleName);

/** An application's name. */
export const applicationName = named(sourceNamePattern, applicationNameProblem, longestSourceName);

/** Name of a directory or an identity provider. */
export const sourceName = named(sourceNamePattern, sourceNameProblem, longestSourceName);
