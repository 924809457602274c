import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KubeConfig, PatchStrategy, Watch } from "@kubernetes/client-node";
import { accessOf, everything, isLetIn, nothing } from "../support/access.ts";
import {
  create,
  environment,
  finishFirstLogin,
  keycloakAdmin,
  kubernetes,
  remove,
  seedBucket,
  userId,
} from "../support/platform.ts";
import { person, type Project, smallProject } from "../support/stack.ts";

const [teamM, teamN] = ["workspaces/team-m.yaml", "workspaces/team-n.yaml"];
const workspace = (name: string, ...members: string[]) =>
  `name: ${name}\nmembers: [${members.map((member) => `{ ${member}, role: edit }`).join(", ")}]\n`;

let project: Project;
before(async () => {
  project = await smallProject("order", {
    "users/vera.yaml": person("vera"),
    "users/wim.yaml": person("wim"),
    "users/xeno.yaml": person("xeno"),
    "groups/movers.yaml": "name: movers\nmembers: [vera]\n",
    [teamM]: workspace("team-m", "user: vera", "user: xeno"),
    [teamN]: workspace("team-n", "user: xeno"),
  });
  for (const user of ["vera", "wim"]) await finishFirstLogin(user);
  for (const team of ["team-m", "team-n"]) await seedBucket(`${team}-data`);
});
after(async () => {
  await project.destroy();
});

interface Change {
  /** The cluster's own clock: it orders all changes of all objects. */
  readonly version: number;
  readonly what: string;
}

interface Watched {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion: string };
  readonly spec?: unknown;
}

/** Everything that happens to bindings and network policies while something else goes on, in order. */
async function changesDuring(act: () => Promise<unknown>): Promise<Change[]> {
  const config = new KubeConfig();
  config.loadFromFile(environment("KUBECONFIG"));
  const changes: Change[] = [];
  const watches = await Promise.all(
    ["rbac.authorization.k8s.io/v1/rolebindings", "security.istio.io/v1/authorizationpolicies"].map((path) =>
      new Watch(config).watch(
        `/apis/${path}`,
        {},
        (type, object: Watched) => {
          const { namespace, name, resourceVersion } = object.metadata;
          const people = /vera|wim/.exec(JSON.stringify(object.spec ?? ""))?.[0] ?? "";
          changes.push({ version: Number(resourceVersion), what: `${type} ${namespace}/${name} ${people}`.trim() });
        },
        () => undefined,
      ),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const before = changes.length;
  await act();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const watch of watches) watch.abort();
  return changes.slice(before).toSorted((a, b) => a.version - b.version);
}

/** Where something stands in what happened; it has to. */
function placeOf(what: string, happened: string | readonly string[]): number {
  const found = happened.indexOf(what);
  assert.ok(found >= 0, `${what} is among ${typeof happened === "string" ? happened : happened.join("; ")}`);
  return found;
}

test("in one update all that is taken away is gone before the first thing is given", async () => {
  project.edit({
    [teamM]: workspace("team-m", "user: xeno"),
    [teamN]: workspace("team-n", "user: xeno", "user: wim"),
  });
  assert.deepEqual(await accessOf("vera", "team-m"), everything);
  const changes = (await changesDuring(() => project.up())).map(({ what }) => what);
  const place = (what: string) => placeOf(what, changes);
  const given = Math.min(
    place("ADDED team-n/user-wim-example-com-clusterrole-edit"),
    place("MODIFIED team-n/pk-members wim"),
  );
  assert.ok(place("DELETED team-m/user-vera-example-com-clusterrole-edit") < given, changes.join("; "));
  assert.ok(place("MODIFIED team-m/pk-members") < given, changes.join("; "));
  assert.deepEqual(await accessOf("vera", "team-m"), nothing);
  assert.deepEqual(await accessOf("wim", "team-n"), everything);
});

const refusal = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: no-more-vera }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: [CREATE], resources: [rolebindings] }]
  validations: [{ expression: "!object.metadata.name.startsWith('user-vera-')", message: refused by the test }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: no-more-vera }
spec: { policyName: no-more-vera, validationActions: [Deny] }
`;

test("what is taken away stays away when the update fails at what it gives", async () => {
  await create(refusal);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  try {
    project.edit({
      [teamM]: workspace("team-m", "user: vera", "user: xeno"),
      [teamN]: workspace("team-n", "user: xeno"),
    });
    const { code, output } = await project.tryPulumi("up", "--yes", "--skip-preview", "--refresh", "--run-program");
    assert.notEqual(code, 0);
    assert.match(output, /refused by the test/);
    assert.deepEqual(await accessOf("wim", "team-n"), nothing);
  } finally {
    await remove(refusal);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await project.up();
  assert.deepEqual(await accessOf("vera", "team-m"), everything);
});

test("nobody has more, even for a moment, than before and after together", async () => {
  project.edit({ [teamM]: workspace("team-m", "group: movers"), [teamN]: workspace("team-n", "user: xeno") });
  await project.up();
  const id = await userId("vera");
  // vera leaves the group in the same update that gives the group another workspace.
  project.edit({
    "groups/movers.yaml": "name: movers\nmembers: [wim]\n",
    [teamM]: workspace("team-m", "user: xeno"),
    [teamN]: workspace("team-n", "group: movers"),
  });
  const seen = new Set<string>();
  const done = new AbortController();
  const update = project.up().finally(() => {
    done.abort();
  });
  let samples = 0;
  while (!done.signal.aborted) {
    const keycloak = await keycloakAdmin();
    for (const { name = "" } of await keycloak.users.listCompositeRealmRoleMappings({ id })) seen.add(name);
    samples += 1;
  }
  await update;
  assert.ok(samples > 20, `${samples} samples`);
  assert.ok(seen.has("pk:edit:team-m"), "it was seen before");
  assert.deepEqual(
    [...seen].filter((role) => role.endsWith(":team-n")),
    [],
  );
  assert.deepEqual(await accessOf("wim", "team-n"), everything);
});

test("what somebody writes over by hand is told in the preview and taken back", async () => {
  const policy = {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name: "pk-members", namespace: "team-n" },
  };
  const rules = [{ when: [{ key: "request.headers[kubeflow-userid]", values: ["eve@example.com"] }] }];
  const edited = { ...policy, spec: { action: "ALLOW", rules } };
  await kubernetes().patch(edited, undefined, undefined, "kubectl-edit", undefined, PatchStrategy.MergePatch);
  assert.ok(await isLetIn("eve@example.com", "team-n"));
  assert.match(await project.pulumi("preview", "--refresh", "--run-program"), /team-n-network-full/);
  await project.up();
  assert.equal(await isLetIn("eve@example.com", "team-n"), false);
  assert.ok(await isLetIn("wim@example.com", "team-n"));
});

test("what somebody gets does not wait for what else changes", async () => {
  project.edit({
    [teamM]: `description: Comes first by its name\n${project.read(teamM)}`,
    [teamN]: workspace("team-n", "group: movers", "user: vera"),
  });
  const output = await project.up();
  const place = (what: string) => placeOf(what, output);
  const described = place("Namespace team-m-namespace updating");
  assert.ok(place("RoleBinding team-n-contributor-vera created") < described, output);
  assert.ok(place("UserRoles vera-roles created") < described, output);
  assert.deepEqual(await accessOf("vera", "team-n"), everything);
});
