/** The two policies for security keys. They cannot be set here, but every update sends back what was read. */
import type { RealmArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";

export type WebAuthnPolicy = NonNullable<Unwrap<RealmArgs>["webAuthnPasswordlessPolicy"]>;

type Settings = Readonly<Record<string, unknown>>;

export const fields = {
  acceptableAaguids: { type: "set" },
  attestationConveyancePreference: { type: "string" },
  authenticatorAttachment: { type: "string" },
  avoidSameAuthenticatorRegister: { type: "boolean" },
  createTimeout: { type: "number" },
  discoverableCredential: { type: "string" },
  extraOrigins: { type: "set" },
  relyingPartyEntityName: { type: "string" },
  relyingPartyId: { type: "string" },
  requireResidentKey: { type: "string" },
  signatureAlgorithms: { type: "set" },
  userVerificationRequirement: { type: "string" },
} satisfies Record<keyof NonNullable<Unwrap<RealmArgs>["webAuthnPolicy"]>, Property>;

export const passwordlessFields = {
  ...fields,
  passwordlessPasskeysEnabled: { type: "boolean" },
} satisfies Record<keyof WebAuthnPolicy, Property>;

/** What follows the prefix in the name that the server has for a setting. */
const suffixes = {
  acceptableAaguids: "AcceptableAaguids",
  attestationConveyancePreference: "AttestationConveyancePreference",
  authenticatorAttachment: "AuthenticatorAttachment",
  avoidSameAuthenticatorRegister: "AvoidSameAuthenticatorRegister",
  createTimeout: "CreateTimeout",
  discoverableCredential: "ResidentKey",
  extraOrigins: "ExtraOrigins",
  passwordlessPasskeysEnabled: "PasskeysEnabled",
  relyingPartyEntityName: "RpEntityName",
  relyingPartyId: "RpId",
  requireResidentKey: "RequireResidentKey",
  signatureAlgorithms: "SignatureAlgorithms",
  userVerificationRequirement: "UserVerificationRequirement",
} satisfies Record<keyof WebAuthnPolicy, string>;

type Name = keyof typeof suffixes;

const names = Object.keys(suffixes) as Name[];
const unset = { string: "", boolean: false, number: 0, set: null };

/** The settings as Keycloak wants them, those unset too but for a few. */
export function toServer(prefix: string, wanted: Partial<WebAuthnPolicy> = {}): Record<string, unknown> {
  const leftOut: Name[] = ["discoverableCredential", "extraOrigins", "passwordlessPasskeysEnabled"];
  const settings = names.map((name): [string, unknown] => {
    const value = wanted[name];
    const isSet = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== "";
    const fallback = leftOut.includes(name) ? undefined : unset[passwordlessFields[name].type];
    return [prefix + suffixes[name], isSet ? value : fallback];
  });
  return Object.fromEntries(settings.filter(([, value]) => value !== undefined));
}

/** The settings as Pulumi has them. */
export function fromServer(prefix: string, found: Settings, isPasswordless: boolean): WebAuthnPolicy {
  const told = names
    .filter((name) => isPasswordless || name !== "passwordlessPasskeysEnabled")
    .map((name) => {
      const fallback =
        name === "discoverableCredential" ? "not specified" : (unset[passwordlessFields[name].type] ?? []);
      return [name, found[prefix + suffixes[name]] || fallback];
    });
  return Object.fromEntries(told) as WebAuthnPolicy;
}
