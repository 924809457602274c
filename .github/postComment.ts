import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { graphql as github } from "@octokit/graphql";

/** The pull request to tell, and who tells it. */
export interface Target {
  /** GitHub's API, such as https://api.github.com. */
  readonly api: string;
  readonly token: string;
  /** Such as example/access. */
  readonly repository: string;
  readonly pullRequest: number;
}

interface Comment {
  readonly id: string;
  readonly body: string;
  readonly viewerDidAuthor: boolean;
}

interface Page {
  readonly repository: {
    readonly pullRequest: {
      readonly id: string;
      readonly comments: {
        readonly nodes: readonly Comment[];
        readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
      };
    } | null;
  } | null;
}

const readPage = `query ($owner: String!, $name: String!, $pullRequest: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $pullRequest) {
      id
      comments(first: 100, after: $after) {
        nodes { id body viewerDidAuthor }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`;
const add = `mutation ($subjectId: ID!, $body: String!) {
  addComment(input: { subjectId: $subjectId, body: $body }) { clientMutationId }
}`;
const update = `mutation ($id: ID!, $body: String!) {
  updateIssueComment(input: { id: $id, body: $body }) { clientMutationId }
}`;
const remove = `mutation ($id: ID!) {
  deleteIssueComment(input: { id: $id }) { clientMutationId }
}`;

/** GitHub takes no longer comment. */
const longestBody = 65_536;
const cut = "\n\n*Too long for a comment; the rest is in the run's artifact.*\n";

/**
 * Keeps one comment for each stack in a pull request: makes it, changes it, or removes it when there is nothing to tell.
 * It is known by a mark at its beginning and by its author, so that nobody else's comment is ever touched.
 *
 * @param text Markdown; empty when there is nothing to tell
 */
export async function postComment(
  stack: string,
  text: string,
  target: Target,
): Promise<"made" | "changed" | "unchanged" | "removed" | "none"> {
  const send = github.defaults({ baseUrl: target.api, headers: { authorization: `bearer ${target.token}` } });
  const mark = `<!-- prokube-access:${stack} -->`;
  const { subjectId, comments } = await commentsOf(target, send);
  const [ours, ...more] = comments.filter(({ body, viewerDidAuthor }) => viewerDidAuthor && body.startsWith(mark));
  // Two runs at once made two; the first is the one that people have seen.
  for (const { id } of more) await send(remove, { id });
  if (text.trim() === "") {
    if (ours) await send(remove, { id: ours.id });
    return ours ? "removed" : "none";
  }
  const body = fitting(`${mark}\n${text.trim()}\n`);
  if (!ours) {
    await send(add, { subjectId, body });
    return "made";
  }
  if (ours.body.trim() === body.trim()) return "unchanged";
  await send(update, { id: ours.id, body });
  return "changed";
}

async function commentsOf(
  { repository, pullRequest }: Target,
  send: typeof github,
): Promise<{ subjectId: string; comments: Comment[] }> {
  const [owner, name] = repository.split("/");
  const comments: Comment[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page = await send(readPage, { owner, name, pullRequest, after });
    const found = page.repository?.pullRequest;
    if (!found) throw new Error(`there is no pull request ${pullRequest} in ${repository}`);
    comments.push(...found.comments.nodes);
    if (!found.comments.pageInfo.hasNextPage) return { subjectId: found.id, comments };
    after = found.comments.pageInfo.endCursor;
  }
}

function fitting(body: string): string {
  if (body.length <= longestBody) return body;
  const kept = body.slice(0, longestBody - cut.length);
  return kept.slice(0, kept.lastIndexOf("\n")) + cut;
}

function targetFromEnvironment(): Target {
  const need = (name: string) => {
    const value = process.env[name];
    if (value === undefined || value === "") throw new RangeError(`${name} is not set`);
    return value;
  };
  const pullRequest = Number(need("PULL_REQUEST"));
  if (!Number.isSafeInteger(pullRequest)) throw new RangeError("PULL_REQUEST is not a number");
  return {
    api: need("GITHUB_API_URL"),
    token: need("GITHUB_TOKEN"),
    repository: need("GITHUB_REPOSITORY"),
    pullRequest,
  };
}

/** Posts `.preview/<stack>/comment.md`; a file that is not there is nothing to tell. */
async function run([stack, ...more]: readonly string[]): Promise<number> {
  if (stack === undefined || !/^[\w.-]+$/.test(stack) || more.length > 0) {
    process.stderr.write("postComment needs the name of one stack\n");
    return 2;
  }
  const file = join(".preview", stack, "comment.md");
  try {
    const done = await postComment(stack, existsSync(file) ? readFileSync(file, "utf8") : "", targetFromEnvironment());
    process.stdout.write(`comment on stack ${stack}: ${done}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`the comment on stack ${stack} was not posted: ${String(error)}\n`);
    return error instanceof RangeError ? 2 : 3;
  }
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));
