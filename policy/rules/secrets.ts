import { Secret } from "@pulumi/policy";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { at, entries, list, plain, text } from "../reading.ts";
import { type Finding, kindOf, type Outcome, stackRule } from "../rule.ts";
import {
  account,
  client,
  component,
  federation,
  oidcProvider,
  realm,
  s3Account,
  s3User,
  secret,
  stack,
  stash,
} from "../types.ts";

/** Where secrets stand. `*` is every key. */
const secretPlaces: Readonly<Record<string, readonly (readonly string[])[]>> = {
  [account]: [["initialPassword", "value"]],
  [client]: [["clientSecret"]],
  [federation]: [["bindCredential"]],
  [oidcProvider]: [["clientSecret"]],
  [realm]: [["smtpServer", "auth", "password"]],
  [secret]: [
    ["data", "*"],
    ["stringData", "*"],
  ],
  [s3User]: [["secret"]],
  [s3Account]: [["secretKey"]],
  // Outputs of the program, which marks them; of these no policy is told more than their text.
  [stack]: [
    ["temporaryPasswords", "*"],
    ["clientSecrets", "*"],
  ],
  "pulumi:providers:keycloak": [["password"], ["clientSecret"], ["accessToken"], ["jwtSigningKey"], ["jwtToken"]],
  "pulumi:providers:kubernetes": [["kubeconfig"]],
  "pulumi:providers:minio": [["minioPassword"], ["minioSessionToken"]],
};

/** Names of clients and access keys, which stand beside secrets and in other places too. */
const openPlaces: Readonly<Record<string, readonly string[]>> = {
  [component.application]: ["clientId"],
  [client]: ["clientId"],
  [s3Account]: ["accessKey"],
};

function placesOf({ type, name, props }: Pick<Outcome, "type" | "name" | "props">): readonly (readonly string[])[] {
  // A secret that the program draws for an application is all that its Stash holds; its output is a copy.
  if (type === stash && /-secret-\d/.test(name)) return [["input"], ["output"]];
  if (type === stash) return variablesOf(props);
  return Object.hasOwn(secretPlaces, type) ? (secretPlaces[type] ?? []) : [];
}

/** Dex's environment has a name and a secret for each client. */
function variablesOf(props: unknown): string[][] {
  return ["input", "output"].flatMap((part) => {
    const names = (list(props, part, "clients") ?? []).map((one) => text(one, "id"));
    return entries(props, part, "variables")
      .filter(([, value]) => typeof value !== "string" || !names.includes(value))
      .map(([key]) => [part, "variables", key]);
  });
}

/** What the remediation has seen of a resource that the validation, which follows, then tells. */
const seen = new Map<string, readonly string[]>();

const description = "Passwords and keys reach the state as secrets, so that they are encrypted and never shown.";
const remedy = "Wrap the value in pulumi.secret, or name it in additionalSecretOutputs.";

/**
 * A validation is handed all secrets as plain text; only a remediation is handed them as such. So this one changes
 * nothing but notes what is no secret, and needs the level `remediate`.
 */
export const secretsAreMarked: ResourceValidationPolicy = {
  name: "secrets-are-marked",
  description,
  severity: "critical",
  remediationSteps: remedy,
  enforcementLevel: "remediate",
  remediateResource: ({ type, name, urn, props }) => {
    const open = placesOf({ type, name, props: plain(props) })
      .filter((path) => isOpen(props, path))
      .map((path) => path.join("."));
    seen.set(urn, open);
  },
  validateResource: ({ type, name, urn }, report) => {
    const open = seen.get(urn);
    if (open === undefined) {
      report(
        `${kindOf(type)} "${name}": nobody looked at its secrets. Set this rule to the level remediate, or disabled.`,
      );
    }
    for (const path of open ?? []) report(`${kindOf(type)} "${name}": ${path} is no secret. ${remedy}`);
    seen.delete(urn);
  },
};

/** Whether something stands at a path with no secret on the way. Reading a property would unwrap it. */
function isOpen(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (value instanceof Secret || value === undefined || value === null || value === "") return false;
  if (key === undefined || typeof value !== "object") return !isHarmless(value);
  const own = Object.getOwnPropertyDescriptors(value) as Record<string, PropertyDescriptor>;
  const inner = key === "*" ? Object.values(own) : Object.hasOwn(own, key) ? [own[key]] : [];
  return inner.some((descriptor) => isOpen(descriptor?.value, rest));
}

/** What the engine sends for a text that only the update will know, and the path of a file with the secret in it. */
function isHarmless(value: unknown): boolean {
  return value === "04da6b54-80e4-46f7-96ec-b56ff0331ba9" || (typeof value === "string" && /^\/[^\s{]*$/.test(value));
}

/** Shorter ones would be found in what is none of theirs. */
const shortestSecret = 12;

/** The state is as secret as the least of its properties: a password in a label, an annotation or an output is none. */
export const secretsStayInPlace = stackRule(
  {
    name: "secrets-stay-in-place",
    description: "No password or key of the stack stands in another property, such as a label or a setting.",
    severity: "critical",
    remedy: "Take it out there; a program that needs it reads the Secret.",
  },
  (resources) => {
    const open = new Set(
      resources.flatMap(({ type, props }) => textsAt(props, Object.hasOwn(openPlaces, type) ? openPlaces[type] : [])),
    );
    const secrets = new Set(resources.flatMap(valuesOf).filter((value) => value.length >= shortestSecret));
    const spellings = [...secrets].filter((value) => !open.has(value)).flatMap(spellingsOf);
    return spellings.length === 0 ? [] : resources.flatMap((resource) => leaksIn(resource, spellings));
  },
);

/** Kubernetes keeps what is in a Secret in base64. */
function spellingsOf(value: string): string[] {
  return [value, Buffer.from(value).toString("base64").replace(/=+$/, "")];
}

function valuesOf(resource: Outcome): string[] {
  return placesOf(resource).flatMap((path) => {
    const values = textsAt(resource.props, path);
    return resource.type === secret && path[0] === "data"
      ? values.map((value) => Buffer.from(value, "base64").toString("utf8"))
      : values;
  });
}

function textsAt(value: unknown, [key, ...rest]: readonly string[] = []): string[] {
  if (key === undefined) return typeof value === "string" ? [value] : [];
  const inner = key === "*" ? entries(value).map(([, one]) => one) : [at(value, key)];
  return inner.flatMap((one) => textsAt(one, rest));
}

function leaksIn(resource: Outcome, spellings: readonly string[]): Finding[] {
  return openTexts(resource.props, [], placesOf(resource))
    .filter(({ value }) => value.length >= shortestSecret && spellings.some((one) => value.includes(one)))
    .map(({ path }) => ({ of: resource, what: `a password or key of this stack stands in ${path.join(".")}` }));
}

/** Every text outside the places for secrets. */
function openTexts(
  value: unknown,
  path: readonly string[],
  own: readonly (readonly string[])[],
): { path: readonly string[]; value: string }[] {
  if (own.some((place) => place.length <= path.length && place.every((key, at) => key === "*" || key === path[at]))) {
    return [];
  }
  if (typeof value === "string") return [{ path, value }];
  const inner = list(value)?.map((one, index) => [String(index), one] as const) ?? entries(value);
  return inner.flatMap(([key, one]) => openTexts(one, [...path, key], own));
}
