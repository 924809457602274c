import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { address } from "../../access/fields.ts";
import { pathProblem, platformPaths, protectedPrefixes } from "../../access/gateway.ts";
import { contributorBindingName, emailPattern, workspaceNameProblem, workspaceRoles } from "../../access/names.ts";
import { at, expectKeys, expectValue, plain, shown, unknown } from "../../policy/reading.ts";
import {
  bucketsOf,
  contributorName,
  hostOf,
  isEverybodysRole,
  isForeignRole,
  isNarrowPath,
  isPlainAddress,
  isPlatformPath,
  isPlainRoleName,
  isWorkspaceName,
  roleTree,
} from "../../policy/seeds.ts";

const letters = Array.from("abz019.-_+'@A*,$ {}%/:é");
const word = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 });

test("the two statements of KFAM's names agree, and with KFAM's own tests", () => {
  assert.equal(
    contributorName("lalith.397401@zq.msds.kp.org", "edit"),
    "user-lalith-397401-zq-msds-kp-org-clusterrole-edit",
  );
  fc.assert(
    fc.property(word, word, (local, domain) => {
      const address = `${local}@${domain}`;
      assert.equal(contributorName(address, "view"), contributorBindingName(address, "view"));
    }),
    { numRuns: 2000 },
  );
});

test("an address that the files may have is plain, and what is not plain the files may not have", () => {
  for (const address of ["a.b@x.com", "a_b+c@x.example.com", "o'neil@x.com", "1@2.de"]) {
    assert.ok(isPlainAddress(address) && emailPattern.test(address), address);
  }
  const hostile = ["Alice@x.com", "аlice@x.com", "*@x.com", "a@x.com*", "*", "a,b@x.com", "${x}@x.com", '"a"@x.com'];
  for (const address of [...hostile, "a@b@x.com", "a@x", "@x.com", "a b@x.com", "a@x.com\n", "a%00@x.com", ""]) {
    assert.ok(!isPlainAddress(address), address);
  }
  fc.assert(
    fc.property(word, word, (local, domain) => {
      const address = `${local}@${domain}`;
      assert.ok(isPlainAddress(address) || !emailPattern.test(address), address);
    }),
    { numRuns: 5000 },
  );
});

test("a workspace that the files may have has a name that the rules allow, and both know the same roles and buckets", () => {
  for (const name of ["team-a", "a", "x1", "a".repeat(52)]) {
    assert.ok(isWorkspaceName(name) && workspaceNameProblem(name) === undefined, name);
  }
  const reserved = ["edit", "s3", "kube-system", "istio-system", "kubeflow", "default", "auth", "minio", "system-x"];
  for (const name of [...reserved, "Team", "a:b", "-a", "a-", "a.b", "a/b", "..", "${x}", "", "a".repeat(53)]) {
    assert.ok(!isWorkspaceName(name), name);
  }
  assert.deepEqual(Object.keys(roleTree("w")).toSorted(), Object.values(workspaceRoles("w")).toSorted());
  assert.deepEqual(bucketsOf("w"), ["w-data", "w-mlpipeline"]);
});

test("roles that mean something to somebody else are known in any spelling", () => {
  for (const name of ["consoleAdmin", "CONSOLEADMIN", "readwrite", "system:masters", "System:x", "default-roles-x"]) {
    assert.ok(isForeignRole(name), name);
  }
  for (const name of ["grafana-admin", "s3:reader", "readers"]) assert.ok(!isForeignRole(name), name);
  for (const name of ["a,b", "a b", "*", "a*", "A", "", "a:", "-a", "a\n", "a".repeat(97)]) {
    assert.ok(!isPlainRoleName(name), name);
  }
});

test("a path is an application's own or it is not narrow", () => {
  for (const path of ["/grafana", "/grafana/*", "/a/b/*", "/a/**", "/a/"]) assert.ok(isNarrowPath(path), path);
  for (const path of [
    "*",
    "/*",
    "/",
    "",
    "/**",
    "/a*",
    "*/a",
    "/*/a",
    "/a/*/b",
    "/a/../b",
    "/./a",
    "a/*",
    "/{x}",
    "/a?b",
  ]) {
    assert.ok(!isNarrowPath(path), path);
  }
});

test("a path that the files may not have because it is the platform's is known here too, and the other way round", () => {
  for (const prefix of protectedPrefixes) {
    for (const path of [`/${prefix}`, `/${prefix}/*`, `/${prefix.toUpperCase()}/x`])
      assert.ok(isPlatformPath(path), path);
  }
  for (const path of platformPaths) assert.ok(isPlatformPath(path), path);
  for (const path of ["/pipeline", "/pipelines/x", "/PipelineX", "/ml_metadata.x"])
    assert.ok(isPlatformPath(path), path);
  for (const path of ["/grafana/*", "/board", "/kfamily/x", "/my/kfam/*"]) {
    assert.ok(!isPlatformPath(path) && pathProblem(path) === undefined, path);
  }
});

test("an address that the files may have has a host, and what has none the files may not have", () => {
  const good = [
    "https://x.example.com/a?b=c",
    "http://localhost:8000/",
    "http://127.0.0.1/x",
    "http://[::1]/",
    "https://x/@a",
  ];
  for (const one of good) assert.ok(hostOf(one) !== undefined && address.safeParse(one).success, one);
  const bad = [
    "https://x/*",
    "http://x.example.com/",
    "https://a@x/",
    "https://x/#y",
    "https://*.x/",
    "/x",
    "+",
    "*",
    "x:y",
    "",
  ];
  for (const one of bad) assert.ok(hostOf(one) === undefined && !address.safeParse(one).success, one);
  // The URL standard reads it as a slash, and others as a user's name.
  assert.equal(hostOf("https://evil.example.com\\@x.example.com/"), undefined);
  assert.equal(hostOf("https://X.Example.com:8443/a"), "x.example.com");
});

test("roles that everybody has are known", () => {
  for (const name of ["default-roles-prokube", "offline_access", "uma_authorization"])
    assert.ok(isEverybodysRole(name));
  for (const name of ["kubeflow-user", "grafana-admin"]) assert.ok(!isEverybodysRole(name));
});

test("what a preview does not know is unknown, and nothing else goes with it", () => {
  const handed = Object.defineProperty({ known: [1, { deep: "text" }] }, "later", {
    enumerable: true,
    get: () => assert.fail("value can't be known during preview"),
  });
  const copy = plain({ handed });
  assert.deepEqual(copy, { handed: { known: [1, { deep: "text" }], later: unknown } });
  assert.equal(at(copy, "handed", "later", "below"), unknown);
  assert.equal(at(copy, "handed", "known", 1, "deep"), "text");
  assert.equal(at(copy, "handed", "absent", "below"), undefined);
  assert.equal(at({}, "constructor"), undefined);
});

test("findings say what was found and what is allowed", () => {
  const value = { a: { b: "x", c: [1] } };
  assert.deepEqual(expectValue(value, ["a", "b"], ["x"]), []);
  assert.deepEqual(expectValue(value, ["a", "b"], ["y", undefined]), ['a.b is "x"; allowed is "y" or nothing']);
  assert.deepEqual(expectValue({ a: unknown }, ["a", "b"], ["y"]), [
    'a.b is a value known only after the update; allowed is "y"',
  ]);
  assert.deepEqual(expectKeys(value, ["a"], ["b"]), ["a.c is set; allowed are b"]);
  assert.equal(shown("x".repeat(200)).length, 121);
});
