import type { DesiredState } from "../../access/load.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

export const reviewDay = "2026-11-27";

/** One of everything that a review shows. */
export const reviewedFiles: Readonly<Record<string, string>> = {
  "platform.yaml": [
    "domain: cluster.example.com",
    "masterAdmins: [root-1, root-2]",
    "realmRoles: [{ name: reader, description: Reads reports }, { name: idle }, { name: everyone }]",
    "platformGroups: { userRoles: [everyone] }",
    "clusterAccess:",
    "  - { user: carol, role: admin, expires: 2026-12-11 }",
    "  - { group: guests, role: edit }",
    "",
  ].join("\n"),
  "directories/staff.yaml": [
    "name: staff",
    "url: ldaps://ldap.example.com",
    'bindDn: "cn=reader,dc=example"',
    'usersDn: "ou=people,dc=example"',
    'groups: { dn: "ou=groups,dc=example" }',
    "",
  ].join("\n"),
  "users/bob.yaml": "username: bob\nemail: bob@example.com\nworkspace: { name: bobs-lab }\n",
  "users/carol.yaml":
    "username: carol\nemail: carol@example.com\nfirstName: Carol\nlastName: Shaw\nadmin: true\nroles: [reader]\n",
  "users/dora.yaml": "username: dora\nemail: dora@example.com\nenabled: false\n",
  "users/emil.yaml": "username: emil\nemail: emil@example.com\n",
  "users/fred.yaml": "username: fred\nemail: fred@example.com\nstate: archived\n",
  "groups/guests.yaml": "name: guests\nfrom: [{ directory: staff, group: ML Users }]\n",
  "workspaces/team-b.yaml": [
    "name: team-b",
    "description: Second team",
    "members:",
    "  - { user: alice, role: view, expires: 2026-12-12 }",
    "  - { group: guests, role: view }",
    "  - { user: carol, role: edit, expires: 2026-11-27 }",
    "storage:",
    "  - { group: data-science, role: edit }",
    "",
  ].join("\n"),
  "workspaces/team-c.yaml": "name: team-c\n",
  "workspaces/team-d.yaml": "name: team-d\nstate: archived\nmembers: [{ user: bob, role: edit }]\n",
  "applications/board.yaml":
    "name: board\nnamespace: tools\nauth: keycloak\nredirectUris: [https://board.example.com/callback]\nallow: [{ group: data-science }, { role: reader }]\n",
  "applications/notes.yaml": "name: notes\nnamespace: tools\nauth: headers\n",
};

export function reviewed(changes: Readonly<Record<string, string | undefined>> = {}): {
  readonly state: DesiredState;
  readonly plan: Plan;
} {
  const state = desired({ ...reviewedFiles, ...changes });
  return { state, plan: resolve(state, reviewDay) };
}

/** Many users, each in two groups and in some workspaces by themselves. The same for the same numbers. */
export function crowd(users: number, workspaces: number, groups: number): Record<string, string> {
  const name = (kind: string, number: number) => `${kind}-${String(number).padStart(4, "0")}`;
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
  return {
    ...Object.fromEntries(
      upTo(users).map((user) => [
        `users/${name("user", user)}.yaml`,
        `username: ${name("user", user)}\nemail: ${name("user", user)}@example.com\n${user % 2 === 0 ? "workspace: true\n" : ""}`,
      ]),
    ),
    ...Object.fromEntries(
      upTo(groups).map((group) => {
        const members = upTo(users).filter((user) => user % groups === group || (user * 7 + 3) % groups === group);
        return [
          `groups/${name("group", group)}.yaml`,
          `name: ${name("group", group)}\nmembers: [${members.map((user) => name("user", user)).join(", ")}]\n`,
        ];
      }),
    ),
    ...Object.fromEntries(
      upTo(workspaces).map((workspace) => {
        const direct = upTo(users).filter((user) => (user * 31 + workspace * 17) % 97 === 0);
        const lines = [
          `  - { group: ${name("group", workspace % groups)}, role: view, notebooksAccess: false }`,
          ...direct.map((user) => `  - { user: ${name("user", user)}, role: ${user % 3 === 0 ? "edit" : "view"} }`),
        ];
        return [
          `workspaces/${name("space", workspace)}.yaml`,
          `name: ${name("space", workspace)}\nmembers:\n${lines.join("\n")}\n`,
        ];
      }),
    ),
  };
}
