import { randomBytes } from "node:crypto";

/** A fresh password of 144 random bits with a letter of each case, a digit and a sign, as password policies ask. */
export function newTemporaryPassword(): string {
  return `${randomBytes(18).toString("base64url")}-aA1`;
}
