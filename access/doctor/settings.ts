import {
  type DexApplication,
  type Endpoints,
  endpoints,
  environmentOf,
  type KeycloakApplication,
  type RegisteredApplication,
  scopesOf,
} from "../application.ts";
import { groupsHeader } from "../applicationGuide.ts";
import { groupsScope } from "../names.ts";
import type { Reading, Setting } from "./facts.ts";
import {
  converge,
  difference,
  differenceToOne,
  given,
  hint,
  ifGiven,
  ofClient,
  ownFile,
  type Patient,
  problem,
  q,
  qs,
  registered,
  type Told,
} from "./patient.ts";

type Meaning =
  | keyof Endpoints
  | "redirect"
  | "scopes"
  | "clientId"
  | "clientSecret"
  | "userIdHeader"
  | "userIdPrefix"
  | "groupsHeader";

/** Variables that many applications and libraries use, beside those of our own ConfigMap. */
const meanings: Readonly<Record<string, Meaning>> = {
  OIDC_ISSUER_URL: "issuer",
  OIDC_ISSUER: "issuer",
  OAUTH2_PROXY_OIDC_ISSUER_URL: "issuer",
  OIDC_DISCOVERY_URL: "discovery",
  MINIO_IDENTITY_OPENID_CONFIG_URL: "discovery",
  OIDC_AUTHORIZATION_URL: "authorization",
  OIDC_AUTH_URL: "authorization",
  GF_AUTH_GENERIC_OAUTH_AUTH_URL: "authorization",
  OIDC_TOKEN_URL: "token",
  GF_AUTH_GENERIC_OAUTH_TOKEN_URL: "token",
  OIDC_USERINFO_URL: "userInfo",
  GF_AUTH_GENERIC_OAUTH_API_URL: "userInfo",
  OIDC_JWKS_URL: "jwks",
  OIDC_REDIRECT_URI: "redirect",
  OIDC_REDIRECT_URL: "redirect",
  OAUTH2_PROXY_REDIRECT_URL: "redirect",
  MINIO_IDENTITY_OPENID_REDIRECT_URI: "redirect",
  OIDC_SCOPES: "scopes",
  OIDC_SCOPE: "scopes",
  GF_AUTH_GENERIC_OAUTH_SCOPES: "scopes",
  OAUTH2_PROXY_SCOPE: "scopes",
  MINIO_IDENTITY_OPENID_SCOPES: "scopes",
  OIDC_CLIENT_ID: "clientId",
  GF_AUTH_GENERIC_OAUTH_CLIENT_ID: "clientId",
  OAUTH2_PROXY_CLIENT_ID: "clientId",
  MINIO_IDENTITY_OPENID_CLIENT_ID: "clientId",
  OIDC_CLIENT_SECRET: "clientSecret",
  GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: "clientSecret",
  OAUTH2_PROXY_CLIENT_SECRET: "clientSecret",
  MINIO_IDENTITY_OPENID_CLIENT_SECRET: "clientSecret",
  USERID_HEADER: "userIdHeader",
  KUBEFLOW_USERID_HEADER: "userIdHeader",
  USERID_PREFIX: "userIdPrefix",
  KUBEFLOW_USERID_PREFIX: "userIdPrefix",
  GROUPS_HEADER: "groupsHeader",
  KUBEFLOW_GROUPS_HEADER: "groupsHeader",
};

/** Whether an environment variable says something of the login: `secret` when its value is nobody's to read. */
export function settingKind(variable: string): "plain" | "secret" | undefined {
  const meaning = Object.hasOwn(meanings, variable) ? meanings[variable] : undefined;
  return meaning === undefined ? undefined : meaning === "clientSecret" ? "secret" : "plain";
}

/** A setting whose value is known. */
type Known = Setting & { readonly value: string };

function settingsOf({ own }: Patient, meaning: Meaning): Setting[] {
  return "value" in own.settings ? own.settings.value.filter(({ variable }) => meanings[variable] === meaning) : [];
}

export function knownSettings(patient: Patient, meaning: Meaning): Known[] {
  return settingsOf(patient, meaning).flatMap((setting) =>
    setting.value === undefined ? [] : [{ ...setting, value: setting.value }],
  );
}

/** Where a setting stands, for people. */
export function placeOf({ workload, container, variable, from }: Setting): string {
  const source = from.kind === "value" ? "" : ` (from ${from.kind} ${from.name}, key ${from.key})`;
  return `${variable} of container ${container} in ${workload}${source}`;
}

/** What to do about a setting. */
export function mend(patient: Patient, setting: Setting, wanted: string): string {
  const { from, variable, container, workload } = setting;
  const { application } = patient;
  if (from.kind === "value") return `Set ${variable} of container ${container} in ${workload} to ${wanted}.`;
  if (application.auth !== "headers" && from.kind === "ConfigMap" && from.name === application.environment) {
    return `${converge(patient)} It writes ConfigMap ${from.name}.`;
  }
  return `Set key ${from.key} of ${from.kind} ${from.name} to ${wanted} and restart ${workload}.`;
}

function unreadSettings(patient: Patient): Told[] {
  return given(patient.own.settings, `settings of the workloads of ${q(patient.application.name)}`, () => []);
}

export function scopesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((scope) => scope !== "");
}

function lackingScope(patient: Patient<RegisteredApplication>, scope: string, symptom: string): Told[] {
  return [
    ...unreadSettings(patient),
    ...knownSettings(patient, "scopes")
      .filter(({ value }) => !scopesIn(value).includes(scope))
      .map((setting) =>
        problem(
          `${placeOf(setting)} is ${q(setting.value)}, without ${scope}: ${symptom}`,
          mend(patient, setting, q(likeIt(setting.value, scopesOf(patient.application)))),
        ),
      ),
  ];
}

/** Scopes written as they were, with commas or spaces. */
export function likeIt(found: string, scopes: readonly string[]): string {
  return scopes.join(found.includes(",") ? "," : " ");
}

export function openidIsAsked(patient: Patient<KeycloakApplication>): Told[] {
  return lackingScope(patient, "openid", "Keycloak gives no ID token");
}

export function groupsAreAsked(patient: Patient<DexApplication>): Told[] {
  return [...scopesAreSeen(patient), ...lackingScope(patient, groupsScope, "Dex leaves groups out of its tokens")];
}

export function offlineIsAsked(patient: Patient<DexApplication>): Told[] {
  const symptom = "Dex gives no refresh token, so people are sent to the login when the ID token expires";
  return [...scopesAreSeen(patient), ...lackingScope(patient, "offline_access", symptom)];
}

/** Dex gives what it is asked for and nothing else. */
function scopesAreSeen(patient: Patient<DexApplication>): Told[] {
  const { application, own } = patient;
  if (!("value" in own.settings) || settingsOf(patient, "scopes").length > 0) return [];
  return [
    hint(
      `not checked: which scopes ${application.name} asks for (${noWorkload(application, "OIDC_SCOPES")})`,
      `Compare its settings by hand with ${q(scopesOf(application).join(" "))}.`,
    ),
  ];
}

function noWorkload({ namespace }: RegisteredApplication, variable: string): string {
  return `no Deployment or StatefulSet of it in namespace ${namespace} has ${variable}`;
}

export function headerSettingsFit(patient: Patient): Told[] {
  const { userIdHeader, userIdPrefix } = patient.plan.platform.istio;
  const wanted = { userIdHeader, userIdPrefix, groupsHeader } as const;
  return [
    ...unreadSettings(patient),
    ...(["userIdHeader", "userIdPrefix", "groupsHeader"] as const).flatMap((meaning) =>
      knownSettings(patient, meaning)
        // Names of headers have no case.
        .filter(({ value }) =>
          meaning === "userIdPrefix" ? value !== userIdPrefix : value.toLowerCase() !== wanted[meaning],
        )
        .map((setting) =>
          problem(
            `${placeOf(setting)} is ${q(setting.value)}; the gateway writes ${q(wanted[meaning])}`,
            mend(patient, setting, q(wanted[meaning])),
          ),
        ),
    ),
  ];
}

export function redirectSettingsFit(patient: Patient<RegisteredApplication>): Told[] {
  const { application, own } = patient;
  const taken = registered(patient);
  const settings = knownSettings(patient, "redirect");
  return [
    ...unreadSettings(patient),
    ...settings
      .filter(({ value }) => !taken.includes(value))
      .map((setting) =>
        problem(
          `${placeOf(setting)} is ${q(setting.value)}${differenceToOne(setting.value, taken)}, which is not registered (registered: ${qs(taken)})`,
          `${mend(patient, setting, q(application.redirectUris[0] ?? ""))} Or add the address to redirectUris in ${ownFile(patient)}.`,
        ),
      ),
    ...(settings.length === 0 && "value" in own.settings && !("value" in own.events && own.events.value.length > 0)
      ? [
          hint(
            `not checked: which redirect address ${application.name} asks for (${noWorkload(application, "OIDC_REDIRECT_URI")})`,
            `Compare its settings by hand with ${qs(taken)}.`,
          ),
        ]
      : []),
  ];
}

export function secretFits(patient: Patient<RegisteredApplication>): Told[] {
  const { application, own, plan } = patient;
  const { auth, secret, namespace } = application;
  const name = `Secret ${namespace}/${secret.name}`;
  const system = auth === "keycloak" ? "Keycloak" : "Dex";
  const put =
    auth === "dex" && plan.platform.dex.document.mode === "check"
      ? `${converge(patient)} Dex's own settings are written by others (dex.document.mode: check).`
      : converge(patient);
  const missing: Reading<boolean> = own.namespace;
  if ("value" in missing && !missing.value) {
    return [problem(`namespace ${q(namespace)} is not there`, `Create it, then ${put.replace(/^R/, "r")}`)];
  }
  return given(own.secret, name, (found) => {
    if (!found) return [problem(`${name} is not there, so the application has no client secret`, put)];
    return [
      ...(found.idIsRight
        ? []
        : [problem(`key ${secret.idKey} of ${name} is not the client id ${q(application.clientId)}`, put)]),
      ...given(found.secretIsRight, `whether ${name} has the secret that ${system} has`, (isRight) =>
        isRight
          ? []
          : [
              problem(
                `key ${secret.secretKey} of ${name} is not the secret that ${system} has: logins end with an error after the password`,
                put,
              ),
            ],
      ),
    ];
  });
}

export function credentialSettingsFit(patient: Patient<RegisteredApplication>): Told[] {
  const { secret, clientId, namespace, environment } = patient.application;
  const ids = knownSettings(patient, "clientId")
    .filter(({ value }) => value !== clientId)
    .map((setting) =>
      problem(
        `${placeOf(setting)} is ${q(setting.value)}, not the client id ${q(clientId)}`,
        mend(patient, setting, q(clientId)),
      ),
    );
  const secrets = settingsOf(patient, "clientSecret").flatMap((setting) => {
    const use = `Use secretKeyRef: { name: ${secret.name}, key: ${secret.secretKey} } there.`;
    if (setting.from.kind !== "Secret") {
      return [problem(`${placeOf(setting)} is written in the clear, so it does not follow the client's secret`, use)];
    }
    if (setting.from.name !== secret.name) {
      return [hint(`${placeOf(setting)} is not the Secret that this program writes (${secret.name})`, use)];
    }
    return setting.from.key === secret.secretKey
      ? []
      : [problem(`${placeOf(setting)} is another key than ${secret.secretKey}, which has the client secret`, use)];
  });
  const gone = ifGiven(patient.own.settings, (settings) =>
    settings.flatMap((setting) =>
      setting.from.kind !== "value" && setting.from.missing
        ? [
            problem(
              `${placeOf(setting)} is not there, so the container does not start`,
              setting.from.name === secret.name || setting.from.name === environment
                ? `${converge(patient)} Name the keys that it writes (access application ${patient.application.name}).`
                : `Create ${setting.from.kind} ${namespace}/${setting.from.name} with that key, or name another.`,
            ),
          ]
        : [],
    ),
  );
  return [...unreadSettings(patient), ...ids, ...secrets, ...gone];
}

export function workloadsAreFresh({ own, application }: Patient<RegisteredApplication>): Told[] {
  return ifGiven(own.stale, (stale) =>
    stale.map(({ workload, started, object, changed }) =>
      problem(
        `${workload} has run since ${started}, longer than ${object} is as it is (${changed}): it uses what was there before`,
        `Restart it: kubectl -n ${application.namespace} rollout restart ${workload.toLowerCase().replace(" ", "/")}`,
      ),
    ),
  );
}

/** Keycloak refuses a login that asks for a scope which the client does not have. */
export function scopesAreGiven(patient: Patient<KeycloakApplication>): Told[] {
  return ofClient(patient, ({ clientId, defaultScopes, optionalScopes }) => {
    const has = new Set(["openid", ...defaultScopes, ...optionalScopes]);
    return knownSettings(patient, "scopes").flatMap((setting) =>
      scopesIn(setting.value)
        // Told in chapters of their own.
        .filter((scope) => !has.has(scope) && scope !== groupsScope && scope !== "offline_access")
        .map((scope) =>
          problem(
            `${placeOf(setting)} asks for the scope ${q(scope)}, which client ${q(clientId)} does not have: Keycloak answers invalid_scope`,
            mend(patient, setting, q(likeIt(setting.value, scopesOf(patient.application)))),
          ),
        ),
    );
  });
}

export function environmentFits(patient: Patient<RegisteredApplication>): Told[] {
  const { application, own, plan } = patient;
  const { environment, namespace } = application;
  if (environment === undefined) return [];
  const name = `ConfigMap ${namespace}/${environment}`;
  return given(own.environment, name, (found) => {
    if (!found) return [problem(`${name} is not there`, converge(patient))];
    return Object.entries(environmentOf(plan.platform, application)).flatMap(([key, wanted]) =>
      found[key] === wanted
        ? []
        : [
            problem(
              found[key] === undefined
                ? `${name} has no ${key}`
                : `${key} in ${name} is ${q(found[key])}${difference(found[key], wanted)}, not ${q(wanted)}`,
              converge(patient),
            ),
          ],
    );
  });
}

/** What an application may ask for inside the cluster, by another name. */
const reachedFromInside: readonly Meaning[] = ["discovery", "token", "userInfo", "jwks"];

export function endpointSettingsFit(patient: Patient<RegisteredApplication>): Told[] {
  const wanted = endpoints(patient.plan.platform, patient.application);
  const { environment } = patient.application;
  const meant = Object.keys(wanted) as (keyof Endpoints)[];
  return [
    ...unreadSettings(patient),
    ...meant.flatMap((meaning) =>
      knownSettings(patient, meaning)
        // Told with the ConfigMap itself.
        .filter(({ from }) => !(from.kind === "ConfigMap" && from.name === environment))
        .filter(({ value }) => value !== wanted[meaning])
        .map((setting) => {
          const cause = `${placeOf(setting)} is ${q(setting.value)}${difference(setting.value, wanted[meaning])}, not ${q(wanted[meaning])}`;
          const fix = mend(patient, setting, q(wanted[meaning]));
          const [found, right] = [URL.parse(setting.value), URL.parse(wanted[meaning])];
          const isInside =
            reachedFromInside.includes(meaning) && found?.host !== right?.host && found?.pathname === right?.pathname;
          return isInside
            ? hint(`${cause}; that is right only as an address inside the cluster`, fix)
            : problem(cause, fix);
        }),
    ),
  ];
}
