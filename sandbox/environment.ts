import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Instance } from "./instance.ts";
import { checkout } from "./paths.ts";
import { loginClient, realm } from "./servers.ts";

/** The passphrase of every stack on a local platform. It protects nothing: the platform and its state go together. */
const passphrase = "prokube-access-dev";

/** What a shell needs to use the running platform. */
export function environmentOf(
  instance: Instance,
  outside: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const { keycloakUser, keycloakPassword, minioUser, minioPassword } = instance.credentials;
  const ca = instance.path("pki", "ca.crt");
  return {
    KUBECONFIG: instance.path("kubeconfig"),
    KEYCLOAK_URL: instance.keycloakUrl,
    KEYCLOAK_USER: keycloakUser,
    KEYCLOAK_PASSWORD: keycloakPassword,
    KEYCLOAK_CACERT: ca,
    MINIO_ENDPOINT: instance.url("minio"),
    MINIO_ROOT_USER: minioUser,
    MINIO_ROOT_PASSWORD: minioPassword,
    MINIO_CACERT: ca,
    OIDC_ISSUER_URL: `${instance.keycloakUrl}/realms/${realm}`,
    OIDC_CLIENT_ID: loginClient,
    NODE_EXTRA_CA_CERTS: writeBundle(instance, outside["NODE_EXTRA_CA_CERTS"]),
    PULUMI_HOME: instance.path("pulumi"),
    PULUMI_BACKEND_URL: `file://${instance.path("state")}`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PATH: [instance.path("bin"), join(checkout, "node_modules", ".bin"), outside["PATH"] ?? ""].join(delimiter),
  };
}

/** The authorities that Node was told of before, and the platform's. */
function writeBundle(instance: Instance, before: string | undefined): string {
  const bundle = instance.path("pki", "bundle.crt");
  if (before === bundle && existsSync(bundle)) return bundle;
  const earlier = before !== undefined && before !== "" && existsSync(before) ? readFileSync(before, "utf8") : "";
  writeFileSync(bundle, `${earlier}\n${instance.authority}`, { mode: 0o600 });
  return bundle;
}

/** Lines that a shell can evaluate. */
export function shellExports(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`)
    .join("\n");
}
