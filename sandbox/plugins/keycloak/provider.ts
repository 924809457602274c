/** A stand-in for the Keycloak provider: the resource types and functions that the program uses. */
import type { ProviderArgs } from "@pulumi/keycloak";
import type { Provider } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { connect, type Keycloak } from "./client.ts";
import { getGroup, getRealm, getRole, getUser } from "./functions.ts";
import { group } from "./group.ts";
import { role } from "./role.ts";
import { groupRoles, userRoles } from "./roleMappings.ts";
import { user } from "./user.ts";
import { userGroups } from "./userGroups.ts";

const config = {
  accessToken: { type: "string", unsupported: true },
  additionalHeaders: { type: "map", unsupported: true },
  adminUrl: { type: "string", unsupported: true },
  basePath: { type: "string" },
  clientId: { type: "string" },
  clientSecret: { type: "string" },
  clientTimeout: { type: "number" },
  initialLogin: { type: "boolean" },
  jwtSigningAlg: { type: "string", unsupported: true },
  jwtSigningKey: { type: "string", unsupported: true },
  jwtToken: { type: "string", unsupported: true },
  jwtTokenFile: { type: "string", unsupported: true },
  keycloakVersion: { type: "string" },
  password: { type: "string" },
  realm: { type: "string" },
  redHatSso: { type: "boolean", unsupported: true },
  rootCaCertificate: { type: "string" },
  tlsClientCertificate: { type: "string", unsupported: true },
  tlsClientPrivateKey: { type: "string", unsupported: true },
  tlsInsecureSkipVerify: { type: "boolean", unsupported: true },
  url: { type: "string" },
  username: { type: "string" },
} satisfies Record<keyof ProviderArgs, Property>;

/** The provider, as `@pulumi/keycloak` 6.13.0 expects it. */
export const keycloak: Provider<Keycloak> = {
  name: "keycloak",
  version: "6.13.0",
  config,
  connect,
  resources: {
    "keycloak:index/group:Group": group,
    "keycloak:index/groupRoles:GroupRoles": groupRoles,
    "keycloak:index/role:Role": role,
    "keycloak:index/user:User": user,
    "keycloak:index/userGroups:UserGroups": userGroups,
    "keycloak:index/userRoles:UserRoles": userRoles,
  },
  functions: {
    "keycloak:index/getGroup:getGroup": getGroup,
    "keycloak:index/getRealm:getRealm": getRealm,
    "keycloak:index/getRole:getRole": getRole,
    "keycloak:index/getUser:getUser": getUser,
  },
};
