/** What a realm does against guessed passwords, and the headers that its pages are sent with. */
import type RealmRepresentation from "@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js";
import type { RealmArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";

export type SecurityDefenses = NonNullable<Unwrap<RealmArgs>["securityDefenses"]>;

type BruteForceDetection = NonNullable<SecurityDefenses["bruteForceDetection"]>;
type Headers = NonNullable<SecurityDefenses["headers"]>;

const bruteForceDetection = {
  bruteForceStrategy: { type: "string", default: "MULTIPLE" },
  failureResetTimeSeconds: { type: "number", default: 43200 },
  maxFailureWaitSeconds: { type: "number", default: 900 },
  maxLoginFailures: { type: "number", default: 30 },
  maxTemporaryLockouts: { type: "number", default: 0 },
  minimumQuickLoginWaitSeconds: { type: "number", default: 60 },
  permanentLockout: { type: "boolean", default: false },
  quickLoginCheckMilliSeconds: { type: "number", default: 1000 },
  waitIncrementSeconds: { type: "number", default: 60 },
} satisfies Record<keyof BruteForceDetection, Property>;

const headers = {
  contentSecurityPolicy: {
    type: "string",
    default: "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
  },
  contentSecurityPolicyReportOnly: { type: "string", default: "" },
  referrerPolicy: { type: "string", default: "no-referrer" },
  strictTransportSecurity: { type: "string", default: "max-age=31536000; includeSubDomains" },
  xContentTypeOptions: { type: "string", default: "nosniff" },
  xFrameOptions: { type: "string", default: "SAMEORIGIN" },
  xRobotsTag: { type: "string", default: "none" },
  xXssProtection: { type: "string", default: "1; mode=block" },
} satisfies Record<keyof Headers, Property>;

export const fields = {
  bruteForceDetection: { type: "object", fields: bruteForceDetection },
  headers: { type: "object", fields: headers },
} satisfies Record<keyof SecurityDefenses, Property>;

/** The settings as Keycloak wants them: what is not said has its default, and detection is off. */
export function toServer(wanted: SecurityDefenses = {}) {
  const detection = { ...defaultsOf(bruteForceDetection), ...wanted.bruteForceDetection };
  const { xXssProtection, ...others } = { ...defaultsOf(headers), ...wanted.headers };
  return {
    browserSecurityHeaders: { ...others, xXSSProtection: xXssProtection },
    bruteForceProtected: wanted.bruteForceDetection !== undefined,
    permanentLockout: detection.permanentLockout,
    bruteForceStrategy: detection.bruteForceStrategy as "MULTIPLE" | "LINEAR",
    ...(detection.maxTemporaryLockouts && { maxTemporaryLockouts: detection.maxTemporaryLockouts }),
    failureFactor: detection.maxLoginFailures,
    waitIncrementSeconds: detection.waitIncrementSeconds,
    quickLoginCheckMilliSeconds: detection.quickLoginCheckMilliSeconds,
    minimumQuickLoginWaitSeconds: detection.minimumQuickLoginWaitSeconds,
    maxFailureWaitSeconds: detection.maxFailureWaitSeconds,
    maxDeltaTimeSeconds: detection.failureResetTimeSeconds,
  } satisfies RealmRepresentation;
}

/** The settings as Pulumi has them. Nothing is seen where nothing was asked for, and headers only if they were. */
export function fromServer(
  found: RealmRepresentation,
  wanted: SecurityDefenses | undefined,
): SecurityDefenses | null | undefined {
  if (!wanted) return undefined;
  if (!wanted.headers && !found.bruteForceProtected) return null;
  return {
    ...(wanted.headers && { headers: headersFrom(found.browserSecurityHeaders ?? {}) }),
    ...(found.bruteForceProtected && { bruteForceDetection: detectionFrom(found) }),
  };
}

function headersFrom(found: Record<string, string>): Headers {
  const names = Object.keys(headers) as (keyof Headers)[];
  const nameThere = (name: string) => (name === "xXssProtection" ? "xXSSProtection" : name);
  return Object.fromEntries(names.map((name) => [name, found[nameThere(name)] ?? ""]));
}

function detectionFrom(found: RealmRepresentation): BruteForceDetection {
  return {
    bruteForceStrategy: found.bruteForceStrategy ?? "",
    failureResetTimeSeconds: found.maxDeltaTimeSeconds ?? 0,
    maxFailureWaitSeconds: found.maxFailureWaitSeconds ?? 0,
    maxLoginFailures: found.failureFactor ?? 0,
    maxTemporaryLockouts: found.maxTemporaryLockouts ?? 0,
    minimumQuickLoginWaitSeconds: found.minimumQuickLoginWaitSeconds ?? 0,
    permanentLockout: found.permanentLockout ?? false,
    quickLoginCheckMilliSeconds: found.quickLoginCheckMilliSeconds ?? 0,
    waitIncrementSeconds: found.waitIncrementSeconds ?? 0,
  };
}

type Defaults<Fields extends Record<string, { default: unknown }>> = {
  [Name in keyof Fields]: Fields[Name]["default"];
};

function defaultsOf<Fields extends Record<string, { default: unknown }>>(described: Fields): Defaults<Fields> {
  return Object.fromEntries(
    Object.entries(described).map(([name, property]) => [name, property.default]),
  ) as Defaults<Fields>;
}
