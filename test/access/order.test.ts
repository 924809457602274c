import assert from "node:assert/strict";
import { test } from "node:test";
import { ledgerOf } from "../../access/ledger.ts";
import { parseDesiredState } from "../../access/load.ts";
import { workspaceRoleNames } from "../../access/names.ts";
import { changedIn, inRounds, nothingChanged } from "../../access/order.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { Random } from "../support/random.ts";
import { editedWorld, filesOf, newWorld } from "../support/worlds.ts";
import { desired } from "./support.ts";

const day = "2026-11-23";
const files = (members: string, group = "[bob]") => ({
  "users/alice.yaml": "username: alice\nemail: alice@example.com\n",
  "users/bob.yaml": "username: bob\nemail: bob@example.com\n",
  "groups/guests.yaml": `name: guests\nmembers: ${group}\n`,
  "groups/data-science.yaml": undefined,
  "workspaces/team-a.yaml": "name: team-a\nmembers: [{ user: alice, role: edit }, { group: guests, role: view }]\n",
  "workspaces/team-b.yaml": "name: team-b\n",
  "workspaces/team-c.yaml": `name: team-c\nmembers: ${members}\n`,
});
const planOf = (members: string, group?: string) => resolve(desired(files(members, group)), day);
const before = ledgerOf(planOf("[]"));
const noneIsLate = () => false;

function namesOf({ workspaces, groups, users }: Pick<Plan, "workspaces" | "groups" | "users">) {
  return {
    workspaces: workspaces.map(({ name }) => name),
    groups: groups.map(({ name }) => name),
    users: users.map(({ username }) => username),
  };
}

test("a grant changes its workspace and its user, and both come first, and then what else the user has", () => {
  const plan = planOf("[{ user: alice, role: view }]");
  const changed = changedIn(before, ledgerOf(plan));
  assert.deepEqual(changed, {
    workspaces: new Set(["team-c"]),
    groups: new Set(),
    users: new Set(["alice"]),
  });
  const [soon, rest] = inRounds(plan, changed, noneIsLate);
  assert.deepEqual(namesOf(soon), { workspaces: ["team-c", "team-a"], groups: [], users: ["alice"] });
  assert.deepEqual(namesOf(rest), { workspaces: ["team-b"], groups: ["guests"], users: ["bob"] });
});

test("a group's grant changes the group", () => {
  const plan = planOf("[{ group: guests, role: edit }]");
  const [soon] = inRounds(plan, changedIn(before, ledgerOf(plan)), noneIsLate);
  assert.deepEqual(namesOf(soon), { workspaces: ["team-c", "team-a"], groups: ["guests"], users: [] });
});

test("a membership changes the user, who needs the group and what the group has", () => {
  const plan = planOf("[]", "[alice, bob]");
  const [soon] = inRounds(plan, changedIn(before, ledgerOf(plan)), noneIsLate);
  assert.deepEqual(namesOf(soon), { workspaces: ["team-a"], groups: ["guests"], users: ["alice"] });
});

test("what is taken away changes nothing that is not left: the ledger has taken it already", () => {
  const plan = resolve(desired({ ...files("[]"), "workspaces/team-a.yaml": undefined }), day);
  assert.deepEqual(changedIn(before, ledgerOf(plan)).workspaces, new Set());
});

test("another address is another right: the account bears it when the bindings name it", () => {
  const change = (email: string, enabled = true) =>
    resolve(
      desired({
        ...files("[]"),
        "users/alice.yaml": `username: alice\nemail: ${email}\nworkspace: true\nenabled: ${enabled}\n`,
      }),
      day,
    );
  const [old, disabled] = [ledgerOf(change("alice@example.com")), ledgerOf(change("alice@example.com", false))];
  const moved = change("alice@example.org");
  const changed = changedIn(old, ledgerOf(moved));
  assert.deepEqual(changed.workspaces, new Set(["team-a", "alice"]));
  assert.deepEqual(namesOf(inRounds(moved, changed, noneIsLate)[0]).users, ["alice"]);
  const enabled = change("alice@example.com");
  assert.deepEqual(namesOf(inRounds(enabled, changedIn(disabled, old), noneIsLate)[0]).users, ["alice"]);
});

test("a user who has to wait comes with the others", () => {
  const plan = planOf("[{ user: alice, role: view }]");
  const [soon, rest] = inRounds(plan, changedIn(before, ledgerOf(plan)), (username) => username === "alice");
  assert.deepEqual(namesOf(soon), { workspaces: ["team-c"], groups: [], users: [] });
  assert.deepEqual(namesOf(rest).users, ["alice", "bob"]);
});

test("where nothing has changed everything is in the second round, in the plan's order", () => {
  const plan = planOf("[]");
  const [soon, rest] = inRounds(plan, nothingChanged, noneIsLate);
  assert.deepEqual(namesOf(soon), { workspaces: [], groups: [], users: [] });
  assert.deepEqual(namesOf(rest), namesOf(plan));
});

test("of 300 random edits none is divided so that the first round uses what only the second makes", () => {
  let urgent = 0;
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const world = newWorld(`w${seed}`, random, day);
    const plans = [world, editedWorld(world, random, day)].map((one) =>
      resolve(
        parseDesiredState(
          "env",
          new Map([
            ["platform.yaml", "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n"],
            ...filesOf(one),
          ]),
        ),
        day,
      ),
    );
    const [old, plan] = plans as [Plan, Plan];
    const changed = changedIn(ledgerOf(old), ledgerOf(plan));
    const [soon, rest] = inRounds(plan, changed, noneIsLate);

    const [first, second, whole] = [namesOf(soon), namesOf(rest), namesOf(plan)];
    for (const { personalWorkspace } of rest.users)
      assert.ok(!personalWorkspace || !changed.workspaces.has(personalWorkspace.name), "its user waits");
    for (const kind of ["workspaces", "groups", "users"] as const) {
      assert.deepEqual([...first[kind], ...second[kind]].toSorted(), whole[kind].toSorted());
      for (const name of changed[kind]) assert.ok(!second[kind].includes(name), `${name} has changed and waits`);
    }
    const late = {
      roles: rest.workspaces.flatMap(({ name }) => workspaceRoleNames(name)),
      groups: rest.groups.map(({ name }) => name),
    };
    for (const { roles } of [...soon.users, ...soon.groups]) {
      assert.deepEqual(
        roles.filter((role) => late.roles.includes(role)),
        [],
      );
    }
    for (const { groups } of soon.users) {
      assert.deepEqual(
        groups.filter((group) => late.groups.includes(group)),
        [],
      );
    }
    if (soon.users.length > 0 && rest.users.length + rest.workspaces.length > 0) urgent += 1;
  }
  assert.ok(urgent > 100, `${urgent} edits were divided`);
});
