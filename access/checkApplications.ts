import type { Application } from "./applicationSchema.ts";
import { plannedApplication, type PlannedApplication, type RegisteredApplication } from "./application.ts";
import { type Diagnostic, formatLocation, type Location } from "./diagnostic.ts";
import { baseProblems } from "./dexDocument.ts";
import { type Check, type Entities, type Mentioned, repeated } from "./entities.ts";
import { meets, overlaps, pathProblem, pathShapeProblem } from "./gateway.ts";
import { pipelineObjects } from "./names.ts";
import { personalWorkspaceOf } from "./resolve.ts";
import { didYouMean } from "./suggest.ts";

/** What files say together about applications. */
export const applicationChecks: readonly Check[] = [
  pathsAreTheirOwn,
  redirectsAreReachable,
  redirectsAreDistinct,
  allowedExist,
  clientsAreDistinct,
  objectsAreDistinct,
  dexDocumentIsSound,
];

interface Planned {
  readonly application: PlannedApplication;
  readonly at: (...path: PropertyKey[]) => Location;
}

function plannedOf({ platform, applications }: Entities): Planned[] {
  if (!platform) return [];
  return [...applications.values()].map(({ value, at }: { value: Application; at: Planned["at"] }) => ({
    application: plannedApplication(value, at, platform.value),
    at,
  }));
}

function registeredOf(entities: Entities): { application: RegisteredApplication; at: Planned["at"] }[] {
  return plannedOf(entities).flatMap(({ application, at }) =>
    application.auth === "headers" ? [] : [{ application, at }],
  );
}

/** An exemption lets anybody in without a login, so it may reach nothing but its application. */
function pathsAreTheirOwn(entities: Entities): Diagnostic[] {
  if (!entities.platform) return [];
  const { platformPaths, protectedPaths } = entities.platform.value.gateway;
  const all = plannedOf(entities).flatMap(({ application: { name, auth, paths } }) =>
    paths.map((path) => ({ ...path, name, auth })),
  );
  return all.flatMap(({ path, at, name, auth }, index): Diagnostic[] => {
    const problem = auth === "headers" ? pathShapeProblem(path) : pathProblem(path);
    if (problem !== undefined) return [{ ...at, code: "bad-path", message: problem }];
    const guarded = auth === "headers" ? undefined : protectedPaths.find((one) => meets(one, path));
    if (guarded !== undefined) {
      return [
        {
          ...at,
          code: "bad-path",
          message: `path "${path}" reaches ${guarded}, which platform.yaml protects (gateway.protectedPaths). Exempt a narrower path.`,
        },
      ];
    }
    const platforms = platformPaths.find((one) => overlaps(one, path));
    if (platforms !== undefined) {
      const message =
        auth === "headers"
          ? `path "${path}" is exempted from the platform's login by ${platforms} (platform.yaml, gateway.platformPaths), so anybody could send the headers. Serve "${name}" under another path, or take the exemption away.`
          : `path "${path}" belongs to the platform, which exempts ${platforms} itself (platform.yaml, gateway.platformPaths). Leave it out here if it is the application's, or choose another.`;
      return [{ ...at, code: "path-taken", message }];
    }
    const other = all.find(
      (one, position) => position < index && (one.name === name ? overlaps : meets)(one.path, path),
    );
    if (other === undefined) return [];
    const whose = other.name === name ? "this application too" : `application "${other.name}"`;
    const reach =
      auth === "headers" || other.auth === "headers"
        ? " One of them would be reached without the login it counts on."
        : "";
    return [
      {
        ...at,
        code: "path-taken",
        message: `path "${path}" meets ${other.path}, which belongs to ${whose} (${formatLocation(other.at)}).${reach} Write paths that have nothing in common.`,
      },
    ];
  });
}

/** Whoever comes back from the login to a path that is not exempted is sent to the platform's login, and the code is lost. */
function redirectsAreReachable(entities: Entities): Diagnostic[] {
  const platform = entities.platform?.value;
  if (!platform) return [];
  return registeredOf(entities).flatMap(({ application: { paths, redirectUris }, at }) =>
    redirectUris.flatMap((uri, index): Diagnostic[] => {
      const url = URL.parse(uri);
      if (url?.host !== platform.domain) return [];
      const exempted = [...paths.map(({ path }) => path), ...platform.gateway.platformPaths];
      if (exempted.some((path) => overlaps(path, url.pathname))) return [];
      return [
        {
          ...at("redirectUris", index),
          code: "bad-path",
          message: `nobody could come back to ${uri}: the gateway asks for the platform's login there. Add its path to paths, such as ${suggestedPath(url.pathname)}.`,
        },
      ];
    }),
  );
}

function suggestedPath(pathname: string): string {
  const [, first = ""] = pathname.split("/");
  return `/${first}/*`;
}

function redirectsAreDistinct({ applications }: Entities): Diagnostic[] {
  return [...applications.values()].flatMap(({ value, at }) =>
    value.auth === "headers" ? [] : repeated(value.redirectUris, (index) => at("redirectUris", index)),
  );
}

function allowedExist({ platform, applications, groups }: Entities, mentioned: Mentioned): Diagnostic[] {
  if (!platform) return [];
  const { platformGroups, realmRoles } = platform.value;
  const platforms = [platformGroups.user, platformGroups.admin];
  const roles = realmRoles.map(({ name }) => name);
  return [...applications.values()].flatMap(({ value, at }) => {
    if (value.auth !== "keycloak" || !value.allow) return [];
    const names = value.allow.map(({ group, role }) => (group === undefined ? `role ${role ?? ""}` : `group ${group}`));
    return [
      ...repeated(names, (index) => at("allow", index)),
      ...value.allow.flatMap(({ group, role }, index): Diagnostic[] => {
        if (group !== undefined && !mentioned.groups.has(group) && !platforms.includes(group)) {
          const known = [...groups.keys(), ...platforms];
          return [
            {
              ...at("allow", index, "group"),
              code: "unknown-group",
              message: `group "${group}" is not defined.${didYouMean(group, known)} Add groups/${group}.yaml or name another group.`,
            },
          ];
        }
        if (role !== undefined && !roles.includes(role)) {
          return [
            {
              ...at("allow", index, "role"),
              code: "unknown-role",
              message: `realm role "${role}" is not defined.${didYouMean(role, roles)} Add it to realmRoles in platform.yaml, with existing: true if the realm has it already.`,
            },
          ];
        }
        return [];
      }),
    ];
  });
}

/** Clients that Keycloak has in every realm. */
const builtInClients = [
  "account",
  "account-console",
  "admin-cli",
  "broker",
  "realm-management",
  "security-admin-console",
];

function clientsAreDistinct(entities: Entities): Diagnostic[] {
  const { dex, direct } = entities.platform?.value.clients ?? {};
  const taken = new Map<string, string>([
    ...builtInClients.map((id) => [`keycloak ${id}`, "Keycloak itself"] as const),
    ...[dex, direct].flatMap((client) =>
      client ? [[`keycloak ${client.clientId}`, "the platform (platform.yaml, clients)"] as const] : [],
    ),
  ]);
  return registeredOf(entities).flatMap(({ application: { auth, clientId, name }, at }): Diagnostic[] => {
    const key = `${auth} ${clientId}`;
    const other = taken.get(key);
    if (other === undefined) {
      taken.set(key, `application "${name}"`);
      return [];
    }
    return [
      {
        ...at("clientId"),
        code: "duplicate-name",
        message: `client id "${clientId}" belongs to ${other}. Choose another clientId.`,
      },
    ];
  });
}

/** Two writers of one Secret would give each other's keys to an application. */
function objectsAreDistinct(entities: Entities): Diagnostic[] {
  const { users, workspaces, platform } = entities;
  const dex = platform?.value.dex;
  const namespaces = [
    ...workspaces.keys(),
    ...[...users.values()].flatMap(({ value }) => personalWorkspaceOf(value) ?? []),
  ];
  const { artifactSecret, workloadSecret, launcherConfig, artifactRepositories } = pipelineObjects;
  const taken = new Map<string, string>([
    ...namespaces.flatMap((namespace) => [
      ...[artifactSecret, workloadSecret].map(
        (name) => [`Secret ${namespace}/${name}`, `workspace "${namespace}"`] as const,
      ),
      ...[launcherConfig, artifactRepositories].map(
        (name) => [`ConfigMap ${namespace}/${name}`, `workspace "${namespace}"`] as const,
      ),
    ]),
    ...(dex
      ? [
          [`Secret ${dex.namespace}/${dex.environmentSecret}`, "Dex"] as const,
          [`${dex.document.kind} ${dex.namespace}/${dex.document.name}`, "Dex"] as const,
        ]
      : []),
  ]);
  return registeredOf(entities).flatMap(({ application, at }) => {
    const { name, namespace, secret, environment } = application;
    const objects = [
      { key: `Secret ${namespace}/${secret.name}`, at: at("secret", "name") },
      ...(environment === undefined ? [] : [{ key: `ConfigMap ${namespace}/${environment}`, at: at("environment") }]),
    ];
    const alike: Diagnostic[] =
      secret.idKey === secret.secretKey
        ? [
            {
              ...at("secret", "secretKey"),
              code: "duplicate-name",
              message: `idKey and secretKey are both "${secret.idKey}". Choose two names.`,
            },
          ]
        : [];
    return [
      ...alike,
      ...objects.flatMap(({ key, at: where }): Diagnostic[] => {
        const other = taken.get(key);
        if (other === undefined) {
          taken.set(key, `application "${name}"`);
          return [];
        }
        return [
          { ...where, code: "duplicate-name", message: `${key} is already written for ${other}. Choose another name.` },
        ];
      }),
    ];
  });
}

function dexDocumentIsSound({ platform }: Entities): Diagnostic[] {
  if (!platform) return [];
  const { mode, base } = platform.value.dex.document;
  if (mode !== "render") {
    return base === undefined
      ? []
      : [
          {
            ...platform.at("dex", "document", "base"),
            code: "not-allowed",
            message: `base has no effect with mode: ${mode}. Write mode: render, or remove it.`,
          },
        ];
  }
  if (base === undefined) {
    return [
      {
        ...platform.at("dex", "document", "mode"),
        code: "missing-key",
        message: "mode: render writes the whole document, so it needs base: with everything beside the applications.",
      },
    ];
  }
  return baseProblems(base).map(({ path, message, isSecret }) => ({
    ...platform.at("dex", "document", "base", ...path),
    code: isSecret ? ("secret-in-git" as const) : ("dex-document" as const),
    message,
  }));
}
