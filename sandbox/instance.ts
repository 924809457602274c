import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "./paths.ts";
import { Authority, signingKey } from "./pki.ts";
import { Problem } from "./problem.ts";

/** What each port of an instance is for, in order from its base. */
const portNames = [
  "etcd",
  "etcdPeer",
  "etcdMetrics",
  "kubeApiserver",
  "kubeControllerManager",
  "keycloak",
  "keycloakManagement",
  "minio",
] as const;

export type PortName = (typeof portNames)[number];

export interface Credentials {
  readonly keycloakUser: string;
  readonly keycloakPassword: string;
  readonly minioUser: string;
  readonly minioPassword: string;
}

const defaultBases: Readonly<Record<string, number>> = { dev: 24600, test: 24700 };
const otherBase = 24800;

/** One local platform: its folder, ports and credentials. All of it goes when the platform is stopped. */
export class Instance {
  readonly name: string;
  readonly folder: string;
  readonly ports: Readonly<Record<PortName, number>>;

  constructor(name: string, environment: NodeJS.ProcessEnv = process.env) {
    if (!/^[a-z][a-z0-9-]{0,20}$/.test(name)) {
      throw new Problem(
        `the instance name ${JSON.stringify(name)} is not allowed; use lower-case letters, digits and hyphens.`,
      );
    }
    this.name = name;
    this.folder = join(checkout, ".sandbox", name);
    const base = this.#recordedBase() ?? portBase(name, environment);
    this.ports = Object.fromEntries(portNames.map((port, offset) => [port, base + offset])) as Record<PortName, number>;
  }

  get exists(): boolean {
    return existsSync(this.path("instance.json"));
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  url(port: PortName, path = ""): string {
    return `https://127.0.0.1:${this.ports[port]}${path}`;
  }

  get keycloakUrl(): string {
    return this.url("keycloak", "/auth");
  }

  get credentials(): Credentials {
    return JSON.parse(readFileSync(this.path("credentials.json"), "utf8")) as Credentials;
  }

  get authority(): string {
    return readFileSync(this.path("pki", "ca.crt"), "utf8");
  }

  /** Folder, certificates and credentials, once; a second call finds them. */
  async prepare(): Promise<void> {
    if (this.exists) return;
    for (const folder of ["pki", "logs", "data", "run", "bin", "state", "pulumi"]) {
      mkdirSync(this.path(folder), { recursive: true, mode: 0o700 });
    }
    // The command line cannot keep a log here then, which would be one of all values and takes a fifth of a preview.
    writeFileSync(this.path("pulumi", "logs"), "");
    await this.#issueCertificates();
    this.#writeSecret("credentials.json", JSON.stringify(newCredentials()));
    this.#writeSecret("kubeconfig", kubeconfig(this, "admin"));
    this.#writeSecret("run/controller-manager.kubeconfig", kubeconfig(this, "controller-manager"));
    // Last, so that an interrupted preparation is done again.
    this.#writeSecret("instance.json", JSON.stringify({ portBase: this.ports.etcd }));
  }

  async #issueCertificates(): Promise<void> {
    const authority = await Authority.create();
    this.#writeSecret("pki/ca.crt", authority.certificate);
    const holders = {
      server: { commonName: "localhost" },
      admin: { commonName: "admin", organization: "system:masters" },
      "controller-manager": { commonName: "system:kube-controller-manager" },
    };
    for (const [name, holder] of Object.entries(holders)) {
      const { certificate, key } = await authority.issue(holder);
      this.#writeSecret(`pki/${name}.crt`, certificate);
      this.#writeSecret(`pki/${name}.key`, key);
    }
    const { publicKey, privateKey } = await signingKey();
    this.#writeSecret("pki/service-accounts.pub", publicKey);
    this.#writeSecret("pki/service-accounts.key", privateKey);
  }

  #writeSecret(path: string, text: string): void {
    writeFileSync(this.path(path), text, { mode: 0o600 });
  }

  /** A platform that exists keeps its ports, whatever the environment says today. */
  #recordedBase(): number | undefined {
    if (!this.exists) return undefined;
    return (JSON.parse(readFileSync(this.path("instance.json"), "utf8")) as { portBase: number }).portBase;
  }
}

function portBase(name: string, environment: NodeJS.ProcessEnv): number {
  const chosen = environment["SANDBOX_PORT_BASE"];
  if (chosen === undefined || chosen === "") return defaultBases[name] ?? otherBase;
  const base = Number(chosen);
  if (!Number.isInteger(base) || base < 1024 || base > 65535 - portNames.length) {
    throw new Problem(
      `SANDBOX_PORT_BASE is ${JSON.stringify(chosen)}; it must be a port number from 1024 to ${65535 - portNames.length}.`,
    );
  }
  return base;
}

function newCredentials(): Credentials {
  const secret = () => randomBytes(24).toString("base64url");
  return { keycloakUser: "root-1", keycloakPassword: secret(), minioUser: "minio-root", minioPassword: secret() };
}

function kubeconfig(instance: Instance, holder: string): string {
  const file = (name: string) => readFileSync(instance.path("pki", name)).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "prokube-access",
    contexts: [{ name: "prokube-access", context: { cluster: "prokube-access", user: holder } }],
    clusters: [
      {
        name: "prokube-access",
        cluster: { server: instance.url("kubeApiserver"), "certificate-authority-data": file("ca.crt") },
      },
    ],
    users: [
      {
        name: holder,
        user: { "client-certificate-data": file(`${holder}.crt`), "client-key-data": file(`${holder}.key`) },
      },
    ],
  });
}
