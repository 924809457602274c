import { compare } from "../diagnostic.ts";
import { stackInAttributes, stackInLabels } from "../inventory.ts";
import { limitRangeName, workspaceNameProblem, workspaceRoles } from "../names.ts";
import { limitsCompute } from "../quantity.ts";
import { defaultLimits } from "../resolve.ts";
import { type Platform, platformSchema } from "../schema.ts";
import type { ProfileObject, RealmGroup, RealmRole, RealmUser, Snapshot } from "../snapshot.ts";
import { canonicalParts, RealmFacts, roleOwners } from "./facts.ts";
import { type CandidateGroup, grantsOf } from "./grants.ts";
import { markOf } from "./inventory.ts";
import { meshSettings, most } from "./mesh.ts";
import { accountFacts, accountProblem, groupProblem, isLine } from "./people.ts";
import { isNothing, type PlaneAccess } from "./planes.ts";
import type { Remark } from "./remarks.ts";
import { clusterGrants, freeRoles, namespaceLabels, realmRoleLine } from "./settings.ts";
import { accessNow, type WorkspaceFacts, workspaceFacts } from "./workspaceFacts.ts";
import { fileText } from "./yaml.ts";

/** What the caller knows and the planes do not say. */
export interface ImportOptions {
  readonly stack: string;
  readonly realm: string;
  /** The DNS name under which the platform is reached. */
  readonly domain: string;
  /** Administrators of Keycloak's master realm. */
  readonly masterAdmins: readonly string[];
  /** The owner of every Profile; absent for the one that most Profiles have. */
  readonly owner?: string | undefined;
}

/** What is left out, by entity: `user alice`, `group makers`, `workspace team-a`, `personal alice`. */
export type LeftOut = ReadonlyMap<string, string>;

const defaults = platformSchema.parse({ domain: "cluster.example.com", masterAdmins: ["a", "b"] });

/** A snapshot, looked at for files: everything that does not depend on what is left out. */
export class Draft {
  readonly facts: RealmFacts;
  readonly owner: string;
  /** What no file could ever have. */
  readonly never: LeftOut;
  readonly workspaces: ReadonlyMap<string, WorkspaceFacts>;
  /** Whom each workspace could concern, with what they have now. */
  readonly access: ReadonlyMap<string, ReadonlyMap<string, PlaneAccess>>;
  readonly #snapshot: Snapshot;
  readonly #options: ImportOptions;
  readonly #usersByName: ReadonlyMap<string, RealmUser>;
  readonly #istio: Partial<Platform["istio"]>;
  readonly #freeRoles: ReturnType<typeof freeRoles>;

  constructor(snapshot: Snapshot, options: ImportOptions) {
    this.#snapshot = snapshot;
    this.#options = options;
    this.facts = new RealmFacts(snapshot.realm);
    this.#usersByName = new Map(this.facts.users.map((user) => [user.username, user]));
    const { profiles, roleBindings, policies } = snapshot.cluster;
    const names = new Set(profiles.map(({ name }) => name));
    this.owner = options.owner ?? this.#usualOwner(profiles) ?? defaults.owner;
    this.#istio = meshSettings(names, snapshot);
    this.#freeRoles = freeRoles(this.facts, options.stack, names);
    const bindingsOf = Map.groupBy(roleBindings, ({ namespace }) => namespace);
    const policiesOf = Map.groupBy(policies, ({ namespace }) => namespace);
    this.workspaces = new Map(
      profiles
        .toSorted((a, b) => compare(a.name, b.name))
        .map((profile) => [
          profile.name,
          workspaceFacts(profile, bindingsOf.get(profile.name) ?? [], policiesOf.get(profile.name) ?? [], snapshot, {
            ...defaults.istio,
            ...this.#istio,
          }),
        ]),
    );
    this.access = this.#accessNow();
    this.never = new Map([...this.#unusablePeople(), ...this.#unusableWorkspaces()]);
  }

  /** Whether somebody could log in as the owner of every Profile. */
  get ownerIsUser(): boolean {
    return this.facts.users.some(
      ({ enabled, email, username }) => enabled && (email === this.owner || username === this.owner),
    );
  }

  isOwnersAccount({ email, username }: RealmUser): boolean {
    return email === this.owner || username === this.owner;
  }

  /** The files without what is left out, by path. */
  files(leftOut: LeftOut): Map<string, string> {
    const users = this.writtenUsers(leftOut);
    const groups = this.#writtenGroups(leftOut, users);
    const personal = this.personalWorkspaces(leftOut, users);
    const personalOf = new Map([...personal].map(([name, user]) => [user.username, name]));
    const shared = [...this.workspaces.values()].filter(
      ({ name }) => !leftOut.has(`workspace ${name}`) && !leftOut.has(`personal ${name}`) && !this.#personalUser(name),
    );
    return new Map([
      ["platform.yaml", fileText("platform.yaml", this.#platformFile(users, groups))],
      ...users.map((user) => {
        const path = `users/${user.username}.yaml`;
        return [path, fileText(path, this.#userFile(user, personalOf.get(user.username)))] as const;
      }),
      ...groups.map((group) => {
        const path = `groups/${group.name}.yaml`;
        return [path, fileText(path, this.#groupFile(group, users))] as const;
      }),
      ...shared.map((workspace) => {
        const path = `workspaces/${workspace.name}.yaml`;
        return [path, fileText(path, this.#workspaceFile(workspace, users, groups))] as const;
      }),
    ]);
  }

  /** What people should know that does not depend on single entities. */
  remarks(leftOut: LeftOut): { unsaid: Remark[]; beside: Remark[] } {
    const cluster = this.#clusterGrants(this.writtenUsers(leftOut));
    return {
      unsaid: [...this.#freeRoles.unsaid, ...cluster.unsaid],
      beside: [...cluster.beside],
    };
  }

  /** What of accounts that have files no file can say. */
  detailsLeftOut(leftOut: LeftOut): Remark[] {
    return this.writtenUsers(leftOut).flatMap((user) =>
      accountFacts(user).unsaid.map((why) => ({ about: `account "${user.username}"`, why })),
    );
  }

  writtenUsers(leftOut: LeftOut): RealmUser[] {
    return this.facts.users
      .filter((user) => !this.isOwnersAccount(user) && !leftOut.has(`user ${user.username}`))
      .toSorted((a, b) => compare(a.username, b.username));
  }

  /** Users of personal workspaces by the workspace's name. */
  personalWorkspaces(leftOut: LeftOut, users: readonly RealmUser[]): ReadonlyMap<string, RealmUser> {
    const written = new Map(users.map((user) => [user.username, user]));
    const found = new Map<string, RealmUser>();
    for (const { name } of this.workspaces.values()) {
      if (leftOut.has(`personal ${name}`) || leftOut.has(`workspace ${name}`)) continue;
      const user = this.#personalUser(name);
      const isTaken = user && [...found.values()].includes(user);
      if (user && !isTaken && written.has(user.username)) found.set(name, user);
    }
    return found;
  }

  #usualOwner(profiles: readonly ProfileObject[]): string | undefined {
    const people = new Set(this.facts.users.flatMap(({ enabled, email }) => (enabled ? [email] : [])));
    return most(profiles.map(({ owner }) => owner).filter((owner) => owner !== "" && !people.has(owner)));
  }

  #accessNow(): Map<string, Map<string, PlaneAccess>> {
    const owners = roleOwners([...this.workspaces.keys()]);
    const access = new Map([...this.workspaces.keys()].map((name) => [name, new Map<string, PlaneAccess>()]));
    const byAddress = new Map<string, Set<string>>();
    for (const { name, bound, network } of this.workspaces.values()) {
      for (const address of [...bound.keys(), ...network.keys()]) {
        byAddress.set(address, (byAddress.get(address) ?? new Set()).add(name));
      }
    }
    for (const user of this.facts.users) {
      const roles = this.facts.tokenRoles(user.username);
      const concerned = new Set([
        ...[...roles].flatMap((role) => owners.get(role) ?? []),
        ...(user.email === "" ? [] : (byAddress.get(user.email) ?? [])),
      ]);
      for (const name of concerned) {
        const facts = this.workspaces.get(name);
        if (facts) access.get(name)?.set(user.username, accessNow(facts, user, roles));
      }
    }
    return access;
  }

  #unusablePeople(): [string, string][] {
    const { stack } = this.#options;
    const { user: everybody } = defaults.platformGroups;
    const group = this.facts.groups.find(({ path }) => path === `/${everybody}`);
    const members = new Set(group?.members);
    const given = group ? this.facts.rolesOfGroup(group) : [];
    return [
      ...this.facts.users.flatMap((user): [string, string][] => {
        if (this.isOwnersAccount(user)) return [];
        const wouldGet =
          user.enabled && given.length > 0 && !members.has(user.username)
            ? `is not in group ${everybody}, whose realm roles (${given.join(", ")}) it would get. Put it there first.`
            : undefined;
        const problem = accountProblem(user, this.facts, stack) ?? wouldGet;
        return problem === undefined ? [] : [[`user ${user.username}`, problem]];
      }),
      ...this.facts.groups.flatMap((one): [string, string][] => {
        const problem = isPlatformGroup(one) ? undefined : groupProblem(one, stack);
        return problem === undefined ? [] : [[`group ${one.path.slice(1)}`, problem]];
      }),
    ];
  }

  #unusableWorkspaces(): [string, string][] {
    return [...this.workspaces.values()].flatMap((facts): [string, string][] => {
      const problem = this.#workspaceProblem(facts);
      return problem === undefined ? [] : [[`workspace ${facts.name}`, problem]];
    });
  }

  #workspaceProblem({ name, profile }: WorkspaceFacts): string | undefined {
    const { cluster } = this.#snapshot;
    const problem = workspaceNameProblem(name);
    if (problem) return problem.message;
    const namespace = cluster.namespaces.find((one) => one.name === name);
    if (!namespace) return "has a Profile but no namespace.";
    const maker = [profile, namespace]
      .map(({ labels }) => stackInLabels(labels))
      .find((stack) => stack !== undefined && stack !== this.#options.stack);
    if (maker !== undefined) return `belongs to stack "${maker}".`;
    if (profile.owner !== this.owner) {
      return `its Profile is owned by ${profile.owner || "nobody"}, not ${this.owner}. Its owner has kubeflow-admin in it, which no file can say: hand it over first, or name this owner with --owner.`;
    }
    if (this.#limitsOf(name) === "odd") {
      return `its LimitRange ${limitRangeName} says more than defaults for containers, which would be lost.`;
    }
    const parts = canonicalParts(workspaceRoles(name));
    for (const [role, canonical] of parts) {
      const { composites = [], clientRoles = [] } = this.facts.roles.get(role) ?? {};
      const more = [...composites.filter((part) => !canonical.includes(part)), ...clientRoles];
      if (more.length > 0)
        return `realm role ${role} has the parts ${more.join(", ")}, which would be lost. Take them out first.`;
    }
    return undefined;
  }

  /** Whose personal workspace it is: as its record says, or as its name and role do. */
  #personalUser(name: string): RealmUser | undefined {
    const record = this.#snapshot.store.policies[`prokube-access:${name}`];
    const mark = record && markOf(record);
    const address = mark?.stack === this.#options.stack ? /^record\/(.+)$/.exec(mark.what)?.[1] : undefined;
    const user =
      address === undefined
        ? mark
          ? undefined
          : this.#usersByName.get(name)
        : this.facts.users.find(({ email }) => email === address);
    if (!user) return undefined;
    if (address === undefined && !this.facts.directRoles(user.username).includes(workspaceRoles(name).identity)) {
      return undefined;
    }
    const { kubernetes, network, storage } = this.access.get(name)?.get(user.username) ?? {};
    const hasAll = kubernetes === "edit" && network === "full" && storage === "edit";
    return hasAll || !user.enabled ? user : undefined;
  }

  #platformFile(users: readonly RealmUser[], groups: readonly RealmGroup[]): Record<string, unknown> {
    const { stack, realm, domain, masterAdmins } = this.#options;
    const isUsable = new Set(this.#freeRoles.usable.map(({ name }) => name));
    const ofGroup = (name: string) =>
      (this.facts.groups.find(({ path }) => path === `/${name}`)?.roles ?? [])
        .filter((role) => isUsable.has(role))
        .toSorted();
    const { user, admin } = defaults.platformGroups;
    const platformGroups = {
      ...(this.#createsPlatformGroups() && { create: true }),
      ...(ofGroup(user).length > 0 && { userRoles: ofGroup(user) }),
      ...(ofGroup(admin).length > 0 && { adminRoles: ofGroup(admin) }),
    };
    const held = new Set([
      ...users.flatMap(({ username }) => this.facts.directRoles(username)),
      ...groups.flatMap(({ roles }) => roles),
      ...ofGroup(user),
      ...ofGroup(admin),
    ]);
    const isWritten = (role: RealmRole) => held.has(role.name) || stackInAttributes(role.attributes) === stack;
    const realmRoles = this.#freeRoles.usable.filter(isWritten).map((role) => realmRoleLine(role, stack));
    const clusterAccess = this.#clusterGrants(users).lines;
    return {
      domain,
      realm,
      provisioning: "program",
      owner: this.owner,
      masterAdmins,
      platformGroups: unlessEmpty(platformGroups),
      istio: unlessEmpty(this.#istio),
      namespaceLabels: namespaceLabels(this.#snapshot, stack),
      realmRoles: realmRoles.length > 0 ? realmRoles : undefined,
      clusterAccess: clusterAccess.length > 0 ? clusterAccess : undefined,
    };
  }

  #clusterGrants(users: readonly RealmUser[]): ReturnType<typeof clusterGrants> {
    return clusterGrants(
      this.#snapshot,
      new Map(users.map((user) => [user.email, user])),
      this.facts,
      this.#options.stack,
    );
  }

  #createsPlatformGroups(): boolean {
    const { user, admin } = defaults.platformGroups;
    return [user, admin].every((name) => {
      const group = this.facts.groups.find(({ path }) => path === `/${name}`);
      return !group || stackInAttributes(group.attributes) === this.#options.stack;
    });
  }

  #userFile(user: RealmUser, personal: string | undefined): Record<string, unknown> {
    const { username } = user;
    const isAdmin = this.facts.groupsOf(username).some(({ path }) => path === `/${defaults.platformGroups.admin}`);
    const resources = personal === undefined ? {} : this.#resourcesOf(personal);
    const named = { ...(personal !== username && { name: personal }), ...resources };
    return {
      ...accountFacts(user).file,
      admin: isAdmin ? true : undefined,
      roles: this.#usableRoles(this.facts.directRoles(username)),
      workspace: personal === undefined ? undefined : Object.keys(named).length > 0 ? named : true,
      adopt: true,
    };
  }

  #groupFile({ name, members, roles }: RealmGroup, users: readonly RealmUser[]): Record<string, unknown> {
    const written = new Set(users.map(({ username }) => username));
    const listed = members.filter((member) => written.has(member)).toSorted(compare);
    return {
      name,
      members: listed.length > 0 ? listed : undefined,
      roles: this.#usableRoles(roles),
      adopt: true,
    };
  }

  #usableRoles(held: readonly string[]): string[] | undefined {
    const usable = this.#freeRoles.usable.map(({ name }) => name).filter((name) => held.includes(name));
    return usable.length > 0 ? usable : undefined;
  }

  /** Groups that have members or give something in a workspace. */
  #writtenGroups(leftOut: LeftOut, users: readonly RealmUser[]): RealmGroup[] {
    const owners = roleOwners([...this.workspaces.keys()]);
    const written = new Set(users.map(({ username }) => username));
    return this.facts.groups
      .filter((group) => !isPlatformGroup(group) && !leftOut.has(`group ${group.path.slice(1)}`))
      .filter(
        ({ members, roles, attributes }) =>
          members.some((member) => written.has(member)) ||
          roles.some((role) => owners.has(role)) ||
          stackInAttributes(attributes) === this.#options.stack,
      )
      .toSorted((a, b) => compare(a.name, b.name));
  }

  #workspaceFile(
    { name }: WorkspaceFacts,
    users: readonly RealmUser[],
    groups: readonly RealmGroup[],
  ): Record<string, unknown> {
    const access = this.access.get(name);
    const enabled = users.filter((user) => user.enabled);
    const people = enabled.flatMap(({ username }) => {
      const now = access?.get(username);
      return now && !isNothing(now) ? [{ username, now, roles: this.facts.directRoles(username) }] : [];
    });
    const isEnabled = new Set(enabled.map(({ username }) => username));
    const candidates = groups.map((group): CandidateGroup => ({
      ...group,
      members: group.members.filter((member) => isEnabled.has(member)),
    }));
    const { members, storage } = grantsOf(name, people, candidates);
    return {
      name,
      description: this.#descriptionOf(name),
      ...this.#resourcesOf(name),
      members:
        members.length > 0
          ? members.map(({ notebooksAccess, ...member }) => ({
              ...member,
              ...(!notebooksAccess && { notebooksAccess }),
            }))
          : undefined,
      storage: storage.length > 0 ? storage : undefined,
      adopt: true,
    };
  }

  #descriptionOf(name: string): string | undefined {
    const annotated = this.#snapshot.cluster.namespaces.find((one) => one.name === name)?.annotations["description"];
    const ofRole = this.facts.roles.get(workspaceRoles(name).identity)?.description ?? "";
    const prefix = `Workspace ${name}: `;
    const text = annotated ?? (ofRole.startsWith(prefix) ? ofRole.slice(prefix.length) : "");
    return text !== "" && isLine(text) ? text : undefined;
  }

  /** Quota and limits as a file has them. */
  #resourcesOf(name: string): Record<string, unknown> {
    const quota = this.workspaces.get(name)?.profile.quota ?? {};
    const limits = this.#limitsOf(name);
    return {
      ...(Object.keys(quota).length > 0 && { quota: inOrder(quota) }),
      ...(typeof limits === "object" && { limits }),
    };
  }

  #limitsOf(name: string): Record<string, Record<string, string>> | "odd" | undefined {
    const found = this.#snapshot.cluster.limitRanges.find(
      (range) => range.namespace === name && range.name === limitRangeName,
    );
    if (!found) return undefined;
    const [limits, ...more] = found.limits;
    if (!limits || more.length > 0 || limits.type !== "Container" || limits.more) return "odd";
    const both = { default: limits.default, defaultRequest: limits.defaultRequest };
    return Object.fromEntries(
      Object.entries(both).flatMap(([key, values]) => (Object.keys(values).length > 0 ? [[key, inOrder(values)]] : [])),
    );
  }

  /** What the first update makes where there is nothing yet, and people may feel. */
  arrivals(name: string): Remark[] {
    const quota = Object.keys(this.workspaces.get(name)?.profile.quota ?? {});
    if (this.#limitsOf(name) !== undefined || !quota.some(limitsCompute)) return [];
    const { cpu, memory } = defaultLimits.default ?? {};
    return [
      {
        about: `LimitRange ${name}/${limitRangeName}`,
        why: `comes new, because the quota limits cpu or memory: ${cpu ?? ""} and ${memory ?? ""} for containers that name none.`,
      },
    ];
  }
}

export function isPlatformGroup({ path }: RealmGroup): boolean {
  const { user, admin } = defaults.platformGroups;
  return path === `/${user}` || path === `/${admin}`;
}

function inOrder(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).toSorted(([a], [b]) => compare(a, b)));
}

function unlessEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
