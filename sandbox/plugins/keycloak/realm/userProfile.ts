import type { RealmUserProfileArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";

type State = Unwrap<RealmUserProfileArgs>;
type Attribute = NonNullable<State["attributes"]>[number];
type Permissions = NonNullable<Attribute["permissions"]>;
type Validator = NonNullable<Attribute["validators"]>[number];
type Group = NonNullable<State["groups"]>[number];

/** A profile as the server has it. */
interface Profile {
  attributes?: StoredAttribute[];
  groups?: StoredGroup[];
  unmanagedAttributePolicy?: string;
}

interface StoredAttribute {
  name: string;
  annotations?: Record<string, unknown>;
  defaultValue?: string;
  displayName?: string;
  group?: string;
  multivalued?: boolean;
  permissions?: { edit?: string[]; view?: string[] };
  required?: { roles?: string[]; scopes?: string[] };
  selector?: { scopes?: string[] };
  validations?: Record<string, Record<string, unknown>>;
}

interface StoredGroup {
  name: string;
  annotations?: Record<string, unknown>;
  displayDescription?: string;
  displayHeader?: string;
}

const permissions = {
  edits: { type: "set", required: true },
  views: { type: "set", required: true },
} satisfies Record<keyof Permissions, Property>;

const validator = {
  config: { type: "map" },
  name: { type: "string", required: true },
} satisfies Record<keyof Validator, Property>;

const attribute = {
  annotations: { type: "map" },
  defaultValue: { type: "string" },
  displayName: { type: "string" },
  enabledWhenScopes: { type: "set" },
  group: { type: "string" },
  multiValued: { type: "boolean", default: false },
  name: { type: "string", required: true },
  permissions: { type: "object", fields: permissions },
  requiredForRoles: { type: "set" },
  requiredForScopes: { type: "set" },
  validators: { type: "set", fields: validator },
} satisfies Record<keyof Attribute, Property>;

const group = {
  annotations: { type: "map" },
  displayDescription: { type: "string" },
  displayHeader: { type: "string" },
  name: { type: "string", required: true },
} satisfies Record<keyof Group, Property>;

const schema = {
  attributes: { type: "list", fields: attribute },
  groups: { type: "set", fields: group },
  realmId: { type: "string", required: true, replaces: true },
  unmanagedAttributePolicy: {
    type: "string",
    default: "DISABLED",
    problem: oneOf("DISABLED", "ENABLED", "ADMIN_VIEW", "ADMIN_EDIT"),
  },
} satisfies Record<keyof RealmUserProfileArgs, Property>;

/** What is known of the users of a realm. It is always there: creating it replaces it, deleting it leaves two attributes. */
export const realmUserProfile = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    await send(keycloak, plan.realmId, representation(plan));
    return plan.realmId;
  },

  async read(keycloak, _, { realmId: realm }) {
    const found = await keycloak.find((admin) => admin.users.getProfile({ realm }) as Promise<Profile>);
    return (
      found && {
        attributes: unlessForeign(() => (found.attributes ?? []).map(fromAttribute)),
        groups: unlessForeign(() => (found.groups ?? []).map(fromGroup)),
        unmanagedAttributePolicy: found.unmanagedAttributePolicy ?? "DISABLED",
      }
    );
  },

  async update(keycloak, _, plan) {
    await send(keycloak, plan.realmId, representation(plan));
  },

  trustsUpdates: true,

  async delete(keycloak, _, { realmId }) {
    await send(keycloak, realmId, { attributes: [{ name: "username" }, { name: "email" }] });
  },
});

async function send(keycloak: Keycloak, realm: string, profile: Profile): Promise<void> {
  await keycloak.send((admin) => admin.users.updateProfile({ realm, ...(profile as object) }));
}

function representation({ attributes = [], groups = [], unmanagedAttributePolicy = "DISABLED" }: State): Profile {
  return {
    attributes: attributes.map(toAttribute),
    ...(groups.length > 0 && { groups: groups.map(toGroup) }),
    ...(unmanagedAttributePolicy !== "DISABLED" && { unmanagedAttributePolicy }),
  };
}

function toAttribute(wanted: Attribute): StoredAttribute {
  const { requiredForRoles: roles = [], requiredForScopes: scopes = [], validators = [], annotations = {} } = wanted;
  return {
    name: wanted.name,
    ...(wanted.defaultValue && { defaultValue: wanted.defaultValue }),
    ...(wanted.displayName && { displayName: wanted.displayName }),
    ...(wanted.group && { group: wanted.group }),
    ...(wanted.multiValued && { multivalued: true }),
    ...(wanted.permissions && { permissions: { edit: wanted.permissions.edits, view: wanted.permissions.views } }),
    ...(wanted.enabledWhenScopes?.length && { selector: { scopes: wanted.enabledWhenScopes } }),
    ...((roles.length > 0 || scopes.length > 0) && {
      required: { ...(roles.length > 0 && { roles }), ...(scopes.length > 0 && { scopes }) },
    }),
    validations: Object.fromEntries(validators.map(({ name, config = {} }) => [name, parsed(config, "[")])),
    annotations: parsed(annotations, "{"),
  };
}

function fromAttribute(found: StoredAttribute): Attribute {
  const { permissions: allowed, validations = {}, annotations = {} } = found;
  const validators = Object.entries(validations).map(([name, config]) => ({
    name,
    config: texts(config, Array.isArray),
  }));
  return {
    name: found.name,
    defaultValue: found.defaultValue ?? "",
    displayName: found.displayName ?? "",
    group: found.group ?? "",
    multiValued: found.multivalued ?? false,
    ...(allowed && { permissions: { edits: allowed.edit ?? [], views: allowed.view ?? [] } }),
    ...(found.selector?.scopes?.length && { enabledWhenScopes: found.selector.scopes }),
    requiredForRoles: found.required?.roles ?? [],
    requiredForScopes: found.required?.scopes ?? [],
    validators,
    annotations: texts(annotations, isPlainObject),
  };
}

function toGroup({ name, displayHeader, displayDescription, annotations = {} }: Group): StoredGroup {
  return {
    name,
    ...(displayHeader && { displayHeader }),
    ...(displayDescription && { displayDescription }),
    annotations: parsed(annotations, "{"),
  };
}

function fromGroup({ name, displayHeader = "", displayDescription = "", annotations = {} }: StoredGroup): Group {
  return { name, displayHeader, displayDescription, annotations: texts(annotations, isPlainObject) };
}

/** Texts that start like JSON are JSON to the server. */
function parsed(values: Readonly<Record<string, string>>, start: string): Record<string, unknown> {
  const entries = Object.entries(values).map(([key, value]) => [
    key,
    value.startsWith(start) ? (JSON.parse(value) as unknown) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** Something that the official provider has no text for. */
class ForeignValue extends Error {}

/** The values as texts, those of a kind as Go writes JSON. */
function texts(values: Record<string, unknown>, isJson: (value: unknown) => boolean): Record<string, string> {
  const entries = Object.entries(values).map(([key, value]) => {
    if (typeof value === "string") return [key, value];
    if (!isJson(value)) throw new ForeignValue(`${key} is ${JSON.stringify(value)}`);
    return [key, JSON.stringify(value).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

/** What was read, or nothing: with one value that is no text, the official provider leaves the whole list as it was. */
function unlessForeign<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ForeignValue) return undefined;
    throw error;
  }
}

function isPlainObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
