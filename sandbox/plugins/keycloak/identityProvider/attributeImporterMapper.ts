import type { AttributeImporterIdentityProviderMapperArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { conflicting } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";
import { type Config, identityProviderMapper, shared } from "./mapper.ts";

type State = Unwrap<AttributeImporterIdentityProviderMapperArgs>;

const schema = {
  ...shared,
  attributeFriendlyName: { type: "string" },
  attributeName: { type: "string" },
  claimName: { type: "string" },
  userAttribute: { type: "string", required: true },
} satisfies Record<keyof AttributeImporterIdentityProviderMapperArgs, Property>;

/** Writes something that the identity provider says of a user into an attribute. */
export const attributeImporterIdentityProviderMapper = identityProviderMapper<State>({
  schema,
  rules: [conflicting("attributeName", "attributeFriendlyName")],

  async describe(keycloak, plan) {
    const kind = await kindOf(keycloak, plan);
    return { mapper: `${kind}-user-attribute-idp-mapper`, config: configFor(kind, plan) };
  },

  fromServer: (config) => ({
    attributeFriendlyName: config["attribute.friendly.name"] ?? "",
    attributeName: config["attribute.name"] ?? "",
    claimName: config["claim"] || (config["jsonField"] ?? ""),
    userAttribute: config["user.attribute"] ?? "",
  }),
});

async function kindOf(keycloak: Keycloak, { realm, identityProviderAlias: alias }: State): Promise<string> {
  const found = await keycloak.send((admin) => admin.identityProviders.findOne({ realm, alias }));
  return found?.providerId ?? "";
}

function configFor(kind: string, plan: State): Config {
  const { userAttribute, attributeName, attributeFriendlyName, claimName } = plan;
  switch (kind) {
    case "saml":
      if (attributeFriendlyName) {
        return { "user.attribute": userAttribute, "attribute.friendly.name": attributeFriendlyName };
      }
      if (attributeName) return { "user.attribute": userAttribute, "attribute.name": attributeName };
      throw new Error('either "attribute_name" or "attribute_friendly_name" should be set for saml identity provider');
    case "oidc":
      if (claimName) return { "user.attribute": userAttribute, claim: claimName };
      throw new Error('"claim_name": should be set for oidc identity provider');
    default:
      throw new Error(`"${kind}" identity provider is not supported by this stand-in for the official plugin`);
  }
}
