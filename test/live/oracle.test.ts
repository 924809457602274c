import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { can, kubeflowRoles } from "../../access/can.ts";
import { daysAfter } from "../../access/fields.ts";
import { type DesiredState, parseDesiredState } from "../../access/load.ts";
import { type Plan, resolve, today } from "../../access/resolve.ts";
import { explain } from "../../access/why.ts";
import { type Action, Intended } from "../support/intended.ts";
import { actionsIn, asked, inWords } from "../support/questions.ts";
import { Random } from "../support/random.ts";
import { clusterAccessOf, editedWorld, filesOf, newWorld, placesOf, type World } from "../support/worlds.ts";
import { finishFirstLogins, isLetThrough, type Login, Mesh, tryLogIn } from "./support/decisions.ts";
import { seedBucket } from "./support/platform.ts";
import { platformOf, Project } from "./support/stack.ts";

/*
 * What the files mean, what `access why` and `access can` say, and what the servers do agree, for random desired states.
 * Several small worlds share a stack, and each update replaces every one of them by an edit of itself.
 *
 * ORACLE_WORLDS=1000 tries that many; ORACLE_SEED=<number> tries those of an earlier run again, ORACLE_DATE=<day> on
 * its days.
 */
const seed = Number(process.env["ORACLE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const wanted = Number(process.env["ORACLE_WORLDS"] ?? 50);
const firstDay = process.env["ORACLE_DATE"] ?? today();
const worldsAtOnce = 10;
const rounds = Math.ceil(wanted / worldsAtOnce);

const stack = "oracle";
const random = new Random(seed);
const roles = kubeflowRoles();
/** As many decisions on servers for each world, of what must be allowed and again of what must be denied. */
const sample = 15;

/** Random edits take away more at once than people do. */
const guards = "guards: { maximumRemovals: 1000000, maximumRemovedShare: 100 }\n";

interface Mismatch {
  readonly world: string;
  readonly what: string;
  readonly answers: Readonly<Record<string, unknown>>;
}

const tried = { worlds: 0, decisions: 0, allowed: 0, denied: 0, mismatches: 0 };
let project: Project;
let worlds: World[] = [];
let files = new Map<string, string>();
let accounts = new Set<string>();
const seeded = new Set<string>();

suite(`oracle, ORACLE_SEED=${seed}`, () => {
  before(async () => {
    // Every step of an update would be saved; this stack goes as a whole, and nobody resumes an update of it.
    process.env["PULUMI_SKIP_CHECKPOINTS"] = "true";
    project = new Project(stack, { "platform.yaml": platformOf(stack) });
    await project.pulumi("stack", "select", "--create");
  });
  after(async () => {
    const { worlds, decisions, allowed, denied, mismatches } = tried;
    process.stdout.write(
      `oracle: ${worlds} worlds, ${decisions} decisions, ${allowed} allowed, ${denied} denied, ${mismatches} mismatches\n`,
    );
    await project.destroy();
  });

  for (let round = 0; round < rounds; round += 1) {
    test(`round ${round + 1} of ${rounds}: files, why, can and servers agree in ${worldsAtOnce} worlds`, async () => {
      const day = daysAfter(firstDay, round);
      const earlier = worlds;
      worlds =
        round === 0
          ? Array.from({ length: worldsAtOnce }, (_, index) => newWorld(`w${index}`, random, day))
          : worlds.map((world) => editedWorld(world, random, day));
      await converge(day);
      const mesh = await Mesh.read();
      const desired = parseDesiredState(`stacks/${stack}`, files);
      const facts: Facts = { intended: new Intended(files, day), desired, plan: resolve(desired, day), mesh };
      const mismatches = (await Promise.all(worlds.map((world, index) => checkWorld(world, index, facts)))).flat();
      tried.worlds += worlds.length;
      tried.mismatches += mismatches.length;
      assert.deepEqual(mismatches, [], explained(mismatches, round, day, earlier));
    });
  }

  test("what must be denied was tried at least as often as what must be allowed", () => {
    assert.ok(tried.allowed > tried.worlds, `${tried.allowed} allowed`);
    assert.ok(tried.denied >= tried.allowed, `${tried.denied} denied, ${tried.allowed} allowed`);
  });
});

/** Makes the platform what the worlds say, with an object in every new bucket and a password for every new account. */
async function converge(day: string): Promise<void> {
  const before = files;
  files = new Map([
    ["platform.yaml", platformOf(stack, guards + clusterAccessOf(worlds))],
    ...worlds.flatMap((world) => [...filesOf(world)]),
  ]);
  const gone = [...before.keys()].filter((path) => !files.has(path));
  project.edit({ ...Object.fromEntries(gone.map((path) => [path, undefined])), ...Object.fromEntries(files) });
  await project.pulumi("config", "set", "date", day);
  await project.up();

  const intended = new Intended(files, day);
  const usernames = worlds.flatMap(({ people }) => people.map(({ username }) => username));
  const withAccount = new Set(usernames.filter((username) => intended.addressOf(username) !== undefined));
  await finishFirstLogins([...withAccount].filter((username) => !accounts.has(username)));
  // An account that comes back is another one.
  accounts = withAccount;

  const fresh = worlds.flatMap(placesOf).filter((name) => intended.exists(name) && !seeded.has(name));
  await Promise.all(fresh.flatMap((name) => [`${name}-data`, `${name}-mlpipeline`].map(seedBucket)));
  for (const name of fresh) seeded.add(name);
}

interface Facts {
  readonly intended: Intended;
  readonly desired: DesiredState;
  readonly plan: Plan;
  readonly mesh: Mesh;
}

async function checkWorld(world: World, index: number, facts: Facts): Promise<Mismatch[]> {
  const { intended, desired } = facts;
  const foreign = worlds[(index + 1) % worlds.length];
  const places = [...placesOf(world), ...(foreign ? placesOf(foreign).slice(0, 1) : [])];
  // Before anything is waited for, so that the same seed draws the same sample.
  const tries = sampled(world, places, intended);
  const mismatches: Mismatch[] = [];
  const logins = new Map<string, Login>();
  const report = (what: string, answers: Mismatch["answers"]) => {
    if (new Set(Object.values(answers)).size > 1) mismatches.push({ world: world.name, what, answers });
  };

  for (const { username } of world.people) {
    const login = await tryLogIn(username);
    logins.set(username, login);
    report(`${username} logs in`, { intended: intended.mayLogIn(username), servers: login.token !== undefined });
    for (const place of places.filter((name) => desired.users.has(username) && intended.exists(name))) {
      report(`access of ${username} in ${place}`, {
        intended: inWords(intended, username, place),
        why: explain(username, place, desired, facts.plan)[0]?.access ?? "none",
      });
    }
  }
  for (const { username, email, action } of tries) {
    const allowed = intended.may(username, action);
    tried.decisions += 1;
    tried[allowed ? "allowed" : "denied"] += 1;
    report(`${username}: ${JSON.stringify(action)}`, {
      intended: allowed,
      can: desired.users.has(username) && can(asked(username, action), desired, facts.plan, roles).allowed,
      servers: await isLetThrough(action, logins.get(username) ?? nobody, email, facts.mesh),
    });
  }
  return mismatches;
}

const nobody: Login = { token: undefined, storage: undefined };

interface Try {
  readonly username: string;
  readonly email: string;
  readonly action: Action;
}

/** All questions to the mesh, and some to the servers: as many that must be denied as must be allowed, or more. */
function sampled(world: World, places: readonly string[], intended: Intended): Try[] {
  const all = places.flatMap((workspace) =>
    world.people.flatMap(({ username, email }) =>
      actionsIn(workspace, seeded.has(workspace)).map((action): Try => ({ username, email, action })),
    ),
  );
  const { network = [], servers = [] } = Object.groupBy(all, ({ action: { plane } }) =>
    plane === "network" ? plane : "servers",
  );
  const { allowed = [], denied = [] } = Object.groupBy(servers, ({ username, action }) =>
    intended.may(username, action) ? "allowed" : "denied",
  );
  return [...network, ...random.some(allowed, sample), ...random.some(denied, sample)];
}

/** All that somebody needs to look at the failure again: the seed, and the files before and after. */
function explained(mismatches: readonly Mismatch[], round: number, day: string, earlier: readonly World[]): string {
  const names = [...new Set(mismatches.map(({ world }) => world))];
  const texts = (all: readonly World[], name: string) =>
    all
      .filter((world) => world.name === name)
      .flatMap((world) => [...filesOf(world)].map(([path, text]) => `--- ${path}\n${text}`))
      .join("");
  return [
    `${mismatches.length} mismatches in round ${round + 1} on ${day}; again with ORACLE_SEED=${seed} ORACLE_DATE=${firstDay} ORACLE_WORLDS=${wanted}`,
    ...mismatches.map(({ what, answers }) => `${what}: ${JSON.stringify(answers)}`),
    clusterAccessOf(worlds),
    ...names.flatMap((name) => [`${name} before:`, texts(earlier, name), `${name}:`, texts(worlds, name)]),
  ].join("\n");
}
