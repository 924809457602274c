/** Both policies of the gateway are written, or neither: copies of the platform's in a namespace of their own. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { AuthenticationV1TokenRequest, KubeConfig, V1TokenRequestSpec } from "@kubernetes/client-node";
import {
  exemptionAnnotations,
  gatewayPolicyKinds,
  gatewayPolicyNames,
  type GatewayPolicyKind,
  inStep,
} from "../../../access/gateway.ts";
import { Cluster, istioPolicies } from "../../../live/cluster.ts";
import { readGateway, writeExemptions } from "../../../live/gateway.ts";
import { type AuthorizationPolicy, isAllowed } from "../../support/istio.ts";
import { create, environment, kubernetes, remove } from "../support/platform.ts";

const namespace = `gateway-${randomBytes(4).toString("hex")}`;
const { requireJwt: jwt, oauth2Proxy: proxy } = gatewayPolicyNames;
const kubeconfig = readFileSync(environment("KUBECONFIG"), "utf8");
const cluster = connected();

function connected(config = kubeconfig): Cluster {
  return new Cluster({ kubeconfig: config, context: undefined });
}

interface Policy extends AuthorizationPolicy {
  readonly metadata: AuthorizationPolicy["metadata"] & {
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

async function policy(kind: GatewayPolicyKind, from = namespace): Promise<Policy> {
  const address = { ...istioPolicies, namespace: from, name: gatewayPolicyNames[kind] };
  return (await cluster.custom.getNamespacedCustomObject(address)) as Policy;
}

async function both(): Promise<Record<GatewayPolicyKind, Policy>> {
  return { requireJwt: await policy("requireJwt"), oauth2Proxy: await policy("oauth2Proxy") };
}

/** What of both policies anybody could have written. */
async function content(): Promise<unknown> {
  const { requireJwt, oauth2Proxy } = await both();
  return [requireJwt, oauth2Proxy].map(({ spec, metadata: { labels, annotations } }) => ({
    spec,
    labels,
    annotations,
  }));
}

async function versions(): Promise<string[]> {
  const { requireJwt, oauth2Proxy } = await both();
  return [requireJwt.metadata.resourceVersion, oauth2Proxy.metadata.resourceVersion];
}

/** The lists of exempted paths, in their order. */
function lists({ spec }: Policy): readonly (readonly string[])[] {
  return (spec?.rules ?? []).flatMap(({ to = [] }) => to.map(({ operation }) => operation.notPaths ?? []));
}

/** Somebody else's change. */
async function byHand(kind: GatewayPolicyKind, ...body: readonly { op: string; path: string; value?: unknown }[]) {
  const address = { ...istioPolicies, namespace, name: gatewayPolicyNames[kind] };
  await cluster.custom.patchNamespacedCustomObject({ ...address, fieldManager: "somebody-else", body });
}

const list = "/spec/rules/0/to/0/operation/notPaths";
const addLabel = (value: string) => ({ op: "add", path: "/metadata/labels/touched", value });
const addPath = (value: string) => ({ op: "add", path: `${list}/0`, value });

/** A cluster in which something happens around each of our writes. */
function interrupted(
  around: (
    write: { readonly kind: GatewayPolicyKind; readonly isTrial: boolean },
    send: () => Promise<unknown>,
  ) => Promise<unknown>,
): Cluster {
  const hooked = connected();
  const send = hooked.custom.patchNamespacedCustomObject.bind(hooked.custom);
  hooked.custom.patchNamespacedCustomObject = async (request) => {
    const kind = gatewayPolicyKinds.find((one) => gatewayPolicyNames[one] === request.name);
    assert.ok(kind);
    return around({ kind, isTrial: request.dryRun !== undefined }, async () => send(request));
  };
  return hooked;
}

/** The same, but something happens once, before the first write that this is about. */
function once(kind: GatewayPolicyKind, isTrial: boolean, happens: () => Promise<unknown>): Cluster {
  let isDue = true;
  return interrupted(async (write, send) => {
    if (isDue && write.kind === kind && write.isTrial === isTrial) {
      isDue = false;
      await happens();
    }
    return send();
  });
}

async function assertInStep(stack: string, wanted: readonly string[]): Promise<void> {
  assert.ok(inStep(await readGateway(cluster, namespace), stack, wanted), JSON.stringify(await content()));
}

before(async () => {
  await create(`apiVersion: v1\nkind: Namespace\nmetadata: { name: ${namespace} }`);
});

beforeEach(async () => {
  for (const kind of gatewayPolicyKinds) {
    const { spec } = await policy(kind, "istio-system");
    const copy = {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: {
        name: gatewayPolicyNames[kind],
        namespace,
        labels: { team: "platform" },
        annotations: { note: "ours" },
      },
      spec: structuredClone(spec),
    };
    const [rule] = copy.spec?.rules ?? [];
    // Somebody's own rule, with a list of its own.
    if (kind === "oauth2Proxy" && rule) {
      Object.assign(copy.spec ?? {}, {
        rules: [rule, { to: [{ operation: { hosts: ["other.example.com"], notPaths: ["/theirs", "/dex/*"] } }] }],
      });
    }
    await kubernetes()
      .delete(copy)
      .catch(() => undefined);
    await kubernetes().create(copy);
  }
});

after(async () => {
  await remove(`apiVersion: v1\nkind: Namespace\nmetadata: { name: ${namespace} }`);
});

test("paths are added, exchanged and removed in both, and nothing else is touched", async () => {
  const old = await both();
  const isOpen = async () =>
    isAllowed([await policy("requireJwt")], {
      namespace,
      labels: { app: "istio-ingressgateway" },
      principal: "cluster.local/ns/x/sa/x",
      path: "/myapp/login",
    });
  assert.equal(await isOpen(), false);
  const changes: readonly (readonly [wanted: readonly string[], revision: number])[] = [
    [["/myapp/*"], 1],
    [["/myapp/*", "/myapp", "/other/x"], 2],
    [["/other/x", "/new/*"], 2],
    [["/myapp/*"], 3],
    [[], 4],
  ];
  for (const [wanted, revision] of changes) {
    await writeExemptions(cluster, namespace, "dev", wanted, revision);
    await assertInStep("dev", wanted);
    assert.equal(await isOpen(), wanted.includes("/myapp/*"));
    const now = await both();
    for (const kind of gatewayPolicyKinds) {
      const { claim, revision: count } = exemptionAnnotations("dev");
      assert.deepEqual(now[kind].metadata.labels, { team: "platform" });
      assert.deepEqual(now[kind].metadata.annotations, {
        note: "ours",
        ...(wanted.length > 0 && { [claim]: JSON.stringify(wanted.toSorted()) }),
        [count]: String(revision),
      });
      assert.deepEqual(
        lists(now[kind]).map((paths) => paths.filter((path) => !wanted.includes(path))),
        lists(old[kind]),
        "what is others' stays in its order",
      );
      assert.deepEqual(withoutPaths(now[kind]), withoutPaths(old[kind]));
    }
  }
  await writeExemptions(cluster, namespace, "dev", [], 0);
  assert.deepEqual(
    Object.values(await both()).map(({ spec, metadata: { annotations } }) => ({ spec, annotations })),
    Object.values(old).map(({ spec, metadata: { annotations } }) => ({ spec, annotations })),
    "a stack that goes leaves nothing",
  );
});

function withoutPaths({ spec }: Policy): unknown {
  return JSON.parse(JSON.stringify(spec, (key, value: unknown) => (key === "notPaths" ? [] : value)));
}

test("nothing is written when both are as wanted, and both are when the revision is another", async () => {
  const untouched = await versions();
  await writeExemptions(cluster, namespace, "dev", [], 0);
  assert.deepEqual(await versions(), untouched);
  await writeExemptions(cluster, namespace, "dev", ["/myapp/*"], 1);
  const written = await versions();
  await writeExemptions(cluster, namespace, "dev", ["/myapp/*"], 1);
  assert.deepEqual(await versions(), written);
  await writeExemptions(cluster, namespace, "dev", ["/myapp/*"], 2);
  assert.equal((await versions()).filter((version) => written.includes(version)).length, 0);
  assert.deepEqual((await readGateway(cluster, namespace)).oauth2Proxy?.revision, { dev: 2 });
});

test("what was changed by hand in one is put right, what was exempted by hand is taken over", async () => {
  await byHand("requireJwt", addPath("/myapp/*"));
  await writeExemptions(cluster, namespace, "dev", ["/myapp/*", "/b"], 1);
  assert.deepEqual(lists(await policy("requireJwt"))[0]?.filter((path) => path === "/myapp/*").length, 1);
  await byHand("oauth2Proxy", {
    op: "remove",
    path: `${list}/${(lists(await policy("oauth2Proxy"))[0]?.length ?? 0) - 1}`,
  });
  assert.equal(inStep(await readGateway(cluster, namespace), "dev", ["/myapp/*", "/b"]), false);
  await writeExemptions(cluster, namespace, "dev", ["/myapp/*", "/b"], 2);
  await assertInStep("dev", ["/myapp/*", "/b"]);
  await writeExemptions(cluster, namespace, "dev", [], 0);
  await assertInStep("dev", []);
});

test("a policy without annotations gets them", async () => {
  for (const kind of gatewayPolicyKinds) await byHand(kind, { op: "remove", path: "/metadata/annotations" });
  await writeExemptions(cluster, namespace, "dev", ["/myapp/*"], 1);
  await assertInStep("dev", ["/myapp/*"]);
});

for (const kind of gatewayPolicyKinds) {
  for (const isTrial of [true, false]) {
    test(`somebody else writes before ${isTrial ? "the trial" : "the write"} of ${kind}: both changes are there`, async () => {
      const hooked = once(kind, isTrial, async () => byHand(kind, addPath("/hand/*"), addLabel("yes")));
      await writeExemptions(hooked, namespace, "dev", ["/myapp/*"], 1);
      await assertInStep("dev", ["/myapp/*"]);
      const now = await policy(kind);
      assert.equal(lists(now)[0]?.[0], "/hand/*");
      assert.deepEqual(now.metadata.labels, { team: "platform", touched: "yes" });
      const [other = kind] = gatewayPolicyKinds.filter((one) => one !== kind);
      assert.deepEqual((await policy(other)).metadata.labels, { team: "platform" });
    });
  }
}

test("between the two writes a path is exempted in one only", async () => {
  const seen: string[] = [];
  const hooked = interrupted(async ({ kind, isTrial }, send) => {
    if (!isTrial) {
      const { requireJwt, oauth2Proxy } = await both();
      const has = (one: Policy) => lists(one)[0]?.includes("/myapp/*");
      seen.push(`${kind}: ${String(has(requireJwt))} ${String(has(oauth2Proxy))}`);
    }
    return send();
  });
  await writeExemptions(hooked, namespace, "dev", ["/myapp/*"], 1);
  await writeExemptions(hooked, namespace, "dev", [], 2);
  assert.deepEqual(seen, [
    "requireJwt: false false",
    "oauth2Proxy: true false",
    "requireJwt: true true",
    "oauth2Proxy: false true",
  ]);
});

test("two stacks at the same time do not lose each other's paths", async () => {
  for (const round of [1, 2, 3]) {
    await Promise.all([
      writeExemptions(connected(), namespace, "dev", [`/d${round}/*`], round),
      writeExemptions(connected(), namespace, "prod", [`/p${round}/*`, "/p"], round),
    ]);
    await assertInStep("dev", [`/d${round}/*`]);
    await assertInStep("prod", [`/p${round}/*`, "/p"]);
  }
});

for (const kind of gatewayPolicyKinds) {
  test(`somebody who writes ${kind} without end: neither is changed by us`, async () => {
    let writes = 0;
    const old = await content();
    const hooked = interrupted(async (write, send) => {
      if (!write.isTrial && write.kind === kind) await byHand(kind, addLabel(String(++writes)));
      return send();
    });
    await assert.rejects(writeExemptions(hooked, namespace, "dev", ["/myapp/*"], 1), (error: Error) => {
      assert.match(
        error.message,
        new RegExp(`${gatewayPolicyNames[kind]} .* somebody else wrote it at the same time, 5 times`),
      );
      return true;
    });
    assert.equal(writes, 5);
    await byHand(kind, { op: "remove", path: "/metadata/labels/touched" });
    assert.deepEqual(await content(), old);
  });
}

test("a second write that is refused: the first is taken back", async () => {
  await writeExemptions(cluster, namespace, "dev", ["/old/*"], 1);
  await refuseWrites(proxy, async () => {
    const old = await content();
    await assert.rejects(writeExemptions(cluster, namespace, "dev", ["/new/*"], 2), (error: Error) => {
      assert.match(error.message, new RegExp(`${proxy} was not written: .*closed for today`));
      assert.match(error.message, new RegExp(`Now ${jwt} is as it was, ${proxy} is as it was\\. Mend that, then run`));
      return true;
    });
    assert.deepEqual(await content(), old);
    await assertInStep("dev", ["/old/*"]);
  });
  await writeExemptions(cluster, namespace, "dev", ["/new/*"], 2);
  await assertInStep("dev", ["/new/*"]);
});

test("a first write that is refused: nothing is changed", async () => {
  await refuseWrites(jwt, async () => {
    const old = await content();
    await assert.rejects(writeExemptions(cluster, namespace, "dev", ["/new/*"], 2), /is as it was, .* is as it was/);
    assert.deepEqual(await content(), old);
  });
});

test("a first that somebody else changes before it can be taken back: it stays, and is told", async () => {
  await refuseWrites(proxy, async () => {
    const hooked = once("oauth2Proxy", false, async () => byHand("requireJwt", addPath("/hand/*")));
    await assert.rejects(writeExemptions(hooked, namespace, "dev", ["/new/*"], 1), (error: Error) => {
      assert.match(error.message, new RegExp(`Now ${jwt} was changed by somebody else in between and left like that`));
      assert.match(error.message, /stays shut, so nobody gets in there without a login/);
      return true;
    });
    const { requireJwt, oauth2Proxy } = await both();
    assert.equal(lists(requireJwt)[0]?.[0], "/hand/*");
    assert.ok(!JSON.stringify(oauth2Proxy).includes("/new/*"), "so it is exempted in one only");
  });
  await writeExemptions(cluster, namespace, "dev", ["/new/*"], 2);
  await assertInStep("dev", ["/new/*"]);
});

test("a first whose label somebody else changes is taken back all the same", async () => {
  await refuseWrites(proxy, async () => {
    const old = (await policy("requireJwt")).spec;
    const hooked = once("oauth2Proxy", false, async () => byHand("requireJwt", addLabel("yes")));
    await assert.rejects(writeExemptions(hooked, namespace, "dev", ["/new/*"], 1), /is as it was, .* is as it was/);
    const { spec, metadata } = await policy("requireJwt");
    assert.deepEqual(spec, old);
    assert.deepEqual(metadata.annotations, { note: "ours" });
    assert.deepEqual(metadata.labels, { team: "platform", touched: "yes" });
  });
});

test("a first that cannot be taken back is told", async () => {
  let writes = 0;
  const hooked = interrupted(async ({ isTrial }, send) => {
    if (!isTrial && ++writes > 1) throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    return send();
  });
  await assert.rejects(writeExemptions(hooked, namespace, "dev", ["/new/*"], 1), (error: Error) => {
    assert.match(error.message, new RegExp(`${proxy} was not written: fetch failed \\(connect ECONNREFUSED\\)`));
    assert.match(
      error.message,
      new RegExp(`Now ${jwt} may have the new paths and could not be put back \\(fetch failed`),
    );
    assert.match(
      error.message,
      new RegExp(`${proxy} is as it was\\. A path that one of them does not exempt stays shut`),
    );
    return true;
  });
  await writeExemptions(cluster, namespace, "dev", ["/new/*"], 1);
  await assertInStep("dev", ["/new/*"]);
});

for (const kind of gatewayPolicyKinds) {
  test(`an answer about ${kind} that is lost on the way is no failure`, async () => {
    let isDue = true;
    const hooked = interrupted(async (write, send) => {
      const answer = await send();
      if (!isDue || write.isTrial || write.kind !== kind) return answer;
      isDue = false;
      throw new TypeError("fetch failed", { cause: new Error("socket hang up") });
    });
    await writeExemptions(hooked, namespace, "dev", ["/myapp/*"], 1);
    await assertInStep("dev", ["/myapp/*"]);
  });
}

for (const [kind, other] of [
  ["requireJwt", "oauth2Proxy"],
  ["oauth2Proxy", "requireJwt"],
] as const) {
  test(`${kind} goes while we write: ${other} is as it was`, async () => {
    const old = await policy(other);
    const address = { ...istioPolicies, namespace, name: gatewayPolicyNames[kind] };
    const hooked = once(kind, false, async () => cluster.custom.deleteNamespacedCustomObject(address));
    await assert.rejects(
      writeExemptions(hooked, namespace, "dev", ["/myapp/*"], 1),
      new RegExp(`both policies are as they were\\. AuthorizationPolicy "${gatewayPolicyNames[kind]}" is missing`),
    );
    const now = await policy(other);
    assert.deepEqual(now.spec, old.spec);
    assert.deepEqual(now.metadata.annotations, old.metadata.annotations);
  });
}

test("whoever may write one of them only changes neither", async () => {
  const old = await content();
  await assert.rejects(
    writeExemptions(connected(await restrictedTo(jwt)), namespace, "dev", ["/myapp/*"], 1),
    (error: Error) => {
      assert.match(
        error.message,
        /^The paths of applications were not changed at the gateway; both policies are as they/,
      );
      assert.match(error.message, new RegExp(`${proxy} cannot be written: .*cannot patch resource`));
      return true;
    },
  );
  assert.deepEqual(await content(), old);
});

test("a policy that is missing or would hold everywhere stops what is wanted, and not what is unwanted", async () => {
  await byHand("oauth2Proxy", { op: "add", path: "/spec/rules/-", value: {} });
  const old = await content();
  await assert.rejects(
    writeExemptions(cluster, namespace, "dev", ["/myapp/*"], 1),
    /both policies are as they were\. AuthorizationPolicy "istio-ingressgateway-oauth2-proxy" has a rule without "to"/,
  );
  assert.deepEqual(await content(), old);
  await writeExemptions(cluster, namespace, "dev", [], 0);
  assert.deepEqual(await content(), old);
  await writeExemptions(cluster, `${namespace}-none`, "dev", [], 0);
  await assert.rejects(
    writeExemptions(cluster, `${namespace}-none`, "dev", ["/myapp/*"], 1),
    /jwt" is missing.*proxy" is missing/,
  );
});

test("what is left where the other policy is gone is taken back", async () => {
  await writeExemptions(cluster, namespace, "dev", ["/myapp/*"], 1);
  await cluster.custom.deleteNamespacedCustomObject({ ...istioPolicies, namespace, name: jwt });
  await writeExemptions(cluster, namespace, "dev", [], 0);
  assert.ok(!JSON.stringify((await policy("oauth2Proxy")).spec).includes("/myapp/*"));
});

test("a path that would open more than an application is never written", async () => {
  const old = await content();
  for (const path of ["/*", "/pipeline/*", "/myapp*", "/myapp/../pipeline"]) {
    await assert.rejects(
      writeExemptions(cluster, namespace, "dev", ["/myapp/*", path], 1),
      /both policies are as they were/,
    );
  }
  assert.deepEqual(await content(), old);
});

test("500 random sequences of applications that come, change and go leave others' paths as they were", async () => {
  const path = fc.constantFrom("/a/*", "/a", "/b/*", "/c/*", "/d/x/*");
  const change = fc.oneof(
    fc.record({ stack: fc.constantFrom("dev", "prod"), wanted: fc.uniqueArray(path, { maxLength: 3 }) }),
    fc.record({ kind: fc.constantFrom(...gatewayPolicyKinds), theirs: fc.constantFrom("/x/*", "/y", "/z/*") }),
  );
  const sequences = fc.sample(fc.array(change, { minLength: 1, maxLength: 3 }), { numRuns: 500, seed: 4 });
  const wanted = new Map<string, readonly string[]>();
  const theirs: Record<GatewayPolicyKind, readonly (readonly string[])[]> = {
    requireJwt: lists(await policy("requireJwt")),
    oauth2Proxy: lists(await policy("oauth2Proxy")),
  };
  for (const step of sequences.flat()) {
    if ("kind" in step) {
      await byHand(step.kind, addPath(step.theirs));
      theirs[step.kind] = theirs[step.kind].map((paths, index) => (index === 0 ? [step.theirs, ...paths] : paths));
      continue;
    }
    wanted.set(step.stack, step.wanted);
    await writeExemptions(cluster, namespace, step.stack, step.wanted, 1);
    const ours = new Set([...wanted.values()].flat());
    for (const kind of gatewayPolicyKinds) {
      const now = lists(await policy(kind));
      assert.ok(now.every((paths) => [...ours].every((one) => paths.includes(one))));
      assert.deepEqual(
        now.map((paths) => paths.filter((one) => !ours.has(one))),
        theirs[kind],
      );
    }
  }
  for (const [stack, paths] of wanted) await assertInStep(stack, paths);
});

test("the platform's own paths stay, whatever a claim says", async () => {
  for (const kind of gatewayPolicyKinds) {
    const value = '["/auth/*","/myapp/*"]';
    await byHand(kind, { op: "add", path: "/metadata/annotations/prokube-access~1exempted.dev", value });
  }
  const old = lists(await policy("requireJwt"));
  await writeExemptions(cluster, namespace, "dev", [], 0, ["/auth/*"]);
  assert.deepEqual(lists(await policy("requireJwt")), old);
  await assertInStep("dev", []);
});

/** While something is done, every real change of a policy is refused; trials pass. */
async function refuseWrites(name: string, during: () => Promise<void>): Promise<void> {
  const manifests = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: ${namespace} }
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - apiGroups: [security.istio.io]
        apiVersions: ["*"]
        operations: [UPDATE]
        resources: [authorizationpolicies]
        resourceNames: [${name}]
  validations: [{ expression: "has(request.dryRun) && request.dryRun", message: closed for today }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: ${namespace} }
spec:
  policyName: ${namespace}
  validationActions: [Deny]
  matchResources: { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${namespace} } } }
`;
  const kind = name === jwt ? "requireJwt" : "oauth2Proxy";
  const isRefused = async () =>
    byHand(kind, { op: "test", path: "/metadata/name", value: name }).then(
      () => false,
      () => true,
    );
  await create(manifests);
  try {
    await until(isRefused);
    await during();
  } finally {
    await remove(manifests);
    await until(async () => !(await isRefused()));
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await isSo()) return;
    await sleep(100);
  }
  assert.fail("the API server has not noticed within 30 seconds");
}

/** A kubeconfig of somebody who may read both policies and write one. */
async function restrictedTo(name: string): Promise<string> {
  await create(`
apiVersion: v1
kind: ServiceAccount
metadata: { name: restricted, namespace: ${namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: restricted, namespace: ${namespace} }
rules:
  - { apiGroups: [security.istio.io], resources: [authorizationpolicies], verbs: [get] }
  - { apiGroups: [security.istio.io], resources: [authorizationpolicies], verbs: [patch], resourceNames: [${name}] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: restricted, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: restricted }
subjects: [{ kind: ServiceAccount, name: restricted, namespace: ${namespace} }]
`);
  const { status } = await cluster.core.createNamespacedServiceAccountToken({
    namespace,
    name: "restricted",
    body: Object.assign(new AuthenticationV1TokenRequest(), {
      spec: Object.assign(new V1TokenRequestSpec(), { audiences: [] }),
    }),
  });
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const server = config.getCurrentCluster();
  assert.ok(server && status);
  config.loadFromClusterAndUser(server, { name: "restricted", token: status.token });
  return config.exportConfig();
}
