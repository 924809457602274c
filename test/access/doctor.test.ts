import assert from "node:assert/strict";
import { test } from "node:test";
import { endpoints, environmentOf, type RegisteredApplication } from "../../access/application.ts";
import { applicationsNamed, type Chapter, diagnose, type Finding, renderDiagnosis } from "../../access/doctor.ts";
import type {
  AccountFacts,
  ApplicationFacts,
  ClientFacts,
  Facts,
  PlatformFacts,
  Reading,
  Setting,
  UserFacts,
} from "../../access/doctor/facts.ts";
import { settingKind } from "../../access/doctor/settings.ts";
import { gatewayPolicyOf, type LiveGateway } from "../../access/gateway.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

const files = {
  "platform.yaml": [
    "domain: cluster.example.com",
    "masterAdmins: [root-1, root-2]",
    "realmRoles: [{ name: chart-reader }, { name: monitor-viewer }]",
    "clients: { dex: {} }",
    "",
  ].join("\n"),
  "users/alice.yaml": "username: alice\nemail: alice@example.com\nroles: [monitor-viewer]\n",
  "groups/data-science.yaml": undefined,
  "workspaces/team-a.yaml": undefined,
  "groups/painters.yaml": "name: painters\nmembers: [alice]\n",
  "applications/charts.yaml": [
    "name: charts",
    "auth: keycloak",
    "namespace: charts",
    'redirectUris: ["https://cluster.example.com/charts/callback"]',
    'paths: ["/charts/*"]',
    "environment: true",
    "allow: [{ group: painters }, { role: chart-reader }]",
    "",
  ].join("\n"),
  "applications/labs.yaml": 'name: labs\nauth: headers\nnamespace: labs\npaths: ["/labs/*"]\n',
  "applications/mon.yaml": [
    "name: mon",
    "auth: dex",
    "namespace: mon",
    'redirectUris: ["https://cluster.example.com/mon/callback"]',
    'paths: ["/mon/*"]',
    "",
  ].join("\n"),
};

function planWith(changes: Readonly<Record<string, string | undefined>> = {}): Plan {
  return resolve(desired({ ...files, ...changes }), "2026-11-27");
}

const plan = planWith();
const issuer = "https://cluster.example.com/auth/realms/prokube";
const dexIssuer = "https://cluster.example.com/dex";
const opener = "prokube-access:application:charts";

function ok<T>(value: T): Reading<T> {
  return { value };
}

function gateway(jwt = ["/dex/*", "/charts/*", "/mon/*"], proxy = jwt): LiveGateway {
  const policy = (name: string, action: string, notPaths: readonly string[]) =>
    gatewayPolicyOf({
      metadata: { name, resourceVersion: "1" },
      spec: { action, rules: [{ to: [{ operation: { notPaths } }] }] },
    });
  return {
    requireJwt: policy("istio-ingressgateway-require-jwt", "DENY", jwt),
    oauth2Proxy: policy("istio-ingressgateway-oauth2-proxy", "CUSTOM", proxy),
  };
}

const realm = {
  issuer: ok(issuer),
  enabled: true,
  verifyEmail: true,
  sslRequired: "all",
  accessToken: 300,
  sessionIdle: 1800,
  sessionMax: 36_000,
  offlineIdle: 2_592_000,
  refreshOnce: false,
};

const groupsMapper = {
  name: "groups",
  type: "oidc-group-membership-mapper",
  fullPath: true,
  idToken: true,
  accessToken: true,
};

const client: ClientFacts = {
  clientId: "charts-client",
  enabled: true,
  isPublic: false,
  standardFlow: true,
  redirectUris: ["https://cluster.example.com/charts/callback"],
  webOrigins: ["https://cluster.example.com"],
  defaultScopes: ["basic", "acr", "web-origins", "profile", "email", "groups", "prokube-access-charts"],
  optionalScopes: ["offline_access"],
  browserFlow: "prokube-access application charts",
  groupsMappers: ok([groupsMapper]),
};

const dexClient: ClientFacts = {
  ...client,
  clientId: "dex",
  redirectUris: ["https://cluster.example.com/dex/callback"],
  browserFlow: undefined,
  groupsMappers: ok([{ ...groupsMapper, type: "oidc-usermodel-realm-role-mapper", fullPath: false }]),
};

const dex = { issuer: dexIssuer, connectors: [], deployment: { current: true, reads: "all" as const } };

const headers = { "kubeflow-userid": "email", "kubeflow-groups": "groups" };

const soundPlatform: PlatformFacts = {
  realm: ok(realm),
  gateway: ok(gateway()),
  claimHeaders: ok([{ policy: "istio-system/dex-jwt", issuer: dexIssuer, headers }]),
  routes: ok(
    ["charts", "labs", "mon"].map((name) => ({
      name: `${name}/${name}`,
      hosts: ["*"],
      paths: [`/${name}/*`],
      namespaces: [name],
    })),
  ),
  dex: ok(dex),
  dexClient: ok(dexClient),
};

function settingsFor(name: string): Setting[] {
  const [application] = applicationsNamed(plan, name);
  if (!application || application.auth === "headers") return [];
  const place = { workload: `Deployment ${name}`, container: "web" };
  const { secret } = application;
  return [
    ...Object.entries(environmentOf(plan.platform, application)).map(([variable, value]) => ({
      ...place,
      variable,
      value,
      from: { kind: "value" as const },
    })),
    ...[
      ["OIDC_CLIENT_ID", secret.idKey],
      ["OIDC_CLIENT_SECRET", secret.secretKey],
    ].map(([variable = "", key = ""]) => ({
      ...place,
      variable,
      value: undefined,
      from: { kind: "Secret" as const, name: secret.name, key, missing: false },
    })),
  ];
}

function soundApplication(name: string): ApplicationFacts {
  const [application] = applicationsNamed(plan, name);
  const registered = application as RegisteredApplication;
  return {
    namespace: ok(true),
    client: ok(name === "charts" ? client : undefined),
    dexClient: ok(name === "mon" ? { redirectUris: registered.redirectUris } : undefined),
    secret: ok({ idIsRight: true, secretIsRight: ok(true) }),
    environment: ok(name === "charts" ? environmentOf(plan.platform, registered) : undefined),
    settings: ok(settingsFor(name)),
    stale: ok([]),
    allowedGroups: ok({ painters: [opener] }),
    events: ok([]),
  };
}

const account: AccountFacts = {
  id: "a-1",
  enabled: true,
  emailVerified: true,
  requiredActions: [],
  groups: ["/painters", "/pk-user"],
  roles: [opener, "monitor-viewer", "offline_access"],
};

const soundUser: UserFacts = {
  username: "alice",
  account: ok(account),
  locked: ok(false),
  sessions: ok([{ start: "2026-11-27T10:00:00.000Z", clients: ["charts-client", "dex"] }]),
  changed: ok("2026-11-27T09:00:00.000Z"),
  offline: { charts: ok(["2026-11-27T10:30:00.000Z"]) },
  groups: { charts: ok(["/painters", "/pk-user"]), labs: ok(["monitor-viewer"]), mon: ok(["monitor-viewer"]) },
};

interface Spoilt {
  readonly platform?: Partial<PlatformFacts>;
  readonly charts?: Partial<ApplicationFacts>;
  readonly labs?: Partial<ApplicationFacts>;
  readonly mon?: Partial<ApplicationFacts>;
  readonly user?: Partial<UserFacts>;
}

function factsWith({ platform, charts, labs, mon, user }: Spoilt = {}): Facts {
  return {
    stack: "dev",
    platform: { ...soundPlatform, ...platform },
    applications: {
      charts: { ...soundApplication("charts"), ...charts },
      labs: { ...soundApplication("labs"), ...labs },
      mon: { ...soundApplication("mon"), ...mon },
    },
    user: user && { ...soundUser, ...user },
  };
}

/** Settings of an application with one of them otherwise. */
function setting(name: string, variable: string, value: string, from?: Setting["from"]): Partial<ApplicationFacts> {
  return {
    settings: ok(
      settingsFor(name).map((one) => (one.variable === variable ? { ...one, value, ...(from && { from }) } : one)),
    ),
  };
}

function told(findings: readonly Finding[]): string[] {
  return findings.map(({ application, chapter, severity, cause, fix }) =>
    [application, chapter, severity, cause, fix].join(" | "),
  );
}

test("a sound platform has nothing wrong", () => {
  assert.deepEqual(told(diagnose(plan, factsWith())), []);
});

test("for a user who may log in it says what applications are told", () => {
  assert.deepEqual(told(diagnose(plan, factsWith({ user: {} }))), [
    'charts | groups in token | hint | the claim groups for alice would be ["/painters", "/pk-user"] | If the application does not see them: compare with the leading slash, and log out and in again.',
    'labs | groups in headers | hint | the header kubeflow-groups for alice would be "monitor-viewer" | If the application does not see them: split at commas, and log out and in again.',
    'mon | groups in token | hint | the claim groups for alice would be ["monitor-viewer"] | If the application does not see them: compare without a leading slash, and log out and in again.',
  ]);
});

const up = "Run pulumi up --stack dev --refresh --run-program.";
const chartsFile = "env/applications/charts.yaml";

/** One thing spoilt, and all that is told of it. */
const cases: readonly (readonly [what: string, spoilt: Spoilt, ...findings: string[]])[] = [
  // Groups in headers.
  [
    "a path of an application with headers is exempted",
    { platform: { gateway: ok(gateway(["/charts/*", "/mon/*", "/labs/open*"], ["/charts/*", "/mon/*"])) } },
    'labs | groups in headers | problem | path "/labs/*" is exempted by "/labs/open*" in AuthorizationPolicy istio-system/istio-ingressgateway-require-jwt: requests without a token get through, with whatever headers they bring | Remove "/labs/open*" from notPaths there: kubectl -n istio-system edit authorizationpolicy istio-ingressgateway-require-jwt',
  ],
  [
    "a header is not written",
    {
      platform: {
        claimHeaders: ok([
          { policy: "istio-system/dex-jwt", issuer: dexIssuer, headers: { "kubeflow-userid": "email" } },
        ]),
      },
    },
    "labs | groups in headers | problem | no RequestAuthentication writes the header kubeflow-groups | Add { header: kubeflow-groups, claim: groups } to outputClaimToHeaders of RequestAuthentication istio-system/dex-jwt.",
  ],
  [
    "a header is written from another claim",
    {
      platform: {
        claimHeaders: ok([
          { policy: "istio-system/dex-jwt", issuer: dexIssuer, headers: { ...headers, "kubeflow-userid": "sub" } },
        ]),
      },
    },
    'labs | groups in headers | problem | RequestAuthentication istio-system/dex-jwt writes the header kubeflow-userid from the claim "sub", not from email | Write claim: email there.',
  ],
  [
    "the gateway takes tokens of another issuer",
    {
      platform: {
        claimHeaders: ok([{ policy: "istio-system/dex-jwt", issuer: "https://old.example.com/dex", headers }]),
      },
    },
    'labs | groups in headers | problem | no RequestAuthentication in namespace istio-system takes tokens of Dex\'s issuer "https://cluster.example.com/dex" (found: "https://old.example.com/dex") | Write one for the gateway with outputClaimToHeaders: kubeflow-userid from email, kubeflow-groups from groups.',
  ],
  [
    "Dex drops groups",
    {
      platform: {
        dex: ok({
          ...dex,
          connectors: ['connector "keycloak" has no insecureEnableGroups: true, so Dex drops the groups'],
        }),
      },
    },
    'labs | groups in headers | problem | Dex (ConfigMap auth/dex): connector "keycloak" has no insecureEnableGroups: true, so Dex drops the groups | Mend the connector in ConfigMap auth/dex, key config.yaml, and restart Dex.',
    'mon | groups in token | problem | Dex (ConfigMap auth/dex): connector "keycloak" has no insecureEnableGroups: true, so Dex drops the groups | Mend the connector in ConfigMap auth/dex, key config.yaml, and restart Dex.',
  ],
  [
    "nothing tells Dex of groups",
    { platform: { dexClient: ok({ ...dexClient, groupsMappers: ok([]) }) } },
    `labs | groups in headers | problem | nothing tells Dex a person's groups: client "dex" in Keycloak has no mapper that writes the claim groups into the ID token | ${up}`,
    `mon | groups in token | problem | nothing tells Dex a person's groups: client "dex" in Keycloak has no mapper that writes the claim groups into the ID token | ${up}`,
  ],
  [
    "an application reads another header",
    {
      labs: {
        settings: ok([
          {
            workload: "Deployment labs",
            container: "web",
            variable: "USERID_HEADER",
            value: "x-user",
            from: { kind: "value" },
          },
        ]),
      },
    },
    'labs | groups in headers | problem | USERID_HEADER of container web in Deployment labs is "x-user"; the gateway writes "kubeflow-userid" | Set USERID_HEADER of container web in Deployment labs to "kubeflow-userid".',
  ],

  // Groups in tokens.
  [
    "the client lost the scope",
    { charts: { client: ok({ ...client, defaultScopes: ["profile", "email", "prokube-access-charts"] }) } },
    `charts | groups in token | problem | client "charts-client" does not have the scope groups: no token lists groups | ${up}`,
  ],
  [
    "the mapper gives groups without a slash",
    { charts: { client: ok({ ...client, groupsMappers: ok([{ ...groupsMapper, fullPath: false }]) }) } },
    `charts | groups in token | problem | mapper "groups" gives groups without the leading slash ("Full group path" is off): /pk-user arrives as pk-user | ${up}`,
  ],
  [
    "the mapper leaves the ID token out",
    { charts: { client: ok({ ...client, groupsMappers: ok([{ ...groupsMapper, idToken: false }]) }) } },
    `charts | groups in token | problem | mapper "groups" leaves groups out of the ID token | ${up}`,
  ],
  [
    "an application of Dex does not ask for groups",
    { mon: setting("mon", "OIDC_SCOPES", "openid email offline_access") },
    'mon | groups in token | problem | OIDC_SCOPES of container web in Deployment mon is "openid email offline_access", without groups: Dex leaves groups out of its tokens | Set OIDC_SCOPES of container web in Deployment mon to "openid profile email groups offline_access".',
  ],

  // Redirect URI.
  [
    "there is no client",
    { charts: { client: ok(undefined) } },
    'charts | groups in token | hint | not checked: client "charts-client" in Keycloak (there is none) | Have it made first.',
    `charts | redirect URI | problem | Keycloak has no client "charts-client", so no redirect address is registered: the login page says "Client not found" | ${up}`,
    'charts | expired tokens | hint | not checked: client "charts-client" in Keycloak (there is none) | Have it made first.',
  ],
  [
    "the application asks for an address with one slash too many",
    { charts: setting("charts", "OIDC_REDIRECT_URI", "https://cluster.example.com/charts/callback/") },
    `charts | redirect URI | problem | OIDC_REDIRECT_URI of container web in Deployment charts is "https://cluster.example.com/charts/callback/" (one final slash too many), which is not registered (registered: "https://cluster.example.com/charts/callback") | Set OIDC_REDIRECT_URI of container web in Deployment charts to "https://cluster.example.com/charts/callback". Or add the address to redirectUris in ${chartsFile}.`,
  ],
  [
    "the application forgets its path",
    { mon: setting("mon", "OIDC_REDIRECT_URI", "https://cluster.example.com/callback") },
    'mon | redirect URI | problem | OIDC_REDIRECT_URI of container web in Deployment mon is "https://cluster.example.com/callback" (the path lacks "/mon"), which is not registered (registered: "https://cluster.example.com/mon/callback") | Set OIDC_REDIRECT_URI of container web in Deployment mon to "https://cluster.example.com/mon/callback". Or add the address to redirectUris in env/applications/mon.yaml.',
  ],
  [
    "somebody changed the address in Keycloak",
    {
      charts: {
        client: ok({ ...client, redirectUris: ["https://cluster.example.com/*"] }),
        settings: ok([]),
        events: ok([]),
      },
    },
    `charts | redirect URI | problem | client "charts-client" does not have the redirect address "https://cluster.example.com/charts/callback" (it has: "https://cluster.example.com/*") | ${up}`,
    `charts | redirect URI | hint | client "charts-client" also takes the redirect address "https://cluster.example.com/*", which ${chartsFile} does not have | Add it to redirectUris there, or: ${up}`,
    'charts | redirect URI | hint | not checked: which redirect address charts asks for (no Deployment or StatefulSet of it in namespace charts has OIDC_REDIRECT_URI) | Compare its settings by hand with "https://cluster.example.com/*".',
  ],
  [
    "Keycloak refused an address of the platform, and one of somebody's with an escape in it",
    {
      charts: {
        events: ok([
          {
            type: "LOGIN_ERROR",
            error: "invalid_redirect_uri",
            time: "2026-11-27T10:02:00.000Z",
            redirectUri: "http://cluster.example.com/charts/callback",
          },
          {
            type: "LOGIN_ERROR",
            error: "invalid_redirect_uri",
            time: "2026-11-27T10:01:00.000Z",
            redirectUri: "https://bad.example\u001b[2J?token=canary",
          },
          {
            type: "LOGIN_ERROR",
            error: "invalid_redirect_uri",
            time: "2026-11-27T10:00:00.000Z",
            redirectUri: "http://cluster.example.com/charts/callback",
          },
        ]),
      },
    },
    `charts | redirect URI | problem | Keycloak refused the redirect address "http://cluster.example.com/charts/callback" (http: instead of https:) 2 times, last at 2026-11-27T10:02:00.000Z; registered: "https://cluster.example.com/charts/callback" | Let the application ask for a registered one, or add it to redirectUris in ${chartsFile}.`,
    `charts | redirect URI | hint | Keycloak refused the redirect address "https://bad.example\\u001b[2J?..." (that is no address) at 2026-11-27T10:01:00.000Z; registered: "https://cluster.example.com/charts/callback" | Let the application ask for a registered one, or add it to redirectUris in ${chartsFile}.`,
  ],
  [
    "Dex has no such client",
    { mon: { dexClient: ok(undefined) } },
    `mon | redirect URI | problem | Dex has no client "mon-oidc-client" (ConfigMap auth/dex, key config.yaml) | ${up}`,
  ],
  [
    "Dex has another address",
    { mon: { dexClient: ok({ redirectUris: ["https://cluster.example.com/mon/cb"] }), settings: ok([]) } },
    'mon | groups in token | hint | not checked: which scopes mon asks for (no Deployment or StatefulSet of it in namespace mon has OIDC_SCOPES) | Compare its settings by hand with "openid profile email groups offline_access".',
    `mon | redirect URI | problem | client "mon-oidc-client" in Dex does not have the redirect address "https://cluster.example.com/mon/callback" (it has: "https://cluster.example.com/mon/cb") | ${up}`,
    `mon | redirect URI | hint | client "mon-oidc-client" in Dex also takes the redirect address "https://cluster.example.com/mon/cb", which env/applications/mon.yaml does not have | Add it to redirectUris there, or: ${up}`,
    'mon | redirect URI | hint | not checked: which redirect address mon asks for (no Deployment or StatefulSet of it in namespace mon has OIDC_REDIRECT_URI) | Compare its settings by hand with "https://cluster.example.com/mon/cb".',
    'mon | expired tokens | hint | not checked: which scopes mon asks for (no Deployment or StatefulSet of it in namespace mon has OIDC_SCOPES) | Compare its settings by hand with "openid profile email groups offline_access".',
  ],

  // 403 after login.
  [
    "a path is missing in the policy that asks for a token",
    { platform: { gateway: ok(gateway(["/mon/*"], ["/charts/*", "/mon/*"])) } },
    `charts | 403 after login | problem | path "/charts/*" is not among notPaths of AuthorizationPolicy istio-system/istio-ingressgateway-require-jwt: users get 403 Forbidden before they reach the application's login | ${up}`,
  ],
  [
    "the client is disabled",
    { charts: { client: ok({ ...client, enabled: false }) } },
    `charts | 403 after login | problem | client "charts-client" is disabled | ${up}`,
  ],
  [
    "the Secret is old",
    { charts: { secret: ok({ idIsRight: true, secretIsRight: ok(false) }) } },
    `charts | 403 after login | problem | key client-secret of Secret charts/charts-oidc-secret is not the secret that Keycloak has: logins end with an error after the password | ${up}`,
  ],
  [
    "the Deployment is older than the Secret",
    {
      mon: {
        stale: ok([
          {
            workload: "Deployment mon",
            started: "2026-11-01T00:00:00.000Z",
            object: "Secret mon-oidc-secret",
            changed: "2026-11-02T00:00:00.000Z",
          },
        ]),
      },
    },
    "mon | 403 after login | problem | Deployment mon has run since 2026-11-01T00:00:00.000Z, longer than Secret mon-oidc-secret is as it is (2026-11-02T00:00:00.000Z): it uses what was there before | Restart it: kubectl -n mon rollout restart deployment/mon",
  ],
  [
    "the client's secret is written in the clear",
    {
      charts: {
        settings: ok(
          settingsFor("charts").map((one) =>
            one.variable === "OIDC_CLIENT_SECRET" ? { ...one, from: { kind: "value" as const } } : one,
          ),
        ),
      },
    },
    "charts | 403 after login | problem | OIDC_CLIENT_SECRET of container web in Deployment charts is written in the clear, so it does not follow the client's secret | Use secretKeyRef: { name: charts-oidc-secret, key: client-secret } there.",
  ],
  [
    "Dex was not restarted",
    { platform: { dex: ok({ ...dex, deployment: { current: false, reads: ["MON_OIDC_CLIENT_ID"] } }) } },
    `mon | 403 after login | problem | Dex reads its clients and secrets at its start only, and Deployment auth/dex was not started after their last change | ${up} Or: kubectl -n auth rollout restart deployment/dex`,
    'mon | 403 after login | problem | Deployment auth/dex does not take MON_OIDC_CLIENT_SECRET from Secret dex-oidc-secrets, so Dex does not know the client "mon-oidc-client" | Add envFrom: [{ secretRef: { name: dex-oidc-secrets } }] to Dex\'s container.',
  ],
  [
    "an application asks for a scope that its client does not have",
    { charts: setting("charts", "OIDC_SCOPES", "openid groups roles") },
    'charts | 403 after login | problem | OIDC_SCOPES of container web in Deployment charts asks for the scope "roles", which client "charts-client" does not have: Keycloak answers invalid_scope | Set OIDC_SCOPES of container web in Deployment charts to "openid profile email groups".',
  ],
  [
    "everybody gets in",
    { charts: { client: ok({ ...client, browserFlow: undefined }) } },
    `charts | 403 after login | problem | client "charts-client" uses the realm's login flow, not "prokube-access application charts": others than allow names may be let in, or nobody | ${up}`,
  ],
  [
    "logins through an identity provider are not gated",
    { charts: { client: ok({ ...client, defaultScopes: ["profile", "email", "groups"] }) } },
    `charts | 403 after login | problem | client "charts-client" does not have the scope "prokube-access-charts": who comes through an identity provider passes by allow | ${up}`,
  ],
  [
    "an allowed group lost its role",
    { charts: { allowedGroups: ok({ painters: [] }) } },
    `charts | 403 after login | problem | group "painters" does not hold the realm role "prokube-access:application:charts", so its members are refused | ${up}`,
  ],
  [
    "codes are refused, and later taken",
    {
      charts: {
        events: ok([
          { type: "CODE_TO_TOKEN_ERROR", error: "invalid_code", time: "2026-11-27T10:03:00.000Z" },
          { type: "CODE_TO_TOKEN", time: "2026-11-27T10:02:00.000Z" },
          { type: "CODE_TO_TOKEN_ERROR", error: "invalid_client_credentials", time: "2026-11-27T10:01:00.000Z" },
          { type: "LOGIN_ERROR", error: "access_denied", username: "bob", time: "2026-11-27T10:00:00.000Z" },
        ]),
      },
    },
    'charts | 403 after login | problem | Keycloak refused to give "charts-client" tokens for a code ("invalid_code") at 2026-11-27T10:03:00.000Z | Send each code once, and within a minute; two copies of the application need a common session store.',
    'charts | 403 after login | hint | Keycloak refused to give "charts-client" tokens for a code ("invalid_client_credentials") at 2026-11-27T10:01:00.000Z; later it went well | Let the application read the Secret that this program writes, and restart it.',
    'charts | 403 after login | hint | Keycloak did not let "bob" in to charts at 2026-11-27T10:00:00.000Z | If that is not meant: access doctor charts --user <username>',
  ],

  // Wrong URL or issuer.
  [
    "a path is missing in the policy that sends to the platform's login",
    { platform: { gateway: ok(gateway(["/charts/*", "/mon/*"], ["/charts/*"])) } },
    `mon | wrong URL or issuer | problem | path "/mon/*" is not among notPaths of AuthorizationPolicy istio-system/istio-ingressgateway-oauth2-proxy: users get the platform's login page instead of the application's | ${up}`,
  ],
  [
    "Keycloak is called otherwise",
    { platform: { realm: ok({ ...realm, issuer: ok("https://sso.example.com/auth/realms/prokube") }) } },
    'charts | wrong URL or issuer | problem | Keycloak\'s tokens have the issuer "https://sso.example.com/auth/realms/prokube" (another host), while applications are told "https://cluster.example.com/auth/realms/prokube" | If Keycloak is right, write keycloakAddress: "https://sso.example.com/auth" in env/platform.yaml and run pulumi up; otherwise correct Keycloak\'s hostname (KC_HOSTNAME).',
  ],
  [
    "there is no such realm",
    { platform: { realm: ok(undefined) } },
    'charts | wrong URL or issuer | problem | Keycloak has no realm "prokube" | Name the platform\'s realm in env/platform.yaml (realm).',
  ],
  [
    "Dex is called otherwise",
    {
      platform: {
        dex: ok({ ...dex, issuer: `${dexIssuer}/` }),
        claimHeaders: ok([{ policy: "istio-system/dex-jwt", issuer: `${dexIssuer}/`, headers }]),
      },
    },
    'mon | wrong URL or issuer | problem | Dex\'s tokens have the issuer "https://cluster.example.com/dex/" (one final slash too many), while applications are told "https://cluster.example.com/dex" | Write dex.address: "https://cluster.example.com/dex/" in env/platform.yaml and run pulumi up, or correct issuer in Dex\'s configuration.',
  ],
  [
    "the ConfigMap has the issuer of another realm",
    {
      charts: {
        environment: ok({
          ...environmentOf(plan.platform, applicationsNamed(plan, "charts")[0] as RegisteredApplication),
          OIDC_ISSUER_URL: "https://cluster.example.com/auth/realms/master",
        }),
      },
    },
    `charts | wrong URL or issuer | problem | OIDC_ISSUER_URL in ConfigMap charts/charts-oidc is "https://cluster.example.com/auth/realms/master" (realm "master" instead of "prokube"), not "https://cluster.example.com/auth/realms/prokube" | ${up}`,
  ],
  [
    "an application is set to Keycloak without its path, with a password in the address",
    { charts: setting("charts", "OIDC_ISSUER_URL", "https://joe:canary@cluster.example.com/realms/prokube") },
    'charts | wrong URL or issuer | problem | OIDC_ISSUER_URL of container web in Deployment charts is "https://...@cluster.example.com/realms/prokube" (the path lacks "/auth"), not "https://cluster.example.com/auth/realms/prokube" | Set OIDC_ISSUER_URL of container web in Deployment charts to "https://cluster.example.com/auth/realms/prokube".',
  ],
  [
    "an application asks for tokens inside the cluster",
    {
      charts: setting(
        "charts",
        "OIDC_TOKEN_URL",
        endpoints(plan.platform, { auth: "keycloak" }).token.replace(
          "https://cluster.example.com",
          "http://keycloak.iam",
        ),
      ),
    },
    'charts | wrong URL or issuer | hint | OIDC_TOKEN_URL of container web in Deployment charts is "http://keycloak.iam/auth/realms/prokube/protocol/openid-connect/token", not "https://cluster.example.com/auth/realms/prokube/protocol/openid-connect/token"; that is right only as an address inside the cluster | Set OIDC_TOKEN_URL of container web in Deployment charts to "https://cluster.example.com/auth/realms/prokube/protocol/openid-connect/token".',
  ],
  [
    "nothing serves an application, and something else lies under its path",
    {
      platform: {
        routes: ok([
          { name: "kubeflow/dashboard", hosts: ["*"], paths: ["/*"], namespaces: ["kubeflow"] },
          { name: "labs/labs", hosts: ["cluster.example.com"], paths: ["/labs/*"], namespaces: ["labs"] },
          { name: "mon/mon", hosts: ["*.example.com"], paths: ["/mon/*"], namespaces: ["mon"] },
          { name: "secret/admin", hosts: ["*"], paths: ["/mon/admin*"], namespaces: ["secret"] },
          { name: "charts/charts", hosts: ["elsewhere.example.com"], paths: ["/charts/*"], namespaces: ["charts"] },
        ]),
      },
    },
    `charts | wrong URL or issuer | problem | no VirtualService at a gateway serves "/charts/*" on "cluster.example.com", so requests end at the dashboard or nowhere | Write one with the gateway kubeflow/kubeflow-gateway and a match for "/charts/*", or correct paths in ${chartsFile}.`,
    'mon | wrong URL or issuer | problem | the exempted path "/mon/*" reaches VirtualService secret/admin ("/mon/admin*"), which sends requests to namespace "secret": everybody gets in there without the platform\'s login | Write a narrower path in env/applications/mon.yaml, or move that VirtualService to another path.',
  ],

  // Expired tokens.
  [
    "the client lost offline_access",
    { charts: { client: ok({ ...client, optionalScopes: [] }) } },
    `charts | expired tokens | problem | client "charts-client" does not have the scope offline_access: no refresh token outlives the session | ${up}`,
  ],
  [
    "an application of Dex does not ask for offline_access",
    { mon: setting("mon", "OIDC_SCOPES", "openid,profile,email,groups") },
    'mon | expired tokens | problem | OIDC_SCOPES of container web in Deployment mon is "openid,profile,email,groups", without offline_access: Dex gives no refresh token, so people are sent to the login when the ID token expires | Set OIDC_SCOPES of container web in Deployment mon to "openid,profile,email,groups,offline_access".',
  ],
  [
    "access tokens outlive sessions",
    { platform: { realm: ok({ ...realm, accessToken: 3600, refreshOnce: true }) } },
    "charts | expired tokens | problem | an access token lives 1h and a session 30m: when the one has to be renewed, the other is over | Change it in Keycloak (Realm settings, Tokens and Sessions), or keep it in env/platform.yaml (realmManagement, realmSettings.tokens.accessToken).",
    'charts | expired tokens | hint | a refresh token works once (realm, "Revoke Refresh Token"): an application that renews twice at a time loses its session | Let the application renew one at a time and keep the newest refresh token.',
  ],
  [
    "refresh tokens are refused",
    {
      charts: {
        events: ok([
          {
            type: "REFRESH_TOKEN_ERROR",
            error: "invalid_token",
            reason: "Session not active",
            time: "2026-11-27T10:00:00.000Z",
          },
        ]),
      },
    },
    'charts | expired tokens | hint | Keycloak refused a refresh token of "charts-client" ("invalid_token: Session not active") at 2026-11-27T10:00:00.000Z; an idle session lives 30m, any 10h, an idle offline token 30d | Let the application send people to the login then, renew in time, or ask for offline_access.',
  ],

  // What cannot be read.
  [
    "the mesh has no VirtualServices and the account may not look at settings",
    {
      platform: { routes: { unread: "the cluster has no VirtualServices of Istio" } },
      charts: { settings: { unread: "Kubernetes does not let this account look there" } },
    },
    ...["groups in token", "redirect URI", "403 after login"].map(
      (chapter) =>
        `charts | ${chapter} | hint | not checked: settings of the workloads of "charts" (Kubernetes does not let this account look there) | Let the account that runs access doctor read it, or look at it by hand.`,
    ),
    'charts | wrong URL or issuer | hint | not checked: settings of the workloads of "charts" (Kubernetes does not let this account look there) | Let the account that runs access doctor read it, or look at it by hand.',
    ...["charts", "labs", "mon"].map(
      (name) =>
        `${name} | wrong URL or issuer | hint | not checked: whether "${name}" is served under its paths (the cluster has no VirtualServices of Istio) | Look at it by hand.`,
    ),
  ],
];
for (const [what, spoilt, ...findings] of cases) {
  test(`tells when ${what}`, () => {
    assert.deepEqual(told(diagnose(plan, factsWith(spoilt))), findings);
  });
}

/** What is told of a user beside what applications hear. */
function toldOfUser(user: Partial<UserFacts>, of = plan): string[] {
  return diagnose(of, factsWith({ user }))
    .filter((finding) => finding.user !== undefined && !finding.cause.includes("would be ["))
    .filter(({ application }) => application === "charts")
    .map(({ chapter, severity, cause, fix }) => [chapter, severity, cause, fix].join(" | "));
}

test("tells what keeps a user out", () => {
  assert.deepEqual(
    toldOfUser({ account: ok({ ...account, groups: ["/pk-user"], roles: [] }), groups: { charts: ok([]) } }),
    [
      `groups in token | problem | alice is not in group "painters" in Keycloak, though the desired state says so | ${up}`,
      'groups in token | problem | alice has no groups that charts would be told: the claim groups would be empty (groups in Keycloak: "/pk-user") | Add alice to members of a file in env/groups/.',
      `403 after login | problem | alice may not log in to charts: allow names group "painters", role "chart-reader", and alice holds none of the realm roles "prokube-access:application:charts", "chart-reader" (groups: "/pk-user") | ${up}`,
    ],
  );
  const without = planWith({ "groups/painters.yaml": "name: painters\nmembers: []\n" });
  assert.match(
    toldOfUser({ account: ok({ ...account, roles: [] }) }, without).join("\n"),
    /\| Add alice to members in env\/groups\/painters\.yaml, or name a group of alice under allow in env\/applications\/charts\.yaml\.$/,
  );
  assert.deepEqual(
    toldOfUser({
      account: ok({ ...account, enabled: false, emailVerified: false, requiredActions: ["UPDATE_PASSWORD"] }),
      locked: ok(true),
    }),
    [
      `403 after login | problem | the account of alice is disabled | ${up}`,
      "403 after login | problem | the e-mail address of alice is not verified, and the realm lets nobody in without | alice follows the link in Keycloak's mail, or write emailVerified: true in env/users/alice.yaml.",
      '403 after login | problem | Keycloak makes alice wait after wrong passwords | Wait, or unlock the user in Keycloak (Users, the user, "Unlock").',
      "403 after login | hint | Keycloak asks alice for something first: UPDATE_PASSWORD | alice finishes it in a browser at the next login.",
    ],
  );
  assert.deepEqual(toldOfUser({ account: ok(undefined) }), [
    `403 after login | problem | Keycloak has no account "alice" | ${up}`,
  ]);
  assert.deepEqual(toldOfUser({ username: "mallory", account: ok(undefined) }), [
    '403 after login | problem | Keycloak has no account "mallory" | Add env/users/mallory.yaml.',
  ]);
});

test("an older session does not know what has changed", () => {
  const changed = ok("2026-11-27T11:00:00.000Z");
  const again = "alice logs out and in again.";
  assert.deepEqual(toldOfUser({ changed }), [
    `groups in token | hint | a session of alice began at 2026-11-27T10:00:00.000Z, before groups or roles changed at 2026-11-27T11:00:00.000Z | ${again}`,
    `groups in token | hint | an offline session of alice began at 2026-11-27T10:30:00.000Z, before groups or roles changed at 2026-11-27T11:00:00.000Z | ${again}`,
  ]);
  const elsewhere = { sessions: ok([{ start: "2026-11-27T10:00:00.000Z", clients: ["other"] }]), offline: {} };
  assert.deepEqual(toldOfUser({ changed, ...elsewhere }), []);
  assert.deepEqual(toldOfUser({ changed: { unread: "the realm keeps no events of administrators" }, offline: {} }), [
    `groups in token | hint | a session of alice began at 2026-11-27T10:00:00.000Z; whether groups or roles changed since is not known (the realm keeps no events of administrators) | ${again}`,
  ]);
});

test("only an application that asks for offline tokens is told that a user gets none", () => {
  const user = { account: ok({ ...account, roles: [opener] }) };
  assert.deepEqual(toldOfUser(user), []);
  const facts = factsWith({ user, charts: setting("charts", "OIDC_SCOPES", "openid groups offline_access") });
  assert.deepEqual(
    diagnose(plan, facts)
      .filter(({ chapter, application }) => application === "charts" && chapter === "expired tokens")
      .map(({ cause }) => cause),
    ["alice does not hold the realm role offline_access, so charts gets no offline token"],
  );
  const asking = setting("charts", "OIDC_SCOPES", "openid groups offline_access");
  const none = diagnose(plan, factsWith({ user: { offline: { charts: ok([]) } }, charts: asking }));
  assert.deepEqual(
    none.filter(({ chapter }) => chapter === "expired tokens").map(({ severity, cause }) => `${severity} ${cause}`),
    ["hint alice has a session with charts but no offline session, though charts asks for offline_access"],
  );
  assert.equal(
    diagnose(plan, factsWith({ user: {}, charts: asking })).some(({ chapter }) => chapter === "expired tokens"),
    false,
  );
});

test("where somebody else writes the policies, it says what to add", () => {
  const checked = planWith({ "platform.yaml": `${files["platform.yaml"]}gateway: { policies: check }\n` });
  const [finding] = diagnose(
    checked,
    factsWith({ platform: { gateway: ok(gateway(["/mon/*"], ["/charts/*", "/mon/*"])) } }),
  );
  assert.equal(
    finding?.fix,
    'Add "/charts/*" to notPaths there; env/platform.yaml has gateway.policies: check, so somebody else writes it.',
  );
});

test("a broader exemption lets a path through, a narrower one does not", () => {
  const closed = (list: readonly string[]) =>
    diagnose(plan, factsWith({ platform: { gateway: ok(gateway([...list, "/mon/*"])) } })).some(
      ({ chapter, application }) => application === "charts" && chapter === "403 after login",
    );
  assert.deepEqual(
    [["/charts/*"], ["/charts*"], ["/charts/a*"], ["/charts"], ["*/callback"], ["/charts/{**}"]].map(closed),
    [false, false, true, true, true, true],
  );
});

test("looks at the applications that were read, and at no other", () => {
  const facts = factsWith({ platform: { gateway: ok(gateway([])) } });
  const { charts, mon } = facts.applications;
  assert.ok(charts && mon);
  const names = (applications: Facts["applications"]) =>
    new Set(diagnose(plan, { ...facts, applications }).map(({ application }) => application));
  assert.deepEqual(names({ charts }), new Set(["charts"]));
  assert.deepEqual(names({ mon, charts }), new Set(["charts", "mon"]));
});

test("shows problems first, and what is in order last", () => {
  const [charts] = applicationsNamed(plan, "charts");
  assert.ok(charts);
  const findings = diagnose(
    plan,
    factsWith({
      platform: { routes: { unread: "the cluster has no VirtualServices of Istio" } },
      charts: { secret: ok({ idIsRight: true, secretIsRight: ok(false) }) },
    }),
  );
  assert.deepEqual(renderDiagnosis(charts, findings).split("\n"), [
    "charts (keycloak)",
    "  403 after login      problem",
    "    problem: key client-secret of Secret charts/charts-oidc-secret is not the secret that Keycloak has: logins end with an error after the password",
    `      fix: ${up}`,
    "  wrong URL or issuer  hint",
    '    hint: not checked: whether "charts" is served under its paths (the cluster has no VirtualServices of Istio)',
    "      fix: Look at it by hand.",
    "  groups in token      ok",
    "  redirect URI         ok",
    "  expired tokens       ok",
  ]);
  assert.match(renderDiagnosis(charts, []), /^charts \(keycloak\)\n( {2}[a-zA-Z0-9 ]+ ok\n?){5}$/);
});

test("every chapter is red for some case, and its findings name a cause and a fix", () => {
  const all = cases.flatMap(([, spoilt]) => diagnose(plan, factsWith(spoilt)));
  const red = new Set(all.filter(({ severity }) => severity === "problem").map(({ chapter }) => chapter));
  assert.deepEqual(
    red,
    new Set<Chapter>([
      "groups in headers",
      "groups in token",
      "redirect URI",
      "403 after login",
      "wrong URL or issuer",
      "expired tokens",
    ]),
  );
  for (const { cause, fix } of all) {
    assert.ok(cause && fix);
    assert.ok(!`${cause}${fix}`.includes("canary"), cause);
  }
});

test("knows which variables are nobody's to read", () => {
  assert.deepEqual(
    ["OIDC_CLIENT_SECRET", "OIDC_CLIENT_ID", "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET", "PASSWORD", "toString"].map(
      settingKind,
    ),
    ["secret", "plain", "secret", undefined, undefined],
  );
});
