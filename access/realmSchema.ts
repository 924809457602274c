import * as z from "zod";
import { address, description, duration, email, line, realmRoleName, secretName } from "./fields.ts";

const host = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, "a host name or an IPv4 address in lower case, without port");

const mail = z
  .strictObject({
    host: host.meta({ description: "The mail server." }),
    port: z.int().min(1).max(65_535).default(587).meta({ description: "Its port." }),
    encryption: z
      .enum(["starttls", "tls", "none"])
      .default("starttls")
      .meta({ description: "none is for a server on the same machine only: reset links would travel in the clear." }),
    from: email.meta({ description: "Sender of Keycloak's mails." }),
    fromDisplayName: line.optional().meta({ description: "The sender's name." }),
    replyTo: email.optional().meta({ description: "Where answers go." }),
    username: line.optional().meta({ description: "Account at the mail server. Default: none is needed." }),
    passwordSecret: secretName.default("smtpPassword").meta({
      description: "Name of the secret with that account's password: pulumi config set --secret smtpPassword.",
    }),
  })
  .meta({ description: "How Keycloak sends mail. Default: it does not." });

/** Settings of the realm. What is left out is left alone, or with `realmManagement: all` set to the default named. */
export const realmSettings = z.strictObject({
  displayName: line.optional().meta({ description: "Title of the login page." }),
  verifyEmail: z.boolean().optional().meta({
    description: "Whether nobody logs in before the address is verified. Default with all: true.",
  }),
  resetPasswordAllowed: z
    .boolean()
    .optional()
    .meta({
      description:
        '"Forgot password" on the login page. It also gives people of identity providers a password here. Default with ' +
        "all: true where mail is set up and there are no identity providers.",
    }),
  rememberMe: z.boolean().optional().meta({ description: '"Remember me" on the login page. Default with all: false.' }),
  sslRequired: z
    .enum(["all", "external"])
    .optional()
    .meta({
      description:
        "all: TLS everywhere, behind a proxy that says so as well. external: also plain HTTP from private addresses. " +
        "Default with all: all.",
    }),
  passwordPolicy: line.optional().meta({
    description:
      "Keycloak's password policy. Default with all: length(12) and notUsername(undefined) and notEmail(undefined) and " +
      "passwordHistory(3).",
  }),
  bruteForceProtection: z
    .strictObject({
      maxLoginFailures: z.int().min(1).max(100).default(10).meta({ description: "Failures until the account waits." }),
      waitIncrement: duration("1s", "24h").default("1m").meta({ description: "How much longer after each failure." }),
      maxWait: duration("1s", "24h").default("15m").meta({ description: "The longest wait." }),
      failureReset: duration("1m", "7d").default("12h").meta({ description: "When failures are forgotten." }),
      permanentLockout: z
        .boolean()
        .default(false)
        .meta({ description: "true: locked until an administrator unlocks it, so anybody can lock anybody out." }),
    })
    .optional()
    .meta({ description: "Protection against guessing passwords. Default with all: on, with these values." }),
  tokens: z
    .strictObject({
      accessToken: duration("1m", "1h").optional().meta({ description: "An access token. Default with all: 5m." }),
      sessionIdle: duration("1m", "30d").optional().meta({ description: "An idle session. Default with all: 30m." }),
      sessionMax: duration("1m", "90d").optional().meta({ description: "Any session. Default with all: 10h." }),
      offlineIdle: duration("1h", "365d").optional().meta({
        description: "An idle offline token (offline_access). Default with all: 30d.",
      }),
      userLink: duration("1m", "24h").optional().meta({
        description: "A link in a mail that a user asked for. Default with all: 15m.",
      }),
      adminLink: duration("5m", "30d").optional().meta({
        description: "A link in a mail that an administrator sent. Default with all: 12h.",
      }),
    })
    .prefault({})
    .meta({ description: "How long what Keycloak hands out lives." }),
  events: z
    .strictObject({
      login: z.boolean().default(true).meta({ description: "Whether logins are kept." }),
      admin: z.boolean().default(true).meta({ description: "Whether changes by administrators are kept." }),
      keep: duration("1d", "365d").default("90d").meta({ description: "How long." }),
    })
    .optional()
    .meta({ description: "What Keycloak keeps of what happened. Default with all: on, with these values." }),
  mail: mail.optional(),
  requiredAttributes: z
    .array(z.string().regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,62}$/, "letters, digits, hyphens and underscores"))
    .optional()
    .meta({
      description:
        "What every user fills in beside username and e-mail address, at the first login at the latest. firstName and " +
        "lastName are there always; other names become attributes. Default with all: [firstName, lastName].",
    }),
});

/** How people prove who they are. */
export const authentication = z
  .strictObject({
    otp: z.enum(["conditional", "required", "admins"]).meta({
      description:
        "conditional: whoever has set up a one-time password is asked for it. required: everybody has to set one up " +
        "and is asked. admins: administrators have to, others as with conditional. Logins through an identity provider " +
        "are its own matter (requireOtp there).",
    }),
  })
  .meta({ description: "The realm's login flows. Default: left alone." });

/** A realm role that is no workspace's. */
export const realmRole = z.strictObject({
  name: realmRoleName.meta({
    description:
      "Such as grafana-admin. With the prefix s3: it is meant to be the name of a policy in MinIO as well. It may not " +
      "start with pk: or system: nor be one of MinIO's own policies.",
  }),
  description,
  existing: z
    .boolean()
    .default(false)
    .meta({ description: "true: the realm has the role; it is only given to people and never changed or deleted." }),
});

const keyVersion = z.int().min(1).max(1_000_000).default(1).meta({
  description: "Another number gives the client a new secret; the old one stops working.",
});

const clientId = z
  .string()
  .regex(/^[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/, "letters, digits and inner . _ -");

/** Redirect addresses are exact: a wildcard would send codes to whatever answers there. */
const redirectUris = z.array(address).min(1);

/** Keycloak clients of the platform itself. */
export const platformClients = z
  .strictObject({
    dex: z
      .strictObject({
        clientId: clientId.default("dex").meta({ description: "Name of the client." }),
        redirectUris: redirectUris
          .optional()
          .meta({ description: "Where Dex takes codes. Default: https://<domain>/dex/callback." }),
        keyVersion,
      })
      .optional()
      .meta({
        description:
          "The client with which Dex logs people in for the gateway: free realm roles without a slash as groups, which " +
          "become the header kubeflow-groups. Default: left alone.",
      }),
    direct: z
      .strictObject({
        clientId: clientId.meta({ description: "Name of the client." }),
        redirectUris: redirectUris.meta({ description: "Where it takes codes." }),
        rolesClaim: z
          .string()
          .regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,62}$/, "letters, digits, hyphens and underscores")
          .default("roles")
          .meta({ description: "The claim with all realm roles, which the API server and MinIO read." }),
      })
      .optional()
      .meta({
        description:
          "A public client (PKCE) for kubectl and S3: all realm roles in one claim, groups with a leading slash. " +
          "Default: left alone.",
      }),
    groupsScope: z
      .enum(["create", "existing"])
      .default("create")
      .meta({
        description:
          "The client scope groups, which gives applications a claim with the groups of a person, with a leading slash. " +
          "create: made with the first application that needs it. existing: the realm has it.",
      }),
  })
  .prefault({})
  .meta({ description: "Keycloak clients of the platform itself, and what those of applications share." });

export type RealmSettings = z.output<typeof realmSettings>;

/**
 * What `realmManagement: all` sets where nothing is written.
 *
 * @param passwordsOnly whether nobody comes through an identity provider
 */
export function withDefaults(written: RealmSettings | undefined, passwordsOnly: boolean): RealmSettings {
  const given = written ?? realmSettings.parse({});
  const defaults = realmSettings.parse({
    verifyEmail: true,
    resetPasswordAllowed: given.mail !== undefined && passwordsOnly,
    rememberMe: false,
    sslRequired: "all",
    passwordPolicy: "length(12) and notUsername(undefined) and notEmail(undefined) and passwordHistory(3)",
    bruteForceProtection: {},
    tokens: {
      accessToken: "5m",
      sessionIdle: "30m",
      sessionMax: "10h",
      offlineIdle: "30d",
      userLink: "15m",
      adminLink: "12h",
    },
    events: {},
    requiredAttributes: ["firstName", "lastName"],
  });
  return { ...defaults, ...given, tokens: { ...defaults.tokens, ...given.tokens } };
}
