import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Target } from "../../.github/postComment.ts";
import { FakeGitHub } from "../support/fakeGitHub.ts";
import { Checkout } from "../support/workflow.ts";
import { create, environment, exists, keycloakAdmin, remove, userId } from "./support/platform.ts";
import {
  documentedRights,
  giveRoles,
  makeServiceAccount,
  ReadOnlyIdentity,
  removeServiceAccount,
} from "./support/readOnlyIdentity.ts";
import { convergedProject, type Project } from "./support/stack.ts";

/** The commands of the workflows, from a pull request to the next night, with the identities that the docs give them. */
const github = new FakeGitHub();
const identity = new ReadOnlyIdentity();
const updater = { id: "prokube-access-updates", secret: "a-secret-of-this-test" };
const namespace = "/api/v1/namespaces/ci-team";
const binding = "/apis/rbac.authorization.k8s.io/v1/namespaces/ci-team/rolebindings/pk-edit";
const workspace = "stacks/dev/workspaces/ci-team.yaml";
let checkout: Checkout;
let project: Project;
let target: Target;
let base: string;

before(async () => {
  project = await convergedProject();
  checkout = new Checkout();
  base = checkout.git("rev-parse", "HEAD");
  target = await github.start();
  const { updateRoles } = documentedRights();
  await identity.make();
  await identity.grant(documentedRights());
  await makeServiceAccount(updater.id, updater.secret);
  await giveRoles(updater.id, updateRoles);
});
after(async () => {
  await removeServiceAccount(updater.id);
  await identity.remove();
  github.stop();
  checkout.dispose();
  await project.up();
  project.dispose();
});

/** What environments and the event hold; the credentials are those of an identity. */
function values(of: "previews" | "updates"): Record<string, string> {
  const { variables } = identity;
  const reads = of === "previews";
  return {
    "matrix.stack": "dev",
    "runner.temp": join(checkout.folder, ".git"),
    "github.event.pull_request.base.sha": base,
    "github.event.pull_request.number": String(target.pullRequest),
    "github.repository": target.repository,
    "github.api_url": target.api,
    "github.token": target.token,
    "vars.KEYCLOAK_URL": environment("KEYCLOAK_URL"),
    "vars.KEYCLOAK_LOGIN_REALM": "",
    "vars.KEYCLOAK_CLIENT_ID": reads ? (variables["KEYCLOAK_CLIENT_ID"] ?? "") : updater.id,
    "secrets.KEYCLOAK_CLIENT_SECRET": reads ? (variables["KEYCLOAK_CLIENT_SECRET"] ?? "") : updater.secret,
    "secrets.KUBECONFIG": readFileSync(reads ? identity.kubeconfig : environment("KUBECONFIG"), "utf8"),
    "vars.MINIO_ENDPOINT": environment("MINIO_ENDPOINT"),
    "vars.MINIO_ROOT_USER": (reads ? variables["MINIO_ROOT_USER"] : undefined) ?? environment("MINIO_ROOT_USER"),
    "secrets.MINIO_ROOT_PASSWORD":
      (reads ? variables["MINIO_ROOT_PASSWORD"] : undefined) ?? environment("MINIO_ROOT_PASSWORD"),
    "vars.PULUMI_BACKEND_URL": environment("PULUMI_BACKEND_URL"),
    "secrets.PULUMI_ACCESS_TOKEN": "",
    "secrets.PULUMI_CONFIG_PASSPHRASE": environment("PULUMI_CONFIG_PASSPHRASE"),
    "vars.AWS_ACCESS_KEY_ID": "",
    "secrets.AWS_SECRET_ACCESS_KEY": "",
  };
}

suite("a pull request", () => {
  test("gets a comment and a summary with what it changes, and changes nothing", async () => {
    checkout.git("checkout", "--quiet", "-b", "change");
    writeFileSync(join(checkout.folder, workspace), "name: ci-team\nmembers:\n  - user: dave\n    role: edit\n");
    checkout.commit("a workspace");
    const { code, output, summary } = await checkout.runJob("preview", "preview", values("previews"));
    assert.equal(code, 0, output);
    const [comment, ...more] = github.comments;
    assert.deepEqual(more, []);
    assert.match(comment?.body ?? "", /^<!-- prokube-access:dev -->\n[\s\S]*dave[\s\S]*ci-team|ci-team[\s\S]*dave/);
    assert.ok(comment?.body.includes(summary.trim()), "the summary is the comment");
    assert.equal(await exists(namespace), false);
  });

  test("that a guard refuses fails, and the comment says why", async () => {
    const users = join(checkout.folder, "stacks/dev/users");
    for (const name of ["erin", "frank"]) {
      const file = join(users, `${name}.yaml`);
      writeFileSync(file, readFileSync(file, "utf8").replace("admin: true", "admin: false"));
    }
    checkout.commit("nobody administers");
    const { code, output } = await checkout.runJob("preview", "preview", values("previews"));
    assert.notEqual(code, 0, output);
    assert.equal(github.comments.length, 1, "the same comment");
    assert.match(github.comments[0]?.body ?? "", /administrator/);
    checkout.git("reset", "--quiet", "--hard", "HEAD~1");
  });

  test("that no longer concerns a stack loses the comment on it", async () => {
    rmSync(join(checkout.folder, ".preview"), { recursive: true, force: true });
    const { code, output } = await checkout.runJob("preview", "uncomment", values("previews"));
    assert.equal(code, 0, output);
    assert.deepEqual(github.comments, []);
  });
});

suite("once it is merged", () => {
  before(() => {
    checkout.git("checkout", "--quiet", "main");
    checkout.git("merge", "--quiet", "--ff-only", "change");
  });

  test("the update gives what the preview showed", async () => {
    const { code, output } = await checkout.runJob("up", "dev", values("updates"));
    assert.equal(code, 0, output);
    assert.equal(await exists(namespace), true);
  });

  test("the night finds nothing, with the identity that reads and without the state", async () => {
    const { code, output, summary } = await checkout.runJob("drift", "drift", values("previews"));
    assert.equal(code, 0, output + summary);
    assert.match(summary, /^```text\n.*in sync/);
  });

  test("what somebody gives by hand fails the night, and the summary says what and where", async () => {
    const byHand = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: by-hand, namespace: ci-team }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubeflow-edit }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: carol@example.com }]
`;
    await create(byHand);
    try {
      const { code, summary } = await checkout.runJob("drift", "drift", values("previews"));
      assert.notEqual(code, 0);
      assert.match(summary, /by-hand|carol@example\.com/);
    } finally {
      await remove(byHand);
    }
  });

  test("the next update puts back what went missing, and gives what is new to somebody who was there", async () => {
    await remove(
      "{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: { name: pk-edit, namespace: ci-team } }",
    );
    assert.equal(await exists(binding), false);
    writeFileSync(join(checkout.folder, "stacks/dev/groups/ci-group.yaml"), "name: ci-group\nmembers: [alice]\n");
    checkout.commit("a group");
    const { code, output } = await checkout.runJob("up", "dev", values("updates"));
    assert.equal(code, 0, output);
    assert.equal(await exists(binding), true);
    const { users } = await keycloakAdmin();
    const groups = await users.listGroups({ id: await userId("alice") });
    assert.ok(groups.some(({ name }) => name === "ci-group"));
  });
});
