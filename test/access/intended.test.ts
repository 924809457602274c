import assert from "node:assert/strict";
import { test } from "node:test";
import { can, kubeflowRoles } from "../../access/can.ts";
import { daysAfter } from "../../access/fields.ts";
import { parseDesiredState } from "../../access/load.ts";
import { resolve } from "../../access/resolve.ts";
import { explain } from "../../access/why.ts";
import { Intended } from "../support/intended.ts";
import { actionsIn, asked, inWords } from "../support/questions.ts";
import { Random } from "../support/random.ts";
import { clusterAccessOf, editedWorld, filesOf, newWorld, placesOf, type World } from "../support/worlds.ts";

const platform = "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n";
const roles = kubeflowRoles();
const questions = 30;

test("why and can say of 300 random desired states what a second reading of the documentation says", () => {
  const random = new Random(4711);
  const answers = { yes: 0, no: 0, some: 0 };
  for (let index = 0; index < 60; index += 1) {
    let world = newWorld(`w${index}`, random, "2027-03-01");
    for (let days = 0; days < 5; days += 1) {
      const day = daysAfter("2027-03-01", days);
      if (days > 0) world = editedWorld(world, random, day);
      compare(world, day, random, answers);
    }
  }
  assert.ok(answers.yes > 1000 && answers.no > answers.yes && answers.some > 500, JSON.stringify(answers));
});

function compare(world: World, day: string, random: Random, answers: Record<"yes" | "no" | "some", number>): void {
  const files = new Map([["platform.yaml", platform + clusterAccessOf([world])], ...filesOf(world)]);
  const desired = parseDesiredState("stacks/random", files);
  const plan = resolve(desired, day);
  const intended = new Intended(files, day);
  const told = () => [...files].map(([path, text]) => `--- ${path}\n${text}`).join("");
  const usernames = world.people.map(({ username }) => username).filter((username) => desired.users.has(username));

  for (const place of placesOf(world).filter((name) => intended.exists(name))) {
    for (const username of usernames) {
      const access = explain(username, place, desired, plan)[0]?.access ?? "none";
      assert.equal(access, inWords(intended, username, place), `${username} in ${place} on ${day}\n${told()}`);
      if (access !== "none") answers.some += 1;
    }
  }
  const all = placesOf(world).flatMap((place) =>
    actionsIn(place, true).flatMap((action) => usernames.map((username) => ({ username, action }))),
  );
  for (const { username, action } of random.some(all, questions)) {
    const question = asked(username, action);
    const { allowed } = can(question, desired, plan, roles);
    assert.equal(allowed, intended.may(username, action), `${JSON.stringify(question)} on ${day}\n${told()}`);
    answers[allowed ? "yes" : "no"] += 1;
  }
}
