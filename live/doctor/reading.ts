import { NetworkError } from "@keycloak/keycloak-admin-client";
import { ApiException } from "@kubernetes/client-node";
import { DocumentProblem } from "../../access/dexDocument.ts";
import type { Reading } from "../../access/doctor/facts.ts";
import { keycloaksReason } from "../credentials.ts";
import { reasonOf } from "../survey.ts";

/** A plane does not answer, or does not let us in at all. */
export class Unreachable extends Error {
  constructor(plane: Plane, error: unknown) {
    super(`${plane} cannot be reached: ${reasonOf(error)}`);
  }
}

export type Plane = "Keycloak" | "Kubernetes";

/** Something that this account may read but that is not as it is looked for, with the reason. */
export class Unread extends Error {}

/**
 * An answer, or why there is none. What one may not see is left out, and does not keep the rest from being looked at.
 *
 * @throws {Unreachable} when the plane does not answer at all
 */
export async function reading<T>(plane: Plane, read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { unread: refusal(plane, error) };
  }
}

/** Why there is no answer. Nothing of what was asked or answered is quoted: it may be secret. */
function refusal(plane: Plane, error: unknown): string {
  const status =
    error instanceof NetworkError
      ? error.response.status
      : error instanceof ApiException && typeof error.code === "number"
        ? error.code
        : undefined;
  if (status === 401) throw new Unreachable(plane, new Error(keycloaksReason(error) ?? "it does not know us"));
  if (status === 403) return `${plane} does not let this account look there`;
  if (status !== undefined) return keycloaksReason(error) ?? `${plane} answers ${status}`;
  if (error instanceof Unread || error instanceof DocumentProblem) return error.message;
  if (isOfNetwork(error)) throw new Unreachable(plane, error);
  // What other modules make of an answer: an error that names the object and the status.
  if (error instanceof Error && error.constructor === Error) return reasonOf(error);
  throw error;
}

/** Whether nobody answered: the reason is at the bottom of what libraries wrap around it. */
function isOfNetwork(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "TimeoutError" || error.message === "fetch failed") return true;
  if ("code" in error && typeof error.code === "string" && /^(?:E[A-Z]|UND_|ERR_TLS|[A-Z_]*CERT)/.test(error.code)) {
    return !error.code.startsWith("ERR_INVALID");
  }
  return isOfNetwork(error.cause);
}
