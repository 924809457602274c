import { parseArgs } from "node:util";
import { applicationsNamed, chaptersOf, diagnose, type Finding, renderDiagnosis, statusOf } from "../access/doctor.ts";
import { Cluster } from "../live/cluster.ts";
import { trustAuthorities } from "../live/connection.ts";
import { examine, Unreachable } from "../live/doctor.ts";
import { Keycloak } from "../live/keycloak.ts";
import { reasonOf } from "../live/survey.ts";
import { unknownApplication } from "./application.ts";
import { print, printJson, readState, say, stateOptions } from "./options.ts";
import { keycloakFromEnvironment, MissingSettings } from "./resetCredentials.ts";

/**
 * Says what keeps people out of applications, by the chapters of seed 004. Reads the platform and changes nothing.
 *
 * @returns the exit code: 0 no problem, 1 problems, 2 wrong usage or missing settings, 3 a plane cannot be reached
 * @throws {InputError} when the desired state cannot be read
 */
export async function doctor(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...stateOptions, user: { type: "string" } },
  });
  const [name, ...more] = positionals;
  if (more.length > 0) throw new RangeError(`unexpected "${more.join(" ")}"`);
  const { stack, user, json } = values;
  const { plan } = readState(values);
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
      printJson({ stack, date: plan.date, ...(user !== undefined && { user }), problems, applications: told });
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
