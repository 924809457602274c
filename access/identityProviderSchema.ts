import * as z from "zod";
import { address, line, secretName, sourceName } from "./fields.ts";

const claim = z
  .string()
  .regex(/^[^\p{Cc}\s,"\\]{1,200}$/u, "a claim or attribute name without spaces, commas and quotes");

const common = {
  name: sourceName.meta({ description: "Alias in Keycloak and part of its addresses; the file is called like it." }),
  displayName: line.optional().meta({ description: "What the button on the login page says." }),
  enabled: z.boolean().default(true).meta({ description: "false: nobody logs in through it." }),
  trustEmail: z
    .boolean()
    .default(false)
    .meta({
      description:
        "true: its addresses count as verified. false: everybody verifies by mail at the first login. Only true for a " +
        "provider that verifies every address itself.",
    }),
  unknownUsers: z
    .enum(["create", "refuse"])
    .default("create")
    .meta({
      description:
        "create: whoever logs in for the first time gets an account, in the users' group and nothing else. refuse: only " +
        "people with an account, such as those whose file in users/ names this provider.",
    }),
  linkAccounts: z
    .enum(["verify", "trusted"])
    .default("verify")
    .meta({
      description:
        "What proves that an account with the same address is the same person's. verify: a mail to it, or the account's " +
        "password. trusted: nothing, so that whoever runs the provider can enter any account; needs trustEmail.",
    }),
  requireOtp: z
    .boolean()
    .default(false)
    .meta({ description: "Whether its users are asked for a one-time password here as well." }),
};

const attributes = (defaults: Readonly<Record<"email" | "firstName" | "lastName", string>>) =>
  z.strictObject({
    email: claim.default(defaults.email).meta({ description: "The e-mail address." }),
    firstName: claim.default(defaults.firstName).meta({ description: "The given name." }),
    lastName: claim.default(defaults.lastName).meta({ description: "The family name." }),
  });

const client = {
  clientId: line.meta({ description: "What the provider knows this realm as." }),
  clientSecretName: secretName.optional().meta({
    description:
      "Name of the secret of that client: pulumi config set --secret <that name>. Default: the provider's name and " +
      "-client-secret.",
  }),
  authorizationUrl: address.meta({ description: "Where people log in." }),
  tokenUrl: address.meta({ description: "Where codes become tokens." }),
  userInfoUrl: address.optional().meta({ description: "Where more about a person can be asked." }),
  logoutUrl: address.optional().meta({ description: "Where a session ends." }),
};

const oidc = z.strictObject({
  ...common,
  ...client,
  type: z.literal("oidc").meta({ description: "OpenID Connect." }),
  issuer: address.meta({ description: "Who signs the tokens." }),
  jwksUrl: address.meta({ description: "The keys that signatures are held against." }),
  scopes: line.default("openid profile email").meta({ description: "What is asked for." }),
  attributes: attributes({ email: "email", firstName: "given_name", lastName: "family_name" })
    .prefault({})
    .meta({ description: "Which claim says what." }),
});

const oauth2 = z.strictObject({
  ...common,
  ...client,
  type: z.literal("oauth2").meta({ description: "OAuth 2.0 without OpenID Connect." }),
  userInfoUrl: address.meta({ description: "Where the person is asked for." }),
  scopes: line.default("email").meta({ description: "What is asked for." }),
  attributes: attributes({ email: "email", firstName: "given_name", lastName: "family_name" })
    .extend({
      id: claim.default("sub").meta({ description: "What never changes of a person, such as a number." }),
      username: claim.default("preferred_username").meta({ description: "The login name." }),
    })
    .prefault({})
    .meta({ description: "Which field of the answer says what." }),
});

const saml = z.strictObject({
  ...common,
  type: z.literal("saml").meta({ description: "SAML 2.0." }),
  entityId: line.meta({ description: "What the provider knows this realm as." }),
  providerEntityId: line.meta({ description: "Who issues the assertions; others are refused." }),
  singleSignOnUrl: address.meta({ description: "Where people log in." }),
  singleLogoutUrl: address.optional().meta({ description: "Where a session ends." }),
  signingCertificate: z
    .string()
    .regex(/^[A-Za-z0-9+/=\s]{200,10000}$/, "the certificate in base64, without BEGIN and END lines")
    .meta({ description: "What assertions are held against; they must be signed." }),
  nameIdFormat: z
    .enum(["Persistent", "Email", "Transient", "Unspecified"])
    .default("Persistent")
    .meta({ description: "What kind of identifier the provider sends." }),
  attributes: attributes({ email: "email", firstName: "firstName", lastName: "lastName" })
    .prefault({})
    .meta({ description: "Which attribute says what." }),
});

/** identity-providers/<name>.yaml: another system whose people log in through it. */
export const identityProviderSchema = z
  .discriminatedUnion("type", [oidc, oauth2, saml])
  .superRefine(({ linkAccounts, trustEmail }, context) => {
    if (linkAccounts === "verify" || trustEmail) return;
    context.addIssue({
      code: "custom",
      path: ["linkAccounts"],
      message: "linkAccounts: trusted takes the provider's word for addresses, so it needs trustEmail: true.",
      params: { code: "not-allowed" },
    });
  })
  .meta({ title: "identity-providers/<name>.yaml", description: "An OIDC, OAuth 2.0 or SAML identity provider." });

export type IdentityProvider = z.output<typeof identityProviderSchema>;
