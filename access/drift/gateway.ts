import { exemptedPaths } from "../application.ts";
import { compare } from "../diagnostic.ts";
import {
  type GatewayPolicy,
  gatewayObstacle,
  gatewayPolicyKinds,
  gatewayPolicyNames,
  gatewayPolicyOf,
  pathProblem,
} from "../gateway.ts";
import { type Context, writerOf } from "./context.ts";
import { type Difference, repairedByUpdate } from "./difference.ts";

/** What the gateway lets through without a login, where applications of ours say what that is to be. */
export function gatewayDifferences({ plan, snapshot, stack }: Context): Difference[] {
  const { namespace, policies, platformPaths } = plan.platform.gateway;
  const wanted = exemptedPaths(plan.applications);
  if (wanted.length === 0 && policies !== "check") return [];
  const objects = gatewayPolicyKinds.map((kind) => ({
    kind,
    object: snapshot.cluster.policies.find(
      (policy) => policy.namespace === namespace && policy.name === gatewayPolicyNames[kind],
    ),
  }));
  const obstacles = objects.flatMap(({ kind, object }): Difference[] => {
    const obstacle = gatewayObstacle(kind, object && toPolicy(object));
    if (obstacle === undefined) return [];
    return [
      {
        class: "extra access",
        plane: "network",
        what: obstacle,
        where: plan.platformAt.gateway,
        ...writerOf(object ?? {}),
        remedy: `mend it in namespace "${namespace}"`,
      },
    ];
  });
  const live = objects.flatMap(({ object }) => (object ? [toPolicy(object)] : []));
  if (obstacles.length > 0) return obstacles;
  const [latest] = objects
    .flatMap(({ object }) => object ?? [])
    .toSorted((a, b) => compare(b.time ?? "", a.time ?? ""));
  const by = latest ? writerOf(latest) : {};
  const claimed = live
    .flatMap(({ claims }) => Object.entries(claims).flatMap(([other, paths]) => (other === stack ? [] : paths)))
    .filter((path) => pathProblem(path) === undefined);
  const asked = new Set([...wanted.map(({ path }) => path), ...platformPaths, ...claimed]);
  const listed = new Set(live.flatMap(({ notPaths }) => notPaths.flatMap(({ paths }) => paths)));
  return [
    ...wanted
      .filter(({ path }) => !live.every((policy) => isExempted(policy, path)))
      .map(({ path, application, at }): Difference => ({
        class: "missing access",
        plane: "network",
        what: `application "${application}": the gateway does not let "${path}" through without a login of its own`,
        where: at,
        ...by,
        remedy: policies === "patch" ? repairedByUpdate : `exempt it in both policies in namespace "${namespace}"`,
      })),
    ...[...listed]
      .filter((path) => !asked.has(path))
      .map((path): Difference => {
        const isOpen = live.every((policy) => policy.notPaths.some(({ paths }) => paths.includes(path)));
        return {
          class: isOpen ? "extra access" : "cosmetic",
          plane: "network",
          what: `the gateway exempts "${path}", which nothing here asks for${isOpen ? ": everybody gets in there without a login" : "; the other policy still asks for a login"}`,
          where: plan.platformAt.gateway,
          ...by,
          remedy: `remove it in namespace "${namespace}", or name it in an application's paths or in platform.yaml (gateway.platformPaths)`,
        };
      }),
  ];
}

type LivePolicy = Context["snapshot"]["cluster"]["policies"][number];

function toPolicy({ name, annotations, spec }: LivePolicy): GatewayPolicy {
  return gatewayPolicyOf({ metadata: { name, annotations, resourceVersion: "" }, spec });
}

function isExempted({ notPaths }: GatewayPolicy, path: string): boolean {
  return notPaths.length > 0 && notPaths.every(({ paths }) => paths.includes(path));
}
