import type { RealmEventsConfigRepresentation } from "@keycloak/keycloak-admin-client/lib/defs/realmEventsConfigRepresentation.js";
import type { RealmEventsArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";

type State = Unwrap<RealmEventsArgs>;

const schema = {
  adminEventsDetailsEnabled: { type: "boolean" },
  adminEventsEnabled: { type: "boolean" },
  enabledEventTypes: { type: "set" },
  eventsEnabled: { type: "boolean" },
  eventsExpiration: { type: "number" },
  eventsListeners: { type: "set" },
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof RealmEventsArgs, Property>;

/** What a realm records. It is always there: creating it sets everything, deleting it turns everything off. */
export const realmEvents = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    await send(keycloak, plan.realmId, representation(plan));
    return plan.realmId;
  },

  async read(keycloak, _, state) {
    const { realmId: realm, enabledEventTypes: wanted = [] } = state;
    const found: RealmEventsConfigRepresentation | undefined = await keycloak.find((admin) =>
      admin.realms.getConfigEvents({ realm }),
    );
    return (
      found && {
        adminEventsDetailsEnabled: found.adminEventsDetailsEnabled ?? false,
        adminEventsEnabled: found.adminEventsEnabled ?? false,
        eventsEnabled: found.eventsEnabled ?? false,
        eventsExpiration: found.eventsExpiration ?? 0,
        eventsListeners: found.eventsListeners ?? [],
        // The server lists all types where none were chosen.
        ...(wanted.length > 0 && { enabledEventTypes: found.enabledEventTypes ?? [] }),
      }
    );
  },

  async update(keycloak, _, plan) {
    await send(keycloak, plan.realmId, representation(plan));
  },

  trustsUpdates: true,

  async delete(keycloak, _, { realmId }) {
    // The types of events stay chosen.
    await send(keycloak, realmId, { ...representation({ realmId }), enabledEventTypes: undefined });
  },
});

function representation(plan: State): RealmEventsConfigRepresentation {
  return {
    adminEventsDetailsEnabled: plan.adminEventsDetailsEnabled ?? false,
    adminEventsEnabled: plan.adminEventsEnabled ?? false,
    enabledEventTypes: plan.enabledEventTypes ?? [],
    eventsEnabled: plan.eventsEnabled ?? false,
    eventsExpiration: plan.eventsExpiration ?? 0,
    // Without any, the server keeps its own: the official provider does not send an empty list.
    ...(plan.eventsListeners?.length && { eventsListeners: plan.eventsListeners }),
  };
}

async function send(keycloak: Keycloak, realm: string, config: RealmEventsConfigRepresentation): Promise<void> {
  await keycloak.send((admin) => admin.realms.updateConfigEvents({ realm }, config));
}
