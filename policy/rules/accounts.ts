import { at, entries, expectValue, list, shown, text, texts } from "../reading.ts";
import { type Resource, resourceRule } from "../rule.ts";
import { isPlainAddress } from "../seeds.ts";
import { account, realm, userProfile } from "../types.ts";

/** Access hangs on the address, on three planes by its very letters. */
export const accounts = resourceRule(
  {
    name: "accounts",
    description:
      "An account has a plain lower-case address that its person has verified, and a password for one login.",
    severity: "high",
    remedy: "Change the user's file; where mail is set up, people verify their address themselves (VERIFY_EMAIL).",
    types: [account],
    config: {
      schema: {
        properties: {
          emailVerified: {
            type: "boolean",
            description: "Whether files may say that an address is verified.",
            default: false,
          },
        },
      },
      defaults: { emailVerified: false },
    },
  },
  (resource, { emailVerified }) => {
    const { props } = resource;
    return [
      ...nameFindings(resource),
      ...(emailVerified ? [] : expectValue(props, ["emailVerified"], [undefined, false])),
      ...expectValue(props, ["import"], [undefined, false]),
      // A link lets whoever has the account there log in as this person.
      ...((list(props, "federatedIdentities") ?? []).length > 0
        ? ["it is linked to an account elsewhere; people link their accounts themselves"]
        : []),
      ...(at(props, "initialPassword") === undefined
        ? []
        : expectValue(props, ["initialPassword", "temporary"], [true])),
      ...expectValue(props, ["attributes", "managed-by"], ["prokube-access"]),
    ];
  },
);

function nameFindings({ props }: Resource): string[] {
  const email = text(props, "email");
  const username = text(props, "username");
  return [
    ...(email !== undefined && isPlainAddress(email)
      ? []
      : [`email is ${shown(at(props, "email"))}; allowed is a plain lower-case address`]),
    ...(username !== undefined && /^[a-z0-9][a-z0-9._@+-]*[a-z0-9]$/.test(username)
      ? []
      : [`username is ${shown(at(props, "username"))}; allowed are lower-case letters, digits and inner . _ @ + -`]),
    // Keycloak takes either at the login: one person's name must not be another's address.
    ...(username?.includes("@") && username !== email
      ? [`username ${shown(username)} is an address other than its own, ${shown(email)}`]
      : []),
  ];
}

/** Nobody comes by somebody else's address. */
export const realmSettings = resourceRule(
  {
    name: "realm-settings",
    description: "The realm lets nobody in whose address is not verified, and nobody make or change accounts alone.",
    severity: "critical",
    remedy: "Change realmSettings in platform.yaml; what is left out there is safe or left alone.",
    types: [realm, userProfile],
  },
  (resource) => {
    const { type, props } = resource;
    return type === userProfile
      ? [
          // Otherwise people write the attributes that say who manages them.
          ...expectValue(props, ["unmanagedAttributePolicy"], ["ADMIN_EDIT", "ADMIN_VIEW"]),
          ...(list(props, "attributes") ?? []).flatMap((attribute) => ownFindings(attribute)),
        ]
      : [
          ...guardFindings(resource),
          ...expectValue(props, ["sslRequired"], [undefined, "all", "external"]),
          ...["registrationAllowed", "duplicateEmailsAllowed", "editUsernameAllowed", "userManagedAccess"].flatMap(
            (key) => expectValue(props, [key], [undefined, false]),
          ),
          ...entries(props, "securityDefenses", "headers")
            .filter(([key, value]) => key === "contentSecurityPolicy" && value === "")
            .map(() => "its pages may be shown inside others (contentSecurityPolicy is empty)"),
        ];
  },
);

/** What says who manages an account is for administrators to write. */
function ownFindings(attribute: unknown): string[] {
  const name = text(attribute, "name") ?? "";
  const writers = at(attribute, "permissions") === undefined ? ["user"] : texts(attribute, "permissions", "edits");
  return ["managed-by", "stack", "prokube-access-key"].includes(name) && writers.includes("user")
    ? [`people may write ${shown(name)}, which says who manages an account`]
    : [];
}

/**
 * What the provider is not told it switches off, unless changes of it are ignored. Of a realm that is all this
 * program's, passwords are guarded too.
 */
function guardFindings({ props, options }: Resource): string[] {
  const isOwn = text(props, "attributes", "managed-by") === "prokube-access";
  const isKept = !isOwn && options.ignoreChanges.includes("verifyEmail");
  return [
    ...expectValue(props, ["verifyEmail"], isKept ? [undefined, true] : [true]),
    ...[...boundElsewhere, "defaultDefaultClientScopes", "defaultOptionalClientScopes"]
      .filter((key) => !options.ignoreChanges.includes(key))
      .flatMap((key) => expectValue(props, [key], [undefined])),
    ...(options.ignoreChanges.includes("accessTokenLifespan") || isShort(at(props, "accessTokenLifespan"))
      ? []
      : [`accessTokenLifespan is ${shown(at(props, "accessTokenLifespan"))}; allowed is an hour at most`]),
    ...(isOwn && (text(props, "passwordPolicy") ?? "") === "" ? ["it has no policy for passwords"] : []),
    ...(isOwn && at(props, "securityDefenses", "bruteForceDetection") === undefined
      ? ["it lets passwords be guessed (securityDefenses.bruteForceDetection)"]
      : []),
  ];
}

/** Login flows are bound by a resource of their own, which another rule looks at. */
const boundElsewhere = [
  "browserFlow",
  "registrationFlow",
  "directGrantFlow",
  "resetCredentialsFlow",
  "clientAuthenticationFlow",
  "dockerAuthenticationFlow",
  "firstBrokerLoginFlow",
];

/** Whoever has lost access keeps what is in a token until it ends. Keycloak's own is five minutes. */
function isShort(lifespan: unknown): boolean {
  if (lifespan === undefined) return true;
  const [whole, hours = "0", minutes = "0", seconds = "0"] =
    /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(typeof lifespan === "string" ? lifespan : "") ?? [];
  return Boolean(whole) && Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) <= 3600;
}
