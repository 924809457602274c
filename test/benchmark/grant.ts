import { setTimeout as sleep } from "node:timers/promises";
import type { Project } from "../live/support/stack.ts";
import type { Generated } from "./desiredState.ts";
import type { Measured } from "./measure.ts";

/** Writes one more grant, to somebody who has none there; says for which workspace. */
export function writeGrant(project: Project, { workspaces, newcomer }: Generated, index: number): string {
  const workspace = workspaces[index] ?? "";
  const path = `workspaces/${workspace}.yaml`;
  const grant = `members:\n  - { user: ${newcomer}, role: edit }\n`;
  project.edit({ [path]: project.read(path).replace(/^members:\n/m, grant) });
  return workspace;
}

export interface MeasuredGrant {
  readonly update: Measured;
  /** From the start of the update until the API server lets the user in. */
  readonly cluster: Measured;
  /** Until MinIO does as well, with a new login: a token carries the roles of its login. */
  readonly store: Measured;
}

/** Milliseconds after which another login is due: Keycloak's tokens live five minutes, and an update may take longer. */
const tokenLife = 60_000;

/** One new grant: how long the update takes, and when the user may first do what it gives. */
export async function measureGrant(
  project: Project,
  generated: Generated,
  index: number,
  apply: (cwd: string) => Promise<Measured>,
): Promise<MeasuredGrant> {
  // What these know of the platform is in the environment, which is complete only when it runs.
  const { can, mayStore } = await import("../live/support/platform.ts");
  const { finishFirstLogins, tryLogIn } = await import("../live/support/decisions.ts");
  const { newcomer } = generated;
  if (index === 0) await finishFirstLogins([newcomer]);
  const workspace = writeGrant(project, generated, index);
  let login = await tryLogIn(newcomer);
  let renewed = performance.now();
  const isLetIn = async () => {
    if (performance.now() - renewed > tokenLife) {
      login = await tryLogIn(newcomer);
      renewed = performance.now();
    }
    return login.token !== undefined && (await can(login.token, "create", "pods", workspace));
  };
  if (login.token === undefined || (await isLetIn()))
    throw new Error(`before the grant ${newcomer} cannot log in, or may use ${workspace}`);

  const mayWrite = async () => mayStore((await tryLogIn(newcomer)).storage, "put", `${workspace}-data`);

  const began = performance.now();
  const over = new AbortController();
  const updating = apply(project.folder).finally(() => {
    over.abort();
  });
  const timeUntil = async (isSo: () => Promise<boolean>): Promise<Measured> => {
    while (!over.signal.aborted && !(await isSo())) await sleep(50);
    return { seconds: (performance.now() - began) / 1000, megabytes: 0, output: "" };
  };
  const cluster = await timeUntil(isLetIn);
  const store = await timeUntil(mayWrite);
  const update = await updating;
  login = await tryLogIn(newcomer);
  if (!(await isLetIn()) || !(await mayWrite()))
    throw new Error(`${newcomer} may not use ${workspace} after the grant`);
  return { update, cluster, store };
}
