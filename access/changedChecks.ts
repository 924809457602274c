import { compare } from "./diagnostic.ts";

/** What no check is made of: desired state, which is reviewed by what it does, documents and what is tried without a platform. */
const noChecks = [/^stacks\/[^/]+\/./, /^(?:docs|test|sandbox)\//, /^[^/]+\.md$/, /^\.(?:gitignore|prettier[^/]*)$/];

/** What weighs most first: rules, who runs them, what they are told; then the program. */
const order = [/^policy\//, /^\.github\//, /^Makefile$/, /^stacks\//, /^Pulumi\.yaml$/, /^\.npmrc$|^package/];

const most = 10;

/**
 * The risk of a change that touches what it is checked with: rules of policy, workflows, the stack's configuration, the
 * program and what it is installed from. Nothing where it does not.
 *
 * @param changedPaths paths below the top of the checkout, as Git prints them with -z
 */
export function changedChecks(changedPaths: readonly string[]): string[] {
  const paths = [...new Set(changedPaths)]
    .filter((path) => !noChecks.some((pattern) => pattern.test(path)))
    .toSorted((a, b) => rank(a) - rank(b) || compare(a, b));
  if (paths.length === 0) return [];
  const left = paths.slice(most);
  const folders = [...new Set(left.map((path) => path.split("/")[0] ?? ""))].slice(0, most);
  const rest = left.length > 0 ? ` and ${left.length} more in ${folders.join(", ")}` : "";
  return [`the checks themselves change: ${paths.slice(0, most).join(", ")}${rest}`];
}

function rank(path: string): number {
  const found = order.findIndex((pattern) => pattern.test(path));
  return found < 0 ? order.length : found;
}
