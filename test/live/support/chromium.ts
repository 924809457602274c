import { type Browser, chromium } from "playwright-core";
import { debianProgram } from "../../../sandbox/debian.ts";

/** Debian's Chromium, without a window. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: debianProgram("chromium"),
    // A container's root has no user namespaces for Chromium's own sandbox.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}
