import { parseArgs } from "node:util";
import { accessEntries } from "../access/entries.ts";
import { expiringSoon } from "../access/expiry.ts";
import { print, printJson, readState, stateOptions, exactly } from "./options.ts";

/** Whether the desired state is sound, and which grants end soon. */
export function check(args: string[]): number {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: stateOptions });
  exactly(positionals);
  const { desired, plan } = readState(values);
  const { users, groups, workspaces } = plan;
  const expiring = expiringSoon(accessEntries(desired, plan), plan.date);
  if (values.json) {
    const counts = { users: users.length, groups: groups.length, workspaces: workspaces.length };
    printJson({ stack: values.stack, date: plan.date, sound: true, ...counts, expiring });
    return 0;
  }
  print(
    `${values.stack}: ${users.length} users, ${groups.length} groups, ${workspaces.length} shared workspaces: sound`,
  );
  for (const { text } of expiring) print(text);
  return 0;
}
