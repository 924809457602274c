import type { authentication } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import { type Keycloak, unlessGone } from "../client.ts";
import * as executions from "./executions.ts";
import { fromRepresentation } from "./flow.ts";

type State = Unwrap<authentication.SubflowArgs>;

const schema = {
  ...executions.settings,
  alias: { type: "string", autoName: true },
  authenticator: { type: "string", replaces: true },
  description: { type: "string" },
  providerId: { type: "string", default: "basic-flow", problem: oneOf("basic-flow", "form-flow", "client-flow") },
} satisfies Record<keyof authentication.SubflowArgs, Property>;

/** A flow inside another one. */
export const subflow = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    const { realmId: realm, parentFlowAlias: flow, alias = "", providerId = "", authenticator = "" } = plan;
    const wanted = { alias, type: providerId, provider: authenticator, description: plan.description ?? "" };
    const id = await keycloak.create((admin) =>
      admin.authenticationManagement.addFlowToFlow({ realm, flow, ...wanted }),
    );
    await update(keycloak, id, plan);
    return id;
  },

  async read(keycloak, id, state) {
    const { realmId: realm } = state;
    const found = await keycloak.find((admin) => admin.authenticationManagement.getFlow({ realm, flowId: id }));
    if (!found) return undefined;
    const execution = await unlessGone(executionOf(keycloak, id, state));
    return execution && { ...fromRepresentation(found), ...executions.fromRepresentation(execution) };
  },

  locate: (_, importId) => executions.locate(importId),

  update,

  trustsUpdates: true,

  async delete(keycloak, id, state) {
    const execution = await executionOf(keycloak, id, state);
    await keycloak.send((admin) =>
      admin.authenticationManagement.delExecution({ realm: state.realmId, id: execution.id ?? "" }),
    );
  },
});

async function update(keycloak: Keycloak, id: string, plan: State): Promise<void> {
  const { realmId: realm, alias = "", providerId = "", description = "" } = plan;
  const wanted = { id, alias, providerId, topLevel: false, builtIn: false, description };
  await keycloak.send((admin) => admin.authenticationManagement.updateFlow({ realm, flowId: id }, wanted));
  const execution = await executionOf(keycloak, id, plan);
  await executions.configure(keycloak, execution.id ?? "", plan);
}

async function executionOf(keycloak: Keycloak, id: string, place: executions.Place) {
  const found = (await executions.list(keycloak, place)).find((one) => one.flowId === id);
  if (!found) throw new Error("no execution id found for subflow");
  return found;
}
