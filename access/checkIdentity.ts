import { type Diagnostic, formatLocation, type Location } from "./diagnostic.ts";
import type { Directory } from "./directorySchema.ts";
import type { Sourced } from "./document.ts";
import { type Check, type Entities, type Mentioned, repeated } from "./entities.ts";
import { isLoopback } from "./fields.ts";
import { plannedSource } from "./resolve.ts";
import type { IdentityProvider } from "./identityProviderSchema.ts";
import { didYouMean } from "./suggest.ts";

/** What files say together about the identity plane. */
export const identityChecks: readonly Check[] = [
  settingsAreAskedFor,
  mailIsEncrypted,
  realmRolesAreDistinct,
  realmRolesExist,
  sourcesExist,
  sourcesAreDistinct,
  federatedUsersSayNoMore,
  addressesAreVerified,
];

/** A setting that has no effect would be taken for one that has. */
function settingsAreAskedFor({ platform }: Entities): Diagnostic[] {
  if (platform?.value.realmManagement !== "none") return [];
  const { value, at } = platform;
  return (["realmSettings", "authentication"] as const).flatMap((key) =>
    value[key] === undefined
      ? []
      : [
          {
            ...at(key),
            code: "not-allowed" as const,
            message: `${key} has no effect, because this program leaves the realm alone. Write realmManagement: settings or all, or remove it.`,
          },
        ],
  );
}

function mailIsEncrypted({ platform }: Entities): Diagnostic[] {
  if (!platform) return [];
  const { mail } = platform.value.realmSettings ?? {};
  if (mail?.encryption !== "none" || isLoopback(mail.host)) return [];
  return [
    {
      ...platform.at("realmSettings", "mail", "encryption"),
      code: "not-allowed",
      message: `encryption: none would carry reset links to ${mail.host} in the clear. Write starttls or tls.`,
    },
  ];
}

function realmRolesAreDistinct({ platform }: Entities): Diagnostic[] {
  if (!platform) return [];
  return repeated(
    platform.value.realmRoles.map(({ name }) => name),
    (index) => platform.at("realmRoles", index, "name"),
  );
}

function realmRolesExist({ platform, users, groups }: Entities): Diagnostic[] {
  if (!platform) return [];
  const known = platform.value.realmRoles.map(({ name }) => name);
  const lists = [
    ...(["userRoles", "adminRoles"] as const).map((key) => ({
      roles: platform.value.platformGroups[key],
      at: (index: number) => platform.at("platformGroups", key, index),
    })),
    ...[...users.values(), ...groups.values()].map(({ value: { roles }, at }) => ({
      roles,
      at: (index: number) => at("roles", index),
    })),
  ];
  return lists.flatMap(({ roles, at }) => [
    ...repeated(roles, at),
    ...roles.flatMap((role, index) =>
      known.includes(role)
        ? []
        : [
            {
              ...at(index),
              code: "unknown-role" as const,
              message: `realm role "${role}" is not defined.${didYouMean(role, known)} Add it to realmRoles in platform.yaml, with existing: true if the realm has it already.`,
            },
          ],
    ),
  ]);
}

function sourcesExist(entities: Entities, mentioned: Mentioned): Diagnostic[] {
  const { users, groups, directories, identityProviders } = entities;
  const ofUsers = [...users.values()].flatMap(({ value: { directory, identityProvider }, at }) => [
    ...unknownDirectory(directory, mentioned, at("directory")),
    ...unknownProvider(identityProvider, mentioned, at("identityProvider")),
  ]);
  const ofGroups = [...groups.values()].flatMap(({ value: { from }, at }) =>
    from.flatMap(({ directory, identityProvider }, index) => [
      ...unknownDirectory(directory, mentioned, at("from", index, "directory")),
      ...unknownProvider(identityProvider, mentioned, at("from", index, "identityProvider")),
      ...withoutGroups(directory === undefined ? undefined : directories.get(directory), at("from", index)),
      ...withoutClaims(
        identityProvider === undefined ? undefined : identityProviders.get(identityProvider),
        at("from", index),
      ),
    ]),
  );
  return [...ofUsers, ...ofGroups];
}

function unknownDirectory(name: string | undefined, { directories }: Mentioned, at: Location): Diagnostic[] {
  if (name === undefined || directories.has(name)) return [];
  return [
    {
      ...at,
      code: "unknown-source",
      message: `directory "${name}" is not defined.${didYouMean(name, directories)} Add directories/${name}.yaml or name another.`,
    },
  ];
}

function unknownProvider(name: string | undefined, { identityProviders }: Mentioned, at: Location): Diagnostic[] {
  if (name === undefined || identityProviders.has(name)) return [];
  return [
    {
      ...at,
      code: "unknown-source",
      message: `identity provider "${name}" is not defined.${didYouMean(name, identityProviders)} Add identity-providers/${name}.yaml or name another.`,
    },
  ];
}

function withoutGroups(directory: Sourced<Directory> | undefined, at: Location): Diagnostic[] {
  if (!directory || directory.value.groups) return [];
  return [
    {
      ...at,
      code: "missing-key",
      message: `directory "${directory.value.name}" does not say where its groups are. Add groups: to ${directory.file}.`,
    },
  ];
}

/** Keycloak maps claims to groups for OpenID Connect and attributes for SAML, and nothing for OAuth 2.0. */
function withoutClaims(provider: Sourced<IdentityProvider> | undefined, at: Location): Diagnostic[] {
  if (provider?.value.type !== "oauth2") return [];
  return [
    {
      ...at,
      code: "not-allowed",
      message: `identity provider "${provider.value.name}" is OAuth 2.0, which says nothing of groups (${provider.file}). Make people members by name, or use type: oidc.`,
    },
  ];
}

/** Each source is a group inside the group, so two of one name would be one. */
function sourcesAreDistinct({ groups }: Entities): Diagnostic[] {
  return [...groups.values()].flatMap(({ value: { from }, at }) =>
    repeated(
      from.map((source) => plannedSource(source).name),
      (index) => at("from", index),
    ),
  );
}

/** What somebody else keeps cannot be written down here as well. */
function federatedUsersSayNoMore({ users }: Entities): Diagnostic[] {
  return [...users.values()].flatMap(({ value, at }) => {
    const { username, directory, identityProvider } = value;
    const refused = (key: string, why: string): Diagnostic => ({
      ...at(key),
      code: "not-allowed",
      message: `${key} of user "${username}" has no effect: ${why}. Remove it.`,
    });
    if (directory !== undefined && identityProvider !== undefined) {
      return [refused("identityProvider", `the account lives in directory "${directory}"`)];
    }
    if (directory !== undefined) {
      const why = `the account is kept in directory "${directory}"`;
      return [
        ...(value.requiredActions.length > 0 ? [refused("requiredActions", why)] : []),
        ...(["firstName", "lastName", "was"] as const).flatMap((key) =>
          value[key] === undefined ? [] : [refused(key, why)],
        ),
        ...(value.adopt ? [refused("adopt", why)] : []),
        ...(value.emailVerified ? [refused("emailVerified", why)] : []),
      ];
    }
    const asksForPassword = identityProvider !== undefined && value.requiredActions.includes("UPDATE_PASSWORD");
    return asksForPassword
      ? [refused("requiredActions", `whoever logs in through "${identityProvider}" has no password here`)]
      : [];
  });
}

/** Whoever comes from outside with an address that nobody verified would get what belongs to the address. */
function addressesAreVerified({ platform, directories, identityProviders }: Entities): Diagnostic[] {
  if (platform?.value.realmSettings?.verifyEmail !== false) return [];
  const [open] = [...directories.values(), ...identityProviders.values()].filter(({ value }) => !value.trustEmail);
  if (!open) return [];
  return [
    {
      ...platform.at("realmSettings", "verifyEmail"),
      code: "not-allowed",
      message: `verifyEmail: false would let people of "${open.value.name}" in under any address they claim (${formatLocation(open.at("name"))}). Write true, or trustEmail: true there if it verifies addresses.`,
    },
  ];
}
