import { at, entries, expectValue, list, shown, text } from "../reading.ts";
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
    remedy: "Write verifyEmail: true in platform.yaml (realmSettings), or leave it out.",
    types: [realm, userProfile],
  },
  ({ type, props }) =>
    type === userProfile
      ? [
          // Otherwise people write the attributes that say who manages them.
          ...expectValue(props, ["unmanagedAttributePolicy"], ["ADMIN_EDIT", "ADMIN_VIEW"]),
        ]
      : [
          ...expectValue(props, ["verifyEmail"], [undefined, true]),
          ...expectValue(props, ["sslRequired"], [undefined, "all", "external"]),
          ...["registrationAllowed", "duplicateEmailsAllowed", "editUsernameAllowed", "userManagedAccess"].flatMap(
            (key) => expectValue(props, [key], [undefined, false]),
          ),
          ...entries(props, "securityDefenses", "headers")
            .filter(([key, value]) => key === "contentSecurityPolicy" && value === "")
            .map(() => "its pages may be shown inside others (contentSecurityPolicy is empty)"),
        ],
);
