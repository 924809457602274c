import type { RegisteredApplication } from "../application.ts";
import { groupsHeader } from "../applicationGuide.ts";
import {
  type GatewayPolicy,
  type GatewayPolicyKind,
  gatewayPolicyKinds,
  gatewayPolicyNames,
  overlaps,
} from "../gateway.ts";
import type { Reading, RouteFacts } from "./facts.ts";
import {
  converge,
  given,
  hint,
  ifGiven,
  ownFile,
  type Patient,
  platformFile,
  problem,
  q,
  qs,
  type Told,
} from "./patient.ts";

/** Whether one list of a policy lets a whole path through. Templates are taken at what is certain, which is nothing. */
function covers(pattern: string, path: string): boolean {
  if (pattern === path) return true;
  if (/[{}]/.test(pattern)) return false;
  const [start, end] = path.endsWith("*") ? [path.slice(0, -1), undefined] : [path, path];
  if (pattern === "*") return true;
  if (pattern.startsWith("*")) return end?.endsWith(pattern.slice(1)) ?? false;
  return pattern.endsWith("*") && start.startsWith(pattern.slice(0, -1));
}

function letsThrough({ notPaths }: GatewayPolicy, path: string): boolean {
  return notPaths.length > 0 && notPaths.every(({ paths }) => paths.some((pattern) => covers(pattern, path)));
}

const symptoms: Readonly<Record<GatewayPolicyKind, string>> = {
  requireJwt: "users get 403 Forbidden before they reach the application's login",
  oauth2Proxy: "users get the platform's login page instead of the application's",
};

/** Each policy by itself turns away whoever has no token of the platform, each with a symptom of its own. */
export function exempted(patient: Patient<RegisteredApplication>, kind: GatewayPolicyKind): Told[] {
  const { application, facts, plan } = patient;
  const { namespace, policies } = plan.platform.gateway;
  const name = `AuthorizationPolicy ${namespace}/${gatewayPolicyNames[kind]}`;
  return given(facts.platform.gateway, "the policies of the gateway", (live) => {
    const policy = live[kind];
    if (!policy) {
      return [
        hint(
          `${name} is not there`,
          `Put it back as seed 004 has it, or name its namespace in ${platformFile(patient)} (gateway.namespace).`,
        ),
      ];
    }
    const closed = application.paths.filter(({ path }) => policy.problem !== undefined || !letsThrough(policy, path));
    return closed.map(({ path }) =>
      problem(
        policy.problem === undefined
          ? `path ${q(path)} is not among notPaths of ${name}: ${symptoms[kind]}`
          : `${name} ${policy.problem}, so path ${q(path)} is not exempted: ${symptoms[kind]}`,
        policy.problem !== undefined
          ? `Mend ${name} (kubectl edit), then ${converge(patient).replace(/^R/, "r")}`
          : policies === "patch"
            ? converge(patient)
            : `Add ${q(path)} to notPaths there; ${platformFile(patient)} has gateway.policies: check, so somebody else writes it.`,
      ),
    );
  });
}

/** Whoever comes by an exempted path brings headers of their own. */
export function pathsStayProtected(patient: Patient): Told[] {
  const { application, facts, plan } = patient;
  const { namespace } = plan.platform.gateway;
  return given(facts.platform.gateway, "the policies of the gateway", (live) =>
    gatewayPolicyKinds.flatMap((kind) => {
      const name = `AuthorizationPolicy ${namespace}/${gatewayPolicyNames[kind]}`;
      const policy = live[kind];
      if (!policy) {
        return [
          problem(
            `${name} is not there, so requests come without a login and without headers`,
            `Put it back as seed 004 has it, or name its namespace in ${platformFile(patient)} (gateway.namespace).`,
          ),
        ];
      }
      const exemptions = [...new Set(policy.notPaths.flatMap(({ paths }) => paths))];
      return application.paths.flatMap(({ path }) =>
        exemptions
          .filter((pattern) => overlaps(pattern, path))
          .map((pattern) =>
            problem(
              `path ${q(path)} is exempted by ${q(pattern)} in ${name}: ${
                kind === "requireJwt"
                  ? "requests without a token get through, with whatever headers they bring"
                  : "nobody is sent to the login there, so the headers are not written"
              }`,
              `Remove ${q(pattern)} from notPaths there: kubectl -n ${namespace} edit authorizationpolicy ${gatewayPolicyNames[kind]}`,
            ),
          ),
      );
    }),
  );
}

export function headersAreWritten({ facts: { platform }, plan }: Patient): Told[] {
  const wanted = [
    [plan.platform.istio.userIdHeader, "email"],
    [groupsHeader, "groups"],
  ] as const;
  const issuer = "value" in platform.dex ? platform.dex.value?.issuer : undefined;
  return given(platform.claimHeaders, "what RequestAuthentications make of tokens", (all) => {
    const rules = issuer === undefined ? all : all.filter((rule) => rule.issuer === issuer);
    if (rules.length === 0) {
      return [
        problem(
          issuer === undefined
            ? `no RequestAuthentication in namespace ${plan.platform.gateway.namespace} makes headers of tokens`
            : `no RequestAuthentication in namespace ${plan.platform.gateway.namespace} takes tokens of Dex's issuer ${q(issuer)} (found: ${qs(all.map((rule) => rule.issuer))})`,
          `Write one for the gateway with outputClaimToHeaders: ${wanted.map(([header, claim]) => `${header} from ${claim}`).join(", ")}.`,
        ),
      ];
    }
    return wanted.flatMap(([header, claim]) => {
      const writers = rules.filter(({ headers }) => Object.hasOwn(headers, header));
      const add = `Add { header: ${header}, claim: ${claim} } to outputClaimToHeaders of ${rules.map(({ policy }) => `RequestAuthentication ${policy}`).join(" or ")}.`;
      if (writers.length === 0) return [problem(`no RequestAuthentication writes the header ${header}`, add)];
      return writers
        .filter(({ headers }) => headers[header] !== claim)
        .map(({ policy, headers }) =>
          problem(
            `RequestAuthentication ${policy} writes the header ${header} from the claim ${q(headers[header] ?? "")}, not from ${claim}`,
            `Write claim: ${claim} there.`,
          ),
        );
    });
  });
}

function routesAt({ facts, plan }: Patient): Reading<RouteFacts[]> {
  const { routes } = facts.platform;
  if ("unread" in routes) return routes;
  const { domain } = plan.platform;
  const isHere = (host: string) =>
    host === "*" || host === domain || (host.startsWith("*.") && domain.endsWith(host.slice(1)));
  return { value: routes.value.filter(({ hosts }) => hosts.some(isHere)) };
}

/** Everything that is nobody else's goes to Kubeflow's dashboard. */
function isCatchAll(pattern: string): boolean {
  return pattern === "/*" || pattern === "*";
}

export function isServed(patient: Patient): Told[] {
  const { application } = patient;
  if (application.paths.length === 0) return [];
  return given(routesAt(patient), `whether ${q(application.name)} is served under its paths`, (routes) =>
    application.paths
      .filter(({ path }) => !routes.some(({ paths }) => paths.some((one) => !isCatchAll(one) && overlaps(one, path))))
      .map(({ path }) =>
        problem(
          `no VirtualService at a gateway serves ${q(path)} on ${q(patient.plan.platform.domain)}, so requests end at the dashboard or nowhere`,
          `Write one with the gateway kubeflow/kubeflow-gateway and a match for ${q(path)}, or correct paths in ${ownFile(patient)}.`,
        ),
      ),
  );
}

/** What an exempted path reaches is reached by everybody. */
export function reachesNobodyElse(patient: Patient<RegisteredApplication>): Told[] {
  const { application } = patient;
  return ifGiven(routesAt(patient), (routes) =>
    application.paths.flatMap(({ path }) => {
      const taking = routes.filter(({ paths }) => paths.some((one) => !isCatchAll(one) && overlaps(one, path)));
      const isToIt = ({ namespaces }: RouteFacts) => namespaces.includes(application.namespace);
      const isServedToo = taking.some(isToIt);
      return (
        taking
          .filter((route) => !isToIt(route))
          // Of two that meet, the application's own takes what only begins alike.
          .filter(({ paths }) => !isServedToo || paths.some((one) => covers(path, one)))
          .map(({ name, paths, namespaces }) =>
            problem(
              `the exempted path ${q(path)} reaches VirtualService ${name} (${qs(paths)}), which sends requests to namespace ${qs(namespaces)}: everybody gets in there without the platform's login`,
              `Write a narrower path in ${ownFile(patient)}, or move that VirtualService to another path.`,
            ),
          )
      );
    }),
  );
}
