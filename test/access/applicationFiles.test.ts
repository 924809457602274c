import assert from "node:assert/strict";
import { test } from "node:test";
import { desired, refusals, soundFiles } from "./support.ts";

const platform = (more: string) => ({ "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}${more}\n` });
const file = (name: string, lines: readonly string[]) => ({
  [`applications/${name}.yaml`]: [`name: ${name}`, ...lines, ""].join("\n"),
});
const registered = (name: string, auth: "keycloak" | "dex", ...more: string[]) =>
  file(name, [
    `auth: ${auth}`,
    "namespace: tools",
    ...(more.some((line) => line.startsWith("redirectUris"))
      ? []
      : [`redirectUris: [https://${name}.example.com/callback]`]),
    ...more,
  ]);
const keycloak = (name: string, ...more: string[]) => registered(name, "keycloak", ...more);
const dex = (name: string, ...more: string[]) => registered(name, "dex", ...more);
const headers = (name: string, ...more: string[]) => file(name, ["auth: headers", ...more]);

test("sound applications of each kind are read, with defaults", () => {
  const { applications } = desired({
    ...keycloak("board", "paths: [/board/*]", "allow: [{ group: data-science }, { group: pk-admin }]"),
    ...dex("charts", "paths: [/charts/*, /charts]"),
    ...headers("notes", "paths: [/notes/*]"),
  });
  assert.deepEqual([...applications.keys()].toSorted(), ["board", "charts", "notes"]);
});

const mistakes: readonly [string, Readonly<Record<string, string>>, string][] = [
  [
    "everything exempted",
    keycloak("board", 'paths: ["/*"]'),
    'env/applications/board.yaml:5:9 bad-path: "/*" would open everything to everybody',
  ],
  [
    "Kubeflow's own paths",
    keycloak("board", "paths: [/pipeline/*]"),
    'env/applications/board.yaml:5:9 bad-path: "/pipeline/*" is below "/pipeline", which is the platform\'s own',
  ],
  [
    "a prefix that reaches beyond the application",
    keycloak("board", "paths: [/board*]"),
    'env/applications/board.yaml:5:9 bad-path: "/board*" has "*" elsewhere than in "/*" at the end',
  ],
  [
    "what platform.yaml protects",
    { ...platform("gateway: { protectedPaths: [/labs/*] }"), ...keycloak("board", "paths: [/labs]") },
    'env/applications/board.yaml:5:9 bad-path: path "/labs" reaches /labs/*, which platform.yaml protects (gateway.protectedPaths). Exempt a narrower path.',
  ],
  [
    "a path of the platform",
    keycloak("board", "paths: [/mlflow/*]"),
    'env/applications/board.yaml:5:9 path-taken: path "/mlflow/*" belongs to the platform, which exempts /mlflow/* itself (platform.yaml, gateway.platformPaths). Leave it out here if it is the application\'s, or choose another.',
  ],
  [
    "a path below another application's",
    { ...keycloak("board", "paths: [/board/*]"), ...dex("charts", "paths: [/board/charts/*]") },
    'env/applications/charts.yaml:5:9 path-taken: path "/board/charts/*" meets /board/*, which belongs to application "board" (env/applications/board.yaml:5:9). Write paths that have nothing in common.',
  ],
  [
    "a path of an application that counts on headers",
    { ...headers("notes", "paths: [/notes/*]"), ...keycloak("zoo", "paths: [/notes]") },
    'env/applications/zoo.yaml:5:9 path-taken: path "/notes" meets /notes/*, which belongs to application "notes" (env/applications/notes.yaml:3:9). One of them would be reached without the login it counts on. Write paths that have nothing in common.',
  ],
  [
    "headers under a path that the platform exempts",
    headers("notes", "paths: [/serving/notes/*]"),
    'env/applications/notes.yaml:3:9 path-taken: path "/serving/notes/*" is exempted from the platform\'s login by /serving/* (platform.yaml, gateway.platformPaths), so anybody could send the headers.',
  ],
  [
    "a way back that the gateway closes",
    keycloak("board", "redirectUris: [https://cluster.example.com/board/callback]"),
    "env/applications/board.yaml:4:16 bad-path: nobody could come back to https://cluster.example.com/board/callback: the gateway asks for the platform's login there. Add its path to paths, such as /board/*.",
  ],
  [
    "a redirect address with a wildcard",
    keycloak("board", 'redirectUris: ["https://board.example.com/*"]'),
    'env/applications/board.yaml:4:16 not-allowed: "https://board.example.com/*" is not allowed.',
  ],
  [
    "a web origin with a path",
    keycloak("board", "webOrigins: [https://board.example.com/]"),
    'env/applications/board.yaml:5:14 not-allowed: "https://board.example.com/" is not an origin; write scheme and host only, without a final slash.',
  ],
  [
    "an unknown group in allow",
    keycloak("board", "allow: [{ group: data-sience }]"),
    'env/applications/board.yaml:5:18 unknown-group: group "data-sience" is not defined. Did you mean "data-science"? Add groups/data-sience.yaml or name another group.',
  ],
  [
    "an unknown role in allow",
    { ...platform("realmRoles: [{ name: board-admin }]"), ...keycloak("board", "allow: [{ role: board-admn }]") },
    'env/applications/board.yaml:5:17 unknown-role: realm role "board-admn" is not defined. Did you mean "board-admin"? Add it to realmRoles in platform.yaml, with existing: true if the realm has it already.',
  ],
  [
    "an entry of allow that is both",
    keycloak("board", "allow: [{ group: data-science, role: x }]"),
    "env/applications/board.yaml:5:9 one-subject: an entry of allow is exactly one of group and role; found both.",
  ],
  [
    "an empty allow, which could be read as everybody or nobody",
    keycloak("board", "allow: []"),
    'env/applications/board.yaml:5:8 wrong-type: "allow" is a list of 0; at least 1 must be given.',
  ],
  [
    "the same entry of allow twice",
    keycloak("board", "allow: [{ group: data-science }, { group: data-science }]"),
    "env/applications/board.yaml:5:34 duplicate-entry: group data-science is listed twice. Remove one.",
  ],
  [
    "two clients of one name",
    { ...keycloak("board"), ...keycloak("charts", "clientId: board-client") },
    'env/applications/charts.yaml:5:11 duplicate-name: client id "board-client" belongs to application "board". Choose another clientId.',
  ],
  [
    "a client of Keycloak's own",
    keycloak("board", "clientId: admin-cli"),
    'env/applications/board.yaml:5:11 duplicate-name: client id "admin-cli" belongs to Keycloak itself. Choose another clientId.',
  ],
  [
    "two applications with one Secret",
    { ...keycloak("board", "secret: { name: oidc }"), ...dex("charts", "secret: { name: oidc }") },
    'env/applications/charts.yaml:5:17 duplicate-name: Secret tools/oidc is already written for application "board". Choose another name.',
  ],
  [
    "the keys of a workspace as the Secret of an application",
    file("board", [
      "auth: keycloak",
      "namespace: team-a",
      "redirectUris: [https://board.example.com/callback]",
      "secret: { name: s3creds }",
    ]),
    'env/applications/board.yaml:5:17 duplicate-name: Secret team-a/s3creds is already written for workspace "team-a". Choose another name.',
  ],
  [
    "Dex's own environment as the Secret of an application",
    file("board", [
      "auth: dex",
      "namespace: auth",
      "redirectUris: [https://board.example.com/callback]",
      "secret: { name: dex-oidc-secrets }",
    ]),
    "env/applications/board.yaml:5:17 duplicate-name: Secret auth/dex-oidc-secrets is already written for Dex. Choose another name.",
  ],
  [
    "one key for id and secret",
    keycloak("board", "secret: { idKey: oidc, secretKey: oidc }"),
    'env/applications/board.yaml:5:35 duplicate-name: idKey and secretKey are both "oidc". Choose two names.',
  ],
  [
    "a key that this kind does not have",
    headers("notes", "redirectUris: [https://notes.example.com/callback]"),
    'env/applications/notes.yaml:3:1 unknown-key: unknown key "redirectUris". Allowed here: "auth", "description", "name", "namespace", "paths".',
  ],
  [
    "allow with Dex, which has nothing like it",
    dex("charts", "allow: [{ group: data-science }]"),
    'env/applications/charts.yaml:5:1 unknown-key: unknown key "allow".',
  ],
  [
    "a whole Dex document without its base",
    platform("dex: { document: { mode: render } }"),
    "env/platform.yaml:3:26 missing-key: mode: render writes the whole document, so it needs base: with everything beside the applications.",
  ],
  [
    "a base that has no effect",
    platform("dex: { document: { base: { issuer: https://cluster.example.com/dex } } }"),
    "env/platform.yaml:3:26 not-allowed: base has no effect with mode: merge. Write mode: render, or remove it.",
  ],
  [
    "a secret in the base",
    platform(
      "dex: { document: { mode: render, base: { issuer: https://cluster.example.com/dex, storage: { type: memory }, web: { http: 0.0.0.0:5556 }, staticClients: [{ id: a, name: a, redirectURIs: [https://a.example.com/x], secret: canary-in-git }] } } }",
    ),
    "secret-in-git",
  ],
];

for (const [what, changes, wanted] of mistakes) {
  test(`refuses ${what}`, () => {
    const found = refusals(changes);
    assert.equal(found.length, 1, found.join("\n"));
    const [message = ""] = found;
    assert.ok(wanted.startsWith("env/") ? message.startsWith(wanted) : message.includes(wanted), message);
    assert.ok(!message.includes("canary-in-git"), "a secret is not repeated");
  });
}

test("one application may have a page and all below it, and a redirect to another host needs no path", () => {
  assert.deepEqual(refusals(keycloak("board", "paths: [/board, /board/*]")), []);
});
