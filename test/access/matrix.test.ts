import assert from "node:assert/strict";
import { test } from "node:test";
import { renderMatrix } from "../../access/matrix.ts";
import { resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

test("what holds everywhere has a column of its own, and what is archived a line", () => {
  const plan = resolve(
    desired({
      "platform.yaml":
        "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nclusterAccess: [{ user: bob, role: admin }]\n",
      "users/carl.yaml": "username: carl\nemail: carl@example.com\nstate: archived\n",
      "workspaces/team-b.yaml": "name: team-b\nstate: archived\nmembers: [{ user: bob, role: edit }]\n",
    }),
    "2026-11-23",
  );
  const lines = renderMatrix(plan).split("\n");
  assert.deepEqual(lines.slice(0, 3), [
    "user   (every namespace)  alice  team-a",
    "alice  -                  edit   edit",
    "bob    kubeflow-admin     -      view (no notebooks)",
  ]);
  assert.ok(lines.includes("archived, without any access: user carl, workspace team-b"));
});
