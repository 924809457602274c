import type { ClaimHeaders, Reading, RouteFacts } from "../../access/doctor/facts.ts";
import { type Cluster, unlessGone } from "../cluster.ts";
import { reading, Unread } from "./reading.ts";

/** Parts of a VirtualService that are looked at. */
interface VirtualService {
  metadata?: { name?: string; namespace?: string };
  spec?: {
    hosts?: string[];
    gateways?: string[];
    http?: {
      match?: { uri?: { exact?: string; prefix?: string; regex?: string } }[];
      route?: { destination?: { host?: string } }[];
    }[];
  };
}

/** What is served at gateways, one for each route. */
export async function readRoutes({ custom }: Cluster): Promise<Reading<readonly RouteFacts[]>> {
  return reading("Kubernetes", async () => {
    const kind = { group: "networking.istio.io", plural: "virtualservices" };
    const list: unknown =
      (await unlessGone(custom.listClusterCustomObject({ ...kind, version: "v1" }))) ??
      (await unlessGone(custom.listClusterCustomObject({ ...kind, version: "v1beta1" })));
    if (list === undefined) throw new Unread("the cluster has no VirtualServices of Istio");
    return (list as { items: VirtualService[] }).items.flatMap(routesOf);
  });
}

function routesOf({ metadata, spec }: VirtualService): RouteFacts[] {
  const { name = "", namespace = "" } = metadata ?? {};
  const { hosts = [], gateways = [], http = [] } = spec ?? {};
  // Without a gateway it is for calls inside the mesh.
  if (gateways.every((gateway) => gateway === "mesh")) return [];
  return http.map(({ match = [], route = [] }) => ({
    name: `${namespace}/${name}`,
    hosts,
    paths: match.length === 0 ? ["/*"] : match.flatMap(({ uri }) => patternOf(uri)),
    namespaces: [...new Set(route.map(({ destination }) => namespaceOf(destination?.host, namespace)))],
  }));
}

/** As a pattern of Istio's policies. What a regular expression matches nobody can say; what stands before it, it has. */
function patternOf(uri: { exact?: string; prefix?: string; regex?: string } | undefined): string[] {
  if (!uri) return ["/*"];
  if (uri.exact !== undefined) return [uri.exact];
  if (uri.prefix !== undefined) return [`${uri.prefix}*`];
  return uri.regex === undefined ? ["/*"] : [`${/^\^?([\w/-]*)/.exec(uri.regex)?.[1]?.replace(/[^/]$/, "") ?? ""}*`];
}

/** `service`, `service.namespace` or `service.namespace.svc...`. */
function namespaceOf(host = "", own: string): string {
  const [, namespace = own, svc = "svc"] = host.split(".");
  return svc === "svc" ? namespace : own;
}

/** Parts of a RequestAuthentication that are looked at. */
interface RequestAuthentication {
  metadata?: { name?: string };
  spec?: {
    selector?: { matchLabels?: Record<string, string> };
    jwtRules?: { issuer?: string; outputClaimToHeaders?: { header?: string; claim?: string }[] }[];
  };
}

/** What the ingress gateway makes of tokens, one for each issuer. */
export async function readClaimHeaders(
  { custom }: Cluster,
  namespace: string,
): Promise<Reading<readonly ClaimHeaders[]>> {
  return reading("Kubernetes", async () => {
    const kind = { group: "security.istio.io", plural: "requestauthentications", namespace };
    const list: unknown =
      (await unlessGone(custom.listNamespacedCustomObject({ ...kind, version: "v1" }))) ??
      (await unlessGone(custom.listNamespacedCustomObject({ ...kind, version: "v1beta1" })));
    if (list === undefined) throw new Unread("the cluster has no RequestAuthentications of Istio");
    return (list as { items: RequestAuthentication[] }).items
      .filter(({ spec }) => isOfGateway(spec?.selector?.matchLabels))
      .flatMap(({ metadata, spec }) =>
        (spec?.jwtRules ?? []).map(({ issuer = "", outputClaimToHeaders = [] }) => ({
          policy: `${namespace}/${metadata?.name ?? ""}`,
          issuer,
          headers: Object.fromEntries(
            outputClaimToHeaders.map(({ header = "", claim = "" }) => [header.toLowerCase(), claim]),
          ),
        })),
      );
  });
}

function isOfGateway(labels: Readonly<Record<string, string>> = {}): boolean {
  return Object.keys(labels).length === 0 || Object.values(labels).some((value) => value.includes("ingressgateway"));
}
