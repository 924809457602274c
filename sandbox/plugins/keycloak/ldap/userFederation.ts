import type ComponentRepresentation from "@keycloak/keycloak-admin-client/lib/defs/componentRepresentation.js";
import type { ldap } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../../bridged.ts";
import { oneOf } from "../../bridged/check.ts";
import type { Property } from "../../bridged/schema.ts";
import type { Keycloak } from "../client.ts";
import { duration, fromMilliseconds, toMilliseconds } from "../durations.ts";
import { type Config, fromServer, toServer } from "./component.ts";

type State = Unwrap<ldap.UserFederationArgs>;
type Cache = NonNullable<State["cache"]>;
type Kerberos = NonNullable<State["kerberos"]>;

const mapperType = "org.keycloak.storage.ldap.mappers.LDAPStorageMapper";

const cache = {
  evictionDay: { type: "number", default: -1, problem: notBetween(0, 6) },
  evictionHour: { type: "number", default: -1, problem: notBetween(0, 23) },
  evictionMinute: { type: "number", default: -1, problem: notBetween(0, 59) },
  maxLifespan: duration,
  policy: {
    type: "string",
    default: "DEFAULT",
    problem: oneOf("DEFAULT", "EVICT_DAILY", "EVICT_WEEKLY", "MAX_LIFESPAN", "NO_CACHE"),
  },
} satisfies Record<keyof Cache, Property>;

const kerberos = {
  kerberosRealm: { type: "string", required: true },
  keyTab: { type: "string", required: true },
  serverPrincipal: { type: "string", required: true },
  useKerberosForPasswordAuthentication: { type: "boolean", default: false },
} satisfies Record<keyof Kerberos, Property>;

const schema = {
  batchSizeForSync: { type: "number", default: 1000 },
  bindCredential: { type: "string", secret: true },
  bindDn: { type: "string" },
  cache: { type: "object", fields: cache },
  changedSyncPeriod: { type: "number", default: -1, problem: notAPeriod },
  connectionPooling: { type: "boolean", default: false },
  connectionTimeout: duration,
  connectionUrl: { type: "string", required: true },
  customUserSearchFilter: { type: "string" },
  debug: { type: "string", default: "false", problem: oneOf("false", "true") },
  deleteDefaultMappers: { type: "boolean", default: false, replaces: true },
  editMode: { type: "string", default: "READ_ONLY", problem: oneOf("READ_ONLY", "WRITABLE", "UNSYNCED") },
  enabled: { type: "boolean", default: true },
  fullSyncPeriod: { type: "number", default: -1, problem: notAPeriod },
  importEnabled: { type: "boolean", default: true },
  kerberos: { type: "object", fields: kerberos },
  krbPrincipalAttribute: { type: "string", computed: true },
  name: { type: "string", autoName: true },
  pagination: { type: "boolean", default: true },
  priority: { type: "number", default: 0 },
  rdnLdapAttribute: { type: "string", required: true },
  readTimeout: duration,
  realmId: { type: "string", required: true, replaces: true },
  relativeCreateDn: { type: "string" },
  searchScope: { type: "string", default: "ONE_LEVEL", problem: oneOf("ONE_LEVEL", "SUBTREE") },
  startTls: { type: "boolean", default: false },
  syncRegistrations: { type: "boolean", default: false },
  trustEmail: { type: "boolean", default: false },
  usePasswordModifyExtendedOp: { type: "boolean", default: false },
  useTruststoreSpi: {
    type: "string",
    default: "ONLY_FOR_LDAPS",
    problem: oneOf("ALWAYS", "ONLY_FOR_LDAPS", "NEVER"),
  },
  userObjectClasses: { type: "list", required: true },
  usernameLdapAttribute: { type: "string", required: true },
  usersDn: { type: "string", required: true },
  uuidLdapAttribute: { type: "string", required: true },
  validatePasswordPolicy: { type: "boolean", default: false },
  vendor: { type: "string", default: "OTHER", problem: oneOf("OTHER", "EDIRECTORY", "AD", "RHDS", "TIVOLI") },
} satisfies Record<keyof ldap.UserFederationArgs, Property>;

/** A directory that users come from. Its password is not read back. */
export const userFederation = resource<Keycloak, State>({
  schema,

  async create(keycloak, plan) {
    const { realmId: realm } = plan;
    const wanted = await representation(keycloak, plan);
    const id = await keycloak.create((admin) => admin.components.create({ ...wanted, realm }));
    if (!plan.deleteDefaultMappers) return id;
    const made = await keycloak.send((admin) => admin.components.find({ realm, parent: id, type: mapperType }));
    for (const mapper of made) {
      await keycloak.send((admin) => admin.components.del({ realm, id: mapper.id ?? "" }));
    }
    return id;
  },

  async read(keycloak, id, state) {
    const { realmId: realm } = state;
    const found = await keycloak.find((admin) => admin.components.findOne({ realm, id }));
    return found && told(found, state);
  },

  async locate(keycloak, importId) {
    const [realm, id, bindCredential, ...rest] = importId.split("/");
    if (!realm || !id || rest.length > 0) {
      throw new Error(`Invalid import id '${importId}': expected <realm>/<id> or <realm>/<id>/<password>`);
    }
    const found = await keycloak.send((admin) => admin.components.findOne({ realm, id }));
    if (!found) throw new Error(`no user federation with id ${id} found in realm ${realm}`);
    return { id, state: { realmId: realm, deleteDefaultMappers: false, ...(bindCredential && { bindCredential }) } };
  },

  async update(keycloak, id, plan) {
    const wanted = await representation(keycloak, plan);
    await keycloak.send((admin) => admin.components.update({ realm: plan.realmId, id }, { id, ...wanted }));
  },

  trustsUpdates: true,

  async delete(keycloak, id, { realmId: realm }) {
    await keycloak.send((admin) => admin.components.del({ realm, id }));
  },
});

async function representation(keycloak: Keycloak, plan: State): Promise<ComponentRepresentation> {
  const { realmId: realm, name = "", bindDn, bindCredential } = plan;
  if (Boolean(bindDn) !== Boolean(bindCredential)) {
    throw new Error("validation error: authentication requires both BindDN and BindCredential to be set");
  }
  const found = await keycloak.send((admin) => admin.realms.findOne({ realm }));
  const providerType = "org.keycloak.storage.UserStorageProvider";
  return { name, providerId: "ldap", providerType, parentId: found?.id ?? "", config: toServer(configOf(plan)) };
}

function configOf(plan: State): Config {
  const { bindDn, bindCredential } = plan;
  const auth = bindDn && bindCredential ? { bindDn, bindCredential, authType: "simple" } : { authType: "none" };
  return {
    ...auth,
    ...cacheConfig(plan.cache),
    ...kerberosConfig(plan.kerberos),
    batchSizeForSync: String(plan.batchSizeForSync ?? 0),
    changedSyncPeriod: String(plan.changedSyncPeriod ?? 0),
    connectionPooling: String(plan.connectionPooling ?? false),
    connectionTimeout: milliseconds(plan.connectionTimeout),
    connectionUrl: plan.connectionUrl,
    // Left out, what is there stays: the official provider cannot remove these two.
    customUserSearchFilter: plan.customUserSearchFilter || undefined,
    relativeCreateDn: plan.relativeCreateDn || undefined,
    debug: plan.debug ?? "",
    editMode: plan.editMode ?? "",
    enabled: String(plan.enabled ?? false),
    fullSyncPeriod: String(plan.fullSyncPeriod ?? 0),
    importEnabled: String(plan.importEnabled ?? false),
    krbPrincipalAttribute: plan.krbPrincipalAttribute ?? "",
    pagination: String(plan.pagination ?? false),
    priority: String(plan.priority ?? 0),
    rdnLDAPAttribute: plan.rdnLdapAttribute,
    readTimeout: milliseconds(plan.readTimeout),
    searchScope: plan.searchScope === "ONE_LEVEL" ? "1" : "2",
    startTls: String(plan.startTls ?? false),
    syncRegistrations: String(plan.syncRegistrations ?? false),
    trustEmail: String(plan.trustEmail ?? false),
    usePasswordModifyExtendedOp: String(plan.usePasswordModifyExtendedOp ?? false),
    useTruststoreSpi:
      plan.useTruststoreSpi === "ONLY_FOR_LDAPS" ? "ldapsOnly" : (plan.useTruststoreSpi ?? "").toLowerCase(),
    userObjectClasses: plan.userObjectClasses.join(", "),
    usernameLDAPAttribute: plan.usernameLdapAttribute,
    usersDn: plan.usersDn,
    uuidLDAPAttribute: plan.uuidLdapAttribute,
    validatePasswordPolicy: String(plan.validatePasswordPolicy ?? false),
    vendor: (plan.vendor ?? "").toLowerCase(),
  };
}

function cacheConfig(wanted: Cache | undefined): Config {
  return {
    cachePolicy: wanted?.policy ?? "",
    evictionDay: wanted ? String(wanted.evictionDay ?? 0) : "",
    evictionHour: wanted ? String(wanted.evictionHour ?? 0) : "",
    evictionMinute: wanted ? String(wanted.evictionMinute ?? 0) : "",
    maxLifespan: milliseconds(wanted?.maxLifespan),
  };
}

function kerberosConfig(wanted: Kerberos | undefined): Config {
  return {
    allowKerberosAuthentication: String(wanted !== undefined),
    kerberosRealm: wanted?.kerberosRealm ?? "",
    keyTab: wanted?.keyTab ?? "",
    serverPrincipal: wanted?.serverPrincipal ?? "",
    useKerberosForPasswordAuthentication: String(wanted?.useKerberosForPasswordAuthentication ?? false),
  };
}

/** What Keycloak says of a directory, as Pulumi has it. */
function told(found: ComponentRepresentation, state: Partial<State>) {
  const config = fromServer(found);
  const text = (name: string) => config[name] ?? "";
  const truststore = text("useTruststoreSpi");
  return {
    batchSizeForSync: Number(text("batchSizeForSync")),
    bindCredential: state.bindCredential ?? "",
    bindDn: text("bindDn"),
    cache: state.cache && {
      evictionDay: Number(config["evictionDay"] ?? -1),
      evictionHour: Number(config["evictionHour"] ?? -1),
      evictionMinute: Number(config["evictionMinute"] ?? -1),
      maxLifespan: durationOf(config["maxLifespan"]),
      policy: text("cachePolicy"),
    },
    changedSyncPeriod: Number(text("changedSyncPeriod")),
    connectionPooling: text("connectionPooling") === "true",
    connectionTimeout: durationOf(config["connectionTimeout"]),
    connectionUrl: text("connectionUrl"),
    customUserSearchFilter: text("customUserSearchFilter"),
    debug: text("debug"),
    editMode: text("editMode"),
    enabled: text("enabled") === "true",
    fullSyncPeriod: Number(text("fullSyncPeriod")),
    importEnabled: text("importEnabled") === "true",
    kerberos:
      text("allowKerberosAuthentication") === "true"
        ? {
            kerberosRealm: text("kerberosRealm"),
            keyTab: text("keyTab"),
            serverPrincipal: text("serverPrincipal"),
            useKerberosForPasswordAuthentication: text("useKerberosForPasswordAuthentication") === "true",
          }
        : null,
    krbPrincipalAttribute: text("krbPrincipalAttribute"),
    name: found.name ?? "",
    pagination: text("pagination") === "true",
    priority: Number(text("priority")),
    rdnLdapAttribute: text("rdnLDAPAttribute"),
    readTimeout: durationOf(config["readTimeout"]),
    relativeCreateDn: text("relativeCreateDn"),
    searchScope: text("searchScope") === "1" ? "ONE_LEVEL" : "SUBTREE",
    startTls: text("startTls") === "true",
    syncRegistrations: text("syncRegistrations") === "true",
    trustEmail: text("trustEmail") === "true",
    usePasswordModifyExtendedOp: text("usePasswordModifyExtendedOp") === "true",
    useTruststoreSpi: truststore === "ldapsOnly" ? "ONLY_FOR_LDAPS" : truststore.toUpperCase(),
    userObjectClasses: text("userObjectClasses").split(", "),
    usernameLdapAttribute: text("usernameLDAPAttribute"),
    usersDn: text("usersDn"),
    uuidLdapAttribute: text("uuidLDAPAttribute"),
    validatePasswordPolicy: text("validatePasswordPolicy") === "true",
    vendor: text("vendor").toUpperCase(),
  };
}

function milliseconds(text = ""): string {
  return text === "" ? "" : String(toMilliseconds(text));
}

function durationOf(text: string | undefined): string {
  return text === undefined ? "" : fromMilliseconds(Number(text));
}

function notAPeriod(value: string): string | undefined {
  const isOne = Number(value) === -1 || Number(value) >= 1;
  return isOne ? undefined : `expected either -1 (disabled), or greater than zero, got ${value}`;
}

function notBetween(least: number, most: number): (value: string) => string | undefined {
  return (value) =>
    Number(value) >= least && Number(value) <= most
      ? undefined
      : `expected to be between ${least} and ${most}, got ${value}`;
}
