import { existsSync, readFileSync } from "node:fs";
import type { Connection } from "../live/connection.ts";
import { connect, type Planes, reasonOf } from "../live/survey.ts";
import { keycloakFromEnvironment, MissingSettings } from "./resetCredentials.ts";

/**
 * All planes, from the variables that `make env` prints.
 *
 * @throws {MissingSettings} naming what is missing
 */
export function planesFromEnvironment(realm: string): Planes {
  const [keycloak, minio] = [tried(keycloakFromEnvironment), tried(minioFromEnvironment)];
  const problems = [keycloak, minio].flatMap((one) => (one instanceof MissingSettings ? [one.message] : []));
  if (keycloak instanceof MissingSettings || minio instanceof MissingSettings) {
    throw new MissingSettings(problems.join("\n"));
  }
  try {
    return connect({ keycloak, minio, kubernetes: { kubeconfig: undefined, context: undefined } }, realm);
  } catch (error) {
    throw new MissingSettings(`the cluster's settings cannot be read (KUBECONFIG): ${reasonOf(error)}`);
  }
}

function tried<T>(read: () => T): T | MissingSettings {
  try {
    return read();
  } catch (error) {
    if (error instanceof MissingSettings) return error;
    throw error;
  }
}

function minioFromEnvironment(): Connection["minio"] {
  const missing: string[] = [];
  const required = (name: string): string => {
    const value = process.env[name] ?? "";
    if (value === "") missing.push(name);
    return value;
  };
  const address = required("MINIO_ENDPOINT");
  const endpoint = URL.parse(address.includes("://") ? address : `https://${address}`);
  if (address !== "" && endpoint === null) missing.push(`a valid address in MINIO_ENDPOINT: found "${address}"`);
  const [user, password] = [required("MINIO_ROOT_USER"), required("MINIO_ROOT_PASSWORD")];
  const path = process.env["MINIO_CACERT"] ?? "";
  if (path !== "" && !existsSync(path)) missing.push(`the file of MINIO_CACERT: there is no ${path}`);
  if (missing.length > 0 || endpoint === null) {
    throw new MissingSettings(
      `the environment does not say how to reach MinIO. Missing:\n  ${missing.join("\n  ")}\n` +
        'For the local platform run `make up` once, then `eval "$(make -s env)"`.',
    );
  }
  return {
    endpoint,
    user,
    password,
    authority: path === "" ? undefined : { path, text: readFileSync(path, "utf8") },
  };
}
