import type { AddressInfo } from "node:net";
import { Agent, createServer, request, type Server } from "node:https";

/** Certificates with which to answer and, where the server behind asks for one, to introduce oneself. */
export interface Certificates {
  readonly authority: string;
  readonly cert: string;
  readonly key: string;
  readonly client?: { readonly cert: string; readonly key: string };
}

/** Passes requests on to a server and counts them. */
export class CountingProxy {
  readonly #server: Server;
  reads = 0;
  writes = 0;

  private constructor(target: URL, { authority, cert, key, client }: Certificates) {
    const agent = new Agent({ keepAlive: true, ca: authority, ...client });
    this.#server = createServer({ cert, key }, (incoming, answer) => {
      if (incoming.method === "GET" || incoming.method === "HEAD") this.reads += 1;
      else this.writes += 1;
      const { method, url: path, headers } = incoming;
      // The Host header stays: S3 requests are signed with it.
      const onward = request({ host: target.hostname, port: target.port, method, path, headers, agent }, (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      });
      onward.on("error", (error) => answer.destroy(error));
      incoming.pipe(onward);
    });
  }

  static async start(target: URL, certificates: Certificates): Promise<CountingProxy> {
    const proxy = new CountingProxy(target, certificates);
    await new Promise<void>((done) => proxy.#server.listen(0, "127.0.0.1", done));
    return proxy;
  }

  /** Where it listens, with nothing behind the port. */
  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  reset(): void {
    this.reads = 0;
    this.writes = 0;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
