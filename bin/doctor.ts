import { join } from "node:path";
import { applicationsNamed, chaptersOf, diagnose, type Finding, renderDiagnosis, statusOf } from "../access/doctor.ts";
import { loadDesiredState } from "../access/load.ts";
import { resolve } from "../access/resolve.ts";
import { Cluster } from "../live/cluster.ts";
import { trustAuthorities } from "../live/connection.ts";
import { examine, Unreachable } from "../live/doctor.ts";
import { Keycloak } from "../live/keycloak.ts";
import { reasonOf } from "../live/survey.ts";
import { unknownApplication } from "./application.ts";
import { keycloakFromEnvironment, MissingSettings } from "./resetCredentials.ts";

export interface DoctorOptions {
  readonly stack: string;
  /** The day to plan for. */
  readonly date: string;
  /** Whose troubles they are; only what concerns everybody when absent. */
  readonly user?: string | undefined;
  readonly json: boolean;
}

/**
 * Says what keeps people out of applications, by the chapters of seed 004. Reads the platform and changes nothing.
 *
 * @param name the application; all when absent
 * @returns the exit code: 0 no problem, 1 problems, 2 wrong usage or missing settings, 3 a plane cannot be reached
 * @throws {InputError} when the desired state cannot be read
 */
export async function doctor(name: string | undefined, options: DoctorOptions): Promise<number> {
  const { stack, date, user, json } = options;
  const plan = resolve(loadDesiredState(join("stacks", stack)), date);
  const applications = applicationsNamed(plan, name);
  if (name !== undefined && applications.length === 0) {
    say(unknownApplication(plan, name, stack));
    return 2;
  }
  try {
    const connection = keycloakFromEnvironment();
    trustAuthorities([connection.authority]);
    const facts = await examine({
      plan,
      stack,
      applications,
      username: user,
      keycloak: new Keycloak(connection, plan.platform.realm),
      keycloakUrl: connection.url.replace(/\/$/, ""),
      cluster: clusterFromEnvironment(),
    });
    const findings = diagnose(plan, facts);
    const problems = findings.filter(({ severity }) => severity === "problem").length;
    if (json) {
      const told = applications.map((application) => ({
        application: application.name,
        auth: application.auth,
        chapters: chaptersOf(application).map((chapter) => {
          const own = findings.filter((one) => one.application === application.name && one.chapter === chapter);
          return { chapter, status: statusOf(own), findings: own.map(plainly) };
        }),
      }));
      print(
        JSON.stringify({ stack, date, ...(user !== undefined && { user }), problems, applications: told }, null, 2),
      );
    } else {
      if (applications.length === 0) say(`stack ${stack} has no applications`);
      for (const application of applications) print(`${renderDiagnosis(application, findings)}\n`);
    }
    return problems === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof MissingSettings) && !(error instanceof Unreachable)) throw error;
    say(error.message);
    return error instanceof MissingSettings ? 2 : 3;
  }
}

/** A finding where chapter and application are said already. */
function plainly({ severity, user, cause, fix }: Finding): Omit<Finding, "chapter" | "application"> {
  return { severity, ...(user !== undefined && { user }), cause, fix };
}

function clusterFromEnvironment(): Cluster {
  try {
    return new Cluster({ kubeconfig: undefined, context: undefined });
  } catch (error) {
    throw new MissingSettings(`the cluster's settings cannot be read (KUBECONFIG): ${reasonOf(error)}`);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
