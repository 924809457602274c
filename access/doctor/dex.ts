import { type DexApplication, endpoints } from "../application.ts";
import { groupMembership } from "./facts.ts";
import {
  converge,
  difference,
  given,
  hint,
  ownFile,
  type Patient,
  platformFile,
  problem,
  q,
  qs,
  type Told,
} from "./patient.ts";

/** Dex hears of groups from Keycloak, and passes them on only when it is told to. */
export function dexGivesGroups(patient: Patient): Told[] {
  const { facts, plan } = patient;
  const { namespace, document } = plan.platform.dex;
  const place = `${document.kind} ${namespace}/${document.name}`;
  return [
    ...given(facts.platform.dex, "Dex's configuration", (dex) =>
      dex
        ? dex.connectors.map((text) =>
            (text.includes("insecureEnableGroups") ? problem : hint)(
              `Dex (${place}): ${text}`,
              `Mend the connector in ${place}, key ${document.key}, and restart Dex.`,
            ),
          )
        : [problem(`Dex's configuration ${place} is not there`, `Name it in ${platformFile(patient)} (dex.document).`)],
    ),
    ...given(facts.platform.dexClient, "Dex's client in Keycloak", (client) => {
      const kept = plan.platform.clients.dex !== undefined;
      const put = kept
        ? converge(patient)
        : `Let this program keep the client: clients.dex in ${platformFile(patient)}, or mend it in Keycloak.`;
      if (!client) return [problem("Keycloak has no client for Dex, so nobody logs in to the platform", put)];
      if (!client.enabled) return [problem(`Dex's client ${q(client.clientId)} in Keycloak is disabled`, put)];
      return given(client.groupsMappers, `what client ${q(client.clientId)} is told of groups`, (mappers) => {
        const toDex = mappers.filter(({ idToken }) => idToken);
        if (toDex.length === 0) {
          return [
            problem(
              `nothing tells Dex a person's groups: client ${q(client.clientId)} in Keycloak has no mapper that writes the claim groups into the ID token`,
              put,
            ),
          ];
        }
        return toDex
          .filter(({ type, fullPath }) => type === groupMembership && fullPath)
          .map(({ name }) =>
            problem(
              `mapper ${q(name)} of client ${q(client.clientId)} gives Dex groups with a leading slash, which the header is not to have`,
              put,
            ),
          );
      });
    }),
  ];
}

export function dexIssuerIsReal(patient: Patient<DexApplication>): Told[] {
  const { plan, facts } = patient;
  const { issuer } = endpoints(plan.platform, patient.application);
  return given(facts.platform.dex, "Dex's configuration", (dex) =>
    dex?.issuer === undefined || dex.issuer === issuer
      ? []
      : [
          problem(
            `Dex's tokens have the issuer ${q(dex.issuer)}${difference(dex.issuer, issuer)}, while applications are told ${q(issuer)}`,
            `Write dex.address: ${q(dex.issuer)} in ${platformFile(patient)} and run pulumi up, or correct issuer in Dex's configuration.`,
          ),
        ],
  );
}

export function dexIsFresh(patient: Patient<DexApplication>): Told[] {
  const { application, facts, plan } = patient;
  const { namespace, deployment: name, restart, environmentSecret } = plan.platform.dex;
  const again = `Restart it: kubectl -n ${namespace} rollout restart deployment/${name}`;
  return given(facts.platform.dex, "Dex's configuration", (dex) => {
    if (!dex) return [];
    const { deployment } = dex;
    if (!deployment) {
      return [
        hint(
          `not checked: whether Dex runs with its present configuration (no Deployment ${namespace}/${name})`,
          `Name its Deployment in ${platformFile(patient)} (dex.deployment).`,
        ),
      ];
    }
    const { current, reads } = deployment;
    const unheard = Object.values(application.variables).filter(
      (variable) => reads !== "all" && !reads.includes(variable),
    );
    return [
      ...(current
        ? []
        : [
            problem(
              `Dex reads its clients and secrets at its start only, and Deployment ${namespace}/${name} was not started after their last change`,
              restart ? `${converge(patient)} ${again.replace("Restart it", "Or")}` : again,
            ),
          ]),
      ...unheard.map((variable) =>
        problem(
          `Deployment ${namespace}/${name} does not take ${variable} from Secret ${environmentSecret}, so Dex does not know the client ${q(application.clientId)}`,
          `Add envFrom: [{ secretRef: { name: ${environmentSecret} } }] to Dex's container.`,
        ),
      ),
    ];
  });
}

export function dexClientIsThere(patient: Patient<DexApplication>): Told[] {
  const { application, own, plan } = patient;
  const { namespace, document } = plan.platform.dex;
  const place = `${document.kind} ${namespace}/${document.name}, key ${document.key}`;
  const put =
    document.mode === "check"
      ? `Add it to staticClients in ${place}; ${platformFile(patient)} has dex.document.mode: check, so somebody else writes it.`
      : converge(patient);
  return given(own.dexClient, `client ${q(application.clientId)} in Dex`, (client) => {
    if (!client) return [problem(`Dex has no client ${q(application.clientId)} (${place})`, put)];
    return [
      ...application.redirectUris
        .filter((uri) => !client.redirectUris.includes(uri))
        .map((uri) =>
          problem(
            `client ${q(application.clientId)} in Dex does not have the redirect address ${q(uri)} (it has: ${qs(client.redirectUris)})`,
            put,
          ),
        ),
      ...client.redirectUris
        .filter((uri) => !application.redirectUris.includes(uri))
        .map((uri) =>
          hint(
            `client ${q(application.clientId)} in Dex also takes the redirect address ${q(uri)}, which ${ownFile(patient)} does not have`,
            `Add it to redirectUris there, or: ${put}`,
          ),
        ),
    ];
  });
}
