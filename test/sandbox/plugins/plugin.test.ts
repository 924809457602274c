import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import {
  engineAddress,
  hasUnknown,
  isObject,
  marshal,
  type Properties,
  reveal,
  Secret,
  UNKNOWN,
  unmarshal,
} from "../../../sandbox/plugins/plugin.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";

test("properties survive the way to the engine and back", () => {
  const properties: Properties = {
    name: "pk:team-a",
    size: 3,
    on: false,
    none: null,
    later: UNKNOWN,
    password: new Secret("hunter2"),
    nested: { list: ["a", UNKNOWN, { secret: new Secret(["b"]) }] },
  };
  assert.deepEqual(unmarshal(marshal(properties)), properties);
});

test("what is undefined is left out, and no message means no properties", () => {
  assert.deepEqual(unmarshal(marshal({ here: 1, gone: undefined })), { here: 1 });
  assert.deepEqual(unmarshal(undefined), {});
});

test("an output value is opened: unknown without a value, secret when it says so", () => {
  const output = { [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4" };
  const message = struct.Struct.fromJavaScript({
    unknown: output,
    known: { ...output, value: "v", dependencies: [] },
    secret: { ...output, value: "v", secret: true },
  });
  assert.deepEqual(unmarshal(message), { unknown: UNKNOWN, known: "v", secret: new Secret("v") });
});

test("an asset is refused", () => {
  const asset = { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", hash: "", text: "x" };
  assert.throws(() => unmarshal(struct.Struct.fromJavaScript({ asset })), /assets.* not supported/);
});

test("secrets are revealed and unknowns found at any depth", () => {
  const value = { a: new Secret({ b: new Secret([1, UNKNOWN]) }) };
  assert.deepEqual(reveal(value), { a: { b: [1, UNKNOWN] } });
  assert.equal(hasUnknown(value), true);
  assert.equal(hasUnknown({ a: new Secret([1]) }), false);
  assert.equal(isObject(new Secret("s")), false);
});

test("the engine's address is the last host:port among the arguments", () => {
  assert.equal(engineAddress(["-v=9", "-tracing", "127.0.0.1:1", "127.0.0.1:4711"]), "127.0.0.1:4711");
  assert.equal(engineAddress(["127.0.0.1:4711", "--logtostderr"]), "127.0.0.1:4711");
  assert.equal(engineAddress([]), undefined);
});

test("a plugin prints its port and leaves when the engine's socket closes", { timeout: 20_000 }, async (context) => {
  const engine = createServer().listen(0, "127.0.0.1");
  await once(engine, "listening");
  const address = engine.address() as AddressInfo;
  const plugin = startPlugin(`127.0.0.1:${address.port}`);
  context.after(() => plugin.kill());
  const [[session], [printed]] = (await Promise.all([once(engine, "session"), once(plugin.stdout, "data")])) as [
    [ServerHttp2Session],
    [Buffer],
  ];
  assert.match(printed.toString(), /^\d+\n$/);
  assert.equal(plugin.exitCode, null);

  engine.close();
  session.destroy();
  assert.deepEqual(await once(plugin, "exit"), [0, null]);
});

function startPlugin(engine: string) {
  const module = new URL("../../../sandbox/plugins/plugin.ts", import.meta.url).href;
  const source = `import { serve } from "${module}"; await serve(() => undefined, "${engine}");`;
  return spawn(process.execPath, ["--input-type=module", "--eval", source], { stdio: ["ignore", "pipe", "inherit"] });
}
