import type {
  V1Container,
  V1Deployment,
  V1EnvVar,
  V1ObjectMeta,
  V1PodSpec,
  V1StatefulSet,
} from "@kubernetes/client-node";
import type { PlannedApplication } from "../../access/application.ts";
import type { Reading, Setting, StaleWorkload } from "../../access/doctor/facts.ts";
import { settingKind } from "../../access/doctor/settings.ts";
import { type Cluster, unlessGone } from "../cluster.ts";
import { reading } from "./reading.ts";

/** A Deployment or a StatefulSet. */
interface Workload {
  /** Such as `Deployment myapp`. */
  readonly label: string;
  readonly object: V1Deployment | V1StatefulSet;
  readonly pods: V1PodSpec;
}

/** A key of a ConfigMap or a Secret. */
interface KeyReference {
  readonly name?: string;
  readonly key: string;
  readonly optional?: boolean;
}

/** A ConfigMap or a Secret by name, or undefined when it is not there. */
type Source = { readonly kind: "ConfigMap" | "Secret"; readonly data: Readonly<Record<string, string>> } | undefined;

/** Reads workloads of one namespace, as far as they say something of logins. */
export class Workloads {
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #sources = new Map<string, Promise<Reading<Source>>>();

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  /**
   * Those of an application: what reads its Secret or ConfigMap or is called like it, and where there is none, all of
   * the namespace.
   *
   * @param isAlone whether no other application of the desired state runs there
   */
  async of(application: PlannedApplication, isAlone: boolean): Promise<Reading<readonly Workload[]>> {
    return reading("Kubernetes", async () => {
      const { apps } = this.#cluster;
      const namespace = this.#namespace;
      const [deployments, sets] = await Promise.all([
        apps.listNamespacedDeployment({ namespace }),
        apps.listNamespacedStatefulSet({ namespace }),
      ]);
      const all = [...workloadsOf("Deployment", deployments.items), ...workloadsOf("StatefulSet", sets.items)];
      const own = all.filter((workload) => belongs(workload, application));
      return own.length > 0 || !isAlone ? own : all;
    });
  }

  /** Environment variables that say something of the login. */
  async settings(workloads: Reading<readonly Workload[]>): Promise<Reading<readonly Setting[]>> {
    if ("unread" in workloads) return workloads;
    return reading("Kubernetes", async () => {
      const found = workloads.value.flatMap(({ label, pods }) =>
        pods.containers.map((container) => this.#settingsIn(label, container)),
      );
      return (await Promise.all(found)).flat();
    });
  }

  async #settingsIn(workload: string, container: V1Container): Promise<Setting[]> {
    // What stands by itself wins over what comes with all of an object.
    const found = new Map<string, Pick<Setting, "value" | "from">>();
    for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
      const [kind, name] = configMapRef
        ? ["ConfigMap" as const, configMapRef.name]
        : ["Secret" as const, secretRef?.name];
      if (name === undefined) continue;
      const source = await this.#source(kind, name);
      const data = "value" in source ? (source.value?.data ?? {}) : {};
      for (const [key, value] of Object.entries(data)) {
        const from = { kind, name, key, missing: false };
        found.set(prefix + key, { value: kind === "Secret" ? undefined : value, from });
      }
    }
    for (const variable of container.env ?? []) found.set(variable.name, await this.#valueOf(variable, found));
    return [...found].flatMap(([variable, { value, from }]) => {
      const kind = settingKind(variable);
      if (kind === undefined) return [];
      return [{ workload, container: container.name, variable, value: kind === "secret" ? undefined : value, from }];
    });
  }

  async #valueOf(
    { value = "", valueFrom }: V1EnvVar,
    before: ReadonlyMap<string, Pick<Setting, "value">>,
  ): Promise<Pick<Setting, "value" | "from">> {
    const reference: KeyReference | undefined = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef;
    const kind = valueFrom?.configMapKeyRef ? "ConfigMap" : "Secret";
    if (!reference) {
      return { value: valueFrom === undefined ? expanded(value, before) : undefined, from: { kind: "value" } };
    }
    const { name = "", key, optional = false } = reference;
    const source = await this.#source(kind, name);
    const text = "value" in source ? source.value?.data[key] : undefined;
    return {
      value: kind === "Secret" ? undefined : text,
      from: { kind, name, key, missing: "value" in source && text === undefined && !optional },
    };
  }

  /** Values of Secrets are never handed on: only that they are there. */
  #source(kind: "ConfigMap" | "Secret", name: string): Promise<Reading<Source>> {
    const id = `${kind} ${name}`;
    const known = this.#sources.get(id);
    if (known) return known;
    const { core } = this.#cluster;
    const address = { namespace: this.#namespace, name };
    const found = reading("Kubernetes", async (): Promise<Source> => {
      if (kind === "Secret") {
        const secret = await unlessGone(core.readNamespacedSecret(address));
        return secret && { kind, data: Object.fromEntries(Object.keys(secret.data ?? {}).map((key) => [key, ""])) };
      }
      const map = await unlessGone(core.readNamespacedConfigMap(address));
      return map && { kind, data: map.data ?? {} };
    });
    this.#sources.set(id, found);
    return found;
  }

  /** Workloads that run since before what is in their environment was changed. */
  async stale(
    workloads: Reading<readonly Workload[]>,
    objects: readonly { readonly label: string; readonly metadata: V1ObjectMeta | undefined }[],
  ): Promise<Reading<readonly StaleWorkload[]>> {
    if ("unread" in workloads) return workloads;
    return reading("Kubernetes", async () => {
      const found = workloads.value.map(async ({ label, object, pods }): Promise<StaleWorkload[]> => {
        const read = objects.filter((one) => namesRead(pods).has(one.label));
        const labels = object.spec?.selector.matchLabels ?? {};
        if (read.length === 0 || Object.keys(labels).length === 0) return [];
        const started = await this.#oldestStart(labels);
        if (started === undefined) return [];
        return read.flatMap(({ label: name, metadata }) => {
          const changed = lastChange(metadata);
          return changed !== undefined && changed > started
            ? [{ workload: label, started: started.toISOString(), object: name, changed: changed.toISOString() }]
            : [];
        });
      });
      return (await Promise.all(found)).flat();
    });
  }

  async #oldestStart(labels: Readonly<Record<string, string>>): Promise<Date | undefined> {
    const labelSelector = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(",");
    const { items } = await this.#cluster.core.listNamespacedPod({ namespace: this.#namespace, labelSelector });
    const starts = items
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .flatMap(({ status }) => status?.containerStatuses ?? [])
      .flatMap(({ state }) => state?.running?.startedAt ?? []);
    return starts.toSorted((a, b) => a.getTime() - b.getTime())[0];
  }
}

function workloadsOf(kind: string, items: readonly (V1Deployment | V1StatefulSet)[]): Workload[] {
  return items.flatMap((object) => {
    const pods = object.spec?.template.spec;
    return pods ? [{ label: `${kind} ${object.metadata?.name ?? ""}`, object, pods }] : [];
  });
}

function belongs({ object, pods }: Workload, application: PlannedApplication): boolean {
  const { name } = application;
  const { metadata } = object;
  const isCalledSo = [metadata?.name, metadata?.labels?.["app"], metadata?.labels?.["app.kubernetes.io/name"]];
  if (isCalledSo.includes(name)) return true;
  if (application.auth === "headers") return false;
  const read = namesRead(pods);
  const { secret, environment } = application;
  return read.has(`Secret ${secret.name}`) || (environment !== undefined && read.has(`ConfigMap ${environment}`));
}

/** ConfigMaps and Secrets in the environment of containers, which they read at their start only. */
function namesRead({ containers }: V1PodSpec): Set<string> {
  const names = containers.flatMap(({ env = [], envFrom = [] }) => [
    ...env.flatMap(({ valueFrom }) => [
      ...(valueFrom?.configMapKeyRef ? [`ConfigMap ${valueFrom.configMapKeyRef.name ?? ""}`] : []),
      ...(valueFrom?.secretKeyRef ? [`Secret ${valueFrom.secretKeyRef.name ?? ""}`] : []),
    ]),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...(configMapRef ? [`ConfigMap ${configMapRef.name ?? ""}`] : []),
      ...(secretRef ? [`Secret ${secretRef.name ?? ""}`] : []),
    ]),
  ]);
  return new Set(names);
}

/** When its content was written last. A label alone counts too: Kubernetes does not tell them apart. */
function lastChange(metadata: V1ObjectMeta | undefined): Date | undefined {
  const times = (metadata?.managedFields ?? []).flatMap(({ time }) => (time ? [time] : []));
  return [...times].sort((a, b) => b.getTime() - a.getTime())[0] ?? metadata?.creationTimestamp;
}

/** As Kubernetes fills in `$(VARIABLE)`; undefined where a part is not known. */
function expanded(text: string, before: ReadonlyMap<string, Pick<Setting, "value">>): string | undefined {
  const pattern = /\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g;
  const used = [...text.matchAll(pattern)].flatMap(([, name]) => (name === undefined ? [] : (before.get(name) ?? [])));
  if (used.some(({ value }) => value === undefined)) return undefined;
  return text.replaceAll(pattern, (found, name: string | undefined) =>
    name === undefined ? "$" : (before.get(name)?.value ?? found),
  );
}
