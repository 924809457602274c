import type { Application } from "./applicationSchema.ts";
import type { Diagnostic, Location } from "./diagnostic.ts";
import type { Directory } from "./directorySchema.ts";
import type { Sourced } from "./document.ts";
import type { IdentityProvider } from "./identityProviderSchema.ts";
import type { Group, Platform, User, Workspace } from "./schema.ts";

/** What could be read, whether or not all of it could. */
export interface Entities {
  readonly platform: Sourced<Platform> | undefined;
  readonly users: ReadonlyMap<string, Sourced<User>>;
  readonly groups: ReadonlyMap<string, Sourced<Group>>;
  readonly workspaces: ReadonlyMap<string, Sourced<Workspace>>;
  readonly directories: ReadonlyMap<string, Sourced<Directory>>;
  readonly identityProviders: ReadonlyMap<string, Sourced<IdentityProvider>>;
  readonly applications: ReadonlyMap<string, Sourced<Application>>;
}

/** Names that have a file, even one that could not be read: no error about the file's error. */
export interface Mentioned {
  readonly users: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly directories: ReadonlySet<string>;
  readonly identityProviders: ReadonlySet<string>;
}

/** Looks at all files at once for one kind of mistake. */
export type Check = (entities: Entities, mentioned: Mentioned) => Diagnostic[];

/** What a list names again. */
export function repeated(names: readonly string[], at: (index: number) => Location): Diagnostic[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [{ ...at(index), code: "duplicate-entry" as const, message: `${name} is listed twice. Remove one.` }],
  );
}
