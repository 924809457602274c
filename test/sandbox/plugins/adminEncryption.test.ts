import assert from "node:assert/strict";
import { test } from "node:test";
import { open, seal } from "../../../sandbox/plugins/minio/adminEncryption.ts";

// Made once by EncryptData of github.com/minio/madmin-go v1.7.5.
const sealed = "Z3sJKG/ZzkEijtNBgDoxuk+MC5O+TLJPIRoocCZXyZUAiRtVjIWTAey4J+zMoiLcRpIfA6A6N+vXT+cdjO9iRzQjFWoPfsV9dQI=";

test("opens what MinIO's own client has sealed", () => {
  assert.equal(open("a secret key", Buffer.from(sealed, "base64")), '{"accessKey":"x"}');
});

for (const length of [0, 1, 16384, 16385, 40000]) {
  test(`opens what it has sealed: ${length} characters`, () => {
    const text = "x".repeat(length);
    assert.equal(open("key", seal("key", text)), text);
  });
}

test("another key, another algorithm and a changed text are refused", () => {
  const data = seal("key", "text");
  assert.throws(() => open("other", data));
  const changed = Buffer.from(data);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  assert.throws(() => open("key", changed));
  const other = Buffer.from(data);
  other[32] = 2;
  assert.throws(() => open("key", other), /encrypted in a way \(2\) that this stand-in does not know/);
});

test("fragments cannot be cut off", () => {
  const data = seal("key", "x".repeat(20000));
  assert.throws(() => open("key", data.subarray(0, 32 + 1 + 8 + 16384 + 16)));
});
