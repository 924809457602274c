import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Queue } from "../../components/queue.ts";

/** A resource as far as a queue looks at it, and how its registration ends. */
function pending() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { resource: { urn: pulumi.output(promise) }, resolve, reject };
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  return settled;
}

test("there is room for seven; the eighth waits for the first", async () => {
  const queue = new Queue();
  const entries = Array.from({ length: 8 }, pending);
  const added = entries.map(({ resource }) => queue.add(resource));
  assert.deepEqual(await Promise.all(added.map(isSettled)), [true, true, true, true, true, true, true, false]);
  entries[3]?.resolve("urn");
  assert.equal(await isSettled(added[7] ?? assert.fail()), false);
  entries[0]?.resolve("urn");
  assert.equal(await isSettled(added[7] ?? assert.fail()), true);
});

test("what the engine refuses makes room as well, and is no error of the queue's", async () => {
  const queue = new Queue();
  const { resource, reject } = pending();
  await queue.add(resource);
  const emptied = queue.emptied();
  assert.equal(await isSettled(emptied), false);
  reject(new Error("failed to register"));
  assert.equal(await isSettled(emptied), true);
});

test("a component without resources is through at once", async () => {
  const queue = new Queue();
  await queue.add(undefined);
  await queue.emptied();
});
