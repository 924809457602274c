import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

const checkout = join(import.meta.dirname, "..", "..");
const name = "main-unit-test";

function sandbox(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const main = join(checkout, "sandbox", "main.ts");
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env, timeout: 30_000 });
}

test("env of a platform that is not started is one line and exit code 1", () => {
  const { status, stdout, stderr } = sandbox(["env", "--name", name]);
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^error: the local platform "main-unit-test" is not running; start it with: .*\n$/);
});

test("a port in use is named with its server and the way out, before anything is written", async () => {
  const taken = createServer();
  await new Promise<void>((done) => taken.listen(0, "127.0.0.1", done));
  const { port } = taken.address() as AddressInfo;
  const { status, stderr } = sandbox(["start", "--name", name], { SANDBOX_PORT_BASE: String(port - 3) });
  taken.close();
  assert.equal(status, 1);
  assert.match(
    stderr,
    new RegExp(`^error: port ${port} is in use .* kube-apiserver needs it; .*SANDBOX_PORT_BASE=\\d+\\.\n$`),
  );
  assert.ok(!existsSync(join(checkout, ".sandbox", name)));
});

for (const [what, args, environment, message] of [
  [
    "a port that is no number",
    ["status", "--name", name],
    { SANDBOX_PORT_BASE: "many" },
    /SANDBOX_PORT_BASE is "many"/,
  ],
  ["a name that is a path", ["stop", "--name", "../.."], {}, /the instance name "\.\.\/\.\." is not allowed/],
  ["an unknown option", ["start", "--nmae", "dev"], {}, /Unknown option '--nmae'/],
] as const) {
  test(`${what} is refused with one line`, () => {
    const { status, stderr } = sandbox(args, environment);
    assert.notEqual(status, 0);
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
  });
}

test("stop of a platform that never was is no error", () => {
  const { status, stderr } = sandbox(["stop", "--name", name]);
  assert.equal(status, 0);
  assert.match(stderr, /was not running/);
});
