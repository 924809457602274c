import { ownership } from "../../access/inventory.ts";
import { allWorkspaces } from "../../access/ledger.ts";
import { clusterRoleBindingName, contributorBindingName } from "../../access/names.ts";
import { networkRules } from "../../access/networkPolicy.ts";
import type { Plan, PlannedWorkspace } from "../../access/resolve.ts";
import type {
  ClusterSnapshot,
  RealmRole,
  RealmSnapshot,
  S3Document,
  Snapshot,
  StoreSnapshot,
  Subject,
} from "../../access/snapshot.ts";

/** A copy that a test can spoil. */
export type Spoilable<T> = T extends readonly (infer E)[]
  ? Spoilable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Spoilable<T[K]> }
    : T;

/**
 * What the planes hold right after an update, by docs/architecture.md, on a platform that has things of its own: the
 * realm's default roles, what Kubeflow's Profile controller makes, people of nobody's, MinIO's own policies.
 */
export function convergedSnapshot(plan: Plan, stack: string): Spoilable<Snapshot> {
  const snapshot: Snapshot = {
    realm: realmOf(plan, stack),
    cluster: clusterOf(plan, stack),
    store: plan.platform.provisioning === "program" ? storeOf(plan, stack) : operatorsStore(plan),
  };
  return structuredClone(snapshot) as Spoilable<Snapshot>;
}

const time = "2026-11-01T10:00:00.000Z";

function realmOf(plan: Plan, stack: string): RealmSnapshot {
  const attributes = ownership.attributes(stack);
  const marks = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, [value]]));
  const person = (username: string, email: string) => ({
    id: `id-of-${username}`,
    username,
    email,
    firstName: "",
    lastName: "",
    enabled: true,
    emailVerified: true,
    requiredActions: [],
    attributes: {},
  });
  const users = plan.users
    .filter(({ directory }) => directory === undefined)
    .map((user) => ({
      ...person(user.username, user.email),
      firstName: user.firstName ?? "",
      lastName: user.lastName ?? "",
      enabled: user.enabled,
      emailVerified: user.emailVerified,
      // What the user has done is done.
      requiredActions: [],
      attributes: { ...marks, [ownership.keyAttribute]: [user.username] },
    }));
  const { user: userGroup, admin } = plan.platform.platformGroups;
  const membersOf = (name: string) =>
    plan.users.filter(({ groups }) => groups.includes(name)).map(({ username }) => username);
  const group = (path: string, rest: object = {}) => ({
    id: `id-of-${path}`,
    name: path.split("/").at(-1) ?? "",
    path,
    attributes: {},
    roles: [] as readonly string[],
    members: [] as string[],
    ...rest,
  });
  const holdersOf = (name: string) =>
    plan.users.filter(({ roles }) => roles.includes(name)).map(({ username }) => username);
  const role = (name: string, description: string, composites: readonly string[] = []): RealmRole => ({
    id: `id-of-${name}`,
    name,
    description,
    attributes: marks,
    composites,
    users: holdersOf(name),
  });
  const theirs = (name: string, users: readonly string[] = []): RealmRole => ({
    ...role(name, ""),
    attributes: {},
    users,
  });
  return {
    users: [
      ...users,
      { ...person(plan.platform.owner, plan.platform.owner), enabled: false, emailVerified: false, attributes: marks },
      person("nobodys", "nobodys@elsewhere.example"),
    ],
    groups: [
      group(`/${userGroup}`, { members: membersOf(userGroup), roles: plan.platformGroupRoles[userGroup] ?? [] }),
      group(`/${admin}`, { members: membersOf(admin), roles: plan.platformGroupRoles[admin] ?? [] }),
      ...plan.groups.flatMap(({ name, roles, sources }) => [
        group(`/${name}`, { attributes: marks, roles, members: membersOf(name) }),
        ...sources.map((source) => group(`/${name}/${source.name}`, { attributes: marks })),
      ]),
      group("/somebody-elses", { members: ["nobodys"] }),
    ],
    roles: [
      {
        ...theirs("default-roles-prokube", [...users.map(({ username }) => username), "nobodys"]),
        composites: ["offline_access"],
        clientRoles: ["view-profile"],
      },
      theirs("offline_access"),
      theirs("somebody-elses", ["nobodys"]),
      ...allWorkspaces(plan).flatMap(({ name, description }) => [
        role(`pk:s3:view:${name}`, `S3 read-only access to ${name}`),
        role(`pk:s3:edit:${name}`, `S3 read-write access to ${name}`),
        role(`pk:view:${name}`, `View access to ${name}`, [`pk:s3:view:${name}`]),
        role(`pk:edit:${name}`, `Edit access to ${name}`, [`pk:s3:edit:${name}`]),
        role(`pk:${name}`, description === undefined ? `Workspace ${name}` : `Workspace ${name}: ${description}`, [
          `pk:edit:${name}`,
          `pk:s3:edit:${name}`,
          `pk:view:${name}`,
        ]),
      ]),
      ...plan.realmRoles.map(({ name, description, existing }) =>
        existing ? theirs(name, [...holdersOf(name), "nobodys"]) : role(name, description ?? ""),
      ),
    ],
  };
}

const gatewayPaths = (plan: Plan) => [
  ...plan.platform.gateway.platformPaths,
  ...plan.applications.flatMap((application) =>
    application.auth === "headers" ? [] : application.paths.map(({ path }) => path),
  ),
];

function clusterOf(plan: Plan, stack: string): ClusterSnapshot {
  const ours = { labels: ownership.labels(stack), annotations: {}, manager: "pulumi-kubernetes", time };
  const others = { labels: {}, annotations: {}, manager: "kubectl-create", time };
  const workspaces = allWorkspaces(plan);
  const { istio, gateway, provisioning } = plan.platform;
  const isProgram = provisioning === "program";
  const made = isProgram ? ours : others;
  const user = (name: string): Subject => ({ kind: "User", name });
  const binding = (
    namespace: string,
    name: string,
    role: string,
    subject: Subject,
    rest: object = made,
  ): ClusterSnapshot["roleBindings"][number] => ({
    ...others,
    ...rest,
    namespace,
    name,
    role: { kind: "ClusterRole", name: role },
    subjects: [subject],
  });
  const account = (namespace: string, name: string): Subject => ({ kind: "ServiceAccount", name, namespace });
  const controller = { ...others, manager: "manager" };
  const exemptions = {
    [`prokube-access/exempted.${stack}`]: JSON.stringify(
      gatewayPaths(plan).slice(plan.platform.gateway.platformPaths.length),
    ),
  };
  return {
    namespaces: [
      ...["default", "kube-system", "kubeflow", gateway.namespace].map((name) => ({ ...others, name })),
      ...workspaces.map(({ name, owner, description }) => ({
        ...made,
        name,
        labels: {
          ...made.labels,
          ...plan.platform.namespaceLabels,
          "kubernetes.io/metadata.name": name,
          "pipelines.kubeflow.org/enabled": "true",
        },
        annotations: { owner, ...(description !== undefined && { description }) },
      })),
    ],
    profiles: workspaces.map(({ name, owner, quota }) => ({ ...made, name, owner, quota })),
    roleBindings: [
      binding("kube-system", "system::leader-locking-kube-scheduler", "x", user("system:kube-scheduler"), others),
      binding("kubeflow", "somebody", "kubeflow-admin", user("nobodys@elsewhere.example"), others),
      ...workspaces.flatMap(({ name, owner, contributors }) => [
        binding(name, "default-editor", "kubeflow-edit", account(name, "default-editor"), controller),
        binding(name, "default-viewer", "kubeflow-view", account(name, "default-viewer"), controller),
        binding(name, "namespaceAdmin", "kubeflow-admin", user(owner), {
          ...controller,
          annotations: { user: owner, role: "admin" },
        }),
        ...(isProgram
          ? [
              binding(name, "pk-edit", "kubeflow-edit", { kind: "Group", name: `pk:edit:${name}` }),
              binding(name, "pk-view", "kubeflow-view", { kind: "Group", name: `pk:view:${name}` }),
            ]
          : []),
        ...contributors.map(({ email, level }) =>
          binding(
            name,
            isProgram ? contributorBindingName(email, level) : `operators-${email}`,
            `kubeflow-${level}`,
            user(email),
            { ...made, annotations: { user: email, role: level } },
          ),
        ),
      ]),
    ],
    clusterRoleBindings: [
      {
        ...others,
        name: "cluster-admin",
        role: clusterRole("cluster-admin"),
        subjects: [{ kind: "Group", name: "system:masters" }],
      },
      {
        ...others,
        name: "profiles",
        role: clusterRole("cluster-admin"),
        subjects: [account("kubeflow", "profiles-controller")],
      },
      {
        ...others,
        name: "system:basic-user",
        role: clusterRole("system:basic-user"),
        subjects: [{ kind: "Group", name: "system:authenticated" }],
      },
      ...(isProgram ? plan.clusterAccess : []).map(({ email, level }) => ({
        ...ours,
        name: clusterRoleBindingName(email, level),
        role: clusterRole(`kubeflow-${level}`),
        subjects: [user(email)],
      })),
    ],
    policies: [
      { ...others, namespace: gateway.namespace, name: "global-deny-all", spec: {} },
      {
        ...others,
        namespace: gateway.namespace,
        name: "istio-ingressgateway",
        spec: { action: "ALLOW", selector: { matchLabels: { app: "istio-ingressgateway" } }, rules: [{}] },
      },
      {
        ...others,
        annotations: exemptions,
        namespace: gateway.namespace,
        name: "istio-ingressgateway-oauth2-proxy",
        spec: {
          action: "CUSTOM",
          provider: { name: "oauth2-proxy" },
          rules: [
            {
              to: [{ operation: { notPaths: gatewayPaths(plan) } }],
              when: [{ key: "request.headers[authorization]", notValues: ["*"] }],
            },
          ],
        },
      },
      {
        ...others,
        annotations: exemptions,
        namespace: gateway.namespace,
        name: "istio-ingressgateway-require-jwt",
        spec: {
          action: "DENY",
          rules: [
            {
              from: [{ source: { notRequestPrincipals: ["*"] } }],
              to: [{ operation: { notPaths: gatewayPaths(plan) } }],
            },
          ],
        },
      },
      ...workspaces.flatMap((workspace) => policiesOf(plan, workspace, made, controller)),
    ],
    limitRanges: isProgram
      ? workspaces.flatMap(({ name, limits }) =>
          limits
            ? [
                {
                  ...ours,
                  namespace: name,
                  name: "cpu-mem-limit-range",
                  limits: [
                    {
                      type: "Container",
                      default: { ...limits.default },
                      defaultRequest: { ...limits.default, ...limits.defaultRequest },
                    },
                  ],
                },
              ]
            : [],
        )
      : [],
  };

  function clusterRole(name: string) {
    return { kind: "ClusterRole", name } as const;
  }

  function policiesOf(
    { platform }: Plan,
    { name, owner, network }: PlannedWorkspace,
    by: typeof ours | typeof others,
    byController: typeof controller,
  ): ClusterSnapshot["policies"][number][] {
    const { full, pipelines } = network;
    return [
      ...(full.length > 0
        ? [
            {
              ...by,
              namespace: name,
              name: isProgram ? "pk-members" : "operators",
              spec: networkRules(istio, "full", full),
            },
          ]
        : []),
      ...(pipelines.length > 0
        ? [
            {
              ...by,
              namespace: name,
              name: isProgram ? "pk-members-without-notebooks" : "operators-others",
              spec: networkRules(istio, "pipelines", pipelines),
            },
          ]
        : []),
      // kubeflow/dashboard, profile_controller.go, getAuthorizationPolicy
      {
        ...byController,
        annotations: { user: owner, role: "admin" },
        namespace: name,
        name: "ns-owner-access-istio",
        spec: {
          rules: [
            {
              from: [{ source: { principals: [istio.gatewayPrincipal, istio.pipelinesPrincipal] } }],
              when: [{ key: `request.headers[${istio.userIdHeader}]`, values: [platform.istio.userIdPrefix + owner] }],
            },
            { when: [{ key: "source.namespace", values: [name] }] },
            { to: [{ operation: { paths: ["/healthz", "/metrics", "/wait-for-drain"] } }] },
            {
              from: [{ source: { principals: ["cluster.local/ns/kubeflow/sa/notebook-controller-service-account"] } }],
              to: [{ operation: { methods: ["GET"], paths: ["*/api/kernels"] } }],
            },
          ],
        },
      },
    ];
  }
}

const builtIn: Record<string, S3Document> = {
  consoleAdmin: {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["admin:*"] },
      { Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] },
    ],
  },
  diagnostics: {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["admin:ServerInfo", "admin:Prometheus"], Resource: ["arn:aws:s3:::*"] }],
  },
  readonly: {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["s3:GetBucketLocation", "s3:GetObject"], Resource: ["arn:aws:s3:::*"] }],
  },
  readwrite: {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] }],
  },
  writeonly: {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["s3:PutObject"], Resource: ["arn:aws:s3:::*"] }],
  },
  mlflow: {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:ListAllMyBuckets"], Resource: ["arn:aws:s3:::*"] },
      { Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::mlflow", "arn:aws:s3:::mlflow/*"] },
    ],
  },
};

function s3Policy(workspace: string, level: "edit" | "view", sid?: (name: string) => string): S3Document {
  const buckets = [`arn:aws:s3:::${workspace}-mlpipeline`, `arn:aws:s3:::${workspace}-data`];
  return {
    Version: "2012-10-17",
    Statement: [
      {
        ...(sid && { Sid: sid("buckets") }),
        Effect: "Allow",
        // MinIO hands actions and resources back in an order of its own.
        Action:
          level === "edit"
            ? ["s3:ListBucketMultipartUploads", "s3:ListBucket", "s3:GetBucketLocation"]
            : ["s3:ListBucket", "s3:GetBucketLocation"],
        Resource: buckets,
      },
      {
        ...(sid && { Sid: sid("objects") }),
        Effect: "Allow",
        Action:
          level === "edit"
            ? [
                "s3:PutObject",
                "s3:GetObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
              ]
            : ["s3:GetObject"],
        Resource: buckets.map((bucket) => `${bucket}/*`),
      },
    ],
  };
}

function storeOf(plan: Plan, stack: string): StoreSnapshot {
  const sid = (name: string) => ownership.statementId(stack, name);
  const record = (workspace: string, personalOf?: string): S3Document => {
    const buckets = [`arn:aws:s3:::${workspace}-data`, `arn:aws:s3:::${workspace}-mlpipeline`];
    const name = personalOf === undefined ? "record" : `record/${personalOf}`;
    return {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: sid(name),
          Effect: "Deny",
          Action: ["s3:*"],
          Resource: [...buckets, ...buckets.map((one) => `${one}/*`)],
        },
      ],
    };
  };
  const workspaces = allWorkspaces(plan);
  // Buckets outlive their workspace, and so does the record of whose they are.
  const all = [...workspaces.map(({ name }) => name), ...plan.archived.workspaces];
  return {
    buckets: ["mlflow", ...all.flatMap((name) => [`${name}-data`, `${name}-mlpipeline`])],
    bucketPolicies: {
      mlflow: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::mlflow/*"] }],
      },
    },
    policies: {
      ...builtIn,
      ...Object.fromEntries(plan.archived.workspaces.map((name) => [`prokube-access:${name}`, record(name)])),
      ...Object.fromEntries(
        workspaces.flatMap(({ name, personalOf }) => [
          [`pk:s3:edit:${name}`, s3Policy(name, "edit", sid)],
          [`pk:s3:view:${name}`, s3Policy(name, "view", sid)],
          [`prokube-access:${name}`, record(name, personalOf?.email)],
        ]),
      ),
    },
    users: {
      mlflow: { enabled: true, policies: ["mlflow"] },
      "was-administrator": { enabled: false, policies: ["consoleAdmin"] },
      ...Object.fromEntries(
        workspaces.map(({ name }) => [`pk-${name}`, { enabled: true, policies: [`pk:s3:edit:${name}`] }]),
      ),
    },
  };
}

function operatorsStore(plan: Plan): StoreSnapshot {
  const names = allWorkspaces(plan).map(({ name }) => name);
  return {
    buckets: names.flatMap((name) => [`${name}-data`, `${name}-mlpipeline`]),
    policies: {
      ...builtIn,
      ...Object.fromEntries(
        names.flatMap((name) => [
          [`pk:s3:edit:${name}`, s3Policy(name, "edit")],
          [`pk:s3:view:${name}`, s3Policy(name, "view")],
        ]),
      ),
    },
    users: Object.fromEntries(
      names.map((name) => [`operators-${name}`, { enabled: true, policies: [`pk:s3:edit:${name}`] }]),
    ),
  };
}
