import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout that this file is part of. */
export const checkout = resolve(import.meta.dirname, "..");

/** Where tools are kept once built, for all checkouts of this machine. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return environment["PROKUBE_ACCESS_CACHE"] || join(base, "prokube-access");
}
