import { randomBytes } from "node:crypto";

/** A fresh secret of 256 random bits for a client. */
export function newClientSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** A fresh password of 144 random bits with a letter of each case, a digit and a sign, as password policies ask. */
export function newTemporaryPassword(): string {
  return `${randomBytes(18).toString("base64url")}-aA1`;
}
