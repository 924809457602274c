import { parseArgs } from "node:util";
import { applicationFacts, applicationGuide } from "../access/applicationGuide.ts";
import { applicationsNamed } from "../access/doctor.ts";
import type { Plan } from "../access/resolve.ts";
import { didYouMean } from "../access/suggest.ts";
import { exactly, printJson, readState, stateOptions } from "./options.ts";

/**
 * Prints what the people who build an application have to know of its login.
 *
 * @returns the exit code: 0 done, 2 there is no such application
 * @throws {RangeError} when called wrongly
 * @throws {InputError} when the desired state cannot be read
 */
export function application(args: string[]): number {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: stateOptions });
  const [name] = exactly(positionals, "application");
  const { stack } = values;
  const { plan } = readState(values);
  const [found] = applicationsNamed(plan, name);
  if (!found) {
    process.stderr.write(`${unknownApplication(plan, name, stack)}\n`);
    return 2;
  }
  if (values.json) printJson({ stack, date: plan.date, ...applicationFacts(plan, found) });
  else process.stdout.write(applicationGuide(plan, found));
  return 0;
}

/** What to say of a name that no application of the stack has. */
export function unknownApplication(plan: Plan, name: string, stack: string): string {
  const known = plan.applications.map((application) => application.name);
  return `application ${JSON.stringify(name)} is not in stacks/${stack}/applications.${didYouMean(name, known)} Name one of the stack, or another stack with --stack.`;
}
