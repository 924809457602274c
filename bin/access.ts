#!/usr/bin/env node
import { InputError } from "../access/diagnostic.ts";
import { didYouMean } from "../access/suggest.ts";

const usage = `access: who may do what, from the desired state

from the files alone:
  access check                                 is the desired state sound? what expires soon?
  access matrix [--format table|markdown|csv|html|json]
                                               who may do what; html is the whole access review in one file
  access why <user> <workspace>                every path that gives access, shortest first, and what stands against it
  access who <workspace> [--can edit|view]     who has access, how and until when
  access can <user> <verb> <resource>          may they? exit 0 yes, 1 no, 2 there is no such thing
    get team-a/pods   put s3://team-a-data/x   open team-a   open team-a/pipelines   log-in grafana
    --roles roles.yaml                         the platform's ClusterRoles: kubectl get clusterroles -o yaml
  access diff [<ref>[..<ref>]] [--format text|markdown]
                                               what a change does to effective access; one ref, or none for HEAD: the
                                               files as they are against it; a...b: b against where it left a
  access graph [--format svg|mermaid]          a picture: users, groups, workspaces
    --workspace w | --user u | --group g       only what is about it
  access permissions [roles.yaml] [--json]     chart of Kubeflow's ClusterRoles, from a file or standard input
  access application <name>                    what the people who build an application have to know, as Markdown
  access affected --base <ref>                 stacks that a change concerns, as JSON
  access codeowners [--check]                  write .github/CODEOWNERS, or tell whether it is current
  access schema [--check]                      write the editors' JSON Schemas, or tell whether they are current

that edit the files:
  access grant <user> <role> <workspace> --for 14d | --until 2027-03-31
    --group --no-notebooks --reason "..."      role: edit, view, s3:edit, s3:view
  access offboard <user> [--delete] [--dry-run]
                                               take everything from a user

that ask the platform (KEYCLOAK_URL, KEYCLOAK_USER, KEYCLOAK_PASSWORD or KEYCLOAK_CLIENT_ID, KEYCLOAK_CLIENT_SECRET;
KEYCLOAK_LOGIN_REALM, KEYCLOAK_CACERT; KUBECONFIG; MINIO_ENDPOINT, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD):
  access preview [--base main] [--files]       the comment for a pull request; also pulumi preview with the policy pack,
                                               unless --files; keeps comment.md and access.html in .preview/<stack>/
  access drift                                 what is otherwise on the platform; exit 0 in sync, 1 differences
  access import --stack <name>                 an existing platform as files; writes stacks/<name>/, overwrites nothing
    --realm --owner --domain --master-admins   where the platform itself does not say it
  access doctor [application] [--user alice]   what keeps people out of applications, with cause and fix
  access reset-credentials <user>              make a new temporary password, print it once, and end all sessions
    --email [--ttl 12h]                        instead send a mail with a link that lives that long (5m to 30d)

all: --stack dev   --date 2027-03-31 (default today, UTC)   --json   NO_COLOR=1 for no colours
exit: 0 well, or yes; 1 not well, no, or refused; 2 wrong usage; 3 the platform cannot be reached or does not let us in
`;

type Command = (args: string[]) => number | Promise<number>;

// Loaded one at a time: what talks to servers takes longer to load than the other commands to run.
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  affected: async () => (await import("./affected.ts")).affected,
  application: async () => (await import("./application.ts")).application,
  can: async () => (await import("./can.ts")).can,
  check: async () => (await import("./check.ts")).check,
  codeowners: async () => (await import("./codeowners.ts")).codeowners,
  diff: async () => (await import("./diff.ts")).diff,
  doctor: async () => (await import("./doctor.ts")).doctor,
  drift: async () => (await import("./drift.ts")).drift,
  grant: async () => (await import("./grant.ts")).grant,
  graph: async () => (await import("./graph.ts")).graph,
  import: async () => (await import("./import.ts")).importState,
  matrix: async () => (await import("./matrix.ts")).matrix,
  offboard: async () => (await import("./offboard.ts")).offboard,
  permissions: async () => (await import("./permissions.ts")).permissions,
  preview: async () => (await import("./preview.ts")).preview,
  "reset-credentials": async () => (await import("./resetCredentials.ts")).resetCredentials,
  schema: async () => (await import("./schema.ts")).schema,
  who: async () => (await import("./who.ts")).who,
  why: async () => (await import("./why.ts")).why,
};

async function run([verb, ...args]: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h") || verb === "--help" || verb === "-h" || verb === "help") {
    process.stdout.write(usage);
    return 0;
  }
  if (verb === undefined) throw new RangeError("no command given");
  const load = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
  if (!load) throw new RangeError(`unknown command "${verb}".${didYouMean(verb, Object.keys(commands))}`);
  return (await load())(args);
}

// Whoever reads only the beginning, such as head, ends no command and hears of nothing.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    if (stream === process.stdout) process.stderr.write(`access: the output cannot be written: ${error.message}\n`);
    process.exit(1);
  });
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof InputError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else if (error instanceof RangeError || (error instanceof TypeError && "code" in error)) {
    const [cause] = error.message.split(". To specify");
    process.stderr.write(`access: ${cause ?? ""}\nRun access --help for what is allowed.\n`);
    process.exitCode = 2;
  } else if (error instanceof Error && "syscall" in error) {
    process.stderr.write(`access: ${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
