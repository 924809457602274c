import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, checkout } from "./paths.ts";
import { Problem } from "./problem.ts";

const run = promisify(execFile);

/** Paths of the programs that the platform is made of. */
export interface Tools {
  readonly pulumi: string;
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly minio: string;
  readonly keycloak: string;
}

interface Recipe {
  readonly name: string;
  readonly version: string;
  /** Files whose contents decide what is built. */
  readonly inputs: readonly string[];
  /** What is found in the finished folder. */
  readonly programs: Readonly<Partial<Record<keyof Tools, string>>>;
  /** Names on PATH and how to ask for their version: installed ones of the same version are used instead. */
  readonly installed?: {
    readonly commands: Readonly<Partial<Record<keyof Tools, string>>>;
    readonly args: readonly string[];
    readonly accepts: RegExp;
  };
  /** What must be on the machine. */
  readonly needs: readonly ("go" | "java" | "mvn")[];
  /** Commands that fill a folder. */
  readonly steps: (folder: string) => readonly (readonly [command: string, args: readonly string[], cwd: string])[];
}

const kubernetesVersion = "1.34.4";
const keycloakVersion = "26.7.3";
const keycloakProject = join(checkout, "sandbox", "tools", "keycloak", "pom.xml");

function goRecipe(
  name: string,
  version: string,
  packages: readonly string[],
  ldflags: string,
): Pick<Recipe, "name" | "version" | "inputs" | "needs" | "steps"> {
  const module = join(checkout, "sandbox", "tools", name);
  return {
    name,
    version,
    needs: ["go"],
    inputs: [join(module, "go.mod"), join(module, "go.sum"), ldflags],
    steps: (folder) => [
      ["go", ["build", "-mod=readonly", "-ldflags", ldflags, "-o", `${folder}/`, ...packages], module],
    ],
  };
}

const component = "k8s.io/component-base/version";

const recipes: readonly Recipe[] = [
  {
    ...goRecipe(
      "pulumi",
      "3.259.0",
      ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
      "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=3.259.0",
    ),
    programs: { pulumi: "pulumi" },
    installed: { commands: { pulumi: "pulumi" }, args: ["version"], accepts: /^v?3\.(?:2[6-9]\d|259|[3-9]\d\d)\./ },
  },
  {
    ...goRecipe("etcd", "3.7.3", ["go.etcd.io/etcd/server/v3"], "-s -w"),
    programs: { etcd: "server" },
    installed: { commands: { etcd: "etcd" }, args: ["--version"], accepts: /^etcd Version: 3\.7\./ },
  },
  {
    ...goRecipe(
      "kubernetes",
      kubernetesVersion,
      ["k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/cmd/kube-controller-manager"],
      `-s -w -X ${component}.gitVersion=v${kubernetesVersion} -X ${component}.gitMajor=1 -X ${component}.gitMinor=34`,
    ),
    programs: { kubeApiserver: "kube-apiserver", kubeControllerManager: "kube-controller-manager" },
    installed: {
      commands: { kubeApiserver: "kube-apiserver", kubeControllerManager: "kube-controller-manager" },
      args: ["--version"],
      accepts: /^Kubernetes v1\.34\./,
    },
  },
  {
    ...goRecipe("minio", "2025-09-07", ["github.com/minio/minio"], "-s -w"),
    programs: { minio: "minio" },
    installed: { commands: { minio: "minio" }, args: ["--version"], accepts: /RELEASE\.2025-09-07/ },
  },
  {
    name: "keycloak",
    version: keycloakVersion,
    needs: ["java", "mvn"],
    inputs: [keycloakProject],
    programs: { keycloak: `keycloak-${keycloakVersion}/bin/kc.sh` },
    steps: (folder) => [
      [
        "mvn",
        [
          "dependency:unpack",
          "--batch-mode",
          "--strict-checksums",
          `--file=${keycloakProject}`,
          `-Dkeycloak=${keycloakVersion}`,
          `-Dfolder=${folder}`,
        ],
        folder,
      ],
      [
        join(folder, `keycloak-${keycloakVersion}`, "bin", "kc.sh"),
        ["build", "--db=dev-file", "--health-enabled=true", "--http-relative-path=/auth"],
        folder,
      ],
    ],
  },
];

/**
 * Builds what is not built yet and returns where everything is. The second time it only looks.
 *
 * @param say told of progress, a line at a time
 * @throws {Problem} when something the build needs is not on the machine, or a build fails
 */
export async function buildTools(say: (line: string) => void): Promise<Tools> {
  const found: Partial<Record<keyof Tools, string>> = {};
  for (const recipe of recipes) Object.assign(found, await provide(recipe, say));
  return found as Tools;
}

type Found = Partial<Record<keyof Tools, string>>;

async function provide(recipe: Recipe, say: (line: string) => void): Promise<Found> {
  const installed = await findInstalled(recipe);
  if (installed !== undefined) {
    say(`${recipe.name}: ${Object.values(installed).join(", ")}, already installed`);
    return installed;
  }
  const folder = join(cacheFolder(), "bin", `${recipe.name}-${recipe.version}-${hashOf(recipe.inputs)}`);
  if (!existsSync(folder)) await build(recipe, folder, say);
  return Object.fromEntries(Object.entries(recipe.programs).map(([key, path]) => [key, join(folder, path)]));
}

/** All programs of a recipe, or none. */
async function findInstalled({ installed }: Recipe): Promise<Found | undefined> {
  if (!installed) return undefined;
  const found: [name: string, path: string][] = [];
  for (const [name, command] of Object.entries(installed.commands)) {
    const path = which(command);
    if (path === undefined || path.startsWith(join(checkout, ".sandbox"))) return undefined;
    const { stdout } = await run(path, installed.args).catch(() => ({ stdout: "" }));
    if (!installed.accepts.test(stdout.trim())) return undefined;
    found.push([name, path]);
  }
  return Object.fromEntries(found);
}

/** The first program of a name on PATH. */
export function which(command: string, path = process.env["PATH"] ?? ""): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, command))
    .find((file) => existsSync(file));
}

function hashOf(inputs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) hash.update(existsSync(input) ? readFileSync(input) : input);
  return hash.digest("hex").slice(0, 12);
}

async function build(recipe: Recipe, folder: string, say: (line: string) => void): Promise<void> {
  await requireOnMachine(recipe.needs);
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  discardUnfinished(parent, recipe.name);
  const unfinished = mkdtempSync(join(parent, `.${recipe.name}-${process.pid}-`));
  const log = join(parent, `${recipe.name}.log`);
  rmSync(log, { force: true });
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  say(`${recipe.name} ${recipe.version}: building (once for this machine)`);
  const progress = setInterval(() => {
    say(`${recipe.name} ${recipe.version}: still building, ${seconds()} s`);
  }, 30_000);
  try {
    for (const [command, args, cwd] of recipe.steps(unfinished)) await runLogged(command, args, cwd, log);
  } finally {
    clearInterval(progress);
  }
  // Whole or not at all: an interrupted build leaves nothing that looks finished. Another one may have been faster.
  if (existsSync(folder)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, folder);
  say(`${recipe.name} ${recipe.version}: built in ${seconds()} s`);
}

/** Removes what builds left behind that were interrupted, and not what another one is busy with. */
function discardUnfinished(parent: string, name: string): void {
  for (const entry of readdirSync(parent)) {
    const builder = new RegExp(`^\\.${name}-(\\d+)-`).exec(entry)?.[1];
    if (builder !== undefined && !isAlive(Number(builder))) rmSync(join(parent, entry), { recursive: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function runLogged(command: string, args: readonly string[], cwd: string, log: string): Promise<void> {
  return new Promise((done, fail) => {
    const output = createWriteStream(log, { flags: "a" });
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, GOFLAGS: "", GOWORK: "off" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    child.on("error", fail);
    child.on("close", (code) => {
      output.end();
      if (code === 0) done();
      else
        fail(
          new Problem(`${command} ${args[0] ?? ""} failed with exit code ${code ?? "none"}; its output is in ${log}`),
        );
    });
  });
}

const machine = {
  go: "Go 1.26 or newer is not on PATH; install it to build the local platform's servers.",
  java: "Java 17 or newer is not on PATH; install a JRE (Debian: openjdk-17-jre-headless) to run Keycloak.",
  mvn: "Maven (mvn) is not on PATH; install it (Debian: maven) to fetch Keycloak.",
} as const;

/** @throws {Problem} naming the first thing that is missing */
export async function requireOnMachine(needs: readonly (keyof typeof machine)[]): Promise<void> {
  for (const need of needs) {
    if (which(need) === undefined) throw new Problem(machine[need]);
  }
  if (needs.includes("java")) await requireJavaVersion();
}

async function requireJavaVersion(): Promise<void> {
  const { stderr } = await run("java", ["-version"]);
  const version = /version "(?<major>\d+)/.exec(stderr)?.groups?.["major"];
  if (version === undefined || Number(version) < 17) {
    throw new Problem(`Java ${version ?? "of unknown version"} is on PATH, but Keycloak needs 17 or newer.`);
  }
}
