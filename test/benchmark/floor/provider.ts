import { resource, run } from "../../../sandbox/plugins/bridged.ts";

interface State {
  properties: Record<string, string>;
}

/** A provider that answers at once. */
await run<null>({
  name: "nothing",
  version: "0.0.1",
  config: {},
  connect: () => Promise.resolve(null),
  resources: {
    "nothing:index:Nothing": resource<null, State>({
      schema: { properties: { type: "map" } },
      create: () => Promise.resolve("nothing"),
      read: () => Promise.resolve({}),
      update: () => Promise.resolve(),
      delete: () => Promise.resolve(),
    }),
  },
  functions: {},
});
