import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Package {
  readonly name: string;
  readonly version: string;
}

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly pulumi?: { readonly resource?: boolean; readonly name?: string; readonly version?: string };
}

interface Lockfile {
  readonly packages?: Readonly<Record<string, { readonly version?: string }>>;
}

/** The resource plugins that a program's packages ask for. */
export function pluginsOf(directory: string): Package[] {
  const { dependencies = {} } = manifest(directory);
  return Object.keys(dependencies).flatMap((name) => {
    const { pulumi, version = "" } = manifest(join(directory, "node_modules", name));
    if (pulumi?.resource !== true) return [];
    return [
      {
        name: pulumi.name ?? name.replace("@pulumi/", ""),
        version: `v${(pulumi.version ?? version).replace(/^v/, "")}`,
      },
    ];
  });
}

/** A program's packages as they are installed: those it names, or with `transitive` all of them. */
export function installedPackages(directory: string, transitive: boolean): Package[] {
  if (transitive) {
    const lock = readJson(join(directory, "node_modules", ".package-lock.json")) as Lockfile;
    return Object.entries(lock.packages ?? {}).map(([path, { version = "" }]) => ({
      name: path.replace(/^.*node_modules\//, ""),
      version,
    }));
  }
  const { dependencies = {}, devDependencies = {} } = manifest(directory);
  return Object.keys({ ...dependencies, ...devDependencies }).map((name) => ({
    name,
    version: manifest(join(directory, "node_modules", name)).version ?? "",
  }));
}

function manifest(directory: string): Manifest {
  return readJson(join(directory, "package.json"));
}

function readJson(file: string): object {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as object) : {};
}
