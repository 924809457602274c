import * as z from "zod";
import { address, applicationName, description, groupName, line, realmRoleName } from "./fields.ts";
import { namespacePattern } from "./names.ts";

const namespace = z.string().regex(namespacePattern, "a namespace: lower-case letters, digits and inner hyphens");

const clientId = z
  .string()
  .regex(/^[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/, "letters, digits and inner . _ -");

const objectName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, "lower-case letters, digits and inner . -");

/** What a Secret may call its parts, and what an environment variable may be called. */
const dataKey = z.string().regex(/^[a-zA-Z0-9._-]{1,253}$/, "letters, digits and . _ -");

const origin = address.refine((text) => URL.parse(text)?.origin === text, {
  error: ({ input }) => `${JSON.stringify(input)} is not an origin; write scheme and host only, without a final slash.`,
});

const paths = z.array(z.string()).default([]);

const common = {
  name: applicationName.meta({ description: "Name of the application; the file is called like it." }),
  description,
};

const headers = z.strictObject({
  ...common,
  auth: z.literal("headers").meta({
    description: "The gateway logs people in and tells the application by headers who they are. Nothing is registered.",
  }),
  namespace: namespace.optional().meta({ description: "Where it runs; access doctor looks at its settings there." }),
  paths: paths.meta({
    description: "Paths it is served under, such as /myapp/*. They stay protected, and nothing may exempt them.",
    examples: [["/myapp/*"]],
  }),
});

const registered = {
  ...common,
  namespace: namespace.meta({ description: "Where it runs and gets its Secret. The namespace must exist." }),
  clientId: clientId.optional(),
  redirectUris: z
    .array(address)
    .min(1)
    .meta({
      description: "Where codes are sent after a login, exactly as the application asks for them: no wildcards.",
      examples: [["https://cluster.example.com/myapp/callback"]],
    }),
  paths: paths.meta({
    description:
      "Paths that the gateway lets through without a login of its own, because the application has one: /myapp for one " +
      "page, /myapp/* for all below it. In both policies of the gateway, and nothing but the application may be below.",
    examples: [["/myapp/*"]],
  }),
  environment: z.union([z.boolean(), objectName]).default(false).meta({
    description:
      "true: a ConfigMap <name>-oidc with the endpoints as environment (OIDC_ISSUER_URL and so on). A text: its name.",
  }),
  keyVersion: z.int().min(1).max(1_000_000).default(1).meta({
    description: "Another number gives the client a new secret; the old one stops working.",
  }),
  adopt: z.boolean().default(false).meta({
    description: "true: take over what is there under these names, such as paths that were exempted by hand.",
  }),
};

const secretNames = (keys: Readonly<Record<"idKey" | "secretKey", string>>) =>
  z
    .strictObject({
      name: objectName.optional().meta({ description: "Its name. Default: <name>-oidc-secret." }),
      idKey: dataKey.default(keys.idKey).meta({ description: "Key of the client's id." }),
      secretKey: dataKey.default(keys.secretKey).meta({ description: "Key of the client's secret." }),
    })
    .prefault({})
    .meta({ description: "The Kubernetes Secret that the application reads." });

const allowed = z
  .strictObject({
    group: groupName.optional().meta({ description: "A group, by name. Exactly one of group and role." }),
    role: realmRoleName.optional().meta({ description: "A realm role of platform.yaml." }),
  })
  .superRefine(({ group, role }, context) => {
    if ((group === undefined) !== (role === undefined)) return;
    context.addIssue({
      code: "custom",
      message: `an entry of allow is exactly one of group and role; found ${group === undefined ? "neither. Add one" : "both. Remove one"}.`,
      params: { code: "one-subject" },
    });
  });

const keycloak = z.strictObject({
  ...registered,
  auth: z.literal("keycloak").meta({ description: "The application logs people in at Keycloak by itself." }),
  clientId: registered.clientId.meta({ description: "Name of the client in Keycloak. Default: <name>-client." }),
  webOrigins: z
    .array(origin)
    .optional()
    .meta({ description: "Pages whose scripts may ask Keycloak for tokens. Default: https://<domain>." }),
  logoutUris: z
    .array(address)
    .default([])
    .meta({ description: "Where people may be sent after a logout. Default: the redirect addresses." }),
  secret: secretNames({ idKey: "client-id", secretKey: "client-secret" }),
  allow: z
    .array(allowed)
    .min(1)
    .optional()
    .meta({ description: "Who may log in: groups and realm roles. Default: everybody with an account." }),
});

const dex = z.strictObject({
  ...registered,
  auth: z.literal("dex").meta({ description: "A part of the platform that logs people in at Dex." }),
  clientId: registered.clientId.meta({ description: "Id of the static client in Dex. Default: <name>-oidc-client." }),
  displayName: line.optional().meta({ description: "What Dex calls it. Default: the name." }),
  secret: secretNames({ idKey: "OIDC_CLIENT_ID", secretKey: "OIDC_CLIENT_SECRET" }),
});

/** applications/<name>.yaml: an application behind the platform's login. */
export const applicationSchema = z
  .discriminatedUnion("auth", [headers, keycloak, dex])
  .meta({ title: "applications/<name>.yaml", description: "An application behind the platform's login (seed 004)." });

export type Application = z.output<typeof applicationSchema>;

const gatewayPath = z.string().regex(/^\/\S{0,199}$/, "a path that begins with /");

/** How the paths of applications are exempted at the ingress gateway. */
export const gateway = (platformPaths: readonly string[]) =>
  z
    .strictObject({
      policies: z
        .enum(["patch", "check"])
        .default("patch")
        .meta({
          description:
            "patch: the paths of applications are added to the two policies, as field manager prokube-access; the rest is " +
            "left alone. check: somebody else writes them (GitOps); what is missing there is told.",
        }),
      namespace: namespace.default("istio-system").meta({ description: "Where the two policies are." }),
      platformPaths: z
        .array(gatewayPath)
        .default([...platformPaths])
        .meta({ description: "Paths that are exempted for the platform itself. They are never touched." }),
      protectedPaths: z
        .array(gatewayPath)
        .default([])
        .meta({
          description: "Paths that no application may exempt, beside those of Kubeflow's own applications.",
          examples: [["/labs/*"]],
        }),
    })
    .prefault({})
    .meta({ description: "The two AuthorizationPolicies of the ingress gateway (seed 004)." });

/** Where Dex keeps its clients. */
export const dexSettings = z
  .strictObject({
    address: address.optional().meta({ description: "Where browsers reach it. Default: https://<domain>/dex." }),
    namespace: namespace.default("auth").meta({ description: "Where it runs." }),
    document: z
      .strictObject({
        kind: z.enum(["ConfigMap", "Secret"]).default("ConfigMap").meta({ description: "What keeps it." }),
        name: objectName.default("dex").meta({ description: "The object's name." }),
        key: dataKey.default("config.yaml").meta({ description: "Its key." }),
        mode: z
          .enum(["merge", "render", "check"])
          .default("merge")
          .meta({
            description:
              "merge: our clients stand in a block of their own, everything else is others'. render: the whole document " +
              "is written from base. check: somebody else writes it (GitOps); what is missing there is told.",
          }),
        base: z
          .record(z.string(), z.unknown())
          .optional()
          .meta({ description: "With render: everything beside the clients of applications. Secrets as $VARIABLE." }),
      })
      .prefault({})
      .meta({ description: "Dex's configuration." }),
    environmentSecret: objectName
      .default("dex-oidc-secrets")
      .meta({ description: "The Secret that Dex has its environment from." }),
    deployment: objectName.default("dex").meta({ description: "Its Deployment." }),
    restart: z
      .boolean()
      .default(true)
      .meta({ description: "Whether it is restarted after a change, which it reads at its start only." }),
  })
  .prefault({})
  .meta({ description: "Dex, for applications with auth: dex." });
