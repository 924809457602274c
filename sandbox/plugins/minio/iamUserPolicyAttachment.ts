import type { IamUserPolicyAttachmentArgs } from "@pulumi/minio";
import type { Unwrap } from "@pulumi/pulumi";
import { resource } from "../bridged.ts";
import type { Property } from "../bridged/schema.ts";
import { failure, type Minio } from "./client.ts";
import { invalidUserName, userInfo } from "./iamUser.ts";

type State = Unwrap<IamUserPolicyAttachmentArgs>;

const schema = {
  policyName: { type: "string", required: true, replaces: true },
  userName: { type: "string", required: true, replaces: true, problem: invalidUserName },
} satisfies Record<keyof IamUserPolicyAttachmentArgs, Property>;

/** One policy of one user; his others are left alone. */
export const iamUserPolicyAttachment = resource<Minio, State>({
  schema,

  async create(minio, { policyName, userName }) {
    const policies = await policiesOf(minio, userName);
    if (!policies.includes(policyName)) {
      await setPolicies(minio, userName, [...policies, policyName], "unable to Set User policy");
    }
    return newId(userName);
  },

  async read(minio, _, { policyName, userName }) {
    return (await policiesOf(minio, userName)).includes(policyName) ? { policyName, userName } : undefined;
  },

  locate(_, importId) {
    const [userName, policyName] = importId.split(/\/(.*)/s);
    if (!userName || !policyName) {
      throw new Error(`unexpected format of ID ("${importId}"), expected <user-name>/<policy_name>`);
    }
    return { id: newId(userName), state: { userName, policyName } };
  },

  // Both properties replace it.
  update: () => Promise.resolve(),

  async delete(minio, _, { policyName, userName }) {
    const policies = await policiesOf(minio, userName);
    const others = policies.filter((policy) => policy !== policyName);
    if (others.length < policies.length) await setPolicies(minio, userName, others, "unable to delete user policy");
  },
});

async function policiesOf(minio: Minio, userName: string): Promise<string[]> {
  const info = await userInfo(minio, userName);
  if (!info) throw failure("failed to load user Infos", userName, "The specified user does not exist.");
  return info.policyName ? info.policyName.split(",") : [];
}

async function setPolicies({ admin }: Minio, user: string, policies: string[], problem: string): Promise<void> {
  const query = new URLSearchParams({ policyName: policies.join(","), userOrGroup: user, isGroup: "false" });
  await admin("PUT", `/set-user-or-group-policy?${query.toString()}`).catch((error: unknown) => {
    throw failure(problem, user, error);
  });
}

function newId(userName: string): string {
  return `${userName}-${crypto.randomUUID()}`;
}
