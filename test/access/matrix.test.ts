import assert from "node:assert/strict";
import { test } from "node:test";
import { renderMatrix } from "../../access/matrix.ts";
import { resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

function linesFor(changes: Readonly<Record<string, string>>): string[] {
  const state = desired(changes);
  return renderMatrix(state, resolve(state, "2026-11-23")).split("\n");
}

test("what holds everywhere has a column of its own, and what is archived a line", () => {
  const lines = linesFor({
    "platform.yaml":
      "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nclusterAccess: [{ user: bob, role: admin }]\n",
    "users/carl.yaml": "username: carl\nemail: carl@example.com\nstate: archived\n",
    "workspaces/team-b.yaml": "name: team-b\nstate: archived\nmembers: [{ user: bob, role: edit }]\n",
  });
  assert.deepEqual(lines.slice(0, 3), [
    "user   (every namespace)  alice  team-a",
    "alice  -                  edit   edit",
    "bob    kubeflow-admin     -      view (no notebooks)",
  ]);
  assert.ok(lines.includes("archived, without any access: user carl, workspace team-b"));
});

test("people who have no file are told by the group that lets them in", () => {
  const lines = linesFor({
    "platform.yaml":
      "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nclusterAccess: [{ group: guests, role: edit }]\n",
    "directories/staff.yaml": [
      "name: staff",
      "url: ldaps://ldap.example.com",
      'bindDn: "cn=reader,dc=example"',
      'usersDn: "ou=people,dc=example"',
      'groups: { dn: "ou=groups,dc=example" }',
      "",
    ].join("\n"),
    "identity-providers/corp.yaml": [
      "name: corp",
      "type: oidc",
      "issuer: https://id.example.com",
      "authorizationUrl: https://id.example.com/auth",
      "tokenUrl: https://id.example.com/token",
      "jwksUrl: https://id.example.com/keys",
      "clientId: prokube",
      "",
    ].join("\n"),
    "groups/guests.yaml": [
      "name: guests",
      "from:",
      "  - { directory: staff, group: ML Users }",
      "  - { identityProvider: corp, claim: groups, value: data }",
      "",
    ].join("\n"),
    "workspaces/team-b.yaml": "name: team-b\nmembers: [{ group: guests, role: view }]\n",
  });
  assert.deepEqual(lines.slice(0, 4), [
    "user      (every namespace)  alice  team-a               team-b",
    "alice     -                  edit   edit                 -",
    "bob       -                  -      view (no notebooks)  -",
    "+ guests  kubeflow-edit      -      -                    view",
  ]);
  assert.ok(
    lines.includes(
      '+ guests     whoever is in group "ML Users" of directory staff, or "data" in groups of identity provider corp',
    ),
  );
});

test("applications say who may log in, by name", () => {
  const application = (name: string, more: string) => ({
    [`applications/${name}.yaml`]: `name: ${name}\nnamespace: tools\n${more}\n`,
  });
  const redirect = "redirectUris: [https://board.example.com/callback]";
  const lines = linesFor({
    "platform.yaml":
      "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nrealmRoles: [{ name: reader }, { name: idle }]\n",
    "users/carol.yaml": "username: carol\nemail: carol@example.com\nroles: [reader]\n",
    "users/dora.yaml": "username: dora\nemail: dora@example.com\nroles: [reader]\nenabled: false\n",
    "groups/data-science.yaml": "name: data-science\nmembers: [alice]\n",
    ...application("board", `auth: keycloak\n${redirect}\nallow: [{ group: data-science }, { role: reader }]`),
    ...application("closed", `auth: keycloak\n${redirect}\nallow: [{ role: idle }]`),
    ...application("open", `auth: keycloak\n${redirect}`),
    ...application("plots", `auth: dex\n${redirect}`),
    ...application("notes", "auth: headers"),
  });
  const from = lines.indexOf("application  who may log in");
  assert.deepEqual(lines.slice(from, from + 7), [
    "application  who may log in",
    "board        alice, carol",
    "closed       nobody",
    "notes        everybody with an account, at the gateway",
    "open         everybody with an account",
    "plots        everybody with an account, at Dex",
    "",
  ]);
});

test("platform administrators and holders of realm roles are told", () => {
  const lines = linesFor({
    "platform.yaml": [
      "domain: cluster.example.com",
      "masterAdmins: [root-1, root-2]",
      "realmRoles: [{ name: reader }, { name: auditor }, { name: idle }]",
      "platformGroups: { userRoles: [reader] }",
      "",
    ].join("\n"),
    "users/alice.yaml": "username: alice\nemail: alice@example.com\nadmin: true\nroles: [auditor]\n",
    "users/dora.yaml": "username: dora\nemail: dora@example.com\nadmin: true\nenabled: false\n",
  });
  assert.deepEqual(lines.slice(0, 4), [
    "user             (platform)  team-a",
    "alice            admin       edit",
    "bob              -           view (no notebooks)",
    "dora (disabled)  -           -",
  ]);
  const from = lines.indexOf("realm role  who holds it");
  assert.deepEqual(lines.slice(from + 1, from + 4), ["auditor     alice", "reader      everybody with an account", ""]);
});
