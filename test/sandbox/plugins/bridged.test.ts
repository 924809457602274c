import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type Provider, resource } from "../../../sandbox/plugins/bridged.ts";
import type { Schema } from "../../../sandbox/plugins/bridged/schema.ts";
import { type Properties, Secret, UNKNOWN } from "../../../sandbox/plugins/plugin.ts";
import { startEngine } from "./bridgedEngine.ts";

const TYPE = "test:index:Thing";

const schema: Schema = {
  realm: { type: "string", required: true, replaces: true },
  name: { type: "string", autoName: true },
  on: { type: "boolean", default: true },
  parts: { type: "set" },
  labels: { type: "map", same: (left, right) => left.toLowerCase() === right.toLowerCase() },
  note: { type: "string", computed: true },
  password: {
    type: "object",
    createOnly: true,
    fields: { value: { type: "string", required: true, secret: true }, temporary: { type: "boolean", default: false } },
  },
  odd: { type: "string", unsupported: true },
};

/** A provider whose server is a map; `log` has what was asked of it. */
function provider() {
  const server = new Map<string, Properties>();
  const log: Properties[] = [];
  const thing = resource<typeof server, Properties>({
    schema,
    outputs: ["path"],
    create: (things, plan) => {
      log.push(plan);
      things.set("1", { ...plan, note: plan["note"] ?? "made" });
      return Promise.resolve("1");
    },
    read: (things, id) => {
      const found = things.get(id);
      return Promise.resolve(found && { ...found, path: `/${found["name"] as string}` });
    },
    locate: (_, importId) => ({ id: importId, state: { realm: "imported" } }),
    update: (things, id, plan) => {
      log.push(plan);
      things.set(id, plan);
      return Promise.resolve();
    },
    delete: (things, id) => {
      things.delete(id);
      return Promise.resolve();
    },
  });
  const definition: Provider<typeof server> = {
    name: "test",
    version: "1.0.0",
    config: { url: { type: "string" }, timeout: { type: "number" }, legacy: { type: "string", unsupported: true } },
    connect: (config) => {
      if (config["url"] === "down") return Promise.reject(new Error("no answer from down"));
      log.push(config);
      return Promise.resolve(server);
    },
    resources: { [TYPE]: thing },
    functions: { "test:index:get": (things, args) => Promise.resolve({ ...args, size: things.size }) },
  };
  return { server, log, definition };
}

async function start(context: TestContext) {
  const { definition, ...rest } = provider();
  return { ...rest, engine: await startEngine(context, definition) };
}

test("configuration: text becomes numbers, the engine's own keys go, secrets stay, others are refused", async (context) => {
  const { definition, log } = provider();
  const engine = await startEngine(context, definition, { url: new Secret("x"), timeout: "60", version: "1.0.0" });
  assert.deepEqual(log, [{ url: "x", timeout: 60 }]);
  const checked = await engine.checkConfig({ url: new Secret("x"), legacy: "y", other: "z", version: "1.0.0" });
  assert.deepEqual(checked.inputs["url"], new Secret("x"));
  assert.deepEqual(checked.failures, [
    "legacy: This stand-in has no provider property 'legacy'",
    "other: This stand-in has no provider property 'other'",
  ]);
});

test("what the server answers while connecting is the engine's error", async (context) => {
  const { definition } = provider();
  await assert.rejects(startEngine(context, definition, { url: "down" }), { message: "no answer from down" });
});

test("check fills in defaults, and says which", async (context) => {
  const { engine } = await start(context);
  const { inputs, failures } = await engine.check(TYPE, { realm: "r", password: { value: "pw" } });
  assert.deepEqual(failures, []);
  const { name, ...others } = inputs;
  assert.match(name as string, /^it-[0-9a-f]{7}$/);
  assert.deepEqual(others, {
    __defaults: ["name", "on"],
    on: true,
    realm: "r",
    password: { __defaults: ["temporary"], temporary: false, value: new Secret("pw") },
  });
  assert.equal((await engine.check(TYPE, { realm: "r" }, { ...inputs, name: "it-kept" })).inputs["name"], "it-kept");
});

test("check names every property that is not as it must be, and lets unknown values pass", async (context) => {
  const { engine } = await start(context);
  const wrong: Properties = {
    naem: "x",
    parts: "x",
    password: { value: UNKNOWN, valeu: "x" },
    odd: "x",
    labels: { a: UNKNOWN },
  };
  const { failures } = await engine.check(TYPE, wrong);
  assert.deepEqual(failures.map((failure) => failure.replace(/: allowed.*/, "")).sort(), [
    "naem: Unknown property 'naem'",
    "odd: Property 'odd' is not supported by this stand-in for the official plugin",
    "parts: Property 'parts' must be a set",
    "password.valeu: Unknown property 'password.valeu'",
    "realm: Missing required property 'realm'",
  ]);
});

test("an unknown type or function is an error that names it", async (context) => {
  const { engine } = await start(context);
  await assert.rejects(engine.check("test:index:Other", {}), /no resource type test:index:Other/);
  await assert.rejects(engine.invoke("test:index:other", {}), /no function test:index:other/);
  assert.deepEqual(await engine.invoke("test:index:get", { a: 1 }), { a: 1, size: 0 });
});

test("a preview of a creation asks nothing of the server, and what it will say is unknown", async (context) => {
  const { engine, server } = await start(context);
  const { id, outputs } = await engine.create(TYPE, { realm: "r", name: "n", parts: [UNKNOWN] }, true);
  assert.equal(id, "");
  assert.deepEqual(outputs, { name: "n", note: UNKNOWN, on: true, parts: [UNKNOWN], path: UNKNOWN, realm: "r" });
  assert.equal(server.size, 0);
});

test("a creation gives what the server says, its secrets marked", async (context) => {
  const { engine } = await start(context);
  const { id, outputs } = await engine.create(TYPE, { realm: "r", name: "n", password: { value: "pw" } });
  assert.equal(id, "1");
  const password = { temporary: false, value: new Secret("pw") };
  assert.deepEqual(outputs, { name: "n", note: "made", on: true, password, path: "/n", realm: "r" });
});

test("diff: each change has its path and kind", async (context) => {
  const { engine } = await start(context);
  const kept = await engine.create(TYPE, { realm: "r", name: "n", parts: ["a", "b"], labels: { x: "1", "y.z": "A" } });
  const diff = async (news: Properties, ignored?: string[]) =>
    engine.diff(TYPE, kept, { ...kept.inputs, ...news }, ignored);
  const none = { changes: {}, replaces: [], deleteBeforeReplace: false };

  assert.deepEqual(await diff({}), none);
  assert.deepEqual(await diff({ parts: ["b", "a"] }), none, "the order of a set");
  assert.deepEqual(await diff({ labels: { x: "1", "y.z": "a" } }), none, "what means the same");
  assert.deepEqual((await diff({ parts: ["a", "c", "d"] })).changes, { "parts[1]": "UPDATE", "parts[2]": "ADD" });
  assert.deepEqual((await diff({ parts: ["b"] })).changes, { "parts[0]": "DELETE" });
  assert.deepEqual((await diff({ parts: [UNKNOWN] })).changes, { parts: "UPDATE" });
  assert.deepEqual((await diff({ labels: { x: "2" } })).changes, { "labels.x": "UPDATE", 'labels["y.z"]': "DELETE" });
  assert.deepEqual((await diff({ on: false, note: "mine" })).changes, { note: "UPDATE", on: "UPDATE" });
  assert.deepEqual(await diff({ on: false, parts: [] }, ["on", "parts"]), none, "what is ignored");
  assert.deepEqual(await diff({ password: { value: "new" } }), none, "what is used at creation only");
});

test("diff: a replacement deletes first if the name was given, and not if it was made up", async (context) => {
  const { engine } = await start(context);
  const named = await engine.create(TYPE, { realm: "r", name: "n" });
  assert.deepEqual(await engine.diff(TYPE, named, { ...named.inputs, realm: "s" }), {
    changes: { realm: "UPDATE_REPLACE" },
    replaces: ["realm"],
    deleteBeforeReplace: true,
  });
  const unnamed = await engine.create(TYPE, { realm: "r" });
  assert.equal((await engine.diff(TYPE, unnamed, { ...unnamed.inputs, realm: UNKNOWN })).deleteBeforeReplace, false);
});

test("an update keeps what is computed, ignored or used at creation only", async (context) => {
  const { engine, log } = await start(context);
  const kept = await engine.create(TYPE, { realm: "r", name: "n", parts: ["a"], password: { value: "pw" } });
  const news = { realm: "r", name: "m", parts: ["b"], password: { value: "new" } };
  const { outputs } = await engine.update(TYPE, kept, news, ["parts"]);
  const password = { value: "pw", temporary: false };
  assert.deepEqual(log.at(-1), { realm: "r", name: "m", on: true, parts: ["a"], note: "made", password });
  assert.equal(outputs["path"], "/m");
});

test("a refresh takes what the server says into the inputs that were given, in the old order", async (context) => {
  const { engine, server } = await start(context);
  const kept = await engine.create(TYPE, { realm: "r", name: "n", parts: ["b", "a"] });
  server.set("1", { realm: "r", name: "other", parts: ["c", "a", "b"], on: true, note: "changed" });
  const now = await engine.read(TYPE, kept);
  assert.deepEqual(now?.inputs, { __defaults: ["on"], name: "other", on: true, parts: ["b", "a", "c"], realm: "r" });
  assert.equal(now.outputs["note"], "changed");
  server.clear();
  assert.equal(await engine.read(TYPE, kept), undefined);
});

test("an import gives the inputs that a program would have to have", async (context) => {
  const { engine, server } = await start(context);
  server.set("7", { name: "n", on: true, parts: [], labels: { a: "b" }, note: "" });
  const imported = await engine.import(TYPE, "7");
  assert.deepEqual(imported?.inputs, { __defaults: [], labels: { a: "b" }, name: "n", realm: "imported" });
  assert.equal(await engine.import(TYPE, "8"), undefined);
});
