/** How a realm sends mail. */
import type { RealmArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Property } from "../../bridged/schema.ts";

export type SmtpServer = NonNullable<Unwrap<RealmArgs>["smtpServer"]>;

/** The settings on the server: all are texts, and those that are not set are left out. */
export type Settings = Record<string, string>;

type Auth = NonNullable<SmtpServer["auth"]>;

/** What Keycloak says instead of a secret. */
const MASK = "**********";

const auth = {
  // Once the mask is in the state, as after an import, the official provider takes no other password.
  password: { type: "string", required: true, secret: true, same: (old, next) => old === MASK || old === next },
  username: { type: "string", required: true },
} satisfies Record<keyof Auth, Property>;

export const fields = {
  allowUtf8: { type: "boolean" },
  auth: { type: "object", fields: auth },
  envelopeFrom: { type: "string" },
  from: { type: "string", required: true },
  fromDisplayName: { type: "string" },
  host: { type: "string", required: true },
  port: { type: "string" },
  replyTo: { type: "string" },
  replyToDisplayName: { type: "string" },
  ssl: { type: "boolean" },
  starttls: { type: "boolean" },
  tokenAuth: { type: "object", unsupported: true },
} satisfies Record<keyof SmtpServer, Property>;

/** The settings as Keycloak wants them. */
export function toServer(wanted: SmtpServer | undefined): Settings {
  if (!wanted) return {};
  const settings = {
    allowutf8: wanted.allowUtf8 && "true",
    envelopeFrom: wanted.envelopeFrom,
    from: wanted.from,
    fromDisplayName: wanted.fromDisplayName,
    host: wanted.host,
    port: wanted.port,
    replyTo: wanted.replyTo,
    replyToDisplayName: wanted.replyToDisplayName,
    ssl: wanted.ssl && "true",
    starttls: wanted.starttls && "true",
    ...(wanted.auth && { auth: "true", authType: "basic", user: wanted.auth.username, password: wanted.auth.password }),
  };
  return Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

/** The settings as Pulumi has them. A password that is known stays: the server does not tell it. */
export function fromServer(found: Settings = {}, known: SmtpServer | undefined): SmtpServer | null {
  const password = known?.auth?.password ?? found["password"] ?? "";
  // With a password in the state, a server without any settings has empty ones: the official provider sees it so.
  if (password === "" && !Object.values(found).some((value) => value !== "" && value !== "false")) return null;
  return {
    allowUtf8: found["allowutf8"] === "true",
    envelopeFrom: found["envelopeFrom"] ?? "",
    from: found["from"] ?? "",
    fromDisplayName: found["fromDisplayName"] ?? "",
    host: found["host"] ?? "",
    port: found["port"] ?? "",
    replyTo: found["replyTo"] ?? "",
    replyToDisplayName: found["replyToDisplayName"] ?? "",
    ssl: found["ssl"] === "true",
    starttls: found["starttls"] === "true",
    ...(found["auth"] === "true" && { auth: { username: found["user"] ?? "", password } }),
  };
}
