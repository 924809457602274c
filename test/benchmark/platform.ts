import { readFileSync, writeFileSync } from "node:fs";
import { environmentOf } from "../../sandbox/environment.ts";
import { Instance } from "../../sandbox/instance.ts";
import { start, stop } from "../../sandbox/platform.ts";
import { trust } from "../../sandbox/plugins/trust.ts";
import { CountingProxy } from "./countingProxy.ts";

/** What the variables were before the first platform, which the next one must not build on. */
const outside = { ...process.env };
const say = (line: string) => process.stderr.write(`${line}\n`);

/** A local platform for nothing but a benchmark. Only one can be at a time: its addresses are in the environment. */
export class BenchmarkPlatform {
  readonly #instance = new Instance("benchmark");
  #planes: Readonly<Record<Plane, CountingProxy>> | undefined;

  static async start(): Promise<BenchmarkPlatform> {
    const platform = new BenchmarkPlatform();
    // What an interrupted benchmark left behind.
    await stop(platform.#instance, say);
    await start(platform.#instance, say);
    trust(platform.#instance.authority);
    Object.assign(process.env, environmentOf(platform.#instance, outside));
    return platform;
  }

  async stop(): Promise<void> {
    for (const proxy of Object.values(this.#planes ?? {})) proxy.stop();
    await stop(this.#instance, say);
  }

  /** The requests that something sends to each plane, given variables that lead through proxies. */
  async requests(
    run: (environment: NodeJS.ProcessEnv) => Promise<unknown>,
  ): Promise<Readonly<Record<Plane, Requests>>> {
    const planes = (this.#planes ??= await this.#startProxies());
    for (const proxy of Object.values(planes)) proxy.reset();
    const kubeconfig = this.#instance.path("run", "counting.kubeconfig");
    const original = readFileSync(this.#instance.path("kubeconfig"), "utf8");
    const address = this.#instance.url("kubeApiserver");
    writeFileSync(kubeconfig, original.replace(address, planes.Kubernetes.origin), { mode: 0o600 });
    await run({
      KEYCLOAK_URL: `${planes.Keycloak.origin}/auth`,
      MINIO_ENDPOINT: planes.MinIO.origin,
      KUBECONFIG: kubeconfig,
    });
    const { Keycloak, Kubernetes, MinIO } = planes;
    return { Keycloak: requestsOf(Keycloak), Kubernetes: requestsOf(Kubernetes), MinIO: requestsOf(MinIO) };
  }

  async #startProxies(): Promise<Record<Plane, CountingProxy>> {
    const file = (name: string) => readFileSync(this.#instance.path("pki", name), "utf8");
    const certificates = { authority: this.#instance.authority, cert: file("server.crt"), key: file("server.key") };
    const client = { cert: file("admin.crt"), key: file("admin.key") };
    const url = (port: "keycloak" | "kubeApiserver" | "minio") => new URL(this.#instance.url(port));
    return {
      Keycloak: await CountingProxy.start(url("keycloak"), certificates),
      Kubernetes: await CountingProxy.start(url("kubeApiserver"), { ...certificates, client }),
      MinIO: await CountingProxy.start(url("minio"), certificates),
    };
  }
}

export type Plane = "Keycloak" | "Kubernetes" | "MinIO";

export interface Requests {
  readonly reads: number;
  readonly writes: number;
}

function requestsOf({ reads, writes }: CountingProxy): Requests {
  return { reads, writes };
}
