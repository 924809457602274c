import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

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
  readonly #stack: string;

  /**
   * @param stack dev as it is in the checkout, or another with files of its own
   * @param files its desired state, by path
   */
  constructor(stack = "dev", files: Readonly<Record<string, string>> = {}) {
    this.#stack = stack;
    // Copies, not links: Node resolves links, and the program finds its stacks beside itself.
    for (const part of ["index.ts", "access", "components", "live", "stacks", "package.json", "Pulumi.yaml"]) {
      cpSync(part, join(this.folder, part), { recursive: true });
    }
    symlinkSync(resolve("node_modules"), join(this.folder, "node_modules"));
    if (stack !== "dev") {
      cpSync("stacks/Pulumi.dev.yaml", join(this.folder, "stacks", `Pulumi.${stack}.yaml`));
    }
    this.edit(files);
  }

  /** Writes or, with undefined, removes files of the desired state. */
  edit(changes: Readonly<Record<string, string | undefined>>): void {
    for (const [path, text] of Object.entries(changes)) {
      const file = join(this.folder, "stacks", this.#stack, path);
      if (text === undefined) rmSync(file);
      else {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(
          file,
          path === "platform.yaml" && !text.includes("guards:") ? text.replace(/\n?$/, "\n") + unguarded : text,
        );
      }
    }
  }

  /** The text of a file of the desired state. */
  read(path: string): string {
    return readFileSync(join(this.folder, "stacks", this.#stack, path), "utf8");
  }

  /** Runs `pulumi` on the stack and fails, with what it printed, unless it ends well. */
  async pulumi(...args: string[]): Promise<string> {
    const { code, output } = await this.tryPulumi(...args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${output}`);
    return output;
  }

  /** The same, whatever the end. */
  tryPulumi(...args: string[]): Promise<Result> {
    return new Promise((done, fail) => {
      const child = spawn("pulumi", [...args, "--stack", this.#stack, "--non-interactive"], { cwd: this.folder });
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

  /** Removes everything the stack made, and the stack itself. */
  async destroy(): Promise<void> {
    await this.pulumi("destroy", "--yes", "--skip-preview", "--suppress-progress");
    await this.pulumi("stack", "rm", "--yes", "--force");
    this.dispose();
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** On a platform as small as a test's, what one test takes away is most of all. */
const unguarded = "guards: { maximumRemovals: 1000, maximumRemovedShare: 100 }\n";

/** A project whose stack exists in the platform's state, converged to what the repository says. */
export async function convergedProject(): Promise<Project> {
  return converged(new Project());
}

/**
 * A small stack of its own beside dev, converged; {@link Project.destroy} removes all of it.
 *
 * @param secrets what its configuration holds
 */
export async function smallProject(
  stack: string,
  files: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>> = {},
): Promise<Project> {
  return converged(new Project(stack, { "platform.yaml": platformOf(stack), ...files }), secrets);
}

/** The platform file of a small stack. Its Profiles have an owner of their own, because one stack holds an address. */
export function platformOf(stack: string, more = ""): string {
  return `domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\nowner: ${stack}.owner@example.com\n${more}`;
}

async function converged(project: Project, secrets: Readonly<Record<string, string>> = {}): Promise<Project> {
  await project.pulumi("stack", "select", "--create");
  for (const [name, value] of Object.entries(secrets)) {
    await project.pulumi("config", "set", "--secret", name, value);
  }
  await project.up();
  return project;
}

/** The file of a user who needs nothing but a password to log in. */
export function person(username: string, more = ""): string {
  const names = `firstName: ${username}\nlastName: Test\n`;
  return `username: ${username}\nemail: ${username}@example.com\nemailVerified: true\n${names}${more}`;
}
