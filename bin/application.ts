import { join } from "node:path";
import { applicationGuide } from "../access/applicationGuide.ts";
import { applicationsNamed } from "../access/doctor.ts";
import { loadDesiredState } from "../access/load.ts";
import { type Plan, resolve } from "../access/resolve.ts";
import { didYouMean } from "../access/suggest.ts";

/**
 * Prints what the people who build an application have to know of its login.
 *
 * @returns the exit code: 0 done, 2 there is no such application
 * @throws {RangeError} when called wrongly
 * @throws {InputError} when the desired state cannot be read
 */
export function printGuide(
  name: string | undefined,
  { stack, date }: { readonly stack: string; readonly date: string },
): number {
  if (name === undefined) throw new RangeError("application needs a name");
  const plan = resolve(loadDesiredState(join("stacks", stack)), date);
  const [application] = applicationsNamed(plan, name);
  if (!application) {
    process.stderr.write(`${unknownApplication(plan, name, stack)}\n`);
    return 2;
  }
  process.stdout.write(applicationGuide(plan, application));
  return 0;
}

/** What to say of a name that no application of the stack has. */
export function unknownApplication(plan: Plan, name: string, stack: string): string {
  const known = plan.applications.map((application) => application.name);
  return `application ${JSON.stringify(name)} is not in stacks/${stack}/applications.${didYouMean(name, known)} Name one of the stack, or another stack with --stack.`;
}
