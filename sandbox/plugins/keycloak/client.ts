/** The connection to a Keycloak server. */
import AdminClient, { NetworkError } from "@keycloak/keycloak-admin-client";
import type { ProviderArgs } from "@pulumi/keycloak";
import type { Unwrap } from "@pulumi/pulumi";
import type { Properties } from "../plugin.ts";
import { trust } from "../trust.ts";

type Config = Unwrap<ProviderArgs>;
type Credentials = Parameters<AdminClient["auth"]>[0];

/** A session that logs in when it must: an admin token lives for a minute only. */
export class Keycloak {
  readonly #admin: AdminClient;
  readonly #login: AdminClient;
  readonly #credentials: Credentials;
  #pending: Promise<void> | undefined;

  constructor(server: { baseUrl: string; realmName: string; timeout: number }, credentials: Credentials) {
    this.#credentials = credentials;
    this.#login = new AdminClient(server);
    this.#admin = new AdminClient(server);
    this.#admin.registerTokenProvider({ getAccessToken: () => this.#token() });
  }

  /** Logs in. Requests that find their token spent at the same time share one login. */
  async login(): Promise<void> {
    this.#pending ??= this.#login.auth(this.#credentials).finally(() => {
      this.#pending = undefined;
    });
    await this.#pending;
  }

  /** Sends a request; when it is refused, once more after a new login. */
  async send<Answer>(request: (admin: AdminClient) => Promise<Answer>): Promise<Answer> {
    try {
      return await request(this.#admin).catch(async (error: unknown) => {
        if (![401, 403].includes(statusOf(error) ?? 0)) throw error;
        await this.login();
        return request(this.#admin);
      });
    } catch (error) {
      throw readable(error);
    }
  }

  /** Sends a request that makes something, and gives its id. */
  async create(request: (admin: AdminClient) => Promise<{ id?: string | undefined }>): Promise<string> {
    const { id } = await this.send(request);
    if (!id) throw new Error("Keycloak made something without an id");
    return id;
  }

  /** Like `send`, but what is not there is `undefined`. */
  async find<Answer>(request: (admin: AdminClient) => Promise<Answer>): Promise<NonNullable<Answer> | undefined> {
    return unlessGone(this.send(request));
  }

  async #token(): Promise<string | undefined> {
    if (this.#login.accessToken === undefined || this.#login.isTokenExpired()) await this.login();
    return this.#login.accessToken;
  }
}

/** The answer, or `undefined` if what was asked for is not there. */
export async function unlessGone<Answer>(answer: Promise<Answer>): Promise<NonNullable<Answer> | undefined> {
  try {
    return (await answer) ?? undefined;
  } catch (error) {
    if (error instanceof RequestError && error.status === 404) return undefined;
    throw error;
  }
}

/** A request that Keycloak refused. */
class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Connects with the provider's configuration, or what the environment has in its place. */
export async function connect(properties: Properties): Promise<Keycloak> {
  const config = properties as Config;
  const url = config.url ?? process.env["KEYCLOAK_URL"];
  if (!url) throw new Error("keycloak: no url: set it on the provider, or KEYCLOAK_URL");
  if (config.rootCaCertificate) trust(config.rootCaCertificate);
  const session = new Keycloak(
    {
      baseUrl: url + (config.basePath ?? process.env["KEYCLOAK_BASE_PATH"] ?? ""),
      realmName: config.realm ?? process.env["KEYCLOAK_REALM"] ?? "master",
      timeout: 1000 * (config.clientTimeout ?? Number(process.env["KEYCLOAK_CLIENT_TIMEOUT"] ?? 5)),
    },
    credentials(config),
  );
  if (config.initialLogin !== false) {
    await session.login().catch((error: unknown) => {
      throw new Error(`failed to perform initial login to Keycloak: ${readable(error).message}`);
    });
  }
  return session;
}

function credentials(config: Config): Credentials {
  const clientId = config.clientId ?? process.env["KEYCLOAK_CLIENT_ID"];
  const clientSecret = config.clientSecret ?? process.env["KEYCLOAK_CLIENT_SECRET"];
  const username = config.username ?? process.env["KEYCLOAK_USER"];
  const password = config.password ?? process.env["KEYCLOAK_PASSWORD"];
  if (!clientId) throw new Error("keycloak: no clientId: set it on the provider, or KEYCLOAK_CLIENT_ID");
  if (username && password) {
    return { grantType: "password", clientId, username, password, ...(clientSecret && { clientSecret }) };
  }
  if (clientSecret) return { grantType: "client_credentials", clientId, clientSecret };
  throw new Error("keycloak: no credentials: set username and password, or clientSecret, on the provider");
}

function statusOf(error: unknown): number | undefined {
  return error instanceof NetworkError ? error.response.status : undefined;
}

/** Says which request failed and what the server answered, or why it could not be sent. */
function readable(error: unknown): Error {
  if (error instanceof NetworkError) {
    const { url, status, statusText } = error.response;
    const answer = JSON.stringify(error.responseData);
    const { pathname } = new URL(url);
    return new RequestError(
      status,
      `error sending request to ${pathname}: ${status} ${statusText}. Response body: ${answer}`,
    );
  }
  if (!(error instanceof Error)) return new Error(String(error));
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return new Error(`error sending request: ${error.message}${cause}`);
}
