import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type DesiredState, loadDesiredState } from "../access/load.ts";
import { parseDuration } from "../access/duration.ts";
import { didYouMean } from "../access/suggest.ts";
import { type Connection, trustAuthorities } from "../live/connection.ts";
import { keycloaksReason, Refusal, resetPassword, sendResetLink, type Subject } from "../live/credentials.ts";
import { Keycloak } from "../live/keycloak.ts";
import { reasonOf } from "../live/survey.ts";
import { exactly, folderOf, print, say } from "./options.ts";

const defaultLife = "12h";
const [shortest, longest] = [5 * 60, 30 * 24 * 3600];

/**
 * Resets a user's credentials in one of the two ways of seed 000. The password, or the result as JSON, is the only
 * thing on standard output.
 *
 * @returns the exit code: 0 done, 1 refused, 2 settings are missing, 3 Keycloak does not do it
 * @throws {RangeError} when called wrongly
 * @throws {InputError} when the desired state cannot be read
 */
export async function resetCredentials(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      stack: { type: "string", default: "dev" },
      json: { type: "boolean", default: false },
      email: { type: "boolean", default: false },
      ttl: { type: "string" },
    },
  });
  const [username] = exactly(positionals, "user");
  const { stack, email, ttl = defaultLife, json } = values;
  if (values.ttl !== undefined && !email) throw new RangeError("--ttl is how long a link lives, so it needs --email");
  const lifespan = parseDuration(ttl);
  if (lifespan === undefined || lifespan < shortest || lifespan > longest) {
    throw new RangeError(`--ttl is ${JSON.stringify(ttl)}; write 5m to 30d, such as 30m, 12h or 3d`);
  }
  const desired = loadDesiredState(folderOf(stack));
  let where = "";
  try {
    const subject = subjectIn(desired, username, stack);
    const connection = keycloakFromEnvironment();
    where = connection.url;
    trustAuthorities([connection.authority]);
    const client = await new Keycloak(connection, subject.realm).client();
    if (email) {
      const sentTo = await sendResetLink(client, subject, lifespan);
      say(`${username}: a mail with a link that lives ${ttl} is on its way to ${sentTo}`);
      if (json) print(JSON.stringify({ username, sentTo, ttlSeconds: lifespan }));
      return 0;
    }
    const temporaryPassword = await resetPassword(client, subject);
    say(`${username}: all sessions are ended; the next login asks for another password than this one:`);
    print(json ? JSON.stringify({ username, temporaryPassword }) : temporaryPassword);
    return 0;
  } catch (error) {
    if (error instanceof Refusal || error instanceof MissingSettings) {
      say(error.message);
      return error instanceof Refusal ? 1 : 2;
    }
    say(`Keycloak at ${where}: ${keycloaksReason(error) ?? reasonOf(error)}`);
    return 3;
  }
}

function subjectIn({ platform, users }: DesiredState, username: string, stack: string): Subject {
  const user = users.get(username)?.value;
  if (!user) {
    throw new Refusal(
      `user "${username}" is not in stacks/${stack}/users.${didYouMean(username, users.keys())} Name a user of the stack, or another stack with --stack.`,
    );
  }
  if (user.state === "archived") throw new Refusal(`user "${username}" is archived and has no account.`);
  return { realm: platform.value.realm, username, stack };
}

/** The environment does not say where Keycloak is. */
export class MissingSettings extends Error {}

/**
 * Where Keycloak is, from the variables that `make env` prints.
 *
 * @throws {MissingSettings} naming those that are missing
 */
export function keycloakFromEnvironment(): Connection["keycloak"] {
  const missing: string[] = [];
  const optional = (name: string): string | undefined => process.env[name] || undefined;
  const required = (name: string, otherwise = ""): string => {
    const value = optional(name);
    if (value === undefined) missing.push(name + otherwise);
    return value ?? "";
  };
  const url = required("KEYCLOAK_URL");
  const clientId = optional("KEYCLOAK_CLIENT_ID");
  const clientSecret = optional("KEYCLOAK_CLIENT_SECRET");
  const login =
    clientId !== undefined || clientSecret !== undefined
      ? { clientId: required("KEYCLOAK_CLIENT_ID"), clientSecret: required("KEYCLOAK_CLIENT_SECRET") }
      : {
          clientId: "admin-cli",
          username: required("KEYCLOAK_USER", " (or KEYCLOAK_CLIENT_ID)"),
          password: required("KEYCLOAK_PASSWORD", " (or KEYCLOAK_CLIENT_SECRET)"),
        };
  if (url !== "" && !/^https?:/.test(URL.parse(url)?.protocol ?? "")) {
    missing.push(`a valid address in KEYCLOAK_URL: found "${url}"`);
  }
  const path = optional("KEYCLOAK_CACERT");
  if (path !== undefined && !existsSync(path)) missing.push(`the file of KEYCLOAK_CACERT: there is no ${path}`);
  if (missing.length > 0) {
    throw new MissingSettings(
      `the environment does not say how to reach Keycloak. Missing:\n  ${missing.join("\n  ")}\n` +
        'For the local platform run `make up` once, then `eval "$(make -s env)"`.',
    );
  }
  return {
    url,
    loginRealm: optional("KEYCLOAK_LOGIN_REALM") ?? "master",
    login,
    authority: path === undefined ? undefined : { path, text: readFileSync(path, "utf8") },
  };
}
