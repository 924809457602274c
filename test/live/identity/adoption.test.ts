import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type RealmRepresentation from "@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js";
import { keycloakAdmin } from "../support/platform.ts";
import { person, platformOf, type Project, smallProject } from "../support/stack.ts";

const realm = "realm-of-others";
const theirSecret = "canary-their-smtp-81c2";
const platform = (more = "") =>
  platformOf("adoption", `realm: ${realm}\nrealmManagement: settings\nplatformGroups: { create: true }\n${more}`);

let project: Project;
let before1: RealmRepresentation;
before(async () => {
  const client = await keycloakAdmin();
  await client.realms.del({ realm }).catch(() => undefined);
  await client.realms.create({
    realm,
    enabled: true,
    displayName: "Theirs",
    loginTheme: "keycloak",
    passwordPolicy: "length(9)",
    internationalizationEnabled: true,
    supportedLocales: ["de", "en"],
    defaultLocale: "de",
    accessTokenLifespan: 77,
    verifyEmail: true,
    otpPolicyDigits: 8,
    bruteForceProtected: true,
    failureFactor: 6,
    attributes: { frontendUrl: "", theirs: "kept", "acr.loa.map": '{"gold":"2"}' },
    smtpServer: {
      host: "mail.example.com",
      from: "a@example.com",
      auth: "true",
      authType: "basic",
      user: "them",
      password: theirSecret,
    },
    browserSecurityHeaders: { contentSecurityPolicy: "frame-src 'self'; object-src 'none';" },
    clients: [{ clientId: "their-client" }],
  });
  await client.authenticationManagement.copyFlow({ realm, flow: "browser", newName: "their browser" });
  await client.realms.update({ realm }, { browserFlow: "their browser" });
  const profile = await client.users.getProfile({ realm });
  await client.users.updateProfile({ ...profile, realm, unmanagedAttributePolicy: "ADMIN_EDIT" as never });
  before1 = await look();
  project = await smallProject("adoption", { "platform.yaml": platform(), "users/wendy.yaml": person("wendy") });
});
after(async () => {
  await project.destroy();
  const there = await (await keycloakAdmin()).realms.findOne({ realm });
  assert.equal(there?.displayName, "Theirs", "the realm outlives the stack");
  await (await keycloakAdmin()).realms.del({ realm });
});

/** The realm as it behaves: Keycloak writes out what it otherwise assumes, and sets are in no order. */
async function look(): Promise<RealmRepresentation> {
  const found = await (await keycloakAdmin()).realms.findOne({ realm });
  const assumed: Record<string, unknown> = {
    displayNameHtml: "",
    defaultLocale: "",
    webAuthnPolicyPasswordlessPasskeysEnabled: false,
  };
  const { browserSecurityHeaders, ...rest } = { ...assumed, ...found };
  const plain = Object.entries(rest).map(([key, value]) => [key, Array.isArray(value) ? value.toSorted() : value]);
  const headers = { xXSSProtection: "1; mode=block", ...(browserSecurityHeaders as Record<string, string>) };
  return { ...Object.fromEntries(plain), browserSecurityHeaders: headers } as RealmRepresentation;
}

test("a realm of others is managed without being changed", async () => {
  assert.deepEqual(await look(), before1);
  await project.pulumi("preview", "--expect-no-changes");
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});

test("a setting that is written changes, and nothing else does", async () => {
  project.edit({
    "platform.yaml": platform("realmSettings: { passwordPolicy: length(10), requiredAttributes: [department] }\n"),
  });
  await project.up();
  assert.deepEqual(await look(), { ...before1, passwordPolicy: "length(10)" });
  const { attributes = [] } = await (await keycloakAdmin()).users.getProfile({ realm });
  const required = attributes.filter((attribute) => attribute.required).map(({ name }) => name);
  assert.deepEqual(required.toSorted(), ["department", "email"]);
  await project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
});

test("the realm goes on sending mail with a password that this program never saw", async () => {
  const { smtpServer } = (await (await keycloakAdmin()).realms.findOne({ realm })) ?? {};
  assert.equal((smtpServer as Record<string, string> | undefined)?.["password"], "**********");
  assert.ok(!(await project.pulumi("stack", "export", "--show-secrets")).includes(theirSecret));
});

test("what is there under a name of ours is somebody else's", async () => {
  project.edit({
    "platform.yaml": platform(
      'clients:\n  direct: { clientId: their-client, redirectUris: ["https://app.example.com/callback"] }\n',
    ),
  });
  const { output } = await project.tryPulumi("preview");
  assert.match(output, /platform\.yaml:\d+:\d+ foreign-object: client "their-client" exists and is not this stack's\./);
  project.edit({ "platform.yaml": platform() });
});

test("the administrators of Keycloak itself are held against the file", async () => {
  const findings = async () =>
    JSON.parse(await project.pulumi("stack", "output", "masterRealm", "--json")) as readonly string[];
  assert.deepEqual(await findings(), []);

  const client = await keycloakAdmin();
  client.setConfig({ realmName: "master" });
  const admin = await client.roles.findOneByName({ name: "admin" });
  const made: string[] = [];
  for (const username of ["root-3", "root-4"]) {
    const { id } = await client.users.create({ username, enabled: true });
    await client.users.addRealmRoleMappings({ id, roles: [{ id: admin?.id ?? "", name: "admin" }] });
    made.push(id);
  }
  try {
    await project.up();
    assert.deepEqual(await findings(), [
      "Keycloak's master realm has 4 administrators (root-1, root-2, root-3, root-4); two or three are right",
      "root-3 administers Keycloak's master realm but is not among masterAdmins",
      "root-4 administers Keycloak's master realm but is not among masterAdmins",
    ]);
  } finally {
    for (const id of made) await client.users.del({ id });
  }
});
