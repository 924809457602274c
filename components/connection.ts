import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../live/connection.ts";

/**
 * Where the platform is and how to log in there, from the stack's configuration and, where that is silent, the
 * environment (README, "Point it at a real cluster").
 *
 * @throws {pulumi.RunError} naming every setting that is missing
 */
export async function readConnection(): Promise<Connection> {
  const settings = new Settings();
  const connection = {
    keycloak: await keycloakLogin(settings),
    kubernetes: {
      kubeconfig: await settings.optionalSecret("kubeconfig"),
      context: settings.optional("kubeContext"),
    },
    minio: {
      endpoint: settings.requiredUrl("minioEndpoint", "MINIO_ENDPOINT"),
      user: await settings.requiredSecret("minioUser", "MINIO_ROOT_USER"),
      password: await settings.requiredSecret("minioPassword", "MINIO_ROOT_PASSWORD"),
      authority: settings.optionalFile("minioCaFile", "MINIO_CACERT"),
    },
  };
  settings.requireComplete();
  return connection;
}

async function keycloakLogin(settings: Settings): Promise<Connection["keycloak"]> {
  const clientSecret = await settings.optionalSecret("keycloakClientSecret", "KEYCLOAK_CLIENT_SECRET");
  return {
    url: settings.required("keycloakUrl", "KEYCLOAK_URL"),
    loginRealm: settings.optional("keycloakLoginRealm") ?? "master",
    authority: settings.optionalFile("keycloakCaFile", "KEYCLOAK_CACERT"),
    login:
      clientSecret === undefined
        ? {
            clientId: "admin-cli",
            username: settings.required("keycloakUser", "KEYCLOAK_USER"),
            password: await settings.requiredSecret("keycloakPassword", "KEYCLOAK_PASSWORD"),
          }
        : { clientId: settings.required("keycloakClientId", "KEYCLOAK_CLIENT_ID"), clientSecret },
  };
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

  async optionalSecret(key: string, variable?: string): Promise<string | undefined> {
    const configured = this.config.getSecret(key);
    if (configured) return new Promise((resolve) => configured.apply(resolve));
    return (variable === undefined ? undefined : process.env[variable]) || undefined;
  }

  async requiredSecret(key: string, variable: string): Promise<string> {
    const value = await this.optionalSecret(key, variable);
    if (value === undefined) this.missing.push(`pulumi config set --secret ${key} (or ${variable})`);
    return value ?? "";
  }

  requireComplete(): void {
    if (this.missing.length === 0) return;
    throw new pulumi.RunError(
      `stack "${pulumi.getStack()}" does not say how to reach the platform. Missing:\n  ${this.missing.join("\n  ")}\n` +
        'For the local platform run `make up` once, then `eval "$(make -s env)"`.',
    );
  }
}
