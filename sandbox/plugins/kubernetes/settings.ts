import type { ProviderArgs } from "@pulumi/kubernetes";
import type { Failure } from "../bridged/check.ts";
import type { Change } from "../bridged/diff.ts";
import { hasUnknown, type Properties } from "../plugin.ts";
import { type ClusterSettings, loadKubeConfig } from "./cluster.ts";

/** Settings of the official provider that this one honours; all others are an error. */
const settings = [
  "kubeconfig",
  "context",
  "clusterIdentifier",
  "enableConfigMapMutable",
  "enablePatchForce",
  "enableSecretMutable",
] as const satisfies readonly (keyof ProviderArgs)[];

/** The settings that this stand-in does not know. */
export function configFailures(news: Properties): Failure[] {
  const isKnown = (name: string) =>
    settings.some((setting) => setting === name) || name === "version" || name.startsWith("__");
  return Object.keys(news)
    .filter((name) => !isKnown(name))
    .map((name) => ({ property: name, reason: `this stand-in has no provider property "${name}"` }));
}

/** The changed settings. One that leads to another cluster replaces the provider, and so every object. */
export async function configChanges(olds: Properties, news: Properties): Promise<Change[]> {
  const moves = await movingSettings(olds, news);
  return settings
    .filter((name) => hasUnknown(news[name]) || JSON.stringify(olds[name]) !== JSON.stringify(news[name]))
    .map((name) => ({
      path: name,
      kind: name in olds ? (name in news ? "update" : "delete") : "add",
      replaces: moves.includes(name),
    }));
}

/** With an identifier before and after, that alone tells clusters apart. */
async function movingSettings(olds: Properties, news: Properties): Promise<readonly string[]> {
  if (olds["clusterIdentifier"] !== undefined && news["clusterIdentifier"] !== undefined) return ["clusterIdentifier"];
  const address = ["kubeconfig", "context"];
  const unknown = address.filter((name) => hasUnknown(news[name]));
  if (unknown.length > 0) return unknown;
  const [was, will] = await Promise.all([activeCluster(olds), activeCluster(news)]);
  return was !== undefined && will !== undefined && was !== will ? address : [];
}

/** Users and their tokens are no part of a cluster. */
async function activeCluster(config: Properties): Promise<string | undefined> {
  const { kubeconfig, context } = clusterSettings(config);
  if (kubeconfig === undefined) return undefined;
  const loaded = await loadKubeConfig(kubeconfig);
  const name = loaded.getContextObject(context ?? loaded.getCurrentContext())?.cluster;
  return name === undefined ? undefined : JSON.stringify(loaded.getCluster(name));
}

/** How the settings say to reach the cluster. */
export function clusterSettings(config: Properties): ClusterSettings {
  const [kubeconfig, context] = [text(config, "kubeconfig"), text(config, "context")];
  return { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) };
}

function text(config: Properties, key: string): string | undefined {
  const value = config[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Booleans reach a provider as JSON text. */
export function isOn(config: Properties, setting: (typeof settings)[number]): boolean {
  return config[setting] === true || config[setting] === "true";
}
