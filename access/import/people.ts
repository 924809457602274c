import { stackInAttributes } from "../inventory.ts";
import { emailPattern, groupNameProblem, usernameProblem } from "../names.ts";
import { line } from "../fields.ts";
import { requiredActions } from "../schema.ts";
import type { RealmGroup, RealmUser } from "../snapshot.ts";
import type { RealmFacts } from "./facts.ts";

/** Why an account can have no file, or undefined. */
export function accountProblem(user: RealmUser, facts: RealmFacts, stack: string): string | undefined {
  const { username, email, directoryId } = user;
  const maker = stackInAttributes(user.attributes);
  if (maker !== undefined && maker !== stack) return `belongs to stack "${maker}".`;
  if (directoryId !== undefined) {
    return "lives in a directory. Write the directory's file (directories/), then the user's with directory:.";
  }
  const problem = usernameProblem(username);
  if (problem) return problem.message;
  if (email === "") return "has no e-mail address, by which Kubernetes and the mesh would know it.";
  if (!emailPattern.test(email)) {
    return email === email.toLowerCase()
      ? `has the e-mail address ${JSON.stringify(email)}, which is no plain one.`
      : `has the e-mail address ${JSON.stringify(email)} with upper-case letters: Keycloak folds case, Kubernetes and the mesh do not.`;
  }
  const twin = facts.users.find((other) => other.id !== user.id && (other.email === email || other.username === email));
  if (twin) return `shares the e-mail address ${email} with account "${twin.username}".`;
  return undefined;
}

/** Why a group can have no file, or undefined. */
export function groupProblem({ name, path, attributes }: RealmGroup, stack: string): string | undefined {
  const maker = stackInAttributes(attributes);
  if (maker !== undefined && maker !== stack) return `belongs to stack "${maker}".`;
  if (path !== `/${name}`) return "lies inside another group. Files know groups at the top only.";
  return groupNameProblem(name)?.message;
}

/** What a user's file says of the account itself, and what of it no file can say. */
export function accountFacts(user: RealmUser): { file: Record<string, unknown>; unsaid: string[] } {
  const known = user.requiredActions.filter((action) => requiredActions.some((one) => one === action)).toSorted();
  const names = { firstName: user.firstName, lastName: user.lastName };
  const odd = Object.entries(names).filter(([, name]) => !isLine(name));
  return {
    file: {
      username: user.username,
      email: user.email,
      ...Object.fromEntries(Object.entries(names).filter(([, name]) => name !== "" && isLine(name))),
      emailVerified: user.emailVerified ? true : undefined,
      enabled: user.enabled ? undefined : false,
      requiredActions: known.length > 0 ? [...new Set(known)] : undefined,
    },
    unsaid: [
      ...odd.map(([key]) => `its ${key} has control characters or is longer than 255, so the update would empty it.`),
      ...user.requiredActions
        .filter((action) => !known.includes(action))
        .map((action) => `its required action ${action} is not one that a file can name. It stays as it is.`),
    ],
  };
}

/** Whether a text may stand in a file as one line for people. */
export function isLine(text: string): boolean {
  return line.safeParse(text).success;
}
