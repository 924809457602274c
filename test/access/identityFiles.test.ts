import assert from "node:assert/strict";
import { test } from "node:test";
import { desired, refusals, soundFiles } from "./support.ts";

const platform = (lines: string) => ({ "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}${lines}\n` });
const user = (lines: string) => ({ "users/bob.yaml": `username: bob\nemail: bob@example.com\n${lines}\n` });
const guests = (lines: string) => ({ "groups/guests.yaml": `name: guests\n${lines}\n` });

const directory = (more = "", url = "ldaps://ldap.example.com") => ({
  "directories/staff.yaml": [
    "name: staff",
    `url: ${url}`,
    'bindDn: "cn=reader,dc=example"',
    'usersDn: "ou=people,dc=example"',
    more,
  ].join("\n"),
});
const withGroups = directory('groups: { dn: "ou=groups,dc=example" }');

const oidc = [
  "name: corp",
  "type: oidc",
  "issuer: https://id.example.com",
  "authorizationUrl: https://id.example.com/auth",
  "tokenUrl: https://id.example.com/token",
  "jwksUrl: https://id.example.com/keys",
  "clientId: prokube",
  "",
].join("\n");
const provider = (text = oidc) => ({ "identity-providers/corp.yaml": text });
const oauth2 = [
  "name: hub",
  "type: oauth2",
  "authorizationUrl: https://hub.example.com/auth",
  "tokenUrl: https://hub.example.com/token",
  "userInfoUrl: https://hub.example.com/me",
  "clientId: prokube",
].join("\n");

const refused: readonly (readonly [what: string, changes: Record<string, string>, message: string])[] = [
  [
    "settings that have no effect",
    platform("realmSettings: { verifyEmail: true }"),
    "env/platform.yaml:3:16 not-allowed: realmSettings has no effect, because this program leaves the realm alone. Write realmManagement: settings or all, or remove it.",
  ],
  [
    "login flows that have no effect",
    platform("authentication: { otp: required }"),
    "env/platform.yaml:3:17 not-allowed: authentication has no effect, because this program leaves the realm alone. Write realmManagement: settings or all, or remove it.",
  ],
  [
    "mail in the clear",
    platform(
      "realmManagement: settings\nrealmSettings: { mail: { host: mail.example.com, encryption: none, from: k@example.com } }",
    ),
    "env/platform.yaml:4:62 not-allowed: encryption: none would carry reset links to mail.example.com in the clear. Write starttls or tls.",
  ],
  [
    "a token that lives too long",
    platform("realmManagement: all\nrealmSettings: { tokens: { accessToken: 2h } }"),
    'env/platform.yaml:4:41 not-allowed: "2h" is not allowed; write a whole number and s, m, h or d, from 1m to 1h, such as 1m.',
  ],
  [
    "a realm role twice",
    platform("realmRoles: [{ name: auditor }, { name: auditor }]"),
    "env/platform.yaml:3:41 duplicate-entry: auditor is listed twice. Remove one.",
  ],
  [
    "a realm role that opens a workspace",
    platform('realmRoles: [{ name: "pk:edit:team-a" }]'),
    'env/platform.yaml:3:22 reserved-name: realm role name "pk:edit:team-a" is reserved: it is for the roles of workspaces, which follow from workspaces/ and users/. Choose another.',
  ],
  [
    "a realm role that Kubernetes takes for an administrator",
    platform('realmRoles: [{ name: "system:masters" }]'),
    'env/platform.yaml:3:22 reserved-name: realm role name "system:masters" is reserved: Kubernetes gives groups of that prefix rights in the whole cluster. Choose another.',
  ],
  [
    "a realm role that MinIO takes for an administrator",
    platform("realmRoles: [{ name: consoleAdmin }]"),
    'env/platform.yaml:3:22 bad-name: realm role name "consoleAdmin" is not allowed; it may have lower-case letters, digits and inner . _ : -.',
  ],
  [
    "a realm role that MinIO splits in two",
    platform('realmRoles: [{ name: "a,readwrite" }]'),
    'env/platform.yaml:3:22 bad-name: realm role name "a,readwrite" is not allowed; it may have lower-case letters, digits and inner . _ : -.',
  ],
  [
    "an unknown realm role of a user",
    { ...platform("realmRoles: [{ name: grafana-admin }]"), ...user("roles: [grafana-admn]") },
    'env/users/bob.yaml:3:9 unknown-role: realm role "grafana-admn" is not defined. Did you mean "grafana-admin"? Add it to realmRoles in platform.yaml, with existing: true if the realm has it already.',
  ],
  [
    "an unknown realm role of all administrators",
    platform("platformGroups: { adminRoles: [nope] }"),
    'env/platform.yaml:3:32 unknown-role: realm role "nope" is not defined. Add it to realmRoles in platform.yaml, with existing: true if the realm has it already.',
  ],
  [
    "a user's realm role twice",
    { ...platform("realmRoles: [{ name: grafana-admin }]"), ...user("roles: [grafana-admin, grafana-admin]") },
    "env/users/bob.yaml:3:24 duplicate-entry: grafana-admin is listed twice. Remove one.",
  ],
  [
    "an unknown directory",
    user("directory: stuff"),
    'env/users/bob.yaml:3:12 unknown-source: directory "stuff" is not defined. Add directories/stuff.yaml or name another.',
  ],
  [
    "an unknown identity provider",
    { ...provider(), ...user("identityProvider: crop") },
    'env/users/bob.yaml:3:19 unknown-source: identity provider "crop" is not defined. Did you mean "corp"? Add identity-providers/crop.yaml or name another.',
  ],
  [
    "a group from an unknown directory",
    { ...directory(), ...guests("from: [{ directory: stuff, group: x }]") },
    'env/groups/guests.yaml:2:21 unknown-source: directory "stuff" is not defined. Did you mean "staff"? Add directories/stuff.yaml or name another.',
  ],
  [
    "a group from a directory that says nothing of groups",
    { ...directory(), ...guests("from: [{ directory: staff, group: x }]") },
    'env/groups/guests.yaml:2:8 missing-key: directory "staff" does not say where its groups are. Add groups: to env/directories/staff.yaml.',
  ],
  [
    "a group from an OAuth 2.0 provider",
    { "identity-providers/hub.yaml": oauth2, ...guests("from: [{ identityProvider: hub, claim: groups, value: x }]") },
    'env/groups/guests.yaml:2:8 not-allowed: identity provider "hub" is OAuth 2.0, which says nothing of groups (env/identity-providers/hub.yaml). Make people members by name, or use type: oidc.',
  ],
  [
    "a group from the same place twice",
    { ...withGroups, ...guests("from: [{ directory: staff, group: x }, { directory: staff, group: x }]") },
    "env/groups/guests.yaml:2:40 duplicate-entry: x is listed twice. Remove one.",
  ],
  [
    "half a place",
    { ...directory(), ...guests("from: [{ directory: staff }]") },
    "env/groups/guests.yaml:2:8 one-subject: an entry is either directory and group, or identityProvider, claim and value.",
  ],
  [
    "two places in one entry",
    { ...directory(), ...provider(), ...guests("from: [{ directory: staff, group: x, identityProvider: corp }]") },
    "env/groups/guests.yaml:2:8 one-subject: an entry is either directory and group, or identityProvider, claim and value.",
  ],
  [
    "a group's name that rewrites the LDAP filter",
    { ...withGroups, ...guests('from: [{ directory: staff, group: "x)(cn=*" }]') },
    'env/groups/guests.yaml:2:35 not-allowed: "from[0].group" is "x)(cn=*"; allowed: at most 100 characters, none of / , " \\ # + < > ; = * ( ).',
  ],
  [
    "a user who comes from two places",
    { ...directory(), ...provider(), ...user("directory: staff\nidentityProvider: corp") },
    'env/users/bob.yaml:4:19 not-allowed: identityProvider of user "bob" has no effect: the account lives in directory "staff". Remove it.',
  ],
  [
    "the name of somebody whom a directory knows",
    { ...directory(), ...user("directory: staff\nfirstName: Bob") },
    'env/users/bob.yaml:4:12 not-allowed: firstName of user "bob" has no effect: the account is kept in directory "staff". Remove it.',
  ],
  [
    "the address of somebody whom a directory knows, verified",
    { ...directory(), ...user("directory: staff\nemailVerified: true") },
    'env/users/bob.yaml:4:16 not-allowed: emailVerified of user "bob" has no effect: the account is kept in directory "staff". Remove it.',
  ],
  [
    "a new password for somebody who has none",
    { ...provider(), ...user("identityProvider: corp\nrequiredActions: [UPDATE_PASSWORD]") },
    'env/users/bob.yaml:4:18 not-allowed: requiredActions of user "bob" has no effect: whoever logs in through "corp" has no password here. Remove it.',
  ],
  [
    "people from outside under any address",
    { ...platform("realmManagement: settings\nrealmSettings: { verifyEmail: false }"), ...directory() },
    'env/platform.yaml:4:31 not-allowed: verifyEmail: false would let people of "staff" in under any address they claim (env/directories/staff.yaml:1:7). Write true, or trustEmail: true there if it verifies addresses.',
  ],
  [
    "passwords in the clear",
    directory("", "ldap://ldap.example.com"),
    "env/directories/staff.yaml:2:6 not-allowed: ldap://ldap.example.com would carry passwords in the clear. Write ldaps:// or startTls: true.",
  ],
  [
    "accounts that anybody may claim",
    provider(`${oidc}linkAccounts: trusted\n`),
    "env/identity-providers/corp.yaml:8:15 not-allowed: linkAccounts: trusted takes the provider's word for addresses, so it needs trustEmail: true.",
  ],
  [
    "tokens in the clear",
    provider(oidc.replace("tokenUrl: https:", "tokenUrl: http:")),
    'env/identity-providers/corp.yaml:5:11 not-allowed: "http://id.example.com/token" is not allowed. Write an https address (http only on 127.0.0.1 and localhost) without user, password, fragment, spaces and *.',
  ],
  [
    "a password in an address",
    provider(oidc.replace("tokenUrl: https://", "tokenUrl: https://me:hunter2@")),
    "env/identity-providers/corp.yaml:5:11 not-allowed: this address is not allowed. Write an https address (http only on 127.0.0.1 and localhost) without user, password, fragment, spaces and *.",
  ],
  [
    "a wildcard that codes are sent to",
    platform('clients: { direct: { clientId: console, redirectUris: ["https://app.example.com/*"] } }'),
    'env/platform.yaml:3:56 not-allowed: "https://app.example.com/*" is not allowed. Write an https address (http only on 127.0.0.1 and localhost) without user, password, fragment, spaces and *.',
  ],
  [
    "a provider of no type",
    provider("name: corp\n"),
    'env/identity-providers/corp.yaml:1:1 missing-key: the key "type" is missing; allowed: "oidc", "oauth2", "saml". Add it.',
  ],
  [
    "a provider of another type",
    provider(oidc.replace("oidc", "odic")),
    'env/identity-providers/corp.yaml:2:7 not-allowed: "type" is "odic". Did you mean "oidc"? Allowed: "oidc", "oauth2", "saml".',
  ],
  [
    "a secret in the file",
    provider(`${oidc}clientSecret: hunter2\n`),
    'env/identity-providers/corp.yaml:8:1 secret-in-git: unknown key "clientSecret": no secret belongs in these files. Remove it, and change the secret if it was committed.',
  ],
];

for (const [what, changes, message] of refused) {
  test(`${what} is refused`, () => {
    assert.deepEqual(refusals(changes), [message]);
  });
}

test("a realm, a directory and providers of each kind are read", () => {
  const { directories, identityProviders } = desired({
    ...platform("realmManagement: settings\nrealmSettings: { verifyEmail: true, passwordPolicy: length(14) }"),
    ...withGroups,
    ...provider(),
    "identity-providers/hub.yaml": oauth2,
    ...guests("from: [{ directory: staff, group: ML Users }]"),
  });
  assert.deepEqual([...directories.keys()], ["staff"]);
  assert.deepEqual([...identityProviders.keys()].toSorted(), ["corp", "hub"]);
});
