import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  afterLoginFlow,
  applicationFlow,
  firstLoginFlow,
  gatedApplications,
  type LoginFlow,
  loginFlows as plannedFlows,
  resetFlow,
} from "../../access/identity.ts";
import { type FlowKind, loginFlows, missingInside, missingSteps, type Step, stepsAt } from "../../policy/loginSteps.ts";
import { planOf } from "./plan.ts";

interface Made {
  readonly path: string;
  readonly requirement: string;
  readonly priority: number;
  readonly authenticator: string | undefined;
  readonly config: Readonly<Record<string, string>> | undefined;
}

/** The steps of a flow, called as components/loginFlow.ts calls them. */
function made(steps: LoginFlow["steps"], above = ""): Made[] {
  return steps.flatMap((one, index) => {
    const path = above + one.step.replaceAll(" ", "-");
    const isFlow = "steps" in one;
    const { requirement } = one;
    return [
      {
        path,
        requirement,
        priority: (index + 1) * 10,
        authenticator: isFlow ? undefined : one.authenticator,
        config: isFlow ? undefined : one.config,
      },
      ...(isFlow ? made(one.steps, `${path}-`) : []),
    ];
  });
}

const present = (steps: readonly Made[]) =>
  new Map(steps.map(({ path, authenticator }) => [path, authenticator === undefined]));

const isAlike = (one: Made) => (step: Step) =>
  step.requirement === one.requirement &&
  step.authenticator === one.authenticator &&
  (step.priority ?? one.priority) === one.priority &&
  Object.keys(step.config ?? {}).join() === Object.keys(one.config ?? {}).join();

function fits(kind: FlowKind, flow: LoginFlow): void {
  const steps = made(flow.steps);
  assert.ok(steps.length > 0);
  assert.deepEqual(missingSteps(kind, present(steps)), [], flow.alias);
  for (const one of steps) {
    const known = stepsAt(kind, one.path).filter(({ step }) => isAlike(one)(step));
    assert.ok(known.length > 0, `${flow.alias}: ${JSON.stringify(one)}`);
    // Of entrances and gates there may be any number.
    if (known.some(({ step }) => step.isRepeated)) continue;
    const others = steps.filter(({ path }) => path !== one.path && !path.startsWith(`${one.path}-`));
    assert.notDeepEqual(missingSteps(kind, present(others)), [], `${flow.alias} without ${one.path}`);
  }
}

suite("every login flow that the files can ask for is known, and none of its steps may be missing", () => {
  for (const otp of [undefined, "conditional", "required", "admins"] as const) {
    test(`of the realm and of applications, one-time passwords: ${otp ?? "left alone"}`, () => {
      const plan = planOf(otp);
      const [browser, directGrant] = plannedFlows(plan);
      if (browser) fits("browser", browser);
      if (directGrant) fits("directGrant", directGrant);
      assert.equal(browser === undefined, otp === undefined || otp === "conditional");
      const applications = gatedApplications(plan);
      assert.equal(applications.length, 3);
      for (const application of applications) fits("application", applicationFlow(plan, application));
      assert.ok(plan.identityProviders.length > 0);
      for (const provider of plan.identityProviders) {
        const after = afterLoginFlow(provider, plan);
        assert.ok(after);
        fits("afterLogin", after);
        for (const { name } of applications) {
          assert.deepEqual(missingInside("afterLogin", `application-${name}`, present(made(after.steps))), []);
        }
      }
    });
  }
  test("of identity providers", () => {
    for (const provider of planOf(undefined).identityProviders) fits("firstLogin", firstLoginFlow(provider));
  });
  test("for a new password", () => {
    fits("resetCredentials", resetFlow);
  });
});

test("a step is known in its own kind of flow only", () => {
  assert.deepEqual(stepsAt("browser", "pass"), []);
  assert.deepEqual(stepsAt("browser", "password-form-x"), []);
  assert.deepEqual(stepsAt("browser", ""), []);
  assert.deepEqual(stepsAt("application", "cookie"), []);
  assert.equal(stepsAt("application", "login-cookie")[0]?.above, "login");
  assert.deepEqual(missingInside("application", "gate", new Map()), ["gate"]);
  assert.deepEqual(missingInside("application", "gate", new Map([["gate", false]])), ["gate"]);
});

test("no step that the pack knows lets anybody in without a condition, but where another factor has been asked", () => {
  const entrances = Object.entries(loginFlows).flatMap(([kind, lists]) =>
    lists
      .flatMap((steps) => steps.filter(({ authenticator }) => authenticator === "allow-access-authenticator"))
      .map(() => kind),
  );
  assert.deepEqual(entrances, ["afterLogin"]);
});
