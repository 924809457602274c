import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

/** A mail server on this machine that keeps what it is sent and sends nothing on. */
export class MailServer {
  readonly port: number;
  readonly #server: SMTPServer;
  readonly #mails: ParsedMail[];

  private constructor(server: SMTPServer, mails: ParsedMail[], port: number) {
    this.#server = server;
    this.#mails = mails;
    this.port = port;
  }

  /** Starts one that takes mail from this account only. */
  static async start(username: string, password: string): Promise<MailServer> {
    const mails: ParsedMail[] = [];
    const server = new SMTPServer({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth: (auth, _, done) => {
        if (auth.username === username && auth.password === password) done(null, { user: username });
        else done(new Error("wrong username or password"));
      },
      onData: (stream, _, done) => {
        simpleParser(stream).then((mail) => {
          mails.push(mail);
          done();
        }, done);
      },
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const address = server.server.address();
    assert.ok(typeof address === "object" && address !== null);
    return new MailServer(server, mails, address.port);
  }

  /** The mails to an address so far. */
  to(address: string): ParsedMail[] {
    return this.#mails.filter(({ to }) => [to].flat().some((one) => one?.text === address));
  }

  /** The link in the next mail to an address, which may be on its way. */
  async nextLink(address: string, after = 0): Promise<string> {
    for (let tries = 0; tries < 50; tries += 1) {
      const mail = this.to(address)[after];
      const [link] = /https:\/\/[^\s"<>]+action-token[^\s"<>]+/.exec(mail?.text ?? "") ?? [];
      if (link !== undefined) return link;
      await sleep(100);
    }
    assert.fail(`no mail with a link came to ${address}`);
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => {
      this.#server.close(done);
    });
  }
}
