import type { saml } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import { identityProvider, shared, type Shared } from "./instance.ts";

type State = Unwrap<saml.IdentityProviderArgs> & Shared;

/** Name ID formats under the names that they have in Pulumi. */
const formats: Readonly<Record<string, string>> = {
  Email: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
  Kerberos: "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos",
  Persistent: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
  Transient: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
  Unspecified: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
  "Windows Domain Qualified Name": "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName",
  "X.509 Subject Name": "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
};

const algorithms = ["RSA_SHA1", "RSA_SHA256", "RSA_SHA256_MGF1", "RSA_SHA512", "RSA_SHA512_MGF1", "DSA_SHA1"];

const schema = {
  ...shared,
  authnContextClassRefs: { type: "list" },
  authnContextComparisonType: { type: "string", problem: oneOf("exact", "minimum", "maximum", "better") },
  authnContextDeclRefs: { type: "list" },
  backchannelSupported: { type: "boolean" },
  entityId: { type: "string", required: true },
  forceAuthn: { type: "boolean" },
  loginHint: { type: "string" },
  nameIdPolicyFormat: { type: "string", default: "", problem: oneOf(...Object.keys(formats)) },
  postBindingAuthnRequest: { type: "boolean" },
  postBindingLogout: { type: "boolean" },
  postBindingResponse: { type: "boolean" },
  principalAttribute: { type: "string", default: "" },
  principalType: { type: "string", default: "", problem: oneOf("SUBJECT", "ATTRIBUTE", "FRIENDLY_ATTRIBUTE") },
  providerId: { type: "string", default: "saml" },
  signatureAlgorithm: { type: "string", default: "", problem: oneOf(...algorithms) },
  signingCertificate: { type: "string" },
  singleLogoutServiceUrl: { type: "string" },
  singleSignOnServiceUrl: { type: "string", required: true },
  validateSignature: { type: "boolean" },
  wantAssertionsEncrypted: { type: "boolean" },
  wantAssertionsSigned: { type: "boolean" },
  wantAuthnRequestsSigned: { type: "boolean", computed: true },
  xmlSignKeyInfoKeyNameTransformer: { type: "string", default: "", problem: oneOf("NONE", "KEY_ID", "CERT_SUBJECT") },
} satisfies Record<keyof saml.IdentityProviderArgs, Property>;

/** A SAML identity provider that users can log in with. */
export const samlIdentityProvider = identityProvider<State>({
  schema,

  toConfig: (plan, old) => ({
    authnContextClassRefs: toJson(plan.authnContextClassRefs),
    authnContextComparisonType: plan.authnContextComparisonType ?? "",
    authnContextDeclRefs: toJson(plan.authnContextDeclRefs),
    backchannelSupported: String(plan.backchannelSupported ?? false),
    entityId: plan.entityId,
    forceAuthn: String(plan.forceAuthn ?? false),
    loginHint: plan.loginHint ?? "",
    nameIDPolicyFormat: formats[plan.nameIdPolicyFormat ?? ""] ?? "",
    postBindingAuthnRequest: String(plan.postBindingAuthnRequest ?? false),
    postBindingLogout: String(plan.postBindingLogout ?? false),
    postBindingResponse: String(plan.postBindingResponse ?? false),
    principalAttribute: plan.principalAttribute ?? "",
    principalType: plan.principalType ?? "",
    signatureAlgorithm: plan.signatureAlgorithm ?? "",
    signingCertificate: plan.signingCertificate ?? "",
    singleLogoutServiceUrl: plan.singleLogoutServiceUrl ?? "",
    singleSignOnServiceUrl: plan.singleSignOnServiceUrl,
    validateSignature: String(plan.validateSignature ?? false),
    wantAssertionsEncrypted: String(plan.wantAssertionsEncrypted ?? false),
    wantAssertionsSigned: String(plan.wantAssertionsSigned ?? false),
    wantAuthnRequestsSigned: String(signsRequests(plan, old)),
    xmlSigKeyInfoKeyNameTransformer: plan.xmlSignKeyInfoKeyNameTransformer ?? "",
  }),

  fromConfig: (config) => ({
    authnContextClassRefs: fromJson(config["authnContextClassRefs"]),
    authnContextComparisonType: config["authnContextComparisonType"] ?? "",
    authnContextDeclRefs: fromJson(config["authnContextDeclRefs"]),
    backchannelSupported: config["backchannelSupported"] === "true",
    entityId: config["entityId"] ?? "",
    forceAuthn: config["forceAuthn"] === "true",
    loginHint: config["loginHint"] ?? "",
    nameIdPolicyFormat: nameOf(config["nameIDPolicyFormat"]),
    postBindingAuthnRequest: config["postBindingAuthnRequest"] === "true",
    postBindingLogout: config["postBindingLogout"] === "true",
    postBindingResponse: config["postBindingResponse"] === "true",
    principalAttribute: config["principalAttribute"] ?? "",
    principalType: config["principalType"] ?? "",
    signatureAlgorithm: config["signatureAlgorithm"] ?? "",
    signingCertificate: config["signingCertificate"] ?? "",
    singleLogoutServiceUrl: config["singleLogoutServiceUrl"] ?? "",
    singleSignOnServiceUrl: config["singleSignOnServiceUrl"] ?? "",
    validateSignature: config["validateSignature"] === "true",
    wantAssertionsEncrypted: config["wantAssertionsEncrypted"] === "true",
    wantAssertionsSigned: config["wantAssertionsSigned"] === "true",
    wantAuthnRequestsSigned: config["wantAuthnRequestsSigned"] === "true",
    xmlSignKeyInfoKeyNameTransformer: config["xmlSigKeyInfoKeyNameTransformer"] ?? "",
  }),
});

/** Requests are signed if there is an algorithm for it, unless something else was said. */
function signsRequests(plan: State, old: State | undefined): boolean {
  const { wantAuthnRequestsSigned: said, signatureAlgorithm } = plan;
  const wasDerived = old !== undefined && said === Boolean(old.signatureAlgorithm);
  return said === undefined || wasDerived ? Boolean(signatureAlgorithm) : said;
}

function toJson(list: readonly string[] = []): string {
  return list.length === 0 ? "" : JSON.stringify(list);
}

function fromJson(text = ""): string[] {
  return text === "" ? [] : (JSON.parse(text) as string[]);
}

function nameOf(format: string | undefined): string {
  return Object.keys(formats).find((name) => formats[name] === format) ?? "";
}
