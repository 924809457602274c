import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Instance } from "../../sandbox/instance.ts";
import { installPlugins } from "../../sandbox/pluginSetup.ts";
import type { Tools } from "../../sandbox/tools.ts";

const before = { ...process.env };
let machine: string;
let instance: Instance;

beforeEach(() => {
  machine = mkdtempSync(join(tmpdir(), "plugins-"));
  instance = new Instance("plugins-unit-test");
  for (const folder of ["bin", "pulumi"]) mkdirSync(instance.path(folder), { recursive: true });
  Object.assign(process.env, { HOME: machine, PATH: join(machine, "bin"), PULUMI_HOME: "", SANDBOX_PLUGINS: "" });
  setDownloads("exit 1");
});
afterEach(() => {
  Object.assign(process.env, before);
  for (const name of ["PULUMI_HOME", "SANDBOX_PLUGINS"]) {
    if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
  }
  for (const folder of [machine, instance.folder]) rmSync(folder, { recursive: true });
});

/** A command line of Pulumi's whose downloads go as a script says; each call is counted. */
function setDownloads(script: string): void {
  write(pulumi(), `#!/bin/sh\necho "$@" >> ${calls()}\n${script}\n`);
}

const pulumi = () => join(machine, "pulumi", "pulumi");
const calls = () => join(machine, "calls");
const downloads = () => (existsSync(calls()) ? readFileSync(calls(), "utf8").trim().split("\n").length : 0);

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}

async function install(): Promise<string> {
  const lines: string[] = [];
  await installPlugins(instance, { pulumi: pulumi() } as Tools, (line) => lines.push(line));
  assert.equal(lines.length, 1);
  return lines[0] ?? "";
}

const folderOf = (name: string) => {
  const file = join(import.meta.dirname, "..", "..", "node_modules", "@pulumi", name, "package.json");
  return `resource-${name}-v${(JSON.parse(readFileSync(file, "utf8")) as { version: string }).version}`;
};
const installed = (home: string, name: string) => join(home, "plugins", folderOf(name), `pulumi-resource-${name}`);
const inInstance = (name: string) => installed(instance.path("pulumi"), name);

test("where nothing official can be had, stand-ins are laid out, and the download is tried once", async () => {
  assert.equal(await install(), "plugins: stand-in for nodejs, kubernetes, keycloak, minio");
  assert.equal(downloads(), 1);
  assert.match(readFileSync(inInstance("minio"), "utf8"), /sandbox\/plugins\/minio\/main\.ts" "\$@"\n$/);
  assert.match(readFileSync(instance.path("bin", "pulumi-language-nodejs"), "utf8"), /plugins\/nodejs\/main\.ts/);
  await install();
  assert.equal(downloads(), 1, "the refusal is remembered");
});

test("an official plugin that the user has is used", async () => {
  write(installed(join(machine, ".pulumi"), "keycloak"), "official");
  write(join(machine, "bin", "pulumi-language-nodejs"), "official");
  assert.equal(await install(), "plugins: official for nodejs, keycloak; stand-in for kubernetes, minio");
  assert.equal(readFileSync(inInstance("keycloak"), "utf8"), "official");
});

test("an official plugin that somebody put into the instance stays, whatever is asked for", async () => {
  write(inInstance("kubernetes"), "official");
  process.env["SANDBOX_PLUGINS"] = "stand-in";
  assert.equal(await install(), "plugins: official for kubernetes; stand-in for nodejs, keycloak, minio");
  assert.equal(readFileSync(inInstance("kubernetes"), "utf8"), "official");
});

test("stand-in tries no download and links nothing", async () => {
  write(installed(join(machine, ".pulumi"), "keycloak"), "official");
  process.env["SANDBOX_PLUGINS"] = "stand-in";
  assert.equal(await install(), "plugins: stand-in for nodejs, kubernetes, keycloak, minio");
  assert.equal(downloads(), 0);
});

test("official fails where a plugin can be neither found nor downloaded", async () => {
  write(join(machine, "bin", "pulumi-language-nodejs"), "official");
  process.env["SANDBOX_PLUGINS"] = "official";
  await assert.rejects(install(), { message: /^SANDBOX_PLUGINS=official, but the kubernetes plugin .* use auto\.$/ });
});

test("a plugin that can be downloaded is", async () => {
  write(join(machine, "bin", "pulumi-language-nodejs"), "official");
  setDownloads("exit 0");
  assert.equal(await install(), "plugins: official for nodejs, kubernetes, keycloak, minio");
  assert.equal(downloads(), 3);
});

test("a word that SANDBOX_PLUGINS does not know is refused", async () => {
  process.env["SANDBOX_PLUGINS"] = "none";
  await assert.rejects(install(), { message: 'SANDBOX_PLUGINS is "none"; allowed are auto, official and stand-in.' });
});
