import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface Result {
  readonly code: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/**
 * The program with its desired state in a folder of its own, so that a test can edit YAML without touching the
 * checkout. It drives the real command line; the state is that of the running platform.
 */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "prokube-access-"));

  constructor() {
    // Copies, not links: Node resolves links, and the program finds its stacks beside itself.
    for (const part of ["index.ts", "access", "components", "stacks", "package.json", "Pulumi.yaml"]) {
      cpSync(part, join(this.folder, part), { recursive: true });
    }
    symlinkSync(resolve("node_modules"), join(this.folder, "node_modules"));
  }

  /** Writes or, with undefined, removes files below stacks/dev. */
  edit(changes: Readonly<Record<string, string | undefined>>): void {
    for (const [path, text] of Object.entries(changes)) {
      const file = join(this.folder, "stacks", "dev", path);
      if (text === undefined) rmSync(file);
      else writeFileSync(file, text);
    }
  }

  /** The text of a file below stacks/dev. */
  read(path: string): string {
    return readFileSync(join(this.folder, "stacks", "dev", path), "utf8");
  }

  /** Runs `pulumi` on stack dev and fails, with what it printed, unless it ends well. */
  async pulumi(...args: string[]): Promise<string> {
    const { code, output } = await this.tryPulumi(...args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${output}`);
    return output;
  }

  /** The same, whatever the end. */
  tryPulumi(...args: string[]): Promise<Result> {
    return new Promise((done, fail) => {
      const child = spawn("pulumi", [...args, "--stack", "dev", "--non-interactive"], { cwd: this.folder });
      let output = "";
      const collect = (chunk: Buffer) => (output += chunk.toString("utf8"));
      child.stdout.on("data", collect);
      child.stderr.on("data", collect);
      child.on("error", fail);
      child.on("close", (code) => {
        done({ code: code ?? 1, output });
      });
    });
  }

  /** Converges, as CI does after a preview. */
  up(): Promise<string> {
    return this.pulumi("up", "--yes", "--skip-preview", "--refresh", "--run-program", "--suppress-progress");
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A project whose stack exists in the platform's state, converged to what the repository says. */
export async function convergedProject(): Promise<Project> {
  const project = new Project();
  await project.pulumi("stack", "select", "--create");
  await project.up();
  return project;
}
