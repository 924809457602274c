import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

interface Summary {
  readonly types: Readonly<Record<string, number>>;
  readonly names: readonly string[];
  readonly providers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly plainSecrets: readonly string[];
}

/** Runs the whole program under mocks in a process of its own, because mocks are global. */
async function register(stack: string, environment: Record<string, string>): Promise<Summary> {
  const { PATH, HOME } = process.env;
  const { stdout } = await run(
    process.execPath,
    ["--experimental-test-module-mocks", "--no-warnings", "test/program/register.ts", stack],
    {
      env: { PATH, HOME, ...environment },
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return JSON.parse(stdout) as Summary;
}

const canary = "canary-5cf2a1";
const credentials = {
  KEYCLOAK_USER: "root-1",
  KEYCLOAK_PASSWORD: `${canary}-keycloak`,
  KEYCLOAK_CLIENT_SECRET: "",
  MINIO_ROOT_USER: `${canary}-minio-user`,
  MINIO_ROOT_PASSWORD: `${canary}-minio`,
};
const local = { ...credentials, KEYCLOAK_URL: "https://127.0.0.1:1/auth", MINIO_ENDPOINT: "https://127.0.0.1:2" };

test("dev registers what its files say", async () => {
  const { types, names } = await register("dev", local);
  assert.deepEqual(types, {
    "keycloak:index/group:Group": 2,
    "keycloak:index/groupRoles:GroupRoles": 2,
    "keycloak:index/role:Role": 25,
    "keycloak:index/user:User": 7,
    "keycloak:index/userGroups:UserGroups": 6,
    "keycloak:index/userRoles:UserRoles": 3,
    "kubernetes:core/v1:ConfigMap": 10,
    "kubernetes:core/v1:LimitRange": 2,
    "kubernetes:core/v1:Namespace": 5,
    "kubernetes:core/v1:Secret": 10,
    "kubernetes:kubeflow.org/v1:Profile": 5,
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": 19,
    "kubernetes:security.istio.io/v1:AuthorizationPolicy": 6,
    "minio:index/iamPolicy:IamPolicy": 15,
    "minio:index/iamServiceAccount:IamServiceAccount": 5,
    "minio:index/iamUser:IamUser": 5,
    "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment": 5,
    "minio:index/s3Bucket:S3Bucket": 10,
    "prokube:access:ClusterAccess": 1,
    "prokube:access:Group": 2,
    "prokube:access:Realm": 1,
    "prokube:access:User": 6,
    "prokube:access:Workspace": 5,
    "pulumi:index:Stash": 1,
    "pulumi:providers:keycloak": 1,
    "pulumi:providers:kubernetes": 1,
    "pulumi:providers:minio": 1,
  });
  assert.equal(new Set(names).size, names.length, "every type and name pair occurs once");
});

test("prod is complete: real endpoints from its configuration, credentials from the environment", async () => {
  const { types, providers } = await register("prod", {
    ...local,
    KEYCLOAK_CLIENT_ID: "ci",
    KEYCLOAK_CLIENT_SECRET: `${canary}-client`,
  });
  assert.ok((types["prokube:access:Workspace"] ?? 0) >= 3 && (types["prokube:access:User"] ?? 0) >= 6);
  assert.equal(providers["keycloak"]?.["url"], "https://ml.example.com/auth");
  assert.equal(providers["keycloak"]["clientId"], "ci");
  assert.equal(providers["kubernetes"]?.["context"], "ml-prod");
  assert.equal(providers["kubernetes"]["clusterIdentifier"], "prokube-access-prod");
  assert.deepEqual(
    [providers["minio"]?.["minioServer"], providers["minio"]?.["minioSsl"]],
    ["s3.ml.example.com", "true"],
  );
});

test("no credential reaches the engine in plain text", async () => {
  for (const environment of [
    local,
    { ...local, KEYCLOAK_CLIENT_ID: "ci", KEYCLOAK_CLIENT_SECRET: `${canary}-client` },
  ]) {
    const { plainSecrets } = await register("dev", environment);
    assert.deepEqual(plainSecrets, []);
  }
});

const refused: readonly (readonly [
  what: string,
  stack: string,
  environment: Record<string, string>,
  message: RegExp,
])[] = [
  [
    "a platform that nobody named",
    "dev",
    {},
    /^stack "dev" does not say how to reach the platform\. Missing:\n {2}pulumi config set keycloakUrl \.\.\. \(or KEYCLOAK_URL\)\n {2}pulumi config set keycloakUser .*\n {2}pulumi config set --secret keycloakPassword \(or KEYCLOAK_PASSWORD\)\n {2}pulumi config set minioEndpoint .*\n(?: {2}.*\n){2}For the local platform run/,
  ],
  [
    "a stack without desired state",
    "staging",
    local,
    /^stacks\/staging:1:1 misplaced-file: .*Stacks with one: "dev", "prod"\./,
  ],
  ["a date that is none", "dev", { ...local, TEST_DATE: "tomorrow" }, /^"tomorrow" is not a day/],
];
for (const [what, stack, environment, message] of refused) {
  test(`refuses ${what} before it registers anything, without a stack trace`, async () => {
    await assert.rejects(register(stack, environment), (error: { stderr: string; stdout: string }) => {
      assert.match(error.stderr, message);
      assert.doesNotMatch(error.stderr, /^\s+at /m);
      assert.equal(error.stdout, "");
      return true;
    });
  });
}
