import { existsSync, readFileSync } from "node:fs";
import * as keycloak from "@pulumi/keycloak";
import * as kubernetes from "@pulumi/kubernetes";
import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";

/**
 * The three providers, from the stack's configuration and, where that is silent, the environment (README, "Point it
 * at a real cluster"). Credentials are secrets from the start: the providers do not mark all of theirs.
 *
 * @throws {pulumi.RunError} naming every setting that is missing
 */
export function createProviders(): pulumi.ProviderResource[] {
  const settings = new Settings();
  const providers = [keycloakProvider(settings), kubernetesProvider(settings), minioProvider(settings)];
  settings.requireComplete();
  return providers.map((create) => create());
}

/** Reads settings and remembers the missing ones, so that they can be told all at once. */
class Settings {
  private readonly config = new pulumi.Config();
  private readonly missing: string[] = [];

  /** The configuration wins: a shell set up for another environment must not redirect a stack. */
  optional(key: string, variable?: string): string | undefined {
    return this.config.get(key) || (variable === undefined ? undefined : process.env[variable]) || undefined;
  }

  required(key: string, variable: string): string {
    const value = this.optional(key, variable);
    if (value === undefined) this.missing.push(`pulumi config set ${key} ... (or ${variable})`);
    return value ?? "";
  }

  /** An address; what is none is told like what is missing. */
  requiredUrl(key: string, variable: string): URL {
    const text = this.required(key, variable);
    const url = URL.parse(text.includes("://") ? text : `https://${text}`);
    if (text !== "" && url === null) this.missing.push(`a valid address for ${key} (or ${variable}): found "${text}"`);
    return url ?? new URL("https://localhost");
  }

  /** The text of a file that a setting names. */
  optionalFile(key: string, variable: string): { path: string; text: string } | undefined {
    const path = this.optional(key, variable);
    if (path === undefined) return undefined;
    if (existsSync(path)) return { path, text: readFileSync(path, "utf8") };
    this.missing.push(`the file of ${key} (or ${variable}): there is no ${path}`);
    return undefined;
  }

  optionalSecret(key: string, variable?: string): pulumi.Output<string> | undefined {
    const value = variable === undefined ? undefined : process.env[variable];
    return this.config.getSecret(key) ?? (value ? pulumi.secret(value) : undefined);
  }

  requiredSecret(key: string, variable: string): pulumi.Output<string> {
    const value = this.optionalSecret(key, variable);
    if (value === undefined) this.missing.push(`pulumi config set --secret ${key} (or ${variable})`);
    return value ?? pulumi.secret("");
  }

  requireComplete(): void {
    if (this.missing.length === 0) return;
    throw new pulumi.RunError(
      `stack "${pulumi.getStack()}" does not say how to reach the platform. Missing:\n  ${this.missing.join("\n  ")}\n` +
        'For the local platform run `make up` once, then `eval "$(make -s env)"`.',
    );
  }
}

type Create = () => pulumi.ProviderResource;

function keycloakProvider(settings: Settings): Create {
  const url = settings.required("keycloakUrl", "KEYCLOAK_URL");
  const authority = settings.optionalFile("keycloakCaFile", "KEYCLOAK_CACERT");
  const realm = settings.optional("keycloakLoginRealm") ?? "master";
  const clientSecret = settings.optionalSecret("keycloakClientSecret", "KEYCLOAK_CLIENT_SECRET");
  const login = clientSecret
    ? { clientId: settings.required("keycloakClientId", "KEYCLOAK_CLIENT_ID"), clientSecret }
    : {
        clientId: "admin-cli",
        username: settings.required("keycloakUser", "KEYCLOAK_USER"),
        password: settings.requiredSecret("keycloakPassword", "KEYCLOAK_PASSWORD"),
      };
  return () =>
    new keycloak.Provider("keycloak", {
      url,
      realm,
      ...login,
      ...(authority === undefined ? {} : { rootCaCertificate: authority.text }),
      // The default is 5 s, and the provider does not retry (keycloak/terraform-provider-keycloak#1309).
      clientTimeout: 60,
    });
}

function kubernetesProvider(settings: Settings): Create {
  const kubeconfig = settings.optionalSecret("kubeconfig");
  const context = settings.optional("kubeContext");
  return () =>
    new kubernetes.Provider("kubernetes", {
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
      // Without it another address of the API server would replace every object, namespaces included.
      clusterIdentifier: `prokube-access-${pulumi.getStack()}`,
      enableConfigMapMutable: true,
      enableSecretMutable: true,
    });
}

function minioProvider(settings: Settings): Create {
  const { host, protocol } = settings.requiredUrl("minioEndpoint", "MINIO_ENDPOINT");
  const user = settings.requiredSecret("minioUser", "MINIO_ROOT_USER");
  const password = settings.requiredSecret("minioPassword", "MINIO_ROOT_PASSWORD");
  const authority = settings.optionalFile("minioCaFile", "MINIO_CACERT");
  return () =>
    new minio.Provider("minio", {
      minioServer: host,
      minioUser: user,
      minioPassword: password,
      minioSsl: protocol === "https:",
      ...(authority === undefined ? {} : { minioCacertFile: authority.path }),
    });
}
