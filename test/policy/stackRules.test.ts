import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { StackValidationPolicy } from "@pulumi/policy";
import { gatewayInStep } from "../../policy/rules/gateway.ts";
import { storageGrantsExpire, viewersWithoutNotebooks } from "../../policy/rules/grants.ts";
import { ledgerIsComplete } from "../../policy/rules/ledger.ts";
import { enoughIsLeft, everybodyIsAUser } from "../../policy/rules/people.ts";
import { composites } from "../../policy/rules/roles.ts";
import { size } from "../../policy/rules/size.ts";
import { configured, judgeStack, type Recorded, recorded, spoiled, the, wide } from "./support.ts";

const all = recorded("wide", wide);

/** The stack with one resource changed, or without it. */
function withOne(name: string, change: (resource: Recorded) => Recorded | undefined): Recorded[] {
  const [, type = "", plainName = ""] = /^(?:([A-Z]\w+) )?(.+)$/.exec(name) ?? [];
  const one = the(all, plainName, type);
  return all.flatMap((resource) => (resource === one ? (change(one) ?? []) : [resource]));
}

const put = (name: string, path: string, value: unknown) => withOne(name, (one) => spoiled(one, [path, value]));
const without = (...names: string[]) => all.filter(({ name }) => !names.includes(name));
const from = (name: string, property: string, ...sources: string[]) =>
  withOne(name, (one) => ({
    ...one,
    madeFrom: { ...one.madeFrom, [property]: sources.map((source) => the(all, source).urn) },
  }));

type Case = readonly [what: string, resources: readonly Recorded[], message: RegExp];

function refuses(rule: StackValidationPolicy, cases: readonly Case[]): void {
  suite(rule.name, () => {
    test("finds nothing to begin with", async () => {
      assert.deepEqual(await judgeStack(rule, all), []);
    });
    for (const [what, resources, message] of cases) {
      test(`refuses ${what}`, async () => {
        assert.match((await judgeStack(rule, resources)).join("\n"), message);
      });
    }
  });
}

refuses(composites, [
  [
    "a workspace without one of its roles",
    without("team-a-role-view"),
    /"team-a": it has the realm role pk:view:team-a 0 /,
  ],
  [
    "two roles of one name",
    [...all, { ...the(all, "team-a-role-view"), urn: "urn:x::y::z::again" }],
    /pk:view:team-a 2 times/,
  ],
  [
    "the direction turned round",
    from("team-a-role-s3-edit", "compositeRoles", "team-a-role-edit"),
    /"team-a-role-s3-edit": its parts are pk:edit:team-a; allowed are none/,
  ],
  [
    "a part that is missing",
    from("team-a-role-edit", "compositeRoles"),
    /its parts are none; allowed are pk:s3:edit:team-a/,
  ],
  [
    "another workspace's role as a part",
    from("team-a-role-edit", "compositeRoles", "ada-role-s3-edit"),
    /its parts are pk:s3:edit:ada; allowed are pk:s3:edit:team-a/,
  ],
  [
    "edit as a part of view",
    from("team-a-role-view", "compositeRoles", "team-a-role-edit"),
    /its parts are pk:edit:team-a; allowed are pk:s3:view:team-a/,
  ],
  [
    "a part that nobody here makes, such as a client role",
    put("team-a-role-edit", "compositeRoles", ["team-a-role-s3-edit-id", "realm-admin-id"]),
    /has 2 parts, of which 1 are this stack's; allowed are 1/,
  ],
  [
    "a free role with parts",
    from("prokube-role-grafana-admin", "compositeRoles", "team-a-role-edit"),
    /its parts are pk:edit:team-a/,
  ],
]);

refuses(everybodyIsAUser, [
  ["an account without groups", without("orla-groups"), /"orla-account": it is not in pk-user/],
  [
    "a ledger that does not put somebody in it",
    put("grants", "input.users.orla.groups", []),
    /"orla-account": it is not in pk-user/,
  ],
  ["groups that have nothing in common", put("orla-groups", "groupIds", ["other-id"]), /no group in common/],
]);
test("whose account is disabled need not be in it", async () => {
  const disabled = withOne("orla-account", (one) => spoiled(one, ["enabled", false])).filter(
    ({ name }) => name !== "orla-groups",
  );
  assert.deepEqual(await judgeStack(everybodyIsAUser, disabled), []);
});

const subjects = (...names: string[]) =>
  names.map((name) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "User", name }));
refuses(ledgerIsComplete, [
  ["a stack without a ledger", without("grants"), /the stack has no ledger/],
  ["a ledger elsewhere", withOne("grants", (one) => ({ ...one, parent: the(all, "board").urn })), /no ledger/],
  [
    "a role that the ledger does not say",
    from("ada-roles", "roleIds", "ada-role-identity", "team-a-role-edit"),
    /"ada-roles": it gives "pk:edit:team-a", which the ledger does not say/,
  ],
  ["a role that is not given", from("ada-roles", "roleIds"), /it does not give "pk:ada", which the ledger says/],
  ["a role by its identifier alone", put("ada-roles", "roleIds", ["x", "y"]), /gives 2 and the ledger says 1: pk:ada/],
  [
    "a role that somebody else made and that means something to MinIO",
    put("grants", "input.users.ada.roles", ["pk:ada", "consoleAdmin"]),
    /"ada-roles": it gives "consoleAdmin", which means something to Keycloak, MinIO or Kubernetes/,
  ],
  [
    "a role of another stack's workspace",
    put("grants", "input.groups.guests", ["pk:edit:elsewhere"]),
    /"guests-roles": it gives "pk:edit:elsewhere", which is a role of a workspace that this stack does not have/,
  ],
  ["a group's role", from("guests-roles", "roleIds", "team-a-role-edit"), /"guests-roles": it gives "pk:edit:team-a"/],
  [
    "a role of a platform's group",
    from("prokube-group-pk-admin-roles", "roleIds", "team-a-role-edit"),
    /"prokube-group-pk-admin-roles": it gives "pk:edit:team-a"/,
  ],
  ["a membership", from("orla-groups", "groupIds", "prokube-group-pk-admin"), /"orla-groups": it gives "pk-admin"/],
  ["a membership by its identifier alone", put("orla-groups", "groupIds", ["x", "y"]), /gives 2 and the ledger says 1/],
  [
    "a subject that somebody added in the cluster",
    put("team-a-contributor-orla", "subjects", subjects("orla@example.com", "mallory@example.com")),
    /"mallory@example\.com" has "view" in team-a, which the ledger does not say/,
  ],
  [
    "a level that somebody changed",
    put("team-a-contributor-orla", "roleRef.name", "kubeflow-edit"),
    /"orla@example\.com" has "edit" in team-a/,
  ],
  [
    "a subject of the group's binding",
    put("team-a-binding-edit", "subjects", subjects("mallory@example.com")),
    /"mallory@example\.com" has "edit" in team-a/,
  ],
  [
    "everywhere",
    put("cluster-ada", "subjects", subjects("mallory@example.com")),
    /"mallory@example\.com" has "admin" everywhere/,
  ],
  [
    "an address that somebody added in the mesh",
    put("team-a-network-pipelines", "spec.rules.0.when.0.values", ["orla@example.com", "mallory@example.com"]),
    /"mallory@example\.com" gets into team-a, which the ledger does not say/,
  ],
  [
    "a rule that somebody added",
    put("team-a-network-pipelines", "spec.rules.1", {}),
    /a rule in team-a names nobody, so it is everybody/,
  ],
]);

refuses(gatewayInStep, [
  [
    "paths that are written and not in the ledger",
    put("grants", "input.exempted", []),
    /opens \["\/board\/\*"\], and the ledger says \[\]/,
  ],
  [
    "a path in one of both",
    put("gateway-exemptions", "input.exempted", ["/board/*", "/x/*"]),
    /"gateway-exemptions": it opens/,
  ],
  ["something else than paths", put("gateway-exemptions", "input.exempted", "/board/*"), /it opens "\/board\/\*"/],
  [
    "paths that nothing writes",
    without("gateway-exemptions"),
    /"grants": it says \["\/board\/\*"\] is open, and nothing writes/,
  ],
]);
test("where others write the gateway's policies, nothing needs to", async () => {
  assert.deepEqual(await judgeStack(gatewayInStep, without("gateway-exemptions"), { written: false }), []);
});

refuses(enoughIsLeft, [
  [
    "one administrator",
    put("grants", "input.users.bea.groups", ["pk-user"]),
    /the stack has 1 users in pk-admin; at least 2 must stay/,
  ],
  ["no users", all.filter(({ type }) => type !== "prokube:access:User"), /the stack has 0 users; at least 1/],
  ["no workspaces", all.filter(({ type }) => type !== "prokube:access:Workspace"), /0 workspaces; at least 1/],
]);
test("prod keeps as many as its configuration says", async () => {
  const config = configured("prod", enoughIsLeft.name);
  assert.match(
    (await judgeStack(enoughIsLeft, all, config)).join("\n"),
    /3 users; at least 6.*\n.*2 workspaces; at least 5/,
  );
});

suite("viewers-without-notebooks", () => {
  test("finds nothing to begin with", async () => {
    assert.deepEqual(await judgeStack(viewersWithoutNotebooks, all), []);
  });
  test("refuses a viewer whom the mesh lets into notebooks", async () => {
    const open = withOne("team-a-network-pipelines", (one) => spoiled(one, ["metadata.name", "pk-members"]));
    assert.match(
      (await judgeStack(viewersWithoutNotebooks, open)).join(),
      /"orla@example\.com" may only view team-a, and may open its notebooks\. Write notebooksAccess: false/,
    );
  });
  test("an editor may open them, and a viewer another workspace's, where an editor", async () => {
    const open = withOne("team-a-network-pipelines", (one) => spoiled(one, ["metadata.name", "pk-members"]));
    const editor = open.map((one) =>
      one.name === "team-a-contributor-orla" ? spoiled(one, ["roleRef.name", "kubeflow-edit"]) : one,
    );
    assert.deepEqual(await judgeStack(viewersWithoutNotebooks, editor), []);
  });
});

suite("storage-grants-expire", () => {
  test("refuses storage for a person without an end", async () => {
    assert.match((await judgeStack(storageGrantsExpire, all)).join(), /"team-a": "bea" has s3:view without an end/);
  });
  test("an end will do, or a group", async () => {
    const grants = (the(all, "team-a", "Workspace").outputs["grants"] ?? []) as { user?: string; source: string }[];
    const index = grants.findIndex(({ source }) => source === "storage");
    for (const change of [{ expires: "2027-01-31" }, { user: undefined, group: "guests" }]) {
      const ended = put("Workspace team-a", `grants.${index}`, { ...grants[index], ...change });
      assert.deepEqual(await judgeStack(storageGrantsExpire, ended), []);
    }
  });
});

suite("size", () => {
  test("a workspace of more resources than expected is told", async () => {
    const more = Array.from({ length: 5 }, (_, index) => ({
      ...the(all, "team-a-bucket-data"),
      name: `team-a-bucket-${index}`,
      urn: `urn:x::y::z::${index}`,
    }));
    assert.match(
      (await judgeStack(size, [...all, ...more])).join(),
      /"team-a": it is \d+ resources; 25 are expected at most/,
    );
  });
  test("members do not count", async () => {
    const more = Array.from({ length: 30 }, (_, index) => ({
      ...the(all, "team-a-contributor-orla"),
      name: `team-a-contributor-${index}`,
      urn: `urn:x::y::z::${index}`,
    }));
    assert.deepEqual(await judgeStack(size, [...all, ...more]), []);
  });
});
