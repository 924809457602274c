import type { Size } from "./desiredState.ts";
import { measureParts, parts } from "./parts.ts";
import { BenchmarkPlatform } from "./platform.ts";
import { type Line, renderTable } from "./table.ts";
import { fewestWorkspaces, measureWhole, runsFor } from "./whole.ts";

const usage = `node test/benchmark/main.ts <workspaces>/<users> ...     such as 10/50 25/150 100/1000

Measures a platform of each size: starts local servers, converges, and stops them again.
SANDBOX_PORT_BASE  first of eight ports for them
`;

async function benchmark(size: Size): Promise<Line[]> {
  const say = (line: string) => process.stderr.write(`${size.workspaces}/${size.users}: ${line}\n`);
  const whole = await onPlatform((platform) => measureWhole(platform, size, say));
  say(`the same in ${parts} stacks`);
  return [...whole, ...(await onPlatform(() => measureParts(size, runsFor(size))))];
}

async function onPlatform<T>(measure: (platform: BenchmarkPlatform) => Promise<T>): Promise<T> {
  const platform = await BenchmarkPlatform.start();
  try {
    return await measure(platform);
  } finally {
    await platform.stop();
  }
}

/** @throws {RangeError} when a text is no size that can be measured */
function sizeOf(text: string): Size {
  const [, workspaces, users] = /^([1-9]\d{0,3})\/([1-9]\d{0,4})$/.exec(text) ?? [];
  if (workspaces === undefined || Number(workspaces) < fewestWorkspaces || Number(users) < 2 * parts) {
    throw new RangeError(
      `${JSON.stringify(text)} is no size; write <workspaces>/<users>, such as 10/50, at least ${fewestWorkspaces}/${2 * parts}`,
    );
  }
  return { workspaces: Number(workspaces), users: Number(users) };
}

try {
  const sizes = process.argv.slice(2).map(sizeOf);
  if (sizes.length === 0) throw new RangeError("no size is given");
  for (const size of sizes) {
    const lines = await benchmark(size);
    process.stdout.write(`\n${size.workspaces} workspaces, ${size.users} users\n\n${renderTable(lines)}\n`);
  }
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
