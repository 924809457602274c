import type ClientScopeRepresentation from "@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js";
import type { openid } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";
import * as extraConfig from "../extraConfig.ts";
import { parseImportId } from "../importId.ts";

type State = Unwrap<openid.ClientScopeArgs>;

const schema = {
  consentScreenText: { type: "string" },
  description: { type: "string", computed: true },
  extraConfig: { type: "map" },
  guiOrder: { type: "number" },
  includeInOpenidProviderMetadata: { type: "boolean", default: true },
  includeInTokenScope: { type: "boolean", default: true },
  name: { type: "string", autoName: true },
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof openid.ClientScopeArgs, Property>;

const attributeNames = [
  "consent.screen.text",
  "display.on.consent.screen",
  "gui.order",
  "include.in.openid.provider.metadata",
  "include.in.token.scope",
];

/** A client scope: a bundle of mappers that clients can have. It is on the consent screen if it has a text for it. */
export const clientScope = resource<Keycloak, State>({
  schema,
  rules: [extraConfig.withoutKeys(attributeNames)],

  async create(keycloak, plan) {
    return keycloak.create((admin) => admin.clientScopes.create({ ...representation(plan), realm: plan.realmId }));
  },

  async read(keycloak, id, state) {
    const { realmId: realm } = state;
    const found = await keycloak.find((admin) => admin.clientScopes.findOne({ realm, id }));
    const attributes = (found?.attributes ?? {}) as Record<string, string>;
    const guiOrder = Number.parseInt(attributes["gui.order"] ?? "", 10);
    return (
      found && {
        name: found.name ?? "",
        description: found.description ?? "",
        // What is not there is not read: the official provider leaves the state as it is.
        ...(attributes["display.on.consent.screen"] === "true" && {
          consentScreenText: attributes["consent.screen.text"] ?? "",
        }),
        ...(Number.isFinite(guiOrder) && { guiOrder }),
        includeInOpenidProviderMetadata: attributes["include.in.openid.provider.metadata"] === "true",
        includeInTokenScope: attributes["include.in.token.scope"] === "true",
        extraConfig: extraConfig.fromServer(state.extraConfig, attributes),
      }
    );
  },

  locate(_, importId) {
    const { realm, id } = parseImportId(importId);
    return { id, state: { realmId: realm } };
  },

  async update(keycloak, id, plan, old) {
    const wanted = representation(plan, old);
    await keycloak.send((admin) => admin.clientScopes.update({ realm: plan.realmId, id }, { id, ...wanted }));
  },

  async delete(keycloak, id, { realmId: realm }) {
    await keycloak.send((admin) => admin.clientScopes.del({ realm, id }));
  },
});

function representation(plan: State, old?: State): ClientScopeRepresentation {
  return {
    name: plan.name ?? "",
    description: plan.description ?? "",
    protocol: "openid-connect",
    attributes: {
      ...extraConfig.toServer(plan.extraConfig, old?.extraConfig),
      "consent.screen.text": plan.consentScreenText ?? "",
      "display.on.consent.screen": String(Boolean(plan.consentScreenText)),
      "gui.order": plan.guiOrder ? String(plan.guiOrder) : "",
      "include.in.openid.provider.metadata": String(plan.includeInOpenidProviderMetadata ?? false),
      "include.in.token.scope": String(plan.includeInTokenScope ?? false),
    },
  };
}
