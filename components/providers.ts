import * as keycloak from "@pulumi/keycloak";
import * as kubernetes from "@pulumi/kubernetes";
import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../live/connection.ts";

/**
 * The providers of what is written. Credentials are secrets from the start: the providers do not mark all
 * of theirs.
 *
 * @param systems what is written beside Keycloak
 * @param opts what every resource has to wait for, because resources wait for their provider
 */
export function createProviders(
  connection: Connection,
  systems: readonly ("kubernetes" | "minio")[],
  opts: pulumi.ResourceOptions,
): pulumi.ProviderResource[] {
  return [
    keycloakProvider(connection.keycloak, opts),
    ...(systems.includes("kubernetes") ? [kubernetesProvider(connection.kubernetes, opts)] : []),
    ...(systems.includes("minio") ? [minioProvider(connection.minio, opts)] : []),
  ];
}

function keycloakProvider(
  { url, loginRealm, login, authority }: Connection["keycloak"],
  opts: pulumi.ResourceOptions,
): keycloak.Provider {
  return new keycloak.Provider(
    "keycloak",
    {
      url,
      realm: loginRealm,
      ...("clientSecret" in login
        ? { clientId: login.clientId, clientSecret: pulumi.secret(login.clientSecret) }
        : { clientId: login.clientId, username: login.username, password: pulumi.secret(login.password) }),
      ...(authority && { rootCaCertificate: authority.text }),
      // The default is 5 s, and the provider does not retry (keycloak/terraform-provider-keycloak#1309).
      clientTimeout: 60,
    },
    opts,
  );
}

function kubernetesProvider(
  { kubeconfig, context }: Connection["kubernetes"],
  opts: pulumi.ResourceOptions,
): kubernetes.Provider {
  return new kubernetes.Provider(
    "kubernetes",
    {
      ...(kubeconfig !== undefined && { kubeconfig: pulumi.secret(kubeconfig) }),
      ...(context !== undefined && { context }),
      // Without it another address of the API server would replace every object, namespaces included.
      clusterIdentifier: `prokube-access-${pulumi.getStack()}`,
      enableConfigMapMutable: true,
      enableSecretMutable: true,
      // What is ours is ours: a hand-made edit of it is taken back and is no conflict.
      enablePatchForce: true,
    },
    opts,
  );
}

function minioProvider(
  { endpoint, user, password, authority }: Connection["minio"],
  opts: pulumi.ResourceOptions,
): minio.Provider {
  return new minio.Provider(
    "minio",
    {
      minioServer: endpoint.host,
      minioUser: pulumi.secret(user),
      minioPassword: pulumi.secret(password),
      minioSsl: endpoint.protocol === "https:",
      ...(authority && { minioCacertFile: authority.path }),
    },
    opts,
  );
}
