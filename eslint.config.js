import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const pulumi = { group: ["@pulumi/*"], message: "access/ is pure: it may not import Pulumi." };
const sandbox = { group: ["**/sandbox/**"], message: "sandbox/ is imported by tests and the Makefile only." };
const live = { group: ["**/live/**"], message: "access/ is pure: it may not look at the platform." };
const components = {
  group: ["**/components/**"],
  message: "Dependencies point one way: index.ts -> components -> access.",
};
const core = { group: ["../access/**"], message: "sandbox/ knows nothing of the program." };

export default defineConfig(
  { ignores: ["node_modules/", ".sandbox/", ".preview/", "stacks/", "coverage/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  { files: ["**/*.ts"], extends: [tseslint.configs.strictTypeChecked] },
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["access/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [pulumi, components, live, sandbox] }] },
  },
  {
    files: ["components/**"],
    ignores: ["components/connection.ts"], // reads the files of certificate authorities
    rules: {
      "no-restricted-imports": ["error", { paths: ["node:fs", "yaml"], patterns: [sandbox, { group: ["../bin/**"] }] }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name='apply'] NewExpression[callee.type='MemberExpression']",
          message: "A resource made inside apply() is invisible in previews.",
        },
      ],
    },
  },
  {
    files: ["live/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ ...pulumi, message: "live/ knows no Pulumi." }, components, sandbox] },
      ],
    },
  },
  { files: ["index.ts"], rules: { "no-restricted-imports": ["error", { patterns: [sandbox] }] } },
  {
    files: ["bin/**", "policy/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [components, sandbox] }] },
  },
  {
    files: ["sandbox/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [core, components] }] },
  },
  { files: ["index.ts", "access/**", "components/**", "live/**"], rules: { "no-console": "error" } },
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", name: ["test", "suite", "describe", "it"], package: "node:test" },
          ],
        },
      ],
    },
  },
);
