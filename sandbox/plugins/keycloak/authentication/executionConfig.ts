import type { authentication } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";

type State = Unwrap<authentication.ExecutionConfigArgs>;

const schema = {
  alias: { type: "string", autoName: true, replaces: true },
  config: { type: "map", required: true },
  executionId: { type: "string", required: true, replaces: true },
  realmId: { type: "string", required: true, replaces: true },
} satisfies Record<keyof authentication.ExecutionConfigArgs, Property>;

/** The settings of an execution. */
export const executionConfig = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    const { realmId: realm, executionId, alias = "", config } = plan;
    return keycloak.create((admin) =>
      admin.authenticationManagement.createConfig({ realm, id: executionId, alias, config }),
    );
  },

  async read(keycloak, id, { realmId: realm }) {
    const found = await keycloak.find((admin) => admin.authenticationManagement.getConfig({ realm, id }));
    return found && { alias: found.alias ?? "", config: found.config ?? {} };
  },

  locate(_, importId) {
    const [realmId, executionId, id, ...rest] = importId.split("/");
    if (!realmId || !executionId || !id || rest.length > 0) {
      throw new Error(`Invalid import id '${importId}': expected <realm>/<execution's id>/<id>`);
    }
    return { id, state: { realmId, executionId } };
  },

  async update(keycloak, id, { realmId: realm, alias = "", config }) {
    await keycloak.send((admin) => admin.authenticationManagement.updateConfig({ realm, id, alias, config }));
  },

  async delete(keycloak, id, { realmId: realm }) {
    await keycloak.send((admin) => admin.authenticationManagement.delConfig({ realm, id }));
  },
});
