import type { authentication } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";

type State = Unwrap<authentication.BindingsArgs>;

/** Which flow does what in a realm, as long as nobody says otherwise. */
export const builtinFlows = {
  browserFlow: "browser",
  clientAuthenticationFlow: "clients",
  directGrantFlow: "direct grant",
  dockerAuthenticationFlow: "docker auth",
  firstBrokerLoginFlow: "first broker login",
  registrationFlow: "registration",
  resetCredentialsFlow: "reset credentials",
};

export type Flows = typeof builtinFlows;

const names = Object.keys(builtinFlows) as (keyof Flows)[];

/** A property for each of them. */
export const flowProperties = {
  browserFlow: { type: "string", computed: true },
  clientAuthenticationFlow: { type: "string", computed: true },
  directGrantFlow: { type: "string", computed: true },
  dockerAuthenticationFlow: { type: "string", computed: true },
  firstBrokerLoginFlow: { type: "string", computed: true },
  registrationFlow: { type: "string", computed: true },
  resetCredentialsFlow: { type: "string", computed: true },
} satisfies Record<keyof Flows, Property>;

const schema = {
  ...flowProperties,
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof authentication.BindingsArgs, Property>;

/** The flows of a realm, all of them: what is not given is set back to the one built in. */
export const bindings = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    await bind(keycloak, plan.realmId, flowsOf(plan));
    return plan.realmId;
  },

  async read(keycloak, id) {
    const found: Partial<Flows> | undefined = await keycloak.find((admin) => admin.realms.findOne({ realm: id }));
    return found && Object.fromEntries(names.map((name) => [name, found[name] ?? ""]));
  },

  async update(keycloak, id, plan) {
    await bind(keycloak, id, flowsOf(plan));
  },

  async delete(keycloak, id) {
    await bind(keycloak, id, builtinFlows);
  },
});

/** The flows that a realm is to have: those wanted, and the built-in ones for the rest. */
export function flowsOf(wanted: Partial<Flows>): Flows {
  return Object.fromEntries(names.map((name) => [name, wanted[name] || builtinFlows[name]])) as Flows;
}

async function bind(keycloak: Keycloak, realm: string, flows: Flows): Promise<void> {
  await keycloak.send((admin) => admin.realms.update({ realm }, flows));
}
