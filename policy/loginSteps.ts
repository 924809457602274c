/**
 * Login flows as the program makes them, stated a second time: which steps, in which order, with what they need. A step
 * is called by its path, such as `password-otp`, and has the flow that is one word shorter above it.
 */
export interface Step {
  /** Its name in its flow, as a pattern. */
  readonly name: string;
  readonly requirement: "REQUIRED" | "ALTERNATIVE" | "CONDITIONAL";
  /** Absent where others of its kind come before it. */
  readonly priority?: number;
  /** What looks at the person; absent for a flow inside the flow. */
  readonly authenticator?: string;
  /** Values that it is configured with, where `<name>` stands for a part of its path; undefined for any text. */
  readonly config?: Readonly<Record<string, string | undefined>>;
  /** What may be inside it: one of these lists, complete. */
  readonly steps?: readonly (readonly Step[])[];
  /** Whether there may be any number of such. */
  readonly isRepeated?: true;
}

/** Flows by what they are for. */
export type FlowKind = "browser" | "directGrant" | "resetCredentials" | "firstLogin" | "afterLogin" | "application";

const step = (
  name: string,
  requirement: Step["requirement"],
  priority: number,
  authenticator: string,
  config?: Step["config"],
): Step => ({ name, requirement, priority, authenticator, ...(config && { config }) });

const inner = (
  name: string,
  requirement: Step["requirement"],
  priority: number,
  ...steps: readonly (readonly Step[])[]
): Step => ({ name, requirement, priority, steps });

/** Who has set up a one-time password. */
const owners = (authenticator: string, priority: number): Step =>
  inner("otp", "CONDITIONAL", priority, [
    step("has-set-up", "REQUIRED", 10, "conditional-user-configured"),
    step("otp", "REQUIRED", 20, authenticator),
  ]);

const holdersAndOwners = (authenticator: string, priority: number): Step[] => {
  const role = (negate: string) => ({ condUserRole: "prokube-access:otp", negate });
  return [
    inner("administrators", "CONDITIONAL", priority, [
      step("administrator", "REQUIRED", 10, "conditional-user-role", role("false")),
      step("otp", "REQUIRED", 20, authenticator),
    ]),
    inner("others", "CONDITIONAL", priority + 10, [
      step("no-administrator", "REQUIRED", 10, "conditional-user-role", role("true")),
      step("has-set-up", "REQUIRED", 20, "conditional-user-configured"),
      step("otp", "REQUIRED", 30, authenticator),
    ]),
  ];
};

const form = step("form", "REQUIRED", 10, "auth-username-password-form");
const browser: readonly Step[] = [
  step("cookie", "ALTERNATIVE", 10, "auth-cookie"),
  step("identity-providers", "ALTERNATIVE", 20, "identity-provider-redirector"),
  inner(
    "password",
    "ALTERNATIVE",
    30,
    [form, step("otp", "REQUIRED", 20, "auth-otp-form")],
    [form, owners("auth-otp-form", 20)],
    [form, ...holdersAndOwners("auth-otp-form", 20)],
  ),
];

const validated = [
  step("username", "REQUIRED", 10, "direct-grant-validate-username"),
  step("password", "REQUIRED", 20, "direct-grant-validate-password"),
];

/** Without a condition on a role everybody would enter, and without the refusal whoever did not. */
const gate = (priority: number): Step => {
  const entrance = (name: string, condUserRole: string): Step => ({
    name,
    requirement: "CONDITIONAL",
    steps: [
      [
        step("role", "REQUIRED", 10, "conditional-user-role", { condUserRole, negate: "false" }),
        step("enter", "REQUIRED", 20, "allow-access-authenticator"),
      ],
    ],
    isRepeated: true,
  });
  const entrances = [
    entrance("members", "prokube-access:application:<application>"),
    entrance("role-(?<role>[a-z0-9._~-]+)", "<role>"),
  ];
  return inner("gate", "REQUIRED", priority, [
    inner("allowed", "ALTERNATIVE", 10, entrances),
    step("refuse", "ALTERNATIVE", 20, "deny-access-authenticator", { denyErrorMessage: undefined }),
  ]);
};

const gateByScope: Step = {
  name: "application-(?<application>[a-z0-9-]+)",
  requirement: "CONDITIONAL",
  steps: [
    [
      step("scope", "REQUIRED", 10, "conditional-client-scope", {
        client_scope: "prokube-access-<application>",
        negate: "false",
      }),
      gate(20),
    ],
  ],
  isRepeated: true,
};

const proofs = (priority: number): readonly Step[] => [
  step("link", "REQUIRED", priority, "idp-auto-link"),
  inner("proof", "REQUIRED", priority, [
    step("mail", "ALTERNATIVE", 10, "idp-email-verification"),
    inner("password", "ALTERNATIVE", 20, [
      step("form", "REQUIRED", 10, "idp-username-password-form"),
      owners("auth-otp-form", 20),
    ]),
  ]),
];
const review = step("profile", "REQUIRED", 10, "idp-review-profile", { "update.profile.on.first.login": "missing" });
const found = step("find", "REQUIRED", 20, "idp-detect-existing-broker-user");
const account = inner("account", "REQUIRED", 20, [
  step("create", "ALTERNATIVE", 10, "idp-create-user-if-unique", {
    "require.password.update.after.registration": "false",
  }),
  inner("link", "ALTERNATIVE", 20, ...proofs(10).map((proof) => [proof])),
]);

/** What each kind of flow may consist of: one of these lists. */
export const loginFlows: Readonly<Record<FlowKind, readonly (readonly Step[])[]>> = {
  browser: [browser],
  directGrant: [
    [...validated, step("otp", "REQUIRED", 30, "direct-grant-validate-otp")],
    [...validated, ...holdersAndOwners("direct-grant-validate-otp", 30)],
  ],
  resetCredentials: [
    [
      step("user", "REQUIRED", 10, "reset-credentials-choose-user"),
      step("mail", "REQUIRED", 20, "reset-credential-email", { "force-login": "true" }),
      step("password", "REQUIRED", 30, "reset-password"),
      owners("reset-otp", 40),
    ],
  ],
  firstLogin: [[review, account], ...proofs(30).map((proof) => [review, found, proof])],
  afterLogin: [
    [step("otp", "REQUIRED", 10, "auth-otp-form"), gateByScope],
    [step("pass", "REQUIRED", 10, "allow-access-authenticator"), gateByScope],
  ],
  application: [[inner("login", "REQUIRED", 10, browser), gate(20)]],
};

/** A step with its path. */
export interface PlacedStep {
  readonly step: Step;
  /** Path of the flow that it is in; empty for the whole one. */
  readonly above: string;
  /** Parts of the path that have a name. */
  readonly parts: Readonly<Record<string, string>>;
}

/** The steps that a path can mean in a flow of a kind. */
export function stepsAt(kind: FlowKind, path: string): PlacedStep[] {
  return (patterns.get(kind) ?? []).flatMap(({ step, pattern }) => {
    const match = pattern.exec(path);
    return match ? [{ step, above: match.groups?.["above"] ?? "", parts: { ...match.groups } }] : [];
  });
}

function patternsOf(
  lists: readonly (readonly Step[])[],
  above: string,
): { readonly step: Step; readonly pattern: RegExp }[] {
  return lists.flat().flatMap((one) => {
    const pattern = above === "" ? new RegExp(`^${one.name}$`) : new RegExp(`^(?<above>${above})-${one.name}$`);
    const path = above === "" ? one.name : `${above}-${one.name}`;
    return [{ step: one, pattern }, ...patternsOf(one.steps ?? [], path)];
  });
}

const patterns = new Map(
  Object.entries(loginFlows).map(([kind, lists]) => [kind as FlowKind, patternsOf(lists, "")] as const),
);

/** The steps of a flow by their paths, and whether each is a flow inside it. */
export type Present = ReadonlyMap<string, boolean>;

/** What a flow of a kind lacks, as paths; nothing where all is there. */
export function missingSteps(kind: FlowKind, present: Present): string[] {
  return missingIn(loginFlows[kind], "", present);
}

/** The same for what is inside one of its steps, which is missing itself where it is not there. */
export function missingInside(kind: FlowKind, path: string, present: Present): string[] {
  if (present.get(path) !== true) return [path];
  return missingIn(
    stepsAt(kind, path).flatMap(({ step: { steps } }) => steps ?? []),
    path,
    present,
  );
}

/** Of the lists that a flow can consist of, the one that it is most like. */
function missingIn(lists: readonly (readonly Step[])[], above: string, present: Present): string[] {
  const tried = lists.map((steps) => ({
    missing: steps.flatMap((one) => missingOf(one, above, present)),
    alike: steps.filter((one) => stepsCalled(one, above, present).length > 0).length,
  }));
  if (tried.some(({ missing }) => missing.length === 0)) return [];
  const [best] = tried.toSorted((a, b) => b.alike - a.alike || a.missing.length - b.missing.length);
  return best?.missing ?? [];
}

function stepsCalled({ name, steps }: Step, above: string, present: Present): string[] {
  const prefix = above === "" ? "" : `${above}-`;
  const pattern = new RegExp(`^${name}$`);
  return [...present]
    .filter(([path, isFlow]) => path.startsWith(prefix) && isFlow === (steps !== undefined))
    .map(([path]) => path)
    .filter((path) => pattern.test(path.slice(prefix.length)));
}

function missingOf(step: Step, above: string, present: Present): string[] {
  const { name, steps, isRepeated } = step;
  const here = stepsCalled(step, above, present);
  if (here.length === 0) return isRepeated ? [] : [above === "" ? name : `${above}-${name}`];
  if (!steps) return [];
  const inside = patternsOf(steps, "");
  const isInside = (path: string, one: string) =>
    path.startsWith(`${one}-`) && inside.some(({ pattern }) => pattern.test(path.slice(one.length + 1)));
  const flows = here.filter((path) => !here.some((one) => isInside(path, one)));
  return flows.flatMap((path) => missingIn(steps, path, present));
}
