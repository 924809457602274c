/** The MinIO plugin in use, stand-in or official, with the real engine and a real server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  NotFound,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Desired } from "./fixtures/minio/index.ts";
import { Project, setting } from "./project.ts";

const run = randomBytes(4).toString("hex");
const bucket = `smoke-${run}-data`;
const first: Desired = {
  bucket,
  forceDestroy: false,
  policyName: `smoke:s3:view:${run}`,
  policy: policy("s3:GetObject", "s3:ListBucket"),
  worker: { name: `smoke-${run}-worker`, generation: 1 },
};
let project: Project<Desired>;
let s3: S3Client;

before(async () => {
  s3 = new S3Client({
    endpoint: setting("MINIO_ENDPOINT"),
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: setting("MINIO_ROOT_USER"), secretAccessKey: setting("MINIO_ROOT_PASSWORD") },
  });
  project = await Project.create("minio");
  await project.want(first);
});

after(async () => {
  await project.remove();
});

test("a preview of what is not there yet creates everything", async () => {
  const steps = await project.preview();
  const expected = [
    "create IamPolicy readers",
    "create IamServiceAccount keys-1",
    "create IamUser worker",
    "create IamUserPolicyAttachment workers-policy",
    "create S3Bucket data",
  ];
  assert.deepEqual(steps.map(({ op, resource }) => `${op} ${resource}`).sort(), expected);
});

test("an update creates it, and then there is nothing left to do", async () => {
  await project.up();
  await project.up("--expect-no-changes");
  await project.pulumi("refresh", "--yes", "--skip-preview");
  await project.pulumi("preview", "--expect-no-changes");
  assert.equal(await exists(bucket), true);
  const { outputs } = await project.outputs<{ outputs: object }>();
  assert.deepEqual(
    { outputs },
    {
      outputs: {
        arn: `arn:aws:s3:::${bucket}`,
        domain: `${setting("MINIO_ENDPOINT")}/minio/${bucket}`,
        policy: first.policyName,
      },
    },
  );
});

test("the keys of a service account do what its policy lets them, and nothing else", async () => {
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "seed", Body: "seed" }));
  const client = await clientWithKeys();
  await client.send(new GetObjectCommand({ Bucket: bucket, Key: "seed" }));
  await assert.rejects(client.send(new PutObjectCommand({ Bucket: bucket, Key: "x", Body: "x" })), /Access Denied/);
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "seed" }));
});

test("the secret keys are secret, in the state as in the outputs", async () => {
  const { secretKey } = await project.outputs<{ secretKey: string }>();
  assert.equal(secretKey, "[secret]");
  const { secretKey: plain } = JSON.parse(await project.pulumi("stack", "output", "--json", "--show-secrets")) as {
    secretKey: string;
  };
  assert.ok(!(await project.state()).includes(plain));
  assert.match(await project.state(), /"secret": *\{/);
});

test("another secret of a user is an update; another service account has other keys, and the old ones end", async () => {
  const old = await clientWithKeys();
  await project.want({ ...first, worker: { ...first.worker, secret: `${run}-secret` } });
  assert.deepEqual(
    (await project.preview()).map(({ op, resource }) => `${op} ${resource}`),
    ["update IamUser worker"],
  );
  await project.up();
  await project.want({ ...first, worker: { ...first.worker, secret: `${run}-secret`, generation: 2 } });
  assert.deepEqual((await project.preview()).map(({ op, resource }) => `${op} ${resource}`).sort(), [
    "create IamServiceAccount keys-2",
    "delete IamServiceAccount keys-1",
  ]);
  await project.up();
  await project.expectNoChanges();
  await (await clientWithKeys()).send(new ListObjectsV2Command({ Bucket: bucket }));
  await assert.rejects(old.send(new ListObjectsV2Command({ Bucket: bucket })), /does not exist/);
  await project.want(first);
  await project.up();
});

test("the administrator's password is encrypted in the state", async () => {
  const state = await project.state();
  assert.match(state, /"minioPassword": *\{/);
  assert.doesNotMatch(state, /"minioPassword": *"/);
});

test("a policy that says the same in other words is no change", async () => {
  await project.want({
    ...first,
    policy: JSON.stringify(JSON.parse(policy("s3:ListBucket", "s3:GetObject")), null, 2),
  });
  assert.deepEqual(await project.preview(), []);
});

test("a changed policy is updated in place", async () => {
  const wider = { ...first, policy: policy("s3:GetObject", "s3:ListBucket", "s3:PutObject") };
  await project.want(wider);
  assert.deepEqual(await project.preview(), [
    { op: "update", resource: "IamPolicy readers", diff: { policy: "update" } },
    { op: "update", resource: "IamServiceAccount keys-1", diff: { policy: "update" } },
  ]);
  await project.up();
  await project.expectNoChanges();
  await project.want(first);
  await project.up();
});

test("another policy name is another policy, the old one deleted first", async () => {
  await project.want({ ...first, policyName: `smoke:s3:edit:${run}` });
  assert.deepEqual(await project.preview(), [
    { op: "replace", resource: "IamPolicy readers", diff: { name: "update-replace" } },
    { op: "replace", resource: "IamUserPolicyAttachment workers-policy", diff: {} },
  ]);
  assert.match(await project.up(), /deleting original.*creating replacement/s);
  await project.want(first);
  await project.up();
});

test("a bucket that was deleted by hand is seen by a refresh, and made again", async () => {
  await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
  await project.up("--refresh", "--run-program");
  assert.equal(await exists(bucket), true);
  await project.expectNoChanges();
});

test("an existing bucket is not taken over, but imported", async () => {
  const existing = `smoke-${run}-existing`;
  await s3.send(new CreateBucketCommand({ Bucket: existing }));
  await project.want({ ...first, imported: { bucket: existing, import: false } });
  await assert.rejects(project.up(), /bucket already exists!/);
  await project.want({ ...first, imported: { bucket: existing, import: true } });
  await project.up();
  await project.want({ ...first, imported: { bucket: existing, import: false } });
  await project.expectNoChanges();
});

test("a name that MinIO cannot take is an error before anything happens", async () => {
  await project.want({ ...first, policyName: "smoke/slash" });
  await assert.rejects(project.preview(), /must match/);
  await project.want(first);
});

test("a bucket with data in it is not deleted", async () => {
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "data", Body: "kept" }));
  await assert.rejects(project.pulumi("destroy", "--yes", "--skip-preview"), /not empty/);
  assert.equal(await exists(bucket), true);
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "data" }));
});

test("a destroy removes what is left", async () => {
  await project.pulumi("destroy", "--yes", "--skip-preview");
  assert.equal(await exists(bucket), false);
});

async function clientWithKeys(): Promise<S3Client> {
  const { accessKey: accessKeyId, secretKey: secretAccessKey } = JSON.parse(
    await project.pulumi("stack", "output", "--json", "--show-secrets"),
  ) as { accessKey: string; secretKey: string };
  const credentials = { accessKeyId, secretAccessKey };
  return new S3Client({ endpoint: setting("MINIO_ENDPOINT"), region: "us-east-1", forcePathStyle: true, credentials });
}

function policy(...actions: string[]): string {
  const resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: actions, Resource: resource }],
  });
}

async function exists(name: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: name }));
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}
