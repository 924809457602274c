import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { TOTP } from "otpauth";
import type { Browser, Page } from "playwright-core";
import { environment } from "./platform.ts";

export { openBrowser } from "./chromium.ts";

/** What each of Keycloak's pages is known by. */
const marks = {
  login: "#kc-form-login",
  "new password": "#kc-passwd-update-form",
  "one-time password setup": "#kc-totp-settings-form",
  "one-time password": "#kc-otp-login-form",
  profile: "#kc-update-profile-form, #kc-idp-review-profile-form",
  "link accounts": "#linkAccount",
  "verify mail": "#kc-verify-email-form, .kc-feedback-text, #kc-info-message, #instruction1",
  error: "#kc-error-message",
} as const;

/** Where a login stands: at one of Keycloak's pages, or done. */
export type Where = keyof typeof marks | "done" | "elsewhere";

export interface Tokens {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
}

/** One person at a browser of their own, logging in to an application with a code and PKCE. */
export class Login {
  readonly page: Page;
  readonly #verifier = randomBytes(32).toString("base64url");
  readonly #client: string;
  readonly #issuer: string;
  /** The application: it takes the code and says that it is there. */
  readonly #application: Server;
  #answer: URL | undefined;

  private constructor(page: Page, application: Server, issuer: string, client: string) {
    this.page = page;
    this.#application = application.on("request", (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.startsWith("/callback")) this.#answer = new URL(request.url, this.#callback);
      response.end("back at the application");
    });
    this.#issuer = issuer;
    this.#client = client;
  }

  /** Opens the login page of the platform's realm, or of another one. */
  static async open(
    browser: Browser,
    issuer = environment("OIDC_ISSUER_URL"),
    client = environment("OIDC_CLIENT_ID"),
  ): Promise<Login> {
    // The servers' certificates are those of the local platform's own authority, which Chromium does not know.
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const application = createServer().listen(0, "127.0.0.1");
    await once(application, "listening");
    const login = new Login(await context.newPage(), application, issuer, client);
    await login.again();
    return login;
  }

  get #callback(): string {
    const address = this.#application.address();
    return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/callback`;
  }

  /** Goes to the login page once more, in the same browser. */
  async again(): Promise<void> {
    this.#answer = undefined;
    const query = new URLSearchParams({
      client_id: this.#client,
      redirect_uri: this.#callback,
      response_type: "code",
      scope: "openid",
      code_challenge: createHash("sha256").update(this.#verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    await this.page.goto(`${this.#issuer}/protocol/openid-connect/auth?${query.toString()}`);
  }

  /** Waits until redirects and pages that send themselves on have come to something. */
  async where(): Promise<Where> {
    for (let tries = 0; tries < 50; tries += 1) {
      if (this.#answer) return "done";
      for (const [where, selector] of Object.entries(marks)) {
        // The page may be left while it is looked at.
        const found = await this.page
          .locator(selector)
          .count()
          .catch(() => 0);
        if (found > 0) return where as Where;
      }
      await sleep(100);
    }
    return "elsewhere";
  }

  /** What the page says went wrong, or nothing. */
  async complaint(): Promise<string> {
    const shown = this.page.locator("[id^=input-error], .pf-v5-c-alert__title, .kc-feedback-text, #kc-error-message");
    return (await shown.allInnerTexts()).join(" ").trim();
  }

  async password(username: string, password: string): Promise<Where> {
    await this.page.fill("#username", username);
    await this.page.fill("#password", password);
    return this.#submit();
  }

  async newPassword(password: string): Promise<Where> {
    await this.page.fill("#password-new", password);
    await this.page.fill("#password-confirm", password);
    return this.#submit();
  }

  /** Sets up a one-time password as somebody without a camera does, and gives what makes the codes. */
  async setUpOneTimePassword(): Promise<TOTP> {
    const manual = this.page.locator("#mode-manual");
    if ((await manual.count()) > 0) await manual.click();
    const secret = (await this.page.locator("#kc-totp-secret-key").innerText()).replaceAll(/\s/g, "");
    const totp = new TOTP({ secret });
    await this.page.fill("#totp", totp.generate());
    await this.page.fill("#userLabel", "phone");
    await this.#submit();
    return totp;
  }

  async oneTimePassword(code: string): Promise<Where> {
    await this.page.fill("#otp", code);
    return this.#submit();
  }

  /** Chooses an identity provider on the login page. */
  async through(alias: string): Promise<Where> {
    await Promise.all([this.page.waitForEvent("load"), this.page.click(`#social-${alias}`)]);
    return this.where();
  }

  /** Presses the page's button. */
  async press(selector: string): Promise<Where> {
    await Promise.all([this.page.waitForEvent("load"), this.page.click(selector)]);
    return this.where();
  }

  /** Opens an address from a mail in the same browser. */
  async follow(link: string): Promise<Where> {
    await this.page.goto(link);
    return this.where();
  }

  async #submit(): Promise<Where> {
    await Promise.all([
      this.page.waitForEvent("load"),
      this.page.locator("form [type=submit]:not([name=cancel-aia])").first().click(),
    ]);
    return this.where();
  }

  /** The tokens that the application gets for its code. */
  async tokens(): Promise<Tokens> {
    const code = this.#answer?.searchParams.get("code");
    assert.ok(code, `the login ends with a code: ${this.#answer?.search ?? this.page.url()} ${await this.complaint()}`);
    const response = await fetch(`${this.#issuer}/protocol/openid-connect/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        client_id: this.#client,
        redirect_uri: this.#callback,
        code_verifier: this.#verifier,
        code,
      }),
    });
    const body = (await response.json()) as Record<string, string>;
    assert.equal(response.status, 200, JSON.stringify(body));
    return {
      accessToken: body["access_token"] ?? "",
      idToken: body["id_token"] ?? "",
      refreshToken: body["refresh_token"] ?? "",
    };
  }

  async close(): Promise<void> {
    await this.page.context().close();
    this.#application.close();
    this.#application.closeAllConnections();
  }
}
