import { execFile } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { Problem } from "./problem.ts";
import { which } from "./tools.ts";

const run = promisify(execFile);

/** Programs that only the tests need, and the Debian packages that have them. */
const packages = { chromium: "chromium", slapd: "slapd" } as const;

type Program = keyof typeof packages;

/**
 * Where a program is that {@link installTestPackages} has installed.
 *
 * @throws {Problem} when it is not there
 */
export function debianProgram(program: Program): string {
  const found = find(program);
  if (found === undefined) throw new Problem(`${program} is not installed; run: make live`);
  return found;
}

function find(program: Program): string | undefined {
  // Servers are in a folder that is not on everybody's PATH.
  return which(program) ?? [`/usr/sbin/${program}`].find((path) => existsSync(path));
}

/**
 * Installs the Debian packages that tests need and that are missing. No service is started.
 *
 * @throws {Problem} when they are missing and this is not root on a Debian, with the command to run
 */
export async function installTestPackages(say: (line: string) => void): Promise<void> {
  const missing = (Object.keys(packages) as Program[]).filter((program) => find(program) === undefined);
  if (missing.length === 0) return;
  const names = missing.map((program) => packages[program]);
  if (process.getuid?.() !== 0 || which("apt-get") === undefined) {
    throw new Problem(
      `the tests need ${missing.join(" and ")}. On Debian: sudo apt-get install --no-install-recommends ${names.join(" ")}`,
    );
  }
  const began = performance.now();
  say(`installing Debian packages: ${names.join(", ")}`);
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 * 1024 * 1024,
  };
  await run("apt-get", ["update", "--quiet"], options);
  await withoutServices(async () => {
    await run("apt-get", ["install", "--yes", "--quiet", "--no-install-recommends", ...names], options);
  });
  say(`installed in ${Math.round((performance.now() - began) / 1000)} s`);
}

const policy = "/usr/sbin/policy-rc.d";

/** Debian asks this file whether a package may start its service (invoke-rc.d). */
async function withoutServices(act: () => Promise<void>): Promise<void> {
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await act();
  } finally {
    if (isOurs) rmSync(policy);
  }
}
