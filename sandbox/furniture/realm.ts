import KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import type ClientRepresentation from "@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js";
import { UnmanagedAttributePolicy } from "@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js";
import { trust } from "../plugins/trust.ts";
import type { Instance } from "../instance.ts";
import { loginClient, realm, rolesClaim } from "../servers.ts";

/** The two groups that prokube's realm has from the start (seed 001). */
const groups = ["pk-user", "pk-admin"];

/** Creates the platform's realm with the client that gives tokens; a realm that is there is left as it is. */
export async function furnishRealm(instance: Instance): Promise<void> {
  trust(instance.authority);
  const { keycloakUser: username, keycloakPassword: password } = instance.credentials;
  const keycloak = new KeycloakAdminClient({ baseUrl: instance.keycloakUrl, realmName: "master" });
  await keycloak.auth({ grantType: "password", clientId: "admin-cli", username, password });
  if (!(await keycloak.realms.findOne({ realm }))) {
    await keycloak.realms.create({
      realm,
      enabled: true,
      displayName: "prokube (local platform)",
      sslRequired: "all",
      verifyEmail: true,
      loginWithEmailAllowed: true,
      duplicateEmailsAllowed: false,
      groups: groups.map((name) => ({ name })),
      clients: [platformClient(instance)],
    });
  }
  await addSecondAdministrator(keycloak);
  // Otherwise Keycloak drops the attributes that say who manages a user.
  const profile = await keycloak.users.getProfile({ realm });
  await keycloak.users.updateProfile({
    ...profile,
    realm,
    unmanagedAttributePolicy: UnmanagedAttributePolicy.AdminEdit,
  });
}

/** Keycloak starts with one administrator; seed 001 wants two or three, so that no one person can be locked out. */
async function addSecondAdministrator({ users, roles }: KeycloakAdminClient): Promise<void> {
  const username = "root-2";
  if ((await users.find({ username, exact: true })).length > 0) return;
  const { id } = await users.create({ username, enabled: true });
  const admin = await roles.findOneByName({ name: "admin" });
  if (admin?.id !== undefined) await users.addRealmRoleMappings({ id, roles: [{ id: admin.id, name: "admin" }] });
}

/** One client whose tokens the API server and MinIO both take, by page or, for trying things out, by password. */
function platformClient(instance: Instance): ClientRepresentation {
  const everywhere = { "id.token.claim": "true", "access.token.claim": "true", "userinfo.token.claim": "true" };
  return {
    clientId: loginClient,
    name: "prokube platform",
    publicClient: true,
    standardFlowEnabled: true,
    directAccessGrantsEnabled: true,
    redirectUris: ["http://127.0.0.1/*", "http://localhost/*", `${instance.keycloakUrl}/*`],
    webOrigins: ["+"],
    attributes: { "pkce.code.challenge.method": "S256" },
    protocolMappers: [
      {
        name: "realm roles",
        protocol: "openid-connect",
        protocolMapper: "oidc-usermodel-realm-role-mapper",
        config: { ...everywhere, "claim.name": rolesClaim, multivalued: "true", "jsonType.label": "String" },
      },
      {
        name: "groups",
        protocol: "openid-connect",
        protocolMapper: "oidc-group-membership-mapper",
        config: { ...everywhere, "claim.name": "groups", "full.path": "true" },
      },
      {
        name: "audience",
        protocol: "openid-connect",
        protocolMapper: "oidc-audience-mapper",
        config: { "included.client.audience": loginClient, "access.token.claim": "true", "id.token.claim": "false" },
      },
    ],
  };
}
