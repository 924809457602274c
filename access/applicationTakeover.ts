import { exemptedPaths, registeredApplications } from "./application.ts";
import type { Diagnostic } from "./diagnostic.ts";
import {
  connectorAsksFor,
  connectorFindings,
  type DexClient,
  DocumentProblem,
  mergedDocument,
  renderedDocument,
  type StaticClient,
  staticClientsIn,
} from "./dexDocument.ts";
import { gatedApplications } from "./identity.ts";
import {
  differencesOf,
  editedGateway,
  gatewayObstacles,
  gatewayPolicyKinds,
  inStep,
  meets,
  overlaps,
} from "./gateway.ts";
import type { LiveGateway } from "./gateway.ts";
import { type Inventory, objectKey } from "./inventory.ts";
import { allWorkspaces } from "./ledger.ts";
import { builtInFlows } from "./liveRealm.ts";
import { groupsScope } from "./names.ts";
import type { Plan } from "./resolve.ts";

/** How applications meet what is on the platform. */
export interface ApplicationMeeting {
  readonly plan: Plan;
  readonly live: Inventory;
  readonly stack: string;
}

type Check = (meeting: ApplicationMeeting) => Diagnostic[];

/** What stops an update because of an application. */
export const applicationTakeoverChecks: readonly Check[] = [
  namespacesAreThere,
  groupsScopeIsThere,
  policiesCanBeWritten,
  pathsAreFree,
  nobodyGetsRoundAllow,
  dexCanBeWritten,
];

/** A provider would try for a minute and then say less. */
function namespacesAreThere({ plan, live, stack }: ApplicationMeeting): Diagnostic[] {
  const planned =
    plan.platform.provisioning === "program" ? new Set(allWorkspaces(plan).map(({ name }) => name)) : new Set<string>();
  return registeredApplications(plan.applications).flatMap(({ name, namespace, namespaceAt }) => {
    const found = live.objects.get(objectKey("namespace", namespace));
    if (planned.has(namespace) || (found && found.stack !== stack)) return [];
    const why = found
      ? "goes with its workspace in this update. Move or remove the application first"
      : "is not there. Create it, or name the one it runs in";
    return [
      {
        ...namespaceAt,
        code: "missing-namespace" as const,
        message: `namespace "${namespace}" of application "${name}" ${why}.`,
      },
    ];
  });
}

function groupsScopeIsThere({ plan, live }: ApplicationMeeting): Diagnostic[] {
  const isNeeded = plan.applications.some(({ auth }) => auth === "keycloak");
  if (!isNeeded || plan.platform.clients.groupsScope === "create") return [];
  if (live.objects.has(objectKey("client scope", "groups"))) return [];
  return [
    {
      ...plan.platformAt.groupsScope,
      code: "realm-setting",
      message: `realm "${plan.platform.realm}" has no client scope "groups". Write groupsScope: create to have it made.`,
    },
  ];
}

function isPatched({ platform, applications }: Plan): boolean {
  return platform.gateway.policies === "patch" && exemptedPaths(applications).length > 0;
}

function policiesCanBeWritten({ plan, live }: ApplicationMeeting): Diagnostic[] {
  if (!isPatched(plan) || !live.gateway) return [];
  return gatewayObstacles(live.gateway).map((obstacle) => ({
    ...plan.platformAt.gateway,
    code: "gateway-policy",
    message: `${obstacle}. Mend it in namespace "${plan.platform.gateway.namespace}", or write policies: check and exempt the paths yourself.`,
  }));
}

/** What somebody else has exempted stays theirs, and nobody's path becomes part of another's. */
function pathsAreFree({ plan, live, stack }: ApplicationMeeting): Diagnostic[] {
  const gateway = live.gateway;
  if (!isPatched(plan) || !gateway) return [];
  const adopting = new Set(
    registeredApplications(plan.applications).flatMap(({ name, adopt }) => (adopt ? [name] : [])),
  );
  const claims = claimsIn(gateway);
  const ours = claims.get(stack) ?? new Set<string>();
  const platforms = plan.platform.gateway.platformPaths;
  const exempted = listedIn(gateway).filter((path) => !ours.has(path) && !platforms.includes(path));
  return exemptedPaths(plan.applications).flatMap(({ path, at, application }) =>
    exempted
      .filter((other) => overlaps(other, path))
      .flatMap((other): Diagnostic[] => {
        const [owner] = [...claims].flatMap(([name, paths]) => (name !== stack && paths.has(other) ? [name] : []));
        if (owner !== undefined) {
          return [
            {
              ...at,
              code: "path-taken",
              message: `path "${path}" of application "${application}" meets ${other}, which stack "${owner}" exempts. Remove it there first, or choose another path.`,
            },
          ];
        }
        if (other !== path) {
          return [
            {
              ...at,
              code: "path-taken",
              message: `path "${path}" of application "${application}" meets ${other}, which somebody else has exempted at the gateway. Take that away there, or choose another path.`,
            },
          ];
        }
        if (adopting.has(application)) return [];
        return [
          {
            ...at,
            code: "foreign-object",
            message: `path "${path}" is exempted at the gateway already, and not by this stack. If it is application "${application}"'s, write adopt: true there to take it over; otherwise choose another path.`,
          },
        ];
      }),
  );
}

function claimsIn(gateway: LiveGateway): Map<string, Set<string>> {
  const claims = new Map<string, Set<string>>();
  for (const kind of gatewayPolicyKinds) {
    for (const [stack, paths] of Object.entries(gateway[kind]?.claims ?? {})) {
      claims.set(stack, new Set([...(claims.get(stack) ?? []), ...paths]));
    }
  }
  return claims;
}

function listedIn(gateway: LiveGateway): string[] {
  const all = gatewayPolicyKinds.flatMap((kind) => (gateway[kind]?.notPaths ?? []).flatMap(({ paths }) => paths));
  return [...new Set(all)];
}

/**
 * Ways to an application that do not pass its login flow (tried with Keycloak 26.7): identity providers, "Forgot
 * password", registration and invitations. Those of this program are guarded; others' stop the update.
 */
function nobodyGetsRoundAllow({ plan, live, stack }: ApplicationMeeting): Diagnostic[] {
  const gated = gatedApplications(plan);
  const { realm, objects } = live;
  if (gated.length === 0 || !realm) return [];
  const { realmManagement, authentication } = plan.platform;
  const name = `realm "${plan.platform.realm}"`;
  const { browserFlow, resetCredentialsFlow } = realm.flows;
  const isOurs = (flow: string) => objects.get(objectKey("login flow", flow))?.stack === stack;
  const ownProviders = new Set(plan.identityProviders.map((provider) => provider.name));
  const ways = [
    ...realm.openProviders
      .filter(
        (alias) => !ownProviders.has(alias) && objects.get(objectKey("identity provider", alias))?.stack !== stack,
      )
      .map(
        (alias) =>
          `whoever comes through identity provider "${alias}", which is not this stack's, goes past it. Write identity-providers/${alias}.yaml, or disable it`,
      ),
    ...(authentication === undefined &&
    !isOurs(browserFlow) &&
    (realm.asksForMore || browserFlow !== builtInFlows.browserFlow)
      ? [
          `${name} logs people in by the flow "${browserFlow}", which asks, or may ask, for more than a password. Write realmManagement: settings and authentication in platform.yaml`,
        ]
      : []),
    ...(resetsPasswords(plan, live)
      ? realmManagement === "none"
        ? [
            `whoever has "forgotten" the password in ${name} goes past it. Write realmManagement: settings in platform.yaml, or switch "Forgot password" off`,
          ]
        : resetCredentialsFlow !== builtInFlows.resetCredentialsFlow && !isOurs(resetCredentialsFlow)
          ? [
              `whoever has "forgotten" the password in ${name} goes past it by the flow "${resetCredentialsFlow}". Bind "${builtInFlows.resetCredentialsFlow}" there first`,
            ]
          : []
      : []),
    ...(realm.registers && realmManagement !== "all"
      ? [`whoever registers in ${name} goes past it. Switch registration off`]
      : []),
    ...(realm.hasOrganizations && realmManagement !== "all"
      ? [`whoever is invited to an organization of ${name} goes past it. Switch organizations off`]
      : []),
  ];
  return gated.flatMap(({ name: application, allow, at }) =>
    ways.map((way) => ({
      ...(allow?.at ?? at),
      code: "login-bypass" as const,
      message: `allow of application "${application}" would not hold: ${way}.`,
    })),
  );
}

/** Whether the realm has "Forgot password" on its login page after the update. */
export function resetsPasswords({ realmSettings }: Plan, { realm }: Pick<Inventory, "realm">): boolean {
  return realmSettings?.resetPasswordAllowed ?? realm?.resetsPasswords ?? false;
}

/** The number that the two policies are to carry: another one where they have to be put right. */
export function gatewayRevision({ plan, live: { gateway }, stack }: ApplicationMeeting): number {
  const wanted = exemptedPaths(plan.applications).map(({ path }) => path);
  const revisions = gatewayPolicyKinds.map((kind) => gateway?.[kind]?.revision[stack] ?? 0);
  const latest = Math.max(...revisions);
  return gateway && inStep(gateway, stack, wanted) ? latest : latest + 1;
}

/** What is wrong at the gateway and is not put right by this update. */
export function gatewayFindings({ plan, live: { gateway }, stack }: ApplicationMeeting): string[] {
  if (!gateway) return [];
  const { policies, platformPaths } = plan.platform.gateway;
  const wanted = exemptedPaths(plan.applications).map(({ path, application }) => ({
    path,
    label: `application "${application}"`,
  }));
  const edits =
    policies === "patch"
      ? editedGateway(gateway, stack, { wanted: wanted.map(({ path }) => path), known: platformPaths })
      : { requireJwt: undefined, oauth2Proxy: undefined };
  const after: LiveGateway = {
    requireJwt: gateway.requireJwt && { ...gateway.requireJwt, ...edits.requireJwt },
    oauth2Proxy: gateway.oauth2Proxy && { ...gateway.oauth2Proxy, ...edits.oauth2Proxy },
  };
  const unguarded = plan.applications
    .filter(({ auth }) => auth === "headers")
    .flatMap(({ name, paths }) =>
      paths.flatMap(({ path }) =>
        listedIn(after)
          .filter((other) => meets(other, path))
          .map(
            (other) =>
              `application "${name}" counts on the headers of the gateway, but ${other} is exempted there and reaches ${path}: anybody could send them. Take the exemption away`,
          ),
      ),
    );
  return [...differencesOf(after, wanted, platformPaths, stack), ...unguarded];
}

/** The clients of applications as Dex is to have them. */
export function dexClients({ applications }: Plan): DexClient[] {
  return applications.flatMap((application) =>
    application.auth === "dex"
      ? [
          {
            id: application.clientId,
            name: application.displayName,
            redirectURIs: application.redirectUris,
            idVariable: application.variables.id,
            secretVariable: application.variables.secret,
          },
        ]
      : [],
  );
}

/**
 * Dex's configuration with the clients of applications, for a look at what it would become and for writing it.
 *
 * @throws {DocumentProblem} when that cannot be done without loss
 */
export function dexDocument(
  { platform: { dex } }: Plan,
  stack: string,
  live: string | undefined,
  clients: readonly DexClient[],
): string {
  const { mode, base, name, kind, key } = dex.document;
  if (mode === "render") return renderedDocument(base ?? {}, live, stack, clients);
  if (live === undefined) {
    throw new DocumentProblem(
      `there is no ${kind} "${name}" with key "${key}" in namespace "${dex.namespace}". Name Dex's configuration in platform.yaml (dex.document), or write mode: render.`,
    );
  }
  return mergedDocument(live, stack, clients);
}

function isWritingDex(plan: Plan): boolean {
  return plan.platform.dex.document.mode !== "check" && dexClients(plan).length > 0;
}

function dexCanBeWritten({ plan, live, stack }: ApplicationMeeting): Diagnostic[] {
  if (!isWritingDex(plan) || !live.dex) return [];
  const { environmentSecret } = plan.platform.dex;
  const clients = dexClients(plan);
  const wanted = new Set(clients.flatMap(({ idVariable, secretVariable }) => [idVariable, secretVariable]));
  const foreign = live.dex.variables.filter((variable) => wanted.has(variable.name) && variable.stack !== stack);
  const at = plan.platformAt.dexDocument;
  return [
    ...problemOf(() => dexDocument(plan, stack, live.dex?.text, clients)).map((message) => ({
      ...at,
      code: "dex-document" as const,
      message,
    })),
    ...foreign.map(({ name }) => ({
      ...at,
      code: "foreign-object" as const,
      message: `variable "${name}" in Secret "${environmentSecret}" is not this stack's. Remove it there, or give the application another name.`,
    })),
  ];
}

function problemOf(step: () => unknown): string[] {
  try {
    step();
    return [];
  } catch (error) {
    if (error instanceof DocumentProblem) return [error.message];
    throw error;
  }
}

/** The number that Dex's configuration is to carry: another one where it has to be put right. */
export function dexRevision({ plan, live: { dex }, stack }: ApplicationMeeting): number {
  const clients = dexClients(plan);
  const latest = Number(dex?.revisions[stack] ?? 0);
  if (!dex || !isWritingDex(plan)) return latest;
  const owned = new Set(dex.variables.flatMap((variable) => (variable.stack === stack ? [variable.name] : [])));
  const isRight =
    dexDocument(plan, stack, dex.text, clients) === dex.text &&
    clients.every(({ idVariable, secretVariable }) => owned.has(idVariable) && owned.has(secretVariable)) &&
    owned.size === 2 * clients.length &&
    (!plan.platform.dex.restart || (dex.deployment?.current ?? true));
  return isRight ? latest : latest + 1;
}

/** What is wrong in Dex and is not put right by this update. */
export function dexFindings({ plan, live: { dex }, stack }: ApplicationMeeting): string[] {
  if (!dex) return [];
  const { deployment, environmentSecret } = plan.platform.dex;
  const { mode, name } = plan.platform.dex.document;
  const { text } = dex;
  const document = `Dex's configuration (${name})`;
  if (text === undefined) return mode === "check" ? [`${document} is not there`] : [];
  const found: StaticClient[] = [];
  const unreadable = problemOf(() => found.push(...staticClientsIn(text)));
  if (unreadable.length > 0) return unreadable.map((problem) => `${document}: ${problem}`);
  const missing =
    mode === "check"
      ? dexClients(plan).flatMap(({ id, idVariable, redirectURIs }) => {
          const client = found.find((one) => one.id === id || one.idEnv === idVariable);
          if (!client) return [`${document} has no static client "${id}"; people cannot log in to that application`];
          const lacking = redirectURIs.filter((uri) => !client.redirectURIs.includes(uri));
          return lacking.map((uri) => `${document}: static client "${id}" lacks the redirect URI ${uri}`);
        })
      : [];
  const wanted = dexClients(plan);
  const left =
    mode === "check"
      ? found
          .filter((client) => client.stack === stack && !wanted.some(({ idVariable }) => idVariable === client.idEnv))
          .map(({ id, idEnv = "" }) => `${document} still has static client "${id ?? idEnv}", which no file names`)
      : [];
  const reads = dex.deployment?.reads ?? "all";
  const unread =
    reads === "all"
      ? []
      : dexClients(plan)
          .flatMap(({ idVariable, secretVariable }) => [idVariable, secretVariable])
          .filter((variable) => !reads.includes(variable))
          .map(
            (variable) =>
              `Deployment "${deployment}" does not take ${variable} from Secret "${environmentSecret}"; give it the whole Secret by envFrom`,
          );
  const asksForGroups = plan.platform.clients.dex !== undefined && connectorAsksFor(text, groupsScope);
  const refused = asksForGroups
    ? [
        `${document}: a connector asks Keycloak for the scope "${groupsScope}", which the client of clients.dex does not have, so nobody could log in; its tokens carry groups without it. Take it out of the connector's scopes`,
      ]
    : [];
  return [
    ...missing,
    ...left,
    ...unread,
    ...refused,
    ...connectorFindings(text).map((finding) => `${document}: ${finding}`),
  ];
}
