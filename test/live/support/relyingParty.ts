import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import * as oidc from "openid-client";
import type { Browser, Page } from "playwright-core";
import { environment, kubernetes } from "./platform.ts";

/** What an application gets for a login. */
export type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;

/** A small application with OpenID Connect of its own, that people log in to with a browser. */
export class RelyingParty {
  readonly #server: Server;
  #settings: { readonly issuer: URL; readonly clientId: string; readonly secret: string } | undefined;
  #arrived: URL | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens before it is registered: its address is a part of the registration. */
  static async listen(): Promise<RelyingParty> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const party = new RelyingParty(server);
    server.on("request", ({ url = "" }, response) => {
      if (url.startsWith("/callback")) party.#arrived = new URL(url, party.redirectUri);
      response.end("back at the application");
    });
    return party;
  }

  get redirectUri(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/callback`;
  }

  /** Takes its client id and secret from its Secret in the cluster, as a Deployment does. */
  async configure(namespace: string, secret: string, keys = ["client-id", "client-secret"]): Promise<void> {
    const [clientId = "", value = ""] = await secretValues(namespace, secret, keys);
    this.#settings = { issuer: new URL(environment("OIDC_ISSUER_URL")), clientId, secret: value };
  }

  get secret(): string {
    return this.#settings?.secret ?? "";
  }

  /** The client as openid-client finds it by discovery. */
  async #client(secret = this.secret): Promise<oidc.Configuration> {
    assert.ok(this.#settings, "configured");
    return oidc.discovery(this.#settings.issuer, this.#settings.clientId, secret);
  }

  /** Opens the login page in a browser of its own, or in one where somebody has logged in elsewhere. */
  async open(browser: Browser, session?: Page, redirectUri = this.redirectUri): Promise<PartyLogin> {
    const page = session ?? (await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage());
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    this.#arrived = undefined;
    const address = oidc.buildAuthorizationUrl(await this.#client(), {
      redirect_uri: redirectUri,
      scope: "openid profile email groups offline_access",
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
    });
    await page.goto(address.href);
    return new PartyLogin(page, async (secret) => {
      assert.ok(this.#arrived, `the browser came back: ${page.url()} ${await page.locator("body").innerText()}`);
      return oidc.authorizationCodeGrant(await this.#client(secret), this.#arrived, {
        pkceCodeVerifier: verifier,
        expectedState: state,
      });
    });
  }

  /** Whether a refresh token still gives others. */
  async canRefresh(tokens: Tokens): Promise<boolean> {
    assert.ok(tokens.refresh_token);
    try {
      await oidc.refreshTokenGrant(await this.#client(), tokens.refresh_token);
      return true;
    } catch (error) {
      if (error instanceof oidc.ResponseBodyError && error.error === "invalid_grant") return false;
      throw error;
    }
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** One person who logs in to the application. */
export class PartyLogin {
  readonly page: Page;
  /** The tokens for the code that came back. */
  readonly tokens: (secret?: string) => Promise<Tokens>;

  constructor(page: Page, tokens: (secret?: string) => Promise<Tokens>) {
    this.page = page;
    this.tokens = tokens;
  }

  async password(username: string, password: string): Promise<void> {
    await this.page.fill("#username", username);
    await this.page.fill("#password", password);
    await Promise.all([this.page.waitForEvent("load"), this.page.locator("form [type=submit]").first().click()]);
  }

  /** What the page says when nobody gets in; empty when it is no error page. */
  async refusal(): Promise<string> {
    const shown = this.page.locator("#kc-error-message");
    return (await shown.count()) === 0 ? "" : (await shown.innerText()).trim();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** Values of a Secret in the cluster, as text. */
export async function secretValues(namespace: string, name: string, keys: readonly string[]): Promise<string[]> {
  const found = await kubernetes().read({ apiVersion: "v1", kind: "Secret", metadata: { namespace, name } });
  const { data = {} } = found as { data?: Record<string, string> };
  return keys.map((key) => Buffer.from(data[key] ?? "", "base64").toString("utf8"));
}
