import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { unsaved } from "./commands.ts";
import { type Measured, measured, median, repeat } from "./measure.ts";
import { type Resource, resourcesIn } from "./resources.ts";

/** A resource as large as one of a stack's, and waiting for as many others. */
export interface Like {
  readonly isComponent: boolean;
  readonly properties: Readonly<Record<string, string>>;
  /** Places of those before it. */
  readonly dependencies: readonly number[];
}

/**
 * The preview of a program with resources like those of a stack, of a provider that answers at once: no program that
 * makes them can be quicker.
 *
 * @param state as `pulumi stack export` prints it
 */
export async function measureFloor(state: string, runs: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "engine-floor-"));
  const pulumi = (...args: string[]) =>
    measured("pulumi", [...args, "--non-interactive"], { cwd: folder, environment: unsaved });
  const source = join(import.meta.dirname, "floor");
  try {
    cpSync(source, folder, { recursive: true });
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    const provider = `#!/bin/sh\nexec "${process.execPath}" --no-warnings "${join(source, "provider.ts")}" "$@"\n`;
    writeFileSync(join(folder, "pulumi-resource-nothing"), provider, { mode: 0o700 });
    writeFileSync(join(folder, "like.json"), JSON.stringify(likeThose(resourcesIn(state))));
    await pulumi("stack", "init", "floor");
    await pulumi("up", "--yes", "--skip-preview", "--suppress-progress");
    return median(await repeat(runs, () => pulumi("preview", "--suppress-progress")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function likeThose(resources: readonly Resource[]): Like[] {
  const own = resources.filter(({ type }) => type !== "pulumi:pulumi:Stack");
  const places = new Map(own.map(({ urn }, index) => [urn, index]));
  return own.map(({ custom, inputs = {}, dependencies = [] }) => ({
    isComponent: custom !== true,
    properties: Object.fromEntries(textsIn(inputs)),
    dependencies: dependencies.flatMap((urn) => places.get(urn) ?? []),
  }));
}

/** Every single value with its path. */
function textsIn(value: unknown, path = ""): [string, string][] {
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inside]) => textsIn(inside, `${path}/${key}`));
}
