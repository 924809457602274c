import type { IamPolicyArgs } from "@pulumi/minio";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { failure, type Minio } from "./client.ts";
import { equivalent } from "./policyDocument.ts";

type State = Unwrap<IamPolicyArgs> & { name: string };

const schema = {
  name: { type: "string", autoName: true, replaces: true, problem: invalidName },
  namePrefix: { type: "string", replaces: true, unsupported: true },
  policy: { type: "string", required: true, same: equivalent, problem: invalidDocument },
} satisfies Record<keyof IamPolicyArgs, Property>;

/** A named policy. Creating one that exists overwrites it: the server has no other way. */
export const iamPolicy = resource<Minio, State>({
  schema,

  async create(minio, { name, policy }) {
    await put(minio, name, policy, "unable to create policy");
    return name;
  },

  async read({ admin }, id) {
    // Like the official provider: one that is gone is an error, and not a policy to make again.
    const policy = await admin("GET", `/info-canned-policy?name=${encodeURIComponent(id)}`).catch((error: unknown) => {
      throw failure("unable to read policy", id, error);
    });
    return { name: id, policy: policy.trim() };
  },

  locate: (_, importId) => ({ id: importId, state: {} }),

  async update(minio, id, { policy }) {
    await put(minio, id, policy, "unable to update policy");
  },

  async delete({ admin }, id) {
    await admin("DELETE", `/remove-canned-policy?name=${encodeURIComponent(id)}`).catch((error: unknown) => {
      throw failure("unable to delete policy", id, error);
    });
  },
});

async function put({ admin }: Minio, name: string, policy: string, problem: string): Promise<void> {
  await admin("PUT", `/add-canned-policy?name=${encodeURIComponent(name)}`, policy).catch((error: unknown) => {
    throw failure(problem, name, error);
  });
}

function invalidName(name: string): string | undefined {
  if (name.length > 96) return `"name" cannot be longer than 96 characters, found ${name.length}`;
  return /^[\w+=,.@:-]*$/.test(name) ? undefined : `"name" must match [\\w+=,.@:-], found ${name}`;
}

/** What is wrong with a policy document, if anything. */
export function invalidDocument(policy: string): string | undefined {
  try {
    if (policy.startsWith("{") && JSON.parse(policy)) return undefined;
  } catch {
    // Falls through to the same message.
  }
  return `"policy" contains an invalid JSON policy`;
}
