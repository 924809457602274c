import type {
  PolicyConfigSchema,
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  Severity,
  StackValidationPolicy,
} from "@pulumi/policy";
import { plain } from "./reading.ts";

/** A component that a resource belongs to, or the stack. */
export interface Parent {
  readonly type: string;
  readonly name: string;
  /** Type of the component that this one is part of; absent for one of the stack itself. */
  readonly within?: string;
}

/** A resource as a rule sees it before anything is done: what it is to be. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly props: unknown;
  /** Absent for the stack itself, and for providers that Pulumi adds. */
  readonly parent: Parent | undefined;
  readonly stack: string;
  readonly options: Pick<ResourceValidationArgs["opts"], "aliases" | "deleteBeforeReplace" | "ignoreChanges">;
  readonly provider: Parent | undefined;
}

/** A resource as a rule sees it at the end: what it is, or will be as far as a preview knows. */
export interface Outcome {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly props: unknown;
  readonly parent: Outcome | undefined;
  /** What each property is made from. */
  readonly madeFrom: Readonly<Record<string, readonly Outcome[]>>;
}

interface About<Config> {
  readonly name: string;
  readonly description: string;
  readonly severity: Severity;
  /** What to do about a finding. */
  readonly remedy: string;
  /** What the environment's configuration may say, and what holds where it says nothing. */
  readonly config?: { readonly schema: PolicyConfigSchema; readonly defaults: Config };
}

/**
 * A rule about single resources, looked at before anything is done to them.
 *
 * @param types the resource types that it is about; all when absent
 * @param check what is wrong with one, a sentence each
 */
export function resourceRule<Config extends object>(
  { types, ...about }: About<Config> & { readonly types?: readonly string[] },
  check: (resource: Resource, config: Config) => readonly string[],
): ResourceValidationPolicy {
  return {
    ...described(about),
    validateResource: (args, report) => {
      if (types && !types.includes(args.type)) return;
      for (const finding of check(resourceOf(args), configOf(about, args.getConfig()))) {
        report(message(args, finding, about.remedy));
      }
    },
  };
}

/** A finding about one of the stack's resources, or about all of it. */
export interface Finding {
  readonly of?: Outcome;
  readonly what: string;
}

/** A rule about the stack as a whole, looked at when a preview or an update is through. */
export function stackRule<Config extends object>(
  about: About<Config>,
  check: (resources: readonly Outcome[], config: Config) => readonly Finding[],
): StackValidationPolicy {
  return {
    ...described(about),
    validateStack: (args, report) => {
      const findings = check(outcomesOf(args.resources), configOf(about, args.getConfig()));
      for (const { of, what } of findings) {
        if (of) report(message(of, what, about.remedy), of.urn);
        else report(`${what}. ${about.remedy}`);
      }
    },
  };
}

function configOf<Config extends object>({ config }: About<Config>, given: object): Config {
  return { ...config?.defaults, ...given } as Config;
}

function message({ type, name }: { type: string; name: string }, finding: string, remedy: string): string {
  return `${kindOf(type)} "${name}": ${finding}. ${remedy}`;
}

function described<Config>({ name, description, severity, remedy, config }: About<Config>) {
  return { name, description, severity, remediationSteps: remedy, ...(config && { configSchema: config.schema }) };
}

/** `RoleBinding` of `kubernetes:rbac.authorization.k8s.io/v1:RoleBinding`. */
export function kindOf(type: string): string {
  return type.split(":").at(-1) ?? type;
}

function resourceOf({ type, name, props, urn, opts, provider }: ResourceValidationArgs): Resource {
  return {
    type,
    name,
    props: plain(props),
    parent: opts.parent === undefined ? undefined : parentOf(opts.parent),
    stack: urn.split(":")[2] ?? "",
    options: opts,
    provider: provider && { type: provider.type, name: provider.name },
  };
}

/** `urn:pulumi:<stack>::<project>::<type of each ancestor>$<type>::<name>`. */
function parentOf(urn: string): Parent {
  const [, , types = "", ...name] = urn.split("::");
  const [type = "", within] = types.split("$").toReversed();
  return { type, name: name.join("::"), ...(within !== undefined && { within }) };
}

function outcomesOf(resources: readonly PolicyResource[]): Outcome[] {
  const outcomes = new Map<string, Outcome>();
  const outcomeOf = (resource: PolicyResource): Outcome => {
    const known = outcomes.get(resource.urn);
    if (known) return known;
    const madeFrom: Record<string, readonly Outcome[]> = {};
    const { type, name, urn } = resource;
    const parent = resource.parent && outcomeOf(resource.parent);
    const outcome = { type, name, urn, props: plain(resource.props), parent, madeFrom };
    outcomes.set(urn, outcome);
    for (const [property, sources] of Object.entries(resource.propertyDependencies)) {
      madeFrom[property] = sources.map(outcomeOf);
    }
    return outcome;
  };
  return resources.map(outcomeOf);
}
