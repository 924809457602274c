import { endpoints, type KeycloakApplication, openingRoles, scopesOf } from "../application.ts";
import { flowNames } from "../identity.ts";
import { applicationScope, groupsScope } from "../names.ts";
import { groupMembership, type LoginEvent } from "./facts.ts";
import {
  clientIsSeen,
  converge,
  difference,
  differenceToOne,
  given,
  hint,
  ofClient,
  ownFile,
  type Patient,
  platformFile,
  problem,
  q,
  qs,
  registered,
  type Told,
  userOf,
} from "./patient.ts";
import { knownSettings, likeIt, mend, placeOf, scopesIn } from "./settings.ts";

export function groupsScopeIsGiven(patient: Patient<KeycloakApplication>): Told[] {
  return [
    ...clientIsSeen(patient),
    ...ofClient(patient, ({ clientId, defaultScopes, optionalScopes }) => {
      if (defaultScopes.includes(groupsScope)) return [];
      if (!optionalScopes.includes(groupsScope)) {
        return [
          problem(
            `client ${q(clientId)} does not have the scope ${groupsScope}: no token lists groups`,
            converge(patient),
          ),
        ];
      }
      const deaf = knownSettings(patient, "scopes").filter(({ value }) => !scopesIn(value).includes(groupsScope));
      return [
        ...deaf.map((setting) =>
          problem(
            `${placeOf(setting)} is ${q(setting.value)}, without ${groupsScope}, which client ${q(clientId)} gives only when asked`,
            mend(patient, setting, q(likeIt(setting.value, scopesOf(patient.application)))),
          ),
        ),
        hint(
          `client ${q(clientId)} gives the scope ${groupsScope} only when the application asks for it`,
          `Ask for it, or: ${converge(patient)}`,
        ),
      ];
    }),
  ];
}

export function mapperGivesPaths(patient: Patient<KeycloakApplication>): Told[] {
  const put =
    patient.plan.platform.clients.groupsScope === "create"
      ? converge(patient)
      : `Mend the client scope ${groupsScope} in Keycloak; ${platformFile(patient)} has clients.groupsScope: existing, so somebody else keeps it.`;
  return ofClient(patient, ({ clientId, groupsMappers, defaultScopes, optionalScopes }) =>
    given(groupsMappers, `what client ${q(clientId)} is told of groups`, (mappers) => {
      if (![...defaultScopes, ...optionalScopes].includes(groupsScope)) return [];
      if (mappers.length === 0)
        return [
          problem(
            `nothing writes the claim groups for client ${q(clientId)}: the scope ${groupsScope} has no such mapper`,
            put,
          ),
        ];
      return mappers.flatMap(({ name, type, fullPath, idToken, accessToken }) => [
        ...(type === groupMembership && !fullPath
          ? [
              problem(
                `mapper ${q(name)} gives groups without the leading slash ("Full group path" is off): /pk-user arrives as pk-user`,
                put,
              ),
            ]
          : []),
        ...(type === groupMembership
          ? []
          : [
              problem(
                `the claim groups is written by mapper ${q(name)} of the kind ${q(type)}, so it has something else than groups`,
                put,
              ),
            ]),
        ...(idToken ? [] : [problem(`mapper ${q(name)} leaves groups out of the ID token`, put)]),
        ...(accessToken ? [] : [hint(`mapper ${q(name)} leaves groups out of the access token`, put)]),
      ]);
    }),
  );
}

export function clientIsThere(patient: Patient<KeycloakApplication>): Told[] {
  const { clientId } = patient.application;
  return given(patient.own.client, `client ${q(clientId)} in Keycloak`, (client) =>
    client
      ? []
      : [
          problem(
            `Keycloak has no client ${q(clientId)}, so no redirect address is registered: the login page says "Client not found"`,
            converge(patient),
          ),
        ],
  );
}

export function redirectsAreRegistered(patient: Patient<KeycloakApplication>): Told[] {
  const { redirectUris } = patient.application;
  return ofClient(patient, (client) => [
    ...redirectUris
      .filter((uri) => !client.redirectUris.includes(uri))
      .map((uri) =>
        problem(
          `client ${q(client.clientId)} does not have the redirect address ${q(uri)} (it has: ${qs(client.redirectUris)})`,
          converge(patient),
        ),
      ),
    ...client.redirectUris
      .filter((uri) => !redirectUris.includes(uri))
      .map((uri) =>
        hint(
          `client ${q(client.clientId)} also takes the redirect address ${q(uri)}, which ${ownFile(patient)} does not have`,
          `Add it to redirectUris there, or: ${converge(patient)}`,
        ),
      ),
  ]);
}

function eventsOf({ own }: Patient, type: string, error?: string): LoginEvent[] {
  if (!("value" in own.events)) return [];
  return own.events.value.filter((event) => event.type === type && (error === undefined || event.error === error));
}

const mostEvents = 5;

/** Keycloak notes what was asked for. Anybody can ask for anything, so only addresses like ours are a problem. */
export function refusedRedirects(patient: Patient<KeycloakApplication>): Told[] {
  const taken = registered(patient);
  const hosts = new Set([patient.plan.platform.domain, ...taken.map((uri) => URL.parse(uri)?.host)]);
  const byUri = Map.groupBy(
    eventsOf(patient, "LOGIN_ERROR", "invalid_redirect_uri"),
    ({ redirectUri = "" }) => redirectUri,
  );
  return [...byUri]
    .filter(([uri]) => uri !== "" && !taken.includes(uri))
    .slice(0, mostEvents)
    .map(([uri, events]) => {
      const cause = `Keycloak refused the redirect address ${q(uri)}${differenceToOne(uri, taken)} ${times(events)}; registered: ${qs(taken)}`;
      const fix = `Let the application ask for a registered one, or add it to redirectUris in ${ownFile(patient)}.`;
      return hosts.has(URL.parse(uri)?.host) ? problem(cause, fix) : hint(cause, fix);
    });
}

/** How often and when last. */
function times(events: readonly LoginEvent[]): string {
  const [latest] = events;
  return events.length === 1 ? `at ${latest?.time ?? ""}` : `${events.length} times, last at ${latest?.time ?? ""}`;
}

export function clientIsUsable(patient: Patient<KeycloakApplication>): Told[] {
  return ofClient(patient, ({ clientId, enabled, isPublic, standardFlow }) => [
    ...(enabled ? [] : [problem(`client ${q(clientId)} is disabled`, converge(patient))]),
    ...(standardFlow
      ? []
      : [
          problem(
            `client ${q(clientId)} may not use the authorization code flow ("Standard flow" is off)`,
            converge(patient),
          ),
        ]),
    ...(isPublic ? [problem(`client ${q(clientId)} is public, so its secret proves nothing`, converge(patient))] : []),
  ]);
}

/** Whom `allow` names is decided by a login flow of the application's own, and by roles that its groups hold. */
export function gateStands(patient: Patient<KeycloakApplication>): Told[] {
  const { application, own } = patient;
  const wanted = application.allow && flowNames.application(application.name);
  const mark = applicationScope(application.name);
  const open = ofClient(patient, ({ clientId, browserFlow, defaultScopes }) => {
    if (wanted !== undefined && !defaultScopes.includes(mark)) {
      return [
        problem(
          `client ${q(clientId)} does not have the scope ${q(mark)}: who comes through an identity provider passes by allow`,
          converge(patient),
        ),
      ];
    }
    if (browserFlow === wanted) return [];
    const found = browserFlow === undefined ? "the realm's login flow" : `login flow ${q(browserFlow)}`;
    return wanted === undefined
      ? [
          hint(
            `client ${q(clientId)} uses ${found}, though ${ownFile(patient)} has no allow`,
            `Write allow there, or: ${converge(patient)}`,
          ),
        ]
      : [
          problem(
            `client ${q(clientId)} uses ${found}, not ${q(wanted)}: others than allow names may be let in, or nobody`,
            converge(patient),
          ),
        ];
  });
  const [role] = openingRoles(application);
  if (!application.allow || application.allow.groups.length === 0 || role === undefined) return open;
  return [
    ...open,
    ...given(own.allowedGroups, `roles of the groups that may log in to ${q(application.name)}`, (groups) =>
      (application.allow?.groups ?? []).flatMap((group) => {
        const roles = groups[group];
        if (roles === undefined)
          return [problem(`group ${q(group)}, which may log in, is not in Keycloak`, converge(patient))];
        return roles.includes(role)
          ? []
          : [
              problem(
                `group ${q(group)} does not hold the realm role ${q(role)}, so its members are refused`,
                converge(patient),
              ),
            ];
      }),
    ),
  ];
}

/** Refused after the password, as far as Keycloak notes it. A later success outweighs an error. */
export function refusedLogins(patient: Patient<KeycloakApplication>): Told[] {
  const { own, facts, application } = patient;
  if (!("value" in own.events)) return [];
  const about = userOf(facts);
  const concerns = ({ userId }: LoginEvent) => about === undefined || userId === undefined || userId === about.id;
  const [lastSuccess] = own.events.value.filter(({ type }) => type === "CODE_TO_TOKEN");
  const exchange = eventsOf(patient, "CODE_TO_TOKEN_ERROR").filter(concerns);
  const denied = eventsOf(patient, "LOGIN_ERROR", "access_denied").filter(concerns);
  const byError = Map.groupBy(exchange, ({ error = "" }) => error);
  const byUser = Map.groupBy(denied, ({ username = "somebody" }) => username);
  return [
    ...[...byError].slice(0, mostEvents).map(([error, events]) => {
      const cause = `Keycloak refused to give ${q(application.clientId)} tokens for a code (${q(error)}) ${times(events)}`;
      const fix = exchangeFixes[error] ?? "Look at the application's log at that time.";
      const isOver = lastSuccess !== undefined && lastSuccess.time > (events[0]?.time ?? "");
      return isOver ? hint(`${cause}; later it went well`, fix) : problem(cause, fix);
    }),
    ...[...byUser]
      .slice(0, mostEvents)
      .map(([username, events]) =>
        hint(
          `Keycloak did not let ${q(username)} in to ${application.name} ${times(events)}`,
          `If that is not meant: access doctor ${application.name} --user <username>`,
        ),
      ),
  ];
}

const exchangeFixes: Readonly<Record<string, string>> = {
  invalid_client_credentials: "Let the application read the Secret that this program writes, and restart it.",
  invalid_redirect_uri: "Send the same redirect address with the code as with the login.",
  invalid_code: "Send each code once, and within a minute; two copies of the application need a common session store.",
  expired_code: "Send each code within a minute; look at the clocks.",
  code_verifier_missing: "Send the PKCE verifier with the code.",
};

export function issuerIsReal(patient: Patient<KeycloakApplication>): Told[] {
  const { plan, facts } = patient;
  const { realm } = plan.platform;
  const { issuer } = endpoints(plan.platform, patient.application);
  return given(facts.platform.realm, `realm ${q(realm)}`, (found) => {
    if (!found)
      return [
        problem(`Keycloak has no realm ${q(realm)}`, `Name the platform's realm in ${platformFile(patient)} (realm).`),
      ];
    return [
      ...(found.enabled ? [] : [problem(`realm ${q(realm)} is disabled`, "Enable it in Keycloak (Realm settings).")]),
      ...given(found.issuer, "Keycloak's discovery document", (real) =>
        real === issuer
          ? []
          : [
              problem(
                `Keycloak's tokens have the issuer ${q(real)}${difference(real, issuer)}, while applications are told ${q(issuer)}`,
                `If Keycloak is right, write keycloakAddress: ${q(real.replace(/\/realms\/.*$/, ""))} in ${platformFile(patient)} and run pulumi up; otherwise correct Keycloak's hostname (KC_HOSTNAME).`,
              ),
            ],
      ),
      ...(issuer.startsWith("http:") && found.sslRequired === "all"
        ? [
            problem(
              `the issuer ${q(issuer)} is plain HTTP, and realm ${q(realm)} asks for TLS`,
              `Write an https address in ${platformFile(patient)} (keycloakAddress).`,
            ),
          ]
        : []),
    ];
  });
}

export function webOriginsAreRegistered(patient: Patient<KeycloakApplication>): Told[] {
  const { webOrigins } = patient.application;
  return ofClient(patient, (client) =>
    webOrigins
      .filter((origin) => !client.webOrigins.includes(origin))
      .map((origin) =>
        problem(
          `client ${q(client.clientId)} does not have the web origin ${q(origin)}, so browsers keep its answers from scripts there`,
          converge(patient),
        ),
      ),
  );
}

export function offlineAccessIsGiven(patient: Patient<KeycloakApplication>): Told[] {
  return [
    ...clientIsSeen(patient),
    ...ofClient(patient, ({ clientId, defaultScopes, optionalScopes }) => {
      if ([...defaultScopes, ...optionalScopes].includes("offline_access")) return [];
      const asks = knownSettings(patient, "scopes").some(({ value }) => scopesIn(value).includes("offline_access"));
      return [
        problem(
          `client ${q(clientId)} does not have the scope offline_access: ${asks ? "the application asks for it and is refused (invalid_scope)" : "no refresh token outlives the session"}`,
          converge(patient),
        ),
      ];
    }),
  ];
}

export function lifetimesFit(patient: Patient<KeycloakApplication>): Told[] {
  const { facts, plan } = patient;
  const change = (key: string) =>
    plan.realmSettings === undefined
      ? `Change it in Keycloak (Realm settings, Tokens and Sessions), or keep it in ${platformFile(patient)} (realmManagement, realmSettings.tokens.${key}).`
      : `Change realmSettings.tokens.${key} in ${platformFile(patient)}.`;
  return given(facts.platform.realm, "lifetimes of the realm", (realm) => {
    if (!realm) return [];
    const { accessToken, sessionIdle, sessionMax, offlineIdle, refreshOnce } = realm;
    const session = Math.min(sessionIdle, sessionMax);
    return [
      ...(accessToken >= session
        ? [
            problem(
              `an access token lives ${span(accessToken)} and a session ${span(session)}: when the one has to be renewed, the other is over`,
              change("accessToken"),
            ),
          ]
        : []),
      ...(offlineIdle <= sessionIdle
        ? [
            hint(
              `an idle offline token lives ${span(offlineIdle)}, no longer than an idle session (${span(sessionIdle)})`,
              change("offlineIdle"),
            ),
          ]
        : []),
      ...(refreshOnce
        ? [
            hint(
              'a refresh token works once (realm, "Revoke Refresh Token"): an application that renews twice at a time loses its session',
              "Let the application renew one at a time and keep the newest refresh token.",
            ),
          ]
        : []),
    ];
  });
}

function span(seconds: number): string {
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const) {
    if (seconds % size === 0 && seconds > 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

export function refusedRefreshes(patient: Patient<KeycloakApplication>): Told[] {
  const { facts, application } = patient;
  const about = userOf(facts);
  const refused = eventsOf(patient, "REFRESH_TOKEN_ERROR").filter(
    ({ userId }) => about === undefined || userId === undefined || userId === about.id,
  );
  if (refused.length === 0) return [];
  const realm = "value" in facts.platform.realm ? facts.platform.realm.value : undefined;
  const lives = realm
    ? `; an idle session lives ${span(realm.sessionIdle)}, any ${span(realm.sessionMax)}, an idle offline token ${span(realm.offlineIdle)}`
    : "";
  return [...Map.groupBy(refused, ({ error = "", reason = "" }) => (reason === "" ? error : `${error}: ${reason}`))]
    .slice(0, mostEvents)
    .map(([why, events]) =>
      hint(
        `Keycloak refused a refresh token of ${q(application.clientId)} (${q(why)}) ${times(events)}${lives}`,
        "Let the application send people to the login then, renew in time, or ask for offline_access.",
      ),
    );
}
