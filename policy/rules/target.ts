import { at, expectValue, shown, text, unknown } from "../reading.ts";
import { resourceRule } from "../rule.ts";

/** What is absent may be anything. */
interface Target {
  readonly realm: string;
  readonly keycloakUrl?: string;
  readonly kubeContext?: string;
  readonly minioServer?: string;
}

const defaults: Target = { realm: "prokube" };

/** The files of one environment on the servers of another would give strangers access. */
export const rightPlatform = resourceRule(
  {
    name: "right-platform",
    description: "Everything goes to the platform that this environment's policy configuration names, encrypted.",
    severity: "critical",
    remedy: "Look at the stack's configuration and at the environment of this run before anything else.",
    config: {
      schema: {
        properties: {
          realm: { type: "string", description: "The platform's realm." },
          keycloakUrl: { type: "string", description: "Keycloak's address; any when absent." },
          kubeContext: { type: "string", description: "Context in the kubeconfig; any when absent." },
          minioServer: { type: "string", description: "MinIO's host; any when absent." },
        },
      },
      defaults,
    },
  },
  ({ type, props, stack }, { realm, keycloakUrl, kubeContext, minioServer }) => {
    switch (type) {
      case "pulumi:providers:keycloak":
        return [
          ...(keycloakUrl === undefined ? [] : expectValue(props, ["url"], [keycloakUrl])),
          ...(text(props, "url")?.startsWith("https://")
            ? []
            : [`url is ${shown(at(props, "url"))}; it must begin with https://`]),
          ...notSet(props, "tlsInsecureSkipVerify"),
        ];
      case "pulumi:providers:kubernetes":
        return [
          ...(kubeContext === undefined ? [] : expectValue(props, ["context"], [kubeContext])),
          // Without it another address of the API server replaces every object, namespaces included.
          ...expectValue(props, ["clusterIdentifier"], [`prokube-access-${stack}`]),
          ...["renderYamlToDirectory", "deleteUnreachable", "namespace"].flatMap((key) => notSet(props, key)),
        ];
      case "pulumi:providers:minio":
        return [
          ...(minioServer === undefined ? [] : expectValue(props, ["minioServer"], [minioServer])),
          ...expectValue(props, ["minioSsl"], ["true", true]),
          ...["minioInsecure", "minioDebug"].flatMap((key) => notSet(props, key)),
        ];
      default:
        return type.startsWith("keycloak:") ? realmFindings(props, realm) : [];
    }
  },
);

/** Keycloak's own realm is where its administrators are. */
function realmFindings(props: unknown, realm: string): string[] {
  return ["realmId", "realm"].flatMap((key) => {
    const found = at(props, key);
    // A realm that is made in this update; it is looked at again when it is there.
    return found === undefined || found === unknown ? [] : expectValue(props, [key], [realm]);
  });
}

/** Providers are told everything as text. */
function notSet(props: unknown, key: string): string[] {
  return expectValue(props, [key], [undefined, "false", false, ""]);
}
