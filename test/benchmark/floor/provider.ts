import { resource, run } from "../../../sandbox/plugins/bridged.ts";

interface State {
  index: number;
}

/** A provider that answers at once. */
await run<null>({
  name: "nothing",
  version: "0.0.1",
  config: {},
  connect: () => Promise.resolve(null),
  resources: {
    "nothing:index:Nothing": resource<null, State>({
      schema: { index: { type: "number" } },
      create: (_, { index }) => Promise.resolve(String(index)),
      read: () => Promise.resolve({}),
      update: () => Promise.resolve(),
      delete: () => Promise.resolve(),
    }),
  },
  functions: {},
});
