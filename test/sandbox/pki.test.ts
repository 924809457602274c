import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { Authority, signingKey } from "../../sandbox/pki.ts";

test("an issued certificate is the authority's, for this machine's loopback interface only", async () => {
  const authority = await Authority.create();
  const { certificate, key } = await authority.issue({ commonName: "admin", organization: "system:masters" });
  const issuer = new X509Certificate(authority.certificate);
  const issued = new X509Certificate(certificate);

  assert.ok(issuer.ca);
  assert.ok(!issued.ca);
  assert.ok(issued.checkIssued(issuer) && issued.verify(issuer.publicKey));
  assert.ok(issued.checkPrivateKey(createPrivateKey(key)));
  assert.deepEqual(issued.subject.split("\n").sort(), ["CN=admin", "O=system:masters"]);
  assert.equal(issued.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(issued.checkIP("192.0.2.1"), undefined);
  assert.equal(issued.checkHost("localhost"), "localhost");
  assert.equal(issued.checkHost("example.com"), undefined);
});

test("another instance's authority does not vouch for it", async () => {
  const [one, other] = await Promise.all([Authority.create(), Authority.create()]);
  const { certificate } = await one.issue({ commonName: "localhost" });
  const { publicKey } = new X509Certificate(other.certificate);
  assert.ok(!new X509Certificate(certificate).verify(publicKey));
});

test("the halves of a signing key belong together", async () => {
  const { publicKey, privateKey } = await signingKey();
  const derived = createPublicKey(createPrivateKey(privateKey)).export({ type: "spki", format: "pem" });
  assert.equal(derived, createPublicKey(publicKey).export({ type: "spki", format: "pem" }));
});
