import { randomBytes } from "node:crypto";
import type { IamUserArgs } from "@pulumi/minio";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { failure, type Minio, Refusal } from "./client.ts";

type State = Unwrap<IamUserArgs> & { name: string; status?: string };

const schema = {
  disableUser: { type: "boolean", default: false, unsupported: true },
  forceDestroy: { type: "boolean", default: false, unsupported: true },
  name: { type: "string", autoName: true, replaces: true, problem: invalidUserName },
  secret: { type: "string", computed: true, secret: true },
  tags: { type: "map", unsupported: true },
  updateSecret: { type: "boolean", default: false, unsupported: true },
} satisfies Record<keyof IamUserArgs, Property>;

/** A user of the store itself. Creating one that exists gives him another secret: the server has no other way. */
export const iamUser = resource<Minio, State>({
  schema,
  outputs: ["status"],

  async create(minio, { name, secret = newSecret() }) {
    await setSecret(minio, name, secret, "error creating user");
    return { id: name, state: { secret } };
  },

  async read(minio, id) {
    const info = await userInfo(minio, id);
    return info && { name: id, status: info.status };
  },

  locate: (_, importId) => ({ id: importId, state: {} }),

  async update(minio, id, { secret }, old) {
    if (secret !== undefined && secret !== old.secret) {
      await setSecret(minio, id, secret, "error updating IAM User Key");
    }
  },

  async delete({ admin }, id) {
    await admin("DELETE", `/remove-user?accessKey=${encodeURIComponent(id)}`).catch((error: unknown) => {
      throw failure("error deleting IAM User", id, error);
    });
  },
});

/** A user as the server describes him, or undefined when there is none. */
export async function userInfo(
  { admin }: Minio,
  name: string,
): Promise<{ status: string; policyName?: string } | undefined> {
  try {
    return JSON.parse(await admin("GET", `/user-info?accessKey=${encodeURIComponent(name)}`)) as {
      status: string;
      policyName?: string;
    };
  } catch (error) {
    if (error instanceof Refusal && error.code === "XMinioAdminNoSuchUser") return undefined;
    throw failure("error reading IAM User", name, error);
  }
}

/** What is wrong with a user's name, if anything. */
export function invalidUserName(name: string): string | undefined {
  return /^[0-9A-Za-z=,.@\-_+]+$/.test(name) ? undefined : `"name" may have letters, digits and =,.@-_+, found ${name}`;
}

async function setSecret({ adminSealed }: Minio, name: string, secretKey: string, problem: string): Promise<void> {
  const path = `/add-user?accessKey=${encodeURIComponent(name)}`;
  await adminSealed("PUT", path, { secretKey, status: "enabled" }).catch((error: unknown) => {
    throw failure(problem, name, error);
  });
}

function newSecret(): string {
  return randomBytes(30).toString("base64url");
}
