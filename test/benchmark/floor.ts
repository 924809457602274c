import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { unsaved } from "./commands.ts";
import { type Measured, measured, median, repeat } from "./measure.ts";

/** The preview of a program with as many resources, of which none does anything: what is left is the engine and its SDK. */
export async function measureFloor(resources: number, runs: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "engine-floor-"));
  const environment = { ...unsaved, FLOOR_RESOURCES: String(resources) };
  const pulumi = (...args: string[]) =>
    measured("pulumi", [...args, "--non-interactive"], { cwd: folder, environment });
  try {
    cpSync(join(import.meta.dirname, "floor"), folder, { recursive: true });
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    await pulumi("stack", "init", "floor");
    await pulumi("up", "--yes", "--skip-preview", "--suppress-progress");
    return median(await repeat(runs, () => pulumi("preview", "--suppress-progress")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
