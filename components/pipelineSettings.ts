import { pipelineObjects } from "../access/names.ts";
import type { Platform } from "../access/schema.ts";

type ObjectStore = Platform["objectStore"];

/** Where Kubeflow Pipelines v2 puts artifacts, and with which keys (kubeflow/pipelines, backend/src/v2/config). */
export function launcherSettings(bucket: string, { endpoint, tls, region }: ObjectStore): Record<string, string> {
  const credentials = {
    fromEnv: false,
    secretRef: { secretName: pipelineObjects.artifactSecret, accessKeyKey: "accesskey", secretKeyKey: "secretkey" },
  };
  return {
    defaultPipelineRoot: `minio://${bucket}/v2/artifacts`,
    // YAML, of which JSON is a part.
    providers: JSON.stringify({ minio: { default: { endpoint, disableSSL: !tls, region, credentials } } }),
  };
}

/** The same for Argo Workflows, which runs the pipelines (kubeflow/pipelines, pipelines-profile-controller). */
export function artifactRepository(bucket: string, { endpoint, tls, region }: ObjectStore): string {
  const key = (name: string) => ({ name: pipelineObjects.artifactSecret, key: name });
  return JSON.stringify({
    archiveLogs: true,
    s3: {
      endpoint,
      bucket,
      region,
      keyFormat:
        "artifacts/{{workflow.name}}/{{workflow.creationTimestamp.Y}}/{{workflow.creationTimestamp.m}}/" +
        "{{workflow.creationTimestamp.d}}/{{pod.name}}",
      insecure: !tls,
      accessKeySecret: key("accesskey"),
      secretKeySecret: key("secretkey"),
    },
  });
}

/** What KServe reads from a Secret with S3 keys. */
export function kserveAnnotations({ endpoint, tls, region }: ObjectStore): Record<string, string> {
  return {
    "serving.kserve.io/s3-endpoint": endpoint,
    "serving.kserve.io/s3-usehttps": tls ? "1" : "0",
    "serving.kserve.io/s3-region": region,
  };
}
