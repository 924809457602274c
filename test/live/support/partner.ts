import assert from "node:assert/strict";
import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { environment, keycloakAdmin, realm } from "./platform.ts";

const partner = "partner";

/** Another company's Keycloak, as far as this one can tell: a realm whose people log in through OIDC or SAML. */
export class Partner {
  readonly #url = `${environment("KEYCLOAK_URL")}/realms/${partner}`;
  readonly #secret: string;

  private constructor(secret: string) {
    this.#secret = secret;
  }

  /**
   * @param groups who is in which group there
   * @param secret what the OIDC client proves itself with
   */
  static async create(groups: Readonly<Record<string, readonly string[]>>, secret: string): Promise<Partner> {
    const created = new Partner(secret);
    const client = await keycloakAdmin();
    const platform = `${environment("KEYCLOAK_URL")}/realms/${realm}`;
    const people = [...new Set(Object.values(groups).flat())];
    await client.realms.create({
      realm: partner,
      enabled: true,
      groups: Object.keys(groups).map((name) => ({ name })),
      users: people.map((username) => ({
        username,
        email: `${username}@example.com`,
        emailVerified: true,
        enabled: true,
        firstName: username,
        lastName: "Partner",
        groups: Object.keys(groups).filter((group) => groups[group]?.includes(username)),
        credentials: [{ type: "password", value: partnerPassword }],
      })),
      clients: [
        {
          clientId: "prokube",
          secret,
          redirectUris: [`${platform}/broker/*`],
          protocolMappers: [
            {
              name: "groups",
              protocol: "openid-connect",
              protocolMapper: "oidc-group-membership-mapper",
              config: { "claim.name": "groups", "full.path": "false", "id.token.claim": "true" },
            },
          ],
        },
        {
          clientId: platform,
          protocol: "saml",
          redirectUris: [`${platform}/broker/*`],
          attributes: {
            "saml.assertion.signature": "true",
            "saml.server.signature": "true",
            "saml.client.signature": "false",
            "saml.force.post.binding": "true",
            saml_name_id_format: "email",
            saml_force_name_id_format: "true",
          },
          protocolMappers: [
            ...["email", "firstName", "lastName"].map((name) => ({
              name,
              protocol: "saml",
              protocolMapper: "saml-user-property-mapper",
              config: { "user.attribute": name, "attribute.name": name, "attribute.nameformat": "Basic" },
            })),
            {
              name: "groups",
              protocol: "saml",
              protocolMapper: "saml-group-membership-mapper",
              config: { "attribute.name": "memberOf", "attribute.nameformat": "Basic", "full.path": "false" },
            },
          ],
        },
      ],
    });
    return created;
  }

  async #client(): Promise<KeycloakAdminClient> {
    const client = await keycloakAdmin();
    client.setConfig({ realmName: partner });
    return client;
  }

  /** The file of an identity provider for the realm's OIDC client. */
  oidc(name: string, more = ""): string {
    const endpoint = `${this.#url}/protocol/openid-connect`;
    return [
      `name: ${name}`,
      "type: oidc",
      `issuer: ${this.#url}`,
      `authorizationUrl: ${endpoint}/auth`,
      `tokenUrl: ${endpoint}/token`,
      `userInfoUrl: ${endpoint}/userinfo`,
      `jwksUrl: ${endpoint}/certs`,
      "clientId: prokube",
      more,
    ].join("\n");
  }

  /** The file of an identity provider that uses the same client without knowing of OpenID Connect. */
  oauth2(name: string, more = ""): string {
    const endpoint = `${this.#url}/protocol/openid-connect`;
    return [
      `name: ${name}`,
      "type: oauth2",
      `authorizationUrl: ${endpoint}/auth`,
      `tokenUrl: ${endpoint}/token`,
      `userInfoUrl: ${endpoint}/userinfo`,
      "clientId: prokube",
      "scopes: openid email profile",
      more,
    ].join("\n");
  }

  /** The file of an identity provider for the realm's SAML client. */
  async saml(name: string, more = ""): Promise<string> {
    const descriptor = await (await fetch(`${this.#url}/protocol/saml/descriptor`)).text();
    const [, certificate] = /X509Certificate>([^<]+)</.exec(descriptor) ?? [];
    assert.ok(certificate);
    return [
      `name: ${name}`,
      "type: saml",
      `entityId: ${environment("KEYCLOAK_URL")}/realms/${realm}`,
      `providerEntityId: ${this.#url}`,
      `singleSignOnUrl: ${this.#url}/protocol/saml`,
      `signingCertificate: ${certificate}`,
      "nameIdFormat: Email",
      more,
    ].join("\n");
  }

  /** Takes somebody out of a group there. */
  async removeFromGroup(username: string, group: string): Promise<void> {
    const { users, groups } = await this.#client();
    const [person] = await users.find({ username, exact: true });
    const [found] = await groups.find({ search: group, exact: true });
    await users.delFromGroup({ id: person?.id ?? "", groupId: found?.id ?? "" });
  }

  /** Gives somebody another address there. */
  async changeAddress(username: string, email: string): Promise<void> {
    const { users } = await this.#client();
    const [person] = await users.find({ username, exact: true });
    await users.update({ id: person?.id ?? "" }, { ...person, email });
  }

  async remove(): Promise<void> {
    await (await keycloakAdmin()).realms.del({ realm: partner });
  }

  /** The secret of the OIDC client. */
  get secret(): string {
    return this.#secret;
  }
}

/** What everybody there logs in with. */
export const partnerPassword = "Partner-password-1";
