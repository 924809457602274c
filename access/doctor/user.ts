import { type KeycloakApplication, openingRoles } from "../application.ts";
import { groupsHeader } from "../applicationGuide.ts";
import { converge, fileOf, given, hint, ifGiven, ownFile, type Patient, problem, q, qs, type Told } from "./patient.ts";
import { knownSettings, scopesIn } from "./settings.ts";

/** Whether the user has groups, and what the application is told of them. */
export function groupsAreThere(patient: Patient): Told[] {
  const { application, facts, plan } = patient;
  const { user } = facts;
  if (!user) return [];
  const { username } = user;
  return ifGiven(user.account, (account) => {
    if (!account) return [];
    const wanted = plan.users.find((one) => one.username === username)?.groups ?? [];
    const lacking = wanted.filter((group) => !account.groups.includes(`/${group}`));
    const told = given(
      user.groups[application.name] ?? { unread: "nothing was asked" },
      `groups that ${username} would be told by`,
      (groups) => {
        const where = application.auth === "headers" ? `the header ${groupsHeader}` : `the claim groups`;
        if (groups.length === 0) {
          return [
            problem(
              `${username} has no groups that ${application.name} would be told: ${where} would be empty (groups in Keycloak: ${qs(account.groups)})`,
              application.auth === "keycloak"
                ? `Add ${username} to members of a file in ${fileOf(patient, "groups", "<group>").replace(/[^/]*$/, "")}.`
                : `Give ${username} a free realm role: roles in ${fileOf(patient, "users", username)} or in the file of one of the groups.`,
              username,
            ),
          ];
        }
        return [
          hint(
            `${where} for ${username} would be ${application.auth === "headers" ? q(groups.join(",")) : `[${qs(groups)}]`}`,
            application.auth === "headers"
              ? "If the application does not see them: split at commas, and log out and in again."
              : application.auth === "keycloak"
                ? "If the application does not see them: compare with the leading slash, and log out and in again."
                : "If the application does not see them: compare without a leading slash, and log out and in again.",
            username,
          ),
        ];
      },
      username,
    );
    return [
      ...lacking.map((group) =>
        problem(
          `${username} is not in group ${q(group)} in Keycloak, though the desired state says so`,
          converge(patient),
          username,
        ),
      ),
      ...told,
    ];
  });
}

/** Tokens and headers say what was so when somebody logged in. */
export function sessionIsFresh({ application, facts: { user }, plan }: Patient): Told[] {
  if (!user || ("value" in user.account && !user.account.value)) return [];
  const { username, changed } = user;
  const again = `${username} logs out and in again.`;
  const clientId = application.auth === "keycloak" ? application.clientId : plan.platform.clients.dex?.clientId;
  const stale = (start: string, kind: string): Told[] => {
    const began = `${kind} of ${username} began at ${start}`;
    if ("unread" in changed) {
      return [
        hint(`${began}; whether groups or roles changed since is not known (${changed.unread})`, again, username),
      ];
    }
    return changed.value !== undefined && start < changed.value
      ? [hint(`${began}, before groups or roles changed at ${changed.value}`, again, username)]
      : [];
  };
  return [
    ...given(
      user.sessions,
      `sessions of ${username}`,
      (sessions) =>
        sessions
          .filter(({ clients }) => clientId === undefined || clients.includes(clientId))
          .flatMap(({ start }) => stale(start, "a session")),
      username,
    ),
    ...ifGiven(user.offline[application.name] ?? { value: [] }, (starts) =>
      starts.flatMap((start) => stale(start, "an offline session")),
    ),
  ];
}

/** What keeps somebody from logging in anywhere. */
export function accountMayLogIn(patient: Patient): Told[] {
  const { facts, plan } = patient;
  const { user, platform } = facts;
  if (!user) return [];
  const { username } = user;
  const written = plan.users.find((one) => one.username === username);
  const file = fileOf(patient, "users", username);
  const verifies = "value" in platform.realm && platform.realm.value?.verifyEmail === true;
  return [
    ...given(
      user.account,
      `the account of ${username}`,
      (account) => {
        if (!account) {
          return [
            problem(`Keycloak has no account ${q(username)}`, written ? converge(patient) : `Add ${file}.`, username),
          ];
        }
        const { enabled, emailVerified, requiredActions } = account;
        return [
          ...(enabled
            ? []
            : [
                problem(
                  `the account of ${username} is disabled`,
                  written?.enabled === false ? `Write enabled: true in ${file}.` : converge(patient),
                  username,
                ),
              ]),
          ...(emailVerified || !verifies
            ? []
            : [
                problem(
                  `the e-mail address of ${username} is not verified, and the realm lets nobody in without`,
                  `${username} follows the link in Keycloak's mail, or write emailVerified: true in ${file}.`,
                  username,
                ),
              ]),
          ...(requiredActions.length === 0
            ? []
            : [
                hint(
                  `Keycloak asks ${username} for something first: ${requiredActions.join(", ")}`,
                  `${username} finishes it in a browser at the next login.`,
                  username,
                ),
              ]),
        ];
      },
      username,
    ),
    ...ifGiven(user.locked, (locked) =>
      locked
        ? [
            problem(
              `Keycloak makes ${username} wait after wrong passwords`,
              'Wait, or unlock the user in Keycloak (Users, the user, "Unlock").',
              username,
            ),
          ]
        : [],
    ),
  ];
}

export function gateLetsIn(patient: Patient<KeycloakApplication>): Told[] {
  const { application, facts, plan } = patient;
  const { allow, name } = application;
  const { user } = facts;
  if (!allow || !user) return [];
  const { username } = user;
  return ifGiven(user.account, (account) => {
    if (!account || openingRoles(application).some((role) => account.roles.includes(role))) return [];
    const written = plan.users.find((one) => one.username === username);
    const isMeant =
      written !== undefined &&
      (written.groups.some((group) => allow.groups.includes(group)) ||
        written.roles.some((role) => allow.roles.includes(role)));
    const names = [
      ...allow.groups.map((group) => `group ${q(group)}`),
      ...allow.roles.map((role) => `role ${q(role)}`),
    ];
    const [group] = allow.groups;
    return [
      problem(
        `${username} may not log in to ${name}: allow names ${names.join(", ")}, and ${username} holds none of the realm roles ${qs(openingRoles(application))} (groups: ${qs(account.groups)})`,
        isMeant
          ? converge(patient)
          : group === undefined
            ? `Give ${username} one of the roles in ${fileOf(patient, "users", username)}, or name a group of ${username} under allow in ${ownFile(patient)}.`
            : `Add ${username} to members in ${fileOf(patient, "groups", group)}, or name a group of ${username} under allow in ${ownFile(patient)}.`,
        username,
      ),
    ];
  });
}

/** Keycloak gives offline tokens to holders of a realm role only, and only at a login that asks for them. */
export function offlineIsAllowed(patient: Patient<KeycloakApplication>): Told[] {
  const { facts, application } = patient;
  const { user } = facts;
  const asks = knownSettings(patient, "scopes").some(({ value }) => scopesIn(value).includes("offline_access"));
  if (!user || !asks) return [];
  const { username, account, sessions, offline } = user;
  const { name, clientId } = application;
  return ifGiven(account, (found) => {
    if (!found) return [];
    if (!found.roles.includes("offline_access")) {
      return [
        problem(
          `${username} does not hold the realm role offline_access, so ${name} gets no offline token`,
          "Give it to everybody again in Keycloak (Realm roles, default-roles, offline_access).",
          username,
        ),
      ];
    }
    const hasSession = "value" in sessions && sessions.value.some(({ clients }) => clients.includes(clientId));
    return given(
      offline[name] ?? { unread: "nothing was asked" },
      `offline sessions of ${username}`,
      (starts) =>
        starts.length > 0 || !hasSession
          ? []
          : [
              hint(
                `${username} has a session with ${name} but no offline session, though ${name} asks for offline_access`,
                `${username} logs out and in again.`,
                username,
              ),
            ],
      username,
    );
  });
}
