import assert from "node:assert/strict";
import { test } from "node:test";
import { decrypt } from "../../live/adminEncryption.ts";
import { seal } from "../../sandbox/plugins/minio/adminEncryption.ts";

/** Made once with the libraries of github.com/minio/madmin-go v3.0.109, by the number of the algorithm. */
const sealed: readonly string[] = [
  "Z3sJKG/ZzkEijtNBgDoxuk+MC5O+TLJPIRoocCZXyZUAiRtVjIWTAey4J+zMoiLcRpIfA6A6N+vXT+cdjO9iRzQjFWoPfsV9dQI=",
  "1GhncK7qep0P0rheLIOhS0kviCNUG3doE9lx3EO2VtUBwvZSCyc0/dsBuC7Jm/VWbzz93W0fY+49c8mWsS4tCwmcTVtKai3vV3k=",
  "/4j6sAXnAFXyFx455qeNADMthubUXAuCSVGI5vl2QC0C8dvXXlnk6Y8gOCgRyACcIHMpgw1Cu/a8tq6ij44g0I4XkpTXzWpINjI=",
];

for (const [algorithm, text] of sealed.entries()) {
  test(`opens what MinIO seals with algorithm ${algorithm}, and with its own key only`, () => {
    const data = Buffer.from(text, "base64");
    assert.equal(decrypt("a secret key", data), '{"accessKey":"x"}');
    assert.throws(() => decrypt("another key", data));
    const changed = Buffer.from(data);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    assert.throws(() => decrypt("a secret key", changed));
  });
}

test("long answers come in fragments, and none can be cut off", () => {
  for (const length of [0, 16_384, 16_385, 40_000]) {
    assert.equal(decrypt("key", seal("key", "x".repeat(length))), "x".repeat(length));
  }
  const long = seal("key", "x".repeat(20_000));
  assert.throws(() => decrypt("key", long.subarray(0, 32 + 1 + 8 + 16_384 + 16)));
});

test("an algorithm that is not known is said", () => {
  const other = Buffer.from(sealed[0] ?? "", "base64");
  other[32] = 7;
  assert.throws(() => decrypt("a secret key", other), /encrypted in a way that is not known \(7\)/);
});
