import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseWorkflow, type Step } from "../workflows/rules.ts";

export interface JobRun {
  /** Exit code of the first step that failed, or 0. */
  readonly code: number;
  /** Everything that the steps printed. */
  readonly output: string;
  /** What the steps wrote for later jobs. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What the run's page would show. */
  readonly summary: string;
}

const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];

/** A clean checkout of the files as they are, with all of them in one commit on branch main. */
export class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), "prokube-access-"));

  constructor() {
    const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).toString();
    for (const file of new Set(files.split("\0").filter((path) => path !== ""))) {
      mkdirSync(dirname(join(this.folder, file)), { recursive: true });
      cpSync(file, join(this.folder, file), { verbatimSymlinks: true });
    }
    // Older than the packages that are there, so that make does not install them over the checkout's own.
    utimesSync(join(this.folder, "package-lock.json"), 0, 0);
    symlinkSync(resolve("node_modules"), join(this.folder, "node_modules"));
    execFileSync("make", ["--question", "node_modules/.package-lock.json"], { cwd: this.folder });
    this.git("init", "--quiet", "--initial-branch", "main");
    this.commit("start");
  }

  git(...args: string[]): string {
    return execFileSync("git", [...identity, ...args], { cwd: this.folder, encoding: "utf8" }).trim();
  }

  /** @returns the commit */
  commit(message: string): string {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", message);
    return this.git("rev-parse", "HEAD");
  }

  /**
   * Runs the commands of a job as GitHub does: each with its own variables, in bash, until one fails.
   *
   * @param values what expressions stand for, such as `secrets.KUBECONFIG`; any other is an error. Those of GitHub are
   * what its own variables say as well.
   */
  async runJob(workflow: string, job: string, values: Readonly<Record<string, string>> = {}): Promise<JobRun> {
    const { defaults, jobs } = parseWorkflow(readFileSync(join(".github", "workflows", `${workflow}.yml`), "utf8"));
    const { steps, env = {} } = jobs[job] ?? { steps: [] };
    if (steps.length === 0) throw new Error(`no job ${job} in ${workflow}`);
    const [outputFile, summaryFile] = [join(this.folder, ".git", "output"), join(this.folder, ".git", "summary")];
    for (const file of [outputFile, summaryFile]) {
      rmSync(file, { force: true });
      appendFileSync(file, "");
    }
    const all: Run = {
      options: defaults?.run?.shell === "bash" ? ["--noprofile", "--norc", "-eo", "pipefail"] : ["-e"],
      variables: {
        ...filled(env, values),
        GITHUB_SHA: values["github.sha"] ?? this.git("rev-parse", "HEAD"),
        GITHUB_REPOSITORY: values["github.repository"] ?? "",
        GITHUB_API_URL: values["github.api_url"] ?? "",
        GITHUB_OUTPUT: outputFile,
        GITHUB_STEP_SUMMARY: summaryFile,
      },
      values,
    };
    let [code, output] = [0, ""];
    for (const step of steps) {
      // What follows a failure runs only where it says so.
      if (code !== 0 && !step.if?.includes("!cancelled()")) continue;
      const done = await this.#run(step, all);
      output += done.output;
      code ||= done.code;
    }
    const outputs = Object.fromEntries(
      readFileSync(outputFile, "utf8")
        .split("\n")
        .filter((line) => line.includes("="))
        .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
    );
    return { code, output, outputs, summary: readFileSync(summaryFile, "utf8") };
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }

  #run({ run, env = {} }: Step, { options, variables, values }: Run): Promise<{ code: number; output: string }> {
    if (run === undefined) return Promise.resolve({ code: 0, output: "" });
    return new Promise((done, fail) => {
      const child = spawn("bash", [...options, "-c", run], {
        cwd: this.folder,
        env: { ...outside(), ...variables, ...filled(env, values) },
        stdio: ["ignore", "pipe", "pipe"],
      });
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
}

interface Run {
  readonly options: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
}

/** What a runner has by itself, and that the local platform has an authority of its own; all else is the workflow's. */
function outside(): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "LANG", "PULUMI_HOME", "NODE_EXTRA_CA_CERTS", "KEYCLOAK_CACERT", "MINIO_CACERT"];
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

function filled(
  env: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => [
      name,
      text.replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_, expression: string) => {
        const value = values[expression];
        if (value === undefined) throw new Error(`${name}: nothing is known of ${expression}`);
        return value;
      }),
    ]),
  );
}
