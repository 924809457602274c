import { parse } from "yaml";

/** A workflow of GitHub, as far as the rules look at it. */
export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly defaults?: { readonly run?: { readonly shell?: string } };
  readonly concurrency?: Concurrency;
  readonly jobs: Readonly<Record<string, Job>>;
}

export interface Job {
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly environment?: string;
  readonly concurrency?: Concurrency;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly strategy?: { readonly matrix: { readonly stack: string | readonly string[] } };
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Concurrency {
  readonly group: string;
  readonly "cancel-in-progress": boolean;
}

export function parseWorkflow(text: string): Workflow {
  return parse(text) as Workflow;
}

const triggers = ["push", "pull_request", "schedule", "workflow_dispatch"];
const notForForks = "github.event.pull_request.head.repo.full_name == github.repository";
const onMain = "github.ref == 'refs/heads/main'";

/** What a step may run: targets that any other CI can run as well, and a few lines that are GitHub's own. */
const allowedLines = [
  /^(?:make (?:-s )?[a-z-]+(?: [A-Z]+="\$[A-Z]+")*)(?: \| tee -a "\$GITHUB_STEP_SUMMARY")?$/,
  /^stacks="\$\(make -s affected BASE="\$BASE"\)"$/,
  /^echo "stacks=\$stacks" >> "\$GITHUB_OUTPUT"$/,
  /^echo '```text' >> "\$GITHUB_STEP_SUMMARY"$/,
  /^install -m 600 \/dev\/stdin "\$KUBECONFIG" <<< "\$KUBECONFIG_TEXT"$/,
  /^test "\$\(git rev-parse HEAD\)" = "\$GITHUB_SHA"$/,
  /^test "\$AFFECTED \$PREVIEW" = "success success" \|\| test "\$AFFECTED \$STACKS" = "success \[\]"$/,
];

/** Everything in a workflow that gives more than it must to whoever can change something. */
export function violations(text: string): string[] {
  const workflow = parseWorkflow(text);
  return [
    ...Object.keys(workflow.on)
      .filter((trigger) => !triggers.includes(trigger))
      .map((trigger) => `runs on ${trigger}`),
    ...(JSON.stringify(workflow.permissions) === "{}" ? [] : ["the workflow has permissions"]),
    ...[...text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)]
      .filter(([, action = ""]) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))
      .map(([, action = ""]) => `${action} is not pinned`),
    ...Object.entries(workflow.jobs).flatMap(([name, job]) =>
      violationsIn(job, workflow).map((violation) => `${name}: ${violation}`),
    ),
  ];
}

function violationsIn(job: Job, workflow: Workflow): string[] {
  const { permissions = { everything: "write" }, environment, steps } = job;
  const runs = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
  const writes = Object.entries(permissions).filter(([scope, level]) => scope !== "contents" || level !== "read");
  const secretive = JSON.stringify(job).includes("secrets.");
  const forPullRequests = "pull_request" in workflow.on;
  const guarded = forPullRequests ? (job.if ?? "").startsWith(notForForks) : isOnMain(job, workflow);
  return [
    ...writes
      .filter(([scope, level]) => !(forPullRequests && scope === "pull-requests" && level === "write"))
      .map(([scope, level]) => `may ${level} ${scope}`),
    ...((secretive || environment !== undefined || writes.length > 0) && !guarded
      ? [forPullRequests ? "gives something to forks" : "runs on other branches"]
      : []),
    ...(secretive && environment === undefined ? ["has secrets without an environment"] : []),
    ...(environment !== undefined && forPullRequests && !environment.startsWith("preview-")
      ? [`gives ${environment} to pull requests`]
      : []),
    ...(JSON.stringify({ ...job, steps: undefined }).includes("secrets.") ? ["has secrets in every step"] : []),
    ...((job.concurrency ?? workflow.concurrency) ? [] : ["runs beside itself"]),
    ...(job["timeout-minutes"] === undefined ? ["may run for ever"] : []),
    ...(runs.some((run) => run.includes(" | ")) && workflow.defaults?.run?.shell !== "bash"
      ? ["loses what fails in a pipe"]
      : []),
    ...steps
      .filter(({ uses = "", with: given }) => uses.startsWith("actions/checkout@") && keepsCredentials(given))
      .map(() => "leaves the token in the checkout"),
    ...runs
      .flatMap((run) => run.trimEnd().split("\n"))
      .filter((line) => !allowedLines.some((allowed) => allowed.test(line)))
      .map((line) => `runs ${line}`),
  ];
}

function keepsCredentials(given: Step["with"]): boolean {
  return given?.["persist-credentials"] !== false;
}

/** On main by its own condition, or because the job it waits for is. */
function isOnMain(job: Job, workflow: Workflow): boolean {
  if (job.if === onMain || job.if?.startsWith(`${onMain} && `) === true) return true;
  const before = typeof job.needs === "string" ? workflow.jobs[job.needs] : undefined;
  return job.if === undefined && before !== undefined && isOnMain(before, workflow);
}
