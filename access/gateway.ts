import * as z from "zod";

/**
 * The two policies of Istio's ingress gateway that ask for a login (seed 004). Their notPaths are what needs none: a
 * path is open only when both exempt it, because each of them alone still turns away whoever has no token.
 */
export const gatewayPolicyNames = {
  requireJwt: "istio-ingressgateway-require-jwt",
  oauth2Proxy: "istio-ingressgateway-oauth2-proxy",
} as const;

/** One of the two policies. */
export type GatewayPolicyKind = keyof typeof gatewayPolicyNames;

/** Both, in the order in which they are written: until the second is, users see a login page rather than an error. */
export const gatewayPolicyKinds = ["requireJwt", "oauth2Proxy"] as const satisfies readonly GatewayPolicyKind[];

const actions: Readonly<Record<GatewayPolicyKind, string>> = { requireJwt: "DENY", oauth2Proxy: "CUSTOM" };

const missing: Readonly<Record<GatewayPolicyKind, string>> = {
  requireJwt: "so the gateway lets requests through that have no token",
  oauth2Proxy: "so the gateway sends nobody to the platform's login",
};

const unexempted: Readonly<Record<GatewayPolicyKind, string>> = {
  requireJwt: "users get 403 Forbidden",
  oauth2Proxy: "users get the platform's login page instead of the application's",
};

/** What the platform exempts for itself (seed 004). */
export const platformPaths = [
  "/dex/*",
  "/dex/**",
  "/auth/*",
  "/oauth2/*",
  "/minio/*",
  "/argocd/*",
  "/mlflow/*",
  "/serving/*",
] as const;

/**
 * First segments that no application may exempt. Sources: VirtualServices of kubeflow/manifests v1.10, v1.11 and
 * 26.03; the controllers of notebooks and TensorBoards; the routes of the dashboard (kubeflow and prokube) and of the
 * Pipelines UI; prokube's agent gateway; Dex, oauth2-proxy and Keycloak. What no VirtualService matches goes to the
 * dashboard, whose routes ignore case: so do we.
 */
export const protectedPrefixes = [
  ".well-known",
  "_",
  "a2a",
  "ai",
  "api",
  "apis",
  "argo",
  "auth",
  "dashboard",
  "debug",
  "dex",
  "healthz",
  "hub",
  "jupyter",
  "katib",
  "kfam",
  "kserve-endpoints",
  "login",
  "logout",
  "mcp",
  "metadata",
  "metrics",
  "ml_metadata",
  "model-registry",
  "models",
  "notebook",
  "notebooks",
  "oauth2",
  "pipeline",
  "profile",
  "prometheus",
  "sandbox",
  "system",
  "tensorboard",
  "tensorboards",
  "viewer",
  "volumes",
] as const;

/** Kubeflow's VirtualServices match these without a final slash, so whatever only begins like them goes there too. */
const openPrefixes = ["ml_metadata", "pipeline"] as const;

const longestPath = 200;

/** What is wrong with a path as written in applications/*.yaml, or undefined. Never more than the application's own. */
export function pathProblem(path: string): string | undefined {
  return pathShapeProblem(path) ?? protectionProblem(path);
}

/** What is wrong with its shape alone: `/segment`, more of them, and perhaps `/*` at the end. */
export function pathShapeProblem(path: string): string | undefined {
  const found = JSON.stringify(path);
  const body = path.endsWith("/*") ? path.slice(0, -2) : path;
  if (path.length > longestPath)
    return `a path of ${path.length} characters is longer than ${longestPath}; write a shorter prefix of the application, such as /myapp/*.`;
  if (/^[/*{}]+$/.test(path))
    return `${found} would open everything to everybody, Kubeflow's dashboard too; write the application's own prefix, such as /myapp/*.`;
  if (!path.startsWith("/"))
    return `${found} does not begin with "/"; write the path alone, without scheme and host, such as /myapp/*.`;
  if (/[{}]/.test(path))
    return `${found} is a path template, which can match more than one sees; write plain segments, such as /myapp/*.`;
  if (path.includes("%"))
    return `${found} has "%": the gateway compares what is written and applications what it stands for; write plain letters and digits.`;
  if (/[?#]/.test(path))
    return `${found} has more than a path: the gateway looks at nothing behind "?" or "#"; leave that out.`;
  if (body.includes("*"))
    return `${found} has "*" elsewhere than in "/*" at the end: it would match more than the application, as /myapp* matches /myapp2; write /myapp/* for all below /myapp, and /myapp for that page alone.`;
  if (path.includes("//"))
    return `${found} has an empty segment, which servers read differently; write single slashes, such as /myapp/api.`;
  if (body.endsWith("/"))
    return `${found} ends with "/", so it is one page only; write /myapp/* for all below /myapp, and /myapp for that page alone.`;
  const [, ...segments] = body.split("/");
  if (segments.some((segment) => segment === "." || segment === ".."))
    return `${found} has a segment "." or "..", which leads to another path; write the path it leads to.`;
  const other = /[^A-Za-z0-9._~/-]/u.exec(body);
  if (other)
    return `${found} has ${JSON.stringify(other[0])}; a path has letters, digits and . _ ~ - only, because servers read everything else differently. Write such a path.`;
  return undefined;
}

function protectionProblem(path: string): string | undefined {
  const [, first = ""] = path.toLowerCase().split("/");
  const found = JSON.stringify(path);
  const instead = "Serve the application under a prefix of its own, such as /myapp/*.";
  if (protectedPrefixes.some((prefix) => prefix === first))
    return `${found} is below "/${first}", which is the platform's own: everybody would get in there without a login. ${instead}`;
  const open = openPrefixes.find((prefix) => first.startsWith(prefix));
  if (open !== undefined)
    return `${found} begins with "/${open}": the gateway sends every such path to the platform's own application, where everybody would get in without a login. ${instead}`;
  return undefined;
}

/** The paths that a pattern matches: one, or all with a beginning and an end. */
type Matched = { readonly exact: string } | { readonly prefix: string; readonly suffix: string };

/**
 * As Istio reads a pattern (pilot/pkg/security/authz/matcher): `*` anything, `*x` an end, `x*` a beginning, else exact;
 * no slash is special, and only the outermost star counts. Of a template only what stands before it is understood.
 */
function matchedBy(pattern: string): Matched {
  // Whether `/x/{**}` matches /x is up to Envoy, so the slash before a template counts as part of it.
  if (/[{}]/.test(pattern)) return { prefix: /^[^{}*]*/.exec(pattern)?.[0].replace(/\/$/, "") ?? "", suffix: "" };
  if (pattern.startsWith("*")) return { prefix: "", suffix: pattern.slice(1) };
  if (pattern.endsWith("*")) return { prefix: pattern.slice(0, -1), suffix: "" };
  return { exact: pattern };
}

/** Whether some path of a request is matched by both patterns, as Istio matches them in paths and notPaths. */
export function overlaps(a: string, b: string): boolean {
  const [one, other] = [matchedBy(a), matchedBy(b)];
  if ("exact" in one) return "exact" in other ? one.exact === other.exact : within(one.exact, other);
  if ("exact" in other) return within(other.exact, one);
  const alike = (x: string, y: string, is: (longer: string, shorter: string) => boolean) => is(x, y) || is(y, x);
  return (
    alike(one.prefix, other.prefix, (longer, shorter) => longer.startsWith(shorter)) &&
    alike(one.suffix, other.suffix, (longer, shorter) => longer.endsWith(shorter))
  );
}

function within(path: string, { prefix, suffix }: Exclude<Matched, { exact: string }>): boolean {
  return path.startsWith(prefix) && path.endsWith(suffix);
}

/**
 * Whether two applications would meet: their patterns overlap, or one has the very page above the other's `/*`. Istio
 * keeps `/myapp` and `/myapp/*` apart, but nobody means two applications by them.
 */
export function meets(a: string, b: string): boolean {
  const widened = (pattern: string) => (pattern.endsWith("/*") ? [pattern, pattern.slice(0, -2)] : [pattern]);
  return widened(a).some((one) => widened(b).some((other) => overlaps(one, other)));
}

/** One of the two policies as it is in the cluster. */
export interface GatewayPolicy {
  readonly resourceVersion: string;
  /** Every list of exempted paths, by its JSON pointer. What is exempted is in each of them. */
  readonly notPaths: readonly { readonly pointer: string; readonly paths: readonly string[] }[];
  /** What each stack of this program says is its own. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
  /** What each stack counts its repairs with; absent for 0. */
  readonly revision: Readonly<Record<string, number>>;
  /** Why it cannot be written, to follow its name: whatever the lists say, nothing would be exempted or taken back. */
  readonly problem?: string;
}

/** Both policies; undefined where there is none. */
export type LiveGateway = Readonly<Record<GatewayPolicyKind, GatewayPolicy | undefined>>;

const annotation = { claim: "prokube-access/exempted.", revision: "prokube-access/exemptions-revision." } as const;

/** The annotations in which a stack writes down what is its own. */
export function exemptionAnnotations(stack: string): Readonly<Record<keyof typeof annotation, string>> {
  return { claim: annotation.claim + stack, revision: annotation.revision + stack };
}

const liveObject = z.object({
  metadata: z.object({
    name: z.string().optional(),
    resourceVersion: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z
    .object({
      action: z.string().default("ALLOW"),
      rules: z
        .array(
          z.object({
            to: z
              .array(z.object({ operation: z.object({ notPaths: z.array(z.string()).optional() }).optional() }))
              .optional(),
          }),
        )
        .default([]),
    })
    .prefault({}),
});

/** What an AuthorizationPolicy exempts, and for whom. */
export function gatewayPolicyOf(object: unknown): GatewayPolicy {
  const parsed = liveObject.safeParse(object);
  if (!parsed.success) {
    return { resourceVersion: "", notPaths: [], claims: {}, revision: {}, problem: "is not written as Istio has it" };
  }
  const { metadata, spec } = parsed.data;
  const operations = spec.rules.flatMap(({ to = [] }, rule) =>
    to.map(({ operation }, index) => ({ at: `/spec/rules/${rule}/to/${index}`, paths: operation?.notPaths })),
  );
  const notes = notesIn(metadata.annotations);
  const problem = ruleProblem(metadata.name, spec, operations) ?? notes.problem;
  return {
    resourceVersion: metadata.resourceVersion,
    notPaths: operations.flatMap(({ at, paths }) =>
      paths === undefined ? [] : [{ pointer: `${at}/operation/notPaths`, paths }],
    ),
    claims: notes.claims,
    revision: notes.revision,
    ...(problem !== undefined && { problem }),
  };
}

function ruleProblem(
  name: string | undefined,
  { action, rules }: z.output<typeof liveObject>["spec"],
  operations: readonly { readonly at: string; readonly paths: readonly string[] | undefined }[],
): string | undefined {
  const kind = gatewayPolicyKinds.find((one) => gatewayPolicyNames[one] === name);
  if (kind !== undefined && action !== actions[kind]) return `has the action ${action}, not ${actions[kind]}`;
  if (rules.length === 0) return "has no rules, so it turns nobody away";
  const always = (at: string, what: string) => `has ${what} (${at}), so it holds on every path whatever is exempted`;
  const everywhere = rules.findIndex(({ to = [] }) => to.length === 0);
  if (everywhere >= 0) return always(`/spec/rules/${everywhere}`, 'a rule without "to"');
  const unlisted = operations.find(({ paths }) => paths === undefined);
  return unlisted && always(unlisted.at, "an operation without notPaths");
}

/** What is not readable is a problem: a path that we forget to be ours would stay open for ever. */
function notesIn(
  annotations: Readonly<Record<string, string>>,
): Pick<GatewayPolicy, "claims" | "revision" | "problem"> {
  const noted = <T>(prefix: string, schema: z.ZodType<T>) =>
    Object.entries(annotations)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, text]) => ({ name, stack: name.slice(prefix.length), ...schema.safeParse(fromJson(text)) }));
  const claims = noted(annotation.claim, z.array(z.string()));
  const revisions = noted(annotation.revision, z.int().min(0));
  const [bad] = [...claims, ...revisions].filter(({ success }) => !success);
  return {
    claims: Object.fromEntries(claims.map(({ stack, data }) => [stack, data ?? []])),
    revision: Object.fromEntries(revisions.map(({ stack, data }) => [stack, data ?? 0])),
    ...(bad && {
      problem: `has an annotation "${bad.name}" that is not readable, so nobody can say what is whose. Write there again what stack ${bad.stack} exempts, as ["/myapp/*"], or its revision, a whole number`,
    }),
  };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What one stack says is its own. */
function claimOf({ claims }: GatewayPolicy, stack: string): readonly string[] {
  return Object.hasOwn(claims, stack) ? (claims[stack] ?? []) : [];
}

/** What a stack says in either policy that it has exempted. */
export function claimedBy(live: LiveGateway, stack: string): Set<string> {
  return new Set(gatewayPolicyKinds.flatMap((kind) => (live[kind] ? claimOf(live[kind], stack) : [])));
}

function revisionOf({ revision }: GatewayPolicy, stack: string): number {
  return Object.hasOwn(revision, stack) ? (revision[stack] ?? 0) : 0;
}

function claimedByOthers({ claims }: GatewayPolicy, stack: string | undefined): Set<string> {
  return new Set(Object.entries(claims).flatMap(([other, paths]) => (other === stack ? [] : paths)));
}

/** What a policy is to become. */
export interface PolicyEdit {
  readonly notPaths: GatewayPolicy["notPaths"];
  /** The stack's own paths, sorted. */
  readonly claim: readonly string[];
}

/** What is to be exempted for a stack. */
export interface Exemptions {
  readonly wanted: readonly string[];
  /** What stays whoever claimed it: the platform's own list. */
  readonly known?: readonly string[];
}

/**
 * The policy when exactly the wanted paths are the stack's: what it claimed and wants no more goes, unless another stack
 * claims it too; what is missing comes last; everything else stays as and where it is.
 */
export function edited(policy: GatewayPolicy, stack: string, { wanted, known = [] }: Exemptions): PolicyEdit {
  const kept = claimedByOthers(policy, stack);
  const gone = new Set(
    claimOf(policy, stack).filter((path) => !wanted.includes(path) && !known.includes(path) && !kept.has(path)),
  );
  const claim = [...new Set(wanted)];
  return {
    notPaths: policy.notPaths.map(({ pointer, paths }) => ({
      pointer,
      paths: [...paths.filter((path) => !gone.has(path)), ...claim.filter((path) => !paths.includes(path))],
    })),
    claim: claim.toSorted(),
  };
}

/**
 * {@link edited} for both, as far as they are there. A claim in one of them counts for both: when somebody has put back
 * an older copy of one, what goes still goes from both, and what is another stack's stays in both.
 */
export function editedGateway(
  live: LiveGateway,
  stack: string,
  exemptions: Exemptions,
): Readonly<Record<GatewayPolicyKind, PolicyEdit | undefined>> {
  const all = gatewayPolicyKinds.flatMap((kind) => Object.entries(live[kind]?.claims ?? {}));
  const claims = Object.fromEntries(
    [...Map.groupBy(all, ([name]) => name)].map(([name, entries]) => [name, entries.flatMap(([, paths]) => paths)]),
  );
  const edit = (policy: GatewayPolicy | undefined) => policy && edited({ ...policy, claims }, stack, exemptions);
  return { requireJwt: edit(live.requireJwt), oauth2Proxy: edit(live.oauth2Proxy) };
}

function isExempted({ notPaths }: GatewayPolicy, path: string): boolean {
  return notPaths.length > 0 && notPaths.every(({ paths }) => paths.includes(path));
}

/** Whether both policies exempt what the stack wants, and say so. */
export function inStep({ requireJwt, oauth2Proxy }: LiveGateway, stack: string, wanted: readonly string[]): boolean {
  if (!requireJwt || !oauth2Proxy) return false;
  const isAsWanted = (policy: GatewayPolicy) =>
    policy.problem === undefined &&
    wanted.every((path) => isExempted(policy, path) && claimOf(policy, stack).includes(path)) &&
    claimOf(policy, stack).every((path) => wanted.includes(path));
  return (
    isAsWanted(requireJwt) &&
    isAsWanted(oauth2Proxy) &&
    revisionOf(requireJwt, stack) === revisionOf(oauth2Proxy, stack)
  );
}

/** Why nothing can be exempted or taken back in a policy until somebody mends it, or undefined. */
export function gatewayObstacle(kind: GatewayPolicyKind, policy: GatewayPolicy | undefined): string | undefined {
  const name = `AuthorizationPolicy "${gatewayPolicyNames[kind]}"`;
  if (!policy) return `${name} is missing, ${missing[kind]}`;
  return policy.problem === undefined ? undefined : `${name} ${policy.problem}`;
}

/** The same for both. */
export function gatewayObstacles(live: LiveGateway): string[] {
  return gatewayPolicyKinds.flatMap((kind) => gatewayObstacle(kind, live[kind]) ?? []);
}

/**
 * What administrators should know about the two policies.
 *
 * @param wanted paths of applications, and whose they are: `application "myapp"`
 * @param known paths that the platform exempts for itself
 * @param stack whose applications these are; what other stacks claim is theirs
 */
export function differencesOf(
  live: LiveGateway,
  wanted: readonly { readonly path: string; readonly label: string }[],
  known: readonly string[],
  stack?: string,
): string[] {
  const present = gatewayPolicyKinds.flatMap((kind) => {
    const policy = live[kind];
    return policy ? [{ kind, name: gatewayPolicyNames[kind], policy }] : [];
  });
  const usable = present.filter(({ policy }) => policy.problem === undefined);
  const closed = wanted.flatMap(({ path, label }) =>
    usable
      .filter(({ policy }) => !isExempted(policy, path))
      .map(({ kind, name }) => `${label}: ${JSON.stringify(path)} is not exempted in ${name}: ${unexempted[kind]}`),
  );
  // A claim is an annotation that anybody who may write the policy can write: it hides nothing that no stack could want.
  const theirs = new Set(
    present
      .flatMap(({ policy }) => [...claimedByOthers(policy, stack)])
      .filter((path) => pathProblem(path) === undefined),
  );
  const asked = new Set([...wanted.map(({ path }) => path), ...known, ...theirs]);
  const listed = new Set(present.flatMap(({ policy }) => policy.notPaths.flatMap(({ paths }) => paths)));
  const others = [...listed].filter((path) => !asked.has(path)).map((path) => strayPath(path, present));
  const uneven = [...known, ...theirs]
    .filter((path, index, all) => all.indexOf(path) === index && !wanted.some((one) => one.path === path))
    .flatMap((path) => {
      const lacking = usable.filter(({ policy }) => !isExempted(policy, path));
      const [other] = usable.filter((one) => !lacking.includes(one));
      return lacking.flatMap(({ kind, name }) =>
        other ? [`${JSON.stringify(path)} is exempted in ${other.name} but not in ${name}: ${unexempted[kind]}`] : [],
      );
    });
  return [...gatewayObstacles(live), ...closed, ...others, ...uneven];
}

function strayPath(
  path: string,
  present: readonly { readonly name: string; readonly policy: GatewayPolicy }[],
): string {
  const inside = present.filter(({ policy }) => policy.notPaths.some(({ paths }) => paths.includes(path)));
  const names = inside.map(({ name }) => name).join(" and ");
  const opened =
    inside.length === 2
      ? "everybody gets in there without a login"
      : "it opens nothing yet, because the other policy still asks for a login";
  return `${JSON.stringify(path)} is exempted in ${names}, but belongs to no application: ${opened}. Remove it there, or name it in an application's paths or in platform.yaml (gateway.platformPaths)`;
}
