import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { fromServer, sameValues, toServer } from "../../../sandbox/plugins/keycloak/attributes.ts";
import { parseImportId } from "../../../sandbox/plugins/keycloak/importId.ts";
import { keycloak } from "../../../sandbox/plugins/keycloak/provider.ts";
import type { Properties } from "../../../sandbox/plugins/plugin.ts";
import { startEngine } from "./bridgedEngine.ts";

const ROLE = "keycloak:index/role:Role";
const USER = "keycloak:index/user:User";
const USER_ROLES = "keycloak:index/userRoles:UserRoles";

type Answers = Record<string, { status?: number; body?: unknown }>;

/** A Keycloak that gives fixed answers to `METHOD /path`; `log` has what it was sent. */
async function start(context: TestContext, answers: Answers, config: Properties = {}) {
  const log: { request: string; body: unknown }[] = [];
  let logins = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const text = (await request.toArray()).join("");
    const path = `${request.method ?? ""} ${(request.url ?? "").replace("/auth/admin/realms/r", "")}`;
    if (path.endsWith("/token")) {
      logins += 1;
      reply(response, 200, { access_token: token(logins), refresh_token: token(logins) });
      return;
    }
    log.push({ request: path, body: text && (JSON.parse(text) as unknown) });
    const { status = 200, body } = answers[path] ?? { status: 404, body: { error: `no answer for ${path}` } };
    reply(response, status, body);
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  context.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings = { url, basePath: "/auth", clientId: "admin-cli", username: "admin", password: "admin" };
  const engine = await startEngine(context, keycloak, { ...settings, ...config });
  return { engine, log, logins: () => logins };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", location: "/users/u1" });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

function token(number: number): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ number, exp: Date.now() / 1000 + 60 })}.`;
}

test("attributes have their values joined, in no order", () => {
  assert.deepEqual(toServer({ a: "1##2", b: "3" }), { a: ["1", "2"], b: ["3"] });
  assert.deepEqual(fromServer({ a: ["1", "2"], b: ["3"] }), { a: "1##2", b: "3" });
  assert.ok(sameValues("1##2", "2##1"));
  assert.ok(!sameValues("1##2", "1"));
});

test("an import id has a realm and an id", () => {
  assert.deepEqual(parseImportId("r/1"), { realm: "r", id: "1" });
  for (const wrong of ["r", "r/", "/1", "r/1/2"]) assert.throws(() => parseImportId(wrong), /expected <realm>\/<id>/);
});

test("a login is due before the first request, unless it may wait", async (context) => {
  assert.equal((await start(context, {})).logins(), 1);
  assert.equal((await start(context, {}, { initialLogin: "false" })).logins(), 0);
  await assert.rejects(
    startEngine(context, keycloak, { url: "http://127.0.0.1:1", clientId: "c", clientSecret: "s" }),
    {
      message: /^failed to perform initial login to Keycloak: error sending request: fetch failed/,
    },
  );
});

test("a refused request is sent once more after a new login, and then its error is the server's", async (context) => {
  const { engine, log, logins } = await start(context, {
    "GET /roles-by-id/1": { status: 403, body: { error: "HTTP 403 Forbidden" } },
  });
  const kept = { id: "1", inputs: {}, outputs: { realmId: "r", name: "n" } };
  await assert.rejects(engine.read(ROLE, kept), {
    message:
      'error sending request to /auth/admin/realms/r/roles-by-id/1: 403 Forbidden. Response body: {"error":"HTTP 403 Forbidden"}',
  });
  assert.equal(log.length, 2);
  assert.equal(logins(), 2);
});

test("a role leaves its composites alone if none are given, and removes them all for an empty list", async (context) => {
  const { engine } = await start(context, {});
  const outputs = { realmId: "r", name: "n", import: false, compositeRoles: ["1"], description: "d", attributes: {} };
  const { inputs } = await engine.check(ROLE, { realmId: "r", name: "n" });
  const kept = { id: "1", inputs, outputs };
  assert.deepEqual((await engine.diff(ROLE, kept, inputs)).changes, {});
  const emptied = await engine.diff(ROLE, kept, { ...inputs, compositeRoles: [] });
  assert.deepEqual(emptied.changes, { compositeRoles: "DELETE" });
});

test("a user is updated as a whole, and empty required actions are not sent", async (context) => {
  const { engine, log } = await start(context, {
    "PUT /users/u1": { status: 204 },
    "GET /users/u1/federated-identity": { body: [{ identityProvider: "google" }] },
    "DELETE /users/u1/federated-identity/google": { status: 204 },
  });
  const before = { realmId: "r", username: "jo", enabled: true, emailVerified: false, requiredActions: ["TERMS"] };
  const { inputs } = await engine.check(USER, before);
  const kept = { id: "u1", inputs, outputs: { ...before, import: false } };
  const news = { realmId: "r", username: "jo", email: "jo@example.com", attributes: { a: "1##2" } };
  const { outputs } = await engine.update(USER, kept, news);
  assert.equal(outputs["requiredActions"], undefined);
  assert.deepEqual(
    log.map(({ request }) => request),
    ["PUT /users/u1", "GET /users/u1/federated-identity", "DELETE /users/u1/federated-identity/google"],
  );
  assert.deepEqual(log[0]?.body, {
    username: "jo",
    email: "jo@example.com",
    emailVerified: false,
    firstName: "",
    lastName: "",
    enabled: true,
    attributes: { a: ["1", "2"] },
  });
});

test("a username is lower-case and its change a replacement, the new user first", async (context) => {
  const { engine } = await start(context, {});
  const { failures } = await engine.check(USER, { realmId: "r", username: "Jo" });
  assert.deepEqual(failures, ["username: expected username Jo to be all lowercase"]);
  const { inputs } = await engine.check(USER, { realmId: "r", username: "jo" });
  const kept = { id: "u1", inputs, outputs: inputs };
  assert.deepEqual(await engine.diff(USER, kept, { ...inputs, username: "joan" }), {
    changes: { username: "UPDATE_REPLACE" },
    replaces: ["username"],
    deleteBeforeReplace: false,
  });
});

const mappings: Answers = {
  "GET /users/u1/role-mappings": {
    body: {
      realmMappings: [
        { id: "own", name: "own" },
        { id: "foreign", name: "foreign" },
      ],
      clientMappings: { account: { mappings: [{ id: "view", name: "view", clientRole: true, containerId: "c" }] } },
    },
  },
  "GET /roles-by-id/own": { body: { id: "own", name: "own" } },
  "GET /roles-by-id/new": { body: { id: "new", name: "new" } },
  "POST /users/u1/role-mappings/realm": { status: 204 },
  "DELETE /users/u1/role-mappings/realm": { status: 204 },
  "DELETE /users/u1/role-mappings/clients/c": { status: 204 },
};

test("role mappings that are not exhaustive touch and show the listed roles only", async (context) => {
  const { engine, log } = await start(context, mappings);
  const given = { realmId: "r", userId: "u1", exhaustive: false };
  const kept = await engine.create(USER_ROLES, { ...given, roleIds: ["own", "gone"] });
  assert.deepEqual([kept.id, kept.outputs["roleIds"]], ["r/u1", ["own"]]);
  await engine.update(USER_ROLES, kept, { ...given, roleIds: ["new"] });
  await engine.delete(USER_ROLES, kept);
  const changes = log.filter(({ request }) => !request.startsWith("GET"));
  const own = { request: "DELETE /users/u1/role-mappings/realm", body: [{ id: "own", name: "own" }] };
  const added = { request: "POST /users/u1/role-mappings/realm", body: [{ id: "new", name: "new" }] };
  assert.deepEqual(changes, [own, added, own]);
});

test("role mappings are exhaustive unless told otherwise: everything else goes, client roles too", async (context) => {
  const { engine, log } = await start(context, mappings);
  await engine.create(USER_ROLES, { realmId: "r", userId: "u1", roleIds: ["own"] });
  const removed = log.filter(({ request }) => request.startsWith("DELETE")).map(({ request }) => request);
  assert.deepEqual(removed, ["DELETE /users/u1/role-mappings/realm", "DELETE /users/u1/role-mappings/clients/c"]);
});
