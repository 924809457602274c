import { type FlowKind, missingInside, missingSteps, type PlacedStep, type Present, stepsAt } from "../loginSteps.ts";
import { at, entries, expectKeys, expectValue, list, shown, text, texts, unknown } from "../reading.ts";
import { type Finding, type Outcome, type Resource, resourceRule, stackRule } from "../rule.ts";
import { isEverybodysRole } from "../seeds.ts";
import {
  client,
  component,
  execution,
  executionConfig,
  flow,
  flowBindings,
  oidcProvider,
  samlProvider,
  subflow,
} from "../types.ts";
import { ledgerOf } from "./ledger.ts";

const { realm, identityProvider, application } = component;

interface Whole {
  readonly kind: FlowKind;
  readonly alias: string;
  /** The application or identity provider that it is for. */
  readonly of: string;
}

/** What a login flow is, by its name and what it is part of. */
function wholeOf(name: string, within: string | undefined): Whole | undefined {
  const kinds: readonly (readonly [within: string, end: string, kind: FlowKind, alias: string])[] = [
    [realm, "-browser", "browser", "browser"],
    [realm, "-direct-grant", "directGrant", "direct grant"],
    [realm, "-reset-credentials", "resetCredentials", "reset credentials"],
    [identityProvider, "-first-login", "firstLogin", "first login <>"],
    [identityProvider, "-after-login", "afterLogin", "after login <>"],
    [application, "-login", "application", "application <>"],
  ];
  const found = kinds.find(([type, end]) => type === within && name.endsWith(end));
  if (!found) return undefined;
  const [, end, kind, alias] = found;
  const of = name.slice(0, -end.length);
  return { kind, alias: `prokube-access ${alias.replace("<>", of)}`, of };
}

/**
 * One step of another kind lets somebody in without a password, or as somebody else: a link to an account without
 * proof, a step that is switched off, an entrance without its condition.
 */
export const loginSteps = resourceRule(
  {
    name: "login-steps",
    description: "A login flow has only steps that the program makes, each where it belongs and none switched off.",
    severity: "critical",
    remedy:
      "Flows follow from authentication, identity providers and allow:; a new step goes into policy/loginSteps.ts.",
    types: [flow, subflow, execution, executionConfig],
  },
  (resource) => {
    const { name, type, parent } = resource;
    const whole = parent && wholeOf(parent.name, parent.within);
    if (!whole) return [`it is part of ${shown(parent?.name)}, which is no login flow of this program`];
    if (type === flow) {
      return [
        ...(name === `${parent.name}-flow` ? [] : ["it is a second flow of its component"]),
        ...expectValue(resource.props, ["alias"], [whole.alias]),
        ...expectValue(resource.props, ["providerId"], [undefined, "basic-flow"]),
      ];
    }
    const isConfig = type === executionConfig;
    const path = name.slice(parent.name.length + 1, isConfig ? -"-config".length : undefined);
    const isOwn = name === `${parent.name}-${path}${isConfig ? "-config" : ""}`;
    const places = isOwn
      ? stepsAt(whole.kind, path).filter(({ step }) => (step.authenticator === undefined) === (type === subflow))
      : [];
    const [first = ["it is no step of such a login flow"], ...others] = places.map((place) =>
      isConfig ? configFindings(resource, place, whole) : stepFindings(resource, place, whole),
    );
    return others.some((findings) => findings.length === 0) ? [] : first;
  },
);

function stepFindings({ type, name, props, parent }: Resource, { step, above }: PlacedStep, whole: Whole): string[] {
  const over = above === "" ? whole.alias : `prokube-access ${parent?.name ?? ""}-${above}`;
  return [
    ...expectValue(props, ["requirement"], [step.requirement]),
    ...(step.priority === undefined ? [] : expectValue(props, ["priority"], [step.priority])),
    // Of a flow that is made in this update it is looked at again when that is there.
    ...(at(props, "parentFlowAlias") === unknown ? [] : expectValue(props, ["parentFlowAlias"], [over])),
    ...(type === subflow
      ? [
          ...expectValue(props, ["alias"], [`prokube-access ${name}`]),
          ...expectValue(props, ["providerId"], [undefined, "basic-flow"]),
          ...expectValue(props, ["authenticator"], [undefined, ""]),
        ]
      : expectValue(props, ["authenticator"], [step.authenticator])),
  ];
}

function configFindings({ name, props }: Resource, { step, parts }: PlacedStep, { of }: Whole): string[] {
  const known: Readonly<Record<string, string>> = {
    application: parts["application"] ?? of,
    // Keycloak allows no colon in a flow's name.
    role: parts["role"]?.replaceAll("~", ":") ?? "",
  };
  const role = text(props, "config", "condUserRole");
  return [
    ...expectValue(props, ["alias"], [name.slice(0, -"-config".length)]),
    ...expectKeys(props, ["config"], Object.keys(step.config ?? {})),
    ...Object.entries(step.config ?? {}).flatMap(([key, value]) =>
      value === undefined
        ? []
        : // A key with dots in it is one key.
          expectValue(props, ["config", key], [value.replace(/<(\w+)>/, (_, part: string) => known[part] ?? "")]),
    ),
    ...(role !== undefined && isEverybodysRole(role) ? [`it lets in whoever has ${shown(role)}`] : []),
  ];
}

/** Bound to another flow, the realm asks for what somebody else thought of. */
export const boundFlows = resourceRule(
  {
    name: "bound-flows",
    description: "The realm uses the program's login flows, Keycloak's own, or those that the configuration names.",
    severity: "critical",
    remedy: 'A flow that others made goes into "flows" of bound-flows in policy/<stack>.json, in a review of its own.',
    types: [flowBindings],
    config: {
      schema: {
        properties: {
          flows: {
            type: "array",
            items: { type: "string" },
            description: "Aliases of login flows that others made and the realm may use.",
          },
        },
      },
      defaults: { flows: [] as readonly string[] },
    },
  },
  ({ props }, { flows }) => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      browserFlow: ["browser", "prokube-access browser"],
      registrationFlow: ["registration"],
      directGrantFlow: ["direct grant", "prokube-access direct grant"],
      resetCredentialsFlow: ["reset credentials", "prokube-access reset credentials"],
      clientAuthenticationFlow: ["clients"],
      dockerAuthenticationFlow: ["docker auth"],
      firstBrokerLoginFlow: ["first broker login"],
    };
    return Object.entries(allowed).flatMap(([purpose, own]) =>
      // One that is made in this update is looked at again when it is there.
      at(props, purpose) === unknown ? [] : expectValue(props, [purpose], [...own, ...flows]),
    );
  },
);

/** A flow in which a step is missing asks for less: that cannot be seen at the steps that are there. */
export const wholeLogins = stackRule(
  {
    name: "whole-logins",
    description: "No step of a login flow is missing.",
    severity: "critical",
    remedy: "Flows follow from the files; what each must have is in policy/loginSteps.ts.",
  },
  (resources) =>
    resources
      .filter(({ type }) => type === component.loginFlow)
      .flatMap((one): Finding[] => {
        const whole = wholeOf(one.name, one.parent?.type);
        if (!whole) return [{ of: one, what: "it is no login flow of this program" }];
        const present = stepsOf(one, resources);
        return [
          ...missingSteps(whole.kind, present).map((path) => ({ of: one, what: `it lacks the step ${path}` })),
          ...unconfigured(one, whole.kind, present, resources),
        ];
      }),
);

function stepsOf(whole: Outcome, resources: readonly Outcome[]): Present {
  const steps = resources.filter(({ type, parent }) => parent === whole && [execution, subflow].includes(type));
  return new Map(steps.map(({ name, type }) => [name.slice(whole.name.length + 1), type === subflow]));
}

/** A condition without its configuration is not the condition that it is named after. */
function unconfigured(whole: Outcome, kind: FlowKind, present: Present, resources: readonly Outcome[]): Finding[] {
  return [...present.keys()]
    .filter((path) => {
      const places = stepsAt(kind, path).filter(({ step }) => (step.steps !== undefined) === present.get(path));
      return places.length > 0 && places.every(({ step }) => step.config !== undefined);
    })
    .flatMap((path): Finding[] => {
      const name = `${whole.name}-${path}`;
      const config = resources.find((one) => one.parent === whole && one.name === `${name}-config`);
      const isFor = (config?.madeFrom["executionId"] ?? []).some((one) => one.parent === whole && one.name === name);
      return isFor ? [] : [{ of: whole, what: `its step ${path} has no configuration` }];
    });
}

/** Who may log in stands in the ledger; without a gate everybody with an account may. */
export const gatedApplications = stackRule(
  {
    name: "gated-applications",
    description: "Logins to an application with allow: go through its gate, also those by an identity provider.",
    severity: "critical",
    remedy: "Gates follow from allow: in the application's file.",
  },
  (resources) =>
    entries(at(ledgerOf(resources)?.props, "input", "applications")).flatMap(([name, facts]): Finding[] => {
      if (text(facts, "auth") !== "keycloak") return [];
      const own = resources.find((one) => one.type === application && one.name === name);
      const made = resources.find((one) => one.type === client && one.parent?.urn === own?.urn && own !== undefined);
      if (!own || !made) return [{ what: `application ${name} of the ledger has no client` }];
      const override = at(made.props, "authenticationFlowBindingOverrides", "browserId");
      const bound = isSet(override) ? flowsIn(made, "authenticationFlowBindingOverrides") : [];
      if (at(facts, "allow") === undefined) {
        return bound.length === 0
          ? []
          : [{ of: made, what: "it has a login flow, and the ledger says it is open to all" }];
      }
      const providers = resources.filter((one) => one.type === identityProvider);
      return [
        ...gateFindings(own, "application", "gate", `${name}-login`, bound, facts, resources),
        ...providers.flatMap((provider) => {
          const path = `application-${name}-gate`;
          const after = resources.find(
            (one) => one.parent === provider && [oidcProvider, samlProvider].includes(one.type),
          );
          const alias = at(after?.props, "postBrokerLoginFlowAlias");
          const flows = after && isSet(alias) ? flowsIn(after, "postBrokerLoginFlowAlias") : [];
          return gateFindings(provider, "afterLogin", path, `${provider.name}-after-login`, flows, facts, resources);
        }),
      ];
    }),
);

const isSet = (value: unknown) => value !== undefined && value !== null && value !== "";

/** The whole flows that a property is made from. */
function flowsIn({ madeFrom }: Outcome, property: string): Outcome[] {
  return (madeFrom[property] ?? []).flatMap(({ type, parent }) => (type === flow && parent ? [parent] : []));
}

function gateFindings(
  of: Outcome,
  kind: FlowKind,
  path: string,
  flowName: string,
  bound: readonly Outcome[],
  facts: unknown,
  resources: readonly Outcome[],
): Finding[] {
  const whole = bound.find((one) => one.name === flowName && one.parent === of);
  if (!whole) return [{ of, what: `its logins do not go through ${flowName}` }];
  const present = stepsOf(whole, resources);
  const entrance = `${path}-allowed-`;
  const wanted = [
    ...((list(facts, "allow", "groups") ?? []).length > 0 ? ["members"] : []),
    ...texts(facts, "allow", "roles").map((role) => `role-${role.replaceAll(":", "~")}`),
  ].map((name) => entrance + name);
  const outer = kind === "afterLogin" ? path.replace(/-gate$/, "") : path;
  const found = [...present.keys()].filter((one) => one.startsWith(entrance) && present.get(one) === true);
  return [
    ...missingInside(kind, outer, present).map((one) => ({ of: whole, what: `it lacks the step ${one}` })),
    ...wanted.flatMap((one) =>
      missingInside(kind, one, present).map((lacking) => ({ of: whole, what: `it lacks the step ${lacking}` })),
    ),
    ...found
      .filter((one) => !wanted.includes(one))
      .map((one) => ({ of: whole, what: `${one} lets in whom the ledger does not say` })),
  ];
}
