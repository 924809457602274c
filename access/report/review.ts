import { type AccessEntry, everybody, type Place } from "../entries.ts";
import { daysAhead } from "../expiry.ts";
import { daysAfter } from "../fields.ts";
import { compare, type Location } from "../diagnostic.ts";
import type { DesiredState } from "../load.ts";
import type { Plan } from "../resolve.ts";

/** A line of the desired state that gives access and may end by itself. */
export interface WrittenGrant {
  /** A username, or a group's name with `group` before it. */
  readonly who: string;
  readonly place: Place;
  readonly access: string;
  readonly expires: string | undefined;
  readonly at: Location;
}

/** What is reviewed: who can do what, and how it is written down. */
export interface Review {
  readonly stack: string;
  readonly revision: string | undefined;
  readonly desired: DesiredState;
  readonly plan: Plan;
  readonly entries: readonly AccessEntry[];
  /** Access of users, by username. */
  readonly ofUser: ReadonlyMap<string, readonly AccessEntry[]>;
  /** Access of whoever is in a group through a directory or an identity provider, by the group's name. */
  readonly ofOutside: ReadonlyMap<string, readonly AccessEntry[]>;
  readonly ofEverybody: readonly AccessEntry[];
  /** Whose a personal workspace is, by its name. */
  readonly ownerOf: ReadonlyMap<string, string>;
  /** Grants of members, storage and clusterAccess, the expired ones as well. */
  readonly grants: readonly WrittenGrant[];
}

export function reviewOf(
  stack: string,
  desired: DesiredState,
  plan: Plan,
  entries: readonly AccessEntry[],
  revision: string | undefined,
): Review {
  const outside = entries.filter(({ who, isOutside }) => isOutside && who !== everybody);
  return {
    stack,
    revision,
    desired,
    plan,
    entries,
    ofUser: Map.groupBy(
      entries.filter(({ isOutside }) => !isOutside),
      ({ who }) => who,
    ),
    ofOutside: Map.groupBy(outside, ({ who }) => who),
    ofEverybody: entries.filter(({ who, isOutside }) => isOutside && who === everybody),
    ownerOf: new Map(
      plan.users.flatMap(({ username, personalWorkspace }) =>
        personalWorkspace ? [[personalWorkspace.name, username] as const] : [],
      ),
    ),
    grants: writtenGrants(desired),
  };
}

/** Access to one place. */
export function entriesAt({ entries }: Review, kind: Place["kind"], name?: string): AccessEntry[] {
  return entries.filter(({ place }) => place.kind === kind && (name === undefined || place.name === name));
}

export function isInForce({ expires }: WrittenGrant, date: string): boolean {
  return expires === undefined || date < expires;
}

/** Grants that end within the next days, the next one first. */
export function expiringSoon({ grants, plan: { date } }: Review): WrittenGrant[] {
  const last = daysAfter(date, daysAhead);
  return grants
    .filter((grant) => isInForce(grant, date) && grant.expires !== undefined && grant.expires <= last)
    .toSorted((a, b) => compare(a.expires ?? "", b.expires ?? ""));
}

function writtenGrants({ platform, workspaces }: DesiredState): WrittenGrant[] {
  const who = ({ user, group }: { readonly user?: string | undefined; readonly group?: string | undefined }) =>
    user ?? `group ${group ?? ""}`;
  return [
    ...platform.value.clusterAccess.map((grant, index) => ({
      who: who(grant),
      place: { kind: "cluster", name: "every namespace" } as const,
      access: `kubeflow-${grant.role}`,
      expires: grant.expires,
      at: platform.at("clusterAccess", index),
    })),
    ...[...workspaces.values()]
      .filter(({ value }) => value.state === "active")
      .flatMap(({ value: { name, members, storage }, at }) => {
        const place = { kind: "workspace", name } as const;
        return [
          ...members.map((grant, index) => ({
            who: who(grant),
            place,
            access: grant.notebooksAccess ? grant.role : `${grant.role} (no notebooks)`,
            expires: grant.expires,
            at: at("members", index),
          })),
          ...storage.map((grant, index) => ({
            who: who(grant),
            place,
            access: `s3:${grant.role}`,
            expires: grant.expires,
            at: at("storage", index),
          })),
        ];
      }),
  ];
}
