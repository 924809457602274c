import type { Directory } from "./directorySchema.ts";
import type { IdentityProvider } from "./identityProviderSchema.ts";
import { type KeycloakApplication, openingRoles } from "./application.ts";
import { builtInFlows, type RealmFlows } from "./liveRealm.ts";
import { applicationRole, applicationScope, otpRole } from "./names.ts";
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

/** Which flows the realm uses for what; what is not named is left alone. */
export type FlowBindings = Partial<Pick<RealmFlows, "browserFlow" | "directGrantFlow" | "resetCredentialsFlow">>;

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
      steps: browserSteps(otp),
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

function browserSteps(otp: "conditional" | "required" | "admins"): FlowStep[] {
  const asked = {
    conditional: () => [ownersAsked],
    required: () => [ask("REQUIRED")],
    admins: () => forHoldersAndOwners("auth-otp-form"),
  };
  return [
    execution("cookie", "ALTERNATIVE", "auth-cookie"),
    execution("identity providers", "ALTERNATIVE", "identity-provider-redirector"),
    {
      step: "password",
      requirement: "ALTERNATIVE",
      steps: [execution("form", "REQUIRED", "auth-username-password-form"), ...asked[otp]()],
    },
  ];
}

/** Asks those who have set up a one-time password for it. */
const ownersAsked: FlowStep = {
  step: "otp",
  requirement: "CONDITIONAL",
  steps: [
    execution("has set up", "REQUIRED", "conditional-user-configured"),
    execution("otp", "REQUIRED", "auth-otp-form"),
  ],
};

/** Browser logins to an application with `allow:`. What the realm asks of everybody is asked here too. */
export function applicationFlow({ platform: { authentication } }: Plan, application: KeycloakApplication): LoginFlow {
  return {
    alias: flowNames.application(application.name),
    description: `Logins to ${application.name}`,
    steps: [
      { step: "login", requirement: "REQUIRED", steps: browserSteps(authentication?.otp ?? "conditional") },
      gate(application),
    ],
  };
}

/** Lets in whoever holds one of the roles. A condition on a role that is not there is not met, so nobody comes by it. */
function gate(application: KeycloakApplication): FlowStep {
  return {
    step: "gate",
    requirement: "REQUIRED",
    steps: [
      {
        step: "allowed",
        requirement: "ALTERNATIVE",
        steps: openingRoles(application).map((role) => ({
          // Keycloak allows no colon in a flow's name.
          step: role === applicationRole(application.name) ? "members" : `role ${role.replaceAll(":", "~")}`,
          requirement: "CONDITIONAL",
          steps: [
            execution("role", "REQUIRED", "conditional-user-role", { condUserRole: role, negate: "false" }),
            execution("enter", "REQUIRED", "allow-access-authenticator"),
          ],
        })),
      },
      execution("refuse", "ALTERNATIVE", "deny-access-authenticator", {
        denyErrorMessage: `Your account may not use ${application.name}. Ask an administrator of the platform.`,
      }),
    ],
  };
}

/** Applications that not everybody may log in to. */
export function gatedApplications({ applications }: Plan): KeycloakApplication[] {
  return applications.flatMap((application) =>
    application.auth === "keycloak" && application.allow ? [application] : [],
  );
}

/** Gates for flows that know by a client scope which application somebody logs in to. */
function gatesByScope(applications: readonly KeycloakApplication[]): FlowStep[] {
  return applications.map((application) => ({
    step: `application ${application.name}`,
    requirement: "CONDITIONAL",
    steps: [
      execution("scope", "REQUIRED", "conditional-client-scope", {
        client_scope: applicationScope(application.name),
        negate: "false",
      }),
      gate(application),
    ],
  }));
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
  application: (application: string): string => `prokube-access application ${application}`,
  resetCredentials: "prokube-access reset credentials",
} as const;

/**
 * The flows that the realm is to use, or undefined where that is left alone.
 *
 * @param guardsResets whether people log in again after a reset of their password
 */
export function flowBindings({ platform: { authentication } }: Plan, guardsResets: boolean): FlowBindings | undefined {
  const { browser, directGrant, resetCredentials } = flowNames;
  const reset = guardsResets && { resetCredentialsFlow: resetCredentials };
  if (!authentication) return reset || undefined;
  return authentication.otp === "conditional"
    ? { browserFlow: builtInFlows.browserFlow, directGrantFlow: builtInFlows.directGrantFlow, ...reset }
    : { browserFlow: browser, directGrantFlow: directGrant, ...reset };
}

/** Keycloak's own way to a new password, after which one logs in with it and so passes an application's gate. */
export const resetFlow: LoginFlow = {
  alias: flowNames.resetCredentials,
  description: "A new password by mail, and a login with it",
  steps: [
    execution("user", "REQUIRED", "reset-credentials-choose-user"),
    execution("mail", "REQUIRED", "reset-credential-email", { "force-login": "true" }),
    execution("password", "REQUIRED", "reset-password"),
    {
      step: "otp",
      requirement: "CONDITIONAL",
      steps: [
        execution("has set up", "REQUIRED", "conditional-user-configured"),
        execution("otp", "REQUIRED", "reset-otp"),
      ],
    },
  ],
};

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
                steps: [execution("form", "REQUIRED", "idp-username-password-form"), ownersAsked],
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

/**
 * After each login through an identity provider, which goes past the application's own flow: asks for a one-time
 * password where that is wanted, and lets into applications with `allow:` whom they name.
 */
export function afterLoginFlow({ name, requireOtp }: IdentityProvider, plan: Plan): LoginFlow | undefined {
  const gated = gatedApplications(plan);
  if (!requireOtp && gated.length === 0) return undefined;
  return {
    alias: flowNames.afterLogin(name),
    description: `After each login through ${name}`,
    steps: [
      // A flow in which nothing applies would be a failed one.
      requireOtp ? ask("REQUIRED") : execution("pass", "REQUIRED", "allow-access-authenticator"),
      ...gatesByScope(gated),
    ],
  };
}
