import * as z from "zod";
import { compare } from "../diagnostic.ts";
import type { NetworkAccess } from "../resolve.ts";
import { platformSchema, type Platform } from "../schema.ts";
import type { PolicyObject, Snapshot } from "../snapshot.ts";

type Istio = Platform["istio"];

/** What an AuthorizationPolicy can say and a file can say too: who comes in, by a header, from which principals. */
const readable = z.strictObject({
  action: z.literal("ALLOW").optional(),
  rules: z
    .array(
      z.strictObject({
        from: z.tuple([z.strictObject({ source: z.strictObject({ principals: z.array(z.string()) }) })]),
        when: z.tuple([z.strictObject({ key: z.string(), values: z.array(z.string()) })]),
      }),
    )
    .min(1),
});

interface Rule {
  readonly principals: readonly string[];
  readonly header: string;
  readonly values: readonly string[];
}

function rulesOf({ spec }: PolicyObject): Rule[] | undefined {
  const parsed = readable.safeParse(spec);
  if (!parsed.success) return undefined;
  return parsed.data.rules.map(({ from: [{ source }], when: [{ key, values }] }) => ({
    principals: source.principals,
    header: /^request\.headers\[(.*)\]$/.exec(key)?.[1] ?? "",
    values,
  }));
}

/** Whom a policy lets in, by e-mail address; undefined when it says something that no file can say. */
export function letIn(policy: PolicyObject, istio: Istio): ReadonlyMap<string, NetworkAccess> | undefined {
  const rules = rulesOf(policy);
  if (!rules) return undefined;
  const found = new Map<string, NetworkAccess>();
  for (const { principals, header, values } of rules) {
    const isKnown = principals.every((one) => one === istio.gatewayPrincipal || one === istio.pipelinesPrincipal);
    if (!isKnown || !principals.includes(istio.pipelinesPrincipal) || header !== istio.userIdHeader) return undefined;
    const access = principals.includes(istio.gatewayPrincipal) ? "full" : "pipelines";
    for (const value of values) {
      const address = value.slice(istio.userIdPrefix.length);
      if (!value.startsWith(istio.userIdPrefix) || /^\*|\*$/.test(address)) return undefined;
      if (found.get(address) !== "full") found.set(address, access);
    }
  }
  return found;
}

/** Every value that a policy compares headers with, whatever else it says. */
export function givenTo({ spec }: PolicyObject): string[] {
  const { rules = [] } = spec as { rules?: readonly { when?: readonly { values?: readonly string[] }[] }[] };
  return rules.flatMap(({ when = [] }) => when.flatMap(({ values = [] }) => values));
}

/** How the mesh names callers, as most policies of workspaces say it. */
export function meshSettings(workspaces: ReadonlySet<string>, { cluster, realm }: Snapshot): Partial<Istio> {
  const defaults = platformSchema.shape.istio.parse(undefined);
  const rules = cluster.policies
    .filter(({ namespace }) => workspaces.has(namespace))
    .flatMap((policy) => rulesOf(policy) ?? []);
  const addresses = new Set(realm.users.map(({ email }) => email).filter((email) => email !== ""));
  const [gatewayPrincipal, pipelinesPrincipal] = (
    most(rules.flatMap(({ principals }) => (principals.length === 2 ? [principals.join("\n")] : []))) ?? ""
  ).split("\n");
  const found = {
    userIdHeader: most(rules.map(({ header }) => header)),
    userIdPrefix: most(
      rules.flatMap(({ values }) =>
        values.flatMap((value) => {
          const start = value.search(/[^\s:/#|]*@/);
          return addresses.has(value.slice(start)) ? [value.slice(0, start)] : [];
        }),
      ),
    ),
    gatewayPrincipal: gatewayPrincipal || undefined,
    pipelinesPrincipal,
  };
  return Object.fromEntries(
    Object.entries(found).filter(([key, value]) => value !== undefined && value !== defaults[key as keyof Istio]),
  );
}

/** What occurs most often; of equals the first in order. */
export function most(values: readonly string[]): string | undefined {
  const counted = [...Map.groupBy(values, (value) => value)].map(([value, all]) => ({ value, count: all.length }));
  return counted.toSorted((a, b) => b.count - a.count || compare(a.value, b.value))[0]?.value;
}
