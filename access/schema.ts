import * as z from "zod";
import { applicationSchema, dexSettings, gateway } from "./applicationSchema.ts";
import { directorySchema } from "./directorySchema.ts";
import {
  address,
  approvers,
  description,
  email,
  expires,
  groupName,
  line,
  realmRoleName,
  sourceName,
  username,
  workspaceName,
} from "./fields.ts";
import { platformPaths } from "./gateway.ts";
import { identityProviderSchema } from "./identityProviderSchema.ts";
import { countsObjects, isQuotaKey, parseQuantity, quotaKeys } from "./quantity.ts";
import { authentication, platformClients, realmRole, realmSettings } from "./realmSchema.ts";
import { didYouMean, listed } from "./suggest.ts";

/** Required actions of Keycloak 26 that an administrator may ask of a user at the next login. */
export const requiredActions = [
  "CONFIGURE_RECOVERY_AUTHN_CODES",
  "CONFIGURE_TOTP",
  "TERMS_AND_CONDITIONS",
  "UPDATE_EMAIL",
  "UPDATE_PASSWORD",
  "UPDATE_PROFILE",
  "VERIFY_EMAIL",
  "webauthn-register",
  "webauthn-register-passwordless",
] as const;

const quantity = z.union([z.string(), z.number()]).transform(String);

const quota = z
  .record(z.string(), quantity)
  .superRefine((hard, context) => {
    for (const [key, value] of Object.entries(hard)) {
      const problem = quotaProblem(key, value);
      if (problem)
        context.addIssue({ code: "custom", path: [key], message: problem, params: { code: "bad-quantity" } });
    }
  })
  .meta({
    description:
      "Hard limits of the Profile's ResourceQuota: Kubernetes quota keys and quantities. Default: no limit. " +
      "The namespace as a whole may not use more.",
    examples: [{ cpu: "100", memory: "500Gi", pods: "50" }],
  });

function quotaProblem(key: string, value: string): string | undefined {
  if (!isQuotaKey(key)) {
    const meant = isQuotaKey(`requests.${key}`) ? ` Did you mean "requests.${key}"?` : didYouMean(key, quotaKeys);
    return `${JSON.stringify(key)} is not a quota key.${meant} Common ones: ${listed(quotaKeys.slice(0, 6))}, "pods", "requests.nvidia.com/gpu".`;
  }
  const amount = parseQuantity(value);
  if (amount === undefined) return notAQuantity(key, value);
  if (countsObjects(key) && !Number.isInteger(amount))
    return `${key} counts objects, so ${JSON.stringify(value)} must be a whole number.`;
  return undefined;
}

function notAQuantity(key: string, value: string): string {
  // Bytes need no B: Kubernetes knows 500G and 500Gi.
  const [, amount, unit = ""] = /^([\d.]+) *([kKMGTPE])i?[bB]$/.exec(value) ?? [];
  if (amount !== undefined) {
    const [decimal, binary] = [unit === "K" ? "k" : unit, unit.toUpperCase()];
    return `${key} is ${JSON.stringify(value)}, which is not a Kubernetes quantity; write "${amount}${decimal}" or "${amount}${binary}i".`;
  }
  return `${key} is ${JSON.stringify(value)}, which is not a Kubernetes quantity; write a number with an optional unit, such as "8", "500m" or "64Gi".`;
}

const containerResources = z
  .strictObject({
    cpu: quantity.optional().meta({ description: "Cores, such as 800m or 2." }),
    memory: quantity.optional().meta({ description: "Bytes, such as 512Mi." }),
    "ephemeral-storage": quantity.optional().meta({ description: "Bytes of local disk, such as 10Gi." }),
  })
  .superRefine((resources, context) => {
    for (const [key, value] of Object.entries(resources)) {
      if (parseQuantity(value) === undefined) {
        context.addIssue({
          code: "custom",
          path: [key],
          message: notAQuantity(key, value),
          params: { code: "bad-quantity" },
        });
      }
    }
  });

const limits = z
  .strictObject({
    default: containerResources.optional().meta({ description: "Limit of a container that names none." }),
    defaultRequest: containerResources.optional().meta({ description: "Request of a container that names none." }),
  })
  .superRefine((range, context) => {
    for (const [key, request] of Object.entries(range.defaultRequest ?? {})) {
      const limit = range.default?.[key as keyof typeof range.default];
      const [asked, most] = [parseQuantity(request), limit === undefined ? undefined : parseQuantity(limit)];
      if (asked !== undefined && most !== undefined && asked > most) {
        context.addIssue({
          code: "custom",
          path: ["defaultRequest", key],
          message: `the default request for ${key}, ${request}, is above the default limit ${String(limit)}; Kubernetes refuses that. Lower it or raise the limit.`,
          params: { code: "bad-quantity" },
        });
      }
    }
  })
  .meta({
    description:
      "The namespace's LimitRange for containers. Default: none, but as soon as the quota limits cpu or memory " +
      "the values of seed 002 (800m and 512Mi, requests 500m and 256Mi), because pods without values are refused then.",
  });

const subject = {
  user: username.optional().meta({ description: "A user, by username. Exactly one of user and group." }),
  group: groupName.optional().meta({ description: "A group, by name: every member of it gets the grant." }),
};

function oneSubject(grant: { user?: string | undefined; group?: string | undefined }, context: z.RefinementCtx): void {
  if ((grant.user === undefined) !== (grant.group === undefined)) return;
  context.addIssue({
    code: "custom",
    message: `a member is exactly one of user and group; found ${grant.user === undefined ? "neither. Add one" : "both. Remove one"}.`,
    params: { code: "one-subject" },
  });
}

const role = z.enum(["edit", "view"]);

const member = z
  .strictObject({
    ...subject,
    role: role.meta({ description: "edit: create, change and delete workloads. view: read only." }),
    notebooksAccess: z
      .boolean()
      .default(true)
      .meta({
        description:
          "Whether the member may open notebooks and other applications of the workspace through the gateway. " +
          "A notebook runs with edit rights, whoever opens it.",
      }),
    expires,
  })
  .superRefine(oneSubject);

const storageGrant = z
  .strictObject({
    ...subject,
    role: role.meta({ description: "edit: read and write both buckets. view: read only." }),
    expires,
  })
  .superRefine(oneSubject);

const principal = z
  .string()
  .regex(
    /^[a-z0-9][-a-z0-9./]*$/,
    "a SPIFFE identity without wildcards, such as cluster.local/ns/<namespace>/sa/<account>",
  );

const state = z.enum(["active", "archived"]).default("active");

const adopt = z
  .boolean()
  .default(false)
  .meta({
    description:
      "true: take over what is there under these names although this stack did not make it. Its access must already be " +
      "what is written here, so that nothing changes; otherwise the preview says what differs.",
  });

const keyVersion = z.int().min(1).max(1_000_000).default(1);

const previousOwner = email.optional();

const host = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/, "host or host:port in lower case, without scheme");

const clusterGrant = z
  .strictObject({
    ...subject,
    role: z.enum(["admin", "edit"]).meta({
      description: "admin: kubeflow-admin in every namespace. edit: kubeflow-edit in every namespace.",
    }),
    expires,
  })
  .superRefine(oneSubject);

/** platform.yaml: what holds for the whole environment. */
export const platformSchema = z
  .strictObject({
    domain: z
      .string()
      .regex(
        /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
        "a DNS name in lower case, without scheme or path",
      )
      .meta({ description: "The DNS name under which the platform is reached.", examples: ["cluster.example.com"] }),
    realm: z
      .string()
      .regex(
        /^[a-z0-9](?:[a-z0-9_-]{0,34}[a-z0-9])?$/,
        "at most 36 lower-case letters, digits, hyphens and underscores",
      )
      .default("prokube")
      .meta({ description: "The Keycloak realm of the platform. It must exist, but for realmManagement: all." }),
    realmManagement: z
      .enum(["none", "settings", "all"])
      .default("none")
      .meta({
        description:
          "none: the realm's settings and login flows are left alone. settings: those that realmSettings and " +
          "authentication name are kept as written, the rest is left alone. all: the realm is created where it is missing, " +
          "and what is not written is set to a safe default. Themes are always left alone, and no realm is ever deleted.",
      }),
    realmSettings: realmSettings.optional().meta({
      description: "The realm's settings. Only with realmManagement: settings or all.",
    }),
    authentication: authentication.optional(),
    realmRoles: z
      .array(realmRole)
      .default([])
      .meta({
        description:
          "Realm roles beside those of workspaces, such as the platform groups of seed 004 (grafana-admin). Applications " +
          "see them; users and groups hold them by roles:.",
      }),
    clients: platformClients,
    keycloakAddress: address
      .optional()
      .meta({ description: "Where browsers reach Keycloak. Default: https://<domain>/auth." }),
    gateway: gateway(platformPaths),
    dex: dexSettings,
    provisioning: z
      .enum(["program", "operator"])
      .default("program")
      .meta({
        description:
          "program: all four planes are written. operator: an operator in the cluster provisions workspaces from realm " +
          "roles, so only the identity plane is written; the others are compared and differences reported.",
      }),
    owner: email.default("admin@example.com").meta({
      description:
        "Owner of every Profile. Nobody logs in as it: it may not be a user's address, and a disabled account holds it.",
    }),
    previousOwner: previousOwner.meta({
      description:
        "Asks for a change of owner: Profiles that this address owns get the new owner. Without it, a Profile with " +
        "another owner stops the preview. Remove it afterwards.",
    }),
    masterAdmins: z.array(z.string().min(1)).min(2).max(3).meta({
      description: "Administrators of Keycloak's master realm: two or three.",
    }),
    approvers: approvers.meta({
      description:
        "Who approves changes of this stack in Git: any one of them. Code needs one who is named by every stack that " +
        "names any. Default: nobody is asked.",
    }),
    guards: z
      .strictObject({
        maximumRemovals: z.int().min(0).default(20).meta({
          description: "How many cells of the matrix a change may take away or lessen without being acknowledged.",
        }),
        maximumRemovedShare: z
          .int()
          .min(0)
          .max(100)
          .default(25)
          .meta({ description: "The same as a share of all, in percent. Up to three are never asked about." }),
        acknowledged: z
          .string()
          .regex(/^[0-9a-f]{16}$/, "16 digits 0-9 and a-f, in quotes, as the refusal printed them")
          .optional()
          .meta({
            description: "The removals that are meant, as the refusal names them. It fits this one change only.",
          }),
        minimumAdmins: z.int().min(2).default(2).meta({ description: "How many administrators a change must leave." }),
        cluster: z.uuid().optional().meta({
          description:
            "UID of namespace kube-system in the cluster that this stack is for. Default: the one it was first applied to.",
        }),
        realm: z.string().min(1).optional().meta({
          description: "Identifier of the realm that this stack is for. Default: the one it was first applied to.",
        }),
      })
      .prefault({})
      .meta({ description: "What a change must not do by mistake." }),
    platformGroups: z
      .strictObject({
        user: groupName.default("pk-user").meta({ description: "The group every user is in." }),
        admin: groupName.default("pk-admin").meta({ description: "The group of platform administrators." }),
        create: z
          .boolean()
          .default(false)
          .meta({ description: "true: this stack creates both. false: the realm has them, as prokube's does." }),
        userRoles: z
          .array(realmRoleName)
          .default([])
          .meta({ description: "Realm roles that every user has through the users' group." }),
        adminRoles: z
          .array(realmRoleName)
          .default([])
          .meta({ description: "Realm roles that administrators have through theirs." }),
      })
      .prefault({})
      .meta({ description: "The two groups of seed 001." }),
    istio: z
      .strictObject({
        userIdHeader: z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]*$/, "a header name in lower case")
          .default("kubeflow-userid")
          .meta({ description: "The request header that carries the e-mail address." }),
        userIdPrefix: z
          .string()
          .regex(/^[^*,\s]*$/, "no wildcard, comma or space")
          .default("")
          .meta({ description: "What precedes the address in that header." }),
        gatewayPrincipal: principal
          .default("cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account")
          .meta({ description: "The ingress gateway." }),
        pipelinesPrincipal: principal
          .default("cluster.local/ns/kubeflow/sa/ml-pipeline-ui")
          .meta({ description: "The Kubeflow Pipelines UI." }),
      })
      .prefault({})
      .meta({ description: "How the mesh names callers. The defaults are Kubeflow's." }),
    namespaceLabels: z
      .record(z.string(), z.string())
      .default({
        "app.kubernetes.io/part-of": "kubeflow-profile",
        "istio-injection": "enabled",
        "katib.kubeflow.org/metrics-collector-injection": "enabled",
        "serving.kubeflow.org/inferenceservice": "enabled",
      })
      .meta({
        description: "Labels of every workspace's namespace. The defaults are those of Kubeflow's Profile controller.",
      }),
    workspaceDefaults: z
      .strictObject({ quota: quota.optional(), limits: limits.optional() })
      .prefault({})
      .meta({ description: "Quota and limits of workspaces, shared or personal, that name none of their own." }),
    clusterAccess: z.array(clusterGrant).default([]).meta({
      description: "Who has Kubeflow's ClusterRoles in every namespace of the cluster. No network or S3 access.",
    }),
    objectStore: z
      .strictObject({
        endpoint: host
          .default("minio.minio.svc.cluster.local:9000")
          .meta({ description: "Where workloads in the cluster reach the object store." }),
        tls: z.boolean().default(false).meta({ description: "Whether it is reached over TLS." }),
        region: z
          .string()
          .regex(/^[a-z0-9-]{1,63}$/, "lower-case letters, digits and hyphens")
          .default("us-east-1")
          .meta({ description: "Its region." }),
        keyVersion: keyVersion.meta({
          description:
            "Another number gives the service account of every workspace new keys; the old ones stop working.",
        }),
      })
      .prefault({})
      .meta({ description: "What Kubeflow Pipelines and workloads are told of the object store." }),
  })
  .meta({ title: "platform.yaml", description: "What holds for the whole environment." });

const personalWorkspace = z.strictObject({
  name: workspaceName
    .optional()
    .meta({ description: "Name of the personal workspace. Default: the username. It cannot change later." }),
  quota: quota.optional(),
  limits: limits.optional(),
});

const roles = z
  .array(realmRoleName)
  .default([])
  .meta({ description: "Realm roles of platform.yaml (realmRoles), such as grafana-admin." });

const foreignName = z
  .string()
  .regex(/^[^\p{Cc}\p{Cf}/,"\\#+<>;=*()]{1,100}$/u, 'at most 100 characters, none of / , " \\ # + < > ; = * ( )');

const memberSource = z
  .strictObject({
    directory: sourceName
      .optional()
      .meta({ description: "A directory. Exactly one of directory and identityProvider." }),
    group: foreignName.optional().meta({ description: "The group there, by name. With directory." }),
    identityProvider: sourceName.optional().meta({ description: "An identity provider." }),
    claim: z
      .string()
      .regex(/^[^\p{Cc}\s,"\\]{1,200}$/u, "without spaces, commas and quotes")
      .optional()
      .meta({ description: "The claim or attribute that lists a person's groups. With identityProvider." }),
    value: foreignName.optional().meta({ description: "What it must contain. With identityProvider." }),
  })
  .superRefine(({ directory, group, identityProvider, claim, value }, context) => {
    const ofDirectory = directory !== undefined && group !== undefined;
    const ofProvider = identityProvider !== undefined && claim !== undefined && value !== undefined;
    const given = [directory, group, identityProvider, claim, value].filter((part) => part !== undefined).length;
    if ((ofDirectory && given === 2) || (ofProvider && given === 3)) return;
    context.addIssue({
      code: "custom",
      message: "an entry is either directory and group, or identityProvider, claim and value.",
      params: { code: "one-subject" },
    });
  });

/** users/<username>.yaml: one person. */
export const userSchema = z
  .strictObject({
    username: username.meta({ description: "Login name; the file is called like it." }),
    email: email.meta({ description: "Unique in the realm. Kubernetes and Istio know the user by it." }),
    firstName: line.optional().meta({ description: "Given name, as Keycloak shows it." }),
    lastName: line.optional().meta({ description: "Family name, as Keycloak shows it." }),
    emailVerified: z.boolean().default(false).meta({
      description: "true: the address counts as verified. false: the user verifies it; what he did is left alone.",
    }),
    enabled: z.boolean().default(true).meta({ description: "false: the user cannot log in." }),
    requiredActions: z.array(z.enum(requiredActions)).default([]).meta({
      description:
        "What Keycloak asks at the first login; UPDATE_PASSWORD always comes on top, because the password is temporary.",
    }),
    admin: z
      .boolean()
      .default(false)
      .meta({ description: "Whether the user is in the group of platform administrators." }),
    roles,
    identityProvider: sourceName.optional().meta({
      description:
        "The identity provider the user logs in through. The account is made without a password; the first login is " +
        "linked to it by the e-mail address.",
    }),
    directory: sourceName.optional().meta({
      description:
        "The directory the account lives in. It is not created, changed or deleted here; it only gets groups and roles.",
    }),
    workspace: z.union([z.boolean(), personalWorkspace]).default(false).meta({
      description:
        "true: the user has a personal workspace, named like the user. It may also say name, quota and limits.",
    }),
    state: state.meta({
      description:
        "archived: as if the file were gone (no account, no access, no personal workspace but its buckets), while the " +
        "username stays taken. active brings it back on the same buckets, with a new account.",
    }),
    was: username.optional().meta({
      description: "The username until now: the account is renamed and keeps its password, sessions and access.",
    }),
    adopt,
  })
  .meta({ title: "users/<username>.yaml", description: "One person." });

/** groups/<name>.yaml: people who get the same grants. */
export const groupSchema = z
  .strictObject({
    name: groupName.meta({ description: "Name in Keycloak; the file is called like it." }),
    description,
    members: z.array(username).default([]).meta({ description: "Usernames." }),
    from: z.array(memberSource).default([]).meta({
      description: "Groups elsewhere whose people are members as well, without being written down here.",
    }),
    roles,
    approvers: approvers.meta({
      description:
        "Who may approve changes of this file beside the platform's approvers. They do not count while the group has " +
        "roles or clusterAccess.",
    }),
    adopt,
  })
  .meta({ title: "groups/<name>.yaml", description: "People who get the same grants." });

/** workspaces/<name>.yaml: one shared workspace and who may do what in it. */
export const workspaceSchema = z
  .strictObject({
    name: workspaceName.meta({
      description: "Namespace, Profile and part of every derived name; the file is called like it.",
    }),
    description,
    state: state.meta({
      description:
        "archived: as if the file were gone (no access, no namespace, no keys), while the name stays taken and both " +
        "buckets stay. active brings the workspace back on the same buckets.",
    }),
    was: z.string().optional().meta({
      description: "Refused: a workspace cannot be renamed. The message says what to do instead.",
    }),
    adopt,
    previousOwner: previousOwner.meta({
      description: "Asks for a change of this Profile's owner from that address to the platform's.",
    }),
    keyVersion: keyVersion.meta({
      description: "Another number gives the workspace's S3 service account new keys; the old ones stop working.",
    }),
    quota: quota.optional(),
    limits: limits.optional(),
    members: z
      .array(member)
      .default([])
      .meta({ description: "Who works in the workspace. The highest level wins, for each plane." }),
    storage: z
      .array(storageGrant)
      .default([])
      .meta({ description: "Who has its buckets only: no Kubernetes rights, no network access." }),
    approvers: approvers.meta({
      description:
        "Who may approve changes of this file beside the platform's approvers: its members, quota and limits.",
    }),
  })
  .meta({ title: "workspaces/<name>.yaml", description: "One shared workspace and who may do what in it." });

export type Platform = z.output<typeof platformSchema>;
export type User = z.output<typeof userSchema>;
export type Group = z.output<typeof groupSchema>;
export type Workspace = z.output<typeof workspaceSchema>;
export type MemberSource = Group["from"][number];
export type Limits = z.output<typeof limits>;

/** The schema of each kind of file, by the folder it lies in; "platform" is the one file outside the folders. */
export const schemas = {
  platform: platformSchema,
  users: userSchema,
  groups: groupSchema,
  workspaces: workspaceSchema,
  directories: directorySchema,
  "identity-providers": identityProviderSchema,
  applications: applicationSchema,
};

/** The JSON Schemas for editors, by kind. What needs other files (does the user exist?) only `access check` can tell. */
export function jsonSchemas(): Record<keyof typeof schemas, unknown> {
  const forAuthors = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input" });
  return {
    platform: forAuthors(platformSchema),
    users: forAuthors(userSchema),
    groups: forAuthors(groupSchema),
    workspaces: forAuthors(workspaceSchema),
    directories: forAuthors(directorySchema),
    "identity-providers": forAuthors(identityProviderSchema),
    applications: forAuthors(applicationSchema),
  };
}
