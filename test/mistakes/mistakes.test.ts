import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { suite, test } from "node:test";
import { InputError } from "../../access/diagnostic.ts";
import { check } from "../../bin/check.ts";

/*
 * What people get wrong, one file for each: what it is, the command, the files that differ from sound.txt, and what the
 * command says. A file's title may say how it is written: (absent), (bytes) with \x.. for one, (name in bytes)
 * likewise for the file's own name, (→ is a tab).
 */

const fixtures = import.meta.dirname;
const program = resolve("bin/access.ts");

interface Mistake {
  readonly name: string;
  readonly command: readonly string[];
  readonly files: readonly (readonly [title: string, text: string])[];
  readonly exit: number;
  readonly output: string;
}

function sectionsOf(file: string): { head: string; sections: [title: string, text: string][] } {
  const [head = "", ...parts] = readFileSync(join(fixtures, file), "utf8").split(/^=== (.*)\n/m);
  const sections: [string, string][] = [];
  for (let index = 0; index < parts.length; index += 2) {
    // The empty line between sections is for readers.
    sections.push([parts[index] ?? "", (parts[index + 1] ?? "").replace(/\n\n$/, "\n")]);
  }
  return { head, sections };
}

function mistakeIn(file: string): Mistake {
  const { head, sections } = sectionsOf(file);
  const [, command = ""] = /^\$ access ?(.*)$/m.exec(head) ?? [];
  const [title = "", output = ""] = sections.at(-1) ?? [];
  return {
    name: basename(file, ".txt"),
    command: command.split(" ").filter((word) => word !== ""),
    files: sections.slice(0, -1),
    exit: Number(/^exit (\d)$/.exec(title)?.[1]),
    output,
  };
}

const all = readdirSync(fixtures).filter((file) => /^\d{3}-.*\.txt$/.test(file));
const mistakes = all.map(mistakeIn);
const sound = sectionsOf("sound.txt").sections;

/** Runs something at the top of a checkout with the sound platform, changed. */
function inCheckout<T>(files: Mistake["files"], use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "mistake-"));
  try {
    for (const [title, text] of [...sound, ...files]) write(join(folder, "stacks", "dev"), title, text);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function write(folder: string, title: string, text: string): void {
  const [, path = "", target, how = ""] = /^(.*?)(?: -> (.*?))?(?: \((.*)\))?$/.exec(title) ?? [];
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  if (how === "absent") return;
  if (how === "name in bytes") writeFileSync(bytes(file), text);
  else if (target !== undefined) symlinkSync(target, file);
  else if (how === "bytes") writeFileSync(file, bytes(text));
  else writeFileSync(file, how === "" ? text : text.replaceAll("→", "\t").replaceAll("⍽", "\u00A0"));
}

function bytes(text: string): Buffer {
  const plain = text.trimEnd().replaceAll(/\\(?:x([0-9a-f]{2})|n|r)/g, (escape, hex: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return escape === "\\n" ? "\n" : "\r";
  });
  return Buffer.from(plain, "latin1");
}

/** The check of the files as the command line does it, but in this process, because there are many. */
function checked(folder: string): { exit: number; output: string } {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return { exit: check([]), output: "" };
  } catch (error) {
    if (error instanceof InputError) return { exit: 1, output: `${error.message}\n` };
    throw error;
  } finally {
    process.chdir(before);
  }
}

function run(folder: string, command: readonly string[]): { exit: number | null; output: string } {
  const options = { cwd: folder, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...command], options);
  assert.equal(stdout, "");
  return { exit: status, output: stderr };
}

const isPlainCheck = ({ command }: Mistake) => command.length === 1 && command[0] === "check";

suite("a mistake is told in one line, with its place, its cause and what to do", () => {
  for (const mistake of mistakes) {
    test(mistake.name, () => {
      const { exit, output } = inCheckout(mistake.files, (folder) =>
        isPlainCheck(mistake) ? checked(folder) : run(folder, mistake.command),
      );
      assert.equal(output, mistake.output);
      assert.equal(exit, mistake.exit);
    });
  }
});

test("there are sixty mistakes and more, and each fixture holds what a message must have", () => {
  assert.ok(mistakes.length >= 60, String(mistakes.length));
  assert.deepEqual(
    all.map((file) => file.slice(0, 3)),
    all.map((_, index) => String(index + 1).padStart(3, "0")),
  );
  const place = /^stacks\/\S[^:]*:\d+:\d+ \S/;
  const advice =
    /allowed|did you mean|such as|it may have|must (?:be|set)|needs|\b(?:add|change|choose|close|exempt|give|indent|keep|lower|make|move|name|put|remove|replace|save|write)\b/i;
  for (const { name, output, exit } of mistakes) {
    const [message = "", rest, ...more] = output.split("\n");
    assert.doesNotMatch(output, /\bat .*\.ts:|node:internal|Error:/, name);
    assert.deepEqual(more, [""], `${name}: one message and one line after it`);
    if (exit === 1) {
      assert.match(message, place, name);
      assert.match(message, advice, name);
      assert.match(rest ?? "", /^(?:1 error in the desired state; )?nothing was changed\.?$/, name);
    } else {
      assert.equal(exit, 2, name);
      assert.match(message, /^access: /, name);
      assert.equal(rest, "Run access --help for what is allowed.", name);
    }
  }
});

test("secrets are not repeated", () => {
  const secrets = mistakes.filter(({ files }) => files.some(([, text]) => text.includes("hunter2")));
  assert.ok(secrets.length >= 2);
  for (const { output } of secrets) assert.doesNotMatch(output, /hunter2/);
});

test("what is told in this process is what the command line tells", () => {
  for (const mistake of [mistakes[0], mistakes[60], mistakes[65]]) {
    assert.ok(mistake && isPlainCheck(mistake));
    const result = inCheckout(mistake.files, (folder) => run(folder, ["check"]));
    assert.deepEqual(result, { exit: 1, output: mistake.output });
  }
});

suite("what looks like a mistake and is none", () => {
  const bob = (lines: string) => `username: bob\nemail: bob@example.com\n${lines}`;
  const team = (members: string) => `name: team-a\nmembers: [${members}]\n`;
  for (const [what, path, text] of [
    ["nothing changed", "users/bob.yaml", bob("")],
    ["Windows line ends", "users/bob.yaml", bob("").replaceAll("\n", "\r\n")],
    ["a byte order mark", "users/bob.yaml", `\uFEFF${bob("")}`],
    ["JSON", "users/bob.yaml", '{ "username": "bob", "email": "bob@example.com" }'],
    ["a grant that has ended", "workspaces/team-a.yaml", team("{ user: bob, role: edit, expires: 2020-01-01 }")],
    ["an archived user who is still listed", "users/bob.yaml", bob("state: archived\n")],
    [
      "an edit with an end beside a view",
      "workspaces/team-a.yaml",
      team("{ user: bob, role: view }, { user: bob, role: edit, expires: 2099-01-01 }"),
    ],
    ["words that YAML 1.1 took for booleans", "users/bob.yaml", bob("firstName: No\nlastName: On\n")],
    ["an alias", "users/bob.yaml", bob("firstName: &n Bob\nlastName: *n\n")],
    ["a hidden file", "users/.bob.yaml.swp", "\u0000"],
    ["a conflict's sign in a text", "users/bob.yaml", bob('lastName: "======= x"\n')],
  ] as const) {
    test(what, (t) => {
      t.mock.method(process.stdout, "write", () => true);
      const result = inCheckout([[path, text]], checked);
      t.mock.restoreAll();
      assert.deepEqual(result, { exit: 0, output: "" });
    });
  }
});
