import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { ApiException } from "@kubernetes/client-node";
import {
  editedGateway,
  exemptionAnnotations,
  gatewayObstacle,
  type GatewayPolicy,
  type GatewayPolicyKind,
  gatewayPolicyKinds,
  gatewayPolicyNames,
  gatewayPolicyOf,
  type LiveGateway,
  pathProblem,
} from "../access/gateway.ts";
import { type Cluster, istioPolicies, unlessGone } from "./cluster.ts";
import { reasonOf } from "./survey.ts";

/** The two policies of the ingress gateway as they are now. */
export async function readGateway(cluster: Cluster, namespace: string): Promise<LiveGateway> {
  const [requireJwt, oauth2Proxy] = await Promise.all(
    gatewayPolicyKinds.map((kind) => new Place(cluster, namespace, kind).read()),
  );
  return { requireJwt: requireJwt?.policy, oauth2Proxy: oauth2Proxy?.policy };
}

/** A policy, and its annotations letter by letter, so that they can be put back. */
interface Found {
  readonly policy: GatewayPolicy;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** What of a policy is ours to write. */
interface Content {
  readonly notPaths: GatewayPolicy["notPaths"];
  /** The stack's annotations; undefined for one that is not there. */
  readonly annotations: Readonly<Record<string, string | undefined>>;
}

/** Where one of the two policies is. */
class Place {
  readonly kind: GatewayPolicyKind;
  readonly #cluster: Cluster;
  readonly #address;

  constructor(cluster: Cluster, namespace: string, kind: GatewayPolicyKind) {
    this.kind = kind;
    this.#cluster = cluster;
    this.#address = { ...istioPolicies, namespace, name: gatewayPolicyNames[kind] };
  }

  get name(): string {
    return this.#address.name;
  }

  async read(): Promise<Found | undefined> {
    const object: unknown = await unlessGone(this.#cluster.custom.getNamespacedCustomObject(this.#address));
    if (object === undefined) return undefined;
    const { metadata } = object as { metadata?: { annotations?: Record<string, string> } };
    return { policy: gatewayPolicyOf(object), annotations: metadata?.annotations };
  }

  /** Fails when anybody has written since it was found. */
  async write(found: Found, content: Content, dryRun?: "All"): Promise<void> {
    await this.#cluster.custom.patchNamespacedCustomObject({
      ...this.#address,
      fieldManager: "prokube-access",
      ...(dryRun && { dryRun }),
      // A JSON patch: the client sends lists as such.
      body: [
        { op: "test", path: "/metadata/resourceVersion", value: found.policy.resourceVersion },
        ...operations(found, content),
      ],
    });
  }
}

function operations({ policy, annotations }: Found, content: Content): { op: string; path: string; value?: unknown }[] {
  const lists = content.notPaths
    .filter((list) => !policy.notPaths.some((one) => isDeepStrictEqual(one, list)))
    .map(({ pointer, paths }) => ({ op: "replace", path: pointer, value: paths }));
  const notes = Object.entries(content.annotations)
    .filter(([name, text]) => annotations?.[name] !== text)
    .map(([name, text]) => {
      const path = `/metadata/annotations/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      return text === undefined ? { op: "remove", path } : { op: "add", path, value: text };
    });
  const first = { op: "add", path: "/metadata/annotations", value: {} };
  return [...lists, ...(notes.length > 0 && annotations === undefined ? [first] : []), ...notes];
}

/** Whether a policy has this content and no list beside it. */
function has(found: Found, content: Content): boolean {
  return found.policy.notPaths.length === content.notPaths.length && operations(found, content).length === 0;
}

/** One policy on its way from what it is to what it is to become. */
interface Change {
  readonly place: Place;
  readonly found: Found;
  readonly before: Content;
  readonly after: Content;
}

const attempts = 5;

/**
 * Makes exactly the wanted paths those that the stack exempts, in both policies or in neither; everything else in them
 * stays. In the instant between the two writes a path is exempted in one of them only, so the other still keeps it shut.
 *
 * @param revision another number makes both be written although nothing else changes; 0 leaves no annotation
 * @param known paths that stay whoever claimed them: the platform's own
 * @throws {Error} saying what happened, what both policies are like now, and what to do
 */
export async function writeExemptions(
  cluster: Cluster,
  namespace: string,
  stack: string,
  wanted: readonly string[],
  revision: number,
  known: readonly string[] = [],
): Promise<void> {
  // The files were checked already; this is the last place where a path that opens too much can be held up.
  const [problem] = wanted.flatMap((path) => pathProblem(path) ?? []);
  if (problem !== undefined) throw new Error(`${untouched} ${problem}`);
  const places = gatewayPolicyKinds.map((kind) => new Place(cluster, namespace, kind));
  for (let tries = 1; ; tries++) {
    const changes = await changesAt(places, { stack, wanted, revision, known });
    if (changes.every(({ found, after }) => has(found, after))) return;
    const failure = await writeAll(changes);
    if (!failure) return;
    if (!failure.mayPass || tries === attempts) throw new Error(failure.message, { cause: failure.cause });
    // Whoever else writes is soon done, and two who met should not meet again.
    await sleep(tries * (50 + 100 * Math.random()));
  }
}

const untouched = "The paths of applications were not changed at the gateway; both policies are as they were.";
const again = "Mend that, then run the update again.";

interface Target {
  readonly stack: string;
  readonly wanted: readonly string[];
  readonly revision: number;
  readonly known: readonly string[];
}

async function changesAt(
  places: readonly Place[],
  { stack, wanted, revision, known }: Target,
): Promise<readonly Change[]> {
  const all = await Promise.all(places.map(async (place) => ({ place, found: await place.read() })));
  const policyOf = (kind: GatewayPolicyKind) => all.find(({ place }) => place.kind === kind)?.found?.policy;
  const live: LiveGateway = { requireJwt: policyOf("requireJwt"), oauth2Proxy: policyOf("oauth2Proxy") };
  const edits = editedGateway(live, stack, { wanted, known });
  const names = exemptionAnnotations(stack);
  const changes = all.flatMap(({ place, found }): Change[] => {
    const edit = edits[place.kind];
    if (!found || !edit) return [];
    const notes = (claim: string | undefined, count: string | undefined): Content["annotations"] => ({
      [names.claim]: claim,
      [names.revision]: count,
    });
    const before = notes(found.annotations?.[names.claim], found.annotations?.[names.revision]);
    const after = notes(
      edit.claim.length > 0 ? JSON.stringify(edit.claim) : undefined,
      revision > 0 ? String(revision) : undefined,
    );
    return [
      {
        place,
        found,
        before: { notPaths: found.policy.notPaths, annotations: before },
        after: { notPaths: edit.notPaths, annotations: after },
      },
    ];
  });
  // What a stack has to take back, it takes back where something is; with nothing at all to do, nothing is in the way.
  const isIdle = wanted.length === 0 && changes.every(({ found, after }) => has(found, after));
  const obstacles = all
    .filter(({ found }) => !isIdle && (found !== undefined || wanted.length > 0))
    .flatMap(({ place, found }) => gatewayObstacle(place.kind, found?.policy) ?? []);
  if (obstacles.length > 0) throw new Error(`${untouched} ${obstacles.join("; ")}. ${again}`);
  return changes;
}

interface Failure {
  readonly message: string;
  readonly cause: unknown;
  /** Whether somebody else wrote meanwhile, so that another attempt may do it. */
  readonly mayPass: boolean;
}

/** Writes all of them or none; undefined when all are written. */
async function writeAll(changes: readonly Change[]): Promise<Failure | undefined> {
  // Tried first, so that what would be refused is known while nothing is written yet.
  for (const dryRun of ["All", undefined] as const) {
    for (const change of changes) {
      try {
        await change.place.write(change.found, change.after, dryRun);
      } catch (error) {
        return dryRun ? refused(change, error) : settled(changes, change, error);
      }
    }
  }
  return undefined;
}

async function refused({ place, found }: Change, error: unknown): Promise<Failure> {
  const mayPass = hasMoved(found, await reread(place));
  return {
    message: `${untouched} ${place.name} cannot be written: ${mayPass ? crowded : answerOf(error)}. ${again}`,
    cause: error,
    mayPass,
  };
}

/** After a write that failed, or whose answer was lost: what is written is put back, unless all is. */
async function settled(changes: readonly Change[], failed: Change, error: unknown): Promise<Failure | undefined> {
  const seen = await Promise.all(changes.map(async (change) => ({ change, now: await reread(change.place) })));
  if (seen.every(({ change, now }) => typeof now === "object" && has(now, change.after))) return undefined;
  const mayPass = seen.some(({ change, now }) => change === failed && hasMoved(change.found, now));
  const states = await Promise.all(changes.map(putBack));
  // True of two only: where one is missing, the other alone decides.
  const isShut = changes.length === gatewayPolicyKinds.length && states.some(({ isBack }) => !isBack);
  return {
    message: [
      "The paths of applications could not be changed at the gateway:",
      `${failed.place.name} was not written: ${mayPass ? crowded : answerOf(error)}.`,
      `Now ${states.map(({ text }) => text).join(", ")}.`,
      ...(isShut
        ? ["A path that one of them does not exempt stays shut, so nobody gets in there without a login."]
        : []),
      again,
    ].join(" "),
    cause: error,
    mayPass,
  };
}

const crowded = `somebody else wrote it at the same time, ${attempts} times`;

async function reread(place: Place): Promise<Found | "gone" | "unreadable"> {
  try {
    return (await place.read()) ?? "gone";
  } catch {
    return "unreadable";
  }
}

function hasMoved(found: Found, now: Found | "gone" | "unreadable"): boolean {
  return now === "gone" || (now !== "unreadable" && now.policy.resourceVersion !== found.policy.resourceVersion);
}

/** Makes a policy again what it was, if what is there is what we wrote: nobody else's change is undone. */
async function putBack({ place, before, after }: Change): Promise<{ isBack: boolean; text: string }> {
  const told = (isBack: boolean, state: string) => ({ isBack, text: `${place.name} ${state}` });
  let reason = "";
  for (let tries = 1; tries <= attempts; tries++) {
    try {
      const now = await place.read();
      if (!now) return told(true, "is gone");
      if (has(now, before)) return told(true, "is as it was");
      if (!has(now, after)) return told(false, "was changed by somebody else in between and left like that");
      await place.write(now, before);
    } catch (error) {
      reason = answerOf(error);
      await sleep(tries * 50);
    }
  }
  return told(false, `may have the new paths and could not be put back (${reason})`);
}

/** What the API server says, in its own words. */
function answerOf(error: unknown): string {
  if (!(error instanceof ApiException)) return reasonOf(error);
  const body: unknown = typeof error.body === "string" ? parsed(error.body) : error.body;
  const message = typeof body === "object" && body !== null && "message" in body ? body.message : undefined;
  return typeof message === "string" ? message.trim().replace(/\.$/, "") : reasonOf(error);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
