/** The plugin process `pulumi-resource-keycloak`. */
import { run } from "../bridged.ts";
import { keycloak } from "./provider.ts";

await run(keycloak);
