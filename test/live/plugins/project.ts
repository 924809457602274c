/** A small Pulumi project of its own, run step by step with the real CLI against the platform in the environment. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** One step of a plan. */
export interface Step {
  op: string;
  /** Type and name, e.g. `Role editor`. */
  resource: string;
  /** The changed paths with their kinds, e.g. `name: update`. */
  diff: Record<string, string>;
}

interface PreviewStep {
  op: string;
  urn: string;
  detailedDiff?: Record<string, { kind: string }> | null;
}

/** The value of a variable of the platform's environment. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: this test needs the environment of a running platform`);
  return value;
}

/** A project made from a fixture, with a state of its own. */
export class Project<Desired> {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Copies the fixture and makes a stack. */
  static async create<Desired>(fixture: string): Promise<Project<Desired>> {
    const folder = await mkdtemp(join(tmpdir(), `smoke-${fixture}-`));
    await cp(join(import.meta.dirname, "fixtures", fixture), folder, { recursive: true });
    await symlink(join(import.meta.dirname, "../../../node_modules"), join(folder, "node_modules"));
    const project = new Project<Desired>(folder);
    await project.pulumi("stack", "init", "smoke");
    return project;
  }

  /** Removes the project and its state, not what it has made. */
  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  /** What the next runs ask for. */
  async want(desired: Desired): Promise<void> {
    await writeFile(join(this.#folder, "desired.json"), JSON.stringify(desired));
  }

  /** The steps of a preview that change something. */
  async preview(...flags: string[]): Promise<Step[]> {
    const { steps } = JSON.parse(await this.pulumi("preview", "--json", ...flags)) as { steps: PreviewStep[] };
    return steps.filter(({ op, urn }) => op !== "same" && !urn.includes("::pulumi:")).map(readable);
  }

  /** What a preview changes, by operation and resource. */
  async changes(...flags: string[]): Promise<Record<string, Step["diff"]>> {
    const steps = (await this.preview(...flags)).filter(({ op }) => op !== "refresh");
    return Object.fromEntries(
      steps.map(({ op, resource, diff }): [string, Step["diff"]] => [`${op} ${resource}`, diff]).sort(),
    );
  }

  /** Converges. */
  async up(...flags: string[]): Promise<string> {
    return this.pulumi("up", "--yes", "--skip-preview", ...flags);
  }

  /** Fails unless the program, the state and the servers agree. */
  async expectNoChanges(): Promise<void> {
    await this.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes");
  }

  /** The stack's outputs. */
  async outputs<Outputs>(): Promise<Outputs> {
    return JSON.parse(await this.pulumi("stack", "output", "--json")) as Outputs;
  }

  /** The state as it is stored. */
  async state(): Promise<string> {
    return this.pulumi("stack", "export");
  }

  /** Runs the CLI and gives what it prints; a failure carries it too. */
  async pulumi(...args: string[]): Promise<string> {
    const env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${this.#folder}`,
      PULUMI_CONFIG_PASSPHRASE: "smoke",
    };
    const options = { cwd: this.#folder, env, maxBuffer: 64 * 1024 * 1024 };
    try {
      return (await run("pulumi", [...args, "--non-interactive"], options)).stdout;
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`pulumi ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }
}

function readable({ op, urn, detailedDiff }: PreviewStep): Step {
  const [, , type = "", name = ""] = urn.split("::");
  const diff = Object.entries(detailedDiff ?? {}).map(([path, { kind }]) => [path, kind]);
  return { op, resource: `${type.split(":").at(-1) ?? ""} ${name}`, diff: Object.fromEntries(diff) as Step["diff"] };
}
