import { parseDesiredState } from "../../access/load.ts";
import { type Plan, resolve } from "../../access/resolve.ts";

const provider = (name: string, more: string) =>
  [
    `name: ${name}`,
    "type: oidc",
    "issuer: https://id.example.com",
    "jwksUrl: https://id.example.com/keys",
    "authorizationUrl: https://id.example.com/auth",
    "tokenUrl: https://id.example.com/token",
    "clientId: p",
    more,
  ].join("\n");

const application = (name: string, allow: string) =>
  [
    `name: ${name}`,
    "auth: keycloak",
    "namespace: team-a",
    `redirectUris: [https://${name}.example.com/callback]`,
    `allow: [${allow}]`,
  ].join("\n");

/** Providers of every kind and applications with every kind of gate, with names that begin alike. */
export function planOf(otp: "conditional" | "required" | "admins" | undefined): Plan {
  const files = {
    "platform.yaml": [
      "domain: cluster.example.com",
      "masterAdmins: [root-1, root-2]",
      "realmManagement: settings",
      "realmRoles: [{ name: team:lead }, { name: board-role }]",
      ...(otp === undefined ? [] : [`authentication: { otp: ${otp} }`]),
    ].join("\n"),
    "users/ada.yaml": "username: ada\nemail: ada@example.com\nadmin: true\n",
    "users/bea.yaml": "username: bea\nemail: bea@example.com\nadmin: true\n",
    "groups/guests.yaml": "name: guests\nmembers: [ada]\n",
    "workspaces/team-a.yaml": "name: team-a\nmembers: [{ group: guests, role: view }]\n",
    "identity-providers/corp.yaml": provider("corp", ""),
    "identity-providers/known.yaml": provider("known", "unknownUsers: refuse\nrequireOtp: true"),
    "identity-providers/sure.yaml": provider("sure", "trustEmail: true\nlinkAccounts: trusted"),
    "identity-providers/sure-known.yaml": provider(
      "sure-known",
      "unknownUsers: refuse\ntrustEmail: true\nlinkAccounts: trusted",
    ),
    "applications/board.yaml": application("board", "{ group: guests }"),
    "applications/board-2.yaml": application("board-2", "{ role: team:lead }"),
    "applications/lead.yaml": application("lead", "{ group: guests }, { role: team:lead }, { role: board-role }"),
  };
  return resolve(parseDesiredState("env", new Map(Object.entries(files))), "2026-11-23");
}
