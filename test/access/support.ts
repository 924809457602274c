import { InputError } from "../../access/diagnostic.ts";
import { builtInFlows, builtInHeaders, type LiveRealm } from "../../access/liveRealm.ts";
import { type DesiredState, parseDesiredState } from "../../access/load.ts";

/** The files of a small sound environment; a test spoils or replaces one of them. */
export const soundFiles: Readonly<Record<string, string>> = {
  "platform.yaml": "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n",
  "users/alice.yaml": "username: alice\nemail: alice@example.com\nworkspace: true\n",
  "users/bob.yaml": "username: bob\nemail: bob@example.com\n",
  "groups/data-science.yaml": "name: data-science\nmembers: [alice, bob]\n",
  "workspaces/team-a.yaml": [
    "name: team-a",
    'quota: { cpu: "100", memory: 500Gi, pods: "50" }',
    "members:",
    "  - user: alice",
    "    role: edit",
    "  - group: data-science",
    "    role: view",
    "    notebooksAccess: false",
    "",
  ].join("\n"),
};

/** A realm as Keycloak makes it, with verified addresses only. */
export const soundRealm: LiveRealm = {
  id: undefined,
  verifyEmail: true,
  resetsPasswords: false,
  registers: false,
  hasOrganizations: false,
  asksForMore: false,
  openProviders: [],
  sendsMail: true,
  attributes: {},
  flows: builtInFlows,
  headers: builtInHeaders,
  bruteForce: undefined,
  eventsListeners: [],
  enabledEventTypes: [],
  userProfile: { attributes: [], groups: [] },
  weaknesses: [],
};

/** The sound environment with some files replaced (a text) or left out (undefined). */
export function desired(changes: Readonly<Record<string, string | undefined>> = {}): DesiredState {
  const files = Object.entries({ ...soundFiles, ...changes });
  return parseDesiredState("env", new Map(files.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]]))));
}

/** The messages that the changed environment is refused with, each as `file:line:column code: message`. */
export function refusals(changes: Readonly<Record<string, string | undefined>>): string[] {
  try {
    desired(changes);
  } catch (error) {
    if (error instanceof InputError) return error.message.split("\n").slice(0, -1);
    throw error;
  }
  return [];
}
