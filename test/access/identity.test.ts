import assert from "node:assert/strict";
import { test } from "node:test";
import { goDuration, parseDuration } from "../../access/duration.ts";
import {
  afterLoginFlow,
  firstLoginFlow,
  type FlowStep,
  flowBindings,
  loginFlows,
  neededSecrets,
} from "../../access/identity.ts";
import { type IdentityProvider, identityProviderSchema } from "../../access/identityProviderSchema.ts";
import { asksForMore, type LiveStep, profileRequiring } from "../../access/liveRealm.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { desired, soundFiles } from "./support.ts";

const planOf = (platform: string, files: Readonly<Record<string, string>> = {}): Plan =>
  resolve(desired({ "platform.yaml": `${soundFiles["platform.yaml"] ?? ""}${platform}\n`, ...files }), "2026-11-23");

const provider = (more: Readonly<Record<string, unknown>> = {}): IdentityProvider =>
  identityProviderSchema.parse({
    name: "corp",
    type: "oidc",
    issuer: "https://id.example.com",
    authorizationUrl: "https://id.example.com/auth",
    tokenUrl: "https://id.example.com/token",
    jwksUrl: "https://id.example.com/keys",
    clientId: "prokube",
    ...more,
  });

/** Steps as an outline: requirement and what is done. */
const outline = (steps: readonly FlowStep[]): unknown[] =>
  steps.map((step) =>
    "steps" in step
      ? { [`${step.requirement} ${step.step}`]: outline(step.steps) }
      : `${step.requirement} ${step.authenticator}`,
  );

test("flows are left alone, Keycloak's own, or ours for the browser and for passwords alone", () => {
  assert.deepEqual([loginFlows(planOf("")), flowBindings(planOf(""), false)], [[], undefined]);
  const conditional = planOf("realmManagement: settings\nauthentication: { otp: conditional }");
  assert.deepEqual(
    [loginFlows(conditional), flowBindings(conditional, false)],
    [[], { browserFlow: "browser", directGrantFlow: "direct grant" }],
  );
  const required = planOf("realmManagement: settings\nauthentication: { otp: required }");
  assert.deepEqual(
    loginFlows(required).map(({ alias, steps }) => [alias, outline(steps)]),
    [
      [
        "prokube-access browser",
        [
          "ALTERNATIVE auth-cookie",
          "ALTERNATIVE identity-provider-redirector",
          { "ALTERNATIVE password": ["REQUIRED auth-username-password-form", "REQUIRED auth-otp-form"] },
        ],
      ],
      [
        "prokube-access direct grant",
        [
          "REQUIRED direct-grant-validate-username",
          "REQUIRED direct-grant-validate-password",
          "REQUIRED direct-grant-validate-otp",
        ],
      ],
    ],
  );
});

test("an account of the same address is proven by a mail or by its password, second factor included", () => {
  const [, account] = outline(firstLoginFlow(provider()).steps);
  assert.deepEqual(account, {
    "REQUIRED account": [
      "ALTERNATIVE idp-create-user-if-unique",
      {
        "ALTERNATIVE link": [
          {
            "REQUIRED proof": [
              "ALTERNATIVE idp-email-verification",
              {
                "ALTERNATIVE password": [
                  "REQUIRED idp-username-password-form",
                  { "CONDITIONAL otp": ["REQUIRED conditional-user-configured", "REQUIRED auth-otp-form"] },
                ],
              },
            ],
          },
        ],
      },
    ],
  });
});

test("unknownUsers: refuse makes no account, and trusted asks for no proof", () => {
  const steps = outline(
    firstLoginFlow(provider({ unknownUsers: "refuse", linkAccounts: "trusted", trustEmail: true })).steps,
  );
  assert.deepEqual(steps, [
    "REQUIRED idp-review-profile",
    "REQUIRED idp-detect-existing-broker-user",
    "REQUIRED idp-auto-link",
  ]);
  assert.equal(afterLoginFlow(provider(), planOf("")), undefined);
  const asked = afterLoginFlow(provider({ requireOtp: true }), planOf(""));
  assert.deepEqual(outline(asked?.steps ?? []), ["REQUIRED auth-otp-form"]);
});

test("secrets are asked for by name, each provider's and directory's its own", () => {
  const plan = planOf(
    "realmManagement: settings\nrealmSettings: { mail: { host: mail.example.com, from: k@example.com, username: mailer } }",
    {
      "directories/staff.yaml":
        'name: staff\nurl: ldaps://ldap.example.com\nbindDn: "cn=reader,dc=example"\nusersDn: "ou=people,dc=example"\n',
      "identity-providers/corp.yaml":
        "name: corp\ntype: oidc\nissuer: https://id.example.com\nauthorizationUrl: https://id.example.com/auth\ntokenUrl: https://id.example.com/token\njwksUrl: https://id.example.com/keys\nclientId: prokube\n",
      "identity-providers/hub.yaml":
        "name: hub\ntype: oauth2\nauthorizationUrl: https://id.example.com/auth\ntokenUrl: https://id.example.com/token\nuserInfoUrl: https://id.example.com/me\nclientId: prokube\nclientSecretName: hubSecret\n",
    },
  );
  assert.deepEqual(
    neededSecrets(plan).map(({ name }) => name),
    ["smtpPassword", "staff-bind-password", "corp-client-secret", "hubSecret"],
  );
});

test("required attributes are added to the profile, and nothing else of it changes", () => {
  const current = {
    groups: [],
    attributes: [
      { name: "username" },
      { name: "email", required: { roles: ["user"] } },
      { name: "lastName", required: { roles: ["user", "admin"], scopes: ["profile"] }, annotations: { kept: "yes" } },
      { name: "room", multivalued: true },
    ],
  };
  const { attributes } = profileRequiring(["room", "team"], current);
  assert.deepEqual(attributes, [
    { name: "username" },
    { name: "email", required: { roles: ["user"] } },
    { name: "lastName", annotations: { kept: "yes" } },
    { name: "room", multivalued: true, required: { roles: ["user"] } },
    {
      name: "team",
      displayName: "team",
      permissions: { view: ["admin", "user"], edit: ["admin", "user"] },
      required: { roles: ["user"] },
      validations: { length: { max: 255 } },
    },
  ]);
});

test("durations are read as written and told as the provider tells them", () => {
  assert.deepEqual(["90s", "30m", "12h", "30d", "0s", "1.5h", "h", "12", " 1h"].map(parseDuration), [
    90,
    1800,
    43_200,
    2_592_000,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual([59, 60, 3600, 3661, 43_200].map(goDuration), ["59s", "1m0s", "1h0m0s", "1h1m1s", "12h0m0s"]);
});

const mapped = {
  "directories/staff.yaml":
    'name: staff\nurl: ldaps://ldap.example.com\nbindDn: "cn=reader,dc=example"\nusersDn: "ou=people,dc=example"\ngroups: { dn: "ou=groups,dc=example" }\n',
  "groups/guests.yaml": "name: guests\nmembers: [bob]\nfrom: [{ directory: staff, group: ML Users }]\n",
  "workspaces/team-b.yaml": "name: team-b\nmembers: [{ group: guests, role: view }]\n",
};
const membersSeen = (...people: readonly (readonly [username: string, email: string])[]) =>
  resolve(
    desired(mapped),
    "2026-11-23",
    people.map(([username, email]) => ({ group: "guests", username, email })),
  );
const contributorsOf = (plan: Plan) =>
  plan.workspaces.find(({ name }) => name === "team-b")?.contributors.map(({ email }) => email);

test("who is in a group there gets bindings of their own, and no realm role by name", () => {
  const plan = membersSeen(["lena", "lena@example.com"]);
  assert.deepEqual(contributorsOf(plan), ["bob@example.com", "lena@example.com"]);
  assert.deepEqual(
    plan.users.map(({ username }) => username),
    ["alice", "bob"],
  );
});

test("somebody written down who is in the group there too gets it under the written address", () => {
  assert.deepEqual(contributorsOf(membersSeen(["alice", "else@example.com"])), [
    "alice@example.com",
    "bob@example.com",
  ]);
});

test("nobody comes from there under a written person's address, the owner's, or one that means others", () => {
  const plan = membersSeen(
    ["other", "alice@example.com"],
    ["owner", "admin@example.com"],
    ["star", "*@example.com"],
    ["Caps", "Caps@example.com"],
  );
  assert.deepEqual(contributorsOf(plan), ["bob@example.com"]);
});

test("two whom Kubeflow cannot tell apart get no binding, and a written one keeps theirs", () => {
  assert.deepEqual(contributorsOf(membersSeen(["one", "a.b@example.com"], ["two", "a-b@example.com"])), [
    "bob@example.com",
  ]);
  assert.deepEqual(contributorsOf(membersSeen(["two", "b-ob@example.com"], ["three", "bob@example-com.example.com"])), [
    "bob@example.com",
    "bob@example-com.example.com",
    "b-ob@example.com",
  ]);
});

test("a browser flow asks for more when somebody made it, and not as Keycloak has it", () => {
  const step = (level: number, requirement: string, authenticator?: string): LiveStep => ({
    level,
    requirement,
    authenticator,
  });
  const flow = (factors: string, otp: string, webauthn: string) => [
    step(0, "ALTERNATIVE", "auth-cookie"),
    step(0, "DISABLED", "auth-spnego"),
    step(0, "ALTERNATIVE", "identity-provider-redirector"),
    step(0, "ALTERNATIVE"),
    step(1, "REQUIRED", "auth-username-password-form"),
    step(1, factors),
    step(2, "REQUIRED", "conditional-user-configured"),
    step(2, otp, "auth-otp-form"),
    step(2, webauthn, "webauthn-authenticator"),
  ];
  // Keycloak 26 and, with the step REQUIRED inside the condition, earlier ones.
  assert.equal(asksForMore(flow("CONDITIONAL", "ALTERNATIVE", "DISABLED")), false);
  assert.equal(asksForMore(flow("CONDITIONAL", "REQUIRED", "DISABLED")), false);
  assert.equal(asksForMore(flow("DISABLED", "REQUIRED", "REQUIRED")), false);
  assert.equal(asksForMore(flow("REQUIRED", "REQUIRED", "DISABLED")), true);
  assert.equal(asksForMore(flow("CONDITIONAL", "ALTERNATIVE", "ALTERNATIVE")), true);
  assert.equal(asksForMore([step(0, "REQUIRED", "auth-otp-form")]), true);
});
