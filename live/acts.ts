import type FederatedIdentityRepresentation from "@keycloak/keycloak-admin-client/lib/defs/federatedIdentityRepresentation.js";
import { exemptedPaths } from "../access/application.ts";
import { dexClients, dexDocument } from "../access/applicationTakeover.ts";
import { flowBindings } from "../access/identity.ts";
import { type Ledger, renamesSince, revocations } from "../access/ledger.ts";
import type { Plan } from "../access/resolve.ts";
import { writeDex } from "./dex.ts";
import { writeExemptions } from "./gateway.ts";
import { rewriteOwnerAnnotations } from "./owner.ts";
import { bindFlows } from "./realm.ts";
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
  /** Login flows that this stack had made before. */
  readonly ownFlows: readonly string[];
  /** The number that the gateway's policies are to carry. */
  readonly gatewayRevision: number;
  /** The number that Dex's configuration is to carry. */
  readonly dexRevision: number;
  /** Whether people log in again after a reset of their password. */
  readonly guardsResets: boolean;
}

/** What an update does to the platform beside what Pulumi's providers can do. Each act may be repeated. */
export class Acts {
  readonly #planes: Planes;
  readonly #update: Update;
  readonly #links = new Map<string, readonly FederatedIdentityRepresentation[]>();

  constructor(planes: Planes, update: Update) {
    this.#planes = planes;
    this.#update = update;
  }

  /** Before anything is given: accounts get their new names, and what the update takes away is taken away. */
  async prepare(before: Ledger, after: Ledger): Promise<void> {
    const { plan, misnamed } = this.#update;
    for (const id of misnamed) await this.keepUsername(id);
    await revoke(revocations(before, after, renamesSince(before, plan)), this.#planes, this.#update);
  }

  /** Lets the gateway through to applications, by both of its policies or none. */
  async exempt(): Promise<void> {
    const { plan, stack, gatewayRevision } = this.#update;
    const { namespace, platformPaths } = plan.platform.gateway;
    const wanted = exemptedPaths(plan.applications).map(({ path }) => path);
    await writeExemptions(this.#planes.cluster, namespace, stack, wanted, gatewayRevision, platformPaths);
  }

  /** Gives Dex the clients of applications, and their secrets in its environment. */
  async registerAtDex(variables: Readonly<Record<string, string>>): Promise<void> {
    const { plan, stack, dexRevision: revision } = this.#update;
    const text = (live: string | undefined) => dexDocument(plan, stack, live, dexClients(plan));
    await writeDex(this.#planes.cluster, plan.platform.dex, stack, { text, variables, revision });
  }

  /**
   * Notes an account's links to identity providers: the official plugin removes them at each update of an account. It
   * also writes the username that the state has, and Keycloak refuses another than the account's: where the account was
   * renamed since, it has that name once more, until it is put right.
   */
  async lookAtAccount(id: string, username: string): Promise<void> {
    const { keycloak } = this.#planes;
    const { users } = await keycloak.client();
    this.#links.set(id, await users.listFederatedIdentities({ id }));
    const { plan, usernames } = this.#update;
    if (usernames.has(id)) await renameAccount(keycloak, plan.platform.realm, id, username);
  }

  /** Gives an account its links back, and the username it is to have. */
  async putAccountRight(id: string): Promise<void> {
    const { users } = await this.#planes.keycloak.client();
    const kept = new Set((await users.listFederatedIdentities({ id })).map(({ identityProvider }) => identityProvider));
    for (const link of this.#links.get(id) ?? []) {
      const { identityProvider } = link;
      if (identityProvider === undefined || kept.has(identityProvider)) continue;
      await users.addToFederatedIdentity({ id, federatedIdentityId: identityProvider, federatedIdentity: link });
    }
    await this.keepUsername(id);
  }

  /** Makes the realm use the flows that the plan says. */
  async bindFlows(): Promise<void> {
    const { plan, guardsResets, ownFlows } = this.#update;
    const flows = flowBindings(plan, guardsResets);
    if (flows) await bindFlows(await this.#planes.keycloak.client(), plan.platform.realm, flows, ownFlows);
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
