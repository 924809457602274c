import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Writes files that are there already, and removes those without a text. Each is whole at every moment: the new one
 * is written beside it and takes its place. None does before all are written.
 */
export function writeFiles(folder: string, texts: ReadonlyMap<string, string | undefined>): void {
  const written: [temporary: string, path: string][] = [];
  try {
    for (const [name, text] of texts) {
      if (text === undefined) continue;
      const path = join(folder, name);
      // Hidden, so that nobody takes it for a part of the desired state.
      const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
      written.push([temporary, path]);
      writeFileSync(temporary, text, { mode: statSync(path).mode, flag: "wx" });
    }
    for (const [temporary, path] of written) renameSync(temporary, path);
    for (const [name, text] of texts) if (text === undefined) rmSync(join(folder, name));
  } finally {
    for (const [temporary] of written) rmSync(temporary, { force: true });
  }
}
