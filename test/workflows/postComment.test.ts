import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, beforeEach, suite, test } from "node:test";
import { text as textOf } from "node:stream/consumers";
import { postComment, type Target } from "../../.github/postComment.ts";
import { type Comment, FakeGitHub } from "../support/fakeGitHub.ts";

const github = new FakeGitHub();
let target: Target;
before(async () => {
  target = await github.start();
});
after(() => {
  github.stop();
});
beforeEach(() => {
  github.comments = [];
  github.operations.length = 0;
});

const somebody = (id: string, body = "Looks good"): Comment => ({ id, body, viewerDidAuthor: false });
const ours = (id: string, stack: string, body: string): Comment => ({
  id,
  body: `<!-- prokube-access:${stack} -->\n${body}`,
  viewerDidAuthor: true,
});
const bodies = () => github.comments.map(({ body }) => body);

suite("the comment of a stack", () => {
  test("is made once, then changed in place, left alone when it says the same, and removed at the end", async () => {
    github.comments = [somebody("1")];
    assert.equal(await postComment("dev", "### one\n", target), "made");
    assert.deepEqual(bodies(), ["Looks good", "<!-- prokube-access:dev -->\n### one"]);
    assert.equal(await postComment("dev", "### two\n", target), "changed");
    assert.deepEqual(bodies(), ["Looks good", "<!-- prokube-access:dev -->\n### two"]);
    github.operations.length = 0;
    assert.equal(await postComment("dev", "### two\n", target), "unchanged");
    assert.deepEqual(github.operations, ["pullRequest"]);
    assert.equal(await postComment("dev", " \n", target), "removed");
    assert.deepEqual(bodies(), ["Looks good"]);
    assert.equal(await postComment("dev", "", target), "none");
  });

  test("is found behind pages of others", async () => {
    const others = Array.from({ length: 7 }, (_, index) => somebody(String(index)));
    github.comments = [...others, ours("mine", "dev", "old")];
    assert.equal(await postComment("dev", "new", target), "changed");
    assert.deepEqual(github.comments, [...others, ours("mine", "dev", "new")]);
    assert.deepEqual(github.operations, ["pullRequest", "pullRequest", "pullRequest", "updateIssueComment"]);
  });

  test("is not another stack's, whatever their names have in common", async () => {
    const others = [ours("1", "dev-2", "other"), ours("2", "de", "other"), ours("3", "prod", "other")];
    github.comments = [...others];
    assert.equal(await postComment("dev", "new", target), "made");
    assert.deepEqual(github.comments.slice(0, 3), others);
    assert.equal(await postComment("dev", "", target), "removed");
    assert.deepEqual(github.comments, others);
  });

  test("is never somebody else's, though it carries the mark", async () => {
    const forged = { ...ours("1", "dev", "all is well"), viewerDidAuthor: false };
    github.comments = [{ ...forged }];
    assert.equal(await postComment("dev", "a guard fired", target), "made");
    assert.deepEqual(github.comments[0], forged);
    assert.equal(await postComment("dev", "", target), "removed");
    assert.deepEqual(github.comments, [forged]);
  });

  test("is not one of our account that only quotes the mark", async () => {
    const quoting = { ...ours("1", "dev", ""), body: "> <!-- prokube-access:dev -->" };
    github.comments = [quoting];
    assert.equal(await postComment("dev", "", target), "none");
    assert.deepEqual(github.comments, [quoting]);
  });

  test("is one, though two runs at once made two", async () => {
    github.comments = [ours("1", "dev", "old"), somebody("2"), ours("3", "dev", "old")];
    assert.equal(await postComment("dev", "new", target), "changed");
    assert.deepEqual(github.comments, [ours("1", "dev", "new"), somebody("2")]);
  });

  test("is cut between lines where it is longer than GitHub allows", async () => {
    await postComment("dev", `${"x".repeat(999)}\n`.repeat(70), target);
    const [body = ""] = bodies();
    assert.ok(body.length <= 65_536 && body.length > 64_000);
    assert.match(body, /\nx{999}\n\n\*Too long for a comment; the rest is in the run's artifact\.\*$/);
  });
});

suite("the program", () => {
  const program = resolve(".github/postComment.ts");

  async function run(comment: string | undefined, changes: Record<string, string> = {}, stack = "dev") {
    const cwd = mkdtempSync(join(tmpdir(), "prokube-access-"));
    if (comment !== undefined) {
      mkdirSync(join(cwd, ".preview", stack), { recursive: true });
      writeFileSync(join(cwd, ".preview", stack, "comment.md"), comment);
    }
    const env = {
      GITHUB_API_URL: target.api,
      GITHUB_TOKEN: target.token,
      GITHUB_REPOSITORY: target.repository,
      PULL_REQUEST: String(target.pullRequest),
      ...changes,
    };
    const child = spawn(process.execPath, [program, stack], { cwd, env });
    const closed = once(child, "close") as Promise<[number]>;
    const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    const [code] = await closed;
    rmSync(cwd, { recursive: true });
    return { code, output, errors };
  }

  test("posts what the preview wrote, and removes it when the stack is no longer concerned", async () => {
    assert.deepEqual(await run("### hello\n"), { code: 0, output: "comment on stack dev: made\n", errors: "" });
    assert.deepEqual(bodies(), ["<!-- prokube-access:dev -->\n### hello"]);
    assert.deepEqual(await run(undefined), { code: 0, output: "comment on stack dev: removed\n", errors: "" });
    assert.deepEqual(bodies(), []);
  });

  for (const [what, code, changes, message] of [
    ["a token that GitHub does not take", 3, { GITHUB_TOKEN: "wrong" }, /Bad credentials/],
    ["a pull request that is not there", 3, { PULL_REQUEST: "8" }, /there is no pull request 8 in example\/access/],
    ["a server that is not there", 3, { GITHUB_API_URL: "http://127.0.0.1:9" }, /was not posted/],
    ["no pull request", 2, { PULL_REQUEST: "" }, /PULL_REQUEST is not set/],
    ["a pull request that is none", 2, { PULL_REQUEST: "7; true" }, /PULL_REQUEST is not a number/],
  ] as const) {
    test(`says so without a trace and without the token: ${what}`, async () => {
      const { errors, ...rest } = await run("### hello\n", changes);
      assert.deepEqual(rest, { code, output: "" });
      assert.match(errors, message);
      assert.equal(errors.trimEnd().split("\n").length, 1);
      assert.doesNotMatch(errors, /secret-token/);
      assert.deepEqual(bodies(), []);
    });
  }

  test("takes no stack from elsewhere", async () => {
    assert.equal((await run(undefined, {}, "../dev")).code, 2);
  });
});
