import { execFileSync } from "node:child_process";
import { Project } from "../live/support/stack.ts";
import { access, accessTime, create, preview, quickUpdate, stack, update } from "./commands.ts";
import { type Generated, generate, type Size } from "./desiredState.ts";
import { measureFloor } from "./floor.ts";
import { type MeasuredGrant, measureGrant, writeGrant } from "./grant.ts";
import { median, repeat } from "./measure.ts";
import type { BenchmarkPlatform, Plane, Requests } from "./platform.ts";
import { compositionOf } from "./resources.ts";
import { counted, type Line, timed } from "./table.ts";

const cheapRuns = 5;
const expensiveRuns = 3;

/** How often what takes long is measured: sizes with more workspaces than this take minutes for each run. */
const small = 25;

export function runsFor({ workspaces }: Size): number {
  return workspaces <= small ? expensiveRuns : 1;
}

/** Each grant that is measured is in another workspace. */
export const fewestWorkspaces = 2 * expensiveRuns + 2;

/** Seconds within which something has to be done, by size. */
const previewTargets: Readonly<Record<string, number>> = { "10/50": 2, "25/150": 4, "100/1000": 15 };
const driftTargets: Readonly<Record<string, number>> = { "10/50": 2, "25/150": 4, "100/1000": 10 };
const liveTarget = 5;
const mostOfWorkspace = 25;
const mostOfUser = 4;

/** Everything about a platform in one stack. */
export async function measureWhole(
  platform: BenchmarkPlatform,
  size: Size,
  say: (line: string) => void,
): Promise<Line[]> {
  const name = `${size.workspaces}/${size.users}`;
  const runs = runsFor(size);
  const generated = generate(stack, size);
  const project = new Project(stack, generated.files);
  const cwd = project.folder;
  try {
    await project.pulumi("stack", "select", "--create");
    const created = await create(cwd);
    say(`created after ${created.seconds.toFixed(0)} s`);
    const state = await project.pulumi("stack", "export");
    const composition = compositionOf(state);
    commit(cwd);

    const check = await accessTime(cwd, cheapRuns, ["check"]);
    const why = await accessTime(cwd, cheapRuns, ["why", generated.member, workspaceOf(generated)]);
    const previewed = median(await repeat(runs, () => preview(cwd)));
    const drift = await accessTime(cwd, runs, ["drift"]);
    say("grants");
    let next = 0;
    const grantsBy = (times: number, apply: Parameters<typeof measureGrant>[3]) =>
      repeat(times, () => measureGrant(project, generated, next++, apply));
    const complete = await grantsBy(runs, update);
    const quick = await grantsBy(runs, quickUpdate);
    const diff = await accessTime(cwd, cheapRuns, ["diff", "HEAD"]);
    say("requests");
    const requests = {
      preview: await platform.requests((environment) => preview(cwd, stack, environment)),
      "an update with one new grant": await platform.requests((environment) => {
        writeGrant(project, generated, next);
        return update(cwd, environment);
      }),
      drift: await platform.requests((environment) => access(cwd, ["drift"], environment)),
    };
    say("the engine alone");
    const floor = await measureFloor(state, runs);
    return [
      timed("access check", check, cheapRuns),
      timed("access why", why, cheapRuns),
      timed(`access diff HEAD, ${next} new grants`, diff, cheapRuns),
      timed("pulumi preview, no changes", previewed, runs, previewTargets[name]),
      ...granted("one new grant, refresh and update", complete),
      ...granted("one new grant, without a refresh", quick),
      timed("access drift", drift, runs, driftTargets[name]),
      timed("first creation, without checkpoints", created, 1),
      ...Object.entries(requests).map(([operation, counts]) => ({
        what: `requests of ${operation}`,
        value: describeRequests(counts),
      })),
      { what: "resources", value: String(composition.resources) },
      counted("of a workspace without members, at most", composition.ofWorkspace, mostOfWorkspace),
      counted("of a user, at most", composition.ofUser, mostOfUser),
      { what: "state", value: `${Math.round(composition.kilobytes)} kB` },
      timed("preview of resources like these, of a provider that answers at once", floor, runs),
    ];
  } finally {
    project.dispose();
  }
}

/** How long updates took, and how long until the grant worked; nothing where none was made. */
function granted(what: string, grants: readonly MeasuredGrant[]): Line[] {
  if (grants.length === 0) return [];
  return [
    timed(what, median(grants.map(({ update }) => update)), grants.length),
    timed(
      "  until the API server lets the user in",
      median(grants.map(({ cluster }) => cluster)),
      grants.length,
      liveTarget,
    ),
    timed("  until MinIO does, with a new login", median(grants.map(({ store }) => store)), grants.length, liveTarget),
  ];
}

/** A workspace that the member has something in: the first that says so. */
function workspaceOf({ files, workspaces, member }: Generated): string {
  const found = workspaces.find((name) => files[`workspaces/${name}.yaml`]?.includes(`user: ${member}\n`));
  return found ?? workspaces[0] ?? "";
}

/** A repository for `access diff`, with everything in its first commit. */
function commit(cwd: string): void {
  const author = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com"];
  const git = (...args: string[]) => execFileSync("git", [...author, ...args], { cwd });
  git("init", "--quiet");
  git("add", "stacks");
  git("commit", "--quiet", "--message", "The desired state");
}

function describeRequests(counts: Readonly<Record<Plane, Requests>>): string {
  return Object.entries(counts)
    .map(([plane, { reads, writes }]) => `${plane} ${reads} reads + ${writes} writes`)
    .join(", ");
}
