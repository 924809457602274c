import type { openid } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { conflicting } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";
import { protocolMapper, shared } from "./protocolMapper.ts";

type State = Unwrap<openid.AudienceProtocolMapperArgs>;

const schema = {
  ...shared,
  includedClientAudience: { type: "string" },
  includedCustomAudience: { type: "string" },
} satisfies Record<keyof openid.AudienceProtocolMapperArgs, Property>;

/** Puts an audience into tokens: a client that exists, or any text. */
export const audienceProtocolMapper = protocolMapper<State>({
  schema,
  rules: [conflicting("includedClientAudience", "includedCustomAudience")],
  mapper: "oidc-audience-mapper",
  toConfig: (plan) => ({
    "included.client.audience": plan.includedClientAudience ?? "",
    "included.custom.audience": plan.includedCustomAudience ?? "",
  }),
  fromConfig: (config) =>
    config["included.client.audience"]
      ? { includedClientAudience: config["included.client.audience"] }
      : { includedCustomAudience: config["included.custom.audience"] ?? "" },
  validate,
});

async function validate(keycloak: Keycloak, plan: State): Promise<void> {
  const { realmId: realm, includedClientAudience: clientId, includedCustomAudience } = plan;
  if (!clientId && !includedCustomAudience) {
    throw new Error("validation error: one of IncludedClientAudience or IncludedCustomAudience must be set");
  }
  if (!clientId) return;
  const clients = await keycloak.send((admin) => admin.clients.find({ realm, clientId }));
  if (clients.length === 0) throw new Error(`validation error: generic client with name ${clientId} does not exist`);
}
