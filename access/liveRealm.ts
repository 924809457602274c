/** The realm as Keycloak has it: what an update must hand back so that it stays as it is. */
export interface LiveRealm {
  /** What no other realm shares. */
  readonly id: string | undefined;
  /** Whether unverified people are kept out. */
  readonly verifyEmail: boolean;
  /** Whether "Forgot password" is on the login page. */
  readonly resetsPasswords: boolean;
  /** Whether anybody may make an account. */
  readonly registers: boolean;
  /** Whether it has organizations, whose invitations make accounts too. */
  readonly hasOrganizations: boolean;
  /** Whether its browser flow asks for more than a password and, of those who have set one up, a one-time password. */
  readonly asksForMore: boolean;
  /** Identity providers that people can log in through. */
  readonly openProviders: readonly string[];
  /** Whether Keycloak can send mail. */
  readonly sendsMail: boolean;
  /** Settings that only attributes hold; an update that leaves one out removes it. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly flows: RealmFlows;
  /** Headers of its pages. */
  readonly headers: SecurityHeaders;
  /** How it protects passwords from being guessed; absent when it does not. */
  readonly bruteForce: BruteForce | undefined;
  readonly eventsListeners: readonly string[];
  readonly enabledEventTypes: readonly string[];
  readonly userProfile: UserProfile;
  /** What makes the realm less safe than it could be, for people. */
  readonly weaknesses: readonly string[];
}

/** Headers that Keycloak sends with its pages. */
export interface SecurityHeaders {
  readonly contentSecurityPolicy: string;
  readonly contentSecurityPolicyReportOnly: string;
  readonly referrerPolicy: string;
  readonly strictTransportSecurity: string;
  readonly xContentTypeOptions: string;
  readonly xFrameOptions: string;
  readonly xRobotsTag: string;
  readonly xXssProtection: string;
}

/** Keycloak's protection against guessed passwords, in seconds where nothing else is said. */
export interface BruteForce {
  readonly permanentLockout: boolean;
  readonly maxLoginFailures: number;
  readonly waitIncrementSeconds: number;
  readonly quickLoginCheckMilliSeconds: number;
  readonly minimumQuickLoginWaitSeconds: number;
  readonly maxFailureWaitSeconds: number;
  readonly failureResetTimeSeconds: number;
}

/** The headers of a new realm. */
export const builtInHeaders: SecurityHeaders = {
  contentSecurityPolicy: "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
  contentSecurityPolicyReportOnly: "",
  referrerPolicy: "no-referrer",
  strictTransportSecurity: "max-age=31536000; includeSubDomains",
  xContentTypeOptions: "nosniff",
  xFrameOptions: "SAMEORIGIN",
  xRobotsTag: "none",
  xXssProtection: "1; mode=block",
};

/** The flow that the realm uses for each purpose, by alias. */
export interface RealmFlows {
  readonly browserFlow: string;
  readonly registrationFlow: string;
  readonly directGrantFlow: string;
  readonly resetCredentialsFlow: string;
  readonly clientAuthenticationFlow: string;
  readonly dockerAuthenticationFlow: string;
  readonly firstBrokerLoginFlow: string;
}

/** The flows of a new realm. */
export const builtInFlows: RealmFlows = {
  browserFlow: "browser",
  registrationFlow: "registration",
  directGrantFlow: "direct grant",
  resetCredentialsFlow: "reset credentials",
  clientAuthenticationFlow: "clients",
  dockerAuthenticationFlow: "docker auth",
  firstBrokerLoginFlow: "first broker login",
};

/** One step of a login flow as Keycloak lists it, deeper ones after the one that holds them. */
export interface LiveStep {
  readonly level: number;
  readonly requirement: string;
  /** Absent for a flow inside the flow. */
  readonly authenticator: string | undefined;
}

const oneTimePassword = "auth-otp-form";

/** Second factors that a login flow of this program does not know. */
const otherFactors = [
  "auth-recovery-authn-code-form",
  "auth-x509-client-username-form",
  "webauthn-authenticator",
  "webauthn-authenticator-passwordless",
];

/**
 * Whether a flow asks for more than Keycloak's own does: another factor, or a one-time password of everybody. Somebody
 * may have changed the steps of a flow that is still called `browser`.
 */
export function asksForMore(steps: readonly LiveStep[]): boolean {
  const isOn = (step: LiveStep) => step.requirement !== "DISABLED";
  const holders = (index: number) => {
    const inner: LiveStep[] = [];
    let level = steps[index]?.level ?? 0;
    for (const step of steps.slice(0, index).toReversed()) {
      if (step.level >= level) continue;
      inner.push(step);
      level = step.level;
    }
    return inner;
  };
  return steps.some((step, index) => {
    if (![step, ...holders(index)].every(isOn)) return false;
    if (otherFactors.includes(step.authenticator ?? "")) return true;
    return step.authenticator === oneTimePassword && holders(index)[0]?.requirement !== "CONDITIONAL";
  });
}

/** Attributes of a new realm (Keycloak 26). */
export const builtInAttributes: Readonly<Record<string, string>> = {
  cibaAuthRequestedUserHint: "login_hint",
  cibaBackchannelTokenDeliveryMode: "poll",
  cibaExpiresIn: "120",
  cibaInterval: "5",
  parRequestUriLifespan: "60",
};

/** Attributes that only repeat settings which the provider keeps by themselves. */
export const mirroredAttributes: readonly string[] = [
  "clientSessionIdleTimeout",
  "clientSessionMaxLifespan",
  "oauth2DeviceCodeLifespan",
  "oauth2DevicePollingInterval",
  "realmReusableOtpCode",
];

/** What is asked of a person, as Keycloak's declarative user profile has it. */
export interface UserProfile {
  readonly attributes: readonly ProfileAttribute[];
  readonly groups: readonly {
    readonly name: string;
    readonly displayHeader?: string;
    readonly displayDescription?: string;
    readonly annotations?: Readonly<Record<string, unknown>>;
  }[];
}

export interface ProfileAttribute {
  readonly name: string;
  readonly displayName?: string;
  readonly group?: string;
  readonly multivalued?: boolean;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly permissions?: { readonly view?: readonly string[]; readonly edit?: readonly string[] };
  readonly required?: { readonly roles?: readonly string[]; readonly scopes?: readonly string[] };
  readonly selector?: { readonly scopes?: readonly string[] };
  readonly validations?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const everybody = { view: ["admin", "user"], edit: ["admin", "user"] };
const short = { length: { max: 255 } };
const name = { ...short, "person-name-prohibited-characters": {} };

/** The profile of a new realm. */
const builtInProfile: UserProfile = {
  attributes: [
    {
      name: "username",
      displayName: "${username}",
      permissions: everybody,
      validations: {
        length: { min: 3, max: 255 },
        "username-prohibited-characters": {},
        "up-username-not-idn-homograph": {},
      },
    },
    {
      name: "email",
      displayName: "${email}",
      permissions: everybody,
      required: { roles: ["user"] },
      validations: { email: {}, ...short },
    },
    { name: "firstName", displayName: "${firstName}", permissions: everybody, validations: name },
    { name: "lastName", displayName: "${lastName}", permissions: everybody, validations: name },
  ],
  groups: [
    {
      name: "user-metadata",
      displayHeader: "User metadata",
      displayDescription: "Attributes, which refer to user metadata",
    },
  ],
};

/** The profile in which exactly these, beside username and e-mail address, have to be filled in by the user. */
export function profileRequiring(required: readonly string[], current: UserProfile = builtInProfile): UserProfile {
  const known = current.attributes.map((attribute) => attribute.name);
  return {
    groups: current.groups,
    attributes: [
      ...current.attributes.map((attribute) => {
        if (attribute.name === "username" || attribute.name === "email") return attribute;
        const { required: before, ...rest } = attribute;
        return required.includes(attribute.name) ? { ...rest, required: { ...before, roles: ["user"] } } : rest;
      }),
      ...required
        .filter((attribute) => !known.includes(attribute))
        .map((attribute) => ({
          name: attribute,
          displayName: attribute,
          permissions: everybody,
          required: { roles: ["user"] },
          validations: short,
        })),
    ],
  };
}
