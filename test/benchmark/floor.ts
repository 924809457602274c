import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { unsaved } from "./commands.ts";
import { type Measured, measured, median, repeat } from "./measure.ts";

/** The preview of a program with as many resources, of a provider that answers at once: no program can be quicker. */
export async function measureFloor(resources: number, runs: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "engine-floor-"));
  const environment = { ...unsaved, FLOOR_RESOURCES: String(resources) };
  const pulumi = (...args: string[]) =>
    measured("pulumi", [...args, "--non-interactive"], { cwd: folder, environment });
  const source = join(import.meta.dirname, "floor");
  try {
    cpSync(source, folder, { recursive: true });
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    const provider = `#!/bin/sh\nexec "${process.execPath}" --no-warnings "${join(source, "provider.ts")}" "$@"\n`;
    writeFileSync(join(folder, "pulumi-resource-nothing"), provider, { mode: 0o700 });
    await pulumi("stack", "init", "floor");
    await pulumi("up", "--yes", "--skip-preview", "--suppress-progress");
    return median(await repeat(runs, () => pulumi("preview", "--suppress-progress")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
