import type { Application } from "./applicationSchema.ts";
import type { DesiredState } from "./load.ts";
import type { MemberSource } from "./schema.ts";
import { differenceText, firstSettings, type SettingChange } from "./settings.ts";

/** What a risk is about; where not all of them can be shown, the last go first. */
export const riskKinds = ["access", "trust", "data", "setting", "cosmetic"] as const;

/** Something that nobody should approve without having thought about it. */
export interface Risk {
  readonly kind: (typeof riskKinds)[number];
  readonly text: string;
}

/** Two desired states, and usernames after the change by those before it. */
export interface Compared {
  readonly before: DesiredState | undefined;
  readonly after: DesiredState | undefined;
  readonly renamed: ReadonlyMap<string, string>;
}

/** What is risky in what no access diff tells: changed settings, and those of everything that is new. */
export function settingRisks(settings: readonly SettingChange[], compared: Compared): Risk[] {
  const { before, after, renamed } = compared;
  return [
    ...settings.flatMap((change) => risksOf(change, compared, false)),
    ...firstSettings(before, after, renamed).flatMap((change) => risksOf(change, compared, true)),
  ];
}

function risksOf(change: SettingChange, compared: Compared, isFirst: boolean): Risk[] {
  const [kind = ""] = change.entity.split("/");
  const told = rules[kind]?.(change, compared, isFirst) ?? [];
  return change.key === "adopt" && change.after === "true"
    ? [...told, { kind: "access", text: `${change.entity}: takes over what is there under its names` }]
    : told;
}

/** @param isFirst whether the entity is new: what it says by default is no risk then */
type Rule = (change: SettingChange, compared: Compared, isFirst: boolean) => Risk[];

const rules: Readonly<Record<string, Rule>> = {
  platform: platformRisks,
  users: userRisks,
  groups: groupRisks,
  workspaces: workspaceRisks,
  directories: sourceRisks,
  identityProviders: sourceRisks,
  applications: applicationRisks,
};

function nameIn(entity: string): string {
  return entity.slice(entity.indexOf("/") + 1);
}

function isGone({ key, after }: SettingChange): boolean {
  return (key === "" && after === undefined) || (key === "state" && after === "archived");
}

const shownToPeople = /^(?:displayName|realmSettings\.(?:displayName|mail\.fromDisplayName)|workspaceDefaults\b.*)$/;

function platformRisks(change: SettingChange, _: Compared, isFirst: boolean): Risk[] {
  const { key, after } = change;
  if (isFirst || key === "guards.acknowledged") return [];
  if (key === "") return [{ kind: "data", text: after === undefined ? "the whole stack goes" : "the stack is new" }];
  return [
    { kind: shownToPeople.test(key) ? "cosmetic" : "trust", text: `platform.yaml: ${key} ${differenceText(change)}` },
  ];
}

/** Keys of users that say who somebody is, or let them in without a check. */
const identityKeys = ["email", "emailVerified", "identityProvider", "directory"];

function userRisks(change: SettingChange, { renamed }: Compared, isFirst: boolean): Risk[] {
  const { entity, key, before, after } = change;
  const name = nameIn(entity);
  if (isFirst) {
    const isRisky = identityKeys.includes(key) && key !== "email" && after !== "false";
    return isRisky || key === "was" ? [{ kind: "access", text: `new user ${name}: ${key} ${after ?? ""}` }] : [];
  }
  if (isGone(change))
    return [
      {
        kind: "data",
        text: `user ${name} goes: account, sessions and access; a personal workspace's namespace with it`,
      },
    ];
  if (key === "username") {
    return [
      {
        kind: "access",
        text: `the account of ${before ?? ""} passes to ${after ?? ""}, with its password, sessions and access`,
      },
    ];
  }
  if (key === "was") {
    if (after !== undefined && renamed.get(after) === name) return [];
    return [{ kind: after === undefined ? "cosmetic" : "access", text: `user ${name}: was ${differenceText(change)}` }];
  }
  if (key === "workspace" && after === "false") {
    return [
      {
        kind: "data",
        text: `the personal workspace of ${name} goes: its namespace with everything in it; its buckets stay, archived`,
      },
    ];
  }
  return key === "enabled" || identityKeys.includes(key)
    ? [{ kind: "access", text: `user ${name}: ${key} ${differenceText(change)}` }]
    : [];
}

function workspaceRisks(change: SettingChange): Risk[] {
  const { entity, key } = change;
  if (isGone(change)) {
    return [
      {
        kind: "data",
        text: `workspace ${nameIn(entity)} goes: its namespace with everything in it; its buckets stay, archived`,
      },
    ];
  }
  return key === "previousOwner" || key === "approvers" ? changed(change, "trust") : [];
}

function groupRisks(change: SettingChange): Risk[] {
  const { entity, key, added = [], removed = [] } = change;
  if (key !== "from") return key === "approvers" ? changed(change, "trust") : [];
  const who = (source: string) => peopleOf(JSON.parse(source) as MemberSource);
  return [
    ...added.map((source): Risk => ({
      kind: "access",
      text: `group ${nameIn(entity)}: ${who(source)} is a member and gets what the group has`,
    })),
    ...removed.map((source): Risk => ({
      kind: "setting",
      text: `group ${nameIn(entity)}: ${who(source)} is no longer a member`,
    })),
  ];
}

function peopleOf({ directory, group, identityProvider, claim, value }: MemberSource): string {
  return directory === undefined
    ? `everybody of whom identity provider ${identityProvider ?? ""} says ${claim ?? ""} "${value ?? ""}"`
    : `everybody in group "${group ?? ""}" of directory ${directory}`;
}

/** What a value of a directory or identity provider means for accounts here. */
const meanings: Readonly<Record<string, string>> = {
  "trustEmail true": "every address that it tells counts as verified",
  "linkAccounts trusted": "whoever runs it can enter any account",
  "unknownUsers create": "whoever logs in through it for the first time gets an account",
};

function sourceRisks(change: SettingChange, { after: state }: Compared, isFirst: boolean): Risk[] {
  const { entity, key, after } = change;
  const meaning = meanings[`${key} ${after ?? ""}`];
  if (isFirst) {
    return meaning === undefined ? [] : [{ kind: "trust", text: `${entity}: ${key} ${after ?? ""}: ${meaning}` }];
  }
  if (key === "") {
    const where = after === undefined ? "" : ` (${whereOf(entity, state)})`;
    return [{ kind: "trust", text: `${entity}: people from elsewhere${where} ${differenceText(change)}` }];
  }
  const text = `${entity}: ${key} ${differenceText(change)}${meaning === undefined ? "" : `: ${meaning}`}`;
  return [{ kind: shownToPeople.test(key) ? "cosmetic" : "trust", text }];
}

function whereOf(entity: string, state: DesiredState | undefined): string {
  const name = nameIn(entity);
  const provider = state?.identityProviders.get(name)?.value;
  if (entity.startsWith("directories/")) return state?.directories.get(name)?.value.url ?? "";
  return (provider?.type === "saml" ? provider.singleSignOnUrl : provider?.authorizationUrl) ?? "";
}

const addressKeys: Readonly<Record<string, string>> = {
  redirectUris: "logins are sent to",
  logoutUris: "logouts are sent to",
  webOrigins: "tokens are given to scripts of",
};

function applicationRisks(change: SettingChange, { before, after }: Compared, isFirst: boolean): Risk[] {
  const { entity, key, added = [], removed = [] } = change;
  const name = nameIn(entity);
  const told = (text: string): Risk => ({ kind: "trust", text: `application ${name}: ${text}` });
  const gone: Risk[] =
    removed.length > 0
      ? [{ kind: "setting", text: `application ${name}: ${key} ${differenceText({ added: [], removed })}` }]
      : [];
  if (key === "paths") {
    const { auth } = (after ?? before)?.applications.get(name)?.value ?? ({} as Partial<Application>);
    // Those of an application behind the gateway's login stay behind it.
    return auth === "headers"
      ? []
      : [...added.map((path) => told(`the gateway lets ${path} through without a login`)), ...gone];
  }
  const verb = addressKeys[key];
  if (verb !== undefined) {
    const domain = after?.platform.value.domain ?? "";
    const hosts = added.map((address) => ({ address, host: foreignHost(address, domain) }));
    return [
      ...hosts
        .filter(({ host }) => !isFirst || host !== undefined)
        .map(({ address, host }) =>
          told(`${verb} ${address}${host === undefined ? "" : `, on another host: ${host}`}`),
        ),
      ...gone,
    ];
  }
  return !isFirst && ["clientId", "auth", "namespace"].includes(key) ? changed(change, "trust") : [];
}

/** The host of an address, as DNS has it, unless it is the platform's or below it. */
function foreignHost(address: string, domain: string): string | undefined {
  const host = URL.parse(address)?.hostname ?? address;
  return host === domain || host.endsWith(`.${domain}`) ? undefined : host;
}

function changed(change: SettingChange, kind: Risk["kind"]): Risk[] {
  const isNothing = change.before === undefined && change.after === "[]";
  return isNothing ? [] : [{ kind, text: `${change.entity}: ${change.key} ${differenceText(change)}` }];
}
