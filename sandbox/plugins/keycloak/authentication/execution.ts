import type { authentication } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import { type Keycloak, unlessGone } from "../client.ts";
import { configure, fromRepresentation, list, locate, settings } from "./executions.ts";

type State = Unwrap<authentication.ExecutionArgs>;

const schema = {
  ...settings,
  authenticator: { type: "string", required: true, replaces: true },
} satisfies Record<keyof authentication.ExecutionArgs, Property>;

/** A step of a flow. */
export const execution = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    const { realmId: realm, parentFlowAlias: flow, authenticator: provider } = plan;
    const id = await keycloak.create((admin) =>
      admin.authenticationManagement.addExecutionToFlow({ realm, flow, provider }),
    );
    await configure(keycloak, id, plan);
    return id;
  },

  async read(keycloak, id, state) {
    const found = (await unlessGone(list(keycloak, state)))?.find((one) => one.id === id);
    return found && fromRepresentation(found);
  },

  locate: (_, importId) => locate(importId),

  update: configure,

  trustsUpdates: true,

  async delete(keycloak, id, { realmId: realm }) {
    await keycloak.send((admin) => admin.authenticationManagement.delExecution({ realm, id }));
  },
});
