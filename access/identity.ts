import type { Directory } from "./directorySchema.ts";
import type { IdentityProvider } from "./identityProviderSchema.ts";
import { otpRole } from "./names.ts";
import type { Plan } from "./resolve.ts";

/** A secret that the desired state names. */
export interface NeededSecret {
  readonly name: string;
  /** For what, for people. */
  readonly use: string;
}

/** The secrets that the stack's configuration must hold. */
export function neededSecrets({ realmSettings, directories, identityProviders }: Plan): NeededSecret[] {
  const mail = realmSettings?.mail;
  return [
    ...(mail?.username === undefined
      ? []
      : [{ name: mail.passwordSecret, use: `password of ${mail.username} at ${mail.host}` }]),
    ...directories.map((directory) => ({
      name: bindPasswordName(directory),
      use: `password of ${directory.bindDn} in directory ${directory.name}`,
    })),
    ...identityProviders.flatMap((provider) =>
      provider.type === "saml"
        ? []
        : [
            {
              name: clientSecretName(provider),
              use: `secret of client ${provider.clientId} at identity provider ${provider.name}`,
            },
          ],
    ),
  ];
}

/** Name of the secret with which Keycloak searches a directory. */
export function bindPasswordName({ name, bindPasswordSecret }: Directory): string {
  return bindPasswordSecret ?? `${name}-bind-password`;
}

/** Name of the secret with which Keycloak proves itself to an identity provider; no two share one by default. */
export function clientSecretName({
  name,
  clientSecretName: chosen,
}: Exclude<IdentityProvider, { type: "saml" }>): string {
  return chosen ?? `${name}-client-secret`;
}

/** One step of a login flow. */
export type FlowStep =
  | {
      readonly step: string;
      readonly requirement: Requirement;
      readonly authenticator: string;
      readonly config?: Readonly<Record<string, string>>;
    }
  | { readonly step: string; readonly requirement: Requirement; readonly steps: readonly FlowStep[] };

type Requirement = "REQUIRED" | "ALTERNATIVE" | "CONDITIONAL";

/** A login flow of ours. */
export interface LoginFlow {
  readonly alias: string;
  readonly description: string;
  readonly steps: readonly FlowStep[];
}

/** Which flows the realm uses. */
export interface FlowBindings {
  readonly browser: string;
  readonly directGrant: string;
}

const execution = (
  step: string,
  requirement: Requirement,
  authenticator: string,
  config?: Readonly<Record<string, string>>,
): FlowStep => ({ step, requirement, authenticator, ...(config && { config }) });

const ask = (requirement: Requirement) => execution("otp", requirement, "auth-otp-form");

/**
 * Keycloak's built-in flows ask those who have set up a one-time password, which is `conditional`. Otherwise a browser
 * flow and one for logins by password alone: an application could go round the first by the second.
 */
export function loginFlows({ platform: { authentication } }: Plan): LoginFlow[] {
  const otp = authentication?.otp;
  if (otp === undefined || otp === "conditional") return [];
  return [
    {
      alias: flowNames.browser,
      description: "Browser login with a one-time password",
      steps: [
        execution("cookie", "ALTERNATIVE", "auth-cookie"),
        execution("identity providers", "ALTERNATIVE", "identity-provider-redirector"),
        {
          step: "password",
          requirement: "ALTERNATIVE",
          steps: [
            execution("form", "REQUIRED", "auth-username-password-form"),
            ...(otp === "required" ? [ask("REQUIRED")] : forHoldersAndOwners("auth-otp-form")),
          ],
        },
      ],
    },
    {
      alias: flowNames.directGrant,
      description: "Login by password alone with a one-time password",
      steps: [
        execution("username", "REQUIRED", "direct-grant-validate-username"),
        execution("password", "REQUIRED", "direct-grant-validate-password"),
        ...(otp === "required"
          ? [execution("otp", "REQUIRED", "direct-grant-validate-otp")]
          : forHoldersAndOwners("direct-grant-validate-otp")),
      ],
    },
  ];
}

/** Asks holders of the role, and of all others those who have set one up; each at most once. */
function forHoldersAndOwners(authenticator: string): FlowStep[] {
  const role = (negate: boolean) =>
    execution(negate ? "no administrator" : "administrator", "REQUIRED", "conditional-user-role", {
      condUserRole: otpRole,
      negate: String(negate),
    });
  return [
    {
      step: "administrators",
      requirement: "CONDITIONAL",
      steps: [role(false), execution("otp", "REQUIRED", authenticator)],
    },
    {
      step: "others",
      requirement: "CONDITIONAL",
      steps: [
        role(true),
        execution("has set up", "REQUIRED", "conditional-user-configured"),
        execution("otp", "REQUIRED", authenticator),
      ],
    },
  ];
}

/** Aliases of the flows that this program makes. */
export const flowNames = {
  browser: "prokube-access browser",
  directGrant: "prokube-access direct grant",
  firstLogin: (provider: string): string => `prokube-access first login ${provider}`,
  afterLogin: (provider: string): string => `prokube-access after login ${provider}`,
} as const;

/** The flows that the realm is to use, or undefined where that is left alone. */
export function flowBindings({ platform: { authentication } }: Plan): FlowBindings | undefined {
  if (!authentication) return undefined;
  return authentication.otp === "conditional"
    ? { browser: "browser", directGrant: "direct grant" }
    : { browser: flowNames.browser, directGrant: flowNames.directGrant };
}

/** What happens when somebody comes through an identity provider for the first time. */
export function firstLoginFlow({ name, unknownUsers, linkAccounts }: IdentityProvider): LoginFlow {
  const proof: FlowStep[] =
    linkAccounts === "trusted"
      ? [execution("link", "REQUIRED", "idp-auto-link")]
      : [
          {
            step: "proof",
            requirement: "REQUIRED",
            steps: [
              execution("mail", "ALTERNATIVE", "idp-email-verification"),
              {
                step: "password",
                requirement: "ALTERNATIVE",
                steps: [
                  execution("form", "REQUIRED", "idp-username-password-form"),
                  {
                    step: "otp",
                    requirement: "CONDITIONAL",
                    steps: [
                      execution("has set up", "REQUIRED", "conditional-user-configured"),
                      execution("otp", "REQUIRED", "auth-otp-form"),
                    ],
                  },
                ],
              },
            ],
          },
        ];
  // Finds the account of the same address and sets it for what follows; without one the login ends here.
  const found = execution("find", "REQUIRED", "idp-detect-existing-broker-user");
  const review = execution("profile", "REQUIRED", "idp-review-profile", { "update.profile.on.first.login": "missing" });
  return {
    alias: flowNames.firstLogin(name),
    description: `First login through ${name}`,
    steps:
      unknownUsers === "refuse"
        ? [review, found, ...proof]
        : [
            review,
            {
              step: "account",
              requirement: "REQUIRED",
              steps: [
                execution("create", "ALTERNATIVE", "idp-create-user-if-unique", {
                  "require.password.update.after.registration": "false",
                }),
                { step: "link", requirement: "ALTERNATIVE", steps: [...proof] },
              ],
            },
          ],
  };
}

/** Asks for a one-time password after each login through an identity provider. */
export function afterLoginFlow({ name }: IdentityProvider): LoginFlow {
  return {
    alias: flowNames.afterLogin(name),
    description: `After each login through ${name}`,
    steps: [ask("REQUIRED")],
  };
}
