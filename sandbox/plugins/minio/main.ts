/** The plugin process `pulumi-resource-minio`. */
import { run } from "../bridged.ts";
import { minio } from "./provider.ts";

await run(minio);
