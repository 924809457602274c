import type AuthenticationFlowRepresentation from "@keycloak/keycloak-admin-client/lib/defs/authenticationFlowRepresentation.js";
import type { authentication } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";
import { parseImportId } from "../importId.ts";

type State = Unwrap<authentication.FlowArgs>;

const schema = {
  alias: { type: "string", autoName: true },
  description: { type: "string", computed: true },
  providerId: { type: "string", default: "basic-flow", problem: oneOf("basic-flow", "client-flow") },
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof authentication.FlowArgs, Property>;

/** An authentication flow at the top level. What it does is said by its executions and subflows. */
export const flow = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    return keycloak.create((admin) =>
      admin.authenticationManagement.createFlow({ ...representation(plan), realm: plan.realmId }),
    );
  },

  async read(keycloak, id, { realmId: realm }) {
    const found = await keycloak.find((admin) => admin.authenticationManagement.getFlow({ realm, flowId: id }));
    return found && fromRepresentation(found);
  },

  locate(_, importId) {
    const { realm, id } = parseImportId(importId);
    return { id, state: { realmId: realm } };
  },

  async update(keycloak, id, plan) {
    await keycloak.send((admin) =>
      admin.authenticationManagement.updateFlow({ realm: plan.realmId, flowId: id }, { id, ...representation(plan) }),
    );
  },

  trustsUpdates: true,

  async delete(keycloak, id, { realmId: realm }) {
    await keycloak.send((admin) => admin.authenticationManagement.deleteFlow({ realm, flowId: id }));
  },
});

/** What Keycloak says of a flow or a subflow, as Pulumi has it. */
export function fromRepresentation({
  alias = "",
  description = "",
  providerId = "",
}: AuthenticationFlowRepresentation) {
  return { alias, description, providerId };
}

function representation({ alias = "", description = "", providerId = "" }: State): AuthenticationFlowRepresentation {
  return { alias, description, providerId, topLevel: true, builtIn: false };
}
