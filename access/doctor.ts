import type { DexApplication, HeadersApplication, KeycloakApplication, PlannedApplication } from "./application.ts";
import { compare } from "./diagnostic.ts";
import { dexClientIsThere, dexGivesGroups, dexIsFresh, dexIssuerIsReal } from "./doctor/dex.ts";
import type { Facts } from "./doctor/facts.ts";
import { exempted, headersAreWritten, isServed, pathsStayProtected, reachesNobodyElse } from "./doctor/gateway.ts";
import {
  clientIsThere,
  clientIsUsable,
  gateStands,
  groupsScopeIsGiven,
  issuerIsReal,
  lifetimesFit,
  mapperGivesPaths,
  offlineAccessIsGiven,
  redirectsAreRegistered,
  refusedLogins,
  refusedRedirects,
  refusedRefreshes,
  webOriginsAreRegistered,
} from "./doctor/keycloak.ts";
import type { Chapter, Finding, Patient, Told } from "./doctor/patient.ts";
import {
  credentialSettingsFit,
  endpointSettingsFit,
  environmentFits,
  groupsAreAsked,
  headerSettingsFit,
  offlineIsAsked,
  openidIsAsked,
  redirectSettingsFit,
  scopesAreGiven,
  secretFits,
  workloadsAreFresh,
} from "./doctor/settings.ts";
import { accountMayLogIn, gateLetsIn, groupsAreThere, offlineIsAllowed, sessionIsFresh } from "./doctor/user.ts";
import type { Plan } from "./resolve.ts";

export type { Chapter, Finding } from "./doctor/patient.ts";

/** The chapters that mean something for a way to log in, in the order of seed 004. */
export function chaptersOf({ auth }: Pick<PlannedApplication, "auth">): Chapter[] {
  return auth === "headers"
    ? ["groups in headers", "403 after login", "wrong URL or issuer"]
    : ["groups in token", "redirect URI", "403 after login", "wrong URL or issuer", "expired tokens"];
}

/** What the platform differs in from what applications need: problems first within each chapter. */
export function diagnose(plan: Plan, facts: Facts): Finding[] {
  return plan.applications.flatMap((application) => {
    const own = facts.applications[application.name];
    if (!own) return [];
    const patient = { plan, application, own, facts };
    return chaptersOf(application).flatMap((chapter) => {
      const found = checksOf(patient, chapter);
      const distinct = found.filter(
        (one, index) => found.findIndex(({ cause, user }) => cause === one.cause && user === one.user) === index,
      );
      return distinct
        .toSorted((a, b) => rank(a) - rank(b))
        .map((one) => ({ chapter, application: application.name, ...one }));
    });
  });
}

function rank({ severity }: Told): number {
  return severity === "problem" ? 0 : 1;
}

function checksOf(patient: Patient, chapter: Chapter): Told[] {
  const { application } = patient;
  switch (application.auth) {
    case "headers":
      return run({ ...patient, application }, headersChecks[chapter]);
    case "keycloak":
      return run({ ...patient, application }, keycloakChecks[chapter]);
    case "dex":
      return run({ ...patient, application }, dexChecks[chapter]);
  }
}

type Checks<A extends PlannedApplication> = Partial<Record<Chapter, readonly ((patient: Patient<A>) => Told[])[]>>;

function run<A extends PlannedApplication>(
  patient: Patient<A>,
  checks: readonly ((patient: Patient<A>) => Told[])[] = [],
): Told[] {
  return checks.flatMap((check) => check(patient));
}

const headersChecks: Checks<HeadersApplication> = {
  "groups in headers": [
    pathsStayProtected,
    headersAreWritten,
    dexGivesGroups,
    headerSettingsFit,
    groupsAreThere,
    sessionIsFresh,
  ],
  "403 after login": [accountMayLogIn],
  "wrong URL or issuer": [isServed],
};

const keycloakChecks: Checks<KeycloakApplication> = {
  "groups in token": [groupsScopeIsGiven, mapperGivesPaths, openidIsAsked, groupsAreThere, sessionIsFresh],
  "redirect URI": [clientIsThere, redirectsAreRegistered, redirectSettingsFit, refusedRedirects],
  "403 after login": [
    (patient) => exempted(patient, "requireJwt"),
    clientIsUsable,
    secretFits,
    credentialSettingsFit,
    workloadsAreFresh,
    scopesAreGiven,
    gateStands,
    accountMayLogIn,
    gateLetsIn,
    refusedLogins,
  ],
  "wrong URL or issuer": [
    issuerIsReal,
    (patient) => exempted(patient, "oauth2Proxy"),
    environmentFits,
    endpointSettingsFit,
    webOriginsAreRegistered,
    isServed,
    reachesNobodyElse,
  ],
  "expired tokens": [offlineAccessIsGiven, lifetimesFit, offlineIsAllowed, refusedRefreshes],
};

const dexChecks: Checks<DexApplication> = {
  "groups in token": [groupsAreAsked, dexGivesGroups, groupsAreThere, sessionIsFresh],
  "redirect URI": [dexClientIsThere, redirectSettingsFit],
  "403 after login": [
    (patient) => exempted(patient, "requireJwt"),
    secretFits,
    credentialSettingsFit,
    dexIsFresh,
    workloadsAreFresh,
    accountMayLogIn,
  ],
  "wrong URL or issuer": [
    dexIssuerIsReal,
    (patient) => exempted(patient, "oauth2Proxy"),
    environmentFits,
    endpointSettingsFit,
    isServed,
    reachesNobodyElse,
  ],
  "expired tokens": [offlineIsAsked],
};

/** One application's chapters for people: what is wrong first, then what may be, then what is in order. */
export function renderDiagnosis(application: PlannedApplication, findings: readonly Finding[]): string {
  const own = findings.filter((finding) => finding.application === application.name);
  const chapters = chaptersOf(application)
    .map((chapter) => ({ chapter, found: own.filter((finding) => finding.chapter === chapter) }))
    .map((one) => ({ ...one, status: statusOf(one.found) }));
  const order = ["problem", "hint", "ok"] as const;
  const width = Math.max(...chapters.map(({ chapter }) => chapter.length));
  return [
    `${application.name} (${application.auth})`,
    ...order
      .flatMap((status) => chapters.filter((one) => one.status === status))
      .flatMap(({ chapter, found, status }) => [
        `  ${chapter.padEnd(width)}  ${status}`,
        ...found.flatMap(({ severity, cause, fix }) => [`    ${severity}: ${cause}`, `      fix: ${fix}`]),
      ]),
  ].join("\n");
}

/** What a chapter comes to. */
export function statusOf(findings: readonly Finding[]): "problem" | "hint" | "ok" {
  return findings.some(({ severity }) => severity === "problem") ? "problem" : findings.length > 0 ? "hint" : "ok";
}

/** The applications to look at, by name. */
export function applicationsNamed(plan: Plan, name: string | undefined): PlannedApplication[] {
  return plan.applications
    .filter((application) => name === undefined || application.name === name)
    .toSorted((a, b) => compare(a.name, b.name));
}
