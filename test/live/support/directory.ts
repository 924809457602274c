import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Attribute, Change, Client } from "ldapts";
import { debianProgram } from "../../../sandbox/debian.ts";

const base = "dc=example,dc=com";

/** What a client needs to know of {@link DirectoryServer}. */
export const directoryNames = {
  bindDn: `cn=admin,${base}`,
  usersDn: `ou=people,${base}`,
  groupsDn: `ou=groups,${base}`,
} as const;

/** OpenLDAP on this machine, with a folder of its own. */
export class DirectoryServer {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #client: Client;

  private constructor(url: string, process: ChildProcess, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
    this.#client = new Client({ url });
  }

  /** Starts one without people, whose administrator has this password. */
  static async start(password: string): Promise<DirectoryServer> {
    const folder = mkdtempSync(join(tmpdir(), "prokube-access-ldap-"));
    mkdirSync(join(folder, "data"));
    writeFileSync(
      join(folder, "slapd.conf"),
      [
        ...["core", "cosine", "inetorgperson"].map((schema) => `include /etc/ldap/schema/${schema}.schema`),
        "modulepath /usr/lib/ldap",
        "moduleload back_mdb",
        "database mdb",
        `suffix "${base}"`,
        `rootdn "${directoryNames.bindDn}"`,
        `rootpw ${password}`,
        `directory ${join(folder, "data")}`,
      ].join("\n"),
      { mode: 0o600 },
    );
    const url = `ldap://127.0.0.1:${await freePort()}`;
    const process = spawn(debianProgram("slapd"), ["-f", join(folder, "slapd.conf"), "-h", url, "-d", "0"], {
      stdio: "ignore",
    });
    const server = new DirectoryServer(url, process, folder);
    await server.#bind(password);
    await server.#client.add(base, { objectClass: ["dcObject", "organization"], o: "Example", dc: "example" });
    for (const unit of ["people", "groups"]) {
      await server.#client.add(`ou=${unit},${base}`, { objectClass: "organizationalUnit", ou: unit });
    }
    return server;
  }

  async #bind(password: string): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.#client.bind(directoryNames.bindDn, password);
        return;
      } catch (error) {
        if (tries === 50) throw error;
        await sleep(100);
      }
    }
  }

  /** Adds a person; the e-mail address is left out on request. */
  async addPerson(uid: string, password: string, mail: string | undefined = `${uid}@example.com`): Promise<void> {
    await this.#client.add(personDn(uid), {
      objectClass: "inetOrgPerson",
      uid,
      cn: uid,
      givenName: uid,
      sn: "Directory",
      userPassword: password,
      ...(mail !== "" && { mail }),
    });
  }

  async removePerson(uid: string): Promise<void> {
    await this.#client.del(personDn(uid));
  }

  /** Adds a group; it has at least one member. */
  async addGroup(name: string, ...members: string[]): Promise<void> {
    await this.#client.add(groupDn(name), { objectClass: "groupOfNames", cn: name, member: members.map(personDn) });
  }

  async join(group: string, uid: string): Promise<void> {
    await this.#change("add", group, uid);
  }

  async leave(group: string, uid: string): Promise<void> {
    await this.#change("delete", group, uid);
  }

  async #change(operation: "add" | "delete", group: string, uid: string): Promise<void> {
    const modification = new Attribute({ type: "member", values: [personDn(uid)] });
    await this.#client.modify(groupDn(group), new Change({ operation, modification }));
  }

  async stop(): Promise<void> {
    await this.#client.unbind();
    this.#process.kill();
    await once(this.#process, "exit");
    rmSync(this.#folder, { recursive: true });
  }
}

function personDn(uid: string): string {
  return `uid=${uid},${directoryNames.usersDn}`;
}

function groupDn(name: string): string {
  return `cn=${name},${directoryNames.groupsDn}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}
