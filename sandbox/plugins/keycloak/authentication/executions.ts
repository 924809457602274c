/** The steps of a flow. A subflow is two things in one: a flow, and the execution that stands for it in its parent. */
import type AuthenticationExecutionInfoRepresentation from "@keycloak/keycloak-admin-client/lib/defs/authenticationExecutionInfoRepresentation.js";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";

/** Where an execution stands. */
export interface Place {
  realmId: string;
  parentFlowAlias: string;
}

/** What is said of an execution as such. */
export interface Settings {
  priority?: number;
  requirement?: string;
}

/** The inputs that executions and subflows share. */
export const settings = {
  parentFlowAlias: { type: "string", required: true, replaces: true },
  priority: { type: "number" },
  realmId: { type: "string", required: true, replaces: true },
  requirement: {
    type: "string",
    default: "DISABLED",
    problem: oneOf("REQUIRED", "ALTERNATIVE", "OPTIONAL", "CONDITIONAL", "DISABLED"),
  },
} satisfies Record<keyof (Place & Settings), Property>;

/** The executions of a flow and of the flows in it. */
export async function list(
  keycloak: Keycloak,
  { realmId: realm, parentFlowAlias: flow }: Place,
): Promise<AuthenticationExecutionInfoRepresentation[]> {
  return keycloak.send((admin) => admin.authenticationManagement.getExecutions({ realm, flow }));
}

/** Sets requirement and priority. */
export async function configure(
  keycloak: Keycloak,
  id: string,
  { realmId: realm, parentFlowAlias: flow, priority = 0, requirement = "" }: Place & Settings,
): Promise<void> {
  const execution = { id, requirement, priority };
  await keycloak.send((admin) => admin.authenticationManagement.updateExecution({ realm, flow }, execution));
}

/** What Keycloak says of an execution, as Pulumi has it. */
export function fromRepresentation(found: AuthenticationExecutionInfoRepresentation) {
  const { providerId: authenticator = "", priority = 0, requirement = "" } = found as typeof found & Settings;
  return { authenticator, priority, requirement };
}

/** The three parts of an import id `<realm>/<parent flow's alias>/<id>`. */
export function locate(importId: string): { id: string; state: Place } {
  const [realmId, parentFlowAlias, id, ...rest] = importId.split("/");
  if (!realmId || !parentFlowAlias || !id || rest.length > 0) {
    throw new Error(`Invalid import id '${importId}': expected <realm>/<parent flow's alias>/<id>`);
  }
  return { id, state: { realmId, parentFlowAlias } };
}
