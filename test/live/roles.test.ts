import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { S3Client } from "@aws-sdk/client-s3";
import { isAllowed } from "../support/istio.ts";
import {
  authorizationPolicies,
  can,
  claims,
  finishFirstLogin,
  keycloakAdmin,
  listStatus,
  logIn,
  mayStore,
  seedBucket,
  type StorageAction,
  storageFor,
  userId,
} from "./support/platform.ts";
import { convergedProject, type Project } from "./support/stack.ts";

type Level = "edit" | "view" | "none";

/** Section 6 of the design: who holds a role in stack dev, where, and a workspace where the same person has nothing. */
const table: readonly {
  role: string;
  user: string;
  own: string;
  other: string;
  kubernetes: Level;
  network: boolean;
  storage: Level;
}[] = [
  {
    role: "pk:frank",
    user: "frank",
    own: "frank",
    other: "team-a",
    kubernetes: "edit",
    network: true,
    storage: "edit",
  },
  {
    role: "pk:edit:team-b",
    user: "erin",
    own: "team-b",
    other: "team-a",
    kubernetes: "edit",
    network: true,
    storage: "edit",
  },
  {
    role: "pk:view:team-c",
    user: "bob",
    own: "team-c",
    other: "alice",
    kubernetes: "view",
    network: true,
    storage: "view",
  },
  {
    role: "pk:s3:edit:team-c",
    user: "carol",
    own: "team-c",
    other: "team-b",
    kubernetes: "none",
    network: false,
    storage: "edit",
  },
  {
    role: "pk:s3:view:team-a",
    user: "carol",
    own: "team-a",
    other: "team-b",
    kubernetes: "none",
    network: false,
    storage: "view",
  },
  {
    role: "no role",
    user: "dave",
    own: "team-a",
    other: "team-b",
    kubernetes: "none",
    network: false,
    storage: "none",
  },
];

/** What kubeflow-edit and kubeflow-view let through, and what neither does. */
const requests: readonly { verb: string; resource: string; least: Level | "nobody" }[] = [
  { verb: "list", resource: "pods", least: "view" },
  { verb: "list", resource: "notebooks.kubeflow.org", least: "view" },
  { verb: "create", resource: "pods", least: "edit" },
  { verb: "delete", resource: "deployments.apps", least: "edit" },
  { verb: "create", resource: "notebooks.kubeflow.org", least: "edit" },
  { verb: "get", resource: "secrets", least: "edit" },
  { verb: "create", resource: "rolebindings.rbac.authorization.k8s.io", least: "nobody" },
  { verb: "update", resource: "resourcequotas", least: "nobody" },
  { verb: "update", resource: "authorizationpolicies.security.istio.io", least: "nobody" },
];
const actions: readonly { action: StorageAction; least: Level }[] = [
  { action: "list", least: "view" },
  { action: "get", least: "view" },
  { action: "put", least: "edit" },
  { action: "delete", least: "edit" },
];
const rank = { none: 0, view: 1, edit: 2, nobody: 3 };

const gateway = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";
const notebook = (namespace: string, email: string, principal = gateway) => ({
  namespace,
  principal,
  headers: { "kubeflow-userid": email },
  path: `/notebook/${namespace}/nb/lab`,
});

let project: Project;
const tokens = new Map<string, string>();
const storage = new Map<string, S3Client | undefined>();

before(async () => {
  project = await convergedProject();
  const workspaces = [...new Set(table.flatMap(({ own, other }) => [own, other]))];
  await Promise.all(workspaces.flatMap((name) => [`${name}-data`, `${name}-mlpipeline`].map(seedBucket)));
  for (const user of new Set([...table.map((row) => row.user), "alice"])) {
    await finishFirstLogin(user);
    const token = await logIn(user);
    tokens.set(user, token);
    storage.set(user, await storageFor(token));
  }
});
after(() => {
  project.dispose();
});

function tokenOf(user: string): string {
  const token = tokens.get(user);
  assert.ok(token);
  return token;
}

for (const { role, user, own, other, kubernetes, network, storage: level } of table) {
  suite(`${role}, held by ${user}`, () => {
    test("the token carries the role and its parts, and no other workspace's", () => {
      const roles = claims(tokenOf(user))["roles"] as string[] | undefined;
      const ofWorkspace = (name: string) =>
        (roles ?? []).filter((held) => held.startsWith("pk:") && held.endsWith(`:${name}`));
      if (role !== "no role") assert.ok(roles?.includes(role));
      assert.equal(ofWorkspace(own).length > 0, level !== "none");
      assert.deepEqual(ofWorkspace(other), []);
    });

    for (const { verb, resource, least } of requests) {
      const allowed = rank[kubernetes] >= rank[least];
      test(`the API server ${allowed ? "lets" : "does not let"} them ${verb} ${resource} there, and never elsewhere`, async () => {
        assert.equal(await can(tokenOf(user), verb, resource, own), allowed, own);
        assert.equal(await can(tokenOf(user), verb, resource, other), false, other);
      });
    }

    test("a request is answered as the review promised", async () => {
      assert.equal(
        await listStatus(tokenOf(user), `/api/v1/namespaces/${own}/pods`),
        kubernetes === "none" ? 403 : 200,
      );
      assert.equal(
        await listStatus(tokenOf(user), `/api/v1/namespaces/${own}/secrets`),
        kubernetes === "edit" ? 200 : 403,
      );
      assert.equal(await listStatus(tokenOf(user), `/api/v1/namespaces/${other}/pods`), 403);
      assert.equal(await listStatus(tokenOf(user), "/api/v1/namespaces"), 403);
    });

    for (const bucket of ["data", "mlpipeline"]) {
      for (const { action, least } of actions) {
        const allowed = rank[level] >= rank[least];
        test(`S3 ${allowed ? "lets" : "does not let"} them ${action} in ${own}-${bucket}, and never in ${other}-${bucket}`, async () => {
          assert.equal(await mayStore(storage.get(user), action, `${own}-${bucket}`), allowed, own);
          assert.equal(await mayStore(storage.get(user), action, `${other}-${bucket}`), false, other);
        });
      }
    }

    test(`the mesh ${network ? "lets" : "does not let"} them into ${own}, and not into ${other}`, async () => {
      const policies = await authorizationPolicies();
      const email = `${user}@example.com`;
      assert.equal(isAllowed(policies, notebook(own, email)), network);
      assert.equal(isAllowed(policies, notebook(other, email)), false);
      assert.equal(
        isAllowed(policies, notebook(own, email, "cluster.local/ns/team-b/sa/default-editor")),
        false,
        "forged",
      );
    });
  });
}

test("the highest level wins: alice has edit in team-a directly and view through data-science", async () => {
  assert.ok(await can(tokenOf("alice"), "create", "pods", "team-a"));
  assert.ok(await mayStore(storage.get("alice"), "put", "team-a-data"));
  assert.ok(isAllowed(await authorizationPolicies(), notebook("team-a", "alice@example.com")));
});

test("without notebooksAccess only the Pipelines UI reaches the workspace: bob in team-a", async () => {
  const policies = await authorizationPolicies();
  assert.equal(isAllowed(policies, notebook("team-a", "bob@example.com")), false);
  assert.ok(isAllowed(policies, notebook("team-a", "bob@example.com", "cluster.local/ns/kubeflow/sa/ml-pipeline-ui")));
});

test("a role given in Keycloak works at once in the API server and S3, and not in the mesh", async () => {
  const id = await userId("dave");
  const keycloak = await keycloakAdmin();
  const role = await keycloak.roles.findOneByName({ name: "pk:view:team-c" });
  assert.ok(role?.id && role.name);
  const roles = [{ id: role.id, name: role.name }];
  await keycloak.users.addRealmRoleMappings({ id, roles });
  try {
    const token = await logIn("dave");
    assert.ok(await can(token, "list", "pods", "team-c"));
    assert.equal(await can(token, "create", "pods", "team-c"), false);
    const client = await storageFor(token);
    assert.ok(await mayStore(client, "get", "team-c-data"));
    assert.equal(await mayStore(client, "put", "team-c-data"), false);
    assert.equal(isAllowed(await authorizationPolicies(), notebook("team-c", "dave@example.com")), false);
  } finally {
    await (await keycloakAdmin()).users.delRealmRoleMappings({ id, roles });
  }
  assert.equal(await can(await logIn("dave"), "list", "pods", "team-c"), false);
});
