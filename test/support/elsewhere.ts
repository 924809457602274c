const directory = (name: string, vendor: string) =>
  [
    `name: ${name}`,
    `vendor: ${vendor}`,
    `url: ldaps://${name}.example.com`,
    'bindDn: "cn=reader,dc=example"',
    'usersDn: "ou=people,dc=example"',
    'groups: { dn: "ou=groups,dc=example" }',
    'userFilter: "(active=yes)"',
  ].join("\n");
const endpoints =
  "authorizationUrl: https://id.example.com/auth\ntokenUrl: https://id.example.com/token\nclientId: p\n";

/** Two directories, an identity provider of each kind, and a group that takes people from them. */
export const elsewhere: Readonly<Record<string, string>> = {
  "directories/staff.yaml": directory("staff", "other"),
  "directories/forest.yaml": directory("forest", "ad"),
  "identity-providers/corp.yaml": `name: corp\ntype: oidc\nissuer: https://id.example.com\njwksUrl: https://id.example.com/keys\n${endpoints}`,
  "identity-providers/hub.yaml": `name: hub\ntype: oauth2\nuserInfoUrl: https://id.example.com/me\nattributes: { id: number }\n${endpoints}`,
  "identity-providers/partner.yaml": [
    "name: partner",
    "type: saml",
    "entityId: prokube",
    "providerEntityId: https://saml.example.com",
    "singleSignOnUrl: https://saml.example.com/sso",
    `signingCertificate: ${"A".repeat(300)}`,
  ].join("\n"),
  "groups/guests.yaml": [
    "name: guests",
    "from:",
    "  - { directory: staff, group: ML Users }",
    "  - { directory: forest, group: Data }",
    "  - { identityProvider: corp, claim: groups, value: data }",
    "  - { identityProvider: partner, claim: memberOf, value: data }",
  ].join("\n"),
};
