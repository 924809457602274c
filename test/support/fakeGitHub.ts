import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";
import type { Target } from "../../.github/postComment.ts";

/** A comment as GitHub tells it to one account. */
export interface Comment {
  id: string;
  body: string;
  viewerDidAuthor: boolean;
}

type Variables = Readonly<Record<string, string | number | null>>;

/** What GitHub's GraphQL API does with comments of pull request 7 of example/access. */
export class FakeGitHub {
  comments: Comment[] = [];
  readonly operations: string[] = [];
  readonly pageSize = 3;
  #made = 0;
  readonly #server: Server = createServer((request, response) => {
    void textOf(request).then((body) => {
      response.setHeader("content-type", "application/json");
      if (request.headers.authorization !== "bearer secret-token" || request.url !== "/graphql") {
        response.writeHead(401).end(JSON.stringify({ message: "Bad credentials" }));
        return;
      }
      const { query, variables } = JSON.parse(body) as { query: string; variables: Variables };
      response.end(JSON.stringify({ data: this.#answer(query, variables) }));
    });
  });

  async start(): Promise<Target> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const { port } = this.#server.address() as AddressInfo;
    return { api: `http://127.0.0.1:${port}`, token: "secret-token", repository: "example/access", pullRequest: 7 };
  }

  stop(): void {
    this.#server.close();
  }

  #answer(query: string, { owner, name, pullRequest, after, id, body, subjectId }: Variables) {
    const [, operation = ""] = /(addComment|updateIssueComment|deleteIssueComment|pullRequest)\(/.exec(query) ?? [];
    this.operations.push(operation);
    const found = this.comments.findIndex((comment) => comment.id === id);
    switch (operation) {
      case "pullRequest": {
        if (`${String(owner)}/${String(name)}#${String(pullRequest)}` !== "example/access#7") {
          return { repository: { pullRequest: null } };
        }
        const start = after === null ? 0 : Number(after);
        const endCursor = String(start + this.pageSize);
        const pageInfo = { hasNextPage: start + this.pageSize < this.comments.length, endCursor };
        const nodes = this.comments.slice(start, start + this.pageSize);
        return { repository: { pullRequest: { id: "PR_7", comments: { nodes, pageInfo } } } };
      }
      case "addComment":
        assert.equal(subjectId, "PR_7");
        this.comments.push({ id: `new-${++this.#made}`, body: String(body).trimEnd(), viewerDidAuthor: true });
        break;
      case "updateIssueComment":
        assert.ok(this.comments[found], "only a comment that is there");
        this.comments[found].body = String(body).trimEnd();
        break;
      case "deleteIssueComment":
        assert.ok(this.comments[found], "only a comment that is there");
        this.comments.splice(found, 1);
        break;
      default:
        assert.fail(`GitHub is asked for something else: ${query}`);
    }
    return { [operation]: { clientMutationId: null } };
  }
}
