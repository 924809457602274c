import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { Instance, PortName } from "./instance.ts";
import type { Tools } from "./tools.ts";

/** The realm and the client of it that the API server and MinIO trust. */
export const realm = "prokube";
export const loginClient = "prokube-platform";
export const rolesClaim = "roles";

/** One server of the local platform. */
export interface Server {
  readonly name: string;
  readonly ports: readonly PortName[];
  /** What runs: its program, arguments and environment. Files it needs are written here. */
  readonly command: (instance: Instance, tools: Tools) => Command;
  /** An address that answers 200 once the server works. */
  readonly health: (instance: Instance) => string;
  /** Seconds until it must be healthy. */
  readonly patience: number;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const pki = (instance: Instance, file: string) => instance.path("pki", file);

export const etcd: Server = {
  name: "etcd",
  ports: ["etcd", "etcdPeer", "etcdMetrics"],
  patience: 30,
  health: ({ ports }) => `http://127.0.0.1:${ports.etcdMetrics}/health`,
  command: (instance, tools) => {
    const peer = instance.url("etcdPeer");
    const tls = (prefix: string) => [
      `--${prefix}cert-file=${pki(instance, "server.crt")}`,
      `--${prefix}key-file=${pki(instance, "server.key")}`,
      `--${prefix}trusted-ca-file=${pki(instance, "ca.crt")}`,
      `--${prefix}client-cert-auth`,
    ];
    return {
      program: tools.etcd,
      args: [
        `--data-dir=${instance.path("data", "etcd")}`,
        `--listen-client-urls=${instance.url("etcd")}`,
        `--advertise-client-urls=${instance.url("etcd")}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=default=${peer}`,
        `--listen-metrics-urls=http://127.0.0.1:${instance.ports.etcdMetrics}`,
        // A throw-away platform: speed before the safety of the last second.
        "--unsafe-no-fsync",
        ...tls(""),
        ...tls("peer-"),
      ],
    };
  },
};

export const kubeApiserver: Server = {
  name: "kube-apiserver",
  ports: ["kubeApiserver"],
  patience: 60,
  health: (instance) => instance.url("kubeApiserver", "/readyz"),
  command: (instance, tools) => ({
    program: tools.kubeApiserver,
    args: [
      "--bind-address=127.0.0.1",
      `--secure-port=${instance.ports.kubeApiserver}`,
      `--tls-cert-file=${pki(instance, "server.crt")}`,
      `--tls-private-key-file=${pki(instance, "server.key")}`,
      `--client-ca-file=${pki(instance, "ca.crt")}`,
      `--etcd-servers=${instance.url("etcd")}`,
      `--etcd-cafile=${pki(instance, "ca.crt")}`,
      `--etcd-certfile=${pki(instance, "admin.crt")}`,
      `--etcd-keyfile=${pki(instance, "admin.key")}`,
      "--authorization-mode=RBAC",
      "--anonymous-auth=false",
      `--authentication-config=${writeAuthenticationConfiguration(instance)}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${pki(instance, "service-accounts.pub")}`,
      `--service-account-signing-key-file=${pki(instance, "service-accounts.key")}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      // Nothing else finds this API server by its service.
      "--endpoint-reconciler-type=none",
      "--profiling=false",
    ],
  }),
};

/** The API server takes Keycloak's tokens: the e-mail address is the user, the realm roles are the groups. */
function writeAuthenticationConfiguration(instance: Instance): string {
  const file = instance.path("run", "authentication.yaml");
  writeFileSync(
    file,
    stringify({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AuthenticationConfiguration",
      jwt: [
        {
          issuer: {
            url: `${instance.keycloakUrl}/realms/${realm}`,
            audiences: [loginClient],
            certificateAuthority: instance.authority,
          },
          claimMappings: { username: { claim: "email", prefix: "" }, groups: { claim: rolesClaim, prefix: "" } },
          userValidationRules: [
            { expression: "!user.username.startsWith('system:')", message: "a user may not be one of Kubernetes' own" },
            {
              expression: "user.groups.all(group, !group.startsWith('system:'))",
              message: "a realm role may not be one of Kubernetes' own groups",
            },
          ],
        },
      ],
    }),
    { mode: 0o600 },
  );
  return file;
}

export const kubeControllerManager: Server = {
  name: "kube-controller-manager",
  ports: ["kubeControllerManager"],
  patience: 30,
  health: (instance) => instance.url("kubeControllerManager", "/healthz"),
  command: (instance, tools) => ({
    program: tools.kubeControllerManager,
    args: [
      "--bind-address=127.0.0.1",
      `--secure-port=${instance.ports.kubeControllerManager}`,
      `--tls-cert-file=${pki(instance, "server.crt")}`,
      `--tls-private-key-file=${pki(instance, "server.key")}`,
      `--kubeconfig=${instance.path("run", "controller-manager.kubeconfig")}`,
      `--service-account-private-key-file=${pki(instance, "service-accounts.key")}`,
      `--root-ca-file=${pki(instance, "ca.crt")}`,
      "--controllers=namespace-controller,clusterrole-aggregation-controller,garbage-collector-controller,resourcequota-controller,serviceaccount-controller,root-ca-certificate-publisher-controller",
      // Each controller has the rights that Kubernetes gives it, and no others.
      "--use-service-account-credentials=true",
      "--leader-elect=false",
      "--profiling=false",
    ],
  }),
};

export const keycloak: Server = {
  name: "keycloak",
  ports: ["keycloak", "keycloakManagement"],
  patience: 180,
  health: (instance) => instance.url("keycloakManagement", "/auth/health/ready"),
  command: (instance, tools) => {
    const home = instance.path("data", "keycloak");
    linkKeycloakHome(home, dirname(dirname(tools.keycloak)));
    const { keycloakUser, keycloakPassword } = instance.credentials;
    return {
      program: tools.keycloak,
      args: [
        "start",
        "--optimized",
        // Alone: otherwise it listens for others like it on every interface.
        "--cache=local",
        // Not a line for each time that somebody asks whether it is ready yet.
        "--log-level=info,io.smallrye.health:error",
        `--hostname=${instance.keycloakUrl}`,
        "--http-host=127.0.0.1",
        `--https-port=${instance.ports.keycloak}`,
        `--http-management-port=${instance.ports.keycloakManagement}`,
        `--https-certificate-file=${pki(instance, "server.crt")}`,
        `--https-certificate-key-file=${pki(instance, "server.key")}`,
        `--db-url=jdbc:h2:file:${join(home, "database")};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE`,
        // For identity providers and directories that the same authority vouches for.
        `--truststore-paths=${pki(instance, "ca.crt")}`,
        `-Dkc.home.dir=${home}`,
        `-Djava.io.tmpdir=${home}`,
      ],
      environment: {
        KC_BOOTSTRAP_ADMIN_USERNAME: keycloakUser,
        KC_BOOTSTRAP_ADMIN_PASSWORD: keycloakPassword,
        // Compiling less thoroughly starts faster, and nobody runs it for long.
        JAVA_OPTS_APPEND: "-XX:TieredStopAtLevel=1",
      },
    };
  },
};

/** The built Keycloak in the cache is shared; what one writes while it runs is not. */
function linkKeycloakHome(home: string, built: string): void {
  mkdirSync(home, { recursive: true });
  for (const part of ["bin", "conf", "lib", "providers", "themes"]) {
    if (!existsSync(join(home, part))) symlinkSync(join(built, part), join(home, part));
  }
}

export const minio: Server = {
  name: "minio",
  ports: ["minio"],
  patience: 60,
  health: (instance) => instance.url("minio", "/minio/health/ready"),
  command: (instance, tools) => {
    const certificates = instance.path("run", "minio");
    mkdirSync(join(certificates, "CAs"), { recursive: true });
    copyFileSync(pki(instance, "server.crt"), join(certificates, "public.crt"));
    copyFileSync(pki(instance, "server.key"), join(certificates, "private.key"));
    copyFileSync(pki(instance, "ca.crt"), join(certificates, "CAs", "ca.crt"));
    const { minioUser, minioPassword } = instance.credentials;
    return {
      program: tools.minio,
      args: [
        "server",
        instance.path("data", "minio"),
        `--address=127.0.0.1:${instance.ports.minio}`,
        `--certs-dir=${certificates}`,
        "--quiet",
      ],
      environment: {
        MINIO_ROOT_USER: minioUser,
        MINIO_ROOT_PASSWORD: minioPassword,
        MINIO_BROWSER: "off",
        MINIO_UPDATE: "off",
        MINIO_CALLHOME_ENABLE: "off",
        MINIO_IDENTITY_OPENID_CONFIG_URL: `${instance.keycloakUrl}/realms/${realm}/.well-known/openid-configuration`,
        MINIO_IDENTITY_OPENID_CLIENT_ID: loginClient,
        MINIO_IDENTITY_OPENID_CLAIM_NAME: rolesClaim,
      },
    };
  },
};

export const servers: readonly Server[] = [keycloak, etcd, kubeApiserver, kubeControllerManager, minio];
