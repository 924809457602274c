import type { IamServiceAccountArgs } from "@pulumi/minio";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { failure, type Minio } from "./client.ts";
import { invalidDocument } from "./iamPolicy.ts";
import { equivalent } from "./policyDocument.ts";

type State = Unwrap<IamServiceAccountArgs> & { accessKey?: string; secretKey?: string; status?: string };

const schema = {
  disableUser: { type: "boolean", default: false, unsupported: true },
  policy: { type: "string", same: equivalent, problem: invalidDocument },
  targetUser: { type: "string", required: true, replaces: true },
  updateSecret: { type: "boolean", default: false, unsupported: true },
} satisfies Record<keyof IamServiceAccountArgs, Property>;

/** Keys that act for a user, within a policy of their own. The server draws them and tells the secret once. */
export const iamServiceAccount = resource<Minio, State>({
  schema,
  outputs: ["accessKey", "secretKey", "status"],
  secretOutputs: ["secretKey"],

  async create({ adminSealed }, { policy, targetUser }) {
    const body = { targetUser, ...(policy !== undefined && { policy: JSON.parse(policy) as unknown }) };
    const answer = await adminSealed("PUT", "/add-service-account", body).catch((error: unknown) => {
      throw failure("error creating service account", targetUser, error);
    });
    const { accessKey, secretKey } = (answer as { credentials: { accessKey: string; secretKey: string } }).credentials;
    return { id: accessKey, state: { accessKey, secretKey } };
  },

  async read({ adminSealed }, id, { accessKey = id }) {
    // Like the official provider: one that is gone is an error.
    const answer = await adminSealed("GET", `/info-service-account?accessKey=${id}`).catch((error: unknown) => {
      throw failure("error reading service account", id, error);
    });
    const { accountStatus, parentUser, policy } = answer as {
      accountStatus: string;
      parentUser: string;
      policy: string;
    };
    return { accessKey, status: accountStatus, targetUser: parentUser, policy: policy.trim() };
  },

  locate: (_, importId) => ({ id: importId, state: {} }),

  async update({ adminSealed }, id, { policy }, old) {
    if (policy === undefined || policy === old.policy) return;
    const body = { newPolicy: JSON.parse(policy) as unknown };
    await adminSealed("POST", `/update-service-account?accessKey=${id}`, body).catch((error: unknown) => {
      throw failure("error updating service account policy", id, error);
    });
  },

  async delete({ admin, adminSealed }, id, { targetUser }) {
    try {
      await admin("DELETE", `/delete-service-account?accessKey=${id}`);
    } catch (error) {
      // It may have gone with its user.
      const list = await adminSealed("GET", `/list-service-accounts?user=${encodeURIComponent(targetUser)}`);
      const { accounts } = list as { accounts: ({ accessKey: string } | string)[] | null };
      const isThere = (accounts ?? []).some(
        (account) => (typeof account === "string" ? account : account.accessKey) === id,
      );
      if (isThere) throw failure("error deleting service account", id, error);
    }
  },
});
