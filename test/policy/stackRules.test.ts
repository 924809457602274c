import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { StackValidationPolicy } from "@pulumi/policy";
import { clientRoles, ownAudiences } from "../../policy/rules/clientScopes.ts";
import { gatewayInStep } from "../../policy/rules/gateway.ts";
import { storageGrantsExpire, viewersWithoutNotebooks } from "../../policy/rules/grants.ts";
import { innerGroups } from "../../policy/rules/groups.ts";
import { ledgerIsComplete } from "../../policy/rules/ledger.ts";
import { gatedApplications, wholeLogins } from "../../policy/rules/logins.ts";
import { applicationObjects } from "../../policy/rules/objects.ts";
import { enoughIsLeft, everybodyIsAUser } from "../../policy/rules/people.ts";
import { composites } from "../../policy/rules/roles.ts";
import { size } from "../../policy/rules/size.ts";
import { configured, judgeStack, later, type Recorded, recorded, spoiled, the, wide } from "./support.ts";

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

suite("of what is made in this update a preview knows less, and refuses no less of the rest", () => {
  const unmade = all.map((one) => {
    const lists = ["compositeRoles", "roleIds", "groupIds"].filter((key) => Object.hasOwn(one.outputs, key));
    return lists.length === 0 ? one : spoiled(one, ...lists.map((key) => [key, later] as const));
  });
  for (const rule of [composites, ledgerIsComplete, everybodyIsAUser]) {
    test(rule.name, async () => {
      assert.notDeepEqual(unmade, all);
      assert.deepEqual(await judgeStack(rule, unmade), []);
    });
  }
  const swapped = (name: string, property: string, source: string) =>
    unmade.map((one) =>
      one.name === name ? { ...one, madeFrom: { ...one.madeFrom, [property]: [the(all, source).urn] } } : one,
    );
  test("another part", async () => {
    const other = swapped("team-a-role-view", "compositeRoles", "team-a-role-edit");
    assert.match((await judgeStack(composites, other)).join(), /its parts are pk:edit:team-a/);
  });
  test("another role and another group", async () => {
    const role = swapped("ada-roles", "roleIds", "team-a-role-edit");
    assert.match(
      (await judgeStack(ledgerIsComplete, role)).join(),
      /gives "pk:edit:team-a", which the ledger does not/,
    );
    const group = swapped("orla-groups", "groupIds", "prokube-group-pk-admin");
    assert.match((await judgeStack(ledgerIsComplete, group)).join(), /gives "pk-admin", which the ledger does not/);
  });
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

refuses(ledgerIsComplete, [
  [
    "roles of a group given to another group",
    from("guests-roles", "groupId", "prokube-group-pk-user"),
    /"guests-roles": it gives that to "prokube-group-pk-user"/,
  ],
  [
    "roles of a group given to an inner one",
    from("guests-roles", "groupId", "guests/Data"),
    /gives that to "guests\/Data"/,
  ],
  ["roles of a group given by an identifier alone", from("guests-roles", "groupId"), /gives that to somebody else/],
  [
    "roles of the administrators given to all users",
    from("prokube-group-pk-admin-roles", "groupId", "prokube-group-pk-user"),
    /"prokube-group-pk-admin-roles": it gives that to "prokube-group-pk-user"/,
  ],
  ["roles of a user given to another", from("ada-roles", "userId", "orla-account"), /gives that to "orla-account"/],
  ["groups of a user given to another", from("ada-groups", "userId", "orla-account"), /gives that to "orla-account"/],
]);

refuses(innerGroups, [
  [
    "a group inside the administrators'",
    from("guests/Data", "parentId", "prokube-group-pk-admin"),
    /"guests\/Data": it is inside pk-admin/,
  ],
  ["a group inside one of its own kind", from("guests/Data", "parentId", "guests/ML Users"), /it is inside ML Users/],
  [
    "a group inside one by its identifier alone",
    from("guests/Data", "parentId"),
    /a group that this stack does not make/,
  ],
  [
    "an outermost group that is made from another",
    from("guests-group", "parentId", "prokube-group-pk-admin"),
    /"guests-group": it is inside pk-admin/,
  ],
]);

refuses(wholeLogins, [
  ["a browser flow without the password", without("prokube-browser-password-form"), /lacks the step password-form/],
  [
    "administrators who are not asked",
    without("prokube-browser-password-administrators-otp"),
    /"prokube-browser": it lacks the step password-administrators-otp/,
  ],
  ["others who are not asked", without("prokube-direct-grant-others"), /lacks the step others/],
  [
    "a condition that is not there",
    without("prokube-browser-password-administrators-administrator"),
    /lacks the step password-administrators-administrator/,
  ],
  [
    "a condition without its configuration",
    without("prokube-browser-password-administrators-administrator-config"),
    /its step password-administrators-administrator has no configuration/,
  ],
  [
    "a configuration of another step",
    from("board-login-gate-allowed-members-role-config", "executionId", "board-login-gate-refuse"),
    /its step gate-allowed-members-role has no configuration/,
  ],
  ["a gate that refuses nobody", without("board-login-gate-refuse"), /"board-login": it lacks the step gate-refuse/],
  ["an entrance without a condition", without("board-login-gate-allowed-members-role"), /gate-allowed-members-role/],
  [
    "a first login without proof",
    without("corp-first-login-account-link-proof"),
    /"corp-first-login": it lacks the step account-link-(?:link|proof)/,
  ],
  [
    "an account of the same address without its password",
    without("corp-first-login-account-link-proof-password-form"),
    /account-link-proof-password-form/,
  ],
  [
    "an application's gate by an identity provider without its condition",
    without("corp-after-login-application-board-scope"),
    /"corp-after-login": it lacks the step application-board-scope/,
  ],
  [
    "a flow that is none of the program's",
    withOne("LoginFlow prokube-browser", (one) => ({ ...one, name: "x" })),
    /"x": it is/,
  ],
]);
test("an entrance is not taken for the step of the same name that has no steps", async () => {
  const flat = withOne("prokube-browser-password-administrators", (one) => ({
    ...one,
    type: "keycloak:authentication/execution:Execution",
  }));
  assert.match((await judgeStack(wholeLogins, flat)).join(), /lacks the step password-/);
});

const open = put("grants", "input.applications.board.allow", undefined);
refuses(gatedApplications, [
  [
    "a client without its login flow",
    from("board-client", "authenticationFlowBindingOverrides"),
    /not go through board-login/,
  ],
  [
    "a client without its login flow, though made from it",
    put("board-client", "authenticationFlowBindingOverrides", undefined),
    /"board": its logins do not go through board-login/,
  ],
  [
    "a client with another login flow",
    from("board-client", "authenticationFlowBindingOverrides", "prokube-browser-flow"),
    /"board": its logins do not go through board-login/,
  ],
  ["an application that the ledger says is open", open, /has a login flow, and the ledger says it is open to all/],
  ["an application without a client", without("board-client"), /application board of the ledger has no client/],
  [
    "a provider whose logins go past the gate",
    put("corp-provider", "postBrokerLoginFlowAlias", ""),
    /"corp": its logins do not go through corp-after-login/,
  ],
  [
    "a provider with another's flow",
    from("corp-provider", "postBrokerLoginFlowAlias", "hub-after-login-flow"),
    /"corp": its logins do not go through corp-after-login/,
  ],
  [
    "a provider whose flow does not know the application",
    without("corp-after-login-application-board"),
    /"corp-after-login": it lacks the step application-board/,
  ],
  ["a gate without its entrance", without("board-login-gate-allowed-members"), /lacks the step gate-allowed-members/],
  [
    "a gate by another name than the ledger's",
    put("grants", "input.applications.board.allow", { groups: [], roles: ["grafana-admin"] }),
    /gate-allowed-role-grafana-admin.*\n.*gate-allowed-members lets in whom the ledger does not say/,
  ],
]);

refuses(clientRoles, [
  [
    "a workspace's role",
    from("clients-dex-role-grafana-admin", "roleId", "team-a-role-edit"),
    /lets a client hear of "pk:edit:team-a"/,
  ],
  [
    "a role by its identifier alone",
    from("clients-dex-role-grafana-admin", "roleId"),
    /lets a client hear of other roles/,
  ],
  ["another client", from("clients-dex-role-grafana-admin", "clientId", "board-client"), /another client than Dex's/],
  [
    "a role of a workspace that others made",
    withOne("clients-dex-role-grafana-admin", (one) => ({ ...one, name: "clients-dex-role-pk:edit:x", madeFrom: {} })),
    /lets a client hear of "pk:edit:x"/,
  ],
]);

refuses(ownAudiences, [
  [
    "another audience",
    put("board-audience", "includedCustomAudience", "minio"),
    /audience is "minio"; allowed is "board-/,
  ],
  [
    "another client's",
    from("board-audience", "clientId", "clients-direct"),
    /audience is "board-client"; allowed is "con/,
  ],
  ["none", put("clients-direct-audience", "includedCustomAudience", undefined), /audience is nothing/],
]);

refuses(applicationObjects, [
  [
    "keys in another namespace",
    put("board-keys", "metadata.namespace", "monitoring"),
    /it is "monitoring\/board-oidc-secret"/,
  ],
  [
    "keys in another Secret",
    put("board-keys", "metadata.name", "charts-oidc-secret"),
    /says "team-a\/board-oidc-secret"/,
  ],
  [
    "settings in another namespace",
    put("board-environment", "metadata.namespace", "x"),
    /"board-environment": it is "x\//,
  ],
  ["keys that the ledger does not know", put("grants", "input.applications", {}), /the ledger says "nothing"/],
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
  test("who is called like the end of an editor's address may only view", async () => {
    const rename = (one: Recorded, path: string) => spoiled(one, [path, "la@example.com"]);
    const viewer = withOne("team-a-contributor-orla", (one) => rename(one, "subjects.0.name"));
    const both = viewer.map((one) =>
      one.name === "team-a-network-pipelines" ? spoiled(one, ["metadata.name", "pk-members"]) : one,
    );
    assert.deepEqual(await judgeStack(viewersWithoutNotebooks, both), []);
    const prefixed = both.map((one) =>
      one.name === "team-a-network-pipelines"
        ? spoiled(one, ["spec.rules.0.when.0.values", ["x:la@example.com"]])
        : one,
    );
    assert.match((await judgeStack(viewersWithoutNotebooks, prefixed, { userIdPrefix: "x:" })).join(), /"la@example/);
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
