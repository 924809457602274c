import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { minio } from "../../../sandbox/plugins/minio/provider.ts";
import { equivalent } from "../../../sandbox/plugins/minio/policyDocument.ts";
import { startEngine } from "./bridgedEngine.ts";

const BUCKET = "minio:index/s3Bucket:S3Bucket";
const POLICY = "minio:index/iamPolicy:IamPolicy";
const config = { minioServer: "127.0.0.1:1", minioUser: "user", minioPassword: "password", minioSsl: "false" };
const start = (context: TestContext) => startEngine(context, minio, config);

test("policy documents are compared by what they say", () => {
  const statement = { Effect: "Allow", Action: ["s3:GetObject", "s3:ListBucket"], Resource: "arn:aws:s3:::a" };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  const reordered = { Resource: ["arn:aws:s3:::a"], Action: ["s3:ListBucket", "s3:GetObject"], Effect: "Allow" };
  assert.ok(equivalent(policy, JSON.stringify({ Statement: reordered, Version: "2012-10-17" }, null, 2)));
  for (const other of [{ Effect: "Deny" }, { Action: ["s3:GetObject"] }, { Resource: "arn:aws:s3:::b" }]) {
    const changed = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, ...other }] });
    assert.ok(!equivalent(policy, changed), JSON.stringify(other));
  }
  assert.ok(!equivalent(policy, "not JSON"));
});

test("names and documents of policies are checked", async (context) => {
  const engine = await start(context);
  const check = async (name: string, policy = "{}") => (await engine.check(POLICY, { name, policy })).failures;
  assert.deepEqual(await check("pk:s3:edit:team-a"), []);
  assert.match(String(await check("a/b")), /must match/);
  assert.match(String(await check("a".repeat(97))), /longer than 96/);
  assert.match(String(await check("a", "[]")), /invalid JSON policy/);
  assert.match(String(await check("a", "{")), /invalid JSON policy/);
});

test("another policy document is an update, another name a replacement", async (context) => {
  const engine = await start(context);
  const { inputs } = await engine.check(POLICY, { name: "a", policy: "{}" });
  const kept = { id: "a", inputs, outputs: { name: "a", policy: "{}" } };
  const document = await engine.diff(POLICY, kept, { ...inputs, policy: '{"Statement":[]}' });
  assert.deepEqual(document, { changes: { policy: "UPDATE" }, replaces: [], deleteBeforeReplace: false });
  const name = await engine.diff(POLICY, kept, { ...inputs, name: "b" });
  assert.deepEqual(name, { changes: { name: "UPDATE_REPLACE" }, replaces: ["name"], deleteBeforeReplace: true });
});

test("a bucket has the official defaults, and what nobody should use is refused", async (context) => {
  const engine = await start(context);
  const { inputs } = await engine.check(BUCKET, { bucket: "a" });
  const defaults = ["acl", "forceDestroy", "objectLocking"];
  assert.deepEqual(inputs, {
    __defaults: defaults,
    acl: "private",
    bucket: "a",
    forceDestroy: false,
    objectLocking: false,
  });
  const { failures } = await engine.check(BUCKET, { bucket: "a", acl: "public-read", quota: 1 });
  assert.deepEqual(failures.map((failure) => failure.split(":")[0]).sort(), ["acl", "quota"]);
});

test("a server that cannot be reached has no bucket, but a policy is an error", async (context) => {
  const engine = await start(context);
  const bucket = { id: "a", inputs: {}, outputs: { bucket: "a" } };
  assert.equal(await engine.read(BUCKET, bucket), undefined);
  await assert.rejects(engine.create(BUCKET, { bucket: "a" }), /unable to check bucket \(a\)/);
  const policy = { id: "a", inputs: {}, outputs: { name: "a", policy: "{}" } };
  await assert.rejects(engine.read(POLICY, policy), /unable to read policy \(a\)/);
});

test("without credentials there is no provider", async (context) => {
  await assert.rejects(startEngine(context, minio, { minioServer: "127.0.0.1:1" }), /no minioUser: .* or MINIO_USER/);
});
