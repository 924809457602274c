import { mock } from "node:test";

/** The program is to run without servers: the platform has nothing but the namespace of an application. */
export function mockSurvey(): void {
  mock.module("../../live/survey.ts", {
    exports: {
      connect: () => ({}),
      survey: () => ({
        realm: undefined,
        seen: [],
        masterRealm: [],
        accounts: [],
        dropsAttributes: false,
        registrationFlow: false,
        target: {},
        administrators: [],
        yourself: undefined,
        gateway: undefined,
        dex: undefined,
        objects: new Map([["namespace monitoring", { kind: "namespace", name: "monitoring", id: "monitoring" }]]),
      }),
      SurveyError: class extends Error {},
      reasonOf: String,
    },
  });
}
