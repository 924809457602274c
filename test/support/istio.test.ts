import assert from "node:assert/strict";
import { test } from "node:test";
import { type AuthorizationPolicy, isAllowed, type MeshRequest } from "./istio.ts";

const gateway = "cluster.local/ns/istio-system/sa/gateway";
const fromAlice: MeshRequest = {
  namespace: "team-a",
  principal: gateway,
  headers: { "kubeflow-userid": "alice@example.com" },
};

function policy(spec: AuthorizationPolicy["spec"], namespace = "team-a"): AuthorizationPolicy {
  return { metadata: { name: "p", namespace }, ...(spec && { spec }) };
}

const allowAlice = policy({
  action: "ALLOW",
  rules: [
    {
      from: [{ source: { principals: [gateway] } }],
      when: [{ key: "request.headers[kubeflow-userid]", values: ["alice@example.com"] }],
    },
  ],
});

const cases: readonly (readonly [what: string, policies: AuthorizationPolicy[], request: MeshRequest, boolean])[] = [
  ["no policy allows", [], fromAlice, true],
  ["an ALLOW without rules denies", [policy({})], fromAlice, false],
  ["one in the root namespace holds everywhere", [policy({}, "istio-system")], fromAlice, false],
  ["one in another namespace does not", [policy({}, "team-b")], fromAlice, true],
  ["a matching ALLOW beside one without rules allows", [policy({}, "istio-system"), allowAlice], fromAlice, true],
  ["an empty rule matches everything", [policy({ rules: [{}] })], fromAlice, true],
  ["the caller must match", [allowAlice], { ...fromAlice, principal: "cluster.local/ns/team-b/sa/x" }, false],
  ["the header must match", [allowAlice], { ...fromAlice, headers: { "kubeflow-userid": "bob@example.com" } }, false],
  ["DENY comes first", [allowAlice, policy({ action: "DENY", rules: [{}] })], fromAlice, false],
  ["a DENY that does not match does nothing", [allowAlice, policy({ action: "DENY" })], fromAlice, true],
  ["a selector narrows", [policy({ selector: { matchLabels: { app: "gateway" } } })], fromAlice, true],
];
for (const [what, policies, request, expected] of cases) {
  test(what, () => {
    assert.equal(isAllowed(policies, request), expected);
  });
}

for (const [pattern, value, expected] of [
  ["*", "x", true],
  ["al*", "alice", true],
  ["al*", "bal", false],
  ["*ice", "alice", true],
  ["alice", "Alice", false],
] as const) {
  test(`value ${pattern} ${expected ? "matches" : "does not match"} ${value}`, () => {
    const rules = [{ when: [{ key: "request.headers[h]", values: [pattern] }] }];
    assert.equal(isAllowed([policy({ rules })], { ...fromAlice, headers: { h: value } }), expected);
  });
}

test("an unknown condition is an error, not an answer", () => {
  assert.throws(() => isAllowed([policy({ rules: [{ when: [{ key: "request.auth.claims[x]" }] }] })], fromAlice));
});
