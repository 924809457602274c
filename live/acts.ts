import { type Ledger, revocations } from "../access/ledger.ts";
import type { Plan } from "../access/resolve.ts";
import { rewriteOwnerAnnotations } from "./owner.ts";
import { renameAccount } from "./rename.ts";
import { revoke } from "./revoke.ts";
import type { Planes } from "./survey.ts";

/** What one update is about. */
export interface Update {
  readonly plan: Plan;
  readonly stack: string;
  /** The username that each account is to have, by its identifier. */
  readonly usernames: ReadonlyMap<string, string>;
  /** Identifiers of the accounts that have another username still. */
  readonly misnamed: readonly string[];
}

/** What an update does to the platform beside what Pulumi's providers can do. Each act may be repeated. */
export class Acts {
  readonly #planes: Planes;
  readonly #update: Update;

  constructor(planes: Planes, update: Update) {
    this.#planes = planes;
    this.#update = update;
  }

  /** Before anything is given: accounts get their new names, and what the update takes away is taken away. */
  async prepare(before: Ledger, after: Ledger): Promise<void> {
    const { plan, stack, misnamed } = this.#update;
    for (const id of misnamed) await this.keepUsername(id);
    const renamed = new Map(plan.users.flatMap(({ was, username }) => (was === undefined ? [] : [[was, username]])));
    await revoke(revocations(before, after, renamed), this.#planes, stack);
  }

  /** Gives an account the username it is to have, if it has another. */
  async keepUsername(accountId: string): Promise<void> {
    const username = this.#update.usernames.get(accountId);
    if (username === undefined) return;
    await renameAccount(this.#planes.keycloak, this.#update.plan.platform.realm, accountId, username);
  }

  /** Tells Kubeflow's dashboard who owns a namespace. */
  async finishOwnerChange(namespace: string, owner: string): Promise<void> {
    await rewriteOwnerAnnotations(this.#planes.cluster, namespace, owner);
  }
}
