import { parseArgs } from "node:util";
import { installTestPackages } from "./debian.ts";
import { environmentOf, shellExports } from "./environment.ts";
import { Instance } from "./instance.ts";
import { requireStarted, start, status, stop } from "./platform.ts";
import { Problem } from "./problem.ts";
import { buildTools } from "./tools.ts";

const usage = `node sandbox/main.ts build | test-packages | start | stop | status | env  [--name dev]

  build   builds the servers and Pulumi's command line, once for this machine
  test-packages  installs the Debian packages that only the tests need, where they are missing
  start   starts the platform; nothing happens when it runs
  stop    ends it and removes everything it has written
  status  says what runs
  env     prints exports for a shell

SANDBOX_PORT_BASE  first of eight ports (default 24600 for dev)
SANDBOX_PLUGINS    auto (official plugins where they can be had), official, stand-in
`;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { name: { type: "string", default: "dev" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const instance = new Instance(values.name);
  switch (positionals.join(" ")) {
    case "build":
      await buildTools(say);
      return;
    case "test-packages":
      await installTestPackages(say);
      return;
    case "start":
      await start(instance, say);
      return;
    case "stop":
      await stop(instance, say);
      return;
    case "status":
      await status(instance, say);
      return;
    case "env":
      requireStarted(instance);
      process.stdout.write(`${shellExports(environmentOf(instance))}\n`);
      return;
    default:
      process.stderr.write(usage);
      process.exitCode = 2;
  }
}

try {
  await run();
} catch (error) {
  const isMistyped = error instanceof TypeError && "code" in error && /^ERR_PARSE_ARGS/.test(String(error.code));
  if (!(error instanceof Problem) && !isMistyped) throw error;
  say(`error: ${error.message}`);
  process.exitCode = isMistyped ? 2 : 1;
}
