import { DocumentProblem, field, hasTemplate, isRecord, type Parsed, parsed, templatesIn, textOf } from "./dexText.ts";
import { isLoopback } from "./fields.ts";
import { didYouMean, listed } from "./suggest.ts";

/** Something in a document that Dex does not know or refuses. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Whether it is a secret that stands there itself. */
  readonly isSecret: boolean;
}

type Kind = "text" | "flag" | "texts" | "mapping";
/** A kind of value, the fields of a mapping, or a list of one of these. */
type Shape = Kind | readonly [Shape] | { readonly [field: string]: Shape };

const tls = { tlsCert: "text", tlsKey: "text", tlsMinVersion: "text", tlsMaxVersion: "text" } as const;

const documentShape = {
  issuer: "text",
  storage: { type: "text", config: "mapping" },
  web: {
    http: "text",
    https: "text",
    headers: {
      "Content-Security-Policy": "text",
      "X-Frame-Options": "text",
      "X-Content-Type-Options": "text",
      "X-XSS-Protection": "text",
      "Strict-Transport-Security": "text",
    },
    ...tls,
    allowedOrigins: "texts",
    allowedHeaders: "texts",
    clientRemoteIP: { header: "text", trustedProxies: "texts" },
  },
  telemetry: { http: "text", enableProfiling: "flag" },
  oauth2: {
    grantTypes: "texts",
    responseTypes: "texts",
    skipApprovalScreen: "flag",
    alwaysShowLoginScreen: "flag",
    passwordConnector: "text",
    pkce: { enforce: "flag", codeChallengeMethodsSupported: "texts" },
  },
  grpc: { addr: "text", ...tls, tlsClientCA: "text", reflection: "flag" },
  expiry: {
    signingKeys: "text",
    idTokens: "text",
    authRequests: "text",
    deviceRequests: "text",
    refreshTokens: {
      disableRotation: "flag",
      reuseInterval: "text",
      absoluteLifetime: "text",
      validIfNotUsedFor: "text",
    },
  },
  logger: { level: "text", format: "text", excludeFields: "texts" },
  frontend: { dir: "text", logoURL: "text", issuer: "text", theme: "text", extra: "mapping" },
  signer: { type: "text", config: "mapping" },
  connectors: [{ type: "text", name: "text", id: "text", config: "mapping", grantTypes: "texts" }],
  staticClients: [
    {
      id: "text",
      idEnv: "text",
      secret: "text",
      secretEnv: "text",
      redirectURIs: "texts",
      postLogoutRedirectURIs: "texts",
      backchannelLogoutURI: "text",
      refreshTokenLifetime: "text",
      trustedPeers: "texts",
      public: "flag",
      name: "text",
      logoURL: "text",
      allowedConnectors: "texts",
      mfaChain: "texts",
      ssoSharedWith: "texts",
      clientCredentialsClaims: { groups: "texts" },
    },
  ],
  enablePasswordDB: "flag",
  staticPasswords: [
    {
      email: "text",
      username: "text",
      name: "text",
      preferredUsername: "text",
      emailVerified: "flag",
      userID: "text",
      hash: "text",
      hashFromEnv: "text",
      groups: "texts",
    },
  ],
  sessions: {
    cookieName: "text",
    absoluteLifetime: "text",
    validIfNotUsedFor: "text",
    rememberMeCheckedByDefault: "flag",
    cookieEncryptionKey: "text",
    ssoSharedWithDefault: "text",
  },
  mfa: {
    authenticators: [{ id: "text", type: "text", config: "mapping", connectorTypes: "texts" }],
    defaultMFAChain: "texts",
  },
} as const satisfies Shape;

const storageTypes = ["etcd", "kubernetes", "memory", "mysql", "postgres", "sqlite3"];

const connectorTypes = [
  "atlassian-crowd",
  "authproxy",
  "bitbucket-cloud",
  "gitea",
  "github",
  "gitlab",
  "google",
  "keystone",
  "ldap",
  "linkedin",
  "microsoft",
  "mockCallback",
  "mockPassword",
  "oauth",
  "oidc",
  "openshift",
  "saml",
  "samlExperimental",
];

/** Fields of the connector's own configuration; what it does not know Dex ignores. */
const oidcFields = [
  "issuer",
  "issuerAlias",
  "clientID",
  "clientSecret",
  "redirectURI",
  "providerDiscoveryOverrides",
  "basicAuthUnsupported",
  "scopes",
  "hostedDomains",
  "rootCAs",
  "insecureSkipEmailVerified",
  "insecureEnableGroups",
  "allowedGroups",
  "acrValues",
  "insecureSkipVerify",
  "getUserInfo",
  "userIDKey",
  "userNameKey",
  "promptType",
  "pkceChallenge",
  "overrideClaimMapping",
  "claimMapping",
  "claimModifications",
];

/** What is wrong with what a stack wants to be the whole document but for applications. It stands in Git. */
export function baseProblems(base: Readonly<Record<string, unknown>>): Problem[] {
  const issuer = base["issuer"];
  const url = typeof issuer === "string" && !hasTemplate(issuer) ? URL.parse(issuer) : undefined;
  const isPlain = url?.protocol === "http:" && !isLoopback(url.hostname);
  return [
    ...shapeProblems(base, documentShape, [], "text"),
    ...(isPlain ? [problem(["issuer"], `"issuer" is ${show(issuer)}; write an address with https.`)] : []),
    ...ruleProblems(base),
    ...secretProblems(base, []),
  ];
}

/** What Dex would refuse or not know in a finished document; one line each. */
export function documentProblems(text: string): string[] {
  let value: Parsed["value"];
  try {
    ({ value } = parsed(text));
  } catch (error) {
    if (error instanceof DocumentProblem) return [error.message];
    throw error;
  }
  return [...shapeProblems(value, documentShape, [], "everywhere"), ...ruleProblems(value)].map(
    ({ message }) => message,
  );
}

/** What Dex takes silently although nobody means it: connectors without groups, fields that it ignores. */
export function connectorFindings(document: string | Readonly<Record<string, unknown>>): string[] {
  const value = typeof document === "string" ? parsed(document).value : document;
  return listIn(value, "connectors").flatMap((connector) => {
    const config = field(connector, "config");
    if (textOf(connector, "type") !== "oidc" || !isRecord(config)) return [];
    const name = JSON.stringify(textOf(connector, "id") ?? "without an id");
    const enabled = field(config, "insecureEnableGroups");
    const known = oidcFields.map((one) => one.toLowerCase());
    return [
      ...(enabled === true || hasTemplate(enabled)
        ? []
        : [
            `connector ${name} has no insecureEnableGroups: true, so Dex drops the groups of everybody who comes through ` +
              "it. Add it to the connector's config.",
          ]),
      ...Object.keys(config)
        .filter((key) => !known.includes(key.toLowerCase()))
        .map(
          (key) =>
            `connector ${name} has ${JSON.stringify(key)} in its config, which Dex's connector oidc does not know and ` +
            `ignores.${didYouMean(key, oidcFields)}`,
        ),
    ];
  });
}

/** Whether a connector of type oidc asks its issuer for a scope. */
export function connectorAsksFor(document: string, scope: string): boolean {
  return listIn(parsed(document).value, "connectors").some((connector) => {
    const scopes = field(field(connector, "config"), "scopes");
    return textOf(connector, "type") === "oidc" && Array.isArray(scopes) && scopes.includes(scope);
  });
}

function problem(path: Problem["path"], message: string, isSecret = false): Problem {
  return { path, message, isSecret };
}

function pathText(path: Problem["path"]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return JSON.stringify(text.replace(/^\./, ""));
}

function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return isRecord(value) ? "a mapping" : JSON.stringify(value);
}

const kinds = {
  text: ["a text", (value) => typeof value === "string"],
  flag: ["true or false", (value) => typeof value === "boolean"],
  texts: ["a list of texts", (value) => Array.isArray(value) && value.every((one) => typeof one === "string")],
  mapping: ["a mapping", isRecord],
} as const satisfies Record<Kind, readonly [name: string, is: (value: unknown) => boolean]>;

/**
 * Values of another kind and fields that do not exist.
 *
 * @param templates where a template may stand instead: what is written from `base` is in quotes, so only in a text
 */
function shapeProblems(
  value: unknown,
  shape: Shape,
  path: Problem["path"],
  templates: "text" | "everywhere",
): Problem[] {
  if (value === null || value === undefined) return [];
  if (templates === "everywhere" && hasTemplate(value)) return [];
  // Never the value: it may be a secret.
  const wrong = (wanted: string) => [problem(path, `${pathText(path)} is not ${wanted}, as Dex wants it.`)];
  if (typeof shape === "string") {
    const [wanted, is] = kinds[shape];
    return is(value) ? [] : wrong(wanted);
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) return wrong("a list");
    return value.flatMap((entry: unknown, index) => shapeProblems(entry, shape[0], [...path, index], templates));
  }
  if (!isRecord(value)) return wrong("a mapping");
  const allowed = Object.keys(shape);
  return Object.entries(value).flatMap(([key, part]) => {
    const inner = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (inner !== undefined) return shapeProblems(part, inner, [...path, key], templates);
    const message = `Dex knows no key ${pathText([...path, key])}.${didYouMean(key, allowed)} Allowed there: ${listed(allowed, 20)}.`;
    return [problem([...path, key], message)];
  });
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

/** What Dex checks at its start. */
function ruleProblems(value: Readonly<Record<string, unknown>>): Problem[] {
  const issuer = textOf(value, "issuer");
  const storage = field(value, "storage");
  const web = field(value, "web");
  const grpc = field(value, "grpc");
  const passwords = listIn(value, "staticPasswords");
  const missing = (path: Problem["path"], what: string) => [problem(path, `${pathText(path)} is missing${what}`)];
  return [
    ...(issuer === undefined ? missing(["issuer"], ". Add the address that applications know Dex by.") : []),
    ...(issuer !== undefined && !hasTemplate(issuer) && !/^https?:$/.test(URL.parse(issuer)?.protocol ?? "")
      ? [problem(["issuer"], `"issuer" is ${show(issuer)}, which is no address.`)]
      : []),
    ...oneOf(storage, ["storage"], "type", storageTypes),
    ...(textOf(web, "http") === undefined && textOf(web, "https") === undefined && !hasTemplate(web)
      ? missing(["web", "http"], ", and so is https. Add where Dex listens.")
      : []),
    ...(textOf(web, "https") === undefined
      ? []
      : ["tlsCert", "tlsKey"].flatMap((key) => (textOf(web, key) === undefined ? missing(["web", key], ".") : []))),
    ...((textOf(grpc, "tlsCert") === undefined) === (textOf(grpc, "tlsKey") === undefined)
      ? []
      : [problem(["grpc"], '"grpc" has one of tlsCert and tlsKey; Dex wants both.')]),
    ...(passwords.length > 0 && field(value, "enablePasswordDB") !== true
      ? [problem(["staticPasswords"], '"staticPasswords" needs enablePasswordDB: true.')]
      : []),
    ...passwords.flatMap((password, index) =>
      textOf(password, "hash") === undefined && textOf(password, "hashFromEnv") === undefined
        ? missing(["staticPasswords", index, "hashFromEnv"], ", and so is hash.")
        : [],
    ),
    ...listIn(value, "connectors").flatMap((connector, index) => connectorProblems(connector, ["connectors", index])),
    ...listIn(value, "staticClients").flatMap((client, index) => clientProblems(client, ["staticClients", index])),
    ...repeatedIn(value, "connectors", ["id"]),
    ...repeatedIn(value, "staticClients", ["id", "idEnv"]),
  ];
}

function oneOf(value: unknown, path: Problem["path"], key: string, allowed: readonly string[]): Problem[] {
  const found = textOf(value, key);
  if (hasTemplate(value) || hasTemplate(found) || (found !== undefined && allowed.includes(found))) return [];
  const where = [...path, key];
  if (found === undefined) return [problem(where, `${pathText(where)} is missing. Allowed: ${listed(allowed, 20)}.`)];
  return [
    problem(
      where,
      `${pathText(where)} is ${show(found)}.${didYouMean(found, allowed)} Allowed: ${listed(allowed, 20)}.`,
    ),
  ];
}

function connectorProblems(connector: unknown, path: Problem["path"]): Problem[] {
  return [
    ...oneOf(connector, path, "type", connectorTypes),
    ...["id", "name"]
      .filter((key) => isRecord(connector) && textOf(connector, key) === undefined)
      .map((key) => problem([...path, key], `${pathText([...path, key])} is missing.`)),
  ];
}

function clientProblems(client: unknown, path: Problem["path"]): Problem[] {
  if (!isRecord(client)) return [];
  const has = (key: string) => textOf(client, key) !== undefined;
  const is = (what: string) => problem(path, `${pathText(path)} ${what}`);
  return [
    ...(has("name") ? [] : [is("has no name, which Dex wants.")]),
    ...(has("id") === has("idEnv") ? [is("must have one of id and idEnv.")] : []),
    ...(has("secret") && has("secretEnv") ? [is("must have only one of secret and secretEnv.")] : []),
    ...(has("secret") || has("secretEnv") || field(client, "public") === true || hasTemplate(field(client, "public"))
      ? []
      : [is("has no secret. Write secretEnv: and the variable with it, or public: true.")]),
  ];
}

/** Dex takes the last of several and says nothing. */
function repeatedIn(value: unknown, list: string, keys: readonly string[]): Problem[] {
  const seen = new Set<string>();
  return listIn(value, list).flatMap((entry, index) => {
    const found = keys.map((key) => textOf(entry, key)).find((text) => text !== undefined);
    if (found === undefined) return [];
    if (seen.has(found)) {
      return [
        problem([list, index], `${pathText([list, index])} is ${show(found)} again; Dex would forget the first.`),
      ];
    }
    seen.add(found);
    return [];
  });
}

const secretKeys = /(?:secret|password|passwd|pw|token|assertion|passphrase|privatekey|encryptionkey)$|^hash$/i;
/** Where Dex fills in $VARIABLE: cmd/dex/config.go, expandEnvInMap. */
const expanding = /^(?:storage|signer|connectors\.\d+)\.config\./;

/** Secrets that stand in the desired state themselves, and references that Dex would not follow. */
function secretProblems(value: unknown, path: Problem["path"]): Problem[] {
  if (isRecord(value) || Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, part]) =>
      secretProblems(part, [...path, Array.isArray(value) ? Number(key) : key]),
    );
  }
  if ((typeof value !== "string" && typeof value !== "number") || value === "") return [];
  const text = String(value);
  const variable = /^\$(?:(\w+)|\{(\w+)\})$/.exec(text);
  const holdsOne = /-----BEGIN [A-Z ]*PRIVATE KEY-----|^\$2[aby]\$|^[a-z][a-z+.-]*:\/\/[^\s/@]*:[^\s/@]+@/.test(text);
  const where = pathText(path);
  if (hasTemplate(value) && /['\\\n]/.test(text)) {
    return [
      problem(path, `the template at ${where} has a single quote, a backslash or a line break. Use backquotes in it.`),
    ];
  }
  if (!secretKeys.test(path.findLast((part) => typeof part === "string") ?? "") && !holdsOne) return [];
  const expands = expanding.test(path.join("."));
  if (isReference(text) || (expands && variable)) return [];
  const [, plainName, bracedName] = variable ?? [];
  const instead = { secret: "secretEnv", hash: "hashFromEnv" }[String(path.at(-1))];
  if (variable && instead !== undefined) {
    const name = plainName ?? bracedName ?? "";
    return [problem(path, `Dex does not fill in ${text} at ${where}. Write ${instead}: ${name}.`)];
  }
  const way = instead === undefined ? (expands ? "$VARIABLE" : '"{{ .Env.VARIABLE }}"') : `${instead}: VARIABLE`;
  return [
    problem(
      path,
      `${where} holds a secret itself, and this file is in Git. Write ${way} and give Dex the variable.`,
      true,
    ),
  ];
}

/** A template that takes all of a secret from elsewhere. */
function isReference(text: string): boolean {
  const [template, ...more] = templatesIn(text);
  if (!template || more.length > 0 || template.source !== text.trim()) return false;
  return !/["`]/.test(template.source.replaceAll(/\bgetenv\s+["`]\w+["`]/gi, ""));
}
