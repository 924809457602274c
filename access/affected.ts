/** What changes nothing on a platform: documents, tests, the local platform, what editors and reviewers read. */
const harmless = [
  /^(?:docs|test|sandbox|\.ci)\//,
  /^stacks\/schema\//,
  /^\.github\/CODEOWNERS$/,
  /^[^/]+\.md$/,
  /^(?:\.gitignore|\.prettierignore|\.prettierrc\.json|eslint\.config\.js|tsconfig\.json)$/,
];

/**
 * The stacks that a change concerns, in the order given.
 *
 * What is no stack's own concerns all of them, whether or not anybody thought of it: a preview too many costs a minute,
 * one too few hides a change.
 *
 * @param changedPaths paths below the top of the checkout, as Git prints them
 */
export function affectedStacks(changedPaths: readonly string[], stacks: readonly string[]): string[] {
  const concerning = changedPaths.filter((path) => !harmless.some((pattern) => pattern.test(path)));
  const isShared = concerning.some((path) => !stacks.some((stack) => isOf(stack, path)));
  return stacks.filter((stack) => isShared || concerning.some((path) => isOf(stack, path)));
}

function isOf(stack: string, path: string): boolean {
  return path.startsWith(`stacks/${stack}/`) || path === `stacks/Pulumi.${stack}.yaml`;
}
