import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export type Write = (stream: "stdout" | "stderr", text: Buffer) => void;

/** Installs a program's packages, as its lockfile says where there is one. */
export function installDependencies(directory: string, write: Write): Promise<void> {
  const command = existsSync(join(directory, "package-lock.json")) ? "ci" : "install";
  return new Promise((done, fail) => {
    const child = spawn("npm", [command, "--no-audit", "--no-fund"], { cwd: directory });
    child.stdout.on("data", (text: Buffer) => {
      write("stdout", text);
    });
    child.stderr.on("data", (text: Buffer) => {
      write("stderr", text);
    });
    child.on("error", fail);
    child.on("close", (code) => {
      if (code === 0) done();
      else fail(new Error(`npm ${command} ended with exit code ${code ?? "none"}`));
    });
  });
}
