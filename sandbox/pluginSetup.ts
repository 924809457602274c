import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Instance } from "./instance.ts";
import { checkout } from "./paths.ts";
import { Problem } from "./problem.ts";
import { type Tools, which } from "./tools.ts";

const run = promisify(execFile);

/** Where a plugin comes from: Pulumi's own, or this repository's replacement for machines that cannot download it. */
export type Origin = "official" | "stand-in";

const resourcePlugins = ["kubernetes", "keycloak", "minio"] as const;
const languageHost = "pulumi-language-nodejs";
const marker = "# A stand-in of prokube-access's local platform.";

/** Which plugins SANDBOX_PLUGINS asks for. auto: official ones where they can be had. */
type Wish = "auto" | Origin;

/**
 * Lays out Pulumi's command line and plugins for an instance, and says once which kind is in use. A plugin that
 * somebody else put there stays.
 *
 * @throws {Problem} when official plugins are asked for and cannot be had
 */
export async function installPlugins(instance: Instance, tools: Tools, say: (line: string) => void): Promise<void> {
  const wish = readWish();
  const pulumi = instance.path("bin", "pulumi");
  if (!existsSync(pulumi)) linkOrCopy(tools.pulumi, pulumi);
  const origins: [name: string, Origin][] = [["nodejs", installLanguageHost(instance, tools, wish)]];
  const mayDownload = { yes: wish !== "stand-in" };
  for (const name of resourcePlugins) {
    origins.push([name, await installResourcePlugin(instance, name, wish, mayDownload)]);
  }
  say(`plugins: ${describe(origins)}`);
}

function readWish(): Wish {
  const wish = process.env["SANDBOX_PLUGINS"] || "auto";
  if (wish === "auto" || wish === "official" || wish === "stand-in") return wish;
  throw new Problem(`SANDBOX_PLUGINS is ${JSON.stringify(wish)}; allowed are auto, official and stand-in.`);
}

function describe(origins: readonly (readonly [name: string, Origin])[]): string {
  const of = (origin: Origin) => origins.filter(([, own]) => own === origin).map(([name]) => name);
  const parts = (["official", "stand-in"] as const).flatMap((origin) =>
    of(origin).length > 0 ? [`${origin} for ${of(origin).join(", ")}`] : [],
  );
  return parts.join("; ");
}

/** The host must lie beside the program `pulumi` itself, or every run warns. */
function installLanguageHost(instance: Instance, tools: Tools, wish: Wish): Origin {
  const target = instance.path("bin", languageHost);
  if (existsSync(target) && !isStandIn(target)) return "official";
  const beside = join(dirname(tools.pulumi), languageHost);
  const official = existsSync(beside) ? beside : which(languageHost, outsidePath());
  if (official !== undefined && wish !== "stand-in") {
    rmSync(target, { force: true });
    linkOrCopy(official, target);
    return "official";
  }
  return standIn(target, "nodejs", wish);
}

async function installResourcePlugin(
  instance: Instance,
  name: string,
  wish: Wish,
  mayDownload: { yes: boolean },
): Promise<Origin> {
  const folder = `resource-${name}-v${versionOf(name)}`;
  const program = `pulumi-resource-${name}`;
  const target = instance.path("pulumi", "plugins", folder, program);
  if (existsSync(target) && !isStandIn(target)) return "official";
  if (wish !== "stand-in") {
    const installed = join(userPulumiHome(), "plugins", folder, program);
    const official = existsSync(installed) ? installed : which(program, outsidePath());
    if (official !== undefined) {
      rmSync(target, { force: true });
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(official, target);
      return "official";
    }
    if (mayDownload.yes && !existsSync(target) && (await download(instance, name, wish))) return "official";
    // One refusal answers for the others too: they lie in one place.
    mayDownload.yes = wish === "official";
  }
  mkdirSync(dirname(target), { recursive: true });
  return standIn(target, name, wish);
}

/** Tries Pulumi's own download. Where there is no way to it, that is known within seconds. */
async function download(instance: Instance, name: string, wish: Wish): Promise<boolean> {
  const timeout = wish === "official" ? 300_000 : 20_000;
  try {
    await run(instance.path("bin", "pulumi"), ["plugin", "install", "resource", name, `v${versionOf(name)}`], {
      timeout,
      env: { ...process.env, PULUMI_HOME: instance.path("pulumi"), PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    return true;
  } catch {
    return false;
  }
}

function standIn(target: string, name: string, wish: Wish): Origin {
  if (wish === "official") {
    throw new Problem(
      `SANDBOX_PLUGINS=official, but the ${name} plugin can be neither found nor downloaded; install it or use auto.`,
    );
  }
  const node = join(checkout, "node_modules", ".bin", "node");
  const main = join(checkout, "sandbox", "plugins", name, "main.ts");
  writeFileSync(target, `#!/bin/sh\n${marker}\nexec "${node}" --no-warnings "${main}" "$@"\n`);
  chmodSync(target, 0o755);
  return "stand-in";
}

function isStandIn(file: string): boolean {
  return readFileSync(file).subarray(0, 200).includes(marker);
}

/** The plugin's version is its SDK's: the program asks for exactly that one. */
function versionOf(name: string): string {
  const file = join(checkout, "node_modules", "@pulumi", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version.replace(/^v/, "");
}

/** The user's own PULUMI_HOME, unless the shell already has an instance's. */
function userPulumiHome(): string {
  const home = process.env["PULUMI_HOME"];
  return home !== undefined && home !== "" && !home.startsWith(join(checkout, ".sandbox"))
    ? home
    : join(homedir(), ".pulumi");
}

/** PATH without the folders of instances and of this checkout's packages. */
function outsidePath(): string {
  return (process.env["PATH"] ?? "")
    .split(":")
    .filter((folder) => !folder.startsWith(checkout))
    .join(":");
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
